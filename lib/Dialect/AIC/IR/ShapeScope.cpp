// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Dialect/AIC/IR/ShapeScope.h"
#include "aic/Dialect/AIC/IR/AICOps.h"
#include "mlir/IR/Matchers.h"

namespace mlir::aic {

AffineExpr ShapeScope::unknown() { return getAffineSymbolExpr(symbols++, context); }
AffineExpr ShapeScope::constant(int64_t value) const { return getAffineConstantExpr(value, context); }

ArrayRef<AffineExpr> ShapeScope::dims(Value tensor) {
  auto [it, isNew] = knownDims.try_emplace(tensor);
  if (isNew)
    for (int64_t extent : cast<RankedTensorType>(tensor.getType()).getShape())
      it->second.push_back(ShapedType::isDynamic(extent) ? unknown() : constant(extent));
  return it->second;
}

std::optional<Dims> ShapeScope::elements(Value tensor) {
  if (auto it = knownElements.find(tensor); it != knownElements.end())
    return it->second;
  auto type = dyn_cast<RankedTensorType>(tensor.getType());
  if (!type || !type.hasStaticShape() || type.getNumElements() > kMaxElements || !type.getElementType().isInteger())
    return std::nullopt;
  std::optional<Dims> result;
  DenseIntElementsAttr attr;
  if (matchPattern(tensor, m_Constant(&attr))) {
    result.emplace();
    bool isUnsigned = attr.getElementType().isUnsignedInteger() || attr.getElementType().isInteger(1);
    for (const APInt &value : attr.getValues<APInt>())
      result->push_back(constant(isUnsigned ? int64_t(value.getZExtValue()) : value.getSExtValue()));
  } else if (auto op = tensor.getDefiningOp<GraphOpInterface>()) {
    result = op.inferElements(*this);
  }
  return knownElements[tensor] = result;
}

void ShapeScope::setDims(Value tensor, ArrayRef<AffineExpr> dims) { knownDims[tensor] = Dims(dims); }
void ShapeScope::setElements(Value tensor, ArrayRef<AffineExpr> elements) { knownElements[tensor] = Dims(elements); }

std::optional<int64_t> constantDim(AffineExpr dim) {
  if (auto constant = dyn_cast<AffineConstantExpr>(dim))
    return constant.getValue();
  return std::nullopt;
}

SmallVector<int64_t> staticShape(ArrayRef<AffineExpr> dims) {
  return llvm::map_to_vector(dims, [](AffineExpr d) { return constantDim(d).value_or(ShapedType::kDynamic); });
}

AffineExpr ShapeScope::broadcast(AffineExpr a, AffineExpr b) {
  if (a == b)
    return a;
  std::optional<int64_t> x = constantDim(a), y = constantDim(b);
  if (x == 1)
    return b;
  if (y == 1)
    return a;
  if (x && y)
    return nullptr;
  if (x)
    return a;
  if (y)
    return b;
  return unknown();
}

std::optional<Dims> ShapeScope::broadcast(ArrayRef<AffineExpr> a, ArrayRef<AffineExpr> b) {
  if (a.size() < b.size())
    std::swap(a, b);
  Dims result(a);
  for (size_t i = 0, lead = a.size() - b.size(); i < b.size(); ++i)
    if (!(result[lead + i] = broadcast(a[lead + i], b[i])))
      return std::nullopt;
  return result;
}

AffineExpr ShapeScope::product(ArrayRef<AffineExpr> dims) const {
  AffineExpr result = constant(1);
  for (AffineExpr dim : dims)
    result = result * dim;
  return result;
}

LogicalResult inferResultTypes(Operation *op, ShapeScope &scope) {
  SmallVector<Dims> dims;
  if (failed(cast<GraphOpInterface>(op).inferShapes(scope, dims)))
    return failure();
  for (auto [result, known] : llvm::zip_equal(op->getResults(), dims)) {
    auto type = cast<RankedTensorType>(result.getType());
    result.setType(RankedTensorType::get(staticShape(known), type.getElementType()));
    scope.setDims(result, known);
  }
  return success();
}

LogicalResult detail::verifyGraphOp(Operation *op) {
  ShapeScope scope(op->getContext());
  SmallVector<Dims> dims;
  if (failed(cast<GraphOpInterface>(op).inferShapes(scope, dims)))
    return failure();
  if (dims.size() != op->getNumResults())
    return op->emitOpError("expected ") << dims.size() << " results, got " << op->getNumResults();
  for (auto [result, known] : llvm::zip_equal(op->getResults(), dims)) {
    auto type = cast<RankedTensorType>(result.getType());
    if (failed(verifyCompatibleShape(staticShape(known), type.getShape())))
      return op->emitOpError("expected result ")
             << result.getResultNumber() << " to be "
             << RankedTensorType::get(staticShape(known), type.getElementType()) << ", got " << type;
  }
  return success();
}

} // namespace mlir::aic
