// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_DIALECT_AIC_TRANSFORMS_PASSES_H
#define AIC_DIALECT_AIC_TRANSFORMS_PASSES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassRegistry.h"
#include <functional>

namespace mlir {
class RewritePatternSet;
} // namespace mlir

namespace mlir::aic {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "aic/Dialect/AIC/Transforms/Passes.h.inc"

/// Whether a convolution or pooling is computed best with its channels last. Null: always.
using LayoutPreference = std::function<bool(Operation *)>;
/// `aic-assign-layout` with the preference of a target.
std::unique_ptr<Pass> createAssignLayoutPass(LayoutPreference prefersChannelsLast);
} // namespace mlir::aic

#endif // AIC_DIALECT_AIC_TRANSFORMS_PASSES_H
