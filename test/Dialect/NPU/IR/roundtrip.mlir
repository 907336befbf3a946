// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s -verify-roundtrip | FileCheck %s

// CHECK-LABEL: npu.program @copy on <"edge-256">
npu.program @copy on #npu.machine<"edge-256"> {
  // CHECK: npu.segment @w const 4 = dense<[1, 2, 3, 4]> : tensor<4xi8>
  npu.segment @w const 4 = dense<[1, 2, 3, 4]> : tensor<4xi8>
  // CHECK: npu.segment @x input 4096 io {type = tensor<4096xi8>}
  npu.segment @x input 4096 io {type = tensor<4096xi8>}
  npu.segment @y output 4096
  npu.segment @s scratch 64
  // CHECK: npu.semaphore 3 LD to ST init 1
  npu.semaphore 3 LD to ST init 1
  // CHECK: npu.mark "Conv" macs 12 bytes 34
  npu.mark "Conv" macs 12 bytes 34
  // CHECK: %[[B:.+]] = npu.buffer 4096 at 64 "in" : <L1>
  %b = npu.buffer 4096 at 64 "in" : <L1>
  %v = npu.buffer 64 : <VB>
  // CHECK: npu.load LD src = @x[8], dst = %[[B]][32], log2elem = 3, n0 = 8, n1 = 1, n2 = 1, n3 = 1 signal 3 tile [0, 1, 2, 3]
  npu.load LD src = @x[8], dst = %b[32], log2elem = 3, n0 = 8, n1 = 1, n2 = 1, n3 = 1 signal 3 tile [0, 1, 2, 3] : !npu.buffer<L1>
  // CHECK: npu.fill FILL on VX dst = %{{.+}}[0], n0 = 64, n1 = 1, n2 = 1, value = 7
  npu.fill FILL on VX dst = %v[0], n0 = 64, n1 = 1, n2 = 1, value = 7 : !npu.buffer<VB>
  // CHECK: npu.vector MAX dst = %[[V:.+]][0], s0 = %[[V]][0], s1 = 1065353216, s1_imm = 1, ddt = f16, s0dt = f16, s1dt = f16, len = 32, rep = 1
  npu.vector MAX dst = %v[0], s0 = %v[0], s1 = 1065353216, s1_imm = 1, ddt = f16, s0dt = f16, s1dt = f16, len = 32, rep = 1 : !npu.buffer<VB>, !npu.buffer<VB>
  // CHECK: npu.sync SWAIT on ST wait 3
  npu.sync SWAIT on ST wait 3
  // CHECK: npu.store ST src = %[[B]][32], dst = @y[0]
  npu.store ST src = %b[32], dst = @y[0], log2elem = 3, n0 = 8, n1 = 1, n2 = 1, n3 = 1 : !npu.buffer<L1>
  // CHECK: npu.control HALT
  npu.control HALT
}

// CHECK-LABEL: func @unit
func.func @unit(%x: tensor<4xf16>) -> tensor<4xf16> {
  // CHECK: npu.unit "elementwise"(%{{.+}}) {inner = 4 : i64} : (tensor<4xf16>) -> tensor<4xf16> {
  %0 = npu.unit "elementwise"(%x) {inner = 4 : i64} : (tensor<4xf16>) -> tensor<4xf16> {
  ^bb0(%a: tensor<4xf16>):
    %1 = aic.relu %a : (tensor<4xf16>) -> tensor<4xf16>
    // CHECK: npu.yield %{{.+}} : tensor<4xf16>
    npu.yield %1 : tensor<4xf16>
  }
  return %0 : tensor<4xf16>
}
