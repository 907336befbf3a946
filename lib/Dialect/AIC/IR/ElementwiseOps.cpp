// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Dialect/AIC/IR/AICOps.h"
#include "aic/Dialect/AIC/IR/EvalBridge.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>

using namespace mlir;
using namespace mlir::aic;

//===-- Shapes --------------------------------------------------------------===//

/// What the definitions call an operand of an elementwise operation.
static StringRef operandName(Operation *op, size_t number) {
  if (isa<SelectOp>(op))
    return ArrayRef<StringRef>{"condition", "lhs", "rhs"}[number];
  return number == 0 ? "lhs" : "rhs";
}

LogicalResult mlir::aic::detail::inferElementwise(Operation *op, ShapeScope &scope, SmallVectorImpl<Dims> &results) {
  Dims result;
  for (auto [number, operand] : llvm::enumerate(op->getOperands())) {
    ArrayRef<AffineExpr> dims = scope.dims(operand);
    if (dims.size() > result.size())
      result.insert(result.begin(), dims.size() - result.size(), scope.constant(1));
    size_t lead = result.size() - dims.size();
    for (auto [i, dim] : llvm::enumerate(dims)) {
      AffineExpr extent = scope.broadcast(result[lead + i], dim);
      if (!extent)
        return op->emitOpError("expected ")
               << operandName(op, number) << " to broadcast with the operands before it, got extent "
               << *constantDim(dim) << " in dimension " << i << ", theirs is " << *constantDim(result[lead + i]);
      result[lead + i] = extent;
      for (auto [earlier, other] : llvm::enumerate(op->getOperands().take_front(number)))
        if (ArrayRef<AffineExpr> others = scope.dims(other); lead + i >= result.size() - others.size())
          scope.requireBroadcast(others[lead + i - (result.size() - others.size())], dim,
                                 "expected " + operandName(op, earlier) + " and " + operandName(op, number) +
                                     " to broadcast, got unlike extents in dimension " + Twine(lead + i));
    }
  }
  results.push_back(std::move(result));
  return success();
}

#define AIC_ELEMENTWISE(NAME)                                                                                          \
  LogicalResult NAME##Op::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) {                             \
    return mlir::aic::detail::inferElementwise(*this, scope, results);                                                 \
  }
AIC_ELEMENTWISE(IsNan)
AIC_ELEMENTWISE(IsInf)
AIC_ELEMENTWISE(Cast)
AIC_ELEMENTWISE(Compare)
AIC_ELEMENTWISE(Select)
#undef AIC_ELEMENTWISE

LogicalResult BitcastOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) {
  Type from = getInput().getType().getElementType(), to = getType().getElementType();
  if (from.getIntOrFloatBitWidth() != to.getIntOrFloatBitWidth()) // bitcast_c1
    return emitOpError("expected element types of one size, got ") << from << " and " << to;
  return mlir::aic::detail::inferElementwise(*this, scope, results);
}

//===-- Quantisation --------------------------------------------------------===//

/// Scale or zero point of a quantisation along `axis`.
static LogicalResult checkParameter(Operation *op, StringRef name, Value parameter, int64_t axis, int64_t blockSize,
                                    ShapeScope &scope) {
  ArrayRef<AffineExpr> input = scope.dims(op->getOperand(0)), dims = scope.dims(parameter);
  if (blockSize < 0)
    return op->emitOpError("expected a block size that is not negative, got ") << blockSize;
  if (blockSize == 0 && (dims.empty() || (dims.size() == 1 && constantDim(dims[0]) == 1)))
    return success();
  if (axis < 0 || axis >= static_cast<int64_t>(input.size()))
    return op->emitOpError("expected axis in [0, ") << input.size() << "), got " << axis;
  size_t rank = blockSize ? input.size() : 1;
  if (dims.size() != rank)
    return op->emitOpError("expected ") << name << " of rank " << rank << ", got " << dims.size();
  for (auto [d, dim] : llvm::enumerate(dims)) {
    std::optional<int64_t> wanted = constantDim(blockSize ? input[d] : input[axis]), got = constantDim(dim);
    if (wanted && blockSize && static_cast<int64_t>(d) == axis)
      wanted = llvm::divideCeil(static_cast<uint64_t>(*wanted), static_cast<uint64_t>(blockSize));
    if (wanted && got && *wanted != *got)
      return op->emitOpError("expected extent ")
             << *wanted << " in dimension " << d << " of " << name << ", got " << *got;
    AffineExpr extent = input[blockSize ? d : axis], one = scope.constant(1);
    if (blockSize && static_cast<int64_t>(d) == axis)
      extent = extent.ceilDiv(blockSize);
    SmallVector<Comparison> fits{{Comparison::Equal, dim, extent}};
    if (!blockSize) // one for the whole tensor
      fits.push_back({Comparison::Equal, dim, one});
    scope.require(fits, "expected " + name +
                            " to have the extents that the input asks for, got another one in dimension " + Twine(d));
  }
  return success();
}

