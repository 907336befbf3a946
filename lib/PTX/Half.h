// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// f16, bf16, tf32 and the 8-bit floats as bits, converted by hand: the same on every host, without library calls.
#ifndef AIC_PTX_HALF_H
#define AIC_PTX_HALF_H

#include <cmath>
#include <cstdint>
#include <cstring>

namespace aic::ptx {

template <class To, class From> inline To bitcast(From from) {
  static_assert(sizeof(To) == sizeof(From), "sizes");
  To to;
  memcpy(&to, &from, sizeof to);
  return to;
}

inline float halfToFloat(uint16_t h) {
  uint32_t shifted = uint32_t(h & 0x7fff) << 13;
  // Scaling by 2^112 moves the exponent and normalises subnormals at once.
  uint32_t bits = bitcast<uint32_t>(bitcast<float>(shifted) * bitcast<float>(uint32_t(0x77800000)));
  bits = shifted >= 0x0f800000 ? shifted | 0x7f800000 : bits; // infinity, NaN
  return bitcast<float>(bits | uint32_t(h & 0x8000) << 16);
}

enum class Round : uint8_t { Nearest, Zero, Down, Up };

/// A finite or infinite float to a format of `mantissa` explicit bits and `exponent` bits; `sign` apart.
inline uint32_t narrow(float f, unsigned exponent, unsigned mantissa, Round round, bool overflowToMax) {
  uint32_t x = bitcast<uint32_t>(f), sign = x >> 31, a = x & 0x7fffffff;
  int bias = (1 << (exponent - 1)) - 1;
  int e = int(a >> 23) - 127 + bias;
  uint64_t m = (a & 0x7fffff) | (a >> 23 ? 0x800000 : 0);
  if (!(a >> 23))
    e += 1;
  int drop = 23 - int(mantissa);
  if (e <= 0) {
    drop += 1 - e;
    e = 0;
    if (drop > 40)
      drop = 40;
  } else if (!(a >> 23)) {
    e = 0; // no implicit bit, and as many exponents as f32 has
  } else {
    m &= 0x7fffff;
  }
  uint64_t kept = m >> drop, rest = m & ((uint64_t(1) << drop) - 1), half = uint64_t(1) << (drop - 1);
  bool up = round == Round::Nearest ? rest > half || (rest == half && (kept & 1))
            : round == Round::Up    ? rest && !sign
            : round == Round::Down  ? rest && sign
                                    : false;
  uint64_t result = (uint64_t(e) << mantissa) + kept + up;
  uint64_t infinity = ((uint64_t(1) << exponent) - 1) << mantissa;
  if (result >= infinity) {
    bool toMax =
        overflowToMax || round == Round::Zero || (round == Round::Up && sign) || (round == Round::Down && !sign);
    result = a == 0x7f800000 && !overflowToMax ? infinity : toMax ? infinity - 1 : infinity;
  }
  return uint32_t(result) | sign << (exponent + mantissa);
}

inline uint16_t floatToHalf(float f, Round round = Round::Nearest, bool satfinite = false) {
  if (f != f)
    return 0x7fff;
  return uint16_t(narrow(f, 5, 10, round, satfinite));
}

inline float bfloatToFloat(uint16_t h) { return bitcast<float>(uint32_t(h) << 16); }

inline uint16_t floatToBfloat(float f, Round round = Round::Nearest, bool satfinite = false) {
  if (f != f)
    return 0x7fff;
  if (round == Round::Nearest && !satfinite) {
    uint32_t u = bitcast<uint32_t>(f);
    return uint16_t((u + 0x7fff + ((u >> 16) & 1)) >> 16);
  }
  return uint16_t(narrow(f, 8, 7, round, satfinite));
}

/// tf32 keeps 10 bits of the mantissa.
inline uint32_t floatToTf32(float f, bool nearestAway) {
  uint32_t u = bitcast<uint32_t>(f);
  if ((u & 0x7fffffff) >= 0x7f800000)
    return f != f ? 0x7fffffff : u;
  uint32_t add = nearestAway ? 0x1000 : 0xfff + ((u >> 13) & 1);
  return (u + add) & ~uint32_t(0x1fff);
}
/// What the tensor cores see of a b32 register that holds a tf32 operand.
inline float tf32Operand(uint32_t u) { return bitcast<float>(u & ~uint32_t(0x1fff)); }

inline float e5m2ToFloat(uint8_t v) { return halfToFloat(uint16_t(v << 8)); }
inline float e4m3ToFloat(uint8_t v) {
  unsigned e = v >> 3 & 15, m = v & 7;
  float magnitude = e == 15 && m == 7 ? bitcast<float>(uint32_t(0x7fc00000))
                    : e               ? ldexpf(float(8 + m), int(e) - 10)
                                      : ldexpf(float(m), -9);
  return v & 0x80 ? -magnitude : magnitude;
}
inline uint8_t floatToE5m2(float f) {
  if (f != f)
    return 0x7f;
  return uint8_t(narrow(f, 5, 2, Round::Nearest, true));
}
inline uint8_t floatToE4m3(float f) {
  if (f != f)
    return 0x7f;
  uint8_t sign = std::signbit(f) ? 0x80 : 0;
  float a = std::fabs(f);
  if (a > 448.0f)
    return sign | 0x7e;
  // The format has no infinity: round in a wider exponent, then shift.
  int e;
  if (a == 0)
    return sign;
  frexpf(a, &e);
  int scale = e - 1 < -6 ? -9 : e - 1 - 3;
  float q = nearbyintf(ldexpf(a, -scale)); // 8..16 for normals
  float rounded = ldexpf(q, scale);
  if (rounded > 448.0f)
    return sign | 0x7e;
  if (rounded < ldexpf(1, -6))
    return sign | uint8_t(ldexpf(rounded, 9));
  frexpf(rounded, &e);
  return uint8_t(sign | ((e - 1 + 7) << 3) | (unsigned(ldexpf(rounded, 4 - e)) & 7));
}

inline float flush(float f) {
  uint32_t u = bitcast<uint32_t>(f);
  return (u & 0x7f800000) ? f : bitcast<float>(u & 0x80000000);
}
inline double flush(double f) { return f; }

} // namespace aic::ptx

#endif // AIC_PTX_HALF_H
