// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Reduction.h - Meaning of reductions, scans and selections ----------===//
//
// Sums and products of floating-point numbers are accumulated in f64. Functions
// return an error text or the empty string.
//
//===----------------------------------------------------------------------===//
#ifndef AIC_EVAL_REDUCTION_H
#define AIC_EVAL_REDUCTION_H

#include "aic/Eval/Tensor.h"

namespace aic::eval {

enum class Reduce : uint8_t { Sum, Mean, Prod, Max, Min };
/// `axes` are sorted, distinct and in range.
std::string reduce(Reduce kind, const View &input, const std::vector<int64_t> &axes, bool keepDims, Tensor &result);

/// NaN counts as the largest and as the smallest number.
std::string argReduce(const View &input, int64_t axis, bool largest, bool lastIndex, bool keepDims, Tensor &result);

/// Running sum or product.
std::string scan(Reduce kind, const View &input, int64_t axis, bool exclusive, bool reverse, Tensor &result);

std::string topK(const View &input, int64_t k, int64_t axis, bool largest, Tensor &values, Tensor &indices);

} // namespace aic::eval

#endif // AIC_EVAL_REDUCTION_H
