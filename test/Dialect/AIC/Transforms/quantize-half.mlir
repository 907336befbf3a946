// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s -aic-quantize="keep=second" -canonicalize -cse | FileCheck %s
// RUN: aic-opt %s -aic-quantize="keep=second,third" -canonicalize -cse | FileCheck %s --check-prefix=BOTH
// RUN: not aic-opt %s -aic-quantize="keep=fourth" 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// RUN: not aic-opt %s -aic-quantize="ranges=%t.none" 2>&1 | FileCheck %s --check-prefix=NOFILE
// RUN: echo '{"ranges": {"x": [-1, 1], "first": [-2, 2], "second": [0, 2], "elsewhere": [0, 1]}}' > %t.json
// RUN: not aic-opt %s -aic-quantize="ranges=%t.json" 2>&1 | FileCheck %s --check-prefix=MISSING
// RUN: echo '{"ranges": {"x": [1, -1]}}' > %t.json
// RUN: not aic-opt %s -aic-quantize="ranges=%t.json" 2>&1 | FileCheck %s --check-prefix=TURNED

// Two layers in f16 have no f32 between them.
// CHECK-LABEL: func.func @main
// CHECK: %[[F:.+]] = aic.matmul %{{.+}} -> tensor<2x4xf32>
// CHECK-NEXT: %[[Q:.+]] = aic.quantize %[[F]]
// CHECK-NEXT: %[[D:.+]] = aic.dequantize %[[Q]]
// CHECK-NEXT: %[[H:.+]] = aic.cast %[[D]] : (tensor<2x4xf32>) -> tensor<2x4xf16>
// CHECK-NEXT: %[[M:.+]] = aic.matmul %[[H]], %{{.+}} -> tensor<2x4xf16>
// CHECK-NEXT: %[[R:.+]] = aic.relu %[[M]] : (tensor<2x4xf16>)
// CHECK-NEXT: %[[F:.+]] = aic.cast %[[R]] : (tensor<2x4xf16>) -> tensor<2x4xf32>
// CHECK-NEXT: aic.quantize %[[F]]
// BOTH: %[[M:.+]] = aic.matmul %{{.+}} -> tensor<2x4xf16>
// BOTH-NEXT: %[[R:.+]] = aic.relu %[[M]]
// BOTH-NEXT: %[[T:.+]] = aic.transpose %[[R]] {{.*}} -> tensor<4x2xf16>
// BOTH-NEXT: %[[N:.+]] = aic.matmul %[[T]], %{{.+}} -> tensor<4x2xf16>
// BOTH-NEXT: %[[F:.+]] = aic.cast %[[N]]
// BOTH-NEXT: return %[[F]]
// UNKNOWN: error: {{.*}}expected the names of layers to keep, got 'fourth'
// NOFILE: error: cannot read '{{.*}}.none'
// MISSING: error: {{.*}}expected a range of 'third', got none
// TURNED: error: {{.*}}expected [low, high] as the range of 'x'
func.func @main(%x: tensor<2x4xf32> {aic.name = "x", aic.range = array<f64: -1.0, 1.0>}) -> tensor<4x2xf32> {
  %w = arith.constant dense<0.5> : tensor<4x4xf32>
  %v = arith.constant dense<0.25> : tensor<2x2xf32>
  %0 = aic.matmul %x, %w {aic.range = array<f64: -2.0, 2.0>} : (tensor<2x4xf32>, tensor<4x4xf32>) -> tensor<2x4xf32> loc("first")
  %1 = aic.matmul %0, %w : (tensor<2x4xf32>, tensor<4x4xf32>) -> tensor<2x4xf32> loc("product")
  %2 = aic.relu %1 {aic.range = array<f64: 0.0, 2.0>} : (tensor<2x4xf32>) -> tensor<2x4xf32> loc("second")
  %3 = aic.transpose %2 {permutation = array<i64: 1, 0>} : (tensor<2x4xf32>) -> tensor<4x2xf32> loc("turn")
  %4 = aic.matmul %3, %v {aic.range = array<f64: 0.0, 1.0>} : (tensor<4x2xf32>, tensor<2x2xf32>) -> tensor<4x2xf32> loc("third")
  return %4 : tensor<4x2xf32>
}
