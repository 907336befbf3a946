// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Target/Passes.h"
#include "aic/Target/TargetBackend.h"

namespace mlir::aic {
#define GEN_PASS_DEF_ATTACHTARGETPASS
#include "aic/Target/Passes.h.inc"

namespace {

struct AttachTargetPass : impl::AttachTargetPassBase<AttachTargetPass> {
  using AttachTargetPassBase::AttachTargetPassBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto target = module->getAttrOfType<TargetAttr>(TargetAttr::attributeName);
    bool isKept = target && (backend.empty() || target.getBackend() == backend.getValue());
    if (isKept && cpu.empty() && features.empty()) {
      if (!getTargetBackend(module, target))
        signalPassFailure();
      return;
    }
    target = parseTarget(&getContext(), (backend.empty() ? "x86" : backend.getValue()) + ":" + cpu.getValue(),
                         [&] { return module.emitError(); });
    if (!target)
      return signalPassFailure();
    std::string all = target.getFeatures().str();
    if (!features.empty())
      all += (all.empty() ? "" : ",") + features.getValue();
    NamedAttrList model(target.getModel());
    if (threads > 0 && model.get("threads"))
      model.set("threads", Builder(&getContext()).getI64IntegerAttr(threads));
    target =
        TargetAttr::get(&getContext(), target.getBackend(), target.getChip(), all, model.getDictionary(&getContext()));
    module->setAttr(TargetAttr::attributeName, target);
    if (!getTargetBackend(module, target))
      signalPassFailure();
  }
};

} // namespace
} // namespace mlir::aic
