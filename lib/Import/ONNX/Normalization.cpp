// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Normalization.cpp - Normalisations and softmax ---------------------===//
#include "Families.h"

namespace mlir::aic::onnx_import {

Value layerNorm(Node &n, Value x, Value scale, Value bias, int64_t axis, double epsilon) {
  return n.make<LayerNormOp>(n.elem(x), x, scale, bias, uint64_t(axis), APFloat(epsilon));
}

namespace {

Ints axesFrom(int64_t begin, int64_t end) {
  Ints axes;
  for (; begin < end; ++begin)
    axes.push_back(begin);
  return axes;
}

void batchNormalization(Node &n) {
  Value x = n.in(0), mean = n.in(3), variance = n.in(4);
  double epsilon = n.getFloat("epsilon", 1e-5f), momentum = n.getFloat("momentum", 0.9f);
  bool isTraining = n.getBool("training_mode", false);
  n.expectRank(x, 1, 64, "operand 0");
  if (n.opset < 9 && n.getInt("spatial", 1) != 1)
    return n.unsupported("attribute 'spatial'");
  uint64_t axis = n.rank(x) > 1 ? 1 : 0;
  if (!isTraining && (n.wants(1) || n.wants(2)))
    return n.unsupported("statistics without training mode");
  if (isTraining) {
    Ints axes;
    for (int64_t d = 0; d < n.rank(x); ++d)
      if (d != int64_t(axis))
        axes.push_back(d);
    Value average = n.reduce(ReduceKind::mean, x, axes, true), centred = n.sub(x, average);
    Value spread = n.reduce(ReduceKind::mean, n.mul(centred, centred), axes, false);
    average = n.squeeze(average, axes);
    auto running = [&](Value old, Value now) {
      now = n.cast(now, n.elem(old));
      return n.add(n.mul(old, momentum), n.mul(now, 1 - momentum));
    };
    n.out(1, running(mean, average));
    n.out(2, running(variance, spread));
    mean = n.cast(average, n.elem(mean));
    variance = n.cast(spread, n.elem(variance));
  }
  n.out(0, n.make<BatchNormOp>(n.elem(x), x, n.in(1), n.in(2), mean, variance, axis, APFloat(epsilon)));
}

void instanceNormalization(Node &n) {
  Value x = n.in(0), scale = n.in(1), bias = n.in(2);
  double epsilon = n.getFloat("epsilon", 1e-5f);
  n.expectRank(x, 3, 64, "operand 0");
  Value rows = n.rank(x) == 3 ? x : n.reshape(x, n.vector({0, 0, -1}), true);
  Value y = layerNorm(n, rows, n.unsqueeze(scale, {1}), n.unsqueeze(bias, {1}), 2, epsilon);
  n.out(n.rank(x) == 3 ? y : n.reshape(y, n.shapeOf(x)));
}

void groupNormalization(Node &n) {
  Value x = n.in(0), scale = n.in(1), bias = n.in(2);
  double epsilon = n.getFloat("epsilon", 1e-5f);
  int64_t groups = n.requireInt("num_groups"), rank = n.rank(x);
  n.ignore("stash_type");
  n.expectRank(x, 3, 64, "operand 0");
  if (n.failed() || groups < 1)
    return n.error("attribute 'num_groups': expected a positive number");
  Value rows = n.reshape(x, n.vector({0, groups, -1}), true);
  if (n.opset < 21) {
    Value y = layerNorm(n, rows, n.unsqueeze(scale, {1}), n.unsqueeze(bias, {1}), 2, epsilon);
    return n.out(n.reshape(y, n.shapeOf(x)));
  }
  if (int64_t channels = n.dim(x, 1); channels > 0 && channels % groups == 0) {
    // Scaled before the channels are apart again: one shape, one kernel.
    rows = n.reshape(x, n.vector({0, groups, channels / groups, -1}), true);
    auto grouped = [&](Value v) { return n.reshape(v, n.vector({groups, channels / groups, 1})); };
    Value y = n.add(n.mul(layerNorm(n, rows, {}, {}, 2, epsilon), grouped(scale)), grouped(bias));
    return n.out(n.reshape(y, n.shapeOf(x)));
  }
  Value y = n.reshape(layerNorm(n, rows, {}, {}, 2, epsilon), n.shapeOf(x));
  n.out(n.add(n.mul(y, n.alongAxis(scale, 1, rank)), n.alongAxis(bias, 1, rank)));
}

void layerNormalization(Node &n) {
  Value x = n.in(0), scale = n.in(1), bias = n.optional(2);
  int64_t rank = n.rank(x), axis = n.getAxis("axis", -1, rank);
  double epsilon = n.getFloat("epsilon", 1e-5f);
  n.ignore("stash_type");
  n.out(0, layerNorm(n, x, scale, bias, axis, epsilon));
  if (!n.wants(1) && !n.wants(2))
    return;
  Type wide = n.elem(x).getIntOrFloatBitWidth() < 32 ? Type(n.b.getF32Type()) : n.elem(x);
  Ints axes = axesFrom(axis, rank);
  Value v = n.cast(x, wide), mean = n.reduce(ReduceKind::mean, v, axes, true), centred = n.sub(v, mean);
  Value variance = n.reduce(ReduceKind::mean, n.mul(centred, centred), axes, true);
  // The statistics are f32 whatever the input is.
  n.out(1, n.cast(mean, n.b.getF32Type()));
  n.out(2, n.cast(n.unary<RsqrtOp>(n.add(variance, epsilon)), n.b.getF32Type()));
}

void rmsNormalization(Node &n) {
  Value x = n.in(0), scale = n.in(1);
  int64_t axis = n.getAxis("axis", -1, n.rank(x));
  double epsilon = n.getFloat("epsilon", 1e-5f);
  n.ignore("stash_type");
  n.out(n.make<RMSNormOp>(n.elem(x), x, n.cast(scale, n.elem(x)), uint64_t(axis), APFloat(epsilon)));
}

void lpNormalization(Node &n) {
  Value x = n.in();
  int64_t p = n.getInt("p", 2), axis = n.getAxis("axis", -1, n.rank(x));
  if (p != 1 && p != 2)
    return n.error("attribute 'p': expected 1 or 2, got " + Twine(p));
  Value norm = p == 1 ? n.reduce(ReduceKind::sum, n.unary<AbsOp>(x), {axis}, true)
                      : n.unary<SqrtOp>(n.reduce(ReduceKind::sum, n.mul(x, x), {axis}, true));
  Value isZero = n.compare(Predicate::eq, norm, n.scalarLike(x, 0));
  n.out(n.select(isZero, n.scalarLike(x, 0), n.div(x, norm)));
}

void meanVarianceNormalization(Node &n) {
  Value x = n.in();
  Ints axes = n.getInts("axes").value_or(Ints{0, 2, 3});
  for (int64_t &axis : axes)
    axis = n.checkAxis(axis, n.rank(x), "axes");
  llvm::sort(axes);
  Value centred = n.sub(x, n.reduce(ReduceKind::mean, x, axes, true));
  Value variance = n.reduce(ReduceKind::mean, n.mul(centred, centred), axes, true);
  n.out(n.div(centred, n.add(n.unary<SqrtOp>(variance), 1e-9)));
}

/// x / (bias + alpha / size * the sum of squares over `size` neighbouring channels)^beta
void lrn(Node &n) {
  Value x = n.in();
  n.expectRank(x, 3, 64, "operand 0");
  int64_t size = n.requireInt("size"), rank = n.rank(x);
  double alpha = n.getFloat("alpha", 1e-4f), beta = n.getFloat("beta", 0.75f), bias = n.getFloat("bias", 1);
  if (n.failed() || size < 1 || size > 1024)
    return n.error("attribute 'size': expected a number between 1 and 1024, got " + Twine(size));
  Ints pads(size_t(2 * rank), 0);
  pads[1] = (size - 1) / 2;
  pads[size_t(rank) + 1] = size - 1 - pads[1];
  Value squares = n.pad(n.mul(x, x), n.vector(pads), n.scalarLike(x, 0), PadMode::constant), sum;
  Extent channels = n.extent(x, 1);
  for (int64_t i = 0; i < size; ++i) {
    Value part = n.slice(squares, 1, n.vector(i), n.toVector(n.plus(channels, Extent(i))));
    sum = sum ? n.add(sum, part) : part;
  }
  n.out(n.div(x, n.binary<PowOp>(n.add(n.mul(sum, alpha / double(size)), bias), n.scalarLike(x, beta))));
}

/// Before opset 13 the dimensions from the axis on are one.
void alongLast(Node &n, function_ref<Value(Value, int64_t)> build) {
  Value x = n.in();
  int64_t rank = n.rank(x);
  if (n.opset >= 13)
    return n.out(build(x, n.getAxis("axis", -1, rank)));
  int64_t axis = n.getAxis("axis", 1, rank);
  if (axis == rank - 1)
    return n.out(build(x, axis));
  bool isFlat = true;
  for (int64_t d = axis + 1; d < rank; ++d)
    isFlat &= n.dim(x, d) == 1;
  if (isFlat)
    return n.out(build(x, axis));
  SmallVector<Extent> shape;
  for (int64_t d = 0; d < axis; ++d)
    shape.push_back(n.extent(x, d));
  shape.push_back(n.extents(x, axis, rank));
  n.out(n.reshape(build(n.reshape(x, shape), axis), n.shapeOf(x)));
}

void softmax(Node &n) {
  alongLast(n, [&](Value x, int64_t axis) { return n.softmax(x, axis); });
}

void logSoftmax(Node &n) {
  alongLast(n, [&](Value x, int64_t axis) { return n.make<LogSoftmaxOp>(n.elem(x), x, uint64_t(axis)); });
}

void hardmax(Node &n) {
  alongLast(n, [&](Value x, int64_t axis) {
    Value first = n.make<ArgReduceOp>(n.b.getI64Type(), x, uint64_t(axis), true, false, false);
    return n.cast(oneHot(n, first, n.toScalar(n.extent(x, axis)), axis), n.elem(x));
  });
}

//===-- Losses --------------------------------------------------------------===//

/// -weight[t] * logProb[t] for each target t along axis 1; reduced as asked.
Value negativeLogLikelihood(Node &n, Value logProbabilities, Value target, Value weight) {
  std::string reduction = n.getString("reduction", "mean");
  if (reduction != "mean" && reduction != "sum" && reduction != "none") {
    n.error("attribute 'reduction': got '" + reduction + "'");
    return {};
  }
  Type i64 = n.b.getI64Type(), element = n.elem(logProbabilities);
  n.expectRank(logProbabilities, 2, 64, "operand 0");
  target = n.cast(target, i64);
  Value ignored;
  if (n.hasAttribute("ignore_index")) {
    ignored = n.compare(Predicate::eq, target, n.index(n.getInt("ignore_index", 0)));
    target = n.select(ignored, n.index(0), target);
  }
  Value picked = n.make<GatherElementsOp>(element, logProbabilities, n.unsqueeze(target, {1}), uint64_t(1));
  Value loss = n.unary<NegOp>(n.squeeze(picked, {1}));
  Value factors = weight ? n.gather(weight, target, 0) : Value();
  if (ignored)
    factors = n.select(ignored, n.scalar(element, 0),
                       factors ? factors : n.broadcast(n.scalar(element, 1), n.shapeOf(target)));
  if (factors)
    loss = n.mul(loss, factors);
  Ints all = axesFrom(0, n.rank(loss));
  if (reduction == "none")
    return loss;
  if (reduction == "sum")
    return n.reduce(ReduceKind::sum, loss, all, false);
  if (!factors)
    return n.reduce(ReduceKind::mean, loss, all, false);
  return n.div(n.reduce(ReduceKind::sum, loss, all, false), n.reduce(ReduceKind::sum, factors, all, false));
}

void negativeLogLikelihoodLoss(Node &n) { n.out(negativeLogLikelihood(n, n.in(0), n.in(1), n.optional(2))); }

void softmaxCrossEntropyLoss(Node &n) {
  Value x = n.in(0);
  n.expectRank(x, 2, 64, "operand 0");
  Value logProbabilities = n.make<LogSoftmaxOp>(n.elem(x), x, uint64_t(1));
  n.out(0, negativeLogLikelihood(n, logProbabilities, n.in(1), n.optional(2)));
  n.out(1, logProbabilities);
}

} // namespace

void addNormalization(HandlerTable &table) {
  table.add("BatchNormalization", 5, 5, batchNormalization);
  table.add("GroupNormalization", 3, 3, groupNormalization, 18);
  table.add("Hardmax", 1, 1, hardmax);
  table.add("InstanceNormalization", 3, 3, instanceNormalization);
  table.add("LRN", 1, 1, lrn);
  table.add("LayerNormalization", 2, 3, layerNormalization, 17);
  table.add("LogSoftmax", 1, 1, logSoftmax);
  table.add("LpNormalization", 1, 1, lpNormalization);
  table.add("MeanVarianceNormalization", 1, 1, meanVarianceNormalization, 9);
  table.add("NegativeLogLikelihoodLoss", 2, 3, negativeLogLikelihoodLoss, 12);
  table.add("RMSNormalization", 2, 2, rmsNormalization, 23);
  table.add("Softmax", 1, 1, softmax);
  table.add("SoftmaxCrossEntropyLoss", 2, 3, softmaxCrossEntropyLoss, 12);
}

} // namespace mlir::aic::onnx_import
