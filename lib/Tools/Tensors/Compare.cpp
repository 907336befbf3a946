// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Tools/Compare.h"

#include <cmath>
#include <cstring>

namespace aic::tools {

using eval::DType;

static double fromHalf(uint16_t bits) {
  int exponent = bits >> 10 & 0x1f, fraction = bits & 0x3ff;
  double sign = bits >> 15 ? -1 : 1;
  if (exponent == 0x1f)
    return fraction ? std::nan("") : sign * HUGE_VAL;
  return sign * (exponent ? std::ldexp(1024 + fraction, exponent - 25) : std::ldexp(fraction, -24));
}

static uint16_t toHalf(double value) {
  // Only for numbers in [-1, 1) with at most 11 significant bits.
  uint16_t sign = value < 0 ? 0x8000 : 0;
  value = std::fabs(value);
  if (value == 0)
    return sign;
  int exponent;
  double fraction = std::frexp(value, &exponent);
  return static_cast<uint16_t>(sign | (exponent + 14) << 10 | (static_cast<int>(fraction * 2048) & 0x3ff));
}

static float fromBrain(uint16_t bits) {
  uint32_t wide = static_cast<uint32_t>(bits) << 16;
  float value;
  std::memcpy(&value, &wide, sizeof value);
  return value;
}

double valueAt(const eval::View &view, int64_t index) {
  switch (view.type) {
  case DType::I1:
  case DType::U8:
    return view.as<uint8_t>()[index];
  case DType::I8:
    return view.as<int8_t>()[index];
  case DType::I16:
    return view.as<int16_t>()[index];
  case DType::I32:
    return view.as<int32_t>()[index];
  case DType::I64:
    return static_cast<double>(view.as<int64_t>()[index]);
  case DType::U16:
    return view.as<uint16_t>()[index];
  case DType::U32:
    return view.as<uint32_t>()[index];
  case DType::U64:
    return static_cast<double>(view.as<uint64_t>()[index]);
  case DType::F16:
    return fromHalf(view.as<uint16_t>()[index]);
  case DType::BF16:
    return fromBrain(view.as<uint16_t>()[index]);
  case DType::F32:
    return view.as<float>()[index];
  case DType::F64:
    return view.as<double>()[index];
  }
  return 0;
}

std::string describe(const eval::View &view) {
  std::string text = std::string(eval::name(view.type)) + "[";
  for (size_t d = 0; d < view.shape.size(); ++d)
    text += (d ? ", " : "") + std::to_string(view.shape[d]);
  return text + "]";
}

Comparison compare(const eval::View &got, const eval::View &expected, Tolerance tolerance) {
  Comparison result;
  if (got.type != expected.type || got.shape != expected.shape) {
    result.mismatch = "expected " + describe(expected) + ", got " + describe(got);
    return result;
  }
  result.elements = expected.size();
  size_t size = eval::byteSize(got.type);
  for (int64_t i = 0; i < result.elements; ++i) {
    // Equal bits need no arithmetic; 64-bit integers would not survive it.
    bool same = std::memcmp(got.as<char>() + i * size, expected.as<char>() + i * size, size) == 0;
    double x = valueAt(got, i), y = valueAt(expected, i);
    if (std::isfinite(y))
      result.maxMagnitude = std::max(result.maxMagnitude, std::fabs(y));
    if (same || (x == y && eval::isFloat(got.type)) || (std::isnan(x) && std::isnan(y)))
      continue;
    double error = std::isnan(x) || std::isnan(y) ? HUGE_VAL : std::fabs(x - y);
    result.maxError = std::max(result.maxError, error);
    if (eval::isFloat(got.type) && std::isfinite(y) && error <= tolerance.absolute + tolerance.relative * std::fabs(y))
      continue;
    if (result.wrong++ == 0) {
      result.firstWrong = i;
      result.got = x;
      result.expected = y;
    }
  }
  return result;
}

/// SplitMix64: one multiplication chain per number, the same on every machine.
static uint64_t mix(uint64_t &state) {
  uint64_t z = state += 0x9e3779b97f4a7c15;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}

void fillRandom(const eval::View &view, uint64_t seed) {
  uint64_t state = seed;
  for (int64_t i = 0, n = view.size(); i < n; ++i) {
    uint64_t bits = mix(state);
    // 11 bits for the half-precision types, 24 for the others, in [-1, 1).
    double coarse = static_cast<double>(bits >> 56) / 128 - 1;
    double fine = static_cast<double>(bits >> 40) / (1 << 23) - 1;
    switch (view.type) {
    case DType::I1:
      view.as<uint8_t>()[i] = bits >> 63;
      break;
    case DType::I8:
    case DType::U8:
      view.as<uint8_t>()[i] = static_cast<uint8_t>((bits >> 32) % 10);
      break;
    case DType::I16:
    case DType::U16:
      view.as<uint16_t>()[i] = static_cast<uint16_t>((bits >> 32) % 10);
      break;
    case DType::I32:
    case DType::U32:
      view.as<uint32_t>()[i] = static_cast<uint32_t>((bits >> 32) % 10);
      break;
    case DType::I64:
    case DType::U64:
      view.as<uint64_t>()[i] = (bits >> 32) % 10;
      break;
    case DType::F16:
      view.as<uint16_t>()[i] = toHalf(coarse);
      break;
    case DType::BF16: {
      float value = static_cast<float>(coarse);
      uint32_t wide;
      std::memcpy(&wide, &value, sizeof wide);
      view.as<uint16_t>()[i] = static_cast<uint16_t>(wide >> 16);
      break;
    }
    case DType::F32:
      view.as<float>()[i] = static_cast<float>(fine);
      break;
    case DType::F64:
      view.as<double>()[i] = fine;
      break;
    }
  }
}

} // namespace aic::tools
