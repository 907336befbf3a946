// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s -verify-roundtrip | FileCheck %s

// CHECK-LABEL: func @shape_of
func.func @shape_of(%x: tensor<4x?xf32>) -> tensor<2xi64> {
  // CHECK: aic.shape_of %{{.+}} : (tensor<4x?xf32>) -> tensor<2xi64>
  %0 = aic.shape_of %x : (tensor<4x?xf32>) -> tensor<2xi64>
  return %0 : tensor<2xi64>
}

// The shape arithmetic of a dynamic model: [N, 64] -> [N, 8, 8].
// CHECK-LABEL: func @reshape_by_shape_arithmetic
func.func @reshape_by_shape_arithmetic(%x: tensor<?x64xf32>) -> tensor<?x8x8xf32> {
  %zero = arith.constant dense<0> : tensor<1xi64>
  %rest = arith.constant dense<[8, -1]> : tensor<2xi64>
  %0 = aic.shape_of %x : (tensor<?x64xf32>) -> tensor<2xi64>
  %1 = aic.gather %0, %zero {axis = 0 : i64} : (tensor<2xi64>, tensor<1xi64>) -> tensor<1xi64>
  %2 = aic.concat %1, %rest {axis = 0 : i64} : (tensor<1xi64>, tensor<2xi64>) -> tensor<3xi64>
  // CHECK: aic.reshape %{{.+}}, %{{.+}} {copy_zeros = false} : (tensor<?x64xf32>, tensor<3xi64>) -> tensor<?x8x8xf32>
  %3 = aic.reshape %x, %2 {copy_zeros = false} : (tensor<?x64xf32>, tensor<3xi64>) -> tensor<?x8x8xf32>
  return %3 : tensor<?x8x8xf32>
}

// CHECK-LABEL: func @reshape_copies_zeros
func.func @reshape_copies_zeros(%x: tensor<?x4x6xf32>) -> tensor<?x24xf32> {
  %shape = arith.constant dense<[0, -1]> : tensor<2xi64>
  %0 = aic.reshape %x, %shape {copy_zeros = true} : (tensor<?x4x6xf32>, tensor<2xi64>) -> tensor<?x24xf32>
  return %0 : tensor<?x24xf32>
}

