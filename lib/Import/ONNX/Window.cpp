// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Window.cpp - Convolutions and pooling ------------------------------===//
#include "Families.h"
#include "aic/Eval/Tensor.h"
#include <cmath>

namespace mlir::aic::onnx_import {
namespace {

constexpr int64_t kMaxWindow = 1 << 20;

/// The attributes that all sliding windows share, complete and checked.
struct Window {
  Ints kernel, strides, dilations, pads;
  size_t rank = 0;
  Value input;                 ///< padded already where the padding is not known at compile time
  SmallVector<Extent> padding; ///< that padding: what comes before each dimension, then what comes after

  int64_t span(size_t i) const { return dilations[i] * (kernel[i] - 1) + 1; }
};

bool checkList(Node &n, StringRef name, const Ints &list, size_t size, int64_t least) {
  if (list.size() != size)
    n.error("attribute '" + name + "': expected " + Twine(size) + " numbers, got " + Twine(list.size()));
  for (int64_t value : list)
    if (value < least || value > kMaxWindow)
      n.error("attribute '" + name + "': expected numbers of at least " + Twine(least) + ", got " + Twine(value));
  return !n.failed();
}

/// Pads the input itself.
void padAtRunTime(Node &n, Window &w, ArrayRef<Extent> padding, double fill) {
  SmallVector<Extent> all(2, Extent(0));
  all.append(padding.begin(), padding.begin() + w.rank);
  all.append(2, Extent(0));
  all.append(padding.begin() + w.rank, padding.end());
  w.input = n.pad(w.input, n.toVector(all), n.scalarLike(w.input, fill), PadMode::constant);
  w.padding.assign(padding.begin(), padding.end());
  w.pads.assign(2 * w.rank, 0);
}

/// How far the last tap of a window lies behind its first. An extent of the kernel that is not known is the filter's.
Extent reach(Node &n, const Window &w, size_t i, Value filter) {
  if (!ShapedType::isDynamic(w.kernel[i]))
    return Extent(w.span(i) - 1);
  return n.times(n.minus(n.extent(filter, int64_t(i) + 2), Extent(1)), Extent(w.dilations[i]));
}

/// Reads strides, dilations and padding. Run-time padding is filled with `fill`. An extent of the kernel that is not
/// known is that of the filter.
bool readWindow(Node &n, Value x, Ints kernel, Window &w, double fill, Value filter = {}) {
  n.expectRank(x, 3, 5, "operand 0");
  if (n.failed())
    return false;
  w.rank = size_t(n.rank(x)) - 2;
  w.kernel = std::move(kernel);
  Ints known = w.kernel;
  for (int64_t &extent : known)
    extent = filter && ShapedType::isDynamic(extent) ? 1 : extent;
  w.strides = n.getInts("strides").value_or(Ints(w.rank, 1));
  w.dilations = n.getInts("dilations").value_or(Ints(w.rank, 1));
  std::optional<Ints> pads = n.getInts("pads");
  std::string kind = n.getString("auto_pad", "NOTSET");
  w.pads = pads.value_or(Ints(2 * w.rank, 0));
  w.input = x;
  if (!checkList(n, "kernel_shape", known, w.rank, 1) || !checkList(n, "strides", w.strides, w.rank, 1) ||
      !checkList(n, "dilations", w.dilations, w.rank, 1) || !checkList(n, "pads", w.pads, 2 * w.rank, -kMaxWindow))
    return false;
  if (kind == "NOTSET" || kind.empty()) {
    if (llvm::any_of(w.pads, [](int64_t p) { return p < 0; }))
      n.unsupported("negative pads");
    return !n.failed();
  }
  w.pads.assign(2 * w.rank, 0);
  if (kind == "VALID")
    return true;
  if (kind != "SAME_UPPER" && kind != "SAME_LOWER") {
    n.error("attribute 'auto_pad': expected NOTSET, VALID, SAME_UPPER or SAME_LOWER, got '" + kind + "'");
    return false;
  }
  // The result has ceil(D / stride) places: the last window ends (ceil(D / stride) - 1) * stride + span.
  bool isUpper = kind == "SAME_UPPER";
  SmallVector<Extent> all(2 * w.rank, Extent(0));
  bool isKnown = true;
  for (size_t i = 0; i < w.rank; ++i) {
    Extent before = reach(n, w, i, filter), total = before;
    if (w.strides[i] != 1) {
      Extent extent = n.extent(x, int64_t(i) + 2);
      Extent last = n.times(n.minus(ceilDiv(n, extent, w.strides[i]), Extent(1)), Extent(w.strides[i]));
      total = n.atLeast(n.minus(n.plus(n.plus(last, before), Extent(1)), extent), 0);
    }
    Extent small = n.over(total, Extent(2)), large = n.minus(total, small);
    all[i] = isUpper ? small : large;
    all[w.rank + i] = isUpper ? large : small;
    isKnown &= total.number.has_value();
  }
  if (!isKnown)
    padAtRunTime(n, w, all, fill);
  else
    for (size_t i = 0; i < 2 * w.rank; ++i)
      w.pads[i] = *all[i].number;
  return !n.failed();
}

/// The filter's spatial extents, which kernel_shape repeats; unknown ones stay unknown.
Ints filterKernel(Node &n, Value filter) {
  Ints kernel, declared = n.getInts("kernel_shape").value_or(Ints());
  for (int64_t i = 2; i < n.rank(filter); ++i)
    kernel.push_back(n.dim(filter, i));
  bool fits = declared.empty() || declared.size() == kernel.size();
  for (auto [extent, number] : llvm::zip(kernel, declared))
    fits &= ShapedType::isDynamic(extent) || extent == number;
  if (!fits)
    n.error("attribute 'kernel_shape': expected the filter's extents");
  return kernel;
}

int64_t readGroups(Node &n) {
  int64_t groups = n.getInt("group", 1);
  if (groups < 1)
    n.error("attribute 'group': expected a positive number, got " + Twine(groups));
  return groups;
}

void conv(Node &n) { n.out(convolution(n, n.in(0), n.in(1), n.optional(2))); }

/// What a transposed convolution gets around its result: `before` and `after` take places away, or add ones that no tap
/// reaches where they are below 0.
struct Trim {
  SmallVector<Extent> before, after;
  bool isKnown = true;
};

/// The padding that output_shape or SAME asks for: stride * (D - 1) + extra + span - total is the extent that
/// output_shape names, or D * stride.
Trim trimTransposed(Node &n, const Window &w, const Ints &extra, const std::optional<Ints> &shape, bool isUpper,
                    Value filter) {
  Trim trim;
  for (size_t i = 0; i < w.rank; ++i) {
    Extent total = n.plus(reach(n, w, i, filter), Extent(1 + extra[i] - w.strides[i]));
    if (shape)
      total = n.plus(total, n.minus(n.times(n.extent(w.input, int64_t(i) + 2), Extent(w.strides[i])), (*shape)[i]));
    Extent cut = n.atLeast(total, 0), grown = n.minus(cut, total);
    Extent small = n.over(cut, Extent(2)), large = n.minus(cut, small);
    trim.before.push_back(isUpper ? small : large);
    trim.after.push_back(n.minus(isUpper ? large : small, grown));
    trim.isKnown &= total.number.has_value();
  }
  return trim;
}

void convTranspose(Node &n) {
  Value x = n.in(0), filter = n.in(1), bias = n.optional(2);
  n.expectRank(filter, n.rank(x), n.rank(x), "operand 1");
  int64_t groups = readGroups(n);
  std::optional<Ints> shape = n.getInts("output_shape");
  std::string kind = n.getString("auto_pad", "NOTSET");
  Window w;
  w.rank = size_t(std::max<int64_t>(n.rank(x), 2)) - 2;
  w.input = x;
  n.expectRank(x, 3, 5, "operand 0");
  w.kernel = filterKernel(n, filter);
  w.strides = n.getInts("strides").value_or(Ints(w.rank, 1));
  w.dilations = n.getInts("dilations").value_or(Ints(w.rank, 1));
  w.pads = n.getInts("pads").value_or(Ints(2 * w.rank, 0));
  Ints extra = n.getInts("output_padding").value_or(Ints(w.rank, 0));
  if (n.failed() || !checkList(n, "strides", w.strides, w.rank, 1) ||
      !checkList(n, "dilations", w.dilations, w.rank, 1) || !checkList(n, "pads", w.pads, 2 * w.rank, -kMaxWindow) ||
      !checkList(n, "output_padding", extra, w.rank, 0))
    return;
  if (shape && shape->size() == w.rank + 2)
    shape->erase(shape->begin(), shape->begin() + 2);
  if (shape && !checkList(n, "output_shape", *shape, w.rank, 1))
    return;
  bool isSame = kind == "SAME_UPPER" || kind == "SAME_LOWER";
  if (shape || isSame || kind == "VALID")
    w.pads.assign(2 * w.rank, 0);
  Trim trim;
  if (shape || isSame)
    trim = trimTransposed(n, w, extra, shape, kind == "SAME_UPPER", filter);
  if (trim.isKnown)
    for (size_t i = 0; i < trim.before.size(); ++i) {
      w.pads[i] = *trim.before[i].number;
      w.pads[w.rank + i] = std::max<int64_t>(*trim.after[i].number, 0);
      extra[i] += std::max<int64_t>(-*trim.after[i].number, 0);
    }
  for (size_t i = 0; i < w.rank; ++i)
    if (w.pads[i] < 0 || w.pads[w.rank + i] < 0)
      return n.unsupported("negative pads");
  Value y = n.make<ConvTransposeOp>(n.elem(x), x, filter, trim.isKnown ? bias : Value(), ArrayRef(w.strides),
                                    ArrayRef(w.dilations), ArrayRef(w.pads), ArrayRef(extra), uint64_t(groups), false);
  if (trim.isKnown)
    return n.out(y);
  // Only run time knows the padding: cut the whole result, then add the bias, which places without taps have too.
  SmallVector<Extent> edges(2, Extent(0));
  for (Extent e : trim.before)
    edges.push_back(n.minus(Extent(0), e));
  edges.append(2, Extent(0));
  for (Extent e : trim.after)
    edges.push_back(n.minus(Extent(0), e));
  y = n.pad(y, n.toVector(edges), n.scalarLike(y, 0), PadMode::constant);
  n.out(bias ? n.add(y, n.alongAxis(bias, 1, n.rank(x))) : y);
}

//===-- Pooling -------------------------------------------------------------===//

Ints requireKernel(Node &n) {
  std::optional<Ints> kernel = n.getInts("kernel_shape");
  if (!kernel)
    n.error("expected attribute 'kernel_shape'");
  return kernel.value_or(Ints());
}

/// Positions in the padded tensor as positions in `x`.
Value withoutPadding(Node &n, Value positions, Value padded, Value x, const Window &w, bool isColumnMajor) {
  // Peel the spatial coordinates off, fastest first; what is left is the position of the image.
  SmallVector<int64_t> order;
  for (size_t i = 0; i < w.rank; ++i)
    order.push_back(int64_t(i));
  if (isColumnMajor && w.rank >= 2)
    std::swap(order[w.rank - 1], order[w.rank - 2]);
  Value rest = positions, result;
  SmallVector<Value> places(w.rank);
  for (int64_t i : llvm::reverse(order)) {
    Value extent = n.toScalar(n.extent(padded, i + 2));
    Value place = n.sub(n.binary<RemOp>(rest, extent), n.toScalar(w.padding[size_t(i)]));
    places[size_t(i)] = n.maximum(place, n.index(0)); // (a window that holds nothing above the padding)
    rest = n.div(rest, extent);
  }
  result = rest;
  for (int64_t i : order)
    result = n.add(n.mul(result, n.toScalar(n.extent(x, i + 2))), places[size_t(i)]);
  return result;
}

void maxPool(Node &n) {
  Value x = n.in();
  Window w;
  bool isCeil = n.getBool("ceil_mode", false), isColumnMajor = n.getBool("storage_order", false);
  Ints kernel = requireKernel(n);
  if (n.failed() || !readWindow(n, x, kernel, w, -std::numeric_limits<double>::infinity()))
    return;
  n.out(0, n.make<MaxPoolOp>(n.elem(x), w.input, ArrayRef(w.kernel), ArrayRef(w.strides), ArrayRef(w.dilations),
                             ArrayRef(w.pads), isCeil, false));
  if (!n.wants(1))
    return;
  Value positions = n.make<MaxPoolIndicesOp>(n.b.getI64Type(), w.input, ArrayRef(w.kernel), ArrayRef(w.strides),
                                             ArrayRef(w.dilations), ArrayRef(w.pads), isCeil, isColumnMajor);
  n.out(1, w.padding.empty() ? positions : withoutPadding(n, positions, w.input, x, w, isColumnMajor));
}

void averagePool(Node &n) {
  Value x = n.in();
  Window w;
  bool isCeil = n.getBool("ceil_mode", false), includesPad = n.getBool("count_include_pad", false);
  Ints kernel = requireKernel(n);
  if (n.failed() || !readWindow(n, x, kernel, w, 0))
    return;
  auto mean = [&](Value v, bool counts) {
    return n.make<AvgPoolOp>(n.elem(x), v, ArrayRef(w.kernel), ArrayRef(w.strides), ArrayRef(w.dilations),
                             ArrayRef(w.pads), isCeil, counts, false);
  };
  if (w.padding.empty() || includesPad)
    return n.out(mean(w.input, includesPad));
  // Padded at run time: the mean with the padding, over the share of places that are none.
  Value padded = mean(w.input, true);
  SmallVector<Extent> image(2, Extent(1));
  for (int64_t i = 2; i < n.rank(x); ++i)
    image.push_back(n.extent(x, i));
  w.input = n.broadcast(n.scalarLike(x, 1), n.toVector(image));
  padAtRunTime(n, w, SmallVector<Extent>(w.padding), 0);
  n.out(n.div(padded, mean(w.input, true)));
}

Value power(Node &n, Value x, int64_t p) {
  if (p == 1)
    return n.unary<AbsOp>(x);
  if (p == 2)
    return n.mul(x, x);
  return n.binary<PowOp>(n.unary<AbsOp>(x), n.scalarLike(x, double(p)));
}

Value root(Node &n, Value x, int64_t p) {
  if (p == 1)
    return x;
  return p == 2 ? n.unary<SqrtOp>(x) : n.binary<PowOp>(x, n.scalarLike(x, 1.0 / double(p)));
}

/// The p-norm of a window: its mean of |x|^p, with padding counted, times its size.
void lpPool(Node &n) {
  Value x = n.in();
  int64_t p = n.getInt("p", 2);
  bool isCeil = n.getBool("ceil_mode", false);
  Window w;
  Ints kernel = requireKernel(n);
  if (n.failed() || !readWindow(n, x, kernel, w, 0))
    return;
  double size = 1;
  bool isKnown = true;
  SmallVector<Extent> padding;
  for (size_t i = 0; i < w.rank; ++i) {
    size *= double(w.kernel[i]);
    padding.push_back(w.pads[i]);
  }
  for (size_t i = 0; i < w.rank && isCeil; ++i) {
    // Make every window lie inside the padding; the last one starts in the input.
    Extent end = n.plus(n.extent(w.input, int64_t(i) + 2), Extent(w.pads[i]));
    // Rounded up also below 0, where the window is larger than the padded input: no window then.
    Extent room = n.plus(end, Extent(w.pads[w.rank + i] - w.span(i) + w.span(i) * w.strides[i]));
    Extent full = n.minus(ceilDiv(n, room, w.strides[i]), Extent(w.span(i)));
    Extent last = n.atMost(full, n.over(n.minus(end, Extent(1)), Extent(w.strides[i])));
    Extent missing = n.minus(n.plus(n.times(last, Extent(w.strides[i])), Extent(w.span(i))), end);
    padding.push_back(n.atLeast(missing, w.pads[w.rank + i]));
    isKnown &= padding.back().number.has_value();
  }
  if (isCeil && !isKnown)
    padAtRunTime(n, w, padding, 0);
  else if (isCeil)
    for (size_t i = 0; i < w.rank; ++i)
      w.pads[w.rank + i] = *padding[w.rank + i].number;
  Value mean = n.make<AvgPoolOp>(n.elem(x), power(n, w.input, p), ArrayRef(w.kernel), ArrayRef(w.strides),
                                 ArrayRef(w.dilations), ArrayRef(w.pads), false, true, false);
  n.out(root(n, n.mul(mean, size), p));
}

Ints spatialAxes(Node &n, Value x) {
  n.expectRank(x, 2, 64, "operand 0");
  Ints axes;
  for (int64_t i = 2; i < n.rank(x); ++i)
    axes.push_back(i);
  return axes;
}

template <ReduceKind kind> void globalPool(Node &n) { n.out(n.reduce(kind, n.in(), spatialAxes(n, n.in()), true)); }

void globalLpPool(Node &n) {
  int64_t p = n.getInt("p", 2);
  n.out(root(n, n.reduce(ReduceKind::sum, power(n, n.in(), p), spatialAxes(n, n.in()), true), p));
}

} // namespace

Value convolution(Node &n, Value x, Value filter, Value bias) {
  Window w;
  n.expectRank(filter, n.rank(x), n.rank(x), "the filter");
  int64_t groups = readGroups(n);
  Ints kernel = filterKernel(n, filter);
  if (n.failed() || !readWindow(n, x, kernel, w, 0, filter))
    return {};
  return n.make<ConvOp>(n.elem(x), w.input, filter, bias, ArrayRef(w.strides), ArrayRef(w.dilations), ArrayRef(w.pads),
                        uint64_t(groups), false);
}

void addWindow(HandlerTable &table) {
  table.add("AveragePool", 1, 1, averagePool);
  table.add("Conv", 2, 3, conv);
  table.add("ConvTranspose", 2, 3, convTranspose);
  table.add("GlobalAveragePool", 1, 1, globalPool<ReduceKind::mean>);
  table.add("GlobalLpPool", 1, 1, globalLpPool);
  table.add("GlobalMaxPool", 1, 1, globalPool<ReduceKind::max>);
  table.add("LpPool", 1, 1, lpPool);
  table.add("MaxPool", 1, 1, maxPool);
}

} // namespace mlir::aic::onnx_import
