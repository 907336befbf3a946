// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Normalization.cpp - Softmax and norms ------------------------------===//
//
// Reductions and elementwise generics one after another, in f32 at least; the
// kernel former makes one kernel of them.
//
//===----------------------------------------------------------------------===//
#include "Lowering.h"
#include "Reduction.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace mlir::aic::lowering {

static LogicalResult convertSoftmaxLike(Lowering &l, Operation *op) {
  Location loc = op->getLoc();
  bool isLog = isa<LogSoftmaxOp>(op);
  int64_t axis = op->getAttrOfType<IntegerAttr>("axis").getInt();
  Value input = l.get(op->getOperand(0));
  Type element = l.type(op->getOperand(0)).getElementType(), wide = computeType(element);
  AxisSplit split(l, loc, input, axis);
  Extents extents = l.extents(loc, op->getOperand(0));
  auto body = [&](auto &&emit) {
    return [&, emit](OpBuilder &b, Location loc, ValueRange args) -> Value {
      SmallVector<Value> scalars;
      for (Value arg : args)
        scalars.push_back(toFloat(b, loc, arg, wide));
      return emit(b, loc, scalars);
    };
  };
  Value maximum = reduceInto(
      l, loc, split, input, split.full, extremeAttr(l.b, element, false, true),
      [&](OpBuilder &b, Location loc, ValueRange args) { return maxScalar(b, loc, args[1], args[0], false); });
  auto add = body([](OpBuilder &b, Location loc, ValueRange s) { return addScalar(b, loc, s[1], s[0]); });
  auto exponential = body([](OpBuilder &b, Location loc, ValueRange s) -> Value {
    return math::ExpOp::create(b, loc, subScalar(b, loc, s[0], s[1]));
  });
  if (isLog) {
    // sum(exp(x - m)) needs the exponentials once only.
    Value sum = reduceInto(l, loc, split, {input, maximum}, {split.full, split.outer}, zeroAttr(l.b, wide),
                           body([](OpBuilder &b, Location loc, ValueRange s) {
                             Value e = math::ExpOp::create(b, loc, subScalar(b, loc, s[0], s[1]));
                             return addScalar(b, loc, s[2], e);
                           }));
    Value logs = l.pointwise(
        loc, sum, l.identity(split.kept.size()), split.kept, wide,
        body([](OpBuilder &b, Location loc, ValueRange s) -> Value { return math::LogOp::create(b, loc, s[0]); }));
    l.set(op->getResult(0), l.pointwise(loc, {input, maximum, logs}, {split.full, split.outer, split.outer}, extents,
                                        element, [&](OpBuilder &b, Location loc, ValueRange args) {
                                          Value x = toFloat(b, loc, args[0], wide), m = toFloat(b, loc, args[1], wide);
                                          return toFloat(b, loc, subScalar(b, loc, subScalar(b, loc, x, m), args[2]),
                                                         element);
                                        }));
    return success();
  }
  Value exps = l.pointwise(loc, {input, maximum}, {split.full, split.outer}, extents, wide, exponential);
  Value sum = reduceInto(l, loc, split, exps, split.full, zeroAttr(l.b, wide), add);
  l.set(op->getResult(0), l.pointwise(loc, {exps, sum}, {split.full, split.outer}, extents, element,
                                      [&](OpBuilder &b, Location loc, ValueRange args) {
                                        Value q = arith::DivFOp::create(b, loc, args[0], args[1]);
                                        return toFloat(b, loc, q, element);
                                      }));
  return success();
}

static SmallVector<int64_t> trailing(Lowering &l, Value old, int64_t axis) {
  return llvm::to_vector(llvm::seq<int64_t>(axis, l.dims(old).size()));
}

