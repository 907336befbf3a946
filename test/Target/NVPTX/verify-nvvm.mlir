// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s -aic-gpu-verify-nvvm -split-input-file -verify-diagnostics

#sm_80 = #aic.target<"nvidia", chip = "sm_80", features = "", model = {sm = 80, ptx = 70, multiprocessors = 108, shared_per_block = 49152, shared_opt_in = 166912, shared_per_multiprocessor = 167936, registers_per_thread = 255, registers_per_multiprocessor = 65536, threads_per_block = 1024, threads_per_multiprocessor = 2048, blocks_per_multiprocessor = 32, l2 = 41943040, bandwidth = 1555, clock = 1410, fma_per_clock = 64}>
module attributes {aic.target = #sm_80} {
  llvm.func @good(%x: !llvm.ptr<1>, %n: i64) attributes {nvvm.kernel, nvvm.reqntid = array<i32: 1024, 1, 1>} {
    %v = llvm.load %x : !llvm.ptr<1> -> f32
    %e = llvm.call_intrinsic "llvm.nvvm.ex2.approx.f32"(%v) : (f32) -> f32
    llvm.store %e, %x : f32, !llvm.ptr<1>
    llvm.return
  }
}

// -----

// expected-error @+1 {{expected an attribute 'aic.target'}}
module {
  llvm.func @k() attributes {nvvm.kernel} {
    llvm.return
  }
}

// -----

#sm_80 = #aic.target<"nvidia", chip = "sm_80", features = "", model = {sm = 80, ptx = 70, multiprocessors = 108, shared_per_block = 49152, shared_opt_in = 166912, shared_per_multiprocessor = 167936, registers_per_thread = 255, registers_per_multiprocessor = 65536, threads_per_block = 1024, threads_per_multiprocessor = 2048, blocks_per_multiprocessor = 32, l2 = 41943040, bandwidth = 1555, clock = 1410, fma_per_clock = 64}>
module attributes {aic.target = #sm_80} {
  llvm.func @k(%x: !llvm.ptr<1>) attributes {nvvm.kernel} {
    %v = llvm.load %x : !llvm.ptr<1> -> f32
    // expected-error @+1 {{kernel 'k': expected an operation that NVPTX code generation takes, got 'llvm.intr.exp'}}
    %e = llvm.intr.exp(%v) : (f32) -> f32
    llvm.return
  }
}

// -----

#sm_80 = #aic.target<"nvidia", chip = "sm_80", features = "", model = {sm = 80, ptx = 70, multiprocessors = 108, shared_per_block = 49152, shared_opt_in = 166912, shared_per_multiprocessor = 167936, registers_per_thread = 255, registers_per_multiprocessor = 65536, threads_per_block = 1024, threads_per_multiprocessor = 2048, blocks_per_multiprocessor = 32, l2 = 41943040, bandwidth = 1555, clock = 1410, fma_per_clock = 64}>
module attributes {aic.target = #sm_80} {
  llvm.func @k(%x: !llvm.ptr<1>) attributes {nvvm.kernel} {
    %v = llvm.load %x : !llvm.ptr<1> -> f64
    // expected-error @+1 {{kernel 'k': expected 'llvm.intr.exp2' on one of [f32], got f64}}
    %e = llvm.intr.exp2(%v) : (f64) -> f64
    llvm.return
  }
}

// -----

#sm_80 = #aic.target<"nvidia", chip = "sm_80", features = "", model = {sm = 80, ptx = 70, multiprocessors = 108, shared_per_block = 49152, shared_opt_in = 166912, shared_per_multiprocessor = 167936, registers_per_thread = 255, registers_per_multiprocessor = 65536, threads_per_block = 1024, threads_per_multiprocessor = 2048, blocks_per_multiprocessor = 32, l2 = 41943040, bandwidth = 1555, clock = 1410, fma_per_clock = 64}>
module attributes {aic.target = #sm_80} {
  // Declarations are harmless, calls are not.
  llvm.func @__nv_expf(f32) -> f32
  llvm.func @k(%x: !llvm.ptr<1>) attributes {nvvm.kernel} {
    %v = llvm.load %x : !llvm.ptr<1> -> f32
    // expected-error @+1 {{kernel 'k': expected a call of a function with a body, got '__nv_expf', which is in no library of AIC's}}
    %e = llvm.call @__nv_expf(%v) : (f32) -> f32
    llvm.return
  }
}

