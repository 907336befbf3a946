// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// f32 and f64 arithmetic and the approximate functions. .ftz flushes operands and results; directed rounding sets the
// host's rounding mode around the loop.
#include "Exec.h"
#include "Half.h"
#include <cfenv>

namespace aic::ptx {

namespace {

template <class T> inline T quiet() { return sizeof(T) == 4 ? T(bitcast<float>(uint32_t(0x7fffffff))) : T(NAN); }
template <class T> inline T saturate(T v) { return v > T(0) ? (v < T(1) ? v : T(1)) : T(0); } // NaN gives 0

struct FAddOp {
  template <class T> T operator()(T a, T b) const { return a + b; }
};
struct FSubOp {
  template <class T> T operator()(T a, T b) const { return a - b; }
};
struct FMulOp {
  template <class T> T operator()(T a, T b) const { return a * b; }
};
struct FDivOp {
  template <class T> T operator()(T a, T b) const { return a / b; }
};
struct FmaOp {
  float operator()(float a, float b, float c) const { return __builtin_fmaf(a, b, c); }
  double operator()(double a, double b, double c) const { return __builtin_fma(a, b, c); }
};
struct RcpOp {
  template <class T> T operator()(T a) const { return T(1) / a; }
};
struct SqrtOp {
  float operator()(float a) const { return __builtin_sqrtf(a); }
  double operator()(double a) const { return __builtin_sqrt(a); }
};
struct RsqrtOp {
  float operator()(float a) const { return float(1.0 / std::sqrt(double(a))); }
  double operator()(double a) const { return 1.0 / std::sqrt(a); }
};
struct FNegOp {
  template <class T> T operator()(T a) const { return -a; }
};
struct FAbsOp {
  template <class T> T operator()(T a) const { return std::fabs(a); }
};
/// Without .NaN the number wins over a NaN; -0 is less than +0.
struct FMinOp {
  template <class T> T operator()(T a, T b) const {
    if (a == b)
      return std::signbit(a) ? a : b;
    return a < b || b != b ? a : b == b && a != a ? b : b;
  }
};
struct FMaxOp {
  template <class T> T operator()(T a, T b) const {
    if (a == b)
      return std::signbit(a) ? b : a;
    return a > b || b != b ? a : b;
  }
};
template <class Op> struct WithNaN {
  template <class T> T operator()(T a, T b) const { return a != a || b != b ? quiet<T>() : Op()(a, b); }
};
template <class Op> struct Thrice {
  template <class T> T operator()(T a, T b, T c) const { return Op()(Op()(a, b), c); }
};
template <class Op, bool NaN> struct XorSignAbs {
  template <class T> T operator()(T a, T b) const {
    T x = std::fabs(a), y = std::fabs(b);
    T r = NaN && (x != x || y != y) ? quiet<T>() : Op()(x, y);
    return std::copysign(r, std::signbit(a) != std::signbit(b) ? T(-1) : T(1));
  }
};
struct CopysignOp { // the sign of the first operand
  template <class T> T operator()(T a, T b) const { return std::copysign(b, a); }
};
struct SinOp {
  float operator()(float a) const { return float(std::sin(double(a))); }
};
struct CosOp {
  float operator()(float a) const { return float(std::cos(double(a))); }
};
struct Lg2Op {
  float operator()(float a) const { return float(std::log2(double(a))); }
};
struct Ex2Op {
  float operator()(float a) const { return exp2f(a); }
};
struct TanhOp {
  float operator()(float a) const { return float(std::tanh(double(a))); }
};

template <class Op, bool Ftz, bool Sat> struct Modified {
  template <class T> static T in(T v) { return Ftz ? flush(v) : v; }
  template <class T> static T out(T v) {
    v = Ftz ? flush(v) : v;
    return Sat ? saturate(v) : v;
  }
  template <class T> T operator()(T a) const { return out(T(Op()(in(a)))); }
  template <class T> T operator()(T a, T b) const { return out(T(Op()(in(a), in(b)))); }
  template <class T> T operator()(T a, T b, T c) const { return out(T(Op()(in(a), in(b), in(c)))); }
};

/// Two f32 in a register of 64 bits.
template <class Op> struct Paired {
  template <class... T> uint64_t operator()(T... v) const {
    float low = Op()(bitcast<float>(uint32_t(v))...), high = Op()(bitcast<float>(uint32_t(v >> 32))...);
    return uint64_t(bitcast<uint32_t>(high)) << 32 | bitcast<uint32_t>(low);
  }
};

template <class Op> Handler pick1(Selection &s) {
  if (s.type() == Type::F64)
    return run1<double, double, Op>;
  bool ftz = s.has("ftz");
  return ftz ? run1<float, float, Modified<Op, true, false>> : run1<float, float, Op>;
}
template <class Op> Handler pick2(Selection &s) {
  if (s.type() == Type::F64)
    return run2<double, double, double, Op>;
  if (s.type() == Type::F32x2)
    return s.has("ftz") ? run2<uint64_t, uint64_t, uint64_t, Paired<Modified<Op, true, false>>>
                        : run2<uint64_t, uint64_t, uint64_t, Paired<Op>>;
  bool ftz = s.has("ftz"), sat = s.has("sat");
  return ftz ? (sat ? run2<float, float, float, Modified<Op, true, true>>
                    : run2<float, float, float, Modified<Op, true, false>>)
             : (sat ? run2<float, float, float, Modified<Op, false, true>> : run2<float, float, float, Op>);
}
template <class Op> Handler pick3(Selection &s) {
  if (s.type() == Type::F64)
    return run3<double, double, double, double, Op>;
  if (s.type() == Type::F32x2)
    return s.has("ftz") ? run3<uint64_t, uint64_t, uint64_t, uint64_t, Paired<Modified<Op, true, false>>>
                        : run3<uint64_t, uint64_t, uint64_t, uint64_t, Paired<Op>>;
  bool ftz = s.has("ftz"), sat = s.has("sat");
  return ftz ? (sat ? run3<float, float, float, float, Modified<Op, true, true>>
                    : run3<float, float, float, float, Modified<Op, true, false>>)
             : (sat ? run3<float, float, float, float, Modified<Op, false, true>>
                    : run3<float, float, float, float, Op>);
}

// Sources of 16 bits, one of them or the addend in f32.
struct HalfToFloat {
  static float wide(uint16_t v) { return halfToFloat(v); }
};
struct BfloatToFloat {
  static float wide(uint16_t v) { return bfloatToFloat(v); }
};
template <class From, class Op, bool Sat> struct MixedOp {
  float out(float v) const { return Sat ? saturate(v) : v; }
  float operator()(uint16_t a, float c) const { return out(Op()(From::wide(a), c)); }
  float operator()(uint16_t a, uint16_t b, float c) const { return out(Op()(From::wide(a), From::wide(b), c)); }
};
template <class From> Handler pickMixed(Selection &s) {
  bool sat = s.has("sat");
  if (s.inst.opcode == "fma")
    return sat ? run3<float, uint16_t, uint16_t, float, MixedOp<From, FmaOp, true>>
               : run3<float, uint16_t, uint16_t, float, MixedOp<From, FmaOp, false>>;
  if (s.inst.opcode == "add")
    return sat ? run2<float, uint16_t, float, MixedOp<From, FAddOp, true>>
               : run2<float, uint16_t, float, MixedOp<From, FAddOp, false>>;
  return sat ? run2<float, uint16_t, float, MixedOp<From, FSubOp, true>>
             : run2<float, uint16_t, float, MixedOp<From, FSubOp, false>>;
}

#if defined(__x86_64__)
/// The hot one: without this attribute an FMA is a library call a lane.
__attribute__((target("avx2,fma"))) void runFmaFast(Warp &w, const Inst &i) {
  const float *a = lanesOf<float>(w, i.op[1]), *b = lanesOf<float>(w, i.op[2]), *c = lanesOf<float>(w, i.op[3]);
  float t[32];
  for (unsigned l = 0; l < 32; ++l)
    t[l] = __builtin_fmaf(a[l], b[l], c[l]);
  float *d = lanesOf<float>(w, i.op[0]);
  uint32_t defined = w.defined[i.op[1].index] & w.defined[i.op[2].index] & w.defined[i.op[3].index];
  uint32_t mask = w.mask;
  define(w, i.op[0], mask, defined);
  if (mask == ~0u) {
    memcpy(d, t, sizeof t);
    return;
  }
  for (uint32_t m = mask; m; m &= m - 1) {
    unsigned l = unsigned(__builtin_ctz(m));
    d[l] = t[l];
  }
}
#endif

int roundingMode(const Selection &s) {
  return s.has("rz") ? FE_TOWARDZERO : s.has("rm") ? FE_DOWNWARD : s.has("rp") ? FE_UPWARD : FE_TONEAREST;
}

/// The handler that does the work under another rounding mode stands in imm2; the mode in target. Handlers read their
/// operands from memory, so no computation moves across the calls.
void runRounded(Warp &w, const Inst &i) {
  int before = fegetround();
  fesetround(int(i.target));
  reinterpret_cast<Handler>(i.imm2)(w, i);
  fesetround(before);
}
void applyRounding(Selection &s) {
  int mode = roundingMode(s);
  if (mode == FE_TONEAREST)
    return;
  s.out.imm2 = reinterpret_cast<int64_t>(s.out.run);
  s.out.target = uint32_t(mode);
  s.out.run = runRounded;
}

/// The documented error of an approximate function at its worst: results are moved by imm3 ulp, up and down by lane.
void runWorst(Warp &w, const Inst &i) {
  reinterpret_cast<Handler>(i.imm2)(w, i);
  if (!w.engine->options.worstApprox)
    return;
  uint32_t *d = lanesOf<uint32_t>(w, i.op[0]);
  forLanes(w.mask, [&](unsigned l) {
    uint32_t a = d[l] & 0x7fffffff;
    if (!a || a >= 0x7f800000 || a < 0x00800000 + uint32_t(i.imm3))
      return;
    uint32_t moved = (l + w.at) & 1 ? a + uint32_t(i.imm3) : a - uint32_t(i.imm3);
    if (moved < 0x7f800000)
      d[l] = (d[l] & 0x80000000) | moved;
  });
}
void approximate(Selection &s, unsigned ulps) {
  if (s.type() != Type::F32)
    return;
  s.out.imm2 = reinterpret_cast<int64_t>(s.out.run);
  s.out.imm3 = ulps;
  s.out.run = runWorst;
}

} // namespace

void selectFAdd(Selection &s) {
  s.out.run = pick2<FAddOp>(s);
  applyRounding(s);
}
void selectFSub(Selection &s) {
  s.out.run = pick2<FSubOp>(s);
  applyRounding(s);
}
void selectFMul(Selection &s) {
  s.out.run = pick2<FMulOp>(s);
  applyRounding(s);
}
void selectFma(Selection &s) {
  s.out.run = pick3<FmaOp>(s);
#if defined(__x86_64__)
  bool plain = s.type() == Type::F32 && !s.has("ftz") && !s.has("sat");
  if (plain && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    s.out.run = runFmaFast;
#endif
  applyRounding(s);
}
void selectFDiv(Selection &s) {
  s.out.run = pick2<FDivOp>(s);
  if (s.has("approx") || s.has("full"))
    approximate(s, 2);
  else
    applyRounding(s);
}
void selectRcp(Selection &s) {
  s.out.run = pick1<RcpOp>(s);
  if (s.has("approx"))
    approximate(s, 1);
  else
    applyRounding(s);
}
void selectSqrt(Selection &s) {
  s.out.run = pick1<SqrtOp>(s);
  if (s.has("approx"))
    approximate(s, 2);
  else
    applyRounding(s);
}
void selectRsqrt(Selection &s) {
  s.out.run = pick1<RsqrtOp>(s);
  approximate(s, 2);
}
void selectApprox(Selection &s) {
  const std::string &o = s.inst.opcode;
  if (o == "ex2") {
    s.out.run = pick1<Ex2Op>(s);
    approximate(s, 2);
  } else if (o == "lg2") {
    s.out.run = pick1<Lg2Op>(s);
    approximate(s, 4);
  } else if (o == "tanh") {
    s.out.run = pick1<TanhOp>(s);
    approximate(s, 1u << 12); // 2^-11 relative
  } else {
    s.out.run = o == "sin" ? pick1<SinOp>(s) : pick1<CosOp>(s);
    approximate(s, 16);
  }
}
void selectFNeg(Selection &s) { s.out.run = pick1<FNegOp>(s); }
void selectFAbs(Selection &s) { s.out.run = pick1<FAbsOp>(s); }
template <class Op> static void selectExtreme(Selection &s) {
  bool nan = s.has("NaN");
  if (s.operand(3)) {
    if (s.module.sm < 100 || s.module.isaMajor * 10 + s.module.isaMinor < 88)
      s.error = "'" + s.inst.spelling() + "' with three sources needs .version 8.8 and .target sm_100";
    s.out.run = nan ? pick3<Thrice<WithNaN<Op>>>(s) : pick3<Thrice<Op>>(s);
    return;
  }
  s.out.run = s.has("xorsign") ? (nan ? pick2<XorSignAbs<Op, true>>(s) : pick2<XorSignAbs<Op, false>>(s))
              : nan            ? pick2<WithNaN<Op>>(s)
                               : pick2<Op>(s);
}
void selectFMin(Selection &s) { selectExtreme<FMinOp>(s); }
void selectFMax(Selection &s) { selectExtreme<FMaxOp>(s); }
void selectFMixed(Selection &s) {
  s.out.run = s.type(1) == Type::F16 ? pickMixed<HalfToFloat>(s) : pickMixed<BfloatToFloat>(s);
  applyRounding(s);
}
void selectCopysign(Selection &s) { s.out.run = pick2<CopysignOp>(s); }

template <class T> static void runTestp(Warp &w, const Inst &i) {
  const T *a = lanesOf<T>(w, i.op[1]);
  uint32_t bits = 0;
  forLanes(w.mask, [&](unsigned l) {
    int c = std::fpclassify(a[l]);
    bool r = i.imm3 == 0   ? c != FP_INFINITE && c != FP_NAN
             : i.imm3 == 1 ? c == FP_INFINITE
             : i.imm3 == 2 ? c != FP_NAN
             : i.imm3 == 3 ? c == FP_NAN
             : i.imm3 == 4 ? c == FP_NORMAL
                           : c == FP_SUBNORMAL;
    bits |= uint32_t(r) << l;
  });
  setPredicate(w, i.op[0], bits);
  define(w, i.op[0], w.mask, w.defined[i.op[1].index]);
}
void selectTestp(Selection &s) {
  static const char *const names[] = {"finite", "infinite", "number", "notanumber", "normal", "subnormal"};
  for (int k = 0; k < 6; ++k)
    if (s.has(names[k]))
      s.out.imm3 = k;
  s.out.run = s.type() == Type::F32 ? runTestp<float> : runTestp<double>;
}

} // namespace aic::ptx
