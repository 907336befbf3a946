// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Partition.cpp - Which program a unit belongs to --------------------===//
//
// The phase of a value counts how often work changed sides on the longest way to it. Units of one phase do not wait for
// host work in between, so each phase is one program; a cycle cannot arise, since phases only grow along uses.
//
//===----------------------------------------------------------------------===//
#include "aic/Conversion/AICToNPU/Passes.h"
#include "aic/Dialect/NPU/IR/NPUOps.h"
#include "aic/NPU/ISA/ISA.h"
#include "aic/NPU/Machine.h"
#include "mlir/Analysis/TopologicalSortUtils.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/SetVector.h"

namespace mlir::npu {
#define GEN_PASS_DEF_NPUPARTITIONPASS
#include "aic/Conversion/AICToNPU/Passes.h.inc"

namespace {
bool isConstant(Operation *op) { return op->hasTrait<OpTrait::ConstantLike>(); }

struct Partition final : impl::NPUPartitionPassBase<Partition> {
  using NPUPartitionPassBase::NPUPartitionPassBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    // The IR names a shipped machine, or holds the text of another.
    ::aic::npu::Machine description;
    std::string error;
    if (!::aic::npu::loadMachine(machine, description, error)) {
      module.emitError() << error;
      return signalPassFailure();
    }
    machineText =
        llvm::is_contained(::aic::npu::shippedMachines(), machine) ? machine.getValue() : description.canonicalJson;
    SmallVector<func::FuncOp> functions;
    for (auto func : module.getOps<func::FuncOp>())
      if (func.isPublic() && !func.isExternal())
        functions.push_back(func);
    for (func::FuncOp func : functions)
      split(module, func);
  }

private:
  void split(ModuleOp module, func::FuncOp func) {
    Block &block = func.getBody().front();
    for (auto unit : block.getOps<UnitOp>())
      if (size_t count = tensorsOf(unit); count > mostTensors)
        unit->setAttr("npu.misfit", StringAttr::get(unit.getContext(), "an operation of " + std::to_string(count) +
                                                                           " tensors, of which a program has at most " +
                                                                           std::to_string(mostTensors)));
    for (auto unit : llvm::make_early_inc_range(block.getOps<UnitOp>()))
      if (auto reason = unit->getAttrOfType<StringAttr>("npu.misfit")) {
        for (Operation &op : unit.getBody().front().without_terminator())
          op.setAttr("npu.reason", reason);
        unit.inlineBody();
      }
    // Even phases are the host's, odd ones the NPU's.
    llvm::DenseMap<Operation *, unsigned> phases;
    std::map<unsigned, SmallVector<UnitOp>> programs;
    for (Operation &op : block) {
      if (isConstant(&op))
        continue;
      bool isUnit = isa<UnitOp>(op);
      unsigned phase = isUnit ? 1 : 0;
      op.walk([&](Operation *nested) {
        for (Value value : nested->getOperands()) {
          Operation *from = value.getDefiningOp();
          while (from && from->getBlock() != &block)
            from = from->getParentOp();
          auto it = from ? phases.find(from) : phases.end();
          if (it == phases.end() || from == &op)
            continue;
          phase = std::max(phase, it->second + unsigned((it->second % 2 == 1) != isUnit));
        }
      });
      phases[&op] = phase;
      if (isUnit)
        programs[phase].push_back(cast<UnitOp>(op));
    }
    for (auto &[phase, units] : programs)
      for (ArrayRef<UnitOp> rest = units; !rest.empty();) {
        size_t count = prefixThatFits(rest);
        outline(module, func, rest.take_front(count));
        rest = rest.drop_front(count);
      }
    // Values may be used before the call that now makes them.
    sortTopologically(&block);
  }

  /// What units read from outside, and what is read of them there.
  static void findBorder(ArrayRef<UnitOp> units, llvm::SetVector<Value> &inputs, SmallVectorImpl<Value> &outputs) {
    llvm::DenseSet<Operation *> inside;
    for (UnitOp unit : units)
      inside.insert(unit);
    for (UnitOp unit : units) {
      for (Value value : unit.getInputs())
        if (Operation *from = value.getDefiningOp(); !from || (!inside.contains(from) && !isConstant(from)))
          inputs.insert(value);
      for (Value value : unit.getOutputs())
        if (llvm::any_of(value.getUsers(), [&](Operation *user) {
              while (user->getBlock() != unit->getBlock())
                user = user->getParentOp();
              return !inside.contains(user);
            }))
          outputs.push_back(value);
    }
  }

  /// Segments of a program, without those of constants and scratch.
  static constexpr size_t mostTensors = ::aic::npu::kMaxSegments - 2;

