// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Stages.h"
#include "aic/Conversion/AICToNPU/Passes.h"
#include "aic/Dialect/AIC/Transforms/Passes.h"
#include "aic/Dialect/NPU/Transforms/Passes.h"
#include "aic/Target/NPU/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Transforms/Passes.h"

namespace mlir::aic {

void buildNPUUnitsPipeline(OpPassManager &pm, const TargetBackend &, const TargetPipelineOptions &options) {
  pm.addNestedPass<func::FuncOp>(npu::createNPUDemotePass());
  pm.addPass(createConstantFoldPass()); // constants in f16
  npu::NPUFormUnitsPassOptions units;
  units.machine = options.machine;
  pm.addNestedPass<func::FuncOp>(npu::createNPUFormUnitsPass(units));
  npu::NPUPartitionPassOptions partition;
  partition.machine = options.machine;
  pm.addPass(npu::createNPUPartitionPass(partition));
}

void buildNPUProgramsPipeline(OpPassManager &pm, const TargetBackend &, const TargetPipelineOptions &) {
  pm.addPass(npu::createNPULowerUnitsPass());
  OpPassManager &programs = pm.nest<npu::ProgramOp>();
  programs.addPass(npu::createNPUAllocatePass());
  programs.addPass(npu::createNPUInsertSyncPass());
  programs.addPass(npu::createNPUVerifySyncPass());
}

void buildNPUEncodePipeline(OpPassManager &pm, const TargetBackend &, const TargetPipelineOptions &) {
  pm.addPass(npu::createNPUEncodePass());
}

} // namespace mlir::aic
