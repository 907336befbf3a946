// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Movement.cpp - Constants, shapes and the movement of elements ------===//
#include "Families.h"
#include "Graph.h"
#include "aic/Dialect/AIC/IR/EvalBridge.h"
#include <cmath>

namespace mlir::aic::onnx_import {
namespace {

//===-- Constants -----------------------------------------------------------===//

void constant(Node &n) {
  using Attribute = ::onnx::AttributeProto;
  if (const Attribute *value = n.attribute("value", Attribute::TENSOR))
    return n.out(n.graph.constant(*const_cast<Attribute *>(value)->mutable_t(), "node '" + n.name + "' (Constant)",
                                  n.wants(0) ? n.proto.output(0) : n.name));
  if (const Attribute *value = n.attribute("value_int", Attribute::INT)) {
    ::aic::eval::Tensor tensor(::aic::eval::DType::I64, {});
    *tensor.as<int64_t>() = value->i();
    return n.out(n.constant(tensor));
  }
  if (n.hasAttribute("value_ints"))
    return n.out(n.vector(n.getInts("value_ints").value_or(Ints())));
  if (n.hasAttribute("value_float"))
    return n.out(n.scalar(n.b.getF32Type(), n.getFloat("value_float", 0)));
  if (const Attribute *value = n.attribute("value_floats", Attribute::FLOATS)) {
    ::aic::eval::Tensor tensor(::aic::eval::DType::F32, {value->floats_size()});
    std::copy(value->floats().begin(), value->floats().end(), tensor.as<float>());
    return n.out(n.constant(tensor));
  }
  if (n.hasAttribute("sparse_value") || n.hasAttribute("value_string") || n.hasAttribute("value_strings"))
    return n.unsupported("a constant that is sparse or of strings");
  n.error("expected attribute 'value'");
}

void constantOfShape(Node &n) {
  Value value = n.scalar(n.b.getF32Type(), 0);
  if (const ::onnx::AttributeProto *attr = n.attribute("value", ::onnx::AttributeProto::TENSOR))
    value = n.graph.constant(*const_cast<::onnx::AttributeProto *>(attr)->mutable_t(), "node '" + n.name + "'", n.name);
  if (!value)
    return n.unsupported("attribute 'value'");
  n.out(n.broadcast(n.rank(value) == 0 ? value : n.reshape(value, ArrayRef<int64_t>()), n.in(0)));
}

void range(Node &n) {
  n.ignore("stash_type");
  auto scalar = [&](unsigned i) {
    Value v = n.in(i);
    return n.rank(v) == 0 ? v : n.reshape(v, ArrayRef<int64_t>());
  };
  n.out(n.make<RangeOp>(n.elem(n.in(0)), scalar(0), scalar(1), scalar(2)));
}

/// Whether row + k = column, as a matrix of i1.
Value diagonal(Node &n, Predicate predicate, Value rows, Value columns, Value k) {
  Value row = n.add(n.unsqueeze(n.iota(rows), {1}), k);
  return n.compare(predicate, row, n.iota(columns));
}

void eyeLike(Node &n) {
  Value x = n.in();
  n.expectRank(x, 2, 2, "operand 0");
  Type element = n.getElementType("dtype", n.elem(x));
  Value k = n.index(n.getInt("k", 0));
  n.out(n.cast(diagonal(n, Predicate::eq, n.toScalar(n.extent(x, 0)), n.toScalar(n.extent(x, 1)), k), element));
}

void trilu(Node &n) {
  Value x = n.in(0), k = n.optional(1);
  n.expectRank(x, 2, 64, "operand 0");
  bool isUpper = n.getBool("upper", true);
  if (n.failed())
    return;
  k = !k ? n.index(0) : n.rank(k) == 0 ? k : n.reshape(k, ArrayRef<int64_t>());
  int64_t rank = n.rank(x);
  Value kept = diagonal(n, isUpper ? Predicate::le : Predicate::ge, n.toScalar(n.extent(x, rank - 2)),
                        n.toScalar(n.extent(x, rank - 1)), k);
  n.out(n.select(kept, x, n.scalarLike(x, 0)));
}

//===-- Shapes --------------------------------------------------------------===//

void shape(Node &n) {
  Value x = n.in(), all = n.shapeOf(x);
  int64_t rank = n.rank(x), start = n.getInt("start", 0), end = n.getInt("end", rank);
  auto clamp = [&](int64_t i) { return std::clamp<int64_t>(i < 0 ? i + rank : i, 0, rank); };
  start = clamp(start);
  end = std::max(clamp(end), start);
  n.out(start == 0 && end == rank ? all : n.slice(all, 0, start, end));
}

void size(Node &n) { n.out(n.toScalar(n.extents(n.in(), 0, n.rank(n.in())))); }

void reshape(Node &n) { n.out(n.reshape(n.in(0), n.in(1), !n.getBool("allowzero", false))); }

void flatten(Node &n) {
  Value x = n.in();
  int64_t rank = n.rank(x), axis = n.getInt("axis", 1);
  if (axis < -rank || axis > rank)
    return n.error("expected axis between " + Twine(-rank) + " and " + Twine(rank) + ", got " + Twine(axis));
  if (axis < 0)
    axis += rank;
  Ints known[2] = {{}, {}};
  int64_t product[2] = {1, 1};
  for (int64_t d = 0; d < rank; ++d) {
    int64_t &p = product[d >= axis], extent = n.dim(x, d);
    if (p != ShapedType::kDynamic)
      p = ShapedType::isDynamic(extent) ? extent : p * extent;
  }
  bool first = product[0] == ShapedType::kDynamic, second = product[1] == ShapedType::kDynamic;
  if (!first && !second)
    return n.out(n.reshape(x, ArrayRef(product)));
  if (first != second && product[first ? 1 : 0] != 0)
    return n.out(n.reshape(x, ArrayRef<int64_t>{first ? -1 : product[0], second ? -1 : product[1]}));
  if (axis == 1 && !(second && rank == 1))
    return n.out(n.reshape(x, n.vector({0, -1}), true));
  n.out(n.reshape(x, ArrayRef<Extent>{n.extents(x, 0, axis), n.extents(x, axis, rank)}));
}

std::optional<Ints> readAxes(Node &n, int64_t sinceInput, unsigned operand, int64_t rank) {
  std::optional<Ints> axes;
  if (n.opset < sinceInput)
    axes = n.getInts("axes");
  else if (n.has(operand))
    axes = n.requireInts(n.in(operand), "axes");
  if (!axes)
    return std::nullopt;
  for (int64_t &axis : *axes) {
    axis = n.checkAxis(axis, rank, "axes");
    if (llvm::count(*axes, axis) > 1 && !n.failed())
      n.error("expected each of the axes once, got " + Twine(axis) + " twice");
  }
  return axes;
}

/// Numbers for some axes as a vector over all dimensions of a tensor; the axes are known at run time only.
Value scatterByAxis(Node &n, Value values, Value axes, int64_t rank, Value otherwise) {
  Type i64 = n.b.getI64Type();
  axes = n.cast(axes, i64);
  axes = n.select(n.compare(Predicate::lt, axes, n.index(0)), n.add(axes, n.index(rank)), axes);
  return n.make<ScatterElementsOp>(i64, ScatterKind::replace, otherwise, axes, n.cast(values, i64), uint64_t(0));
}

void squeeze(Node &n) {
  Value x = n.in(0);
  // Axes that are not constant: the extents of the other dimensions are moved together.
  if (n.opset >= 13 && n.has(1) && !n.ints(n.in(1))) {
    Type i64 = n.b.getI64Type();
    int64_t rank = n.rank(x), count = n.rank(n.in(1)) == 0 ? 1 : n.dim(n.in(1), 0);
    if (ShapedType::isDynamic(count) || n.rank(n.in(1)) > 1 || count > rank)
      return n.unsupported("axes of unknown number");
    int64_t kept = rank - count;
    Value axes = n.rank(n.in(1)) == 0 ? n.unsqueeze(n.in(1), {0}) : n.in(1);
    Value stays = scatterByAxis(n, n.vector(Ints(size_t(count), 0)), axes, rank, n.vector(Ints(size_t(rank), 1)));
    Value place = n.make<ScanOp>(i64, ReduceKind::sum, stays, uint64_t(0), true, false);
    place = n.select(n.compare(Predicate::eq, stays, n.index(1)), place, n.index(kept));
    Value shape = n.make<ScatterElementsOp>(i64, ScatterKind::replace, n.vector(Ints(size_t(kept) + 1, 1)), place,
                                            n.shapeOf(x), uint64_t(0));
    return n.out(n.reshape(x, n.slice(shape, 0, 0, kept)));
  }
  std::optional<Ints> axes = readAxes(n, 13, 1, n.rank(x));
  if (n.failed())
    return;
  if (!axes) {
    axes.emplace();
    for (int64_t d = 0; d < n.rank(x); ++d)
      if (n.dim(x, d) == 1)
        axes->push_back(d);
      else if (ShapedType::isDynamic(n.dim(x, d)))
        return n.unsupported("no axes and dimensions that are not known");
  }
  n.out(axes->empty() ? x : n.squeeze(x, *axes));
}

void unsqueeze(Node &n) {
  Value x = n.in(0);
  int64_t count = 0;
  if (n.opset < 13)
    count = int64_t(n.getInts("axes").value_or(Ints()).size());
  else if (n.has(1))
    count = n.rank(n.in(1)) == 0 ? 1 : n.dim(n.in(1), 0);
  if (ShapedType::isDynamic(count) || count > 64)
    return n.unsupported("axes of unknown number");
  // Axes that are not constant: the extents of x are put at the places that are not among them.
  if (n.opset >= 13 && n.has(1) && !n.ints(n.in(1))) {
    int64_t rank = n.rank(x) + count;
    Value axes = n.cast(n.in(1), n.b.getI64Type()), limit = n.index(rank);
    axes = n.select(n.compare(Predicate::lt, axes, n.index(0)), n.add(axes, limit), axes);
    if (n.rank(axes) == 0)
      axes = n.unsqueeze(axes, {0});
    Value isNew = n.make<ScatterElementsOp>(n.b.getI64Type(), ScatterKind::replace, n.vector(Ints(size_t(rank), 0)),
                                            axes, n.vector(Ints(size_t(count), 1)), uint64_t(0));
    Value old = n.sub(n.index(1), isNew);
    Value place = n.make<ScanOp>(n.b.getI64Type(), ReduceKind::sum, old, uint64_t(0), true, false);
    Value ones = n.concat({n.shapeOf(x), n.vector(1)}, 0);
    Value index = n.select(n.compare(Predicate::eq, isNew, n.index(1)), n.index(n.rank(x)), place);
    return n.out(n.reshape(x, n.gather(ones, index, 0)));
  }
  std::optional<Ints> axes = readAxes(n, 13, 1, n.rank(x) + count);
  if (!axes && !n.failed())
    return n.error("expected axes");
  if (!n.failed())
    n.out(axes->empty() ? x : n.unsqueeze(x, *axes));
}

//===-- Movement ------------------------------------------------------------===//

void transpose(Node &n) {
  Value x = n.in();
  Ints permutation = n.getInts("perm").value_or(Ints());
  if (permutation.empty() && n.rank(x) > 0)
    for (int64_t d = n.rank(x) - 1; d >= 0; --d)
      permutation.push_back(d);
  SmallVector<bool> seen(size_t(n.rank(x)), false);
  bool isValid = int64_t(permutation.size()) == n.rank(x);
  for (int64_t axis : permutation)
    if (isValid) {
      isValid = axis >= 0 && axis < n.rank(x) && !seen[size_t(axis)];
      if (isValid)
        seen[size_t(axis)] = true;
    }
  if (!isValid)
    return n.error("attribute 'perm': expected a permutation of " + Twine(n.rank(x)) + " dimensions");
  n.out(n.transpose(x, permutation));
}

void concat(Node &n) {
  SmallVector<Value> values = n.inputs();
  int64_t axis = n.checkAxis(n.requireInt("axis"), n.rank(values[0]));
  n.out(n.concat(values, axis));
}

void expand(Node &n) { n.out(n.broadcast(n.in(0), n.in(1))); }
void tile(Node &n) { n.out(n.make<TileOp>(n.elem(n.in(0)), n.in(0), n.shapeOperand(n.in(1), "the repeats"))); }

void slice(Node &n) {
  Value x = n.in(0), starts, ends, steps, axisOperand;
  std::optional<Ints> axes;
  Type i64 = n.b.getI64Type();
  if (n.opset < 10) {
    std::optional<Ints> begin = n.getInts("starts"), end = n.getInts("ends");
    if (!begin || !end || begin->size() != end->size())
      return n.error("expected attributes 'starts' and 'ends' of one length");
    starts = n.vector(*begin);
    ends = n.vector(*end);
    axes = n.getInts("axes");
  } else {
    if (n.numInputs() < 3)
      return n.error("expected operands 'starts' and 'ends'");
    starts = n.cast(n.in(1), i64);
    ends = n.cast(n.in(2), i64);
    axisOperand = n.optional(3);
    steps = n.optional(4);
  }
  starts = n.shapeOperand(starts, "the starts");
  ends = n.shapeOperand(ends, "the ends");
  if (axisOperand)
    n.expectRank(axisOperand, 1, 1, "the axes");
  int64_t count = n.dim(starts, 0), rank = n.rank(x);
  if (n.failed())
    return;
  if (ShapedType::isDynamic(count))
    return n.unsupported("starts of unknown number");
  if (count > rank)
    return n.error("expected at most " + Twine(rank) + " starts, got " + Twine(count));
  if (!steps)
    steps = n.vector(Ints(size_t(count), 1));
  steps = n.cast(steps, i64);
  if (axisOperand)
    axes = n.ints(axisOperand);
  if (axisOperand && !axes) {
    starts = scatterByAxis(n, starts, axisOperand, rank, n.vector(Ints(size_t(rank), 0)));
    ends = scatterByAxis(n, ends, axisOperand, rank, n.shapeOf(x));
    steps = scatterByAxis(n, steps, axisOperand, rank, n.vector(Ints(size_t(rank), 1)));
    count = rank;
  }
  if (!axes) {
    axes.emplace();
    for (int64_t d = 0; d < count; ++d)
      axes->push_back(d);
  }
  if (int64_t(axes->size()) != count)
    return n.error("expected " + Twine(count) + " axes, got " + Twine(axes->size()));
  for (int64_t &axis : *axes)
    axis = n.checkAxis(axis, rank, "axes");
  n.out(n.make<SliceOp>(n.elem(x), x, n.shapeOperand(starts, "the starts"), n.shapeOperand(ends, "the ends"),
                        n.shapeOperand(steps, "the steps"), ArrayRef(*axes)));
}

void split(Node &n) {
  Value x = n.in(0);
  int64_t axis = n.getAxis("axis", 0, n.rank(x)), parts = n.numOutputs();
  std::optional<Ints> sizes;
  Value sizesOperand;
  if (n.opset < 13)
    sizes = n.getInts("split");
  else if (n.has(1) && !(sizes = n.ints(n.in(1))))
    sizesOperand = n.cast(n.in(1), n.b.getI64Type());
  if (n.opset >= 18 && n.hasAttribute("num_outputs"))
    if (int64_t declared = n.getInt("num_outputs", parts); declared != parts)
      return n.error("attribute 'num_outputs': expected " + Twine(parts) + ", got " + Twine(declared));
  if (n.failed())
    return;
  if (sizes && int64_t(sizes->size()) != parts)
    return n.error("expected " + Twine(parts) + " sizes, got " + Twine(sizes->size()));
  if (sizes && llvm::any_of(*sizes, [](int64_t s) { return s < 0 || s > kMaxElements; }))
    return n.error("expected sizes between 0 and 2^40");
  int64_t extent = n.dim(x, axis);
  if (sizes && !ShapedType::isDynamic(extent)) {
    int64_t sum = 0;
    for (int64_t size : *sizes)
      sum += std::min(size, extent + 1);
    if (sum != extent)
      return n.error("expected sizes with a sum of " + Twine(extent) + ", got " + Twine(sum));
  }
  if (sizesOperand) {
    if (n.rank(sizesOperand) != 1 || n.dim(sizesOperand, 0) != parts)
      return n.error("expected " + Twine(parts) + " sizes");
    Extent begin = 0;
    for (int64_t i = 0; i < parts; ++i) {
      Extent end = n.plus(begin, Extent(n.slice(sizesOperand, 0, i, i + 1)));
      n.out(unsigned(i), n.slice(x, axis, n.toVector(begin), n.toVector(end)));
      begin = end;
    }
    return;
  }
  if (sizes || !ShapedType::isDynamic(extent)) {
    int64_t chunk = sizes ? 0 : (extent + parts - 1) / parts, begin = 0;
    if (!sizes && n.opset < 18 && extent % parts != 0)
      return n.error("expected a multiple of " + Twine(parts) + " in dimension " + Twine(axis) + ", got " +
                     Twine(extent));
    for (int64_t i = 0; i < parts; ++i) {
      int64_t end = sizes ? begin + (*sizes)[size_t(i)] : std::min(extent, begin + chunk);
      n.out(unsigned(i), n.slice(x, axis, begin, end));
      begin = end;
    }
    return;
  }
  Extent chunk = ceilDiv(n, n.extent(x, axis), parts);
  for (int64_t i = 0; i < parts; ++i)
    n.out(unsigned(i),
          n.slice(x, axis, n.toVector(n.times(chunk, Extent(i))), n.toVector(n.times(chunk, Extent(i + 1)))));
}

void pad(Node &n) {
  Value x = n.in(0), pads, value;
  int64_t rank = n.rank(x);
  std::string name = n.getString("mode", "constant");
  std::optional<PadMode> mode = symbolizePadMode(name);
  if (!mode)
    return n.error("attribute 'mode': got '" + name + "'");
  if (n.opset < 11) {
    std::optional<Ints> list = n.getInts("pads");
    if (!list)
      return n.error("expected attribute 'pads'");
    pads = n.vector(*list);
    value = n.scalarLike(x, n.getFloat("value", 0));
  } else {
    if (n.numInputs() < 2)
      return n.error("expected operand 'pads'");
    pads = n.cast(n.in(1), n.b.getI64Type());
    value = n.optional(2);
    // An empty tensor stands for the default.
    if (!value || n.dim(value, 0) == 0)
      value = n.scalarLike(x, 0);
    if (n.rank(value) != 0)
      value = n.reshape(value, ArrayRef<int64_t>());
    if (Value axisOperand = n.optional(3)) {
      std::optional<Ints> axes = n.ints(axisOperand);
      int64_t count = n.dim(axisOperand, 0);
      if (ShapedType::isDynamic(count) || n.rank(axisOperand) != 1)
        return n.unsupported("axes of unknown number");
      Value zeros = n.vector(Ints(size_t(rank), 0));
      Value before = n.slice(pads, 0, 0, count), after = n.slice(pads, 0, count, 2 * count);
      if (axes) {
        for (int64_t &axis : *axes)
          axis = n.checkAxis(axis, rank, "axes");
        axisOperand = n.vector(*axes);
      }
      if (std::optional<Ints> numbers = n.ints(pads); numbers && axes && int64_t(numbers->size()) == 2 * count) {
        Ints all(size_t(2 * rank), 0);
        for (int64_t i = 0; i < count && !n.failed(); ++i) {
          all[size_t((*axes)[size_t(i)])] = (*numbers)[size_t(i)];
          all[size_t(rank + (*axes)[size_t(i)])] = (*numbers)[size_t(count + i)];
        }
        pads = n.vector(all);
      } else {
        pads = n.concat(
            {scatterByAxis(n, before, axisOperand, rank, zeros), scatterByAxis(n, after, axisOperand, rank, zeros)}, 0);
      }
    }
  }
  n.out(n.pad(x, pads, value, *mode));
}

constexpr int64_t kMaxBlock = 1 << 15;

void depthToSpace(Node &n) {
  Value x = n.in();
  n.expectRank(x, 4, 4, "operand 0");
  int64_t block = n.requireInt("blocksize"), channels = n.dim(x, 1);
  std::string mode = n.getString("mode", "DCR");
  if (n.failed())
    return;
  if (block < 1 || block > kMaxBlock || (!ShapedType::isDynamic(channels) && channels % (block * block) != 0))
    return n.error("expected a number of channels that is a multiple of the squared blocksize " + Twine(block));
  if (mode != "DCR" && mode != "CRD")
    return n.error("attribute 'mode': expected 'DCR' or 'CRD', got '" + mode + "'");
  Extent depth = n.over(n.extent(x, 1), Extent(block * block));
  Extent batch = n.extent(x, 0), height = n.extent(x, 2), width = n.extent(x, 3);
  bool isDCR = mode == "DCR";
  SmallVector<Extent> split{batch, isDCR ? Extent(block) : depth, block, isDCR ? depth : Extent(block), height, width};
  Value y = n.transpose(n.reshape(x, split),
                        isDCR ? ArrayRef<int64_t>{0, 3, 4, 1, 5, 2} : ArrayRef<int64_t>{0, 1, 4, 2, 5, 3});
  SmallVector<Extent> merged{batch, depth, n.times(height, Extent(block)), n.times(width, Extent(block))};
  n.out(n.reshape(y, merged));
}

void spaceToDepth(Node &n) {
  Value x = n.in();
  n.expectRank(x, 4, 4, "operand 0");
  int64_t block = n.requireInt("blocksize");
  std::string mode = n.getString("mode", "DCR");
  if (n.failed())
    return;
  if (block < 1 || block > kMaxBlock)
    return n.error("expected a positive blocksize, got " + Twine(block));
  Extent batch = n.extent(x, 0), depth = n.extent(x, 1), height = n.over(n.extent(x, 2), Extent(block)),
         width = n.over(n.extent(x, 3), Extent(block));
  SmallVector<Extent> split{batch, depth, height, block, width, block};
  Value y = n.transpose(n.reshape(x, split),
                        mode == "CRD" ? ArrayRef<int64_t>{0, 1, 3, 5, 2, 4} : ArrayRef<int64_t>{0, 3, 5, 1, 2, 4});
  SmallVector<Extent> merged{batch, n.times(depth, Extent(block * block)), height, width};
  n.out(n.reshape(y, merged));
}

/// Each axis is cut around its middle, or padded there, to the extent asked for.
void centerCropPad(Node &n) {
  Value x = n.in(0), shape = n.shapeOperand(n.cast(n.in(1), n.b.getI64Type()), "the shape");
  int64_t rank = n.rank(x);
  Ints axes;
  if (std::optional<Ints> list = n.getInts("axes"))
    axes = *list;
  else
    for (int64_t d = 0; d < rank; ++d)
      axes.push_back(d);
  if (!n.failed() && n.dim(shape, 0) != int64_t(axes.size()))
    return n.error("expected " + Twine(axes.size()) + " extents");
  for (auto [i, axis] : llvm::enumerate(axes)) {
    axis = n.checkAxis(axis, rank, "axes");
    if (n.failed())
      return;
    Extent want = n.slice(shape, 0, int64_t(i), int64_t(i) + 1), have = n.extent(x, axis);
    if (std::optional<Ints> known = n.ints(shape); known && i < known->size())
      want = (*known)[i];
    Extent surplus = n.atLeast(n.minus(have, want), 0), begin = n.over(surplus, Extent(2));
    Extent kept = n.minus(have, surplus), missing = n.atLeast(n.minus(want, have), 0),
           before = n.over(missing, Extent(2));
    x = n.slice(x, axis, n.toVector(begin), n.toVector(n.plus(begin, kept)));
    SmallVector<Extent> pads(size_t(2 * rank), Extent(0));
    pads[size_t(axis)] = before;
    pads[size_t(rank + axis)] = n.minus(missing, before);
    x = n.pad(x, n.toVector(pads), n.scalarLike(x, 0), PadMode::constant);
  }
  n.out(x);
}

} // namespace

void addMovement(HandlerTable &table) {
  table.add("CenterCropPad", 2, 2, centerCropPad, 18);
  table.add("Concat", 1, HandlerTable::kVariadic, concat);
  table.add("Constant", 0, 0, constant);
  table.add("ConstantOfShape", 1, 1, constantOfShape, 9);
  table.add("DepthToSpace", 1, 1, depthToSpace);
  table.add("Expand", 2, 2, expand, 8);
  table.add("EyeLike", 1, 1, eyeLike, 9);
  table.add("Flatten", 1, 1, flatten);
  table.add("Pad", 1, 4, pad);
  table.add("Range", 3, 3, range, 11);
  table.add("Reshape", 2, 2, reshape);
  table.add("Shape", 1, 1, shape);
  table.add("Size", 1, 1, size);
  table.add("Slice", 1, 5, slice);
  table.add("SpaceToDepth", 1, 1, spaceToDepth);
  table.add("Split", 1, 2, split);
  table.add("Squeeze", 1, 2, squeeze);
  table.add("Tile", 2, 2, tile);
  table.add("Transpose", 1, 1, transpose);
  table.add("Trilu", 1, 2, trilu, 14);
  table.add("Unsqueeze", 1, 2, unsqueeze);
}

} // namespace mlir::aic::onnx_import
