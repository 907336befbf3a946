// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_TARGET_PASSES_TD
#define AIC_TARGET_PASSES_TD

include "mlir/Pass/PassBase.td"

def AttachTargetPass : Pass<"aic-attach-target", "::mlir::ModuleOp"> {
  let summary = "Put the machine to compile for on the module";
  let description = [{
    Sets the attribute `aic.target` (see `#aic.target`) from the options. The x86 chip `host` is the machine that runs
    the compiler. A target that the module has already is checked and kept, unless another backend, a chip or features
    are asked for.
  }];
  let options = [
    Option<"backend", "backend", "std::string", "\"\"", "target backend; default: what the module has, else x86">,
    Option<"cpu", "cpu", "std::string", "\"\"", "chip, as the backend calls it; default: its first one, for x86 host">,
    Option<"features", "features", "std::string", "\"\"", "added to the chip's: +x or -x, separated by commas">,
    Option<"threads", "threads", "int64_t", "0", "workers to plan for; 0: as many as the chip's model has">];
  let dependentDialects = ["::mlir::aic::AICDialect"];
}

def SelectConfigPass : Pass<"aic-select-config", "::mlir::ModuleOp"> {
  let summary = "Decide how each kernel is tiled";
  let description = [{
    Asks the backend of the module's `aic.target` for the `aic.lowering_config` of every kernel that has none: one that
    is written by hand stays.
  }];
  let dependentDialects = ["::mlir::aic::AICDialect"];
}

def X86PackConstantsPass : Pass<"aic-x86-pack-constants", "::mlir::ModuleOp"> {
  let summary = "Let kernels read weights in panels";
  let description = [{
    The operand of a contraction or convolution whose elements become the lanes of vectors is packed into panels as wide
    as the register tile of the kernel's `aic.lowering_config`, if every call passes a constant: `aic.pack` at the
    calls, `aic.unpack` in the kernel. Then the innermost loop reads consecutive memory, whatever N is. A weight whose
    innermost dimension is another one (`y = x W^T`) is permuted on the way.

    Before:
    ```mlir
    %r = call @k0(%x, %w, %out) : (tensor<8x64xf32>, tensor<64x20xf32>, tensor<8x20xf32>) -> tensor<8x20xf32>
    ```
    After:
    ```mlir
    %p = aic.pack %w : tensor<64x20xf32> -> tensor<2x64x16xf32>
    %r = call @k0(%x, %p, %out) : (tensor<8x64xf32>, tensor<2x64x16xf32>, tensor<8x20xf32>) -> tensor<8x20xf32>
    ```
  }];
  let dependentDialects = ["::mlir::aic::AICDialect"];
}

#endif // AIC_TARGET_PASSES_TD
