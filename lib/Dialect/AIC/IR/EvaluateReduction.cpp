// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Dialect/AIC/IR/AICOps.h"
#include "aic/Eval/Reduction.h"

using namespace mlir;
using namespace mlir::aic;
namespace eval = ::aic::eval;

/// The enums have the same order.
static eval::Reduce toEval(ReduceKind kind) { return static_cast<eval::Reduce>(kind); }

std::string ReduceOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) {
  return eval::reduce(toEval(getKind()), operands[0], {getAxes().begin(), getAxes().end()}, getKeepDims(),
                      results.emplace_back());
}

std::string ArgReduceOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) {
  return eval::argReduce(operands[0], getAxis(), getLargest(), getLastIndex(), getKeepDims(), results.emplace_back());
}

std::string ScanOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) {
  return eval::scan(toEval(getKind()), operands[0], getAxis(), getExclusive(), getReverse(), results.emplace_back());
}

std::string TopKOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) {
  if (operands[1].size() != 1)
    return "expected one k, got " + std::to_string(operands[1].size());
  int64_t k = *operands[1].as<int64_t>();
  results.resize(2);
  return eval::topK(operands[0], k, getAxis(), getLargest(), results[0], results[1]);
}
