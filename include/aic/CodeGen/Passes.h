// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_CODEGEN_PASSES_H
#define AIC_CODEGEN_PASSES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

namespace mlir::aic {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "aic/CodeGen/Passes.h.inc"

/// From kernels of the tiles level (scf, arith, math, vector, memref, in modules of their own) to the LLVM dialect with
/// the C ABI of kernels. `pm` runs on the module of one kernel.
void buildKernelToLLVMPipeline(OpPassManager &pm);
} // namespace mlir::aic

#endif // AIC_CODEGEN_PASSES_H
