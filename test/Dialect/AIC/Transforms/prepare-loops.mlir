// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s --pass-pipeline='builtin.module(func.func(aic-prepare-loops))' | FileCheck %s

#id = affine_map<(m, n) -> (m, n)>
#keep = affine_map<(m, n) -> (m, 0)>
// CHECK: #[[$OUTER:.+]] = affine_map<(d0, d1) -> (d0)>

// The extent of a padded sum comes from the argument, a dimension of extent 1 vanishes in the map.
// CHECK-LABEL: func.func @dims
// CHECK-SAME: (%[[X:.+]]: tensor<?x8xf32>, %[[R:.+]]: tensor<?xf32>)
// CHECK: %[[N:.+]] = tensor.dim %[[X]], %
// CHECK: linalg.generic {indexing_maps = [#{{.+}}, #[[$OUTER]], #{{.+}}]{{.*}} ins(%[[X]], %[[R]] :
// CHECK: tensor.pad
// CHECK: %[[S:.+]] = affine.apply #{{.+}}()[%[[N]]]
// CHECK: return %{{.+}}, %[[S]]
func.func @dims(%x: tensor<?x8xf32>, %r: tensor<?xf32>) -> (tensor<?x8xf32>, index) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %n = tensor.dim %x, %c0 : tensor<?x8xf32>
  %e = tensor.empty(%n) : tensor<?x8xf32>
  %r1 = tensor.expand_shape %r [[0, 1]] output_shape [%n, 1] : tensor<?xf32> into tensor<?x1xf32>
  %a = linalg.generic {indexing_maps = [#id, #keep, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x, %r1 : tensor<?x8xf32>, tensor<?x1xf32>) outs(%e : tensor<?x8xf32>) {
  ^bb0(%i: f32, %j: f32, %o: f32):
    %s = arith.addf %i, %j : f32
    linalg.yield %s : f32
  } -> tensor<?x8xf32>
  %p = tensor.pad %a low[1, 0] high[2, 0] {
  ^bb0(%i: index, %j: index):
    tensor.yield %zero : f32
  } : tensor<?x8xf32> to tensor<?x8xf32>
  %m = tensor.dim %p, %c0 : tensor<?x8xf32>
  return %p, %m : tensor<?x8xf32>, index
}

// A fill has one user.
// CHECK-LABEL: func.func @fills
// CHECK-COUNT-2: linalg.fill
func.func @fills(%x: tensor<4x8xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %a = linalg.generic {indexing_maps = [#id, affine_map<(m, n) -> (m)>], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<4x8xf32>) outs(%f : tensor<4xf32>) {
  ^bb0(%i: f32, %o: f32):
    %s = arith.addf %i, %o : f32
    linalg.yield %s : f32
  } -> tensor<4xf32>
  %b = linalg.generic {indexing_maps = [#id, affine_map<(m, n) -> (m)>], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<4x8xf32>) outs(%f : tensor<4xf32>) {
  ^bb0(%i: f32, %o: f32):
    %q = arith.mulf %i, %i : f32
    %s = arith.addf %q, %o : f32
    linalg.yield %s : f32
  } -> tensor<4xf32>
  return %a, %b : tensor<4xf32>, tensor<4xf32>
}
