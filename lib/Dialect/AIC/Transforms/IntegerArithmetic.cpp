// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- IntegerArithmetic.cpp - 8-bit layers, exactly ----------------------===//
//
// quantize(f(dequantize(x), ...)) rounds in every step as it is written, so sums
// in different orders give different bits. Here the scales leave the sums:
//
//   product   q(conv((x-zx)sx, (w-zw)sw) + b sx sw)  -->  q1(conv(x-zx, w-zw) + b) * M      M = sx sw / sy
//   mean      q(mean((x-zx)sx))                      -->  q1(mean(x-zx) * M)                M = sx / sy
//   sum       q((x-zx)sx + (u-zu)su)                 -->  q1((x-zx)(sx/sy) + (u-zu)(su/sy))
//   product   q((x-zx)sx * (u-zu)su)                 -->  q1((x-zx)(u-zu) * M)              M = sx su / sy
//   function  q(f((x-zx)sx))                         -->  table[x]
//   move      q(move((x-zx)sx))                      -->  move(x), as a table where q has another scale
//
// with q1 the quantisation by scale 1: round, add the zero point, saturate. M is
// rounded to f32 once. Sums of integers have one value whatever the order, and
// what is left is one f32 operation after the other, so every target that rounds
// as IEEE says gives the same bits. This is the meaning that int8 hardware has.
//
// Sums are in f32 where no partial sum can leave the 2^24 integers that it holds,
// whatever the input (weights are constants, so that is known), else in i32.
//
//===----------------------------------------------------------------------===//
#include "aic/Dialect/AIC/IR/AICOps.h"
#include "aic/Dialect/AIC/IR/EvalBridge.h"
#include "aic/Dialect/AIC/Transforms/Passes.h"
#include "aic/Dialect/AIC/Transforms/Quantize.h"
#include "aic/Eval/Elementwise.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/SetVector.h"

#include <cmath>

namespace mlir::aic {
#define GEN_PASS_DEF_INTEGERARITHMETICPASS
#include "aic/Dialect/AIC/Transforms/Passes.h.inc"

namespace eval = ::aic::eval;

namespace {

RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }
bool isReal(Value value) { return typeOf(value).getElementType().isF32(); }

/// The numbers of a constant as doubles.
std::optional<std::vector<double>> numbersOf(Value value) {
  ElementsAttr attr = constantOf(value);
  FailureOr<eval::Tensor> tensor = attr ? toTensor(attr) : FailureOr<eval::Tensor>(failure());
  if (failed(tensor))
    return std::nullopt;
  eval::Tensor wide = eval::cast(*tensor, eval::DType::F64);
  return std::vector<double>(wide.as<double>(), wide.as<double>() + wide.size());
}

/// A value that stands for (levels - zero) * scale.
struct Levels {
  Value levels, zeroPoint;
  SmallVector<double> scale, zero; ///< one number, or one per index of `axis`
  int64_t axis = 0;
  double low = 0, high = 0; ///< of levels - zero

  bool isPerTensor() const { return scale.size() == 1; }

  static std::optional<Levels> of(Value value) {
    auto op = value.getDefiningOp<DequantizeOp>();
    if (!op || !isReal(value) || op.getBlockSize() || !isReal(op.getScale()))
      return std::nullopt;
    std::optional<std::vector<double>> scale = numbersOf(op.getScale()), zero = numbersOf(op.getZeroPoint());
    auto element = dyn_cast<IntegerType>(typeOf(op.getInput()).getElementType());
    if (!scale || !zero || !element || element.getWidth() > 32)
      return std::nullopt;
    Levels result;
    result.levels = op.getInput();
    result.zeroPoint = op.getZeroPoint();
    result.scale.assign(scale->begin(), scale->end());
    result.zero.assign(zero->begin(), zero->end());
    result.axis = op.getAxis();
    double low = element.isUnsigned() ? 0 : -std::ldexp(1.0, element.getWidth() - 1);
    double high = std::ldexp(1.0, element.isUnsigned() ? element.getWidth() : element.getWidth() - 1) - 1;
    result.low = low - *std::max_element(zero->begin(), zero->end());
    result.high = high - *std::min_element(zero->begin(), zero->end());
    return result;
  }
  bool isByte() const { return typeOf(levels).getElementTypeBitWidth() == 8; }
};

/// A quantisation of a whole tensor to 8 bits.
struct Result {
  QuantizeOp op;
  double scale;

