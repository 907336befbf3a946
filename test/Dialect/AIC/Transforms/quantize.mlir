// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s -split-input-file -aic-quantize -canonicalize -cse | FileCheck %s

// The clamp is in the layer: one quantisation behind it. Weights have a scale per feature, the bias is i32.
// CHECK-LABEL: func.func @main
// CHECK-SAME: (%[[X:.+]]: tensor<1x4x4x3xf32>)
// CHECK-DAG: %[[W:.+]] = arith.constant dense<127> : tensor<1x1x3x2xi8>
// CHECK-DAG: %[[WS:.+]] = arith.constant dense<0.00393700786> : tensor<2xf32>
// CHECK-DAG: %[[WZ:.+]] = arith.constant dense<0> : tensor<2xi8>
// CHECK-DAG: %[[B:.+]] = arith.constant dense<[32385, -64770]> : tensor<2xi32>
// CHECK-DAG: %[[BS:.+]] = arith.constant dense<3.08784947E-5> : tensor<2xf32>
// CHECK: %[[Q:.+]] = aic.quantize %[[X]], %{{.+}}, %{{.+}} {axis = 0 : i64, block_size = 0 : i64}
// CHECK-DAG: %[[DX:.+]] = aic.dequantize %[[Q]]
// CHECK-DAG: %[[DW:.+]] = aic.dequantize %[[W]], %[[WS]], %[[WZ]] {axis = 3 : i64
// CHECK-DAG: %[[DB:.+]] = aic.dequantize %[[B]], %[[BS]]
// CHECK: %[[C:.+]] = aic.conv %[[DX]], %[[DW]], %[[DB]] {
// CHECK-NEXT: %[[R:.+]] = aic.relu %[[C]]
// CHECK: %[[Y:.+]] = aic.quantize %[[R]]
// CHECK: %[[DY:.+]] = aic.dequantize %[[Y]]
// CHECK: return %[[DY]]
func.func @main(%x: tensor<1x4x4x3xf32> {aic.range = array<f64: -1.0, 1.0>}) -> tensor<1x4x4x2xf32> {
  %w = arith.constant dense<0.5> : tensor<1x1x3x2xf32>
  %b = arith.constant dense<[1.0, -2.0]> : tensor<2xf32>
  %0 = aic.conv %x, %w, %b {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, groups = 1 : i64, channels_last = true} : (tensor<1x4x4x3xf32>, tensor<1x1x3x2xf32>, tensor<2xf32>) -> tensor<1x4x4x2xf32>
  %1 = aic.relu %0 {aic.range = array<f64: 0.0, 3.0>} : (tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32>
  return %1 : tensor<1x4x4x2xf32>
}

// -----

// A bias behind a matmul, then numbers only: both clamps.
// CHECK-LABEL: func.func @main
// CHECK-DAG: %[[DW:.+]] = aic.dequantize %{{.+}} {axis = 1 : i64{{.*}}tensor<3x2xi8>
// CHECK-DAG: %[[DB:.+]] = aic.dequantize %{{.+}} {axis = 1 : i64{{.*}}tensor<1x2xi32>
// CHECK: %[[M:.+]] = aic.matmul %{{.+}}, %[[DW]]
// CHECK: %[[A:.+]] = aic.add %[[M]], %[[DB]]
// CHECK: %[[L:.+]] = aic.minimum %[[A]]
// CHECK: %[[H:.+]] = aic.maximum %[[L]]
// CHECK: aic.quantize %[[H]]
func.func @main(%x: tensor<?x3xf32> {aic.range = array<f64: -1.0, 1.0>}) -> tensor<?x2xf32> {
  %w = arith.constant dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]> : tensor<3x2xf32>
  %b = arith.constant dense<[[0.5, 0.25]]> : tensor<1x2xf32>
  %six = arith.constant dense<6.0> : tensor<f32>
  %zero = arith.constant dense<0.0> : tensor<f32>
  %0 = aic.matmul %x, %w : (tensor<?x3xf32>, tensor<3x2xf32>) -> tensor<?x2xf32>
  %1 = aic.add %b, %0 : (tensor<1x2xf32>, tensor<?x2xf32>) -> tensor<?x2xf32>
  %2 = aic.minimum %1, %six : (tensor<?x2xf32>, tensor<f32>) -> tensor<?x2xf32>
  %3 = aic.maximum %2, %zero {aic.range = array<f64: 0.0, 6.0>} : (tensor<?x2xf32>, tensor<f32>) -> tensor<?x2xf32>
  return %3 : tensor<?x2xf32>
}

