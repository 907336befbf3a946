// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s -split-input-file -verify-diagnostics --pass-pipeline='builtin.module(aic-attach-target)'

// expected-error@+1 {{expected sm = 80 for 'sm_80', got 86}}
module attributes {aic.target = #aic.target<"nvidia", chip = "sm_80", features = "", model = {sm = 86, ptx = 70, multiprocessors = 108, shared_per_block = 49152, shared_opt_in = 166912, shared_per_multiprocessor = 167936, registers_per_thread = 255, registers_per_multiprocessor = 65536, threads_per_block = 1024, threads_per_multiprocessor = 2048, blocks_per_multiprocessor = 32, l2 = 41943040, bandwidth = 1555, clock = 1410, fma_per_clock = 64}>} {}

// -----

// expected-error@+1 {{expected ptx of at least 70 for 'sm_80', got 60}}
module attributes {aic.target = #aic.target<"nvidia", chip = "sm_80", features = "", model = {sm = 80, ptx = 60, multiprocessors = 108, shared_per_block = 49152, shared_opt_in = 166912, shared_per_multiprocessor = 167936, registers_per_thread = 255, registers_per_multiprocessor = 65536, threads_per_block = 1024, threads_per_multiprocessor = 2048, blocks_per_multiprocessor = 32, l2 = 41943040, bandwidth = 1555, clock = 1410, fma_per_clock = 64}>} {}

// -----

// expected-error@+1 {{expected shared_per_block of at most 49152 for 'sm_80', got 65536}}
module attributes {aic.target = #aic.target<"nvidia", chip = "sm_80", features = "", model = {sm = 80, ptx = 70, multiprocessors = 108, shared_per_block = 65536, shared_opt_in = 166912, shared_per_multiprocessor = 167936, registers_per_thread = 255, registers_per_multiprocessor = 65536, threads_per_block = 1024, threads_per_multiprocessor = 2048, blocks_per_multiprocessor = 32, l2 = 41943040, bandwidth = 1555, clock = 1410, fma_per_clock = 64}>} {}

// -----

// expected-error@+1 {{expected an entry of the machine model of an NVIDIA target, got 'cores'}}
module attributes {aic.target = #aic.target<"nvidia", chip = "sm_80", features = "", model = {sm = 80, ptx = 70, cores = 1, multiprocessors = 108, shared_per_block = 49152, shared_opt_in = 166912, shared_per_multiprocessor = 167936, registers_per_thread = 255, registers_per_multiprocessor = 65536, threads_per_block = 1024, threads_per_multiprocessor = 2048, blocks_per_multiprocessor = 32, l2 = 41943040, bandwidth = 1555, clock = 1410, fma_per_clock = 64}>} {}

// -----

// expected-error@+1 {{expected no features of an NVIDIA target, got '+ptx80'}}
module attributes {aic.target = #aic.target<"nvidia", chip = "sm_80", features = "+ptx80", model = {sm = 80, ptx = 70, multiprocessors = 108, shared_per_block = 49152, shared_opt_in = 166912, shared_per_multiprocessor = 167936, registers_per_thread = 255, registers_per_multiprocessor = 65536, threads_per_block = 1024, threads_per_multiprocessor = 2048, blocks_per_multiprocessor = 32, l2 = 41943040, bandwidth = 1555, clock = 1410, fma_per_clock = 64}>} {}
