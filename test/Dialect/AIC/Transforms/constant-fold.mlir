// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s -split-input-file -aic-constant-fold | FileCheck %s

// CHECK-LABEL: func @chain
// CHECK-SAME: -> tensor<2xf32>
func.func @chain() -> tensor<?xf32> {
  %a = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %b = arith.constant dense<3.0> : tensor<1xf32>
  // CHECK-NEXT: %[[C:.+]] = arith.constant dense<[-3.000000e+00, -6.000000e+00]> : tensor<2xf32>
  %0 = aic.mul %a, %b : (tensor<2xf32>, tensor<1xf32>) -> tensor<?xf32>
  %1 = aic.neg %0 : (tensor<?xf32>) -> tensor<?xf32>
  // CHECK-NEXT: return %[[C]]
  return %1 : tensor<?xf32>
}

// -----

// Truth values are packed in attributes, but not in tensors.
// CHECK-LABEL: func @truth
func.func @truth(%x: tensor<3xf32>) -> tensor<3xf32> {
  %t = arith.constant dense<[true, false, true]> : tensor<3xi1>
  // CHECK: %[[C:.+]] = arith.constant dense<[false, true, false]> : tensor<3xi1>
  %0 = aic.not %t : (tensor<3xi1>) -> tensor<3xi1>
  // CHECK-NEXT: aic.select %[[C]]
  %1 = aic.select %0, %x, %x : (tensor<3xi1>, tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  return %1 : tensor<3xf32>
}

// -----

// Shape arithmetic is known although its operand is not.
// CHECK-LABEL: func @elements
func.func @elements(%x: tensor<?x8xf32>) -> (tensor<i64>, tensor<2xi64>) {
  %one = arith.constant dense<1> : tensor<i64>
  // CHECK-DAG: %[[C:.+]] = arith.constant dense<8> : tensor<i64>
  // CHECK-DAG: %[[S:.+]] = aic.shape_of
  %0 = aic.shape_of %x : (tensor<?x8xf32>) -> tensor<2xi64>
  %1 = aic.gather %0, %one {axis = 0 : i64} : (tensor<2xi64>, tensor<i64>) -> tensor<i64>
  // CHECK: return %[[C]], %[[S]]
  return %1, %0 : tensor<i64>, tensor<2xi64>
}

// -----

// A large splat stays a splat; an operation that makes much of little stays.
// CHECK-LABEL: func @large
func.func @large(%y: tensor<1024x1024xf32>) -> (tensor<1024x1024xf32>, tensor<1024x1024xf32>) {
  %a = arith.constant dense<[[1.0], [2.0]]> : tensor<2x1xf32>
  %shape = arith.constant dense<[512, 1, 1024]> : tensor<3xi64>
  %flat = arith.constant dense<[1024, 1024]> : tensor<2xi64>
  // CHECK: aic.broadcast
  %0 = aic.broadcast %a, %shape : (tensor<2x1xf32>, tensor<3xi64>) -> tensor<512x2x1024xf32>
  %1 = aic.reshape %0, %flat {copy_zeros = false} : (tensor<512x2x1024xf32>, tensor<2xi64>) -> tensor<1024x1024xf32>
  %2 = aic.mul %1, %y : (tensor<1024x1024xf32>, tensor<1024x1024xf32>) -> tensor<1024x1024xf32>
  return %2, %2 : tensor<1024x1024xf32>, tensor<1024x1024xf32>
}

// -----

// CHECK-LABEL: func @splat
func.func @splat() -> tensor<100x100xf32> {
  // CHECK-NEXT: arith.constant dense<4.000000e+00> : tensor<100x100xf32>
  %s = arith.constant dense<2.0> : tensor<100x100xf32>
  %0 = aic.mul %s, %s : (tensor<100x100xf32>, tensor<100x100xf32>) -> tensor<100x100xf32>
  return %0 : tensor<100x100xf32>
}

// -----

// CHECK-LABEL: func @blob
func.func @blob() -> tensor<2048xi32> {
  %start = arith.constant dense<0> : tensor<i32>
  %limit = arith.constant dense<2048> : tensor<i32>
  %delta = arith.constant dense<1> : tensor<i32>
  // CHECK-NEXT: arith.constant dense_resource<aic_folded{{.*}}> : tensor<2048xi32>
  %0 = aic.range %start, %limit, %delta : (tensor<i32>, tensor<i32>, tensor<i32>) -> tensor<2048xi32>
  return %0 : tensor<2048xi32>
}

// -----

// What fails at run time is not hidden.
// CHECK-LABEL: func @error
func.func @error() -> tensor<f32> {
  %x = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %i = arith.constant dense<7> : tensor<i64>
  // CHECK: aic.gather
  %0 = aic.gather %x, %i {axis = 0 : i64} : (tensor<2xf32>, tensor<i64>) -> tensor<f32>
  return %0 : tensor<f32>
}

// -----

// Users outside the graph level keep their type.
// CHECK-LABEL: func @cast
func.func @cast() -> index {
  %c0 = arith.constant 0 : index
  %x = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %0 = aic.exp %x : (tensor<2xf32>) -> tensor<?xf32>
  // CHECK: tensor.cast %{{.*}} : tensor<2xf32> to tensor<?xf32>
  // CHECK: tensor.dim
  %1 = tensor.dim %0, %c0 : tensor<?xf32>
  return %1 : index
}
