// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Driver/Quantize.h"
#include "aic/Dialect/AIC/Transforms/Passes.h"
#include "mlir/Transforms/Passes.h"

namespace mlir::aic {

LogicalResult quantizeModel(ModuleOp module, ArrayRef<CalibrationSet> sets, const CalibrationOptions &options,
                            const CompileOptions &compile, CalibrationReport &report) {
  if (compile.from != "graph")
    return emitError(module.getLoc(), "expected a model of the graph level to quantise");
  TargetPipelineOptions pipeline;
  const TargetBackend *backend =
      readTarget(*module.getContext(), compile, pipeline, [&] { return emitError(module.getLoc()); });
  if (!backend)
    return failure();
  auto prepare = [&](OpPassManager &pm) {
    buildStages(pm, *backend, pipeline, "", "graph");
    // Transposes may have stood between a product and its norm until the layout was chosen.
    pm.addNestedPass<func::FuncOp>(createFoldBatchNormPass());
    pm.addPass(createConstantFoldPass());
    pm.addPass(createCanonicalizerPass());
    pm.addPass(createCSEPass());
  };
  return calibrate(module, sets, options, prepare, report);
}

} // namespace mlir::aic
