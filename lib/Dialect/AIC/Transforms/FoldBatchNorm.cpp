// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- FoldBatchNorm.cpp - Scales and shifts into weights -----------------===//
//
// A normalisation by constant statistics is a multiplication and an addition
// per channel. Both commute with a linear operation before them:
//
//   (conv(x, w) + b) * k = conv(x, w * k) + b * k       k along the features
//   (x @ w) * k          = x @ (w * k)                  k along the columns
//
// New weights are operations on constants; aic-constant-fold computes them.
//
//===----------------------------------------------------------------------===//
#include "aic/Dialect/AIC/IR/AICOps.h"
#include "aic/Dialect/AIC/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace mlir::aic {
#define GEN_PASS_DEF_FOLDBATCHNORMPASS
#include "aic/Dialect/AIC/Transforms/Passes.h.inc"

namespace {

RankedTensorType tensorType(Value value) { return cast<RankedTensorType>(value.getType()); }

/// Whether constant folding will know the value.
bool isConstantExpression(Value value, unsigned depth = 0) {
  Operation *op = value.getDefiningOp();
  if (!op || depth > 16)
    return false;
  if (op->hasTrait<OpTrait::ConstantLike>())
    return true;
  return isa<GraphOpInterface>(op) && op->getNumOperands() > 0 &&
         llvm::all_of(op->getOperands(), [&](Value v) { return isConstantExpression(v, depth + 1); });
}

/// Builds operations on constants.
class Builder {
public:
  Builder(PatternRewriter &b, Location loc, Type element) : b(b), loc(loc), element(element), scope(b.getContext()) {}

  Value reshape(Value value, ArrayRef<int64_t> shape) {
    if (tensorType(value).getShape() == shape)
      return value;
    auto type = RankedTensorType::get({static_cast<int64_t>(shape.size())}, b.getI64Type());
    Value extents = arith::ConstantOp::create(b, loc, DenseElementsAttr::get(type, shape));
    return ReshapeOp::create(b, loc, RankedTensorType::get(shape, tensorType(value).getElementType()), value, extents,
                             /*copy_zeros=*/false);
  }
  Value broadcast(Value value, ArrayRef<int64_t> shape) {
    if (tensorType(value).getShape() == shape)
      return value;
    auto type = RankedTensorType::get({static_cast<int64_t>(shape.size())}, b.getI64Type());
    Value extents = arith::ConstantOp::create(b, loc, DenseElementsAttr::get(type, shape));
    return BroadcastOp::create(b, loc, RankedTensorType::get(shape, tensorType(value).getElementType()), value,
                               extents);
  }
  template <typename OpT> Value binary(Value x, Value y) {
    return createInferred<OpT>(b, loc, tensorType(x).getElementType(), scope, x, y).getResult();
  }
  Value cast(Value value, Type to) {
    if (tensorType(value).getElementType() == to)
      return value;
    return CastOp::create(b, loc, RankedTensorType::get(tensorType(value).getShape(), to), value);
  }
  Value scalar(Type type, double value) {
    auto tensor = RankedTensorType::get({}, type);
    return arith::ConstantOp::create(b, loc, DenseElementsAttr::get(tensor, b.getFloatAttr(type, value)));
  }

private:
  PatternRewriter &b;
  Location loc;
  Type element;
  ShapeScope scope;
};

/// Whether a value is of integers behind a dequantisation: weights in their scale must stay integers too.
bool isQuantized(Value value) {
  Operation *op = value.getDefiningOp();
  while (op && isa<TransposeOp, ReshapeOp, PadOp, SliceOp>(op))
    op = op->getOperand(0).getDefiningOp();
  return isa_and_nonnull<DequantizeOp>(op);
}

/// The features' dim of the result of an operation whose weights a scale can go into.
struct Linear {
  Operation *op;
  int64_t features; // dim of the result, from its last (0: the last)
  int64_t count;