template <typename OpT>
static LogicalResult inferQuantisation(OpT op, ShapeScope &scope, SmallVectorImpl<Dims> &results) {
  int64_t axis = op.getAxis(), blockSize = op.getBlockSize();
  if (failed(checkParameter(op, "scale", op.getScale(), axis, blockSize, scope)) ||
      failed(checkParameter(op, "zero_point", op.getZeroPoint(), axis, blockSize, scope)))
    return failure();
  results.emplace_back(scope.dims(op.getInput()));
  return success();
}

/// The zero point has the type of the quantised numbers.
static LogicalResult checkZeroPoint(Operation *op, Value zeroPoint, Value quantized) {
  Type wanted = getElementTypeOrSelf(quantized), got = getElementTypeOrSelf(zeroPoint);
  if (wanted == got)
    return success();
  return op->emitOpError("expected zero_point with elements of type ") << wanted << ", got " << got;
}

LogicalResult QuantizeOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) {
  if (failed(checkZeroPoint(*this, getZeroPoint(), getResult())))
    return failure();
  return inferQuantisation(*this, scope, results);
}

LogicalResult DequantizeOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) {
  if (failed(checkZeroPoint(*this, getZeroPoint(), getInput())))
    return failure();
  return inferQuantisation(*this, scope, results);
}

//===-- Elements of shape arithmetic ----------------------------------------===//

/// The numbers of a type wrap; an expression is taken to fit where extents do (32 bits and up). Null otherwise.
static AffineExpr wrap(AffineExpr number, Type element) {
  auto type = cast<IntegerType>(element);
  std::optional<int64_t> value = constantDim(number);
  if (!value)
    return type.getWidth() >= 32 ? number : AffineExpr();
  APInt bits(64, *value, /*isSigned=*/true);
  bits = bits.trunc(type.getWidth());
  bool isUnsigned = type.isUnsigned() || type.getWidth() == 1;
  return getAffineConstantExpr(isUnsigned ? bits.getZExtValue() : bits.getSExtValue(), number.getContext());
}

/// Combines the elements of all operands, broadcast to the result; an element for which `combine` gives null is
/// unknown.
static std::optional<Dims> combineElements(Operation *op, ShapeScope &scope,
                                           function_ref<AffineExpr(ArrayRef<AffineExpr>)> combine) {
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  SmallVector<Dims, 3> elements;
  for (Value operand : op->getOperands()) {
    std::optional<Dims> known = scope.elements(operand);
    if (!known)
      return std::nullopt;
    elements.push_back(std::move(*known));
  }
  Dims result;
  for (int64_t i = 0, e = type.getNumElements(); i < e; ++i) {
    SmallVector<AffineExpr, 3> at;
    for (auto [operand, known] : llvm::zip_equal(op->getOperands(), elements)) {
      auto shape = cast<RankedTensorType>(operand.getType()).getShape();
      int64_t index = 0, stride = 1, rest = i;
      for (int64_t d = 0, rank = shape.size(); d < rank; ++d) {
        int64_t extent = type.getShape()[type.getRank() - 1 - d], own = shape[rank - 1 - d];
        index += (own == 1 ? 0 : rest % extent) * stride;
        stride *= own;
        rest /= extent;
      }
      if (index >= static_cast<int64_t>(known.size()))
        return std::nullopt;
      at.push_back(known[index]);
    }
    AffineExpr number = combine(at);
    if (number)
      number = wrap(simplifyDim(number), type.getElementType());
    bool isTruth = type.getElementType().isInteger(1);
    if (!number && isTruth)
      return std::nullopt;
    result.push_back(number ? number : scope.unknown());
  }
  return result;
}

