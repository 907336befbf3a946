// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Loops.cpp - Functions that take a loop: remainders, powers ---------===//
#include "aic/Conversion/MathFunctions/MathFunctions.h"

namespace mlir::aic::functions {
namespace {
using Emit = llvm::function_ref<SmallVector<Value>(ValueRange)>;

/// while (condition(values)) values = step(values)
SmallVector<Value> loop(OpBuilder &b, Location loc, ValueRange initial, llvm::function_ref<Value(ValueRange)> condition,
                        Emit step) {
  auto loop = scf::WhileOp::create(
      b, loc, initial.getTypes(), initial,
      [&](OpBuilder &, Location, ValueRange values) { scf::ConditionOp::create(b, loc, condition(values), values); },
      [&](OpBuilder &, Location, ValueRange values) { scf::YieldOp::create(b, loc, step(values)); });
  return SmallVector<Value>(loop.getResults().begin(), loop.getResults().end());
}

/// x^n by squaring, for n >= 0 taken as unsigned.
template <typename MulT> Value powerBySquaring(OpBuilder &b, Location loc, Value one, Value x, Value n) {
  Type type = n.getType();
  Value zero = arith::ConstantOp::create(b, loc, b.getIntegerAttr(type, 0));
  Value step = arith::ConstantOp::create(b, loc, b.getIntegerAttr(type, 1));
  auto more = [&](ValueRange v) -> Value {
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, v[2], zero);
  };
  auto next = [&](ValueRange v) -> SmallVector<Value> {
    Value bit =
        arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, arith::AndIOp::create(b, loc, v[2], step), zero);
    Value product = MulT::create(b, loc, v[0], v[1]);
    return {arith::SelectOp::create(b, loc, bit, product, v[0]), MulT::create(b, loc, v[1], v[1]),
            arith::ShRUIOp::create(b, loc, v[2], step)};
  };
  return loop(b, loc, {one, x, n}, more, next)[0];
}
} // namespace

/// Long division: multiples of |y| by powers of two are subtracted, all of it exactly.
Num fmod(Num x, Num y) {
  MathBuilder &m = *x.m;
  constexpr double infinity = std::numeric_limits<double>::infinity();
  Num a = abs(x), divisor = abs(y);
  Bool valid = (a < infinity) & (divisor > 0);
  Num c = select(valid, divisor, 1);
  // What needs no division, or has no remainder, does not enter the loops.
  Num start = select(valid & (c < infinity), a, 0);
  auto grown = loop(
      m.b, m.loc, {c.v}, [&](ValueRange v) -> Value { return (Num{&m, v[0]} * 2 <= start).v; },
      [&](ValueRange v) -> SmallVector<Value> { return {(Num{&m, v[0]} * 2).v}; });
  auto rest = loop(
      m.b, m.loc, {start.v, grown[0]}, [&](ValueRange v) -> Value { return ((Num{&m, v[1]} >= c) & (start >= c)).v; },
      [&](ValueRange v) -> SmallVector<Value> {
        Num r{&m, v[0]}, t{&m, v[1]};
        return {select(r >= t, r - t, r).v, (t * 0.5).v};
      });
  Num value = select(a < c, a, Num{&m, rest[0]});
  return select(valid, copySign(value, x), std::numeric_limits<double>::quiet_NaN());
}

Value powerOfInteger(OpBuilder &b, Location loc, Value x, Value n) {
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantOp::create(b, loc, b.getIntegerAttr(x.getType(), value));
  };
  auto equals = [&](Value value, Value to) -> Value {
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, value, to);
  };
  Value zero = constant(0), one = constant(1), minusOne = constant(-1);
  Value negative = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, n, zero);
  Value count = arith::SelectOp::create(b, loc, negative, zero, n);
  Value value = powerBySquaring<arith::MulIOp>(b, loc, one, x, count);
  Value odd = equals(arith::AndIOp::create(b, loc, n, one), one);
  Value inverse = arith::SelectOp::create(b, loc, equals(x, one), one, zero);
  inverse = arith::SelectOp::create(b, loc, equals(x, minusOne), arith::SelectOp::create(b, loc, odd, minusOne, one),
                                    inverse);
  return arith::SelectOp::create(b, loc, negative, inverse, value);
}

Value powerOfNumber(OpBuilder &b, Location loc, Value x, Value n) {
  Value zero = arith::ConstantOp::create(b, loc, b.getIntegerAttr(n.getType(), 0));
  Value one = arith::ConstantOp::create(b, loc, b.getFloatAttr(x.getType(), 1));
  Value negative = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, n, zero);
  Value count = arith::SelectOp::create(b, loc, negative, arith::SubIOp::create(b, loc, zero, n), n);
  Value value = powerBySquaring<arith::MulFOp>(b, loc, one, x, count);
  return arith::SelectOp::create(b, loc, negative, arith::DivFOp::create(b, loc, one, value), value);
}

} // namespace mlir::aic::functions
