// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s --canonicalize | FileCheck %s

// A buffer that nothing uses, a wait without a semaphore and a signal without one go.
// CHECK-LABEL: npu.program @idle
// CHECK-NOT: npu.buffer
// CHECK-NOT: npu.sync
// CHECK: npu.control HALT
npu.program @idle on #npu.machine<"edge-256"> {
  %b = npu.buffer 64 : <L1>
  npu.sync SWAIT on LD
  npu.sync SSIG on MV
  npu.control HALT
}

// CHECK-LABEL: npu.program @busy
// CHECK: npu.sync SSIG on MV signal 0
// CHECK: npu.sync SWAIT on LD wait 0
npu.program @busy on #npu.machine<"edge-256"> {
  npu.semaphore 0 MV to LD init 0
  npu.sync SSIG on MV signal 0
  npu.sync SWAIT on LD wait 0
  npu.control HALT
}
