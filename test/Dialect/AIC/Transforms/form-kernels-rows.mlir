// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s --pass-pipeline='builtin.module(convert-aic-to-linalg,canonicalize,cse,func.func(aic-prepare-loops),aic-form-kernels{outer-rows=true row-recompute-cost=256})' | FileCheck %s --implicit-check-not="= call"
// RUN: aic-opt %s --pass-pipeline='builtin.module(convert-aic-to-linalg,canonicalize,cse,func.func(aic-prepare-loops),aic-form-kernels)' | FileCheck %s --check-prefix=INNER

// Rows along an outer dim are one kernel where a target reads them well; by default only innermost ones are.
// CHECK-LABEL: func.func @softmax_of_channels
// CHECK: call @k0
// INNER-LABEL: func.func @softmax_of_channels
// INNER-COUNT-3: call @k
func.func @softmax_of_channels(%x: tensor<2x12x35xf32>) -> tensor<2x12x35xf32> {
  %0 = aic.softmax %x {axis = 1 : i64} : (tensor<2x12x35xf32>) -> tensor<2x12x35xf32>
  return %0 : tensor<2x12x35xf32>
}

// An exponential that two passes need and no result has room for is computed again, if that is allowed to cost as much.
// CHECK-LABEL: func.func @half
// CHECK: call @k
// INNER-LABEL: func.func @half
// INNER-COUNT-2: call @k
func.func @half(%x: tensor<6x50xf16>) -> tensor<6x50xf16> {
  %0 = aic.softmax %x {axis = 1 : i64} : (tensor<6x50xf16>) -> tensor<6x50xf16>
  return %0 : tensor<6x50xf16>
}
