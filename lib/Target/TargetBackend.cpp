// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Target/TargetBackend.h"
#include "aic/Dialect/AIC/Transforms/KernelAnalysis.h"
#include "llvm/ADT/StringExtras.h"

namespace mlir::aic {

bool TargetBackend::supports(Operation *op, std::string &reason) const {
  for (Type type :
       llvm::concat<const Type>(SmallVector<Type>(op->getOperandTypes()), SmallVector<Type>(op->getResultTypes()))) {
    Type element = getElementTypeOrSelf(type);
    if (element.isIndex() || element.isInteger(1) || element.isInteger(8) || element.isInteger(16) ||
        element.isInteger(32) || element.isInteger(64) ||
        isa<Float16Type, BFloat16Type, Float32Type, Float64Type>(element))
      continue;
    llvm::raw_string_ostream(reason) << "expected elements that " << getName() << " kernels compute with, got " << element;
    return false;
  }
  if (classifyLoop(op) == LoopKind::Structured && !isa<AICDialect>(op->getDialect())) {
    reason = "expected an operation of the loops level";
    return false;
  }
  return true;
}

LogicalResult TargetBackend::writeFile(ModuleOp module, raw_ostream &) const {
  return module.emitError() << "expected a target that writes files, got '" << getName() << "'";
}

SmallVector<std::pair<std::string, std::string>> TargetBackend::describeTarget(ModuleOp, TargetAttr target) const {
  return {{"backend", target.getBackend().str()},
          {"cpu", target.getChip().str()},
          {"features", target.getFeatures().str()}};
}

void TargetBackend::explain(ModuleOp module, function_ref<void(Operation *, StringRef)> refuse) const {
  module->walk([&](Operation *op) {
    std::string reason;
    if (isa<ModuleOp, FunctionOpInterface>(op) || op->hasTrait<OpTrait::IsTerminator>() ||
        !isa_and_nonnull<func::FuncOp>(op->getParentOp()) || supports(op, reason))
      return;
    refuse(op, reason);
  });
}

static ArrayRef<std::unique_ptr<TargetBackend>> getBackends() {
  static const std::vector<std::unique_ptr<TargetBackend>> backends = [] {
    std::vector<std::unique_ptr<TargetBackend>> all;
    all.push_back(createX86Backend());
    all.push_back(createNPUBackend());
    all.push_back(createNVPTXBackend());
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

const TargetBackend *lookupTarget(StringRef name, TargetBackend::EmitError emitError) {
  const TargetBackend *backend = lookupTarget(name);
  if (!backend)
    emitError() << "expected a target backend out of [" << llvm::join(getTargetNames(), ", ") << "], got '" << name << "'";
  return backend;
}

TargetAttr parseTarget(MLIRContext *context, StringRef text, TargetBackend::EmitError emitError) {
  auto [name, chip] = text.split(':');
  const TargetBackend *backend = lookupTarget(name, emitError);
  if (!backend)
    return {};
  return backend->getTarget(context, chip.empty() ? backend->getChips().front() : chip, emitError);
}

const TargetBackend *getTargetBackend(ModuleOp module, TargetAttr &target) {
  target = module->getAttrOfType<TargetAttr>(TargetAttr::attributeName);
  if (!target) {
    module.emitError("expected an attribute 'aic.target'; aic-attach-target sets it");
    return nullptr;
  }
  auto emitError = [&] { return module.emitError(); };
  const TargetBackend *backend = lookupTarget(target.getBackend(), emitError);
  if (!backend || failed(backend->verifyTarget(target, emitError)))
    return nullptr;
  return backend;
}

} // namespace mlir::aic
