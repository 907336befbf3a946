//===- Timing.h - How long an instruction takes -------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Durations by the machine's description, without contention for the DRAM, which the timed run adds.
//   MMA    head + ceil(m/M) * ceil(n/N) * ceil(k/K)
//   LDA, LDB, CP, FILL on MV
//          issue + max(bytes / path, accesses of each local side * 32 / port)
//   FXOUT  issue + max(bytes of the result / path, accesses / port) + bytes of table, lut and residual / their path
//   VX     as at VectorUnit in Machine.h
//   LD, ST issue, latency, then max(bytes / path, accesses / port, traffic / DRAM); traffic: every contiguous run
//          rounded to the bursts it touches
//   SWAIT, SSIG, and what a predicate switches off: 1
// Accesses: the granules of 32 bytes that each contiguous run touches.
//
//===----------------------------------------------------------------------===//

#ifndef AIC_LIB_NPU_SIM_TIMING_H
#define AIC_LIB_NPU_SIM_TIMING_H

#include "Execute.h"

namespace aic::npu::sim {

struct Cost {
  uint32_t issue = 0;                       // cycles before anything moves
  uint64_t cycles = 1;                      // without issue; for LD and ST what path and local memory need
  uint64_t bytes = 0;                       // LD, ST: asked for
  uint64_t traffic = 0;                     // LD, ST: bytes of whole bursts
  std::array<uint32_t, kSpaces> accesses{}; // granules touched in each space
};

class CostModel {
public:
  explicit CostModel(const Decoded &decoded);
  const Cost &of(const Issue &issue);
  unsigned maxInflight(Engine engine) const { return inflight[static_cast<size_t>(engine)]; }

private:
  struct Entry {
    uint64_t key = ~uint64_t(0);
    Cost cost;
  };
  Cost compute(const Issue &issue) const;
  uint64_t accesses(const Issue &issue, const Region &region) const;
  uint64_t vectorCycles(const Operation &op) const;

  const Decoded &decoded;
  const Machine &machine;
  std::vector<Entry> cache; // the last answer of every instruction
  std::array<unsigned, 256> vectorCost{};
  std::array<unsigned, kEngines> inflight{};
};

/// The banks of a space that an interval of bytes lies in; banks beyond 64 share bits.
uint64_t banksOf(const MemorySpace &space, int64_t low, int64_t high);

} // namespace aic::npu::sim

#endif // AIC_LIB_NPU_SIM_TIMING_H
