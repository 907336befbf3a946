// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s --npu-form-units --npu-partition --npu-lower-units | FileCheck %s

// CHECK-LABEL: npu.program @npu0_program
// CHECK: npu.segment @constants const
// CHECK: npu.segment @in0 input 512 io {type = tensor<4x64xf16>}
// CHECK: npu.segment @out0 output 64
// CHECK: npu.mark "conv" macs 2048
// CHECK: npu.load LD src = @in0[0]
// CHECK: npu.load LD src = @constants[0]
// CHECK: npu.gather LDA {{.*}}log2elem = 1, h = 1, w = 4, c = 64{{.*}}m_len = 4, k_len = 64
// CHECK: npu.gather LDB {{.*}}m_len = 8, k_len = 64
// CHECK: npu.matrix MMA {{.*}}m = 4, n = 8, k = 64, adt = f16, bdt = f16
// CHECK: npu.fix FXOUT {{.*}}acc = f32, out = f16{{.*}}act = clip, hi = 31744
// CHECK: npu.store ST {{.*}}dst = @out0[0]
// CHECK: npu.control HALT
// CHECK: func.func private @npu0(tensor<4x64xf16>{{.*}}) -> tensor<4x8xf16> attributes {npu.program = @npu0_program}
func.func @main(%x: tensor<4x64xf16>) -> tensor<4x8xf16> {
  %w = arith.constant dense<0.5> : tensor<64x8xf16>
  %0 = aic.matmul %x, %w : (tensor<4x64xf16>, tensor<64x8xf16>) -> tensor<4x8xf16>
  %1 = aic.relu %0 : (tensor<4x8xf16>) -> tensor<4x8xf16>
  return %1 : tensor<4x8xf16>
}
