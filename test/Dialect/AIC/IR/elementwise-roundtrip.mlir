// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s -verify-roundtrip | FileCheck %s

// CHECK-LABEL: func @unary
func.func @unary(%x0: tensor<4x?xf32>) -> tensor<4x?xf32> {
  // CHECK: aic.abs %
  %x1 = aic.abs %x0 : (tensor<4x?xf32>) -> tensor<4x?xf32>
  // CHECK: aic.neg %
  %x2 = aic.neg %x1 : (tensor<4x?xf32>) -> tensor<4x?xf32>
  // CHECK: aic.sign %
  %x3 = aic.sign %x2 : (tensor<4x?xf32>) -> tensor<4x?xf32>
  // CHECK: aic.relu %
  %x4 = aic.relu %x3 : (tensor<4x?xf32>) -> tensor<4x?xf32>
  // CHECK: aic.exp %
  %x5 = aic.exp %x4 : (tensor<4x?xf32>) -> tensor<4x?xf32>
  // CHECK: aic.log %
  %x6 = aic.log %x5 : (tensor<4x?xf32>) -> tensor<4x?xf32>
  // CHECK: aic.sqrt %
  %x7 = aic.sqrt %x6 : (tensor<4x?xf32>) -> tensor<4x?xf32>
  // CHECK: aic.rsqrt %
  %x8 = aic.rsqrt %x7 : (tensor<4x?xf32>) -> tensor<4x?xf32>
  // CHECK: aic.erf %
  %x9 = aic.erf %x8 : (tensor<4x?xf32>) -> tensor<4x?xf32>
  // CHECK: aic.sigmoid %
  %x10 = aic.sigmoid %x9 : (tensor<4x?xf32>) -> tensor<4x?xf32>
  // CHECK: aic.tanh %
  %x11 = aic.tanh %x10 : (tensor<4x?xf32>) -> tensor<4x?xf32>
  // CHECK: aic.sin %
  %x12 = aic.sin %x11 : (tensor<4x?xf32>) -> tensor<4x?xf32>
  // CHECK: aic.cos %
  %x13 = aic.cos %x12 : (tensor<4x?xf32>) -> tensor<4x?xf32>
  // CHECK: aic.tan %
  %x14 = aic.tan %x13 : (tensor<4x?xf32>) -> tensor<4x?xf32>
  // CHECK: aic.asin %
  %x15 = aic.asin %x14 : (tensor<4x?xf32>) -> tensor<4x?xf32>
  // CHECK: aic.acos %
  %x16 = aic.acos %x15 : (tensor<4x?xf32>) -> tensor<4x?xf32>
  // CHECK: aic.atan %
  %x17 = aic.atan %x16 : (tensor<4x?xf32>) -> tensor<4x?xf32>
  // CHECK: aic.sinh %
  %x18 = aic.sinh %x17 : (tensor<4x?xf32>) -> tensor<4x?xf32>
  // CHECK: aic.cosh %
  %x19 = aic.cosh %x18 : (tensor<4x?xf32>) -> tensor<4x?xf32>
  // CHECK: aic.asinh %
  %x20 = aic.asinh %x19 : (tensor<4x?xf32>) -> tensor<4x?xf32>
  // CHECK: aic.acosh %
  %x21 = aic.acosh %x20 : (tensor<4x?xf32>) -> tensor<4x?xf32>
  // CHECK: aic.atanh %
  %x22 = aic.atanh %x21 : (tensor<4x?xf32>) -> tensor<4x?xf32>
  // CHECK: aic.floor %
  %x23 = aic.floor %x22 : (tensor<4x?xf32>) -> tensor<4x?xf32>
  // CHECK: aic.ceil %
  %x24 = aic.ceil %x23 : (tensor<4x?xf32>) -> tensor<4x?xf32>
  // CHECK: aic.round %
  %x25 = aic.round %x24 : (tensor<4x?xf32>) -> tensor<4x?xf32>
  return %x25 : tensor<4x?xf32>
}

// CHECK-LABEL: func @bits
func.func @bits(%x: tensor<4xui8>, %t: tensor<4xi1>) -> (tensor<4xui8>, tensor<4xi1>) {
  // CHECK: aic.bitwise_not %
  %0 = aic.bitwise_not %x : (tensor<4xui8>) -> tensor<4xui8>
  // CHECK: aic.not %
  %1 = aic.not %t : (tensor<4xi1>) -> tensor<4xi1>
  // CHECK: aic.and %
  %2 = aic.and %0, %x : (tensor<4xui8>, tensor<4xui8>) -> tensor<4xui8>
  // CHECK: aic.or %
  %3 = aic.or %1, %t : (tensor<4xi1>, tensor<4xi1>) -> tensor<4xi1>
  // CHECK: aic.xor %
  %4 = aic.xor %3, %t : (tensor<4xi1>, tensor<4xi1>) -> tensor<4xi1>
  // CHECK: aic.shift_left %
  %5 = aic.shift_left %2, %x : (tensor<4xui8>, tensor<4xui8>) -> tensor<4xui8>
  // CHECK: aic.shift_right %
  %6 = aic.shift_right %5, %x : (tensor<4xui8>, tensor<4xui8>) -> tensor<4xui8>
  return %6, %4 : tensor<4xui8>, tensor<4xi1>
}

