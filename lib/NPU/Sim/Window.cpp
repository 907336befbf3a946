//===- Window.cpp - DWMAC, POOLMAX and POOLAVG --------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One pixel of the result at a time, all of its channels together: a tap is a vector operation over channels.
//
//===----------------------------------------------------------------------===//

#include "Fixpipe.h"
#include "Numerics.h"

#include <cstring>
#include <limits>

using namespace aic::npu;
using namespace aic::npu::sim;

namespace {

AIC_NPU_CLONES void loadInts(const uint8_t *src, DType type, int64_t n, int32_t zp, int32_t *to) {
  switch (type) {
  case DType::i8:
    for (int64_t i = 0; i < n; ++i)
      to[i] = static_cast<int8_t>(src[i]) - zp;
    return;
  case DType::u8:
    for (int64_t i = 0; i < n; ++i)
      to[i] = src[i] - zp;
    return;
  default:
    for (int64_t i = 0; i < n; ++i) {
      int16_t value;
      std::memcpy(&value, src + 2 * i, 2);
      to[i] = value - zp;
    }
  }
}

AIC_NPU_CLONES void loadFloats(const uint8_t *src, DType type, int64_t n, float *to) {
  if (type == DType::f32) {
    std::memcpy(to, src, static_cast<size_t>(n) * 4);
    return;
  }
  for (int64_t i = 0; i < n; ++i) {
    uint16_t bits;
    std::memcpy(&bits, src + 2 * i, 2);
    to[i] = type == DType::bf16 ? bfloatToFloat(bits) : halfToFloat(bits);
  }
}

AIC_NPU_CLONES void addProductsInt(int32_t *acc, const int32_t *a, const int32_t *b, int64_t n) {
  for (int64_t i = 0; i < n; ++i)
    acc[i] =
        static_cast<int32_t>(static_cast<uint32_t>(acc[i]) + static_cast<uint32_t>(a[i]) * static_cast<uint32_t>(b[i]));
}
AIC_NPU_CLONES void addProducts(float *acc, const float *a, const float *b, int64_t n) {
  for (int64_t i = 0; i < n; ++i)
    acc[i] = acc[i] + a[i] * b[i];
}
AIC_NPU_CLONES void addInts(int32_t *acc, const int32_t *a, int64_t n) {
  for (int64_t i = 0; i < n; ++i)
    acc[i] += a[i];
}
AIC_NPU_CLONES void addFloats(float *acc, const float *a, int64_t n) {
  for (int64_t i = 0; i < n; ++i)
    acc[i] = acc[i] + a[i];
}
AIC_NPU_CLONES void maxInts(int32_t *acc, const int32_t *a, int64_t n) {
  for (int64_t i = 0; i < n; ++i)
    acc[i] = a[i] > acc[i] ? a[i] : acc[i];
}
AIC_NPU_CLONES void maxFloats(float *acc, const float *a, int64_t n) {
  for (int64_t i = 0; i < n; ++i)
    acc[i] = acc[i] != acc[i] || acc[i] >= a[i] ? acc[i] : a[i];
}
AIC_NPU_CLONES void average(const int32_t *sums, float count, float scale, bool scaled, int64_t n, float *to) {
  for (int64_t i = 0; i < n; ++i) {
    float value = static_cast<float>(sums[i]) / count;
    to[i] = scaled ? value * scale : value;
  }
}
AIC_NPU_CLONES void averageFloats(float *sums, float count, float scale, bool scaled, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    float value = sums[i] / count;
    sums[i] = scaled ? value * scale : value;
  }
}

class WindowRunner {
public:
  WindowRunner(const Issue &issue, ExecutionContext &context)
      : op(*issue.op), s(op.window), context(context), c(s.c), isFloating(isFloat(s.sdt)) {
    src = context.memory.at(op, slot::WinSrc, issue.addresses);
    dst = context.memory.at(op, slot::WinDst, issue.addresses);
    const uint8_t *table = nullptr;
    if (op.operands[slot::WinTable].place != kNoPlace)
      table = context.memory.at(op, slot::WinTable, issue.addresses);
    row.emplace(s.epilogue, c, table, nullptr, context);
    size_t count = static_cast<size_t>(c), taps = static_cast<size_t>(s.kh) * static_cast<size_t>(s.kw);
    for (auto *ints : {&context.ints[2], &context.ints[3]})
      ints->resize(count);
    for (auto *floats : {&context.floats[2], &context.floats[3]})
      floats->resize(count);
    if (op.opcode != Opcode::DWMAC)
      return;
    const uint8_t *weights = context.memory.at(op, slot::WinWgt, issue.addresses);
    if (isFloating) {
      weightsF.resize(taps * count);
      loadFloats(weights, s.wdt, static_cast<int64_t>(weightsF.size()), weightsF.data());
    } else {
      weightsI.resize(taps * count);
      loadInts(weights, s.wdt, static_cast<int64_t>(weightsI.size()), s.wzp, weightsI.data());
    }
  }

