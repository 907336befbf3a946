// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- NPUBackend.cpp - The NPU, and x86 for what it leaves ---------------===//
#include "ProgramReport.h"
#include "aic/NPU/Machine.h"
#include "aic/Target/NPU/Passes.h"
#include "aic/Target/TargetBackend.h"

namespace mlir::aic {
namespace {

/// The reason that NPUPartition leaves on operations of the host.
StringRef reasonOf(Operation *op) {
  auto reason = op->getAttrOfType<StringAttr>("npu.reason");
  return reason ? reason.getValue() : StringRef("host code");
}

class NPUBackend final : public TargetBackend {
public:
  StringRef getName() const override { return "npu"; }
  StringRef getChipOption() const override { return "machine"; }
  const TargetBackend &getKernelBackend() const override { return *lookupTarget("x86"); }

  SmallVector<StringRef> getChips() const override {
    static const std::vector<std::string> names = ::aic::npu::shippedMachines();
    return SmallVector<StringRef>(names.begin(), names.end());
  }

  TargetAttr getTarget(MLIRContext *context, StringRef chip, EmitError emitError) const override {
    ::aic::npu::Machine machine;
    if (!load(chip, machine, emitError))
      return {};
    Builder b(context);
    auto number = [&](StringRef name, uint64_t value) {
      return b.getNamedAttr(name, b.getI64IntegerAttr(int64_t(value)));
    };
    uint64_t macs = uint64_t(machine.mx.m) * machine.mx.n * machine.mx.kInt8;
    return TargetAttr::get(context, getName(), chip, "",
                           b.getDictionaryAttr({number("cores", machine.cores), number("macs", macs),
                                                number("l1", machine.space(::aic::npu::Space::L1).bytes)}));
  }

  /// Passes ask the machine itself; the model repeats it for whoever reads the module.
  LogicalResult verifyTarget(TargetAttr target, EmitError emitError) const override {
    ::aic::npu::Machine machine;
    return success(load(target.getChip(), machine, emitError));
  }

  FusionPolicy getFusionPolicy(TargetAttr) const override { return getKernelBackend().getFusionPolicy(TargetAttr()); }
  Layout getPreferredLayout(Operation *op) const override { return getKernelBackend().getPreferredLayout(op); }
  bool supports(Operation *op, std::string &reason) const override { return getKernelBackend().supports(op, reason); }
  LoweringConfigAttr selectConfig(func::FuncOp, TargetAttr) const override { return {}; }

  StringRef getFileStage(StringRef extension) const override { return extension == ".npub" ? "npu" : ""; }
  LogicalResult writeFile(ModuleOp module, raw_ostream &os) const override;
  LogicalResult finishStage(StringRef stage, ModuleOp module, WriteFile dump) const override;

  StringRef getCheckStage() const override { return "units"; }
  void explain(ModuleOp module, function_ref<void(Operation *, StringRef)> refuse) const override;
  StringRef getReportStage() const override { return "units"; }
  std::string report(ModuleOp module, bool json) const override { return npu::reportPrograms(module, json); }

private:
  static bool load(StringRef chip, ::aic::npu::Machine &machine, EmitError emitError) {
    std::string error;
    if (::aic::npu::loadMachine(chip.str(), machine, error))
      return true;
    emitError() << error;
    return false;
  }
};

LogicalResult NPUBackend::writeFile(ModuleOp module, raw_ostream &os) const {
  SmallVector<Operation *> left;
  if (!npu::isWholeProgram(module, left)) {
    InFlightDiagnostic diagnostic = emitError(module.getLoc())
                                    << "expected a model that the NPU does as a whole, got " << left.size()
                                    << " operations that stay on the host; write a .so instead";
    for (Operation *op : ArrayRef<Operation *>(left).take_front(16))
      diagnostic.attachNote(op->getLoc()) << op->getName() << ": " << reasonOf(op);
    return diagnostic;
  }
  FailureOr<std::string> bytes = npu::encodeProgram(*module.getOps<npu::ProgramOp>().begin());
  if (failed(bytes))
    return failure();
  os << *bytes;
  return success();
}

LogicalResult NPUBackend::finishStage(StringRef stage, ModuleOp module, WriteFile dump) const {
  if (stage != "npu")
    return success();
  // The usual reason for a program that is much smaller than expected.
  unsigned open = 0;
  module.walk([&](Operation *op) { open += reasonOf(op) == "its shapes are not fixed"; });
  if (open)
    emitWarning(module.getLoc()) << open << " operations stay on the host because their shapes are not fixed (--dim)";
  if (!dump)
    return success();
  for (auto program : module.getOps<npu::ProgramOp>()) {
    FailureOr<std::string> bytes = npu::encodeProgram(program);
    if (failed(bytes) || failed(dump((program.getSymName() + ".npub").str(), *bytes)))
      return failure();
  }
  return success();
}

void NPUBackend::explain(ModuleOp module, function_ref<void(Operation *, StringRef)> refuse) const {
  for (auto func : module.getOps<func::FuncOp>()) {
    if (!func.isPublic() || func.isExternal())
      continue;
    for (Operation &op : func.getBody().front())
      if (!isa<func::CallOp>(op) && !op.hasTrait<OpTrait::ConstantLike>() && !op.hasTrait<OpTrait::IsTerminator>())
        refuse(&op, reasonOf(&op));
  }
}

} // namespace

std::unique_ptr<TargetBackend> createNPUBackend() { return std::make_unique<NPUBackend>(); }

} // namespace mlir::aic
