// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "SelectNVPTXConfig.h"
#include "aic/Dialect/AIC/Transforms/KernelAnalysis.h"
#include "aic/Target/NVPTX/NVPTXMachineModel.h"
#include "aic/Target/TargetBackend.h"
#include "llvm/ADT/StringExtras.h"

namespace mlir::aic {
namespace {

/// Rows are kept in registers where they fit; elsewhere any one operation is cheaper than a trip through memory.
constexpr unsigned kRowRecomputeCost = 256;

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
    policy.outerRows = true;
    policy.rowRecomputeCost = kRowRecomputeCost;
    return policy;
  }

  Layout getPreferredLayout(Operation *op) const override {
    return isa<ConvOp, ConvTransposeOp, MaxPoolOp, AvgPoolOp, ResizeOp>(op) ? Layout::ChannelsLast : Layout::RowMajor;
  }

  LoweringConfigAttr selectConfig(func::FuncOp kernel, TargetAttr target) const override {
    return selectNVPTXConfig(kernel, NVPTXMachineModel::read(target));
  }

  StringRef getFileStage(StringRef extension) const override { return extension == ".ptx" ? "ptx" : ""; }

  LogicalResult writeFile(ModuleOp module, raw_ostream &os) const override {
    os << getText(module);
    return success();
  }

  LogicalResult finishStage(StringRef stage, ModuleOp module, WriteFile dump) const override {
    return dump && stage == "ptx" ? dump("code.ptx", getText(module)) : success();
  }

  SmallVector<std::pair<std::string, std::string>> describeTarget(ModuleOp module, TargetAttr target) const override {
    StringRef text = getText(module);
    return {{"backend", target.getBackend().str()},
            {"arch", target.getChip().str()},
            {"ptx_version", getDirective(text, ".version").str()},
            {"ptx_target", getDirective(text, ".target").str()},
            {"driver", "cuda"}};
  }

  std::vector<KernelLaunch> getLaunches(func::FuncOp kernel) const override {
    std::vector<KernelLaunch> launches;
    auto list = kernel->getAttrOfType<ArrayAttr>("nvidia.launches");
    for (Attribute entry : list ? list.getValue() : ArrayRef<Attribute>()) {
      auto launch = cast<DictionaryAttr>(entry);
      launches.push_back({launch.getAs<StringAttr>("function").str(), launch.getAs<AffineMapAttr>("grid").getValue(),
                          SmallVector<int64_t>(launch.getAs<DenseI64ArrayAttr>("block").asArrayRef())});
    }
    return launches;
  }

private:
  /// What aic-gpu-emit-ptx leaves.
  static StringRef getText(ModuleOp module) {
    auto text = module->getAttrOfType<StringAttr>("nvidia.ptx");
    return text ? text.getValue() : "";
  }
  static StringRef getDirective(StringRef text, StringRef name) {
    while (!text.empty() && !text.starts_with(name))
      text = text.split('\n').second;
    return text.drop_front(std::min(text.size(), name.size())).take_until([](char c) { return c == '\n'; }).trim();
  }
};

} // namespace

std::unique_ptr<TargetBackend> createNVPTXBackend() { return std::make_unique<NVPTXBackend>(); }

} // namespace mlir::aic
