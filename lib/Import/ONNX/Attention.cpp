// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Attention.cpp - Operators of transformers --------------------------===//
#include "Families.h"
#include <cmath>
#include <limits>

namespace mlir::aic::onnx_import {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// [batch, sequence, heads * size] as [batch, heads, sequence, size]
Value splitHeads(Node &n, Value x, int64_t heads) {
  int64_t hidden = n.dim(x, 2);
  if (n.failed() || heads < 1 || ShapedType::isDynamic(hidden) || hidden % heads != 0) {
    n.error("expected a hidden size that is a multiple of " + Twine(heads) + " heads");
    return {};
  }
  return n.transpose(n.reshape(x, n.vector({0, 0, heads, hidden / heads}), true), {0, 2, 1, 3});
}

/// 0 where the condition holds, else minus infinity.
Value toBias(Node &n, Value condition, Type element) {
  return n.select(condition, n.scalar(element, 0), n.scalar(element, -kInfinity));
}

struct Masks {
  Value bias; ///< added to the scores; null: nothing is masked
  void add(Node &n, Value more) { bias = bias ? n.add(bias, more) : more; }
};

/// The position of a query minus that of a key: a [q, k] matrix, or [batch, 1, q, k] with the offsets of each batch
/// row.
Value distances(Node &n, Value q, Value k, Extent offset, Value lengths) {
  Value rows = n.iota(n.toScalar(n.extent(q, 2))), columns = n.iota(n.toScalar(n.extent(k, 2)));
  Value difference = n.sub(n.unsqueeze(rows, {1}), columns);
  if (lengths)
    return n.add(difference, n.unsqueeze(n.sub(lengths, n.toVector(n.extent(q, 2))), {1, 2, 3}));
  if (offset.number && *offset.number == 0)
    return difference;
  return n.add(difference, n.toVector(offset));
}

void attention(Node &n) {
  Value q = n.in(0), k = n.in(1), v = n.in(2), mask = n.optional(3), pastKey = n.optional(4), pastValue = n.optional(5);
  Value lengths = n.optional(6);
  Type element = n.elem(q);
  int64_t rank = n.rank(q), queryHeads = n.getInt("q_num_heads", 0), keyHeads = n.getInt("kv_num_heads", 0);
  int64_t left = n.getInt("left_window_size", -1), right = n.getInt("right_window_size", -1);
  int64_t mode = n.getInt("qk_matmul_output_mode", 0);
  double softcap = n.getFloat("softcap", 0), scale = n.getFloat("scale", 0);
  bool isCausal = n.getBool("is_causal", false), hasScale = n.hasAttribute("scale");
  Type precision = n.getElementType("softmax_precision", element);
  n.expectRank(q, 3, 4, "operand 0");
  n.expectRank(k, rank, rank, "operand 1");
  n.expectRank(v, rank, rank, "operand 2");
  if (n.failed())
    return;
  if (!pastKey != !pastValue)
    return n.error("expected both past_key and past_value, or none");
  if (rank == 3) {
    q = splitHeads(n, q, queryHeads);
    k = splitHeads(n, k, keyHeads);
    v = splitHeads(n, v, keyHeads);
  }
  Extent offset = 0;
  if (pastKey) {
    offset = n.extent(pastKey, 2);
    k = n.concat({pastKey, k}, 2);
    v = n.concat({pastValue, v}, 2);
  }
  n.out(1, k);
  n.out(2, v);
  if (n.failed())
    return;
  queryHeads = n.dim(q, 1);
  keyHeads = n.dim(k, 1);
  int64_t size = n.dim(q, 3);
  if (ShapedType::isDynamic(queryHeads) || ShapedType::isDynamic(keyHeads) ||
      (!hasScale && ShapedType::isDynamic(size)))
    return n.unsupported("an unknown number or size of heads");
  if (keyHeads < 1 || queryHeads % keyHeads != 0)
    return n.error("expected a multiple of " + Twine(keyHeads) + " query heads, got " + Twine(queryHeads));
  if (!hasScale)
    scale = 1 / std::sqrt(double(size));
  if (lengths)
    lengths = n.cast(lengths, n.b.getI64Type());

  Masks masks;
  if (mask) {
    bool isBool = n.elem(mask).isInteger(1);
    int64_t axis = n.rank(mask) - 1;
    if (axis < 0 || axis > 3)
      return n.error("expected a mask of rank 1 to 4");
    if (n.dim(mask, axis) != n.dim(k, 2) || ShapedType::isDynamic(n.dim(k, 2))) {
      // A mask that is too short hides the last keys.
      SmallVector<Extent> pads(size_t(2 * (axis + 1)), Extent(0));
      pads.back() = n.atLeast(n.minus(n.extent(k, 2), n.extent(mask, axis)), 0);
      if (n.dim(mask, axis) != 1)
        mask = n.pad(mask, n.toVector(pads), n.scalarLike(mask, isBool ? 0 : -kInfinity), PadMode::constant);
    }
    masks.add(n, isBool ? toBias(n, mask, element) : n.cast(mask, element));
  }
  if (isCausal || left >= 0 || right >= 0) {
    Value distance = distances(n, q, k, offset, pastKey ? Value() : lengths);
    if (isCausal)
      masks.add(n, toBias(n, n.compare(Predicate::ge, distance, n.index(0)), element));
    if (left >= 0)
      masks.add(n, toBias(n, n.compare(Predicate::le, distance, n.index(left)), element));
    if (right >= 0)
      masks.add(n, toBias(n, n.compare(Predicate::ge, distance, n.index(-right)), element));
  }
  if (lengths) {
    Value inside = n.compare(Predicate::lt, n.iota(n.toScalar(n.extent(k, 2))), n.unsqueeze(lengths, {1}));
    masks.add(n, toBias(n, n.unsqueeze(inside, {1, 2}), element));
  }

  // The query heads of a group share a key head: they are a dimension that the key does not have.
  int64_t group = queryHeads / keyHeads;
  Extent batch = n.extent(q, 0), rows = n.extent(q, 2), columns = n.extent(k, 2);
  auto grouped = [&](Value x, Extent r, Extent c) {
    return group == 1 ? x : n.reshape(x, SmallVector<Extent>{batch, keyHeads, group, r, c});
  };
  auto merged = [&](Value x, Extent r, Extent c) {
    return group == 1 ? x : n.reshape(x, SmallVector<Extent>{batch, queryHeads, r, c});
  };
  auto shared = [&](Value x) { return group == 1 ? x : n.unsqueeze(x, {2}); };
  Value scores = n.matmul(grouped(n.mul(q, scale), rows, n.extent(q, 3)), shared(n.transpose(k, {0, 1, 3, 2})));
  scores = merged(scores, rows, columns);
  if (softcap > 0)
    scores = n.mul(n.unary<TanhOp>(n.div(scores, softcap)), softcap);
  Value biased = masks.bias ? n.add(scores, masks.bias) : scores;
  Value weights = n.softmax(n.cast(biased, precision), 3);
  if (masks.bias) {
    // A query that sees no key gets zeros.
    Value highest = n.reduce(ReduceKind::max, masks.bias, {n.rank(masks.bias) - 1}, true);
    weights =
        n.select(n.compare(Predicate::eq, highest, n.scalar(element, -kInfinity)), n.scalar(precision, 0), weights);
  }
  n.out(3, mode == 3 ? n.cast(weights, element) : mode == 2 ? biased : scores);
  weights = n.cast(weights, n.elem(v));
  Extent width = n.extent(v, 3);
  Value y = merged(n.matmul(grouped(weights, rows, columns), shared(v)), rows, width);
  if (rank == 3)
    y = n.reshape(n.transpose(y, {0, 2, 1, 3}), SmallVector<Extent>{batch, rows, n.times(Extent(queryHeads), width)});
  n.out(0, y);
}

void rotaryEmbedding(Node &n) {
  Value x = n.in(0), cosine = n.in(1), sine = n.in(2), positions = n.optional(3), input = x;
  int64_t rank = n.rank(x), heads = n.getInt("num_heads", 0), rotated = n.getInt("rotary_embedding_dim", 0);
  bool isInterleaved = n.getBool("interleaved", false);
  n.expectRank(x, 3, 4, "operand 0");
  if (n.failed())
    return;
  x = rank == 3 ? splitHeads(n, x, heads) : x; // [batch, heads, sequence, size]
  int64_t size = n.dim(x, 3);
  if (n.failed())
    return;
  if (ShapedType::isDynamic(size))
    return n.unsupported("an unknown size of heads");
  if (rotated == 0)
    rotated = size;
  if (rotated < 0 || rotated > size || rotated % 2 != 0)
    return n.error("attribute 'rotary_embedding_dim': expected an even number up to " + Twine(size) + ", got " +
                   Twine(rotated));
  if (positions) {
    cosine = n.gather(cosine, positions, 0);
    sine = n.gather(sine, positions, 0);
  }
  n.expectRank(cosine, 3, 3, "the cosines");
  cosine = n.unsqueeze(cosine, {1});
  sine = n.unsqueeze(sine, {1});
  int64_t half = rotated / 2;
  Value first = isInterleaved ? n.slice(x, 3, 0, rotated, 2) : n.slice(x, 3, 0, half);
  Value second = isInterleaved ? n.slice(x, 3, 1, rotated, 2) : n.slice(x, 3, half, rotated);
  Value real = n.sub(n.mul(cosine, first), n.mul(sine, second));
  Value imaginary = n.add(n.mul(sine, first), n.mul(cosine, second));
  Value y;
  if (isInterleaved) {
    y = n.concat({n.unsqueeze(real, {4}), n.unsqueeze(imaginary, {4})}, 4);
    y = n.reshape(y, SmallVector<Extent>{n.extent(x, 0), n.extent(x, 1), n.extent(x, 2), rotated});
  } else {
    y = n.concat({real, imaginary}, 3);
  }
  if (rotated < size)
    y = n.concat({y, n.slice(x, 3, rotated, size)}, 3);
  n.out(rank == 4 ? y : n.reshape(n.transpose(y, {0, 2, 1, 3}), n.shapeOf(input)));
}

} // namespace

void addAttention(HandlerTable &table) {
  table.add("Attention", 3, 7, attention, 23);
  table.add("RotaryEmbedding", 3, 4, rotaryEmbedding, 23);
}

} // namespace mlir::aic::onnx_import
