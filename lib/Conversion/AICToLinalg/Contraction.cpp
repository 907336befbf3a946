// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Contraction.cpp - Matrix products and Einstein sums ----------------===//
//
// fill 0, then one generic of multiplications and additions. Small floats are
// accumulated in f32 and truncated at the end.
//
//===----------------------------------------------------------------------===//
#include "Contraction.h"
#include "Lowering.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

namespace mlir::aic::lowering {

Value contract(Lowering &l, Location loc, ValueRange ins, ArrayRef<AffineMap> maps,
               ArrayRef<utils::IteratorType> iterators, ArrayRef<OpFoldResult> outExtents, Type element) {
  Type accumulator = computeType(element);
  Value out = l.filled(loc, outExtents, zeroAttr(l.b, accumulator));
  return l.generic(loc, ins, out, maps, iterators, [&](OpBuilder &b, Location loc, ValueRange args) {
    Value product = castScalar(b, loc, args[0], false, accumulator, false);
    for (Value arg : args.drop_front().drop_back())
      product = mulScalar(b, loc, product, castScalar(b, loc, arg, false, accumulator, false));
    return addScalar(b, loc, args.back(), product);
  });
}

Value narrow(Lowering &l, Location loc, Value value, Type element) {
  auto type = cast<RankedTensorType>(value.getType());
  if (type.getElementType() == element)
    return value;
  return l.pointwise(loc, value, l.identity(type.getRank()), l.shape(loc, value), element,
                     [&](OpBuilder &b, Location loc, ValueRange args) { return toFloat(b, loc, args[0], element); });
}

//===-- Matmul ------------------------------------------------------------===//

/// (b..., m, n, k): lhs[b..., m, k] * rhs[b..., k, n]. A batch dim that one side has with extent 1, or not at all, is
/// not in its map. A vector is a matrix with one row (column).
static LogicalResult convertMatmul(Lowering &l, MatmulOp op) {
  Location loc = op.getLoc();
  Value lhs = l.get(op.getLhs()), rhs = l.get(op.getRhs());
  Dims x = l.dims(op.getLhs()), y = l.dims(op.getRhs()), out = l.dims(op.getResult());
  bool row = x.size() == 1, column = y.size() == 1;
  AffineExpr one = l.scope.constant(1);
  llvm::BitVector rowUnits(2), columnUnits(2);
  rowUnits.set(0);
  columnUnits.set(1);
  if (row) {
    lhs = l.addUnits(loc, lhs, rowUnits);
    x.insert(x.begin(), one);
  }
  if (column) {
    rhs = l.addUnits(loc, rhs, columnUnits);
    y.push_back(one);
  }

  Extents outExtents = l.resultExtents(loc, op.getResult(), [&](int64_t i) -> OpFoldResult {
    // A batch extent that is only known at run time: the one that is not 1.
    int64_t batch = static_cast<int64_t>(out.size()) - (row ? 0 : 1) - (column ? 0 : 1);
    auto own = [&](Value old, ArrayRef<AffineExpr> dims) -> OpFoldResult {
      int64_t d = i - (batch - (static_cast<int64_t>(dims.size()) - 2));
      return d < 0 ? l.num(1) : l.extent(loc, old, d);
    };
    if (i >= batch)
      return i == batch && !row ? l.extent(loc, op.getLhs(), x.size() - 2) : l.extent(loc, op.getRhs(), y.size() - 1);
    return l.broadcastExtent(loc, own(op.getLhs(), x), own(op.getRhs(), y));
  });
  // As a product of matrices.
  if (row) {
    out.insert(out.end() - (column ? 0 : 1), one);
    outExtents.insert(outExtents.end() - (column ? 0 : 1), l.num(1));
  }
  if (column) {
    out.push_back(one);
    outExtents.push_back(l.num(1));
  }

  int64_t batch = static_cast<int64_t>(out.size()) - 2, m = batch, n = batch + 1, k = batch + 2, rank = batch + 3;
  /// The view of one side and the map of its batch dims.
  auto side = [&](Value &value, Dims dims, ArrayRef<int64_t> matrix) {
    int64_t lead = batch + 2 - static_cast<int64_t>(dims.size());
    // Where it is not known which extents are 1, the operand is broadcast before.
    Dims target = dims;
    Extents extents = l.shape(loc, value);
    bool guarded = false;
    for (int64_t i = 0; i + 2 < static_cast<int64_t>(dims.size()); ++i)
      if (constantDim(dims[i]) != 1 && dims[i] != out[lead + i]) {
        guarded = true;
        target[i] = out[lead + i];
        extents[i] = outExtents[lead + i];
      }
    if (guarded) {
      value = l.broadcastTo(loc, value, dims, target, extents);
      dims = target;
    }
    llvm::BitVector units(dims.size());
    SmallVector<AffineExpr> exprs;
    for (int64_t i = 0; i + 2 < static_cast<int64_t>(dims.size()); ++i) {
      if (dims[i] != out[lead + i])
        units.set(i);
      else
        exprs.push_back(l.d(lead + i));
    }
    for (int64_t d : matrix)
      exprs.push_back(l.d(d));
    value = l.dropUnits(loc, value, units);
    return l.map(rank, exprs);
  };
  AffineMap lhsMap = side(lhs, x, {m, k}), rhsMap = side(rhs, y, {k, n});
  AffineMap outMap = AffineMap::getMultiDimIdentityMap(rank, l.b.getContext()).dropResult(k);
  SmallVector<utils::IteratorType> iterators(rank, kParallel);
  iterators[k] = kReduction;
  Type element = l.type(op.getResult()).getElementType();
  Value result = contract(l, loc, {lhs, rhs}, {lhsMap, rhsMap, outMap}, iterators, outExtents, element);
  result = narrow(l, loc, result, element);
  if (row || column) {
    llvm::BitVector units(out.size());
    if (row)
      units.set(batch);
    if (column)
      units.set(batch + 1);
    result = l.dropUnits(loc, result, units);
  }
  l.set(op.getResult(), result);
  return success();
}

//===-- Einsum ------------------------------------------------------------===//

/// One generic: a dim per letter, those of the result first.
static LogicalResult convertEinsum(Lowering &l, EinsumOp op) {
  Location loc = op.getLoc();
  auto [left, right] = op.getEquation().split("->");
  SmallVector<StringRef> terms;
  left.split(terms, ',');
  std::string letters = right.str();
  for (StringRef term : terms)
    for (char c : term)
      if (letters.find(c) == std::string::npos)
        letters.push_back(c);
  int64_t rank = letters.size();
  auto loopOf = [&](char c) { return static_cast<int64_t>(letters.find(c)); };
  // numpy: the extent of a letter that is not 1.
  auto extentOf = [&](char c) {
    OpFoldResult extent = l.num(1);
    for (auto [input, term] : llvm::zip_equal(op.getInputs(), terms)) {
      size_t at = term.find(c);
      if (at == StringRef::npos || constantDim(l.dims(input)[at]) == 1)
        continue;
      OpFoldResult own = l.extent(loc, input, at);
      extent = l.broadcastExtent(loc, extent, own);
    }
    return extent;
  };
  int64_t parallel = right.size();
  Extents extents = l.resultExtents(loc, op.getResult(), [&](int64_t i) { return extentOf(right[i]); });
  Dims loops = l.dims(op.getResult());
  for (char c : StringRef(letters).drop_front(parallel)) {
    AffineExpr known;
    for (auto [input, term] : llvm::zip_equal(op.getInputs(), terms))
      if (size_t at = term.find(c); at != StringRef::npos)
        known = known ? l.scope.broadcast(known, l.dims(input)[at]) : l.dims(input)[at];
    loops.push_back(known);
  }

  SmallVector<Value> ins;
  SmallVector<AffineMap> maps;
  for (auto [input, term] : llvm::zip_equal(op.getInputs(), terms)) {
    Dims own = l.dims(input), target = own;
    Value value = l.get(input);
    Extents ownExtents = l.shape(loc, value);
    llvm::BitVector units(own.size());
    SmallVector<AffineExpr> exprs;
    for (auto [i, c] : llvm::enumerate(term)) {
      AffineExpr loop = loops[loopOf(c)];
      if (constantDim(own[i]) == 1 && loop != own[i]) {
        units.set(i);
        continue;
      }
      exprs.push_back(l.d(loopOf(c)));
      // Where it is not known which extents are 1, the operand is broadcast before. A diagonal's are equal.
      if (own[term.find(c)] == loop || (constantDim(own[i]) && own[i] == loop))
        continue;
      target[i] = loop;
      ownExtents[i] = loopOf(c) < parallel ? extents[loopOf(c)] : extentOf(c);
    }
    value = l.broadcastTo(loc, value, own, target, ownExtents);
    ins.push_back(l.dropUnits(loc, value, units));
    maps.push_back(l.map(rank, exprs));
  }
  maps.push_back(l.map(rank, llvm::to_vector(llvm::seq<int64_t>(0, parallel))));
  SmallVector<utils::IteratorType> iterators(parallel, kParallel);
  iterators.append(rank - parallel, kReduction);
  Type element = l.type(op.getResult()).getElementType();
  Value result = contract(l, loc, ins, maps, iterators, extents, element);
  l.set(op.getResult(), narrow(l, loc, result, element));
  return success();
}

void addContractions(Table &table) {
  table.add(convertMatmul);
  table.add(convertEinsum);
}

} // namespace mlir::aic::lowering
