// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: aic-opt %s -split-input-file -verify-diagnostics

func.func @reshape_c1_number_of_elements(%x: tensor<4x6xf32>) {
  %shape = arith.constant dense<[5, 5]> : tensor<2xi64>
  // expected-error @+1 {{'aic.reshape' op expected a shape of 24 elements, got 25}}
  %0 = aic.reshape %x, %shape {copy_zeros = false} : (tensor<4x6xf32>, tensor<2xi64>) -> tensor<5x5xf32>
  return
}

// -----

func.func @reshape_c1_open_extent(%x: tensor<4x6xf32>) {
  %shape = arith.constant dense<[5, -1]> : tensor<2xi64>
  // expected-error @+1 {{expected a shape of 24 elements, got a multiple of 5}}
  %0 = aic.reshape %x, %shape {copy_zeros = false} : (tensor<4x6xf32>, tensor<2xi64>) -> tensor<5x?xf32>
  return
}

// -----

func.func @reshape_two_open_extents(%x: tensor<4x6xf32>) {
  %shape = arith.constant dense<[-1, -1]> : tensor<2xi64>
  // expected-error @+1 {{expected at most one -1 in shape, got them at 0 and 1}}
  %0 = aic.reshape %x, %shape {copy_zeros = false} : (tensor<4x6xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  return
}

// -----

func.func @reshape_zero_past_rank(%x: tensor<4xf32>) {
  %shape = arith.constant dense<[4, 0]> : tensor<2xi64>
  // expected-error @+1 {{expected no 0 in shape past the input's rank 1, got one at 1}}
  %0 = aic.reshape %x, %shape {copy_zeros = true} : (tensor<4xf32>, tensor<2xi64>) -> tensor<4x?xf32>
  return
}

// -----

func.func @reshape_result_type(%x: tensor<4x6xf32>) {
  %shape = arith.constant dense<[6, 4]> : tensor<2xi64>
  // expected-error @+1 {{expected result 0 to be 'tensor<6x4xf32>', got 'tensor<4x6xf32>'}}
  %0 = aic.reshape %x, %shape {copy_zeros = false} : (tensor<4x6xf32>, tensor<2xi64>) -> tensor<4x6xf32>
  return
}

// -----

func.func @broadcast_fits(%x: tensor<3x2xf32>) {
  %shape = arith.constant dense<[3, 4]> : tensor<2xi64>
  // expected-error @+1 {{expected input and shape to broadcast, got 'tensor<3x2xf32>' and 'tensor<3x4xf32>'}}
  %0 = aic.broadcast %x, %shape : (tensor<3x2xf32>, tensor<2xi64>) -> tensor<3x4xf32>
  return
}

// -----

func.func @transpose_permutation(%x: tensor<3x2xf32>) {
  // expected-error @+1 {{expected a permutation of 2 dimensions, got [1, 1]}}
  %0 = aic.transpose %x {permutation = array<i64: 1, 1>} : (tensor<3x2xf32>) -> tensor<2x2xf32>
  return
}

// -----

func.func @concat_extents(%a: tensor<3x2xf32>, %b: tensor<3x4xf32>) {
  // expected-error @+1 {{expected input 1 to agree with the others but along dimension 0, got 'tensor<3x4xf32>' after 'tensor<3x2xf32>'}}
  %0 = aic.concat %a, %b {axis = 0 : i64} : (tensor<3x2xf32>, tensor<3x4xf32>) -> tensor<6x2xf32>
  return
}

// -----

func.func @concat_axis(%a: tensor<3x2xf32>) {
  // expected-error @+1 {{expected axis in [0, 2), got -1}}
  %0 = aic.concat %a {axis = -1 : i64} : (tensor<3x2xf32>) -> tensor<3x2xf32>
  return
}

// -----

func.func @slice_c1_steps(%x: tensor<3xf32>) {
  %c = arith.constant dense<0> : tensor<1xi64>
  // expected-error @+1 {{expected steps other than 0, got 0 for dimension 0}}
  %0 = aic.slice %x, %c, %c, %c {axes = array<i64: 0>}
      : (tensor<3xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<?xf32>
  return
}

// -----

func.func @slice_lengths(%x: tensor<3xf32>, %a: tensor<1xi64>, %b: tensor<2xi64>) {
  // expected-error @+1 {{expected ends to have 1 elements, got 2}}
  %0 = aic.slice %x, %a, %b, %a {axes = array<i64: 0>}
      : (tensor<3xf32>, tensor<1xi64>, tensor<2xi64>, tensor<1xi64>) -> tensor<?xf32>
  return
}

// -----

func.func @slice_axes_distinct(%x: tensor<3xf32>, %a: tensor<2xi64>) {
  // expected-error @+1 {{expected distinct axes, got 0 twice}}
  %0 = aic.slice %x, %a, %a, %a {axes = array<i64: 0, 0>}
      : (tensor<3xf32>, tensor<2xi64>, tensor<2xi64>, tensor<2xi64>) -> tensor<?xf32>
  return
}

// -----

func.func @pad_leaves_an_extent(%x: tensor<3xf32>, %v: tensor<f32>) {
  %pads = arith.constant dense<[-2, -2]> : tensor<2xi64>
  // expected-error @+1 {{expected pads that leave dimension 0 an extent of at least 0, got -1}}
  %0 = aic.pad %x, %pads, %v {mode = #aic<pad_mode constant>} : (tensor<3xf32>, tensor<2xi64>, tensor<f32>) -> tensor<?xf32>
  return
}

// -----

func.func @tile_repeats(%x: tensor<3xf32>) {
  %repeats = arith.constant dense<-1> : tensor<1xi64>
  // expected-error @+1 {{expected repeats of at least 0, got -1 for dimension 0}}
  %0 = aic.tile %x, %repeats : (tensor<3xf32>, tensor<1xi64>) -> tensor<?xf32>
  return
}

// -----

func.func @range_delta(%a: tensor<i64>) {
  %zero = arith.constant dense<0> : tensor<i64>
  // expected-error @+1 {{expected a delta other than 0, got 0}}
  %0 = aic.range %zero, %zero, %zero : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  return
}

// -----

func.func @gather_axis(%x: tensor<3xf32>, %i: tensor<2xi64>) {
  // expected-error @+1 {{expected axis in [0, 1), got 1}}
  %0 = aic.gather %x, %i {axis = 1 : i64} : (tensor<3xf32>, tensor<2xi64>) -> tensor<2xf32>
  return
}

// -----

func.func @gather_elements_indices(%x: tensor<3x4xf32>, %i: tensor<3x5xi64>) {
  // expected-error @+1 {{expected indices no larger than input but along dimension 0, got 'tensor<3x5xi64>' for 'tensor<3x4xf32>'}}
  %0 = aic.gather_elements %x, %i {axis = 0 : i64} : (tensor<3x4xf32>, tensor<3x5xi64>) -> tensor<3x5xf32>
  return
}

// -----

func.func @gather_nd_tuples(%x: tensor<3x4xf32>, %i: tensor<2x3xi64>) {
  // expected-error @+1 {{expected index tuples of at most 2 positions, got 3}}
  %0 = aic.gather_nd %x, %i {batch_dims = 0 : i64} : (tensor<3x4xf32>, tensor<2x3xi64>) -> tensor<2xf32>
  return
}

// -----

func.func @scatter_elements_updates(%x: tensor<3xf32>, %i: tensor<2xi64>, %u: tensor<3xf32>) {
  // expected-error @+1 {{expected updates of the indices' shape, got 'tensor<3xf32>' for 'tensor<2xi64>'}}
  %0 = aic.scatter_elements replace %x, %i, %u {axis = 0 : i64} : (tensor<3xf32>, tensor<2xi64>, tensor<3xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @scatter_nd_updates(%x: tensor<3x4xf32>, %i: tensor<2x1xi64>, %u: tensor<2x5xf32>) {
  // expected-error @+1 {{expected updates to be 'tensor<2x4xf32>', got 'tensor<2x5xf32>'}}
  %0 = aic.scatter_nd replace %x, %i, %u : (tensor<3x4xf32>, tensor<2x1xi64>, tensor<2x5xf32>) -> tensor<3x4xf32>
  return
}
