// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Dialect/AIC/IR/AICOps.h"
#include "aic/Dialect/AIC/IR/EvalBridge.h"
#include "aic/Eval/Elementwise.h"

using namespace mlir;
using namespace mlir::aic;
namespace eval = ::aic::eval;

#define AIC_UNARY(NAME)                                                                                                \
  std::string NAME##Op::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) {                  \
    return eval::unary(eval::Unary::NAME, operands[0], results.emplace_back());                                        \
  }
AIC_UNARY(Abs)
AIC_UNARY(Neg)
AIC_UNARY(Sign)
AIC_UNARY(Relu)
AIC_UNARY(Exp)
AIC_UNARY(Log)
AIC_UNARY(Sqrt)
AIC_UNARY(Rsqrt)
AIC_UNARY(Erf)
AIC_UNARY(Sigmoid)
AIC_UNARY(Tanh)
AIC_UNARY(Sin)
AIC_UNARY(Cos)
AIC_UNARY(Tan)
AIC_UNARY(Asin)
AIC_UNARY(Acos)
AIC_UNARY(Atan)
AIC_UNARY(Sinh)
AIC_UNARY(Cosh)
AIC_UNARY(Asinh)
AIC_UNARY(Acosh)
AIC_UNARY(Atanh)
AIC_UNARY(Floor)
AIC_UNARY(Ceil)
AIC_UNARY(Round)
AIC_UNARY(Not)
AIC_UNARY(BitwiseNot)
#undef AIC_UNARY

#define AIC_BINARY(NAME)                                                                                               \
  std::string NAME##Op::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) {                  \
    return eval::binary(eval::Binary::NAME, operands[0], operands[1], results.emplace_back());                         \
  }
AIC_BINARY(Add)
AIC_BINARY(Sub)
AIC_BINARY(Mul)
AIC_BINARY(Div)
AIC_BINARY(Rem)
AIC_BINARY(Mod)
AIC_BINARY(Pow)
AIC_BINARY(Maximum)
AIC_BINARY(Minimum)
AIC_BINARY(And)
AIC_BINARY(Or)
AIC_BINARY(Xor)
AIC_BINARY(ShiftLeft)
AIC_BINARY(ShiftRight)
#undef AIC_BINARY

std::string IsNanOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) {
  return eval::isNaN(operands[0], results.emplace_back());
}

std::string IsInfOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) {
  return eval::isInf(operands[0], getPositive(), getNegative(), results.emplace_back());
}

std::string CastOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) {
  std::optional<eval::DType> type = toDType(getType().getElementType());
  if (!type)
    return "expected an element type of graph tensors";
  results.push_back(eval::cast(operands[0], *type));
  return "";
}

std::string CompareOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) {
  // The enums have the same order.
  auto predicate = static_cast<eval::Predicate>(getPredicate());
  return eval::compare(predicate, operands[0], operands[1], results.emplace_back());
}

std::string SelectOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) {
  return eval::select(operands[0], operands[1], operands[2], results.emplace_back());
}

std::string QuantizeOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) {
  return eval::quantize(operands[0], operands[1], operands[2], getAxis(), getBlockSize(), results.emplace_back());
}

std::string DequantizeOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) {
  std::optional<eval::DType> type = toDType(getType().getElementType());
  if (!type)
    return "expected an element type of graph tensors";
  return eval::dequantize(operands[0], operands[1], operands[2], getAxis(), getBlockSize(), *type,
                          results.emplace_back());
}
