//===- Lives.h - How long bytes of a local space are in use -------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef AIC_LIB_NPU_SIM_LIVES_H
#define AIC_LIB_NPU_SIM_LIVES_H

#include "Sequencer.h"
#include "aic/NPU/Sim/Timeline.h"

#include <map>

namespace aic::npu::sim {

/// Follows writes and reads, as intervals, in the order of their completion. A life begins with the write and ends with
/// the last read before every byte of it is written again.
class LifeTracker {
public:
  explicit LifeTracker(Timeline &trace) : trace(trace) {}
  void completed(const Issue &issue, const Decoded &decoded, uint64_t begin, uint64_t end);

private:
  struct Part {
    int64_t high;
    size_t life;
  };
  Timeline &trace;
  std::array<std::map<int64_t, Part>, kSpaces> parts; // by low
};

} // namespace aic::npu::sim

#endif // AIC_LIB_NPU_SIM_LIVES_H
