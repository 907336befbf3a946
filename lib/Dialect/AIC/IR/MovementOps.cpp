// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- MovementOps.cpp - Shapes and folds of movement ---------------------===//
//
// Shape arithmetic is movement of i64 elements: inferElements moves positions with
// the evaluation library and then looks up the expressions at these positions.
//
//===----------------------------------------------------------------------===//
#include "aic/Dialect/AIC/IR/AICOps.h"
#include "aic/Eval/Indexing.h"
#include "aic/Eval/Movement.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"

#include <numeric>

using namespace mlir;
using namespace mlir::aic;
namespace eval = ::aic::eval;

//===-- Helpers -------------------------------------------------------------===//

/// An extent from here on stands for "to the end" in the models that exporters write.
static constexpr int64_t kEndless = std::numeric_limits<int32_t>::max();

static bool mayBeEqual(AffineExpr a, AffineExpr b) {
  std::optional<int64_t> x = constantDim(a), y = constantDim(b);
  return !x || !y || *x == *y;
}

/// The better known one of two extents that must be equal.
static AffineExpr meet(AffineExpr a, AffineExpr b) { return constantDim(b) ? b : a; }

static LogicalResult checkAxis(Operation *op, int64_t axis, int64_t rank) {
  if (axis >= 0 && axis < rank)
    return success();
  return op->emitOpError("expected axis in [0, ") << rank << "), got " << axis;
}

/// Fails if the length of a vector operand is known and not `length`.
static LogicalResult checkLength(Operation *op, ShapeScope &scope, Value vector, StringRef name, int64_t length) {
  std::optional<int64_t> got = constantDim(scope.dims(vector)[0]);
  scope.requireEqual(scope.dims(vector)[0], scope.constant(length),
                     "expected " + name + " to have " + Twine(length) + " elements, got another number");
  if (!got || *got == length)
    return success();
  return op->emitOpError("expected ") << name << " to have " << length << " elements, got " << *got;
}

/// The elements of an integer tensor if all are numbers.
static std::optional<std::vector<int64_t>> constants(ShapeScope &scope, Value tensor) {
  std::optional<Dims> elements = scope.elements(tensor);
  if (!elements)
    return std::nullopt;
  std::vector<int64_t> result;
  for (AffineExpr element : *elements) {
    std::optional<int64_t> number = constantDim(element);
    if (!number)
      return std::nullopt;
    result.push_back(*number);
  }
  return result;
}

/// A dense tensor of the positions first, first + 1, ... in the (static) shape of a value.
static eval::Tensor positions(Value value, int64_t first) {
  ArrayRef<int64_t> shape = cast<RankedTensorType>(value.getType()).getShape();
  eval::Tensor result(eval::DType::I64, eval::Shape(shape.begin(), shape.end()));
  std::iota(result.as<int64_t>(), result.as<int64_t>() + result.size(), first);
  return result;
}

/// The elements at the positions that `moved` holds.
static std::optional<Dims> lookUp(ArrayRef<AffineExpr> elements, const eval::View &moved) {
  if (moved.size() > ShapeScope::kMaxElements)
    return std::nullopt;
  Dims result;
  for (int64_t position : eval::integers(moved))
    result.push_back(elements[position]);
  return result;
}

/// Whether a reshape, broadcast or the like between equal types cannot change anything: no extent is open, or one that
/// the number of elements decides.
static bool elementsDecide(RankedTensorType type) {
  return type.getNumDynamicDims() == 0 || (type.getNumDynamicDims() == 1 && !llvm::is_contained(type.getShape(), 0));
}

static Value createShape(OpBuilder &builder, Location loc, ArrayRef<int64_t> extents) {
  return arith::ConstantOp::create(builder, loc, builder.getI64TensorAttr(extents));
}

//===-- shape_of ------------------------------------------------------------===//

LogicalResult ShapeOfOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) {
  results.push_back({scope.constant(getInput().getType().getRank())});
  return success();
}

std::optional<Dims> ShapeOfOp::inferElements(ShapeScope &scope) { return Dims(scope.dims(getInput())); }

OpFoldResult ShapeOfOp::fold(FoldAdaptor adaptor) {
  auto type = cast<RankedTensorType>(getInput().getType());
  auto result = cast<RankedTensorType>(getType());
  if (!type.hasStaticShape() || !result.hasStaticShape())
    return {};
  return DenseElementsAttr::get(result, type.getShape());
}