/// Both operands as numbers, if they are.
static std::optional<std::pair<int64_t, int64_t>> numbers(ArrayRef<AffineExpr> operands) {
  std::optional<int64_t> a = constantDim(operands[0]), b = constantDim(operands[1]);
  if (a && b)
    return std::make_pair(*a, *b);
  return std::nullopt;
}

std::optional<Dims> CastOp::inferElements(ShapeScope &scope) {
  if (!getInput().getType().getElementType().isInteger())
    return std::nullopt;
  bool toTruth = getType().getElementType().isInteger(1);
  return combineElements(*this, scope, [&](ArrayRef<AffineExpr> x) {
    if (!toTruth)
      return x[0];
    std::optional<int64_t> value = constantDim(x[0]);
    return value ? scope.constant(*value != 0) : AffineExpr();
  });
}

std::optional<Dims> AddOp::inferElements(ShapeScope &scope) {
  return combineElements(*this, scope, [](ArrayRef<AffineExpr> x) { return x[0] + x[1]; });
}

std::optional<Dims> SubOp::inferElements(ShapeScope &scope) {
  return combineElements(*this, scope, [](ArrayRef<AffineExpr> x) { return x[0] - x[1]; });
}

std::optional<Dims> MulOp::inferElements(ShapeScope &scope) {
  return combineElements(*this, scope, [](ArrayRef<AffineExpr> x) { return x[0] * x[1]; });
}

std::optional<Dims> DivOp::inferElements(ShapeScope &scope) {
  return combineElements(*this, scope, [&](ArrayRef<AffineExpr> x) -> AffineExpr {
    if (auto both = numbers(x))
      return scope.constant(both->second == 0    ? 0
                            : both->second == -1 ? static_cast<int64_t>(-static_cast<uint64_t>(both->first))
                                                 : both->first / both->second);
    if (constantDim(x[1]) == 0)
      return scope.constant(0);
    // An extent of 0 divided by itself is 0, not 1: only a number is known not to be 0.
    std::optional<int64_t> divisor = constantDim(x[1]);
    if (!divisor)
      return nullptr;
    if (AffineExpr even = exactQuotient(x[0], x[1]))
      return even;
    return *divisor > 0 && scope.isNonNegative(x[0]) ? x[0].floorDiv(*divisor) : AffineExpr();
  });
}

/// The remainder of the truncated (floored) division.
static AffineExpr remainder(ArrayRef<AffineExpr> x, bool floored, ShapeScope &scope) {
  if (auto both = numbers(x)) {
    auto [a, b] = *both;
    int64_t r = b == 0 || b == -1 ? 0 : a % b;
    return scope.constant(floored && r != 0 && (r < 0) != (b < 0) ? r + b : r);
  }
  std::optional<int64_t> divisor = constantDim(x[1]);
  return divisor && *divisor > 0 && (floored || scope.isNonNegative(x[0])) ? x[0] % *divisor : AffineExpr();
}

std::optional<Dims> RemOp::inferElements(ShapeScope &scope) {
  return combineElements(*this, scope, [&](ArrayRef<AffineExpr> x) { return remainder(x, /*floored=*/false, scope); });
}

std::optional<Dims> ModOp::inferElements(ShapeScope &scope) {
  return combineElements(*this, scope, [&](ArrayRef<AffineExpr> x) { return remainder(x, /*floored=*/true, scope); });
}

std::optional<Dims> MaximumOp::inferElements(ShapeScope &scope) {
  return combineElements(*this, scope, [&](ArrayRef<AffineExpr> x) {
    return scope.isNonNegative(x[0] - x[1]) ? x[0] : scope.isNonNegative(x[1] - x[0]) ? x[1] : AffineExpr();
  });
}

