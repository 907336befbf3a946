// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s -split-input-file -verify-diagnostics --convert-aic-to-linalg

func.func @dynamic_filter(%x: tensor<1x4x4x6xf32>, %w: tensor<?x2x3x6xf32>) -> tensor<1x?x8x3xf32> {
  // expected-error @+1 {{'aic.conv_transpose' op expected a filter of static spatial extents, got 'tensor<?x2x3x6xf32>'}}
  %0 = aic.conv_transpose %x, %w {strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, output_padding = array<i64: 0, 0>, groups = 1 : i64, channels_last = true} : (tensor<1x4x4x6xf32>, tensor<?x2x3x6xf32>) -> tensor<1x?x8x3xf32>
  return %0 : tensor<1x?x8x3xf32>
}

// -----

func.func @foreign_operation(%x: tensor<4xf32>) {
  // expected-error @+1 {{expected a graph operation, got 'memref.alloc'}}
  %0 = memref.alloc() : memref<4xf32>
  return
}
