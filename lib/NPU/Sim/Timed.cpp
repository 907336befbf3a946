//===- Timed.cpp - Engines, queues, semaphores and time -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Runner.h"

void aic::npu::sim::runTimed(const Job &job) { runSequential(job); }
