// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s --npu-encode | FileCheck %s

// CHECK: func.func private @npu0(tensor<[[$SIZE:[0-9]+]]xi8>, tensor<64xi8>, tensor<64xi8>) -> tensor<64xi8> attributes {aic.kernel, npu.kernel}
// CHECK-NOT: npu.program
npu.program @npu0_program on #npu.machine<"edge-256"> attributes {sym_visibility = "private"} {
  npu.segment @in0 input 64 io {type = tensor<64xui8>}
  npu.segment @out0 output 64 io {type = tensor<64xui8>}
  npu.semaphore 0 LD to ST init 0
  %a = npu.buffer 64 at 0 : <L1>
  npu.load LD src = @in0[0], dst = %a[0], n0 = 64, n1 = 1, n2 = 1, n3 = 1 signal 0 : !npu.buffer<L1>
  npu.store ST src = %a[0], dst = @out0[0], n0 = 64, n1 = 1, n2 = 1, n3 = 1 wait 0 : !npu.buffer<L1>
  npu.control HALT
}
func.func private @npu0(tensor<64xui8>) -> tensor<64xui8> attributes {npu.program = @npu0_program}

// CHECK-LABEL: func.func @main
func.func @main(%x: tensor<64xui8>) -> tensor<64xui8> {
  // CHECK-DAG: %[[NPUB:.+]] = arith.constant dense_resource<npub{{.*}}> : tensor<[[$SIZE]]xi8>
  // CHECK-DAG: %[[X:.+]] = aic.bitcast %arg0
  // CHECK-DAG: %[[OUT:.+]] = tensor.empty() : tensor<64xi8>
  // CHECK: %[[Y:.+]] = call @npu0(%[[NPUB]], %[[X]], %[[OUT]])
  // CHECK: aic.bitcast %[[Y]]
  %0 = call @npu0(%x) : (tensor<64xui8>) -> tensor<64xui8>
  return %0 : tensor<64xui8>
}
