// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Conversion/AICToNPU/Passes.h"
#include "aic/Dialect/AIC/Transforms/Passes.h"
#include "aic/Dialect/NPU/Transforms/Passes.h"
#include "aic/Pipelines/Pipelines.h"
#include "aic/Target/NPU/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Transforms/Passes.h"

namespace mlir::aic {

void buildNPUUnitsPipeline(OpPassManager &pm, const NPUPipelineOptions &options) {
  pm.addNestedPass<func::FuncOp>(npu::createNPUDemotePass());
  pm.addPass(createConstantFoldPass()); // constants in f16
  npu::NPUFormUnitsPassOptions units;
  units.machine = options.machine;
  pm.addNestedPass<func::FuncOp>(npu::createNPUFormUnitsPass(units));
  npu::NPUPartitionPassOptions partition;
  partition.machine = options.machine;
  pm.addPass(npu::createNPUPartitionPass(partition));
}

void buildNPUProgramsPipeline(OpPassManager &pm, const NPUPipelineOptions &) {
  pm.addPass(npu::createNPULowerUnitsPass());
  OpPassManager &programs = pm.nest<npu::ProgramOp>();
  programs.addPass(npu::createNPUAllocatePass());
  programs.addPass(npu::createNPUInsertSyncPass());
  programs.addPass(npu::createNPUVerifySyncPass());
}

void registerNPUPipelines() {
  PassPipelineRegistration<NPUPipelineOptions>("aic-to-npu-units",
                                               "Graph level to units, with what one program does in one function",
                                               [](OpPassManager &pm, const NPUPipelineOptions &options) {
                                                 buildGraphPipeline(pm, X86PipelineOptions());
                                                 buildNPUUnitsPipeline(pm, options);
                                               });
  PassPipelineRegistration<NPUPipelineOptions>(
      "aic-to-npu", "Graph level to proven programs of the npu dialect, and host code around them at graph level",
      [](OpPassManager &pm, const NPUPipelineOptions &options) {
        buildGraphPipeline(pm, X86PipelineOptions());
        buildNPUUnitsPipeline(pm, options);
        buildNPUProgramsPipeline(pm, options);
      });
}

} // namespace mlir::aic