/// 1 / sqrt(sum / count + epsilon) for every row.
static Value inverseDeviation(Lowering &l, Location loc, const AxisSplit &split, Value sum, double epsilon, Type wide) {
  return l.pointwise(loc, sum, l.identity(split.kept.size()), split.kept, wide,
                     [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
                       Value mean = divScalar(b, loc, args[0], countScalar(b, loc, split.count, wide), false);
                       Value shifted = addScalar(b, loc, mean, scalarConstant(b, loc, wide, epsilon));
                       Value one = scalarConstant(b, loc, wide, 1);
                       return arith::DivFOp::create(b, loc, one, math::SqrtOp::create(b, loc, shifted));
                     });
}

namespace {
/// Scale or bias, broadcast to the input (their trailing dims line up): an operand of the generic, or, where an extent
/// may turn out to be 1, elements read at a place that is kept inside.
class Parameter {
public:
  Parameter(Lowering &l, Location loc, Value input, Value parameter, SmallVectorImpl<Value> &ins,
            SmallVectorImpl<AffineMap> &maps)
      : value(l.get(parameter)), number(ins.size()) {
    Dims in = l.dims(input), own = l.dims(parameter);
    int64_t rank = in.size();
    lead = rank - static_cast<int64_t>(own.size());
    llvm::BitVector units(own.size());
    SmallVector<AffineExpr> exprs;
    bool isGuarded = false;
    for (auto [i, extent] : llvm::enumerate(own)) {
      isGuarded |= !constantDim(extent) && extent != in[lead + i];
      if (constantDim(extent) == 1 && in[lead + i] != extent)
        units.set(i);
      else
        exprs.push_back(l.d(lead + i));
    }
    if (isGuarded) {
      for (OpFoldResult extent : l.extents(loc, parameter))
        extents.push_back(l.index(loc, extent));
      return;
    }
    ins.push_back(l.dropUnits(loc, value, units));
    maps.push_back(l.map(rank, exprs));
  }

  Value read(OpBuilder &b, Location loc, ValueRange args) const {
    if (extents.empty())
      return args[number];
    SmallVector<Value> position;
    for (auto [i, extent] : llvm::enumerate(extents))
      position.push_back(clampIndex(b, loc, linalg::IndexOp::create(b, loc, lead + i), extent));
    return tensor::ExtractOp::create(b, loc, value, position);
  }

private:
  Value value;
  size_t number;
  int64_t lead;
  SmallVector<Value> extents; ///< if guarded
};
} // namespace

static LogicalResult convertLayerNorm(Lowering &l, LayerNormOp op) {
  Location loc = op.getLoc();
  Value input = l.get(op.getInput());
  Type element = l.type(op.getInput()).getElementType(), wide = computeType(element);
  double epsilon = op.getEpsilon().convertToDouble();
  AxisSplit split(l, loc, input, trailing(l, op.getInput(), op.getAxis()));
  AffineMap outerIdentity = l.identity(split.kept.size());
  Value sum = reduceInto(l, loc, split, input, split.full, zeroAttr(l.b, wide),
                         [&](OpBuilder &b, Location loc, ValueRange args) {
                           return addScalar(b, loc, args[1], toFloat(b, loc, args[0], wide));
                         });
  Value mean = l.pointwise(loc, sum, outerIdentity, split.kept, wide, [&](OpBuilder &b, Location loc, ValueRange args) {
    return divScalar(b, loc, args[0], countScalar(b, loc, split.count, wide), false);
  });
  Value squares = reduceInto(l, loc, split, {input, mean}, {split.full, split.outer}, zeroAttr(l.b, wide),
                             [&](OpBuilder &b, Location loc, ValueRange args) {
                               Value c = subScalar(b, loc, toFloat(b, loc, args[0], wide), args[1]);
                               return addScalar(b, loc, args[2], mulScalar(b, loc, c, c));
                             });
  Value inverse = inverseDeviation(l, loc, split, squares, epsilon, wide);
  SmallVector<Value> ins{input, mean, inverse};
  SmallVector<AffineMap> maps{split.full, split.outer, split.outer};
  std::optional<Parameter> scale, bias;
  if (op.getScale())
    scale.emplace(l, loc, op.getInput(), op.getScale(), ins, maps);
  if (op.getBias())
    bias.emplace(l, loc, op.getInput(), op.getBias(), ins, maps);
  l.set(op.getResult(), l.pointwise(loc, ins, maps, l.extents(loc, op.getInput()), element,
                                    [&](OpBuilder &b, Location loc, ValueRange args) {
                                      Value y = subScalar(b, loc, toFloat(b, loc, args[0], wide), args[1]);
                                      y = mulScalar(b, loc, y, args[2]);
                                      if (scale)
                                        y = mulScalar(b, loc, y, toFloat(b, loc, scale->read(b, loc, args), wide));
                                      if (bias)
                                        y = addScalar(b, loc, y, toFloat(b, loc, bias->read(b, loc, args), wide));
                                      return toFloat(b, loc, y, element);
                                    }));
  return success();
}

