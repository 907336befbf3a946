// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- MathBuilder.h - Arithmetic of functions as expressions -------------===//
#ifndef AIC_CONVERSION_MATHFUNCTIONS_MATHBUILDER_H
#define AIC_CONVERSION_MATHFUNCTIONS_MATHBUILDER_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace mlir::aic {

/// Writes arithmetic of one floating-point type (f32 or f64, or vectors of them) and of the integers of its width.
/// Every operation is rounded as it stands: nothing contracts.
class MathBuilder {
public:
  MathBuilder(OpBuilder &b, Location loc, Type type, bool hasDeviceInstructions = false)
      : b(b), loc(loc), type(type), isDouble(getElementTypeOrSelf(type).isF64()),
        hasDeviceInstructions(hasDeviceInstructions) {
    intType = like(b.getIntegerType(isDouble ? 64 : 32));
  }

  OpBuilder &b;
  Location loc;
  Type type, intType;
  bool isDouble;
  /// May the code use the approximations of NVIDIA's GPUs (ex2, rsqrt, rcp)?
  bool hasDeviceInstructions;

  /// The vector of `element` that is as long as the numbers, or `element`.
  Type like(Type element) const {
    auto vector = dyn_cast<VectorType>(type);
    return vector ? Type(vector.clone(element)) : element;
  }
  /// `element` in all places of `type`.
  Value constant(Type type, TypedAttr element) {
    auto vector = dyn_cast<VectorType>(type);
    return arith::ConstantOp::create(b, loc, vector ? DenseElementsAttr::get(vector, Attribute(element)) : element);
  }

  /// The number of `f` in f32, of `d` in f64.
  double pick(double f, double d) const { return isDouble ? d : f; }
  unsigned mantissaBits() const { return isDouble ? 52 : 23; }
  int64_t bias() const { return isDouble ? 1023 : 127; }
};

/// A truth value.
struct Bool {
  MathBuilder *m;
  Value v;
};
/// An integer as wide as the floating-point type.
struct Int {
  MathBuilder *m;
  Value v;
};
/// A number of the floating-point type.
struct Num {
  MathBuilder *m;
  Value v;
};

inline Num number(MathBuilder &m, double value) {
  return {&m, m.constant(m.type, m.b.getFloatAttr(getElementTypeOrSelf(m.type), value))};
}
inline Int integer(MathBuilder &m, int64_t value) {
  return {&m, m.constant(m.intType, m.b.getIntegerAttr(getElementTypeOrSelf(m.intType), value))};
}

template <typename OpT, typename T> T make(T x, Value y) { return {x.m, OpT::create(x.m->b, x.m->loc, x.v, y)}; }

inline Num operator+(Num x, Num y) { return make<arith::AddFOp>(x, y.v); }
inline Num operator-(Num x, Num y) { return make<arith::SubFOp>(x, y.v); }
inline Num operator*(Num x, Num y) { return make<arith::MulFOp>(x, y.v); }
inline Num operator/(Num x, Num y) { return make<arith::DivFOp>(x, y.v); }
inline Num operator-(Num x) { return {x.m, arith::NegFOp::create(x.m->b, x.m->loc, x.v)}; }
inline Num operator+(Num x, double y) { return x + number(*x.m, y); }
inline Num operator-(Num x, double y) { return x - number(*x.m, y); }
inline Num operator*(Num x, double y) { return x * number(*x.m, y); }
inline Num operator+(double x, Num y) { return number(*y.m, x) + y; }
inline Num operator-(double x, Num y) { return number(*y.m, x) - y; }
inline Num operator*(double x, Num y) { return number(*y.m, x) * y; }
inline Num operator/(double x, Num y) { return number(*y.m, x) / y; }

inline Int operator+(Int x, Int y) { return make<arith::AddIOp>(x, y.v); }
inline Int operator-(Int x, Int y) { return make<arith::SubIOp>(x, y.v); }
inline Int operator*(Int x, Int y) { return make<arith::MulIOp>(x, y.v); }
inline Int operator&(Int x, Int y) { return make<arith::AndIOp>(x, y.v); }
inline Int operator|(Int x, Int y) { return make<arith::OrIOp>(x, y.v); }
inline Int operator^(Int x, Int y) { return make<arith::XOrIOp>(x, y.v); }
inline Int operator+(Int x, int64_t y) { return x + integer(*x.m, y); }
inline Int operator-(Int x, int64_t y) { return x - integer(*x.m, y); }
inline Int operator&(Int x, int64_t y) { return x & integer(*x.m, y); }
inline Int operator|(Int x, int64_t y) { return x | integer(*x.m, y); }
inline Int operator<<(Int x, int64_t y) { return make<arith::ShLIOp>(x, integer(*x.m, y).v); }
/// Keeps the sign.
inline Int operator>>(Int x, int64_t y) { return make<arith::ShRSIOp>(x, integer(*x.m, y).v); }
inline Int shiftLogical(Int x, int64_t y) { return make<arith::ShRUIOp>(x, integer(*x.m, y).v); }

