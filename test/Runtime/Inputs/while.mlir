func.func @main(%n: tensor<i64> {aic.name="n"}, %x: tensor<4xf32> {aic.name="x"}) -> (tensor<4xf32> {aic.name="y"}, tensor<i64> {aic.name="i"}) {
  %zero = arith.constant dense<0> : tensor<i64>
  %one = arith.constant dense<1> : tensor<i64>
  %r:2 = scf.while (%i = %zero, %v = %x) : (tensor<i64>, tensor<4xf32>) -> (tensor<i64>, tensor<4xf32>) {
    %lt = aic.compare lt %i, %n : (tensor<i64>, tensor<i64>) -> tensor<i1>
    %p = tensor.extract %lt[] : tensor<i1>
    scf.condition(%p) %i, %v : tensor<i64>, tensor<4xf32>
  } do {
  ^bb0(%i: tensor<i64>, %v: tensor<4xf32>):
    %0 = aic.add %i, %one : (tensor<i64>, tensor<i64>) -> tensor<i64>
    %1 = aic.add %v, %x : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    scf.yield %0, %1 : tensor<i64>, tensor<4xf32>
  }
  return %r#1, %r#0 : tensor<4xf32>, tensor<i64>
}
