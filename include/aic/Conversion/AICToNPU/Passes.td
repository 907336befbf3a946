// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_CONVERSION_AICTONPU_PASSES_TD
#define AIC_CONVERSION_AICTONPU_PASSES_TD

include "mlir/Pass/PassBase.td"

def NPUFormUnitsPass : Pass<"npu-form-units", "::mlir::func::FuncOp"> {
  let summary = "Gather what the NPU does as a whole into units";
  let description = [{
    Turns operations of the graph level, as `aic-graph-pipeline` leaves them (channels last, constants folded but for
    dequantised ones), into `npu.unit`. Between a dequantisation and a quantisation, a unit computes on integers: the
    exact sum of products in 32 bits, one f32 multiplication by `s_x * s_w / s_y`, round half to even, add the zero
    point, saturate. That is the integer meaning of the QDQ form; it differs from the f32 evaluation of the same graph
    by at most one step where the two roundings fall on different sides. A quantisation that stands in the graph is
    never skipped. Unquantised work is taken in f16 (see `npu-demote`), pointwise operations and rows in f32 too.

    What stays keeps its form and gets the attribute `npu.reason` with the reason.

    Assumes static shapes. Guarantees: a unit's region yields the bits that the program will (integers), or f16
    operations with f32 accumulation.
  }];
  let options = [Option<"machine", "machine", "std::string", "\"edge-256\"", "Name of a shipped machine or a machine file: what does not fit it is left">];
  let dependentDialects = ["::mlir::npu::NPUDialect", "::mlir::aic::AICDialect", "::mlir::arith::ArithDialect"];
}

def NPUDemotePass : Pass<"npu-demote", "::mlir::func::FuncOp"> {
  let summary = "Compute unquantised f32 operations in f16";
  let description = [{
    The NPU multiplies 8-bit integers and 16-bit floats. Operations on f32 that it has in f16 become f16 between
    `aic.cast`, without conversions between neighbours; sums of products stay in f32 inside an operation. Values of
    8-bit layers (from a dequantisation to the next quantisation) stay as they are.

    ```mlir
    %1 = aic.matmul %0, %w : (tensor<4x64xf32>, tensor<64x8xf32>) -> tensor<4x8xf32>
    // becomes
    %x = aic.cast %0 : (tensor<4x64xf32>) -> tensor<4x64xf16>
    %h = aic.cast %w : (tensor<64x8xf32>) -> tensor<64x8xf16>
    %m = aic.matmul %x, %h : (tensor<4x64xf16>, tensor<64x8xf16>) -> tensor<4x8xf16>
    %1 = aic.cast %m : (tensor<4x8xf16>) -> tensor<4x8xf32>
    ```
  }];
}

def NPUInlineUnitsPass : Pass<"npu-inline-units", "::mlir::func::FuncOp"> {
  let summary = "Replace units by their regions";
  let description = "The graph that the units mean, for the interpreter and for targets other than the NPU.";
}

def NPUPartitionPass : Pass<"npu-partition", "::mlir::ModuleOp"> {
  let summary = "Move units into functions, one program each";
  let description = [{
    Units that do not wait for work of the host in between become one private function with the attribute
    `npu.machine`; `@main` calls it. There are as few functions as phases of alternation between NPU and host.
  }];
  let options = [Option<"machine", "machine", "std::string", "\"edge-256\"", "Name of a shipped machine or a machine file">];
  let dependentDialects = ["::mlir::npu::NPUDialect", "::mlir::func::FuncDialect"];
}

def NPULowerUnitsPass : Pass<"npu-lower-units", "::mlir::ModuleOp"> {
  let summary = "Write the instructions of every unit";
  let description = [{
    Moves the body of each function with `npu.machine` into an `npu.program`, which its attribute `npu.program` names. Tiles are chosen here, under all
    capacities of the machine, by the estimated cycles of the slowest engine; loads run one block ahead of the work on
    it (double buffering). Buffers have no addresses yet and nothing is synchronised.

    Guarantees: `npu-allocate` finds a place for every buffer. Each unit's instructions are shown to the allocator; if
    their buffers do not fit, they are taken back and written again with tiles for less of the memory that overflowed: in
    proportion to what was too much, or by eighths where that is more than can be taken away. A remark says so. If there
    are no smaller tiles, the error names the last ones' buffers.
  }];
  let options = [Option<"percent", "percent", "unsigned", "100", "How much of each memory may be allocated: tests of the tiles that are tried next">];
  let dependentDialects = ["::mlir::npu::NPUDialect"];
}

#endif // AIC_CONVERSION_AICTONPU_PASSES_TD
