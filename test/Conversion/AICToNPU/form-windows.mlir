// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s --split-input-file --npu-form-units | FileCheck %s

// CHECK-LABEL: func @depthwise
// CHECK: npu.unit "window"(%arg0, %{{.*}}, %{{.*}}) {{.*}}clip = 1 : i64{{.*}}groups = 8 : i64{{.*}}macs = 1152 : i64{{.*}}op = 0 : i64
// CHECK-NOT: npu.reason
func.func @depthwise(%x: tensor<1x4x4x8xi8>) -> tensor<1x4x4x8xi8> {
  %one = arith.constant dense<1.0> : tensor<f32>
  %zx = arith.constant dense<3> : tensor<i8>
  %zy = arith.constant dense<-5> : tensor<i8>
  %m = arith.constant dense<0.01> : tensor<8xf32>
  %w = arith.constant dense<2.0> : tensor<3x3x1x8xf32>
  %0 = aic.dequantize %x, %one, %zx {axis = 0 : i64, block_size = 0 : i64} : (tensor<1x4x4x8xi8>, tensor<f32>, tensor<i8>) -> tensor<1x4x4x8xf32>
  %1 = aic.conv %0, %w {channels_last = true, dilations = array<i64: 1, 1>, groups = 8 : i64, pads = array<i64: 1, 1, 1, 1>, strides = array<i64: 1, 1>} : (tensor<1x4x4x8xf32>, tensor<3x3x1x8xf32>) -> tensor<1x4x4x8xf32>
  %2 = aic.mul %1, %m : (tensor<1x4x4x8xf32>, tensor<8xf32>) -> tensor<1x4x4x8xf32>
  %3 = aic.relu %2 : (tensor<1x4x4x8xf32>) -> tensor<1x4x4x8xf32>
  %4 = aic.quantize %3, %one, %zy {axis = 0 : i64, block_size = 0 : i64} : (tensor<1x4x4x8xf32>, tensor<f32>, tensor<i8>) -> tensor<1x4x4x8xi8>
  return %4 : tensor<1x4x4x8xi8>
}

// -----

// Two channels a group are the matrix unit's.
// CHECK-LABEL: func @grouped
// CHECK: npu.unit "conv"
func.func @grouped(%x: tensor<1x4x4x8xf16>) -> tensor<1x4x4x8xf16> {
  %w = arith.constant dense<2.0> : tensor<3x3x2x8xf16>
  %1 = aic.conv %x, %w {channels_last = true, dilations = array<i64: 1, 1>, groups = 4 : i64, pads = array<i64: 1, 1, 1, 1>, strides = array<i64: 1, 1>} : (tensor<1x4x4x8xf16>, tensor<3x3x2x8xf16>) -> tensor<1x4x4x8xf16>
  return %1 : tensor<1x4x4x8xf16>
}

// -----

// CHECK-LABEL: func @mean
// CHECK: npu.unit "window"(%arg0) {{.*}}has_scale = 1 : i64{{.*}}kh = 7 : i64, kw = 7 : i64{{.*}}op = 2 : i64{{.*}}scale = 5.000000e-01 : f32{{.*}}x_zero = 9 : i64{{.*}}y_zero = 4 : i64
func.func @mean(%x: tensor<2x7x7x40xui8>) -> tensor<2x40xui8> {
  %one = arith.constant dense<1.0> : tensor<f32>
  %zx = arith.constant dense<9> : tensor<ui8>
  %zy = arith.constant dense<4> : tensor<ui8>
  %m = arith.constant dense<0.5> : tensor<f32>
  %0 = aic.dequantize %x, %one, %zx {axis = 0 : i64, block_size = 0 : i64} : (tensor<2x7x7x40xui8>, tensor<f32>, tensor<ui8>) -> tensor<2x7x7x40xf32>
  %1 = aic.reduce mean %0 {axes = array<i64: 1, 2>, keep_dims = false} : (tensor<2x7x7x40xf32>) -> tensor<2x40xf32>
  %2 = aic.mul %1, %m : (tensor<2x40xf32>, tensor<f32>) -> tensor<2x40xf32>
  %3 = aic.quantize %2, %one, %zy {axis = 0 : i64, block_size = 0 : i64} : (tensor<2x40xf32>, tensor<f32>, tensor<ui8>) -> tensor<2x40xui8>
  return %3 : tensor<2x40xui8>
}

// -----

// A line of 240 is a window of 16 x 15.
// CHECK-LABEL: func @line
// CHECK: npu.unit "window"(%arg0) {{.*}}kh = 16 : i64, kw = 15 : i64{{.*}}op = 1 : i64
func.func @line(%x: tensor<2x240x5xf16>) -> tensor<2x5xf16> {
  %1 = aic.reduce max %x {axes = array<i64: 1>, keep_dims = false} : (tensor<2x240x5xf16>) -> tensor<2x5xf16>
  return %1 : tensor<2x5xf16>
}

// -----

// CHECK-LABEL: func @prime
// CHECK: aic.reduce max %arg0 {{.*}}npu.reason = "a reduction of 131 elements, which is no window of at most 127 x 127"
func.func @prime(%x: tensor<2x131x5xf16>) -> tensor<2x5xf16> {
  %1 = aic.reduce max %x {axes = array<i64: 1>, keep_dims = false} : (tensor<2x131x5xf16>) -> tensor<2x5xf16>
  return %1 : tensor<2x5xf16>
}

// -----

// CHECK-LABEL: func @channels_first
// CHECK: aic.max_pool {{.*}}npu.reason = "a window whose channels are not last"
func.func @channels_first(%x: tensor<1x5x8x8xi8>) -> tensor<1x5x4x4xi8> {
  %0 = aic.max_pool %x {ceil_mode = false, channels_last = false, dilations = array<i64: 1, 1>, kernel = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, strides = array<i64: 2, 2>} : (tensor<1x5x8x8xi8>) -> tensor<1x5x4x4xi8>
  return %0 : tensor<1x5x4x4xi8>
}

// -----

// The last window's last place lies behind the padding, which counts no more.
// CHECK-LABEL: func @beyond
// CHECK: aic.avg_pool {{.*}}npu.reason = "an average that counts its padding but not what lies beyond"
func.func @beyond(%x: tensor<1x6x6x5xf16>) -> tensor<1x4x4x5xf16> {
  %0 = aic.avg_pool %x {ceil_mode = true, channels_last = true, count_include_pad = true, dilations = array<i64: 1, 1>, kernel = array<i64: 2, 2>, pads = array<i64: 1, 1, 0, 0>, strides = array<i64: 2, 2>} : (tensor<1x6x6x5xf16>) -> tensor<1x4x4x5xf16>
  return %0 : tensor<1x4x4x5xf16>
}

// -----

// CHECK-LABEL: func @wide_step
// CHECK: aic.max_pool {{.*}}npu.reason = "expected window strides of at most 31, got 32"
func.func @wide_step(%x: tensor<1x64x64x5xi8>) -> tensor<1x2x2x5xi8> {
  %0 = aic.max_pool %x {ceil_mode = false, channels_last = true, dilations = array<i64: 1, 1>, kernel = array<i64: 2, 2>, pads = array<i64: 0, 0, 0, 0>, strides = array<i64: 32, 32>} : (tensor<1x64x64x5xi8>) -> tensor<1x2x2x5xi8>
  return %0 : tensor<1x2x2x5xi8>
}
