//===- Reference.h - Elements and rounding, written from the manual ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Everything by arithmetic in f64 and 64-bit integers, one element at a time.
//
//===----------------------------------------------------------------------===//
#ifndef AIC_UNITTESTS_NPU_SIM_REFERENCE_H
#define AIC_UNITTESTS_NPU_SIM_REFERENCE_H

#include "Build.h"

#include <cmath>

namespace simtest {

inline double decodeSmall(uint16_t bits, bool bfloat) {
  int exponentBits = bfloat ? 8 : 5, mantissaBits = 15 - exponentBits;
  int exponent = (bits >> mantissaBits) & ((1 << exponentBits) - 1), mantissa = bits & ((1 << mantissaBits) - 1);
  int bias = (1 << (exponentBits - 1)) - 1;
  double sign = bits & 0x8000 ? -1 : 1;
  if (exponent == (1 << exponentBits) - 1)
    return mantissa ? NAN : sign * INFINITY;
  if (exponent == 0)
    return sign * std::ldexp(mantissa, 1 - bias - mantissaBits);
  return sign * std::ldexp(1 + mantissa / double(1 << mantissaBits), exponent - bias);
}

inline uint16_t encodeSmall(double value, bool bfloat) {
  int mantissaBits = bfloat ? 7 : 10, minimum = bfloat ? -126 : -14, maximum = bfloat ? 127 : 15;
  uint16_t sign = std::signbit(value) ? 0x8000 : 0, infinity = bfloat ? 0x7f80 : 0x7c00;
  if (std::isnan(value))
    return bfloat ? 0x7fc0 : 0x7e00;
  double magnitude = std::fabs(value);
  if (std::isinf(value))
    return sign | infinity;
  int exponent = magnitude == 0 ? minimum : std::max(std::ilogb(magnitude), minimum);
  double units = std::nearbyint(std::ldexp(magnitude, mantissaBits - exponent)); // of the last place
  if (std::ldexp(units, exponent - mantissaBits) >= std::ldexp(1, maximum + 1))
    return sign | infinity;
  return static_cast<uint16_t>(sign + (static_cast<int>(units) + ((exponent - minimum) << mantissaBits)));
}

/// An element of memory as a number, exactly.
inline double element(const uint8_t *from, DType type) {
  auto as = [&](auto value) {
    std::memcpy(&value, from, sizeof(value));
    return value;
  };
  switch (type) {
  case DType::i8:
    return as(int8_t());
  case DType::u8:
    return as(uint8_t());
  case DType::i16:
    return as(int16_t());
  case DType::i32:
    return as(int32_t());
  case DType::f32:
    return as(float());
  default:
    return decodeSmall(as(uint16_t()), type == DType::bf16);
  }
}

inline double roundBy(double x, Round mode) {
  double low = std::floor(x), high = std::ceil(x), rest = x - low;
  switch (mode) {
  case Round::rint:
    return rest < 0.5 ? low : rest > 0.5 ? high : std::fmod(low, 2) == 0 ? low : high;
  case Round::round:
    return rest < 0.5 ? low : rest > 0.5 ? high : x < 0 ? low : high;
  case Round::floor:
    return low;
  case Round::ceil:
    return high;
  case Round::trunc:
    return x < 0 ? high : low;
  case Round::odd:
    return low == high || std::fmod(low, 2) != 0 ? low : high;
  }
  return 0;
}

inline void bounds(DType type, double &low, double &high) {
  low = type == DType::i8 ? -128 : type == DType::u8 ? 0 : type == DType::i16 ? -32768 : -2147483648.0;
  high = type == DType::i8 ? 127 : type == DType::u8 ? 255 : type == DType::i16 ? 32767 : 2147483647.0;
}

inline double saturate(double value, DType type) {
  double low, high;
  bounds(type, low, high);
  return value < low ? low : value > high ? high : value;
}

inline bool isFloatType(DType type) { return type >= DType::f16; }

/// Writes a number that was computed in f32 (integers round and saturate).
inline void putElement(uint8_t *to, DType type, double value, Round mode = Round::rint, int zp = 0) {
  if (type == DType::f32) {
    float number = std::isnan(value) ? NAN : static_cast<float>(value);
    std::memcpy(to, &number, 4);
  } else if (isFloatType(type)) {
    uint16_t bits = encodeSmall(value, type == DType::bf16);
    std::memcpy(to, &bits, 2);
  } else {
    double number = saturate(std::isnan(value) ? zp : roundBy(value, mode) + zp, type);
    int64_t integer = static_cast<int64_t>(number);
    std::memcpy(to, &integer, bytesOf(type)); // little endian
  }
}

/// Random bytes that are decent numbers of a type: no NaN, moderate exponents.
inline void fillRandom(uint8_t *to, size_t count, DType type, std::mt19937 &random) {
  for (size_t i = 0; i < count; ++i, to += bytesOf(type)) {
    uint32_t bits = random();
    if (isFloatType(type))
      putElement(to, type, (static_cast<int32_t>(bits) / 65536) / 128.0);
    else
      std::memcpy(to, &bits, bytesOf(type));
  }
}

} // namespace simtest

#endif // AIC_UNITTESTS_NPU_SIM_REFERENCE_H
