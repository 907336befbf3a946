// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_LIB_TARGET_NVPTX_SELECTNVPTXCONFIG_H
#define AIC_LIB_TARGET_NVPTX_SELECTNVPTXCONFIG_H

#include "aic/Target/NVPTX/NVPTXMachineModel.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace mlir::aic {

/// The class of `kernel` and, for a contraction, the tiles of blocks and threads.
LoweringConfigAttr selectNVPTXConfig(func::FuncOp kernel, const NVPTXMachineModel &machine);

} // namespace mlir::aic

#endif // AIC_LIB_TARGET_NVPTX_SELECTNVPTXCONFIG_H
