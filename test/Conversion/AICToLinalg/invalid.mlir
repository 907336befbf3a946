// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s -split-input-file -verify-diagnostics --convert-aic-to-linalg

func.func @foreign_operation(%x: tensor<4xf32>) {
  // expected-error @+1 {{expected a graph operation, got 'memref.alloc'}}
  %0 = memref.alloc() : memref<4xf32>
  return
}
