// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s --split-input-file --pass-pipeline='builtin.module(npu.program(npu-insert-sync,npu-verify-sync))' | FileCheck %s

// A result is stored when it is there; its slot is filled again when it was stored.
// CHECK-LABEL: npu.program @slot
// CHECK-DAG: npu.semaphore [[FULL:[0-9]+]] LD to ST init 0
// CHECK-DAG: npu.semaphore [[FREE:[0-9]+]] ST to LD init 0
// CHECK: npu.load LD src = @x[0]{{.*}} signal [[FULL]]
// CHECK: npu.store ST {{.*}}dst = @y[0]{{.*}} wait [[FULL]] signal [[FREE]]
// CHECK: npu.load LD src = @x[64]{{.*}} wait [[FREE]] signal [[FULL]]
// CHECK: npu.store ST {{.*}}dst = @y[64]{{.*}} wait [[FULL]]
npu.program @slot on #npu.machine<"edge-256"> {
  npu.segment @x input 128
  npu.segment @y output 128
  %a = npu.buffer 64 at 0 : <L1>
  npu.load LD src = @x[0], dst = %a[0], n0 = 64, n1 = 1, n2 = 1, n3 = 1 : !npu.buffer<L1>
  npu.store ST src = %a[0], dst = @y[0], n0 = 64, n1 = 1, n2 = 1, n3 = 1 : !npu.buffer<L1>
  npu.load LD src = @x[64], dst = %a[0], n0 = 64, n1 = 1, n2 = 1, n3 = 1 : !npu.buffer<L1>
  npu.store ST src = %a[0], dst = @y[64], n0 = 64, n1 = 1, n2 = 1, n3 = 1 : !npu.buffer<L1>
  npu.control HALT
}

// -----

// What shares no byte needs no order, and what follows from another order is not said again.
// CHECK-LABEL: npu.program @apart
// CHECK-NOT: npu.semaphore
// CHECK: npu.load LD
npu.program @apart on #npu.machine<"edge-256"> {
  npu.segment @x input 128
  npu.segment @y output 128
  %a = npu.buffer 64 at 0 : <L1>
  %b = npu.buffer 64 at 64 : <L1>
  npu.load LD src = @x[0], dst = %a[0], n0 = 64, n1 = 1, n2 = 1, n3 = 1 : !npu.buffer<L1>
  npu.store ST src = %b[0], dst = @y[0], n0 = 64, n1 = 1, n2 = 1, n3 = 1 : !npu.buffer<L1>
  npu.control HALT
}

// -----

// A second wait is an instruction of its own.
// CHECK-LABEL: npu.program @two
// CHECK: npu.sync SWAIT on ST wait
// CHECK-NEXT: npu.store ST {{.*}} wait
npu.program @two on #npu.machine<"edge-256"> {
  npu.segment @x input 128
  npu.segment @y output 128
  %v = npu.buffer 128 at 0 : <VB>
  npu.load LD src = @x[0], dst = %v[0], n0 = 64, n1 = 1, n2 = 1, n3 = 1 : !npu.buffer<VB>
  npu.fill FILL on VX dst = %v[64], n0 = 64, n1 = 1, n2 = 1, value = 7 : !npu.buffer<VB>
  npu.store ST src = %v[0], dst = @y[0], n0 = 128, n1 = 1, n2 = 1, n3 = 1 : !npu.buffer<VB>
  npu.control HALT
}