inline Bool compare(arith::CmpFPredicate predicate, Num x, Num y) {
  return {x.m, arith::CmpFOp::create(x.m->b, x.m->loc, predicate, x.v, y.v)};
}
inline Bool compare(arith::CmpIPredicate predicate, Int x, Int y) {
  return {x.m, arith::CmpIOp::create(x.m->b, x.m->loc, predicate, x.v, y.v)};
}
// False for NaN.
inline Bool operator<(Num x, Num y) { return compare(arith::CmpFPredicate::OLT, x, y); }
inline Bool operator>(Num x, Num y) { return compare(arith::CmpFPredicate::OGT, x, y); }
inline Bool operator<=(Num x, Num y) { return compare(arith::CmpFPredicate::OLE, x, y); }
inline Bool operator>=(Num x, Num y) { return compare(arith::CmpFPredicate::OGE, x, y); }
inline Bool operator==(Num x, Num y) { return compare(arith::CmpFPredicate::OEQ, x, y); }
inline Bool operator!=(Num x, Num y) { return compare(arith::CmpFPredicate::ONE, x, y); }
inline Bool operator<(Num x, double y) { return x < number(*x.m, y); }
inline Bool operator>(Num x, double y) { return x > number(*x.m, y); }
inline Bool operator<=(Num x, double y) { return x <= number(*x.m, y); }
inline Bool operator>=(Num x, double y) { return x >= number(*x.m, y); }
inline Bool operator==(Num x, double y) { return x == number(*x.m, y); }
inline Bool isNaN(Num x) { return compare(arith::CmpFPredicate::UNO, x, x); }
inline Bool operator==(Int x, int64_t y) { return compare(arith::CmpIPredicate::eq, x, integer(*x.m, y)); }
inline Bool operator!=(Int x, int64_t y) { return compare(arith::CmpIPredicate::ne, x, integer(*x.m, y)); }
inline Bool operator<(Int x, int64_t y) { return compare(arith::CmpIPredicate::slt, x, integer(*x.m, y)); }

inline Bool operator&(Bool x, Bool y) { return make<arith::AndIOp>(x, y.v); }
inline Bool operator|(Bool x, Bool y) { return make<arith::OrIOp>(x, y.v); }
inline Bool operator!(Bool x) {
  Value yes = x.m->constant(x.v.getType(), x.m->b.getBoolAttr(true));
  return make<arith::XOrIOp>(x, yes);
}

template <typename T> T select(Bool condition, T x, T y) {
  return {x.m, arith::SelectOp::create(x.m->b, x.m->loc, condition.v, x.v, y.v)};
}
inline Num select(Bool condition, double x, Num y) { return select(condition, number(*y.m, x), y); }
inline Num select(Bool condition, Num x, double y) { return select(condition, x, number(*x.m, y)); }

inline Num fma(Num x, Num y, Num z) { return {x.m, math::FmaOp::create(x.m->b, x.m->loc, x.v, y.v, z.v)}; }
inline Num fma(Num x, double y, Num z) { return fma(x, number(*x.m, y), z); }
inline Num fma(Num x, Num y, double z) { return fma(x, y, number(*x.m, z)); }
inline Num fma(Num x, double y, double z) { return fma(x, number(*x.m, y), number(*x.m, z)); }
inline Num abs(Num x) { return {x.m, math::AbsFOp::create(x.m->b, x.m->loc, x.v)}; }
inline Num sqrt(Num x) { return {x.m, math::SqrtOp::create(x.m->b, x.m->loc, x.v)}; }
inline Num truncate(Num x) { return {x.m, math::TruncOp::create(x.m->b, x.m->loc, x.v)}; }
/// To the nearest integer, ties to even.
inline Num nearest(Num x) { return {x.m, math::RoundEvenOp::create(x.m->b, x.m->loc, x.v)}; }
inline Num copySign(Num x, Num sign) { return make<math::CopySignOp>(x, sign.v); }

inline Int bits(Num x) { return {x.m, arith::BitcastOp::create(x.m->b, x.m->loc, x.m->intType, x.v)}; }
inline Num fromBits(Int x) { return {x.m, arith::BitcastOp::create(x.m->b, x.m->loc, x.m->type, x.v)}; }
/// Of a number that is an integer.
inline Int toInt(Num x) { return {x.m, arith::FPToSIOp::create(x.m->b, x.m->loc, x.m->intType, x.v)}; }
inline Num toNum(Int x) { return {x.m, arith::SIToFPOp::create(x.m->b, x.m->loc, x.m->type, x.v)}; }
inline Bool signBit(Num x) { return bits(x) < 0; }

/// The polynomial with these coefficients, lowest degree first.
inline Num polynomial(Num x, ArrayRef<double> coefficients) {
  Num sum = number(*x.m, coefficients.back());
  for (double c : llvm::reverse(coefficients.drop_back()))
    sum = fma(sum, x, c);
  return sum;
}

} // namespace mlir::aic

#endif // AIC_CONVERSION_MATHFUNCTIONS_MATHBUILDER_H
