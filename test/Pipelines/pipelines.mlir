// RUN: aic-opt --aic-to-loops %s | FileCheck %s --check-prefix=LOOPS
// RUN: aic-opt --aic-to-kernels="cpu=haswell" %s | FileCheck %s --check-prefix=KERNELS
// RUN: aic-opt --aic-to-tiles="cpu=haswell" %s | FileCheck %s --check-prefix=TILES
// RUN: aic-opt --aic-to-x86="cpu=haswell threads=2" %s | FileCheck %s --check-prefix=CODE
// RUN: aic-opt --aic-to-tiles="cpu=haswell" %s | aic-opt --aic-tiles-to-x86="cpu=haswell threads=2" | FileCheck %s --check-prefix=CODE

// LOOPS: linalg.generic
// KERNELS: aic.target = #aic.target<"x86", chip = "haswell"
// KERNELS: call @k0
// TILES: vector.store
// CODE: llvm.func hidden @k0(
// CODE: llvm.func hidden @aic_host_run
func.func @main(%x: tensor<?x64xf32> {aic.name = "x", aic.dims = ["N", ""]}) -> (tensor<?x64xf32> {aic.name = "y"}) {
  %0 = aic.relu %x : (tensor<?x64xf32>) -> tensor<?x64xf32>
  return %0 : tensor<?x64xf32>
}
