// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_PTX_TOOL_H
#define AIC_PTX_TOOL_H

namespace aic::ptx {

/// The program aic-ptx-run; returns its exit status.
int runTool(int argc, char **argv);

} // namespace aic::ptx

#endif // AIC_PTX_TOOL_H
