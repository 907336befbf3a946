// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Scalars.cpp - Elementwise operations on one element ----------------===//
//
// The bodies of generics. Small floats are computed in f32; integers are
// signless, so whether they are unsigned is an argument everywhere.
//
//===----------------------------------------------------------------------===//
#include "Lowering.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/TypeSwitch.h"
#include <limits>

namespace mlir::aic::lowering {

static constexpr auto kContract = arith::FastMathFlags::contract;

//===-- Types -------------------------------------------------------------===//

Type computeType(Type element) {
  return isa<Float16Type, BFloat16Type>(element) ? Float32Type::get(element.getContext()) : element;
}

Type signless(Type element) {
  if (auto integer = dyn_cast<IntegerType>(element))
    return IntegerType::get(element.getContext(), integer.getWidth());
  return element;
}

Value toFloat(OpBuilder &b, Location loc, Value value, Type element) {
  auto from = dyn_cast<FloatType>(value.getType());
  if (!from || from == element)
    return value;
  auto to = cast<FloatType>(element);
  if (from.getWidth() < to.getWidth())
    return arith::ExtFOp::create(b, loc, to, value);
  if (from.getWidth() > to.getWidth())
    return arith::TruncFOp::create(b, loc, to, value);
  // f16 <-> bf16
  return arith::TruncFOp::create(b, loc, to, arith::ExtFOp::create(b, loc, b.getF32Type(), value));
}

Value widen(OpBuilder &b, Location loc, Value value) { return toFloat(b, loc, value, computeType(value.getType())); }

Value scalarConstant(OpBuilder &b, Location loc, Type element, double value) {
  if (isa<FloatType>(element))
    return arith::ConstantOp::create(b, loc, b.getFloatAttr(element, value));
  return arith::ConstantOp::create(b, loc, b.getIntegerAttr(element, static_cast<int64_t>(value)));
}

TypedAttr zeroAttr(Builder &b, Type element) { return b.getZeroAttr(element); }

TypedAttr extremeAttr(Builder &b, Type element, bool isUnsigned, bool lowest) {
  if (auto type = dyn_cast<FloatType>(element))
    return b.getFloatAttr(type, APFloat::getInf(type.getFloatSemantics(), lowest));
  unsigned width = element.getIntOrFloatBitWidth();
  if (isUnsigned || width == 1)
    return b.getIntegerAttr(element, lowest ? APInt::getMinValue(width) : APInt::getMaxValue(width));
  return b.getIntegerAttr(element, lowest ? APInt::getSignedMinValue(width) : APInt::getSignedMaxValue(width));
}

//===-- Arithmetic --------------------------------------------------------===//

static bool isFloat(Value x) { return isa<FloatType>(x.getType()); }

Value addScalar(OpBuilder &b, Location loc, Value x, Value y) {
  if (isFloat(x))
    return arith::AddFOp::create(b, loc, x, y, kContract);
  return arith::AddIOp::create(b, loc, x, y);
}

Value subScalar(OpBuilder &b, Location loc, Value x, Value y) {
  if (isFloat(x))
    return arith::SubFOp::create(b, loc, x, y, kContract);
  return arith::SubIOp::create(b, loc, x, y);
}

Value mulScalar(OpBuilder &b, Location loc, Value x, Value y) {
  if (isFloat(x))
    return arith::MulFOp::create(b, loc, x, y, kContract);
  return arith::MulIOp::create(b, loc, x, y);
}

static Value compareInts(OpBuilder &b, Location loc, arith::CmpIPredicate predicate, Value x, Value y) {
  return arith::CmpIOp::create(b, loc, predicate, x, y);
}

static Value select(OpBuilder &b, Location loc, Value condition, Value x, Value y) {
  return arith::SelectOp::create(b, loc, condition, x, y);
}

/// Integer division (`remainder`: what is left of it); by zero 0, and never an overflow trap.
static Value divideInts(OpBuilder &b, Location loc, Value x, Value y, bool isUnsigned, bool remainder) {
  auto divide = [&](Value divisor) -> Value {
    if (isUnsigned)
      return remainder ? arith::RemUIOp::create(b, loc, x, divisor).getResult()
                       : arith::DivUIOp::create(b, loc, x, divisor).getResult();
    return remainder ? arith::RemSIOp::create(b, loc, x, divisor).getResult()
                     : arith::DivSIOp::create(b, loc, x, divisor).getResult();
  };
  IntegerAttr known;
  if (matchPattern(y, m_Constant(&known)) && !known.getValue().isZero() &&
      (isUnsigned || !known.getValue().isAllOnes()))
    return divide(y);
  Value zero = scalarConstant(b, loc, x.getType(), 0), one = scalarConstant(b, loc, x.getType(), 1);
  Value byZero = compareInts(b, loc, arith::CmpIPredicate::eq, y, zero);
  if (isUnsigned)
    return select(b, loc, byZero, zero, divide(select(b, loc, byZero, one, y)));
  Value byMinusOne = compareInts(b, loc, arith::CmpIPredicate::eq, y, scalarConstant(b, loc, x.getType(), -1));
  Value special = arith::OrIOp::create(b, loc, byZero, byMinusOne);
  Value result = divide(select(b, loc, special, one, y));
  Value negated = remainder ? zero : arith::SubIOp::create(b, loc, zero, x).getResult();
  return select(b, loc, byZero, zero, select(b, loc, byMinusOne, negated, result));
}

Value divScalar(OpBuilder &b, Location loc, Value x, Value y, bool isUnsigned) {
  if (isFloat(x))
    return arith::DivFOp::create(b, loc, x, y);
  return divideInts(b, loc, x, y, isUnsigned, /*remainder=*/false);
}

Value maxScalar(OpBuilder &b, Location loc, Value x, Value y, bool isUnsigned) {
  if (isFloat(x))
    return arith::MaximumFOp::create(b, loc, x, y);
  if (isUnsigned || x.getType().isInteger(1))
    return arith::MaxUIOp::create(b, loc, x, y);
  return arith::MaxSIOp::create(b, loc, x, y);
}

Value minScalar(OpBuilder &b, Location loc, Value x, Value y, bool isUnsigned) {
  if (isFloat(x))
    return arith::MinimumFOp::create(b, loc, x, y);
  if (isUnsigned || x.getType().isInteger(1))
    return arith::MinUIOp::create(b, loc, x, y);
  return arith::MinSIOp::create(b, loc, x, y);
}

Value clampIndex(OpBuilder &b, Location loc, Value i, Value extent) {
  Value zero = arith::ConstantIndexOp::create(b, loc, 0), one = arith::ConstantIndexOp::create(b, loc, 1);
  Value last = arith::SubIOp::create(b, loc, extent, one);
  return arith::MaxSIOp::create(b, loc, arith::MinSIOp::create(b, loc, i, last), zero);
}

//===-- Conversion --------------------------------------------------------===//

Value castScalar(OpBuilder &b, Location loc, Value value, bool fromUnsigned, Type to, bool toUnsigned) {
  Type from = value.getType();
  if (from == to)
    return value;
  if (isa<FloatType>(from)) {
    if (isa<FloatType>(to))
      return toFloat(b, loc, value, to);
    if (to.isInteger(1))
      return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNE, value, scalarConstant(b, loc, from, 0));
    value = widen(b, loc, value);
    if (toUnsigned)
      return arith::FPToUIOp::create(b, loc, to, value);
    return arith::FPToSIOp::create(b, loc, to, value);
  }
  bool zeroExtend = fromUnsigned || from.isInteger(1);
  if (isa<FloatType>(to)) {
    Type wide = computeType(to);
    Value result = zeroExtend ? arith::UIToFPOp::create(b, loc, wide, value).getResult()
                              : arith::SIToFPOp::create(b, loc, wide, value).getResult();
    return toFloat(b, loc, result, to);
  }
  if (to.isInteger(1))
    return compareInts(b, loc, arith::CmpIPredicate::ne, value, scalarConstant(b, loc, from, 0));
  if (to.getIntOrFloatBitWidth() < from.getIntOrFloatBitWidth())
    return arith::TruncIOp::create(b, loc, to, value);
  if (zeroExtend)
    return arith::ExtUIOp::create(b, loc, to, value);
  return arith::ExtSIOp::create(b, loc, to, value);
}

