func.func @main(%c: tensor<i1> {aic.name="c"}, %x: tensor<?x8xf32> {aic.name="x", aic.dims=["N",""]}) -> (tensor<?x8xf32> {aic.name="y"}) {
  %p = tensor.extract %c[] : tensor<i1>
  %r = scf.if %p -> (tensor<?x8xf32>) {
    %0 = aic.tanh %x : (tensor<?x8xf32>) -> tensor<?x8xf32>
    scf.yield %0 : tensor<?x8xf32>
  } else {
    %0 = aic.neg %x : (tensor<?x8xf32>) -> tensor<?x8xf32>
    %1 = aic.relu %0 : (tensor<?x8xf32>) -> tensor<?x8xf32>
    scf.yield %1 : tensor<?x8xf32>
  }
  %y = aic.exp %r : (tensor<?x8xf32>) -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}
