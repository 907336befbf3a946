// y = x * w + b, z = rows of y summed; "tiles" form as the emitter writes it.
func.func private @affine(tensor<?x4xf32>, tensor<4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32> attributes {aic.kernel}
func.func private @sum(tensor<?x4xf32>, tensor<?xf32>) -> tensor<?xf32> attributes {aic.kernel}
module {
  func.func private @affine(%x: memref<?xf32>, %w: memref<?xf32>, %y: memref<?xf32>, %n: index, %n1: index, %worker: index, %workers: index) attributes {aic.kernel} {
    %c4 = arith.constant 4 : index
    %c1 = arith.constant 1 : index
    %c0 = arith.constant 0 : index
    %v = vector.load %w[%c0] : memref<?xf32>, vector<4xf32>
    scf.for %i = %worker to %n step %workers {
      %at = arith.muli %i, %c4 : index
      %a = vector.load %x[%at] : memref<?xf32>, vector<4xf32>
      %b = arith.mulf %a, %v : vector<4xf32>
      %c = arith.addf %b, %v : vector<4xf32>
      vector.store %c, %y[%at] : memref<?xf32>, vector<4xf32>
    }
    return
  }
}
module {
  func.func private @sum(%x: memref<?xf32>, %z: memref<?xf32>, %n: index, %n1: index, %worker: index, %workers: index) attributes {aic.kernel, aic.scalar_fallback} {
    %c4 = arith.constant 4 : index
    %c1 = arith.constant 1 : index
    %c0 = arith.constant 0 : index
    %zero = arith.constant 0.0 : f32
    scf.for %i = %worker to %n step %workers {
      %row = arith.muli %i, %c4 : index
      %s = scf.for %j = %c0 to %c4 step %c1 iter_args(%acc = %zero) -> f32 {
        %at = arith.addi %row, %j : index
        %e = memref.load %x[%at] : memref<?xf32>
        %next = arith.addf %acc, %e : f32
        scf.yield %next : f32
      }
      memref.store %s, %z[%i] : memref<?xf32>
    }
    return
  }
}
func.func @main(%x: tensor<?x4xf32> {aic.name = "x", aic.dims = ["N", ""], aic.bounds = [[1, 1000, 1], []]})
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
