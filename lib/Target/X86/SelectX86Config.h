// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_LIB_TARGET_X86_SELECTX86CONFIG_H
#define AIC_LIB_TARGET_X86_SELECTX86CONFIG_H

#include "X86MachineModel.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace mlir::aic {

/// The tile of a kernel, from the machine's numbers and the shape of the kernel's root.
LoweringConfigAttr selectX86Config(func::FuncOp kernel, const X86MachineModel &machine);

} // namespace mlir::aic

#endif // AIC_LIB_TARGET_X86_SELECTX86CONFIG_H
