//===- Hazard.h - Instructions that run at the same time ----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Keeps the regions of the instructions in execution, a short list for each memory, and holds every new instruction
// against those of the other engines. Two instructions of one engine are ordered by its queue.
//
//===----------------------------------------------------------------------===//

#ifndef AIC_LIB_NPU_SIM_HAZARD_H
#define AIC_LIB_NPU_SIM_HAZARD_H

#include "Diagnose.h"

namespace aic::npu::sim {

class HazardDetector {
public:
  HazardDetector(const Decoded &decoded, MemoryImage &memory, Diagnostics &diagnostics)
      : decoded(decoded), memory(memory), diagnostics(diagnostics) {}
  /// The issue must stay where it is until it ends.
  void begin(const Issue &issue, uint64_t cycle);
  void end(const Issue &issue);

private:
  struct Access {
    const Issue *issue;
    Region region;
    int64_t base, low, high;
    Engine engine;
  };
  void add(const Issue &issue, const Region &region, uint64_t cycle);
  void conflict(const Access &before, const Access &now, Place place, uint64_t cycle);

  const Decoded &decoded;
  MemoryImage &memory;
  Diagnostics &diagnostics;
  std::array<std::vector<Access>, kPlaces> inFlight;
};

/// A byte that both regions hold, or -1. Exact for all but regions of many thousand runs.
int64_t commonByte(const Issue &a, const Region &regionA, const Issue &b, const Region &regionB);

} // namespace aic::npu::sim

#endif // AIC_LIB_NPU_SIM_HAZARD_H
