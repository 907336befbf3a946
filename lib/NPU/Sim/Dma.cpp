//===- Dma.cpp - LD, ST, CP and FILL ------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Execute.h"

#include <cstring>

using namespace aic::npu::sim;

/// Runs in ascending order, each read whole before it is written.
void aic::npu::sim::executeDma(const Issue &issue, ExecutionContext &context) {
  const DmaShape &s = issue.op->dma;
  uint8_t *dst = context.memory.at(*issue.op, slot::Dst, issue.addresses);
  const uint8_t *src = context.memory.at(*issue.op, slot::Src, issue.addresses);
  const size_t run = static_cast<size_t>(s.run);
  for (int32_t i = 0; i < s.count[0]; ++i)
    for (int32_t j = 0; j < s.count[1]; ++j) {
      const uint8_t *from = src + i * s.src[0] + j * s.src[1];
      uint8_t *to = dst + i * s.dst[0] + j * s.dst[1];
      for (int32_t k = 0; k < s.count[2]; ++k)
        std::memmove(to + k * s.dst[2], from + k * s.src[2], run);
    }
}

void aic::npu::sim::executeFill(const Issue &issue, ExecutionContext &context) {
  const FillShape &s = issue.op->fill;
  uint8_t *dst = context.memory.at(*issue.op, slot::Dst, issue.addresses);
  for (int32_t i = 0; i < s.count[0]; ++i)
    for (int32_t j = 0; j < s.count[1]; ++j) {
      uint8_t *to = dst + i * s.dst[0] + j * s.dst[1];
      if (s.element == 1)
        std::memset(to, static_cast<int>(s.value & 0xff), static_cast<size_t>(s.run));
      else
        for (int64_t k = 0; k < s.run; k += s.element)
          std::memcpy(to + k, &s.value, s.element); // little endian
    }
}
