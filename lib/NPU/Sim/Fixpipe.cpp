//===- Fixpipe.cpp - FXOUT ----------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Fixpipe.h"
#include "Numerics.h"

#include <cstring>

using namespace aic::npu;
using namespace aic::npu::sim;

namespace {

AIC_NPU_CLONES void scaleInts(const int32_t *v, const int32_t *biases, const float *scales, int64_t n, float *s) {
  for (int64_t i = 0; i < n; ++i) {
    int32_t sum = static_cast<int32_t>(static_cast<uint32_t>(v[i]) + static_cast<uint32_t>(biases[i]));
    s[i] = static_cast<float>(sum) * scales[i];
  }
}

AIC_NPU_CLONES void scaleFloats(const int32_t *v, const int32_t *biases, const float *scales, int64_t n, float *s) {
  for (int64_t i = 0; i < n; ++i)
    s[i] = (bitsAs<float>(v[i]) + bitsAs<float>(biases[i])) * scales[i];
}

AIC_NPU_CLONES void quantizeRow(const float *s, int64_t n, int32_t zp, int32_t low, int32_t high, int32_t *t) {
  for (int64_t i = 0; i < n; ++i)
    t[i] = quantize(std::nearbyint(s[i]), zp, low, high);
}

AIC_NPU_CLONES void addResidual(int32_t *t, const uint8_t *residual, int64_t n, const Epilogue &e, int32_t low,
                                int32_t high) {
  const bool isSigned = e.res == Residual::i8;
  const int32_t zp = e.zp, resZp = e.resZp, outZp = e.outZp;
  const float scaleMain = e.scaleMain, scaleRes = e.scaleRes;
  for (int64_t i = 0; i < n; ++i) {
    int32_t r = isSigned ? static_cast<int8_t>(residual[i]) : residual[i];
    float u = static_cast<float>(t[i] - zp) * scaleMain + static_cast<float>(r - resZp) * scaleRes;
    t[i] = quantize(std::nearbyint(u), outZp, low, high);
  }
}

AIC_NPU_CLONES void storeBytes(const int32_t *t, int64_t n, uint8_t *out) {
  for (int64_t i = 0; i < n; ++i)
    out[i] = static_cast<uint8_t>(t[i]);
}

AIC_NPU_CLONES void finishFloats(const float *s, const uint8_t *residual, int64_t n, const Epilogue &e, uint8_t *out) {
  const bool clip = e.act == Act::clip, bfloat = e.res == Residual::bf16;
  const float low = e.lowF, high = e.highF;
  const DType type = e.out;
  for (int64_t i = 0; i < n; ++i) {
    float value = s[i];
    if (residual) {
      uint16_t bits;
      std::memcpy(&bits, residual + 2 * i, 2);
      value = value + (bfloat ? bfloatToFloat(bits) : halfToFloat(bits));
    }
    if (clip) {
      value = value < low ? low : value;
      value = value > high ? high : value;
    }
    if (type == DType::f32) {
      value = canonical(value);
      std::memcpy(out + 4 * i, &value, 4);
    } else {
      uint16_t bits = type == DType::bf16 ? floatToBFloat(value) : floatToHalf(value);
      std::memcpy(out + 2 * i, &bits, 2);
    }
  }
}

} // namespace

EpilogueRow::EpilogueRow(const Epilogue &e, int64_t n, const uint8_t *table, const uint8_t *lut,
                         ExecutionContext &context)
    : e(e), n(n), lut(lut) {
  size_t count = static_cast<size_t>(n);
  for (unsigned i = 0; i < 2; ++i) {
    context.floats[i].resize(std::max(context.floats[i].size(), count));
    context.ints[i].resize(std::max(context.ints[i].size(), count));
  }
  scales = context.floats[0].data(), scaled = context.floats[1].data();
  biases = context.ints[0].data(), words = context.ints[1].data();
  // A factor of 1 and, for floats, a bias of -0 change nothing.
  const int32_t none = e.acc == DType::f32 ? INT32_MIN : 0;
  for (int64_t i = 0; i < n; ++i) {
    scales[i] = e.qmode == QMode::scalar ? e.scale : 1.0f, biases[i] = none;
    if (e.qmode == QMode::table) {
      std::memcpy(&scales[i], table + 8 * i, 4);
      std::memcpy(&biases[i], table + 8 * i + 4, 4);
    }
  }
}

void EpilogueRow::run(const uint8_t *accumulators, const uint8_t *residual, uint8_t *out) {
  std::memcpy(words, accumulators, static_cast<size_t>(n) * 4);
  if (e.out == DType::i32) {
    for (int64_t i = 0; i < n; ++i)
      words[i] = static_cast<int32_t>(static_cast<uint32_t>(words[i]) + static_cast<uint32_t>(biases[i]));
    std::memcpy(out, words, static_cast<size_t>(n) * 4);
    return;
  }
  (e.acc == DType::f32 ? scaleFloats : scaleInts)(words, biases, scales, n, scaled);
  finish(scaled, residual, out);
}

void EpilogueRow::finish(const float *s, const uint8_t *residual, uint8_t *out) {
  if (e.out >= DType::f16)
    return finishFloats(s, residual, n, e, out);
  const int32_t lowest = e.out == DType::i8 ? -128 : 0, highest = e.out == DType::i8 ? 127 : 255;
  if (residual) {
    quantizeRow(s, n, e.zp, lowest, highest, words);
    addResidual(words, residual, n, e, e.low, e.high);
  } else {
    quantizeRow(s, n, e.zp, e.low, e.high, words);
  }
  storeBytes(words, n, out);
  if (e.act == Act::lut)
    for (int64_t i = 0; i < n; ++i)
      out[i] = lut[out[i]];
}

void sim::executeFixpipe(const Issue &issue, ExecutionContext &context) {
  const Operation &op = *issue.op;
  const FixpipeShape &s = op.fixpipe;
  auto in = [&](unsigned slot) -> const uint8_t * {
    return op.operands[slot].place == kNoPlace ? nullptr : context.memory.at(op, slot, issue.addresses);
  };
  EpilogueRow row(s.epilogue, s.n, in(slot::FxTable), in(slot::FxLut), context);
  const uint8_t *c = in(slot::FxC), *residual = in(slot::FxRes);
  uint8_t *dst = context.memory.at(op, slot::FxDst, issue.addresses);
  for (int64_t i = 0; i < s.m; ++i)
    row.run(c + i * s.cPitch, residual ? residual + i * s.resStride : nullptr, dst + i * s.dstStride);
}
