// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Stages.h"
#include "aic/CodeGen/Passes.h"
#include "aic/Conversion/HostToLLVM/HostToLLVM.h"
#include "aic/Conversion/KernelToNVVM/Passes.h"
#include "aic/Target/NVPTX/Passes.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Transforms/Passes.h"

namespace mlir::aic {

void buildNVPTXTilesPipeline(OpPassManager &pm, const TargetBackend &, const TargetPipelineOptions &) {
  pm.addPass(createIsolateKernelsPass());
  pm.addPass(createGPUEmitKernelsPass());
  OpPassManager &kernels = pm.nest<ModuleOp>();
  kernels.addPass(createCanonicalizerPass());
  kernels.addPass(createCSEPass());
}

void buildNVPTXDevicePipeline(OpPassManager &pm, const TargetBackend &, const TargetPipelineOptions &) {
  buildKernelToNVVMPipeline(pm.nest<ModuleOp>());
}

void buildNVPTXTextPipeline(OpPassManager &pm, const TargetBackend &, const TargetPipelineOptions &) {
  pm.addPass(createGPUEmitPTXPass());
}

void buildNVPTXCodePipeline(OpPassManager &pm, const TargetBackend &, const TargetPipelineOptions &options) {
  PlanHostPassOptions host;
  host.threads = options.threads;
  pm.addPass(createPlanHostPass(host));
}

} // namespace mlir::aic