//===-- Operations --------------------------------------------------------===//

static Value emitSign(OpBuilder &b, Location loc, Value x, bool isUnsigned) {
  Value zero = scalarConstant(b, loc, x.getType(), 0), one = scalarConstant(b, loc, x.getType(), 1);
  if (isFloat(x)) {
    Value sign = math::CopySignOp::create(b, loc, one, x);
    Value plain = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::ONE, x, zero); // not 0, not NaN
    return select(b, loc, plain, sign, x);
  }
  Value isZero = compareInts(b, loc, arith::CmpIPredicate::eq, x, zero);
  if (isUnsigned)
    return select(b, loc, isZero, zero, one);
  Value negative = compareInts(b, loc, arith::CmpIPredicate::slt, x, zero);
  return select(b, loc, isZero, zero, select(b, loc, negative, scalarConstant(b, loc, x.getType(), -1), one));
}

static Value emitMod(OpBuilder &b, Location loc, Value x, Value y, bool isUnsigned) {
  if (isFloat(x)) {
    Value zero = scalarConstant(b, loc, x.getType(), 0);
    Value rest = arith::RemFOp::create(b, loc, x, y);
    Value restNegative = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLT, rest, zero);
    Value divisorNegative = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLT, y, zero);
    Value differ = arith::XOrIOp::create(b, loc, restNegative, divisorNegative);
    Value some = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNE, rest, zero);
    return select(b, loc, arith::AndIOp::create(b, loc, differ, some), arith::AddFOp::create(b, loc, rest, y), rest);
  }
  Value rest = divideInts(b, loc, x, y, isUnsigned, /*remainder=*/true);
  if (isUnsigned)
    return rest;
  Value zero = scalarConstant(b, loc, x.getType(), 0);
  Value differ = compareInts(b, loc, arith::CmpIPredicate::slt, arith::XOrIOp::create(b, loc, rest, y), zero);
  Value some = compareInts(b, loc, arith::CmpIPredicate::ne, rest, zero);
  return select(b, loc, arith::AndIOp::create(b, loc, differ, some), arith::AddIOp::create(b, loc, rest, y), rest);
}

