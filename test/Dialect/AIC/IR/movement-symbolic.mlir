// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s -aic-infer-shapes | FileCheck %s
// What cancels out symbolically becomes a number in the type.

// Shape -> Gather -> Concat -> Reshape, as exporters write x.reshape(N, 8, -1).
// CHECK-LABEL: func @reshape_around_a_dim
func.func @reshape_around_a_dim(%x: tensor<?x64xf32>) -> tensor<?x?x?xf32> {
  %zero = arith.constant dense<0> : tensor<1xi64>
  %rest = arith.constant dense<[8, -1]> : tensor<2xi64>
  %0 = aic.shape_of %x : (tensor<?x64xf32>) -> tensor<2xi64>
  %1 = aic.gather %0, %zero {axis = 0 : i64} : (tensor<2xi64>, tensor<1xi64>) -> tensor<1xi64>
  %2 = aic.concat %1, %rest {axis = 0 : i64} : (tensor<1xi64>, tensor<2xi64>) -> tensor<3xi64>
  // CHECK: aic.reshape {{.*}} -> tensor<?x8x8xf32>
  %3 = aic.reshape %x, %2 {copy_zeros = false} : (tensor<?x64xf32>, tensor<3xi64>) -> tensor<?x?x?xf32>
  return %3 : tensor<?x?x?xf32>
}

