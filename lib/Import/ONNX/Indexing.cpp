// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Indexing.cpp - Reads and writes at computed places -----------------===//
#include "Families.h"

namespace mlir::aic::onnx_import {

Value oneHot(Node &n, Value positions, Value depth, int64_t axis) {
  int64_t rank = n.rank(positions) + 1;
  return n.compare(Predicate::eq, n.unsqueeze(positions, {axis}), n.alongAxis(n.iota(depth), axis, rank));
}

namespace {

void gather(Node &n) {
  int64_t axis = n.getAxis("axis", 0, n.rank(n.in(0)));
  n.out(n.gather(n.in(0), n.in(1), axis));
}

void gatherElements(Node &n) {
  int64_t axis = n.getAxis("axis", 0, n.rank(n.in(0)));
  n.out(n.make<GatherElementsOp>(n.elem(n.in(0)), n.in(0), n.in(1), uint64_t(axis)));
}

void gatherND(Node &n) {
  int64_t batch = n.getInt("batch_dims", 0);
  if (batch < 0 || batch >= std::max<int64_t>(1, std::min(n.rank(n.in(0)), n.rank(n.in(1)))))
    return n.error("attribute 'batch_dims': expected fewer than the dimensions of both operands, got " + Twine(batch));
  n.out(n.make<GatherNDOp>(n.elem(n.in(0)), n.in(0), n.in(1), uint64_t(batch)));
}

bool readReduction(Node &n, ScatterKind &kind) {
  std::string name = n.getString("reduction", "none");
  std::optional<ScatterKind> known = name == "none" ? ScatterKind::replace : symbolizeScatterKind(name);
  if (!known || name == "replace")
    n.error("attribute 'reduction': got '" + name + "'");
  else
    kind = *known;
  return !n.failed();
}

void scatterElements(Node &n) {
  ScatterKind kind = ScatterKind::replace;
  int64_t axis = n.getAxis("axis", 0, n.rank(n.in(0)));
  if (readReduction(n, kind))
    n.out(n.make<ScatterElementsOp>(n.elem(n.in(0)), kind, n.in(0), n.in(1), n.in(2), uint64_t(axis)));
}

void scatterND(Node &n) {
  ScatterKind kind = ScatterKind::replace;
  if (readReduction(n, kind))
    n.out(n.make<ScatterNDOp>(n.elem(n.in(0)), kind, n.in(0), n.in(1), n.in(2)));
}

void nonZero(Node &n) { n.out(n.make<NonZeroOp>(n.b.getI64Type(), n.in())); }

/// The slices whose condition holds: a gather by the positions of the ones.
void compress(Node &n) {
  Value x = n.in(0), condition = n.in(1);
  n.expectRank(condition, 1, 1, "operand 1");
  int64_t axis = 0;
  if (n.hasAttribute("axis"))
    axis = n.getAxis("axis", 0, n.rank(x));
  else
    x = n.reshape(x, ArrayRef<int64_t>{-1});
  Value positions = n.reshape(n.make<NonZeroOp>(n.b.getI64Type(), condition), ArrayRef<int64_t>{-1});
  n.out(n.gather(x, positions, axis));
}

void oneHotOperator(Node &n) {
  Value positions = n.in(0), depth = n.in(1), values = n.in(2);
  int64_t axis = n.getAxis("axis", -1, n.rank(positions) + 1);
  Type i64 = n.b.getI64Type();
  if (n.rank(depth) != 0)
    depth = n.reshape(depth, ArrayRef<int64_t>());
  depth = n.cast(depth, i64);
  positions = n.cast(positions, i64);
  // Negative positions count from the end; what is out of range is nowhere.
  Value wrapped = n.select(n.compare(Predicate::lt, positions, n.index(0)), n.add(positions, depth), positions);
  Value off = n.reshape(n.slice(values, 0, 0, 1), ArrayRef<int64_t>());
  Value on = n.reshape(n.slice(values, 0, 1, 2), ArrayRef<int64_t>());
  n.out(n.select(oneHot(n, wrapped, depth, axis), on, off));
}

/// x[n - 1 - i] for the first n = lengths[b] places i of each row b; the others stay.
void reverseSequence(Node &n) {
  Value x = n.in(0), lengths = n.in(1);
  int64_t batch = n.getInt("batch_axis", 1), time = n.getInt("time_axis", 0), rank = n.rank(x);
  n.expectRank(x, 2, 64, "operand 0");
  if (batch < 0 || batch > 1 || time < 0 || time > 1 || batch == time)
    return n.error("expected batch_axis and time_axis to be 0 and 1");
  Value place = n.alongAxis(n.iota(n.toScalar(n.extent(x, time))), time, 2);
  Value length = n.alongAxis(n.cast(lengths, n.b.getI64Type()), batch, 2);
  Value mirrored = n.sub(n.sub(length, n.index(1)), place);
  Value source = n.select(n.compare(Predicate::lt, place, length), mirrored, place);
  Ints axes;
  for (int64_t d = 2; d < rank; ++d)
    axes.push_back(d);
  if (!axes.empty())
    source = n.unsqueeze(source, axes);
  source = n.broadcast(source, n.shapeOf(x));
  n.out(n.make<GatherElementsOp>(n.elem(x), x, source, uint64_t(time)));
}

/// Writes `update` into the cache, from a position per batch row on, along `axis`.
void tensorScatter(Node &n) {
  Value cache = n.in(0), update = n.in(1), starts = n.optional(2);
  std::string mode = n.getString("mode", "linear");
  int64_t rank = n.rank(cache), axis = n.getAxis("axis", -2, rank);
  n.expectRank(cache, 2, 64, "operand 0");
  if (n.failed() || axis == 0)
    return n.error("expected an axis behind the batch dimension");
  Value place = n.alongAxis(n.iota(n.toScalar(n.extent(update, axis))), axis, rank);
  if (starts)
    place = n.add(place, n.alongAxis(n.cast(starts, n.b.getI64Type()), 0, rank));
  if (mode == "circular")
    place = n.binary<ModOp>(place, n.toScalar(n.extent(cache, axis)));
  else if (mode != "linear")
    return n.error("attribute 'mode': got '" + mode + "'");
  place = n.broadcast(place, n.shapeOf(update));
  n.out(n.make<ScatterElementsOp>(n.elem(cache), ScatterKind::replace, cache, place, update, uint64_t(axis)));
}

void maxUnpool(Node &n) {
  Value x = n.in(0), places = n.in(1), shape = n.optional(2);
  n.expectRank(x, 3, 5, "operand 0");
  if (n.failed())
    return;
  size_t rank = size_t(n.rank(x)) - 2;
  Ints kernel = n.getInts("kernel_shape").value_or(Ints()), strides = n.getInts("strides").value_or(Ints(rank, 1)),
       pads = n.getInts("pads").value_or(Ints(2 * rank, 0));
  if (n.failed() || kernel.size() != rank || strides.size() != rank || pads.size() != 2 * rank)
    return n.error("expected " + Twine(rank) + " numbers in 'kernel_shape' and 'strides'");
  SmallVector<Extent> inferred{n.extent(x, 0), n.extent(x, 1)};
  for (size_t i = 0; i < rank; ++i)
    inferred.push_back(n.plus(n.times(n.minus(n.extent(x, int64_t(i) + 2), Extent(1)), Extent(strides[i])),
                              n.minus(n.minus(Extent(kernel[i]), Extent(pads[i])), Extent(pads[rank + i]))));
  Value target = n.toVector(inferred);
  Value zeros = n.broadcast(n.scalarLike(x, 0), target);
  Value y = n.make<ScatterElementsOp>(n.elem(x), ScatterKind::replace, n.reshape(zeros, ArrayRef<int64_t>{-1}),
                                      n.reshape(places, ArrayRef<int64_t>{-1}), n.reshape(x, ArrayRef<int64_t>{-1}),
                                      uint64_t(0));
  y = n.reshape(y, target);
  if (shape) {
    // Positions are those of the inferred shape; what the wanted one has more is zero.
    Value more = n.sub(n.cast(shape, n.b.getI64Type()), n.shapeOf(y));
    y = n.pad(y, n.concat({n.vector(Ints(rank + 2, 0)), more}, 0), n.scalarLike(x, 0), PadMode::constant);
  }
  n.out(y);
}

/// Columns of blocks back to the images they were cut from: where blocks overlap their elements are added.
void col2Im(Node &n) {
  Value x = n.in(0), image = n.shapeOperand(n.cast(n.in(1), n.b.getI64Type()), "the image's shape");
  Value block = n.shapeOperand(n.cast(n.in(2), n.b.getI64Type()), "the block's shape");
  n.expectRank(x, 3, 3, "operand 0");
  int64_t rank = n.dim(image, 0);
  if (n.failed() || ShapedType::isDynamic(rank) || n.dim(block, 0) != rank)
    return n.error("expected as many extents of the block as of the image");
  Ints strides = n.getInts("strides").value_or(Ints(size_t(rank), 1)),
       dilations = n.getInts("dilations").value_or(Ints(size_t(rank), 1)),
       pads = n.getInts("pads").value_or(Ints(size_t(2 * rank), 0));
  auto isBelow = [](const Ints &list, int64_t least) {
    return llvm::any_of(list, [&](int64_t v) { return v < least || v > (1 << 20); });
  };
  if (int64_t(strides.size()) != rank || int64_t(dilations.size()) != rank || int64_t(pads.size()) != 2 * rank ||
      isBelow(strides, 1) || isBelow(dilations, 1) || isBelow(pads, 0))
    return n.error("expected " + Twine(rank) + " positive strides and dilations and " + Twine(2 * rank) + " pads");
  auto extentOf = [&](Value shape, int64_t i) -> Extent {
    if (std::optional<Ints> known = n.ints(shape))
      return (*known)[size_t(i)];
    return n.slice(shape, 0, i, i + 1);
  };
  // The place in the padded image of each element of each block: [block..., blocks...].
  Value places = n.index(0);
  Extent size = 1, inBlock = 1, blocks = 1;
  SmallVector<Extent> padded{n.extent(x, 0), Extent(1)}, extents;
  for (int64_t d = 0; d < rank; ++d) {
    extents.push_back(extentOf(image, d));
    Extent kernel = extentOf(block, d),
           whole = n.plus(extents.back(), Extent(pads[size_t(d)] + pads[size_t(rank + d)]));
    Extent reach = n.times(n.minus(kernel, Extent(1)), Extent(dilations[size_t(d)]));
    Extent count = n.plus(n.over(n.minus(n.minus(whole, reach), Extent(1)), Extent(strides[size_t(d)])), Extent(1));
    Value taps = n.mul(n.iota(n.toScalar(kernel)), n.index(dilations[size_t(d)]));
    Value starts = n.mul(n.iota(n.toScalar(count)), n.index(strides[size_t(d)]));
    Value place = n.add(n.alongAxis(taps, d, 2 * rank), n.alongAxis(starts, rank + d, 2 * rank));
    places = n.add(n.mul(places, n.toScalar(whole)), place);
    size = n.times(size, whole);
    inBlock = n.times(inBlock, kernel);
    blocks = n.times(blocks, count);
    padded.push_back(whole);
  }
  Extent channels = n.over(n.extent(x, 1), inBlock), images = n.times(n.extent(x, 0), channels);
  padded[1] = channels;
  Extent elements = n.times(inBlock, blocks);
  Value rows = n.reshape(x, ArrayRef<Extent>{images, elements});
  places = n.broadcast(n.reshape(places, ArrayRef<Extent>{Extent(1), elements}), n.shapeOf(rows));
  Value zeros = n.broadcast(n.scalarLike(x, 0), n.toVector({images, size}));
  Value y = n.make<ScatterElementsOp>(n.elem(x), ScatterKind::add, zeros, places, rows, uint64_t(1));
  y = n.reshape(y, padded);
  for (int64_t d = 0; d < rank; ++d) {
    Extent begin = pads[size_t(d)];
    y = n.slice(y, d + 2, n.toVector(begin), n.toVector(n.plus(begin, extents[size_t(d)])));
  }
  n.out(y);
}

} // namespace

void addIndexing(HandlerTable &table) {
  table.add("Col2Im", 3, 3, col2Im, 18);
  table.add("Compress", 2, 2, compress, 9);
  table.add("Gather", 2, 2, gather);
  table.add("GatherElements", 2, 2, gatherElements, 11);
  table.add("GatherND", 2, 2, gatherND, 11);
  table.add("MaxUnpool", 2, 3, maxUnpool, 9);
  table.add("NonZero", 1, 1, nonZero, 9);
  table.add("OneHot", 3, 3, oneHotOperator, 9);
  table.add("ReverseSequence", 2, 2, reverseSequence, 10);
  table.add("Scatter", 3, 3, scatterElements, 9);
  table.add("ScatterElements", 3, 3, scatterElements, 11);
  table.add("ScatterND", 3, 3, scatterND, 11);
  table.add("TensorScatter", 2, 3, tensorScatter, 24);
}

} // namespace mlir::aic::onnx_import
