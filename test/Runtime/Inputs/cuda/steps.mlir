// What the host has to know of a device's tensors: an output whose extent data decides, a loop until a value is reached,
// a shape tensor that a kernel reads.
module attributes {nvidia.ptx = "@PTX@"} {
  func.func private @count(tensor<?xi32>, tensor<i64>) -> tensor<i64> attributes {aic.kernel,
    nvidia.launches = [{function = "count", grid = affine_map<(d0) -> (1, 1, 1)>, block = array<i64: 1, 1, 1>}]}
  func.func private @fill(tensor<?xi32>, tensor<?xi32>) -> tensor<?xi32> attributes {aic.kernel,
    nvidia.launches = [{function = "fill", grid = affine_map<(d0, d1) -> (1, 1, 1)>, block = array<i64: 1, 1, 1>}]}
  func.func private @twice(tensor<?xi32>, tensor<?xi32>) -> tensor<?xi32> attributes {aic.kernel,
    nvidia.launches = [{function = "twice", grid = affine_map<(d0, d1) -> (d0 ceildiv 32, 1, 1)>, block = array<i64: 32, 1, 1>}]}
  func.func private @below(tensor<?xi32>, index, tensor<i1>) -> tensor<i1> attributes {aic.kernel,
    nvidia.launches = [{function = "below", grid = affine_map<(d0, d1) -> (1, 1, 1)>, block = array<i64: 1, 1, 1>}]}
  func.func private @pick(tensor<3xi64>, tensor<i64>) -> tensor<i64> attributes {aic.kernel,
    nvidia.launches = [{function = "pick", grid = affine_map<() -> (1, 1, 1)>, block = array<i64: 1, 1, 1>}]}
  func.func @main(%x: tensor<?xi32> {aic.name = "x", aic.dims = ["N"]}, %v: tensor<?xi32> {aic.name = "v", aic.dims = ["M"]})
      -> (tensor<?xi32> {aic.name = "positive"}, tensor<?xi32> {aic.name = "doubled"}, tensor<i64> {aic.name = "picked"},
          tensor<?x?xi32> {aic.name = "square"}) {
    %c0 = arith.constant 0 : index
    %c100 = arith.constant 100 : index
    %seven = arith.constant 7 : i64
    %n = tensor.dim %x, %c0 : tensor<?xi32>
    %one = tensor.empty() : tensor<i64>
    %counted = call @count(%x, %one) : (tensor<?xi32>, tensor<i64>) -> tensor<i64>
    %known = tensor.extract %counted[] : tensor<i64>
    %found = arith.index_cast %known : i64 to index
    %e = tensor.empty(%found) : tensor<?xi32>
    %positive = call @fill(%x, %e) : (tensor<?xi32>, tensor<?xi32>) -> tensor<?xi32>
    %doubled = scf.while (%w = %v) : (tensor<?xi32>) -> tensor<?xi32> {
      %flag = tensor.empty() : tensor<i1>
      %b = func.call @below(%w, %c100, %flag) : (tensor<?xi32>, index, tensor<i1>) -> tensor<i1>
      %go = tensor.extract %b[] : tensor<i1>
      scf.condition(%go) %w : tensor<?xi32>
    } do {
    ^bb0(%w: tensor<?xi32>):
      %m = tensor.dim %w, %c0 : tensor<?xi32>
      %d = tensor.empty(%m) : tensor<?xi32>
      %t = func.call @twice(%w, %d) : (tensor<?xi32>, tensor<?xi32>) -> tensor<?xi32>
      scf.yield %t : tensor<?xi32>
    }
    %long = arith.index_cast %n : index to i64
    %shape = tensor.from_elements %long, %seven, %seven : tensor<3xi64>
    %picked = call @pick(%shape, %one) : (tensor<3xi64>, tensor<i64>) -> tensor<i64>
    // The extents of the last output are elements 0 and 1 of a table, chosen at run time.
    %table = arith.constant dense<[1, 1, 2]> : tensor<3xi64>
    %c1 = arith.constant 1 : index
    %m = tensor.dim %v, %c0 : tensor<?xi32>
    %half = arith.divui %m, %c1 : index
    %position = arith.minui %half, %c1 : index
    %first = tensor.extract %table[%position] : tensor<3xi64>
    %rows = arith.index_cast %first : i64 to index
    %sizes = tensor.from_elements %rows, %n : tensor<2xindex>
    %square = tensor.reshape %x(%sizes) : (tensor<?xi32>, tensor<2xindex>) -> tensor<?x?xi32>
    return %positive, %doubled, %picked, %square : tensor<?xi32>, tensor<?xi32>, tensor<i64>, tensor<?x?xi32>
  }
}
