//===- Runner.h - The two ways to run a decoded program -----------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef AIC_LIB_NPU_SIM_RUNNER_H
#define AIC_LIB_NPU_SIM_RUNNER_H

#include "Diagnose.h"

namespace aic::npu::sim {

/// What both need. The memory has its segments bound.
struct Job {
  const Decoded &decoded;
  const RunOptions &options;
  MemoryImage &memory;
  Diagnostics &diagnostics;
  RunResult &result;
};

void runSequential(const Job &job);
void runTimed(const Job &job);

} // namespace aic::npu::sim

#endif // AIC_LIB_NPU_SIM_RUNNER_H
