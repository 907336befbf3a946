// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s -split-input-file --convert-aic-to-linalg | FileCheck %s

// (n, oh, ow, f, kh, kw, c), padded before, biased after.
// CHECK-DAG: #[[$X:.+]] = affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d0, d1 * 2 + d4, d2 * 2 + d5, d6)>
// CHECK-DAG: #[[$W:.+]] = affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d4, d5, d6, d3)>
// CHECK-DAG: #[[$Y:.+]] = affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d0, d1, d2, d3)>
// CHECK-DAG: #[[$B:.+]] = affine_map<(d0, d1, d2, d3) -> (d3)>
// CHECK-LABEL: func.func @conv
// CHECK: %[[P:.+]] = tensor.pad %{{.+}} low[0, 1, 1, 0] high[0, 1, 1, 0]
// CHECK: linalg.fill
// CHECK: indexing_maps = [#[[$X]], #[[$W]], #[[$Y]]], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]} ins(%[[P]]
// CHECK: linalg.generic {indexing_maps = [#{{.+}}, #[[$B]], #{{.+}}], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
func.func @conv(%x: tensor<1x8x8x3xf32>, %w: tensor<3x3x3x16xf32>, %b: tensor<16xf32>) -> tensor<1x4x4x16xf32> {
  %0 = aic.conv %x, %w, %b {strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, groups = 1 : i64, channels_last = true} : (tensor<1x8x8x3xf32>, tensor<3x3x3x16xf32>, tensor<16xf32>) -> tensor<1x4x4x16xf32>
  return %0 : tensor<1x4x4x16xf32>
}

// -----

// A plain contraction over pixels.
// CHECK-DAG: #[[$X:.+]] = affine_map<(d0, d1, d2, d3, d4) -> (d0, d1, d2, d4)>
// CHECK-DAG: #[[$W:.+]] = affine_map<(d0, d1, d2, d3, d4) -> (d4, d3)>
// CHECK-LABEL: func.func @one_tap
// CHECK: arith.constant {{.*}} : tensor<3x16xf32>
// CHECK: indexing_maps = [#[[$X]], #[[$W]], #{{.+}}], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]
func.func @one_tap(%x: tensor<?x8x8x3xf32>) -> tensor<?x8x8x16xf32> {
  %w = arith.constant dense<1.0> : tensor<1x1x3x16xf32>
  %0 = aic.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, groups = 1 : i64, channels_last = true} : (tensor<?x8x8x3xf32>, tensor<1x1x3x16xf32>) -> tensor<?x8x8x16xf32>
  return %0 : tensor<?x8x8x16xf32>
}

// -----

// CHECK-DAG: #[[$X:.+]] = affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d1 + d4, d2 + d5, d3)>
// CHECK-DAG: #[[$W:.+]] = affine_map<(d0, d1, d2, d3, d4, d5) -> (d4, d5, d3)>
// CHECK-LABEL: func.func @depthwise
// CHECK: indexing_maps = [#[[$X]], #[[$W]], #{{.+}}], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction"]
func.func @depthwise(%x: tensor<1x8x8x6xf32>, %w: tensor<3x3x1x6xf32>) -> tensor<1x6x6x6xf32> {
  %0 = aic.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, groups = 6 : i64, channels_last = true} : (tensor<1x8x8x6xf32>, tensor<3x3x1x6xf32>) -> tensor<1x6x6x6xf32>
  return %0 : tensor<1x6x6x6xf32>
}

// -----

// CHECK-LABEL: func.func @groups
// CHECK: tensor.expand_shape {{.*}} into tensor<1x8x8x2x3xf32>
// CHECK: tensor.expand_shape {{.*}} into tensor<3x3x3x2x2xf32>
// CHECK: tensor.collapse_shape {{.*}} tensor<1x6x6x2x2xf32> into tensor<1x6x6x4xf32>
func.func @groups(%x: tensor<1x8x8x6xf32>, %w: tensor<3x3x3x4xf32>) -> tensor<1x6x6x4xf32> {
  %0 = aic.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, groups = 2 : i64, channels_last = true} : (tensor<1x8x8x6xf32>, tensor<3x3x3x4xf32>) -> tensor<1x6x6x4xf32>
  return %0 : tensor<1x6x6x4xf32>
}

