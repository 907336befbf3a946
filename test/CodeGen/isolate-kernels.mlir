// RUN: aic-opt --aic-isolate-kernels %s | FileCheck %s

// CHECK: module attributes {aic.target = #[[TARGET:.+]]} {
// CHECK: func.func private @k(tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32> attributes {aic.kernel}
// CHECK: func.func @main
// CHECK: call @k
// CHECK: module attributes {aic.target = #[[TARGET]]} {
// CHECK-NEXT: func.func private @k(%{{.+}}: tensor<4xf32>, %{{.+}}: tensor<4xf32>) -> tensor<4xf32>
module attributes {aic.target = #aic.target<"x86", chip = "haswell", features = "", model = {lanes = 8 : i64}>} {
  func.func private @k(%x: tensor<4xf32>, %out: tensor<4xf32>) -> tensor<4xf32> attributes {aic.kernel} {
    return %x : tensor<4xf32>
  }
  func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
    %e = tensor.empty() : tensor<4xf32>
    %r = call @k(%x, %e) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    return %r : tensor<4xf32>
  }
}
