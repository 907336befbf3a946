// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Reduction.cpp - Reductions, scans and selections -------------------===//
#include "Families.h"

namespace mlir::aic::onnx_import {
namespace {

/// The dimensions to reduce: numbers, or a mask of 0 and 1 per dimension that is known at run time only.
struct Axes {
  Ints known;
  Value mask;
  int64_t count = 0; ///< of ones in the mask

  bool isEmpty() const { return !mask && known.empty(); }
};

/// Reduces by a mask: a dimension with its reduction put in front of it is cut to the first place, or to all others.
Value reduceMasked(Node &n, ReduceKind kind, Value x, Value mask) {
  for (int64_t d = 0, rank = n.rank(x); d < rank && !n.failed(); ++d) {
    Value isReduced = n.slice(mask, 0, d, d + 1);
    Value both = n.concat({n.reduce(kind, x, {d}, true), x}, d);
    Value begin = n.sub(n.vector(1), isReduced);
    Value end = n.add(n.mul(begin, n.toVector(n.extent(x, d))), n.vector(1));
    x = n.slice(both, d, begin, end);
  }
  return x;
}

/// Leaves out the reduced dimensions, whose extent is 1.
Value dropReduced(Node &n, Value x, const Axes &axes) {
  if (n.failed())
    return {};
  if (!axes.mask)
    return axes.known.empty() ? x : n.squeeze(x, axes.known);
  int64_t rank = n.rank(x), kept = rank - axes.count;
  Type i64 = n.b.getI64Type();
  Value stays = n.sub(n.index(1), axes.mask);
  Value place = n.make<ScanOp>(i64, ReduceKind::sum, stays, uint64_t(0), true, false);
  place = n.select(n.compare(Predicate::eq, axes.mask, n.index(1)), n.index(kept), place);
  Value shape = n.make<ScatterElementsOp>(i64, ScatterKind::replace, n.vector(Ints(size_t(kept) + 1, 1)), place,
                                          n.shapeOf(x), uint64_t(0));
  return n.reshape(x, n.slice(shape, 0, 0, kept));
}

Value apply(Node &n, ReduceKind kind, Value x, const Axes &axes, bool keep) {
  if (!axes.mask)
    return n.reduce(kind, x, axes.known, keep);
  Value y = reduceMasked(n, kind, x, axes.mask);
  return keep ? y : dropReduced(n, y, axes);
}

/// How an operator becomes reductions: what is done before them, their kind, and what is done after them.
using Reducer = Value (*)(Node &, Value x, const Axes &axes, bool keep);

template <ReduceKind kind> Value plain(Node &n, Value x, const Axes &axes, bool keep) {
  return apply(n, kind, x, axes, keep);
}

Value l1(Node &n, Value x, const Axes &axes, bool keep) {
  return apply(n, ReduceKind::sum, n.unary<AbsOp>(x), axes, keep);
}

Value sumSquare(Node &n, Value x, const Axes &axes, bool keep) {
  return apply(n, ReduceKind::sum, n.mul(x, x), axes, keep);
}

/// Applies a function of real numbers; integers take a way round.
Value real(Node &n, Value x, function_ref<Value(Value)> function) {
  if (n.isFloat(x))
    return function(x);
  return n.cast(function(n.cast(x, n.b.getF64Type())), n.elem(x));
}

Value l2(Node &n, Value x, const Axes &axes, bool keep) {
  return real(n, sumSquare(n, x, axes, keep), [&](Value v) { return n.unary<SqrtOp>(v); });
}

Value logSum(Node &n, Value x, const Axes &axes, bool keep) {
  return real(n, apply(n, ReduceKind::sum, x, axes, keep), [&](Value v) { return n.unary<LogOp>(v); });
}

/// log(sum(exp(x - m))) + m with the maximum m, or 0 where m is infinite.
Value logSumExp(Node &n, Value x, const Axes &axes, bool keep) {
  return real(n, x, [&](Value v) {
    Value m = apply(n, ReduceKind::max, v, axes, true);
    m = n.select(n.make<IsInfOp>(n.b.getI1Type(), m, true, true), n.scalarLike(v, 0), m);
    Value sum = apply(n, ReduceKind::sum, n.exp(n.sub(v, m)), axes, true);
    Value result = n.add(n.unary<LogOp>(sum), m);
    return keep ? result : dropReduced(n, result, axes);
  });
}

/// A vector with 1 at the given axes, 0 elsewhere.
Value toMask(Node &n, Value axes, int64_t rank) {
  Type i64 = n.b.getI64Type();
  axes = n.cast(axes, i64);
  if (n.rank(axes) == 0)
    axes = n.unsqueeze(axes, {0});
  axes = n.select(n.compare(Predicate::lt, axes, n.index(0)), n.add(axes, n.index(rank)), axes);
  return n.make<ScatterElementsOp>(i64, ScatterKind::replace, n.vector(Ints(size_t(rank), 0)), axes,
                                   n.broadcast(n.index(1), n.shapeOf(axes)), uint64_t(0));
}

template <Reducer reducer, int64_t sinceInput> void reduce(Node &n) {
  Value x = n.in(0);
  int64_t rank = n.rank(x);
  bool keep = n.getBool("keepdims", true);
  bool isNoop = n.getBool("noop_with_empty_axes", false);
  std::optional<Ints> axes;
  if (n.opset < sinceInput) {
    axes = n.getInts("axes");
  } else if (n.has(1)) {
    Value operand = n.in(1);
    axes = n.ints(operand);
    if (!axes) {
      int64_t count = n.rank(operand) == 0 ? 1 : n.dim(operand, 0);
      if (ShapedType::isDynamic(count) || n.rank(operand) > 1 || count > rank)
        return n.unsupported("axes of unknown number");
      if (count > 0 && count < rank)
        return n.out(reducer(n, x, {{}, toMask(n, operand, rank), count}, keep));
      axes.emplace();
      for (int64_t d = 0; d < (count ? rank : 0); ++d)
        axes->push_back(d); // all of them, or none is given
    }
  }
  if (!axes)
    axes.emplace();
  for (int64_t &axis : *axes)
    axis = n.checkAxis(axis, rank, "axes");
  llvm::sort(*axes);
  if (std::adjacent_find(axes->begin(), axes->end()) != axes->end())
    return n.error("expected each of the axes once");
  if (axes->empty() && !isNoop)
    for (int64_t d = 0; d < rank; ++d)
      axes->push_back(d);
  n.out(reducer(n, x, {*axes, {}, 0}, keep));
}

template <bool isLargest> void argReduce(Node &n) {
  Value x = n.in();
  int64_t axis = n.getAxis("axis", 0, n.rank(x));
  bool keep = n.getBool("keepdims", true), isLast = n.getBool("select_last_index", false);
  n.out(n.make<ArgReduceOp>(n.b.getI64Type(), x, uint64_t(axis), isLargest, isLast, keep));
}

template <ReduceKind kind> void scan(Node &n) {
  Value x = n.in(0);
  bool isExclusive = n.getBool("exclusive", false), isReverse = n.getBool("reverse", false);
  auto along = [&](int64_t axis) { return n.make<ScanOp>(n.elem(x), kind, x, uint64_t(axis), isExclusive, isReverse); };
  std::optional<Ints> axes = n.rank(x) == 1 ? Ints{0} : n.ints(n.in(1));
  if (axes) {
    if (axes->size() != 1)
      return n.error("expected one axis, got " + Twine(axes->size()));
    int64_t axis = n.checkAxis((*axes)[0], n.rank(x));
    return n.out(along(axis));
  }
  // The axis is known at run time only: choose among all.
  int64_t rank = n.rank(x);
  n.expectRank(x, 1, 8, "operand 0");
  Value axis = n.cast(n.reshape(n.in(1), ArrayRef<int64_t>()), n.b.getI64Type());
  axis = n.select(n.compare(Predicate::lt, axis, n.index(0)), n.add(axis, n.index(rank)), axis);
  Value result;
  for (int64_t d = 0; d < rank && !n.failed(); ++d)
    result = d == 0 ? along(d) : n.select(n.compare(Predicate::eq, axis, n.index(d)), along(d), result);
  n.out(result);
}

void topKOperator(Node &n) {
  Value x = n.in(0), k;
  int64_t axis = n.getAxis("axis", -1, n.rank(x));
  bool isLargest = n.getBool("largest", true);
  n.ignore("sorted"); // any order is allowed without it
  if (n.opset < 10) {
    k = n.vector(n.requireInt("k"));
  } else {
    if (n.numInputs() < 2)
      return n.error("expected operand 'K'");
    k = n.cast(n.in(1), n.b.getI64Type());
  }
  auto [values, indices] = onnx_import::topK(n, x, k, axis, isLargest);
  n.out(0, values);
  n.out(1, indices);
}

} // namespace

std::pair<Value, Value> topK(Node &n, Value x, Value k, int64_t axis, bool isLargest) {
  if (n.failed())
    return {};
  auto any = RankedTensorType::get({}, n.elem(x));
  auto op =
      TopKOp::create(n.b, n.loc, any, RankedTensorType::get({}, n.b.getI64Type()), x, k, uint64_t(axis), isLargest);
  if (!n.finish(op, op.verifyInvariantsImpl()))
    return {};
  return {op.getValues(), op.getIndices()};
}

std::pair<Value, Value> sortAscending(Node &n, Value vector) {
  return topK(n, vector, n.toVector(n.extent(vector, 0)), 0, /*isLargest=*/false);
}

void addReduction(HandlerTable &table) {
  table.add("ArgMax", 1, 1, argReduce<true>);
  table.add("ArgMin", 1, 1, argReduce<false>);
  table.add("CumProd", 2, 2, scan<ReduceKind::prod>, 26);
  table.add("CumSum", 2, 2, scan<ReduceKind::sum>, 11);
  table.add("ReduceL1", 1, 2, reduce<l1, 18>);
  table.add("ReduceL2", 1, 2, reduce<l2, 18>);
  table.add("ReduceLogSum", 1, 2, reduce<logSum, 18>);
  table.add("ReduceLogSumExp", 1, 2, reduce<logSumExp, 18>);
  table.add("ReduceMax", 1, 2, reduce<plain<ReduceKind::max>, 18>);
  table.add("ReduceMean", 1, 2, reduce<plain<ReduceKind::mean>, 18>);
  table.add("ReduceMin", 1, 2, reduce<plain<ReduceKind::min>, 18>);
  table.add("ReduceProd", 1, 2, reduce<plain<ReduceKind::prod>, 18>);
  table.add("ReduceSum", 1, 2, reduce<plain<ReduceKind::sum>, 13>);
  table.add("ReduceSumSquare", 1, 2, reduce<sumSquare, 18>);
  table.add("TopK", 1, 2, topKOperator);
}

} // namespace mlir::aic::onnx_import
