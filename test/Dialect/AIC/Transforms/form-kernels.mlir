// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s -split-input-file --pass-pipeline='builtin.module(func.func(aic-prepare-loops),aic-form-kernels)' | FileCheck %s

// A contraction takes its bias and activation; the weight is an argument, scalars are inside.
#row = affine_map<(m, n, k) -> (m, k)>
#col = affine_map<(m, n, k) -> (k, n)>
#out = affine_map<(m, n, k) -> (m, n)>
#id = affine_map<(m, n) -> (m, n)>
#bias = affine_map<(m, n) -> (n)>
// CHECK-LABEL: func.func @contraction_with_tail
func.func @contraction_with_tail(%x: tensor<?x64xf32>) -> tensor<?x32xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %w = arith.constant dense_resource<w> : tensor<64x32xf32>
  %b = arith.constant dense_resource<b> : tensor<32xf32>
  %n = tensor.dim %x, %c0 : tensor<?x64xf32>
  %e = tensor.empty(%n) : tensor<?x32xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x32xf32>) -> tensor<?x32xf32>
  %mm = linalg.generic {indexing_maps = [#row, #col, #out], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<?x64xf32>, tensor<64x32xf32>) outs(%f : tensor<?x32xf32>) {
  ^bb0(%a: f32, %c: f32, %acc: f32):
    %p = arith.mulf %a, %c : f32
    %s = arith.addf %acc, %p : f32
    linalg.yield %s : f32
  } -> tensor<?x32xf32>
  %n1 = tensor.dim %mm, %c0 : tensor<?x32xf32>
  %e1 = tensor.empty(%n1) : tensor<?x32xf32>
  %relu = linalg.generic {indexing_maps = [#id, #bias, #id], iterator_types = ["parallel", "parallel"]}
      ins(%mm, %b : tensor<?x32xf32>, tensor<32xf32>) outs(%e1 : tensor<?x32xf32>) {
  ^bb0(%a: f32, %c: f32, %o: f32):
    %s = arith.addf %a, %c : f32
    %r = arith.maximumf %s, %zero : f32
    linalg.yield %r : f32
  } -> tensor<?x32xf32>
  // CHECK: %[[N:.+]] = tensor.dim %{{.+}}, %{{.+}}
  // CHECK: %[[E:.+]] = tensor.empty(%[[N]]) : tensor<?x32xf32>
  // CHECK: %[[R:.+]] = call @k0(%{{.+}}, %{{.+}}, %{{.+}}, %[[E]]) : (tensor<?x64xf32>, tensor<64x32xf32>, tensor<32xf32>, tensor<?x32xf32>) -> tensor<?x32xf32>
  // CHECK-NEXT: return %[[R]]
  return %relu : tensor<?x32xf32>
}
// CHECK: func.func private @k0(%[[X:.+]]: tensor<?x64xf32>, %[[W:.+]]: tensor<64x32xf32>, %[[B:.+]]: tensor<32xf32>, %[[D:.+]]: tensor<?x32xf32>) -> tensor<?x32xf32> attributes {aic.kernel}
// CHECK: %[[SIZE:.+]] = tensor.dim %
// CHECK: %[[TMP:.+]] = tensor.empty(%[[SIZE]])
// CHECK: %[[FILL:.+]] = linalg.fill {{.*}} outs(%[[TMP]]
// CHECK: %[[MM:.+]] = linalg.generic {{.*}} ins(%[[X]], %[[W]] {{.*}} outs(%[[FILL]]
// CHECK: %[[RELU:.+]] = linalg.generic {{.*}} ins(%[[MM]], %[[B]] {{.*}} outs(%[[D]]
// CHECK: return %[[RELU]]

// -----

// Softmax: one kernel; exp is needed by two passes over the row and has room in the result.
#id = affine_map<(m, n) -> (m, n)>
#outer = affine_map<(m, n) -> (m)>
// CHECK-LABEL: func.func @softmax
// CHECK: call @k0(%{{.+}}, %{{.+}}) : (tensor<8x100xf32>, tensor<8x100xf32>) -> tensor<8x100xf32>
// CHECK-NEXT: return
func.func @softmax(%x: tensor<8x100xf32>) -> tensor<8x100xf32> {
  %low = arith.constant 0xFF800000 : f32
  %zero = arith.constant 0.0 : f32
  %er = tensor.empty() : tensor<8xf32>
  %e = tensor.empty() : tensor<8x100xf32>
  %f0 = linalg.fill ins(%low : f32) outs(%er : tensor<8xf32>) -> tensor<8xf32>
  %max = linalg.generic {indexing_maps = [#id, #outer], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<8x100xf32>) outs(%f0 : tensor<8xf32>) {
  ^bb0(%a: f32, %acc: f32):
    %s = arith.maximumf %acc, %a : f32
    linalg.yield %s : f32
  } -> tensor<8xf32>
  %exp = linalg.generic {indexing_maps = [#id, #outer, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x, %max : tensor<8x100xf32>, tensor<8xf32>) outs(%e : tensor<8x100xf32>) {
  ^bb0(%a: f32, %m: f32, %o: f32):
    %s = arith.subf %a, %m : f32
    %r = math.exp %s : f32
    linalg.yield %r : f32
  } -> tensor<8x100xf32>
  %f1 = linalg.fill ins(%zero : f32) outs(%er : tensor<8xf32>) -> tensor<8xf32>
  %sum = linalg.generic {indexing_maps = [#id, #outer], iterator_types = ["parallel", "reduction"]}
      ins(%exp : tensor<8x100xf32>) outs(%f1 : tensor<8xf32>) {
  ^bb0(%a: f32, %acc: f32):
    %s = arith.addf %acc, %a : f32
    linalg.yield %s : f32
  } -> tensor<8xf32>
  %r = linalg.generic {indexing_maps = [#id, #outer, #id], iterator_types = ["parallel", "parallel"]}
      ins(%exp, %sum : tensor<8x100xf32>, tensor<8xf32>) outs(%e : tensor<8x100xf32>) {
  ^bb0(%a: f32, %m: f32, %o: f32):
    %s = arith.divf %a, %m : f32
    linalg.yield %s : f32
  } -> tensor<8x100xf32>
  return %r : tensor<8x100xf32>
}
// CHECK: func.func private @k0
// CHECK-COUNT-4: linalg.generic
// CHECK-NOT: func.func private

// -----

// A residual that is needed later is a further result; mean and variance with extents of 1 do not end the group.
#id = affine_map<(m, n) -> (m, n)>
#outer = affine_map<(m, n) -> (m)>
#keep = affine_map<(m, n) -> (m, 0)>
// CHECK-LABEL: func.func @layer_norm
// CHECK: %[[R:.+]]:2 = call @k0(%{{.+}}, %{{.+}}, %{{.+}}, %{{.+}}) : (tensor<8x100xf32>, tensor<8x100xf32>, tensor<8x100xf32>, tensor<8x100xf32>) -> (tensor<8x100xf32>, tensor<8x100xf32>)
// CHECK: call @k1(%{{.+}}, %[[R]]#1, %
func.func @layer_norm(%x: tensor<8x100xf32>, %y: tensor<8x100xf32>) -> tensor<8x100xf32> {
  %zero = arith.constant 0.0 : f32
  %scale = arith.constant 0.01 : f32
  %er = tensor.empty() : tensor<8xf32>
  %e1 = tensor.empty() : tensor<8x1xf32>
  %e = tensor.empty() : tensor<8x100xf32>
  %add = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x, %y : tensor<8x100xf32>, tensor<8x100xf32>) outs(%e : tensor<8x100xf32>) {
  ^bb0(%a: f32, %m: f32, %o: f32):
    %s = arith.addf %a, %m : f32
    linalg.yield %s : f32
  } -> tensor<8x100xf32>
  %f0 = linalg.fill ins(%zero : f32) outs(%er : tensor<8xf32>) -> tensor<8xf32>
  %sum = linalg.generic {indexing_maps = [#id, #outer], iterator_types = ["parallel", "reduction"]}
      ins(%add : tensor<8x100xf32>) outs(%f0 : tensor<8xf32>) {
  ^bb0(%a: f32, %acc: f32):
    %s = arith.addf %acc, %a : f32
    linalg.yield %s : f32
  } -> tensor<8xf32>
  %sum1 = tensor.expand_shape %sum [[0, 1]] output_shape [8, 1] : tensor<8xf32> into tensor<8x1xf32>
  %mean = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%sum1 : tensor<8x1xf32>) outs(%e1 : tensor<8x1xf32>) {
  ^bb0(%a: f32, %acc: f32):
    %s = arith.mulf %scale, %a : f32
    linalg.yield %s : f32
  } -> tensor<8x1xf32>
  %centred = linalg.generic {indexing_maps = [#id, #keep, #id], iterator_types = ["parallel", "parallel"]}
      ins(%add, %mean : tensor<8x100xf32>, tensor<8x1xf32>) outs(%e : tensor<8x100xf32>) {
  ^bb0(%a: f32, %m: f32, %o: f32):
    %s = arith.subf %a, %m : f32
    linalg.yield %s : f32
  } -> tensor<8x100xf32>
  %f1 = linalg.fill ins(%zero : f32) outs(%er : tensor<8xf32>) -> tensor<8xf32>
  %var = linalg.generic {indexing_maps = [#id, #outer], iterator_types = ["parallel", "reduction"]}
      ins(%centred : tensor<8x100xf32>) outs(%f1 : tensor<8xf32>) {
  ^bb0(%a: f32, %acc: f32):
    %q = arith.mulf %a, %a : f32
    %s = arith.addf %acc, %q : f32
    linalg.yield %s : f32
  } -> tensor<8xf32>
  %var1 = tensor.expand_shape %var [[0, 1]] output_shape [8, 1] : tensor<8xf32> into tensor<8x1xf32>
  %rsqrt = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%var1 : tensor<8x1xf32>) outs(%e1 : tensor<8x1xf32>) {
  ^bb0(%a: f32, %acc: f32):
    %s = math.rsqrt %a : f32
    linalg.yield %s : f32
  } -> tensor<8x1xf32>
  %norm = linalg.generic {indexing_maps = [#id, #keep, #id], iterator_types = ["parallel", "parallel"]}
      ins(%centred, %rsqrt : tensor<8x100xf32>, tensor<8x1xf32>) outs(%e : tensor<8x100xf32>) {
  ^bb0(%a: f32, %m: f32, %o: f32):
    %s = arith.mulf %a, %m : f32
    linalg.yield %s : f32
  } -> tensor<8x100xf32>
  %shaped = tensor.cast %norm : tensor<8x100xf32> to tensor<8x100xf32>
  %r = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%shaped, %add : tensor<8x100xf32>, tensor<8x100xf32>) outs(%e : tensor<8x100xf32>) {
  ^bb0(%a: f32, %m: f32, %o: f32):
    %s = arith.addf %a, %m : f32
    linalg.yield %s : f32
  } -> tensor<8x100xf32>
  return %r : tensor<8x100xf32>
}
