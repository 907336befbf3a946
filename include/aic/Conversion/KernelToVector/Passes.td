// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_CONVERSION_KERNELTOVECTOR_PASSES_TD
#define AIC_CONVERSION_KERNELTOVECTOR_PASSES_TD

include "mlir/Pass/PassBase.td"

def X86EmitKernelsPass : Pass<"aic-x86-emit-kernels", "::mlir::ModuleOp"> {
  let summary = "Write the loops and vectors of every kernel";
  let description = [{
    Replaces each function with the attribute `aic.kernel` by one that works on memory: the level "Tiles" of
    docs/Levels.md. Sizes come from the kernel's `aic.lowering_config`, what it lacks from the module's `aic.target`.

    Assumes kernels as `aic-form-kernels` makes them. Guarantees: no allocation, no call, every store inside the
    destinations; a worker's share of the work never overlaps another's. A kernel that has no vector form is emitted with
    one lane, gets the attribute `aic.scalar_fallback` with the reason, and a remark says so.

    Before:
    ```mlir
    func.func private @k(%x: tensor<64xf32>, %out: tensor<64xf32>) -> tensor<64xf32> attributes {aic.kernel} {
      %0 = linalg.generic ... ins(%x) outs(%out) { ... arith.maximumf ... }
      return %0 : tensor<64xf32>
    }
    ```
    After:
    ```mlir
    func.func private @k(%x: memref<?xf32>, %out: memref<?xf32>, %worker: index, %workers: index) attributes {aic.kernel} {
      scf.for %i = ... { vector.load, arith.maximumf, vector.store }
      return
    }
    ```
  }];
  let dependentDialects = ["::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
                           "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"];
}

#endif // AIC_CONVERSION_KERNELTOVECTOR_PASSES_TD