  static size_t tensorsOf(ArrayRef<UnitOp> units) {
    llvm::DenseSet<Operation *> inside;
    llvm::DenseSet<Value> tensors;
    for (UnitOp unit : units)
      inside.insert(unit);
    for (UnitOp unit : units) {
      for (Value value : unit.getInputs())
        if (Operation *from = value.getDefiningOp(); !from || (!inside.contains(from) && !isConstant(from)))
          tensors.insert(value);
      for (Value value : unit.getOutputs())
        if (llvm::any_of(value.getUsers(), [&](Operation *user) {
              while (user->getBlock() != unit->getBlock())
                user = user->getParentOp();
              return !inside.contains(user);
            }))
          tensors.insert(value);
    }
    return tensors.size();
  }

  /// All units if their tensors are no more than segments, else as many as go together; each alone goes.
  static size_t prefixThatFits(ArrayRef<UnitOp> units) {
    if (tensorsOf(units) <= mostTensors)
      return units.size();
    size_t best = 1;
    for (size_t count = 2; count < units.size(); ++count)
      if (tensorsOf(units.take_front(count)) <= mostTensors)
        best = count;
    return best;
  }

  void outline(ModuleOp module, func::FuncOp func, ArrayRef<UnitOp> units) {
    llvm::SetVector<Value> inputs;
    SmallVector<Value> outputs;
    findBorder(units, inputs, outputs);
    // Inputs and outputs have a segment each; constants and what lies between take two more.
    if (inputs.size() + outputs.size() + 2 > ::aic::npu::kMaxSegments) {
      if (units.size() > 1) { // in program order, so the first half never waits for the second
        outline(module, func, units.take_front(units.size() / 2));
        outline(module, func, units.drop_front(units.size() / 2));
        return;
      }
      UnitOp unit = units.front();
      auto reason = StringAttr::get(unit.getContext(), "more tensors than a program has segments");
      for (Operation &op : unit.getBody().front().without_terminator())
        op.setAttr("npu.reason", reason);
      return unit.inlineBody();
    }
    OpBuilder b(func);
    SmallVector<Type> results = llvm::map_to_vector(outputs, [](Value v) { return v.getType(); });
    SmallVector<Type> arguments = llvm::map_to_vector(inputs, [](Value v) { return v.getType(); });
    std::string name = "npu" + std::to_string(count++);
    auto program = func::FuncOp::create(b, func.getLoc(), name, b.getFunctionType(arguments, results));
    program.setPrivate();
    program->setAttr("npu.machine", MachineAttr::get(b.getContext(), machineText));
    // Tensors that the model's user passes or gets keep their names.
    for (auto [i, value] : llvm::enumerate(inputs))
      if (auto argument = dyn_cast<BlockArgument>(value); argument && argument.getOwner() == &func.getBody().front())
        if (Attribute own = func.getArgAttr(argument.getArgNumber(), "aic.name"))
          program.setArgAttr(unsigned(i), "aic.name", own);
    for (OpOperand &use : func.getBody().front().getTerminator()->getOpOperands())
      if (auto *place = llvm::find(outputs, use.get()); place != outputs.end())
        if (Attribute own = func.getResultAttr(use.getOperandNumber(), "aic.name"))
          program.setResultAttr(unsigned(place - outputs.begin()), "aic.name", own);
    Block *body = program.addEntryBlock();
    IRMapping mapping;
    for (auto [value, argument] : llvm::zip_equal(inputs, body->getArguments()))
      mapping.map(value, argument);
    b.setInsertionPointToEnd(body);
    for (UnitOp unit : units) {
      for (Value value : unit.getInputs())
        if (Operation *from = value.getDefiningOp(); from && isConstant(from) && !mapping.contains(value))
          b.clone(*from, mapping);
      b.clone(*unit, mapping);
    }
    func::ReturnOp::create(b, func.getLoc(), llvm::map_to_vector(outputs, [&](Value v) { return mapping.lookup(v); }));
    b.setInsertionPoint(units.back());
    SmallVector<Location> locations;
    for (UnitOp unit : units)
      locations.push_back(unit.getLoc());
    auto call = func::CallOp::create(b, FusedLoc::get(b.getContext(), locations), program, inputs.getArrayRef());
    for (auto [value, result] : llvm::zip_equal(outputs, call.getResults()))
      value.replaceAllUsesWith(result);
    for (UnitOp unit : llvm::reverse(units))
      unit.erase();
  }

  std::string machineText;
  unsigned count = 0;
};
} // namespace
} // namespace mlir::npu