//===-- reshape -------------------------------------------------------------===//

LogicalResult ReshapeOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) {
  std::optional<int64_t> rank = constantDim(scope.dims(getShape())[0]);
  if (!rank)
    return emitOpError("expected shape to have a static length, got ") << getShape().getType();
  Dims input(scope.dims(getInput())), result;
  std::optional<Dims> elements = scope.elements(getShape());
  std::optional<unsigned> open;
  for (int64_t d = 0; d < *rank; ++d) {
    AffineExpr extent = elements ? (*elements)[d] : scope.unknown();
    std::optional<int64_t> number = constantDim(extent);
    if (number == -1) {
      if (open)
        return emitOpError("expected at most one -1 in shape, got them at ") << *open << " and " << d;
      open = d;
    } else if (number && *number < 0) {
      return emitOpError("expected extents of at least 0, or -1, in shape, got ") << *number << " at " << d;
    } else if (number == 0 && getCopyZeros()) {
      if (d >= int64_t(input.size()))
        return emitOpError("expected no 0 in shape past the input's rank ") << input.size() << ", got one at " << d;
      extent = input[d];
    } else if (!number && !scope.isNonNegative(extent)) {
      extent = scope.unknownExtent(); // may be -1 or 0 at run time
    }
    result.push_back(extent);
  }
  AffineExpr total = scope.product(input);
  if (open) {
    Dims others(result);
    others.erase(others.begin() + *open);
    AffineExpr known = scope.product(others);
    if (AffineExpr quotient = exactQuotient(total, known))
      result[*open] = quotient;
    else if (std::optional<int64_t> divisor = constantDim(known); divisor && *divisor > 0 && !constantDim(total))
      result[*open] = simplifyDim(total.floorDiv(*divisor));
    else if (constantDim(known) && constantDim(total) && !(constantDim(known) == 0 && constantDim(total) == 0))
      return emitOpError("expected a shape of ") // reshape_c1
             << *constantDim(total) << " elements, got a multiple of " << *constantDim(known);
    else
      result[*open] = scope.unknownExtent();
  }
  if (AffineExpr got = scope.product(result); !mayBeEqual(got, total)) // reshape_c1
    return emitOpError("expected a shape of ") << *constantDim(total) << " elements, got " << *constantDim(got);
  else
    scope.requireEqual(got, total, "expected a shape with as many elements as the tensor has");
  results.push_back(result);
  return success();
}

std::optional<Dims> ReshapeOp::inferElements(ShapeScope &scope) { return scope.elements(getInput()); }

OpFoldResult ReshapeOp::fold(FoldAdaptor adaptor) {
  if (getInput().getType() == getType() && elementsDecide(cast<RankedTensorType>(getType())))
    return getInput();
  return {};
}

namespace {
/// reshape(reshape(x, a), b) --> reshape(x, b), unless b takes extents over from a.
struct MergeReshapes final : OpRewritePattern<ReshapeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ReshapeOp op, PatternRewriter &rewriter) const override {
    auto inner = op.getInput().getDefiningOp<ReshapeOp>();
    if (!inner)
      return rewriter.notifyMatchFailure(op, "expected a reshape of a reshape");
    DenseIntElementsAttr shape;
    if (op.getCopyZeros() && (!matchPattern(op.getShape(), m_Constant(&shape)) ||
                              llvm::any_of(shape.getValues<APInt>(), [](const APInt &e) { return e.isZero(); })))
      return rewriter.notifyMatchFailure(op, "expected a shape that takes nothing from the input");
    rewriter.modifyOpInPlace(op, [&] { op.getInputMutable().assign(inner.getInput()); });
    return success();
  }
};

/// reshape(x, s) : 2x?x4 --> reshape(x, [2, -1, 4]): the type says it all.
struct ShapeFromType final : OpRewritePattern<ReshapeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ReshapeOp op, PatternRewriter &rewriter) const override {
    auto type = cast<RankedTensorType>(op.getType());
    if (!elementsDecide(type))
      return rewriter.notifyMatchFailure(op, "expected at most one extent that is not in the type");
    SmallVector<int64_t> extents(type.getShape());
    llvm::replace(extents, ShapedType::kDynamic, int64_t(-1));
    DenseIntElementsAttr shape;
    if (matchPattern(op.getShape(), m_Constant(&shape)) && !op.getCopyZeros() &&
        llvm::equal(shape.getValues<int64_t>(), extents))
      return rewriter.notifyMatchFailure(op, "expected a shape that is not normal");
    Value constant = createShape(rewriter, op.getLoc(), extents);
    rewriter.modifyOpInPlace(op, [&] {
      op.getShapeMutable().assign(constant);
      op.setCopyZeros(false);
    });
    return success();
  }
};
} // namespace

void ReshapeOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<MergeReshapes, ShapeFromType>(context);
}

//===-- broadcast -----------------------------------------------------------===//

LogicalResult BroadcastOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) {
  std::optional<int64_t> length = constantDim(scope.dims(getShape())[0]);
  if (!length)
    return emitOpError("expected shape to have a static length, got ") << getShape().getType();
  Dims input(scope.dims(getInput()));
  constexpr const char *unlike = "expected input and shape to broadcast, got unlike extents";
  for (int64_t i = 0; i < *length && scope.collectsRequirements(); ++i)
    scope.requireAtLeast(scope.element(getShape(), i), 0,
                         "expected extents of at least 0 in shape, got a negative one at " + Twine(i));
  if (std::optional<Dims> shape = scope.elements(getShape())) {
    for (AffineExpr extent : *shape)
      if (std::optional<int64_t> number = constantDim(extent); number && *number < 0)
        return emitOpError("expected extents of at least 0 in shape, got ") << *number;
    std::optional<Dims> result = scope.broadcast(input, *shape, unlike);
    if (!result)
      return emitOpError("expected input and shape to broadcast, got ")
             << getInput().getType() << " and "
             << RankedTensorType::get(staticShape(*shape), getType().getElementType());
    results.push_back(*result);
    return success();
  }
  Dims result;
  for (int64_t rank = input.size(), d = std::min(rank - *length, int64_t(0)); d < rank; ++d) {
    std::optional<int64_t> extent = d < 0 ? 1 : constantDim(input[d]);
    bool isCovered = d >= rank - *length;
    if (d >= 0 && isCovered && scope.collectsRequirements())
      scope.requireBroadcast(input[d], scope.element(getShape(), d - (rank - *length)),
                             unlike + Twine(" in dimension ") + Twine(d));
    result.push_back(d >= 0 && (!isCovered || (extent && *extent != 1)) ? input[d] : scope.unknownExtent());
  }
  results.push_back(result);
  return success();
}

std::optional<Dims> BroadcastOp::inferElements(ShapeScope &scope) {
  std::optional<Dims> elements = scope.elements(getInput());
  std::optional<std::vector<int64_t>> shape = constants(scope, getShape());
  if (!elements || !shape)
    return std::nullopt;
  eval::Tensor input = positions(getInput(), 0);
  eval::Shape extents;
  eval::View moved;
  if (!eval::broadcastExtents(input.shape(), *shape, extents).empty() ||
      !eval::broadcastView(input, extents, moved).empty())
    return std::nullopt;
  return lookUp(*elements, moved);
}

OpFoldResult BroadcastOp::fold(FoldAdaptor adaptor) {
  if (getInput().getType() != getType())
    return {};
  if (cast<RankedTensorType>(getType()).hasStaticShape())
    return getInput();
  auto shape = dyn_cast_or_null<DenseIntElementsAttr>(adaptor.getShape());
  if (shape && llvm::all_of(shape.getValues<APInt>(), [](const APInt &extent) { return extent.isOne(); }))
    return getInput();
  return {};
}

//===-- transpose -----------------------------------------------------------===//

LogicalResult TransposeOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) {
  Dims input(scope.dims(getInput())), result;
  ArrayRef<int64_t> permutation = getPermutation();
  SmallVector<bool> seen(input.size());
  for (int64_t d : permutation) {
    if (d < 0 || d >= int64_t(input.size()) || permutation.size() != input.size() || seen[d])
      break;
    seen[d] = true;
    result.push_back(input[d]);
  }
  if (result.size() != input.size() || permutation.size() != input.size())
    return emitOpError("expected a permutation of ") << input.size() << " dimensions, got [" << permutation << "]";
  results.push_back(result);
  return success();
}

OpFoldResult TransposeOp::fold(FoldAdaptor adaptor) {
  auto type = cast<RankedTensorType>(getType());
  bool isIdentity = llvm::equal(getPermutation(), llvm::seq<int64_t>(0, type.getRank()));
  return isIdentity && getInput().getType() == type ? OpFoldResult(getInput()) : OpFoldResult();
}

