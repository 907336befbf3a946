//===- FunctionTest.cpp - The vector unit's functions, exhaustively ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every f16 and bf16 value, and f32 values spread over all exponents, against the C library in f64. The bounds are
// those of docs/NPU/Numerics.md.
//
//===----------------------------------------------------------------------===//

#include "Reference.h"

#include <functional>

using namespace simtest;

namespace {

/// The distance of a result in units of the last place of the true value in f32.
double ulps(float got, double exact) {
  if (std::isnan(exact) || std::isnan(got))
    return std::isnan(exact) && std::isnan(got) ? 0 : INFINITY;
  float nearest = static_cast<float>(exact);
  if (std::isinf(nearest) || std::isinf(got))
    return nearest == got ? 0 : INFINITY;
  int exponent = std::max(exact == 0 ? -126 : std::ilogb(exact), -126);
  return std::fabs(got - exact) / std::ldexp(1, exponent - 23);
}

/// Runs a function of one operand on values of a type.
std::vector<uint8_t> apply(Opcode opcode, DType from, DType to, const std::vector<uint8_t> &values) {
  Bench bench;
  size_t count = values.size() / bytesOf(from), chunk = 4096;
  unsigned in = bench.segment(SegmentKind::Input, values.size()),
           out = bench.segment(SegmentKind::Output, count * bytesOf(to));
  bench.memory[in] = values;
  EXPECT_EQ(count % chunk, 0u);
  bench.add(Opcode::LOOP, {{Field::trip, int64_t(count / chunk)},
                           {Field::ar0, 1},
                           {Field::inc0, int64_t(chunk * bytesOf(from))},
                           {Field::ar1, 2},
                           {Field::inc1, int64_t(chunk * bytesOf(to))}});
  bench.add(Opcode::LD, Bench::dma(global(in, 0, 1), local(Space::VB, 0), int64_t(chunk * bytesOf(from))));
  bench.add(opcode, {{Field::dst, local(Space::VB, 32768)},
                     {Field::s0, local(Space::VB, 0)},
                     {Field::ddt, code(to)},
                     {Field::s0dt, code(from)},
                     {Field::len, int64_t(chunk)},
                     {Field::rep, 1}});
  bench.add(Opcode::ST, Bench::dma(local(Space::VB, 32768), global(out, 0, 2), int64_t(chunk * bytesOf(to))));
  bench.add(Opcode::ENDLOOP);
  bench.runWell();
  return bench.memory[out];
}

std::vector<uint8_t> allHalves() {
  std::vector<uint8_t> values(131072);
  for (uint32_t i = 0; i < 65536; ++i) {
    uint16_t bits = static_cast<uint16_t>(i);
    std::memcpy(&values[i * 2], &bits, 2);
  }
  return values;
}

struct Function {
  Opcode opcode;
  double bound; // ULP in f32
  std::function<double(double)> exact;
};

const std::vector<Function> &functions() {
  static const std::vector<Function> all = {{Opcode::EXP, 1.0, [](double x) { return std::exp(x); }},
                                            {Opcode::LOG, 1.5, [](double x) { return std::log(x); }},
                                            {Opcode::TANH, 2.0, [](double x) { return std::tanh(x); }},
                                            {Opcode::ERF, 1.5, [](double x) { return std::erf(x); }},
                                            {Opcode::SIGMOID, 2.5, [](double x) { return 1 / (1 + std::exp(-x)); }},
                                            {Opcode::SQRT, 0.5, [](double x) { return std::sqrt(x); }},
                                            {Opcode::RECIP, 0.5, [](double x) { return 1 / x; }},
                                            {Opcode::RSQRT, 1.5, [](double x) { return 1 / std::sqrt(x); }}};
  return all;
}

/// Where 1 + e^-x overflows, SIGMOID gives 0 for a result far below the smallest normal number.
bool flushedSigmoid(const Function &function, double x) { return function.opcode == Opcode::SIGMOID && x < -88.7; }

TEST(Functions, ConversionsOfAll16BitValues) {
  std::vector<uint8_t> values = allHalves();
  for (DType type : {DType::f16, DType::bf16}) {
    std::vector<uint8_t> wide = apply(Opcode::CAST, type, DType::f32, values),
                         back = apply(Opcode::CAST, DType::f32, type, wide);
    for (uint32_t i = 0; i < 65536; ++i) {
      float value;
      uint16_t bits;
      std::memcpy(&value, &wide[i * 4], 4);
      std::memcpy(&bits, &back[i * 2], 2);
      double exact = decodeSmall(static_cast<uint16_t>(i), type == DType::bf16);
      if (std::isnan(exact)) {
        ASSERT_EQ(bits, type == DType::bf16 ? 0x7fc0 : 0x7e00) << i;
        continue;
      }
      ASSERT_EQ(double(value), exact) << i;
      ASSERT_EQ(bits, i);
    }
  }
}

TEST(Functions, RoundsTo16BitsHalfEven) {
  // Around every f16 and bf16 value: itself, halfway to the next, and one place beside.
  for (DType type : {DType::f16, DType::bf16}) {
    bool bfloat = type == DType::bf16;
    std::vector<uint8_t> values;
    std::vector<float> floats;
    for (uint32_t i = 0; i < 32768; i += 8)
      for (int side = -1; side <= 1; ++side)
        for (int sign = 0; sign < 2; ++sign) {
          float middle = static_cast<float>(
              (decodeSmall(static_cast<uint16_t>(i), bfloat) + decodeSmall(static_cast<uint16_t>(i + 1), bfloat)) / 2);
          float value = side == 0 ? middle : std::nextafter(middle, side * INFINITY);
          floats.push_back(sign ? -value : value);
        }
    floats.resize((floats.size() + 4095) / 4096 * 4096, 65520.0f);
    values.resize(floats.size() * 4);
    std::memcpy(values.data(), floats.data(), values.size());
    std::vector<uint8_t> narrow = apply(Opcode::CAST, DType::f32, type, values);
    for (size_t i = 0; i < floats.size(); ++i) {
      uint16_t bits;
      std::memcpy(&bits, &narrow[i * 2], 2);
      ASSERT_EQ(bits, encodeSmall(floats[i], bfloat)) << floats[i];
    }
  }
}

TEST(Functions, UlpOfAll16BitInputs) {
  std::vector<uint8_t> values = allHalves();
  for (const Function &function : functions())
    for (DType type : {DType::f16, DType::bf16}) {
      std::vector<uint8_t> wide = apply(function.opcode, type, DType::f32, values),
                           narrow = apply(function.opcode, type, type, values);
      double worst = 0;
      int wrong = 0;
      for (uint32_t i = 0; i < 65536; ++i) {
        double x = decodeSmall(static_cast<uint16_t>(i), type == DType::bf16), exact = function.exact(x);
        float got;
        uint16_t rounded;
        std::memcpy(&got, &wide[i * 4], 4);
        std::memcpy(&rounded, &narrow[i * 2], 2);
        if (!flushedSigmoid(function, x))
          worst = std::max(worst, ulps(got, exact));
        wrong += rounded != encodeSmall(exact, type == DType::bf16);
        ASSERT_EQ(rounded, encodeSmall(got, type == DType::bf16)); // two roundings, f32 between
      }
      EXPECT_LE(worst, function.bound) << infoOf(function.opcode).mnemonic;
      std::printf("%-8s %-4s inputs: %.3f ULP in f32; rounded back, %d of 65536 are not the nearest\n",
                  infoOf(function.opcode).mnemonic, nameOf(type), worst, wrong);
    }
}

TEST(Functions, UlpOfF32Inputs) {
  std::vector<float> floats;
  std::mt19937 random(3);
  for (uint32_t i = 0; i < (1u << 18); ++i) { // every exponent and sign, spread mantissas
    uint32_t bits = (i << 14) | (random() & 0x3fff);
    float value;
    std::memcpy(&value, &bits, 4);
    floats.push_back(value);
  }
  for (uint32_t i = 0; i < (1u << 18); ++i) // where the functions are not flat
    floats.push_back(std::uniform_real_distribution<float>(-20, 20)(random));
  std::vector<uint8_t> values(floats.size() * 4);
  std::memcpy(values.data(), floats.data(), values.size());
  for (const Function &function : functions()) {
    std::vector<uint8_t> results = apply(function.opcode, DType::f32, DType::f32, values);
    double worst = 0;
    for (size_t i = 0; i < floats.size(); ++i) {
      float got;
      std::memcpy(&got, &results[i * 4], 4);
      if (flushedSigmoid(function, floats[i]))
        continue;
      double error = ulps(got, function.exact(floats[i]));
      EXPECT_LE(error, function.bound) << infoOf(function.opcode).mnemonic << "(" << floats[i] << ") = " << got;
      worst = std::max(worst, error);
      if (HasFailure())
        break;
      if (got != got) { // always the same NaN
        uint32_t bits;
        std::memcpy(&bits, &got, 4);
        ASSERT_EQ(bits, 0x7fc00000u);
      }
    }
    std::printf("%-8s f32 inputs: %.3f ULP\n", infoOf(function.opcode).mnemonic, worst);
  }
}

} // namespace
