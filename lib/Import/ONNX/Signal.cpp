// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Signal.cpp - Windows, transforms, grids, streaming convolutions ----===//
#include "Families.h"
#include <cmath>

namespace mlir::aic::onnx_import {
namespace {

/// sum of coefficients[k] * cos(2 pi k i / N) with N the size, or one less if the window is symmetric.
void cosineWindow(Node &n, ArrayRef<double> coefficients) {
  Type element = n.getElementType("output_datatype", n.b.getF32Type()), f64 = n.b.getF64Type();
  Value size = n.cast(n.in(), n.b.getI64Type());
  if (n.rank(size) != 0)
    size = n.reshape(size, ArrayRef<int64_t>());
  Value length = n.cast(n.getBool("periodic", true) ? size : n.sub(size, 1), f64);
  Value angle = n.div(n.mul(n.cast(n.iota(size), f64), 2 * M_PI), length), sum;
  for (auto [k, coefficient] : llvm::enumerate(coefficients)) {
    Value term = k == 0 ? n.scalar(f64, coefficient) : n.mul(n.unary<CosOp>(n.mul(angle, double(k))), coefficient);
    sum = sum ? n.add(sum, term) : term;
  }
  n.out(n.cast(sum, element));
}

void hannWindow(Node &n) { cosineWindow(n, {0.5, -0.5}); }
void hammingWindow(Node &n) { cosineWindow(n, {25.0 / 46, 25.0 / 46 - 1}); }
void blackmanWindow(Node &n) { cosineWindow(n, {0.42, -0.5, 0.08}); }

/// Where each place of the result reads: theta applied to coordinates between -1 and 1, x first.
void affineGrid(Node &n) {
  Value theta = n.in(0), sizes = n.shapeOperand(n.in(1), "the size");
  bool alignsCorners = n.getBool("align_corners", false);
  n.expectRank(theta, 3, 3, "operand 0");
  if (n.failed())
    return;
  // Any of three extents tells the rank, and the others must agree.
  int64_t rows = n.dim(theta, 1), columns = n.dim(theta, 2), count = n.dim(sizes, 0);
  auto known = [](int64_t extent) { return !ShapedType::isDynamic(extent); };
  if (!known(rows) && !known(columns) && !known(count))
    return n.unsupported("an unknown number of sizes");
  int64_t rank = known(rows) ? rows : known(columns) ? columns - 1 : count - 2;
  if ((rank != 2 && rank != 3) || (known(columns) && columns != rank + 1))
    return n.error("expected an operand of shape [N, 2, 3] or [N, 3, 4]");
  if (known(count) && count != rank + 2)
    return n.error("expected " + Twine(rank + 2) + " sizes");
  if (!known(rows) || !known(columns))
    theta = n.reshape(theta, ArrayRef<Extent>{n.extent(theta, 0), Extent(rank), Extent(rank + 1)});
  if (!known(count))
    sizes = n.reshape(sizes, ArrayRef<int64_t>{rank + 2});
  Type element = n.elem(theta);
  SmallVector<Value> coordinates;
  for (int64_t j = 0; j < rank; ++j) {
    // The last dimension is x.
    int64_t axis = rank - 1 - j;
    Value count = n.reshape(n.slice(sizes, 0, axis + 2, axis + 3), ArrayRef<int64_t>());
    Value place = n.cast(n.iota(count), element), extent = n.cast(count, element);
    // (of one place, the first corner)
    Value c = alignsCorners ? n.div(n.mul(place, 2), n.maximum(n.sub(extent, 1), n.scalar(element, 1)))
                            : n.div(n.add(n.mul(place, 2), 1), extent);
    coordinates.push_back(n.alongAxis(n.sub(c, 1), axis, rank));
  }
  Ints behind;
  for (int64_t d = 1; d <= rank; ++d)
    behind.push_back(d);
  auto entry = [&](int64_t i, int64_t j) {
    Value column = n.slice(n.slice(theta, 1, i, i + 1), 2, j, j + 1);
    return n.unsqueeze(n.squeeze(column, {1, 2}), behind);
  };
  SmallVector<Value> parts;
  for (int64_t i = 0; i < rank; ++i) {
    Value sum = entry(i, rank);
    for (int64_t j = 0; j < rank; ++j)
      sum = n.add(sum, n.mul(entry(i, j), coordinates[size_t(j)]));
    parts.push_back(n.unsqueeze(sum, {rank + 1}));
  }
  n.out(n.concat(parts, rank + 1));
}

/// A depthwise convolution over what came before and the input; what the next call needs is handed on.
void causalConv(Node &n) {
  Value x = n.in(0), filter = n.in(1), bias = n.optional(2), past = n.optional(3);
  std::string activation = n.getString("activation", "none");
  n.expectRank(x, 3, 3, "operand 0");
  n.expectRank(filter, 3, 3, "operand 1");
  int64_t channels = n.dim(x, 1), kernel = n.dim(filter, 2);
  if (n.failed())
    return;
  if (ShapedType::isDynamic(kernel) || ShapedType::isDynamic(n.dim(filter, 0)) || kernel < 1)
    return n.unsupported("a filter of unknown shape");
  if (ShapedType::isDynamic(channels))
    channels = n.dim(filter, 0);
  Value padded;
  if (past)
    padded = n.concat({past, x}, 2);
  else
    padded = n.pad(x, n.vector({0, 0, kernel - 1, 0, 0, 0}), n.scalarLike(x, 0), PadMode::constant);
  Value y = n.make<ConvOp>(n.elem(x), padded, filter, bias, ArrayRef<int64_t>{1}, ArrayRef<int64_t>{1},
                           ArrayRef<int64_t>{0, 0}, uint64_t(channels), false);
  if (activation == "silu" || activation == "swish")
    y = n.mul(y, n.unary<SigmoidOp>(y));
  else if (activation != "none")
    return n.error("attribute 'activation': got '" + activation + "'");
  n.out(0, y);
  Extent length = n.extent(padded, 2);
  n.out(1, n.slice(padded, 2, n.toVector(n.minus(length, Extent(kernel - 1))), n.toVector(length)));
}

/// The one number of a tensor.
Value scalarOperand(Node &n, Value v) {
  return n.cast(n.rank(v) == 0 ? v : n.reshape(v, ArrayRef<int64_t>()), n.b.getI64Type());
}

Extent extentOperand(Node &n, Value v) {
  if (std::optional<Ints> known = n.ints(v); known && known->size() == 1)
    return (*known)[0];
  return n.reshape(scalarOperand(n, v), ArrayRef<int64_t>{1});
}

void dft(Node &n) {
  Value x = n.in(0);
  bool isInverse = n.getBool("inverse", false), isOneSided = n.getBool("onesided", false);
  int64_t rank = n.rank(x);
  n.expectRank(x, 2, 64, "operand 0");
  std::optional<Ints> axes;
  if (n.opset < 20)
    axes = Ints{n.getAxis("axis", 1, rank)};
  else
    axes = n.has(2) ? n.ints(n.in(2)) : Ints{rank - 2};
  auto lengthAlong = [&](int64_t axis) {
    if (n.has(1))
      return extentOperand(n, n.in(1));
    Extent own = n.extent(x, axis);
    return isInverse && isOneSided ? n.times(n.minus(own, Extent(1)), Extent(2)) : own;
  };
  if (n.failed())
    return;
  if (axes) {
    int64_t axis = n.checkAxis(axes->size() == 1 ? (*axes)[0] : rank, rank);
    if (axis == rank - 1)
      return n.error("expected an axis before the last, which holds real and imaginary parts");
    return n.out(fourier(n, x, axis, lengthAlong(axis), isInverse, isOneSided));
  }
  // The axis is known at run time only: the transform along one dimension, the identity along the others.
  Value axis = scalarOperand(n, n.in(2));
  axis = n.select(n.compare(Predicate::lt, axis, n.index(0)), n.add(axis, n.index(rank)), axis);
  for (int64_t d = 0; d < rank - 1 && !n.failed(); ++d)
    x = fourier(n, x, d, lengthAlong(d), isInverse, isOneSided, n.compare(Predicate::eq, axis, n.index(d)));
  n.out(isInverse && isOneSided ? n.slice(x, rank - 1, 0, 1) : x);
}

/// Frames [batch, frame, length, 1 or 2] of the signal, times the window, transformed.
void stft(Node &n) {
  Value signal = n.in(0), window = n.optional(2);
  n.expectRank(signal, 2, 3, "operand 0");
  bool isOneSided = n.getBool("onesided", true);
  if (n.failed())
    return;
  if (n.rank(signal) == 2)
    signal = n.unsqueeze(signal, {2});
  Extent whole = n.extent(signal, 1), step = extentOperand(n, n.in(1));
  Extent length = n.has(3) ? extentOperand(n, n.in(3)) : window ? n.extent(window, 0) : whole;
  Extent frames = n.plus(n.over(n.minus(whole, length), step), Extent(1));
  Value starts = n.mul(n.iota(n.toScalar(frames)), n.toScalar(step));
  Value places = n.add(n.unsqueeze(starts, {1}), n.iota(n.toScalar(length)));
  Value cut = n.gather(signal, places, 1);
  if (window)
    cut = n.mul(cut, n.unsqueeze(n.cast(window, n.elem(signal)), {1}));
  n.out(fourier(n, cut, 2, length, false, isOneSided));
}

//===-- Determinants --------------------------------------------------------===//

/// The product of the pivots of Gaussian elimination, for all matrices at once: step k looks for the largest element of
/// column k below row k, exchanges rows, and subtracts row k from those below.
void det(Node &n) {
  Value x = n.in();
  int64_t rank = n.rank(x);
  n.expectRank(x, 2, 64, "operand 0");
  if (n.failed())
    return;
  Type element = n.elem(x), i64 = n.b.getI64Type();
  int64_t rows = n.dim(x, rank - 2), columns = n.dim(x, rank - 1);
  auto known = [](int64_t extent) { return !ShapedType::isDynamic(extent); };
  if (!n.isFloat(x) || (known(rows) && known(columns) && rows != columns))
    return n.error("expected square matrices of real numbers");
  Type real = element.getIntOrFloatBitWidth() < 32 ? Type(n.b.getF32Type()) : element;
  // (the reshape checks that the other extent agrees)
  Extent size = n.extent(x, known(rows) ? rank - 2 : rank - 1), count = n.extents(x, 0, rank - 2);
  Value matrices = n.reshape(n.cast(x, real), ArrayRef<Extent>{count, size, size});
  Value shape = n.shapeOf(matrices), last = n.toScalar(size), zero = n.scalar(real, 0);
  Value ones = n.broadcast(n.scalar(real, 1), n.toVector(count));
  auto goesOn = [&](ArrayRef<Value> state) { return n.compare(Predicate::lt, state[0], last); };
  auto step = [&](ArrayRef<Value> state) -> SmallVector<Value> {
    Value k = state[0], a = state[1], rows = n.iota(last);
    Value magnitude = n.unary<AbsOp>(n.gather(a, k, 2));
    magnitude = n.select(n.compare(Predicate::ge, rows, k), magnitude, n.scalar(real, -1));
    Value best = n.make<ArgReduceOp>(i64, magnitude, uint64_t(1), true, false, true);
    Value from =
        n.select(n.compare(Predicate::eq, rows, k), best, n.select(n.compare(Predicate::eq, rows, best), k, rows));
    a = n.make<GatherElementsOp>(real, a, n.broadcast(n.unsqueeze(from, {2}), shape), uint64_t(1));
    Value row = n.gather(a, k, 1), column = n.gather(a, k, 2), pivot = n.gather(row, k, 1);
    Value stays = n.compare(Predicate::eq, n.squeeze(best, {1}), k);
    Value product = n.mul(state[2], n.select(stays, pivot, n.unary<NegOp>(pivot)));
    // Without a pivot the determinant is 0 and the rest does not matter.
    Value divisor = n.unsqueeze(n.select(n.compare(Predicate::eq, pivot, zero), n.scalar(real, 1), pivot), {1});
    Value factor = n.select(n.compare(Predicate::gt, rows, k), n.div(column, divisor), zero);
    a = n.sub(a, n.mul(n.unsqueeze(factor, {2}), n.unsqueeze(row, {1})));
    return {n.add(k, n.index(1)), a, product};
  };
  Value product = whileLoop(n, {n.index(0), matrices, ones}, goesOn, step)[2];
  SmallVector<Extent> lead;
  for (int64_t d = 0; d < rank - 2; ++d)
    lead.push_back(n.extent(x, d));
  product = lead.empty() ? n.reshape(product, ArrayRef<int64_t>()) : n.reshape(product, lead);
  n.out(n.cast(product, element));
}

void optionalHasElement(Node &n) { n.out(n.scalar(n.b.getI1Type(), n.has(0))); }
void optionalGetElement(Node &n) { n.out(n.in()); }

} // namespace

Value fourier(Node &n, Value x, int64_t axis, Extent length, bool isInverse, bool isOneSided, Value isHere) {
  int64_t rank = n.rank(x), parts = n.dim(x, rank - 1);
  bool toReal = isInverse && isOneSided;
  if (ShapedType::isDynamic(parts))
    n.unsupported("a last extent that is not known to be 1 (real) or 2 (complex)");
  else if (parts != 1 && parts != 2)
    n.error("expected a last extent of 1 or 2, got " + Twine(parts));
  if (isOneSided && !isInverse && parts != 1 && !isHere)
    n.error("expected real numbers for a one-sided transform");
  if (n.failed())
    return {};
  Type element = n.elem(x), f64 = n.b.getF64Type();
  Type real = element.getIntOrFloatBitWidth() < 32 ? Type(n.b.getF32Type()) : element;
  // The numbers that count, along the last dimension: [..., parts, numbers].
  Extent half = n.plus(n.over(length, Extent(2)), Extent(1)), own = n.extent(x, axis);
  Extent read = n.atMost(own, toReal ? half : length), written = isOneSided && !isInverse ? half : length;
  if (isHere) {
    read = n.select(isHere, n.toVector(read), n.toVector(own));
    written = n.select(isHere, n.toVector(written), n.toVector(own));
  }
  x = n.slice(n.cast(x, real), axis, n.vector(0), n.toVector(read));
  Ints order;
  for (int64_t d = 0; d < rank - 1; ++d)
    if (d != axis)
      order.push_back(d);
  order.append({rank - 1, axis});
  x = n.transpose(x, order);
  // e^(2 pi i j k / length), the angle taken modulo a turn while it is exact.
  Value row = n.unsqueeze(n.iota(n.toScalar(read)), {1}), column = n.iota(n.toScalar(written));
  Value turn = n.cast(n.binary<RemOp>(n.mul(row, column), n.toScalar(length)), f64);
  Value whole = n.cast(n.toScalar(length), f64);
  Value angle = n.div(n.mul(turn, isInverse ? 2 * M_PI : -2 * M_PI), whole);
  Value cosine = n.unary<CosOp>(angle), sine = n.unary<SinOp>(angle);
  if (toReal) {
    // Every number but the first, and but the last of an even length, stands for its conjugate too.
    Value isOne = n.binary<OrOp>(n.compare(Predicate::eq, row, n.index(0)),
                                 n.compare(Predicate::eq, n.mul(row, n.index(2)), n.toScalar(length)));
    Value weight = n.select(isOne, n.scalar(f64, 1), n.scalar(f64, 2));
    cosine = n.mul(cosine, weight);
    sine = n.mul(sine, weight);
  }
  if (isInverse) {
    cosine = n.div(cosine, whole);
    sine = n.div(sine, whole);
  }
  if (isHere) {
    Value isSame = n.compare(Predicate::eq, row, column);
    cosine = n.select(isHere, cosine, n.cast(isSame, f64));
    sine = n.select(isHere, sine, n.scalar(f64, 0));
  }
  cosine = n.cast(cosine, real);
  sine = n.cast(sine, real);
  bool isComplex = !toReal || isHere;
  Value first = n.slice(x, rank - 2, 0, 1), second = parts == 2 ? n.slice(x, rank - 2, 1, 2) : Value();
  Value realPart = n.matmul(first, cosine), imaginary = isComplex ? n.matmul(first, sine) : Value();
  if (second) {
    realPart = n.sub(realPart, n.matmul(second, sine));
    if (isComplex)
      imaginary = n.add(imaginary, n.matmul(second, cosine));
  }
  Value y = isComplex ? n.concat({realPart, imaginary}, rank - 2) : realPart;
  Ints back(size_t(rank), 0);
  for (auto [to, from] : llvm::enumerate(order))
    back[size_t(from)] = int64_t(to);
  return n.cast(n.transpose(y, back), element);
}

void addSignal(HandlerTable &table) {
  table.add("AffineGrid", 2, 2, affineGrid, 20);
  table.add("BlackmanWindow", 1, 1, blackmanWindow, 17);
  table.add("CausalConvWithState", 2, 4, causalConv, 27);
  table.add("DFT", 1, 3, dft, 17);
  table.add("Det", 1, 1, det, 11);
  table.add("HammingWindow", 1, 1, hammingWindow, 17);
  table.add("HannWindow", 1, 1, hannWindow, 17);
  table.add("OptionalGetElement", 1, 1, optionalGetElement, 15);
  table.add("OptionalHasElement", 0, 1, optionalHasElement, 15);
  table.add("STFT", 2, 4, stft, 17);
}

} // namespace mlir::aic::onnx_import