// -----

// Kernel and stride agree: a product per tap, written side by side.
// CHECK-DAG: #[[$X:.+]] = affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d0, d1, d3, d6)>
// CHECK-DAG: #[[$W:.+]] = affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d2, d4, d5, d6)>
// CHECK-LABEL: func.func @upsampling
// CHECK: indexing_maps = [#[[$X]], #[[$W]], #{{.+}}]
// CHECK: tensor.collapse_shape {{.*}} tensor<1x4x2x4x2x3xf32> into tensor<1x8x8x3xf32>
func.func @upsampling(%x: tensor<1x4x4x6xf32>, %w: tensor<2x2x3x6xf32>) -> tensor<1x8x8x3xf32> {
  %0 = aic.conv_transpose %x, %w {strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, output_padding = array<i64: 0, 0>, groups = 1 : i64, channels_last = true} : (tensor<1x4x4x6xf32>, tensor<2x2x3x6xf32>) -> tensor<1x8x8x3xf32>
  return %0 : tensor<1x8x8x3xf32>
}

// -----

// The spread input's border follows from the filter's extent.
// CHECK-LABEL: func.func @transposed_run_time_filter
// CHECK-SAME: %[[W:[a-z0-9]+]]: tensor<?x3x3x6xf32>
// CHECK: %[[K:.+]] = tensor.dim %[[W]], %{{.+}} : tensor<?x3x3x6xf32>
// CHECK: linalg.generic {{.*}}iterator_types = ["parallel", "parallel", "parallel", "parallel"]
// CHECK: linalg.generic {{.*}}"parallel", "reduction", "reduction", "reduction"]
func.func @transposed_run_time_filter(%x: tensor<1x4x4x6xf32>, %w: tensor<?x3x3x6xf32>) -> tensor<1x?x9x3xf32> {
  %0 = aic.conv_transpose %x, %w {strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, output_padding = array<i64: 0, 0>, groups = 1 : i64, channels_last = true} : (tensor<1x4x4x6xf32>, tensor<?x3x3x6xf32>) -> tensor<1x?x9x3xf32>
  return %0 : tensor<1x?x9x3xf32>
}

// -----

// CHECK-DAG: #[[$X:.+]] = affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d1 * 2 + d4, d2 * 2 + d5, d3)>
// CHECK-DAG: #[[$K:.+]] = affine_map<(d0, d1, d2, d3, d4, d5) -> (d4, d5)>
// CHECK-LABEL: func.func @max_pool
// CHECK: arith.constant 0xFF800000
// CHECK: tensor.pad
// CHECK: %[[K0:.+]] = tensor.empty() : tensor<3x3xf32>
// CHECK: indexing_maps = [#[[$X]], #[[$K]], #{{.+}}]{{.*}} ins(%{{.+}}, %[[K0]]
// CHECK: arith.maximumf
func.func @max_pool(%x: tensor<1x8x8x6xf32>) -> tensor<1x4x4x6xf32> {
  %0 = aic.max_pool %x {kernel = array<i64: 3, 3>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, ceil_mode = false, channels_last = true} : (tensor<1x8x8x6xf32>) -> tensor<1x4x4x6xf32>
  return %0 : tensor<1x4x4x6xf32>
}

// -----

// Counts of windows at the border are constant vectors.
// CHECK-LABEL: func.func @avg_pool
// CHECK: arith.constant dense<[2.0{{.*}}, 3.0{{.*}}, 3.0{{.*}}, 3.0{{.*}}]> : tensor<4xf32>
// CHECK: arith.divf
func.func @avg_pool(%x: tensor<1x8x8x6xf32>) -> tensor<1x4x4x6xf32> {
  %0 = aic.avg_pool %x {kernel = array<i64: 3, 3>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, ceil_mode = false, count_include_pad = false, channels_last = true} : (tensor<1x8x8x6xf32>) -> tensor<1x4x4x6xf32>
  return %0 : tensor<1x4x4x6xf32>
}