// -----

#sm_80 = #aic.target<"nvidia", chip = "sm_80", features = "", model = {sm = 80, ptx = 70, multiprocessors = 108, shared_per_block = 49152, shared_opt_in = 166912, shared_per_multiprocessor = 167936, registers_per_thread = 255, registers_per_multiprocessor = 65536, threads_per_block = 1024, threads_per_multiprocessor = 2048, blocks_per_multiprocessor = 32, l2 = 41943040, bandwidth = 1555, clock = 1410, fma_per_clock = 64}>
module attributes {aic.target = #sm_80} {
  llvm.func @k(%x: !llvm.ptr<1>, %n: i64) attributes {nvvm.kernel} {
    // expected-error @+1 {{kernel 'k': expected no 'builtin.unrealized_conversion_cast', got one from 'i64' to 'index'}}
    %i = builtin.unrealized_conversion_cast %n : i64 to index
    llvm.return
  }
}

// -----

#sm_80 = #aic.target<"nvidia", chip = "sm_80", features = "", model = {sm = 80, ptx = 70, multiprocessors = 108, shared_per_block = 49152, shared_opt_in = 166912, shared_per_multiprocessor = 167936, registers_per_thread = 255, registers_per_multiprocessor = 65536, threads_per_block = 1024, threads_per_multiprocessor = 2048, blocks_per_multiprocessor = 32, l2 = 41943040, bandwidth = 1555, clock = 1410, fma_per_clock = 64}>
module attributes {aic.target = #sm_80} {
  llvm.func @k(%x: !llvm.ptr<1>) attributes {nvvm.kernel} {
    // expected-error @+1 {{kernel 'k': expected an operation that 'sm_80' has, got 'nvvm.wgmma.fence.aligned', which needs sm_90a}}
    nvvm.wgmma.fence.aligned
    llvm.return
  }
}

// -----

#sm_80 = #aic.target<"nvidia", chip = "sm_80", features = "", model = {sm = 80, ptx = 70, multiprocessors = 108, shared_per_block = 49152, shared_opt_in = 166912, shared_per_multiprocessor = 167936, registers_per_thread = 255, registers_per_multiprocessor = 65536, threads_per_block = 1024, threads_per_multiprocessor = 2048, blocks_per_multiprocessor = 32, l2 = 41943040, bandwidth = 1555, clock = 1410, fma_per_clock = 64}>
module attributes {aic.target = #sm_80} {
  // expected-error @+1 {{kernel 'k': expected at most 1024 threads in a block of 'sm_80', got 2048}}
  llvm.func @k(%x: !llvm.ptr<1>) attributes {nvvm.kernel, nvvm.reqntid = array<i32: 64, 32, 1>} {
    llvm.return
  }
}

// -----

