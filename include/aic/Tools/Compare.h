// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Compare.h - How far a tensor is from what was expected -------------===//
#ifndef AIC_TOOLS_COMPARE_H
#define AIC_TOOLS_COMPARE_H

#include "aic/Eval/Tensor.h"
#include <string>

namespace aic::tools {

/// numpy.allclose: |got - expected| <= absolute + relative * |expected|, NaN equals NaN.
struct Tolerance {
  double absolute = 1e-5;
  double relative = 1e-3;
};

struct Comparison {
  int64_t elements = 0;
  int64_t wrong = 0;            ///< elements outside the tolerance
  int64_t firstWrong = -1;      ///< row-major index of the first of them
  double maxError = 0;          ///< the largest |got - expected|
  double maxMagnitude = 0;      ///< the largest finite |expected|
  double got = 0, expected = 0; ///< at firstWrong
  std::string mismatch;         ///< types or shapes differ: nothing was compared
  bool equal() const { return mismatch.empty() && wrong == 0; }
};

/// Element `index` (row-major) of a dense tensor as a double.
double valueAt(const eval::View &view, int64_t index);

/// Compares two dense tensors. Integers and truth values must be equal.
Comparison compare(const eval::View &got, const eval::View &expected, Tolerance tolerance);

/// `f32[2, 3]`.
std::string describe(const eval::View &view);

/// Fills a tensor with numbers that depend on `seed` only: floats uniform in [-1, 1), integers in [0, 10), i1 even.
void fillRandom(const eval::View &view, uint64_t seed);

} // namespace aic::tools

#endif // AIC_TOOLS_COMPARE_H
