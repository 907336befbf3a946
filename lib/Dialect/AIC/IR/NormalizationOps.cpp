// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Dialect/AIC/IR/AICOps.h"

using namespace mlir;
using namespace mlir::aic;

/// The result has the dims of operand 0, of which `axis` is one (or, with `mayEnd`, the end).
static LogicalResult sameAsInput(Operation *op, int64_t axis, bool mayEnd, ShapeScope &scope,
                                 SmallVectorImpl<Dims> &results) {
  ArrayRef<AffineExpr> dims = scope.dims(op->getOperand(0));
  int64_t end = static_cast<int64_t>(dims.size()) + mayEnd;
  if (axis < 0 || axis >= end)
    return op->emitOpError("expected axis in [0, ") << end << "), got " << axis;
  results.emplace_back(dims);
  return success();
}

LogicalResult SoftmaxOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) {
  return sameAsInput(*this, getAxis(), /*mayEnd=*/false, scope, results);
}

LogicalResult LogSoftmaxOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) {
  return sameAsInput(*this, getAxis(), /*mayEnd=*/false, scope, results);
}

/// `operand` broadcasts to the shape of operand 0 without changing it.
static LogicalResult checkBroadcastsToInput(Operation *op, Value operand, StringRef name, ShapeScope &scope) {
  ArrayRef<AffineExpr> input = scope.dims(op->getOperand(0)), dims = scope.dims(operand);
  if (dims.size() > input.size())
    return op->emitOpError("expected ") << name << " of rank " << input.size() << " at most, got " << dims.size();
  for (auto [i, dim] : llvm::enumerate(dims)) {
    size_t d = input.size() - dims.size() + i;
    std::optional<int64_t> wanted = constantDim(input[d]), got = constantDim(dim);
    if (wanted && got && *got != 1 && *got != *wanted)
      return op->emitOpError("expected extent 1 or ")
             << *wanted << " in dimension " << i << " of " << name << ", got " << *got;
    scope.require({{Comparison::Equal, dim, input[d]}, {Comparison::Equal, dim, scope.constant(1)}},
                  "expected the input's extent or 1 in dimension " + Twine(i) + " of " + name + ", got another one");
  }
  return success();
}

LogicalResult LayerNormOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) {
  if (getScale() && failed(checkBroadcastsToInput(*this, getScale(), "scale", scope)))
    return failure();
  if (getBias() && failed(checkBroadcastsToInput(*this, getBias(), "bias", scope)))
    return failure();
  return sameAsInput(*this, getAxis(), /*mayEnd=*/true, scope, results);
}

LogicalResult RMSNormOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) {
  if (failed(checkBroadcastsToInput(*this, getScale(), "scale", scope)))
    return failure();
  return sameAsInput(*this, getAxis(), /*mayEnd=*/true, scope, results);
}

LogicalResult BatchNormOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) {
  if (failed(sameAsInput(*this, getAxis(), /*mayEnd=*/false, scope, results)))
    return failure();
  std::optional<int64_t> channels = constantDim(results[0][getAxis()]);
  const char *names[] = {"scale", "bias", "mean", "variance"};
  for (auto [name, parameter] : llvm::zip_equal(names, getOperands().drop_front())) {
    ArrayRef<AffineExpr> dims = scope.dims(parameter);
    if (dims.size() != 1)
      return emitOpError("expected ") << name << " of rank 1, got " << dims.size();
    std::optional<int64_t> extent = constantDim(dims[0]);
    if (extent && channels && *extent != *channels)
      return emitOpError("expected ") << *channels << " elements in " << name << ", got " << *extent;
    scope.requireEqual(dims[0], results[0][getAxis()],
                       "expected as many elements in " + Twine(name) + " as there are channels, got another number");
  }
  return success();
}
