// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_DIALECT_NPU_TRANSFORMS_PASSES_H
#define AIC_DIALECT_NPU_TRANSFORMS_PASSES_H

#include "aic/Dialect/NPU/IR/NPUOps.h"
#include "mlir/Pass/Pass.h"

namespace mlir::npu {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "aic/Dialect/NPU/Transforms/Passes.h.inc"
} // namespace mlir::npu

#endif // AIC_DIALECT_NPU_TRANSFORMS_PASSES_H
