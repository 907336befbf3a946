// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s -aic-x86-emit-kernels | FileCheck %s

// A 6 x 16 register tile: twelve accumulators are carried, the tail is fused, nothing is allocated.

// CHECK-LABEL: func.func private @matmul_bias_relu
// CHECK-SAME: (%[[A:.+]]: memref<?xf32>, %{{.+}}: memref<?xf32>, %{{.+}}: memref<?xf32>, %[[OUT:.+]]: memref<?xf32>, %{{.+}}: index, %{{.+}}: index)
// CHECK-NOT: memref.alloc
// CHECK: scf.for {{.*}} iter_args({{.*}}) -> (vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>)
// CHECK-COUNT-24: vector.fma
// CHECK-NOT: vector.fma
// CHECK: scf.yield
// CHECK: arith.maximumf %{{.+}} : vector<8xf32>
// CHECK: vector.store %{{.+}}, %[[OUT]]
module attributes {aic.target = #aic.target<"x86", chip = "znver3", features = "", model = {lanes = 8, registers = 16}>} {
func.func private @matmul_bias_relu(%a: tensor<12x64xf32>, %p: tensor<2x64x16xf32>, %bias: tensor<32xf32>, %out: tensor<12x32xf32>) -> tensor<12x32xf32> attributes {aic.kernel} {
  %b = aic.unpack %p : tensor<2x64x16xf32> -> tensor<64x32xf32>
  %zero = arith.constant 0.0 : f32
  %f = linalg.fill ins(%zero : f32) outs(%out : tensor<12x32xf32>) -> tensor<12x32xf32>
  %m = linalg.generic {indexing_maps = [affine_map<(m,n,k) -> (m,k)>, affine_map<(m,n,k) -> (k,n)>, affine_map<(m,n,k) -> (m,n)>],
                       iterator_types = ["parallel","parallel","reduction"]}
      ins(%a, %b : tensor<12x64xf32>, tensor<64x32xf32>) outs(%f : tensor<12x32xf32>) {
    ^bb0(%x: f32, %y: f32, %c: f32):
      %0 = arith.mulf %x, %y : f32
      %1 = arith.addf %c, %0 : f32
      linalg.yield %1 : f32
  } -> tensor<12x32xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(m,n) -> (m,n)>, affine_map<(m,n) -> (n)>, affine_map<(m,n) -> (m,n)>],
                       iterator_types = ["parallel","parallel"]}
      ins(%m, %bias : tensor<12x32xf32>, tensor<32xf32>) outs(%out : tensor<12x32xf32>) {
    ^bb0(%x: f32, %y: f32, %c: f32):
      %0 = arith.addf %x, %y : f32
      %1 = arith.maximumf %0, %zero : f32
      linalg.yield %1 : f32
  } -> tensor<12x32xf32>
  return %r : tensor<12x32xf32>
}

// Ragged columns are masked, ragged rows get a tile of their own.

// CHECK-LABEL: func.func private @ragged
// CHECK: vector.create_mask %{{.+}} : vector<8xi1>
// CHECK: vector.maskedload
// CHECK: vector.maskedstore
func.func private @ragged(%a: tensor<7x9xf32>, %b: tensor<9x13xf32>, %out: tensor<7x13xf32>) -> tensor<7x13xf32> attributes {aic.kernel} {
  %zero = arith.constant 0.0 : f32
  %f = linalg.fill ins(%zero : f32) outs(%out : tensor<7x13xf32>) -> tensor<7x13xf32>
  %m = linalg.generic {indexing_maps = [affine_map<(m,n,k) -> (m,k)>, affine_map<(m,n,k) -> (k,n)>, affine_map<(m,n,k) -> (m,n)>],
                       iterator_types = ["parallel","parallel","reduction"]}
      ins(%a, %b : tensor<7x9xf32>, tensor<9x13xf32>) outs(%f : tensor<7x13xf32>) {
    ^bb0(%x: f32, %y: f32, %c: f32):
      %0 = arith.mulf %x, %y : f32
      %1 = arith.addf %c, %0 : f32
      linalg.yield %1 : f32
  } -> tensor<7x13xf32>
  return %m : tensor<7x13xf32>
}
}
