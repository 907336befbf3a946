// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Reduction.cpp - Reductions and positions of extremes ---------------===//
#include "Reduction.h"
#include "Contraction.h"
#include "Lowering.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"

namespace mlir::aic::lowering {

AxisSplit::AxisSplit(Lowering &l, Location loc, Value value, ArrayRef<int64_t> axes) {
  rank = cast<RankedTensorType>(value.getType()).getRank();
  reduced.resize(rank);
  for (int64_t axis : axes)
    reduced.set(axis);
  SmallVector<int64_t> keptDims;
  OpFoldResult product = l.num(1);
  for (int64_t i = 0; i < rank; ++i) {
    OpFoldResult extent = l.dim(loc, value, i);
    iterators.push_back(reduced[i] ? kReduction : kParallel);
    if (reduced[i]) {
      product = l.mul(loc, product, extent);
      continue;
    }
    keptDims.push_back(i);
    kept.push_back(extent);
  }
  count = product;
  full = l.identity(rank);
  outer = l.map(rank, keptDims);
}

Value reduceInto(Lowering &l, Location loc, const AxisSplit &split, ValueRange ins, ArrayRef<AffineMap> inMaps,
                 TypedAttr init, ScalarBody body) {
  SmallVector<AffineMap> maps(inMaps);
  maps.push_back(split.outer);
  return l.generic(loc, ins, l.filled(loc, split.kept, init), maps, split.iterators, body);
}

Value countScalar(OpBuilder &b, Location loc, OpFoldResult count, Type type) {
  if (std::optional<int64_t> number = getConstantIntValue(count))
    return scalarConstant(b, loc, type, static_cast<double>(*number));
  Value wide = arith::IndexCastOp::create(b, loc, b.getI64Type(), cast<Value>(count));
  return castScalar(b, loc, wide, false, type, false);
}

static LogicalResult convertReduce(Lowering &l, ReduceOp op) {
  Location loc = op.getLoc();
  Value old = op.getInput(), input = l.get(old);
  bool isUnsigned = l.isUnsigned(old);
  Type element = l.type(old).getElementType(), accumulator = computeType(element);
  ReduceKind kind = op.getKind();
  AxisSplit split(l, loc, input, op.getAxes());
  Value result;
  bool onlyUnits = llvm::all_of(op.getAxes(), [&](int64_t i) { return constantDim(l.dims(old)[i]) == 1; });
  if (onlyUnits) {
    if (op.getKeepDims()) {
      l.set(op.getResult(), input);
      return success();
    }
    l.set(op.getResult(), l.dropUnits(loc, input, split.reduced));
    return success();
  }
  bool extreme = kind == ReduceKind::max || kind == ReduceKind::min;
  if (extreme)
    accumulator = element;
  TypedAttr init = zeroAttr(l.b, accumulator);
  if (kind == ReduceKind::prod)
    init = l.b.getOneAttr(accumulator);
  if (extreme)
    init = extremeAttr(l.b, element, isUnsigned, kind == ReduceKind::max);
  result = reduceInto(l, loc, split, input, split.full, init, [&](OpBuilder &b, Location loc, ValueRange args) {
    Value x = toFloat(b, loc, args[0], accumulator), y = args[1];
    switch (kind) {
    case ReduceKind::max:
      return maxScalar(b, loc, y, x, isUnsigned);
    case ReduceKind::min:
      return minScalar(b, loc, y, x, isUnsigned);
    case ReduceKind::prod:
      return mulScalar(b, loc, y, x);
    default:
      return addScalar(b, loc, y, x);
    }
  });
  if (kind == ReduceKind::mean)
    result = l.pointwise(loc, result, l.identity(split.kept.size()), split.kept, element,
                         [&](OpBuilder &b, Location loc, ValueRange args) {
                           Value count = countScalar(b, loc, split.count, accumulator);
                           return toFloat(b, loc, divScalar(b, loc, args[0], count, isUnsigned), element);
                         });
  else
    result = narrow(l, loc, result, element);
  if (op.getKeepDims())
    result = l.addUnits(loc, result, split.reduced);
  l.set(op.getResult(), result);
  return success();
}

/// A reduction with two results: the best element and where it was.
static LogicalResult convertArgReduce(Lowering &l, ArgReduceOp op) {
  Location loc = op.getLoc();
  Value old = op.getInput(), input = l.get(old);
  bool isUnsigned = l.isUnsigned(old);
  Type element = l.type(old).getElementType(), position = l.b.getI64Type();
  int64_t axis = op.getAxis();
  AxisSplit split(l, loc, input, axis);
  Value best = l.filled(loc, split.kept, extremeAttr(l.b, element, isUnsigned, op.getLargest()));
  Value where = l.filled(loc, split.kept, zeroAttr(l.b, position));
  SmallVector<Value> results =
      l.generic(loc, input, {best, where}, {split.full, split.outer, split.outer}, split.iterators,
                [&](OpBuilder &b, Location loc, ValueRange args) -> SmallVector<Value> {
                  using F = arith::CmpFPredicate;
                  using I = arith::CmpIPredicate;
                  Value better;
                  bool orEqual = op.getLastIndex();
                  if (isa<FloatType>(element)) {
                    F predicate = op.getLargest() ? (orEqual ? F::OGE : F::OGT) : (orEqual ? F::OLE : F::OLT);
                    better = arith::CmpFOp::create(b, loc, predicate, args[0], args[1]);
                  } else {
                    I predicate = op.getLargest() ? (orEqual ? I::sge : I::sgt) : (orEqual ? I::sle : I::slt);
                    if (isUnsigned)
                      predicate = op.getLargest() ? (orEqual ? I::uge : I::ugt) : (orEqual ? I::ule : I::ult);
                    better = arith::CmpIOp::create(b, loc, predicate, args[0], args[1]);
                  }
                  Value here = arith::IndexCastOp::create(b, loc, position, linalg::IndexOp::create(b, loc, axis));
                  return {arith::SelectOp::create(b, loc, better, args[0], args[1]),
                          arith::SelectOp::create(b, loc, better, here, args[2])};
                });
  Value result = results[1];
  if (op.getKeepDims())
    result = l.addUnits(loc, result, split.reduced);
  l.set(op.getResult(), result);
  return success();
}

void addReductions(Table &table) {
  table.add(convertReduce);
  table.add(convertArgReduce);
}

} // namespace mlir::aic::lowering
