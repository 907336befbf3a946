// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Normalization.h - Meaning of softmax and norms ---------------------===//
//
// For floating-point tensors. Statistics are computed in f64. Functions return an
// error text or the empty string.
//
//===----------------------------------------------------------------------===//
#ifndef AIC_EVAL_NORMALIZATION_H
#define AIC_EVAL_NORMALIZATION_H

#include "aic/Eval/Tensor.h"

namespace aic::eval {

std::string softmax(const View &input, int64_t axis, bool logarithm, Tensor &result);
/// `scale` and `bias` may be null.
std::string layerNorm(const View &input, const View *scale, const View *bias, int64_t axis, double epsilon,
                      Tensor &result);
std::string rmsNorm(const View &input, const View &scale, int64_t axis, double epsilon, Tensor &result);
std::string batchNorm(const View &input, const View &scale, const View &bias, const View &mean, const View &variance,
                      int64_t axis, double epsilon, Tensor &result);

} // namespace aic::eval

#endif // AIC_EVAL_NORMALIZATION_H
