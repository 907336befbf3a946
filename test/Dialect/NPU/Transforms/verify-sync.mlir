// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: not aic-opt %s --split-input-file --pass-pipeline='builtin.module(npu.program(npu-verify-sync))' 2>&1 | FileCheck %s

// Both instructions and a schedule that breaks.
// CHECK: error: expected a program that is right in every order of its engines
// CHECK: LD
// CHECK: ST
npu.program @race on #npu.machine<"edge-256"> {
  npu.segment @x input 64
  npu.segment @y output 64
  %a = npu.buffer 64 at 0 : <L1>
  npu.load LD src = @x[0], dst = %a[0], n0 = 64, n1 = 1, n2 = 1, n3 = 1 : !npu.buffer<L1>
  npu.store ST src = %a[0], dst = @y[0], n0 = 64, n1 = 1, n2 = 1, n3 = 1 : !npu.buffer<L1>
  npu.control HALT
}

// -----

// CHECK: expected buffers with addresses (npu-allocate)
npu.program @unallocated on #npu.machine<"edge-256"> {
  npu.segment @x input 64
  %a = npu.buffer 64 : <L1>
  npu.load LD src = @x[0], dst = %a[0], n0 = 64, n1 = 1, n2 = 1, n3 = 1 : !npu.buffer<L1>
  npu.control HALT
}
