// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Movement.cpp - Reshape, slice, pad, concat and their like ----------===//
#include "Lowering.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

namespace mlir::aic::lowering {

//===-- Views and copies --------------------------------------------------===//

static LogicalResult convertReshape(Lowering &l, ReshapeOp op) {
  Location loc = op.getLoc();
  Dims from = l.dims(op.getInput());
  auto element = [&](int64_t i) -> OpFoldResult {
    OpFoldResult value = l.element(loc, op.getShape(), i);
    bool copies = op.getCopyZeros() && i < static_cast<int64_t>(from.size());
    if (getConstantIntValue(value))
      return copies && isZeroInteger(value) ? l.extent(loc, op.getInput(), i) : value;
    if (!copies)
      return value;
    Value isZero = arith::CmpIOp::create(l.b, loc, arith::CmpIPredicate::eq, l.index(loc, value), l.index(loc, 0));
    Value own = l.index(loc, l.extent(loc, op.getInput(), i));
    return arith::SelectOp::create(l.b, loc, isZero, own, l.index(loc, value)).getResult();
  };
  // An extent that the expressions do not tell: the shape's element, or what the others leave for -1.
  auto fallback = [&](int64_t i) -> OpFoldResult {
    OpFoldResult own = element(i);
    if (std::optional<int64_t> number = getConstantIntValue(own); number && *number >= 0)
      return own;
    OpFoldResult total = l.num(1), others = l.num(1);
    for (OpFoldResult extent : l.extents(loc, op.getInput()))
      total = l.mul(loc, total, extent);
    for (int64_t j = 0, rank = l.dims(op.getResult()).size(); j < rank; ++j)
      if (j != i)
        others = l.mul(loc, others, element(j));
    OpFoldResult rest = l.floorDiv(loc, total, l.max(loc, others, l.num(1)));
    if (getConstantIntValue(own))
      return rest;
    Value negative = arith::CmpIOp::create(l.b, loc, arith::CmpIPredicate::slt, l.index(loc, own), l.index(loc, 0));
    return arith::SelectOp::create(l.b, loc, negative, l.index(loc, rest), l.index(loc, own)).getResult();
  };
  Extents extents = l.resultExtents(loc, op.getResult(), fallback);
  l.set(op.getResult(), l.reshape(loc, l.get(op.getInput()), from, l.dims(op.getResult()), extents));
  return success();
}

static LogicalResult convertTranspose(Lowering &l, TransposeOp op) {
  l.set(op.getResult(), l.transpose(op.getLoc(), l.get(op.getInput()), op.getPermutation()));
  return success();
}

static LogicalResult convertBroadcast(Lowering &l, BroadcastOp op) {
  Location loc = op.getLoc();
  int64_t lead =
      static_cast<int64_t>(l.dims(op.getResult()).size()) - static_cast<int64_t>(l.dims(op.getInput()).size());
  int64_t shapeLead = static_cast<int64_t>(l.dims(op.getResult()).size()) -
                      cast<RankedTensorType>(op.getShape().getType()).getDimSize(0);
  Extents extents = l.resultExtents(loc, op.getResult(), [&](int64_t i) -> OpFoldResult {
    OpFoldResult own = i < lead ? l.num(1) : l.extent(loc, op.getInput(), i - lead);
    OpFoldResult wanted = i < shapeLead ? l.num(1) : l.element(loc, op.getShape(), i - shapeLead);
    return l.broadcastExtent(loc, own, wanted);
  });
  l.set(op.getResult(),
        l.broadcastTo(loc, l.get(op.getInput()), l.dims(op.getInput()), l.dims(op.getResult()), extents));
  return success();
}

static LogicalResult convertConcat(Lowering &l, ConcatOp op) {
  Location loc = op.getLoc();
  int64_t axis = op.getAxis();
  SmallVector<Value> ins;
  for (Value input : op.getInputs())
    if (constantDim(l.dims(input)[axis]) != 0)
      ins.push_back(l.get(input));
  if (ins.empty())
    ins.push_back(l.get(op.getInputs().front()));
  if (ins.size() == 1) {
    l.set(op.getResult(), ins[0]);
    return success();
  }
  // tensor.concat wants equal static extents off the axis: give every input all that is known of the result.
  RankedTensorType result = l.type(op.getResult());
  for (Value &in : ins) {
    auto type = cast<RankedTensorType>(in.getType());
    SmallVector<int64_t> shape(result.getShape());
    shape[axis] = type.getDimSize(axis);
    in = l.cast(loc, in, RankedTensorType::get(shape, type.getElementType()));
  }
  l.set(op.getResult(), tensor::ConcatOp::create(l.b, loc, axis, ins));
  return success();
}

static LogicalResult convertTile(Lowering &l, TileOp op) {
  Location loc = op.getLoc();
  // [r0, d0, r1, d1...] read along the d, then a view.
  Value input = l.get(op.getInput());
  Extents in = l.extents(loc, op.getInput()), extents;
  SmallVector<ReassociationIndices> groups;
  SmallVector<int64_t> loops;
  for (auto [i, extent] : llvm::enumerate(in)) {
    OpFoldResult repeats = l.element(loc, op.getRepeats(), i);
    groups.emplace_back();
    if (!isOneInteger(repeats)) {
      groups.back().push_back(extents.size());
      extents.push_back(repeats);
    }
    loops.push_back(extents.size());
    groups.back().push_back(extents.size());
    extents.push_back(extent);
  }
  Type element = l.type(op.getInput()).getElementType();
  if (extents.size() != in.size())
    input = l.collapse(loc,
                       l.pointwise(loc, input, l.map(extents.size(), loops), extents, element,
                                   [](OpBuilder &, Location, ValueRange args) { return args[0]; }),
                       groups);
  l.set(op.getResult(), input);
  return success();
}

//===-- Slice -------------------------------------------------------------===//

namespace {
struct Range {
  OpFoldResult start, size;
  int64_t step = 1;
  OpFoldResult dynamicStep;
};
} // namespace

/// A Python position: counted from the end if negative, then clamped to [low, high].
static OpFoldResult position(Lowering &l, Location loc, OpFoldResult raw, OpFoldResult extent, OpFoldResult low,
                             OpFoldResult high) {
  if (std::optional<int64_t> number = getConstantIntValue(raw)) {
    if (*number < 0)
      raw = l.add(loc, extent, raw);
    else if (*number == 0 && isZeroInteger(low))
      return raw;
  } else {
    Value negative = arith::CmpIOp::create(l.b, loc, arith::CmpIPredicate::slt, l.index(loc, raw), l.index(loc, 0));
    Value fromEnd = l.index(loc, l.add(loc, extent, raw));
    raw = arith::SelectOp::create(l.b, loc, negative, fromEnd, l.index(loc, raw)).getResult();
  }
  return l.max(loc, l.min(loc, raw, high), low);
}

static LogicalResult convertSlice(Lowering &l, SliceOp op) {
  Location loc = op.getLoc();
  Value input = l.get(op.getInput());
  Extents in = l.extents(loc, op.getInput());
  int64_t rank = in.size();
  SmallVector<Range> ranges(rank);
  for (int64_t i = 0; i < rank; ++i)
    ranges[i] = {l.num(0), in[i], 1, l.num(1)};
  Dims outDims = l.dims(op.getResult());
  bool reversed = false;
  for (auto [k, axis] : llvm::enumerate(op.getAxes())) {
    Range &range = ranges[axis];
    OpFoldResult extent = in[axis], stepValue = l.element(loc, op.getSteps(), k);
    std::optional<int64_t> knownStep = getConstantIntValue(stepValue);
    int64_t step = knownStep.value_or(1);
    OpFoldResult zero = l.num(0), last = l.sub(loc, extent, l.num(1)), minusOne = l.num(-1);
    OpFoldResult rawStart = l.element(loc, op.getStarts(), k), rawEnd = l.element(loc, op.getEnds(), k);
    Value isForward; // null where the sign of the step is known
    if (!knownStep) {
      Value value = l.index(loc, stepValue), none = l.index(loc, 0);
      l.check(loc, arith::CmpIOp::create(l.b, loc, arith::CmpIPredicate::ne, value, none), // slice_c1
              "expected steps other than 0, got 0 for dimension " + Twine(axis));
      isForward = arith::CmpIOp::create(l.b, loc, arith::CmpIPredicate::sgt, value, none);
    }
    // What a step ahead needs, or a step back.
    auto choose = [&](function_ref<OpFoldResult()> ahead, function_ref<OpFoldResult()> back) -> OpFoldResult {
      if (!isForward)
        return step > 0 ? ahead() : back();
      Value one = l.index(loc, ahead()), other = l.index(loc, back());
      return arith::SelectOp::create(l.b, loc, isForward, one, other).getResult();
    };
    auto place = [&](OpFoldResult raw) {
      return choose([&] { return position(l, loc, raw, extent, zero, extent); },
                    [&] { return position(l, loc, raw, extent, minusOne, last); });
    };
    range.start = place(rawStart);
    reversed |= isForward || step < 0;
    range.step = step;
    range.dynamicStep = stepValue;
    if (std::optional<OpFoldResult> size = l.number(loc, outDims[axis])) {
      range.size = *size;
      continue;
    }
    OpFoldResult end = place(rawEnd);
    OpFoldResult span =
        choose([&] { return l.sub(loc, end, range.start); }, [&] { return l.sub(loc, range.start, end); });
    OpFoldResult distance = choose([&] { return stepValue; }, [&] { return l.sub(loc, zero, stepValue); });
    if (isForward)
      distance = l.max(loc, distance, l.num(1)); // (sizes are computed before a step of 0 is refused)
    range.size = l.max(loc, l.ceilDiv(loc, span, distance), zero);
    if (auto value = dyn_cast<Value>(range.size))
      l.root(outDims[axis], value);
  }
  Extents offsets, sizes, strides;
  for (const Range &range : ranges) {
    offsets.push_back(range.start);
    sizes.push_back(range.size);
    strides.push_back(range.dynamicStep);
  }
  // An offset at the end of a dim is not one of tensor.extract_slice.
  if (llvm::any_of(sizes, [](OpFoldResult size) { return isZeroInteger(size); })) {
    l.set(op.getResult(), l.empty(loc, sizes, l.type(op.getInput()).getElementType()));
    return success();
  }
  if (!reversed) {
    l.set(op.getResult(), tensor::ExtractSliceOp::create(l.b, loc, input, offsets, sizes, strides));
    return success();
  }
  SmallVector<Value> starts, steps;
  for (const Range &range : ranges) {
    starts.push_back(l.index(loc, range.start));
    steps.push_back(l.index(loc, range.dynamicStep));
  }
  l.set(op.getResult(), l.pointwise(loc, {}, {}, sizes, l.type(op.getInput()).getElementType(),
                                    [&](OpBuilder &b, Location loc, ValueRange) -> Value {
                                      SmallVector<Value> at;
                                      for (int64_t i = 0; i < rank; ++i) {
                                        Value d = linalg::IndexOp::create(b, loc, i);
                                        if (!isOneInteger(strides[i]) || !isZeroInteger(offsets[i]))
                                          d = arith::AddIOp::create(b, loc, starts[i],
                                                                    arith::MulIOp::create(b, loc, d, steps[i]));
                                        at.push_back(d);
                                      }
                                      return tensor::ExtractOp::create(b, loc, input, at);
                                    }));
  return success();
}

//===-- Pad ---------------------------------------------------------------===//

/// Where a place outside the input reads it.
static Value insideIndex(OpBuilder &b, Location loc, PadMode mode, Value i, Value extent) {
  auto number = [&](int64_t v) -> Value { return arith::ConstantIndexOp::create(b, loc, v); };
  auto mod = [&](Value x, Value m) -> Value { // floored
    Value rest = arith::RemSIOp::create(b, loc, x, m);
    Value negative = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, rest, number(0));
    return arith::SelectOp::create(b, loc, negative, arith::AddIOp::create(b, loc, rest, m), rest);
  };
  if (mode == PadMode::edge)
    return clampIndex(b, loc, i, extent);
  if (mode == PadMode::wrap)
    return mod(i, extent);
  // reflect: a period of 2 (extent - 1), the second half backwards
  Value last = arith::SubIOp::create(b, loc, extent, number(1));
  Value period = arith::MaxSIOp::create(b, loc, arith::MulIOp::create(b, loc, last, number(2)), number(1));
  Value place = mod(i, period);
  Value mirrored = arith::SubIOp::create(b, loc, period, place);
  Value forward = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sle, place, last);
  return arith::SelectOp::create(b, loc, forward, place, mirrored);
}

