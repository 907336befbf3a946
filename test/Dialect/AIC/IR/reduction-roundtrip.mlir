// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s -verify-roundtrip | FileCheck %s

// CHECK-LABEL: func @reduce
func.func @reduce(%x: tensor<4x?x5xf32>, %t: tensor<3xi1>) -> (tensor<4x1x1xf32>, tensor<i1>) {
  // CHECK: aic.reduce mean %{{.*}} {axes = array<i64: 2>, keep_dims = true} : (tensor<4x?x5xf32>) -> tensor<4x?x1xf32>
  %0 = aic.reduce mean %x {axes = array<i64: 2>, keep_dims = true} : (tensor<4x?x5xf32>) -> tensor<4x?x1xf32>
  %1 = aic.reduce sum %0 {axes = array<i64: 1>, keep_dims = true} : (tensor<4x?x1xf32>) -> tensor<4x1x1xf32>
  // CHECK: aic.reduce max
  %2 = aic.reduce max %t {axes = array<i64: 0>, keep_dims = false} : (tensor<3xi1>) -> tensor<i1>
  return %1, %2 : tensor<4x1x1xf32>, tensor<i1>
}

// CHECK-LABEL: func @positions
func.func @positions(%x: tensor<4x?x5xf32>, %k: tensor<1xi64>) -> (tensor<4x5xi64>, tensor<4x?x5xf32>, tensor<4x?x?xf32>, tensor<4x?x?xi64>) {
  // CHECK: aic.arg_reduce
  %0 = aic.arg_reduce %x {axis = 1 : i64, largest = true, last_index = false, keep_dims = false} : (tensor<4x?x5xf32>) -> tensor<4x5xi64>
  // CHECK: aic.scan prod
  %1 = aic.scan prod %x {axis = 0 : i64, exclusive = true, reverse = false} : (tensor<4x?x5xf32>) -> tensor<4x?x5xf32>
  // CHECK: aic.top_k
  %2:2 = aic.top_k %x, %k {axis = 2 : i64, largest = false} : (tensor<4x?x5xf32>, tensor<1xi64>) -> (tensor<4x?x?xf32>, tensor<4x?x?xi64>)
  return %0, %1, %2#0, %2#1 : tensor<4x5xi64>, tensor<4x?x5xf32>, tensor<4x?x?xf32>, tensor<4x?x?xi64>
}
