// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s --aic-attach-target="backend=nvidia cpu=sm_80" --aic-select-config | FileCheck %s

#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (k, n)>
#c = affine_map<(m, n, k) -> (m, n)>

// A large result takes the tile in which a thread has 8 x 8 elements; one row takes one row.
// CHECK: @large{{.*}}#aic.lowering_config<contraction, {thread_m = 8 : i64, thread_n = 8 : i64, tile_k = {{8|16}} : i64, tile_m = {{64|128}} : i64, tile_n = {{64|128}} : i64}>
func.func private @large(%x: tensor<4096x1024xf32>, %w: tensor<1024x4096xf32>, %out: tensor<4096x4096xf32>) -> tensor<4096x4096xf32> attributes {aic.kernel} {
  %zero = arith.constant 0.0 : f32
  %init = linalg.fill ins(%zero : f32) outs(%out : tensor<4096x4096xf32>) -> tensor<4096x4096xf32>
  %r = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<4096x1024xf32>, tensor<1024x4096xf32>) outs(%init : tensor<4096x4096xf32>) {
    ^bb0(%u: f32, %v: f32, %acc: f32):
      %p = arith.mulf %u, %v : f32
      %s = arith.addf %p, %acc : f32
      linalg.yield %s : f32
  } -> tensor<4096x4096xf32>
  return %r : tensor<4096x4096xf32>
}

// CHECK: @row{{.*}}#aic.lowering_config<contraction, {thread_m = 1 : i64, {{.*}}tile_m = 1 : i64
func.func private @row(%x: tensor<1x1024xf32>, %w: tensor<1024x4096xf32>, %out: tensor<1x4096xf32>) -> tensor<1x4096xf32> attributes {aic.kernel} {
  %zero = arith.constant 0.0 : f32
  %init = linalg.fill ins(%zero : f32) outs(%out : tensor<1x4096xf32>) -> tensor<1x4096xf32>
  %r = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<1x1024xf32>, tensor<1024x4096xf32>) outs(%init : tensor<1x4096xf32>) {
    ^bb0(%u: f32, %v: f32, %acc: f32):
      %p = arith.mulf %u, %v : f32
      %s = arith.addf %p, %acc : f32
      linalg.yield %s : f32
  } -> tensor<1x4096xf32>
  return %r : tensor<1x4096xf32>
}

// Elements of 16 bits: a step reads at least 32 bytes of a row.
// CHECK: @half{{.*}}tile_k = {{16|32}} : i64
func.func private @half(%x: tensor<256x256xf16>, %w: tensor<256x256xf16>, %out: tensor<256x256xf32>) -> tensor<256x256xf32> attributes {aic.kernel} {
  %zero = arith.constant 0.0 : f32
  %init = linalg.fill ins(%zero : f32) outs(%out : tensor<256x256xf32>) -> tensor<256x256xf32>
  %r = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<256x256xf16>, tensor<256x256xf16>) outs(%init : tensor<256x256xf32>) {
    ^bb0(%u: f16, %v: f16, %acc: f32):
      %l = arith.extf %u : f16 to f32
      %r = arith.extf %v : f16 to f32
      %p = arith.mulf %l, %r : f32
      %s = arith.addf %p, %acc : f32
      linalg.yield %s : f32
  } -> tensor<256x256xf32>
  return %r : tensor<256x256xf32>
}
