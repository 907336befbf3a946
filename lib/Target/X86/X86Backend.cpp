// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "SelectX86Config.h"
#include "X86MachineModel.h"
#include "aic/Conversion/KernelToVector/Passes.h"
#include "aic/Dialect/AIC/Transforms/KernelAnalysis.h"
#include "aic/Target/Passes.h"
#include "aic/Target/TargetBackend.h"
#include "llvm/ADT/StringExtras.h"

namespace mlir::aic {
namespace {

class X86Backend final : public TargetBackend {
public:
  StringRef getName() const override { return "x86"; }

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

  bool supports(Operation *op, std::string &reason) const override {
    for (Type type :
         llvm::concat<const Type>(SmallVector<Type>(op->getOperandTypes()), SmallVector<Type>(op->getResultTypes()))) {
      Type element = getElementTypeOrSelf(type);
      if (element.isIndex() || element.isInteger(1) || element.isInteger(8) || element.isInteger(16) ||
          element.isInteger(32) || element.isInteger(64) ||
          isa<Float16Type, BFloat16Type, Float32Type, Float64Type>(element))
        continue;
      llvm::raw_string_ostream(reason) << "expected elements that x86 kernels compute with, got " << element;
      return false;
    }
    if (classifyLoop(op) == LoopKind::Structured && !isa<AICDialect>(op->getDialect())) {
      reason = "expected an operation of the loops level";
      return false;
    }
    return true;
  }

  LoweringConfigAttr selectConfig(func::FuncOp kernel, TargetAttr target) const override {
    return selectX86Config(kernel, X86MachineModel::read(target));
  }

  void buildKernelPipeline(OpPassManager &pm) const override {
    pm.addPass(createSelectConfigPass());
    pm.addPass(createX86PackConstantsPass());
    pm.addPass(createX86EmitKernelsPass());
  }
};

} // namespace

std::unique_ptr<TargetBackend> createX86Backend() { return std::make_unique<X86Backend>(); }

} // namespace mlir::aic
