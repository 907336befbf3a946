// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Dialect/AIC/IR/AICOps.h"
#include "aic/Eval/Indexing.h"
#include "aic/Eval/Movement.h"

using namespace mlir;
using namespace mlir::aic;
namespace eval = ::aic::eval;

using Operands = ArrayRef<eval::View>;
using Results = std::vector<eval::Tensor>;

std::string ShapeOfOp::evaluate(Operands operands, Results &results) {
  eval::Tensor &result = results.emplace_back(eval::DType::I64, eval::Shape{operands[0].rank()});
  llvm::copy(operands[0].shape, result.as<int64_t>());
  return "";
}

std::string ReshapeOp::evaluate(Operands operands, Results &results) {
  return eval::reshape(operands[0], eval::integers(operands[1]), getCopyZeros(), results.emplace_back());
}

std::string BroadcastOp::evaluate(Operands operands, Results &results) {
  eval::Shape extents;
  eval::View view;
  std::string error = eval::broadcastExtents(operands[0].shape, eval::integers(operands[1]), extents);
  if (error.empty())
    error = eval::broadcastView(operands[0], extents, view);
  return error.empty() ? eval::dense(view, results.emplace_back()) : error;
}

std::string TransposeOp::evaluate(Operands operands, Results &results) {
  return eval::dense(eval::transposeView(operands[0], getPermutation().vec()), results.emplace_back());
}

std::string ConcatOp::evaluate(Operands operands, Results &results) {
  return eval::concat(operands.vec(), getAxis(), results.emplace_back());
}

std::string SliceOp::evaluate(Operands operands, Results &results) {
  eval::View view;
  std::string error = eval::sliceView(operands[0], eval::integers(operands[1]), eval::integers(operands[2]),
                                      eval::integers(operands[3]), getAxes().vec(), view);
  return error.empty() ? eval::dense(view, results.emplace_back()) : error;
}

std::string PadOp::evaluate(Operands operands, Results &results) {
  return eval::pad(operands[0], eval::integers(operands[1]), operands[2], static_cast<eval::PadMode>(getMode()),
                   results.emplace_back());
}

std::string TileOp::evaluate(Operands operands, Results &results) {
  return eval::tile(operands[0], eval::integers(operands[1]), results.emplace_back());
}

std::string RangeOp::evaluate(Operands operands, Results &results) {
  return eval::range(operands[0], operands[1], operands[2], results.emplace_back());
}

std::string GatherOp::evaluate(Operands operands, Results &results) {
  return eval::gather(operands[0], operands[1], getAxis(), results.emplace_back());
}

std::string GatherElementsOp::evaluate(Operands operands, Results &results) {
  return eval::gatherElements(operands[0], operands[1], getAxis(), results.emplace_back());
}

std::string GatherNDOp::evaluate(Operands operands, Results &results) {
  return eval::gatherND(operands[0], operands[1], getBatchDims(), results.emplace_back());
}

std::string ScatterElementsOp::evaluate(Operands operands, Results &results) {
  return eval::scatterElements(static_cast<eval::ScatterKind>(getKind()), operands[0], operands[1], operands[2],
                               getAxis(), results.emplace_back());
}

std::string ScatterNDOp::evaluate(Operands operands, Results &results) {
  return eval::scatterND(static_cast<eval::ScatterKind>(getKind()), operands[0], operands[1], operands[2],
                         results.emplace_back());
}

std::string NonZeroOp::evaluate(Operands operands, Results &results) {
  return eval::nonZero(operands[0], results.emplace_back());
}
