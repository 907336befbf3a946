// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- VectorMath.cpp - Functions of vectors that are ours to write out ---===//
//
// MLIR's expansions of these lose numbers: a power is exp(y log x), so that no negative number has one; asinh, sinh and
// the like cancel; sin and cos know pi to the bits of one number. Ours are exact to some units in the last place.
//
//===----------------------------------------------------------------------===//
#include "VectorMath.h"
#include "aic/Conversion/MathFunctions/MathFunctions.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/TypeSwitch.h"

namespace mlir::aic {

static bool isInstruction(Operation *op) {
  return isa<math::AbsFOp, math::AbsIOp, math::CeilOp, math::CopySignOp, math::FloorOp, math::FmaOp, math::IsFiniteOp,
             math::IsInfOp, math::IsNaNOp, math::IsNormalOp, math::RoundOp, math::RoundEvenOp, math::SqrtOp,
             math::TruncOp>(op);
}

static bool isOurFunction(Operation *op) {
  return isa<math::PowFOp, math::SinOp, math::CosOp, math::TanOp, math::SinhOp, math::CoshOp, math::AsinhOp,
             math::AcoshOp, math::AtanhOp>(op);
}

bool isVectorFunction(Operation *op) {
  if (!isa_and_nonnull<math::MathDialect>(op->getDialect()) || op->getNumResults() != 1)
    return false;
  auto type = dyn_cast<VectorType>(op->getResult(0).getType());
  if (!type || !isa<FloatType>(type.getElementType()))
    return false;
  return isOurFunction(op) || (type.getElementType().isF64() && !isInstruction(op));
}

void widenVectorFunction(Operation *op) {
  auto type = cast<VectorType>(op->getResult(0).getType());
  if (type.getElementTypeBitWidth() >= 32)
    return;
  OpBuilder b(op);
  Type wide = type.clone(b.getF32Type());
  for (OpOperand &operand : op->getOpOperands())
    operand.set(arith::ExtFOp::create(b, op->getLoc(), wide, operand.get()));
  op->getResult(0).setType(wide);
  b.setInsertionPointAfter(op);
  auto narrow = arith::TruncFOp::create(b, op->getLoc(), type, op->getResult(0));
  op->getResult(0).replaceAllUsesExcept(narrow, narrow);
}

/// The function of each element, which is libm's.
static Value callEach(OpBuilder &b, Operation *op, ValueRange operands) {
  auto type = cast<VectorType>(operands[0].getType());
  SmallVector<Value> elements;
  for (int64_t i = 0; i < type.getNumElements(); ++i) {
    OperationState state(op->getLoc(), op->getName().getIdentifier());
    for (Value operand : operands)
      state.addOperands(vector::ExtractOp::create(b, op->getLoc(), operand, i).getResult());
    state.addTypes(getElementTypeOrSelf(op->getResult(0)));
    elements.push_back(b.create(state)->getResult(0));
  }
  return vector::FromElementsOp::create(b, op->getLoc(), type.clone(elements[0].getType()), elements);
}

/// Of arguments that are all in bounds; of others libm's.
static Value emitCircular(OpBuilder &b, Operation *op, Value x) {
  using namespace functions;
  Location loc = op->getLoc();
  MathBuilder m(b, loc, x.getType());
  Bool isLarge = !(abs(Num{&m, x}) < sinCosBound(m));
  Value any = vector::ReductionOp::create(b, loc, vector::CombiningKind::OR, isLarge.v);
  auto branch = scf::IfOp::create(b, loc, x.getType(), any, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(branch.thenBlock());
  scf::YieldOp::create(b, loc, callEach(b, op, x));
  b.setInsertionPointToStart(branch.elseBlock());
  auto [sine, cosine] = sinCosBounded(Num{&m, x});
  scf::YieldOp::create(b, loc, isa<math::SinOp>(op) ? sine.v : isa<math::CosOp>(op) ? cosine.v : (sine / cosine).v);
  return branch.getResult(0);
}

static Value emit(OpBuilder &b, Operation *op, ValueRange operands) {
  using namespace functions;
  if (!getElementTypeOrSelf(operands[0]).isF32())
    return callEach(b, op, operands);
  MathBuilder m(b, op->getLoc(), operands[0].getType());
  Num x{&m, operands[0]};
  return TypeSwitch<Operation *, Value>(op)
      .Case([&](math::PowFOp) { return pow(x, Num{&m, operands[1]}).v; })
      .Case([&](math::SinhOp) { return sinh(x).v; })
      .Case([&](math::CoshOp) { return cosh(x).v; })
      .Case([&](math::AsinhOp) { return asinh(x).v; })
      .Case([&](math::AcoshOp) { return acosh(x).v; })
      .Case([&](math::AtanhOp) { return atanh(x).v; })
      .Default([&](Operation *) { return emitCircular(b, op, x.v); });
}

void lowerVectorFunction(Operation *op) {
  OpBuilder b(op);
  Location loc = op->getLoc();
  auto type = cast<VectorType>(op->getResult(0).getType());
  SmallVector<Value> operands;
  for (Value operand : op->getOperands()) {
    auto vector = cast<VectorType>(operand.getType());
    auto flat = VectorType::get(vector.getNumElements(), vector.getElementType());
    operands.push_back(vector == flat ? operand : vector::ShapeCastOp::create(b, loc, flat, operand).getResult());
  }
  Value result = emit(b, op, operands);
  if (result.getType() != type)
    result = vector::ShapeCastOp::create(b, loc, type, result);
  op->getResult(0).replaceAllUsesWith(result);
  op->erase();
}

} // namespace mlir::aic
