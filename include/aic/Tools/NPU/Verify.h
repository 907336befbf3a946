//===- Verify.h - aic-npu-verify and aic-npu-mutate -----------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef AIC_TOOLS_NPU_VERIFY_H
#define AIC_TOOLS_NPU_VERIFY_H

namespace aic::npu::tools {

int verifierMain(int argc, char **argv);
int mutatorMain(int argc, char **argv);

} // namespace aic::npu::tools

#endif // AIC_TOOLS_NPU_VERIFY_H