static LogicalResult convertRMSNorm(Lowering &l, RMSNormOp op) {
  Location loc = op.getLoc();
  Value input = l.get(op.getInput());
  Type element = l.type(op.getInput()).getElementType(), wide = computeType(element);
  AxisSplit split(l, loc, input, trailing(l, op.getInput(), op.getAxis()));
  Value squares = reduceInto(l, loc, split, input, split.full, zeroAttr(l.b, wide),
                             [&](OpBuilder &b, Location loc, ValueRange args) {
                               Value x = toFloat(b, loc, args[0], wide);
                               return addScalar(b, loc, args[1], mulScalar(b, loc, x, x));
                             });
  Value inverse = inverseDeviation(l, loc, split, squares, op.getEpsilon().convertToDouble(), wide);
  SmallVector<Value> ins{input, inverse};
  SmallVector<AffineMap> maps{split.full, split.outer};
  Parameter scale(l, loc, op.getInput(), op.getScale(), ins, maps);
  l.set(op.getResult(), l.pointwise(loc, ins, maps, l.extents(loc, op.getInput()), element,
                                    [&](OpBuilder &b, Location loc, ValueRange args) {
                                      Value y = mulScalar(b, loc, toFloat(b, loc, args[0], wide), args[1]);
                                      y = mulScalar(b, loc, y, toFloat(b, loc, scale.read(b, loc, args), wide));
                                      return toFloat(b, loc, y, element);
                                    }));
  return success();
}

/// Statistics that are constants are folded before this (aic-fold-batch-norm); these are computed for every element's
/// channel.
static LogicalResult convertBatchNorm(Lowering &l, BatchNormOp op) {
  Location loc = op.getLoc();
  Type element = l.type(op.getInput()).getElementType(), wide = computeType(element);
  int64_t rank = l.dims(op.getInput()).size(), axis = op.getAxis();
  SmallVector<Value> ins{l.get(op.getInput())};
  SmallVector<AffineMap> maps{l.identity(rank)};
  for (Value vector : {op.getMean(), op.getVariance(), op.getScale(), op.getBias()}) {
    ins.push_back(l.get(vector));
    maps.push_back(l.map(rank, ArrayRef<int64_t>{axis}));
  }
  l.set(op.getResult(), l.pointwise(loc, ins, maps, l.extents(loc, op.getInput()), element,
                                    [&](OpBuilder &b, Location loc, ValueRange args) {
                                      SmallVector<Value> s;
                                      for (Value arg : args)
                                        s.push_back(toFloat(b, loc, arg, wide));
                                      Value e = scalarConstant(b, loc, wide, op.getEpsilon().convertToDouble());
                                      Value deviation = math::SqrtOp::create(b, loc, addScalar(b, loc, s[2], e));
                                      Value factor = arith::DivFOp::create(b, loc, s[3], deviation);
                                      Value y = mulScalar(b, loc, subScalar(b, loc, s[0], s[1]), factor);
                                      return toFloat(b, loc, addScalar(b, loc, y, s[4]), element);
                                    }));
  return success();
}

void addNormalizations(Table &table) {
  table.addAll<SoftmaxOp, LogSoftmaxOp>(convertSoftmaxLike);
  table.add(convertLayerNorm);
  table.add(convertRMSNorm);
  table.add(convertBatchNorm);
}

} // namespace mlir::aic::lowering
