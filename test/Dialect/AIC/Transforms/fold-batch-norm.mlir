// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s -split-input-file --pass-pipeline='builtin.module(func.func(aic-fold-batch-norm))' | FileCheck %s

// CHECK-LABEL: func.func @after_conv
// CHECK-DAG: %[[D:.+]] = aic.sqrt
// CHECK: %[[K:.+]] = aic.div %{{.+}}, %[[D]]
// CHECK: %[[W:.+]] = aic.mul {{.*}} -> tensor<2x3x1x1xf32>
// CHECK: %[[R:.+]] = aic.conv %{{.+}}, %[[W]], %{{.+}} {
// CHECK-NOT: aic.batch_norm
// CHECK: return %[[R]]
func.func @after_conv(%x: tensor<?x3x4x4xf32>) -> tensor<?x2x4x4xf32> {
  %w = arith.constant dense<0.5> : tensor<2x3x1x1xf32>
  %s = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %b = arith.constant dense<[3.0, 4.0]> : tensor<2xf32>
  %m = arith.constant dense<[5.0, 6.0]> : tensor<2xf32>
  %v = arith.constant dense<[7.0, 8.0]> : tensor<2xf32>
  %0 = aic.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, groups = 1 : i64, channels_last = false} : (tensor<?x3x4x4xf32>, tensor<2x3x1x1xf32>) -> tensor<?x2x4x4xf32>
  %1 = aic.batch_norm %0, %s, %b, %m, %v {axis = 1 : i64, epsilon = 1.0e-5} : (tensor<?x2x4x4xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<?x2x4x4xf32>
  return %1 : tensor<?x2x4x4xf32>
}

// -----

// Alone it is a multiplication and an addition.
// CHECK-LABEL: func.func @alone
// CHECK-SAME: %[[X:.+]]: tensor<?x2x4x4xf32>
// CHECK: %[[M:.+]] = aic.mul %[[X]], %{{.+}} : (tensor<?x2x4x4xf32>, tensor<2x1x1xf32>)
// CHECK: aic.add %[[M]], %{{.+}} : (tensor<?x2x4x4xf32>, tensor<2x1x1xf32>)
func.func @alone(%x: tensor<?x2x4x4xf32>) -> tensor<?x2x4x4xf32> {
  %s = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %1 = aic.batch_norm %x, %s, %s, %s, %s {axis = 1 : i64, epsilon = 1.0e-5} : (tensor<?x2x4x4xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<?x2x4x4xf32>
  return %1 : tensor<?x2x4x4xf32>
}

// -----

// CHECK-LABEL: func.func @after_linear
// CHECK: aic.mul {{.*}}tensor<3x2xf32>
// CHECK: %[[Y:.+]] = aic.matmul %{{.+}} : (tensor<?x3xf32>, tensor<3x2xf32>)
// CHECK: %[[R:.+]] = aic.add %[[Y]], %{{.+}} : (tensor<?x2xf32>, tensor<2xf32>)
// CHECK: return %[[R]]
func.func @after_linear(%x: tensor<?x3xf32>) -> tensor<?x2xf32> {
  %w = arith.constant dense<0.5> : tensor<3x2xf32>
  %b = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %k = arith.constant dense<[3.0, 4.0]> : tensor<2xf32>
  %0 = aic.matmul %x, %w : (tensor<?x3xf32>, tensor<3x2xf32>) -> tensor<?x2xf32>
  %1 = aic.add %0, %b : (tensor<?x2xf32>, tensor<2xf32>) -> tensor<?x2xf32>
  %2 = aic.mul %1, %k : (tensor<?x2xf32>, tensor<2xf32>) -> tensor<?x2xf32>
  return %2 : tensor<?x2xf32>
}

// -----

// Another user needs what the convolution gave.
// CHECK-LABEL: func.func @two_users
// CHECK: %[[C:.+]] = aic.conv
// CHECK: aic.mul %[[C]]
func.func @two_users(%x: tensor<1x3x4x4xf32>) -> (tensor<1x2x4x4xf32>, tensor<1x2x4x4xf32>) {
  %w = arith.constant dense<0.5> : tensor<2x3x1x1xf32>
  %k = arith.constant dense<2.0> : tensor<f32>
  %0 = aic.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, groups = 1 : i64, channels_last = false} : (tensor<1x3x4x4xf32>, tensor<2x3x1x1xf32>) -> tensor<1x2x4x4xf32>
  %1 = aic.mul %0, %k : (tensor<1x2x4x4xf32>, tensor<f32>) -> tensor<1x2x4x4xf32>
  return %0, %1 : tensor<1x2x4x4xf32>, tensor<1x2x4x4xf32>
}
