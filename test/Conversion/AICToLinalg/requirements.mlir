// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s -split-input-file --convert-aic-to-linalg | FileCheck %s

// Unknown extents broadcast if they are equal or one is 1; the check stands before the code that relies on it.
// CHECK-LABEL: func.func @broadcast(
// CHECK: %[[X:.+]] = tensor.dim %arg0
// CHECK: %[[Y:.+]] = tensor.dim %arg1
// CHECK-DAG: %[[SAME:.+]] = arith.cmpi eq, %[[X]], %[[Y]]
// CHECK-DAG: %[[ONE:.+]] = arith.cmpi eq, %[[X]], %c1
// CHECK-DAG: %[[OTHER:.+]] = arith.cmpi eq, %[[Y]], %c1
// CHECK-DAG: %[[HALF:.+]] = arith.ori %[[SAME]], %[[ONE]]
// CHECK-DAG: %[[FITS:.+]] = arith.ori %[[HALF]], %[[OTHER]]
// CHECK: cf.assert %[[FITS]], "node 'sum': expected lhs and rhs to broadcast, got unlike extents in dimension 0"
// The same is not asked twice.
// CHECK-NOT: cf.assert
// CHECK-COUNT-3: linalg.generic
// CHECK-NOT: cf.assert
// CHECK: return
func.func @broadcast(%x: tensor<?xf32>, %y: tensor<?xf32>) -> tensor<?xf32> {
  %0 = aic.add %x, %y : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32> loc("sum")
  %1 = aic.mul %y, %x : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32> loc("product")
  %2 = aic.sub %0, %1 : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  return %2 : tensor<?xf32>
}

// -----

// What is equal, or known to fit, needs no check.
// CHECK-LABEL: func.func @known(
// CHECK-NOT: cf.assert
// CHECK: return
func.func @known(%x: tensor<?x1x4xf32>, %w: tensor<4x8xf32>) -> tensor<?x1x8xf32> {
  %0 = aic.relu %x : (tensor<?x1x4xf32>) -> tensor<?x1x4xf32>
  %1 = aic.add %0, %x : (tensor<?x1x4xf32>, tensor<?x1x4xf32>) -> tensor<?x1x4xf32>
  %2 = aic.matmul %1, %w : (tensor<?x1x4xf32>, tensor<4x8xf32>) -> tensor<?x1x8xf32>
  return %2 : tensor<?x1x8xf32>
}

// -----

// Layers on one extent ask for the same number, in one form.
// CHECK-LABEL: func.func @layers(
// CHECK: %[[H:.+]] = tensor.dim %arg0, %c1
// CHECK: %[[OK:.+]] = arith.cmpi sle, %c1, %[[H]]
// CHECK: cf.assert %[[OK]], "expected a dilated filter not larger than the padded input, got a larger one in spatial dimension 0"
// CHECK-NOT: cf.assert
// CHECK: return
func.func @layers(%x: tensor<1x?x4xf32>, %w: tensor<3x4x4xf32>) -> tensor<1x?x4xf32> {
  %0 = aic.conv %x, %w {strides = array<i64: 2>, dilations = array<i64: 1>, pads = array<i64: 1, 1>, groups = 1 : i64, channels_last = true} : (tensor<1x?x4xf32>, tensor<3x4x4xf32>) -> tensor<1x?x4xf32>
  %1 = aic.conv %0, %w {strides = array<i64: 2>, dilations = array<i64: 1>, pads = array<i64: 1, 1>, groups = 1 : i64, channels_last = true} : (tensor<1x?x4xf32>, tensor<3x4x4xf32>) -> tensor<1x?x4xf32>
  return %1 : tensor<1x?x4xf32>
}

// -----

// A check stays in the branch it belongs to, and one that stands around it is enough.
// CHECK-LABEL: func.func @branch(
// CHECK: cf.assert %{{.+}}, "expected equal extents to sum over, got unlike ones in lhs and rhs"
// CHECK: scf.if
// CHECK-NOT: sum over
// CHECK: cf.assert %{{.+}}, "expected input 1 to agree with the others but along dimension 0, got another extent in dimension 1"
// CHECK: else
// CHECK: cf.assert %{{.+}}, "expected input 1 to agree
// CHECK: return
func.func @branch(%c: tensor<i1>, %x: tensor<?x?xf32>, %y: tensor<?x?xf32>) -> (tensor<?x?xf32>, tensor<?x?xf32>) {
  %m = aic.matmul %x, %y : (tensor<?x?xf32>, tensor<?x?xf32>) -> tensor<?x?xf32>
  %t = tensor.extract %c[] : tensor<i1>
  %0 = scf.if %t -> tensor<?x?xf32> {
    %1 = aic.matmul %x, %y : (tensor<?x?xf32>, tensor<?x?xf32>) -> tensor<?x?xf32>
    %2 = aic.concat %1, %y {axis = 0 : i64} : (tensor<?x?xf32>, tensor<?x?xf32>) -> tensor<?x?xf32>
    %3 = aic.concat %x, %y {axis = 0 : i64} : (tensor<?x?xf32>, tensor<?x?xf32>) -> tensor<?x?xf32>
    scf.yield %3 : tensor<?x?xf32>
  } else {
    %4 = aic.concat %x, %y {axis = 0 : i64} : (tensor<?x?xf32>, tensor<?x?xf32>) -> tensor<?x?xf32>
    scf.yield %4 : tensor<?x?xf32>
  }
  return %0, %m : tensor<?x?xf32>, tensor<?x?xf32>
}

// -----

// Integers that shapes are made of are read before they are used.
// CHECK-LABEL: func.func @elements(
// CHECK: tensor.extract %arg1
// CHECK: cf.assert %{{.+}}, "expected extents of at least 0 in shape, got a negative one at 0"
// CHECK: cf.assert %{{.+}}, "expected input and shape to broadcast, got unlike extents in dimension 0"
// CHECK: tensor.empty
func.func @elements(%x: tensor<?xf32>, %s: tensor<1xi64>) -> tensor<?xf32> {
  %0 = aic.broadcast %x, %s : (tensor<?xf32>, tensor<1xi64>) -> tensor<?xf32>
  return %0 : tensor<?xf32>
}

// -----

// A declared extent is a promise to keep.
// CHECK-LABEL: func.func @declared(
// CHECK: %[[N:.+]] = tensor.dim %arg0
// CHECK: %[[OK:.+]] = arith.cmpi eq, %[[N]], %c5
// CHECK: cf.assert %[[OK]], "expected extent 5 in dimension 0, got another one"
func.func @declared(%x: tensor<?xf32>) -> tensor<5xf32> {
  %0 = tensor.cast %x : tensor<?xf32> to tensor<5xf32>
  %1 = aic.relu %0 : (tensor<5xf32>) -> tensor<5xf32>
  return %1 : tensor<5xf32>
}