namespace {
/// transpose(transpose(x, p), q) --> transpose(x, p[q])
struct MergeTransposes final : OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(TransposeOp op, PatternRewriter &rewriter) const override {
    auto inner = op.getInput().getDefiningOp<TransposeOp>();
    if (!inner)
      return rewriter.notifyMatchFailure(op, "expected a transpose of a transpose");
    ArrayRef<int64_t> first = inner.getPermutation();
    SmallVector<int64_t> merged = llvm::map_to_vector(op.getPermutation(), [&](int64_t d) { return first[d]; });
    rewriter.modifyOpInPlace(op, [&] {
      op.getInputMutable().assign(inner.getInput());
      op.setPermutation(merged);
    });
    return success();
  }
};
} // namespace

void TransposeOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<MergeTransposes>(context);
}

//===-- concat --------------------------------------------------------------===//

LogicalResult ConcatOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) {
  if (getInputs().empty()) // concat_c1
    return emitOpError("expected at least one input, got none");
  Dims result(scope.dims(getInputs()[0]));
  int64_t axis = getAxis();
  if (failed(checkAxis(*this, axis, result.size())))
    return failure();
  for (auto [i, input] : llvm::enumerate(getInputs().drop_front())) {
    ArrayRef<AffineExpr> dims = scope.dims(input);
    bool fits = dims.size() == result.size();
    for (int64_t d = 0; fits && d < int64_t(dims.size()); ++d) {
      if (d == axis) {
        result[d] = simplifyDim(result[d] + dims[d]);
        continue;
      }
      fits = mayBeEqual(result[d], dims[d]);
      // An input without elements along the axis adds nothing, whatever its other extents: ONNX Runtime takes it.
      SmallVector<Comparison> agrees{{Comparison::Equal, dims[d], result[d]}};
      if (!constantDim(dims[d]))
        agrees.push_back({Comparison::Equal, dims[axis], scope.constant(0)});
      scope.require(agrees, "expected input " + Twine(i + 1) + " to agree with the others but along dimension " +
                                Twine(axis) + ", got another extent in dimension " + Twine(d));
      result[d] = meet(result[d], dims[d]);
    }
    if (!fits)
      return emitOpError("expected input ") << i + 1 << " to agree with the others but along dimension " << axis
                                            << ", got " << input.getType() << " after " << getInputs()[0].getType();
  }
  results.push_back(result);
  return success();
}

std::optional<Dims> ConcatOp::inferElements(ShapeScope &scope) {
  Dims all;
  bool isKnown = false;
  std::vector<eval::Tensor> parts;
  for (Value input : getInputs()) {
    auto type = cast<RankedTensorType>(input.getType());
    if (!type.hasStaticShape() || all.size() + type.getNumElements() > size_t(ShapeScope::kMaxElements))
      return std::nullopt;
    std::optional<Dims> elements = scope.elements(input);
    parts.push_back(positions(input, all.size()));
    isKnown |= elements.has_value();
    if (elements)
      all.append(*elements);
    else // a number of the run time beside others that are known
      llvm::for_each(llvm::seq(type.getNumElements()), [&](int64_t) { all.push_back(scope.unknown()); });
  }
  eval::Tensor joined;
  std::vector<eval::View> views(parts.begin(), parts.end());
  if (!isKnown || !eval::concat(views, getAxis(), joined).empty())
    return std::nullopt;
  return lookUp(all, joined);
}

OpFoldResult ConcatOp::fold(FoldAdaptor adaptor) {
  if (getInputs().size() == 1 && getInputs()[0].getType() == getType())
    return getInputs()[0];
  return {};
}

//===-- slice ---------------------------------------------------------------===//

/// A start or end of a slice with a positive step as a number in [0, extent], or null if that cannot be told.
static AffineExpr clampPosition(ShapeScope &scope, AffineExpr position, AffineExpr extent) {
  std::optional<int64_t> number = constantDim(position);
  if (number && *number >= kEndless && !constantDim(extent))
    return extent;
  if (number && *number < 0) {
    position = simplifyDim(position + extent);
    if (scope.isNonNegative(position))
      return position;
    return constantDim(position) || *number <= -kEndless ? scope.constant(0) : nullptr;
  }
  if (!scope.isNonNegative(position))
    return nullptr;
  if (scope.isNonNegative(extent - position))
    return position;
  return scope.isNonNegative(position - extent) ? extent : nullptr;
}

