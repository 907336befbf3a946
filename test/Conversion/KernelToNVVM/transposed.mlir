// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s --aic-isolate-kernels --aic-gpu-emit-kernels --mlir-print-local-scope | FileCheck %s

#config = #aic.lowering_config<elementwise, {}>
#id = affine_map<(i, j) -> (i, j)>
#swap = affine_map<(i, j) -> (j, i)>

// CHECK: func.func private @sum(tensor<96x64xf32>
// CHECK-SAME: nvidia.emitter = "transposed"
// CHECK-SAME: block = array<i64: 256, 1, 1>, function = "sum", grid = affine_map<() -> (6, 1, 1)>
// CHECK: func.func private @columns(tensor<?x3xf32>
// CHECK-SAME: nvidia.emitter = "transposed"
// CHECK-SAME: block = array<i64: 256, 1, 1>, function = "columns", grid = affine_map<()[s0, s1] -> (s1 ceildiv 256, 1, 1)>
// CHECK: func.func private @few
// CHECK-SAME: nvidia.emitter = "direct"

// A tile of 32 x 32: four elements of each thread come to lines of 33, and four leave; one barrier between them. What is
// read along the result needs no tile.
// CHECK: func.func private @sum(%[[X:.+]]: memref<?xf32>, %[[Y:.+]]: memref<?xf32>, %[[OUT:.+]]: memref<?xf32>)
// CHECK: %[[TILE:.+]] = memref.alloca() : memref<1056xf32, #gpu.address_space<workgroup>>
// CHECK-NOT: memref.alloca
// CHECK: memref.load %[[X]]
// CHECK: memref.store %{{.*}}, %[[TILE]]
// CHECK-NOT: memref.load %[[Y]]
// CHECK: gpu.barrier
// CHECK-NOT: memref.load %[[X]]
// CHECK: memref.load %[[TILE]]
// CHECK: memref.load %[[Y]]
// CHECK: memref.store %{{.*}}, %[[OUT]]
// CHECK-NOT: gpu.barrier
func.func private @sum(%x: tensor<96x64xf32>, %y: tensor<64x96xf32>, %out: tensor<64x96xf32>) -> tensor<64x96xf32> attributes {aic.kernel, aic.lowering_config = #config} {
  %0 = linalg.generic {indexing_maps = [#swap, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x, %y : tensor<96x64xf32>, tensor<64x96xf32>) outs(%out : tensor<64x96xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %d = arith.addf %a, %b : f32
    linalg.yield %d : f32
  } -> tensor<64x96xf32>
  return %0 : tensor<64x96xf32>
}

// Three columns become three rows: the tile is as long as they are narrow. Its ends are tested.
// CHECK: func.func private @columns(%{{.*}}: memref<?xf32>
// CHECK: memref.alloca() : memref<1056xf32, #gpu.address_space<workgroup>>
// CHECK: arith.cmpi ult
func.func private @columns(%x: tensor<?x3xf32>, %out: tensor<3x?xf32>) -> tensor<3x?xf32> attributes {aic.kernel, aic.lowering_config = #config} {
  %0 = linalg.generic {indexing_maps = [#swap, #id], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<?x3xf32>) outs(%out : tensor<3x?xf32>) {
  ^bb0(%a: f32, %c: f32):
    linalg.yield %a : f32
  } -> tensor<3x?xf32>
  return %0 : tensor<3x?xf32>
}

// Few elements are not worth a barrier.
func.func private @few(%x: tensor<8x9xf32>, %out: tensor<9x8xf32>) -> tensor<9x8xf32> attributes {aic.kernel, aic.lowering_config = #config} {
  %0 = linalg.generic {indexing_maps = [#swap, #id], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<8x9xf32>) outs(%out : tensor<9x8xf32>) {
  ^bb0(%a: f32, %c: f32):
    linalg.yield %a : f32
  } -> tensor<9x8xf32>
  return %0 : tensor<9x8xf32>
}
