// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// MLIR's own options work with AIC's passes and pipelines.

// RUN: aic-opt --aic-to-loops --mlir-timing --mlir-timing-display=list %s -o /dev/null 2>&1 | FileCheck %s --check-prefix=TIMING
// TIMING: ConvertAICToLinalgPass

// RUN: aic-opt --aic-infer-shapes --mlir-print-ir-after=aic-infer-shapes %s -o /dev/null 2>&1 | FileCheck %s --check-prefix=IR
// IR: IR Dump After {{.*}}aic-infer-shapes

// RUN: aic-opt --aic-infer-shapes --canonicalize --mlir-generate-reproducer=%t.mlir %s | FileCheck %s --check-prefix=TYPED
// RUN: FileCheck %s --check-prefix=REPRODUCER < %t.mlir
// RUN: aic-opt --run-reproducer %t.mlir | FileCheck %s --check-prefix=TYPED
// REPRODUCER: mlir_reproducer
// REPRODUCER: aic-infer-shapes
// TYPED: func.func @main(%{{.+}}: tensor<2x3xf32>) -> tensor<2x3xf32>

// RUN: aic-opt --pass-pipeline='builtin.module(func.func(aic-infer-shapes),convert-aic-to-linalg)' %s | FileCheck %s --check-prefix=LOOPS
// LOOPS: linalg.generic
func.func @main(%x: tensor<2x3xf32>) -> tensor<?x?xf32> {
  %0 = aic.relu %x : (tensor<2x3xf32>) -> tensor<?x?xf32>
  return %0 : tensor<?x?xf32>
}
