// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s -split-input-file -aic-infer-shapes -verify-diagnostics | FileCheck %s

// CHECK-LABEL: func @results
// CHECK-SAME: -> (tensor<?x8x?x?xf32>, tensor<2x3xf32>)
func.func @results(%x: tensor<?x3x?x?xf32>, %w: tensor<8x3x3x3xf32>, %y: tensor<2x3xf32>) -> (tensor<?x?x?x?xf32>, tensor<?x?xf32>) {
  // CHECK: aic.conv {{.*}} -> tensor<?x8x?x?xf32>
  %0 = aic.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>,
      groups = 1 : i64, channels_last = false} : (tensor<?x3x?x?xf32>, tensor<8x3x3x3xf32>) -> tensor<?x?x?x?xf32>
  // CHECK: aic.relu {{.*}} -> tensor<2x3xf32>
  %1 = aic.relu %y : (tensor<2x3xf32>) -> tensor<?x?xf32>
  return %0, %1 : tensor<?x?x?x?xf32>, tensor<?x?xf32>
}

// -----

// Extents that cancel leave a number.
// CHECK-LABEL: func @shape_arithmetic
// CHECK-SAME: -> tensor<2x?x4xf32>
func.func @shape_arithmetic(%x: tensor<?x8xf32>) -> tensor<?x?x?xf32> {
  %axis0 = arith.constant dense<0> : tensor<1xi64>
  %two = arith.constant dense<2> : tensor<1xi64>
  %four = arith.constant dense<4> : tensor<1xi64>
  %minus = arith.constant dense<-1> : tensor<1xi64>
  %s = aic.shape_of %x : (tensor<?x8xf32>) -> tensor<2xi64>
  %n = aic.gather %s, %axis0 {axis = 0 : i64} : (tensor<2xi64>, tensor<1xi64>) -> tensor<1xi64>
  %d = aic.sub %n, %n : (tensor<1xi64>, tensor<1xi64>) -> tensor<1xi64>
  %e = aic.add %d, %two : (tensor<1xi64>, tensor<1xi64>) -> tensor<1xi64>
  %shape = aic.concat %e, %minus, %four {axis = 0 : i64} : (tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<3xi64>
  // CHECK: aic.reshape {{.*}} -> tensor<2x?x4xf32>
  %r = aic.reshape %x, %shape {copy_zeros = false} : (tensor<?x8xf32>, tensor<3xi64>) -> tensor<?x?x?xf32>
  return %r : tensor<?x?x?xf32>
}

// -----

// An extent is never -1 and never negative, so exporters' tests of shapes are decided.
// CHECK-LABEL: func @decided
// CHECK-SAME: -> tensor<5x?xf32>
func.func @decided(%x: tensor<?xf32>) -> tensor<?x?xf32> {
  %minus = arith.constant dense<-1> : tensor<1xi64>
  %five = arith.constant dense<5> : tensor<1xi64>
  %one = arith.constant dense<1> : tensor<1xi64>
  %n = aic.shape_of %x : (tensor<?xf32>) -> tensor<1xi64>
  %c = aic.compare eq %n, %minus : (tensor<1xi64>, tensor<1xi64>) -> tensor<1xi1>
  %d = aic.select %c, %one, %five : (tensor<1xi1>, tensor<1xi64>, tensor<1xi64>) -> tensor<1xi64>
  %shape = aic.concat %d, %n {axis = 0 : i64} : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  // CHECK: aic.broadcast {{.*}} -> tensor<5x?xf32>
  %r = aic.broadcast %x, %shape : (tensor<?xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  return %r : tensor<?x?xf32>
}

// -----

// Control flow keeps its types: a cast stands between.
// CHECK-LABEL: func @control_flow
func.func @control_flow(%c: i1, %x: tensor<4xf32>) -> tensor<?xf32> {
  %0 = scf.if %c -> tensor<?xf32> {
    // CHECK: %[[E:.+]] = aic.exp {{.*}} -> tensor<4xf32>
    %1 = aic.exp %x : (tensor<4xf32>) -> tensor<?xf32>
    // CHECK: %[[C:.+]] = tensor.cast %[[E]] : tensor<4xf32> to tensor<?xf32>
    // CHECK: aic.neg %[[E]]
    %2 = aic.neg %1 : (tensor<?xf32>) -> tensor<?xf32>
    // CHECK: scf.yield %[[C]]
    scf.yield %1 : tensor<?xf32>
  } else {
    %3 = tensor.cast %x : tensor<4xf32> to tensor<?xf32>
    scf.yield %3 : tensor<?xf32>
  }
  return %0 : tensor<?xf32>
}

// -----

// Dims of one name are one symbol.
// CHECK-LABEL: func @named
// CHECK-SAME: -> tensor<3xf32>
func.func @named(%x: tensor<?xf32> {aic.dims = ["N"]}, %y: tensor<?xf32> {aic.dims = ["N"]}) -> tensor<?xf32> {
  %three = arith.constant dense<3> : tensor<1xi64>
  %init = arith.constant dense<1.0> : tensor<1xf32>
  %n = aic.shape_of %x : (tensor<?xf32>) -> tensor<1xi64>
  %m = aic.shape_of %y : (tensor<?xf32>) -> tensor<1xi64>
  %d = aic.sub %n, %m : (tensor<1xi64>, tensor<1xi64>) -> tensor<1xi64>
  %e = aic.add %d, %three : (tensor<1xi64>, tensor<1xi64>) -> tensor<1xi64>
  %r = aic.broadcast %init, %e : (tensor<1xf32>, tensor<1xi64>) -> tensor<?xf32>
  return %r : tensor<?xf32>
}

// -----

func.func @mismatch(%x: tensor<2x3xf32>, %y: tensor<4x5xf32>) -> tensor<?x?xf32> {
  %0 = aic.exp %x : (tensor<2x3xf32>) -> tensor<?x?xf32>
  // expected-error @+1 {{expected equal extents to sum over, got 3 in lhs and 4 in rhs}}
  %1 = aic.matmul %0, %y : (tensor<?x?xf32>, tensor<4x5xf32>) -> tensor<?x?xf32>
  return %1 : tensor<?x?xf32>
}
