func.func @main(%x: tensor<?x16xf32> {aic.name = "x", aic.dims = ["N", ""]}) -> (tensor<?x24xf32> {aic.name = "y"}) {
  %w = arith.constant dense<0.5> : tensor<16x24xf32>
  %b = arith.constant dense<1.0> : tensor<24xf32>
  %0 = aic.matmul %x, %w : (tensor<?x16xf32>, tensor<16x24xf32>) -> tensor<?x24xf32> loc("MatMul_0")
  %1 = aic.add %0, %b : (tensor<?x24xf32>, tensor<24xf32>) -> tensor<?x24xf32> loc("Add_1")
  %2 = aic.tanh %1 : (tensor<?x24xf32>) -> tensor<?x24xf32> loc("Tanh_2")
  %3 = aic.relu %x : (tensor<?x16xf32>) -> tensor<?x16xf32> loc("Relu_3")
  return %2 : tensor<?x24xf32>
}
