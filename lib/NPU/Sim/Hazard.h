//===- Hazard.h - Accesses that nothing orders ------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Says which accesses nothing orders, whether or not they met in this run. A vector clock per engine tells what is
// known to be complete when an instruction starts: all that its own queue has completed, and what the tokens it has
// taken bring along. For each memory and engine the latest accesses are kept; a new one is held against those that its
// clock does not cover. Several LDs, or STs, may be in execution at the same time: their queue orders their completions
// only, as silicon may mix their bursts. Queues that are full and the order of dispatch order nothing, as in the
// verifier.
//
//===----------------------------------------------------------------------===//

#ifndef AIC_LIB_NPU_SIM_HAZARD_H
#define AIC_LIB_NPU_SIM_HAZARD_H

#include "Diagnose.h"

namespace aic::npu::sim {

/// How many instructions of each engine are known to be complete.
using Clock = std::array<uint32_t, kEngines>;
inline void join(Clock &clock, const Clock &other) {
  for (unsigned e = 0; e < kEngines; ++e)
    clock[e] = std::max(clock[e], other[e]);
}

class HazardDetector {
public:
  HazardDetector(const Decoded &decoded, MemoryImage &memory, Diagnostics &diagnostics);
  /// An instruction starts, having taken a token with the clock `token`, if any. Returns the clock that its own signal
  /// carries.
  Clock begin(const Issue &issue, const Clock *token, uint64_t cycle);
  void end(const Issue &issue) { ++completed[static_cast<size_t>(issue.op->engine)]; }

private:
  struct Access {
    const Operation *op = nullptr;
    Region region;
    int64_t base = 0, low = 0, high = 0;
    uint64_t number = 0;   // of the issue
    uint32_t sequence = 0; // in its engine, from 1
  };
  /// The latest accesses of an engine to a memory.
  struct History {
    std::vector<Access> ring;
    size_t next = 0, size = 0;
  };
  void add(const Issue &issue, const Region &region, const Clock &clock, uint64_t cycle);
  void conflict(const Access &before, Engine engine, const Access &now, Place place, uint64_t cycle);

  const Decoded &decoded;
  MemoryImage &memory;
  Diagnostics &diagnostics;
  std::array<Clock, kEngines> clocks{};
  Clock started{}, completed{};
  std::array<bool, kEngines> overlaps{}; // LD, ST: several at a time
  std::array<std::array<History, kEngines>, kPlaces> histories;
};

/// A byte that both regions hold, or -1. Exact for all but regions of many thousand runs.
int64_t commonByte(const Operation &a, const Region &regionA, int64_t baseA, const Operation &b, const Region &regionB,
                   int64_t baseB);

} // namespace aic::npu::sim

#endif // AIC_LIB_NPU_SIM_HAZARD_H
