// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_CONVERSION_KERNELTONVVM_PASSES_H
#define AIC_CONVERSION_KERNELTONVVM_PASSES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace mlir::aic {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "aic/Conversion/KernelToNVVM/Passes.h.inc"
} // namespace mlir::aic

#endif // AIC_CONVERSION_KERNELTONVVM_PASSES_H
