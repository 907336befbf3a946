// RUN: aic-opt --aic-flatten-kernels %s | FileCheck %s --check-prefix=FLAT
// RUN: aic-opt --pass-pipeline='builtin.module(aic-flatten-kernels,convert-scf-to-cf,finalize-memref-to-llvm,convert-func-to-llvm{use-bare-ptr-memref-call-conv=1},reconcile-unrealized-casts,aic-add-kernel-entries)' %s | FileCheck %s --check-prefix=ENTRY

// FLAT-LABEL: func.func @k(
// FLAT-SAME: %[[X:[^ ]+]]: memref<f32> {llvm.noalias}, %[[Y:[^ ]+]]: memref<f32> {llvm.noalias}, %[[N:[^ ]+]]: index, %{{[^ ]+}}: index, %{{[^ ]+}}: index)
// FLAT: %[[VIEW:.+]] = memref.reinterpret_cast %[[X]]
// FLAT: memref.load %[[VIEW]][%[[N]]]

// ENTRY-LABEL: llvm.func hidden @k(
// ENTRY-SAME: %[[BUFFERS:[^ ]+]]: !llvm.ptr, %[[DIMS:[^ ]+]]: !llvm.ptr, %[[WORKER:[^ ]+]]: i64, %[[WORKERS:[^ ]+]]: i64)
// ENTRY: %[[AT:.+]] = llvm.getelementptr %[[BUFFERS]][1]
// ENTRY: llvm.load %[[AT]] : !llvm.ptr -> !llvm.ptr
// ENTRY: %[[DIM:.+]] = llvm.getelementptr %[[DIMS]][0]
// ENTRY: llvm.load %[[DIM]] : !llvm.ptr -> i64
// ENTRY: llvm.call @k.body({{.+}}, %[[WORKER]], %[[WORKERS]])
// ENTRY: llvm.func internal @k.body(%{{.+}}: !llvm.ptr {llvm.noalias}
func.func @k(%x: memref<?xf32>, %y: memref<?xf32>, %n: index, %worker: index, %workers: index) attributes {aic.kernel} {
  %v = memref.load %x[%n] : memref<?xf32>
  memref.store %v, %y[%n] : memref<?xf32>
  return
}

// A function that is no kernel stays.
// FLAT-LABEL: func.func @helper(%{{.+}}: memref<?xf32>)
func.func @helper(%x: memref<?xf32>) {
  return
}
