// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Resize.cpp - Resampling --------------------------------------------===//
//
// Every dim that is resampled has a few taps: vectors of positions and weights
// along the result's dim. They are constants (the reference's own tables) where
// extents and scale are, else small generics. One generic then reads the input
// at the taps of all dims. Upsampling by whole numbers that repeats elements is
// a broadcast and a view.
//
//===----------------------------------------------------------------------===//
#include "aic/Eval/Resize.h"
#include "Lowering.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

namespace mlir::aic::lowering {

namespace eval = ::aic::eval;

namespace {
/// One dim's taps: `positions[t]` and `weights[t]` are tensors along the dim (no weights: the tap's element itself).
struct Taps {
  int64_t dim;
  SmallVector<Value> positions, weights;
};

class ResizeConverter {
public:
  ResizeConverter(Lowering &l, ResizeOp op) : l(l), op(op), loc(op.getLoc()) {
    options.mode = static_cast<eval::ResizeMode>(op.getMode());
    options.coordinates = static_cast<eval::CoordinateMode>(op.getCoordinates());
    options.nearest = static_cast<eval::NearestMode>(op.getNearest());
    options.cubicA = op.getCubicA().convertToDouble();
    options.excludeOutside = op.getExcludeOutside();
    options.antialias = op.getAntialias();
    element = l.type(op.getInput()).getElementType();
    wide = isa<FloatType>(element) ? computeType(element) : Type(l.b.getF32Type());
  }

  LogicalResult run();

private:
  bool repeats(int64_t dim, int64_t &factor);
  void convertRepeat(ArrayRef<int64_t> factors);
  Taps constantTaps(int64_t dim, float scale);
  FailureOr<Taps> computedTaps(int64_t dim);
  Value coordinate(OpBuilder &b, Location loc, int64_t dim, Value scale, Value in, Value out);
  Value filter(OpBuilder &b, Location loc, Value distance);
  Value interpolate(OpBuilder &b, Location loc, ArrayRef<Taps> taps, ValueRange args);

