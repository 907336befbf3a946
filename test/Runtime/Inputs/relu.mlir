func.func @main(%x: tensor<8x64xf32> {aic.name = "x"}) -> (tensor<8x64xf32> {aic.name = "y"}) {
  %0 = aic.relu %x : (tensor<8x64xf32>) -> tensor<8x64xf32>
  return %0 : tensor<8x64xf32>
}
