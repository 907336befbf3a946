// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s --aic-gpu-emit-kernels --split-input-file --mlir-print-local-scope | FileCheck %s

// What is no sum of products of two operands goes to another emitter.

// CHECK-LABEL: func.func private @one_operand
// CHECK-SAME: nvidia.emitter = "direct"
func.func private @one_operand(tensor<8x16xf32>, tensor<8xf32>) -> tensor<8xf32> attributes {aic.kernel}
module {
  func.func private @one_operand(%a: tensor<8x16xf32>, %out: tensor<8xf32>) -> tensor<8xf32>
      attributes {aic.kernel, aic.lowering_config = #aic.lowering_config<contraction, {}>} {
    %zero = arith.constant 0.0 : f32
    %init = linalg.fill ins(%zero : f32) outs(%out : tensor<8xf32>) -> tensor<8xf32>
    %r = linalg.generic {indexing_maps = [affine_map<(m, k) -> (m, k)>, affine_map<(m, k) -> (m)>], iterator_types = ["parallel", "reduction"]}
        ins(%a : tensor<8x16xf32>) outs(%init : tensor<8xf32>) {
      ^bb0(%x: f32, %acc: f32):
        %s = arith.addf %x, %acc : f32
        linalg.yield %s : f32
    } -> tensor<8xf32>
    return %r : tensor<8xf32>
  }
}

// -----

// CHECK-LABEL: func.func private @tile_of_three
// CHECK-SAME: nvidia.emitter = "direct"
func.func private @tile_of_three(tensor<8x8xf32>, tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<8x8xf32> attributes {aic.kernel}
module {
  func.func private @tile_of_three(%a: tensor<8x8xf32>, %b: tensor<8x8xf32>, %out: tensor<8x8xf32>) -> tensor<8x8xf32>
      attributes {aic.kernel, aic.lowering_config = #aic.lowering_config<contraction, {tile_m = 3}>} {
    %zero = arith.constant 0.0 : f32
    %init = linalg.fill ins(%zero : f32) outs(%out : tensor<8x8xf32>) -> tensor<8x8xf32>
    %r = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
                         iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%a, %b : tensor<8x8xf32>, tensor<8x8xf32>) outs(%init : tensor<8x8xf32>) {
      ^bb0(%x: f32, %y: f32, %acc: f32):
        %p = arith.mulf %x, %y : f32
        %s = arith.addf %p, %acc : f32
        linalg.yield %s : f32
    } -> tensor<8x8xf32>
    return %r : tensor<8x8xf32>
  }
}
