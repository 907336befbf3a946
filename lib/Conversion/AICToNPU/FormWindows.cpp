// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- FormWindows.cpp - Depthwise convolutions, pools, means -------------===//
//
//   quantize(clamps(mean(x - zx) * M), 1, z), mean(x - zx) * M   mean over a window or over whole dimensions, 8 bits in
//   clamps(avg_pool(x)), clamps(reduce mean(x))                  f16
//   max_pool(x), reduce max(x)                                   8 bits, f16, bf16, f32
//
// The mean of integers whose sum stays below 2^24 is one rounding of an exact quotient, here as there. Convolutions are
// matched with the other products (FormProducts.cpp).
//
//===----------------------------------------------------------------------===//
#include "FormUnits.h"
#include "WindowUnit.h"

#include <cmath>

namespace mlir::npu {

namespace {
/// A dimension that a window slides over.
struct Axis {
  int64_t input = 1, output = 1, kernel = 1, stride = 1, dilation = 1, before = 0, after = 0;

  /// Places of the window of result `x` inside the input.
  int64_t places(int64_t x) const {
    int64_t count = 0;
    for (int64_t k = 0; k != kernel; ++k) {
      int64_t at = x * stride - before + k * dilation;
      count += at >= 0 && at < input;
    }
    return count;
  }
  bool hasEmptyWindow() const {
    for (int64_t x = 0; x != output; ++x)
      if (!places(x))
        return true;
    return false;
  }
  /// ceil_mode: the last window reaches beyond the padding.
  bool reachesBeyond() const { return (output - 1) * stride + (kernel - 1) * dilation >= input + before + after; }
};

struct Geometry {
  int64_t batch = 1, channels = 1;
  Axis rows, pixels;
  bool includePad = false;

