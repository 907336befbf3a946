// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s --npu-form-units --npu-partition -o %t.mlir
// RUN: aic-opt %t.mlir --npu-lower-units 2>&1 | FileCheck %s --check-prefix=WHOLE --implicit-check-not=remark
// RUN: aic-opt %t.mlir --npu-lower-units=percent=50 2>&1 | FileCheck %s
// RUN: not aic-opt %t.mlir --npu-lower-units=percent=2 2>&1 | FileCheck %s --check-prefix=NONE --implicit-check-not=error:
// RUN: not aic-opt %t.mlir --npu-lower-units=percent=101 2>&1 | FileCheck %s --check-prefix=RANGE

// Tiles as large as the memories; then with half of those. What was written for the first ones is gone, buffers,
// instructions and packed weights.
// WHOLE: npu.segment @constants const 262144
// WHOLE: npu.mark "conv"
// WHOLE: npu.mark "elementwise"
// WHOLE-COUNT-2: npu.buffer 16384 "x" : <VB>
// CHECK: remark: conv: found places for the buffers of tiling {{[2-9]}}, after expected buffers of at most {{[0-9]+}} bytes in
// CHECK: remark: elementwise: found places for the buffers of tiling 2, after expected buffers of at most 32768 bytes in VB at a time, got 65536
// CHECK: npu.segment @constants const 262144
// CHECK: npu.mark "conv"
// CHECK-COUNT-4: npu.buffer 4096 "b" : <B0>
// CHECK-NOT: {{npu.mark "conv"|"b"}}
// CHECK: npu.mark "elementwise"
// CHECK-NEXT: npu.buffer 8192 "x" : <VB>
// CHECK-NEXT: npu.buffer 8192 "x" : <VB>
// CHECK-NEXT: npu.buffer 8192 "y" : <VB>
// CHECK-NEXT: npu.buffer 8192 "y" : <VB>
// CHECK-NOT: = npu.buffer

// NONE: error: conv: expected buffers of at most {{[0-9]+}} bytes in {{..}} at a time, got {{[0-9]+}} by the last of {{[0-9]+}} tilings
// NONE: note: buffer '{{.*}}' of {{[0-9]+}} bytes, used from instruction {{[0-9]+}} to {{[0-9]+}}

// RANGE: error: expected percent of 1 to 100, got 101
func.func @main(%x: tensor<64x256xf16>, %y: tensor<64x1024xf16>) -> (tensor<64x512xf16>, tensor<64x1024xf16>) {
  %w = arith.constant dense<0.5> : tensor<256x512xf16>
  %0 = aic.matmul %x, %w : (tensor<64x256xf16>, tensor<256x512xf16>) -> tensor<64x512xf16>
  %1 = aic.relu %y : (tensor<64x1024xf16>) -> tensor<64x1024xf16>
  return %0, %1 : tensor<64x512xf16>, tensor<64x1024xf16>
}
