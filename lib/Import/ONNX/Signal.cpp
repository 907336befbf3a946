// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Signal.cpp - Windows, sampling grids, streaming convolutions -------===//
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
  int64_t rank = n.dim(theta, 1);
  if (n.failed() || (rank != 2 && rank != 3) || n.dim(theta, 2) != rank + 1)
    return n.error("expected an operand of shape [N, 2, 3] or [N, 3, 4]");
  if (n.dim(sizes, 0) != rank + 2)
    return n.error("expected " + Twine(rank + 2) + " sizes");
  Type element = n.elem(theta);
  SmallVector<Value> coordinates;
  for (int64_t j = 0; j < rank; ++j) {
    // The last dimension is x.
    int64_t axis = rank - 1 - j;
    Value count = n.reshape(n.slice(sizes, 0, axis + 2, axis + 3), ArrayRef<int64_t>());
    Value place = n.cast(n.iota(count), element), extent = n.cast(count, element);
    Value c = alignsCorners ? n.div(n.mul(place, 2), n.sub(extent, 1)) : n.div(n.add(n.mul(place, 2), 1), extent);
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

void optionalHasElement(Node &n) { n.out(n.scalar(n.b.getI1Type(), n.has(0))); }
void optionalGetElement(Node &n) { n.out(n.in()); }

} // namespace

void addSignal(HandlerTable &table) {
  table.add("AffineGrid", 2, 2, affineGrid, 20);
  table.add("BlackmanWindow", 1, 1, blackmanWindow, 17);
  table.add("CausalConvWithState", 2, 4, causalConv, 27);
  table.add("HammingWindow", 1, 1, hammingWindow, 17);
  table.add("HannWindow", 1, 1, hannWindow, 17);
  table.add("OptionalGetElement", 1, 1, optionalGetElement, 15);
  table.add("OptionalHasElement", 0, 1, optionalHasElement, 15);
}

} // namespace mlir::aic::onnx_import
