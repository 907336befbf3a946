// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Conversion/KernelLoops/ValueEmitter.h"
#include "aic/Dialect/AIC/IR/AICOps.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"

namespace mlir::aic {

std::vector<int64_t> ValueEmitter::key(Value tensor, ArrayRef<LaneValue> indices) {
  std::vector<int64_t> key{reinterpret_cast<intptr_t>(tensor.getAsOpaquePointer())};
  for (const LaneValue &i : indices) {
    key.push_back(i.kind);
    if (i.kind != LaneValue::Linear) {
      key.push_back(reinterpret_cast<intptr_t>(i.value.getAsOpaquePointer()));
      continue;
    }
    key.insert(key.end(), {i.linear.constant, i.linear.lane, int64_t(i.linear.terms.size())});
    for (auto [v, f] : i.linear.terms)
      key.insert(key.end(), {reinterpret_cast<intptr_t>(v.getAsOpaquePointer()), f});
  }
  return key;
}

//===----------------------------------------------------------------------===//
// Conversions between the forms of a value
//===----------------------------------------------------------------------===//

Value ValueEmitter::toVector(const LaneValue &i) {
  if (i.kind == LaneValue::Vector)
    return i.value;
  auto type = VectorType::get({lanes.count}, b.getIndexType());
  if (i.kind == LaneValue::Scalar)
    return vector::BroadcastOp::create(b, loc, type, i.value);
  LinearIndex base(i.linear);
  base.lane = 0;
  Value splat = vector::BroadcastOp::create(b, loc, type, index.value(base));
  if (!i.linear.lane)
    return splat;
  SmallVector<int64_t> steps;
  for (int64_t l = 0; l < lanes.count; ++l)
    steps.push_back(l * i.linear.lane);
  Value step = arith::ConstantOp::create(b, loc, DenseElementsAttr::get(type, llvm::map_to_vector(steps, [&](int64_t s) -> Attribute { return b.getIndexAttr(s); })));
  return arith::AddIOp::create(b, loc, splat, step);
}

Value ValueEmitter::scalar(const LaneValue &value) {
  if (value.kind == LaneValue::Linear)
    return index.value(value.linear);
  if (value.kind == LaneValue::Vector)
    return vector::ExtractOp::create(b, loc, value.value, ArrayRef<int64_t>{0});
  return value.value;
}

Value ValueEmitter::broadcast(const LaneValue &value, Type element) {
  if (lanes.count == 1)
    return scalar(value);
  if (value.kind == LaneValue::Vector)
    return value.value;
  if (value.kind == LaneValue::Linear)
    return toVector(value);
  return vector::BroadcastOp::create(b, loc, VectorType::get({lanes.count}, element), value.value);
}

LaneValue ValueEmitter::addIndices(const LaneValue &x, const LaneValue &y) {
  if (x.kind == LaneValue::Scalar)
    return addIndices(index.atom(x.value), y);
  if (y.kind == LaneValue::Scalar)
    return addIndices(x, index.atom(y.value));
  if (x.kind == LaneValue::Linear && y.kind == LaneValue::Linear)
    return index.add(x.linear, y.linear);
  return LaneValue::vector(arith::AddIOp::create(b, loc, toVector(x), toVector(y)));
}

LaneValue ValueEmitter::scaleIndex(const LaneValue &x, const LinearIndex &factor) {
  if (x.kind == LaneValue::Scalar)
    return scaleIndex(index.atom(x.value), factor);
  if (x.kind == LaneValue::Linear)
    if (auto product = index.mul(x.linear, factor))
      return *product;
  if (factor.asConstant() == 0)
    return LinearIndex(0);
  return LaneValue::vector(arith::MulIOp::create(b, loc, toVector(x), toVector(factor)));
}

FailureOr<LaneValue> ValueEmitter::apply(AffineExpr expr, ArrayRef<LaneValue> ivs) {
  if (auto c = dyn_cast<AffineConstantExpr>(expr))
    return LaneValue(LinearIndex(c.getValue()));
  if (auto d = dyn_cast<AffineDimExpr>(expr))
    return ivs[d.getPosition()];
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary)
    return emitError(loc, "expected no symbol in an indexing map");
  FailureOr<LaneValue> x = apply(binary.getLHS(), ivs), y = apply(binary.getRHS(), ivs);
  if (failed(x) || failed(y))
    return failure();
  if (expr.getKind() == AffineExprKind::Add)
    return addIndices(*x, *y);
  if (expr.getKind() == AffineExprKind::Mul && y->kind == LaneValue::Linear)
    return scaleIndex(*x, y->linear);
  auto divisor = dyn_cast<AffineConstantExpr>(binary.getRHS());
  if (!divisor)
    return emitError(loc, "expected a constant divisor in an indexing map");
  if (x->kind == LaneValue::Linear && x->linear.isUniform()) {
    LinearIndex quotient = index.floorDiv(x->linear, divisor.getValue());
    if (expr.getKind() == AffineExprKind::FloorDiv)
      return LaneValue(quotient);
    if (expr.getKind() == AffineExprKind::Mod)
      return LaneValue(index.mod(x->linear, divisor.getValue()));
    return LaneValue(index.floorDiv(index.add(x->linear, divisor.getValue() - 1), divisor.getValue()));
  }
  Value v = toVector(*x), by = toVector(LinearIndex(divisor.getValue()));
  switch (expr.getKind()) {
  case AffineExprKind::FloorDiv:
    return LaneValue::vector(arith::FloorDivSIOp::create(b, loc, v, by));
  case AffineExprKind::CeilDiv:
    return LaneValue::vector(arith::CeilDivSIOp::create(b, loc, v, by));
  default: // indices are not negative
    return LaneValue::vector(arith::RemUIOp::create(b, loc, v, by));
  }
}

