// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_DIALECT_AIC_TRANSFORMS_PASSES_TD
#define AIC_DIALECT_AIC_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def InferShapesPass : Pass<"aic-infer-shapes", "::mlir::func::FuncOp"> {
  let summary = "Refine result types from symbolic dims";
  let description = [{
    Walks the function in order, derives the dims of every result from the operands (see ShapeScope) and replaces each
    `?` whose extent is a number. The function's result types follow.
  }];
}

#endif // AIC_DIALECT_AIC_TRANSFORMS_PASSES_TD
