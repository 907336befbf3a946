// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Driver/Quantize.h"
#include "aic/Pipelines/Pipelines.h"

namespace mlir::aic {

LogicalResult quantizeModel(ModuleOp module, ArrayRef<CalibrationSet> sets, const CalibrationOptions &options,
                            const CompileOptions &compile, CalibrationReport &report) {
  if (compile.from != Level::Graph)
    return emitError(module.getLoc(), "expected a model of the graph level to quantise");
  X86PipelineOptions pipeline;
  pipeline.cpu = compile.cpu;
  pipeline.features = compile.features;
  pipeline.threads = compile.threads;
  return calibrate(module, sets, options, [&](OpPassManager &pm) { buildGraphPipeline(pm, pipeline); }, report);
}

} // namespace mlir::aic