// CHECK-LABEL: func @tests
func.func @tests(%x: tensor<?xf16>) -> (tensor<?xi1>, tensor<?xi1>) {
  // CHECK: aic.is_nan %
  %0 = aic.is_nan %x : (tensor<?xf16>) -> tensor<?xi1>
  // CHECK: aic.is_inf %{{.*}} {negative = false, positive = true}
  %1 = aic.is_inf %x {positive = true, negative = false} : (tensor<?xf16>) -> tensor<?xi1>
  return %0, %1 : tensor<?xi1>, tensor<?xi1>
}

// Shapes are aligned at the last dimension; an extent of 1 takes the other's.
// CHECK-LABEL: func @binary
func.func @binary(%x: tensor<4x1x?xi32>, %y: tensor<5x1xi32>) -> tensor<4x5x?xi32> {
  // CHECK: aic.add %
  %0 = aic.add %x, %y : (tensor<4x1x?xi32>, tensor<5x1xi32>) -> tensor<4x5x?xi32>
  // CHECK: aic.sub %
  %1 = aic.sub %0, %y : (tensor<4x5x?xi32>, tensor<5x1xi32>) -> tensor<4x5x?xi32>
  // CHECK: aic.mul %
  %2 = aic.mul %1, %y : (tensor<4x5x?xi32>, tensor<5x1xi32>) -> tensor<4x5x?xi32>
  // CHECK: aic.div %
  %3 = aic.div %2, %y : (tensor<4x5x?xi32>, tensor<5x1xi32>) -> tensor<4x5x?xi32>
  // CHECK: aic.rem %
  %4 = aic.rem %3, %y : (tensor<4x5x?xi32>, tensor<5x1xi32>) -> tensor<4x5x?xi32>
  // CHECK: aic.mod %
  %5 = aic.mod %4, %y : (tensor<4x5x?xi32>, tensor<5x1xi32>) -> tensor<4x5x?xi32>
  // CHECK: aic.pow %
  %6 = aic.pow %5, %y : (tensor<4x5x?xi32>, tensor<5x1xi32>) -> tensor<4x5x?xi32>
  // CHECK: aic.maximum %
  %7 = aic.maximum %6, %y : (tensor<4x5x?xi32>, tensor<5x1xi32>) -> tensor<4x5x?xi32>
  // CHECK: aic.minimum %
  %8 = aic.minimum %7, %y : (tensor<4x5x?xi32>, tensor<5x1xi32>) -> tensor<4x5x?xi32>
  return %8 : tensor<4x5x?xi32>
}

// CHECK-LABEL: func @choose
func.func @choose(%x: tensor<4x1xf64>, %y: tensor<3xf64>) -> tensor<4x3xf64> {
  // CHECK: %[[C:.+]] = aic.compare le %{{.*}}, %{{.*}} : (tensor<4x1xf64>, tensor<3xf64>) -> tensor<4x3xi1>
  %0 = aic.compare le %x, %y : (tensor<4x1xf64>, tensor<3xf64>) -> tensor<4x3xi1>
  // CHECK: aic.select %[[C]], %
  %1 = aic.select %0, %x, %y : (tensor<4x3xi1>, tensor<4x1xf64>, tensor<3xf64>) -> tensor<4x3xf64>
  return %1 : tensor<4x3xf64>
}

// CHECK-LABEL: func @quantisation
func.func @quantisation(%x: tensor<2x8xf32>, %s: tensor<8xf32>, %z: tensor<8xi8>, %bs: tensor<2x3xf32>, %bz: tensor<2x3xi8>) -> tensor<2x8xf16> {
  // CHECK: aic.cast %
  %0 = aic.cast %x : (tensor<2x8xf32>) -> tensor<2x8xbf16>
  // CHECK: aic.quantize %
  %1 = aic.quantize %0, %s, %z {axis = 1 : i64, block_size = 0 : i64} : (tensor<2x8xbf16>, tensor<8xf32>, tensor<8xi8>) -> tensor<2x8xi8>
  // CHECK: aic.dequantize %
  %2 = aic.dequantize %1, %bs, %bz {axis = 1 : i64, block_size = 3 : i64} : (tensor<2x8xi8>, tensor<2x3xf32>, tensor<2x3xi8>) -> tensor<2x8xf16>
  return %2 : tensor<2x8xf16>
}

// CHECK-LABEL: func @bitcast
func.func @bitcast(%x: tensor<4x?xf32>) -> tensor<4x?xui32> {
  // CHECK: aic.bitcast %
  %0 = aic.bitcast %x : (tensor<4x?xf32>) -> tensor<4x?xui32>
  return %0 : tensor<4x?xui32>
}
