// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s -canonicalize | FileCheck %s

// CHECK-LABEL: func @shape_of_static
func.func @shape_of_static(%x: tensor<4x6xf32>) -> tensor<2xi64> {
  // CHECK: %[[C:.+]] = arith.constant dense<[4, 6]> : tensor<2xi64>
  // CHECK: return %[[C]]
  %0 = aic.shape_of %x : (tensor<4x6xf32>) -> tensor<2xi64>
  return %0 : tensor<2xi64>
}

// CHECK-LABEL: func @shape_of_dynamic_stays
func.func @shape_of_dynamic_stays(%x: tensor<?x6xf32>) -> tensor<2xi64> {
  // CHECK: aic.shape_of
  %0 = aic.shape_of %x : (tensor<?x6xf32>) -> tensor<2xi64>
  return %0 : tensor<2xi64>
}

// CHECK-LABEL: func @reshape_to_same
// CHECK-SAME: (%[[X:.+]]: tensor<4x?xf32>, %{{.+}}: tensor<2xi64>)
func.func @reshape_to_same(%x: tensor<4x?xf32>, %shape: tensor<2xi64>) -> tensor<4x?xf32> {
  // CHECK-NEXT: return %[[X]]
  %0 = aic.reshape %x, %shape {copy_zeros = false} : (tensor<4x?xf32>, tensor<2xi64>) -> tensor<4x?xf32>
  return %0 : tensor<4x?xf32>
}

// CHECK-LABEL: func @reshape_of_reshape
// CHECK-SAME: (%[[X:.+]]: tensor<4x6xf32>)
func.func @reshape_of_reshape(%x: tensor<4x6xf32>) -> tensor<2x12xf32> {
  %a = arith.constant dense<24> : tensor<1xi64>
  %b = arith.constant dense<[2, 12]> : tensor<2xi64>
  // CHECK-NEXT: %[[S:.+]] = arith.constant dense<[2, 12]>
  // CHECK-NEXT: aic.reshape %[[X]], %[[S]]
  %0 = aic.reshape %x, %a {copy_zeros = false} : (tensor<4x6xf32>, tensor<1xi64>) -> tensor<24xf32>
  %1 = aic.reshape %0, %b {copy_zeros = false} : (tensor<24xf32>, tensor<2xi64>) -> tensor<2x12xf32>
  return %1 : tensor<2x12xf32>
}

// One open extent follows from the number of elements: no shape arithmetic is left.
// CHECK-LABEL: func @reshape_takes_shape_from_type
func.func @reshape_takes_shape_from_type(%x: tensor<?x64xf32>) -> tensor<?x8x8xf32> {
  %zero = arith.constant dense<0> : tensor<1xi64>
  %rest = arith.constant dense<[8, 8]> : tensor<2xi64>
  // CHECK-NOT: aic.shape_of
  // CHECK: %[[S:.+]] = arith.constant dense<[-1, 8, 8]>
  // CHECK: aic.reshape %{{.+}}, %[[S]] {copy_zeros = false}
  %0 = aic.shape_of %x : (tensor<?x64xf32>) -> tensor<2xi64>
  %1 = aic.gather %0, %zero {axis = 0 : i64} : (tensor<2xi64>, tensor<1xi64>) -> tensor<1xi64>
  %2 = aic.concat %1, %rest {axis = 0 : i64} : (tensor<1xi64>, tensor<2xi64>) -> tensor<3xi64>
  %3 = aic.reshape %x, %2 {copy_zeros = true} : (tensor<?x64xf32>, tensor<3xi64>) -> tensor<?x8x8xf32>
  return %3 : tensor<?x8x8xf32>
}

// CHECK-LABEL: func @reshape_with_symbolic_shape_stays
func.func @reshape_with_symbolic_shape_stays(%x: tensor<?x?xf32>, %shape: tensor<2xi64>) -> tensor<?x?xf32> {
  // CHECK: aic.reshape
  %0 = aic.reshape %x, %shape {copy_zeros = false} : (tensor<?x?xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  return %0 : tensor<?x?xf32>
}

// CHECK-LABEL: func @broadcast_of_nothing
// CHECK-SAME: (%[[X:.+]]: tensor<4x?xf32>)
func.func @broadcast_of_nothing(%x: tensor<4x?xf32>) -> tensor<4x?xf32> {
  %shape = arith.constant dense<1> : tensor<2xi64>
  // CHECK-NEXT: return %[[X]]
  %0 = aic.broadcast %x, %shape : (tensor<4x?xf32>, tensor<2xi64>) -> tensor<4x?xf32>
  return %0 : tensor<4x?xf32>
}

// CHECK-LABEL: func @transposes_cancel
// CHECK-SAME: (%[[X:.+]]: tensor<2x3x4xf32>)
func.func @transposes_cancel(%x: tensor<2x3x4xf32>) -> tensor<2x3x4xf32> {
  // CHECK-NEXT: return %[[X]]
  %0 = aic.transpose %x {permutation = array<i64: 1, 2, 0>} : (tensor<2x3x4xf32>) -> tensor<3x4x2xf32>
  %1 = aic.transpose %0 {permutation = array<i64: 2, 0, 1>} : (tensor<3x4x2xf32>) -> tensor<2x3x4xf32>
  return %1 : tensor<2x3x4xf32>
}

// CHECK-LABEL: func @transposes_merge
func.func @transposes_merge(%x: tensor<2x3x4xf32>) -> tensor<4x2x3xf32> {
  // CHECK-NEXT: aic.transpose %{{.+}} {permutation = array<i64: 2, 0, 1>}
  // CHECK-NEXT: return
  %0 = aic.transpose %x {permutation = array<i64: 1, 2, 0>} : (tensor<2x3x4xf32>) -> tensor<3x4x2xf32>
  %1 = aic.transpose %0 {permutation = array<i64: 1, 2, 0>} : (tensor<3x4x2xf32>) -> tensor<4x2x3xf32>
  return %1 : tensor<4x2x3xf32>
}

// CHECK-LABEL: func @concat_of_one
// CHECK-SAME: (%[[X:.+]]: tensor<2xf32>)
func.func @concat_of_one(%x: tensor<2xf32>) -> tensor<2xf32> {
  // CHECK-NEXT: return %[[X]]
  %0 = aic.concat %x {axis = 0 : i64} : (tensor<2xf32>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}

// CHECK-LABEL: func @slice_of_everything
// CHECK-SAME: (%[[X:.+]]: tensor<?xf32>)
func.func @slice_of_everything(%x: tensor<?xf32>) -> tensor<?xf32> {
  %zero = arith.constant dense<0> : tensor<1xi64>
  %one = arith.constant dense<1> : tensor<1xi64>
  %end = arith.constant dense<9223372036854775807> : tensor<1xi64>
  // CHECK-NEXT: return %[[X]]
  %0 = aic.slice %x, %zero, %end, %one {axes = array<i64: 0>}
      : (tensor<?xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<?xf32>
  return %0 : tensor<?xf32>
}

// CHECK-LABEL: func @reversal_stays
func.func @reversal_stays(%x: tensor<4xf32>) -> tensor<4xf32> {
  %start = arith.constant dense<-1> : tensor<1xi64>
  %end = arith.constant dense<-9223372036854775808> : tensor<1xi64>
  // CHECK: aic.slice
  %0 = aic.slice %x, %start, %end, %start {axes = array<i64: 0>}
      : (tensor<4xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
