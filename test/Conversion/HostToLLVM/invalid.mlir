// RUN: aic-opt --aic-plan-host -split-input-file -verify-diagnostics %s

// expected-error @+1 {{expected a function '@main' with one block}}
module {}

// -----

func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{expected kernel calls, views and shape arithmetic in '@main', got 'arith.addf'}}
  %0 = arith.addf %x, %x : tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

// expected-error @+1 {{expected a ranked tensor of a type of the C interface for 'input0', got 'tensor<4xindex>'}}
func.func @main(%x: tensor<4xindex>) -> tensor<4xindex> {
  return %x : tensor<4xindex>
}

// -----

func.func private @k(tensor<4xf32>, f32, tensor<4xf32>) -> tensor<4xf32>
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %f = arith.constant 1.0 : f32
  %e = tensor.empty() : tensor<4xf32>
  // expected-error @+1 {{expected tensors and index values as operands of a kernel, got 'f32'}}
  %0 = call @k(%x, %f, %e) : (tensor<4xf32>, f32, tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

// A model is on one device: all its kernels are.
func.func private @on(tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32> attributes {aic.kernel, nvidia.launches = [
    {function = "on", grid = affine_map<() -> (1, 1, 1)>, block = array<i64: 4, 1, 1>}]}
func.func private @off(tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32> attributes {aic.kernel}
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %e = tensor.empty() : tensor<4xf32>
  %0 = call @on(%x, %e) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  // expected-error @+1 {{expected 'nvidia.launches' on kernel 'off' of a model for CUDA}}
  %1 = call @off(%0, %e) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}

// -----

// expected-error @+1 {{expected a grid of 3 extents by the kernel's 0 index parameters in 'nvidia.launches', got affine_map<(d0) -> (d0, 1, 1)>}}
func.func private @k(tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32> attributes {aic.kernel, nvidia.launches = [
    {function = "k", grid = affine_map<(d0) -> (d0, 1, 1)>, block = array<i64: 4, 1, 1>}]}
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %e = tensor.empty() : tensor<4xf32>
  %0 = call @k(%x, %e) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

// expected-error @+1 {{expected {function = "name", grid = affine_map, block = array<i64: x, y, z>} in 'nvidia.launches', got {block = array<i64: 4>, function = "k"}}}
func.func private @k(tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32> attributes {aic.kernel, nvidia.launches = [{function = "k", block = array<i64: 4>}]}
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %e = tensor.empty() : tensor<4xf32>
  %0 = call @k(%x, %e) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
