// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// cvt in all its forms. The general one goes through a 64-bit integer or a double, whichever holds the source exactly.
#include "Exec.h"
#include "Half.h"
#include <cfenv>

namespace aic::ptx {

namespace {

enum Mode : uint32_t { ModeNone, Rn, Rz, Rm, Rp };

/// To nearest even, or as the mode says, independent of the host's rounding mode.
double roundInteger(double v, uint32_t mode) {
  switch (mode) {
  case Rz:
    return std::trunc(v);
  case Rm:
    return std::floor(v);
  case Rp:
    return std::ceil(v);
  default:
    return std::nearbyint(v);
  }
}

struct Conversion {
  Type to, from;
  uint32_t mode;
  bool integerMode, ftz, sat, relu;
};

float toFloat(double v, uint32_t mode) {
  float f = float(v);
  if (mode <= Rn || double(f) == v || v != v)
    return f;
  bool up = mode == Rp || (mode == Rz && v < 0), down = mode == Rm || (mode == Rz && v > 0);
  if (up && double(f) < v)
    return std::nextafter(f, INFINITY);
  if (down && double(f) > v)
    return std::nextafter(f, -INFINITY);
  return f;
}

uint64_t saturateInteger(double v, Type to, Type from) {
  unsigned bits = typeSize(to) * 8;
  if (v != v)
    return bits == 64 || from == Type::F64 ? uint64_t(1) << (bits - 1) : 0;
  if (isSigned(to)) {
    double top = std::ldexp(1.0, int(bits) - 1);
    if (v >= top)
      return (uint64_t(1) << (bits - 1)) - 1;
    if (v < -top)
      return uint64_t(0) - (uint64_t(1) << (bits - 1));
    return uint64_t(int64_t(v));
  }
  if (v <= 0)
    return 0;
  if (v >= std::ldexp(1.0, int(bits)))
    return bits == 64 ? ~uint64_t(0) : (uint64_t(1) << bits) - 1;
  return uint64_t(v);
}

Round roundOf(uint32_t mode) {
  return mode == Rz ? Round::Zero : mode == Rm ? Round::Down : mode == Rp ? Round::Up : Round::Nearest;
}

uint64_t fromDouble(double v, const Conversion &c) {
  switch (c.to) {
  case Type::F64:
    return bitcast<uint64_t>(v);
  case Type::F32: {
    float f = toFloat(v, c.mode);
    if (c.ftz)
      f = flush(f);
    return f != f ? 0x7fffffff : bitcast<uint32_t>(f);
  }
  case Type::F16:
  case Type::BF16: {
    // Through f32 rounded to odd, so that it is rounded once.
    float f = float(v);
    if (double(f) != v && v == v && std::isfinite(f)) {
      uint32_t u = bitcast<uint32_t>(f);
      if (std::fabs(double(f)) > std::fabs(v))
        --u;
      f = bitcast<float>(u | 1);
    }
    return c.to == Type::F16 ? floatToHalf(f, roundOf(c.mode)) : floatToBfloat(f, roundOf(c.mode));
  }
  default:
    return saturateInteger(roundInteger(v, c.mode), c.to, c.from);
  }
}

uint64_t convert(uint64_t bits, const Conversion &c) {
  unsigned fromBits = typeSize(c.from) * 8;
  if (!isFloat(c.from)) {
    bits = fromBits == 64 ? bits : bits & ((uint64_t(1) << fromBits) - 1);
    int64_t value =
        isSigned(c.from) && fromBits < 64 ? int64_t(bits << (64 - fromBits)) >> (64 - fromBits) : int64_t(bits);
    bool bigUnsigned = !isSigned(c.from) && value < 0;
    if (!isFloat(c.to)) {
      if (!c.sat)
        return uint64_t(value);
      unsigned toBits = typeSize(c.to) * 8;
      if (isSigned(c.to)) {
        int64_t top = toBits == 64 ? INT64_MAX : (int64_t(1) << (toBits - 1)) - 1;
        if (bigUnsigned || value > top)
          return uint64_t(top);
        return uint64_t(value < -top - 1 ? -top - 1 : value);
      }
      if (isSigned(c.from) && value < 0)
        return 0;
      uint64_t top = toBits == 64 ? ~uint64_t(0) : (uint64_t(1) << toBits) - 1;
      return uint64_t(value) > top ? top : uint64_t(value);
    }
    int before = fegetround();
    int mode = c.mode == Rz ? FE_TOWARDZERO : c.mode == Rm ? FE_DOWNWARD : c.mode == Rp ? FE_UPWARD : FE_TONEAREST;
    if (mode != FE_TONEAREST)
      fesetround(mode);
    volatile uint64_t opaque = uint64_t(value);
    uint64_t result;
    if (c.to == Type::F64) {
      double d = isSigned(c.from) ? double(int64_t(opaque)) : double(uint64_t(opaque));
      result = bitcast<uint64_t>(d);
    } else if (c.to == Type::F32) {
      float f = isSigned(c.from) ? float(int64_t(opaque)) : float(uint64_t(opaque));
      result = bitcast<uint32_t>(f);
    } else { // 64-bit integers beyond f16's range overflow before a double's rounding matters
      fesetround(before);
      double d = isSigned(c.from) ? double(int64_t(opaque)) : double(uint64_t(opaque));
      return fromDouble(d, c);
    }
    fesetround(before);
    if (c.sat) {
      double d = c.to == Type::F64 ? bitcast<double>(result) : double(bitcast<float>(uint32_t(result)));
      d = d > 0 ? (d < 1 ? d : 1) : 0;
      return fromDouble(d, c);
    }
    return result;
  }
  double v;
  switch (c.from) {
  case Type::F64:
    v = bitcast<double>(bits);
    break;
  case Type::F32: {
    float f = bitcast<float>(uint32_t(bits));
    v = c.ftz ? flush(f) : f;
    break;
  }
  case Type::F16:
    v = halfToFloat(uint16_t(bits));
    break;
  default:
    v = bfloatToFloat(uint16_t(bits));
    break;
  }
  if (!isFloat(c.to))
    return fromDouble(v, c);
  if (c.integerMode)
    v = roundInteger(v, c.mode);
  if (c.sat)
    v = v > 0 ? (v < 1 ? v : 1) : 0;
  uint64_t result = fromDouble(v, c);
  if (c.relu) {
    unsigned bitsTo = typeSize(c.to) * 8;
    if ((result >> (bitsTo - 1) & 1) && v == v)
      result = 0;
  }
  return result;
}

Conversion unpack(const Inst &i) {
  return {Type(i.target & 0xff), Type(i.target >> 8 & 0xff), uint32_t(i.imm2), i.flagA, i.flagB, i.flagC, i.signExtend};
}

uint64_t extend(uint64_t value, Type type, unsigned registerSize) {
  unsigned bits = typeSize(type) * 8;
  if (bits == 64 || registerSize * 8 <= bits)
    return value;
  return isSigned(type) ? uint64_t(int64_t(value << (64 - bits)) >> (64 - bits)) : value & ((uint64_t(1) << bits) - 1);
}

void runCvt(Warp &w, const Inst &i) {
  Conversion c = unpack(i);
  uint64_t t[32];
  forLanes(w.mask,
           [&](unsigned l) { t[l] = extend(convert(laneValue(w, i.op[1], i.opSize[1], l), c), c.to, i.opSize[0]); });
  define(w, i.op[0], w.mask, w.defined[i.op[1].index]);
  forLanes(w.mask, [&](unsigned l) { setLane(w, i.op[0], i.opSize[0], l, t[l]); });
}

struct WidenHalf {
  float operator()(uint16_t a) const { return halfToFloat(a); }
};

// The conversions that kernels are full of, with loops that vectorise.
template <class D, class S, class V> struct Extend {
  D operator()(S a) const { return D(V(a)); }
};

void runCvtPack(Warp &w, const Inst &i) {
  const float *a = lanesOf<float>(w, i.op[1]), *b = lanesOf<float>(w, i.op[2]);
  uint32_t t[32];
  Round round = Round(i.imm2);
  forLanes(w.mask, [&](unsigned l) {
    uint32_t high = i.flagA ? floatToBfloat(a[l], round, i.flagC) : floatToHalf(a[l], round, i.flagC);
    uint32_t low = i.flagA ? floatToBfloat(b[l], round, i.flagC) : floatToHalf(b[l], round, i.flagC);
    if (i.flagB) {
      high = (high & 0x8000) && a[l] == a[l] ? 0 : high;
      low = (low & 0x8000) && b[l] == b[l] ? 0 : low;
    }
    t[l] = high << 16 | low;
  });
  store(w, i.op[0], t, w.defined[i.op[1].index] & w.defined[i.op[2].index]);
}

void runCvtTf32(Warp &w, const Inst &i) {
  const float *a = lanesOf<float>(w, i.op[1]);
  uint32_t t[32];
  forLanes(w.mask, [&](unsigned l) {
    t[l] = i.imm2 == 2 ? bitcast<uint32_t>(a[l]) & ~uint32_t(0x1fff) : floatToTf32(a[l], i.imm2 == 0);
    if (i.flagB && (t[l] >> 31) && a[l] == a[l])
      t[l] = 0;
  });
  store(w, i.op[0], t, w.defined[i.op[1].index]);
}

/// flagA: e5m2; flagB: relu; flagC: from f16x2.
void runCvtFp8(Warp &w, const Inst &i) {
  uint16_t t[32];
  auto one = [&](float f) -> uint16_t {
    if (i.flagB && f < 0)
      f = 0;
    return i.flagA ? floatToE5m2(f) : floatToE4m3(f);
  };
  uint32_t defined = w.defined[i.op[1].index];
  if (i.flagC) {
    const uint32_t *a = lanesOf<uint32_t>(w, i.op[1]);
    forLanes(w.mask, [&](unsigned l) {
      t[l] = uint16_t(one(halfToFloat(uint16_t(a[l] >> 16))) << 8 | one(halfToFloat(uint16_t(a[l]))));
    });
  } else {
    const float *a = lanesOf<float>(w, i.op[1]), *b = lanesOf<float>(w, i.op[2]);
    forLanes(w.mask, [&](unsigned l) { t[l] = uint16_t(one(a[l]) << 8 | one(b[l])); });
    defined &= w.defined[i.op[2].index];
  }
  store(w, i.op[0], t, defined);
}

void runCvtFromFp8(Warp &w, const Inst &i) {
  const uint16_t *a = lanesOf<uint16_t>(w, i.op[1]);
  uint32_t t[32];
  auto one = [&](uint8_t v) -> uint32_t {
    uint16_t h = floatToHalf(i.flagA ? e5m2ToFloat(v) : e4m3ToFloat(v));
    return i.flagB && (h & 0x8000) && (h & 0x7fff) <= 0x7c00 ? 0 : h;
  };
  forLanes(w.mask, [&](unsigned l) { t[l] = one(uint8_t(a[l] >> 8)) << 16 | one(uint8_t(a[l])); });
  store(w, i.op[0], t, w.defined[i.op[1].index]);
}

void runCvtPackInt(Warp &w, const Inst &i) {
  const int32_t *a = lanesOf<int32_t>(w, i.op[1]), *b = lanesOf<int32_t>(w, i.op[2]);
  const uint32_t *c = i.flagB ? lanesOf<uint32_t>(w, i.op[3]) : nullptr;
  uint32_t t[32];
  unsigned bits = i.flagB ? 8 : 16;
  int32_t low = i.flagA ? -(1 << (bits - 1)) : 0, high = i.flagA ? (1 << (bits - 1)) - 1 : (1 << bits) - 1;
  auto clamp = [&](int32_t v) { return uint32_t(v < low ? low : v > high ? high : v) & ((1u << bits) - 1); };
  forLanes(w.mask, [&](unsigned l) { t[l] = clamp(a[l]) << bits | clamp(b[l]) | (c ? c[l] << 16 : 0); });
  store(w, i.op[0], t, w.defined[i.op[1].index] & w.defined[i.op[2].index] & (c ? w.defined[i.op[3].index] : ~0u));
}

} // namespace

void selectCvt(Selection &s) {
  Type to = s.type(0), from = s.type(1);
  static const char *const modes[] = {"rn", "rz", "rm", "rp"};
  bool rounded = false;
  for (int m = 0; m < 4; ++m) {
    if (s.has(modes[m]))
      s.out.imm2 = m + 1, rounded = true;
    if (s.has(std::string(modes[m]) + "i"))
      s.out.imm2 = m + 1, s.out.flagA = true;
  }
  bool toFloat = isFloat(to), fromFloat = isFloat(from);
  // Where rounding can happen it must be said; where it cannot it must not.
  bool needs =
      toFloat && (!fromFloat || typeSize(to) < typeSize(from) || (typeSize(to) == typeSize(from) && to != from));
  if (!toFloat && fromFloat && !s.out.flagA)
    s.error = "'" + s.inst.spelling() + "' expects a rounding such as .rzi";
  if (needs && !rounded)
    s.error = "'" + s.inst.spelling() + "' expects a rounding such as .rn";
  if (!toFloat && rounded)
    s.error = "'" + s.inst.spelling() + "': expected an integer rounding such as .rzi";
  s.out.flagB = s.has("ftz");
  s.out.flagC = s.has("sat");
  s.out.signExtend = s.has("relu");
  s.out.target = uint32_t(to) | uint32_t(from) << 8;
  s.out.run = runCvt;
  uint8_t d = s.out.opSize[0], a = s.out.opSize[1];
  if (toFloat || fromFloat || s.out.flagC) {
    if (to == Type::F32 && from == Type::F16 && d == 4 && a == 2 && !s.out.flagB && !s.out.flagC && !s.out.flagA)
      s.out.run = run1<float, uint16_t, WidenHalf>;
    return;
  }
  if (typeSize(from) == a && typeSize(to) == d) {
    bool sign = isSigned(from);
    if (d == 8 && a == 4)
      s.out.run = sign ? run1<uint64_t, uint32_t, Extend<int64_t, uint32_t, int32_t>>
                       : run1<uint64_t, uint32_t, Extend<uint64_t, uint32_t, uint32_t>>;
    else if (d == 4 && a == 8)
      s.out.run = run1<uint32_t, uint64_t, Extend<uint32_t, uint64_t, uint32_t>>;
    else if (d == 4 && a == 2)
      s.out.run = sign ? run1<uint32_t, uint16_t, Extend<int32_t, uint16_t, int16_t>>
                       : run1<uint32_t, uint16_t, Extend<uint32_t, uint16_t, uint16_t>>;
    else if (d == 2 && a == 4)
      s.out.run = run1<uint16_t, uint32_t, Extend<uint16_t, uint32_t, uint16_t>>;
  }
}
void selectCvtPack(Selection &s) {
  s.out.flagA = s.type() == Type::BF16x2;
  s.out.flagB = s.has("relu");
  s.out.flagC = s.has("satfinite");
  s.out.imm2 = int64_t(s.has("rz") ? Round::Zero : Round::Nearest);
  s.out.run = runCvtPack;
}
void selectCvtTf32(Selection &s) {
  s.out.imm2 = s.has("rna") ? 0 : s.has("rz") ? 2 : 1;
  s.out.flagB = s.has("relu");
  s.out.run = runCvtTf32;
}
void selectCvtFp8(Selection &s) {
  s.out.flagA = s.type() == Type::E5M2x2;
  s.out.flagB = s.has("relu");
  s.out.flagC = s.type(1) == Type::F16x2;
  s.out.run = runCvtFp8;
}
void selectCvtFromFp8(Selection &s) {
  s.out.flagA = s.type(1) == Type::E5M2x2;
  s.out.flagB = s.has("relu");
  s.out.run = runCvtFromFp8;
}
void selectCvtPackInt(Selection &s) {
  s.out.flagB = s.type() == Type::U8 || s.type() == Type::S8;
  s.out.flagA = isSigned(s.type());
  s.out.run = runCvtPackInt;
}

} // namespace aic::ptx