FailureOr<SmallVector<LaneValue>> ValueEmitter::apply(ArrayRef<AffineExpr> exprs, ArrayRef<LaneValue> ivs) {
  SmallVector<LaneValue> result;
  for (AffineExpr expr : exprs) {
    FailureOr<LaneValue> value = apply(expr, ivs);
    if (failed(value))
      return failure();
    result.push_back(*value);
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Extents and indices from outside of bodies
//===----------------------------------------------------------------------===//

LinearIndex ValueEmitter::extent(Value tensor, int64_t dim) {
  auto type = cast<RankedTensorType>(tensor.getType());
  if (!type.isDynamicDim(dim))
    return type.getDimSize(dim);
  if (auto it = buffers.find(tensor); it != buffers.end())
    return it->second.sizes[dim];
  Operation *def = tensor.getDefiningOp();
  auto known = [&](OpFoldResult size) -> LinearIndex {
    if (auto c = getConstantIntValue(size))
      return *c;
    FailureOr<LinearIndex> v = hostIndex(cast<Value>(size));
    return failed(v) ? LinearIndex(0) : *v;
  };
  if (auto dps = dyn_cast_or_null<DestinationStyleOpInterface>(def))
    return extent(dps.getTiedOpOperand(cast<OpResult>(tensor))->get(), dim);
  if (auto empty = dyn_cast_or_null<tensor::EmptyOp>(def))
    return known(empty.getMixedSizes()[dim]);
  if (auto slice = dyn_cast_or_null<tensor::ExtractSliceOp>(def)) {
    llvm::SmallBitVector dropped = slice.getDroppedDims();
    for (int64_t d = 0, kept = 0; d < slice.getSourceType().getRank(); ++d)
      if (!dropped[d] && kept++ == dim)
        return known(slice.getMixedSizes()[d]);
  }
  if (auto pad = dyn_cast_or_null<tensor::PadOp>(def))
    return index.add(extent(pad.getSource(), dim), index.add(known(pad.getMixedLowPad()[dim]), known(pad.getMixedHighPad()[dim])));
  if (auto cast = dyn_cast_or_null<tensor::CastOp>(def))
    return extent(cast.getSource(), dim);
  if (auto expand = dyn_cast_or_null<tensor::ExpandShapeOp>(def))
    return known(expand.getMixedOutputShape()[dim]);
  if (auto collapse = dyn_cast_or_null<tensor::CollapseShapeOp>(def)) {
    LinearIndex product(1);
    for (int64_t d : collapse.getReassociationIndices()[dim])
      product = *index.mul(product, extent(collapse.getSrc(), d));
    return product;
  }
  if (auto concat = dyn_cast_or_null<tensor::ConcatOp>(def)) {
    if (int64_t(concat.getDim()) != dim)
      return extent(concat.getInputs().front(), dim);
    LinearIndex sum(0);
    for (Value input : concat.getInputs())
      sum = index.add(sum, extent(input, dim));
    return sum;
  }
  emitError(loc, "expected a tensor with known extents in a kernel");
  return 0;
}

FailureOr<LinearIndex> ValueEmitter::hostIndex(Value v) {
  if (auto it = indexArguments.find(v); it != indexArguments.end())
    return it->second;
  APInt known;
  if (matchPattern(v, m_ConstantInt(&known)))
    return LinearIndex(known.getSExtValue());
  Operation *def = v.getDefiningOp();
  if (auto dim = dyn_cast_or_null<tensor::DimOp>(def))
    if (auto position = dim.getConstantIndex())
      return extent(dim.getSource(), *position);
  if (auto apply = dyn_cast_or_null<affine::AffineApplyOp>(def)) {
    AffineExpr expr = apply.getAffineMap().getResult(0);
    SmallVector<LaneValue> operands;
    for (Value operand : apply.getMapOperands()) {
      FailureOr<LinearIndex> i = hostIndex(operand);
      if (failed(i))
        return failure();
      operands.push_back(*i);
    }
    unsigned dims = apply.getAffineMap().getNumDims();
    for (unsigned s = 0; s < apply.getAffineMap().getNumSymbols(); ++s)
      expr = expr.replace(b.getAffineSymbolExpr(s), b.getAffineDimExpr(dims + s));
    FailureOr<LaneValue> value = this->apply(expr, operands);
    if (succeeded(value) && value->kind == LaneValue::Linear)
      return value->linear;
    return failure();
  }
  if (def && def->getNumResults() == 1 && isa<arith::ArithDialect>(def->getDialect())) {
    IRMapping map;
    for (Value operand : def->getOperands()) {
      FailureOr<LinearIndex> i = hostIndex(operand);
      if (failed(i))
        return failure();
      map.map(operand, index.value(*i));
    }
    return index.atom(b.clone(*def, map)->getResult(0));
  }
  return emitError(loc, "expected an index that is an argument, a constant, an extent or arithmetic of them");
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

FailureOr<LaneValue> ValueEmitter::offsetOf(const Buffer &buffer, ArrayRef<LaneValue> indices) {
  LaneValue offset = LinearIndex(0);
  for (auto [i, stride] : llvm::zip_equal(indices, buffer.strides))
    offset = addIndices(offset, scaleIndex(i, stride));
  return offset;
}

LaneValue ValueEmitter::load(const Buffer &buffer, ArrayRef<LaneValue> indices, bool paddedTail) {
  FailureOr<LaneValue> offset = offsetOf(buffer, indices);
  return failed(offset) ? LaneValue() : loadAt(buffer, *offset, paddedTail);
}

LaneValue ValueEmitter::loadAt(const Buffer &buffer, const LaneValue &offset, bool paddedTail) {
  Type stored = cast<MemRefType>(buffer.memory.getType()).getElementType();
  auto asElement = [&](Value v) -> Value {
    if (stored == buffer.element)
      return v;
    Value zero = arith::ConstantOp::create(b, loc, b.getZeroAttr(v.getType()));
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, v, zero); // i1 is stored as a byte
  };
  if (offset.isUniform() || lanes.count == 1)
    return LaneValue::scalar(asElement(memref::LoadOp::create(b, loc, buffer.memory, scalar(offset))));
  auto type = VectorType::get({lanes.count}, stored);
  if (offset.kind == LaneValue::Linear && offset.linear.lane == 1) {
    Value at = index.value(offset.linear);
    if (!lanes.mask || paddedTail)
      return LaneValue::vector(asElement(vector::LoadOp::create(b, loc, type, buffer.memory, at)));
    Value zero = arith::ConstantOp::create(b, loc, b.getZeroAttr(type));
    return LaneValue::vector(
        asElement(vector::MaskedLoadOp::create(b, loc, type, buffer.memory, ValueRange{at}, lanes.mask, zero)));
  }
  // Lane by lane; a lane that does not exist reads what lane 0 (strided: the last lane) reads.
  SmallVector<Value> elements;
  Value last = lanes.mask ? arith::SubIOp::create(b, loc, lanes.valid, index.constant(1)).getResult() : Value();
  Value offsets;
  if (offset.kind == LaneValue::Vector) {
    offsets = offset.value;
    if (lanes.mask) {
      Value zero = arith::ConstantOp::create(b, loc, b.getZeroAttr(offsets.getType()));
      offsets = arith::SelectOp::create(b, loc, lanes.mask, offsets, zero);
    }
  }
  for (int64_t l = 0; l < lanes.count; ++l) {
    Value at;
    if (offsets) {
      at = vector::ExtractOp::create(b, loc, offsets, ArrayRef<int64_t>{l});
    } else {
      LinearIndex base(offset.linear);
      base.lane = 0;
      if (!last || l == 0) {
        at = index.value(index.add(base, l * offset.linear.lane));
      } else {
        Value lane = arith::MinUIOp::create(b, loc, index.constant(l), last);
        Value step = arith::MulIOp::create(b, loc, lane, index.constant(offset.linear.lane));
        at = arith::AddIOp::create(b, loc, index.value(base), step);
      }
    }
    elements.push_back(memref::LoadOp::create(b, loc, buffer.memory, at));
  }
  return LaneValue::vector(asElement(vector::FromElementsOp::create(b, loc, type, elements)));
}

LogicalResult ValueEmitter::store(const Buffer &buffer, ArrayRef<LaneValue> indices, const LaneValue &value) {
  FailureOr<LaneValue> offset = offsetOf(buffer, indices);
  if (failed(offset) || !value)
    return failure();
  Type stored = cast<MemRefType>(buffer.memory.getType()).getElementType();
  auto asStored = [&](Value v) -> Value {
    if (stored == buffer.element)
      return v;
    Type type = stored;
    if (auto vectorType = dyn_cast<VectorType>(v.getType()))
      type = VectorType::get(vectorType.getShape(), stored);
    return arith::ExtUIOp::create(b, loc, type, v);
  };
  if (offset->isUniform() || lanes.count == 1) {
    memref::StoreOp::create(b, loc, asStored(scalar(value)), buffer.memory, scalar(*offset));
    return success();
  }
  Value v = asStored(broadcast(value, buffer.element));
  if (offset->kind == LaneValue::Linear && offset->linear.lane == 1) {
    Value at = index.value(offset->linear);
    if (lanes.mask)
      vector::MaskedStoreOp::create(b, loc, buffer.memory, ValueRange{at}, lanes.mask, v);
    else
      vector::StoreOp::create(b, loc, v, buffer.memory, at);
    return success();
  }
  Value offsets = toVector(*offset);
  if (lanes.mask) { // a lane that does not exist stores what lane 0 stores
    auto lane0 = [&](Value x) -> Value {
      Value first = vector::ExtractOp::create(b, loc, x, ArrayRef<int64_t>{0});
      return arith::SelectOp::create(b, loc, lanes.mask, x, vector::BroadcastOp::create(b, loc, x.getType(), first));
    };
    offsets = lane0(offsets), v = lane0(v);
  }
  for (int64_t l = 0; l < lanes.count; ++l) {
    Value x = vector::ExtractOp::create(b, loc, v, ArrayRef<int64_t>{l});
    Value at = vector::ExtractOp::create(b, loc, offsets, ArrayRef<int64_t>{l});
    memref::StoreOp::create(b, loc, x, buffer.memory, at);
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

LaneValue ValueEmitter::read(Value tensor, ArrayRef<LaneValue> indices) {
  std::vector<int64_t> where = key(tensor, indices);
  if (auto it = memo.find(where); it != memo.end())
    return it->second;
  LaneValue result = readUncached(tensor, indices);
  memo[where] = result;
  return result;
}

LaneValue ValueEmitter::readUncached(Value tensor, ArrayRef<LaneValue> indices) {
  if (auto it = buffers.find(tensor); it != buffers.end())
    return load(it->second, indices, /*paddedTail=*/false);
  Operation *def = tensor.getDefiningOp();
  if (!def) {
    emitError(loc, "expected a tensor in memory");
    return {};
  }
  Type element = cast<RankedTensorType>(tensor.getType()).getElementType();
  if (auto fill = dyn_cast<linalg::FillOp>(def)) {
    Value v = fill.getInputs()[0];
    Attribute constant;
    if (matchPattern(v, m_Constant(&constant)))
      v = arith::ConstantOp::create(b, loc, cast<TypedAttr>(constant));
    return LaneValue::scalar(v);
  }
  if (auto op = dyn_cast<linalg::LinalgOp>(def)) {
    unsigned result = cast<OpResult>(tensor).getResultNumber();
    AffineMap map = op.getMatchingIndexingMap(op.getDpsInitOperand(result));
    SmallVector<LaneValue> ivs(op.getNumLoops());
    for (auto [i, expr] : llvm::enumerate(map.getResults()))
      if (auto d = dyn_cast<AffineDimExpr>(expr))
        ivs[d.getPosition()] = indices[i];
    if (op.getNumParallelLoops() != op.getNumLoops() || !llvm::all_of(ivs, [](const LaneValue &v) { return bool(v); })) {
      op.emitError("expected a parallel operation whose result is indexed by its loops");
      return {};
    }
    FailureOr<SmallVector<LaneValue>> values = evaluate(op, ivs, {});
    if (failed(values))
      return {};
    for (auto [i, value] : llvm::enumerate(*values))
      if (op.getMatchingIndexingMap(op.getDpsInitOperand(i)) == map)
        memo[key(op->getResult(i), indices)] = value;
    return (*values)[result];
  }
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(def)) {
    SmallVector<LaneValue> at;
    llvm::SmallBitVector dropped = slice.getDroppedDims();
    auto asIndex = [&](OpFoldResult x) -> LinearIndex {
      if (auto c = getConstantIntValue(x))
        return *c;
      FailureOr<LinearIndex> i = hostIndex(cast<Value>(x));
      return failed(i) ? LinearIndex(0) : *i;
    };
    for (int64_t d = 0, kept = 0; d < slice.getSourceType().getRank(); ++d) {
      LaneValue i = dropped[d] ? LaneValue(LinearIndex(0)) : indices[kept++];
      at.push_back(addIndices(scaleIndex(i, asIndex(slice.getMixedStrides()[d])), LaneValue(asIndex(slice.getMixedOffsets()[d]))));
    }
    return read(slice.getSource(), at);
  }
  if (auto pad = dyn_cast<tensor::PadOp>(def))
    return readPadded(pad, indices);
  if (auto concat = dyn_cast<tensor::ConcatOp>(def))
    return readConcat(concat, indices);
  if (auto cast = dyn_cast<tensor::CastOp>(def))
    return read(cast.getSource(), indices);
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(def))
    return readReshaped(expand.getSrc(), expand.getReassociationIndices(), false, tensor, indices);
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(def))
    return readReshaped(collapse.getSrc(), collapse.getReassociationIndices(), true, tensor, indices);
  if (isa<tensor::EmptyOp>(def))
    return LaneValue::scalar(arith::ConstantOp::create(b, loc, b.getZeroAttr(element)));
  if (auto unpack = dyn_cast<UnpackOp>(def)) {
    auto it = buffers.find(unpack.getInput());
    if (it != buffers.end() && indices.back().kind == LaneValue::Linear && indices.back().linear.lane <= 1 && unpack.getGroup() == 1) {
      int64_t panel = unpack.getPanel();
      LinearIndex column = indices.back().linear;
      int64_t lane = column.lane;
      column.lane = 0;
      SmallVector<LaneValue> at{index.floorDiv(column, panel)};
      llvm::append_range(at, indices.drop_back());
      LinearIndex inside = index.mod(column, panel);
      inside.lane = lane;
      at.push_back(inside);
      return load(it->second, at, /*paddedTail=*/true);
    }
  }
  if (auto constant = dyn_cast<arith::ConstantOp>(def))
    if (auto dense = dyn_cast<DenseElementsAttr>(constant.getValue()); dense && (dense.isSplat() || dense.getNumElements() == 1))
      return LaneValue::scalar(arith::ConstantOp::create(b, loc, cast<TypedAttr>(*dense.getValues<Attribute>().begin())));
  def->emitError("expected an operation that a kernel can recompute element by element");
  return {};
}

LaneValue ValueEmitter::readIf(Value condition, Value tensor, ArrayRef<LaneValue> indices, Value otherwise) {
  bool uniform = llvm::all_of(indices, [](const LaneValue &i) { return i.isUniform(); });
  Type element = otherwise.getType();
  auto as = [&](const LaneValue &value) { return uniform ? scalar(value) : broadcast(value, element); };
  Memo saved = memo;
  auto test = scf::IfOp::create(b, loc, TypeRange{uniform ? element : vectorOf(element)}, condition, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(&test.getThenRegion().front());
  LaneValue value = read(tensor, indices);
  if (!value)
    return {};
  scf::YieldOp::create(b, loc, as(value));
  b.setInsertionPointToStart(&test.getElseRegion().front());
  scf::YieldOp::create(b, loc, as(LaneValue::scalar(otherwise)));
  memo = std::move(saved);
  return uniform || lanes.count == 1 ? LaneValue::scalar(test.getResult(0)) : LaneValue::vector(test.getResult(0));
}

LaneValue ValueEmitter::readPadded(tensor::PadOp pad, ArrayRef<LaneValue> indices) {
  Value outside = pad.getConstantPaddingValue();
  if (!outside) {
    pad.emitError("expected a pad of one value");
    return {};
  }
  LaneValue value = hostScalar(outside);
  if (!value)
    return {};
  outside = scalar(value);
  // Where a dimension is padded, the source is read at a clamped index and replaced outside.
  SmallVector<LaneValue> at;
  Value inside, holds; // whether the place lies in the source, and whether that has any
  for (auto [d, i] : llvm::enumerate(indices)) {
    OpFoldResult low = pad.getMixedLowPad()[d], high = pad.getMixedHighPad()[d];
    if (isConstantIntValue(low, 0) && isConstantIntValue(high, 0)) {
      at.push_back(i);
      continue;
    }
    LinearIndex before = getConstantIntValue(low) ? LinearIndex(*getConstantIntValue(low)) : *hostIndex(cast<Value>(low));
    LaneValue shifted = addIndices(i, LaneValue(index.scale(before, -1)));
    bool uniform = shifted.isUniform();
    auto as = [&](const LinearIndex &x) { return uniform ? index.value(x) : toVector(x); };
    Value x = uniform ? scalar(shifted) : toVector(shifted), size = as(extent(pad.getSource(), d));
    Value test = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, x, size);
    Value clamped = arith::MaxSIOp::create(b, loc, x, as(0));
    clamped = arith::MinSIOp::create(b, loc, clamped, arith::SubIOp::create(b, loc, size, as(1)));
    at.push_back(uniform ? LaneValue(index.atom(clamped)) : LaneValue::vector(clamped));
    if (int64_t known = pad.getSourceType().getDimSize(unsigned(d)); ShapedType::isDynamic(known) || known == 0) {
      Value some = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, index.value(extent(pad.getSource(), d)),
                                         index.value(LinearIndex(0)));
      holds = holds ? arith::AndIOp::create(b, loc, holds, some).getResult() : some;
    }
    if (inside && inside.getType() != test.getType()) { // one of the two is a vector
      auto type = VectorType::get({lanes.count}, b.getI1Type());
      auto widen = [&](Value v) { return isa<VectorType>(v.getType()) ? v : vector::BroadcastOp::create(b, loc, type, v).getResult(); };
      inside = widen(inside), test = widen(test);
    }
    inside = inside ? arith::AndIOp::create(b, loc, inside, test).getResult() : test;
  }
  LaneValue source = holds ? readIf(holds, pad.getSource(), at, outside) : read(pad.getSource(), at);
  if (!source || !inside)
    return source;
  bool uniform = source.isUniform() && !isa<VectorType>(inside.getType());
  Type element = outside.getType();
  Value x = uniform ? scalar(source) : broadcast(source, element);
  Value y = uniform ? outside : broadcast(LaneValue::scalar(outside), element);
  Value chosen = arith::SelectOp::create(b, loc, inside, x, y);
  return uniform ? LaneValue::scalar(chosen) : LaneValue::vector(chosen);
}

