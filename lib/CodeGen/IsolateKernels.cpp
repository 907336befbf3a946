// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/CodeGen/Passes.h"
#include "aic/Dialect/AIC/IR/AICOps.h"

namespace mlir::aic {
#define GEN_PASS_DEF_ISOLATEKERNELSPASS
#include "aic/CodeGen/Passes.h.inc"

namespace {
struct IsolateKernels final : impl::IsolateKernelsPassBase<IsolateKernels> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    Attribute target = module->getAttr(TargetAttr::attributeName);
    for (auto kernel : llvm::make_early_inc_range(module.getOps<func::FuncOp>())) {
      if (!kernel->hasAttr("aic.kernel") || kernel.isDeclaration())
        continue;
      OpBuilder b = OpBuilder::atBlockEnd(module.getBody());
      auto home = ModuleOp::create(b, kernel.getLoc());
      if (target)
        home->setAttr(TargetAttr::attributeName, target);
      b.setInsertionPoint(kernel);
      b.insert(kernel.cloneWithoutRegions());
      kernel->moveBefore(home.getBody(), home.getBody()->end());
    }
  }
};
} // namespace
} // namespace mlir::aic
