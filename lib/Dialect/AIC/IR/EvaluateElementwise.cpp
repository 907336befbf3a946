// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Dialect/AIC/IR/AICOps.h"
#include "aic/Dialect/AIC/IR/EvalBridge.h"
#include "aic/Eval/Elementwise.h"

using namespace mlir;
using namespace mlir::aic;
namespace eval = ::aic::eval;

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

std::string BitcastOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) {
  std::optional<eval::DType> type = toDType(getType().getElementType());
  if (!type)
    return "expected an element type of graph tensors";
  return eval::bitcast(operands[0], *type, results.emplace_back());
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
