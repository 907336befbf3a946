// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Elementwise.h - Meaning of element-by-element operations -----------===//
//
// f16 and bf16 are computed in f32 and rounded to nearest even; integers wrap.
// Functions return an error text or the empty string.
//
//===----------------------------------------------------------------------===//
#ifndef AIC_EVAL_ELEMENTWISE_H
#define AIC_EVAL_ELEMENTWISE_H

#include "aic/Eval/Tensor.h"

namespace aic::eval {

enum class Unary : uint8_t {
  Abs, Neg, Sign, Relu, Exp, Log, Sqrt, Rsqrt, Erf, Sigmoid, Tanh, Sin, Cos, Tan, Asin, Acos, Atan, Sinh, Cosh, Asinh,
  Acosh, Atanh, Floor, Ceil, Round, Not, BitwiseNot
};
std::string unary(Unary kind, const View &input, Tensor &result);

std::string isNaN(const View &input, Tensor &result);
std::string isInf(const View &input, bool positive, bool negative, Tensor &result);

/// Conversion of every element.
Tensor cast(const View &input, DType type);
/// The bits of every element as another type of the same size.
std::string bitcast(const View &input, DType type, Tensor &result);

enum class Binary : uint8_t { Add, Sub, Mul, Div, Rem, Mod, Pow, Maximum, Minimum, And, Or, Xor, ShiftLeft, ShiftRight };
/// With numpy's broadcasting; both operands have the same element type.
std::string binary(Binary kind, const View &lhs, const View &rhs, Tensor &result);

enum class Predicate : uint8_t { Eq, Ne, Lt, Le, Gt, Ge };
std::string compare(Predicate predicate, const View &lhs, const View &rhs, Tensor &result);

std::string select(const View &condition, const View &lhs, const View &rhs, Tensor &result);

/// `scale` and `zeroPoint`: one number, one per index of `axis`, or one per `blockSize` indices of `axis`.
std::string quantize(const View &input, const View &scale, const View &zeroPoint, int64_t axis, int64_t blockSize,
                     Tensor &result);
std::string dequantize(const View &input, const View &scale, const View &zeroPoint, int64_t axis, int64_t blockSize,
                       DType type, Tensor &result);

} // namespace aic::eval

#endif // AIC_EVAL_ELEMENTWISE_H
