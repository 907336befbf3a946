// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s --npu-demote --canonicalize | FileCheck %s

// One conversion on the way in and one on the way out.
// CHECK-LABEL: func @chain
// CHECK: %[[X:.+]] = aic.cast %arg0 : (tensor<4x64xf32>) -> tensor<4x64xf16>
// CHECK: %[[M:.+]] = aic.matmul %[[X]], %{{.+}} : (tensor<4x64xf16>, tensor<64x8xf16>) -> tensor<4x8xf16>
// CHECK: %[[R:.+]] = aic.relu %[[M]] : (tensor<4x8xf16>)
// CHECK: aic.cast %[[R]] : (tensor<4x8xf16>) -> tensor<4x8xf32>
// CHECK-NOT: aic.cast
// CHECK: return
func.func @chain(%x: tensor<4x64xf32>, %w: tensor<64x8xf32>) -> tensor<4x8xf32> {
  %0 = aic.matmul %x, %w : (tensor<4x64xf32>, tensor<64x8xf32>) -> tensor<4x8xf32>
  %1 = aic.relu %0 : (tensor<4x8xf32>) -> tensor<4x8xf32>
  return %1 : tensor<4x8xf32>
}

// Numbers of 8-bit layers stay.
// CHECK-LABEL: func @quantised
// CHECK-NOT: f16
// CHECK: return
func.func @quantised(%x: tensor<64xi8>) -> tensor<64xi8> {
  %s = arith.constant dense<0.5> : tensor<f32>
  %z = arith.constant dense<1> : tensor<i8>
  %0 = aic.dequantize %x, %s, %z {axis = 0 : i64, block_size = 0 : i64} : (tensor<64xi8>, tensor<f32>, tensor<i8>) -> tensor<64xf32>
  %1 = aic.relu %0 : (tensor<64xf32>) -> tensor<64xf32>
  %2 = aic.quantize %1, %s, %z {axis = 0 : i64, block_size = 0 : i64} : (tensor<64xf32>, tensor<f32>, tensor<i8>) -> tensor<64xi8>
  return %2 : tensor<64xi8>
}
