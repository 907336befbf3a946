// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Dialect/AIC/IR/AICOps.h"
#include "aic/Eval/Movement.h"
#include "aic/Eval/Resize.h"
#include "aic/Eval/Window.h"

using namespace mlir;
using namespace mlir::aic;
namespace eval = ::aic::eval;

using Operands = ArrayRef<eval::View>;
using Results = std::vector<eval::Tensor>;

template <typename PoolOp> static eval::Window windowOf(PoolOp op, bool channelsLast) {
  return {op.getKernel().vec(), op.getStrides().vec(), op.getDilations().vec(),
          op.getPads().vec(),   op.getCeilMode(),      channelsLast};
}

std::string MaxPoolOp::evaluate(Operands operands, Results &results) {
  return eval::maxPool(operands[0], windowOf(*this, getChannelsLast()), results.emplace_back());
}

std::string MaxPoolIndicesOp::evaluate(Operands operands, Results &results) {
  return eval::maxPoolIndices(operands[0], windowOf(*this, false), getColumnMajor(), results.emplace_back());
}

std::string AvgPoolOp::evaluate(Operands operands, Results &results) {
  return eval::avgPool(operands[0], windowOf(*this, getChannelsLast()), getCountIncludePad(), results.emplace_back());
}

std::string ResizeOp::evaluate(Operands operands, Results &results) {
  std::vector<float> scales;
  const eval::View &given = operands[1];
  for (int64_t d = 0; d < given.size(); ++d)
    scales.push_back(given.as<float>()[d * given.strides[0]]);
  eval::ResizeOptions options;
  options.mode = static_cast<eval::ResizeMode>(getMode());
  options.coordinates = static_cast<eval::CoordinateMode>(getCoordinates());
  options.nearest = static_cast<eval::NearestMode>(getNearest());
  options.cubicA = getCubicA().convertToDouble();
  options.excludeOutside = getExcludeOutside();
  options.antialias = getAntialias();
  return eval::resize(operands[0], scales, eval::integers(operands[2]), options, results.emplace_back());
}