static Value emitPow(OpBuilder &b, Location loc, Value x, Value y, bool isUnsigned) {
  if (!isFloat(x)) {
    (void)isUnsigned; // products wrap alike
    return math::IPowIOp::create(b, loc, x, y);
  }
  FloatAttr exponent;
  Value one = scalarConstant(b, loc, x.getType(), 1);
  if (matchPattern(y, m_Constant(&exponent))) {
    double value = exponent.getValueAsDouble();
    if (value == 1)
      return x;
    if (value == 2)
      return mulScalar(b, loc, x, x);
    if (value == 3)
      return mulScalar(b, loc, mulScalar(b, loc, x, x), x);
    if (value == 0.5)
      return math::SqrtOp::create(b, loc, x);
    if (value == -0.5)
      return arith::DivFOp::create(b, loc, one, math::SqrtOp::create(b, loc, x));
    if (value == -1)
      return arith::DivFOp::create(b, loc, one, x);
  }
  return math::PowFOp::create(b, loc, x, y);
}

static Value emitShift(OpBuilder &b, Location loc, Value x, Value y, bool isUnsigned, bool left) {
  unsigned width = x.getType().getIntOrFloatBitWidth();
  Value limit = scalarConstant(b, loc, x.getType(), width), zero = scalarConstant(b, loc, x.getType(), 0);
  Value fits = compareInts(b, loc, arith::CmpIPredicate::ult, y, limit);
  if (!left && !isUnsigned) {
    Value most = scalarConstant(b, loc, x.getType(), width - 1);
    return arith::ShRSIOp::create(b, loc, x, select(b, loc, fits, y, most));
  }
  Value count = select(b, loc, fits, y, zero);
  Value shifted =
      left ? arith::ShLIOp::create(b, loc, x, count).getResult() : arith::ShRUIOp::create(b, loc, x, count).getResult();
  return select(b, loc, fits, shifted, zero);
}

static Value emitCompare(OpBuilder &b, Location loc, Predicate predicate, Value x, Value y, bool isUnsigned) {
  using F = arith::CmpFPredicate;
  using I = arith::CmpIPredicate;
  static constexpr F floats[] = {F::OEQ, F::UNE, F::OLT, F::OLE, F::OGT, F::OGE};
  static constexpr I ints[] = {I::eq, I::ne, I::slt, I::sle, I::sgt, I::sge};
  static constexpr I unsignedInts[] = {I::eq, I::ne, I::ult, I::ule, I::ugt, I::uge};
  auto i = static_cast<unsigned>(predicate);
  if (isFloat(x))
    return arith::CmpFOp::create(b, loc, floats[i], x, y);
  return compareInts(b, loc, isUnsigned || x.getType().isInteger(1) ? unsignedInts[i] : ints[i], x, y);
}

