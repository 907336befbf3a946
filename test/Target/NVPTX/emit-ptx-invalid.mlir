// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s --aic-gpu-emit-ptx -split-input-file -verify-diagnostics

// Code generation ends the process on a scope of atomics that it does not know. Here it ends the kernel.
#sm_80 = #aic.target<"nvidia", chip = "sm_80", features = "", model = {sm = 80, ptx = 70, multiprocessors = 108, shared_per_block = 49152, shared_opt_in = 166912, shared_per_multiprocessor = 167936, registers_per_thread = 255, registers_per_multiprocessor = 65536, threads_per_block = 1024, threads_per_multiprocessor = 2048, blocks_per_multiprocessor = 32, l2 = 41943040, bandwidth = 1555, clock = 1410, fma_per_clock = 64}>
module attributes {aic.target = #sm_80} {
  // expected-error @+1 {{kernel 'k7': code generation died: NVPTX backend does not support syncscope "bogus"}}
  module {
    llvm.func @k7(%x: !llvm.ptr<1>) attributes {nvvm.kernel} {
      %v = llvm.load %x atomic syncscope("bogus") monotonic {alignment = 4 : i64} : !llvm.ptr<1> -> i32
      llvm.store %v, %x : i32, !llvm.ptr<1>
      llvm.return
    }
  }
}

// -----

// expected-error @+1 {{expected an attribute 'aic.target'}}
module {
}
