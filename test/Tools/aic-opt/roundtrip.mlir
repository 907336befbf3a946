// RUN: aic-opt -verify-roundtrip %s | FileCheck %s
// The dialects of every level parse without further options.

// CHECK-LABEL: func @levels
func.func @levels(%x: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK: linalg.exp
  %0 = tensor.empty() : tensor<4xf32>
  %1 = linalg.exp ins(%x : tensor<4xf32>) outs(%0 : tensor<4xf32>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}
