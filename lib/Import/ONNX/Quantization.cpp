// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Quantization.cpp - Quantised operators -----------------------------===//
//
// Quantised products are computed exactly: operands minus their zero points
// as i32, the sum as i32, then one scale.
//
//===----------------------------------------------------------------------===//
#include "Families.h"

namespace mlir::aic::onnx_import {
namespace {

struct Parameters {
  Value scale, zero;
  int64_t axis = 0, block = 0;
};

/// The scale and zero point of a (de)quantisation of x, with one element of rank 0 where they are of the whole tensor.
Parameters readParameters(Node &n, Value x, Type quantized) {
  Parameters p;
  p.scale = n.in(1);
  p.zero = n.optional(2);
  p.block = n.getInt("block_size", 0);
  int64_t axis = n.getInt("axis", 1), rank = n.rank(x);
  if (n.rank(p.scale) == 1 && n.dim(p.scale, 0) == 1 && !p.block) {
    p.scale = n.reshape(p.scale, ArrayRef<int64_t>());
    if (p.zero)
      p.zero = n.reshape(p.zero, ArrayRef<int64_t>());
  }
  if (n.rank(p.scale) != 0)
    p.axis = rank == 1 && axis == 1 ? 0 : n.checkAxis(axis, rank);
  if (!p.zero)
    p.zero = n.rank(p.scale) == 0 ? n.scalar(quantized, 0) : n.broadcast(n.scalar(quantized, 0), n.shapeOf(p.scale));
  return p;
}

void quantizeLinear(Node &n) {
  Value x = n.in(0);
  n.ignore("saturate");
  if (n.getInt("precision", 0) > 1)
    return n.unsupported("attribute 'precision'");
  Type element = n.getElementType("output_dtype", n.b.getIntegerType(8, false));
  if (n.has(2))
    element = n.elem(n.in(2));
  if (n.failed())
    return;
  if (isa<FloatType>(element))
    return n.unsupported("a result that is not an integer");
  Parameters p = readParameters(n, x, element);
  n.out(n.make<QuantizeOp>(element, x, p.scale, p.zero, uint64_t(p.axis), uint64_t(p.block)));
}

void dequantizeLinear(Node &n) {
  Value x = n.in(0);
  Type element = n.getElementType("output_dtype", n.elem(n.in(1)));
  if (n.failed())
    return;
  Parameters p = readParameters(n, x, n.elem(x));
  Value y = n.make<DequantizeOp>(n.elem(p.scale), x, p.scale, p.zero, uint64_t(p.axis), uint64_t(p.block));
  n.out(n.cast(y, element));
}

void dynamicQuantizeLinear(Node &n) {
  Value x = n.in();
  Type u8 = n.b.getIntegerType(8, false);
  Ints axes;
  for (int64_t d = 0; d < n.rank(x); ++d)
    axes.push_back(d);
  Value zero = n.scalarLike(x, 0);
  Value low = n.minimum(n.reduce(ReduceKind::min, x, axes, false), zero);
  Value high = n.maximum(n.reduce(ReduceKind::max, x, axes, false), zero);
  Value scale = n.div(n.sub(high, low), 255);
  Value origin = n.unary<RoundOp>(n.minimum(n.maximum(n.div(n.unary<NegOp>(low), scale), zero), n.scalarLike(x, 255)));
  origin = n.cast(origin, u8);
  n.out(0, n.make<QuantizeOp>(u8, x, scale, origin, uint64_t(0), uint64_t(0)));
  n.out(1, scale);
  n.out(2, origin);
}

/// x - zero as i32. `zero` may be null, of one element, or a vector that stands for dimension `axis`.
Value centred(Node &n, Value x, Value zero, int64_t axis) {
  Type i32 = n.b.getI32Type();
  Value wide = n.cast(x, i32);
  if (!zero)
    return wide;
  zero = n.cast(zero, i32);
  if (n.rank(zero) == 1 && n.dim(zero, 0) == 1)
    zero = n.reshape(zero, ArrayRef<int64_t>());
  if (n.rank(zero) == 1)
    zero = n.alongAxis(zero, axis, n.rank(x));
  return n.sub(wide, zero);
}

void matmulInteger(Node &n) {
  Value a = n.in(0), b = n.in(1);
  n.expectRank(a, 1, 64, "operand 0");
  n.expectRank(b, 1, 64, "operand 1");
  if (n.failed())
    return;
  n.out(n.matmul(centred(n, a, n.optional(2), std::max<int64_t>(0, n.rank(a) - 2)),
                 centred(n, b, n.optional(3), n.rank(b) - 1)));
}

void convInteger(Node &n) {
  n.out(convolution(n, centred(n, n.in(0), n.optional(2), 0), centred(n, n.in(1), n.optional(3), 0), {}));
}

/// A scale or zero point of one element or along one dimension, ready to be broadcast.
Value along(Node &n, Value v, int64_t axis, int64_t rank) {
  if (n.rank(v) == 1 && n.dim(v, 0) == 1)
    return n.reshape(v, ArrayRef<int64_t>());
  return n.rank(v) == 1 ? n.alongAxis(v, axis, rank) : v;
}

Value requantize(Node &n, Value sum, Value scale, Value yScale, Value yZero) {
  Value real = n.mul(n.cast(sum, n.elem(scale)), scale);
  for (Value *v : {&yScale, &yZero})
    if (n.rank(*v) == 1 && n.dim(*v, 0) == 1)
      *v = n.reshape(*v, ArrayRef<int64_t>());
  int64_t axis = n.rank(yScale) == 1 ? std::max<int64_t>(0, n.rank(sum) - 2) : 0;
  return n.make<QuantizeOp>(n.elem(yZero), real, yScale, yZero, uint64_t(axis), uint64_t(0));
}

void qlinearMatmul(Node &n) {
  Value a = n.in(0), b = n.in(3);
  n.expectRank(a, 2, 64, "operand 0");
  n.expectRank(b, 2, 64, "operand 3");
  if (n.failed())
    return;
  Value sum = n.matmul(centred(n, a, n.in(2), n.rank(a) - 2), centred(n, b, n.in(5), n.rank(b) - 1));
  Value scale = n.mul(along(n, n.in(1), n.rank(a) - 2, n.rank(a)), along(n, n.in(4), n.rank(b) - 1, n.rank(b)));
  n.out(requantize(n, sum, scale, n.in(6), n.in(7)));
}

void qlinearConv(Node &n) {
  Value x = n.in(0), filter = n.in(3);
  n.expectRank(x, 3, 5, "operand 0");
  Value sum = convolution(n, centred(n, x, n.in(2), 0), centred(n, filter, n.in(5), 0), n.optional(8));
  if (n.failed())
    return;
  Value scale = n.mul(along(n, n.in(1), 1, n.rank(x)), along(n, n.in(4), 1, n.rank(x)));
  n.out(requantize(n, sum, scale, n.in(6), n.in(7)));
}

} // namespace

void addQuantization(HandlerTable &table) {
  table.add("ConvInteger", 2, 4, convInteger, 10);
  table.add("DequantizeLinear", 2, 3, dequantizeLinear, 10);
  table.add("DynamicQuantizeLinear", 1, 1, dynamicQuantizeLinear, 11);
  table.add("MatMulInteger", 2, 4, matmulInteger, 10);
  table.add("QLinearConv", 8, 9, qlinearConv, 10);
  table.add("QLinearMatMul", 8, 8, qlinearMatmul, 10);
  table.add("QuantizeLinear", 2, 3, quantizeLinear, 10);
}

} // namespace mlir::aic::onnx_import
