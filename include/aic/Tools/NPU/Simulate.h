//===- Simulate.h - aic-npu-sim ------------------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef AIC_TOOLS_NPU_SIMULATE_H
#define AIC_TOOLS_NPU_SIMULATE_H

namespace aic::npu::tools {

int simulatorMain(int argc, char **argv);

} // namespace aic::npu::tools

#endif // AIC_TOOLS_NPU_SIMULATE_H
