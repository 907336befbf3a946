// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s -aic-x86-emit-kernels | FileCheck %s

module attributes {aic.target = #aic.target<"x86", chip = "znver3", features = "", model = {lanes = 8, registers = 16}>} {
// An elementwise operation on a dense tensor is one loop, whatever the rank.

// CHECK-LABEL: func.func private @add
// CHECK-COUNT-1: scf.for
// CHECK: vector.load
// CHECK: arith.addf %{{.+}} : vector<8xf32>
// CHECK-NOT: scf.for
// CHECK: return
func.func private @add(%x: tensor<3x5x16xf32>, %y: tensor<3x5x16xf32>, %out: tensor<3x5x16xf32>) -> tensor<3x5x16xf32> attributes {aic.kernel} {
  %r = linalg.generic {indexing_maps = [affine_map<(a,b,c) -> (a,b,c)>, affine_map<(a,b,c) -> (a,b,c)>, affine_map<(a,b,c) -> (a,b,c)>],
                       iterator_types = ["parallel","parallel","parallel"]}
      ins(%x, %y : tensor<3x5x16xf32>, tensor<3x5x16xf32>) outs(%out : tensor<3x5x16xf32>) {
    ^bb0(%v: f32, %w: f32, %c: f32):
      %0 = arith.addf %v, %w : f32
      linalg.yield %0 : f32
  } -> tensor<3x5x16xf32>
  return %r : tensor<3x5x16xf32>
}

// Rows chosen by index are contiguous loads.

// CHECK-LABEL: func.func private @gather
// CHECK: memref.load %{{.+}} : memref<?xi64>
// CHECK: vector.load %{{.+}} : memref<?xf32>, vector<8xf32>
func.func private @gather(%x: tensor<50x32xf32>, %i: tensor<11xi64>, %out: tensor<11x32xf32>) -> tensor<11x32xf32> attributes {aic.kernel} {
  %r = linalg.generic {indexing_maps = [affine_map<(a,b) -> (a)>, affine_map<(a,b) -> (a,b)>], iterator_types = ["parallel","parallel"]}
      ins(%i : tensor<11xi64>) outs(%out : tensor<11x32xf32>) {
    ^bb0(%v: i64, %c: f32):
      %p = arith.index_cast %v : i64 to index
      %j = linalg.index 1 : index
      %e = tensor.extract %x[%p, %j] : tensor<50x32xf32>
      linalg.yield %e : f32
  } -> tensor<11x32xf32>
  return %r : tensor<11x32xf32>
}

// A pad stores its border and its source's elements in the middle.

// CHECK-LABEL: func.func private @pad
// CHECK: vector.store
// CHECK-NOT: arith.select
// CHECK: return
func.func private @pad(%x: tensor<4x6x16xf32>, %out: tensor<6x8x16xf32>) -> tensor<6x8x16xf32> attributes {aic.kernel} {
  %zero = arith.constant 0.0 : f32
  %p = tensor.pad %x low[1, 1, 0] high[1, 1, 0] {
    ^bb0(%a: index, %b: index, %c: index):
      tensor.yield %zero : f32
  } : tensor<4x6x16xf32> to tensor<6x8x16xf32>
  return %p : tensor<6x8x16xf32>
}

// CHECK-LABEL: func.func private @scan
// CHECK: scf.for {{.*}} iter_args
func.func private @scan(%x: tensor<4x6xf32>, %out: tensor<4x6xf32>) -> tensor<4x6xf32> attributes {aic.kernel} {
  %r = aic.scan sum %x {axis = 1 : i64, exclusive = false, reverse = false} : (tensor<4x6xf32>) -> tensor<4x6xf32>
  return %r : tensor<4x6xf32>
}
}
