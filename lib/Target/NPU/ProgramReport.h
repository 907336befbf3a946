// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_LIB_TARGET_NPU_PROGRAMREPORT_H
#define AIC_LIB_TARGET_NPU_PROGRAMREPORT_H

#include "mlir/IR/BuiltinOps.h"
#include <string>

namespace mlir::npu {
/// A table of the units in a module, program by program, and of what stays on the host and why.
std::string reportPrograms(ModuleOp module, bool json);
} // namespace mlir::npu

#endif // AIC_LIB_TARGET_NPU_PROGRAMREPORT_H
