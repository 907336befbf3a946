// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s -split-input-file --pass-pipeline='builtin.module(func.func(aic-integer-arithmetic,canonicalize,cse))' | FileCheck %s

// The sums are of integers in f32; scales are one factor per feature; the limit of the clamp is in units of the result.
// CHECK-LABEL: func.func @conv
// CHECK-SAME: (%[[X:.+]]: tensor<1x4x4x3xi8>)
// CHECK-DAG: %[[ONE:.+]] = arith.constant dense<1.000000e+00> : tensor<f32>
// CHECK-DAG: %[[ZX:.+]] = arith.constant dense<-3> : tensor<i8>
// CHECK-DAG: %[[ZY:.+]] = arith.constant dense<-128> : tensor<i8>
// CHECK-DAG: %[[W:.+]] = arith.constant dense<{{.+}}[1.000000e+00, 2.000000e+00], {{.+}}> : tensor<1x1x3x2xf32>
// CHECK-DAG: %[[B:.+]] = arith.constant dense<[1.000000e+02, -2.000000e+02]> : tensor<2xf32>
// CHECK-DAG: %[[M:.+]] = arith.constant dense<[6.250000e-02, 1.250000e-01]> : tensor<2xf32>
// CHECK-DAG: %[[SIX:.+]] = arith.constant dense<1.200000e+01> : tensor<f32>
// CHECK: %[[D:.+]] = aic.dequantize %[[X]], %[[ONE]], %[[ZX]]
// CHECK: %[[S:.+]] = aic.conv %[[D]], %[[W]], %[[B]] {
// CHECK: %[[P:.+]] = aic.mul %[[S]], %[[M]]
// CHECK: %[[L:.+]] = aic.minimum %[[P]], %[[SIX]]
// CHECK: %[[R:.+]] = aic.relu %[[L]]
// CHECK: %[[Q:.+]] = aic.quantize %[[R]], %[[ONE]], %[[ZY]]
// CHECK: return %[[Q]]
func.func @conv(%x: tensor<1x4x4x3xi8>) -> tensor<1x4x4x2xi8> {
  %sx = arith.constant dense<0.25> : tensor<f32>
  %zx = arith.constant dense<-3> : tensor<i8>
  %w = arith.constant dense<[[[[1, 2], [3, 4], [5, 6]]]]> : tensor<1x1x3x2xi8>
  %sw = arith.constant dense<[0.125, 0.25]> : tensor<2xf32>
  %zw = arith.constant dense<0> : tensor<2xi8>
  %b = arith.constant dense<[100, -200]> : tensor<2xi32>
  %sb = arith.constant dense<[0.03125, 0.0625]> : tensor<2xf32>
  %zb = arith.constant dense<0> : tensor<2xi32>
  %sy = arith.constant dense<0.5> : tensor<f32>
  %zy = arith.constant dense<-128> : tensor<i8>
  %six = arith.constant dense<6.0> : tensor<f32>
  %0 = aic.dequantize %x, %sx, %zx {axis = 0 : i64, block_size = 0 : i64} : (tensor<1x4x4x3xi8>, tensor<f32>, tensor<i8>) -> tensor<1x4x4x3xf32>
  %1 = aic.dequantize %w, %sw, %zw {axis = 3 : i64, block_size = 0 : i64} : (tensor<1x1x3x2xi8>, tensor<2xf32>, tensor<2xi8>) -> tensor<1x1x3x2xf32>
  %2 = aic.dequantize %b, %sb, %zb {axis = 0 : i64, block_size = 0 : i64} : (tensor<2xi32>, tensor<2xf32>, tensor<2xi32>) -> tensor<2xf32>
  %3 = aic.conv %0, %1, %2 {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, groups = 1 : i64, channels_last = true} : (tensor<1x4x4x3xf32>, tensor<1x1x3x2xf32>, tensor<2xf32>) -> tensor<1x4x4x2xf32>
  %4 = aic.minimum %3, %six : (tensor<1x4x4x2xf32>, tensor<f32>) -> tensor<1x4x4x2xf32>
  %5 = aic.relu %4 : (tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32>
  %6 = aic.quantize %5, %sy, %zy {axis = 0 : i64, block_size = 0 : i64} : (tensor<1x4x4x2xf32>, tensor<f32>, tensor<i8>) -> tensor<1x4x4x2xi8>
  return %6 : tensor<1x4x4x2xi8>
}

// -----

// 2048 products of up to 255 * 127 may leave what f32 holds exactly: i32. Scaled, but not quantised behind.
// CHECK-LABEL: func.func @deep
// CHECK: %[[W:.+]] = arith.constant dense<127> : tensor<2048x4xi32>
// CHECK: %[[I:.+]] = aic.cast %{{.+}} -> tensor<?x2048xi32>
// CHECK: %[[X:.+]] = aic.sub %[[I]]
// CHECK: %[[S:.+]] = aic.matmul %[[X]], %[[W]] : {{.*}} -> tensor<?x4xi32>
// CHECK: %[[R:.+]] = aic.cast %[[S]] : (tensor<?x4xi32>) -> tensor<?x4xf32>
// CHECK: %[[Y:.+]] = aic.mul %[[R]]
// CHECK: return %[[Y]]
func.func @deep(%x: tensor<?x2048xui8>) -> tensor<?x4xf32> {
  %s = arith.constant dense<0.25> : tensor<f32>
  %zx = arith.constant dense<7> : tensor<ui8>
  %w = arith.constant dense<127> : tensor<2048x4xi8>
  %zw = arith.constant dense<0> : tensor<i8>
  %0 = aic.dequantize %x, %s, %zx {axis = 0 : i64, block_size = 0 : i64} : (tensor<?x2048xui8>, tensor<f32>, tensor<ui8>) -> tensor<?x2048xf32>
  %1 = aic.dequantize %w, %s, %zw {axis = 0 : i64, block_size = 0 : i64} : (tensor<2048x4xi8>, tensor<f32>, tensor<i8>) -> tensor<2048x4xf32>
  %2 = aic.matmul %0, %1 : (tensor<?x2048xf32>, tensor<2048x4xf32>) -> tensor<?x4xf32>
  return %2 : tensor<?x4xf32>
}

// -----

// A sum takes its scales along; a function of one tensor becomes a table, its negative levels at the end.
// CHECK-LABEL: func.func @others
// CHECK-SAME: (%[[X:.+]]: tensor<4xi8>, %[[Y:.+]]: tensor<4xi8>)
// CHECK-DAG: %[[TABLE:.+]] = arith.constant dense<{{.+}}> : tensor<256xi8>
// CHECK-DAG: %[[HALF:.+]] = arith.constant dense<5.000000e-01> : tensor<f32>
// CHECK-DAG: %[[TWO:.+]] = arith.constant dense<2.000000e+00> : tensor<f32>
// CHECK-DAG: %[[A:.+]] = aic.dequantize %[[X]], %[[HALF]]
// CHECK-DAG: %[[B:.+]] = aic.dequantize %[[Y]], %[[TWO]]
// CHECK: %[[S:.+]] = aic.add %[[A]], %[[B]]
// CHECK: %[[Q:.+]] = aic.quantize %[[S]]
// CHECK: %[[I:.+]] = aic.cast %[[Q]] : (tensor<4xi8>) -> tensor<4xi32>
// CHECK: %[[T:.+]] = aic.gather %[[TABLE]], %[[I]] {axis = 0 : i64}
// CHECK: return %[[T]]
func.func @others(%x: tensor<4xi8>, %y: tensor<4xi8>) -> tensor<4xi8> {
  %sx = arith.constant dense<0.25> : tensor<f32>
  %sy = arith.constant dense<1.0> : tensor<f32>
  %sz = arith.constant dense<0.5> : tensor<f32>
  %z = arith.constant dense<0> : tensor<i8>
  %0 = aic.dequantize %x, %sx, %z {axis = 0 : i64, block_size = 0 : i64} : (tensor<4xi8>, tensor<f32>, tensor<i8>) -> tensor<4xf32>
  %1 = aic.dequantize %y, %sy, %z {axis = 0 : i64, block_size = 0 : i64} : (tensor<4xi8>, tensor<f32>, tensor<i8>) -> tensor<4xf32>
  %2 = aic.add %0, %1 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %3 = aic.quantize %2, %sz, %z {axis = 0 : i64, block_size = 0 : i64} : (tensor<4xf32>, tensor<f32>, tensor<i8>) -> tensor<4xi8>
  %4 = aic.dequantize %3, %sz, %z {axis = 0 : i64, block_size = 0 : i64} : (tensor<4xi8>, tensor<f32>, tensor<i8>) -> tensor<4xf32>
  %5 = aic.sigmoid %4 : (tensor<4xf32>) -> tensor<4xf32>
  %6 = aic.mul %4, %5 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %7 = aic.quantize %6, %sx, %z {axis = 0 : i64, block_size = 0 : i64} : (tensor<4xf32>, tensor<f32>, tensor<i8>) -> tensor<4xi8>
  return %7 : tensor<4xi8>
}

// -----

// Between a dequantisation and a quantisation elements move as integers; another scale behind is a table.
// CHECK-LABEL: func.func @moves
// CHECK-SAME: (%[[X:.+]]: tensor<1x2x4x4xi8>)
// CHECK: %[[P:.+]] = aic.max_pool %[[X]] {{.*}} -> tensor<1x2x2x2xi8>
// CHECK: %[[T:.+]] = aic.transpose %[[P]] {{.*}} -> tensor<1x2x2x2xi8>
// CHECK: %[[I:.+]] = aic.cast %[[T]]
// CHECK: %[[G:.+]] = aic.gather %{{.+}}, %[[I]]
// CHECK: return %[[T]], %[[G]]
func.func @moves(%x: tensor<1x2x4x4xi8>) -> (tensor<1x2x2x2xi8>, tensor<1x2x2x2xi8>) {
  %s = arith.constant dense<0.25> : tensor<f32>
  %t = arith.constant dense<0.5> : tensor<f32>
  %z = arith.constant dense<3> : tensor<i8>
  %0 = aic.dequantize %x, %s, %z {axis = 0 : i64, block_size = 0 : i64} : (tensor<1x2x4x4xi8>, tensor<f32>, tensor<i8>) -> tensor<1x2x4x4xf32>
  %1 = aic.max_pool %0 {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, ceil_mode = false, channels_last = false} : (tensor<1x2x4x4xf32>) -> tensor<1x2x2x2xf32>
  %2 = aic.transpose %1 {permutation = array<i64: 0, 2, 3, 1>} : (tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32>
  %3 = aic.quantize %2, %s, %z {axis = 0 : i64, block_size = 0 : i64} : (tensor<1x2x2x2xf32>, tensor<f32>, tensor<i8>) -> tensor<1x2x2x2xi8>
  %4 = aic.quantize %2, %t, %z {axis = 0 : i64, block_size = 0 : i64} : (tensor<1x2x2x2xf32>, tensor<f32>, tensor<i8>) -> tensor<1x2x2x2xi8>
  return %3, %4 : tensor<1x2x2x2xi8>, tensor<1x2x2x2xi8>
}
