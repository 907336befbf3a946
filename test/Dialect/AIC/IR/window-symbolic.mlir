// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s -aic-infer-shapes | FileCheck %s
// Pooled and resized extents stay expressions of the input's.

// Upsampling by 2, then pooling by 2, is the input's extent: the last reshape cancels it.
// CHECK-LABEL: func @pool_undoes_resize
func.func @pool_undoes_resize(%x: tensor<1x4x6x?xf32>, %sizes: tensor<4xi64>) -> tensor<?x?xf32> {
  %scales = arith.constant dense<[1.0, 1.0, 2.0, 2.0]> : tensor<4xf32>
  %three = arith.constant dense<3> : tensor<1xi64>
  %open = arith.constant dense<-1> : tensor<1xi64>
  // CHECK: aic.resize {{.*}} -> tensor<1x4x12x?xf32>
  %0 = aic.resize %x, %scales, %sizes {mode = #aic<resize_mode nearest>, coordinates = #aic<coordinate_mode asymmetric>,
      nearest = #aic<nearest_mode floor>, cubic_a = -0.75 : f64, exclude_outside = false, antialias = false}
      : (tensor<1x4x6x?xf32>, tensor<4xf32>, tensor<4xi64>) -> tensor<?x?x?x?xf32>
  // CHECK: aic.max_pool {{.*}} -> tensor<1x4x6x?xf32>
  %1 = aic.max_pool %0 {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>,
      pads = array<i64: 0, 0, 0, 0>, ceil_mode = true, channels_last = false} : (tensor<?x?x?x?xf32>) -> tensor<?x?x?x?xf32>
  %2 = aic.shape_of %x : (tensor<1x4x6x?xf32>) -> tensor<4xi64>
  %3 = aic.gather %2, %three {axis = 0 : i64} : (tensor<4xi64>, tensor<1xi64>) -> tensor<1xi64>
  %4 = aic.concat %3, %open {axis = 0 : i64} : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  // CHECK: aic.reshape {{.*}} -> tensor<?x24xf32>
  %5 = aic.reshape %1, %4 {copy_zeros = false} : (tensor<?x?x?x?xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  return %5 : tensor<?x?xf32>
}
