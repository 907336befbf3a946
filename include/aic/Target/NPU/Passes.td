// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_TARGET_NPU_PASSES_TD
#define AIC_TARGET_NPU_PASSES_TD

include "mlir/Pass/PassBase.td"

def NPUEncodePass : Pass<"npu-encode", "::mlir::ModuleOp"> {
  let summary = "Make constants of programs";
  let description = [{
    Every `npu.program` that a function with the attribute `npu.program` stands for becomes the bytes of a `.npub` container
    (docs/NPU/Container.md), a constant that is the first operand of the call, and a kernel declaration with the
    attribute `npu.kernel`: host code passes its buffers to the NPU's driver. Bytes depend on the program and the
    machine only.

    Before and after:
    ```mlir
    %y = call @npu0(%x) : (tensor<64xi8>) -> tensor<64xi8>

    %npub = arith.constant dense_resource<npub> : tensor<2048xi8>
    %out = tensor.empty() : tensor<64xi8>
    %y = call @npu0(%npub, %x, %out) : (tensor<2048xi8>, tensor<64xi8>, tensor<64xi8>) -> tensor<64xi8>
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::tensor::TensorDialect", "::mlir::func::FuncDialect", "::mlir::aic::AICDialect"];
}

#endif // AIC_TARGET_NPU_PASSES_TD
