// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_TARGET_NVPTX_PASSES_H
#define AIC_TARGET_NVPTX_PASSES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace mlir::aic {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "aic/Target/NVPTX/Passes.h.inc"

/// From device functions of the tiles level (scf, arith, math, vector, memref, gpu, in modules of their own) to entries
/// in the LLVM and NVVM dialects that passed the gate. `pm` runs on the module of one kernel.
void buildKernelToNVVMPipeline(OpPassManager &pm);
/// The same as `aic-kernel-to-nvvm`.
void registerNVPTXPipelines();
} // namespace mlir::aic

#endif // AIC_TARGET_NVPTX_PASSES_H
