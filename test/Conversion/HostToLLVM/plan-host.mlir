// RUN: aic-opt --aic-plan-host="threads=2 features=avx2,fma" -split-input-file %s | FileCheck %s

// The table of the signature: 1 input, 1 output, 1 symbol, no heap slot, 2 threads.
// CHECK-LABEL: module attributes
// CHECK-SAME: aic.host = {inputs = [{dims = ["N", 4], dtype = "f32", name = "x"}], launches = [{kernel = "k0", nodes = []}, {kernel = "k0", nodes = ["second"]}], outputs = [{dims = ["", 4], dtype = "f32", name = "y"}]}
// CHECK-SAME: aic.weights = [{bytes = 16 : i64, offset = 0 : i64, value = dense<1.000000e+00> : tensor<4xf32>}]
// CHECK: llvm.mlir.global {{.*}}@aic_host_io(dense<[1, 1, 1, 0, 2,
// CHECK-NOT: func.func
// CHECK: llvm.func {{.*}}@aic_host_shapes(%{{.+}}: !llvm.ptr, %{{.+}}: !llvm.ptr) -> i64
// CHECK: llvm.func {{.*}}@aic_host_run(%[[CALL:.+]]: !llvm.ptr, %{{.+}}: !llvm.ptr, %{{.+}}: !llvm.ptr)
// CHECK: %[[ARENA:.+]] = llvm.call @aicrt_arena(%[[CALL]]
// CHECK: llvm.call @aicrt_launch(%[[CALL]],
// CHECK: llvm.call @aicrt_output(%[[CALL]],
// CHECK: llvm.call @aicrt_launch(%[[CALL]],
// CHECK: llvm.return
func.func private @k0(tensor<?x4xf32>, tensor<4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32> attributes {aic.kernel}
func.func @main(%x: tensor<?x4xf32> {aic.name = "x", aic.dims = ["N", ""]}) -> (tensor<?x4xf32> {aic.name = "y"}) {
  %c0 = arith.constant 0 : index
  %w = arith.constant dense<1.0> : tensor<4xf32>
  %n = tensor.dim %x, %c0 : tensor<?x4xf32>
  %e = tensor.empty(%n) : tensor<?x4xf32>
  %a = call @k0(%x, %w, %e) : (tensor<?x4xf32>, tensor<4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  %b = call @k0(%a, %w, %e) : (tensor<?x4xf32>, tensor<4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32> loc("second")
  return %b : tensor<?x4xf32>
}

// -----

// Static extents: the arena is a number; two of three values share a slot.
// CHECK: llvm.func {{.*}}@aic_host_shapes
// CHECK: llvm.mlir.constant(128 : {{.+}}) : i64
func.func private @k(tensor<16xf32>, tensor<16xf32>) -> tensor<16xf32> attributes {aic.kernel}
func.func @main(%x: tensor<16xf32>) -> tensor<16xf32> {
  %e = tensor.empty() : tensor<16xf32>
  %0 = call @k(%x, %e) : (tensor<16xf32>, tensor<16xf32>) -> tensor<16xf32>
  %1 = call @k(%0, %e) : (tensor<16xf32>, tensor<16xf32>) -> tensor<16xf32>
  %2 = call @k(%1, %e) : (tensor<16xf32>, tensor<16xf32>) -> tensor<16xf32>
  %3 = call @k(%2, %e) : (tensor<16xf32>, tensor<16xf32>) -> tensor<16xf32>
  return %3 : tensor<16xf32>
}

// -----

// An argument, a constant and a value returned twice are copied.
// CHECK: llvm.func {{.*}}@aic_host_run
// CHECK: llvm.call @aicrt_launch
// CHECK-COUNT-3: llvm.call @aicrt_copy
// CHECK-NOT: llvm.call @aicrt_copy
func.func private @k(tensor<16xf32>, tensor<16xf32>) -> tensor<16xf32> attributes {aic.kernel}
func.func @main(%x: tensor<16xf32>) -> (tensor<4x4xf32>, tensor<16xf32>, tensor<2xi64>, tensor<16xf32>) {
  %c = arith.constant dense<[1, 2]> : tensor<2xi64>
  %e = tensor.empty() : tensor<16xf32>
  %0 = call @k(%x, %e) : (tensor<16xf32>, tensor<16xf32>) -> tensor<16xf32>
  %1 = tensor.expand_shape %0 [[0, 1]] output_shape [4, 4] : tensor<16xf32> into tensor<4x4xf32>
  return %1, %x, %c, %0 : tensor<4x4xf32>, tensor<16xf32>, tensor<2xi64>, tensor<16xf32>
}

// -----

// A size that depends on data is reserved when it is known.
// CHECK: llvm.func {{.*}}@aic_host_run
// CHECK: llvm.call @aicrt_launch
// CHECK: llvm.load %{{.+}} : !llvm.ptr -> i64
// CHECK: llvm.call @aicrt_check
// CHECK: llvm.call @aicrt_reserve
// CHECK: llvm.call @aicrt_launch
// CHECK: llvm.call @aicrt_output
func.func private @count(tensor<16xf32>, tensor<i64>) -> tensor<i64> attributes {aic.kernel}
func.func private @fill(tensor<16xf32>, tensor<?xi64>) -> tensor<?xi64> attributes {aic.kernel}
func.func private @neg(tensor<?xi64>, tensor<?xi64>) -> tensor<?xi64> attributes {aic.kernel}
func.func @main(%x: tensor<16xf32>) -> tensor<?xi64> {
  %c0 = arith.constant 0 : index
  %e = tensor.empty() : tensor<i64>
  %0 = call @count(%x, %e) : (tensor<16xf32>, tensor<i64>) -> tensor<i64>
  %1 = tensor.extract %0[] : tensor<i64>
  %n = arith.index_cast %1 : i64 to index
  %ok = arith.cmpi sge, %n, %c0 : index
  cf.assert %ok, "expected a count"
  %e1 = tensor.empty(%n) : tensor<?xi64>
  %2 = call @fill(%x, %e1) : (tensor<16xf32>, tensor<?xi64>) -> tensor<?xi64>
  %3 = call @neg(%2, %e1) : (tensor<?xi64>, tensor<?xi64>) -> tensor<?xi64>
  return %3 : tensor<?xi64>
}

// -----

// A reshape by a shape tensor; its elements need no memory. A wrong shape is a run-time error.
// CHECK: llvm.mlir.global {{.*}}expected a shape with as many elements as the tensor has
// CHECK: llvm.func {{.*}}@aic_host_run
// CHECK: llvm.call @aicrt_check
func.func private @k(tensor<?x?xf32>, tensor<?x?xf32>) -> tensor<?x?xf32> attributes {aic.kernel}
func.func @main(%x: tensor<?xf32> {aic.dims = ["N"]}, %y: tensor<?xf32> {aic.dims = ["M"]}) -> tensor<?x?xf32> {
  %c0 = arith.constant 0 : index
  %m = tensor.dim %y, %c0 : tensor<?xf32>
  %c2 = arith.constant 2 : index
  %shape = tensor.from_elements %m, %c2 : tensor<2xindex>
  %0 = tensor.reshape %x(%shape) : (tensor<?xf32>, tensor<2xindex>) -> tensor<?x?xf32>
  %e = tensor.empty(%m, %c2) : tensor<?x?xf32>
  %1 = call @k(%0, %e) : (tensor<?x?xf32>, tensor<?x?xf32>) -> tensor<?x?xf32>
  return %1 : tensor<?x?xf32>
}
