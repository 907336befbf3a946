// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Reduction.cpp - Reductions, scans and selections -------------------===//
#include "Families.h"

namespace mlir::aic::onnx_import {
namespace {

/// How an operator becomes reductions: before them, the kind, and after them.
using Reducer = Value (*)(Node &, Value x, ArrayRef<int64_t> axes, bool keep);

template <ReduceKind kind> Value plain(Node &n, Value x, ArrayRef<int64_t> axes, bool keep) {
  return n.reduce(kind, x, axes, keep);
}

Value l1(Node &n, Value x, ArrayRef<int64_t> axes, bool keep) {
  return n.reduce(ReduceKind::sum, n.unary<AbsOp>(x), axes, keep);
}

Value sumSquare(Node &n, Value x, ArrayRef<int64_t> axes, bool keep) {
  return n.reduce(ReduceKind::sum, n.mul(x, x), axes, keep);
}

/// Applies a function of real numbers; integers take a way round.
Value real(Node &n, Value x, function_ref<Value(Value)> function) {
  if (n.isFloat(x))
    return function(x);
  return n.cast(function(n.cast(x, n.b.getF64Type())), n.elem(x));
}

Value l2(Node &n, Value x, ArrayRef<int64_t> axes, bool keep) {
  return real(n, sumSquare(n, x, axes, keep), [&](Value v) { return n.unary<SqrtOp>(v); });
}

Value logSum(Node &n, Value x, ArrayRef<int64_t> axes, bool keep) {
  return real(n, n.reduce(ReduceKind::sum, x, axes, keep), [&](Value v) { return n.unary<LogOp>(v); });
}

/// log(sum(exp(x - m))) + m with the maximum m, or 0 where m is infinite.
Value logSumExp(Node &n, Value x, ArrayRef<int64_t> axes, bool keep) {
  return real(n, x, [&](Value v) {
    Value m = n.reduce(ReduceKind::max, v, axes, true);
    m = n.select(n.make<IsInfOp>(n.b.getI1Type(), m, true, true), n.scalarLike(v, 0), m);
    Value sum = n.reduce(ReduceKind::sum, n.exp(n.sub(v, m)), axes, true);
    Value result = n.add(n.unary<LogOp>(sum), m);
    return keep || axes.empty() ? result : n.squeeze(result, axes);
  });
}

/// Axes that are known at run time only: each dimension is reduced or not, and keeps one or all of its places.
void reduceByMask(Node &n, Reducer reducer, Value x, Value axes, bool keep) {
  int64_t rank = n.rank(x), count = n.rank(axes) == 1 ? n.dim(axes, 0) : ShapedType::kDynamic;
  if (ShapedType::isDynamic(count))
    return n.unsupported("axes of unknown number");
  // With the axes in front of the others (a gather of dimensions cannot say so) there would be a simple way; so the
  // importer takes only the case where they are all of them.
  if (count == rank || count == 0) {
    Ints all;
    for (int64_t d = 0; d < rank; ++d)
      all.push_back(d);
    if (count == 0 && n.getBool("noop_with_empty_axes", false))
      return n.out(reducer(n, x, {}, keep));
    return n.out(reducer(n, x, all, keep));
  }
  n.unsupported("axes that are not constant");
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
    axes = n.ints(n.in(1));
    if (!axes)
      return reduceByMask(n, reducer, x, n.in(1), keep);
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
  n.out(reducer(n, x, *axes, keep));
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
  Ints axes = n.rank(x) == 1 ? Ints{0} : n.requireInts(n.in(1), "axes");
  if (!n.failed() && axes.size() != 1)
    return n.error("expected one axis, got " + Twine(axes.size()));
  if (n.failed())
    return;
  int64_t axis = n.checkAxis(axes[0], n.rank(x));
  n.out(n.make<ScanOp>(n.elem(x), kind, x, uint64_t(axis), isExclusive, isReverse));
}

void topK(Node &n) {
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
  if (n.failed())
    return;
  auto any = RankedTensorType::get({}, n.elem(x));
  auto op = TopKOp::create(n.b, n.loc, any, RankedTensorType::get({}, n.b.getI64Type()), x, k, uint64_t(axis), isLargest);
  if (failed(inferResultTypes(op, n.scope))) {
    op->erase();
    n.checkBuilt({});
    return;
  }
  n.out(0, n.checkBuilt(op.getValues()));
  n.out(1, n.checkBuilt(op.getIndices()));
}

} // namespace

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
  table.add("TopK", 1, 2, topK);
}

} // namespace mlir::aic::onnx_import
