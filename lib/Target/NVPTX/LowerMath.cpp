// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- LowerMath.cpp - Math functions of device code as arithmetic --------===//
//
// There is no libdevice: what is not an instruction is written out, in the types f32 and f64. Threads compute scalars,
// so that vectors are taken apart first.
//
//===----------------------------------------------------------------------===//
#include "aic/Conversion/MathFunctions/MathFunctions.h"
#include "aic/Target/NVPTX/Passes.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/TypeSwitch.h"

namespace mlir::aic {
#define GEN_PASS_DEF_GPULOWERMATHPASS
#include "aic/Target/NVPTX/Passes.h.inc"

namespace {

/// What the conversion to LLVM and instruction selection do with f32 and f64 (and integers).
bool isInstruction(Operation *op) {
  return isa<math::AbsFOp, math::AbsIOp, math::CeilOp, math::CopySignOp, math::CountLeadingZerosOp,
             math::CountTrailingZerosOp, math::CtPopOp, math::FloorOp, math::FmaOp, math::IsFiniteOp, math::IsInfOp,
             math::IsNaNOp, math::IsNormalOp, math::RoundOp, math::RoundEvenOp, math::SqrtOp, math::TruncOp>(op);
}

bool isNarrowFloat(Type type) { return isa<Float16Type, BFloat16Type>(type); }

/// The results for scalar operands in f32 or f64; empty if there is no such function.
SmallVector<Value> emitScalar(MathBuilder &m, Operation *op, ValueRange args) {
  using namespace functions;
  auto x = [&] { return Num{&m, args[0]}; };
  auto y = [&] { return Num{&m, args[1]}; };
  auto one = [](Num value) { return SmallVector<Value>{value.v}; };
  return TypeSwitch<Operation *, SmallVector<Value>>(op)
      .Case([&](math::ExpOp) { return one(exp(x())); })
      .Case([&](math::Exp2Op) { return one(exp2(x())); })
      .Case([&](math::ExpM1Op) { return one(expm1(x())); })
      .Case([&](math::LogOp) { return one(log(x())); })
      .Case([&](math::Log2Op) { return one(log2(x())); })
      .Case([&](math::Log10Op) { return one(log10(x())); })
      .Case([&](math::Log1pOp) { return one(log1p(x())); })
      .Case([&](math::PowFOp) { return one(pow(x(), y())); })
      .Case([&](math::CbrtOp) { return one(cbrt(x())); })
      .Case([&](math::RsqrtOp) { return one(rsqrt(x())); })
      .Case([&](math::SinhOp) { return one(sinh(x())); })
      .Case([&](math::CoshOp) { return one(cosh(x())); })
      .Case([&](math::TanhOp) { return one(tanh(x())); })
      .Case([&](math::AsinhOp) { return one(asinh(x())); })
      .Case([&](math::AcoshOp) { return one(acosh(x())); })
      .Case([&](math::AtanhOp) { return one(atanh(x())); })
      .Case([&](math::ErfOp) { return one(erf(x())); })
      .Case([&](math::ErfcOp) { return one(erfc(x())); })
      .Case([&](math::SinOp) { return one(sinCos(x()).first); })
      .Case([&](math::CosOp) { return one(sinCos(x()).second); })
      .Case([&](math::SincosOp) {
        auto [sine, cosine] = sinCos(x());
        return SmallVector<Value>{sine.v, cosine.v};
      })
      .Case([&](math::TanOp) { return one(tan(x())); })
      .Case([&](math::AsinOp) { return one(asin(x())); })
      .Case([&](math::AcosOp) { return one(acos(x())); })
      .Case([&](math::AtanOp) { return one(atan(x())); })
      .Case([&](math::Atan2Op) { return one(atan2(x(), y())); })
      .Case([&](arith::RemFOp) { return one(fmod(x(), y())); })
      .Case([&](math::ClampFOp) {
        Value low = arith::MaximumFOp::create(m.b, m.loc, args[0], args[1]);
        return SmallVector<Value>{arith::MinimumFOp::create(m.b, m.loc, low, args[2])};
      })
      .Case([&](math::FPowIOp) { return SmallVector<Value>{powerOfNumber(m.b, m.loc, args[0], args[1])}; })
      .Default([&](Operation *) -> SmallVector<Value> {
        if (!isInstruction(op))
          return {};
        SmallVector<Type> types(op->getNumResults(), m.type);
        if (getElementTypeOrSelf(op->getResult(0)).isInteger(1)) // a test
          types[0] = m.b.getI1Type();
        OperationState state(m.loc, op->getName().getIdentifier(), args, types);
        return llvm::to_vector_of<Value>(m.b.create(state)->getResults());
      });
}

/// f16 and bf16 are computed in f32.
SmallVector<Value> emitElement(OpBuilder &b, Operation *op, ValueRange args) {
  Location loc = op->getLoc();
  if (isa<math::IPowIOp>(op))
    return {functions::powerOfInteger(b, loc, args[0], args[1])};
  Type type = args[0].getType(), wide = isNarrowFloat(type) ? b.getF32Type() : type;
  SmallVector<Value> operands;
  for (Value arg : args)
    operands.push_back(arg.getType() != type || wide == type ? arg
                                                             : arith::ExtFOp::create(b, loc, wide, arg).getResult());
  MathBuilder m(b, loc, wide, /*hasDeviceInstructions=*/true);
  SmallVector<Value> results = emitScalar(m, op, operands);
  for (Value &result : results)
    if (result.getType() == wide && wide != type)
      result = arith::TruncFOp::create(b, loc, type, result);
  return results;
}

LogicalResult lower(Operation *op) {
  OpBuilder b(op);
  Location loc = op->getLoc();
  auto vector = dyn_cast<VectorType>(op->getOperand(0).getType());
  Type element = getElementTypeOrSelf(op->getOperand(0).getType());
  if (!element.isF32() && !element.isF64() && !isNarrowFloat(element) && !isa<math::IPowIOp>(op))
    return op->emitError("expected elements of type f16, bf16, f32 or f64 for '")
           << op->getName() << "', got " << element;
  if (vector && vector.isScalable())
    return op->emitError("expected a vector of fixed length for '") << op->getName() << "', got " << vector;
  SmallVector<SmallVector<Value>> columns(op->getNumResults());
  int64_t count = vector ? vector.getNumElements() : 1;
  SmallVector<int64_t> strides = vector ? computeStrides(vector.getShape()) : SmallVector<int64_t>();
  for (int64_t i = 0; i < count; ++i) {
    SmallVector<Value> args;
    for (Value operand : op->getOperands()) {
      if (isa<VectorType>(operand.getType()))
        operand = vector::ExtractOp::create(b, loc, operand, delinearize(i, strides));
      args.push_back(operand);
    }
    SmallVector<Value> results = emitElement(b, op, args);
    if (results.empty())
      return op->emitError("expected a function that the device has, got '") << op->getName() << "'";
    for (auto [column, result] : llvm::zip_equal(columns, results))
      column.push_back(result);
  }
  SmallVector<Value> results;
  for (auto [column, type] : llvm::zip_equal(columns, op->getResultTypes()))
    results.push_back(isa<VectorType>(type) ? vector::FromElementsOp::create(b, loc, type, column).getResult()
                                            : column.front());
  op->replaceAllUsesWith(results);
  op->erase();
  return success();
}

bool needsLowering(Operation *op) {
  if (isa<arith::RemFOp>(op))
    return true;
  if (!isa_and_nonnull<math::MathDialect>(op->getDialect()))
    return false;
  Type element = getElementTypeOrSelf(op->getOperand(0).getType());
  return !isInstruction(op) || isNarrowFloat(element);
}

/// As on x86: of what the emitters wrote, products and sums become one operation.
void allowContraction(Operation *op) {
  auto arith = dyn_cast<arith::ArithFastMathInterface>(op);
  if (!arith || isa<arith::ExtFOp, arith::TruncFOp>(op)) // contracting the two would skip a rounding to 16 bits
    return;
  auto flags = arith.getFastMathFlagsAttr();
  auto with = (flags ? flags.getValue() : arith::FastMathFlags::none) | arith::FastMathFlags::contract;
  op->setAttr(arith.getFastMathAttrName(), arith::FastMathFlagsAttr::get(op->getContext(), with));
}

struct GPULowerMath final : impl::GPULowerMathPassBase<GPULowerMath> {
  void runOnOperation() override {
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) {
      if (needsLowering(op))
        ops.push_back(op);
      else
        allowContraction(op);
    });
    for (Operation *op : ops)
      if (failed(lower(op)))
        return signalPassFailure();
  }
};
} // namespace
} // namespace mlir::aic
