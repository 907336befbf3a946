// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Stages.h"
#include "aic/CodeGen/Passes.h"
#include "aic/Conversion/AICToLinalg/AICToLinalg.h"
#include "aic/Conversion/HostToLLVM/HostToLLVM.h"
#include "aic/Conversion/KernelToVector/Passes.h"
#include "aic/Dialect/AIC/Transforms/Passes.h"
#include "aic/Target/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Transforms/Passes.h"

namespace mlir::aic {

/// A target that stands on the module (written by hand, or by an earlier stage) stays unless another is asked for.
static void addTarget(OpPassManager &pm, const TargetBackend &backend, const TargetPipelineOptions &options) {
  const TargetBackend &kernels = backend.getKernelBackend();
  AttachTargetPassOptions target;
  target.backend = kernels.getName().str();
  StringRef chip = options.getChip(kernels);
  target.cpu = kernels.isHost() && chip == "host" ? "" : chip.str();
  target.features = options.features;
  target.threads = options.threads;
  pm.addPass(createAttachTargetPass(target));
}

void buildGraphPipeline(OpPassManager &pm, const TargetBackend &backend, const TargetPipelineOptions &options) {
  addTarget(pm, backend, options);
  pm.addNestedPass<func::FuncOp>(createInferShapesPass());
  pm.addPass(createCanonicalizerPass());
  ConstantFoldPassOptions keepIntegers;
  keepIntegers.foldDequantize = false;
  pm.addPass(createConstantFoldPass(keepIntegers));
  pm.addNestedPass<func::FuncOp>(createFoldBatchNormPass());
  pm.addNestedPass<func::FuncOp>(createIntegerArithmeticPass());
  pm.addPass(createConstantFoldPass()); // the factors that batch norms left
  pm.addNestedPass<func::FuncOp>(createAssignLayoutPass(
      [&backend](Operation *op) { return backend.getPreferredLayout(op) == Layout::ChannelsLast; }));
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createConstantFoldPass()); // filters in their new layout
  pm.addPass(createCSEPass());
}

void buildLoopsPipeline(OpPassManager &pm, const TargetBackend &, const TargetPipelineOptions &) {
  pm.addPass(createConvertAICToLinalgPass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

/// Kernels are formed, and each gets the config of the machine.
static void addKernels(OpPassManager &pm, const TargetBackend &backend, const TargetPipelineOptions &options) {
  pm.addNestedPass<func::FuncOp>(createPrepareLoopsPass());
  pm.addPass(createFormKernelsPass(backend.getFusionPolicy(TargetAttr())));
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  addTarget(pm, backend, options);
  pm.addPass(createSelectConfigPass());
}

void buildKernelsPipeline(OpPassManager &pm, const TargetBackend &backend, const TargetPipelineOptions &options) {
  addKernels(pm, backend, options);
  pm.addPass(createCountWorkPass());
}

void buildX86KernelsPipeline(OpPassManager &pm, const TargetBackend &backend, const TargetPipelineOptions &options) {
  addKernels(pm, backend, options);
  pm.addPass(createX86PackConstantsPass());
  pm.addPass(createCountWorkPass());
}

void buildX86TilesPipeline(OpPassManager &pm, const TargetBackend &, const TargetPipelineOptions &) {
  pm.addPass(createIsolateKernelsPass());
  OpPassManager &kernels = pm.nest<ModuleOp>();
  kernels.addPass(createX86EmitKernelsPass());
  kernels.addPass(createCanonicalizerPass());
  kernels.addPass(createCSEPass());
}

void buildX86CodePipeline(OpPassManager &pm, const TargetBackend &, const TargetPipelineOptions &options) {
  PlanHostPassOptions host;
  host.threads = options.threads;
  buildKernelToLLVMPipeline(pm.nest<ModuleOp>());
  pm.addPass(createPlanHostPass(host));
}

} // namespace mlir::aic
