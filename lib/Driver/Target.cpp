// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Target.cpp - What the options say of the machine -------------------===//
#include "aic/Conversion/HostToLLVM/HostToLLVM.h"
#include "aic/Dialect/AIC/IR/AICOps.h"
#include "aic/Driver/Driver.h"
#include "mlir/IR/MLIRContext.h"

namespace mlir::aic {

const TargetBackend *readTarget(MLIRContext &context, const CompileOptions &options, TargetPipelineOptions &pipeline,
                                TargetBackend::EmitError emitError) {
  auto [name, chip] = StringRef(options.target).split(':');
  const TargetBackend *backend = lookupTarget(name, emitError);
  if (!backend)
    return nullptr;
  pipeline.cpu = options.cpu;
  pipeline.features = options.features;
  pipeline.threads = options.threads;
  pipeline.machine = options.machine;
  pipeline.arch = options.arch;
  if (!chip.empty())
    pipeline.setChip(*backend, chip);
  // A machine that does not exist is told before the work.
  context.loadDialect<AICDialect>();
  return backend->getTarget(&context, pipeline.getChip(*backend), emitError) ? backend : nullptr;
}

std::string checkChipOption(StringRef option, StringRef target) {
  const TargetBackend *backend = lookupTarget(target.split(':').first);
  if (!backend) // that is told by who looks it up
    return "";
  bool fits = option == backend->getChipOption();
  if (fits && !target.contains(':'))
    return "";
  return ("--" + option + ": expected " + (fits ? "no chip in --target, too" : "a target with this option") +
          ", got '" + target + "'")
      .str();
}

CodeGenOptions hostCodeOptions(ModuleOp module) {
  CodeGenOptions code;
  auto target = module->getAttrOfType<TargetAttr>(TargetAttr::attributeName);
  const TargetBackend *backend = target ? lookupTarget(target.getBackend()) : nullptr;
  if (!backend || !backend->isHost())
    return code;
  code.tune = target.getChip().str();
  for (const std::string &feature : requiredFeatures(module))
    code.features += (code.features.empty() ? "+" : ",+") + feature;
  code.vectorBits = static_cast<unsigned>(target.getNumber("lanes", 8)) * 32;
  return code;
}

} // namespace mlir::aic
