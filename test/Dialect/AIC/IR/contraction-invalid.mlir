// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s -split-input-file -verify-diagnostics

func.func @matmul_c1_depth(%a: tensor<2x3xf32>, %b: tensor<4x5xf32>) {
  // expected-error @+1 {{expected equal extents to sum over, got 3 in lhs and 4 in rhs}}
  %0 = aic.matmul %a, %b : (tensor<2x3xf32>, tensor<4x5xf32>) -> tensor<2x5xf32>
  return
}

// -----

func.func @matmul_batch(%a: tensor<2x3x3xf32>, %b: tensor<4x3x3xf32>) {
  // expected-error @+1 {{expected batch dimensions that broadcast, got 'tensor<2x3x3xf32>' and 'tensor<4x3x3xf32>'}}
  %0 = aic.matmul %a, %b : (tensor<2x3x3xf32>, tensor<4x3x3xf32>) -> tensor<4x3x3xf32>
  return
}

// -----

func.func @matmul_scalar(%a: tensor<f32>, %b: tensor<3xf32>) {
  // expected-error @+1 {{expected lhs of rank 1 at least, got 0}}
  %0 = aic.matmul %a, %b : (tensor<f32>, tensor<3xf32>) -> tensor<f32>
  return
}

// -----

func.func @conv_c1_groups(%x: tensor<1x4x9x8xf32>, %w: tensor<6x4x3x3xf32>) {
  // expected-error @+1 {{expected channels and features that are multiples of 3 groups, got 4}}
  %0 = aic.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, groups = 3 : i64,
      channels_last = false} : (tensor<1x4x9x8xf32>, tensor<6x4x3x3xf32>) -> tensor<1x6x7x6xf32>
  return
}

// -----

func.func @conv_c2_filter_channels(%x: tensor<1x4x9x8xf32>, %w: tensor<6x4x3x3xf32>) {
  // expected-error @+1 {{expected a filter with 2 channels, got 4}}
  %0 = aic.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, groups = 2 : i64,
      channels_last = false} : (tensor<1x4x9x8xf32>, tensor<6x4x3x3xf32>) -> tensor<1x6x7x6xf32>
  return
}

// -----

func.func @conv_c3_strides(%x: tensor<1x4x9x8xf32>, %w: tensor<6x4x3x3xf32>) {
  // expected-error @+1 {{expected positive strides, got 0}}
  %0 = aic.conv %x, %w {strides = array<i64: 0, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, groups = 1 : i64,
      channels_last = false} : (tensor<1x4x9x8xf32>, tensor<6x4x3x3xf32>) -> tensor<1x6x7x6xf32>
  return
}

// -----

func.func @conv_c3_range(%x: tensor<1x4x9x8xf32>, %w: tensor<6x4x3x3xf32>) {
  // expected-error @+1 {{expected strides below 2^31, got 9223372036854775807}}
  %0 = aic.conv %x, %w {strides = array<i64: 1, 9223372036854775807>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>,
      groups = 1 : i64, channels_last = false} : (tensor<1x4x9x8xf32>, tensor<6x4x3x3xf32>) -> tensor<1x6x7x6xf32>
  return
}

// -----

func.func @conv_c3_dilations(%x: tensor<1x4x9x8xf32>, %w: tensor<6x4x3x3xf32>) {
  // expected-error @+1 {{expected positive dilations, got -1}}
  %0 = aic.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, -1>, pads = array<i64: 0, 0, 0, 0>, groups = 1 : i64,
      channels_last = false} : (tensor<1x4x9x8xf32>, tensor<6x4x3x3xf32>) -> tensor<1x6x7x6xf32>
  return
}

// -----

func.func @conv_c4_pads(%x: tensor<1x4x9x8xf32>, %w: tensor<6x4x3x3xf32>) {
  // expected-error @+1 {{expected pads that are not negative, got -1}}
  %0 = aic.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, -1, 0>, groups = 1 : i64,
      channels_last = false} : (tensor<1x4x9x8xf32>, tensor<6x4x3x3xf32>) -> tensor<1x6x7x6xf32>
  return
}

// -----

func.func @conv_c5_filter_size(%x: tensor<1x4x9x8xf32>, %w: tensor<6x4x3x3xf32>) {
  // expected-error @+1 {{expected a dilated filter not larger than the padded input, got it larger by 1 in spatial dimension 1}}
  %0 = aic.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 4>, pads = array<i64: 0, 0, 0, 0>, groups = 1 : i64,
      channels_last = false} : (tensor<1x4x9x8xf32>, tensor<6x4x3x3xf32>) -> tensor<1x6x7x6xf32>
  return
}