  static std::optional<Linear> of(Value value) {
    Operation *op = value.getDefiningOp();
    if (!op || !value.hasOneUse() || (op->getNumOperands() > 0 && isQuantized(op->getOperand(0))))
      return std::nullopt;
    auto type = tensorType(value);
    auto make = [&](int64_t dim) -> std::optional<Linear> {
      if (type.isDynamicDim(dim))
        return std::nullopt;
      return Linear{op, type.getRank() - 1 - dim, type.getDimSize(dim)};
    };
    auto isStatic = [](Value v) { return tensorType(v).hasStaticShape() && isConstantExpression(v); };
    if (auto conv = dyn_cast<ConvOp>(op); conv && isStatic(conv.getFilter()))
      return make(conv.getChannelsLast() ? type.getRank() - 1 : 1);
    if (auto conv = dyn_cast<ConvTransposeOp>(op); conv && isStatic(conv.getFilter()) && conv.getGroups() == 1)
      return make(conv.getChannelsLast() ? type.getRank() - 1 : 1);
    if (auto matmul = dyn_cast<MatmulOp>(op))
      if (isStatic(matmul.getRhs()) && tensorType(matmul.getRhs()).getRank() == 2)
        return make(type.getRank() - 1);
    return std::nullopt;
  }

  /// Whether a constant is one number, or one per feature. Broadcasting it must not change the result's shape.
  bool takes(Value factor) const {
    auto type = tensorType(factor);
    auto result = tensorType(op->getResult(0));
    if (!type.hasStaticShape() || type.getRank() > result.getRank() || !isConstantExpression(factor))
      return false;
    for (int64_t i = 0, rank = type.getRank(); i < rank; ++i) {
      bool isFeature = rank - 1 - i == features;
      if (type.getDimSize(i) != 1 && !(isFeature && type.getDimSize(i) == count))
        return false;
    }
    return true;
  }
};

/// The dim of the filter (right operand) that makes the features.
int64_t weightDim(Operation *op, int64_t rank) {
  if (auto conv = dyn_cast<ConvOp>(op))
    return conv.getChannelsLast() ? rank - 1 : 0;
  if (auto conv = dyn_cast<ConvTransposeOp>(op))
    return conv.getChannelsLast() ? rank - 2 : 1;
  return rank - 1;
}

/// batch_norm(x) with constant parameters --> x * k + c
struct DecomposeBatchNorm final : OpRewritePattern<BatchNormOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(BatchNormOp op, PatternRewriter &rewriter) const override {
    auto type = tensorType(op.getResult());
    for (Value parameter : {op.getScale(), op.getBias(), op.getMean(), op.getVariance()})
      if (!isConstantExpression(parameter) || !tensorType(parameter).hasStaticShape())
        return rewriter.notifyMatchFailure(op, "expected constant parameters");
    Type element = type.getElementType();
    Type wide = element.isF64() ? element : Type(rewriter.getF32Type());
    Builder b(rewriter, op.getLoc(), wide);
    Value deviation =
        b.binary<AddOp>(b.cast(op.getVariance(), wide), b.scalar(wide, op.getEpsilon().convertToDouble()));
    deviation = SqrtOp::create(rewriter, op.getLoc(), deviation.getType(), deviation);
    Value factor = b.binary<DivOp>(b.cast(op.getScale(), wide), deviation);
    Value shift = b.binary<SubOp>(b.cast(op.getBias(), wide), b.binary<MulOp>(b.cast(op.getMean(), wide), factor));
    // [C] lined up with the axis.
    SmallVector<int64_t> shape(type.getRank() - op.getAxis(), 1);
    shape[0] = tensorType(op.getScale()).getDimSize(0);
    factor = b.cast(b.reshape(factor, shape), element);
    shift = b.cast(b.reshape(shift, shape), element);
    Value scaled = MulOp::create(rewriter, op.getLoc(), type, op.getInput(), factor);
    rewriter.replaceOpWithNewOp<AddOp>(op, type, scaled, shift);
    return success();
  }
};

/// Both orders of a commutative operation's operands.
template <typename OpT> SmallVector<std::pair<Value, Value>> sides(OpT op) {
  return {{op.getLhs(), op.getRhs()}, {op.getRhs(), op.getLhs()}};
}

