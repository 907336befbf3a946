// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s -aic-gpu-finish-entries | FileCheck %s

// CHECK: llvm.mlir.global internal @shared0() {addr_space = 3 : i32}
llvm.mlir.global private @shared0() {addr_space = 3 : i32} : !llvm.array<64 x f32>

// CHECK: llvm.func @k(%{{.+}}: !llvm.ptr<1> {llvm.align = 16 : i64, llvm.noalias, llvm.noundef}, %{{.+}}: i64 {llvm.noundef})
// CHECK-SAME: nvvm.kernel, nvvm.minctasm = 1 : i32, nvvm.reqntid = array<i32: 64, 2, 1>
llvm.func @k(%x: !llvm.ptr<1>, %n: i64) attributes {nvidia.block = array<i64: 64, 2, 1>, nvidia.min_blocks = 1 : i32, sym_visibility = "private"} {
  llvm.return
}

// CHECK: llvm.func internal @helper()
// CHECK-NOT: nvvm.kernel
llvm.func @helper() {
  llvm.return
}