static LogicalResult convertPad(Lowering &l, PadOp op) {
  Location loc = op.getLoc();
  Value input = l.get(op.getInput());
  Extents in = l.extents(loc, op.getInput()), low, high;
  int64_t rank = in.size();
  Type element = l.type(op.getInput()).getElementType();
  for (int64_t i = 0; i < rank; ++i) {
    low.push_back(l.element(loc, op.getPads(), i));
    high.push_back(l.element(loc, op.getPads(), rank + i));
  }
  Extents extents =
      l.resultExtents(loc, op.getResult(), [&](int64_t i) { return l.add(loc, l.add(loc, in[i], low[i]), high[i]); });
  if (op.getMode() != PadMode::constant) {
    SmallVector<Value> before, own;
    for (int64_t i = 0; i < rank; ++i) {
      before.push_back(l.index(loc, low[i]));
      own.push_back(l.index(loc, in[i]));
    }
    l.set(op.getResult(),
          l.pointwise(loc, {}, {}, extents, element, [&](OpBuilder &b, Location loc, ValueRange) -> Value {
            SmallVector<Value> at;
            for (int64_t i = 0; i < rank; ++i) {
              Value d = linalg::IndexOp::create(b, loc, i);
              if (!isZeroInteger(low[i]) || !isZeroInteger(high[i]))
                d = insideIndex(b, loc, op.getMode(), arith::SubIOp::create(b, loc, d, before[i]), own[i]);
              at.push_back(d);
            }
            return tensor::ExtractOp::create(b, loc, input, at);
          }));
    return success();
  }
  // Elements that negative numbers remove go first; what they remove beyond that comes off the other side's padding.
  auto negativePart = [&](OpFoldResult e) { return l.max(loc, l.sub(loc, l.num(0), e), l.num(0)); };
  auto mayBeNegative = [](OpFoldResult e) { return getConstantIntValue(e).value_or(-1) < 0; };
  auto mayBePositive = [](OpFoldResult e) { return getConstantIntValue(e).value_or(1) > 0; };
  if (llvm::any_of(low, mayBeNegative) || llvm::any_of(high, mayBeNegative)) {
    Extents offsets, sizes, ones(rank, l.num(1));
    for (int64_t i = 0; i < rank; ++i) {
      OpFoldResult front = negativePart(low[i]), back = negativePart(high[i]);
      bool mayReachHigh = mayBeNegative(low[i]) && mayBePositive(high[i]);
      bool mayReachLow = mayBeNegative(high[i]) && mayBePositive(low[i]);
      low[i] = l.max(loc, low[i], l.num(0));
      high[i] = l.max(loc, high[i], l.num(0));
      if (mayReachHigh) {
        OpFoldResult there = l.min(loc, front, in[i]);
        high[i] = l.sub(loc, high[i], l.sub(loc, front, there));
        front = there;
      }
      if (mayReachLow) {
        OpFoldResult there = l.min(loc, back, l.sub(loc, in[i], front));
        low[i] = l.sub(loc, low[i], l.sub(loc, back, there));
        back = there;
      }
      offsets.push_back(front);
      sizes.push_back(l.sub(loc, l.sub(loc, in[i], front), back));
    }
    input = tensor::ExtractSliceOp::create(l.b, loc, input, offsets, sizes, ones);
  }
  auto isZero = [](OpFoldResult e) { return isZeroInteger(e); };
  if (llvm::all_of(low, isZero) && llvm::all_of(high, isZero)) {
    l.set(op.getResult(), input);
    return success();
  }
  DenseElementsAttr known;
  Value scalar;
  Value fill = l.get(op.getValue());
  if (matchPattern(fill, m_Constant(&known)))
    scalar = arith::ConstantOp::create(l.b, loc, known.getSplatValue<TypedAttr>());
  else
    scalar = tensor::ExtractOp::create(
        l.b, loc, fill, SmallVector<Value>(cast<RankedTensorType>(fill.getType()).getRank(), l.index(loc, 0)));
  l.set(op.getResult(), tensor::PadOp::create(l.b, loc, Type(), input, low, high, scalar));
  return success();
}

