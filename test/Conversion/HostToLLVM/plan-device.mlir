// RUN: aic-opt --aic-plan-host -split-input-file %s | FileCheck %s

// Launches get their grids from the extents, in numbers where these are; every function is in the table once: 2
// functions, 80 bytes of constants, then name, block, shared bytes.
// CHECK-LABEL: module attributes
// CHECK-SAME: launches = [{functions = [{block = [64, 1, 1], name = "fixed"}], kernel = "k0", nodes = []},
// CHECK-SAME: {functions = [{block = [8, 8, 1], grid = [2, 1, 3], name = "both"}, {block = [64, 1, 1], name = "fixed"}], kernel = "k1", nodes = ["second"]}]
// CHECK-DAG: llvm.mlir.global external hidden constant @aic_host_cuda(dense<[2, 80, {{[0-9]+}}, 64, 1, 1, 0, {{[0-9]+}}, 8, 8, 1, 65536]>
// CHECK-DAG: llvm.mlir.global external hidden constant @aic_host_ptx("text\00")
// CHECK-DAG: llvm.mlir.global external hidden constant @aic_host_ptx_size(4 : i64)
// CHECK-DAG: llvm.mlir.global external hidden constant @aic_host_device() {{.*}}: !llvm.ptr
// CHECK-DAG: llvm.mlir.addressof @aicrt_cuda_device
// CHECK: llvm.func {{.*}}@aic_host_run(%[[CALL:.+]]: !llvm.ptr, %{{.+}}: !llvm.ptr, %{{.+}}: !llvm.ptr)
// CHECK: llvm.call @aicrt_cuda_arena(%[[CALL]],
// CHECK: llvm.call @aicrt_cuda_weights(%[[CALL]])
// The grid of k0: N * 4 / 64, rounded up; 3 buffers, 2 dims.
// CHECK: llvm.call @aicrt_cuda_launch(%[[CALL]], %[[ZERO:[^,]+]], %{{[^,]+}}, %[[THREE:[^,]+]], %{{[^,]+}}, %[[TWO:[^,]+]], %{{[^,]+}}, %[[X:[^,]+]], %{{[^,]+}}, %{{[^,]+}})
// CHECK: llvm.call @aicrt_cuda_output(%[[CALL]],
// CHECK-COUNT-2: llvm.call @aicrt_cuda_launch(%[[CALL]],
// CHECK-NOT: aicrt_cuda_launch
// The argument is returned, too.
// CHECK: llvm.call @aicrt_cuda_copy(%[[CALL]],
// CHECK: llvm.return
module attributes {nvidia.ptx = "text"} {
  func.func private @k0(tensor<?x4xf32>, tensor<4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32> attributes {aic.kernel, nvidia.launches = [
    {function = "fixed", grid = affine_map<(d0, d1) -> ((d0 * 4) ceildiv 64, 1, 1)>, block = array<i64: 64, 1, 1>}]}
  func.func private @k1(tensor<?x4xf32>, index, tensor<4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32> attributes {aic.kernel, nvidia.launches = [
    {function = "both", grid = affine_map<(d0, d1, d2) -> (d1 floordiv 2, 1, d1 - 1)>, block = array<i64: 8, 8, 1>, shared = 65536 : i64},
    {function = "fixed", grid = affine_map<(d0, d1, d2) -> (d0, d2 mod 3, 1)>, block = array<i64: 64, 1, 1>}]}
  func.func @main(%x: tensor<?x4xf32> {aic.name = "x", aic.dims = ["N", ""]}) -> (tensor<?x4xf32> {aic.name = "y"}, tensor<?x4xf32> {aic.name = "z"}) {
    %c0 = arith.constant 0 : index
    %c4 = arith.constant 4 : index
    %w = arith.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
    %v = arith.constant dense<[5.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
    %n = tensor.dim %x, %c0 : tensor<?x4xf32>
    %e = tensor.empty(%n) : tensor<?x4xf32>
    %a = call @k0(%x, %w, %e) : (tensor<?x4xf32>, tensor<4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
    %b = call @k1(%a, %c4, %v, %e) : (tensor<?x4xf32>, index, tensor<4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32> loc("second")
    return %b, %x : tensor<?x4xf32>, tensor<?x4xf32>
  }
}

// -----

// A small tensor that the host looks at is read as a whole, once; one of unknown size by elements; a constant is the
// host's own. What the host makes for a kernel is written from its stack.
// CHECK: llvm.func {{.*}}@aic_host_run(%[[CALL:.+]]: !llvm.ptr, %{{.+}}: !llvm.ptr, %{{.+}}: !llvm.ptr)
// CHECK: %[[SCRATCH:.+]] = llvm.alloca %{{.+}} x i8 {alignment = 16 : i64}
// CHECK-NEXT: %[[SIZE:.+]] = llvm.mlir.constant(16 : i64) : i64
// CHECK-NEXT: %[[COPY:.+]] = llvm.alloca %[[SIZE]] x i8 {alignment = 16 : i64}
// CHECK: llvm.call @aicrt_cuda_read(%[[CALL]], %[[COPY]],
// CHECK: llvm.getelementptr %[[COPY]]
// CHECK: llvm.getelementptr %[[COPY]]
// CHECK-NOT: aicrt_cuda_read
// CHECK: llvm.call @aic_host_weights
// CHECK: llvm.call @aicrt_cuda_read(%[[CALL]], %[[SCRATCH]],
// CHECK: llvm.load %[[SCRATCH]] : !llvm.ptr -> i64
// CHECK: llvm.store {{.*}}, %[[SCRATCH]]
// CHECK: llvm.call @aicrt_cuda_write(%[[CALL]], %{{.+}}, %[[SCRATCH]],
// CHECK: llvm.call @aicrt_cuda_reserve
// CHECK: llvm.call @aicrt_cuda_launch
// CHECK-NOT: call @aicrt_{{copy|reserve|arena|output|launch}}(
func.func private @k(tensor<3xi64>, tensor<?x?xi64>) -> tensor<?x?xi64> attributes {aic.kernel, nvidia.launches = [
    {function = "k", grid = affine_map<(d0, d1) -> (d0, d1, 1)>, block = array<i64: 1, 1, 1>}]}
func.func @main(%shape: tensor<2xi64>, %list: tensor<?xi64> {aic.dims = ["N"]}) -> tensor<?x?xi64> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %table = arith.constant dense<[1, 2, 3, 4]> : tensor<4xi64>
  %a = tensor.extract %shape[%c0] : tensor<2xi64>
  %b = tensor.extract %shape[%c1] : tensor<2xi64>
  %ai = arith.index_cast %a : i64 to index
  %bi = arith.index_cast %b : i64 to index
  %c = tensor.extract %table[%ai] : tensor<4xi64>
  %d = tensor.extract %list[%bi] : tensor<?xi64>
  %made = tensor.from_elements %c, %d, %a : tensor<3xi64>
  %e = tensor.empty(%ai, %bi) : tensor<?x?xi64>
  %0 = call @k(%made, %e) : (tensor<3xi64>, tensor<?x?xi64>) -> tensor<?x?xi64>
  %1 = call @k(%made, %0) : (tensor<3xi64>, tensor<?x?xi64>) -> tensor<?x?xi64>
  return %1 : tensor<?x?xi64>
}

// -----

// The target decides where no kernel does: tensors are on the device, copies are done there.
// CHECK: @aic_host_cuda(dense<0> : tensor<2xi64>)
// CHECK: llvm.call @aicrt_cuda_copy
module attributes {aic.target = #aic.target<"nvidia", chip = "sm_80", features = "", model = {}>} {
  func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
    return %x : tensor<4xf32>
  }
}

// -----

// On the host nothing of this exists.
// CHECK: llvm.mlir.global external hidden constant @aic_host_device() {{.*}}: !llvm.ptr
// CHECK-NEXT: %[[NULL:.+]] = llvm.mlir.zero : !llvm.ptr
// CHECK-NEXT: llvm.return %[[NULL]]
// CHECK-NOT: cuda
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}
