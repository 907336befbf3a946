// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Trigonometry.cpp - Circular functions ------------------------------===//
//
// Arguments are reduced by multiples of pi/2. Up to some thousands three multiply-adds with pi/2 in three parts do
// that; beyond, as many bits of 2/pi as the exponent asks for are multiplied with the mantissa in integers (Payne and
// Hanek), in a branch that threads seldom take.
//
//===----------------------------------------------------------------------===//
#include "Coefficients.h"
#include "aic/Conversion/MathFunctions/MathFunctions.h"

namespace mlir::aic::functions {
namespace {
using namespace coefficients;

constexpr double kHalfPi = 1.57079632679489661923, kHalfPiLow = 6.123233995736766e-17;
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// 64 zeros, then the bits of 2/pi behind the point.
constexpr uint64_t twoOverPi[] = {0,
                                  0xa2f9836e4e441529,
                                  0xfc2757d1f534ddc0,
                                  0xdb6295993c439041,
                                  0xfe5163abdebbc561,
                                  0xb7246e3a424dd2e0,
                                  0x06492eea09d1921c,
                                  0xfe1deb1cb129a73e,
                                  0xe88235f52ebb4484,
                                  0xe99c7026b45f7e41,
                                  0x3991d639835339f4,
                                  0x9c845f8bbdf9283b,
                                  0x1ff897ffde05980f,
                                  0xef2f118b5a0a6d1f,
                                  0x6d367ecf27cb09b7,
                                  0x4f463f669e5fea2d,
                                  0x7527bac7ebe5f17b,
                                  0x3d0739f78a5292ea,
                                  0x6bfb5fb11f8d5d08,
                                  0x56033046fc7b6bab};

/// x = quadrant * pi/2 + rest
struct Reduced {
  Num rest;
  Int quadrant;
};

Reduced reduceSmall(Num x) {
  Num k = nearest(x * 0.63661977236758134308);
  auto parts = x.m->isDouble
                   ? std::array<double, 3>{kHalfPi, kHalfPiLow, -1.4973849048591698e-33}
                   : std::array<double, 3>{1.5707963705062866, -4.371138828673793e-08, -1.7151245100058819e-15};
  Num r = x;
  for (double part : parts)
    r = fma(k, -part, r);
  return {r, toInt(k)};
}

/// The product with 2/pi modulo 4, as an integer and a fraction in two words.
Reduced reduceLarge(Num x) {
  MathBuilder &m = *x.m;
  MathBuilder wide(m.b, m.loc, m.b.getF64Type());
  auto widen = [&](Int i) -> Int {
    return m.isDouble ? i : Int{&wide, arith::ExtUIOp::create(m.b, m.loc, wide.intType, i.v)};
  };
  Int word = bits(abs(x));
  unsigned mantissa = m.mantissaBits();
  Int significand = widen((word & ((int64_t(1) << mantissa) - 1)) | (int64_t(1) << mantissa));
  significand.m = &wide;
  Int offset = widen(shiftLogical(word, mantissa)) - (m.bias() + int64_t(mantissa) - 62);
  offset.m = &wide;
  // Of |x| * 2/pi, bits with a weight above 2 do not matter: three words from there are multiplied with the mantissa.
  Int index = shiftLogical(offset, 6), shift = offset & 63;
  int64_t last = m.isDouble ? 16 : 2;
  SmallVector<Bool> isIndex;
  for (int64_t i = 0; i < last; ++i)
    isIndex.push_back(index == i);
  auto bitsAt = [&](int64_t i) -> Int {
    Int chosen = integer(wide, int64_t(twoOverPi[last + i]));
    for (int64_t j = 0; j < last; ++j)
      chosen = select(isIndex[j], integer(wide, int64_t(twoOverPi[j + i])), chosen);
    return chosen;
  };
  Int words[4] = {bitsAt(0), bitsAt(1), bitsAt(2), bitsAt(3)};
  auto shifted = [&](int i) -> Int {
    Int left = make<arith::ShLIOp>(words[i], shift.v), right = shiftLogical(words[i + 1], 1);
    return left | make<arith::ShRUIOp>(right, (integer(wide, 63) - shift).v);
  };
  auto product = [&](Int a, Int b) -> std::pair<Int, Int> { // low, high
    auto both = arith::MulUIExtendedOp::create(m.b, m.loc, a.v, b.v);
    return {Int{&wide, both.getLow()}, Int{&wide, both.getHigh()}};
  };
  auto [low1, high1] = product(significand, shifted(1));
  Int carried = product(significand, shifted(2)).second;
  Int low = low1 + carried;
  Bool carry = compare(arith::CmpIPredicate::ult, low, carried);
  Int high = significand * shifted(0) + high1 + select(carry, integer(wide, 1), integer(wide, 0));
  // Two bits of quadrant; the fraction is taken from -1/2 to 1/2.
  Int quadrant = shiftLogical(high + (int64_t(1) << 61), 62);
  Int fraction = (high << 2) | shiftLogical(low, 62), below = low << 2;
  Num upper = toNum(fraction);
  Num lower = toNum(fraction - toInt(upper)) + fma(toNum(shiftLogical(below, 1)), 0x1p-63, 0);
  Num p = upper * (kHalfPi * 0x1p-64);
  Num rest = fma(upper, kHalfPi * 0x1p-64, -p) + fma(upper, kHalfPiLow * 0x1p-64, lower * (kHalfPi * 0x1p-64));
  rest = p + rest;
  Bool negative = signBit(x);
  Num narrow{&m, m.isDouble ? rest.v : arith::TruncFOp::create(m.b, m.loc, m.type, rest.v).getResult()};
  Int turns{&m, m.isDouble ? quadrant.v : arith::TruncIOp::create(m.b, m.loc, m.intType, quadrant.v).getResult()};
  return {select(negative, -narrow, narrow), select(negative, integer(m, 0) - turns, turns)};
}

Reduced reduceAny(Num x) {
  MathBuilder &m = *x.m;
  Bool small = abs(x) < sinCosBound(m);
  auto branch = scf::IfOp::create(m.b, m.loc, TypeRange{m.type, m.intType}, small.v, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(m.b);
  for (bool then : {true, false}) {
    m.b.setInsertionPointToStart(then ? branch.thenBlock() : branch.elseBlock());
    Reduced reduced = then ? reduceSmall(x) : reduceLarge(x);
    scf::YieldOp::create(m.b, m.loc, ValueRange{reduced.rest.v, reduced.quadrant.v});
  }
  return {Num{&m, branch.getResult(0)}, Int{&m, branch.getResult(1)}};
}

/// atan(a) for 0 <= a <= 1
Num atanUnit(Num a) {
  Num z = a * a;
  return fma(a * z, polynomial(z, a.m->isDouble ? ArrayRef<double>(atanD) : ArrayRef<double>(atanF)), a);
}

/// asin(a) for |a| <= 1/2
Num asinHalf(Num a) {
  Num z = a * a;
  return fma(a * z, polynomial(z, a.m->isDouble ? ArrayRef<double>(asinD) : ArrayRef<double>(asinF)), a);
}

double halfPi(MathBuilder &m) { return m.pick(float(kHalfPi), kHalfPi); }
double halfPiLow(MathBuilder &m) { return m.pick(kHalfPi - float(kHalfPi), kHalfPiLow); }
} // namespace

/// Of the rest and the quadrant of x.
static std::pair<Num, Num> sinCosReduced(Num x, Reduced reduced) {
  MathBuilder &m = *x.m;
  auto [r, q] = reduced;
  Num z = r * r;
  Num sine = fma(r * z, polynomial(z, m.isDouble ? ArrayRef<double>(sinD) : ArrayRef<double>(sinF)), r);
  // 1 - z/2 loses bits that the second step brings back.
  Num half = 0.5 * z, first = 1 - half;
  Num cosine = first + fma(z * z, polynomial(z, m.isDouble ? ArrayRef<double>(cosD) : ArrayRef<double>(cosF)),
                           (1 - first) - half);
  Bool swap = (q & 1) != 0;
  Num s = select(swap, cosine, sine), c = select(swap, sine, cosine);
  s = select((q & 2) != 0, -s, s);
  c = select(((q + 1) & 2) != 0, -c, c);
  Bool finite = abs(x) < number(m, kInfinity);
  s = select(x == 0, x, s);
  return {select(finite, s, kNaN), select(finite, c, kNaN)};
}

std::pair<Num, Num> sinCos(Num x) { return sinCosReduced(x, reduceAny(x)); }

std::pair<Num, Num> sinCosBounded(Num x) { return sinCosReduced(x, reduceSmall(x)); }

double sinCosBound(MathBuilder &m) { return m.pick(1e5, 0x1p30); }

Num tan(Num x) {
  auto [s, c] = sinCos(x);
  return s / c;
}

Num asin(Num x) {
  MathBuilder &m = *x.m;
  Num a = abs(x), root = sqrt(0.5 - 0.5 * a);
  Num large = halfPi(m) - (2 * asinHalf(root) - halfPiLow(m));
  return copySign(select(a <= 0.5, asinHalf(a), large), x);
}

Num acos(Num x) {
  MathBuilder &m = *x.m;
  Num a = abs(x), root = asinHalf(sqrt(0.5 - 0.5 * a));
  Num large = select(signBit(x), 2 * (halfPi(m) - (root - halfPiLow(m))), 2 * root);
  return select(a <= 0.5, halfPi(m) - (asinHalf(x) - halfPiLow(m)), large);
}

Num atan(Num x) {
  MathBuilder &m = *x.m;
  Num a = abs(x);
  Bool large = a > 1;
  Num r = atanUnit(select(large, 1.0 / a, a));
  return copySign(select(large, halfPi(m) - (r - halfPiLow(m)), r), x);
}

Num atan2(Num y, Num x) {
  MathBuilder &m = *x.m;
  Num a = abs(x), b = abs(y);
  Bool steep = b > a;
  Num least = select(steep, a, b), most = select(steep, b, a);
  Num ratio = least / most;
  ratio = select(most == 0, 0, ratio);
  ratio = select((a == kInfinity) & (b == kInfinity), 1, ratio);
  Num r = atanUnit(ratio);
  r = select(steep, halfPi(m) - (r - halfPiLow(m)), r);
  r = select(signBit(x), 2 * halfPi(m) - (r - 2 * halfPiLow(m)), r);
  return select(isNaN(x) | isNaN(y), x + y, copySign(r, y));
}

} // namespace mlir::aic::functions
