// RUN: aic-opt --aic-plan-host %s | FileCheck %s

// A call gets a worker for each grain of its results: 512 / 128, N * 8 / 16. Without a config: all of them.
// CHECK-LABEL: llvm.func {{.*}}@aic_host_run
// CHECK: llvm.mlir.addressof @fixed
// CHECK-NEXT: llvm.mlir.constant(0 : i64) : i64
// CHECK-NEXT: %[[FOUR:.+]] = llvm.mlir.constant(4 : i64) : i64
// CHECK-NEXT: llvm.call @aicrt_launch({{.+}}, %[[FOUR]])
// CHECK: llvm.mlir.addressof @dynamic
// CHECK: %[[SHARES:.+]] = llvm.udiv %{{.+}}, %{{.+}}
// CHECK: llvm.call @aicrt_launch({{.+}}, %[[SHARES]])
// CHECK: llvm.mlir.addressof @plain
// CHECK: %[[ALL:.+]] = llvm.mlir.constant(2147483647 : i64) : i64
// CHECK-NEXT: llvm.call @aicrt_launch({{.+}}, %[[ALL]])
func.func private @fixed(tensor<512xf32>, tensor<512xf32>) -> tensor<512xf32>
  attributes {aic.kernel, aic.lowering_config = #aic.lowering_config<elementwise, {grain = 128 : i64}>}
func.func private @dynamic(tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  attributes {aic.kernel, aic.lowering_config = #aic.lowering_config<elementwise, {grain = 16 : i64}>}
func.func private @plain(tensor<512xf32>, tensor<512xf32>) -> tensor<512xf32> attributes {aic.kernel}
func.func @main(%x: tensor<512xf32>, %y: tensor<?x8xf32>) -> (tensor<512xf32>, tensor<?x8xf32>) {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %y, %c0 : tensor<?x8xf32>
  %e = tensor.empty() : tensor<512xf32>
  %d = tensor.empty(%n) : tensor<?x8xf32>
  %0 = call @fixed(%x, %e) : (tensor<512xf32>, tensor<512xf32>) -> tensor<512xf32>
  %1 = call @dynamic(%y, %d) : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  %2 = call @plain(%0, %e) : (tensor<512xf32>, tensor<512xf32>) -> tensor<512xf32>
  return %2, %1 : tensor<512xf32>, tensor<?x8xf32>
}
