// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- EmitPTX.h - Kernels in the NVVM dialect to PTX text ----------------===//
#ifndef AIC_TARGET_NVPTX_EMITPTX_H
#define AIC_TARGET_NVPTX_EMITPTX_H

#include "aic/Dialect/AIC/IR/AICOps.h"
#include <string>

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace mlir::aic {

/// What code needs of the machine and of the driver's compiler.
struct PTXNeeds {
  int64_t sm = 0;            // compute capability x 10
  int64_t ptx = 0;           // PTX ISA version x 10
  bool archSpecific = false; // only the very chip runs it: `.target sm_90a`
};

/// What the operations of a module in the LLVM and NVVM dialects need, beyond what the chip needs anyway. Emits an
/// error for operations, calls and sizes that code generation for `target` cannot take.
FailureOr<PTXNeeds> verifyNVVM(ModuleOp module, TargetAttr target);

struct PTXOptions {
  unsigned jobs = 1;
};

/// One text with the entries of all `modules`, each in the LLVM and NVVM dialects and through `aic-gpu-verify-nvvm`.
/// The text depends on the modules and the target only; `.version` and `.target` are the lowest that will do.
FailureOr<std::string> emitPTX(ArrayRef<ModuleOp> modules, TargetAttr target, const PTXOptions &options = {});

/// What the translation to LLVM IR looks up in the context.
void registerNVPTXTranslations(DialectRegistry &registry);

} // namespace mlir::aic

#endif // AIC_TARGET_NVPTX_EMITPTX_H
