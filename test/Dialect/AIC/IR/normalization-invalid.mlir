// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s -split-input-file -verify-diagnostics

func.func @softmax_axis(%x: tensor<2x8xf32>) {
  // expected-error @+1 {{expected axis in [0, 2), got 2}}
  %0 = aic.softmax %x {axis = 2 : i64} : (tensor<2x8xf32>) -> tensor<2x8xf32>
  return
}

// -----

func.func @layer_norm_scale(%x: tensor<2x8xf32>, %s: tensor<7xf32>) {
  // expected-error @+1 {{expected extent 1 or 8 in dimension 0 of scale, got 7}}
  %0 = aic.layer_norm %x scale(%s) {axis = 1 : i64, epsilon = 0.0 : f64} : (tensor<2x8xf32>, tensor<7xf32>) -> tensor<2x8xf32>
  return
}

// -----

func.func @rms_norm_rank(%x: tensor<8xf32>, %s: tensor<1x8xf32>) {
  // expected-error @+1 {{expected scale of rank 1 at most, got 2}}
  %0 = aic.rms_norm %x, %s {axis = 0 : i64, epsilon = 0.0 : f64} : (tensor<8xf32>, tensor<1x8xf32>) -> tensor<8xf32>
  return
}

// -----

func.func @batch_norm_mean(%x: tensor<2x8xf32>, %s: tensor<8xf32>, %m: tensor<2xf32>) {
  // expected-error @+1 {{expected 8 elements in mean, got 2}}
  %0 = aic.batch_norm %x, %s, %s, %m, %s {axis = 1 : i64, epsilon = 0.0 : f64} : (tensor<2x8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<2xf32>, tensor<8xf32>) -> tensor<2x8xf32>
  return
}
