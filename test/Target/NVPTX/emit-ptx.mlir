// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s -split-input-file --pass-pipeline='builtin.module(builtin.module(aic-kernel-to-nvvm),aic-gpu-emit-ptx{file=-})' -o /dev/null > %t.ptx
// RUN: FileCheck %s < %t.ptx

// One text of all kernels; names of variables differ, vectors go as such, what is only read past the data cache.
// CHECK: .version 7.0
// CHECK-NEXT: .target sm_80
// CHECK-NEXT: .address_size 64
// CHECK-NOT: .version
// CHECK-LABEL: .visible .entry k0(
// CHECK-NEXT: .param .u64 .ptr .global .align 16 k0_param_0,
// CHECK-NEXT: .param .u64 .ptr .global .align 16 k0_param_1,
// CHECK-NEXT: .param .u64 k0_param_2
// CHECK: .reqntid 64, 1, 1
// CHECK-DAG: .shared .align 16 .b8 k0_shared0[1024];
// CHECK: ld.global.nc.v4.b32
// CHECK: st.shared.v4.b32
// CHECK: bar.sync 0;
// CHECK: st.global.v4.b32
// CHECK-LABEL: .visible .entry k1(
// CHECK: .shared .align 16 .b8 k1_shared0[64];
#sm_80 = #aic.target<"nvidia", chip = "sm_80", features = "", model = {sm = 80, ptx = 70, multiprocessors = 108, shared_per_block = 49152, shared_opt_in = 166912, shared_per_multiprocessor = 167936, registers_per_thread = 255, registers_per_multiprocessor = 65536, threads_per_block = 1024, threads_per_multiprocessor = 2048, blocks_per_multiprocessor = 32, l2 = 41943040, bandwidth = 1555, clock = 1410, fma_per_clock = 64}>
#shared = #gpu.address_space<workgroup>
module attributes {aic.target = #sm_80} {
  module {
    func.func private @k0(%x: memref<?xf32>, %y: memref<?xf32>, %n: index) attributes {aic.kernel, nvidia.block = array<i64: 64, 1, 1>} {
      %s = memref.alloca() : memref<256xf32, #shared>
      %c4 = arith.constant 4 : index
      %c63 = arith.constant 63 : index
      %t = gpu.thread_id x
      %i = arith.muli %t, %c4 : index
      %r = arith.subi %c63, %t : index
      %j = arith.muli %r, %c4 : index
      %v = vector.load %x[%i] {alignment = 16} : memref<?xf32>, vector<4xf32>
      vector.store %v, %s[%i] {alignment = 16} : memref<256xf32, #shared>, vector<4xf32>
      gpu.barrier
      %w = vector.load %s[%j] {alignment = 16} : memref<256xf32, #shared>, vector<4xf32>
      vector.store %w, %y[%i] {alignment = 16} : memref<?xf32>, vector<4xf32>
      return
    }
  }
  module {
    func.func private @k1(%x: memref<?xf16>) attributes {aic.kernel, nvidia.block = array<i64: 32, 1, 1>} {
      %s = memref.alloca() : memref<32xf16, #shared>
      %c31 = arith.constant 31 : index
      %t = gpu.thread_id x
      %v = memref.load %x[%t] : memref<?xf16>
      memref.store %v, %s[%t] : memref<32xf16, #shared>
      gpu.barrier
      %r = arith.subi %c31, %t : index
      %w = memref.load %s[%r] : memref<32xf16, #shared>
      memref.store %w, %x[%t] : memref<?xf16>
      return
    }
  }
}

// -----

// 'a' features are not forward compatible: without them the code is for all that follows, too.
// CHECK: .version 7.8
// CHECK-NEXT: .target sm_90
// CHECK-NOT: sm_90a
// CHECK-LABEL: .visible .entry plain(
#sm_90a = #aic.target<"nvidia", chip = "sm_90a", features = "", model = {sm = 90, ptx = 78, multiprocessors = 108, shared_per_block = 49152, shared_opt_in = 166912, shared_per_multiprocessor = 167936, registers_per_thread = 255, registers_per_multiprocessor = 65536, threads_per_block = 1024, threads_per_multiprocessor = 2048, blocks_per_multiprocessor = 32, l2 = 41943040, bandwidth = 1555, clock = 1410, fma_per_clock = 64}>
module attributes {aic.target = #sm_90a} {
  module {
    llvm.func @plain() attributes {nvvm.kernel} {
      llvm.return
    }
  }
}

// -----

// The most demanding kernel decides for all.
// CHECK: .version 8.0
// CHECK-NEXT: .target sm_90a
// CHECK-LABEL: .visible .entry simple(
// CHECK-LABEL: .visible .entry demanding(
// CHECK: wgmma.fence.sync.aligned
#sm_90a = #aic.target<"nvidia", chip = "sm_90a", features = "", model = {sm = 90, ptx = 78, multiprocessors = 108, shared_per_block = 49152, shared_opt_in = 166912, shared_per_multiprocessor = 167936, registers_per_thread = 255, registers_per_multiprocessor = 65536, threads_per_block = 1024, threads_per_multiprocessor = 2048, blocks_per_multiprocessor = 32, l2 = 41943040, bandwidth = 1555, clock = 1410, fma_per_clock = 64}>
module attributes {aic.target = #sm_90a} {
  module {
    llvm.func @simple() attributes {nvvm.kernel} {
      llvm.return
    }
  }
  module {
    llvm.func @demanding() attributes {nvvm.kernel} {
      nvvm.wgmma.fence.aligned
      llvm.return
    }
  }
}