  Lowering &l;
  ResizeOp op;
  Location loc;
  eval::ResizeOptions options;
  Type element, wide;
  Extents in, out;
  SmallVector<std::optional<float>> scales;
};
} // namespace

/// Whether every element of the input's dim becomes `factor` equal ones.
bool ResizeConverter::repeats(int64_t dim, int64_t &factor) {
  using eval::CoordinateMode;
  using eval::NearestMode;
  if (options.mode != eval::ResizeMode::Nearest || !scales[dim])
    return false;
  factor = static_cast<int64_t>(*scales[dim]);
  AffineExpr from = l.dims(op.getInput())[dim], to = l.dims(op.getResult())[dim];
  if (factor < 1 || static_cast<float>(factor) != *scales[dim] ||
      to != l.scope.product({from, l.scope.constant(factor)}))
    return false;
  if (options.coordinates == CoordinateMode::Asymmetric)
    return factor == 1 || options.nearest == NearestMode::Floor;
  // (x + 0.5) / f - 0.5 is less than half away from x / f rounded down.
  return options.coordinates != CoordinateMode::AlignCorners &&
         (options.nearest == NearestMode::RoundPreferCeil || options.nearest == NearestMode::RoundPreferFloor);
}

void ResizeConverter::convertRepeat(ArrayRef<int64_t> factors) {
  Extents extents;
  SmallVector<int64_t> loops;
  SmallVector<ReassociationIndices> groups;
  for (auto [extent, factor] : llvm::zip_equal(in, factors)) {
    groups.emplace_back();
    loops.push_back(extents.size());
    groups.back().push_back(extents.size());
    extents.push_back(extent);
    if (factor == 1)
      continue;
    groups.back().push_back(extents.size());
    extents.push_back(l.num(factor));
  }
  Value spread = l.pointwise(loc, l.get(op.getInput()), l.map(extents.size(), loops), extents, element,
                             [](OpBuilder &, Location, ValueRange args) { return args[0]; });
  l.set(op.getResult(), l.collapse(loc, spread, groups));
}

//===-- Taps --------------------------------------------------------------===//

Taps ResizeConverter::constantTaps(int64_t dim, float scale) {
  int64_t size = *getConstantIntValue(out[dim]);
  eval::ResizeTable table = eval::resizeTable(*getConstantIntValue(in[dim]), size, scale, options);
  Taps taps{dim, {}, {}};
  for (int64_t t = 0; t < table.taps; ++t) {
    SmallVector<int64_t> positions;
    SmallVector<Attribute> weights;
    for (int64_t x = 0; x < size; ++x) {
      positions.push_back(table.indices[x * table.taps + t]);
      weights.push_back(l.b.getFloatAttr(wide, table.weights[x * table.taps + t]));
    }
    auto positionType = RankedTensorType::get(size, l.b.getI64Type());
    taps.positions.push_back(
        arith::ConstantOp::create(l.b, loc, DenseElementsAttr::get(positionType, ArrayRef<int64_t>(positions))));
    if (options.mode != eval::ResizeMode::Nearest)
      taps.weights.push_back(
          arith::ConstantOp::create(l.b, loc, DenseElementsAttr::get(RankedTensorType::get(size, wide), weights)));
  }
  return taps;
}

/// Where the result's place reads the input; all numbers are f64.
Value ResizeConverter::coordinate(OpBuilder &b, Location loc, int64_t, Value scale, Value in, Value out) {
  using eval::CoordinateMode;
  Type f64 = b.getF64Type();
  auto number = [&](double v) { return scalarConstant(b, loc, f64, v); };
  auto div = [&](Value x, Value y) -> Value { return arith::DivFOp::create(b, loc, x, y); };
  auto sub = [&](Value x, Value y) -> Value { return arith::SubFOp::create(b, loc, x, y); };
  auto add = [&](Value x, Value y) -> Value { return arith::AddFOp::create(b, loc, x, y); };
  auto mul = [&](Value x, Value y) -> Value { return arith::MulFOp::create(b, loc, x, y); };
  Value i = arith::IndexCastOp::create(b, loc, b.getI64Type(), linalg::IndexOp::create(b, loc, 0));
  Value x = arith::SIToFPOp::create(b, loc, f64, i);
  Value isOne = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ, out, number(1));
  Value half = sub(div(add(x, number(0.5)), scale), number(0.5));
  switch (options.coordinates) {
  case CoordinateMode::HalfPixel:
    return half;
  case CoordinateMode::PytorchHalfPixel:
    return arith::SelectOp::create(b, loc, isOne, number(0), half);
  case CoordinateMode::AlignCorners: {
    // The unrounded size counts where a scale was given.
    Value size = mul(in, scale);
    Value whole = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLT, math::AbsFOp::create(b, loc, sub(size, out)), number(1e-6));
    size = arith::SelectOp::create(b, loc, whole, out, size);
    Value single = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ, size, number(1));
    return arith::SelectOp::create(b, loc, single, number(0), div(mul(x, sub(in, number(1))), sub(size, number(1))));
  }
  case CoordinateMode::Asymmetric:
    return div(x, scale);
  case CoordinateMode::HalfPixelSymmetric:
    break;
  }
  return add(mul(div(in, number(2)), sub(number(1), div(out, mul(in, scale)))), half);
}

/// The weight of a tap by its distance.
Value ResizeConverter::filter(OpBuilder &b, Location loc, Value distance) {
  Type f64 = b.getF64Type();
  auto number = [&](double v) { return scalarConstant(b, loc, f64, v); };
  Value x = math::AbsFOp::create(b, loc, distance);
  if (options.mode == eval::ResizeMode::Linear)
    return arith::MaximumFOp::create(b, loc, number(0), arith::SubFOp::create(b, loc, number(1), x));
  double a = options.cubicA;
  auto horner = [&](ArrayRef<double> coefficients) {
    Value sum = number(coefficients[0]);
    for (double c : coefficients.drop_front())
      sum = arith::AddFOp::create(b, loc, arith::MulFOp::create(b, loc, sum, x), number(c));
    return sum;
  };
  Value near = horner({a + 2, -(a + 3), 0, 1}), far = horner({a, -5 * a, 8 * a, -4 * a});
  auto below = [&](double limit, arith::CmpFPredicate predicate) -> Value {
    return arith::CmpFOp::create(b, loc, predicate, x, number(limit));
  };
  Value outer = arith::SelectOp::create(b, loc, below(2, arith::CmpFPredicate::OLT), far, number(0));
  return arith::SelectOp::create(b, loc, below(1, arith::CmpFPredicate::OLE), near, outer);
}