/// Only the part that holds the element is read.
LaneValue ValueEmitter::readConcat(tensor::ConcatOp concat, ArrayRef<LaneValue> indices) {
  int64_t dim = concat.getDim();
  Type element = cast<RankedTensorType>(concat.getType()).getElementType();
  if (!indices[dim].isUniform()) {
    concat.emitError("expected all lanes in one part of a concatenation");
    return {};
  }
  Value position = scalar(indices[dim]);
  LinearIndex start(0);
  std::function<Value(OperandRange)> choose = [&](OperandRange parts) -> Value {
    Memo saved = memo;
    SmallVector<LaneValue> at(indices);
    at[dim] = addIndices(indices[dim], LaneValue(index.scale(start, -1)));
    if (parts.size() == 1) {
      LaneValue value = read(parts.front(), at);
      memo = std::move(saved);
      return value ? broadcast(value, element) : Value();
    }
    start = index.add(start, extent(parts.front(), dim));
    Value inside = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, position, index.value(start));
    auto test = scf::IfOp::create(b, loc, TypeRange{vectorOf(element)}, inside, /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(&test.getThenRegion().front());
    LaneValue first = read(parts.front(), at);
    if (!first)
      return {};
    scf::YieldOp::create(b, loc, broadcast(first, element));
    memo = saved;
    b.setInsertionPointToStart(&test.getElseRegion().front());
    Value rest = choose(parts.drop_front());
    if (!rest)
      return {};
    scf::YieldOp::create(b, loc, rest);
    memo = std::move(saved);
    return test.getResult(0);
  };
  Value chosen = choose(concat.getInputs());
  if (!chosen)
    return {};
  return lanes.count > 1 ? LaneValue::vector(chosen) : LaneValue::scalar(chosen);
}

