//===- Accounts.h - Where the cycles went -------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef AIC_LIB_NPU_SIM_ACCOUNTS_H
#define AIC_LIB_NPU_SIM_ACCOUNTS_H

#include "Timing.h"
#include "aic/NPU/Sim/Report.h"

namespace aic::npu::sim {

/// Counts of every operation while a timed run proceeds. Operations are numbered as in the program's debug section;
/// what belongs to none has a slot of its own.
class Accounts {
public:
  explicit Accounts(const Decoded &decoded);

  size_t slotOf(uint32_t debugOp) const { return debugOp < named ? debugOp : named; }
  OpCounts &of(uint32_t debugOp) { return ops[slotOf(debugOp)]; }
  /// An instruction starts.
  void started(const Issue &issue, const Cost &cost);
  /// Cycles of the run, all of one cause: the matrix unit works, or stands still.
  void matrixBusy(uint32_t debugOp, uint64_t cycles);
  void matrixStalled(uint32_t debugOp, StallCause cause, uint64_t cycles);
  void engineBusy(Engine engine, uint32_t debugOp, uint64_t cycles) {
    of(debugOp).busy[static_cast<size_t>(engine)] += cycles;
  }

  Report finish();

private:
  const Decoded &decoded;
  const size_t named;
  std::vector<OpCounts> ops;
  struct Work {
    uint64_t bytes = 0, halves = 0, depthwise = 0; // MACs on 8 and on 16 bits, and of the vector unit
  };
  std::vector<Work> work;
};

} // namespace aic::npu::sim

#endif // AIC_LIB_NPU_SIM_ACCOUNTS_H
