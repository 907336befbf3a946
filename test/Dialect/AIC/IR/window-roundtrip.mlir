// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s -verify-roundtrip | FileCheck %s

// CHECK-LABEL: func @max_pool
func.func @max_pool(%x: tensor<1x64x112x?xf32>) -> tensor<1x64x56x?xf32> {
  // CHECK: aic.max_pool
  %0 = aic.max_pool %x {kernel = array<i64: 3, 3>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>,
      pads = array<i64: 1, 1, 1, 1>, ceil_mode = false, channels_last = false} : (tensor<1x64x112x?xf32>) -> tensor<1x64x56x?xf32>
  return %0 : tensor<1x64x56x?xf32>
}

// The last window of 5 elements in steps of 3 starts in the input (ceil_mode), that of 6 in the padding.
// CHECK-LABEL: func @max_pool_ceil
func.func @max_pool_ceil(%x: tensor<1x5x6x8xf32>) -> tensor<1x2x2x8xf32> {
  %0 = aic.max_pool %x {kernel = array<i64: 1, 1>, strides = array<i64: 3, 4>, dilations = array<i64: 1, 1>,
      pads = array<i64: 0, 0, 1, 2>, ceil_mode = true, channels_last = true} : (tensor<1x5x6x8xf32>) -> tensor<1x2x2x8xf32>
  return %0 : tensor<1x2x2x8xf32>
}

// CHECK-LABEL: func @max_pool_indices
func.func @max_pool_indices(%x: tensor<1x3x8xi8>) -> tensor<1x3x4xi64> {
  // CHECK: aic.max_pool_indices
  %0 = aic.max_pool_indices %x {kernel = array<i64: 2>, strides = array<i64: 2>, dilations = array<i64: 1>,
      pads = array<i64: 0, 0>, ceil_mode = false, column_major = false} : (tensor<1x3x8xi8>) -> tensor<1x3x4xi64>
  return %0 : tensor<1x3x4xi64>
}

// CHECK-LABEL: func @avg_pool
func.func @avg_pool(%x: tensor<?x8x8x8x3xf16>) -> tensor<?x3x3x3x3xf16> {
  // CHECK: aic.avg_pool
  %0 = aic.avg_pool %x {kernel = array<i64: 2, 2, 2>, strides = array<i64: 3, 3, 3>, dilations = array<i64: 2, 2, 2>,
      pads = array<i64: 0, 0, 0, 1, 1, 1>, ceil_mode = false, count_include_pad = true, channels_last = true}
      : (tensor<?x8x8x8x3xf16>) -> tensor<?x3x3x3x3xf16>
  return %0 : tensor<?x3x3x3x3xf16>
}

// CHECK-LABEL: func @resize
func.func @resize(%x: tensor<1x3x4x?xf32>, %sizes: tensor<4xi64>) -> tensor<1x3x8x?xf32> {
  %scales = arith.constant dense<[1.0, 1.0, 2.0, 2.0]> : tensor<4xf32>
  // CHECK: aic.resize
  // CHECK-SAME: coordinates = #aic<coordinate_mode asymmetric>
  %0 = aic.resize %x, %scales, %sizes {mode = #aic<resize_mode nearest>, coordinates = #aic<coordinate_mode asymmetric>,
      nearest = #aic<nearest_mode floor>, cubic_a = -0.75 : f64, exclude_outside = false, antialias = false}
      : (tensor<1x3x4x?xf32>, tensor<4xf32>, tensor<4xi64>) -> tensor<1x3x8x?xf32>
  return %0 : tensor<1x3x8x?xf32>
}
