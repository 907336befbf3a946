// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s --pass-pipeline='builtin.module(aic-attach-target{cpu=znver3},aic-select-config,aic-x86-pack-constants)' | FileCheck %s
// RUN: aic-opt %s --pass-pipeline='builtin.module(aic-attach-target{cpu=sapphirerapids},aic-select-config,aic-x86-pack-constants)' | FileCheck %s --check-prefix=WIDE

#lhs = affine_map<(m, n, k) -> (m, k)>
#rhs = affine_map<(m, n, k) -> (k, n)>
#rhsT = affine_map<(m, n, k) -> (n, k)>
#out = affine_map<(m, n, k) -> (m, n)>

// CHECK-LABEL: func.func @main
// CHECK: %[[P:.+]] = aic.pack %{{.+}} : tensor<64x20xf32> -> tensor<2x64x16xf32>
// CHECK: %[[T:.+]] = aic.pack %{{.+}} {permutation = array<i64: 1, 0>} : tensor<20x64xf32> -> tensor<2x64x16xf32>
// CHECK: call @plain(%{{.+}}, %[[P]], %
// CHECK: call @transposed(%{{.+}}, %[[T]], %
// CHECK: call @runtime(%{{.+}}, %arg1, %
// WIDE: aic.pack %{{.+}} : tensor<64x20xf32> -> tensor<1x64x32xf32>
func.func @main(%x: tensor<8x64xf32>, %v: tensor<64x20xf32>) -> (tensor<8x20xf32>, tensor<8x20xf32>, tensor<8x20xf32>) {
  %w = arith.constant dense_resource<w> : tensor<64x20xf32>
  %wt = arith.constant dense_resource<wt> : tensor<20x64xf32>
  %e = tensor.empty() : tensor<8x20xf32>
  %0 = call @plain(%x, %w, %e) : (tensor<8x64xf32>, tensor<64x20xf32>, tensor<8x20xf32>) -> tensor<8x20xf32>
  %1 = call @transposed(%x, %wt, %e) : (tensor<8x64xf32>, tensor<20x64xf32>, tensor<8x20xf32>) -> tensor<8x20xf32>
  %2 = call @runtime(%x, %v, %e) : (tensor<8x64xf32>, tensor<64x20xf32>, tensor<8x20xf32>) -> tensor<8x20xf32>
  return %0, %1, %2 : tensor<8x20xf32>, tensor<8x20xf32>, tensor<8x20xf32>
}

// CHECK: func.func private @plain(%{{.+}}: tensor<8x64xf32>, %[[W:.+]]: tensor<2x64x16xf32>, %
// CHECK-SAME: aic.lowering_config = #aic.lowering_config<contraction, {columns = 2 : i64, grain = 2048 : i64, lanes = 8 : i64, panel = 16 : i64, rows = 4 : i64, unroll = 1 : i64}>
// CHECK: aic.unpack %[[W]] : tensor<2x64x16xf32> -> tensor<64x20xf32>
// WIDE: func.func private @plain
// WIDE-SAME: columns = 2 : i64, grain = 2048 : i64, lanes = 16 : i64, panel = 32 : i64, rows = 8 : i64, unroll = 2 : i64
func.func private @plain(%x: tensor<8x64xf32>, %w: tensor<64x20xf32>, %out: tensor<8x20xf32>) -> tensor<8x20xf32> attributes {aic.kernel} {
  %zero = arith.constant 0.0 : f32
  %f = linalg.fill ins(%zero : f32) outs(%out : tensor<8x20xf32>) -> tensor<8x20xf32>
  %r = linalg.generic {indexing_maps = [#lhs, #rhs, #out], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<8x64xf32>, tensor<64x20xf32>) outs(%f : tensor<8x20xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %c, %p : f32
    linalg.yield %s : f32
  } -> tensor<8x20xf32>
  return %r : tensor<8x20xf32>
}

// CHECK: func.func private @transposed
// CHECK: %[[U:.+]] = aic.unpack %{{.+}} : tensor<2x64x16xf32> -> tensor<64x20xf32>
// CHECK: ins(%{{.+}}, %[[U]] : tensor<8x64xf32>, tensor<64x20xf32>)
func.func private @transposed(%x: tensor<8x64xf32>, %w: tensor<20x64xf32>, %out: tensor<8x20xf32>) -> tensor<8x20xf32> attributes {aic.kernel} {
  %zero = arith.constant 0.0 : f32
  %f = linalg.fill ins(%zero : f32) outs(%out : tensor<8x20xf32>) -> tensor<8x20xf32>
  %r = linalg.generic {indexing_maps = [#lhs, #rhsT, #out], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<8x64xf32>, tensor<20x64xf32>) outs(%f : tensor<8x20xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %c, %p : f32
    linalg.yield %s : f32
  } -> tensor<8x20xf32>
  return %r : tensor<8x20xf32>
}

// CHECK: func.func private @runtime(%{{.+}}: tensor<8x64xf32>, %{{.+}}: tensor<64x20xf32>
func.func private @runtime(%x: tensor<8x64xf32>, %w: tensor<64x20xf32>, %out: tensor<8x20xf32>) -> tensor<8x20xf32> attributes {aic.kernel} {
  %zero = arith.constant 0.0 : f32
  %f = linalg.fill ins(%zero : f32) outs(%out : tensor<8x20xf32>) -> tensor<8x20xf32>
  %r = linalg.generic {indexing_maps = [#lhs, #rhs, #out], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<8x64xf32>, tensor<64x20xf32>) outs(%f : tensor<8x20xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %c, %p : f32
    linalg.yield %s : f32
  } -> tensor<8x20xf32>
  return %r : tensor<8x20xf32>
}
