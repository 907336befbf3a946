// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s --aic-gpu-emit-kernels --canonicalize --cse --split-input-file --mlir-print-local-scope | FileCheck %s

// Rows of 1024 elements in the registers of a warp: four rows in a block, eight vectors for each lane, read and
// exponentiated once, two reductions of five shuffles, no shared memory.

// CHECK-LABEL: func.func private @softmax(tensor<6001x1024xf32>
// CHECK-SAME: nvidia.emitter = "rows"
// CHECK-SAME: block = array<i64: 128, 1, 1>, function = "softmax", grid = affine_map<() -> (1501, 1, 1)>
// CHECK: func.func private @softmax(%[[X:.+]]: memref<?xf32>, %[[Y:.+]]: memref<?xf32>)
// CHECK-NOT: memref.alloca
// CHECK: %[[ROW:.+]] = arith.minui
// CHECK-COUNT-8: vector.load %[[X]]{{.*}} {alignment = 16 : i64} : memref<?xf32>, vector<4xf32>
// CHECK-COUNT-5: gpu.shuffle xor
// CHECK-COUNT-8: math.exp %{{.*}} : vector<4xf32>
// CHECK-COUNT-5: gpu.shuffle xor
// CHECK-NOT: vector.load
// CHECK-NOT: math.exp
// CHECK-NOT: gpu.barrier
// CHECK: scf.if
// CHECK-COUNT-8: vector.store %{{.*}}, %[[Y]]{{.*}} {alignment = 16 : i64}
// CHECK-NOT: vector.store
#full = affine_map<(r, c) -> (r, c)>
#row = affine_map<(r, c) -> (r)>
func.func private @softmax(tensor<6001x1024xf32>, tensor<6001x1024xf32>) -> tensor<6001x1024xf32> attributes {aic.kernel}
module {
func.func private @softmax(%x: tensor<6001x1024xf32>, %out: tensor<6001x1024xf32>) -> tensor<6001x1024xf32> attributes {aic.kernel, aic.lowering_config = #aic.lowering_config<rows, {}>} {
  %lowest = arith.constant 0xFF800000 : f32
  %zero = arith.constant 0.0 : f32
  %e0 = tensor.empty() : tensor<6001xf32>
  %e1 = tensor.empty() : tensor<6001x1024xf32>
  %f0 = linalg.fill ins(%lowest : f32) outs(%e0 : tensor<6001xf32>) -> tensor<6001xf32>
  %m = linalg.generic {indexing_maps = [#full, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<6001x1024xf32>) outs(%f0 : tensor<6001xf32>) {
    ^bb0(%v: f32, %c: f32):
      %0 = arith.maximumf %v, %c : f32
      linalg.yield %0 : f32
  } -> tensor<6001xf32>
  %e = linalg.generic {indexing_maps = [#full, #row, #full], iterator_types = ["parallel", "parallel"]}
      ins(%x, %m : tensor<6001x1024xf32>, tensor<6001xf32>) outs(%e1 : tensor<6001x1024xf32>) {
    ^bb0(%v: f32, %w: f32, %c: f32):
      %0 = arith.subf %v, %w : f32
      %1 = math.exp %0 : f32
      linalg.yield %1 : f32
  } -> tensor<6001x1024xf32>
  %f1 = linalg.fill ins(%zero : f32) outs(%e0 : tensor<6001xf32>) -> tensor<6001xf32>
  %s = linalg.generic {indexing_maps = [#full, #row], iterator_types = ["parallel", "reduction"]}
      ins(%e : tensor<6001x1024xf32>) outs(%f1 : tensor<6001xf32>) {
    ^bb0(%v: f32, %c: f32):
      %0 = arith.addf %v, %c : f32
      linalg.yield %0 : f32
  } -> tensor<6001xf32>
  %y = linalg.generic {indexing_maps = [#full, #row, #full], iterator_types = ["parallel", "parallel"]}
      ins(%e, %s : tensor<6001x1024xf32>, tensor<6001xf32>) outs(%out : tensor<6001x1024xf32>) {
    ^bb0(%v: f32, %w: f32, %c: f32):
      %0 = arith.divf %v, %w : f32
      linalg.yield %0 : f32
  } -> tensor<6001x1024xf32>
  return %y : tensor<6001x1024xf32>
}
}

// -----

// Rows of unknown length: loops, a block for each row, partial results of warps through shared memory. What several
// stages share is computed again.

// CHECK-LABEL: func.func private @open(tensor<?x?xf32>
// CHECK-SAME: block = array<i64: 128, 1, 1>, function = "open", grid = affine_map<()[s0, s1, s2] -> (s2, 1, 1)>
// CHECK: func.func private @open(%[[X:.+]]: memref<?xf32>, %[[Y:.+]]: memref<?xf32>, %{{.+}}: index, %[[N:.+]]: index, %{{.+}}: index)
// CHECK: %[[SHARED:.+]] = memref.alloca() : memref<4xf32, #gpu.address_space<workgroup>>
// CHECK: scf.for %{{.+}} = %c0 to %{{.+}} step %c512 iter_args(
// CHECK: scf.for %{{.+}} = %{{.+}} to %[[N]] step %c128 iter_args(
// CHECK-COUNT-5: gpu.shuffle xor
// CHECK: scf.if
// CHECK: memref.store %{{.+}}, %[[SHARED]]
// CHECK: gpu.barrier
// CHECK-COUNT-4: memref.load %[[SHARED]]
// CHECK-NOT: gpu.barrier
// CHECK: %[[FIRST:.+]] = arith.cmpi eq, %thread_id_x, %c0
// CHECK: scf.if %[[FIRST]]
// CHECK: memref.store %{{.+}}, %[[Y]]
#full = affine_map<(r, c) -> (r, c)>
#row = affine_map<(r, c) -> (r)>
func.func private @open(tensor<?x?xf32>, tensor<?xf32>) -> tensor<?xf32> attributes {aic.kernel}
module {
func.func private @open(%x: tensor<?x?xf32>, %out: tensor<?xf32>) -> tensor<?xf32> attributes {aic.kernel, aic.lowering_config = #aic.lowering_config<reduction, {}>} {
  %zero = arith.constant 0.0 : f32
  %f = linalg.fill ins(%zero : f32) outs(%out : tensor<?xf32>) -> tensor<?xf32>
  %s = linalg.generic {indexing_maps = [#full, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<?x?xf32>) outs(%f : tensor<?xf32>) {
    ^bb0(%v: f32, %c: f32):
      %0 = arith.addf %v, %c : f32
      linalg.yield %0 : f32
  } -> tensor<?xf32>
  return %s : tensor<?xf32>
}
}

// -----

// Neighbouring elements in different rows: 32 rows in a block, whose warps share their reduction. Each takes in what the
// reduction begins with, once.

// CHECK-LABEL: func.func private @across(tensor<512x40xf32>
// CHECK-SAME: block = array<i64: 1024, 1, 1>, function = "across", grid = affine_map<() -> (2, 1, 1)>
// CHECK: func.func private @across(%[[X:.+]]: memref<?xf32>, %[[B:.+]]: memref<?xf32>, %[[Y:.+]]: memref<?xf32>)
// CHECK: %[[SHARED:.+]] = memref.alloca() : memref<1024xf32, #gpu.address_space<workgroup>>
// CHECK: memref.load %[[B]]
// CHECK-COUNT-16: memref.load %[[X]]
// CHECK-NOT: gpu.shuffle
// CHECK: memref.store %{{.+}}, %[[SHARED]]
// CHECK: gpu.barrier
// CHECK-COUNT-32: memref.load %[[SHARED]]
// CHECK-NOT: memref.load %[[B]]
// CHECK: memref.store %{{.+}}, %[[Y]]
func.func private @across(tensor<512x40xf32>, tensor<40xf32>, tensor<40xf32>) -> tensor<40xf32> attributes {aic.kernel}
module {
func.func private @across(%x: tensor<512x40xf32>, %b: tensor<40xf32>, %out: tensor<40xf32>) -> tensor<40xf32> attributes {aic.kernel, aic.lowering_config = #aic.lowering_config<reduction, {}>} {
  %s = linalg.generic {indexing_maps = [affine_map<(c, r) -> (r, c)>, affine_map<(c, r) -> (c)>], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<512x40xf32>) outs(%b : tensor<40xf32>) {
    ^bb0(%v: f32, %c: f32):
      %0 = arith.addf %v, %c : f32
      linalg.yield %0 : f32
  } -> tensor<40xf32>
  return %s : tensor<40xf32>
}
}

// -----

// Of equal elements the first one counts, whoever found it.

// CHECK-LABEL: func.func private @argmax(tensor<5000x8xf32>
// CHECK: gpu.shuffle xor %{{.+}} : f32
// CHECK: gpu.shuffle xor %{{.+}} : i64
// CHECK: %[[EARLIER:.+]] = arith.cmpi slt, %{{.+}}, %{{.+}} : i64
// CHECK: %[[MORE:.+]] = arith.cmpf ogt
// CHECK: %[[SAME:.+]] = arith.cmpf oeq
// CHECK: %[[TIE:.+]] = arith.andi %[[SAME]], %[[EARLIER]]
// CHECK: %[[TAKE:.+]] = arith.ori %[[MORE]], %[[TIE]]
// CHECK: arith.select %[[TAKE]], %{{.+}}, %{{.+}} : f32
// CHECK: arith.select %[[TAKE]], %{{.+}}, %{{.+}} : i64
#full = affine_map<(r, c) -> (r, c)>
#row = affine_map<(r, c) -> (r)>
func.func private @argmax(tensor<5000x8xf32>, tensor<5000xf32>, tensor<5000xi64>) -> (tensor<5000xf32>, tensor<5000xi64>) attributes {aic.kernel}
module {
func.func private @argmax(%x: tensor<5000x8xf32>, %v: tensor<5000xf32>, %p: tensor<5000xi64>) -> (tensor<5000xf32>, tensor<5000xi64>) attributes {aic.kernel, aic.lowering_config = #aic.lowering_config<reduction, {}>} {
  %lowest = arith.constant 0xFF800000 : f32
  %none = arith.constant 0 : i64
  %f0 = linalg.fill ins(%lowest : f32) outs(%v : tensor<5000xf32>) -> tensor<5000xf32>
  %f1 = linalg.fill ins(%none : i64) outs(%p : tensor<5000xi64>) -> tensor<5000xi64>
  %r:2 = linalg.generic {indexing_maps = [#full, #row, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<5000x8xf32>) outs(%f0, %f1 : tensor<5000xf32>, tensor<5000xi64>) {
    ^bb0(%in: f32, %best: f32, %where: i64):
      %0 = arith.cmpf ogt, %in, %best : f32
      %i = linalg.index 1 : index
      %1 = arith.index_cast %i : index to i64
      %2 = arith.select %0, %in, %best : f32
      %3 = arith.select %0, %1, %where : i64
      linalg.yield %2, %3 : f32, i64
  } -> (tensor<5000xf32>, tensor<5000xi64>)
  return %r#0, %r#1 : tensor<5000xf32>, tensor<5000xi64>
}
}

// -----

// Elements that must be taken one after another belong to one thread.

// CHECK-LABEL: func.func private @ordered(tensor<64x100xf32>
// CHECK-SAME: nvidia.emitter = "direct"
#full = affine_map<(r, c) -> (r, c)>
#row = affine_map<(r, c) -> (r)>
func.func private @ordered(tensor<64x100xf32>, tensor<64xf32>) -> tensor<64xf32> attributes {aic.kernel}
module {
func.func private @ordered(%x: tensor<64x100xf32>, %out: tensor<64xf32>) -> tensor<64xf32> attributes {aic.kernel, aic.lowering_config = #aic.lowering_config<reduction, {}>} {
  %zero = arith.constant 0.0 : f32
  %f = linalg.fill ins(%zero : f32) outs(%out : tensor<64xf32>) -> tensor<64xf32>
  %s = linalg.generic {indexing_maps = [#full, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<64x100xf32>) outs(%f : tensor<64xf32>) {
    ^bb0(%v: f32, %c: f32):
      %0 = arith.subf %v, %c : f32
      linalg.yield %0 : f32
  } -> tensor<64xf32>
  return %s : tensor<64xf32>
}
}