/// The number of elements that a slice takes of `extent`, or null.
static AffineExpr sliceExtent(ShapeScope &scope, AffineExpr extent, AffineExpr start, AffineExpr end, int64_t step) {
  std::optional<int64_t> size = constantDim(extent), from = constantDim(start), to = constantDim(end);
  if (size && from && to) {
    int64_t count;
    eval::sliceRange(*size, *from, *to, step, count);
    return scope.constant(count);
  }
  if (step < 0) { // only the whole dimension, reversed
    bool isWhole = from && (*from == -1 || *from >= kEndless) && to && *to <= -kEndless;
    return isWhole ? simplifyDim(extent.ceilDiv(-std::max(step, -std::numeric_limits<int64_t>::max()))) : AffineExpr();
  }
  AffineExpr first = clampPosition(scope, start, extent), last = clampPosition(scope, end, extent);
  if (!first || !last)
    return nullptr;
  if (scope.isNonNegative(last - first))
    return simplifyDim((last - first).ceilDiv(step));
  return scope.isNonNegative(first - last) ? scope.constant(0) : AffineExpr();
}

LogicalResult SliceOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) {
  Dims result(scope.dims(getInput()));
  ArrayRef<int64_t> axes = getAxes();
  int64_t count = axes.size();
  if (failed(checkLength(*this, scope, getStarts(), "starts", count)) ||
      failed(checkLength(*this, scope, getEnds(), "ends", count)) ||
      failed(checkLength(*this, scope, getSteps(), "steps", count)))
    return failure();
  std::optional<Dims> starts = scope.elements(getStarts()), ends = scope.elements(getEnds()),
                      steps = scope.elements(getSteps());
  SmallVector<bool> seen(result.size());
  for (int64_t i = 0; i < count; ++i) {
    int64_t axis = axes[i];
    if (failed(checkAxis(*this, axis, result.size())))
      return failure();
    if (std::exchange(seen[axis], true))
      return emitOpError("expected distinct axes, got ") << axis << " twice";
    std::optional<int64_t> step = steps ? constantDim((*steps)[i]) : std::nullopt;
    if (step == 0) // slice_c1
      return emitOpError("expected steps other than 0, got 0 for dimension ") << axis;
    AffineExpr extent;
    if (step && starts && ends)
      extent = sliceExtent(scope, result[axis], (*starts)[i], (*ends)[i], *step);
    else if (constantDim(result[axis]) == 0)
      extent = result[axis];
    result[axis] = extent ? extent : scope.unknownExtent();
  }
  results.push_back(result);
  return success();
}

std::optional<Dims> SliceOp::inferElements(ShapeScope &scope) {
  std::optional<Dims> elements = scope.elements(getInput());
  auto starts = constants(scope, getStarts()), ends = constants(scope, getEnds()), steps = constants(scope, getSteps());
  if (!elements || !starts || !ends || !steps)
    return std::nullopt;
  eval::Tensor input = positions(getInput(), 0);
  eval::View moved;
  if (!eval::sliceView(input, *starts, *ends, *steps, getAxes().vec(), moved).empty())
    return std::nullopt;
  return lookUp(*elements, moved);
}

OpFoldResult SliceOp::fold(FoldAdaptor adaptor) {
  if (getInput().getType() != getType())
    return {};
  auto all = [](Attribute attr, auto test) {
    auto elements = dyn_cast_or_null<DenseIntElementsAttr>(attr);
    return elements && llvm::all_of(elements.getValues<int64_t>(), test);
  };
  // A positive step that keeps the extent keeps the elements.
  if (cast<RankedTensorType>(getType()).hasStaticShape() && all(adaptor.getSteps(), [](int64_t s) { return s > 0; }))
    return getInput();
  if (all(adaptor.getSteps(), [](int64_t s) { return s == 1; }) &&
      all(adaptor.getStarts(), [](int64_t s) { return s == 0; }) &&
      all(adaptor.getEnds(), [](int64_t e) { return e >= kEndless; }))
    return getInput();
  return {};
}

//===-- pad, tile, range ----------------------------------------------------===//

