// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "SelectX86Config.h"
#include "X86MachineModel.h"
#include "aic/Dialect/AIC/Transforms/KernelAnalysis.h"
#include "aic/Target/TargetBackend.h"
#include "llvm/ADT/StringExtras.h"

namespace mlir::aic {
namespace {

class X86Backend final : public TargetBackend {
public:
  StringRef getName() const override { return "x86"; }
  StringRef getChipOption() const override { return "cpu"; }
  bool isHost() const override { return true; }

  SmallVector<StringRef> getChips() const override { return getX86Chips(); }

  TargetAttr getTarget(MLIRContext *context, StringRef chip, EmitError emitError) const override {
    TargetAttr target = getX86Target(context, chip);
    if (!target)
      emitError() << "expected an x86 chip out of [" << llvm::join(getX86Chips(), ", ") << "], got '" << chip << "'";
    return target;
  }

  LogicalResult verifyTarget(TargetAttr target, EmitError emitError) const override {
    return X86MachineModel::verify(target, emitError);
  }

  Layout getPreferredLayout(Operation *op) const override {
    return isa<ConvOp, ConvTransposeOp, MaxPoolOp, AvgPoolOp, ResizeOp>(op) ? Layout::ChannelsLast : Layout::RowMajor;
  }

  LoweringConfigAttr selectConfig(func::FuncOp kernel, TargetAttr target) const override {
    return selectX86Config(kernel, X86MachineModel::read(target));
  }
};

} // namespace

std::unique_ptr<TargetBackend> createX86Backend() { return std::make_unique<X86Backend>(); }

} // namespace mlir::aic
