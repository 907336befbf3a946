//===- Numerics.h - Arithmetic of the NPU, bit by bit -------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The normative definitions of conversions, roundings and transcendental functions (docs/NPU/Numerics.md has them as
// formulas, with their measured errors). Every f32 operation here is one IEEE operation rounded to nearest even: the
// library is compiled without contraction, and denormals are never flushed. A NaN result is always the canonical one
// (positive, quiet, no payload), so that results do not depend on the host.
//
// Everything is branch-free where it matters and always inlined, so that loops over it vectorise in the copies of a
// function that AIC_NPU_CLONES makes for wider vectors.
//
//===----------------------------------------------------------------------===//

#ifndef AIC_LIB_NPU_SIM_NUMERICS_H
#define AIC_LIB_NPU_SIM_NUMERICS_H

#include "aic/NPU/ISA/ISA.h"

#include <algorithm>
#include <cmath>
#include <cstring>

// One more copy of a function for AVX2, chosen when the program is loaded. Not under sanitizers, which are not ready
// when the choice is made.
#if defined(__x86_64__) && defined(__linux__) && defined(__clang__) && !__has_feature(address_sanitizer) &&            \
    !__has_feature(thread_sanitizer) && !__has_feature(memory_sanitizer)
#define AIC_NPU_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define AIC_NPU_CLONES
#endif
#define AIC_NPU_INLINE inline __attribute__((always_inline))

