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

def PrepareLoopsPass : Pass<"aic-prepare-loops", "::mlir::func::FuncOp"> {
  let summary = "Bring loops into the form that kernels are formed from";
  let description = [{
    Named linalg operations become generic ones; `tensor.dim` of what a kernel will compute becomes arithmetic on the
    extents of its operands; common subexpressions go; reshapes that only add or drop unit dims vanish in the maps of
    generics that read them; fills and slices get one user each; pads stand right behind what they pad.
  }];
  let dependentDialects = ["::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect", "::mlir::tensor::TensorDialect"];
}

def FormKernelsPass : Pass<"aic-form-kernels", "::mlir::ModuleOp"> {
  let summary = "Group operations of the loops level into kernel functions";
  let description = [{
    Every public function is left with calls of private functions `k0`, `k1`, ... (attribute `aic.kernel`), their
    destinations, shape arithmetic, reshapes and control flow; see the level "Kernels" in docs/Levels.md. Assumes the
    form that `aic-prepare-loops` leaves. Operations are visited last to first and join the group of their users:

    - a contraction, convolution or pooling with the elementwise operations behind it,
    - reductions over the innermost dims of one shape with all that is computed at the same outer index (softmax, norms),
    - elementwise operations of one shape,
    - producers that are cheap to recompute, at their reads,
    - a pad behind any of these.

    A value that is also used elsewhere later becomes a further result. Groups that refuse each other give a remark
    (category `aic-fusion`). Equal kernels become one function, whatever their locations.
  }];
  let options = [
    Option<"maxOperations", "max-operations", "unsigned", "96", "operations in a kernel; bounds the compile time of one">,
    Option<"maxResults", "max-results", "unsigned", "4", "results of a kernel: each is a stream that is written">,
    Option<"maxReductions", "max-reductions", "unsigned", "8", "row reductions in a kernel: each is a pass over the row">,
    Option<"recomputeCost", "recompute-cost", "unsigned", "2", "instructions per element that are cheaper done again than stored">,
    Option<"rowRecomputeCost", "row-recompute-cost", "unsigned", "8", "the same for a value that several passes over a row read">];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::func::FuncDialect", "::mlir::tensor::TensorDialect"];
}

#endif // AIC_DIALECT_AIC_TRANSFORMS_PASSES_TD
