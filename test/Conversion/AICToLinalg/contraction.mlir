// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s -split-input-file --convert-aic-to-linalg | FileCheck %s

// CHECK-DAG: #[[$X:.+]] = affine_map<(d0, d1, d2, d3) -> (d0, d1, d3)>
// CHECK-DAG: #[[$W:.+]] = affine_map<(d0, d1, d2, d3) -> (d3, d2)>
// CHECK-DAG: #[[$Y:.+]] = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
// CHECK-LABEL: func.func @linear
// CHECK: %[[N:.+]] = tensor.dim
// CHECK: %[[E:.+]] = tensor.empty(%[[N]]) : tensor<?x8x32xf32>
// CHECK: %[[F:.+]] = linalg.fill ins(%{{.+}} : f32) outs(%[[E]]
// CHECK: indexing_maps = [#[[$X]], #[[$W]], #[[$Y]]], iterator_types = ["parallel", "parallel", "parallel", "reduction"]
// CHECK: arith.mulf %{{.+}} fastmath<contract>
// CHECK: arith.addf %{{.+}} fastmath<contract>
func.func @linear(%x: tensor<?x8x64xf32>, %w: tensor<64x32xf32>) -> tensor<?x8x32xf32> {
  %0 = aic.matmul %x, %w : (tensor<?x8x64xf32>, tensor<64x32xf32>) -> tensor<?x8x32xf32>
  return %0 : tensor<?x8x32xf32>
}

// -----

// A vector is a matrix with one row.
// CHECK-LABEL: func.func @vector
// CHECK: tensor.expand_shape %{{.+}} : tensor<64xf32> into tensor<1x64xf32>
// CHECK: linalg.generic
// CHECK: tensor.collapse_shape %{{.+}} : tensor<1x32xf32> into tensor<32xf32>
func.func @vector(%x: tensor<64xf32>, %w: tensor<64x32xf32>) -> tensor<32xf32> {
  %0 = aic.matmul %x, %w : (tensor<64xf32>, tensor<64x32xf32>) -> tensor<32xf32>
  return %0 : tensor<32xf32>
}

// -----

// Accumulated in f32, truncated at the end.
// CHECK-LABEL: func.func @small_floats
// CHECK: linalg.generic {{.*}} outs(%{{.+}} : tensor<4x4xf32>)
// CHECK: linalg.generic {{.*}} outs(%{{.+}} : tensor<4x4xbf16>)
// CHECK: arith.truncf
func.func @small_floats(%x: tensor<4x8xbf16>, %y: tensor<8x4xbf16>) -> tensor<4x4xbf16> {
  %0 = aic.matmul %x, %y : (tensor<4x8xbf16>, tensor<8x4xbf16>) -> tensor<4x4xbf16>
  return %0 : tensor<4x4xbf16>
}

// -----

// CHECK-DAG: #[[$X:.+]] = affine_map<(d0, d1, d2, d3) -> (d0, d1, d3)>
// CHECK-DAG: #[[$Y:.+]] = affine_map<(d0, d1, d2, d3) -> (d0, d2, d3)>
// CHECK-DAG: #[[$R:.+]] = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
// CHECK-LABEL: func.func @einsum
// CHECK: indexing_maps = [#[[$X]], #[[$Y]], #[[$R]]], iterator_types = ["parallel", "parallel", "parallel", "reduction"]
func.func @einsum(%x: tensor<2x3x4xf32>, %y: tensor<2x5x4xf32>) -> tensor<2x3x5xf32> {
  %0 = aic.einsum %x, %y {equation = "bij,bkj->bik"} : (tensor<2x3x4xf32>, tensor<2x5x4xf32>) -> tensor<2x3x5xf32>
  return %0 : tensor<2x3x5xf32>
}
