// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s -split-input-file --pass-pipeline='builtin.module(func.func(aic-infer-shapes),convert-aic-to-linalg,canonicalize,cse,func.func(aic-prepare-loops),aic-form-kernels,canonicalize)' | FileCheck %s

// What whole layers become.

// Scale and mask follow the first product; the transposes that keep rows contiguous are read in place; the last one is
// how the second product is written. Only K is transposed for itself.
// CHECK-LABEL: func.func @attention
// CHECK-COUNT-4: call @k{{[0-3]}}(
// CHECK-NOT: call @
// CHECK: return
// CHECK: func.func private @k0(%{{.+}}: tensor<2x16x4x16xf32>, %{{.+}}: tensor<2x4x16x16xf32>)
// CHECK: func.func private @k1(%[[Q:.+]]: tensor<2x16x4x16xf32>, %[[K:.+]]: tensor<2x4x16x16xf32>, %{{.+}}: tensor<f32>, %{{.+}}: tensor<16x16xf32>, %
// CHECK: %[[QT:.+]] = linalg.generic {{.*}} ins(%[[Q]] :
// CHECK: linalg.generic {{.*}}"reduction"]} ins(%[[QT]], %[[K]] :
// CHECK: func.func private @k2(
// CHECK: math.exp
// CHECK: func.func private @k3(%{{.+}}, %{{.+}}, %{{.+}}: tensor<2x16x4x16xf32>) -> tensor<2x16x4x16xf32>
func.func @attention(%q: tensor<2x16x64xf32>, %k: tensor<2x16x64xf32>, %v: tensor<2x16x64xf32>, %m: tensor<16x16xf32>, %sc: tensor<f32>) -> tensor<2x16x64xf32> {
  %s = arith.constant dense<[2, 16, 4, 16]> : tensor<4xi64>
  %s3 = arith.constant dense<[2, 16, 64]> : tensor<3xi64>
  %q4 = aic.reshape %q, %s {copy_zeros = false} : (tensor<2x16x64xf32>, tensor<4xi64>) -> tensor<2x16x4x16xf32>
  %k4 = aic.reshape %k, %s {copy_zeros = false} : (tensor<2x16x64xf32>, tensor<4xi64>) -> tensor<2x16x4x16xf32>
  %v4 = aic.reshape %v, %s {copy_zeros = false} : (tensor<2x16x64xf32>, tensor<4xi64>) -> tensor<2x16x4x16xf32>
  %qt = aic.transpose %q4 {permutation = array<i64: 0, 2, 1, 3>} : (tensor<2x16x4x16xf32>) -> tensor<2x4x16x16xf32>
  %kt = aic.transpose %k4 {permutation = array<i64: 0, 2, 3, 1>} : (tensor<2x16x4x16xf32>) -> tensor<2x4x16x16xf32>
  %vt = aic.transpose %v4 {permutation = array<i64: 0, 2, 1, 3>} : (tensor<2x16x4x16xf32>) -> tensor<2x4x16x16xf32>
  %qk = aic.matmul %qt, %kt : (tensor<2x4x16x16xf32>, tensor<2x4x16x16xf32>) -> tensor<2x4x16x16xf32>
  %scaled = aic.mul %qk, %sc : (tensor<2x4x16x16xf32>, tensor<f32>) -> tensor<2x4x16x16xf32>
  %masked = aic.add %scaled, %m : (tensor<2x4x16x16xf32>, tensor<16x16xf32>) -> tensor<2x4x16x16xf32>
  %p = aic.softmax %masked {axis = 3 : i64} : (tensor<2x4x16x16xf32>) -> tensor<2x4x16x16xf32>
  %o = aic.matmul %p, %vt : (tensor<2x4x16x16xf32>, tensor<2x4x16x16xf32>) -> tensor<2x4x16x16xf32>
  %ot = aic.transpose %o {permutation = array<i64: 0, 2, 1, 3>} : (tensor<2x4x16x16xf32>) -> tensor<2x16x4x16xf32>
  %r = aic.reshape %ot, %s3 {copy_zeros = false} : (tensor<2x16x4x16xf32>, tensor<3xi64>) -> tensor<2x16x64xf32>
  return %r : tensor<2x16x64xf32>
}

// -----

