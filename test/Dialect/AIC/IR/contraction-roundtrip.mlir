// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s -verify-roundtrip | FileCheck %s

// CHECK-LABEL: func @matmul
func.func @matmul(%a: tensor<8x?x64xf32>, %b: tensor<64x32xf32>, %v: tensor<32xf32>) -> (tensor<8x?xf32>, tensor<f32>) {
  // CHECK: aic.matmul %{{.*}}, %{{.*}} : (tensor<8x?x64xf32>, tensor<64x32xf32>) -> tensor<8x?x32xf32>
  %0 = aic.matmul %a, %b : (tensor<8x?x64xf32>, tensor<64x32xf32>) -> tensor<8x?x32xf32>
  %1 = aic.matmul %0, %v : (tensor<8x?x32xf32>, tensor<32xf32>) -> tensor<8x?xf32>
  %2 = aic.matmul %v, %v : (tensor<32xf32>, tensor<32xf32>) -> tensor<f32>
  return %1, %2 : tensor<8x?xf32>, tensor<f32>
}

// CHECK-LABEL: func @conv
func.func @conv(%x: tensor<?x4x9x8xf32>, %w: tensor<6x2x3x3xf32>, %b: tensor<6xf32>, %last: tensor<3x3x2x6xf32>) -> tensor<?x3x?x6xf32> {
  // CHECK: aic.conv %{{.*}}, %{{.*}}, %{{.*}} {channels_last = false
  %0 = aic.conv %x, %w, %b {strides = array<i64: 2, 1>, dilations = array<i64: 1, 2>, pads = array<i64: 1, 0, 1, 0>, groups = 2 : i64, channels_last = false} : (tensor<?x4x9x8xf32>, tensor<6x2x3x3xf32>, tensor<6xf32>) -> tensor<?x6x5x4xf32>
  %y = aic.transpose %0 {permutation = array<i64: 0, 2, 3, 1>} : (tensor<?x6x5x4xf32>) -> tensor<?x5x4x6xf32>
  %c0 = arith.constant dense<0> : tensor<1xi64>
  %c1 = arith.constant dense<1> : tensor<1xi64>
  %c4 = arith.constant dense<4> : tensor<1xi64>
  %l = aic.slice %y, %c0, %c4, %c1 {axes = array<i64: 3>} : (tensor<?x5x4x6xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x5x4x4xf32>
  // CHECK: aic.conv %{{.*}}, %{{.*}} {channels_last = true
  %1 = aic.conv %l, %last {strides = array<i64: 2, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 0>, groups = 2 : i64, channels_last = true} : (tensor<?x5x4x4xf32>, tensor<3x3x2x6xf32>) -> tensor<?x3x?x6xf32>
  return %1 : tensor<?x3x?x6xf32>
}

// CHECK-LABEL: func @conv_transpose
func.func @conv_transpose(%x: tensor<1x4x?xf16>, %w: tensor<4x3x2xf16>) -> tensor<1x6x?xf16> {
  // CHECK: aic.conv_transpose
  %0 = aic.conv_transpose %x, %w {strides = array<i64: 2>, dilations = array<i64: 1>, pads = array<i64: 0, 1>, output_padding = array<i64: 1>, groups = 2 : i64, channels_last = false} : (tensor<1x4x?xf16>, tensor<4x3x2xf16>) -> tensor<1x6x?xf16>
  return %0 : tensor<1x6x?xf16>
}

// CHECK-LABEL: func @einsum
func.func @einsum(%a: tensor<5x2x?xf32>, %b: tensor<5x?x4xf32>) -> tensor<5x4x2xf32> {
  // CHECK: aic.einsum %{{.*}}, %{{.*}} {equation = "bij,bjk->bki"}
  %0 = aic.einsum %a, %b {equation = "bij,bjk->bki"} : (tensor<5x2x?xf32>, tensor<5x?x4xf32>) -> tensor<5x4x2xf32>
  return %0 : tensor<5x4x2xf32>
}