LaneValue ValueEmitter::readReshaped(Value source, ArrayRef<ReassociationIndices> groups, bool collapse, Value tensor,
                                     ArrayRef<LaneValue> indices) {
  SmallVector<LaneValue> at;
  if (!collapse) { // each index of the source is the linear position in its group
    for (const ReassociationIndices &group : groups) {
      LaneValue i = LinearIndex(0);
      for (int64_t d : group)
        i = addIndices(scaleIndex(i, extent(tensor, d)), indices[d]);
      at.push_back(i);
    }
    return read(source, at);
  }
  at.resize(cast<RankedTensorType>(source.getType()).getRank(), LaneValue(LinearIndex(0)));
  for (auto [position, group] : llvm::enumerate(groups)) {
    SmallVector<int64_t> wide; // extents of 1 keep index 0
    for (int64_t d : group)
      if (extent(source, d).asConstant() != 1)
        wide.push_back(d);
    LaneValue rest = indices[position];
    for (int64_t d : llvm::reverse(wide)) {
      if (d == wide.front()) {
        at[d] = rest;
        break;
      }
      auto size = extent(source, d);
      bool uniform = rest.isUniform();
      if (uniform && size.asConstant()) {
        LinearIndex whole = rest.kind == LaneValue::Linear ? rest.linear : index.atom(rest.value);
        at[d] = index.mod(whole, *size.asConstant());
        rest = index.floorDiv(whole, *size.asConstant());
        continue;
      }
      Value x = uniform ? scalar(rest) : toVector(rest), by = uniform ? index.value(size) : toVector(size);
      Value quotient = arith::DivUIOp::create(b, loc, x, by), remainder = arith::RemUIOp::create(b, loc, x, by);
      at[d] = uniform ? LaneValue(index.atom(remainder)) : LaneValue::vector(remainder);
      rest = uniform ? LaneValue(index.atom(quotient)) : LaneValue::vector(quotient);
    }
  }
  return read(source, at);
}