  static std::optional<Result> of(QuantizeOp op) {
    std::optional<std::vector<double>> scale = numbersOf(op.getScale());
    if (!isReal(op.getInput()) || op.getBlockSize() || !scale || scale->size() != 1 || !isReal(op.getScale()) ||
        !constantOf(op.getZeroPoint()) || typeOf(op.getZeroPoint()).getNumElements() != 1 ||
        typeOf(op.getResult()).getElementTypeBitWidth() != 8 || !(scale->front() > 0))
      return std::nullopt;
    return Result{op, scale->front()};
  }
};

class Converter {
public:
  explicit Converter(MLIRContext *context) : b(context), scope(context) {}

  bool convert(QuantizeOp op);
  /// A product that is used as it is, in f32.
  bool convertProduct(Operation *op);

private:
  /// The exact sums of a product as f32, or null. `scale` gets the product of the operands' scales, one for the whole
  /// result or one per feature; `features` the dim of the result (from its last) that they are along.
  Value sums(Operation *op, Value bias, std::vector<double> &scale, int64_t &features);
  bool convertSum(Result result, Operation *op, Value bias, ArrayRef<Operation *> clamps);
  bool convertMean(Result result, Operation *op, ArrayRef<Operation *> clamps);
  bool convertPair(Result result, Operation *op, ArrayRef<Operation *> clamps);
  bool convertFunction(Result result);
  bool convertMove(Result result);
  /// move(dequantize(x)) as an operand becomes dequantize(move(x)): products, means and pairs read levels.
  void bringLevels(OpOperand &operand);

  Value number(double value) {
    auto type = RankedTensorType::get({}, b.getF32Type());
    return arith::ConstantOp::create(b, loc, DenseElementsAttr::get(type, b.getF32FloatAttr(float(value))));
  }
  Value constant(const eval::Tensor &tensor) {
    ElementsAttr attr = toAttr(b.getContext(), tensor, "integers");
    return arith::ConstantOp::create(b, loc, attr.getShapedType(), attr);
  }
  /// levels - zero as f32 or i32, times `scale` in f32.
  Value centred(const Levels &x, Type element, double scale = 1);
  /// x times one number, or one number for each index of a dim that counts from the last.
  Value times(Value x, ArrayRef<double> factors, int64_t fromLast);
  void finish(Result result, Value scaled, ArrayRef<Operation *> clamps);