  void set(UnitMatch &unit) const {
    unit.set("batch", batch)
        .set("h", rows.input)
        .set("w", pixels.input)
        .set("c", channels)
        .set("oh", rows.output)
        .set("ow", pixels.output);
    unit.set("kh", rows.kernel)
        .set("kw", pixels.kernel)
        .set("sh", rows.stride)
        .set("sw", pixels.stride)
        .set("dh", rows.dilation)
        .set("dw", pixels.dilation);
    unit.set("pt", rows.before).set("pl", pixels.before);
  }
};
} // namespace

template <typename Pool> static bool geometryOfPool(Pool pool, Geometry &g, std::string &reason) {
  RankedTensorType x = typeOf(pool.getInput()), y = typeOf(pool.getResult());
  int64_t rank = x.getRank() - 2;
  if (!pool.getChannelsLast() || rank > 2) {
    reason = rank > 2 ? "a window over three spatial dimensions" : "a window whose channels are not last";
    return false;
  }
  g.batch = x.getDimSize(0);
  g.channels = x.getShape().back();
  for (int64_t d = 0; d != rank; ++d) {
    Axis &axis = d + 1 == rank ? g.pixels : g.rows;
    axis = {x.getDimSize(1 + d),    y.getDimSize(1 + d), pool.getKernel()[d],     pool.getStrides()[d],
            pool.getDilations()[d], pool.getPads()[d],   pool.getPads()[rank + d]};
  }
  return true;
}

/// Two factors that fit a window, as even as they get; false if there are none.
static bool factor(int64_t count, int64_t &rows, int64_t &pixels) {
  constexpr int64_t most = 127;
  for (rows = std::min<int64_t>(most, int64_t(std::sqrt(double(count))) + 1); rows > 0; --rows)
    if (count % rows == 0 && count / rows <= most) {
      pixels = count / rows;
      return true;
    }
  return false;
}

/// Neighbouring dimensions are one window over [outer, reduced, inner].
static bool geometryOfReduce(aic::ReduceOp reduce, Geometry &g, std::string &reason) {
  ArrayRef<int64_t> shape = typeOf(reduce.getInput()).getShape(), axes = reduce.getAxes();
  int64_t count = 1;
  for (auto [i, axis] : llvm::enumerate(axes)) {
    if (axis != axes.front() + int64_t(i)) {
      reason = "a reduction over dimensions that are not neighbours";
      return false;
    }
    count *= shape[axis];
  }
  for (int64_t d = 0; d != int64_t(shape.size()); ++d)
    (d < axes.front()  ? g.batch
     : d > axes.back() ? g.channels
                       : count) *= d < axes.front() || d > axes.back() ? shape[d] : 1;
  int64_t rows, pixels;
  if (!factor(count, rows, pixels)) {
    reason = "a reduction of " + std::to_string(count) + " elements, which is no window of at most 127 x 127";
    return false;
  }
  g.rows.input = g.rows.kernel = rows;
  g.pixels.input = g.pixels.kernel = pixels;
  return true;
}

static bool isAverage(Operation *op) {
  if (auto reduce = dyn_cast_if_present<aic::ReduceOp>(op))
    return reduce.getKind() == aic::ReduceKind::mean && !reduce.getAxes().empty() &&
           reduce.getAxes().back() + 1 != typeOf(reduce.getInput()).getRank();
  return isa_and_present<aic::AvgPoolOp>(op);
}

static bool geometryOf(Operation *op, Geometry &g, std::string &reason) {
  if (auto pool = dyn_cast<aic::AvgPoolOp>(op)) {
    if (!geometryOfPool(pool, g, reason))
      return false;
    g.includePad = pool.getCountIncludePad();
    if (g.includePad && (g.rows.reachesBeyond() || g.pixels.reachesBeyond())) {
      reason = "an average that counts its padding but not what lies beyond";
      return false;
    }
    if (g.rows.hasEmptyWindow() || g.pixels.hasEmptyWindow()) {
      reason = "an average over windows without elements";
      return false;
    }
    return true;
  }
  if (auto pool = dyn_cast<aic::MaxPoolOp>(op))
    return geometryOfPool(pool, g, reason);
  return geometryOfReduce(cast<aic::ReduceOp>(op), g, reason);
}

/// Ends a match if a tiling exists.
static FormResult finish(UnitMatch &unit, const Geometry &g, hw::DType from, hw::DType to, const hw::Machine &machine) {
  hw::WindowGeometry shape;
  shape.batch = g.batch, shape.c = g.channels;
  shape.h = g.rows.input, shape.oh = g.rows.output, shape.kh = g.rows.kernel, shape.sh = g.rows.stride,
  shape.dh = g.rows.dilation, shape.pt = g.rows.before;
  shape.w = g.pixels.input, shape.ow = g.pixels.output, shape.kw = g.pixels.kernel, shape.sw = g.pixels.stride,
  shape.dw = g.pixels.dilation, shape.pl = g.pixels.before;
  shape.inBytes = hw::bytesOf(from), shape.outBytes = hw::bytesOf(to);
  std::string reason;
  if (!hw::chooseWindowTiling(shape, machine, reason))
    return FormResult::refuse(reason);
  g.set(unit);
  unit.set("x_type", int64_t(from)).set("y_type", int64_t(to));
  return {unit.finish(), ""};
}

/// The mean of centred bytes, times a number, quantised or not.
static FormResult formIntegerMean(Operation *root, const hw::Machine &machine) {
  std::optional<Requantised> result = Requantised::of(root);
  Scaled scaled = Scaled::of(result ? result->scaled : root->getResult(0));
  Operation *op = scaled.sum.getDefiningOp();
  if (!isAverage(op) || (!result && scaled.ops.empty() && op != root))
    return {};
  std::optional<Centred> x = Centred::of(op->getOperand(0));
  if (!x || !typeOf(scaled.sum).getElementType().isF32())
    return {};
  if (llvm::any_of(scaled.factor, [&](float f) { return f != scaled.factor.front(); }))
    return FormResult::refuse("a mean with a scale for each channel");
  Geometry g;
  std::string reason;
  if (!geometryOf(op, g, reason))
    return FormResult::refuse(reason);
  UnitMatch unit(root, "window");
  if (result)
    unit.takeAll(result->ops);
  unit.takeAll(scaled.ops);
  unit.take(op);
  unit.takeAll(x->ops);
  unit.operand(x->levels);
  unit.set("op", Average).set("include_pad", g.includePad).set("x_zero", x->zero);
  if (scaled.factor.front() != 1)
    unit.set("has_scale", 1).setF32("scale", scaled.factor.front());
  if (result) {
    unit.set("y_zero", result->zero);
    if (result->clips)
      unit.set("clip", 1).set("lo", result->lo).set("hi", result->hi);
  }
  return finish(unit, g, *toMachineType(typeOf(x->levels).getElementType()), result ? result->type : hw::DType::f32,
                machine);
}

FormResult formWindow(Operation *root, const hw::Machine &machine) {
  if (isa<aic::QuantizeOp, aic::MulOp>(root) || isAverage(root))
    if (FormResult formed = formIntegerMean(root, machine); formed || !formed.reason.empty())
      return formed;
  auto reduce = dyn_cast<aic::ReduceOp>(root);
  bool isMaximum =
      isa<aic::MaxPoolOp>(root) || (reduce && reduce.getKind() == aic::ReduceKind::max && !reduce.getAxes().empty() &&
                                    reduce.getAxes().back() + 1 != typeOf(reduce.getInput()).getRank());
  if (!isMaximum && !isAverage(root))
    return {};
  Type element = typeOf(root->getOperand(0)).getElementType();
  if (isMaximum ? !element.isInteger(8) && !element.isF16() && !element.isBF16() && !element.isF32() : !element.isF16())
    return FormResult::refuse(isMaximum ? "a maximum of elements of a type that windows do not have"
                                        : "a mean of neither 8-bit levels nor f16");
  Geometry g;
  std::string reason;
  if (!geometryOf(root, g, reason))
    return FormResult::refuse(reason);
  UnitMatch unit(root, "window");
  unit.operand(root->getOperand(0));
  unit.set("op", isMaximum ? Maximum : Average);
  if (!isMaximum)
    unit.set("include_pad", g.includePad);
  hw::DType type = *toMachineType(element);
  return finish(unit, g, type, type, machine);
}

bool becomeDepthwise(UnitOp conv, const hw::Machine &machine) {
  int64_t groups = param(conv, "groups", 1);
  if (conv.getKind() != "conv" || groups == 1 || groups != param(conv, "c") || groups != param(conv, "f"))
    return false;
  NamedAttrList params(conv.getParams());
  OpBuilder b(conv);
  hw::WindowGeometry shape = windowGeometry(conv, machine); // `op` is absent: depthwise
  std::string reason;
  if (!hw::chooseWindowTiling(shape, machine, reason))
    return false;
  params.set("op", b.getI64IntegerAttr(Depthwise));
  params.set("macs", b.getI64IntegerAttr(shape.batch * shape.oh * shape.ow * shape.c * shape.taps()));
  conv.setParamsAttr(params.getDictionary(b.getContext()));
  conv.setKind("window");
  return true;
}

} // namespace mlir::npu
