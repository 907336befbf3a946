// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Pool.cpp - Maximum and mean over sliding windows -------------------===//
//
// Channels last: (n, o..., c, k...). The window's extents come from an empty
// tensor that is never read.
//
//===----------------------------------------------------------------------===//
#include "Contraction.h"
#include "Lowering.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/Support/MathExtras.h"

namespace mlir::aic::lowering {

namespace {
/// The geometry that all pools share.
struct Window {
  int64_t r;
  ArrayRef<int64_t> kernel, strides, dilations, before, after;
  Extents in, out; // spatial

  template <typename OpT>
  Window(Lowering &l, OpT op, bool channelsLast)
      : r(op.getKernel().size()), kernel(op.getKernel()), strides(op.getStrides()), dilations(op.getDilations()),
        before(op.getPads().take_front(r)), after(op.getPads().drop_front(r)) {
    Location loc = op.getLoc();
    int64_t first = channelsLast ? 1 : 2;
    for (int64_t i = 0; i < r; ++i)
      in.push_back(l.extent(loc, op.getInput(), first + i));
    Extents all = l.resultExtents(loc, op.getResult(), [&](int64_t d) -> OpFoldResult {
      int64_t i = d - first;
      if (i < 0 || i >= r)
        return l.extent(loc, op.getInput(), d);
      OpFoldResult span = l.add(loc, in[i], l.num(before[i] + after[i] - dilations[i] * (kernel[i] - 1) - 1));
      OpFoldResult stride = l.num(strides[i]);
      if (!op.getCeilMode())
        return l.add(loc, l.floorDiv(loc, span, stride), l.num(1));
      // Less the window that would start after the input.
      OpFoldResult full = l.ceilDiv(loc, span, stride);
      OpFoldResult most = l.floorDiv(loc, l.add(loc, in[i], l.num(before[i] - 1)), stride);
      return l.add(loc, l.min(loc, full, most), l.num(1));
    });
    out.assign(all.begin() + first, all.begin() + first + r);
  }