//===----------------------------------------------------------------------===//
// Bodies
//===----------------------------------------------------------------------===//

FailureOr<SmallVector<LaneValue>> ValueEmitter::evaluate(linalg::LinalgOp op, ArrayRef<LaneValue> ivs, ArrayRef<LaneValue> acc) {
  llvm::DenseMap<Value, LaneValue> known;
  Block *body = op.getBlock();
  for (auto [i, value] : llvm::enumerate(acc))
    known[body->getArgument(op.getNumDpsInputs() + i)] = value;
  SmallVector<LaneValue> results;
  for (Value yielded : body->getTerminator()->getOperands()) {
    LaneValue value = evaluateValue(yielded, op, ivs, known);
    if (!value)
      return failure();
    results.push_back(value);
  }
  return results;
}

LaneValue ValueEmitter::evaluateValue(Value v, linalg::LinalgOp op, ArrayRef<LaneValue> ivs, llvm::DenseMap<Value, LaneValue> &known) {
  if (auto it = known.find(v); it != known.end())
    return it->second;
  LaneValue result;
  if (auto arg = dyn_cast<BlockArgument>(v); arg && arg.getOwner() == op.getBlock()) {
    OpOperand &operand = op->getOpOperand(arg.getArgNumber());
    if (!isa<ShapedType>(operand.get().getType())) {
      result = evaluateValue(operand.get(), op, ivs, known);
    } else {
      FailureOr<SmallVector<LaneValue>> at = apply(op.getMatchingIndexingMap(&operand), ivs);
      if (failed(at))
        return {};
      result = read(operand.get(), *at);
    }
  } else if (Operation *def = v.getDefiningOp(); def && def->getBlock() == op.getBlock()) {
    result = evaluateOp(def, op, ivs, known);
  } else {
    result = hostScalar(v);
  }
  known[v] = result;
  return result;
}