// Pads are written by the convolution before them; the value without border is a further result where it is needed.
// CHECK-LABEL: func.func @resblock
// CHECK: call @k0(%arg0, %
// CHECK: %[[A:.+]] = call @k1({{.*}}) -> tensor<?x58x58x64xf32>
// CHECK: %[[B:.+]]:2 = call @k2(%[[A]], {{.*}}) -> (tensor<?x58x58x64xf32>, tensor<?x56x56x64xf32>)
// CHECK: %[[C:.+]] = call @k3(%[[B]]#0, {{.*}}) -> tensor<?x56x56x64xf32>
// CHECK: %[[D:.+]] = call @k4(%[[C]], %{{.+}}, %{{.+}}, %[[B]]#1, %
// CHECK-NEXT: return %[[D]]
func.func @resblock(%x: tensor<?x56x56x64xf32>, %w1: tensor<3x3x64x64xf32>, %b1: tensor<64xf32>, %w2: tensor<1x1x64x64xf32>, %b2: tensor<64xf32>) -> tensor<?x56x56x64xf32> {
  %c1 = aic.conv %x, %w1, %b1 {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, groups = 1 : i64, channels_last = true} : (tensor<?x56x56x64xf32>, tensor<3x3x64x64xf32>, tensor<64xf32>) -> tensor<?x56x56x64xf32>
  %r1 = aic.relu %c1 : (tensor<?x56x56x64xf32>) -> tensor<?x56x56x64xf32>
  %c2 = aic.conv %r1, %w1, %b1 {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, groups = 1 : i64, channels_last = true} : (tensor<?x56x56x64xf32>, tensor<3x3x64x64xf32>, tensor<64xf32>) -> tensor<?x56x56x64xf32>
  %r2 = aic.add %c2, %x : (tensor<?x56x56x64xf32>, tensor<?x56x56x64xf32>) -> tensor<?x56x56x64xf32>
  %r3 = aic.relu %r2 : (tensor<?x56x56x64xf32>) -> tensor<?x56x56x64xf32>
  %c3 = aic.conv %r3, %w1, %b1 {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>, groups = 1 : i64, channels_last = true} : (tensor<?x56x56x64xf32>, tensor<3x3x64x64xf32>, tensor<64xf32>) -> tensor<?x56x56x64xf32>
  %s3 = aic.sigmoid %c3 : (tensor<?x56x56x64xf32>) -> tensor<?x56x56x64xf32>
  %m3 = aic.mul %c3, %s3 : (tensor<?x56x56x64xf32>, tensor<?x56x56x64xf32>) -> tensor<?x56x56x64xf32>
  %c4 = aic.conv %m3, %w2, %b2 {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, groups = 1 : i64, channels_last = true} : (tensor<?x56x56x64xf32>, tensor<1x1x64x64xf32>, tensor<64xf32>) -> tensor<?x56x56x64xf32>
  %r4 = aic.add %c4, %r3 : (tensor<?x56x56x64xf32>, tensor<?x56x56x64xf32>) -> tensor<?x56x56x64xf32>
  return %r4 : tensor<?x56x56x64xf32>
}

// -----

// CHECK-LABEL: func.func @norms
// CHECK: %[[A:.+]]:2 = call @k0(%arg0, %arg1, %arg2, %arg3, %
// CHECK: %[[B:.+]] = call @k1(%[[A]]#0, %arg4, %[[A]]#1, %
// CHECK: %[[C:.+]] = call @k2(%[[B]], %arg2, %
// CHECK-NEXT: return %[[C]]
func.func @norms(%x: tensor<?x?x64xf32>, %y: tensor<?x?x64xf32>, %s: tensor<64xf32>, %b: tensor<64xf32>, %w: tensor<64x64xf32>) -> tensor<?x?x64xf32> {
  %a = aic.add %x, %y : (tensor<?x?x64xf32>, tensor<?x?x64xf32>) -> tensor<?x?x64xf32>
  %n = aic.layer_norm %a scale(%s) bias(%b) {axis = 2 : i64, epsilon = 1.0e-5 : f64} : (tensor<?x?x64xf32>, tensor<64xf32>, tensor<64xf32>) -> tensor<?x?x64xf32>
  %m = aic.matmul %n, %w : (tensor<?x?x64xf32>, tensor<64x64xf32>) -> tensor<?x?x64xf32>
  %g = aic.tanh %m : (tensor<?x?x64xf32>) -> tensor<?x?x64xf32>
  %r = aic.add %g, %a : (tensor<?x?x64xf32>, tensor<?x?x64xf32>) -> tensor<?x?x64xf32>
  %q = aic.rms_norm %r, %s {axis = 2 : i64, epsilon = 1.0e-5 : f64} : (tensor<?x?x64xf32>, tensor<64xf32>) -> tensor<?x?x64xf32>
  return %q : tensor<?x?x64xf32>
}

// -----

