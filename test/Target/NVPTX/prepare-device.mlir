// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s -aic-gpu-prepare-device | FileCheck %s

// Arguments are pointers to global memory with a view of no bounds; index values stay.

// CHECK-LABEL: func.func @arguments(
// CHECK-SAME: %[[P:.+]]: memref<f32, 1>, %[[Q:.+]]: memref<i8, 1>, %[[N:.+]]: index)
// CHECK: %[[X:.+]] = memref.reinterpret_cast %[[P]] to offset: [0], sizes: [%{{.+}}], strides: [1] : memref<f32, 1> to memref<?xf32, 1>
// CHECK: %[[SUB:.+]] = memref.subview %[[X]][%{{.+}}] [4] [1] : memref<?xf32, 1> to memref<4xf32, strided<[1], offset: ?>, 1>
// CHECK: memref.load %[[SUB]]
func.func @arguments(%x: memref<?xf32>, %y: memref<?xi8>, %n: index) attributes {nvidia.block = array<i64: 64, 2, 1>} {
  %c0 = arith.constant 0 : index
  %sub = memref.subview %x[%n] [4] [1] : memref<?xf32> to memref<4xf32, strided<[1], offset: ?>>
  %v = memref.load %sub[%c0] : memref<4xf32, strided<[1], offset: ?>>
  %i = arith.fptosi %v : f32 to i8
  memref.store %i, %y[%n] : memref<?xi8>
  return
}

// Ids know their range; the extents of the block are constants.
// CHECK-LABEL: func.func @ids
// CHECK: %[[X:.+]] = nvvm.read.ptx.sreg.tid.x range <i32, 0, 64> : i32
// CHECK: arith.index_castui %[[X]] : i32 to index
// CHECK: nvvm.read.ptx.sreg.tid.y range <i32, 0, 2> : i32
// CHECK: nvvm.read.ptx.sreg.ctaid.x range <i32, 0, 2147483647> : i32
// CHECK: nvvm.read.ptx.sreg.ctaid.z range <i32, 0, 65535> : i32
// CHECK: nvvm.read.ptx.sreg.nctaid.y range <i32, 1, 65536> : i32
// CHECK: arith.constant 64 : index
// CHECK: nvvm.read.ptx.sreg.laneid range <i32, 0, 32> : i32
// CHECK: nvvm.barrier0
// CHECK-NOT: gpu.
func.func @ids(%x: memref<?xindex>) attributes {nvidia.block = array<i64: 64, 2, 1>} {
  %c0 = arith.constant 0 : index
  %0 = gpu.thread_id x
  memref.store %0, %x[%c0] : memref<?xindex>
  %1 = gpu.thread_id y
  memref.store %1, %x[%c0] : memref<?xindex>
  %2 = gpu.block_id x
  memref.store %2, %x[%c0] : memref<?xindex>
  %3 = gpu.block_id z
  memref.store %3, %x[%c0] : memref<?xindex>
  %4 = gpu.grid_dim y
  memref.store %4, %x[%c0] : memref<?xindex>
  %5 = gpu.block_dim x
  memref.store %5, %x[%c0] : memref<?xindex>
  %6 = gpu.lane_id
  memref.store %6, %x[%c0] : memref<?xindex>
  gpu.barrier
  return
}

// Shared memory is a variable, views of it follow; private memory stands in the entry block.
// CHECK: memref.global "private" @shared0 : memref<64xf32, 3> = uninitialized {alignment = 16 : i64}
// CHECK: memref.global "private" @[[WIDE:.+]] : memref<8xf16, 3> = uninitialized {alignment = 128 : i64}
// CHECK: func.func @memories
// CHECK: memref.alloca() : memref<4xf32>
// CHECK: scf.for
// CHECK: %[[S:.+]] = memref.get_global @shared0 : memref<64xf32, 3>
// CHECK: memref.get_global @[[WIDE]] : memref<8xf16, 3>
// CHECK-NOT: memref.alloca
// CHECK: vector.store %{{.+}}, %[[S]]
#shared = #gpu.address_space<workgroup>
func.func @memories(%x: memref<?xf32>, %n: index) attributes {nvidia.block = array<i64: 64, 1, 1>} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %n step %c1 {
    %s = memref.alloca() : memref<64xf32, #shared>
    %w = memref.alloca() {alignment = 128} : memref<8xf16, #shared>
    %p = memref.alloca() : memref<4xf32>
    %v = vector.load %x[%i] : memref<?xf32>, vector<4xf32>
    vector.store %v, %s[%c0] : memref<64xf32, #shared>, vector<4xf32>
    vector.store %v, %p[%c0] : memref<4xf32>, vector<4xf32>
    %h = memref.load %w[%c0] : memref<8xf16, #shared>
    memref.store %h, %w[%c1] : memref<8xf16, #shared>
  }
  return
}

// Whole warps in one instruction, segments by the clamp; wide values in two words.
// CHECK-LABEL: func.func @shuffles
// CHECK: nvvm.shfl.sync bfly %{{.+}}, %{{.+}}, %{{.+}}, %{{.+}} : f32 -> f32
// CHECK: nvvm.shfl.sync up {{.+}} {return_value_and_is_valid} : i32 -> !llvm.struct<(i32, i1)>
// CHECK: arith.trunci %{{.+}} : i32 to i16
// CHECK: arith.bitcast %{{.+}} : i16 to f16
// CHECK-COUNT-2: nvvm.shfl.sync idx
// CHECK: arith.bitcast %{{.+}} : i64 to f64
func.func @shuffles(%x: memref<?xf32>, %y: memref<?xf16>, %z: memref<?xf64>) attributes {nvidia.block = array<i64: 32, 1, 1>} {
  %c0 = arith.constant 0 : index
  %offset = arith.constant 4 : i32
  %width = arith.constant 32 : i32
  %a = memref.load %x[%c0] : memref<?xf32>
  %b = memref.load %y[%c0] : memref<?xf16>
  %c = memref.load %z[%c0] : memref<?xf64>
  %d, %0 = gpu.shuffle xor %a, %offset, %width : f32
  %e, %valid = gpu.shuffle up %b, %offset, %width : f16
  %f, %1 = gpu.shuffle idx %c, %offset, %width : f64
  %g = arith.select %valid, %e, %b : f16
  memref.store %d, %x[%c0] : memref<?xf32>
  memref.store %g, %y[%c0] : memref<?xf16>
  memref.store %f, %z[%c0] : memref<?xf64>
  return
}
