// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s -verify-roundtrip | FileCheck %s

// CHECK-LABEL: func @norms
func.func @norms(%x: tensor<2x?x8xf32>, %s: tensor<8xf32>, %b: tensor<1x8xf32>) -> tensor<2x?x8xf32> {
  // CHECK: aic.softmax
  %0 = aic.softmax %x {axis = 1 : i64} : (tensor<2x?x8xf32>) -> tensor<2x?x8xf32>
  // CHECK: aic.log_softmax
  %1 = aic.log_softmax %0 {axis = 2 : i64} : (tensor<2x?x8xf32>) -> tensor<2x?x8xf32>
  // CHECK: aic.layer_norm %{{.*}} scale(%{{.*}}) bias(%{{.*}}) {axis = 2 : i64
  %2 = aic.layer_norm %1 scale(%s) bias(%b) {axis = 2 : i64, epsilon = 1.0e-5 : f64} : (tensor<2x?x8xf32>, tensor<8xf32>, tensor<1x8xf32>) -> tensor<2x?x8xf32>
  // CHECK: aic.layer_norm %{{[^ ]*}} bias(%
  %3 = aic.layer_norm %2 bias(%b) {axis = 1 : i64, epsilon = 0.0 : f64} : (tensor<2x?x8xf32>, tensor<1x8xf32>) -> tensor<2x?x8xf32>
  // CHECK: aic.rms_norm
  %4 = aic.rms_norm %3, %s {axis = 2 : i64, epsilon = 1.0e-6 : f64} : (tensor<2x?x8xf32>, tensor<8xf32>) -> tensor<2x?x8xf32>
  // CHECK: aic.batch_norm
  %5 = aic.batch_norm %4, %s, %s, %s, %s {axis = 2 : i64, epsilon = 1.0e-5 : f64} : (tensor<2x?x8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<2x?x8xf32>
  return %5 : tensor<2x?x8xf32>
}
