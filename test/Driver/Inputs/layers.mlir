// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A layer, a softmax and a transpose of it.
func.func @main(%x: tensor<24x32xf32> {aic.name = "x"}, %w: tensor<32x16xf32> {aic.name = "w"})
    -> (tensor<16x24xf32> {aic.name = "y"}) {
  %0 = aic.matmul %x, %w : (tensor<24x32xf32>, tensor<32x16xf32>) -> tensor<24x16xf32>
  %1 = aic.relu %0 : (tensor<24x16xf32>) -> tensor<24x16xf32>
  %2 = aic.softmax %1 {axis = 1 : i64} : (tensor<24x16xf32>) -> tensor<24x16xf32>
  %3 = aic.transpose %2 {permutation = array<i64: 1, 0>} : (tensor<24x16xf32>) -> tensor<16x24xf32>
  return %3 : tensor<16x24xf32>
}
