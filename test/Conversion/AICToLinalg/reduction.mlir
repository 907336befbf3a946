// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s -split-input-file --convert-aic-to-linalg | FileCheck %s

// CHECK-LABEL: func.func @reduce_mean
// CHECK: iterator_types = ["parallel", "reduction"]
// CHECK: arith.addf
// CHECK: arith.divf
// CHECK: tensor.expand_shape {{.*}} into tensor<?x1xf32>
func.func @reduce_mean(%x: tensor<?x8xf32>) -> tensor<?x1xf32> {
  %0 = aic.reduce mean %x {axes = array<i64: 1>, keep_dims = true} : (tensor<?x8xf32>) -> tensor<?x1xf32>
  return %0 : tensor<?x1xf32>
}

// -----

// A dim that a reduction kept is not looped over.
// CHECK-LABEL: func.func @kept_dim
// CHECK: iterator_types = ["parallel", "reduction"]
// CHECK: iterator_types = ["parallel"]
// CHECK: math.sqrt
// CHECK: iterator_types = ["parallel", "parallel"]
// CHECK: arith.divf
// CHECK-NOT: expand_shape
func.func @kept_dim(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %0 = aic.reduce sum %x {axes = array<i64: 1>, keep_dims = true} : (tensor<4x8xf32>) -> tensor<4x1xf32>
  %1 = aic.sqrt %0 : (tensor<4x1xf32>) -> tensor<4x1xf32>
  %2 = aic.div %x, %1 : (tensor<4x8xf32>, tensor<4x1xf32>) -> tensor<4x8xf32>
  return %2 : tensor<4x8xf32>
}

// -----

// CHECK-LABEL: func.func @arg_max
// CHECK: %{{.+}}:2 = linalg.generic
// CHECK: arith.cmpf ogt
// CHECK: linalg.index 1
func.func @arg_max(%x: tensor<4x8xf32>) -> tensor<4xi64> {
  %0 = aic.arg_reduce %x {axis = 1 : i64, largest = true, last_index = false, keep_dims = false} : (tensor<4x8xf32>) -> tensor<4xi64>
  return %0 : tensor<4xi64>
}

// -----

// CHECK-LABEL: func.func @softmax
// CHECK: arith.maximumf
// CHECK: arith.subf
// CHECK: math.exp
// CHECK: arith.addf
// CHECK: arith.divf
func.func @softmax(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %0 = aic.softmax %x {axis = 1 : i64} : (tensor<4x8xf32>) -> tensor<4x8xf32>
  return %0 : tensor<4x8xf32>
}

// -----

// CHECK-LABEL: func.func @layer_norm
// CHECK: arith.addf
// CHECK: arith.divf
// CHECK: arith.subf
// CHECK: arith.mulf
// CHECK: math.sqrt
// CHECK: iterator_types = ["parallel", "parallel"]} ins(%{{.+}}, %{{.+}}, %{{.+}}, %{{.+}}, %{{.+}} : tensor<?x8xf32>, tensor<?xf32>, tensor<?xf32>, tensor<8xf32>, tensor<8xf32>)
func.func @layer_norm(%x: tensor<?x8xf32>, %s: tensor<8xf32>, %b: tensor<8xf32>) -> tensor<?x8xf32> {
  %0 = aic.layer_norm %x scale(%s) bias(%b) {axis = 1 : i64, epsilon = 1.0e-5} : (tensor<?x8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<?x8xf32>
  return %0 : tensor<?x8xf32>
}

// -----

// Operations whose loops the kernel emitter writes stay; unsigned order is signed order of flipped sign bits.
// CHECK-LABEL: func.func @stays
// CHECK: arith.xori
// CHECK: aic.top_k %{{.+}} : (tensor<8xi8>, tensor<1xi64>) -> (tensor<3xi8>, tensor<3xi64>)
// CHECK: arith.xori
func.func @stays(%x: tensor<8xui8>) -> (tensor<3xui8>, tensor<3xi64>) {
  %k = arith.constant dense<3> : tensor<1xi64>
  %0, %1 = aic.top_k %x, %k {axis = 0 : i64, largest = true} : (tensor<8xui8>, tensor<1xi64>) -> (tensor<3xui8>, tensor<3xi64>)
  return %0, %1 : tensor<3xui8>, tensor<3xi64>
}
