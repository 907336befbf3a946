// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_CONVERSION_AICTOLINALG_AICTOLINALG_TD
#define AIC_CONVERSION_AICTOLINALG_AICTOLINALG_TD

include "mlir/Pass/PassBase.td"

def ConvertAICToLinalgPass : Pass<"convert-aic-to-linalg", "::mlir::ModuleOp"> {
  let summary = "From the graph level to the loops level";
  let description = [{
    Writes every graph operation as `linalg.generic` on tensors in destination style (`docs/Levels.md`, "Loops").
    Element types become signless; what an operation does with unsigned numbers is in the operations of the bodies. The
    entry function's arguments and results that were unsigned carry `aic.element_type`.

    Extents are expressions of the arguments' extents: shape arithmetic of the graph becomes index arithmetic or
    disappears. An operation that cannot be written this way is an error; nothing is left half converted.

    ```mlir
    %1 = aic.relu %0 : (tensor<4xf32>) -> tensor<4xf32>
    // becomes
    %1 = linalg.generic {...} ins(%0 : tensor<4xf32>) outs(%empty : tensor<4xf32>) {
    ^bb0(%in: f32, %out: f32):
      %2 = arith.maximumf %in, %zero : f32
      linalg.yield %2 : f32
    } -> tensor<4xf32>
    ```
  }];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect", "::mlir::cf::ControlFlowDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect", "::mlir::scf::SCFDialect",
    "::mlir::tensor::TensorDialect"];
}

#endif // AIC_CONVERSION_AICTOLINALG_AICTOLINALG_TD
