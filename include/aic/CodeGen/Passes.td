// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_CODEGEN_PASSES_TD
#define AIC_CODEGEN_PASSES_TD

include "mlir/Pass/PassBase.td"

def IsolateKernelsPass : Pass<"aic-isolate-kernels", "::mlir::ModuleOp"> {
  let summary = "Move each kernel into a module of its own";
  let description = [{
    Kernels are compiled independently of each other: passes nested on modules run on them in parallel. A declaration stays
    behind for the calls in `@main`. The module's `aic.target` is copied.

    ```mlir
    func.func private @k0(%x: tensor<8xf32>, %out: tensor<8xf32>) -> tensor<8xf32> attributes {aic.kernel} { ... }
    // becomes
    func.func private @k0(tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32> attributes {aic.kernel}
    module attributes {aic.target = ...} {
      func.func private @k0(...) -> tensor<8xf32> attributes {aic.kernel} { ... }
    }
    ```
  }];
}

def LowerKernelMathPass : Pass<"aic-lower-kernel-math", "::mlir::ModuleOp"> {
  let summary = "Write math functions of kernels as arithmetic";
  let description = [{
    Replaces `math` operations on vectors, and the common ones on scalars, by polynomials and other arithmetic, so that no
    vector of f32 is taken apart into calls, but for sines, cosines and tangents of numbers beyond 1e5. What remains
    (rare functions on scalars, f64) becomes an intrinsic or a call of libm later. Lets floating-point operations contract
    into multiply-adds.

    ```mlir
    %y = math.tanh %x : vector<8xf32>
    // becomes mulf, addf, divf, select ... on vector<8xf32>
    ```
  }];
  let dependentDialects = ["::mlir::math::MathDialect", "::mlir::arith::ArithDialect", "::mlir::vector::VectorDialect",
                           "::mlir::func::FuncDialect", "::mlir::scf::SCFDialect"];
}

def FlattenKernelsPass : Pass<"aic-flatten-kernels", "::mlir::ModuleOp"> {
  let summary = "Make the tensor arguments of kernels bare pointers that do not alias";
  let description = [{
    Assumes kernels of the tiles level (`docs/Levels.md`, "Tiles"): functions on `memref<?xT>` and `index`. Each memref
    argument becomes `memref<T>`, which the bare-pointer convention turns into a pointer, and a view of it in the body.
    The extent of the view is unbounded: kernels know their extents from index arguments.

    ```mlir
    func.func @k(%x: memref<?xf32>, %n: index, %worker: index, %workers: index) attributes {aic.kernel}
    // becomes
    func.func @k(%p: memref<f32> {llvm.noalias}, %n: index, %worker: index, %workers: index) attributes {aic.kernel}
    ```
  }];
  let dependentDialects = ["::mlir::memref::MemRefDialect", "::mlir::arith::ArithDialect"];
}

def AddKernelEntriesPass : Pass<"aic-add-kernel-entries", "::mlir::ModuleOp"> {
  let summary = "Give kernels their C entry point";
  let description = [{
    For each kernel in the LLVM dialect, a function `(buffers, dims, worker, workers)` takes the kernel's name, loads its
    arguments from the two arrays and calls it. A second function keeps the argument attributes, of which
    `noalias` is the one that matters.

    ```mlir
    llvm.func @k(!llvm.ptr {llvm.noalias}, i64, i64, i64) attributes {aic.kernel}
    // becomes
    llvm.func internal @k.body(!llvm.ptr {llvm.noalias}, i64, i64, i64)
    llvm.func @k(%buffers: !llvm.ptr, %dims: !llvm.ptr, %worker: i64, %workers: i64)
    ```
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

#endif // AIC_CODEGEN_PASSES_TD
