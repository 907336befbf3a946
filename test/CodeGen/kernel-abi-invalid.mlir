// RUN: aic-opt --aic-flatten-kernels -split-input-file -verify-diagnostics %s

// expected-error @+1 {{expected a kernel without results}}
func.func @results(%x: memref<?xf32>, %w: index, %n: index) -> index attributes {aic.kernel} {
  return %w : index
}

// -----

// expected-error @+1 {{expected contiguous memrefs, then index values as arguments of a kernel, got 'memref<?xf32>'}}
func.func @order(%w: index, %x: memref<?xf32>, %n: index) attributes {aic.kernel} {
  return
}

// -----

// expected-error @+1 {{expected the worker and the number of workers as last arguments}}
func.func @workers(%w: index) attributes {aic.kernel} {
  return
}