// -----

// x * sigmoid(x) is one function of one tensor. A sum of two tensors has both quantised, and its clamp inside.
// CHECK-LABEL: func.func @main
// CHECK: %[[Q:.+]] = aic.quantize
// CHECK: %[[D:.+]] = aic.dequantize %[[Q]]
// CHECK: %[[S:.+]] = aic.sigmoid %[[D]]
// CHECK: %[[P:.+]] = aic.mul %[[D]], %[[S]]
// CHECK: %[[F:.+]] = aic.quantize %[[P]]
// CHECK: %[[DF:.+]] = aic.dequantize %[[F]]
// CHECK: %[[QY:.+]] = aic.quantize
// CHECK: %[[DY:.+]] = aic.dequantize %[[QY]]
// CHECK: %[[A:.+]] = aic.add %[[DF]], %[[DY]]
// CHECK: %[[R:.+]] = aic.relu %[[A]]
// CHECK: aic.quantize %[[R]]
func.func @main(%x: tensor<2x3xf32> {aic.range = array<f64: -4.0, 4.0>}, %y: tensor<3xf32> {aic.range = array<f64: -1.0, 4.0>}) -> tensor<2x3xf32> {
  %0 = aic.sigmoid %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %1 = aic.mul %x, %0 {aic.range = array<f64: -0.3, 4.0>} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %2 = aic.add %1, %y : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  %3 = aic.relu %2 {aic.range = array<f64: 0.0, 8.0>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %3 : tensor<2x3xf32>
}

// -----

// A function that is flat below some point needs no levels there: the range of x is taken from 0 on.
// CHECK-LABEL: func.func @main
// CHECK-DAG: %[[SCALE:.+]] = arith.constant dense<0.0156862754> : tensor<f32>
// CHECK-DAG: %[[ZERO:.+]] = arith.constant dense<-128> : tensor<i8>
// CHECK: aic.quantize %{{.+}}, %[[SCALE]], %[[ZERO]]
func.func @main(%x: tensor<2x3xf32> {aic.range = array<f64: -4.0, 4.0>}) -> tensor<2x3xf32> {
  %0 = aic.sigmoid %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %1 = aic.add %x, %0 : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %2 = aic.relu %x : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %3 = aic.mul %1, %2 {aic.range = array<f64: 0.0, 20.0>} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  return %3 : tensor<2x3xf32>
}

// -----

// What moves elements does so in 8 bits and in its operand's scale; a pad is of the zero point.
// CHECK-LABEL: func.func @main
// CHECK-DAG: %[[PAD:.+]] = arith.constant dense<-128> : tensor<i8>
// CHECK: %[[Q:.+]] = aic.quantize %{{.+}} -> tensor<1x4x4x2xi8>
// CHECK: %[[T:.+]] = aic.transpose %[[Q]] {{.*}} -> tensor<1x2x4x4xi8>
// CHECK: %[[M:.+]] = aic.max_pool %[[T]] {{.*}} -> tensor<1x2x2x2xi8>
// CHECK: %[[P:.+]] = aic.pad %[[M]], %{{.+}}, %{{.+}} {{.*}} -> tensor<1x2x3x3xi8>
// CHECK: %[[D:.+]] = aic.dequantize %[[P]]
// CHECK: %[[R:.+]] = aic.reduce mean %[[D]]
// CHECK: aic.quantize %[[R]]
func.func @main(%x: tensor<1x4x4x2xf32> {aic.range = array<f64: 0.0, 2.0>}) -> tensor<1x2xf32> {
  %pads = arith.constant dense<[0, 0, 0, 0, 0, 0, 1, 1]> : tensor<8xi64>
  %zero = arith.constant dense<0.0> : tensor<f32>
  %0 = aic.transpose %x {permutation = array<i64: 0, 3, 1, 2>} : (tensor<1x4x4x2xf32>) -> tensor<1x2x4x4xf32>
  %1 = aic.max_pool %0 {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, ceil_mode = false, channels_last = false} : (tensor<1x2x4x4xf32>) -> tensor<1x2x2x2xf32>
  %2 = aic.pad %1, %pads, %zero {mode = #aic<pad_mode constant>} : (tensor<1x2x2x2xf32>, tensor<8xi64>, tensor<f32>) -> tensor<1x2x3x3xf32>
  %3 = aic.reduce mean %2 {axes = array<i64: 2, 3>, keep_dims = false, aic.range = array<f64: 0.0, 1.0>} : (tensor<1x2x3x3xf32>) -> tensor<1x2xf32>
  return %3 : tensor<1x2xf32>
}

// -----

// An input of a concat that nothing else reads takes the concat's scale; another is quantised again.
// CHECK-LABEL: func.func @main
// CHECK-SAME: (%[[X:.+]]: tensor<1x2xf32>, %[[Y:.+]]: tensor<1x2xf32>)
// CHECK-DAG: %[[SC:.+]] = arith.constant dense<0.0784313753> : tensor<f32>
// CHECK-DAG: %[[SX:.+]] = arith.constant dense<0.0235294122> : tensor<f32>
// CHECK-DAG: %[[QX:.+]] = aic.quantize %[[X]], %[[SX]]
// CHECK-DAG: %[[DX:.+]] = aic.dequantize %[[QX]], %[[SX]]
// CHECK-DAG: %[[RX:.+]] = aic.quantize %[[DX]], %[[SC]]
// CHECK-DAG: %[[QY:.+]] = aic.quantize %[[Y]], %[[SC]]
// CHECK: %[[C:.+]] = aic.concat %[[RX]], %[[QY]] {{.*}}tensor<1x4xi8>
func.func @main(%x: tensor<1x2xf32> {aic.range = array<f64: -3.0, 3.0>}, %y: tensor<1x2xf32> {aic.range = array<f64: -10.0, 10.0>}) -> (tensor<1x4xf32>, tensor<1x2xf32>) {
  %0 = aic.concat %x, %y {axis = 1 : i64, aic.range = array<f64: -10.0, 10.0>} : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x4xf32>
  %1 = aic.relu %x {aic.range = array<f64: 0.0, 3.0>} : (tensor<1x2xf32>) -> tensor<1x2xf32>
  return %0, %1 : tensor<1x4xf32>, tensor<1x2xf32>
}

// -----

// Softmax and layer norm stay float between 8-bit layers; a layer norm of single operations too.
// CHECK-LABEL: func.func @main
// CHECK: %[[D:.+]] = aic.dequantize
// CHECK: %[[M:.+]] = aic.matmul %[[D]]
// CHECK: %[[Q:.+]] = aic.quantize %[[M]]
// CHECK: %[[DM:.+]] = aic.dequantize %[[Q]]
// CHECK: %[[S:.+]] = aic.softmax %[[DM]]
// CHECK: %[[QS:.+]] = aic.quantize %[[S]]
// CHECK: aic.matmul
// CHECK: %[[DN:.+]] = aic.dequantize
// CHECK: %[[MEAN:.+]] = aic.reduce mean %[[DN]]
// CHECK-NEXT: %[[C:.+]] = aic.sub %[[DN]], %[[MEAN]]
// CHECK-NEXT: aic.mul %[[C]], %[[C]]
// CHECK-NEXT: aic.reduce mean
// CHECK-NEXT: aic.add
// CHECK-NEXT: aic.sqrt
// CHECK-NEXT: %[[N:.+]] = aic.div
// CHECK-NEXT: return %[[N]]
func.func @main(%x: tensor<4x4xf32> {aic.range = array<f64: -1.0, 1.0>}) -> tensor<4x4xf32> {
  %eps = arith.constant dense<1.0e-5> : tensor<f32>
  %0 = aic.matmul %x, %x {aic.range = array<f64: -4.0, 4.0>} : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  %1 = aic.softmax %0 {axis = 1 : i64, aic.range = array<f64: 0.0, 1.0>} : (tensor<4x4xf32>) -> tensor<4x4xf32>
  %2 = aic.matmul %1, %x {aic.range = array<f64: -1.0, 1.0>} : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  %3 = aic.reduce mean %2 {axes = array<i64: 1>, keep_dims = true} : (tensor<4x4xf32>) -> tensor<4x1xf32>
  %4 = aic.sub %2, %3 : (tensor<4x4xf32>, tensor<4x1xf32>) -> tensor<4x4xf32>
  %5 = aic.mul %4, %4 : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  %6 = aic.reduce mean %5 {axes = array<i64: 1>, keep_dims = true} : (tensor<4x4xf32>) -> tensor<4x1xf32>
  %7 = aic.add %6, %eps : (tensor<4x1xf32>, tensor<f32>) -> tensor<4x1xf32>
  %8 = aic.sqrt %7 : (tensor<4x1xf32>) -> tensor<4x1xf32>
  %9 = aic.div %4, %8 : (tensor<4x4xf32>, tensor<4x1xf32>) -> tensor<4x4xf32>
  return %9 : tensor<4x4xf32>
}

// -----

// A norm by the mean of squares less the square of the mean, applied as a factor, with gain and offset: all float.
// CHECK-LABEL: func.func @main
// CHECK: %[[M:.+]] = aic.matmul
// CHECK-NEXT: %[[Q:.+]] = aic.quantize %[[M]]
// CHECK-NEXT: %[[D:.+]] = aic.dequantize %[[Q]]
// CHECK-NEXT: %[[MEAN:.+]] = aic.reduce mean %[[D]]
// CHECK-NEXT: %[[SQUARE:.+]] = aic.mul %[[D]], %[[D]]
// CHECK-NEXT: aic.reduce mean %[[SQUARE]]
// CHECK-NEXT: aic.mul %[[MEAN]], %[[MEAN]]
// CHECK-NEXT: aic.sub
// CHECK-NEXT: aic.add
// CHECK-NEXT: aic.rsqrt
// CHECK-NEXT: aic.mul
// CHECK-NEXT: aic.sub %[[D]], %[[MEAN]]
// CHECK-NEXT: aic.mul
// CHECK-NEXT: %[[Y:.+]] = aic.add
// CHECK-NEXT: return %[[Y]]
func.func @main(%a: tensor<4x4xf32> {aic.range = array<f64: -1.0, 1.0>}) -> tensor<4x4xf32> {
  %eps = arith.constant dense<1.0e-5> : tensor<f32>
  %gain = arith.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
  %x = aic.matmul %a, %a {aic.range = array<f64: -4.0, 4.0>} : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  %0 = aic.reduce mean %x {axes = array<i64: 1>, keep_dims = true} : (tensor<4x4xf32>) -> tensor<4x1xf32>
  %1 = aic.mul %x, %x : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  %2 = aic.reduce mean %1 {axes = array<i64: 1>, keep_dims = true} : (tensor<4x4xf32>) -> tensor<4x1xf32>
  %3 = aic.mul %0, %0 : (tensor<4x1xf32>, tensor<4x1xf32>) -> tensor<4x1xf32>
  %4 = aic.sub %2, %3 : (tensor<4x1xf32>, tensor<4x1xf32>) -> tensor<4x1xf32>
  %5 = aic.add %4, %eps : (tensor<4x1xf32>, tensor<f32>) -> tensor<4x1xf32>
  %6 = aic.rsqrt %5 : (tensor<4x1xf32>) -> tensor<4x1xf32>
  %7 = aic.mul %6, %gain : (tensor<4x1xf32>, tensor<4xf32>) -> tensor<4x4xf32>
  %8 = aic.sub %x, %0 : (tensor<4x4xf32>, tensor<4x1xf32>) -> tensor<4x4xf32>
  %9 = aic.mul %8, %7 : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  %10 = aic.add %9, %gain : (tensor<4x4xf32>, tensor<4xf32>) -> tensor<4x4xf32>
  return %10 : tensor<4x4xf32>
}
