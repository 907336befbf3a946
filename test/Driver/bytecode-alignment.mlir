// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Small files are read to wherever the heap has room, which their names' lengths shift; sections of bytecode are aligned
// to 64 bytes for resources.
// RUN: rm -rf %t && mkdir %t && cd %t && aic-opt %s --emit-bytecode -o a.mlirbc
// RUN: cp a.mlirbc a-0123456789abcde.mlirbc && cp a.mlirbc a-0123456789abcdef0123456789abcde.mlirbc
// RUN: cp a.mlirbc a-0123456789abcdef0123456789abcdef0123456789abcde.mlirbc
// RUN: aic-run --interpret a.mlirbc --random | FileCheck %s
// RUN: aic-run --interpret a-0123456789abcde.mlirbc --random | FileCheck %s
// RUN: aic-run --interpret a-0123456789abcdef0123456789abcde.mlirbc --random | FileCheck %s
// RUN: aic-run --interpret a-0123456789abcdef0123456789abcdef0123456789abcde.mlirbc --random | FileCheck %s
// RUN: aic-run --interpret - --random < a.mlirbc | FileCheck %s
// CHECK: {{\[1, 2, 3, 4\]}}
func.func @main(%x: tensor<4xf32> {aic.name = "x"}) -> (tensor<4xf32> {aic.name = "y"}) {
  %w = arith.constant dense_resource<w> : tensor<4xf32>
  %zero = aic.sub %x, %x : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %y = aic.add %zero, %w : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}
{-# dialect_resources: {builtin: {w: "0x400000000000803f000000400000404000008040"}} #-}