// Concatenation computes its inputs; control flow has kernels inside, equal ones are one function; slices are read in
// place by each user.
// CHECK-LABEL: func.func @misc
// CHECK: call @k0(%arg0, %
// CHECK: scf.if
// CHECK: func.call @k8(
// CHECK: func.call @[[RELU:k2]](
// CHECK: call @k1(
// CHECK: call @[[RELU]](
// CHECK: call @k3(
// CHECK: call @k4(%arg0, %
// CHECK: call @k5(%arg0, %
// CHECK: call @k6(
// CHECK: call @k7(
// CHECK: func.func private @k0
// CHECK: math.exp
// CHECK: tensor.concat
// CHECK: func.func private @k1
// CHECK: aic.scan
// CHECK: func.func private @k3
// CHECK: aic.top_k
// CHECK: func.func private @k4
// CHECK-COUNT-2: tensor.extract_slice
func.func @misc(%x: tensor<?x8xf32>, %y: tensor<4x8xf32>, %c: i1, %k: tensor<1xi64>) -> (tensor<?x16xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<?x8xf32>, tensor<4x?xf32>, tensor<4x?xi64>) {
  %a = aic.relu %x : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %b = aic.exp %x : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %cc = aic.concat %a, %b {axis = 1 : i64} : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x16xf32>
  %i = scf.if %c -> tensor<4x8xf32> {
    %t = aic.tanh %y : (tensor<4x8xf32>) -> tensor<4x8xf32>
    scf.yield %t : tensor<4x8xf32>
  } else {
    %t = aic.relu %y : (tensor<4x8xf32>) -> tensor<4x8xf32>
    scf.yield %t : tensor<4x8xf32>
  }
  %s = aic.scan sum %i {axis = 1 : i64, exclusive = false, reverse = false} : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %s2 = aic.relu %s : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %v, %ix = aic.top_k %y, %k {axis = 1 : i64, largest = true} : (tensor<4x8xf32>, tensor<1xi64>) -> (tensor<4x?xf32>, tensor<4x?xi64>)
  %st = arith.constant dense<[2]> : tensor<1xi64>
  %en = arith.constant dense<[8]> : tensor<1xi64>
  %on = arith.constant dense<[1]> : tensor<1xi64>
  %ze = arith.constant dense<[0]> : tensor<1xi64>
  %s6 = arith.constant dense<[6]> : tensor<1xi64>
  %l = aic.slice %x, %st, %en, %on {axes = array<i64: 1>} : (tensor<?x8xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x6xf32>
  %m = aic.slice %x, %ze, %s6, %on {axes = array<i64: 1>} : (tensor<?x8xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<?x6xf32>
  %lm = aic.mul %l, %m : (tensor<?x6xf32>, tensor<?x6xf32>) -> tensor<?x6xf32>
  %l2 = aic.tanh %l : (tensor<?x6xf32>) -> tensor<?x6xf32>
  %w = arith.constant dense<0.5> : tensor<6x8xf32>
  %mm = aic.matmul %lm, %w : (tensor<?x6xf32>, tensor<6x8xf32>) -> tensor<?x8xf32>
  %mm2 = aic.matmul %l2, %w : (tensor<?x6xf32>, tensor<6x8xf32>) -> tensor<?x8xf32>
  %sum = aic.add %mm, %mm2 : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return %cc, %i, %s2, %sum, %v, %ix : tensor<?x16xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<?x8xf32>, tensor<4x?xf32>, tensor<4x?xi64>
}

// -----

// The number of columns is counted first: a kernel writes into a destination of known extents.
// CHECK-LABEL: func.func @non_zero
// CHECK: %[[COUNT:.+]] = call @k0(%arg0, %
// CHECK: %[[I:.+]] = tensor.extract %[[COUNT]][] : tensor<i64>
// CHECK: %[[N:.+]] = arith.index_cast %[[I]] {{.*}}: i64 to index
// CHECK: %[[E:.+]] = tensor.empty(%[[N]]) : tensor<2x?xi64>
// CHECK: call @k1(%arg0, %[[E]])
func.func @non_zero(%x: tensor<?x8xf32>) -> tensor<2x?xi64> {
  %r = aic.non_zero %x : (tensor<?x8xf32>) -> tensor<2x?xi64>
  return %r : tensor<2x?xi64>
}

// -----

// What aic.non_zero reads is computed by the kernel that counts its columns; the count is made before the destination.
// CHECK-LABEL: func.func @counted_where_computed
// CHECK: %[[FIRST:.+]]:2 = call @
// CHECK: %[[N:.+]] = tensor.extract %[[FIRST]]#{{[01]}}[]
// CHECK: %[[COLUMNS:.+]] = arith.index_cast %[[N]]
// CHECK: %[[OUT:.+]] = tensor.empty(%[[COLUMNS]]) : tensor<1x?xi64>
// CHECK: call @{{.+}}(%[[FIRST]]#{{[01]}}, %[[OUT]])
func.func @counted_where_computed(%c: tensor<7xi1>, %x: tensor<?xf32>) -> (tensor<1x?xi64>, tensor<?xf32>) {
  %0 = aic.select %c, %x, %x : (tensor<7xi1>, tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  %1 = aic.non_zero %0 : (tensor<?xf32>) -> tensor<1x?xi64>
  return %1, %0 : tensor<1x?xi64>, tensor<?xf32>
}