static Value emitUnary(OpBuilder &b, Location loc, Operation *op, Value x, bool isUnsigned) {
  Type type = x.getType();
  auto constant = [&](double value) { return scalarConstant(b, loc, type, value); };
  return TypeSwitch<Operation *, Value>(op)
      .Case([&](AbsOp) -> Value {
        if (isFloat(x))
          return math::AbsFOp::create(b, loc, x);
        return isUnsigned ? x : math::AbsIOp::create(b, loc, x).getResult();
      })
      .Case([&](NegOp) -> Value {
        if (isFloat(x))
          return arith::NegFOp::create(b, loc, x);
        return arith::SubIOp::create(b, loc, constant(0), x);
      })
      .Case([&](SignOp) { return emitSign(b, loc, x, isUnsigned); })
      .Case([&](ReluOp) { return isUnsigned ? x : maxScalar(b, loc, x, constant(0), false); })
      .Case([&](ExpOp) { return math::ExpOp::create(b, loc, x); })
      .Case([&](LogOp) { return math::LogOp::create(b, loc, x); })
      .Case([&](SqrtOp) { return math::SqrtOp::create(b, loc, x); })
      .Case([&](RsqrtOp) { return arith::DivFOp::create(b, loc, constant(1), math::SqrtOp::create(b, loc, x)); })
      .Case([&](ErfOp) { return math::ErfOp::create(b, loc, x); })
      .Case([&](SigmoidOp) -> Value {
        Value e = math::ExpOp::create(b, loc, arith::NegFOp::create(b, loc, x));
        return arith::DivFOp::create(b, loc, constant(1), addScalar(b, loc, constant(1), e));
      })
      .Case([&](TanhOp) { return math::TanhOp::create(b, loc, x); })
      .Case([&](SinOp) { return math::SinOp::create(b, loc, x); })
      .Case([&](CosOp) { return math::CosOp::create(b, loc, x); })
      .Case([&](TanOp) { return math::TanOp::create(b, loc, x); })
      .Case([&](AsinOp) { return math::AsinOp::create(b, loc, x); })
      .Case([&](AcosOp) { return math::AcosOp::create(b, loc, x); })
      .Case([&](AtanOp) { return math::AtanOp::create(b, loc, x); })
      .Case([&](SinhOp) { return math::SinhOp::create(b, loc, x); })
      .Case([&](CoshOp) { return math::CoshOp::create(b, loc, x); })
      .Case([&](AsinhOp) { return math::AsinhOp::create(b, loc, x); })
      .Case([&](AcoshOp) { return math::AcoshOp::create(b, loc, x); })
      .Case([&](AtanhOp) { return math::AtanhOp::create(b, loc, x); })
      .Case([&](FloorOp) { return math::FloorOp::create(b, loc, x); })
      .Case([&](CeilOp) { return math::CeilOp::create(b, loc, x); })
      .Case([&](RoundOp) { return math::RoundEvenOp::create(b, loc, x); })
      .Case([&](NotOp) {
        Value yes = arith::ConstantOp::create(b, loc, b.getBoolAttr(true));
        return arith::XOrIOp::create(b, loc, x, yes);
      })
      .Case([&](BitwiseNotOp) { return arith::XOrIOp::create(b, loc, x, constant(-1)); })
      .Case([&](IsNanOp) { return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNO, x, x); })
      .Case([&](IsInfOp test) -> Value {
        double inf = std::numeric_limits<double>::infinity();
        Value value = x;
        if (!test.getPositive() && !test.getNegative())
          return arith::ConstantOp::create(b, loc, b.getBoolAttr(false));
        if (test.getPositive() && test.getNegative())
          value = math::AbsFOp::create(b, loc, x);
        Value limit = constant(test.getPositive() ? inf : -inf);
        return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ, value, limit);
      })
      .Default([](Operation *) { return Value(); });
}

Value emitScalar(OpBuilder &b, Location loc, Operation *op, ValueRange args, bool isUnsigned) {
  if (args.size() == 1)
    return emitUnary(b, loc, op, args[0], isUnsigned);
  Value x = args[0], y = args[1];
  return TypeSwitch<Operation *, Value>(op)
      .Case([&](AddOp) { return addScalar(b, loc, x, y); })
      .Case([&](SubOp) { return subScalar(b, loc, x, y); })
      .Case([&](MulOp) { return mulScalar(b, loc, x, y); })
      .Case([&](DivOp) { return divScalar(b, loc, x, y, isUnsigned); })
      .Case([&](RemOp) -> Value {
        if (isFloat(x))
          return arith::RemFOp::create(b, loc, x, y);
        return divideInts(b, loc, x, y, isUnsigned, /*remainder=*/true);
      })
      .Case([&](ModOp) { return emitMod(b, loc, x, y, isUnsigned); })
      .Case([&](PowOp) { return emitPow(b, loc, x, y, isUnsigned); })
      .Case([&](MaximumOp) { return maxScalar(b, loc, x, y, isUnsigned); })
      .Case([&](MinimumOp) { return minScalar(b, loc, x, y, isUnsigned); })
      .Case([&](AndOp) { return arith::AndIOp::create(b, loc, x, y); })
      .Case([&](OrOp) { return arith::OrIOp::create(b, loc, x, y); })
      .Case([&](XorOp) { return arith::XOrIOp::create(b, loc, x, y); })
      .Case([&](ShiftLeftOp) { return emitShift(b, loc, x, y, isUnsigned, /*left=*/true); })
      .Case([&](ShiftRightOp) { return emitShift(b, loc, x, y, isUnsigned, /*left=*/false); })
      .Case([&](CompareOp test) { return emitCompare(b, loc, test.getPredicate(), x, y, isUnsigned); })
      .Case([&](SelectOp) { return select(b, loc, x, y, args[2]); })
      .Default([](Operation *) { return Value(); });
}

} // namespace mlir::aic::lowering
