// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Exponential.cpp - Exponentials, logarithms, powers, errors ---------===//
#include "Coefficients.h"
#include "aic/Conversion/MathFunctions/MathFunctions.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

namespace mlir::aic::functions {
namespace {
using namespace coefficients;

constexpr double kLn2 = 0.69314718055994530942, kLog2E = 1.4426950408889634074;
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// A number as the sum of two, the second below half a unit of the first.
struct Pair {
  Num high, low;
};

/// A constant as a pair; the first part has as many bits as the type.
std::pair<double, double> split(MathBuilder &m, double high, double low) {
  if (m.isDouble)
    return {high, low};
  float rounded = float(high);
  return {rounded, double(float(high - rounded))};
}

Num call(Num x, StringRef intrinsic) {
  auto name = x.m->b.getStringAttr(intrinsic);
  return {x.m, LLVM::CallIntrinsicOp::create(x.m->b, x.m->loc, x.m->type, name, ValueRange{x.v}).getResult(0)};
}

/// 2^k for k of the normal range.
Num powerOfTwo(Int k) { return fromBits((k + k.m->bias()) << k.m->mantissaBits()); }

/// x * 2^k, rounded once.
Num scale(Num x, Int k) {
  Int half = k >> 1;
  return x * powerOfTwo(half) * powerOfTwo(k - half);
}

/// Bounds that leave NaN as it is.
Num clamp(Num x, double low, double high) {
  x = select(x < low, low, x);
  return select(x > high, high, x);
}

/// x = k ln2 + r
std::pair<Num, Num> reduce(Num x) {
  auto [high, low] = split(*x.m, kLn2, 2.3190468138462996e-17);
  Num k = nearest(x * kLog2E);
  return {k, fma(k, -low, fma(k, -high, x))};
}

Num expRest(Num r) { return polynomial(r, r.m->isDouble ? ArrayRef<double>(expD) : ArrayRef<double>(expF)); }

/// 2^(high + low) for |low| far below 1, without the hardware's approximation.
Num exp2(Pair x) {
  MathBuilder &m = *x.high.m;
  Num bounded = clamp(x.high, m.pick(-160, -1100), m.pick(160, 1100));
  Num k = nearest(bounded), r = (bounded - k) + x.low;
  Num value = fma(r, polynomial(r, m.isDouble ? ArrayRef<double>(exp2D) : ArrayRef<double>(exp2F)), 1);
  return scale(value, toInt(k));
}

/// x = 2^e (1 + f) with 1 + f in [sqrt(1/2), sqrt(2)), for positive finite x.
std::pair<Num, Num> decompose(Num x) {
  MathBuilder &m = *x.m;
  unsigned mantissa = m.mantissaBits();
  Bool tiny = x < m.pick(0x1p-126, 0x1p-1022);
  x = select(tiny, x * m.pick(0x1p24, 0x1p54), x);
  Int word = bits(x), e = (word - (m.isDouble ? 0x3fe6a09e667f3bcd : 0x3f3504f3)) >> mantissa;
  Num f = fromBits(word - (e << mantissa)) - 1;
  return {toNum(e) + select(tiny, m.pick(-24, -54), number(m, 0)), f};
}

/// The logarithm of 0, infinity and what has none.
Num fixLog(Num x, Num value) {
  value = select((x > 0) & (x < kInfinity), value, select(x == kInfinity, x, kNaN));
  return select(x == 0, -kInfinity, value);
}

/// ln(1 + f) - f
Num logRest(Num f) {
  if (!f.m->isDouble)
    return f * f * polynomial(f, logF);
  // With s = f / (2 + f): f - ln(1 + f) = f^2/2 - s (f^2/2 + rest).
  Num s = f / (f + 2), z = s * s, half = 0.5 * f * f;
  // artanhD belongs to ln = 2 s + s^3 P(z); 2 s = f - s f.
  return s * (half + z * polynomial(z, artanhD)) - half;
}

/// log2(x) of positive finite x to about twice the precision.
Pair log2Pair(Num x) {
  MathBuilder &m = *x.m;
  auto [e, f] = decompose(x);
  // s = f / (2 + f) in two parts; 2 + f is not exact.
  Num sum = f + 2, rest = f - (sum - 2);
  Num s = f / sum, low = fma(-s, sum, f);
  low = fma(-s, rest, low) / sum;
  Num z = s * s;
  Num tail = z * s * polynomial(z, m.isDouble ? ArrayRef<double>(artanhD) : ArrayRef<double>(artanhF));
  // ln(1 + f) = 2 s + (2 low + tail)
  Num high = 2 * s, small = fma(low, 2, tail);
  Num ln = high + small, lnLow = small - (ln - high);
  auto [c, cLow] = split(m, kLog2E, 2.0355273740931033e-17);
  Num p = ln * c, pLow = fma(ln, c, -p);
  pLow = fma(lnLow, c, fma(ln, cLow, pLow));
  // |e| > |p| unless e is 0.
  Num total = e + p, error = p - (total - e);
  return {total, select(e == 0, pLow, error + pLow)};
}
} // namespace

//===-- Exponentials and logarithms ---------------------------------------===//

Num exp(Num x) {
  MathBuilder &m = *x.m;
  if (!m.hasDeviceInstructions || m.isDouble) {
    auto [k, r] = reduce(clamp(x, m.pick(-110, -760), m.pick(90, 720)));
    return scale(fma(r * r, expRest(r), r) + 1, toInt(k));
  }
  // ex2 of the rounded product, corrected for what the rounding took.
  auto [c, cLow] = split(m, kLog2E, 0);
  Num bounded = clamp(x, -110, 90);
  Num t = bounded * c, rest = fma(bounded, cLow, fma(bounded, c, -t));
  return call(t, "llvm.nvvm.ex2.approx.f32") * fma(rest, kLn2, 1);
}

Num exp2(Num x) {
  if (x.m->hasDeviceInstructions && !x.m->isDouble)
    return call(x, "llvm.nvvm.ex2.approx.f32");
  return exp2(Pair{x, number(*x.m, 0)});
}

Num expm1(Num x) {
  MathBuilder &m = *x.m;
  auto [k, r] = reduce(clamp(x, m.pick(-90, -745), m.pick(90, 720)));
  Num p = fma(r * r, expRest(r), r); // e^r - 1
  // 2^k p + (2^k - 1); half of that, as 2^k itself may be too large.
  Num half = powerOfTwo(toInt(k) - 1);
  half = select(k < m.pick(-100, -1000), 0, half);
  Num value = 2 * fma(half, p, half - 0.5);
  value = select(k == 0, p, value);
  value = select(x > m.pick(88.8, 709.8), kInfinity, value);
  return select(x == 0, x, value);
}

Num log(Num x) {
  MathBuilder &m = *x.m;
  auto [e, f] = decompose(x);
  auto [high, low] = split(m, kLn2, 2.3190468138462996e-17);
  return fixLog(x, fma(e, high, f + fma(e, low, logRest(f))));
}

Num log2(Num x) {
  Pair value = log2Pair(x);
  return fixLog(x, value.high + value.low);
}

Num log10(Num x) {
  MathBuilder &m = *x.m;
  Pair value = log2Pair(x);
  auto [c, cLow] = split(m, 0.30102999566398119521, -2.8037281277851704e-18);
  Num p = value.high * c, rest = fma(value.high, c, -p);
  return fixLog(x, p + fma(value.low, c, fma(value.high, cLow, rest)));
}

Num log1p(Num x) {
  Num u = x + 1, lost = x - (u - 1);
  Num value = log(u) + lost / u;
  value = select((u == kInfinity) | (u == 0), log(u), value);
  return select(x == 0, x, value);
}

Num rsqrt(Num x) {
  if (!x.m->hasDeviceInstructions || x.m->isDouble)
    return 1.0 / sqrt(x);
  return call(x, "llvm.nvvm.rsqrt.approx.f");
}

Num cbrt(Num x) {
  MathBuilder &m = *x.m;
  Num a = abs(x);
  // Away from the ends of the range, by a power of eight.
  Bool tiny = a<m.pick(0x1p-100, 0x1p-960), huge = a> m.pick(0x1p100, 0x1p960);
  a = a * select(tiny, m.pick(0x1p48, 0x1p96), select(huge, m.pick(0x1p-48, 0x1p-96), number(m, 1)));
  // A guess good to a few per cent, a third of the exponent; then Halley's steps, each of which trebles the digits.
  double third = m.pick(0x1p23, 0x1p52) * (2.0 / 3) * (double(m.bias()) - 0.0476);
  Num y = fromBits(toInt(truncate(fma(toNum(bits(a)), 1.0 / 3, third))));
  for (int step = 0, steps = m.isDouble ? 3 : 2; step < steps; ++step) {
    Num cube = y * y * y;
    y = fma(y, (a - cube) / fma(cube, 2, a), y);
  }
  y = y * select(tiny, m.pick(0x1p-16, 0x1p-32), select(huge, m.pick(0x1p16, 0x1p32), number(m, 1)));
  return select((x == 0) | !(abs(x) < kInfinity), x, copySign(y, x));
}

Num pow(Num x, Num y) {
  MathBuilder &m = *x.m;
  Num a = abs(x), one = number(m, 1);
  Pair l = log2Pair(a);
  // Of 0 and infinity.
  Bool finite = (a > 0) & (a < kInfinity);
  Num high = select(finite, l.high, select(a == 0, -kInfinity, a)), low = select(finite, l.low, 0);
  Num p = y * high, rest = fma(y, low, fma(y, high, -p));
  rest = select(abs(p) < m.pick(1e4, 1e4), rest, 0); // beyond it is infinite or 0 anyway, or NaN
  Num value = exp2(Pair{p, rest});
  // Negative bases have powers of integers only.
  Num half = y * 0.5;
  Bool whole = truncate(y) == y, odd = whole & (truncate(half) != half);
  value = select(signBit(x) & odd, -value, value);
  value = select((x < 0) & !whole & (a < kInfinity), kNaN, value);
  value = select((a == 1) & (abs(y) == kInfinity), one, value);
  return select((y == 0) | (x == 1), one, value);
}

//===-- Hyperbolic functions ----------------------------------------------===//

Num tanh(Num x) {
  MathBuilder &m = *x.m;
  Num a = abs(x);
  if (m.isDouble) {
    Num t = expm1(select(a > 22, 22, a) * 2);
    return select(isNaN(x), x, copySign(t / (t + 2), x));
  }
  Num z = x * x, small = fma(x * z, polynomial(z, tanhF), x);
  // The quotient is at most 1, and 0 for an infinite sum.
  Num sum = exp(a * 2) + 1;
  Num large = fma(m.hasDeviceInstructions ? call(sum, "llvm.nvvm.rcp.approx.ftz.f") : 1.0 / sum, -2, 1);
  return copySign(select(a < 0.6, small, large), x);
}

Num sinh(Num x) {
  MathBuilder &m = *x.m;
  Num a = abs(x), t = expm1(a), half = exp(a * 0.5);
  Num value = select(a > m.pick(20, 40), half * 0.5 * half, 0.5 * (t + t / (t + 1)));
  return copySign(value, x);
}

Num cosh(Num x) {
  Num half = exp(abs(x) * 0.5);
  return half * 0.5 * half + 0.5 / (half * half);
}

Num asinh(Num x) {
  MathBuilder &m = *x.m;
  Num a = abs(x), square = a * a;
  Num value = select(a > m.pick(0x1p12, 0x1p28), log(a) + kLn2, log1p(a + square / (sqrt(square + 1) + 1)));
  return copySign(value, x);
}

Num acosh(Num x) {
  MathBuilder &m = *x.m;
  Num t = x - 1;
  Num value = select(x > m.pick(0x1p12, 0x1p28), log(x) + kLn2, log1p(t + sqrt(t * (t + 2))));
  return select(x >= 1, value, kNaN);
}

Num atanh(Num x) {
  Num a = abs(x);
  Num value = 0.5 * log1p(2 * a / (1 - a));
  return copySign(value, x);
}

//===-- The error function ------------------------------------------------===//

/// e^(-x^2), exact about the square.
static Num gauss(Num x) {
  Num square = x * x, rest = fma(x, x, -square);
  Num value = exp(-square);
  return fma(value, -rest, value);
}

static Num erfcTail(Num a) {
  MathBuilder &m = *a.m;
  Num t = (a - 3) / (a + 3);
  Num p = polynomial(t, m.isDouble ? ArrayRef<double>(erfcD) : ArrayRef<double>(erfcF));
  return gauss(a) * p / fma(a, 2, 1);
}

Num erf(Num x) {
  MathBuilder &m = *x.m;
  Num a = abs(x), z = x * x;
  Num small = x * polynomial(z, m.isDouble ? ArrayRef<double>(erfD) : ArrayRef<double>(erfF));
  Num bounded = select(a > m.pick(4, 6), m.pick(4, 6), a);
  Num large = m.isDouble ? 1 - erfcTail(bounded) : 1 - exp(-polynomial(bounded, erfTailF));
  large = select(isNaN(x), x, copySign(large, x));
  return select(a < 1, small, large);
}

Num erfc(Num x) {
  MathBuilder &m = *x.m;
  Num a = abs(x);
  Num small = 1 - x * polynomial(x * x, m.isDouble ? ArrayRef<double>(erfD) : ArrayRef<double>(erfF));
  double end = m.pick(10.3, 27.5);
  Num tail = erfcTail(select(a > end, end, a));
  tail = select(a > end, 0, tail);
  Num value = select(a < 1, small, select(x < 0, 2 - tail, tail));
  return select(isNaN(x), x, value);
}

} // namespace mlir::aic::functions
