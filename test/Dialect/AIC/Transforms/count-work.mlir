// RUN: aic-opt --aic-count-work %s | FileCheck %s

// Two for each multiply-add: 2 * 8 * 32 * 16; each tensor once.
// CHECK-LABEL: func.func private @product
// CHECK-SAME: aic.bytes = 3584 : i64, aic.flops = 8192 : i64
func.func private @product(%a: tensor<8x16xf32>, %b: tensor<16x32xf32>, %out: tensor<8x32xf32>) -> tensor<8x32xf32>
    attributes {aic.kernel} {
  %zero = arith.constant 0.0 : f32
  %start = linalg.fill ins(%zero : f32) outs(%out : tensor<8x32xf32>) -> tensor<8x32xf32>
  %0 = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>,
                                        affine_map<(m, n, k) -> (m, n)>],
                       iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : tensor<8x16xf32>, tensor<16x32xf32>) outs(%start : tensor<8x32xf32>) {
  ^bb0(%x: f32, %y: f32, %sum: f32):
    %1 = arith.mulf %x, %y : f32
    %2 = arith.addf %1, %sum : f32
    linalg.yield %2 : f32
  } -> tensor<8x32xf32>
  return %0 : tensor<8x32xf32>
}

// Integers count where they are summed up.
// CHECK-LABEL: func.func private @sum
// CHECK-SAME: aic.bytes = 20 : i64, aic.flops = 16 : i64
func.func private @sum(%a: tensor<16xi8>, %out: tensor<i32>) -> tensor<i32> attributes {aic.kernel} {
  %zero = arith.constant 0 : i32
  %start = linalg.fill ins(%zero : i32) outs(%out : tensor<i32>) -> tensor<i32>
  %0 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> ()>], iterator_types = ["reduction"]}
      ins(%a : tensor<16xi8>) outs(%start : tensor<i32>) {
  ^bb0(%x: i8, %sum: i32):
    %1 = arith.extsi %x : i8 to i32
    %2 = arith.addi %1, %sum : i32
    linalg.yield %2 : i32
  } -> tensor<i32>
  return %0 : tensor<i32>
}

// Of a table only what is looked up: 4 indices of 8 bytes, 4 * 8 elements read and written.
// CHECK-LABEL: func.func private @lookup
// CHECK-SAME: aic.bytes = 288 : i64, aic.flops = 0 : i64
func.func private @lookup(%table: tensor<1000x8xf32>, %at: tensor<4xi64>, %out: tensor<4x8xf32>) -> tensor<4x8xf32>
    attributes {aic.kernel} {
  %0 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>],
                       iterator_types = ["parallel", "parallel"]}
      ins(%at : tensor<4xi64>) outs(%out : tensor<4x8xf32>) {
  ^bb0(%i: i64, %unused: f32):
    %row = arith.index_cast %i : i64 to index
    %column = linalg.index 1 : index
    %1 = tensor.extract %table[%row, %column] : tensor<1000x8xf32>
    linalg.yield %1 : f32
  } -> tensor<4x8xf32>
  return %0 : tensor<4x8xf32>
}

// Extents that are not known: nothing is said.
// CHECK-LABEL: func.func private @dynamic
// CHECK-NOT: aic.flops
// CHECK: return
func.func private @dynamic(%x: tensor<?xf32>, %out: tensor<?xf32>) -> tensor<?xf32> attributes {aic.kernel} {
  return %x : tensor<?xf32>
}
