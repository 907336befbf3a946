// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_CONVERSION_KERNELTONVVM_PASSES_TD
#define AIC_CONVERSION_KERNELTONVVM_PASSES_TD

include "mlir/Pass/PassBase.td"

def GPUEmitKernelsPass : Pass<"aic-gpu-emit-kernels", "::mlir::ModuleOp"> {
  let summary = "Write what the threads of every kernel do";
  let description = [{
    Replaces each function with the attribute `aic.kernel` in a nested module by device functions: the level "Tiles" of
    docs/Levels.md, for a GPU. Which emitter writes them follows from the class of the kernel's `aic.lowering_config`; the
    declaration in the host module gets `nvidia.launches`: the device functions in the order in which they are launched,
    each with its grid, as a function of the kernel's extents, and its block.

    Assumes kernels as `aic-form-kernels` makes them, isolated by `aic-isolate-kernels`. Guarantees: no allocation and no
    call, every tail guarded, barriers only where all threads of a block come, no element written by two threads. A kernel
    that no class takes is emitted with scalar loops whose iterations are shared out to threads; it gets the attribute
    `aic.scalar_fallback` with the reason, and a remark says so.

    Before:
    ```mlir
    func.func private @k(tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32> attributes {aic.kernel}
    module {
      func.func private @k(%x: tensor<64xf32>, %out: tensor<64xf32>) -> tensor<64xf32> attributes {aic.kernel} {
        %0 = linalg.generic ... ins(%x) outs(%out) { ... arith.maximumf ... }
        return %0 : tensor<64xf32>
      }
    }
    ```
    After:
    ```mlir
    func.func private @k(tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32> attributes {aic.kernel,
      nvidia.launches = [{function = "k", grid = affine_map<() -> (1, 1, 1)>, block = array<i64: 64, 1, 1>} ]}
    module {
      func.func private @k(%x: memref<?xf32>, %out: memref<?xf32>) attributes {aic.kernel, nvidia.block = array<i64: 64, 1, 1>} {
        %i = gpu.thread_id x
        scf.if ... { memref.load, arith.maximumf, memref.store }
        return
      }
    }
    ```
  }];
  let dependentDialects = ["::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect", "::mlir::gpu::GPUDialect",
                           "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
                           "::mlir::vector::VectorDialect"];
}

#endif // AIC_CONVERSION_KERNELTONVVM_PASSES_TD
