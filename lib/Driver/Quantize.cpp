// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Driver/Quantize.h"
#include "aic/Dialect/AIC/Transforms/Passes.h"
#include "aic/Pipelines/Pipelines.h"
#include "mlir/Transforms/Passes.h"

namespace mlir::aic {

LogicalResult quantizeModel(ModuleOp module, ArrayRef<CalibrationSet> sets, const CalibrationOptions &options,
                            const CompileOptions &compile, CalibrationReport &report) {
  if (compile.from != Level::Graph)
    return emitError(module.getLoc(), "expected a model of the graph level to quantise");
  X86PipelineOptions pipeline;
  pipeline.cpu = compile.cpu;
  pipeline.features = compile.features;
  pipeline.threads = compile.threads;
  auto prepare = [&](OpPassManager &pm) {
    buildGraphPipeline(pm, pipeline);
    // Transposes may have stood between a product and its norm until the layout was chosen.
    pm.addNestedPass<func::FuncOp>(createFoldBatchNormPass());
    pm.addPass(createConstantFoldPass());
    pm.addPass(createCanonicalizerPass());
    pm.addPass(createCSEPass());
  };
  return calibrate(module, sets, options, prepare, report);
}

} // namespace mlir::aic
