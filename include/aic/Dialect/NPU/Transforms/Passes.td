// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_DIALECT_NPU_TRANSFORMS_PASSES_TD
#define AIC_DIALECT_NPU_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def NPUAllocatePass : Pass<"npu-allocate", "::mlir::npu::ProgramOp"> {
  let summary = "Give every buffer its address";
  let description = [{
    A buffer lives from its first use to its last. Buffers that live at once do not overlap. Groups of buffers (what one
    unit uses) start where the group before ended, so that the next unit's loads do not wait for the last reads of the
    one before; where that does not fit, they start at 0, largest first or in their order. If that does not fit either,
    the error names the buffers that are alive, with their bytes and the instructions that use them. Buffers that have an
    address keep it.

    Before and after:
    ```mlir
    %0 = npu.buffer 4096 : !npu.buffer<L1>
    %0 = npu.buffer 4096 at 1024 : !npu.buffer<L1>
    ```
  }];
}

def NPUInsertSyncPass : Pass<"npu-insert-sync", "::mlir::npu::ProgramOp"> {
  let summary = "Order what touches the same bytes";
  let description = [{
    Two instructions of which one writes bytes that the other touches get an order, unless queues and earlier semaphores
    already give it: a signal of the earlier one, a wait of the later. All orders from one engine to another share a
    counting semaphore (tokens are taken in the order they are given), or several in rotation where more tokens than a
    semaphore can hold would be under way. An instruction carries one wait and one signal; more become `npu.sync`.

    Assumes allocated buffers. Guarantees: what `npu-verify-sync` proves. Instructions may not be moved afterwards.
  }];
}

def NPUVerifySyncPass : Pass<"npu-verify-sync", "::mlir::npu::ProgramOp"> {
  let summary = "Prove that a program has no race, no deadlock and balanced semaphores";
  let description = "The proof of include/aic/NPU/Verify/SyncVerifier.h; an error shows both instructions and a schedule that breaks.";
}

#endif // AIC_DIALECT_NPU_TRANSFORMS_PASSES_TD
