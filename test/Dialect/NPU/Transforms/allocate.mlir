// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s --split-input-file --pass-pipeline='builtin.module(npu.program(npu-allocate))' -verify-diagnostics | FileCheck %s

// Buffers that live at once are apart; the next group starts where the first ended.
// CHECK-LABEL: npu.program @groups
// CHECK: npu.buffer 64 at 0 : <L1>
// CHECK: npu.buffer 96 at 64 : <L1>
// CHECK: npu.buffer 32 at 160 : <L1>
npu.program @groups on #npu.machine<"edge-256"> {
  npu.segment @x input 96
  npu.segment @y output 96
  %a = npu.buffer 64 : <L1>
  %b = npu.buffer 96 : <L1>
  %c = npu.buffer 32 : <L1>
  npu.load LD src = @x[0], dst = %a[0], n0 = 64, n1 = 1, n2 = 1, n3 = 1 : !npu.buffer<L1>
  npu.load LD src = @x[0], dst = %b[0], n0 = 96, n1 = 1, n2 = 1, n3 = 1 : !npu.buffer<L1>
  npu.store ST src = %a[0], dst = @y[0], n0 = 64, n1 = 1, n2 = 1, n3 = 1 : !npu.buffer<L1>
  npu.store ST src = %b[0], dst = @y[0], n0 = 96, n1 = 1, n2 = 1, n3 = 1 : !npu.buffer<L1>
  npu.load LD src = @x[0], dst = %c[0], n0 = 32, n1 = 1, n2 = 1, n3 = 1 : !npu.buffer<L1>
  npu.control HALT
}

// -----

// A memory's alignment is the machine's: 512 bytes in A0.
// CHECK-LABEL: npu.program @aligned
// CHECK: npu.buffer 32 at 0 : <A0>
// CHECK: npu.buffer 32 at 512 : <A0>
npu.program @aligned on #npu.machine<"edge-256"> {
  %l = npu.buffer 64 at 0 : <L1>
  %a = npu.buffer 32 : <A0>
  %b = npu.buffer 32 : <A0>
  npu.gather LDA dst = %a[0], src = %l[0], h = 1, w = 1, c = 32, pix_stride = 32, kh = 1, kw = 1, sh = 1, sw = 1, dh = 1, dw = 1, ow = 1, m_len = 1, k_len = 32 : !npu.buffer<A0>, !npu.buffer<L1>
  npu.gather LDA dst = %b[0], src = %l[0], h = 1, w = 1, c = 32, pix_stride = 32, kh = 1, kw = 1, sh = 1, sw = 1, dh = 1, dw = 1, ow = 1, m_len = 1, k_len = 32 : !npu.buffer<A0>, !npu.buffer<L1>
  npu.gather LDA dst = %a[0], src = %l[0], h = 1, w = 1, c = 32, pix_stride = 32, kh = 1, kw = 1, sh = 1, sw = 1, dh = 1, dw = 1, ow = 1, m_len = 1, k_len = 32 : !npu.buffer<A0>, !npu.buffer<L1>
  npu.control HALT
}

// -----

npu.program @overflow on #npu.machine<"edge-256"> {
  npu.segment @x input 65536
  npu.segment @y output 65536
  // expected-error @+2 {{expected buffers of at most 65536 bytes in VB at a time, got 98304}}
  // expected-note @+1 {{buffer 'x' of 65536 bytes, used from instruction 0 to 2}}
  %a = npu.buffer 65536 "x" : <VB>
  // expected-note @+1 {{buffer 'y' of 32768 bytes, used from instruction 1 to 1}}
  %b = npu.buffer 32768 "y" : <VB>
  npu.load LD src = @x[0], dst = %a[0], log2elem = 3, n0 = 8192, n1 = 1, n2 = 1, n3 = 1 : !npu.buffer<VB>
  npu.load LD src = @x[0], dst = %b[0], log2elem = 3, n0 = 4096, n1 = 1, n2 = 1, n3 = 1 : !npu.buffer<VB>
  npu.store ST src = %a[0], dst = @y[0], log2elem = 3, n0 = 8192, n1 = 1, n2 = 1, n3 = 1 : !npu.buffer<VB>
  npu.control HALT
}

// -----

// What has an address keeps it, and others stay apart from it.
// CHECK-LABEL: npu.program @fixed
// CHECK: npu.buffer 64 at 32 : <L1>
// CHECK: npu.buffer 96 at 96 : <L1>
npu.program @fixed on #npu.machine<"edge-256"> {
  npu.segment @x input 96
  npu.segment @y output 96
  %a = npu.buffer 64 at 32 : <L1>
  %b = npu.buffer 96 : <L1>
  npu.load LD src = @x[0], dst = %a[0], n0 = 64, n1 = 1, n2 = 1, n3 = 1 : !npu.buffer<L1>
  npu.load LD src = @x[0], dst = %b[0], n0 = 96, n1 = 1, n2 = 1, n3 = 1 : !npu.buffer<L1>
  npu.store ST src = %a[0], dst = @y[0], n0 = 64, n1 = 1, n2 = 1, n3 = 1 : !npu.buffer<L1>
  npu.store ST src = %b[0], dst = @y[0], n0 = 96, n1 = 1, n2 = 1, n3 = 1 : !npu.buffer<L1>
  npu.control HALT
}

// -----

npu.program @outside on #npu.machine<"edge-256"> {
  npu.segment @x input 96
  // expected-error @+1 {{expected a multiple of 32 that ends within the 65536 bytes of VB, got 65504}}
  %a = npu.buffer 64 at 65504 : <VB>
  npu.load LD src = @x[0], dst = %a[0], n0 = 64, n1 = 1, n2 = 1, n3 = 1 : !npu.buffer<VB>
  npu.control HALT
}
