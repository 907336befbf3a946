// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Indexed.cpp - Gathers ----------------------------------------------===//
//
// A negative index counts from the end. An index known at compile time is
// checked here; any other is clamped, so that no address leaves the tensor.
//
//===----------------------------------------------------------------------===//
#include "Lowering.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace mlir::aic::lowering {

/// An index value from an element of an indices tensor.
static Value safeIndex(OpBuilder &b, Location loc, Value raw, Value extent) {
  Value i = arith::IndexCastOp::create(b, loc, b.getIndexType(), raw);
  Value zero = arith::ConstantIndexOp::create(b, loc, 0);
  Value negative = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, i, zero);
  i = arith::SelectOp::create(b, loc, negative, arith::AddIOp::create(b, loc, i, extent), i);
  return clampIndex(b, loc, i, extent);
}

/// Constant indices that a static extent does not hold are an error now.
static LogicalResult checkIndices(Lowering &l, Operation *op, Value indices, AffineExpr extent) {
  std::optional<int64_t> size = constantDim(extent);
  std::optional<Dims> elements = l.scope.elements(indices);
  if (!size || !elements)
    return success();
  for (AffineExpr element : *elements)
    if (std::optional<int64_t> i = constantDim(element); i && (*i < -*size || *i >= *size))
      return op->emitOpError("expected indices in [") << -*size << ", " << *size << "), got " << *i;
  return success();
}

/// Indices start, start + step, ... that are known: a slice.
static std::optional<std::pair<int64_t, int64_t>> progression(Lowering &l, Value indices, AffineExpr extent) {
  std::optional<Dims> elements = l.scope.elements(indices);
  if (!elements || elements->empty())
    return std::nullopt;
  std::optional<int64_t> size = constantDim(extent);
  SmallVector<int64_t> values;
  for (AffineExpr element : *elements) {
    std::optional<int64_t> i = constantDim(element);
    if (!i || (!size && *i < 0))
      return std::nullopt;
    values.push_back(*i < 0 ? *i + *size : *i);
  }
  int64_t step = values.size() > 1 ? values[1] - values[0] : 1;
  if (step <= 0)
    return std::nullopt;
  for (size_t i = 1; i < values.size(); ++i)
    if (values[i] - values[i - 1] != step)
      return std::nullopt;
  return std::make_pair(values[0], step);
}

static LogicalResult convertGather(Lowering &l, GatherOp op) {
  Location loc = op.getLoc();
  Value input = l.get(op.getInput()), indices = l.get(op.getIndices());
  Dims in = l.dims(op.getInput());
  int64_t axis = op.getAxis(), indexRank = l.dims(op.getIndices()).size();
  if (failed(checkIndices(l, op, op.getIndices(), in[axis])))
    return failure();
  Extents inExtents = l.extents(loc, op.getInput());
  // A dynamic extent may be too small for a constant index: then the general form clamps it.
  if (auto known = progression(l, op.getIndices(), in[axis]); known && indexRank <= 1 && constantDim(in[axis])) {
    Extents offsets(in.size(), l.num(0)), strides(in.size(), l.num(1)), sizes(inExtents);
    offsets[axis] = l.num(known->first);
    strides[axis] = l.num(known->second);
    sizes[axis] = indexRank == 0 ? l.num(1) : l.extent(loc, op.getIndices(), 0);
    Value slice = tensor::ExtractSliceOp::create(l.b, loc, input, offsets, sizes, strides);
    if (indexRank == 0) {
      llvm::BitVector units(in.size());
      units.set(axis);
      slice = l.dropUnits(loc, slice, units);
    }
    l.set(op.getResult(), slice);
    return success();
  }
  Extents extents(ArrayRef(inExtents).take_front(axis));
  extents.append(l.extents(loc, op.getIndices()));
  extents.append(inExtents.begin() + axis + 1, inExtents.end());
  SmallVector<int64_t> indexDims = llvm::to_vector(llvm::seq<int64_t>(axis, axis + indexRank));
  Value extent = l.index(loc, inExtents[axis]);
  l.set(op.getResult(),
        l.pointwise(loc, indices, l.map(extents.size(), indexDims), extents, l.type(op.getInput()).getElementType(),
                    [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
                      SmallVector<Value> at;
                      for (int64_t i = 0; i < static_cast<int64_t>(in.size()); ++i) {
                        if (i == axis)
                          at.push_back(safeIndex(b, loc, args[0], extent));
                        else
                          at.push_back(linalg::IndexOp::create(b, loc, i < axis ? i : i - 1 + indexRank));
                      }
                      return tensor::ExtractOp::create(b, loc, input, at);
                    }));
  return success();
}

