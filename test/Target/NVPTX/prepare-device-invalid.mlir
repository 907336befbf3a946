// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s -aic-gpu-prepare-device -split-input-file -verify-diagnostics

// expected-error @+1 {{expected three positive extents as nvidia.block, got 64, 0, 1}}
func.func @block(%x: memref<?xf32>) attributes {nvidia.block = array<i64: 64, 0, 1>} {
  return
}

// -----

// expected-error @+1 {{expected memrefs of one dim, then index values as arguments of a device function, got 'memref<?x?xf32>'}}
func.func @rank(%x: memref<?x?xf32>) attributes {nvidia.block = array<i64: 64, 1, 1>} {
  return
}

// -----

// expected-error @+1 {{expected memrefs of one dim, then index values as arguments of a device function, got 'memref<?xf32>'}}
func.func @order(%n: index, %x: memref<?xf32>) attributes {nvidia.block = array<i64: 64, 1, 1>} {
  return
}

// -----

func.func @size(%x: memref<?xf32>, %n: index) attributes {nvidia.block = array<i64: 64, 1, 1>} {
  // expected-error @+1 {{expected a fixed size of memory in a device function, got 'memref<?xf32>'}}
  %a = memref.alloca(%n) : memref<?xf32>
  return
}

// -----

func.func @memory(%x: memref<?xf32>, %n: index) attributes {nvidia.block = array<i64: 64, 1, 1>} {
  // expected-error @+1 {{expected workgroup or private memory, got 'memref<4xf32, #gpu.address_space<global>>'}}
  %a = memref.alloca() : memref<4xf32, #gpu.address_space<global>>
  return
}

// -----

func.func @operation(%x: memref<?xf32>) attributes {nvidia.block = array<i64: 64, 1, 1>} {
  // expected-error @+1 {{expected thread and block ids, barriers and shuffles of the gpu dialect, got 'gpu.printf'}}
  gpu.printf "hello"
  return
}

// -----

func.func @loop(%x: memref<?xf32>, %n: index) attributes {nvidia.block = array<i64: 64, 1, 1>} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // expected-error @+1 {{expected memrefs of a device function in views, loads and stores only}}
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%m = %x) -> memref<?xf32> {
    scf.yield %m : memref<?xf32>
  }
  return
}
