// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Levels.h"
#include "aic/Conversion/HostToLLVM/HostToLLVM.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Pass/PassManager.h"

namespace mlir::aic::tools {

StringRef levelOf(ModuleOp module) {
  bool kernels = false, tiles = false, loops = false, functions = false, code = false;
  module->walk([&](Operation *op) {
    if (auto function = dyn_cast<func::FuncOp>(op)) {
      functions = true;
      if (function->hasAttr("aic.kernel") && !function.isExternal()) {
        kernels = true;
        tiles |= llvm::any_of(function.getArgumentTypes(), llvm::IsaPred<BaseMemRefType>);
      }
    } else if (isa<LLVM::LLVMFuncOp>(op)) {
      code = true;
    } else {
      loops |= isa<linalg::LinalgOp>(op);
    }
  });
  if (code)
    return functions ? "nvvm" : "code"; // device code is lowered before host code
  if (module->hasAttr(kDeviceTextAttr))
    return "ptx";
  if (kernels)
    return tiles ? "tiles" : "kernels";
  return loops ? "loops" : "graph";
}

LogicalResult lowerTo(ModuleOp module, StringRef wanted, const TargetBackend &backend,
                      const TargetPipelineOptions &options) {
  StringRef level = levelOf(module);
  // The passes of the graph level take a graph in any state.
  for (const PipelineStage &stage : getStages(backend, level == "graph" ? "" : level, wanted)) {
    PassManager pm(module.getContext());
    stage.build(pm, backend, options);
    if (failed(pm.run(module)) || failed(backend.finishStage(stage.name, module, nullptr)))
      return failure();
  }
  return success();
}

} // namespace mlir::aic::tools
