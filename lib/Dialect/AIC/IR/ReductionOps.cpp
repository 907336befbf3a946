// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Dialect/AIC/IR/AICOps.h"

using namespace mlir;
using namespace mlir::aic;

static LogicalResult checkAxis(Operation *op, int64_t axis, size_t rank) {
  if (axis >= 0 && axis < static_cast<int64_t>(rank))
    return success();
  return op->emitOpError("expected axis in [0, ") << rank << "), got " << axis;
}

/// The dims without `axes`, or with extent 1 there.
static Dims reducedDims(ShapeScope &scope, ArrayRef<AffineExpr> dims, ArrayRef<int64_t> axes, bool keepDims) {
  Dims result;
  for (auto [d, dim] : llvm::enumerate(dims)) {
    bool isReduced = llvm::is_contained(axes, static_cast<int64_t>(d));
    if (!isReduced)
      result.push_back(dim);
    else if (keepDims)
      result.push_back(scope.constant(1));
  }
  return result;
}

LogicalResult ReduceOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) {
  ArrayRef<AffineExpr> dims = scope.dims(getInput());
  int64_t last = -1;
  for (int64_t axis : getAxes()) {
    if (failed(checkAxis(*this, axis, dims.size())))
      return failure();
    if (axis <= last)
      return emitOpError("expected sorted, distinct axes, got ") << axis << " after " << last;
    last = axis;
  }
  bool isTruth = getInput().getType().getElementType().isInteger(1);
  if (isTruth && getKind() != ReduceKind::max && getKind() != ReduceKind::min)
    return emitOpError("expected max or min of truth values, got ") << stringifyReduceKind(getKind());
  results.push_back(reducedDims(scope, dims, getAxes(), getKeepDims()));
  return success();
}

std::optional<Dims> ReduceOp::inferElements(ShapeScope &scope) {
  std::optional<Dims> elements = scope.elements(getInput());
  RankedTensorType type = getInput().getType();
  // Shape arithmetic reduces a vector to a number.
  if (!elements || elements->empty() || type.getRank() != 1 || getAxes().size() != 1)
    return std::nullopt;
  if (getKind() == ReduceKind::prod || getKind() == ReduceKind::sum) {
    AffineExpr result = elements->front();
    for (AffineExpr element : llvm::drop_begin(*elements))
      result = getKind() == ReduceKind::prod ? result * element : result + element;
    return Dims{simplifyDim(result)};
  }
  if (getKind() != ReduceKind::max && getKind() != ReduceKind::min)
    return std::nullopt;
  AffineExpr result = elements->front();
  for (AffineExpr element : llvm::drop_begin(*elements)) {
    bool isLarger = scope.isNonNegative(element - result), isSmaller = scope.isNonNegative(result - element);
    if (!isLarger && !isSmaller)
      return std::nullopt;
    if (getKind() == ReduceKind::max ? isLarger : isSmaller)
      result = element;
  }
  return Dims{result};
}

LogicalResult ArgReduceOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) {
  ArrayRef<AffineExpr> dims = scope.dims(getInput());
  int64_t axis = getAxis();
  if (failed(checkAxis(*this, axis, dims.size())))
    return failure();
  results.push_back(reducedDims(scope, dims, axis, getKeepDims()));
  return success();
}

LogicalResult ScanOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) {
  ArrayRef<AffineExpr> dims = scope.dims(getInput());
  if (failed(checkAxis(*this, getAxis(), dims.size())))
    return failure();
  if (getKind() != ReduceKind::sum && getKind() != ReduceKind::prod)
    return emitOpError("expected sum or prod, got ") << stringifyReduceKind(getKind());
  results.emplace_back(dims);
  return success();
}

LogicalResult TopKOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) {
  Dims dims(scope.dims(getInput()));
  if (failed(checkAxis(*this, getAxis(), dims.size())))
    return failure();
  std::optional<int64_t> count = constantDim(scope.product(scope.dims(getK())));
  if (count && *count != 1)
    return emitOpError("expected one element in k, got ") << *count;
  std::optional<Dims> k = scope.elements(getK());
  AffineExpr extent = k && k->size() == 1 ? k->front() : scope.unknownExtent();
  std::optional<int64_t> number = constantDim(extent), limit = constantDim(dims[getAxis()]);
  if (number && (*number < 0 || (limit && *number > *limit))) { // top_k_c1
    InFlightDiagnostic error = emitOpError("expected k in [0, ");
    if (limit)
      error << *limit << "]";
    else
      error << "extent of axis " << getAxis() << "]";
    return error << ", got " << *number;
  }
  scope.requireEqual(scope.product(scope.dims(getK())), scope.constant(1),
                     "expected one element in k, got another number");
  if (scope.collectsRequirements()) {
    AffineExpr read = scope.element(getK(), 0);
    scope.requireAtLeast(read, 0, "expected k of at least 0, got a negative number");
    scope.requireAtMost(read, dims[getAxis()],
                        "expected k of at most the extent of axis " + Twine(getAxis()) + ", got a larger one");
  }
  dims[getAxis()] = extent;
  results.append(2, dims);
  return success();
}