LaneValue ValueEmitter::hostScalar(Value v) {
  Attribute constant;
  if (v.getType().isIndex()) {
    FailureOr<LinearIndex> i = hostIndex(v);
    return failed(i) ? LaneValue() : LaneValue(*i);
  }
  if (matchPattern(v, m_Constant(&constant)))
    return LaneValue::scalar(arith::ConstantOp::create(b, loc, cast<TypedAttr>(constant)));
  Operation *def = v.getDefiningOp();
  bool isExtract = isa_and_nonnull<tensor::ExtractOp>(def);
  if (!isExtract && !(def && isa<arith::ArithDialect, math::MathDialect>(def->getDialect()))) {
    emitError(v.getLoc(), "expected a value that a kernel's body can use");
    return {};
  }
  SmallVector<LaneValue> operands;
  for (Value operand : def->getOperands().drop_front(isExtract)) {
    operands.push_back(hostScalar(operand));
    if (!operands.back())
      return {};
  }
  return isExtract ? read(def->getOperand(0), operands) : elementwise(def, operands);
}

/// mulf + addf of one use  -->  fma
LaneValue ValueEmitter::fusedMultiplyAdd(Operation *add, linalg::LinalgOp op, ArrayRef<LaneValue> ivs,
                                         llvm::DenseMap<Value, LaneValue> &known) {
  Type element = add->getResult(0).getType();
  if (!element.isF32() && !element.isF64())
    return {};
  for (unsigned i : {0u, 1u}) {
    auto product = add->getOperand(i).getDefiningOp<arith::MulFOp>();
    if (!product || !product->hasOneUse() || product->getBlock() != op.getBlock() || known.count(product))
      continue;
    LaneValue x = evaluateValue(product.getLhs(), op, ivs, known), y = evaluateValue(product.getRhs(), op, ivs, known);
    LaneValue z = evaluateValue(add->getOperand(1 - i), op, ivs, known);
    if (!x || !y || !z)
      return {};
    if (x.isUniform() && y.isUniform() && z.isUniform())
      return LaneValue::scalar(math::FmaOp::create(b, loc, scalar(x), scalar(y), scalar(z)));
    return LaneValue::vector(vector::FMAOp::create(b, loc, broadcast(x, element), broadcast(y, element), broadcast(z, element)));
  }
  return {};
}

