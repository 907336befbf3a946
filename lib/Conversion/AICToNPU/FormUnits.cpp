// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- FormUnits.cpp - Operations of the graph become units ---------------===//
//
// From the results towards the arguments, so an operation is asked for as a root before as a part of somebody's
// producers: a quantisation claims the convolution before it, with all between them.
//
//===----------------------------------------------------------------------===//
#include "FormUnits.h"
#include "aic/Conversion/AICToNPU/Passes.h"
#include "aic/Dialect/AIC/IR/EvalBridge.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include <cmath>

namespace mlir::npu {
#define GEN_PASS_DEF_NPUFORMUNITSPASS
#define GEN_PASS_DEF_NPUINLINEUNITSPASS
#include "aic/Conversion/AICToNPU/Passes.h.inc"

//===-- UnitMatch ---------------------------------------------------------------===//

unsigned UnitMatch::operand(Value value) {
  auto *place = llvm::find(operands, value);
  if (place == operands.end()) {
    operands.push_back(value);
    return unsigned(operands.size() - 1);
  }
  return unsigned(place - operands.begin());
}

unsigned UnitMatch::constant(const ::aic::eval::Tensor &tensor) {
  ElementsAttr attr = aic::toAttr(b.getContext(), tensor, "npu");
  operands.push_back(arith::ConstantOp::create(b, root->getLoc(), cast<TypedAttr>(attr)));
  return unsigned(operands.size() - 1);
}

static bool isConstant(Value value) {
  Operation *op = value.getDefiningOp();
  return op && op->hasTrait<OpTrait::ConstantLike>();
}

UnitOp UnitMatch::finish() {
  SmallVector<Operation *> ops(body.begin(), body.end());
  llvm::sort(ops, [](Operation *x, Operation *y) { return x->isBeforeInBlock(y); });
  SmallVector<Operation *> constants;
  for (Operation *op : ops)
    for (Value value : op->getOperands()) {
      if (isConstant(value)) {
        if (!llvm::is_contained(constants, value.getDefiningOp()))
          constants.push_back(value.getDefiningOp());
      } else if (!value.getDefiningOp() || !body.contains(value.getDefiningOp())) {
        (void)operand(value);
      }
    }
  SmallVector<Location> locations;
  for (Operation *op : ops)
    locations.push_back(op->getLoc());
  b.setInsertionPoint(root);
  auto unit = UnitOp::create(b, FusedLoc::get(b.getContext(), locations), root->getResultTypes(), b.getStringAttr(kind),
                             operands, params.getDictionary(b.getContext()));
  Block *block = b.createBlock(&unit.getBody());
  IRMapping mapping;
  for (Value value : operands)
    mapping.map(value, block->addArgument(value.getType(), unit.getLoc()));
  // The body keeps its own constants, so what the emitter packs and what the region means do not depend on each other.
  for (Operation *op : constants)
    b.clone(*op, mapping);
  for (Operation *op : ops)
    b.clone(*op, mapping);
  SmallVector<Value> results;
  for (Value result : root->getResults())
    results.push_back(mapping.lookup(result));
  YieldOp::create(b, unit.getLoc(), results);
  root->replaceAllUsesWith(unit->getResults());
  for (Operation *op : llvm::reverse(ops))
    if (isOpTriviallyDead(op))
      op->erase();
  return unit;
}

//===-- Matching ------------------------------------------------------------------===//

std::optional<double> splatOf(Value value) {
  Attribute attr;
  if (!matchPattern(value, m_Constant(&attr)))
    return std::nullopt;
  auto elements = dyn_cast<ElementsAttr>(attr);
  if (!elements || (typeOf(value).getNumElements() != 1 && !elements.isSplat()))
    return std::nullopt;
  ::aic::eval::Tensor tensor = constantOf(value);
  if (!tensor.data())
    return std::nullopt;
  Type element = typeOf(value).getElementType();
  if (element.isF32())
    return *tensor.as<float>();
  if (element.isF64())
    return *tensor.as<double>();
  auto splat = dyn_cast<DenseElementsAttr>(attr);
  if (isa<FloatType>(element))
    return splat ? std::optional(splat.getValues<APFloat>()[0].convertToDouble()) : std::nullopt;
  if (!splat)
    return std::nullopt;
  APInt number = splat.getValues<APInt>()[0];
  return element.isUnsignedInteger() || number.getBitWidth() == 1 ? double(number.getZExtValue())
                                                                  : double(number.getSExtValue());
}

static bool isByte(Value value) { return typeOf(value).getElementType().isInteger(8); }

std::optional<Centred> Centred::of(Value value) {
  Centred result;
  Operation *op = value.getDefiningOp();
  if (!op)
    return std::nullopt;
  result.ops.push_back(op);
  if (auto dequantize = dyn_cast<aic::DequantizeOp>(op)) {
    std::optional<double> scale = splatOf(dequantize.getScale()), zero = splatOf(dequantize.getZeroPoint());
    if (!scale || *scale != 1 || !zero || !isByte(dequantize.getInput()) || !typeOf(value).getElementType().isF32())
      return std::nullopt;
    result.levels = dequantize.getInput();
    result.zero = int64_t(*zero);
    return result;
  }
  if (auto sub = dyn_cast<aic::SubOp>(op)) {
    std::optional<double> zero = splatOf(sub.getRhs());
    if (!zero || !sub.getLhs().getDefiningOp())
      return std::nullopt;
    result.zero = int64_t(*zero);
    op = sub.getLhs().getDefiningOp();
    result.ops.push_back(op);
  }
  auto cast = dyn_cast<aic::CastOp>(op);
  if (!cast || !isByte(cast.getInput()))
    return std::nullopt;
  result.levels = cast.getInput();
  return result;
}

std::optional<Requantised> Requantised::of(Operation *root) {
  auto quantize = dyn_cast<aic::QuantizeOp>(root);
  if (!quantize || quantize.getBlockSize() || !isByte(quantize.getResult()))
    return std::nullopt;
  std::optional<double> scale = splatOf(quantize.getScale()), zero = splatOf(quantize.getZeroPoint());
  if (!scale || *scale != 1 || !zero || !typeOf(quantize.getInput()).getElementType().isF32())
    return std::nullopt;
  Requantised result;
  bool isUnsigned = typeOf(quantize.getResult()).getElementType().isUnsignedInteger();
  result.type = isUnsigned ? hw::DType::u8 : hw::DType::i8;
  result.zero = int64_t(*zero);
  int64_t low = isUnsigned ? 0 : -128, high = isUnsigned ? 255 : 127;
  result.lo = low, result.hi = high;
  result.ops.push_back(root);
  result.scaled = quantize.getInput();
  // Rounding is monotone: clamping before it is clamping after it by the rounded limits. Nearest clamp to the sum last.
  SmallVector<std::pair<bool, double>> clamps;
  while (Operation *op = result.scaled.getDefiningOp()) {
    if (!op->hasOneUse())
      break;
    if (auto relu = dyn_cast<aic::ReluOp>(op)) {
      clamps.push_back({true, 0});
      result.scaled = relu.getInput();
    } else if (isa<aic::MaximumOp, aic::MinimumOp>(op)) {
      std::optional<double> left = splatOf(op->getOperand(0)), right = splatOf(op->getOperand(1));
      if ((!left && !right) || std::isnan(left ? *left : *right))
        break;
      clamps.push_back({isa<aic::MaximumOp>(op), left ? *left : *right});
      result.scaled = op->getOperand(left ? 1 : 0);
    } else {
      break;
    }
    result.ops.push_back(op);
  }
  for (auto [isMaximum, limit] : llvm::reverse(clamps)) {
    int64_t level = int64_t(std::clamp(std::nearbyint(limit) + double(result.zero), double(low), double(high)));
    if (isMaximum) {
      result.lo = std::max(result.lo, level);
      result.hi = std::max(result.hi, level);
    } else {
      result.lo = std::min(result.lo, level);
      result.hi = std::min(result.hi, level);
    }
  }
  result.clips = result.lo != low || result.hi != high;
  return result;
}

Scaled Scaled::of(Value value) {
  Scaled result;
  result.sum = value;
  result.factor = {1};
  auto mul = value.getDefiningOp<aic::MulOp>();
  if (!mul || !typeOf(value).getElementType().isF32())
    return result;
  for (auto [x, factor] : {std::pair(mul.getLhs(), mul.getRhs()), std::pair(mul.getRhs(), mul.getLhs())}) {
    ::aic::eval::Tensor tensor = constantOf(factor);
    if (!tensor.data() || typeOf(x) != typeOf(value))
      continue;
    // One number, or one per index of the last dim.
    ArrayRef<int64_t> shape = typeOf(factor).getShape();
    int64_t last = typeOf(value).getShape().empty() ? 1 : typeOf(value).getShape().back();
    bool perFeature = !shape.empty() && shape.back() == last && tensor.size() == last;
    if (tensor.size() != 1 && !perFeature)
      continue;
    result.sum = x;
    result.factor.assign(tensor.as<float>(), tensor.as<float>() + tensor.size());
    result.ops.push_back(mul);
    return result;
  }
  return result;
}

//===-- Pass ----------------------------------------------------------------------===//

namespace {
bool isStatic(Operation *op) {
  auto isRanked = [](Type type) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    return tensor && tensor.hasStaticShape() && tensor.getNumElements() > 0;
  };
  return llvm::all_of(op->getOperandTypes(), isRanked) && llvm::all_of(op->getResultTypes(), isRanked);
}

/// Whether an operation and all that a unit might take over with it have fixed shapes: a result can be fixed where the
/// operands of what makes it are not (a mean over unknown extents).
bool isStaticWithProducers(Operation *root) {
  llvm::SmallSetVector<Operation *, 16> cone;
  cone.insert(root);
  for (size_t i = 0; i != cone.size() && i != 64; ++i) {
    if (!isStatic(cone[i]))
      return false;
    for (Value value : cone[i]->getOperands())
      if (Operation *from = value.getDefiningOp();
          from && isa<aic::GraphOpInterface>(from) && from->getBlock() == root->getBlock())
        cone.insert(from);
  }
  return true;
}

/// T(dequantize(x)) --> dequantize(T(x)), and the same for a cast or a subtraction of one number: bytes are moved.
void moveTransposesUp(func::FuncOp func) {
  SmallVector<aic::TransposeOp> work;
  func.walk([&](aic::TransposeOp op) { work.push_back(op); });
  while (!work.empty()) {
    aic::TransposeOp op = work.pop_back_val();
    Operation *above = op.getInput().getDefiningOp();
    if (!above || !isa<aic::DequantizeOp, aic::CastOp, aic::SubOp>(above) ||
        typeOf(above->getOperand(0)).getShape() != typeOf(op.getInput()).getShape())
      continue;
    if (llvm::any_of(llvm::drop_begin(above->getOperands()), [](Value v) { return typeOf(v).getNumElements() != 1; }))
      continue;
    if (typeOf(above->getOperand(0)).getElementTypeBitWidth() > typeOf(op.getInput()).getElementTypeBitWidth())
      continue;
    OpBuilder b(op);
    auto source = typeOf(above->getOperand(0));
    auto moved = aic::TransposeOp::create(b, op.getLoc(), typeOf(op.getResult()).clone(source.getElementType()),
                                          above->getOperand(0), op.getPermutation());
    Operation *again = b.clone(*above);
    again->setOperand(0, moved);
    again->getResult(0).setType(op.getResult().getType());
    op.replaceAllUsesWith(again->getResult(0));
    op.erase();
    if (isOpTriviallyDead(above))
      above->erase();
    work.push_back(moved);
  }
}

/// f(T(x), constants) --> T(f(x, constants')): a layer is met whole, and what is moved are its levels.
void moveTransposesDown(func::FuncOp func) {
  SmallVector<Operation *> ops;
  func.walk([&](Operation *op) {
    if (isa<aic::MulOp, aic::AddOp, aic::ReluOp, aic::MaximumOp, aic::MinimumOp, aic::QuantizeOp>(op) && isStatic(op))
      ops.push_back(op);
  });
  for (Operation *op : ops) {
    auto type = typeOf(op->getResult(0));
    aic::TransposeOp transpose;
    bool matches = true;
    for (Value operand : op->getOperands()) {
      auto found = operand.getDefiningOp<aic::TransposeOp>();
      if (found && !transpose && found->hasOneUse() && typeOf(operand).getShape() == type.getShape() &&
          !isConstant(found.getInput()))
        transpose = found;
      else
        matches &= isConstant(operand) &&
                   (typeOf(operand).getNumElements() == 1 || typeOf(operand).getRank() == type.getRank());
    }
    if (!matches || !transpose ||
        (isa<aic::QuantizeOp>(op) &&
         (cast<aic::QuantizeOp>(op).getBlockSize() || typeOf(op->getOperand(1)).getNumElements() != 1)))
      continue;
    OpBuilder b(op);
    ArrayRef<int64_t> order = transpose.getPermutation();
    SmallVector<int64_t> inverse(order.size());
    for (auto [d, from] : llvm::enumerate(order))
      inverse[from] = int64_t(d);
    Operation *inner = b.clone(*op);
    ArrayRef<int64_t> shape = typeOf(transpose.getInput()).getShape();
    for (OpOperand &operand : inner->getOpOperands()) {
      auto own = typeOf(operand.get());
      if (operand.get() == transpose.getResult()) {
        operand.set(transpose.getInput());
      } else if (own.getNumElements() != 1) {
        SmallVector<int64_t> turned;
        for (int64_t from : inverse)
          turned.push_back(own.getDimSize(from));
        operand.set(aic::TransposeOp::create(b, op->getLoc(), own.clone(turned), operand.get(), inverse));
        inner->moveAfter(operand.get().getDefiningOp());
        b.setInsertionPointAfter(inner);
      }
    }
    inner->getResult(0).setType(type.clone(shape));
    b.setInsertionPointAfter(inner);
    op->replaceAllUsesWith(aic::TransposeOp::create(b, op->getLoc(), type, inner->getResult(0), order)->getResults());
    op->erase();
    transpose.erase();
  }
}

struct FormUnits final : impl::NPUFormUnitsPassBase<FormUnits> {
  using NPUFormUnitsPassBase::NPUFormUnitsPassBase;

