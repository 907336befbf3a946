// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s -split-input-file --convert-aic-to-linalg | FileCheck %s

// CHECK-LABEL: func.func @unary
// CHECK: %[[E:.+]] = tensor.empty() : tensor<4xf32>
// CHECK: linalg.generic {{.*}}iterator_types = ["parallel"]} ins(%{{.+}} : tensor<4xf32>) outs(%[[E]] : tensor<4xf32>)
// CHECK: math.exp
// CHECK-NOT: aic.
func.func @unary(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = aic.exp %x : (tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

// A broadcast is a projected permutation of a view without the dim; one number is in the body.
// CHECK-DAG: #[[$ID:.+]] = affine_map<(d0, d1) -> (d0, d1)>
// CHECK-DAG: #[[$ROW:.+]] = affine_map<(d0, d1) -> (d0)>
// CHECK-LABEL: func.func @broadcast
// CHECK: %[[V:.+]] = tensor.collapse_shape %{{.+}} {{\[\[}}0, 1]] : tensor<3x1xf32> into tensor<3xf32>
// CHECK: indexing_maps = [#[[$ID]], #[[$ROW]], #[[$ID]]]{{.*}} ins(%{{.+}}, %[[V]]
// CHECK: arith.addf
// CHECK: arith.constant 2.0
// CHECK: arith.mulf
func.func @broadcast(%x: tensor<3x5xf32>, %y: tensor<3x1xf32>) -> tensor<3x5xf32> {
  %two = arith.constant dense<2.0> : tensor<1xf32>
  %0 = aic.add %x, %y : (tensor<3x5xf32>, tensor<3x1xf32>) -> tensor<3x5xf32>
  %1 = aic.mul %0, %two : (tensor<3x5xf32>, tensor<1xf32>) -> tensor<3x5xf32>
  return %1 : tensor<3x5xf32>
}

// -----

// Either extent may be 1 at run time.
// CHECK-LABEL: func.func @unknown_broadcast
// CHECK: linalg.generic
// CHECK: linalg.index 0
// CHECK: arith.minui
// CHECK: tensor.extract
// CHECK: tensor.extract
func.func @unknown_broadcast(%x: tensor<?xf32>, %y: tensor<?xf32>) -> tensor<?xf32> {
  %0 = aic.add %x, %y : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  return %0 : tensor<?xf32>
}

// -----

// Extents of one name are one number, which is checked.
// CHECK-LABEL: func.func @named_dims
// CHECK: cf.assert %{{.+}}, "expected equal extents named 'N', got dimension 0 of argument 1 unlike dimension 0 of argument 0"
// CHECK-NOT: tensor.extract
func.func @named_dims(%x: tensor<?xf32> {aic.dims = ["N"]}, %y: tensor<?xf32> {aic.dims = ["N"]}) -> tensor<?xf32> {
  %0 = aic.add %x, %y : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  return %0 : tensor<?xf32>
}

// -----

// CHECK-LABEL: func.func @unsigned
// CHECK-SAME: %{{.+}}: tensor<4xi8> {aic.element_type = ui8}
// CHECK-SAME: -> (tensor<4xi8> {aic.element_type = ui8})
// CHECK: arith.maxui
// CHECK: arith.cmpi eq
// CHECK: arith.divui
func.func @unsigned(%x: tensor<4xui8>, %y: tensor<4xui8>) -> tensor<4xui8> {
  %0 = aic.maximum %x, %y : (tensor<4xui8>, tensor<4xui8>) -> tensor<4xui8>
  %1 = aic.div %0, %y : (tensor<4xui8>, tensor<4xui8>) -> tensor<4xui8>
  return %1 : tensor<4xui8>
}

// -----

// CHECK-LABEL: func.func @small_floats
// CHECK: arith.extf %{{.+}} : f16 to f32
// CHECK: math.tanh %{{.+}} : f32
// CHECK: arith.truncf %{{.+}} : f32 to f16
func.func @small_floats(%x: tensor<4xf16>) -> tensor<4xf16> {
  %0 = aic.tanh %x : (tensor<4xf16>) -> tensor<4xf16>
  return %0 : tensor<4xf16>
}

// -----

// CHECK-LABEL: func.func @quantize
// CHECK: math.roundeven
// CHECK: arith.maximumf
// CHECK: arith.minimumf
// CHECK: arith.fptosi %{{.+}} : f32 to i32
// CHECK: arith.trunci
func.func @quantize(%x: tensor<2x3xf32>, %s: tensor<3xf32>, %z: tensor<3xui8>) -> tensor<2x3xui8> {
  %0 = aic.quantize %x, %s, %z {axis = 1 : i64, block_size = 0 : i64} : (tensor<2x3xf32>, tensor<3xf32>, tensor<3xui8>) -> tensor<2x3xui8>
  return %0 : tensor<2x3xui8>
}

// -----

// A truth value that the host reads is 0 or 1, not -1.
// CHECK-LABEL: func.func @truth_on_the_host
// CHECK: arith.index_castui %{{.+}} : i1 to index
// CHECK-NOT: arith.index_cast %{{.+}} : i1
func.func @truth_on_the_host(%x: tensor<2xi1>) -> tensor<3xi64> {
  %true = arith.constant dense<true> : tensor<1xi1>
  %0 = aic.concat %x, %true {axis = 0 : i64} : (tensor<2xi1>, tensor<1xi1>) -> tensor<3xi1>
  %1 = aic.cast %0 : (tensor<3xi1>) -> tensor<3xi64>
  return %1 : tensor<3xi64>
}

// -----

// CHECK-LABEL: func.func @bitcast
// CHECK: arith.bitcast %{{.+}} : f32 to i32
func.func @bitcast(%x: tensor<?xf32>) -> tensor<?xui32> {
  %0 = aic.bitcast %x : (tensor<?xf32>) -> tensor<?xui32>
  return %0 : tensor<?xui32>
}
