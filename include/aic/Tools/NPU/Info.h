//===- Info.h - aic-npu-info ----------------------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef AIC_TOOLS_NPU_INFO_H
#define AIC_TOOLS_NPU_INFO_H

namespace aic::npu::tools {

int infoMain(int argc, char **argv);

} // namespace aic::npu::tools

#endif // AIC_TOOLS_NPU_INFO_H
