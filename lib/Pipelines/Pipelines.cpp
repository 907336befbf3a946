// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Pipelines/Pipelines.h"
#include "aic/CodeGen/Passes.h"
#include "aic/Conversion/AICToLinalg/AICToLinalg.h"
#include "aic/Conversion/HostToLLVM/HostToLLVM.h"
#include "aic/Conversion/KernelToVector/Passes.h"
#include "aic/Dialect/AIC/Transforms/Passes.h"
#include "aic/Target/Passes.h"
#include "aic/Target/TargetBackend.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Transforms/Passes.h"

namespace mlir::aic {

static const TargetBackend &getX86() { return *lookupTarget("x86"); }

/// A target that stands on the module (written by hand, or by an earlier stage) stays unless a CPU is asked for.
static void addTarget(OpPassManager &pm, const X86PipelineOptions &options) {
  AttachTargetPassOptions target;
  if (options.cpu != "host" || !options.features.empty())
    target.backend = getX86().getName().str();
  target.cpu = options.cpu;
  target.features = options.features;
  target.threads = options.threads;
  pm.addPass(createAttachTargetPass(target));
}

void buildGraphPipeline(OpPassManager &pm, const X86PipelineOptions &options) {
  addTarget(pm, options);
  pm.addNestedPass<func::FuncOp>(createInferShapesPass());
  pm.addPass(createCanonicalizerPass());
  ConstantFoldPassOptions keepIntegers;
  keepIntegers.foldDequantize = false;
  pm.addPass(createConstantFoldPass(keepIntegers));
  pm.addNestedPass<func::FuncOp>(createFoldBatchNormPass());
  pm.addNestedPass<func::FuncOp>(createIntegerArithmeticPass());
  pm.addPass(createConstantFoldPass()); // the factors that batch norms left
  pm.addNestedPass<func::FuncOp>(createAssignLayoutPass(
      [](Operation *op) { return getX86().getPreferredLayout(op) == Layout::ChannelsLast; }));
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createConstantFoldPass()); // filters in their new layout
  pm.addPass(createCSEPass());
}

void buildLoopsPipeline(OpPassManager &pm, const X86PipelineOptions &) {
  pm.addPass(createConvertAICToLinalgPass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

void buildKernelsPipeline(OpPassManager &pm, const X86PipelineOptions &options) {
  pm.addNestedPass<func::FuncOp>(createPrepareLoopsPass());
  pm.addPass(createFormKernelsPass(getX86().getFusionPolicy(TargetAttr())));
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  addTarget(pm, options);
  pm.addPass(createSelectConfigPass());
  pm.addPass(createX86PackConstantsPass());
  pm.addPass(createCountWorkPass());
}

void buildTilesPipeline(OpPassManager &pm, const X86PipelineOptions &) {
  pm.addPass(createIsolateKernelsPass());
  OpPassManager &kernels = pm.nest<ModuleOp>();
  kernels.addPass(createX86EmitKernelsPass());
  kernels.addPass(createCanonicalizerPass());
  kernels.addPass(createCSEPass());
}

void buildCodePipeline(OpPassManager &pm, const X86PipelineOptions &options) {
  PlanHostPassOptions host;
  host.threads = options.threads;
  buildKernelToLLVMPipeline(pm.nest<ModuleOp>());
  pm.addPass(createPlanHostPass(host));
}

void buildX86Pipeline(OpPassManager &pm, const X86PipelineOptions &options) {
  buildGraphPipeline(pm, options);
  buildLoopsPipeline(pm, options);
  buildKernelsPipeline(pm, options);
  buildTilesPipeline(pm, options);
  buildCodePipeline(pm, options);
}

void registerPipelines() {
  using Build = void (*)(OpPassManager &, const X86PipelineOptions &);
  auto add = [](const char *name, const char *description, std::vector<Build> stages) {
    PassPipelineRegistration<X86PipelineOptions>(name, description,
                                                 [stages](OpPassManager &pm, const X86PipelineOptions &options) {
                                                   for (Build stage : stages)
                                                     stage(pm, options);
                                                 });
  };
  add("aic-graph-pipeline", "Graph level to its final form: shapes, constants, layouts", {buildGraphPipeline});
  add("aic-to-loops", "Graph level to the loops level", {buildGraphPipeline, buildLoopsPipeline});
  add("aic-to-kernels", "Graph level to the kernels level",
      {buildGraphPipeline, buildLoopsPipeline, buildKernelsPipeline});
  add("aic-to-tiles", "Graph level to the tiles level",
      {buildGraphPipeline, buildLoopsPipeline, buildKernelsPipeline, buildTilesPipeline});
  add("aic-tiles-to-x86", "Tiles level to the LLVM dialect: host code and one module per kernel", {buildCodePipeline});
  add("aic-to-x86", "Graph level to the LLVM dialect: host code and one module per kernel", {buildX86Pipeline});
}

} // namespace mlir::aic