LaneValue ValueEmitter::evaluateOp(Operation *def, linalg::LinalgOp op, ArrayRef<LaneValue> ivs, llvm::DenseMap<Value, LaneValue> &known) {
  if (auto loop = dyn_cast<linalg::IndexOp>(def))
    return ivs[loop.getDim()];
  if (isa<arith::AddFOp>(def))
    if (LaneValue fused = fusedMultiplyAdd(def, op, ivs, known))
      return fused;
  if (auto dim = dyn_cast<tensor::DimOp>(def)) {
    FailureOr<LinearIndex> i = hostIndex(dim);
    return failed(i) ? LaneValue() : LaneValue(*i);
  }
  if (isa<arith::ConstantOp>(def)) {
    Attribute constant = cast<arith::ConstantOp>(def).getValue();
    if (def->getResult(0).getType().isIndex())
      return LinearIndex(cast<IntegerAttr>(constant).getInt());
    return LaneValue::scalar(b.clone(*def)->getResult(0));
  }
  if (auto extract = dyn_cast<tensor::ExtractOp>(def)) {
    SmallVector<LaneValue> at;
    for (Value i : extract.getIndices()) {
      at.push_back(evaluateValue(i, op, ivs, known));
      if (!at.back())
        return {};
    }
    return read(extract.getTensor(), at);
  }
  SmallVector<LaneValue> operands;
  for (Value operand : def->getOperands()) {
    operands.push_back(evaluateValue(operand, op, ivs, known));
    if (!operands.back())
      return {};
  }
  auto linear = [](const LaneValue &v) { return v.kind == LaneValue::Linear; };
  if (isa<arith::AddIOp>(def) && def->getResult(0).getType().isIndex() && llvm::any_of(operands, linear))
    return addIndices(operands[0], operands[1]);
  if (isa<arith::SubIOp>(def) && linear(operands[1]) && def->getResult(0).getType().isIndex())
    return addIndices(operands[0], index.scale(operands[1].linear, -1));
  if (isa<arith::MulIOp>(def) && def->getResult(0).getType().isIndex())
    for (unsigned i : {0u, 1u})
      if (linear(operands[i]) && operands[i].linear.isUniform())
        return scaleIndex(operands[1 - i], operands[i].linear);
  if (auto apply = dyn_cast<affine::AffineApplyOp>(def)) {
    AffineExpr expr = apply.getAffineMap().getResult(0);
    unsigned dims = apply.getAffineMap().getNumDims();
    for (unsigned s = 0; s < apply.getAffineMap().getNumSymbols(); ++s)
      expr = expr.replace(b.getAffineSymbolExpr(s), b.getAffineDimExpr(dims + s));
    for (LaneValue &v : operands)
      if (v.kind == LaneValue::Scalar)
        v = index.atom(v.value);
    FailureOr<LaneValue> value = this->apply(expr, operands);
    return failed(value) ? LaneValue() : *value;
  }
  return elementwise(def, operands);
}

LaneValue ValueEmitter::elementwise(Operation *def, ArrayRef<LaneValue> operands) {
  if (!OpTrait::hasElementwiseMappableTraits(def) || def->getNumResults() != 1) {
    def->emitError("expected an elementwise operation in a kernel's body");
    return {};
  }
  bool uniform = lanes.count == 1 || llvm::all_of(operands, [](const LaneValue &v) { return v.isUniform(); });
  SmallVector<Value> values;
  for (auto [value, operand] : llvm::zip_equal(operands, def->getOperands()))
    values.push_back(uniform ? scalar(value) : broadcast(value, operand.getType()));
  Type type = def->getResult(0).getType();
  OperationState state(loc, def->getName(), values, {uniform ? type : VectorType::get({lanes.count}, type)}, llvm::to_vector(def->getAttrs()));
  Value result = b.create(state)->getResult(0);
  if (!uniform)
    return LaneValue::vector(result);
  return type.isIndex() ? LaneValue(index.atom(result)) : LaneValue::scalar(result);
}

} // namespace mlir::aic