static LogicalResult convertGatherElements(Lowering &l, GatherElementsOp op) {
  Location loc = op.getLoc();
  Value input = l.get(op.getInput());
  int64_t axis = op.getAxis(), rank = l.dims(op.getInput()).size();
  if (failed(checkIndices(l, op, op.getIndices(), l.dims(op.getInput())[axis])))
    return failure();
  Value extent = l.index(loc, l.extent(loc, op.getInput(), axis));
  l.set(op.getResult(),
        l.pointwise(loc, l.get(op.getIndices()), l.identity(rank), l.extents(loc, op.getIndices()),
                    l.type(op.getInput()).getElementType(), [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
                      SmallVector<Value> at;
                      for (int64_t i = 0; i < rank; ++i)
                        at.push_back(i == axis ? safeIndex(b, loc, args[0], extent)
                                               : linalg::IndexOp::create(b, loc, i).getResult());
                      return tensor::ExtractOp::create(b, loc, input, at);
                    }));
  return success();
}

static LogicalResult convertGatherND(Lowering &l, GatherNDOp op) {
  Location loc = op.getLoc();
  Value input = l.get(op.getInput()), indices = l.get(op.getIndices());
  Dims indexDims = l.dims(op.getIndices());
  int64_t batch = op.getBatchDims(), outer = static_cast<int64_t>(indexDims.size()) - 1;
  std::optional<int64_t> depth = constantDim(indexDims.back());
  if (!depth)
    return op.emitOpError("expected a static last extent of the indices, got ") << op.getIndices().getType();
  Extents in = l.extents(loc, op.getInput()), own = l.extents(loc, op.getIndices());
  Extents extents(ArrayRef(own).drop_back());
  extents.append(in.begin() + batch + *depth, in.end());
  SmallVector<Value> sizes;
  for (OpFoldResult e : in)
    sizes.push_back(l.index(loc, e));
  l.set(op.getResult(), l.pointwise(loc, {}, {}, extents, l.type(op.getInput()).getElementType(),
                                    [&](OpBuilder &b, Location loc, ValueRange) -> Value {
                                      SmallVector<Value> tuple, at;
                                      for (int64_t i = 0; i < outer; ++i)
                                        tuple.push_back(linalg::IndexOp::create(b, loc, i));
                                      at.append(tuple.begin(), tuple.begin() + batch);
                                      tuple.push_back(nullptr);
                                      for (int64_t i = 0; i < *depth; ++i) {
                                        tuple.back() = arith::ConstantIndexOp::create(b, loc, i);
                                        Value raw = tensor::ExtractOp::create(b, loc, indices, tuple);
                                        at.push_back(safeIndex(b, loc, raw, sizes[batch + i]));
                                      }
                                      for (int64_t i = outer; i < static_cast<int64_t>(extents.size()); ++i)
                                        at.push_back(linalg::IndexOp::create(b, loc, i));
                                      return tensor::ExtractOp::create(b, loc, input, at);
                                    }));
  return success();
}

void addIndexed(Table &table) {
  table.add(convertGather);
  table.add(convertGatherElements);
  table.add(convertGatherND);
}

} // namespace mlir::aic::lowering