  /// What all windows together need after the input.
  Extents needed(Lowering &l, Location loc, bool ceilMode) const {
    Extents result;
    for (int64_t i = 0; i < r; ++i) {
      OpFoldResult least = l.num(after[i]);
      if (ceilMode) {
        OpFoldResult end = l.mul(loc, l.sub(loc, out[i], l.num(1)), l.num(strides[i]));
        end = l.add(loc, end, l.num(dilations[i] * (kernel[i] - 1) + 1 - before[i]));
        least = l.max(loc, l.sub(loc, end, in[i]), least);
      }
      result.push_back(least);
    }
    return result;
  }
};
} // namespace

/// The generic over padded input and window; `first` is the place of the first spatial dim in input and result.
static SmallVector<Value> overWindows(Lowering &l, Location loc, const Window &w, Value padded, ValueRange outs,
                                      int64_t first, Body body) {
  int64_t parallel = w.r + 2, loops = parallel + w.r;
  SmallVector<AffineExpr> exprs, taps;
  for (int64_t i = 0; i < parallel; ++i) {
    int64_t s = i - first;
    if (s < 0 || s >= w.r) {
      exprs.push_back(l.d(i));
      continue;
    }
    exprs.push_back(l.d(i) * w.strides[s] + l.d(parallel + s) * w.dilations[s]);
  }
  for (int64_t i = 0; i < w.r; ++i)
    taps.push_back(l.d(parallel + i));
  Extents kernel = llvm::map_to_vector(w.kernel, [&](int64_t k) { return l.num(k); });
  Value window = l.empty(loc, kernel, getElementTypeOrSelf(padded.getType()));
  SmallVector<AffineMap> maps{l.map(loops, exprs), l.map(loops, taps)};
  maps.append(outs.size(), l.map(loops, llvm::to_vector(llvm::seq<int64_t>(0, parallel))));
  SmallVector<utils::IteratorType> iterators(parallel, kParallel);
  iterators.append(w.r, kReduction);
  return l.generic(loc, {padded, window}, outs, maps, iterators, body);
}

static Extents padsBefore(Lowering &l, const Window &w) {
  return llvm::map_to_vector(w.before, [&](int64_t p) { return l.num(p); });
}

static LogicalResult convertMaxPool(Lowering &l, MaxPoolOp op) {
  Location loc = op.getLoc();
  Window w(l, op, op.getChannelsLast());
  bool isUnsigned = l.isUnsigned(op.getInput());
  Value input = l.get(op.getInput());
  Type element = l.type(op.getInput()).getElementType();
  if (!op.getChannelsLast())
    input = l.transpose(loc, input, toChannelsLast(w.r + 2));
  Extents in = l.shape(loc, input), extents{in.front()};
  extents.append(w.out);
  extents.push_back(in.back());
  TypedAttr lowest = extremeAttr(l.b, element, isUnsigned, true);
  Value padded = padSpatial(l, loc, input, padsBefore(l, w), w.needed(l, loc, op.getCeilMode()), lowest);
  Value out = l.filled(loc, extents, lowest);
  Value result = overWindows(l, loc, w, padded, out, 1, [&](OpBuilder &b, Location loc, ValueRange args) {
    return SmallVector<Value>{maxScalar(b, loc, args[2], args[0], isUnsigned)};
  })[0];
  if (!op.getChannelsLast())
    result = l.transpose(loc, result, toChannelsFirst(w.r + 2));
  l.set(op.getResult(), result);
  return success();
}

//===-- Mean --------------------------------------------------------------===//

/// How many taps of the window at `o` lie in the places that count.
static int64_t tapsInside(int64_t o, int64_t kernel, int64_t stride, int64_t dilation, int64_t low, int64_t high) {
  int64_t count = 0;
  for (int64_t k = 0; k < kernel; ++k) {
    int64_t at = o * stride + k * dilation;
    count += at >= low && at < high;
  }
  return count;
}

/// The same for a place that only run time knows: taps before `high` less taps before `low`.
static Value countTaps(OpBuilder &b, Location loc, Value o, int64_t kernel, int64_t stride, int64_t dilation,
                       int64_t low, Value high) {
  auto number = [&](int64_t v) -> Value { return arith::ConstantIndexOp::create(b, loc, v); };
  Value start = arith::MulIOp::create(b, loc, o, number(stride));
  auto before = [&](Value limit) -> Value {
    Value span = arith::SubIOp::create(b, loc, limit, start);
    Value taps = arith::CeilDivSIOp::create(b, loc, span, number(dilation));
    return arith::MinSIOp::create(b, loc, arith::MaxSIOp::create(b, loc, taps, number(0)), number(kernel));
  };
  return arith::SubIOp::create(b, loc, before(high), before(number(low)));
}

static LogicalResult convertAvgPool(Lowering &l, AvgPoolOp op) {
  Location loc = op.getLoc();
  Window w(l, op, op.getChannelsLast());
  Value input = l.get(op.getInput());
  Type element = l.type(op.getInput()).getElementType(), wide = computeType(element);
  if (!op.getChannelsLast())
    input = l.transpose(loc, input, toChannelsLast(w.r + 2));
  Extents in = l.shape(loc, input), extents{in.front()};
  extents.append(w.out);
  extents.push_back(in.back());
  Value padded =
      padSpatial(l, loc, input, padsBefore(l, w), w.needed(l, loc, op.getCeilMode()), zeroAttr(l.b, element));
  Value out = l.filled(loc, extents, zeroAttr(l.b, wide));
  Value sums = overWindows(l, loc, w, padded, out, 1, [&](OpBuilder &b, Location loc, ValueRange args) {
    return SmallVector<Value>{addScalar(b, loc, args[2], toFloat(b, loc, args[0], wide))};
  })[0];

  // The count is a product of one factor per dim: a number, a vector, or computed.
  int64_t rank = w.r + 2;
  double factor = 1;
  SmallVector<Value> ins{sums};
  SmallVector<AffineMap> maps{l.identity(rank)};
  SmallVector<std::pair<int64_t, Value>> computed; // dim, the end of the places that count
  for (int64_t i = 0; i < w.r; ++i) {
    bool all = op.getCountIncludePad();
    int64_t low = all ? 0 : w.before[i];
    OpFoldResult high = l.add(loc, w.in[i], l.num(w.before[i] + (all ? w.after[i] : 0)));
    if ((all || (w.before[i] == 0 && w.after[i] == 0)) && !op.getCeilMode()) {
      factor *= w.kernel[i];
      continue;
    }
    std::optional<int64_t> places = getConstantIntValue(w.out[i]), end = getConstantIntValue(high);
    if (!places || !end) {
      computed.emplace_back(i, l.index(loc, high));
      continue;
    }
    SmallVector<int64_t> counts;
    for (int64_t o = 0; o < *places; ++o)
      counts.push_back(tapsInside(o, w.kernel[i], w.strides[i], w.dilations[i], low, *end));
    if (!counts.empty() && llvm::all_equal(counts)) {
      factor *= counts[0];
      continue;
    }
    SmallVector<Attribute> values = llvm::map_to_vector(
        counts, [&](int64_t c) -> Attribute { return l.b.getFloatAttr(wide, static_cast<double>(c)); });
    auto type = RankedTensorType::get(*places, wide);
    ins.push_back(arith::ConstantOp::create(l.b, loc, DenseElementsAttr::get(type, values)));
    maps.push_back(l.map(rank, ArrayRef<int64_t>{1 + i}));
  }
  Value result = l.pointwise(loc, ins, maps, extents, element, [&](OpBuilder &b, Location loc, ValueRange args) {
    Value count;
    auto times = [&](Value value) { count = count ? mulScalar(b, loc, count, value) : value; };
    if (factor != 1 || (ins.size() == 1 && computed.empty()))
      times(scalarConstant(b, loc, wide, factor));
    for (Value arg : args.drop_front().drop_back())
      times(arg);
    for (auto [i, end] : computed) {
      Value o = linalg::IndexOp::create(b, loc, 1 + i);
      Value taps = countTaps(b, loc, o, w.kernel[i], w.strides[i], w.dilations[i],
                             op.getCountIncludePad() ? 0 : w.before[i], end);
      times(castScalar(b, loc, arith::IndexCastOp::create(b, loc, b.getI64Type(), taps), false, wide, false));
    }
    return toFloat(b, loc, arith::DivFOp::create(b, loc, args[0], count), element);
  });
  if (!op.getChannelsLast())
    result = l.transpose(loc, result, toChannelsFirst(rank));
  l.set(op.getResult(), result);
  return success();
}

//===-- Position of the maximum -------------------------------------------===//

static LogicalResult convertMaxPoolIndices(Lowering &l, MaxPoolIndicesOp op) {
  Location loc = op.getLoc();
  Window w(l, op, /*channelsLast=*/false);
  bool isUnsigned = l.isUnsigned(op.getInput());
  Value input = l.get(op.getInput());
  Type element = l.type(op.getInput()).getElementType(), position = l.b.getI64Type();
  int64_t rank = w.r + 2;
  Extents in = l.shape(loc, input), extents{in[0], in[1]};
  extents.append(w.out);
  TypedAttr lowest = extremeAttr(l.b, element, isUnsigned, true);
  Extents after = w.needed(l, loc, op.getCeilMode()), low(2, l.num(0)), high(2, l.num(0));
  for (int64_t i = 0; i < w.r; ++i) {
    low.push_back(l.num(w.before[i]));
    high.push_back(after[i]);
  }
  Value fill = arith::ConstantOp::create(l.b, loc, lowest);
  Value padded = tensor::PadOp::create(l.b, loc, Type(), input, low, high, fill);
  Value best = l.filled(loc, extents, lowest);
  Value where = l.filled(loc, extents, l.b.getIntegerAttr(position, -1));
  SmallVector<Value> size;
  for (OpFoldResult e : in)
    size.push_back(l.index(loc, e));
  Value result = overWindows(
      l, loc, w, padded, {best, where}, 2, [&](OpBuilder &b, Location loc, ValueRange args) -> SmallVector<Value> {
        auto number = [&](int64_t v) -> Value { return arith::ConstantIndexOp::create(b, loc, v); };
        Value inside;
        SmallVector<Value> at{linalg::IndexOp::create(b, loc, 0), linalg::IndexOp::create(b, loc, 1)};
        for (int64_t i = 0; i < w.r; ++i) {
          Value o = arith::MulIOp::create(b, loc, linalg::IndexOp::create(b, loc, 2 + i), number(w.strides[i]));
          Value k = arith::MulIOp::create(b, loc, linalg::IndexOp::create(b, loc, rank + i), number(w.dilations[i]));
          Value place = arith::SubIOp::create(b, loc, arith::AddIOp::create(b, loc, o, k), number(w.before[i]));
          Value fits = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, place, size[2 + i]);
          inside = inside ? arith::AndIOp::create(b, loc, inside, fits).getResult() : fits;
          at.push_back(place);
        }
        SmallVector<int64_t> order = llvm::to_vector(llvm::seq<int64_t>(0, rank));
        if (op.getColumnMajor() && w.r >= 2)
          std::swap(order[rank - 1], order[rank - 2]);
        Value flat = number(0);
        for (int64_t d : order)
          flat = arith::AddIOp::create(b, loc, arith::MulIOp::create(b, loc, flat, size[d]), at[d]);
        Value greater =
            isa<FloatType>(element)
                ? arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT, args[0], args[2]).getResult()
                : arith::CmpIOp::create(b, loc, isUnsigned ? arith::CmpIPredicate::ugt : arith::CmpIPredicate::sgt,
                                        args[0], args[2])
                      .getResult();
        Value none =
            arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, args[3], scalarConstant(b, loc, position, 0));
        Value take = arith::AndIOp::create(b, loc, inside, arith::OrIOp::create(b, loc, greater, none));
        Value here = arith::IndexCastOp::create(b, loc, position, flat);
        return {arith::SelectOp::create(b, loc, take, args[0], args[2]),
                arith::SelectOp::create(b, loc, take, here, args[3])};
      })[1];
  l.set(op.getResult(), result);
  return success();
}

void addPools(Table &table) {
  table.add(convertMaxPool);
  table.add(convertAvgPool);
  table.add(convertMaxPoolIndices);
}

} // namespace mlir::aic::lowering
