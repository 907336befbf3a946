// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s -aic-gpu-lower-math | FileCheck %s

// What functions compute is tested in test/python/test_nvptx_math.py; here, what becomes of operations.

// CHECK-LABEL: func.func @exp
// CHECK: llvm.call_intrinsic "llvm.nvvm.ex2.approx.f32"
// CHECK-NOT: math.exp
func.func @exp(%x: f32) -> f32 {
  %y = math.exp %x : f32
  return %y : f32
}

// Vectors are taken apart.
// CHECK-LABEL: func.func @vectors
// CHECK: vector.extract %{{.+}}[0] : f32 from vector<2xf32>
// CHECK: llvm.call_intrinsic
// CHECK: vector.extract %{{.+}}[1] : f32 from vector<2xf32>
// CHECK: llvm.call_intrinsic
// CHECK: vector.from_elements
func.func @vectors(%x: vector<2xf32>) -> vector<2xf32> {
  %y = math.exp %x : vector<2xf32>
  return %y : vector<2xf32>
}

// Instructions stay, on vectors too.
// CHECK-LABEL: func.func @instructions
// CHECK: math.sqrt %{{.+}} : vector<4xf32>
// CHECK: math.floor %{{.+}} : f64
// CHECK: math.fma
func.func @instructions(%x: vector<4xf32>, %y: f64) -> (vector<4xf32>, f64) {
  %0 = math.sqrt %x : vector<4xf32>
  %1 = math.floor %y : f64
  %2 = math.fma %1, %y, %y : f64
  return %0, %2 : vector<4xf32>, f64
}

// 16 bits are computed in 32.
// CHECK-LABEL: func.func @narrow
// CHECK: %[[W:.+]] = arith.extf %{{.+}} : bf16 to f32
// CHECK: %[[R:.+]] = math.sqrt %[[W]] : f32
// CHECK: arith.truncf %[[R]] : f32 to bf16
func.func @narrow(%x: bf16) -> bf16 {
  %0 = math.sqrt %x : bf16
  return %0 : bf16
}

// Tests keep their truth value.
// CHECK-LABEL: func.func @tests
// CHECK: math.isnan %{{.+}} : f32
func.func @tests(%x: f16) -> i1 {
  %0 = math.isnan %x : f16
  return %0 : i1
}

// What was there may contract, what the pass writes must not.
// CHECK-LABEL: func.func @contraction
// CHECK: arith.mulf %{{.+}}, %{{.+}} fastmath<contract> : f32
// CHECK: arith.mulf %{{.+}}, %{{.+}} : f32
func.func @contraction(%x: f32) -> f32 {
  %0 = arith.mulf %x, %x : f32
  %1 = math.log1p %0 : f32
  return %1 : f32
}

// Remainders are exact: a long division.
// CHECK-LABEL: func.func @remainder
// CHECK-NOT: arith.remf
// CHECK-COUNT-2: scf.while
func.func @remainder(%x: f32, %y: f32) -> f32 {
  %0 = arith.remf %x, %y : f32
  return %0 : f32
}
