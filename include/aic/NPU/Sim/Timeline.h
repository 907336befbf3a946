//===- Timeline.h - When every instruction ran --------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef AIC_NPU_SIM_TIMELINE_H
#define AIC_NPU_SIM_TIMELINE_H

#include "aic/NPU/Machine.h"
#include "aic/NPU/Program.h"

#include <string>
#include <vector>

namespace aic::npu {

struct Timeline {
  /// One execution of an instruction.
  struct Span {
    uint64_t begin = 0, end = 0;
    uint32_t pc = 0, op = ~0u; // op: into Program::debugOps, ~0 for none
    Engine engine = Engine::S;
    uint32_t dramBytes = 0;
  };
  /// A signal and the wait that it let pass.
  struct Flow {
    uint64_t from = 0, to = 0;
    Engine producer = Engine::S, consumer = Engine::S;
    uint8_t semaphore = 0;
  };
  /// Bytes of a local space in use from a write to the last read before they are written again.
  struct Life {
    Space space = Space::L1;
    int64_t low = 0, high = 0;
    uint64_t begin = 0, end = 0;
    uint32_t pc = 0, op = ~0u;
  };
  uint64_t cycles = 0;
  std::vector<Span> spans;
  std::vector<Flow> flows;
  std::vector<Life> lives;
};

/// Chrome's trace format, which Perfetto reads: a track per engine, arrows for semaphores, counters for the DRAM's
/// GB/s and for each space's occupancy. One microsecond of the trace is one cycle.
std::string formatPerfetto(const Timeline &trace, const Program &program, const Machine &machine);
/// Address against time for every space, as an SVG picture.
std::string formatPicture(const Timeline &trace, const Program &program, const Machine &machine);

} // namespace aic::npu

#endif // AIC_NPU_SIM_TIMELINE_H
