// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s -split-input-file --convert-aic-to-linalg | FileCheck %s

// Shape arithmetic is gone; the reshape is a view.
// CHECK-LABEL: func.func @split_heads
// CHECK-SAME: %[[X:.+]]: tensor<?x?x768xf32>
// CHECK-DAG: %[[N:.+]] = tensor.dim %[[X]], %c0
// CHECK-DAG: %[[S:.+]] = tensor.dim %[[X]], %c1
// CHECK: tensor.expand_shape %[[X]] {{\[\[}}0], [1], [2, 3]] output_shape [%[[N]], %[[S]], 12, 64]
// CHECK-NOT: tensor<4xi64>
// CHECK: return
func.func @split_heads(%x: tensor<?x?x768xf32>) -> tensor<?x?x12x64xf32> {
  %s = aic.shape_of %x : (tensor<?x?x768xf32>) -> tensor<3xi64>
  %i = arith.constant dense<[0, 1]> : tensor<2xi64>
  %d = aic.gather %s, %i {axis = 0 : i64} : (tensor<3xi64>, tensor<2xi64>) -> tensor<2xi64>
  %h = arith.constant dense<[12, 64]> : tensor<2xi64>
  %t = aic.concat %d, %h {axis = 0 : i64} : (tensor<2xi64>, tensor<2xi64>) -> tensor<4xi64>
  %0 = aic.reshape %x, %t {copy_zeros = false} : (tensor<?x?x768xf32>, tensor<4xi64>) -> tensor<?x?x12x64xf32>
  return %0 : tensor<?x?x12x64xf32>
}

// -----

