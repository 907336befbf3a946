// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s --aic-gpu-emit-kernels --canonicalize --split-input-file --mlir-print-local-scope | FileCheck %s

// Two operands, one with neighbours along the depth (its elements are turned on the way into shared memory), one with
// neighbours along the columns. All sizes are whole: no guard but for the
// step behind the last one, two barriers, vectors of 16 bytes.

// CHECK-LABEL: func.func private @whole
// CHECK-SAME: nvidia.emitter = "contraction"
// CHECK-SAME: nvidia.launches = [{block = array<i64: 256, 1, 1>, function = "whole", grid = affine_map<() -> (4, 1, 1)>}]
// CHECK: func.func private @whole(%[[A:.+]]: memref<?xf32>, %[[B:.+]]: memref<?xf32>, %[[C:.+]]: memref<?xf32>)
// CHECK-SAME: nvidia.block = array<i64: 256, 1, 1>
// CHECK-NOT: scf.if
// CHECK-DAG: memref.alloca() : memref<2048xf32, #gpu.address_space<workgroup>>
// CHECK-DAG: memref.alloca() : memref<2048xf32, #gpu.address_space<workgroup>>
// CHECK: vector.load %[[A]][%{{.+}}] {alignment = 16 : i64} : memref<?xf32>, vector<4xf32>
// CHECK: vector.load %[[B]][%{{.+}}] {alignment = 16 : i64} : memref<?xf32>, vector<4xf32>
// CHECK-COUNT-4: memref.store %{{.+}}, %{{.+}} : memref<2048xf32, #gpu.address_space<workgroup>>
// CHECK: vector.store %{{.+}}, %{{.+}} {alignment = 16 : i64} : memref<2048xf32, #gpu.address_space<workgroup>>, vector<4xf32>
// CHECK: gpu.barrier
// CHECK: scf.for %[[K:.+]] =
// CHECK-SAME: -> (f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32, f32)
// CHECK: %[[MORE:.+]] = arith.cmpi ult, %{{.+}}, %c64
// CHECK: scf.if %[[MORE]] -> (vector<4xf32>, vector<4xf32>)
// CHECK: vector.load %[[A]]
// CHECK: vector.load %[[B]]
// CHECK: } else {
// CHECK-COUNT-256: math.fma
// CHECK-NOT: math.fma
// CHECK: scf.if %[[MORE]] {
// CHECK: gpu.barrier
// CHECK: scf.yield
// CHECK-NOT: {{gpu.barrier|scf.if}}
// CHECK-COUNT-4: vector.store %{{.+}}, %[[C]][%{{.+}}] {alignment = 16 : i64} : memref<?xf32>, vector<4xf32>
// CHECK-NOT: {{store|scf.if}}
// CHECK: return
func.func private @whole(tensor<128x64xf32>, tensor<64x128xf32>, tensor<128x128xf32>) -> tensor<128x128xf32> attributes {aic.kernel}
module {
  func.func private @whole(%a: tensor<128x64xf32>, %b: tensor<64x128xf32>, %out: tensor<128x128xf32>) -> tensor<128x128xf32>
      attributes {aic.kernel, aic.lowering_config = #aic.lowering_config<contraction, {}>} {
    %zero = arith.constant 0.0 : f32
    %init = linalg.fill ins(%zero : f32) outs(%out : tensor<128x128xf32>) -> tensor<128x128xf32>
    %r = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
                         iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%a, %b : tensor<128x64xf32>, tensor<64x128xf32>) outs(%init : tensor<128x128xf32>) {
      ^bb0(%x: f32, %y: f32, %acc: f32):
        %p = arith.mulf %x, %y : f32
        %s = arith.addf %p, %acc : f32
        linalg.yield %s : f32
    } -> tensor<128x128xf32>
    return %r : tensor<128x128xf32>
  }
}

// -----

// Nothing is known: blocks follow from the extents, one element at a time, a guard around the sum (there may be nothing
// to sum) and around each result.

