// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_LIB_CODEGEN_SANITIZE_H
#define AIC_LIB_CODEGEN_SANITIZE_H

#include "aic/CodeGen/CodeGen.h"
#include "llvm/IR/PassManager.h"

namespace mlir::aic {

/// Marks the functions of a module for a sanitizer and appends its passes.
void addSanitizerPasses(llvm::Module &module, Sanitizer sanitizer, llvm::ModulePassManager &pm);

} // namespace mlir::aic

#endif // AIC_LIB_CODEGEN_SANITIZE_H
