// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s -split-input-file -verify-diagnostics

func.func @pool_rank(%x: tensor<1x3x8xf32>) {
  // expected-error @+1 {{expected input of rank 4 for a kernel of 2 dimensions (at least 1), got 'tensor<1x3x8xf32>'}}
  %0 = aic.max_pool %x {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>,
      pads = array<i64: 0, 0, 0, 0>, ceil_mode = false, channels_last = false} : (tensor<1x3x8xf32>) -> tensor<1x3x4xf32>
  return
}

// -----

func.func @pool_lengths(%x: tensor<1x3x8xf32>) {
  // expected-error @+1 {{expected 1 strides and dilations and 2 pads, got 1, 1 and 1}}
  %0 = aic.max_pool %x {kernel = array<i64: 2>, strides = array<i64: 2>, dilations = array<i64: 1>,
      pads = array<i64: 0>, ceil_mode = false, channels_last = false} : (tensor<1x3x8xf32>) -> tensor<1x3x4xf32>
  return
}

// -----

func.func @pool_strides_positive(%x: tensor<1x3x8xf32>) {
  // expected-error @+1 {{expected kernel, strides and dilations in [1, 2^31), got [2], [0] and [1]}}
  %0 = aic.max_pool %x {kernel = array<i64: 2>, strides = array<i64: 0>, dilations = array<i64: 1>,
      pads = array<i64: 0, 0>, ceil_mode = false, channels_last = false} : (tensor<1x3x8xf32>) -> tensor<1x3x4xf32>
  return
}

// -----

func.func @pool_pads_not_negative(%x: tensor<1x3x8xf32>) {
  // expected-error @+1 {{expected pads in [0, 2^31), got [0, -1]}}
  %0 = aic.max_pool_indices %x {kernel = array<i64: 2>, strides = array<i64: 1>, dilations = array<i64: 1>,
      pads = array<i64: 0, -1>, ceil_mode = false, column_major = false} : (tensor<1x3x8xf32>) -> tensor<1x3x6xi64>
  return
}

// -----

func.func @pool_window_fits(%x: tensor<1x3x4xf32>) {
  // expected-error @+1 {{expected a window no larger than the padded input, got 7 and 5 in spatial dimension 0}}
  %0 = aic.avg_pool %x {kernel = array<i64: 3>, strides = array<i64: 1>, dilations = array<i64: 3>, pads = array<i64: 1, 0>,
      ceil_mode = false, count_include_pad = false, channels_last = false} : (tensor<1x3x4xf32>) -> tensor<1x3x1xf32>
  return
}

// -----

func.func @resize_lengths(%x: tensor<4x4xf32>, %scales: tensor<2xf32>, %sizes: tensor<3xi64>) {
  // expected-error @+1 {{expected sizes to have 2 elements, got 3}}
  %0 = aic.resize %x, %scales, %sizes {mode = #aic<resize_mode linear>, coordinates = #aic<coordinate_mode half_pixel>,
      nearest = #aic<nearest_mode floor>, cubic_a = -0.75 : f64, exclude_outside = false, antialias = false}
      : (tensor<4x4xf32>, tensor<2xf32>, tensor<3xi64>) -> tensor<?x?xf32>
  return
}

// -----

func.func @resize_result(%x: tensor<4x4xf32>, %scales: tensor<2xf32>) {
  %sizes = arith.constant dense<[8, 2]> : tensor<2xi64>
  // expected-error @+1 {{expected result 0 to be 'tensor<8x2xf32>', got 'tensor<8x8xf32>'}}
  %0 = aic.resize %x, %scales, %sizes {mode = #aic<resize_mode linear>, coordinates = #aic<coordinate_mode half_pixel>,
      nearest = #aic<nearest_mode floor>, cubic_a = -0.75 : f64, exclude_outside = false, antialias = false}
      : (tensor<4x4xf32>, tensor<2xf32>, tensor<2xi64>) -> tensor<8x8xf32>
  return
}

// -----

func.func @resize_scales_positive(%x: tensor<4x4xf32>, %sizes: tensor<2xi64>) {
  %scales = arith.constant dense<[1.0, 0.0]> : tensor<2xf32>
  // expected-error @+1 {{expected scales above 0, got 0}}
  %0 = aic.resize %x, %scales, %sizes {mode = #aic<resize_mode linear>, coordinates = #aic<coordinate_mode half_pixel>,
      nearest = #aic<nearest_mode floor>, cubic_a = -0.75 : f64, exclude_outside = false, antialias = false}
      : (tensor<4x4xf32>, tensor<2xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  return
}