// Shape -> Slice, scalar Gather -> unsqueeze by reshape.
// CHECK-LABEL: func @slice_of_shape
func.func @slice_of_shape(%x: tensor<2x?x12x?xf32>) -> tensor<?x?x?x?xf32> {
  %zero = arith.constant dense<0> : tensor<1xi64>
  %one = arith.constant dense<1> : tensor<1xi64>
  %two = arith.constant dense<2> : tensor<1xi64>
  %last = arith.constant dense<-1> : tensor<i64>
  %rest = arith.constant dense<[3, -1]> : tensor<2xi64>
  %0 = aic.shape_of %x : (tensor<2x?x12x?xf32>) -> tensor<4xi64>
  %1 = aic.slice %0, %one, %two, %one {axes = array<i64: 0>} : (tensor<4xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<1xi64>
  %2 = aic.gather %0, %last {axis = 0 : i64} : (tensor<4xi64>, tensor<i64>) -> tensor<i64>
  %3 = aic.reshape %2, %one {copy_zeros = false} : (tensor<i64>, tensor<1xi64>) -> tensor<1xi64>
  %4 = aic.concat %3, %1, %rest {axis = 0 : i64} : (tensor<1xi64>, tensor<1xi64>, tensor<2xi64>) -> tensor<4xi64>
  // CHECK: aic.reshape {{.*}} -> tensor<?x?x3x8xf32>
  %5 = aic.reshape %x, %4 {copy_zeros = false} : (tensor<2x?x12x?xf32>, tensor<4xi64>) -> tensor<?x?x?x?xf32>
  return %5 : tensor<?x?x?x?xf32>
}

// x[:, :N] of N columns, twice along the other dimension, has 2 * 5 * N elements.
// CHECK-LABEL: func @slice_to_a_dim
func.func @slice_to_a_dim(%x: tensor<5x?xf32>) -> tensor<?x?xf32> {
  %zero = arith.constant dense<0> : tensor<1xi64>
  %one = arith.constant dense<1> : tensor<1xi64>
  %open = arith.constant dense<-1> : tensor<1xi64>
  %repeats = arith.constant dense<[2, 1]> : tensor<2xi64>
  %0 = aic.shape_of %x : (tensor<5x?xf32>) -> tensor<2xi64>
  %1 = aic.gather %0, %one {axis = 0 : i64} : (tensor<2xi64>, tensor<1xi64>) -> tensor<1xi64>
  %2 = aic.slice %x, %zero, %1, %one {axes = array<i64: 1>} : (tensor<5x?xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<5x?xf32>
  %3 = aic.tile %2, %repeats : (tensor<5x?xf32>, tensor<2xi64>) -> tensor<10x?xf32>
  %4 = aic.concat %open, %1 {axis = 0 : i64} : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  // CHECK: aic.reshape {{.*}} -> tensor<10x?xf32>
  %5 = aic.reshape %3, %4 {copy_zeros = false} : (tensor<10x?xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  return %5 : tensor<?x?xf32>
}

// arange(N) has N elements; so has x[:, 0].
// CHECK-LABEL: func @range_of_a_dim
func.func @range_of_a_dim(%x: tensor<?x4xf32>) -> tensor<?x?xi64> {
  %zero = arith.constant dense<0> : tensor<i64>
  %one = arith.constant dense<1> : tensor<i64>
  %ones = arith.constant dense<[1, 3]> : tensor<2xi64>
  %shape = arith.constant dense<[-1, 1]> : tensor<2xi64>
  %axis = arith.constant dense<1> : tensor<1xi64>
  %open = arith.constant dense<-1> : tensor<1xi64>
  %0 = aic.shape_of %x : (tensor<?x4xf32>) -> tensor<2xi64>
  %1 = aic.gather %0, %zero {axis = 0 : i64} : (tensor<2xi64>, tensor<i64>) -> tensor<i64>
  %2 = aic.range %zero, %1, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %3 = aic.reshape %2, %shape {copy_zeros = false} : (tensor<?xi64>, tensor<2xi64>) -> tensor<?x1xi64>
  %4 = aic.broadcast %3, %ones : (tensor<?x1xi64>, tensor<2xi64>) -> tensor<?x3xi64>
  %5 = aic.reshape %1, %axis {copy_zeros = false} : (tensor<i64>, tensor<1xi64>) -> tensor<1xi64>
  %6 = aic.concat %5, %open {axis = 0 : i64} : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  // CHECK: aic.reshape {{.*}} -> tensor<?x3xi64>
  %7 = aic.reshape %4, %6 {copy_zeros = false} : (tensor<?x3xi64>, tensor<2xi64>) -> tensor<?x?xi64>
  return %7 : tensor<?x?xi64>
}

// What is known at run time only may be -1: nothing cancels, but the other extents stay.
// CHECK-LABEL: func @run_time_extent
func.func @run_time_extent(%x: tensor<4x6xf32>, %n: tensor<1xi64>) -> tensor<?x?xf32> {
  %c = arith.constant dense<6> : tensor<1xi64>
  %0 = aic.concat %n, %c {axis = 0 : i64} : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  // CHECK: aic.reshape {{.*}} -> tensor<?x6xf32>
  %1 = aic.reshape %x, %0 {copy_zeros = false} : (tensor<4x6xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  return %1 : tensor<?x?xf32>
}

// The elements would be polynomials of degree 2^24: past some size, nothing is known of them.
// CHECK-LABEL: func @huge_polynomials
func.func @huge_polynomials(%x: tensor<?x?xf32>) -> tensor<?x?xf32> {
  %zero = arith.constant dense<0.0> : tensor<f32>
  %0 = aic.shape_of %x : (tensor<?x?xf32>) -> tensor<2xi64>
  %1 = aic.mul %0, %0 : (tensor<2xi64>, tensor<2xi64>) -> tensor<2xi64>
  %2 = aic.mul %1, %1 : (tensor<2xi64>, tensor<2xi64>) -> tensor<2xi64>
  %3 = aic.mul %2, %2 : (tensor<2xi64>, tensor<2xi64>) -> tensor<2xi64>
  %4 = aic.mul %3, %3 : (tensor<2xi64>, tensor<2xi64>) -> tensor<2xi64>
  %5 = aic.mul %4, %4 : (tensor<2xi64>, tensor<2xi64>) -> tensor<2xi64>
  %6 = aic.mul %5, %5 : (tensor<2xi64>, tensor<2xi64>) -> tensor<2xi64>
  %7 = aic.mul %6, %6 : (tensor<2xi64>, tensor<2xi64>) -> tensor<2xi64>
  %8 = aic.mul %7, %7 : (tensor<2xi64>, tensor<2xi64>) -> tensor<2xi64>
  %9 = aic.mul %8, %8 : (tensor<2xi64>, tensor<2xi64>) -> tensor<2xi64>
  %10 = aic.mul %9, %9 : (tensor<2xi64>, tensor<2xi64>) -> tensor<2xi64>
  %11 = aic.mul %10, %10 : (tensor<2xi64>, tensor<2xi64>) -> tensor<2xi64>
  %12 = aic.mul %11, %11 : (tensor<2xi64>, tensor<2xi64>) -> tensor<2xi64>
  %13 = aic.mul %12, %12 : (tensor<2xi64>, tensor<2xi64>) -> tensor<2xi64>
  %14 = aic.mul %13, %13 : (tensor<2xi64>, tensor<2xi64>) -> tensor<2xi64>
  %15 = aic.mul %14, %14 : (tensor<2xi64>, tensor<2xi64>) -> tensor<2xi64>
  %16 = aic.mul %15, %15 : (tensor<2xi64>, tensor<2xi64>) -> tensor<2xi64>
  %17 = aic.mul %16, %16 : (tensor<2xi64>, tensor<2xi64>) -> tensor<2xi64>
  %18 = aic.mul %17, %17 : (tensor<2xi64>, tensor<2xi64>) -> tensor<2xi64>
  %19 = aic.mul %18, %18 : (tensor<2xi64>, tensor<2xi64>) -> tensor<2xi64>
  %20 = aic.mul %19, %19 : (tensor<2xi64>, tensor<2xi64>) -> tensor<2xi64>
  %21 = aic.mul %20, %20 : (tensor<2xi64>, tensor<2xi64>) -> tensor<2xi64>
  %22 = aic.mul %21, %21 : (tensor<2xi64>, tensor<2xi64>) -> tensor<2xi64>
  %23 = aic.mul %22, %22 : (tensor<2xi64>, tensor<2xi64>) -> tensor<2xi64>
  %24 = aic.mul %23, %23 : (tensor<2xi64>, tensor<2xi64>) -> tensor<2xi64>
  // CHECK: aic.broadcast {{.*}} -> tensor<?x?xf32>
  %y = aic.broadcast %zero, %24 : (tensor<f32>, tensor<2xi64>) -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}
