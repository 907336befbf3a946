// y = (x * w + w) * w + w, z = rows of y summed, by two functions; what ../scale.mlir does on the host.
module attributes {nvidia.ptx = "@PTX@"} {
  func.func private @affine(tensor<?x4xf32>, tensor<4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32> attributes {aic.kernel,
    nvidia.launches = [{function = "affine", grid = affine_map<(d0, d1) -> ((d0 * 4) ceildiv 64, 1, 1)>, block = array<i64: 64, 1, 1>}]}
  func.func private @sum(tensor<?x4xf32>, tensor<?xf32>) -> tensor<?xf32> attributes {aic.kernel,
    nvidia.launches = [{function = "zero_rows", grid = affine_map<(d0, d1) -> (d0 ceildiv 32, 1, 1)>, block = array<i64: 32, 1, 1>},
                       {function = "add_rows", grid = affine_map<(d0, d1) -> (d1 floordiv 16 + 1, 1, 1)>, block = array<i64: 16, 1, 1>}]}
  func.func @main(%x: tensor<?x4xf32> {aic.name = "x", aic.dims = ["N", ""], aic.bounds = [[0, 1000, 1], []]})
      -> (tensor<?x4xf32> {aic.name = "y"}, tensor<?xf32> {aic.name = "z"}, tensor<?x4xf32> {aic.name = "x again"}) {
    %c0 = arith.constant 0 : index
    %w = arith.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
    %n = tensor.dim %x, %c0 : tensor<?x4xf32>
    %c500 = arith.constant 500 : index
    %ok = arith.cmpi ne, %n, %c500 : index
    cf.assert %ok, "node 'Guard': expected any extent but 500"
    %e = tensor.empty(%n) : tensor<?x4xf32>
    %e1 = tensor.empty(%n) : tensor<?xf32>
    %a = call @affine(%x, %w, %e) : (tensor<?x4xf32>, tensor<4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32> loc("first")
    %b = call @affine(%a, %w, %e) : (tensor<?x4xf32>, tensor<4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32> loc("second")
    %s = call @sum(%b, %e1) : (tensor<?x4xf32>, tensor<?xf32>) -> tensor<?xf32> loc("sum")
    return %b, %s, %x : tensor<?x4xf32>, tensor<?xf32>, tensor<?x4xf32>
  }
}
