// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- HostExtents.cpp - Extents and scalars of the host code -------------===//
#include "HostPlan.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/Support/CheckedArithmetic.h"

namespace mlir::aic {

/// Constants stand at the start of the function, each once.
Value HostPlan::index(Emission &e, int64_t i) {
  Value &known = e.constants[i];
  if (known)
    return known;
  OpBuilder::InsertionGuard guard(e.b);
  if (e.lastConstant)
    e.b.setInsertionPointAfter(e.lastConstant);
  else
    e.b.setInsertionPointToStart(&e.b.getInsertionBlock()->getParent()->front());
  known = arith::ConstantIndexOp::create(e.b, loc, i);
  e.lastConstant = known.getDefiningOp();
  return known;
}

Value HostPlan::product(Emission &e, Value a, Value b) {
  std::optional<int64_t> x = getConstantIntValue(a), y = getConstantIntValue(b);
  if (x && y)
    return index(e, *x * *y);
  if (x == 1)
    return b;
  if (y == 1)
    return a;
  Value &known = e.products[{a, b}];
  if (!known)
    known = arith::MulIOp::create(e.b, loc, a, b);
  return known;
}

/// The product of two numbers that are not negative, or kMost if it is larger: a size that no memory has, so that the
/// runtime refuses it like any other that is too large.
Value HostPlan::boundedProduct(Emission &e, Value a, Value b) {
  std::optional<int64_t> x = getConstantIntValue(a), y = getConstantIntValue(b);
  if (x && y) {
    std::optional<int64_t> exact = llvm::checkedMul(*x, *y);
    return index(e, exact ? std::min(*exact, kMost) : kMost);
  }
  if (x == 1 || y == 1)
    return x == 1 ? b : a;
  Value &known = e.boundedProducts[{a, b}];
  if (!known) {
    auto whole = arith::MulUIExtendedOp::create(e.b, loc, a, b);
    Value most = index(e, kMost);
    Value fits = arith::CmpIOp::create(e.b, loc, arith::CmpIPredicate::eq, whole.getHigh(), index(e, 0));
    Value low = arith::MinUIOp::create(e.b, loc, whole.getLow(), most);
    known = arith::SelectOp::create(e.b, loc, fits, low, most);
  }
  return known;
}

Value HostPlan::count(Emission &e, Value tensor) {
  Value fixed = index(e, 1), total;
  for (Value extent : e.dims.find(tensor)->second) {
    if (getConstantIntValue(extent))
      fixed = boundedProduct(e, fixed, extent);
    else
      total = total ? boundedProduct(e, total, extent) : extent;
  }
  return total ? boundedProduct(e, total, fixed) : fixed;
}

Value HostPlan::bytes(Emission &e, Value tensor) {
  return boundedProduct(e, count(e, tensor), index(e, elementBytes(tensorType(tensor).getElementType())));
}

/// `dynamic`: the `?` extents in order.
void HostPlan::setDims(Emission &e, Value v, ArrayRef<Value> dynamic) {
  SmallVector<Value> result;
  for (int64_t extent : tensorType(v).getShape()) {
    if (!ShapedType::isDynamic(extent)) {
      result.push_back(index(e, extent));
      continue;
    }
    result.push_back(dynamic.front());
    dynamic = dynamic.drop_front();
  }
  e.dims[v] = std::move(result);
}

/// An element of an integer tensor as an index, if the host knows it; in the second walk it is read from memory.
std::optional<Value> HostPlan::element(Emission &e, Value tensor, int64_t number) {
  Value r = root(tensor);
  DenseIntElementsAttr attr;
  if (matchPattern(r, m_Constant(&attr)))
    return index(e, attr.getValues<APInt>()[number].getSExtValue());
  if (auto made = r.getDefiningOp<tensor::FromElementsOp>()) {
    Value v = e.scalars.lookupOrNull(made.getElements()[number]);
    if (!v)
      return std::nullopt;
    return isa<IndexType>(v.getType()) ? v : arith::IndexCastOp::create(e.b, loc, e.b.getIndexType(), v).getResult();
  }
  if (e.query)
    return std::nullopt;
  FailureOr<Value> base = pointer(e, tensor);
  if (failed(base))
    return std::nullopt;
  Type type = tensorType(tensor).getElementType();
  Type stored = e.b.getIntegerType(elementBytes(type) * 8);
  FailureOr<Value> where = readable(e, tensor, *base, number ? constant(e, number) : Value(), stored);
  if (failed(where))
    return std::nullopt;
  Value v = LLVM::LoadOp::create(e.b, loc, stored, *where);
  return arith::IndexCastOp::create(e.b, loc, e.b.getIndexType(), v).getResult();
}

LogicalResult HostPlan::setReshapeDims(Emission &e, tensor::ReshapeOp op) {
  SmallVector<Value> dynamic;
  for (auto [d, extent] : llvm::enumerate(cast<RankedTensorType>(op.getType()).getShape())) {
    if (!ShapedType::isDynamic(extent))
      continue;
    std::optional<Value> v = element(e, op.getShape(), d);
    if (!v && e.query)
      return success();
    if (!v)
      return op.emitError("expected a shape that the host can compute");
    dynamic.push_back(*v);
  }
  setDims(e, op, dynamic);
  return success();
}

void HostPlan::setCollapseDims(Emission &e, tensor::CollapseShapeOp op) {
  auto source = e.dims.find(op.getSrc());
  if (source == e.dims.end())
    return;
  SmallVector<Value> from = source->second, dynamic;
  for (auto [d, group] : llvm::enumerate(op.getReassociationIndices())) {
    if (!op.getResultType().isDynamicDim(d))
      continue;
    Value extent = index(e, 1);
    for (int64_t g : group)
      extent = product(e, extent, from[g]);
    dynamic.push_back(extent);
  }
  setDims(e, op, dynamic);
}

/// Emits scalar operations and finds extents, as far as the operands are known. Both walks.
LogicalResult HostPlan::emitKnown(Emission &e, Operation &op) {
  auto mapAll = [&](ValueRange values, SmallVectorImpl<Value> &mapped) {
    for (Value v : values)
      mapped.push_back(e.scalars.lookupOrNull(v));
    return !llvm::is_contained(mapped, Value());
  };
  SmallVector<Value> dynamic;
  if (llvm::all_of(op.getResults(), [&](Value r) { return e.dims.contains(r) || e.scalars.contains(r); }))
    return success();
  if (auto empty = dyn_cast<tensor::EmptyOp>(op)) {
    if (mapAll(empty.getDynamicSizes(), dynamic))
      setDims(e, empty, dynamic);
  } else if (auto call = dyn_cast<func::CallOp>(op)) {
    for (OpResult r : call.getResults())
      if (auto known = e.dims.find(destinationOf(r)); known != e.dims.end()) {
        SmallVector<Value> copy = known->second;
        e.dims[r] = std::move(copy);
      }
  } else if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op)) {
    if (mapAll(expand.getOutputShape(), dynamic))
      setDims(e, expand, dynamic);
  } else if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op)) {
    setCollapseDims(e, collapse);
  } else if (auto reshape = dyn_cast<tensor::ReshapeOp>(op)) {
    return setReshapeDims(e, reshape);
  } else if (isa<tensor::CastOp>(op)) {
    Value result = op.getResult(0);
    if (auto known = e.dims.find(op.getOperand(0)); known != e.dims.end()) {
      for (auto [d, extent] : llvm::enumerate(SmallVector<Value>(known->second)))
        if (tensorType(result).isDynamicDim(d))
          dynamic.push_back(extent);
      setDims(e, result, dynamic);
    }
  } else if (auto dim = dyn_cast<tensor::DimOp>(op)) {
    if (auto known = e.dims.find(dim.getSource());
        known != e.dims.end() && *dim.getConstantIndex() < int64_t(known->second.size()))
      e.scalars.map(dim.getResult(), known->second[*dim.getConstantIndex()]);
  } else if (auto extract = dyn_cast<tensor::ExtractOp>(op)) {
    if (auto made = root(extract.getTensor()).getDefiningOp<tensor::FromElementsOp>();
        made && extract.getTensor() == made.getResult() && tensorType(made.getResult()).getRank() <= 1) {
      std::optional<int64_t> number =
          extract.getIndices().empty() ? 0 : getConstantIntValue(extract.getIndices().front());
      if (number && *number >= 0 && *number < int64_t(made.getElements().size()))
        if (Value v = e.scalars.lookupOrNull(made.getElements()[*number]))
          e.scalars.map(extract.getResult(), v);
    }
  } else if (op.getNumResults() && llvm::all_of(op.getResultTypes(), llvm::IsaPred<RankedTensorType>)) {
    for (Value r : op.getResults())
      if (tensorType(r).hasStaticShape())
        setDims(e, r, {});
  } else if (op.getNumResults() && !op.getNumRegions() && mapAll(op.getOperands(), dynamic)) {
    if (auto c = dyn_cast<arith::ConstantIndexOp>(op))
      e.scalars.map(c.getResult(), index(e, c.value()));
    else
      e.b.clone(op, e.scalars)->setLoc(loc);
  }
  return success();
}

} // namespace mlir::aic
