// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s --split-input-file --npu-form-units | FileCheck %s

// Every function ends in a maximum: a movement that meets no other unit stays the host's.

// CHECK-LABEL: func @lone
// CHECK: aic.transpose {{.*}}npu.reason = "a movement beside work of the host only"
func.func @lone(%x: tensor<2x3x4xf32>) -> tensor<4x2x3xf32> {
  %0 = aic.transpose %x {permutation = array<i64: 2, 0, 1>} : (tensor<2x3x4xf32>) -> tensor<4x2x3xf32>
  return %0 : tensor<4x2x3xf32>
}

// -----

// CHECK-LABEL: func @transpose
// CHECK: npu.unit "copy"(%{{.+}}) {boxes = array<i64: 0, 0, 0, 2, 4, 1, 6, 6, 4, 1>, element = 2 : i64
func.func @transpose(%x: tensor<2x3x4xf16>) -> tensor<4x2x3xf16> {
  %0 = aic.transpose %x {permutation = array<i64: 2, 0, 1>} : (tensor<2x3x4xf16>) -> tensor<4x2x3xf16>
  %1 = aic.relu %0 : (tensor<4x2x3xf16>) -> tensor<4x2x3xf16>
  return %1 : tensor<4x2x3xf16>
}

// -----

// CHECK-LABEL: func @aliases
// CHECK-COUNT-2: npu.unit "alias"
func.func @aliases(%x: tensor<2x3x4xf16>) -> tensor<4x1x6xf16> {
  %shape = arith.constant dense<[4, 6, 1]> : tensor<3xi64>
  %0 = aic.reshape %x, %shape {copy_zeros = false} : (tensor<2x3x4xf16>, tensor<3xi64>) -> tensor<4x6x1xf16>
  %1 = aic.transpose %0 {permutation = array<i64: 0, 2, 1>} : (tensor<4x6x1xf16>) -> tensor<4x1x6xf16>
  %2 = aic.relu %1 : (tensor<4x1x6xf16>) -> tensor<4x1x6xf16>
  return %2 : tensor<4x1x6xf16>
}

// -----

// Backwards, every second element.
// CHECK-LABEL: func @slice
// CHECK: npu.unit "copy"(%arg0) {boxes = array<i64: 0, 9, 0, 1, 4, -2, 1>
func.func @slice(%x: tensor<10xi8>) -> tensor<4xi8> {
  %start = arith.constant dense<[9]> : tensor<1xi64>
  %end = arith.constant dense<[2]> : tensor<1xi64>
  %step = arith.constant dense<[-2]> : tensor<1xi64>
  %0 = aic.slice %x, %start, %end, %step {axes = array<i64: 0>} : (tensor<10xi8>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<4xi8>
  %1 = aic.relu %0 : (tensor<4xi8>) -> tensor<4xi8>
  return %1 : tensor<4xi8>
}

// -----

// One box for each input, the constant too.
// CHECK-LABEL: func @concat
// CHECK: npu.unit "copy"(%arg0, %cst{{.*}}) {boxes = array<i64: 0, 0, 0, 2, 2, 3, 5, 3, 1, 1, 1, 0, 3, 2, 2, 2, 5, 2, 1, 1>
func.func @concat(%x: tensor<2x3xi8>) -> tensor<2x5xi8> {
  %c = arith.constant dense<7> : tensor<2x2xi8>
  %0 = aic.concat %x, %c {axis = 1 : i64} : (tensor<2x3xi8>, tensor<2x2xi8>) -> tensor<2x5xi8>
  %1 = aic.relu %0 : (tensor<2x5xi8>) -> tensor<2x5xi8>
  return %1 : tensor<2x5xi8>
}

// -----

// A column before, a row after, and what is kept.
// CHECK-LABEL: func @pad
// CHECK: npu.unit "copy"(%arg0) {boxes = array<i64: -1, 0, 8, 1, 4, 0, 1, -1, 0, 0, 1, 2, 0, 4, 0, 0, 1, 2, 2, 3, 4, 3, 1, 1>, element = 1 : i64, fill = 5 : i64
func.func @pad(%x: tensor<2x3xi8>) -> tensor<3x4xi8> {
  %pads = arith.constant dense<[0, 1, 1, 0]> : tensor<4xi64>
  %v = arith.constant dense<5> : tensor<i8>
  %0 = aic.pad %x, %pads, %v {mode = #aic<pad_mode constant>} : (tensor<2x3xi8>, tensor<4xi64>, tensor<i8>) -> tensor<3x4xi8>
  %1 = aic.relu %0 : (tensor<3x4xi8>) -> tensor<3x4xi8>
  return %1 : tensor<3x4xi8>
}

// -----

// Each element twice: a loop that stands still at the source.
// CHECK-LABEL: func @resize
// CHECK: npu.unit "copy"(%arg0) {boxes = array<i64: 0, 0, 0, 2, 3, 1, 2, 2, 0, 1>
func.func @resize(%x: tensor<3xi8>) -> tensor<6xi8> {
  %scales = arith.constant dense<2.0> : tensor<1xf32>
  %sizes = arith.constant dense<6> : tensor<1xi64>
  %0 = aic.resize %x, %scales, %sizes {antialias = false, coordinates = #aic<coordinate_mode asymmetric>, cubic_a = -0.75 : f64, exclude_outside = false, mode = #aic<resize_mode nearest>, nearest = #aic<nearest_mode floor>} : (tensor<3xi8>, tensor<1xf32>, tensor<1xi64>) -> tensor<6xi8>
  %1 = aic.relu %0 : (tensor<6xi8>) -> tensor<6xi8>
  return %1 : tensor<6xi8>
}

// -----

// CHECK-LABEL: func @somewhere
// CHECK: aic.gather {{.*}}npu.reason = "the NPU has no form of aic.gather"
func.func @somewhere(%x: tensor<5x4xi8>, %i: tensor<2xi64>) -> tensor<2x4xi8> {
  %0 = aic.gather %x, %i {axis = 0 : i64} : (tensor<5x4xi8>, tensor<2xi64>) -> tensor<2x4xi8>
  %1 = aic.relu %0 : (tensor<2x4xi8>) -> tensor<2x4xi8>
  return %1 : tensor<2x4xi8>
}

// -----

// CHECK-LABEL: func @linear
// CHECK: aic.resize {{.*}}npu.reason = "an interpolation between neighbours"
func.func @linear(%x: tensor<3xf16>) -> tensor<6xf16> {
  %scales = arith.constant dense<2.0> : tensor<1xf32>
  %sizes = arith.constant dense<6> : tensor<1xi64>
  %0 = aic.resize %x, %scales, %sizes {antialias = false, coordinates = #aic<coordinate_mode asymmetric>, cubic_a = -0.75 : f64, exclude_outside = false, mode = #aic<resize_mode linear>, nearest = #aic<nearest_mode floor>} : (tensor<3xf16>, tensor<1xf32>, tensor<1xi64>) -> tensor<6xf16>
  %1 = aic.relu %0 : (tensor<6xf16>) -> tensor<6xf16>
  return %1 : tensor<6xf16>
}