/// linear(x, w, b) * k --> linear(x, w * k, b * k)
struct ScaleWeights final : OpRewritePattern<MulOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(MulOp op, PatternRewriter &rewriter) const override {
    if (!isa<FloatType>(tensorType(op.getResult()).getElementType()))
      return rewriter.notifyMatchFailure(op, "expected floats");
    for (auto [value, factor] : sides(op)) {
      std::optional<Linear> linear = Linear::of(value);
      if (!linear || !linear->takes(factor))
        continue;
      Builder b(rewriter, op.getLoc(), tensorType(value).getElementType());
      int64_t elements = tensorType(factor).getNumElements();
      Operation *source = linear->op;
      Value weights = source->getOperand(1);
      SmallVector<int64_t> shape(tensorType(weights).getRank(), 1);
      shape[weightDim(source, shape.size())] = elements;
      SmallVector<Value> operands(source->getOperands());
      operands[1] = b.binary<MulOp>(weights, b.reshape(factor, shape));
      if (operands.size() > 2)
        operands[2] = b.binary<MulOp>(operands[2], b.reshape(factor, {elements}));
      replace(rewriter, op, source, operands);
      return success();
    }
    return rewriter.notifyMatchFailure(op, "expected a linear operation and a factor per feature");
  }

  static void replace(PatternRewriter &rewriter, Operation *op, Operation *source, ArrayRef<Value> operands) {
    Operation *created = rewriter.clone(*source);
    created->setLoc(rewriter.getFusedLoc({source->getLoc(), op->getLoc()}));
    created->setOperands(operands);
    rewriter.replaceOp(op, created->getResults());
  }
};

/// conv(x, w, b) + c --> conv(x, w, b + c), also for subtraction of c
template <typename OpT> struct ShiftBias final : OpRewritePattern<OpT> {
  using OpRewritePattern<OpT>::OpRewritePattern;

  LogicalResult matchAndRewrite(OpT op, PatternRewriter &rewriter) const override {
    for (auto [value, shift] : sides(op)) {
      if (std::is_same_v<OpT, SubOp> && value != op.getLhs())
        continue;
      std::optional<Linear> linear = Linear::of(value);
      if (!linear || isa<MatmulOp>(linear->op) || !linear->takes(shift))
        continue;
      Builder b(rewriter, op.getLoc(), tensorType(value).getElementType());
      Operation *source = linear->op;
      SmallVector<Value> operands(source->getOperands());
      if (operands.size() > 2 && !isConstantExpression(operands[2]))
        continue;
      Value vector = b.broadcast(b.reshape(shift, {tensorType(shift).getNumElements()}), {linear->count});
      if (operands.size() > 2)
        operands[2] = b.template binary<OpT>(operands[2], vector);
      else if (std::is_same_v<OpT, SubOp>)
        operands.push_back(NegOp::create(rewriter, op.getLoc(), vector.getType(), vector));
      else
        operands.push_back(vector);
      ScaleWeights::replace(rewriter, op, source, operands);
      return success();
    }
    return rewriter.notifyMatchFailure(op, "expected a convolution and a number per feature");
  }
};

/// (x @ w + c) * k --> (x @ w) * k + c * k, so that k can go into w
struct ScaleBeforeShift final : OpRewritePattern<MulOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(MulOp op, PatternRewriter &rewriter) const override {
    for (auto [value, factor] : sides(op)) {
      auto add = value.getDefiningOp<AddOp>();
      if (!add || !value.hasOneUse())
        continue;
      for (auto [inner, shift] : sides(add)) {
        std::optional<Linear> linear = Linear::of(inner);
        if (!linear || !linear->takes(factor) || !linear->takes(shift) ||
            !isa<FloatType>(tensorType(value).getElementType()))
          continue;
        Builder b(rewriter, op.getLoc(), tensorType(value).getElementType());
        Value scaled = MulOp::create(rewriter, op.getLoc(), inner.getType(), inner, factor);
        rewriter.replaceOpWithNewOp<AddOp>(op, op.getType(), scaled, b.binary<MulOp>(shift, factor));
        return success();
      }
    }
    return rewriter.notifyMatchFailure(op, "expected a shifted linear operation");
  }
};

struct FoldBatchNormPass : impl::FoldBatchNormPassBase<FoldBatchNormPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<DecomposeBatchNorm, ScaleWeights, ScaleBeforeShift, ShiftBias<AddOp>, ShiftBias<SubOp>>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
} // namespace mlir::aic