LogicalResult PadOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) {
  Dims result(scope.dims(getInput()));
  int64_t rank = result.size();
  if (failed(checkLength(*this, scope, getPads(), "pads", 2 * rank)))
    return failure();
  auto value = cast<RankedTensorType>(getValue().getType());
  if (value.hasStaticShape() && value.getNumElements() != 1)
    return emitOpError("expected value to have one element, got ") << value;
  scope.requireEqual(scope.product(scope.dims(getValue())), scope.constant(1),
                     "expected value to have one element, got another number");
  std::optional<Dims> pads = scope.elements(getPads());
  for (int64_t d = 0; d < rank; ++d) {
    AffineExpr extent = pads ? simplifyDim(result[d] + (*pads)[d] + (*pads)[rank + d]) : scope.unknownExtent();
    if (std::optional<int64_t> number = constantDim(extent); number && *number < 0)
      return emitOpError("expected pads that leave dimension ") << d << " an extent of at least 0, got " << *number;
    if (scope.collectsRequirements()) {
      AffineExpr low = scope.element(getPads(), d), high = scope.element(getPads(), rank + d);
      std::string text =
          ("expected pads that leave dimension " + Twine(d) + " an extent of at least 0, got less").str();
      scope.requireAtLeast(result[d] + low + high, 0, text);
      // What repeats elements removes only ones that are there.
      if (getMode() != PadMode::constant) {
        scope.requireAtLeast(result[d] + low, 0, text);
        scope.requireAtLeast(result[d] + high, 0, text);
      }
    }
    if (getMode() != PadMode::constant)
      scope.requireSome(result[d], extent, "expected elements to repeat in a dimension that is padded, got extent 0");
    result[d] = extent;
  }
  results.push_back(result);
  return success();
}

LogicalResult TileOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) {
  Dims result(scope.dims(getInput()));
  if (failed(checkLength(*this, scope, getRepeats(), "repeats", result.size())))
    return failure();
  std::optional<Dims> repeats = scope.elements(getRepeats());
  for (auto [d, extent] : llvm::enumerate(result)) {
    if (scope.collectsRequirements())
      scope.requireAtLeast(scope.element(getRepeats(), d), 0,
                           "expected repeats of at least 0, got a negative number for dimension " + Twine(d));
    if (!repeats) {
      extent = constantDim(extent) == 0 ? extent : scope.unknownExtent();
      continue;
    }
    if (std::optional<int64_t> number = constantDim((*repeats)[d]); number && *number < 0)
      return emitOpError("expected repeats of at least 0, got ") << *number << " for dimension " << d;
    extent = simplifyDim(extent * (*repeats)[d]);
  }
  results.push_back(result);
  return success();
}

/// A number that is a constant of rank 0.
static std::optional<double> floatConstant(Value value) {
  DenseFPElementsAttr attr;
  if (!matchPattern(value, m_Constant(&attr)) || attr.getNumElements() != 1)
    return std::nullopt;
  APFloat number = *attr.getValues<APFloat>().begin();
  bool losesInfo;
  number.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &losesInfo);
  return number.convertToDouble();
}

LogicalResult RangeOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) {
  AffineExpr length;
  Value operands[] = {getStart(), getLimit(), getDelta()};
  for (auto [value, name] : llvm::zip_equal(operands, ArrayRef<StringRef>{"start", "limit", "delta"}))
    if (cast<RankedTensorType>(value.getType()).getRank() != 0)
      return emitOpError("expected ") << name << " to have rank 0, got " << value.getType();
  std::optional<Dims> start = scope.elements(getStart()), limit = scope.elements(getLimit()),
                      delta = scope.elements(getDelta());
  std::optional<int64_t> step = delta ? constantDim((*delta)[0]) : std::nullopt;
  if (start && limit && step) {
    if (*step == 0 || *step == std::numeric_limits<int64_t>::min())
      return emitOpError("expected a delta other than 0")
             << (*step == 0 ? "" : " and above -2^63") << ", got " << *step;
    AffineExpr span = *step > 0 ? (*limit)[0] - (*start)[0] : (*start)[0] - (*limit)[0];
    if (scope.isNonNegative(span))
      length = simplifyDim(span.ceilDiv(std::abs(*step)));
    else if (scope.isNonNegative(span * -1))
      length = scope.constant(0);
  }
  std::optional<double> first = floatConstant(getStart()), last = floatConstant(getLimit()),
                        stride = floatConstant(getDelta());
  if (first && last && stride) {
    double count = std::max(0.0, std::ceil((*last - *first) / *stride));
    if (!(count < 0x1p40))
      return emitOpError("expected a range of less than 2^40 elements, got start ")
             << *first << ", limit " << *last << " and delta " << *stride;
    length = scope.constant(int64_t(count));
  }
  if (!length) {
    length = scope.unknownExtent();
    scope.requireAtMost(length, scope.constant(int64_t(1) << 40),
                        "expected a range of less than 2^40 elements, got more");
  }
  if (scope.collectsRequirements() && isa<IntegerType>(getType().getElementType())) {
    AffineExpr number = scope.element(getDelta(), 0), one = scope.constant(1);
    scope.require({{Comparison::AtMost, one, number}, {Comparison::AtMost, number, scope.constant(-1)}},
                  "expected a delta other than 0, got 0");
  }
  results.push_back({length});
  return success();
}

