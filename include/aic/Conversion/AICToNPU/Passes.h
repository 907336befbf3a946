// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_CONVERSION_AICTONPU_PASSES_H
#define AIC_CONVERSION_AICTONPU_PASSES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace mlir::npu {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "aic/Conversion/AICToNPU/Passes.h.inc"
} // namespace mlir::npu

#endif // AIC_CONVERSION_AICTONPU_PASSES_H