//===-- Range -------------------------------------------------------------===//

static LogicalResult convertRange(Lowering &l, RangeOp op) {
  Location loc = op.getLoc();
  Type element = l.type(op.getResult()).getElementType();
  Value start = l.get(op.getStart()), limit = l.get(op.getLimit()), delta = l.get(op.getDelta());
  Extents extents = l.resultExtents(loc, op.getResult(), [&](int64_t) -> OpFoldResult {
    if (isa<IntegerType>(element)) {
      OpFoldResult span = l.sub(loc, l.element(loc, op.getLimit(), 0), l.element(loc, op.getStart(), 0));
      OpFoldResult step = l.element(loc, op.getDelta(), 0);
      if (std::optional<int64_t> number = getConstantIntValue(step); number && *number < 0) {
        span = l.sub(loc, l.num(0), span);
        step = l.num(-*number);
      }
      return l.max(loc, l.ceilDiv(loc, span, step), l.num(0));
    }
    auto scalar = [&](Value tensor) {
      Value value = tensor::ExtractOp::create(l.b, loc, tensor, ValueRange());
      return toFloat(l.b, loc, value, l.b.getF64Type());
    };
    Value span = arith::SubFOp::create(l.b, loc, scalar(limit), scalar(start));
    Value steps = math::CeilOp::create(l.b, loc, arith::DivFOp::create(l.b, loc, span, scalar(delta)));
    Value count = arith::FPToSIOp::create(l.b, loc, l.b.getI64Type(), steps);
    return l.max(loc, arith::IndexCastOp::create(l.b, loc, l.b.getIndexType(), count).getResult(), l.num(0));
  });
  AffineMap scalar = l.map(1, ArrayRef<AffineExpr>());
  l.set(op.getResult(), l.pointwise(loc, {start, delta}, {scalar, scalar}, extents, element,
                                    [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
                                      Value i = arith::IndexCastOp::create(b, loc, b.getI64Type(),
                                                                           linalg::IndexOp::create(b, loc, 0));
                                      Type wide = computeType(element);
                                      i = castScalar(b, loc, i, false, wide, false);
                                      Value offset = mulScalar(b, loc, i, toFloat(b, loc, args[1], wide));
                                      Value sum = addScalar(b, loc, toFloat(b, loc, args[0], wide), offset);
                                      return toFloat(b, loc, sum, element);
                                    }));
  return success();
}

static LogicalResult convertShapeOf(Lowering &l, ShapeOfOp op) {
  // All elements are extents, so this is reached for rank 0 only.
  l.set(op.getResult(), l.empty(op.getLoc(), l.num(0), l.b.getI64Type()));
  return success();
}

void addMovement(Table &table) {
  table.add(convertReshape);
  table.add(convertTranspose);
  table.add(convertBroadcast);
  table.add(convertConcat);
  table.add(convertTile);
  table.add(convertSlice);
  table.add(convertPad);
  table.add(convertRange);
  table.add(convertShapeOf);
}

} // namespace mlir::aic::lowering