std::optional<Dims> RangeOp::inferElements(ShapeScope &scope) {
  auto start = scope.elements(getStart()), delta = scope.elements(getDelta());
  auto type = cast<RankedTensorType>(getType());
  if (!start || !delta || !type.hasStaticShape() || type.getNumElements() > ShapeScope::kMaxElements)
    return std::nullopt;
  Dims result;
  for (int64_t i = 0; i < type.getNumElements(); ++i)
    result.push_back((*start)[0] + (*delta)[0] * i);
  return result;
}

//===-- Indexed -------------------------------------------------------------===//

/// What reads `input` at `indices` finds them inside `extent`, unless it has no `results`: those that are numbers, or
/// at least one that the others can be clamped to.
static void requireInside(ShapeScope &scope, AffineExpr extent, Value indices, AffineExpr results) {
  std::optional<std::vector<int64_t>> known = constants(scope, indices);
  if (!known || known->empty())
    return scope.requireSome(extent, results, "expected elements that the indices choose from, got none");
  auto [low, high] = std::minmax_element(known->begin(), known->end());
  constexpr int64_t kLimit = int64_t(1) << 62;
  if (*high >= 0 && *high < kLimit)
    scope.requireAtLeast(extent, *high + 1, "expected indices of elements that the input has, got " + Twine(*high));
  if (*low < 0 && *low > -kLimit)
    scope.requireAtLeast(extent, -*low, "expected indices of elements that the input has, got " + Twine(*low));
}

LogicalResult GatherOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) {
  Dims input(scope.dims(getInput())), result;
  int64_t axis = getAxis();
  if (failed(checkAxis(*this, axis, input.size())))
    return failure();
  result.append(input.begin(), input.begin() + axis);
  llvm::append_range(result, scope.dims(getIndices()));
  result.append(input.begin() + axis + 1, input.end());
  requireInside(scope, input[axis], getIndices(), scope.product(result));
  results.push_back(result);
  return success();
}

std::optional<Dims> GatherOp::inferElements(ShapeScope &scope) {
  std::optional<Dims> elements = scope.elements(getInput());
  std::optional<std::vector<int64_t>> indices = constants(scope, getIndices());
  if (!elements || !indices)
    return std::nullopt;
  eval::Tensor input = positions(getInput(), 0), which = positions(getIndices(), 0), moved;
  llvm::copy(*indices, which.as<int64_t>());
  if (!eval::gather(input, which, getAxis(), moved).empty())
    return std::nullopt;
  return lookUp(*elements, moved);
}

/// What gather_elements and scatter_elements have in common: indices fit the input but along the axis.
static LogicalResult checkElementIndices(Operation *op, ShapeScope &scope, Value input, Value indices, int64_t axis) {
  ArrayRef<AffineExpr> from = scope.dims(input), at = scope.dims(indices);
  if (failed(checkAxis(op, axis, from.size())))
    return failure();
  bool fits = from.size() == at.size();
  for (int64_t d = 0; fits && d < int64_t(at.size()); ++d) {
    std::optional<int64_t> most = constantDim(from[d]), got = constantDim(at[d]);
    fits = d == axis || !most || !got || *got <= *most;
    if (d != axis)
      scope.requireAtMost(at[d], from[d],
                          "expected indices no larger than input but along dimension " + Twine(axis) +
                              ", got a larger extent in dimension " + Twine(d));
  }
  if (fits)
    return success();
  return op->emitOpError("expected indices no larger than input but along dimension ")
         << axis << ", got " << indices.getType() << " for " << input.getType();
}