namespace aic::npu::sim {

template <typename To, typename From> AIC_NPU_INLINE To bitsAs(From value) {
  static_assert(sizeof(To) == sizeof(From));
  To result;
  std::memcpy(&result, &value, sizeof(result));
  return result;
}

constexpr uint32_t kNaN32 = 0x7fc00000;
constexpr uint16_t kNaN16 = 0x7e00, kNaNBF16 = 0x7fc0;

/// The canonical NaN for any NaN.
AIC_NPU_INLINE float canonical(float x) { return x != x ? bitsAs<float>(kNaN32) : x; }

AIC_NPU_INLINE float halfToFloat(uint16_t half) {
  uint32_t magnitude = uint32_t(half & 0x7fff) << 13, sign = uint32_t(half & 0x8000) << 16;
  // Moves the exponent's bias, exact for denormals too; all ones in the exponent stay so.
  uint32_t finite = bitsAs<uint32_t>(bitsAs<float>(magnitude) * 0x1p112f);
  uint32_t special = magnitude | 0x7f800000;
  return bitsAs<float>(((half & 0x7c00) == 0x7c00 ? special : finite) | sign);
}

AIC_NPU_INLINE uint16_t floatToHalf(float x) {
  uint32_t bits = bitsAs<uint32_t>(x), magnitude = bits & 0x7fffffff;
  uint32_t normal = (magnitude + 0xfff + ((magnitude >> 13) & 1) - (112u << 23)) >> 13;
  // Adding 0.5 brings the last place of an f16 denormal to the last place of the sum.
  uint32_t denormal = bitsAs<uint32_t>(bitsAs<float>(magnitude) + 0.5f) - 0x3f000000;
  uint32_t result = magnitude < 0x38800000 ? denormal : normal;
  result = magnitude >= 0x47800000 ? 0x7c00 : result;
  result |= (bits >> 16) & 0x8000;
  return static_cast<uint16_t>(magnitude > 0x7f800000 ? kNaN16 : result);
}

AIC_NPU_INLINE float bfloatToFloat(uint16_t value) { return bitsAs<float>(uint32_t(value) << 16); }

AIC_NPU_INLINE uint16_t floatToBFloat(float x) {
  uint32_t bits = bitsAs<uint32_t>(x);
  uint32_t rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  return static_cast<uint16_t>((bits & 0x7fffffff) > 0x7f800000 ? kNaNBF16 : rounded);
}

/// To an integral value, by the mode; odd: an inexact value goes to the odd one of its two neighbours.
AIC_NPU_INLINE float roundTo(float x, Round mode) {
  switch (mode) {
  case Round::rint:
    return std::nearbyint(x);
  case Round::round:
    return std::round(x);
  case Round::floor:
    return std::floor(x);
  case Round::ceil:
    return std::ceil(x);
  case Round::trunc:
    return std::trunc(x);
  case Round::odd: {
    float low = std::floor(x), high = std::ceil(x);
    return low == high || std::fmod(low, 2.0f) != 0 ? low : high;
  }
  }
  return x;
}

/// clamp(round(x) + zp) into [low, high], which lies within 17 bits; a NaN counts as 0.
AIC_NPU_INLINE int32_t quantize(float rounded, int32_t zp, int32_t low, int32_t high) {
  float number = rounded == rounded ? rounded : 0.0f;
  number = number < -131072.0f ? -131072.0f : number;
  number = number > 131072.0f ? 131072.0f : number;
  int32_t value = static_cast<int32_t>(number) + zp;
  value = value < low ? low : value;
  return value > high ? high : value;
}

/// The same into 32 bits.
AIC_NPU_INLINE int32_t quantize32(float rounded, int32_t zp) {
  double number = rounded == rounded ? rounded : 0.0;
  number = std::min(std::max(number, -0x1p40), 0x1p40) + zp; // exact
  return static_cast<int32_t>(std::min(std::max(number, -0x1p31), 0x1p31 - 1));
}

/// Horner's scheme, each step a product and a sum.
template <size_t N> AIC_NPU_INLINE float polynomial(float x, const float (&coefficients)[N]) {
  float value = coefficients[N - 1];
  for (size_t i = N - 1; i-- > 0;)
    value = value * x + coefficients[i];
  return value;
}

/// 2^n for n from -126 to 127.
AIC_NPU_INLINE float powerOfTwo(int32_t n) { return bitsAs<float>(static_cast<uint32_t>(n + 127) << 23); }

AIC_NPU_INLINE float expOf(float x) {
  constexpr float p[] = {0x1p-1f, 0x1.555556p-3f, 0x1.5554e4p-5f, 0x1.111004p-7f, 0x1.6d5286p-10f, 0x1.a2433cp-13f};
  float clamped = x < -104.0f ? -104.0f : x > 89.0f ? 89.0f : x; // a NaN stays
  float n = std::nearbyint(clamped * 0x1.715476p+0f);
  float r = clamped - n * 0x1.63p-1f; // ln 2 in two parts; this product is exact
  r = r - n * -0x1.bd0106p-13f;
  float value = r + (r * r) * polynomial(r, p) + 1.0f;
  int32_t power = static_cast<int32_t>(n == n ? n : 0.0f), first = power >> 1;
  value = value * powerOfTwo(first) * powerOfTwo(power - first); // only the second can round
  return x != x ? bitsAs<float>(kNaN32) : value;
}

AIC_NPU_INLINE float logOf(float x) {
  constexpr float p[] = {0x1.555546p-2f,  -0x1.ffffeep-3f, 0x1.99a542p-3f,  -0x1.5562e0p-3f, 0x1.233306p-3f,
                         -0x1.fb43dep-4f, 0x1.e64d70p-4f,  -0x1.e2e482p-4f, 0x1.1b4374p-4f};
  bool tiny = x < 0x1p-126f;
  uint32_t bits = bitsAs<uint32_t>(tiny ? x * 0x1p25f : x);
  // Mantissa in [sqrt(1/2), sqrt(2)).
  uint32_t shifted = bits - 0x3f3504f3;
  int32_t exponent = static_cast<int32_t>(shifted) >> 23;
  float f = bitsAs<float>((shifted & 0x7fffff) + 0x3f3504f3) - 1.0f;
  float n = static_cast<float>(exponent - (tiny ? 25 : 0));
  float square = f * f;
  float value = (f * square) * polynomial(f, p);
  value = value + n * -0x1.bd0106p-13f;
  value = value - square * 0.5f;
  value = f + value;
  value = value + n * 0x1.63p-1f;
  value = x == bitsAs<float>(0x7f800000u) ? x : value;
  value = x == 0.0f ? bitsAs<float>(0xff800000u) : value;
  return x < 0.0f || x != x ? bitsAs<float>(kNaN32) : value;
}

AIC_NPU_INLINE float tanhOf(float x) {
  constexpr float p[] = {-0x1.555554p-2f, 0x1.11107cp-3f,  -0x1.b9f220p-5f,
                         0x1.63ad18p-6f,  -0x1.0c895ep-7f, 0x1.1ace3ep-9f};
  float magnitude = std::fabs(x), z = x * x;
  float small = x + (x * z) * polynomial(z, p);
  float large = std::copysign(1.0f - 2.0f / (expOf(magnitude + magnitude) + 1.0f), x);
  return canonical(magnitude < 0.625f ? small : large);
}

AIC_NPU_INLINE float erfOf(float x) {
  constexpr float p[] = {0x1.06eba8p-3f, -0x1.812740p-2f,  0x1.ce2d62p-4f, -0x1.b800d0p-6f,
                         0x1.5446b2p-8f, -0x1.a5ea9cp-11f, 0x1.4f045ep-14f};
  constexpr float q[] = {-0x1.3bdc1ep-13f, 0x1.211f2ap+0f,   0x1.446f8ap-1f,  0x1.b9c932p-4f, -0x1.95e662p-6f,
                         0x1.05be38p-8f,   -0x1.8d2abep-12f, 0x1.7afc40p-17f, 0x1.8cb274p-21f};
  float magnitude = std::fabs(x);
  float small = x + x * polynomial(x * x, p);
  float clamped = magnitude > 4.0f ? 4.0f : magnitude;
  float large = std::copysign(1.0f - expOf(-polynomial(clamped, q)), x); // q = -log(erfc)
  return canonical(magnitude < 0.95f ? small : large);
}

AIC_NPU_INLINE float sigmoidOf(float x) { return canonical(1.0f / (1.0f + expOf(-x))); }
AIC_NPU_INLINE float recipOf(float x) { return canonical(1.0f / x); }
AIC_NPU_INLINE float sqrtOf(float x) { return canonical(std::sqrt(x)); }
AIC_NPU_INLINE float rsqrtOf(float x) { return canonical(1.0f / std::sqrt(x)); }

/// Sum by a balanced binary tree over the next power of two, filled with zeros. Overwrites `values`, which has room
/// for that many.
inline float treeSum(float *values, size_t count) {
  size_t width = 1;
  while (width < count)
    width *= 2;
  for (size_t i = count; i < width; ++i)
    values[i] = 0;
  for (; width > 1; width /= 2)
    for (size_t i = 0; i < width / 2; ++i)
      values[i] = values[2 * i] + values[2 * i + 1];
  return values[0];
}

/// Puts floating point into its default state (round to nearest even, no flushing) while it lives.
class FloatEnvironment {
public:
  FloatEnvironment();
  ~FloatEnvironment();
  FloatEnvironment(const FloatEnvironment &) = delete;
  FloatEnvironment &operator=(const FloatEnvironment &) = delete;

private:
  alignas(16) unsigned char saved[64];
};

} // namespace aic::npu::sim

#endif // AIC_LIB_NPU_SIM_NUMERICS_H