// Each entry pays for what it uses itself: 32 KiB and 32 KiB are too much for one, not for two.
#sm_80 = #aic.target<"nvidia", chip = "sm_80", features = "", model = {sm = 80, ptx = 70, multiprocessors = 108, shared_per_block = 49152, shared_opt_in = 166912, shared_per_multiprocessor = 167936, registers_per_thread = 255, registers_per_multiprocessor = 65536, threads_per_block = 1024, threads_per_multiprocessor = 2048, blocks_per_multiprocessor = 32, l2 = 41943040, bandwidth = 1555, clock = 1410, fma_per_clock = 64}>
module attributes {aic.target = #sm_80} {
  llvm.mlir.global internal @a() {addr_space = 3 : i32} : !llvm.array<8192 x f32>
  llvm.mlir.global internal @b() {addr_space = 3 : i32} : !llvm.array<8192 x f32>
  llvm.func @one(%x: !llvm.ptr<1>) attributes {nvvm.kernel} {
    %a = llvm.mlir.addressof @a : !llvm.ptr<3>
    llvm.return
  }
  // expected-error @+1 {{kernel 'both': expected at most 49152 bytes of static shared memory on 'sm_80', got 65536}}
  llvm.func @both(%x: !llvm.ptr<1>) attributes {nvvm.kernel} {
    %a = llvm.mlir.addressof @a : !llvm.ptr<3>
    %b = llvm.mlir.addressof @b : !llvm.ptr<3>
    llvm.return
  }
}

// -----

#sm_80 = #aic.target<"nvidia", chip = "sm_80", features = "", model = {sm = 80, ptx = 70, multiprocessors = 108, shared_per_block = 49152, shared_opt_in = 166912, shared_per_multiprocessor = 167936, registers_per_thread = 255, registers_per_multiprocessor = 65536, threads_per_block = 1024, threads_per_multiprocessor = 2048, blocks_per_multiprocessor = 32, l2 = 41943040, bandwidth = 1555, clock = 1410, fma_per_clock = 64}>
module attributes {aic.target = #sm_80} {
  // expected-error @+1 {{kernel 'k': expected pointers and i64 as parameters, got 'f32'}}
  llvm.func @k(%x: f32) attributes {nvvm.kernel} {
    llvm.return
  }
}

// -----

#sm_80 = #aic.target<"nvidia", chip = "sm_80", features = "", model = {sm = 80, ptx = 70, multiprocessors = 108, shared_per_block = 49152, shared_opt_in = 166912, shared_per_multiprocessor = 167936, registers_per_thread = 255, registers_per_multiprocessor = 65536, threads_per_block = 1024, threads_per_multiprocessor = 2048, blocks_per_multiprocessor = 32, l2 = 41943040, bandwidth = 1555, clock = 1410, fma_per_clock = 64}>
module attributes {aic.target = #sm_80} {
  llvm.func @k(%x: !llvm.ptr<1>, %n: i64) attributes {nvvm.kernel} {
    // expected-error @+1 {{kernel 'k': expected a fixed size of thread-private memory}}
    %a = llvm.alloca %n x f32 : (i64) -> !llvm.ptr
    llvm.return
  }
}

// -----

#sm_80 = #aic.target<"nvidia", chip = "sm_80", features = "", model = {sm = 80, ptx = 70, multiprocessors = 108, shared_per_block = 49152, shared_opt_in = 166912, shared_per_multiprocessor = 167936, registers_per_thread = 255, registers_per_multiprocessor = 65536, threads_per_block = 1024, threads_per_multiprocessor = 2048, blocks_per_multiprocessor = 32, l2 = 41943040, bandwidth = 1555, clock = 1410, fma_per_clock = 64}>
module attributes {aic.target = #sm_80} {
  llvm.func @k(%x: !llvm.ptr<1>) attributes {nvvm.kernel} {
    // expected-error @+1 {{kernel 'k': expected a cast from or to generic memory, got one from 1 to 3}}
    %s = llvm.addrspacecast %x : !llvm.ptr<1> to !llvm.ptr<3>
    llvm.return
  }
}

// -----

// expected-error @+1 {{expected an NVIDIA chip out of [sm_80, sm_86, sm_89, sm_90a, sm_120], got 'sm_75'}}
module attributes {aic.target = #aic.target<"nvidia", chip = "sm_75", features = "", model = {sm = 75}>} {
}

// -----

// expected-error @+1 {{expected 'sm' in the machine model of an NVIDIA target, got {ptx = 70 : i64}}}
module attributes {aic.target = #aic.target<"nvidia", chip = "sm_80", features = "", model = {ptx = 70}>} {
}
