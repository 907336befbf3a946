// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Resize.h - Resampling ----------------------------------------------===//
#ifndef AIC_EVAL_RESIZE_H
#define AIC_EVAL_RESIZE_H

#include "aic/Eval/Tensor.h"

namespace aic::eval {

enum class ResizeMode { Nearest, Linear, Cubic };
enum class CoordinateMode { HalfPixel, PytorchHalfPixel, AlignCorners, Asymmetric, HalfPixelSymmetric };
enum class NearestMode { RoundPreferFloor, RoundPreferCeil, Floor, Ceil };

struct ResizeOptions {
  ResizeMode mode = ResizeMode::Nearest;
  CoordinateMode coordinates = CoordinateMode::HalfPixel;
  NearestMode nearest = NearestMode::RoundPreferFloor;
  double cubicA = -0.75;
  bool excludeOutside = false;
  bool antialias = false;
};

/// How one dimension is resampled: result x is the sum over t < taps of weights[x * taps + t] * input[indices[x * taps
/// + t]]. Indices lie inside the input. Nearest has one tap of weight 1.
struct ResizeTable {
  int64_t taps = 1;
  std::vector<int64_t> indices;
  std::vector<double> weights;
};

/// Whether a dimension is copied as it is.
bool isResizeCopy(int64_t input, int64_t output, float scale);
ResizeTable resizeTable(int64_t input, int64_t output, float scale, const ResizeOptions &options);

std::string resize(const View &input, const std::vector<float> &scales, const std::vector<int64_t> &sizes,
                   const ResizeOptions &options, Tensor &result);

} // namespace aic::eval

#endif // AIC_EVAL_RESIZE_H