  void runOnOperation() override {
    hw::Machine description;
    std::string error;
    if (!hw::loadMachine(machine, description, error)) {
      getOperation().emitError() << error;
      return signalPassFailure();
    }
    if (getOperation().isExternal())
      return;
    moveTransposesDown(getOperation());
    moveTransposesUp(getOperation());
    // A unit stands in the place of its root, and what it took over stood before that.
    for (Block &block : getOperation().getBody()) {
      for (Operation *op = &block.back(); op;) {
        UnitOp unit = form(op, description);
        op = (unit ? unit.getOperation() : op)->getPrevNode();
      }
      dropLoneMovements(block);
    }
  }

private:
  UnitOp form(Operation *op, const hw::Machine &description) {
    if (!isa<aic::GraphOpInterface>(op) || op->getNumResults() != 1)
      return {};
    if (!isStaticWithProducers(op)) {
      auto isFixed = [](Type type) {
        return isa<RankedTensorType>(type) && cast<RankedTensorType>(type).hasStaticShape();
      };
      bool isEmpty =
          llvm::all_of(op->getOperandTypes(), isFixed) && llvm::all_of(op->getResultTypes(), isFixed) && !isStatic(op);
      op->setAttr("npu.reason", StringAttr::get(op->getContext(),
                                                isEmpty ? "a tensor without elements" : "its shapes are not fixed"));
      return {};
    }
    std::string reason;
    for (auto *former : {formWindow, formProduct, formRows, formMovement, formElementwise}) {
      FormResult result = former(op, description);
      if (result) {
        if (result.unit.getKind() == "elementwise" && !fitsElementwise(result.unit, description))
          result.unit->setAttr("npu.misfit", StringAttr::get(result.unit.getContext(), "no chunk of it fits VB"));
        return result.unit;
      }
      if (reason.empty())
        reason = result.reason;
    }
    if (reason.empty())
      reason = ("the NPU has no form of " + op->getName().getStringRef()).str();
    op->setAttr("npu.reason", StringAttr::get(op->getContext(), reason));
    return {};
  }
};

struct InlineUnits final : impl::NPUInlineUnitsPassBase<InlineUnits> {
  void runOnOperation() override {
    getOperation().walk([](UnitOp unit) { unit.inlineBody(); });
  }
};
} // namespace
} // namespace mlir::npu
