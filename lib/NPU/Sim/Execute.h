//===- Execute.h - The semantics of the queued instructions -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One function per family; the sequential and the timed run call the same ones.
//
//===----------------------------------------------------------------------===//

#ifndef AIC_LIB_NPU_SIM_EXECUTE_H
#define AIC_LIB_NPU_SIM_EXECUTE_H

#include "Memory.h"
#include "Sequencer.h"

#include <algorithm>

namespace aic::npu::sim {

struct ExecutionContext {
  ExecutionContext(const Decoded &decoded, MemoryImage &memory) : decoded(decoded), memory(memory) {}

  const Decoded &decoded;
  MemoryImage &memory;
  uint64_t wraps = 0;
  std::string trap; // why execute() returned false
  /// Working memory of the executors, kept between instructions.
  std::vector<int16_t> left, right;
  std::vector<float> leftF, rightF;
  std::vector<int32_t> ints[4];
  std::vector<float> floats[4];
};

void executeDma(const Issue &issue, ExecutionContext &context);
void executeFill(const Issue &issue, ExecutionContext &context);
void executeGather(const Issue &issue, ExecutionContext &context);
void executeMatrix(const Issue &issue, ExecutionContext &context);
void executeFixpipe(const Issue &issue, ExecutionContext &context);
bool executeVector(const Issue &issue, ExecutionContext &context);
void executeWindow(const Issue &issue, ExecutionContext &context);

/// Moves and computes. False with context.trap for what only the data could show.
bool execute(const Issue &issue, ExecutionContext &context);

/// A byte that an instruction reads and nobody wrote.
struct UnsetByte {
  Field field = Field::src;
  Place place = kNoPlace;
  int64_t address = -1; // -1: all bytes hold values
  uint32_t lastWriter = Shadow::kNobody;
};
UnsetByte findUnset(const Issue &issue, const ExecutionContext &context);
/// Notes what an instruction has written in the shadow.
void noteWrites(const Issue &issue, ExecutionContext &context);

/// What the indexed side of a GATHER or SCATTER touches: from its lowest to its highest byte, as one run. False if all
/// indices leave the space.
bool indexedReach(const Issue &issue, MemoryImage &memory, const Decoded &decoded, Region &region);

/// Calls f(address) for every run of a region of an operand at `base`; stops when it returns false.
template <typename F> bool forEachRun(const Region &region, int64_t base, F f) {
  for (int32_t i = 0; i < region.count[0]; ++i)
    for (int32_t j = 0; j < region.count[1]; ++j)
      for (int32_t k = 0; k < region.count[2]; ++k)
        if (!f(base + region.offset + i * region.stride[0] + j * region.stride[1] + k * region.stride[2]))
          return false;
  return true;
}

/// The runs of a tile, row by row: f(offset in the tile, offset in the source or -1 for padding, bytes); stops when it
/// returns false. Not for transposed gathers.
template <typename F> bool forEachTileRun(const GatherShape &s, F f) {
  const int64_t e = s.element, columns = int64_t(s.kw) * s.c, end = s.kStart + int64_t(s.kLen);
  const bool merged = s.dw == 1 && s.pixel == s.c * e; // neighbouring taps are neighbours in memory
  const int64_t firstKh = s.kStart / columns, firstColumn = s.kStart % columns;
  int64_t oh = s.mStart / s.ow, ow = s.mStart % s.ow;
  for (int64_t m = 0; m < s.mLen; ++m) {
    const int64_t y0 = oh * s.sh - s.pt, x0 = ow * s.sw - s.pl;
    int64_t target = m * s.pitch, q = s.kStart, kh = firstKh, column = firstColumn;
    for (; q < end; ++kh, column = 0) {
      const int64_t last = std::min(columns, column + end - q), y = y0 + kh * s.dh;
      q += last - column;
      if (y < 0 || y >= s.h) {
        if (!f(target, int64_t(-1), (last - column) * e))
          return false;
        target += (last - column) * e;
        continue;
      }
      const int64_t row = y * s.row;
      if (merged) {
        int64_t low = std::clamp(-x0 * s.c, column, last), high = std::clamp((s.w - x0) * s.c, low, last);
        if (low > column && !f(target, int64_t(-1), (low - column) * e))
          return false;
        if (high > low && !f(target + (low - column) * e, row + x0 * s.pixel + low * e, (high - low) * e))
          return false;
        if (last > high && !f(target + (high - column) * e, int64_t(-1), (last - high) * e))
          return false;
        target += (last - column) * e;
        continue;
      }
      for (int64_t kw = column / s.c, c = column % s.c; column < last; ++kw, c = 0) {
        const int64_t count = std::min<int64_t>(s.c - c, last - column), x = x0 + kw * s.dw;
        const bool inside = x >= 0 && x < s.w;
        if (!f(target, inside ? row + x * s.pixel + c * e : int64_t(-1), count * e))
          return false;
        target += count * e, column += count;
      }
    }
    if (++ow == s.ow)
      ow = 0, ++oh;
  }
  return true;
}

} // namespace aic::npu::sim

#endif // AIC_LIB_NPU_SIM_EXECUTE_H
