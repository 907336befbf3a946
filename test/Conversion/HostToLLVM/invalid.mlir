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