// A shape that only run time knows is read on the host.
// CHECK-LABEL: func.func @run_time_shape
// CHECK: tensor.extract
// CHECK: arith.index_cast
// CHECK: tensor.reshape
func.func @run_time_shape(%x: tensor<12xf32>, %s: tensor<2xi64>) -> tensor<?x?xf32> {
  %0 = aic.reshape %x, %s {copy_zeros = false} : (tensor<12xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  return %0 : tensor<?x?xf32>
}

// -----

// Only dims of extent 1 move: no data does.
// CHECK-LABEL: func.func @unit_transpose
// CHECK-NOT: linalg.generic
// CHECK: return
func.func @unit_transpose(%x: tensor<4x8x1x1xf32>) -> tensor<4x1x1x8xf32> {
  %0 = aic.transpose %x {permutation = array<i64: 0, 2, 3, 1>} : (tensor<4x8x1x1xf32>) -> tensor<4x1x1x8xf32>
  return %0 : tensor<4x1x1x8xf32>
}

// -----

// CHECK-LABEL: func.func @slice_and_concat
// CHECK: tensor.extract_slice %{{.+}}[0, 2] [4, 3] [1, 2]
// CHECK: tensor.concat dim(1)
func.func @slice_and_concat(%x: tensor<4x8xf32>) -> tensor<4x6xf32> {
  %s = arith.constant dense<2> : tensor<1xi64>
  %e = arith.constant dense<-1> : tensor<1xi64>
  %p = arith.constant dense<2> : tensor<1xi64>
  %0 = aic.slice %x, %s, %e, %p {axes = array<i64: 1>} : (tensor<4x8xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<4x3xf32>
  %1 = aic.concat %0, %0 {axis = 1 : i64} : (tensor<4x3xf32>, tensor<4x3xf32>) -> tensor<4x6xf32>
  return %1 : tensor<4x6xf32>
}

// -----

// CHECK-LABEL: func.func @reverse
// CHECK: linalg.index
// CHECK: tensor.extract
func.func @reverse(%x: tensor<8xf32>) -> tensor<8xf32> {
  %s = arith.constant dense<-1> : tensor<1xi64>
  %e = arith.constant dense<-100> : tensor<1xi64>
  %0 = aic.slice %x, %s, %e, %s {axes = array<i64: 0>} : (tensor<8xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<8xf32>
  return %0 : tensor<8xf32>
}

// -----

// Negative numbers of a pad are a slice before it.
// CHECK-LABEL: func.func @pad
// CHECK: %[[S:.+]] = tensor.extract_slice %{{.+}}[1] [7] [1]
// CHECK: tensor.pad %[[S]] low[0] high[2]
func.func @pad(%x: tensor<8xf32>) -> tensor<9xf32> {
  %p = arith.constant dense<[-1, 2]> : tensor<2xi64>
  %v = arith.constant dense<0.0> : tensor<f32>
  %0 = aic.pad %x, %p, %v {mode = #aic<pad_mode constant>} : (tensor<8xf32>, tensor<2xi64>, tensor<f32>) -> tensor<9xf32>
  return %0 : tensor<9xf32>
}

// -----

// An index that is known is a slice, any other is made safe.
// CHECK-LABEL: func.func @gather
// CHECK: tensor.extract_slice %{{.+}}[7, 0] [1, 4] [1, 1]
// CHECK: linalg.generic
// CHECK: arith.cmpi slt
// CHECK: arith.minsi
// CHECK: tensor.extract
func.func @gather(%x: tensor<8x4xf32>, %i: tensor<3xi64>) -> (tensor<4xf32>, tensor<3x4xf32>) {
  %c = arith.constant dense<-1> : tensor<i64>
  %0 = aic.gather %x, %c {axis = 0 : i64} : (tensor<8x4xf32>, tensor<i64>) -> tensor<4xf32>
  %1 = aic.gather %x, %i {axis = 0 : i64} : (tensor<8x4xf32>, tensor<3xi64>) -> tensor<3x4xf32>
  return %0, %1 : tensor<4xf32>, tensor<3x4xf32>
}

// -----

// Repeating pixels is a broadcast and a view.
// CHECK-DAG: #[[$X:.+]] = affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d1, d3, d5)>
// CHECK-LABEL: func.func @upsample
// CHECK: indexing_maps = [#[[$X]], #{{.+}}]
// CHECK: tensor.collapse_shape {{.*}} tensor<1x4x2x4x2x3xf32> into tensor<1x8x8x3xf32>
func.func @upsample(%x: tensor<1x4x4x3xf32>) -> tensor<1x8x8x3xf32> {
  %s = arith.constant dense<[1.0, 2.0, 2.0, 1.0]> : tensor<4xf32>
  %o = arith.constant dense<[1, 8, 8, 3]> : tensor<4xi64>
  %0 = aic.resize %x, %s, %o {mode = #aic<resize_mode nearest>, coordinates = #aic<coordinate_mode asymmetric>, nearest = #aic<nearest_mode floor>, cubic_a = -0.75 : f64, exclude_outside = false, antialias = false} : (tensor<1x4x4x3xf32>, tensor<4xf32>, tensor<4xi64>) -> tensor<1x8x8x3xf32>
  return %0 : tensor<1x8x8x3xf32>
}

// -----

// Four taps: only the dims that change take part.
// CHECK-LABEL: func.func @bilinear
// CHECK-COUNT-4: tensor.extract
// CHECK-NOT: tensor.extract
func.func @bilinear(%x: tensor<1x4x4x3xf32>) -> tensor<1x7x7x3xf32> {
  %s = arith.constant dense<[1.0, 1.75, 1.75, 1.0]> : tensor<4xf32>
  %o = arith.constant dense<[1, 7, 7, 3]> : tensor<4xi64>
  %0 = aic.resize %x, %s, %o {mode = #aic<resize_mode linear>, coordinates = #aic<coordinate_mode half_pixel>, nearest = #aic<nearest_mode floor>, cubic_a = -0.75 : f64, exclude_outside = false, antialias = false} : (tensor<1x4x4x3xf32>, tensor<4xf32>, tensor<4xi64>) -> tensor<1x7x7x3xf32>
  return %0 : tensor<1x7x7x3xf32>
}

// -----

// CHECK-LABEL: func.func @control_flow
// CHECK: %[[C:.+]] = tensor.extract %{{.+}}[] : tensor<i1>
// CHECK: scf.if %[[C]] -> (tensor<?xi8>)
// CHECK: arith.addi
// CHECK: scf.yield
func.func @control_flow(%x: tensor<?xui8>, %c: tensor<i1>) -> tensor<?xui8> {
  %t = tensor.extract %c[] : tensor<i1>
  %0 = scf.if %t -> tensor<?xui8> {
    %1 = aic.add %x, %x : (tensor<?xui8>, tensor<?xui8>) -> tensor<?xui8>
    scf.yield %1 : tensor<?xui8>
  } else {
    scf.yield %x : tensor<?xui8>
  }
  return %0 : tensor<?xui8>
}

// -----

// An unknown extent may be 0: then there is nothing to repeat.
// CHECK-LABEL: func.func @pad_by_repetition
// CHECK: %[[SOME:.+]] = arith.cmpi sle, %c1, %{{.+}} : index
// CHECK: cf.assert %[[SOME]], "expected elements to repeat in a dimension that is padded, got extent 0"
func.func @pad_by_repetition(%x: tensor<?x3xf32>) -> tensor<?x4xf32> {
  %pads = arith.constant dense<[1, 0, 0, 1]> : tensor<4xi64>
  %zero = arith.constant dense<0.0> : tensor<f32>
  %0 = aic.pad %x, %pads, %zero {mode = #aic<pad_mode wrap>} : (tensor<?x3xf32>, tensor<4xi64>, tensor<f32>) -> tensor<?x4xf32>
  return %0 : tensor<?x4xf32>
}
