// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s -aic-x86-emit-kernels | FileCheck %s

// A softmax is one kernel: one loop over rows; inside, a maximum along the row, the exponentials (once, kept in the
// result), their sum, and the quotient in place.

// CHECK-LABEL: func.func private @softmax
// CHECK: scf.for
// CHECK: arith.maximumf %{{.+}} : vector<8xf32>
// CHECK: vector.reduction <maximumf>
// CHECK: math.exp %{{.+}} : vector<8xf32>
// CHECK: vector.store
// CHECK-NOT: math.exp
// CHECK: vector.reduction <add>
// CHECK: arith.divf %{{.+}} : vector<8xf32>
// CHECK-NOT: memref.alloc
#full = affine_map<(r, c) -> (r, c)>
#row = affine_map<(r, c) -> (r)>
module attributes {aic.target = #aic.target<"x86", chip = "znver3", features = "", model = {lanes = 8, registers = 16}>} {
func.func private @softmax(%x: tensor<6x64xf32>, %out: tensor<6x64xf32>) -> tensor<6x64xf32> attributes {aic.kernel} {
  %lowest = arith.constant 0xFF800000 : f32
  %zero = arith.constant 0.0 : f32
  %e0 = tensor.empty() : tensor<6xf32>
  %e1 = tensor.empty() : tensor<6x64xf32>
  %f0 = linalg.fill ins(%lowest : f32) outs(%e0 : tensor<6xf32>) -> tensor<6xf32>
  %m = linalg.generic {indexing_maps = [#full, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<6x64xf32>) outs(%f0 : tensor<6xf32>) {
    ^bb0(%v: f32, %c: f32):
      %0 = arith.maximumf %v, %c : f32
      linalg.yield %0 : f32
  } -> tensor<6xf32>
  %e = linalg.generic {indexing_maps = [#full, #row, #full], iterator_types = ["parallel", "parallel"]}
      ins(%x, %m : tensor<6x64xf32>, tensor<6xf32>) outs(%e1 : tensor<6x64xf32>) {
    ^bb0(%v: f32, %w: f32, %c: f32):
      %0 = arith.subf %v, %w : f32
      %1 = math.exp %0 : f32
      linalg.yield %1 : f32
  } -> tensor<6x64xf32>
  %f1 = linalg.fill ins(%zero : f32) outs(%e0 : tensor<6xf32>) -> tensor<6xf32>
  %s = linalg.generic {indexing_maps = [#full, #row], iterator_types = ["parallel", "reduction"]}
      ins(%e : tensor<6x64xf32>) outs(%f1 : tensor<6xf32>) {
    ^bb0(%v: f32, %c: f32):
      %0 = arith.addf %v, %c : f32
      linalg.yield %0 : f32
  } -> tensor<6xf32>
  %r = linalg.generic {indexing_maps = [#full, #row, #full], iterator_types = ["parallel", "parallel"]}
      ins(%e, %s : tensor<6x64xf32>, tensor<6xf32>) outs(%out : tensor<6x64xf32>) {
    ^bb0(%v: f32, %w: f32, %c: f32):
      %0 = arith.divf %v, %w : f32
      linalg.yield %0 : f32
  } -> tensor<6x64xf32>
  return %r : tensor<6x64xf32>
}
}
