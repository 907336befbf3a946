// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s -canonicalize | FileCheck %s

// CHECK-LABEL: func @neutral
// CHECK-SAME: (%[[X:.+]]: tensor<2x?xf32>)
func.func @neutral(%x: tensor<2x?xf32>) -> tensor<2x?xf32> {
  %zero = arith.constant dense<0.0> : tensor<1xf32>
  %minusZero = arith.constant dense<-0.0> : tensor<1xf32>
  %one = arith.constant dense<1.0> : tensor<f32>
  %0 = aic.add %x, %minusZero : (tensor<2x?xf32>, tensor<1xf32>) -> tensor<2x?xf32>
  %1 = aic.mul %one, %0 : (tensor<f32>, tensor<2x?xf32>) -> tensor<2x?xf32>
  %2 = aic.sub %1, %zero : (tensor<2x?xf32>, tensor<1xf32>) -> tensor<2x?xf32>
  %3 = aic.div %2, %one : (tensor<2x?xf32>, tensor<f32>) -> tensor<2x?xf32>
  %4 = aic.cast %3 : (tensor<2x?xf32>) -> tensor<2x?xf32>
  // CHECK-NEXT: return %[[X]]
  return %4 : tensor<2x?xf32>
}

// -0 + 0 is 0, and so is -0 - -0.
// CHECK-LABEL: func @sign_of_zero
func.func @sign_of_zero(%x: tensor<2xf32>) -> (tensor<2xf32>, tensor<2xf32>, tensor<2xi32>) {
  %zero = arith.constant dense<0.0> : tensor<f32>
  %minusZero = arith.constant dense<-0.0> : tensor<f32>
  // CHECK: aic.add
  %0 = aic.add %x, %zero : (tensor<2xf32>, tensor<f32>) -> tensor<2xf32>
  // CHECK: aic.sub
  %1 = aic.sub %x, %minusZero : (tensor<2xf32>, tensor<f32>) -> tensor<2xf32>
  // CHECK: %[[I:.+]] = aic.bitcast
  // CHECK-NOT: aic.add
  %2 = aic.bitcast %x : (tensor<2xf32>) -> tensor<2xi32>
  %none = arith.constant dense<0> : tensor<i32>
  %3 = aic.add %2, %none : (tensor<2xi32>, tensor<i32>) -> tensor<2xi32>
  %4 = aic.bitcast %3 : (tensor<2xi32>) -> tensor<2xi32>
  // CHECK: return %{{.+}}, %{{.+}}, %[[I]]
  return %0, %1, %4 : tensor<2xf32>, tensor<2xf32>, tensor<2xi32>
}

// The constant may make 4 of an extent of 1.
// CHECK-LABEL: func @widening
func.func @widening(%x: tensor<?xf32>, %y: tensor<1xf32>) -> (tensor<?xf32>, tensor<4xf32>) {
  %zero = arith.constant dense<0.0> : tensor<4xf32>
  // CHECK-COUNT-2: aic.add
  %0 = aic.add %x, %zero : (tensor<?xf32>, tensor<4xf32>) -> tensor<?xf32>
  %1 = aic.add %y, %zero : (tensor<1xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %0, %1 : tensor<?xf32>, tensor<4xf32>
}

// CHECK-LABEL: func @integers
// CHECK-SAME: (%[[X:.+]]: tensor<2xi64>)
func.func @integers(%x: tensor<2xi64>) -> (tensor<2xi64>, tensor<2xi64>) {
  %one = arith.constant dense<1> : tensor<2xi64>
  %two = arith.constant dense<2> : tensor<i64>
  %0 = aic.div %x, %one : (tensor<2xi64>, tensor<2xi64>) -> tensor<2xi64>
  // CHECK: %[[P:.+]] = aic.mul %[[X]], %[[X]]
  %1 = aic.pow %x, %two : (tensor<2xi64>, tensor<i64>) -> tensor<2xi64>
  // CHECK: return %[[X]], %[[P]]
  return %0, %1 : tensor<2xi64>, tensor<2xi64>
}

// CHECK-LABEL: func @powers
// CHECK-SAME: (%[[X:.+]]: tensor<2x?xf32>)
func.func @powers(%x: tensor<2x?xf32>) -> (tensor<2x?xf32>, tensor<2x?xf32>, tensor<2x?xf32>) {
  %two = arith.constant dense<2.0> : tensor<f32>
  %half = arith.constant dense<0.5> : tensor<1xf32>
  %minus = arith.constant dense<-0.5> : tensor<f32>
  // CHECK-DAG: aic.mul %[[X]], %[[X]]
  %0 = aic.pow %x, %two : (tensor<2x?xf32>, tensor<f32>) -> tensor<2x?xf32>
  // CHECK-DAG: aic.sqrt %[[X]]
  %1 = aic.pow %x, %half : (tensor<2x?xf32>, tensor<1xf32>) -> tensor<2x?xf32>
  // CHECK-DAG: aic.rsqrt %[[X]]
  %2 = aic.pow %x, %minus : (tensor<2x?xf32>, tensor<f32>) -> tensor<2x?xf32>
  return %0, %1, %2 : tensor<2x?xf32>, tensor<2x?xf32>, tensor<2x?xf32>
}