// CHECK-LABEL: func.func private @open
// CHECK-SAME: grid = affine_map<()[s0, s1, s2, s3, s4, s5] -> ((s4 ceildiv 64) * (s5 ceildiv 64), 1, 1)>
// CHECK: func.func private @open
// CHECK: scf.if
// CHECK: memref.load %{{.+}} : memref<?xf32>
// CHECK: memref.load %{{.+}} : memref<?xf32>
// CHECK: scf.for
// CHECK: scf.for
// CHECK: } else {
// CHECK: scf.if
// CHECK: scf.if
// CHECK-NOT: vector.store %{{.+}}, %arg2
// CHECK: return
func.func private @open(tensor<?x?xf32>, tensor<?x?xf32>, tensor<?x?xf32>) -> tensor<?x?xf32> attributes {aic.kernel}
module {
  func.func private @open(%a: tensor<?x?xf32>, %b: tensor<?x?xf32>, %out: tensor<?x?xf32>) -> tensor<?x?xf32>
      attributes {aic.kernel, aic.lowering_config = #aic.lowering_config<contraction, {}>} {
    %zero = arith.constant 0.0 : f32
    %init = linalg.fill ins(%zero : f32) outs(%out : tensor<?x?xf32>) -> tensor<?x?xf32>
    %r = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
                         iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%a, %b : tensor<?x?xf32>, tensor<?x?xf32>) outs(%init : tensor<?x?xf32>) {
      ^bb0(%x: f32, %y: f32, %acc: f32):
        %p = arith.mulf %x, %y : f32
        %s = arith.addf %p, %acc : f32
        linalg.yield %s : f32
    } -> tensor<?x?xf32>
    return %r : tensor<?x?xf32>
  }
}

// -----

// A convolution of few channels: the window is part of the depth. Bytes become numbers, less their zero point, once for
// a block; the sum is one of i32. The config says the tile.

// CHECK-LABEL: func.func private @conv
// CHECK-SAME: nvidia.emitter = "contraction"
// CHECK-SAME: block = array<i64: 64, 1, 1>
// CHECK-SAME: affine_map<() -> (7, 1, 1)>
// CHECK: memref.alloca() : memref<512xi32, #gpu.address_space<workgroup>>
// CHECK: arith.divui {{.*}} : i32
// CHECK: arith.extsi {{.*}} : i8 to i32
// CHECK: arith.subi {{.*}} : i32
// CHECK: memref.store {{.*}} : memref<512xi32, #gpu.address_space<workgroup>>
// CHECK: gpu.barrier
// CHECK: arith.muli {{.*}} : i32
// CHECK: vector.store %{{.+}}, %arg2[%{{.+}}] {alignment = 16 : i64} : memref<?xi32>, vector<4xi32>
func.func private @conv(tensor<1x16x16x3xi8>, tensor<3x3x3x16xi8>, tensor<1x14x14x16xi32>) -> tensor<1x14x14x16xi32> attributes {aic.kernel}
module {
  func.func private @conv(%a: tensor<1x16x16x3xi8>, %b: tensor<3x3x3x16xi8>, %out: tensor<1x14x14x16xi32>) -> tensor<1x14x14x16xi32>
      attributes {aic.kernel, aic.lowering_config = #aic.lowering_config<convolution, {tile_m = 32, tile_n = 16, tile_k = 8, thread_m = 2, thread_n = 4}>} {
    %zero = arith.constant 0 : i32
    %point = arith.constant 3 : i32
    %init = linalg.fill ins(%zero : i32) outs(%out : tensor<1x14x14x16xi32>) -> tensor<1x14x14x16xi32>
    %r = linalg.generic {indexing_maps = [affine_map<(n, h, w, f, i, j, c) -> (n, h + i, w + j, c)>, affine_map<(n, h, w, f, i, j, c) -> (i, j, c, f)>,
                                          affine_map<(n, h, w, f, i, j, c) -> (n, h, w, f)>],
                         iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]}
        ins(%a, %b : tensor<1x16x16x3xi8>, tensor<3x3x3x16xi8>) outs(%init : tensor<1x14x14x16xi32>) {
      ^bb0(%x: i8, %y: i8, %acc: i32):
        %u = arith.extsi %x : i8 to i32
        %v = arith.extsi %y : i8 to i32
        %d = arith.subi %u, %point : i32
        %p = arith.muli %d, %v : i32
        %s = arith.addi %p, %acc : i32
        linalg.yield %s : i32
    } -> tensor<1x14x14x16xi32>
    return %r : tensor<1x14x14x16xi32>
  }
}