// -----

func.func @conv_rank(%x: tensor<1x4xf32>, %w: tensor<6x4x3x3xf32>) {
  // expected-error @+1 {{expected an input of rank 3, 4 or 5, got 2}}
  %0 = aic.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, groups = 1 : i64,
      channels_last = false} : (tensor<1x4xf32>, tensor<6x4x3x3xf32>) -> tensor<1x6x7x6xf32>
  return
}

// -----

func.func @conv_filter_rank(%x: tensor<1x4x9x8xf32>, %w: tensor<6x4x3xf32>) {
  // expected-error @+1 {{expected a filter of rank 4, got 3}}
  %0 = aic.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, groups = 1 : i64,
      channels_last = false} : (tensor<1x4x9x8xf32>, tensor<6x4x3xf32>) -> tensor<1x6x7x6xf32>
  return
}

// -----

func.func @conv_lengths(%x: tensor<1x4x9x8xf32>, %w: tensor<6x4x3x3xf32>) {
  // expected-error @+1 {{expected 4 pads, got 2}}
  %0 = aic.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0>, groups = 1 : i64,
      channels_last = false} : (tensor<1x4x9x8xf32>, tensor<6x4x3x3xf32>) -> tensor<1x6x7x6xf32>
  return
}

// -----

func.func @conv_bias(%x: tensor<1x4x9x8xf32>, %w: tensor<6x4x3x3xf32>, %b: tensor<5xf32>) {
  // expected-error @+1 {{expected 6 elements in bias, got 5}}
  %0 = aic.conv %x, %w, %b {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, groups = 1 : i64,
      channels_last = false} : (tensor<1x4x9x8xf32>, tensor<6x4x3x3xf32>, tensor<5xf32>) -> tensor<1x6x7x6xf32>
  return
}

// -----

func.func @conv_bias_type(%x: tensor<1x4x9x8xf32>, %w: tensor<6x4x3x3xf32>, %b: tensor<6xf64>) {
  // expected-error @+1 {{expected bias with elements of type 'f32', got 'f64'}}
  %0 = aic.conv %x, %w, %b {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, groups = 1 : i64,
      channels_last = false} : (tensor<1x4x9x8xf32>, tensor<6x4x3x3xf32>, tensor<6xf64>) -> tensor<1x6x7x6xf32>
  return
}

// -----

func.func @conv_result(%x: tensor<1x4x9x8xf32>, %w: tensor<6x4x3x3xf32>) {
  // expected-error @+1 {{expected result 0 to be 'tensor<1x6x7x6xf32>', got 'tensor<1x6x7x7xf32>'}}
  %0 = aic.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, groups = 1 : i64,
      channels_last = false} : (tensor<1x4x9x8xf32>, tensor<6x4x3x3xf32>) -> tensor<1x6x7x7xf32>
  return
}

// -----

func.func @conv_transpose_channels(%x: tensor<1x4x5xf32>, %w: tensor<3x2x2xf32>) {
  // expected-error @+1 {{expected a filter with 4 channels, got 3}}
  %0 = aic.conv_transpose %x, %w {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, output_padding = array<i64: 0>,
      groups = 1 : i64, channels_last = false} : (tensor<1x4x5xf32>, tensor<3x2x2xf32>) -> tensor<1x2x6xf32>
  return
}

// -----

func.func @einsum_extents(%a: tensor<2x3xf32>, %b: tensor<4x5xf32>) {
  // expected-error @+1 {{expected equal extents for 'j', got 3 and 4}}
  %0 = aic.einsum %a, %b {equation = "ij,jk->ik"} : (tensor<2x3xf32>, tensor<4x5xf32>) -> tensor<2x5xf32>
  return
}

// -----

func.func @einsum_rank(%a: tensor<2x3xf32>) {
  // expected-error @+1 {{expected operand 0 of rank 3 for 'ijk', got 2}}
  %0 = aic.einsum %a {equation = "ijk->k"} : (tensor<2x3xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @einsum_letters(%a: tensor<2x3xf32>) {
  // expected-error @+1 {{expected every letter of the result once in it and in an operand, got 'ij->z'}}
  %0 = aic.einsum %a {equation = "ij->z"} : (tensor<2x3xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @einsum_types(%a: tensor<2x3xf32>) {
  // expected-error @+1 {{expected elements of type 'f64', got 'f32'}}
  %0 = aic.einsum %a {equation = "ij->j"} : (tensor<2x3xf32>) -> tensor<3xf64>
  return
}