  OpBuilder b;
  ShapeScope scope;
  Location loc = UnknownLoc::get(b.getContext());
};

Value Converter::centred(const Levels &x, Type element, double scale) {
  if (ElementsAttr attr = constantOf(x.levels)) {
    eval::Tensor tensor = eval::cast(*toTensor(attr), eval::DType::I32);
    eval::Tensor zero(eval::DType::I32, x.isPerTensor() ? eval::Shape{} : eval::Shape{int64_t(x.zero.size())});
    for (size_t i = 0; i < x.zero.size(); ++i)
      zero.as<int32_t>()[i] = int32_t(x.zero[i]);
    eval::Tensor one(eval::DType::F32, {}), real;
    *one.as<float>() = float(scale);
    // Sums of f32 are for numbers below 2^24, so nothing is rounded.
    if (element.isF32() && eval::dequantize(tensor, one, zero, x.axis, 0, eval::DType::F32, real).empty())
      return constant(real);
    eval::Tensor wide(eval::DType::I32, tensor.shape());
    eval::Tensor unit(eval::DType::F64, {}), exact;
    *unit.as<double>() = 1;
    (void)eval::dequantize(tensor, unit, zero, x.axis, 0, eval::DType::F64, exact);
    return constant(eval::cast(exact, eval::DType::I32));
  }
  auto type = typeOf(x.levels);
  if (element.isF32())
    return DequantizeOp::create(b, loc, type.clone(element), x.levels, number(scale), x.zeroPoint, 0, 0);
  Value wide = CastOp::create(b, loc, type.clone(element), x.levels);
  if (x.zero.front() == 0)
    return wide;
  auto scalar = RankedTensorType::get({}, element);
  Value zero = arith::ConstantOp::create(
      b, loc, DenseElementsAttr::get(scalar, b.getIntegerAttr(element, int64_t(x.zero.front()))));
  return SubOp::create(b, loc, type.clone(element), wide, zero);
}

Value Converter::times(Value x, ArrayRef<double> factors, int64_t fromLast) {
  if (llvm::all_equal(factors))
    return MulOp::create(b, loc, x.getType(), x, number(factors.front()));
  eval::Shape shape(fromLast + 1, 1);
  shape[0] = factors.size();
  eval::Tensor tensor(eval::DType::F32, shape);
  for (size_t i = 0; i < factors.size(); ++i)
    tensor.as<float>()[i] = float(factors[i]);
  return MulOp::create(b, loc, x.getType(), x, constant(tensor));
}

/// Clamps in units of the result's scale, then rounds and saturates.
void Converter::finish(Result result, Value scaled, ArrayRef<Operation *> clamps) {
  for (Operation *clamp : llvm::reverse(clamps)) {
    IRMapping mapping;
    for (Value operand : clamp->getOperands()) {
      if (isSplatConstant(operand)) {
        eval::Tensor limit(eval::DType::F32, {});
        *limit.as<float>() = float(numbersOf(operand)->front() / result.scale);
        mapping.map(operand, constant(limit));
      } else {
        mapping.map(operand, scaled);
      }
    }
    scaled = b.clone(*clamp, mapping)->getResult(0);
  }
  QuantizeOp op = result.op;
  Value levels =
      QuantizeOp::create(b, op.getLoc(), op.getResult().getType(), scaled, number(1), op.getZeroPoint(), 0, 0);
  op.replaceAllUsesWith(levels);
}

void Converter::bringLevels(OpOperand &operand) {
  SmallVector<Operation *> moves;
  Value value = operand.get();
  while (isa_and_present<ReshapeOp, TransposeOp, SliceOp, BroadcastOp, TileOp>(value.getDefiningOp())) {
    moves.push_back(value.getDefiningOp());
    value = moves.back()->getOperand(0);
  }
  auto root = value.getDefiningOp<DequantizeOp>();
  std::optional<Levels> x = root && !moves.empty() ? Levels::of(value) : std::nullopt;
  if (!x || !x->isByte() || (!x->isPerTensor() && !llvm::all_of(moves, [](Operation *op) { return isa<TransposeOp>(op); })))
    return;
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(operand.getOwner());
  Value moved = x->levels;
  int64_t axis = root.getAxis();
  for (Operation *op : llvm::reverse(moves)) {
    if (auto transpose = dyn_cast<TransposeOp>(op); transpose && !x->isPerTensor())
      axis = llvm::find(transpose.getPermutation(), axis) - transpose.getPermutation().begin();
    IRMapping mapping;
    mapping.map(op->getOperand(0), moved);
    Operation *clone = b.clone(*op, mapping);
    clone->getResult(0).setType(typeOf(op->getResult(0)).clone(typeOf(x->levels).getElementType()));
    moved = clone->getResult(0);
    // Weights stay constants.
    SmallVector<eval::View> views;
    std::vector<eval::Tensor> storage(clone->getNumOperands()), results;
    for (auto [i, input] : llvm::enumerate(clone->getOperands())) {
      ElementsAttr attr = constantOf(input);
      FailureOr<eval::View> view = attr ? toView(attr, storage[i]) : FailureOr<eval::View>(failure());
      if (failed(view))
        break;
      views.push_back(*view);
    }
    if (views.size() == clone->getNumOperands() && cast<GraphOpInterface>(clone).evaluate(views, results).empty() && results.size() == 1) {
      ElementsAttr attr = toAttr(b.getContext(), results.front(), "integers");
      moved = arith::ConstantOp::create(b, loc, moved.getType(), attr);
      clone->erase();
    }
  }
  Value real = DequantizeOp::create(b, root.getLoc(), typeOf(operand.get()), moved, root.getScale(), root.getZeroPoint(), axis, 0);
  operand.set(real);
}

//===-- Products ------------------------------------------------------------===//

/// The dim of a product's operand that the features of the result come from, and that of the result from its last.
std::pair<int64_t, int64_t> featureDims(Operation *op, unsigned operand) {
  int64_t rank = typeOf(op->getOperand(operand)).getRank(), resultRank = typeOf(op->getResult(0)).getRank();
  if (auto conv = dyn_cast<ConvOp>(op))
    return conv.getChannelsLast() ? std::pair(rank - 1, int64_t(0)) : std::pair(int64_t(0), resultRank - 2);
  if (auto conv = dyn_cast<ConvTransposeOp>(op))
    return conv.getChannelsLast() ? std::pair(rank - 2, int64_t(0)) : std::pair(int64_t(1), resultRank - 2);
  return operand == 1 ? std::pair(rank - 1, int64_t(0)) : std::pair(rank - 2, int64_t(1));
}

/// The largest magnitude that a partial sum of constant weights times x can have, in any order of summation.
std::optional<double> boundOf(const Levels &weights, int64_t featureDim, double low, double high) {
  std::optional<std::vector<double>> w = numbersOf(weights.levels);
  if (!w)
    return std::nullopt;
  ArrayRef<int64_t> shape = typeOf(weights.levels).getShape();
  int64_t inner = 1, count = shape[featureDim];
  for (int64_t d = featureDim + 1; d < int64_t(shape.size()); ++d)
    inner *= shape[d];
  std::vector<double> up(count, 0), down(count, 0);
  for (size_t i = 0; i < w->size(); ++i) {
    int64_t f = int64_t(i) / inner % count;
    double value = (*w)[i] - weights.zero[weights.isPerTensor() ? 0 : f];
    up[f] += std::max({value * high, value * low, 0.0});
    down[f] += std::max({-value * high, -value * low, 0.0});
  }
  double bound = 0;
  for (int64_t f = 0; f < count; ++f)
    bound = std::max({bound, up[f], down[f]});
  return bound;
}

Value Converter::sums(Operation *op, Value bias, std::vector<double> &scale, int64_t &features) {
  bringLevels(op->getOpOperand(0));
  bringLevels(op->getOpOperand(1));
  std::optional<Levels> lhs = Levels::of(op->getOperand(0)), rhs = Levels::of(op->getOperand(1));
  if (!lhs || !rhs || !lhs->isByte() || !rhs->isByte())
    return nullptr;
  unsigned side = constantOf(rhs->levels) || !constantOf(lhs->levels) ? 1 : 0; // the operand with features
  Levels &weights = side ? *rhs : *lhs, &input = side ? *lhs : *rhs;
  auto [dim, fromLast] = featureDims(op, side);
  features = fromLast;
  bool isConstant = bool(constantOf(weights.levels));
  if (!input.isPerTensor() || (!weights.isPerTensor() && (!isConstant || weights.axis != dim)))
    return nullptr;
  if (isa<ConvTransposeOp>(op) && !weights.isPerTensor() && cast<ConvTransposeOp>(op).getGroups() != 1)
    return nullptr;
  for (double s : weights.scale)
    scale.push_back(double(float(input.scale.front())) * s);

  std::optional<Levels> offset;
  double largestBias = 0;
  if (bias) {
    offset = Levels::of(bias);
    std::optional<std::vector<double>> levels = offset ? numbersOf(offset->levels) : std::nullopt;
    if (!levels)
      return nullptr;
    // In units of the sum, but for the rounding of the scale itself.
    for (size_t i = 0; i < offset->scale.size(); ++i) {
      double unit = scale[scale.size() == 1 ? 0 : std::min(i, scale.size() - 1)];
      if (std::abs(offset->scale[i] - unit) > 1e-6 * std::abs(unit))
        return nullptr;
    }
    if (llvm::any_of(offset->zero, [](double z) { return z != 0; }))
      return nullptr;
    for (double level : *levels)
      largestBias = std::max(largestBias, std::abs(level));
  }

  double bound;
  if (isConstant) {
    std::optional<double> known = boundOf(weights, dim, input.low, input.high);
    if (!known)
      return nullptr;
    bound = *known;
  } else {
    auto matmul = dyn_cast<MatmulOp>(op);
    if (!matmul)
      return nullptr;
    int64_t depth = typeOf(matmul.getLhs()).getShape().back();
    double largest = std::max(-input.low, input.high) * std::max(-weights.low, weights.high);
    bound = ShapedType::isDynamic(depth) ? std::ldexp(1.0, 40) : largest * double(depth);
  }
  bool fitsReal = bound + largestBias <= std::ldexp(1.0, 24);
  if (!fitsReal && isa<ConvTransposeOp>(op))
    return nullptr; // of floats only
  Type element = fitsReal ? Type(b.getF32Type()) : Type(b.getI32Type());
  auto type = typeOf(op->getResult(0));
  IRMapping mapping;
  mapping.map(op->getOperand(side), centred(weights, element));
  if (op->getOperand(side) != op->getOperand(1 - side))
    mapping.map(op->getOperand(1 - side), centred(input, element));
  bool inside = bias && op->getNumOperands() > 2;
  if (inside)
    mapping.map(bias, centred(*offset, element));
  Operation *product = b.clone(*op, mapping);
  product->getResult(0).setType(type.clone(element));
  Value sum = product->getResult(0);
  if (bias && !inside)
    sum = AddOp::create(b, loc, sum.getType(), sum, centred(*offset, element));
  return fitsReal ? sum : CastOp::create(b, loc, type, sum).getResult();
}

bool Converter::convertSum(Result result, Operation *op, Value bias, ArrayRef<Operation *> clamps) {
  std::vector<double> scale;
  int64_t features = 0;
  Value sum = sums(op, bias, scale, features);
  if (!sum)
    return false;
  for (double &s : scale)
    s /= result.scale;
  finish(result, times(sum, scale, features), clamps);
  return true;
}

bool Converter::convertProduct(Operation *op) {
  b.setInsertionPoint(op);
  loc = op->getLoc();
  std::vector<double> scale;
  int64_t features = 0;
  Value sum = sums(op, op->getNumOperands() > 2 ? op->getOperand(2) : Value(), scale, features);
  if (!sum)
    return false;
  op->getResult(0).replaceAllUsesWith(times(sum, scale, features));
  return true;
}

//===-- Others --------------------------------------------------------------===//

bool Converter::convertMean(Result result, Operation *op, ArrayRef<Operation *> clamps) {
  bringLevels(op->getOpOperand(0));
  std::optional<Levels> x = Levels::of(op->getOperand(0));
  if (!x || !x->isPerTensor() || !x->isByte())
    return false;
  IRMapping mapping;
  mapping.map(op->getOperand(0), centred(*x, b.getF32Type()));
  Value mean = b.clone(*op, mapping)->getResult(0);
  finish(result, times(mean, x->scale.front() / result.scale, 0), clamps);
  return true;
}

bool Converter::convertPair(Result result, Operation *op, ArrayRef<Operation *> clamps) {
  bringLevels(op->getOpOperand(0));
  bringLevels(op->getOpOperand(1));
  std::optional<Levels> x = Levels::of(op->getOperand(0)), y = Levels::of(op->getOperand(1));
  if (!x || !y || !x->isPerTensor() || !y->isPerTensor() || !x->isByte() || !y->isByte())
    return false;
  bool isProduct = isa<MulOp>(op);
  Type element = b.getF32Type();
  Value lhs = centred(*x, element, isProduct ? 1 : x->scale.front() / result.scale);
  Value rhs = centred(*y, element, isProduct ? 1 : y->scale.front() / result.scale);
  Operation *pair = b.clone(*op);
  pair->setOperands({lhs, rhs});
  Value value = pair->getResult(0);
  if (isProduct)
    value = times(value, x->scale.front() * y->scale.front() / result.scale, 0);
  finish(result, value, clamps);
  return true;
}

bool isPointwise(Operation *op) {
  return isa<AbsOp, NegOp, SignOp, ReluOp, ExpOp, LogOp, SqrtOp, RsqrtOp, ErfOp, SigmoidOp, TanhOp, SinOp, CosOp, TanOp,
             AsinOp, AcosOp, AtanOp, SinhOp, CoshOp, AsinhOp, AcoshOp, AtanhOp, FloorOp, CeilOp, RoundOp, AddOp, SubOp,
             MulOp, DivOp, PowOp, MaximumOp, MinimumOp, CompareOp, SelectOp>(op);
}

bool Converter::convertFunction(Result result) {
  QuantizeOp op = result.op;
  llvm::SetVector<Operation *> body;
  SmallVector<Value> work{op.getInput()};
  DequantizeOp root;
  while (!work.empty()) {
    Value value = work.pop_back_val();
    Operation *def = value.getDefiningOp();
    if (isSplatConstant(value))
      continue;
    if (auto from = value.getDefiningOp<DequantizeOp>()) {
      if (root && root != from)
        return false;
      root = from;
      continue;
    }
    if (!def || !isPointwise(def) || def->getBlock() != op->getBlock() || (!isReal(value) && !typeOf(value).getElementType().isInteger(1)) || body.size() > 64 ||
        typeOf(value).getShape() != typeOf(op.getInput()).getShape())
      return false;
    if (body.insert(def))
      llvm::append_range(work, def->getOperands());
  }
  std::optional<Levels> x = root ? Levels::of(root.getResult()) : std::nullopt;
  if (!x || !x->isPerTensor() || !x->isByte() || typeOf(root).getShape() != typeOf(op.getInput()).getShape())
    return false;
  SmallVector<Operation *> sorted = body.takeVector();
  llvm::sort(sorted, [](Operation *a, Operation *c) { return a->isBeforeInBlock(c); });
  // All 256 levels in the order of their bits.
  bool isUnsigned = typeOf(x->levels).getElementType().isUnsignedInteger();
  eval::DType type = isUnsigned ? eval::DType::U8 : eval::DType::I8;
  eval::Tensor levels(type, {256}), real, table;
  for (int i = 0; i < 256; ++i)
    levels.as<uint8_t>()[i] = uint8_t(i);
  auto parameter = [](Value value) { return *toTensor(constantOf(value)); };
  if (!eval::dequantize(levels, parameter(root.getScale()), parameter(root.getZeroPoint()), 0, 0, eval::DType::F32,
                        real)
           .empty())
    return false;
  FailureOr<eval::Tensor> values =
      sorted.empty() ? FailureOr<eval::Tensor>(real) : evaluateFunction(sorted, root.getResult(), op.getInput(), real);
  if (failed(values) || values->size() != 256 ||
      !eval::quantize(*values, parameter(op.getScale()), parameter(op.getZeroPoint()), 0, 0, table).empty())
    return false;
  // A negative index counts from the end, which is where the levels below 0 are.
  Value index = CastOp::create(b, loc, typeOf(x->levels).clone(b.getI32Type()), x->levels);
  Value found = GatherOp::create(b, op.getLoc(), op.getResult().getType(), constant(table), index, 0);
  op.replaceAllUsesWith(found);
  return true;
}

/// Elements are moved as integers, where everything between a dequantisation and a quantisation is moves.
bool Converter::convertMove(Result result) {
  SmallVector<std::pair<Operation *, unsigned>> moves;
  Value value = result.op.getInput();
  while (value.getDefiningOp() && !isa<DequantizeOp>(value.getDefiningOp())) {
    std::optional<unsigned> operand = movedOperand(value.getDefiningOp());
    if (!operand)
      return false;
    moves.push_back({value.getDefiningOp(), *operand});
    value = value.getDefiningOp()->getOperand(*operand);
  }
  auto root = value.getDefiningOp<DequantizeOp>();
  std::optional<Levels> x = root ? Levels::of(value) : std::nullopt;
  if (!x || !x->isPerTensor() || !x->isByte())
    return false;
  Value moved = x->levels;
  for (auto [op, operand] : llvm::reverse(moves)) {
    IRMapping mapping;
    mapping.map(op->getOperand(operand), moved);
    if (auto pad = dyn_cast<PadOp>(op)) {
      eval::Tensor level;
      if (!eval::quantize(*toTensor(constantOf(pad.getValue())), *toTensor(constantOf(root.getScale())),
                          *toTensor(constantOf(root.getZeroPoint())), 0, 0, level)
               .empty())
        return false;
      mapping.map(pad.getValue(), constant(level));
    }
    Operation *clone = b.clone(*op, mapping);
    clone->getResult(0).setType(typeOf(op->getResult(0)).clone(typeOf(x->levels).getElementType()));
    moved = clone->getResult(0);
  }
  QuantizeOp op = result.op;
  bool isSame = float(x->scale.front()) == float(result.scale) && moved.getType() == op.getResult().getType() &&
                numbersOf(root.getZeroPoint()) == numbersOf(op.getZeroPoint());
  if (isSame) {
    op.replaceAllUsesWith(moved);
    return true;
  }
  Value real = DequantizeOp::create(b, loc, typeOf(op.getInput()), moved, root.getScale(), root.getZeroPoint(), 0, 0);
  op.getInputMutable().assign(real);
  return convertFunction(result);
}

bool Converter::convert(QuantizeOp op) {
  std::optional<Result> result = Result::of(op);
  if (!result)
    return false;
  b.setInsertionPoint(op);
  loc = op.getInput().getLoc();
  SmallVector<Operation *> clamps;
  Value value = op.getInput();
  auto isClamp = [](Operation *def) {
    return isa<ReluOp>(def) || (isa<MaximumOp, MinimumOp>(def) &&
                                (isSplatConstant(def->getOperand(0)) || isSplatConstant(def->getOperand(1))));
  };
  while (value.getDefiningOp() && isClamp(value.getDefiningOp())) {
    Operation *clamp = value.getDefiningOp();
    clamps.push_back(clamp);
    value = clamp->getOperand(clamp->getNumOperands() > 1 && isSplatConstant(clamp->getOperand(0)) ? 1 : 0);
  }
  Operation *def = value.getDefiningOp();
  if (!def)
    return false;
  if (clamps.empty() && convertMove(*result))
    return true;
  if (isa<ConvOp, ConvTransposeOp, MatmulOp>(def))
    return convertSum(*result, def, def->getNumOperands() > 2 ? def->getOperand(2) : Value(), clamps);
  if (auto add = dyn_cast<AddOp>(def))
    for (auto [product, bias] : {std::pair(add.getLhs(), add.getRhs()), std::pair(add.getRhs(), add.getLhs())})
      if (auto matmul = product.getDefiningOp<MatmulOp>(); matmul && matmul.getType() == add.getType())
        return convertSum(*result, matmul, bias, clamps);
  auto reduce = dyn_cast<ReduceOp>(def);
  if (isa<AvgPoolOp>(def) || (reduce && (reduce.getKind() == ReduceKind::mean || reduce.getKind() == ReduceKind::sum)))
    return convertMean(*result, def, clamps);
  if (isa<AddOp, SubOp, MulOp, MaximumOp, MinimumOp>(def) && convertPair(*result, def, clamps))
    return true;
  return convertFunction(*result);
}

struct IntegerArithmeticPass final : impl::IntegerArithmeticPassBase<IntegerArithmeticPass> {
  using IntegerArithmeticPassBase::IntegerArithmeticPassBase;

  void runOnOperation() override {
    Converter converter(&getContext());
    SmallVector<Operation *> ops;
    // What is inside an operation comes behind it, and is erased before it.
    getOperation().walk<WalkOrder::PreOrder>([&](Operation *op) { ops.push_back(op); });
    for (Operation *op : ops)
      if (auto quantize = dyn_cast<QuantizeOp>(op))
        converter.convert(quantize);
    for (Operation *op : llvm::reverse(ops))
      if (isOpTriviallyDead(op))
        op->erase();
    ops.clear();
    getOperation().walk([&](Operation *op) {
      if (isa<ConvOp, MatmulOp>(op) && isReal(op->getResult(0)))
        ops.push_back(op);
    });
    for (Operation *op : ops)
      if (converter.convertProduct(op))
        op->erase();
  }
};

} // namespace
} // namespace mlir::aic