FailureOr<Taps> ResizeConverter::computedTaps(int64_t dim) {
  if (options.antialias)
    return op.emitOpError("expected static extents and scales for antialias, got ") << op.getInput().getType();
  Value inSize = l.index(loc, in[dim]), outSize = l.index(loc, out[dim]), scales = l.get(op.getScales());
  bool isNearest = options.mode == eval::ResizeMode::Nearest;
  int64_t reach = options.mode == eval::ResizeMode::Cubic ? 2 : 1;
  Type i64 = l.b.getI64Type(), f64 = l.b.getF64Type();
  Taps taps{dim, {}, {}};
  auto position = [&](OpBuilder &b, Location loc) {
    auto real = [&](Value size) -> Value {
      return arith::SIToFPOp::create(b, loc, f64, arith::IndexCastOp::create(b, loc, i64, size));
    };
    Value given = tensor::ExtractOp::create(b, loc, scales, ValueRange(arith::ConstantIndexOp::create(b, loc, dim)));
    // A scale that is the rounded quotient of the extents means the quotient.
    Value exact = arith::DivFOp::create(b, loc, real(outSize), real(inSize));
    Value rounded = arith::TruncFOp::create(b, loc, b.getF32Type(), exact);
    Value same = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ, rounded, given);
    Value scale = arith::SelectOp::create(b, loc, same, exact, arith::ExtFOp::create(b, loc, f64, given));
    return coordinate(b, loc, dim, scale, real(inSize), real(outSize));
  };
  auto toPosition = [&](OpBuilder &b, Location loc, Value place) -> Value {
    Value i = arith::FPToSIOp::create(b, loc, i64, place);
    i = arith::IndexCastOp::create(b, loc, b.getIndexType(), i);
    return arith::IndexCastOp::create(b, loc, i64, clampIndex(b, loc, i, inSize));
  };
  auto number = [&](OpBuilder &b, Location loc, double v) { return scalarConstant(b, loc, f64, v); };
  if (isNearest) {
    taps.positions.push_back(
        l.pointwise(loc, {}, {}, out[dim], i64, [&](OpBuilder &b, Location loc, ValueRange) -> Value {
          Value x = position(b, loc);
          Value below = math::FloorOp::create(b, loc, x);
          if (options.nearest == eval::NearestMode::Floor)
            return toPosition(b, loc, below);
          if (options.nearest == eval::NearestMode::Ceil)
            return toPosition(b, loc, math::CeilOp::create(b, loc, x));
          auto predicate = options.nearest == eval::NearestMode::RoundPreferFloor ? arith::CmpFPredicate::OLE
                                                                                  : arith::CmpFPredicate::OLT;
          Value rest = arith::SubFOp::create(b, loc, x, below);
          Value down = arith::CmpFOp::create(b, loc, predicate, rest, number(b, loc, 0.5));
          Value above = arith::AddFOp::create(b, loc, below, number(b, loc, 1));
          return toPosition(b, loc, arith::SelectOp::create(b, loc, down, below, above));
        }));
    return taps;
  }
  // The position is in (base, base + 1].
  auto base = [&](OpBuilder &b, Location loc, Value x) -> Value {
    return arith::SubFOp::create(b, loc, math::CeilOp::create(b, loc, x), number(b, loc, 1));
  };
  for (int64_t t = 1 - reach; t <= reach; ++t) {
    taps.positions.push_back(
        l.pointwise(loc, {}, {}, out[dim], i64, [&](OpBuilder &b, Location loc, ValueRange) -> Value {
          Value low = base(b, loc, position(b, loc));
          return toPosition(b, loc, arith::AddFOp::create(b, loc, low, number(b, loc, static_cast<double>(t))));
        }));
    taps.weights.push_back(
        l.pointwise(loc, {}, {}, out[dim], wide, [&](OpBuilder &b, Location loc, ValueRange) -> Value {
          Value x = position(b, loc), low = base(b, loc, x), ratio = arith::SubFOp::create(b, loc, x, low);
          auto weight = [&](int64_t at) -> Value {
            Value offset = number(b, loc, static_cast<double>(at));
            Value w = filter(b, loc, arith::SubFOp::create(b, loc, offset, ratio));
            if (!options.excludeOutside)
              return w;
            Value place = arith::FPToSIOp::create(b, loc, i64, arith::AddFOp::create(b, loc, low, offset));
            place = arith::IndexCastOp::create(b, loc, b.getIndexType(), place);
            Value inside = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, place, inSize);
            return arith::SelectOp::create(b, loc, inside, w, number(b, loc, 0));
          };
          Value own = weight(t);
          if (options.excludeOutside) {
            Value sum = number(b, loc, 0);
            for (int64_t at = 1 - reach; at <= reach; ++at)
              sum = arith::AddFOp::create(b, loc, sum, weight(at));
            own = arith::DivFOp::create(b, loc, own, sum);
          }
          return toFloat(b, loc, own, wide);
        }));
  }
  return taps;
}

//===-- Reading -----------------------------------------------------------===//

