// A grid that grows with the input in a dimension where a launch takes 65535 blocks.
module attributes {nvidia.ptx = "@PTX@"} {
  func.func private @twice(tensor<?xi32>, tensor<?xi32>) -> tensor<?xi32> attributes {aic.kernel,
    nvidia.launches = [{function = "twice", grid = affine_map<(d0, d1) -> (1, d0, 1)>, block = array<i64: 1, 1, 1>}]}
  func.func @main(%x: tensor<?xi32> {aic.name = "x", aic.dims = ["N"]}) -> (tensor<?xi32> {aic.name = "y"}) {
    %c0 = arith.constant 0 : index
    %n = tensor.dim %x, %c0 : tensor<?xi32>
    %e = tensor.empty(%n) : tensor<?xi32>
    %y = call @twice(%x, %e) : (tensor<?xi32>, tensor<?xi32>) -> tensor<?xi32>
    return %y : tensor<?xi32>
  }
}
