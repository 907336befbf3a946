// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Conversion/KernelToNVVM/Passes.h"
#include "aic/Dialect/AIC/Transforms/KernelAnalysis.h"
#include "aic/Target/NVPTX/NVPTXMachineModel.h"
#include "aic/Target/Passes.h"
#include "aic/Target/TargetBackend.h"
#include "llvm/ADT/StringExtras.h"

namespace mlir::aic {
namespace {

class NVPTXBackend final : public TargetBackend {
public:
  StringRef getName() const override { return "nvidia"; }

  SmallVector<StringRef> getChips() const override { return getNVPTXChips(); }

  TargetAttr getTarget(MLIRContext *context, StringRef chip, EmitError emitError) const override {
    TargetAttr target = getNVPTXTarget(context, chip);
    if (!target)
      emitError() << "expected an NVIDIA chip out of [" << llvm::join(getNVPTXChips(), ", ") << "], got '" << chip
                  << "'";
    return target;
  }

  LogicalResult verifyTarget(TargetAttr target, EmitError emitError) const override {
    return NVPTXMachineModel::verify(target, emitError);
  }

  FusionPolicy getFusionPolicy(TargetAttr) const override {
    FusionPolicy policy;
    policy.readPads = true;
    return policy;
  }

  Layout getPreferredLayout(Operation *op) const override {
    return isa<ConvOp, ConvTransposeOp, MaxPoolOp, AvgPoolOp, ResizeOp>(op) ? Layout::ChannelsLast : Layout::RowMajor;
  }

  LoweringConfigAttr selectConfig(func::FuncOp kernel, TargetAttr) const override {
    if (!getKernelRoot(kernel))
      return {};
    return LoweringConfigAttr::get(kernel.getContext(), getKernelClass(kernel),
                                   DictionaryAttr::get(kernel.getContext()));
  }

  void buildKernelPipeline(OpPassManager &pm) const override {
    pm.addPass(createSelectConfigPass());
    pm.addPass(createGPUEmitKernelsPass());
  }
};

} // namespace

std::unique_ptr<TargetBackend> createNVPTXBackend() { return std::make_unique<NVPTXBackend>(); }

} // namespace mlir::aic