  void run() {
    for (int64_t y = 0; y < s.oh; ++y)
      for (int64_t x = 0; x < s.ow; ++x) {
        start();
        int64_t count = 0;
        for (int64_t kh = 0; kh < s.kh; ++kh) {
          int64_t iy = y * s.sh - s.pt + kh * s.dh;
          if (iy < 0 || iy >= s.h)
            continue;
          for (int64_t kw = 0; kw < s.kw; ++kw) {
            int64_t ix = x * s.sw - s.pl + kw * s.dw;
            if (ix < 0 || ix >= s.w)
              continue;
            tap(src + iy * s.row + ix * s.pixel, kh * s.kw + kw);
            ++count;
          }
        }
        finish(s.includePad ? int64_t(s.kh) * s.kw : count, dst + y * s.dstRow + x * s.dstPixel);
      }
  }

private:
  int32_t *ints() { return context.ints[2].data(); }
  float *floats() { return context.floats[2].data(); }

  void start() {
    int32_t first = 0;
    float firstF = 0;
    if (op.opcode == Opcode::POOLMAX)
      first = s.sdt == DType::i8 ? -128 : 0, firstF = lowestFloat();
    std::fill_n(ints(), c, first);
    std::fill_n(floats(), c, firstF);
  }
  static float lowestFloat() { return -std::numeric_limits<float>::infinity(); }

  void tap(const uint8_t *from, int64_t number) {
    if (isFloating) {
      float *value = context.floats[3].data();
      loadFloats(from, s.sdt, c, value);
      if (op.opcode == Opcode::DWMAC)
        addProducts(floats(), value, weightsF.data() + number * c, c);
      else
        (op.opcode == Opcode::POOLMAX ? maxFloats : addFloats)(floats(), value, c);
      return;
    }
    int32_t *value = context.ints[3].data();
    loadInts(from, s.sdt, c, op.opcode == Opcode::POOLMAX ? 0 : s.azp, value);
    if (op.opcode == Opcode::DWMAC)
      addProductsInt(ints(), value, weightsI.data() + number * c, c);
    else
      (op.opcode == Opcode::POOLMAX ? maxInts : addInts)(ints(), value, c);
  }

  void finish(int64_t count, uint8_t *out) {
    const Epilogue &e = s.epilogue;
    if (op.opcode == Opcode::DWMAC)
      return row->run(isFloating ? reinterpret_cast<uint8_t *>(floats()) : reinterpret_cast<uint8_t *>(ints()), nullptr,
                      out);
    if (op.opcode == Opcode::POOLMAX) {
      if (isFloating)
        return row->finish(floats(), nullptr, out);
      for (int64_t i = 0; i < c; ++i)
        out[i] = static_cast<uint8_t>(std::min(std::max(ints()[i], e.low), e.high));
      return;
    }
    bool scaled = e.qmode == QMode::scalar;
    if (count == 0)
      std::fill_n(floats(), c, 0.0f);
    else if (isFloating)
      averageFloats(floats(), static_cast<float>(count), e.scale, scaled, c);
    else
      average(ints(), static_cast<float>(count), e.scale, scaled, c, floats());
    row->finish(floats(), nullptr, out);
  }

  const Operation &op;
  const WindowShape &s;
  ExecutionContext &context;
  const int64_t c;
  const bool isFloating;
  const uint8_t *src = nullptr;
  uint8_t *dst = nullptr;
  std::optional<EpilogueRow> row;
  std::vector<int32_t> weightsI;
  std::vector<float> weightsF;
};

} // namespace

void sim::executeWindow(const Issue &issue, ExecutionContext &context) { WindowRunner(issue, context).run(); }
