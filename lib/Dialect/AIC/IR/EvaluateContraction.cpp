// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Dialect/AIC/IR/AICOps.h"
#include "aic/Eval/Contraction.h"

using namespace mlir;
using namespace mlir::aic;
namespace eval = ::aic::eval;

std::string MatmulOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) {
  return eval::matmul(operands[0], operands[1], results.emplace_back());
}

template <typename OpT> static eval::Window windowOf(OpT op) {
  eval::Window window;
  window.strides.assign(op.getStrides().begin(), op.getStrides().end());
  window.dilations.assign(op.getDilations().begin(), op.getDilations().end());
  window.pads.assign(op.getPads().begin(), op.getPads().end());
  window.groups = op.getGroups();
  window.channelsLast = op.getChannelsLast();
  return window;
}

std::string ConvOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) {
  const eval::View *bias = operands.size() > 2 ? &operands[2] : nullptr;
  return eval::conv(operands[0], operands[1], bias, windowOf(*this), results.emplace_back());
}

std::string ConvTransposeOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) {
  const eval::View *bias = operands.size() > 2 ? &operands[2] : nullptr;
  eval::Window window = windowOf(*this);
  window.outputPadding.assign(getOutputPadding().begin(), getOutputPadding().end());
  return eval::convTranspose(operands[0], operands[1], bias, window, results.emplace_back());
}

std::string EinsumOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) {
  return eval::einsum({operands.begin(), operands.end()}, getEquation().str(), results.emplace_back());
}