// CHECK-LABEL: func @reshape_of_run_time_shape
func.func @reshape_of_run_time_shape(%x: tensor<6xf32>, %shape: tensor<2xi64>) -> tensor<?x?xf32> {
  %0 = aic.reshape %x, %shape {copy_zeros = false} : (tensor<6xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  return %0 : tensor<?x?xf32>
}

// CHECK-LABEL: func @broadcast_both_ways
func.func @broadcast_both_ways(%x: tensor<3x1xf32>) -> tensor<2x3x4xf32> {
  %shape = arith.constant dense<[2, 1, 4]> : tensor<3xi64>
  // CHECK: aic.broadcast
  %0 = aic.broadcast %x, %shape : (tensor<3x1xf32>, tensor<3xi64>) -> tensor<2x3x4xf32>
  return %0 : tensor<2x3x4xf32>
}

// CHECK-LABEL: func @transpose
func.func @transpose(%x: tensor<2x?x4xi8>) -> tensor<4x2x?xi8> {
  // CHECK: aic.transpose %{{.+}} {permutation = array<i64: 2, 0, 1>}
  %0 = aic.transpose %x {permutation = array<i64: 2, 0, 1>} : (tensor<2x?x4xi8>) -> tensor<4x2x?xi8>
  return %0 : tensor<4x2x?xi8>
}

// CHECK-LABEL: func @concat
func.func @concat(%a: tensor<2x?xf32>, %b: tensor<3x5xf32>) -> tensor<5x5xf32> {
  // CHECK: aic.concat %{{.+}}, %{{.+}} {axis = 0 : i64}
  %0 = aic.concat %a, %b {axis = 0 : i64} : (tensor<2x?xf32>, tensor<3x5xf32>) -> tensor<5x5xf32>
  return %0 : tensor<5x5xf32>
}

// From 1 to the end of 10 in steps of 4: 1, 5, 9.
// CHECK-LABEL: func @slice_to_the_end
func.func @slice_to_the_end(%x: tensor<10x?xf32>) -> tensor<3x?xf32> {
  %starts = arith.constant dense<1> : tensor<1xi64>
  %ends = arith.constant dense<9223372036854775807> : tensor<1xi64>
  %steps = arith.constant dense<4> : tensor<1xi64>
  // CHECK: aic.slice
  %0 = aic.slice %x, %starts, %ends, %steps {axes = array<i64: 0>}
      : (tensor<10x?xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<3x?xf32>
  return %0 : tensor<3x?xf32>
}

// CHECK-LABEL: func @slice_reversed
func.func @slice_reversed(%x: tensor<10xf32>) -> tensor<10xf32> {
  %starts = arith.constant dense<-1> : tensor<1xi64>
  %ends = arith.constant dense<-9223372036854775808> : tensor<1xi64>
  %0 = aic.slice %x, %starts, %ends, %starts {axes = array<i64: 0>}
      : (tensor<10xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<10xf32>
  return %0 : tensor<10xf32>
}

// CHECK-LABEL: func @pad
func.func @pad(%x: tensor<4x?xf32>, %v: tensor<f32>) -> tensor<6x?xf32> {
  %pads = arith.constant dense<[1, 0, 1, 2]> : tensor<4xi64>
  // CHECK: aic.pad %{{.+}} {mode = #aic<pad_mode constant>}
  %0 = aic.pad %x, %pads, %v {mode = #aic<pad_mode constant>} : (tensor<4x?xf32>, tensor<4xi64>, tensor<f32>) -> tensor<6x?xf32>
  return %0 : tensor<6x?xf32>
}

// CHECK-LABEL: func @tile
func.func @tile(%x: tensor<4x3xf32>) -> tensor<8x3xf32> {
  %repeats = arith.constant dense<[2, 1]> : tensor<2xi64>
  // CHECK: aic.tile
  %0 = aic.tile %x, %repeats : (tensor<4x3xf32>, tensor<2xi64>) -> tensor<8x3xf32>
  return %0 : tensor<8x3xf32>
}

// CHECK-LABEL: func @range
func.func @range() -> (tensor<4xi64>, tensor<5xf32>) {
  %a = arith.constant dense<10> : tensor<i64>
  %b = arith.constant dense<0> : tensor<i64>
  %c = arith.constant dense<-3> : tensor<i64>
  // CHECK: aic.range
  %0 = aic.range %a, %b, %c : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<4xi64>
  %d = arith.constant dense<0.0> : tensor<f32>
  %e = arith.constant dense<1.0> : tensor<f32>
  %f = arith.constant dense<0.2> : tensor<f32>
  %1 = aic.range %d, %e, %f : (tensor<f32>, tensor<f32>, tensor<f32>) -> tensor<5xf32>
  return %0, %1 : tensor<4xi64>, tensor<5xf32>
}

// CHECK-LABEL: func @gathers
func.func @gathers(%x: tensor<5x?x7xf32>, %i: tensor<2x3xi64>, %j: tensor<5x2x7xi32>)
    -> (tensor<5x2x3x7xf32>, tensor<5x2x7xf32>, tensor<2xf32>) {
  // CHECK: aic.gather %{{.+}} {axis = 1 : i64}
  %0 = aic.gather %x, %i {axis = 1 : i64} : (tensor<5x?x7xf32>, tensor<2x3xi64>) -> tensor<5x2x3x7xf32>
  // CHECK: aic.gather_elements
  %1 = aic.gather_elements %x, %j {axis = 1 : i64} : (tensor<5x?x7xf32>, tensor<5x2x7xi32>) -> tensor<5x2x7xf32>
  // CHECK: aic.gather_nd
  %2 = aic.gather_nd %x, %i {batch_dims = 0 : i64} : (tensor<5x?x7xf32>, tensor<2x3xi64>) -> tensor<2xf32>
  return %0, %1, %2 : tensor<5x2x3x7xf32>, tensor<5x2x7xf32>, tensor<2xf32>
}

// CHECK-LABEL: func @scatters
func.func @scatters(%x: tensor<5x7xf32>, %i: tensor<2x1xi64>, %u: tensor<2x1xf32>, %v: tensor<2x7xf32>)
    -> (tensor<5x7xf32>, tensor<5x7xf32>) {
  // CHECK: aic.scatter_elements add %{{.+}} {axis = 0 : i64}
  %0 = aic.scatter_elements add %x, %i, %u {axis = 0 : i64} : (tensor<5x7xf32>, tensor<2x1xi64>, tensor<2x1xf32>) -> tensor<5x7xf32>
  // CHECK: aic.scatter_nd replace
  %1 = aic.scatter_nd replace %x, %i, %v : (tensor<5x7xf32>, tensor<2x1xi64>, tensor<2x7xf32>) -> tensor<5x7xf32>
  return %0, %1 : tensor<5x7xf32>, tensor<5x7xf32>
}

// CHECK-LABEL: func @non_zero
func.func @non_zero(%x: tensor<5x7xi1>) -> tensor<2x?xi64> {
  // CHECK: aic.non_zero
  %0 = aic.non_zero %x : (tensor<5x7xi1>) -> tensor<2x?xi64>
  return %0 : tensor<2x?xi64>
}
