// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s --npu-form-units --npu-partition=machine=edge-512 | FileCheck %s

// Work before and after an operation of the host is two programs; what does not wait for it is in the first.
// CHECK-LABEL: func.func private @npu0
// CHECK-SAME: npu.machine = #npu.machine<"edge-512">
// CHECK-COUNT-2: npu.unit
// CHECK-LABEL: func.func private @npu1
// CHECK-COUNT-1: npu.unit
// CHECK-LABEL: func.func @main
// CHECK: %[[A:.+]]:2 = call @npu0(%arg0, %arg1)
// CHECK: %[[H:.+]] = aic.sin %{{.+}} {npu.reason = "{{.+}}"}
// CHECK: %[[B:.+]] = call @npu1(%[[H]]
func.func @main(%x: tensor<64xf16>, %y: tensor<64xf16>) -> (tensor<64xf16>, tensor<64xf16>) {
  %0 = aic.relu %x : (tensor<64xf16>) -> tensor<64xf16>
  %1 = aic.sin %0 : (tensor<64xf16>) -> tensor<64xf16>
  %2 = aic.tanh %1 : (tensor<64xf16>) -> tensor<64xf16>
  %3 = aic.sigmoid %y : (tensor<64xf16>) -> tensor<64xf16>
  return %2, %3 : tensor<64xf16>, tensor<64xf16>
}

// A fixed result of extents that are not fixed is the host's.
// CHECK-LABEL: func.func @open
// CHECK-NOT: call @npu
// CHECK: aic.reduce {{.*}}npu.reason = "its shapes are not fixed"
func.func @open(%x: tensor<1x?x?x8xf16>) -> tensor<1x1x1x8xf16> {
  %0 = aic.reduce mean %x {axes = array<i64: 1, 2>, keep_dims = true} : (tensor<1x?x?x8xf16>) -> tensor<1x1x1x8xf16>
  %1 = aic.relu %0 : (tensor<1x1x1x8xf16>) -> tensor<1x1x1x8xf16>
  return %1 : tensor<1x1x1x8xf16>
}

// An empty tensor has fixed shapes.
// CHECK-LABEL: func.func @empty
// CHECK: aic.relu {{.*}}npu.reason = "a tensor without elements"
func.func @empty(%x: tensor<0x8xf16>) -> tensor<0x8xf16> {
  %0 = aic.relu %x : (tensor<0x8xf16>) -> tensor<0x8xf16>
  return %0 : tensor<0x8xf16>
}
