// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_CONVERSION_HOSTTOLLVM_HOSTTOLLVM_TD
#define AIC_CONVERSION_HOSTTOLLVM_HOSTTOLLVM_TD

include "mlir/Pass/PassBase.td"

def PlanHostPass : Pass<"aic-plan-host", "::mlir::ModuleOp"> {
  let summary = "From the list of kernel calls to host code with planned buffers";
  let description = [{
    Turns `@main` of the kernels level (`docs/Levels.md`, "Kernels") into `aic_host_run` and `aic_host_shapes` in the LLVM
    dialect. Kernel functions are in nested modules; the private declarations that `@main` calls become hidden external
    functions of the C ABI.

    Every value lives in an argument, a constant, an output or a slot of one arena. A slot holds values whose live
    ranges do not overlap and is as large as the largest of them; with dynamic extents that is a maximum at run time.
    Offsets are a running sum, computed at entry from the inputs' extents. A value whose size depends on data gets
    memory from the runtime when it is made. A result that is not a kernel's own (an argument, a constant, a second
    return of the same value) is copied.

    If a kernel's declaration says how it is launched (`nvidia.launches`), or the target is a CUDA device, tensors are on
    the device: host code computes extents and grids and puts launches and copies into a stream; elements that it looks
    at are read first. All kernels have to be launched then. `nvidia.ptx` is the text of their functions.

    Assumes: extents in `@main` come from `tensor.dim`, index arithmetic or elements of tensors. Guarantees: no tensor is
    left outside nested modules; constants are listed in the module's attribute `aic.weights`, which holds resources
    by reference, the signature and the launches in `aic.host`.

    ```mlir
    func.func private @k0(tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32> attributes {aic.kernel}
    func.func @main(%x: tensor<8xf32> {aic.name = "x"}) -> (tensor<8xf32> {aic.name = "y"}) {
      %e = tensor.empty() : tensor<8xf32>
      %r = call @k0(%x, %e) : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
      return %r : tensor<8xf32>
    }
    // becomes
    llvm.func hidden @k0(!llvm.ptr, !llvm.ptr, i64, i64)
    llvm.func hidden @aic_host_run(%call: !llvm.ptr, %inputs: !llvm.ptr, %symbols: !llvm.ptr) {
      ... llvm.call @aicrt_output(...), llvm.call @aicrt_launch(%call, %k0, %buffers, %dims, %number)
    }
    ```
  }];
  let options = [
    Option<"threads", "threads", "int64_t", "1", "Threads that a handle uses if its creator does not say">,
    Option<"features", "features", "std::string", "\"\"", "Comma-separated CPU features that the model checks for; default: those of `aic.target`">,
  ];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::arith::ArithDialect", "::mlir::scf::SCFDialect",
                           "::mlir::cf::ControlFlowDialect", "::mlir::affine::AffineDialect"];
}

#endif // AIC_CONVERSION_HOSTTOLLVM_HOSTTOLLVM_TD
