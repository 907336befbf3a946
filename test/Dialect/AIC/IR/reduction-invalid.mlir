// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s -split-input-file -verify-diagnostics

func.func @reduce_axis(%x: tensor<4x5xf32>) {
  // expected-error @+1 {{expected axis in [0, 2), got -1}}
  %0 = aic.reduce sum %x {axes = array<i64: -1>, keep_dims = false} : (tensor<4x5xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @reduce_sorted(%x: tensor<4x5xf32>) {
  // expected-error @+1 {{expected sorted, distinct axes, got 0 after 1}}
  %0 = aic.reduce sum %x {axes = array<i64: 1, 0>, keep_dims = false} : (tensor<4x5xf32>) -> tensor<f32>
  return
}

// -----

func.func @reduce_truth(%x: tensor<4xi1>) {
  // expected-error @+1 {{expected max or min of truth values, got sum}}
  %0 = aic.reduce sum %x {axes = array<i64: 0>, keep_dims = false} : (tensor<4xi1>) -> tensor<i1>
  return
}

// -----

func.func @reduce_result(%x: tensor<4x5xf32>) {
  // expected-error @+1 {{expected result 0 to be 'tensor<4xf32>', got 'tensor<4x1xf32>'}}
  %0 = aic.reduce sum %x {axes = array<i64: 1>, keep_dims = false} : (tensor<4x5xf32>) -> tensor<4x1xf32>
  return
}

// -----

func.func @arg_reduce_axis(%x: tensor<4x5xf32>) {
  // expected-error @+1 {{expected axis in [0, 2), got 2}}
  %0 = aic.arg_reduce %x {axis = 2 : i64, largest = true, last_index = false, keep_dims = false} : (tensor<4x5xf32>) -> tensor<4xi64>
  return
}

// -----

func.func @scan_kind(%x: tensor<4x5xf32>) {
  // expected-error @+1 {{expected sum or prod, got max}}
  %0 = aic.scan max %x {axis = 1 : i64, exclusive = false, reverse = false} : (tensor<4x5xf32>) -> tensor<4x5xf32>
  return
}

// -----

func.func @top_k_c1_k(%x: tensor<4x5xf32>) {
  %k = arith.constant dense<6> : tensor<1xi64>
  // expected-error @+1 {{expected k in [0, 5], got 6}}
  %0:2 = aic.top_k %x, %k {axis = 1 : i64, largest = true} : (tensor<4x5xf32>, tensor<1xi64>) -> (tensor<4x6xf32>, tensor<4x6xi64>)
  return
}

// -----

func.func @top_k_one(%x: tensor<4x5xf32>, %k: tensor<2xi64>) {
  // expected-error @+1 {{expected one element in k, got 2}}
  %0:2 = aic.top_k %x, %k {axis = 1 : i64, largest = true} : (tensor<4x5xf32>, tensor<2xi64>) -> (tensor<4x?xf32>, tensor<4x?xi64>)
  return
}
