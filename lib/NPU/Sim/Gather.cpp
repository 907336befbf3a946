//===- Gather.cpp - LDA and LDB -----------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Execute.h"

#include <cstring>

using namespace aic::npu::sim;

namespace {

void pad(uint8_t *to, int64_t bytes, uint16_t value, unsigned element) {
  if (element == 1 || (value & 0xff) == value >> 8) {
    std::memset(to, value & 0xff, static_cast<size_t>(bytes));
    return;
  }
  for (int64_t i = 0; i < bytes; i += 2)
    std::memcpy(to + i, &value, 2);
}

template <typename T> void transposed(const GatherShape &s, uint8_t *dst, const uint8_t *src) {
  src += s.kStart * s.row + s.mStart * int64_t(sizeof(T));
  for (int64_t k = 0; k < s.kLen; ++k)
    for (int64_t m = 0; m < s.mLen; ++m)
      std::memcpy(dst + m * s.pitch + k * int64_t(sizeof(T)), src + k * s.row + m * int64_t(sizeof(T)), sizeof(T));
}

} // namespace

void aic::npu::sim::executeGather(const Issue &issue, ExecutionContext &context) {
  const GatherShape &s = issue.op->gather;
  uint8_t *dst = context.memory.at(*issue.op, slot::Dst, issue.addresses);
  const uint8_t *src = context.memory.at(*issue.op, slot::Src, issue.addresses);
  if (s.transpose) {
    s.element == 1 ? transposed<uint8_t>(s, dst, src) : transposed<uint16_t>(s, dst, src);
  } else {
    forEachTileRun(s, [&](int64_t to, int64_t from, int64_t bytes) {
      if (from < 0)
        pad(dst + to, bytes, s.padding, s.element);
      else
        std::memcpy(dst + to, src + from, static_cast<size_t>(bytes));
      return true;
    });
  }
  // The padding of the rows is undefined; zeros keep runs reproducible.
  if (int64_t used = int64_t(s.kLen) * s.element; used != s.pitch)
    for (int64_t m = 0; m < s.mLen; ++m)
      std::memset(dst + m * s.pitch + used, 0, static_cast<size_t>(s.pitch - used));
}
