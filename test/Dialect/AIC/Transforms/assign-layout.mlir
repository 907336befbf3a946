// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s -split-input-file --pass-pipeline='builtin.module(func.func(aic-assign-layout))' | FileCheck %s
// RUN: aic-opt %s -split-input-file --pass-pipeline='builtin.module(func.func(aic-assign-layout{channels-last=false}))' | FileCheck %s --check-prefix=OFF

// One transpose of data is left at the argument: the others meet and cancel, or sink to the end.
// CHECK-LABEL: func.func @chain
// CHECK-SAME: %[[X:.+]]: tensor<?x3x8x8xf32>
// CHECK-DAG: %[[T:.+]] = aic.transpose %[[X]] {permutation = array<i64: 0, 2, 3, 1>}
// CHECK-DAG: %[[W:.+]] = aic.transpose %{{.+}} {permutation = array<i64: 2, 3, 1, 0>} : (tensor<4x3x1x1xf32>) -> tensor<1x1x3x4xf32>
// CHECK: %[[C:.+]] = aic.conv %[[T]], %[[W]] {channels_last = true
// CHECK: %[[B:.+]] = aic.transpose %{{.+}} : (tensor<1x4x1x1xf32>) -> tensor<1x1x1x4xf32>
// CHECK: %[[A:.+]] = aic.add %[[C]], %[[B]] : (tensor<?x8x8x4xf32>, tensor<1x1x1x4xf32>) -> tensor<?x8x8x4xf32>
// CHECK: %[[P:.+]] = aic.max_pool %[[A]] {{.*}}channels_last = true
// CHECK: %[[K:.+]] = aic.concat %[[P]], %[[P]] {axis = 3 : i64}
// CHECK: %[[M:.+]] = aic.reduce mean %[[K]] {axes = array<i64: 1, 2>, keep_dims = true}
// CHECK: aic.reshape %[[M]], {{.*}} : (tensor<?x1x1x8xf32>, tensor<2xi64>) -> tensor<?x8xf32>
// CHECK-NEXT: return
// OFF-LABEL: func.func @chain
// OFF-NOT: aic.transpose
// OFF: channels_last = false
func.func @chain(%x: tensor<?x3x8x8xf32>) -> tensor<?x8xf32> {
  %w = arith.constant dense<0.5> : tensor<4x3x1x1xf32>
  %b = arith.constant dense<[[[1.0]], [[2.0]], [[3.0]], [[4.0]]]> : tensor<4x1x1xf32>
  %s = arith.constant dense<[-1, 8]> : tensor<2xi64>
  %0 = aic.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, groups = 1 : i64, channels_last = false} : (tensor<?x3x8x8xf32>, tensor<4x3x1x1xf32>) -> tensor<?x4x8x8xf32>
  %1 = aic.add %0, %b : (tensor<?x4x8x8xf32>, tensor<4x1x1xf32>) -> tensor<?x4x8x8xf32>
  %2 = aic.max_pool %1 {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, ceil_mode = false, channels_last = false} : (tensor<?x4x8x8xf32>) -> tensor<?x4x4x4xf32>
  %3 = aic.concat %2, %2 {axis = 1 : i64} : (tensor<?x4x4x4xf32>, tensor<?x4x4x4xf32>) -> tensor<?x8x4x4xf32>
  %4 = aic.reduce mean %3 {axes = array<i64: 2, 3>, keep_dims = true} : (tensor<?x8x4x4xf32>) -> tensor<?x8x1x1xf32>
  %5 = aic.reshape %4, %s {copy_zeros = false} : (tensor<?x8x1x1xf32>, tensor<2xi64>) -> tensor<?x8xf32>
  return %5 : tensor<?x8xf32>
}

// -----

// [N, H, W, C] -> [N, C, H, W] -> [N, C, HW] -> [N, HW, C] is a reshape.
// CHECK-LABEL: func.func @tokens
// CHECK-SAME: %[[X:.+]]: tensor<2x4x5x6xf32>
// CHECK: %[[R:.+]] = aic.reshape %[[X]], {{.*}} -> tensor<2x20x6xf32>
// CHECK-NEXT: return %[[R]]
func.func @tokens(%x: tensor<2x4x5x6xf32>) -> tensor<2x20x6xf32> {
  %s = arith.constant dense<[2, 6, 20]> : tensor<3xi64>
  %0 = aic.transpose %x {permutation = array<i64: 0, 3, 1, 2>} : (tensor<2x4x5x6xf32>) -> tensor<2x6x4x5xf32>
  %1 = aic.reshape %0, %s {copy_zeros = false} : (tensor<2x6x4x5xf32>, tensor<3xi64>) -> tensor<2x6x20xf32>
  %2 = aic.transpose %1 {permutation = array<i64: 0, 2, 1>} : (tensor<2x6x20xf32>) -> tensor<2x20x6xf32>
  return %2 : tensor<2x20x6xf32>
}

// -----

// Crossing an addition of a plain tensor would make two transposes of one.
// CHECK-LABEL: func.func @not_worth_it
// CHECK: %[[T:.+]] = aic.transpose %{{.+}} {permutation = array<i64: 1, 0>}
// CHECK: aic.add %[[T]], %{{.+}}
func.func @not_worth_it(%x: tensor<4x8xf32>, %y: tensor<8x4xf32>) -> tensor<8x4xf32> {
  %0 = aic.transpose %x {permutation = array<i64: 1, 0>} : (tensor<4x8xf32>) -> tensor<8x4xf32>
  %1 = aic.add %0, %y : (tensor<8x4xf32>, tensor<8x4xf32>) -> tensor<8x4xf32>
  return %1 : tensor<8x4xf32>
}
