// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// f16 and bf16 arithmetic, single and in pairs: computed in f32 (fma: in f64) and rounded once.
#include "Exec.h"
#include "Half.h"

namespace aic::ptx {

namespace {

struct Half {
  static float wide(uint16_t v) { return halfToFloat(v); }
  static uint16_t narrow(double v) { return roundOnce(v); }
  static uint16_t flushed(uint16_t v) { return (v & 0x7c00) ? v : v & 0x8000; }
  static const uint16_t one = 0x3c00;

private:
  /// double -> f16 without rounding twice: to odd in f32, then to nearest.
  static uint16_t roundOnce(double v) {
    float f = float(v);
    if (double(f) != v && v == v && std::isfinite(f)) {
      uint32_t u = bitcast<uint32_t>(f);
      bool away = std::fabs(double(f)) > std::fabs(v);
      if (away)
        --u;
      f = bitcast<float>(u | 1);
    }
    return floatToHalf(f);
  }
};
struct Bfloat {
  static float wide(uint16_t v) { return bfloatToFloat(v); }
  static uint16_t narrow(double v) {
    float f = float(v);
    if (double(f) != v && v == v && std::isfinite(f)) {
      uint32_t u = bitcast<uint32_t>(f);
      if (std::fabs(double(f)) > std::fabs(v))
        --u;
      f = bitcast<float>(u | 1);
    }
    return floatToBfloat(f);
  }
  static uint16_t flushed(uint16_t v) { return (v & 0x7f80) ? v : v & 0x8000; }
  static const uint16_t one = 0x3f80;
};

enum Kind : int64_t { KAdd, KSub, KMul, KFma, KNeg, KAbs, KMin, KMax, KEx2, KTanh };
enum Modifier : uint32_t { MFtz = 1, MSat = 2, MRelu = 4, MNaN = 8, MXorSign = 16 };

template <class F> uint16_t compute(int64_t kind, uint32_t modifiers, uint16_t a, uint16_t b, uint16_t c) {
  if (kind == KNeg)
    return modifiers & MFtz ? F::flushed(a) ^ 0x8000 : a ^ 0x8000;
  if (kind == KAbs)
    return (modifiers & MFtz ? F::flushed(a) : a) & 0x7fff;
  if (modifiers & MFtz)
    a = F::flushed(a), b = F::flushed(b), c = F::flushed(c);
  double x = F::wide(a), y = F::wide(b), z = F::wide(c), r = 0;
  uint16_t out;
  if (kind == KMin || kind == KMax) {
    if (modifiers & MXorSign)
      x = std::fabs(x), y = std::fabs(y);
    if (x != x || y != y)
      r = (modifiers & MNaN) || (x != x && y != y) ? NAN : x != x ? y : x;
    else if (x == y)
      r = (std::signbit(x) == (kind == KMin)) ? x : y;
    else
      r = (x < y) == (kind == KMin) ? x : y;
    if (modifiers & MXorSign)
      r = std::copysign(r, ((a ^ b) & 0x8000) ? -1.0 : 1.0);
    out = F::narrow(r);
  } else {
    switch (kind) {
    case KAdd:
      r = x + y;
      break;
    case KSub:
      r = x - y;
      break;
    case KMul:
      r = x * y;
      break;
    case KFma:
      // The product is exact in a double; the sum may round, which roundOnce's odd bit cannot see for exponents more
      // than 53 bits apart: there the smaller addend only breaks ties.
      r = __builtin_fma(x, y, z);
      break;
    case KEx2:
      r = std::exp2(x);
      break;
    default:
      r = std::tanh(x);
      break;
    }
    out = F::narrow(r);
  }
  if (modifiers & MFtz)
    out = F::flushed(out);
  bool nan = F::wide(out) != F::wide(out);
  if (modifiers & MSat)
    out = nan || (out & 0x8000) ? 0 : out > F::one ? F::one : out;
  if ((modifiers & MRelu) && !nan && (out & 0x8000))
    out = 0;
  return out;
}

/// imm3: kind; target: modifiers; imm2: number of sources.
template <class F, bool Pair> void runHalf(Warp &w, const Inst &i) {
  using R = std::conditional_t<Pair, uint32_t, uint16_t>;
  const R *a = lanesOf<R>(w, i.op[1]), *b = i.imm2 > 1 ? lanesOf<R>(w, i.op[2]) : a,
          *c = i.imm2 > 2 ? lanesOf<R>(w, i.op[3]) : a;
  R t[32];
  forLanes(w.mask, [&](unsigned l) {
    t[l] = compute<F>(i.imm3, i.target, uint16_t(a[l]), uint16_t(b[l]), uint16_t(c[l]));
    if constexpr (Pair)
      t[l] |= uint32_t(compute<F>(i.imm3, i.target, uint16_t(a[l] >> 16), uint16_t(b[l] >> 16), uint16_t(c[l] >> 16)))
              << 16;
  });
  uint32_t defined = w.defined[i.op[1].index];
  if (i.imm2 > 1)
    defined &= w.defined[i.op[2].index];
  if (i.imm2 > 2)
    defined &= w.defined[i.op[3].index];
  store(w, i.op[0], t, defined);
}

void pick(Selection &s, Kind kind, int sources) {
  s.out.imm3 = kind;
  s.out.imm2 = sources;
  s.out.target = (s.has("ftz") ? MFtz : 0) | (s.has("sat") ? MSat : 0) | (s.has("relu") ? MRelu : 0) |
                 (s.has("NaN") ? MNaN : 0) | (s.has("xorsign") ? MXorSign : 0);
  switch (s.type()) {
  case Type::F16:
    s.out.run = runHalf<Half, false>;
    break;
  case Type::F16x2:
    s.out.run = runHalf<Half, true>;
    break;
  case Type::BF16:
    s.out.run = runHalf<Bfloat, false>;
    break;
  default:
    s.out.run = runHalf<Bfloat, true>;
    break;
  }
}

} // namespace

void selectHAdd(Selection &s) { pick(s, KAdd, 2); }
void selectHSub(Selection &s) { pick(s, KSub, 2); }
void selectHMul(Selection &s) { pick(s, KMul, 2); }
void selectHFma(Selection &s) { pick(s, KFma, 3); }
void selectHNeg(Selection &s) { pick(s, KNeg, 1); }
void selectHAbs(Selection &s) { pick(s, KAbs, 1); }
void selectHMin(Selection &s) { pick(s, KMin, 2); }
void selectHMax(Selection &s) { pick(s, KMax, 2); }
void selectHApprox(Selection &s) { pick(s, s.inst.opcode == "ex2" ? KEx2 : KTanh, 1); }

} // namespace aic::ptx
