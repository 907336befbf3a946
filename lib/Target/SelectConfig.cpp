// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Target/Passes.h"
#include "aic/Target/TargetBackend.h"

namespace mlir::aic {
#define GEN_PASS_DEF_SELECTCONFIGPASS
#include "aic/Target/Passes.h.inc"

namespace {

struct SelectConfigPass : impl::SelectConfigPassBase<SelectConfigPass> {
  void runOnOperation() override {
    TargetAttr target;
    const TargetBackend *backend = getTargetBackend(getOperation(), target);
    if (!backend)
      return signalPassFailure();
    for (auto kernel : getOperation().getOps<func::FuncOp>()) {
      if (!kernel->hasAttr("aic.kernel") || kernel->hasAttr(LoweringConfigAttr::attributeName))
        continue;
      if (LoweringConfigAttr config = backend->selectConfig(kernel, target))
        kernel->setAttr(LoweringConfigAttr::attributeName, config);
    }
  }
};

} // namespace
} // namespace mlir::aic
