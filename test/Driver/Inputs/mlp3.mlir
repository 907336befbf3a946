// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Rows of three with a bias at the end of the weights.
func.func @main(%x: tensor<2x4xf32> {aic.name = "x"}) -> (tensor<2x3xf32> {aic.name = "y"}) {
  %w = arith.constant dense<0.5> : tensor<4x3xf32>
  %b = arith.constant dense<[1.0, 2.0, 3.0]> : tensor<3xf32>
  %0 = aic.matmul %x, %w : (tensor<2x4xf32>, tensor<4x3xf32>) -> tensor<2x3xf32>
  %1 = aic.add %0, %b : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  return %1 : tensor<2x3xf32>
}
