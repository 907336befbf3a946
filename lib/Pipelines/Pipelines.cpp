// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Pipelines/Pipelines.h"
#include "aic/CodeGen/Passes.h"
#include "aic/Conversion/AICToLinalg/AICToLinalg.h"
#include "aic/Conversion/HostToLLVM/HostToLLVM.h"
#include "aic/Conversion/KernelToVector/Passes.h"
#include "aic/Dialect/AIC/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/Support/raw_ostream.h"

namespace mlir::aic {

/// Adds a pass by name; the ones that are not registered are left out.
static void addNamed(OpPassManager &pm, StringRef name, const Twine &text) {
  if (PassInfo::lookup(name))
    (void)parsePassPipeline(text.str(), pm, llvm::errs());
}

void buildGraphPipeline(OpPassManager &pm, const X86PipelineOptions &) {
  addNamed(pm, "aic-infer-shapes", "func.func(aic-infer-shapes)");
  pm.addPass(createCanonicalizerPass());
  addNamed(pm, "aic-constant-fold", "func.func(aic-constant-fold)");
  addNamed(pm, "aic-fold-batch-norm", "func.func(aic-fold-batch-norm)");
  addNamed(pm, "aic-assign-layout", "func.func(aic-assign-layout)");
  pm.addPass(createCanonicalizerPass());
  addNamed(pm, "aic-constant-fold", "func.func(aic-constant-fold)");
  pm.addPass(createCSEPass());
}

void buildLoopsPipeline(OpPassManager &pm, const X86PipelineOptions &) {
  pm.addPass(createConvertAICToLinalgPass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

void buildKernelsPipeline(OpPassManager &pm, const X86PipelineOptions &options) {
  pm.addNestedPass<func::FuncOp>(createPrepareLoopsPass());
  pm.addPass(createFormKernelsPass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  addNamed(pm, "aic-attach-target",
           "aic-attach-target{backend=x86 cpu=" + options.cpu.getValue() +
               (options.features.empty() ? "" : " features=" + options.features.getValue()) +
               " threads=" + Twine(options.threads.getValue()) + "}");
  addNamed(pm, "aic-select-config", "aic-select-config");
  addNamed(pm, "aic-x86-pack-constants", "aic-x86-pack-constants");
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
  add("aic-to-kernels", "Graph level to the kernels level", {buildGraphPipeline, buildLoopsPipeline, buildKernelsPipeline});
  add("aic-to-tiles", "Graph level to the tiles level",
      {buildGraphPipeline, buildLoopsPipeline, buildKernelsPipeline, buildTilesPipeline});
  add("aic-tiles-to-x86", "Tiles level to the LLVM dialect: host code and one module per kernel", {buildCodePipeline});
  add("aic-to-x86", "Graph level to the LLVM dialect: host code and one module per kernel", {buildX86Pipeline});
}

} // namespace mlir::aic
