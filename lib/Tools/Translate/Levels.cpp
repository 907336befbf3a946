// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Levels.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Pass/PassManager.h"

namespace mlir::aic::tools {

Level levelOf(ModuleOp module) {
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
  if (code && !functions)
    return Level::Code;
  if (kernels)
    return tiles ? Level::Tiles : Level::Kernels;
  return loops ? Level::Loops : Level::Graph;
}

LogicalResult lowerTo(ModuleOp module, Level wanted, const X86PipelineOptions &options) {
  using Build = void (*)(OpPassManager &, const X86PipelineOptions &);
  static constexpr std::pair<Level, Build> stages[] = {{Level::Loops, buildLoopsPipeline},
                                                       {Level::Kernels, buildKernelsPipeline},
                                                       {Level::Tiles, buildTilesPipeline},
                                                       {Level::Code, buildCodePipeline}};
  Level level = levelOf(module);
  PassManager pm(module.getContext());
  if (level == Level::Graph && wanted > Level::Graph)
    buildGraphPipeline(pm, options);
  for (auto [result, build] : stages)
    if (level < result && result <= wanted)
      build(pm, options);
  return pm.run(module);
}

} // namespace mlir::aic::tools