std::optional<Dims> MinimumOp::inferElements(ShapeScope &scope) {
  return combineElements(*this, scope, [&](ArrayRef<AffineExpr> x) {
    return scope.isNonNegative(x[0] - x[1]) ? x[1] : scope.isNonNegative(x[1] - x[0]) ? x[0] : AffineExpr();
  });
}

std::optional<Dims> AndOp::inferElements(ShapeScope &scope) {
  return combineElements(*this, scope, [&](ArrayRef<AffineExpr> x) {
    auto both = numbers(x);
    return both ? scope.constant(both->first & both->second) : AffineExpr();
  });
}

std::optional<Dims> OrOp::inferElements(ShapeScope &scope) {
  return combineElements(*this, scope, [&](ArrayRef<AffineExpr> x) {
    auto both = numbers(x);
    return both ? scope.constant(both->first | both->second) : AffineExpr();
  });
}

std::optional<Dims> XorOp::inferElements(ShapeScope &scope) {
  return combineElements(*this, scope, [&](ArrayRef<AffineExpr> x) {
    auto both = numbers(x);
    return both ? scope.constant(both->first ^ both->second) : AffineExpr();
  });
}

// Extents are rarely powers or shifted; constants are folded by evaluation.
std::optional<Dims> PowOp::inferElements(ShapeScope &scope) { return std::nullopt; }
std::optional<Dims> ShiftLeftOp::inferElements(ShapeScope &scope) { return std::nullopt; }
std::optional<Dims> ShiftRightOp::inferElements(ShapeScope &scope) { return std::nullopt; }

/// Whether `a predicate b` holds, if that is certain.
static std::optional<bool> decide(Predicate predicate, AffineExpr a, AffineExpr b, ShapeScope &scope) {
  bool less = scope.isNonNegative(b - a - 1), greater = scope.isNonNegative(a - b - 1);
  bool lessOrEqual = less || scope.isNonNegative(b - a), greaterOrEqual = greater || scope.isNonNegative(a - b);
  auto known = [](bool yes, bool no) { return yes ? std::optional(true) : no ? std::optional(false) : std::nullopt; };
  switch (predicate) {
  case Predicate::eq:
    return known(lessOrEqual && greaterOrEqual, less || greater);
  case Predicate::ne:
    return known(less || greater, lessOrEqual && greaterOrEqual);
  case Predicate::lt:
    return known(less, greaterOrEqual);
  case Predicate::le:
    return known(lessOrEqual, greater);
  case Predicate::gt:
    return known(greater, lessOrEqual);
  case Predicate::ge:
    return known(greaterOrEqual, less);
  }
  return std::nullopt;
}

std::optional<Dims> CompareOp::inferElements(ShapeScope &scope) {
  return combineElements(*this, scope, [&](ArrayRef<AffineExpr> x) {
    std::optional<bool> holds = decide(getPredicate(), x[0], x[1], scope);
    return holds ? scope.constant(*holds) : AffineExpr();
  });
}

std::optional<Dims> SelectOp::inferElements(ShapeScope &scope) {
  return combineElements(*this, scope, [&](ArrayRef<AffineExpr> x) {
    if (x[1] == x[2])
      return x[1];
    std::optional<int64_t> condition = constantDim(x[0]);
    return condition ? x[*condition ? 1 : 2] : AffineExpr();
  });
}

//===-- Folders -------------------------------------------------------------===//

/// The number (with the sign of a zero) that all elements of a constant are, with the constant's shape not extending
/// what it is combined with: the result has the shape of `other`.
static std::optional<double> neutralCandidate(Attribute constant, Value other, Type result) {
  auto elements = dyn_cast_if_present<DenseElementsAttr>(constant);
  if (!elements || !elements.isSplat() || other.getType() != result)
    return std::nullopt;
  auto type = cast<RankedTensorType>(result);
  bool isOnes = llvm::all_of(elements.getType().getShape(), [](int64_t extent) { return extent == 1; });
  if (!type.hasStaticShape() && !(isOnes && elements.getType().getRank() <= type.getRank()))
    return std::nullopt; // the constant may widen a dynamic extent of 1
  if (auto floats = dyn_cast<FloatType>(elements.getElementType()))
    return elements.getSplatValue<APFloat>().convertToDouble();
  APInt value = elements.getSplatValue<APInt>();
  return value.isZero() ? 0.0 : value.isOne() ? 1.0 : std::optional<double>();
}

