// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Selection.cpp - Boxes that stay, elements that differ ---------------===//
//
// The number of results is known at run time only: a mask says what stays,
// aic.non_zero where that is. What has to be decided one after the other is a
// loop whose step works on all batches and classes at once.
//
//===----------------------------------------------------------------------===//
#include "Families.h"

namespace mlir::aic::onnx_import {
namespace {

//===-- Non-maximum suppression ---------------------------------------------===//

/// Boxes as the coordinates of their corners and their area, each [batch, class, box].
struct Boxes {
  Value low[2], high[2], area;
};

/// What of the areas of two boxes is common to both.
Value overlap(Node &n, const Boxes &x, const Boxes &y) {
  Value product;
  for (int d = 0; d < 2; ++d) {
    Value length = n.sub(n.minimum(x.high[d], y.high[d]), n.maximum(x.low[d], y.low[d]));
    length = n.maximum(length, n.scalarLike(length, 0));
    product = product ? n.mul(product, length) : length;
  }
  return product;
}

/// The boxes [batch, box, 4] in the order of `positions` [batch, class, box].
Boxes sortBoxes(Node &n, Value boxes, Value positions, bool isCentred) {
  Boxes sorted;
  auto coordinate = [&](int64_t i) {
    Value one = n.unsqueeze(n.gather(boxes, n.index(i), 2), {1});
    one = n.broadcast(one, n.shapeOf(positions));
    return n.make<GatherElementsOp>(n.elem(boxes), one, positions, uint64_t(2));
  };
  Value a[2] = {coordinate(0), coordinate(1)}, b[2] = {coordinate(2), coordinate(3)};
  for (int d = 0; d < 2; ++d) {
    Value half = isCentred ? n.div(b[d], 2) : Value();
    sorted.low[d] = isCentred ? n.sub(a[d], half) : n.minimum(a[d], b[d]);
    sorted.high[d] = isCentred ? n.add(a[d], half) : n.maximum(a[d], b[d]);
  }
  sorted.area = overlap(n, sorted, sorted);
  return sorted;
}

/// Box after box in the order of scores: one that is still there stays, and those behind that overlap it too much go.
void nonMaxSuppression(Node &n) {
  Value boxes = n.in(0), scores = n.in(1);
  n.expectRank(boxes, 3, 3, "operand 0");
  n.expectRank(scores, 3, 3, "operand 1");
  bool isCentred = n.getBool("center_point_box", false);
  if (n.failed())
    return;
  auto number = [&](unsigned i, Value otherwise) {
    Value v = n.optional(i);
    return !v ? otherwise : n.cast(n.rank(v) == 0 ? v : n.reshape(v, ArrayRef<int64_t>()), n.elem(otherwise));
  };
  Value limit = number(2, n.index(0)), iouLimit = number(3, n.scalarLike(boxes, 0));
  Value scoreLimit = n.has(4) ? number(4, n.scalarLike(scores, 0)) : Value();
  Extent count = n.extent(scores, 2);
  auto [values, positions] = topK(n, scores, n.toVector(count), 2, /*isLargest=*/true);
  Boxes all = sortBoxes(n, boxes, positions, isCentred);
  Value shape = n.shapeOf(positions), last = n.toScalar(count), no = n.scalar(n.b.getI1Type(), 0);
  Value eligible =
      scoreLimit ? n.compare(Predicate::gt, values, scoreLimit) : n.broadcast(n.scalar(n.b.getI1Type(), 1), shape);
  Value none = n.broadcast(n.index(0), n.slice(shape, 0, 0, 2));
  auto goesOn = [&](ArrayRef<Value> state) { return n.compare(Predicate::lt, state[0], last); };
  auto step = [&](ArrayRef<Value> state) -> SmallVector<Value> {
    Value i = state[0], left = state[1], kept = state[2], found = state[3];
    auto here = [&](Value v) { return n.unsqueeze(n.gather(v, i, 2), {2}); };
    Boxes box{{here(all.low[0]), here(all.low[1])}, {here(all.high[0]), here(all.high[1])}, here(all.area)};
    Value stays = n.binary<AndOp>(n.gather(left, i, 2), n.compare(Predicate::lt, found, limit));
    Value column = n.unsqueeze(stays, {2});
    Value isHere = n.compare(Predicate::eq, n.iota(last), i);
    Value common = overlap(n, all, box), together = n.sub(n.add(all.area, box.area), common);
    Value goes = n.compare(Predicate::gt, n.div(common, together), iouLimit);
    goes = n.binary<AndOp>(goes, column);
    return {n.add(i, n.index(1)), n.binary<AndOp>(left, n.unary<NotOp>(goes)),
            n.binary<OrOp>(kept, n.binary<AndOp>(column, isHere)), n.add(found, n.cast(stays, n.b.getI64Type()))};
  };
  SmallVector<Value> end = whileLoop(n, {n.index(0), eligible, n.broadcast(no, shape), none}, goesOn, step);
  // Batch, class and place in the order of scores, which becomes the box.
  Value rows = n.transpose(n.make<NonZeroOp>(n.b.getI64Type(), end[2]), {1, 0});
  Value box = n.make<GatherNDOp>(n.b.getI64Type(), positions, rows, uint64_t(0));
  n.out(n.concat({n.slice(rows, 1, 0, 2), n.unsqueeze(box, {1})}, 1));
}

//===-- Unique --------------------------------------------------------------===//

/// The positions of the rows of a matrix in ascending order: sorted by the last column first, which keeps the order of
/// equal ones.
Value sortRows(Node &n, Value rows) {
  Value start = n.iota(n.toScalar(n.extent(rows, 0)));
  Value column = n.sub(n.toScalar(n.extent(rows, 1)), n.index(1));
  auto goesOn = [&](ArrayRef<Value> state) { return n.compare(Predicate::ge, state[0], n.index(0)); };
  auto step = [&](ArrayRef<Value> state) -> SmallVector<Value> {
    Value keys = n.gather(n.gather(rows, state[0], 1), state[1], 0);
    return {n.sub(state[0], n.index(1)), n.gather(state[1], sortAscending(n, keys).second, 0)};
  };
  return whileLoop(n, {column, start}, goesOn, step)[1];
}

void unique(Node &n) {
  Value x = n.in(), keys;
  Type i64 = n.b.getI64Type(), element = n.elem(x);
  bool isSorted = n.getBool("sorted", true), isFlat = !n.hasAttribute("axis");
  int64_t axis = isFlat ? 0 : n.getAxis("axis", 0, n.rank(x));
  if (isFlat && n.rank(x) != 1)
    x = n.reshape(x, ArrayRef<int64_t>{-1});
  int64_t rank = n.rank(x);
  if (n.failed())
    return;
  // A row for each element or slice; truth values are compared as numbers.
  Value numbers = element.isInteger(1) ? n.cast(x, n.b.getIntegerType(8, false)) : x;
  Value order;
  if (rank == 1) {
    order = sortAscending(n, numbers).second;
    keys = n.unsqueeze(n.gather(numbers, order, 0), {1});
  } else {
    Ints permutation{axis};
    for (int64_t d = 0; d < rank; ++d)
      if (d != axis)
        permutation.push_back(d);
    Value moved = n.transpose(numbers, permutation);
    Value rows = n.reshape(moved, ArrayRef<Extent>{n.extent(moved, 0), n.extents(moved, 1, rank)});
    order = sortRows(n, rows);
    keys = n.gather(rows, order, 0);
  }
  // A group starts where a row differs from the one before.
  Extent count = n.extent(keys, 0);
  Value all = n.toVector(count), one = n.vector(1);
  Value differs = n.compare(Predicate::ne, n.slice(keys, 0, one, all), n.slice(keys, 0, n.vector(0), n.sub(all, one)));
  differs = n.reduce(ReduceKind::max, differs, {1}, false);
  Value truth = n.broadcast(n.scalar(n.b.getI1Type(), 1), one);
  Value isStart = n.slice(n.concat({truth, differs}, 0), 0, n.vector(0), all);
  Value group = n.make<ScanOp>(i64, ReduceKind::sum, n.cast(isStart, i64), uint64_t(0), false, false);
  group = n.sub(group, n.index(1));
  Value starts = n.reshape(n.make<NonZeroOp>(i64, isStart), ArrayRef<int64_t>{-1});
  Value first = n.gather(order, starts, 0);
  auto scattered = [&](Value size, Value places, Value values) {
    return n.make<ScatterElementsOp>(i64, ScatterKind::replace, n.broadcast(n.index(0), size), places, values,
                                     uint64_t(0));
  };
  Value ends = n.concat({n.slice(starts, 0, one, n.vector(std::numeric_limits<int64_t>::max())), all}, 0);
  Value groups = n.toVector(n.extent(starts, 0));
  Value counts = n.sub(n.slice(ends, 0, n.vector(0), groups), starts), inverse = scattered(all, order, group);
  if (!isSorted) {
    // In the order of first appearance.
    auto [places, rank] = sortAscending(n, first);
    first = places;
    counts = n.gather(counts, rank, 0);
    inverse = n.gather(scattered(groups, rank, n.iota(n.toScalar(n.extent(rank, 0)))), inverse, 0);
  }
  n.out(0, n.gather(x, first, axis));
  n.out(1, first);
  n.out(2, inverse);
  n.out(3, counts);
}

} // namespace

void addSelection(HandlerTable &table) {
  table.add("NonMaxSuppression", 2, 5, nonMaxSuppression, 10);
  table.add("Unique", 1, 1, unique, 11);
}

} // namespace mlir::aic::onnx_import