/// The sum over all combinations of taps; `args` are positions and weights, dim by dim.
Value ResizeConverter::interpolate(OpBuilder &b, Location loc, ArrayRef<Taps> taps, ValueRange args) {
  SmallVector<SmallVector<Value>> positions, weights;
  size_t next = 0;
  for (const Taps &dim : taps) {
    positions.emplace_back();
    weights.emplace_back();
    for (size_t t = 0; t < dim.positions.size(); ++t)
      positions.back().push_back(arith::IndexCastOp::create(b, loc, b.getIndexType(), args[next++]));
    for (size_t t = 0; t < dim.weights.size(); ++t)
      weights.back().push_back(args[next++]);
  }
  SmallVector<Value> at;
  for (size_t i = 0; i < in.size(); ++i)
    at.push_back(linalg::IndexOp::create(b, loc, i));
  bool isUnsigned = l.isUnsigned(op.getInput());
  std::function<Value(size_t)> sum = [&](size_t d) -> Value {
    if (d == taps.size()) {
      Value value = tensor::ExtractOp::create(b, loc, l.get(op.getInput()), at);
      return options.mode == eval::ResizeMode::Nearest ? value : castScalar(b, loc, value, isUnsigned, wide, false);
    }
    Value total;
    for (size_t t = 0; t < positions[d].size(); ++t) {
      at[taps[d].dim] = positions[d][t];
      Value value = sum(d + 1);
      if (!weights[d].empty())
        value = mulScalar(b, loc, value, weights[d][t]);
      total = total ? addScalar(b, loc, total, value) : value;
    }
    return total;
  };
  Value result = sum(0);
  if (options.mode == eval::ResizeMode::Nearest)
    return result;
  if (isa<FloatType>(element))
    return toFloat(b, loc, result, element);
  // Integers are rounded and kept in range.
  unsigned width = element.getIntOrFloatBitWidth();
  double low = isUnsigned ? 0 : -std::ldexp(1.0, width - 1), high = std::ldexp(1.0, isUnsigned ? width : width - 1) - 1;
  result = math::RoundEvenOp::create(b, loc, result);
  result = arith::MaximumFOp::create(b, loc, result, scalarConstant(b, loc, wide, low));
  result = arith::MinimumFOp::create(b, loc, result, scalarConstant(b, loc, wide, high));
  return castScalar(b, loc, result, false, element, isUnsigned);
}

LogicalResult ResizeConverter::run() {
  in = l.extents(loc, op.getInput());
  out = l.resultExtents(loc, op.getResult(), [&](int64_t i) { return l.element(loc, op.getSizes(), i); });
  DenseElementsAttr scaleAttr = l.constant(op.getScales());
  int64_t rank = in.size();
  for (int64_t i = 0; i < rank; ++i)
    scales.push_back(scaleAttr ? std::optional<float>(scaleAttr.getValues<float>()[i]) : std::nullopt);

  SmallVector<int64_t> resized, factors(rank, 1);
  bool allRepeat = true;
  Dims from = l.dims(op.getInput()), to = l.dims(op.getResult());
  for (int64_t i = 0; i < rank; ++i) {
    // Extents that are the same expression are copied, whatever the scale is called.
    bool copies = from[i] == to[i] && (!scales[i] || std::abs(*scales[i] - 1.0f) <= 1e-6f);
    if (copies)
      continue;
    resized.push_back(i);
    allRepeat &= repeats(i, factors[i]);
  }
  if (resized.empty()) {
    l.set(op.getResult(), l.get(op.getInput()));
    return success();
  }
  if (allRepeat) {
    convertRepeat(factors);
    return success();
  }
  SmallVector<Taps> taps;
  SmallVector<Value> ins;
  SmallVector<AffineMap> maps;
  for (int64_t dim : resized) {
    if (scales[dim] && getConstantIntValue(in[dim]) && getConstantIntValue(out[dim])) {
      taps.push_back(constantTaps(dim, *scales[dim]));
    } else {
      FailureOr<Taps> computed = computedTaps(dim);
      if (failed(computed))
        return failure();
      taps.push_back(*computed);
    }
    ins.append(taps.back().positions);
    ins.append(taps.back().weights);
    maps.resize(ins.size(), l.map(rank, ArrayRef<int64_t>{dim}));
  }
  l.set(op.getResult(), l.pointwise(loc, ins, maps, out, element, [&](OpBuilder &b, Location loc, ValueRange args) {
    return interpolate(b, loc, taps, args);
  }));
  return success();
}

static LogicalResult convertResize(Lowering &l, ResizeOp op) { return ResizeConverter(l, op).run(); }

void addResize(Table &table) { table.add(convertResize); }

} // namespace mlir::aic::lowering
