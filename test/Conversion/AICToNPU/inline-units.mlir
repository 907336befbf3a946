// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s --npu-inline-units | FileCheck %s

// CHECK-LABEL: func @unit
// CHECK-NOT: npu.
// CHECK: %[[R:.+]] = aic.relu %arg0
// CHECK: return %[[R]]
func.func @unit(%x: tensor<4xf16>) -> tensor<4xf16> {
  %0 = npu.unit "elementwise"(%x) {inner = 4 : i64} : (tensor<4xf16>) -> tensor<4xf16> {
  ^bb0(%a: tensor<4xf16>):
    %1 = aic.relu %a : (tensor<4xf16>) -> tensor<4xf16>
    npu.yield %1 : tensor<4xf16>
  }
  return %0 : tensor<4xf16>
}
