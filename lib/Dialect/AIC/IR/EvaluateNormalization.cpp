// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Dialect/AIC/IR/AICOps.h"
#include "aic/Eval/Normalization.h"

using namespace mlir;
using namespace mlir::aic;
namespace eval = ::aic::eval;

std::string SoftmaxOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) {
  return eval::softmax(operands[0], getAxis(), /*logarithm=*/false, results.emplace_back());
}

std::string LogSoftmaxOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) {
  return eval::softmax(operands[0], getAxis(), /*logarithm=*/true, results.emplace_back());
}

std::string LayerNormOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) {
  const eval::View *scale = getScale() ? &operands[1] : nullptr;
  const eval::View *bias = getBias() ? &operands.back() : nullptr;
  return eval::layerNorm(operands[0], scale, bias, getAxis(), getEpsilon().convertToDouble(), results.emplace_back());
}

std::string RMSNormOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) {
  return eval::rmsNorm(operands[0], operands[1], getAxis(), getEpsilon().convertToDouble(), results.emplace_back());
}

std::string BatchNormOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) {
  return eval::batchNorm(operands[0], operands[1], operands[2], operands[3], operands[4], getAxis(),
                         getEpsilon().convertToDouble(), results.emplace_back());
}
