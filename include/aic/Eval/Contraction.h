// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Contraction.h - Meaning of sums of products ------------------------===//
//
// f16 and bf16 are accumulated in f32 and rounded once; integers wrap. The order
// of a sum is unspecified. Functions return an error text or the empty string.
//
//===----------------------------------------------------------------------===//
#ifndef AIC_EVAL_CONTRACTION_H
#define AIC_EVAL_CONTRACTION_H

#include "aic/Eval/Tensor.h"

namespace aic::eval {

/// numpy.matmul.
std::string matmul(const View &lhs, const View &rhs, Tensor &result);

/// A window that slides over the spatial dimensions; `pads` holds all that come before, then all after.
struct Window {
  std::vector<int64_t> strides, dilations, pads, outputPadding;
  int64_t groups = 1;
  bool channelsLast = false;
};

/// See aic.conv. `bias` may be null.
std::string conv(const View &input, const View &filter, const View *bias, const Window &window, Tensor &result);
/// See aic.conv_transpose; uses `window.outputPadding`.
std::string convTranspose(const View &input, const View &filter, const View *bias, const Window &window,
                          Tensor &result);

/// numpy.einsum with an explicit output, without ellipsis and blanks.
std::string einsum(const std::vector<View> &inputs, const std::string &equation, Tensor &result);

} // namespace aic::eval

#endif // AIC_EVAL_CONTRACTION_H
