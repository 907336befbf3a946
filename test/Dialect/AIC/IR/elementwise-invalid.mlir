// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s -split-input-file -verify-diagnostics

func.func @broadcast_extents(%x: tensor<4x3xf32>, %y: tensor<4xf32>) {
  // expected-error @+1 {{expected rhs to broadcast with the operands before it, got extent 4 in dimension 0, theirs is 3}}
  %0 = aic.add %x, %y : (tensor<4x3xf32>, tensor<4xf32>) -> tensor<4x3xf32>
  return
}

// -----

func.func @result_shape(%x: tensor<4x3xf32>) {
  // expected-error @+1 {{expected result 0 to be 'tensor<4x3xf32>', got 'tensor<4x4xf32>'}}
  %0 = aic.exp %x : (tensor<4x3xf32>) -> tensor<4x4xf32>
  return
}

// -----

func.func @element_types(%x: tensor<4xf32>, %y: tensor<4xf64>) {
  // expected-error @+1 {{failed to verify that all of {lhs, rhs, result} have same element type}}
  %0 = aic.add %x, %y : (tensor<4xf32>, tensor<4xf64>) -> tensor<4xf32>
  return
}

// -----

func.func @float_only(%x: tensor<4xi32>) {
  // expected-error @+1 {{operand #0 must be ranked tensor of floating-point number values, but got 'tensor<4xi32>'}}
  %0 = aic.exp %x : (tensor<4xi32>) -> tensor<4xi32>
  return
}

// -----

func.func @select_extents(%c: tensor<2xi1>, %x: tensor<3xf32>) {
  // expected-error @+1 {{expected lhs to broadcast with the operands before it, got extent 3 in dimension 0, theirs is 2}}
  %0 = aic.select %c, %x, %x : (tensor<2xi1>, tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @quantize_axis(%x: tensor<2x8xf32>, %s: tensor<8xf32>, %z: tensor<8xi8>) {
  // expected-error @+1 {{expected axis in [0, 2), got 2}}
  %0 = aic.quantize %x, %s, %z {axis = 2 : i64, block_size = 0 : i64} : (tensor<2x8xf32>, tensor<8xf32>, tensor<8xi8>) -> tensor<2x8xi8>
  return
}

// -----

func.func @quantize_zero_point_type(%x: tensor<8xf32>, %s: tensor<8xf32>, %z: tensor<8xui8>) {
  // expected-error @+1 {{expected zero_point with elements of type 'i8', got 'ui8'}}
  %0 = aic.quantize %x, %s, %z {axis = 0 : i64, block_size = 0 : i64} : (tensor<8xf32>, tensor<8xf32>, tensor<8xui8>) -> tensor<8xi8>
  return
}

// -----

func.func @dequantize_scales(%x: tensor<2x8xi8>, %s: tensor<7xf32>, %z: tensor<i8>) {
  // expected-error @+1 {{expected extent 8 in dimension 0 of scale, got 7}}
  %0 = aic.dequantize %x, %s, %z {axis = 1 : i64, block_size = 0 : i64} : (tensor<2x8xi8>, tensor<7xf32>, tensor<i8>) -> tensor<2x8xf32>
  return
}

// -----

func.func @dequantize_blocks(%x: tensor<2x8xi8>, %s: tensor<2x2xf32>, %z: tensor<2x2xi8>) {
  // expected-error @+1 {{expected extent 3 in dimension 1 of scale, got 2}}
  %0 = aic.dequantize %x, %s, %z {axis = 1 : i64, block_size = 3 : i64} : (tensor<2x8xi8>, tensor<2x2xf32>, tensor<2x2xi8>) -> tensor<2x8xf32>
  return
}

// -----

func.func @bitcast_c1(%x: tensor<4xf32>) {
  // expected-error @+1 {{expected element types of one size, got 'f32' and 'i16'}}
  %0 = aic.bitcast %x : (tensor<4xf32>) -> tensor<4xi16>
  return
}