LogicalResult GatherElementsOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) {
  if (failed(checkElementIndices(*this, scope, getInput(), getIndices(), getAxis())))
    return failure();
  ArrayRef<AffineExpr> dims = scope.dims(getIndices());
  requireInside(scope, scope.dims(getInput())[getAxis()], getIndices(), scope.product(dims));
  results.push_back(Dims(dims));
  return success();
}

LogicalResult ScatterElementsOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) {
  if (failed(checkElementIndices(*this, scope, getInput(), getIndices(), getAxis())))
    return failure();
  if (failed(verifyCompatibleShape(getIndices().getType(), getUpdates().getType())))
    return emitOpError("expected updates of the indices' shape, got ")
           << getUpdates().getType() << " for " << getIndices().getType();
  for (auto [d, wanted, got] : llvm::enumerate(scope.dims(getIndices()), scope.dims(getUpdates())))
    scope.requireEqual(wanted, got,
                       "expected updates of the indices' shape, got another extent in dimension " + Twine(d));
  results.push_back(Dims(scope.dims(getInput())));
  return success();
}

/// The dims that slices at the index tuples have: those of the tuples, then what is left of the input.
static FailureOr<Dims> tupleDims(Operation *op, ShapeScope &scope, Value input, Value indices, int64_t batchDims) {
  Dims from(scope.dims(input)), at(scope.dims(indices));
  int64_t rank = from.size(), indexRank = at.size();
  if (batchDims < 0 || batchDims >= indexRank || batchDims > rank)
    return op->emitOpError("expected batch_dims in [0, ") << std::min(indexRank, rank + 1) << "), got " << batchDims;
  std::optional<int64_t> length = constantDim(at.back());
  if (!length)
    return op->emitOpError("expected the last dimension of indices to be static, got ") << indices.getType();
  if (batchDims + *length > rank)
    return op->emitOpError("expected index tuples of at most ") << rank - batchDims << " positions, got " << *length;
  for (int64_t d = 0; d < batchDims; ++d)
    if (!mayBeEqual(from[d], at[d]))
      return op->emitOpError("expected input and indices to agree in the first ")
             << batchDims << " dimensions, got " << input.getType() << " and " << indices.getType();
  Dims result(at.begin(), at.end() - 1);
  result.append(from.begin() + batchDims + *length, from.end());
  for (int64_t d = 0; d < batchDims; ++d) // (nothing is read for no results)
    scope.require({{Comparison::Equal, from[d], at[d]}, {Comparison::Equal, scope.product(result), scope.constant(0)}},
                  "expected input and indices to agree in the first " + Twine(batchDims) +
                      " dimensions, got unlike extents in dimension " + Twine(d));
  return result;
}

LogicalResult GatherNDOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) {
  FailureOr<Dims> result = tupleDims(*this, scope, getInput(), getIndices(), getBatchDims());
  if (failed(result))
    return failure();
  ArrayRef<AffineExpr> input = scope.dims(getInput());
  for (AffineExpr extent : input.slice(getBatchDims(), *constantDim(scope.dims(getIndices()).back())))
    scope.requireSome(extent, scope.product(*result), "expected elements that the indices choose from, got none");
  results.push_back(*result);
  return success();
}

LogicalResult ScatterNDOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) {
  FailureOr<Dims> wanted = tupleDims(*this, scope, getInput(), getIndices(), 0);
  if (failed(wanted))
    return failure();
  if (failed(verifyCompatibleShape(staticShape(*wanted), cast<RankedTensorType>(getUpdates().getType()).getShape())))
    return emitOpError("expected updates to be ")
           << RankedTensorType::get(staticShape(*wanted), getType().getElementType()) << ", got "
           << getUpdates().getType();
  for (auto [d, extent, got] : llvm::enumerate(*wanted, scope.dims(getUpdates())))
    scope.requireEqual(extent, got,
                       "expected updates with the extents of the slices, got another one in dimension " + Twine(d));
  results.push_back(Dims(scope.dims(getInput())));
  return success();
}

LogicalResult NonZeroOp::inferShapes(ShapeScope &scope, SmallVectorImpl<Dims> &results) {
  results.push_back({scope.constant(cast<RankedTensorType>(getInput().getType()).getRank()), scope.unknownExtent()});
  return success();
}
