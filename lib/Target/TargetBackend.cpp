// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Target/TargetBackend.h"
#include "llvm/ADT/StringExtras.h"

namespace mlir::aic {

static ArrayRef<std::unique_ptr<TargetBackend>> getBackends() {
  static const std::vector<std::unique_ptr<TargetBackend>> backends = [] {
    std::vector<std::unique_ptr<TargetBackend>> all;
    all.push_back(createX86Backend());
    return all;
  }();
  return backends;
}

const TargetBackend *lookupTarget(StringRef name) {
  for (const auto &backend : getBackends())
    if (backend->getName() == name)
      return backend.get();
  return nullptr;
}

SmallVector<StringRef> getTargetNames() {
  return llvm::map_to_vector(getBackends(), [](const auto &backend) { return backend->getName(); });
}

TargetAttr parseTarget(MLIRContext *context, StringRef text, TargetBackend::EmitError emitError) {
  auto [name, chip] = text.split(':');
  const TargetBackend *backend = lookupTarget(name);
  if (!backend) {
    emitError() << "expected a target backend out of [" << llvm::join(getTargetNames(), ", ") << "], got '" << name
                << "'";
    return {};
  }
  return backend->getTarget(context, chip.empty() ? "host" : chip, emitError);
}

const TargetBackend *getTargetBackend(ModuleOp module, TargetAttr &target) {
  target = module->getAttrOfType<TargetAttr>(TargetAttr::attributeName);
  if (!target) {
    module.emitError("expected an attribute 'aic.target'; aic-attach-target sets it");
    return nullptr;
  }
  const TargetBackend *backend = lookupTarget(target.getBackend());
  if (!backend) {
    module.emitError() << "expected a target backend out of [" << llvm::join(getTargetNames(), ", ") << "], got '"
                       << target.getBackend() << "'";
    return nullptr;
  }
  if (failed(backend->verifyTarget(target, [&] { return module.emitError(); })))
    return nullptr;
  return backend;
}

} // namespace mlir::aic