/// Whether x + number is x: -0 + 0 is 0, so that for real numbers only -0 has no effect.
static bool isNeutralInSum(std::optional<double> number, Type type) {
  return number == 0.0 && (std::signbit(*number) || !isa<FloatType>(getElementTypeOrSelf(type)));
}

OpFoldResult AddOp::fold(FoldAdaptor adaptor) {
  // x + -0 --> x
  if (isNeutralInSum(neutralCandidate(adaptor.getRhs(), getLhs(), getType()), getType()))
    return getLhs();
  if (isNeutralInSum(neutralCandidate(adaptor.getLhs(), getRhs(), getType()), getType()))
    return getRhs();
  return {};
}

OpFoldResult SubOp::fold(FoldAdaptor adaptor) {
  // x - 0 --> x
  std::optional<double> number = neutralCandidate(adaptor.getRhs(), getLhs(), getType());
  if (number == 0.0 && !std::signbit(*number))
    return getLhs();
  return {};
}

OpFoldResult MulOp::fold(FoldAdaptor adaptor) {
  // x * 1 --> x
  if (neutralCandidate(adaptor.getRhs(), getLhs(), getType()) == 1.0)
    return getLhs();
  if (neutralCandidate(adaptor.getLhs(), getRhs(), getType()) == 1.0)
    return getRhs();
  return {};
}

OpFoldResult DivOp::fold(FoldAdaptor adaptor) {
  // x / 1 --> x
  if (neutralCandidate(adaptor.getRhs(), getLhs(), getType()) == 1.0)
    return getLhs();
  return {};
}

// A cast to the same type --> x
OpFoldResult CastOp::fold(FoldAdaptor) { return getInput().getType() == getType() ? getInput() : Value(); }
OpFoldResult BitcastOp::fold(FoldAdaptor) { return getInput().getType() == getType() ? getInput() : Value(); }

namespace {

/// pow(x, c) --> x, x * x, sqrt(x) or 1 / sqrt(x), for c = 1, 2, 0.5 or -0.5. (pow gives infinity for the square root
/// of minus infinity, sqrt NaN.)
struct ExpandPow final : OpRewritePattern<PowOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(PowOp op, PatternRewriter &rewriter) const override {
    Attribute constant;
    if (!matchPattern(op.getRhs(), m_Constant(&constant)))
      return rewriter.notifyMatchFailure(op, "expected a constant exponent");
    auto elements = dyn_cast<DenseElementsAttr>(constant);
    bool isFloat = isa<FloatType>(op.getType().getElementType());
    std::optional<double> exponent = neutralCandidate(constant, op.getLhs(), op.getType());
    if (!exponent && elements && elements.isSplat() && !isFloat && elements.getSplatValue<APInt>() == 2 &&
        op.getLhs().getType() == op.getType() && op.getType().hasStaticShape())
      exponent = 2.0;
    if (exponent == 1.0)
      rewriter.replaceOp(op, op.getLhs());
    else if (exponent == 2.0)
      rewriter.replaceOpWithNewOp<MulOp>(op, op.getType(), op.getLhs(), op.getLhs());
    else if (exponent == 0.5 && isFloat)
      rewriter.replaceOpWithNewOp<SqrtOp>(op, op.getType(), op.getLhs());
    else if (exponent == -0.5 && isFloat)
      rewriter.replaceOpWithNewOp<RsqrtOp>(op, op.getType(), op.getLhs());
    else
      return rewriter.notifyMatchFailure(op, "expected an exponent of 1, 2, 0.5 or -0.5");
    return success();
  }
};

} // namespace

void PowOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<ExpandPow>(context);
}
