// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s --aic-isolate-kernels --aic-gpu-emit-kernels --mlir-print-local-scope --verify-diagnostics | FileCheck %s

#config = #aic.lowering_config<elementwise, {}>
#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (j)>

// A vector of 4 for each thread; the last one is cut, and only there elements are taken one by one.
// CHECK: func.func private @vectors(tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
// CHECK-SAME: nvidia.emitter = "direct"
// CHECK-SAME: nvidia.launches = [{block = array<i64: 256, 1, 1>, function = "vectors", grid = affine_map<()[s0, s1] -> ((s1 ceildiv 4) ceildiv 256, 1, 1)>}]
func.func private @vectors(%x: tensor<?xf32>, %out: tensor<?xf32>) -> tensor<?xf32> attributes {aic.kernel, aic.lowering_config = #config} {
  %0 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x : tensor<?xf32>) outs(%out : tensor<?xf32>) {
  ^bb0(%a: f32, %b: f32):
    %c = arith.negf %a : f32
    linalg.yield %c : f32
  } -> tensor<?xf32>
  return %0 : tensor<?xf32>
}

// Lines of 5 are no vectors: an element for each thread. The column is the rest of a division.
// CHECK: func.func private @rows
// CHECK-SAME: block = array<i64: 256, 1, 1>, function = "rows", grid = affine_map<()[s0, s1] -> ((s1 * 5) ceildiv 256, 1, 1)>
func.func private @rows(%x: tensor<?x5xf32>, %b: tensor<5xf32>, %out: tensor<?x5xf32>) -> tensor<?x5xf32> attributes {aic.kernel, aic.lowering_config = #config} {
  %0 = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x, %b : tensor<?x5xf32>, tensor<5xf32>) outs(%out : tensor<?x5xf32>) {
  ^bb0(%p: f32, %q: f32, %r: f32):
    %s = arith.addf %p, %q : f32
    linalg.yield %s : f32
  } -> tensor<?x5xf32>
  return %0 : tensor<?x5xf32>
}

// An operation with loops of its own has no class.
// CHECK: func.func private @sums
// CHECK-SAME: aic.scalar_fallback = "its operation has loops of its own"
// CHECK-SAME: nvidia.emitter = "fallback"
// expected-remark @+1 {{kernel 'sums' falls back to scalar loops: its operation has loops of its own}}
func.func private @sums(%x: tensor<8x16xf32>, %out: tensor<8x16xf32>) -> tensor<8x16xf32> attributes {aic.kernel, aic.lowering_config = #aic.lowering_config<other, {}>} {
  %0 = aic.scan sum %x {axis = 1 : i64, exclusive = false, reverse = false} : (tensor<8x16xf32>) -> tensor<8x16xf32>
  return %0 : tensor<8x16xf32>
}

// CHECK: func.func private @vectors(%{{.*}}: memref<?xf32>, %{{.*}}: memref<?xf32>, %{{.*}}: index, %{{.*}}: index)
// CHECK-SAME: nvidia.block = array<i64: 256, 1, 1>
// CHECK: scf.if
// CHECK: vector.load %{{.*}} {alignment = 16 : i64} : memref<?xf32>, vector<4xf32>
// CHECK: vector.store %{{.*}} {alignment = 16 : i64} : memref<?xf32>, vector<4xf32>
// CHECK: } else {
// CHECK: scf.for
// CHECK: memref.load
// CHECK: memref.store
// CHECK: func.func private @rows
// CHECK: arith.divui
// CHECK: memref.load
// CHECK-NOT: vector.load
// CHECK: func.func private @sums
