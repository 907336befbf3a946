// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Window.h - Pooling -------------------------------------------------===//
#ifndef AIC_EVAL_WINDOW_H
#define AIC_EVAL_WINDOW_H

#include "aic/Eval/Tensor.h"

namespace aic::eval {

/// A window that slides over r spatial dimensions: r entries each, `pads` 2r (all before, then all after).
struct Window {
  std::vector<int64_t> kernel, strides, dilations, pads;
  bool ceilMode = false;
  bool channelsLast = false;

  size_t rank() const { return kernel.size(); }
  /// Extent of the result along a spatial dimension; 0 or less if no window fits.
  int64_t extent(size_t d, int64_t input) const;
};

std::string maxPool(const View &input, const Window &window, Tensor &result);
/// i64: positions in the flattened input, channels first.
std::string maxPoolIndices(const View &input, const Window &window, bool columnMajor, Tensor &result);
std::string avgPool(const View &input, const Window &window, bool countIncludePad, Tensor &result);

} // namespace aic::eval

#endif // AIC_EVAL_WINDOW_H
