// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_TARGET_NVPTX_PASSES_TD
#define AIC_TARGET_NVPTX_PASSES_TD

include "mlir/Pass/PassBase.td"

def GPUPrepareDevicePass : Pass<"aic-gpu-prepare-device", "::mlir::ModuleOp"> {
  let summary = "Give device functions bare pointers, address spaces and special registers";
  let description = [{
    Assumes device functions of the tiles level (`docs/Levels.md`, "Tiles"): functions with `nvidia.block` on memrefs of
    one dim, then `index`. Afterwards

    * each memref argument is a `memref<T, 1>` (global memory), which the bare-pointer convention makes a pointer, and a
      view of it in the body whose extent is unbounded;
    * `memref.alloca` in workgroup memory is a `memref.global` in address space 3, aligned to at least 16 bytes; others
      of a fixed size stand in the entry block, so that no loop grows the stack;
    * `gpu.thread_id`, `block_id`, `grid_dim`, `lane_id`, `barrier` and `shuffle` are operations of the NVVM dialect, ids
      with the range that the block gives them; `gpu.block_dim` is a constant.

    Views may be made of such memrefs, and `arith.select` may choose between two of one memory; other operations must not
    pass them on.

    ```mlir
    func.func @k(%x: memref<?xf32>, %n: index) attributes {nvidia.block = array<i64: 64, 1, 1>} {
      %t = gpu.thread_id x
      %s = memref.alloca() : memref<64xf32, #gpu.address_space<workgroup>>
    // becomes
    memref.global "private" @shared0 : memref<64xf32, 3> {alignment = 16}
    func.func @k(%p: memref<f32, 1>, %n: index) {
      %x = memref.reinterpret_cast %p ... : memref<f32, 1> to memref<?xf32, 1>
      %t0 = nvvm.read.ptx.sreg.tid.x range <i32, 0, 64> : i32
      %t = arith.index_castui %t0 : i32 to index
      %s = memref.get_global @shared0 : memref<64xf32, 3>
    ```
  }];
  let dependentDialects = ["::mlir::NVVM::NVVMDialect", "::mlir::memref::MemRefDialect", "::mlir::arith::ArithDialect",
                           "::mlir::LLVM::LLVMDialect"];
}

def GPULowerMathPass : Pass<"aic-gpu-lower-math", "::mlir::ModuleOp"> {
  let summary = "Write math functions of device code as arithmetic, without a device library";
  let description = [{
    Replaces every operation of the `math` dialect, and `arith.remf`, by arithmetic and by the few approximations that
    the hardware has (`ex2.approx`, `rsqrt.approx`); vectors are taken apart into their elements. What is one
    instruction (`sqrt`, `fma`, `floor`, ...) stays, for f32 and f64. f16 and bf16 are computed in f32. Errors are listed
    in `docs/NVIDIA/Math.md`.

    Lets floating-point operations that were there before contract into multiply-adds, as on x86; what the pass writes
    is exact about its roundings.

    ```mlir
    %y = math.exp %x : f32
    // becomes: x clamped, x * log2(e) split in a rounded product and its error, ex2.approx, a correction
    ```
  }];
  let dependentDialects = ["::mlir::math::MathDialect", "::mlir::arith::ArithDialect", "::mlir::vector::VectorDialect",
                           "::mlir::scf::SCFDialect", "::mlir::LLVM::LLVMDialect"];
}

def GPUFinishEntriesPass : Pass<"aic-gpu-finish-entries", "::mlir::ModuleOp"> {
  let summary = "Make device functions entries that a driver can launch";
  let description = [{
    Functions of the LLVM dialect with `nvidia.block` become `nvvm.kernel`s that are launched with exactly this block
    (`nvvm.reqntid`); `nvidia.min_blocks` becomes `nvvm.minctasm`. Their pointers do not alias and are aligned to 16
    bytes. Everything else becomes internal to the module.

    ```mlir
    llvm.func @k(!llvm.ptr<1>, i64) attributes {nvidia.block = array<i64: 64, 1, 1>, nvidia.min_blocks = 1 : i32}
    // becomes
    llvm.func @k(!llvm.ptr<1> {llvm.align = 16, llvm.noalias, llvm.noundef}, i64 {llvm.noundef})
        attributes {nvvm.kernel, nvvm.minctasm = 1 : i32, nvvm.reqntid = array<i32: 64, 1, 1>}
    ```
  }];
  let dependentDialects = ["::mlir::NVVM::NVVMDialect"];
}

def GPUVerifyNVVMPass : Pass<"aic-gpu-verify-nvvm", "::mlir::ModuleOp"> {
  let summary = "Refuse what NVPTX code generation would die of";
  let description = [{
    The gate before code generation, which aborts the process on what it cannot select. Every operation must be one
    that `lib/Target/NVPTX/Instructions.def` lists for its types, available on the chip of `aic.target` (on the module or
    one around it) and in some PTX ISA version that LLVM writes. Calls go to functions of the module; no
    `builtin.unrealized_conversion_cast` is left; static shared memory and the block are within the chip's limits. Errors
    name the kernel and the operation.
  }];
}

def GPUEmitPTXPass : Pass<"aic-gpu-emit-ptx", "::mlir::ModuleOp"> {
  let summary = "Write the PTX text of kernel modules";
  let description = [{
    Generates code for the modules nested in this one, or for this one if it holds entries itself, by the target of
    `aic.target`. The text goes to `file`, or else to the attribute `nvidia.ptx` of the module, and nested modules
    disappear.
  }];
  let options = [
    Option<"file", "file", "std::string", "\"\"", "where the text goes; '-' is the standard output">,
    Option<"jobs", "jobs", "unsigned", "0",
           "how many modules are generated at a time, 0: one for each thread of the context; the text is the same">];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::NVVM::NVVMDialect"];
}

#endif // AIC_TARGET_NVPTX_PASSES_TD
