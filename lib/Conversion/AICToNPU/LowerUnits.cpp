// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- LowerUnits.cpp - A function of units becomes a program -------------===//
//
// Every tensor gets its place in DRAM first: arguments and results have segments of their own, what lies between shares
// one segment by lifetime. Then each unit's emitter writes its instructions, in the order of the function.
//
// What an emitter believes to fit is not trusted: as soon as a kernel is written, the allocator is asked whether its
// buffers find their places. If not, the kernel is taken back and written again for smaller memories.
//
//===----------------------------------------------------------------------===//
#include "ProgramBuilder.h"
#include "aic/Conversion/AICToNPU/Passes.h"
#include "aic/Dialect/AIC/IR/AICOps.h"
#include "aic/Dialect/NPU/Transforms/Allocation.h"
#include "aic/Dialect/NPU/Transforms/FirstFit.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/MathExtras.h"

#include <deque>

namespace mlir::npu {
#define GEN_PASS_DEF_NPULOWERUNITSPASS
#include "aic/Conversion/AICToNPU/Passes.h.inc"

namespace {
using EmitKernel = function_ref<LogicalResult(std::string &reason)>;

struct LowerUnits final : impl::NPULowerUnitsPassBase<LowerUnits> {
  using NPULowerUnitsPassBase::NPULowerUnitsPassBase;

  void runOnOperation() override {
    if (percent < 1 || percent > 100) {
      getOperation().emitError() << "expected percent of 1 to 100, got " << percent.getValue();
      return signalPassFailure();
    }
    SmallVector<func::FuncOp> functions;
    for (auto func : getOperation().getOps<func::FuncOp>())
      if (func->hasAttrOfType<MachineAttr>("npu.machine") && !func.isExternal())
        functions.push_back(func);
    for (func::FuncOp func : functions)
      if (failed(lower(func)))
        return signalPassFailure();
  }

private:
  LogicalResult lower(func::FuncOp func);
  LogicalResult emitUnit(ProgramBuilder &p, UnitOp unit);
  /// Writes a kernel by `emit`, with tiles as large as can be allocated.
  LogicalResult emitKernel(ProgramBuilder &p, StringRef name, EmitKernel emit);
};

/// What tiles may fill next of a memory that overflowed: an eighth less, or in proportion to what was too much.
uint64_t shrink(const hw::MemorySpace &space, const Overflow &overflow, bool inProportion) {
  uint64_t bytes = space.bytes - (space.bytes + 7) / 8;
  if (inProportion)
    bytes = std::min(bytes, uint64_t(double(space.bytes) * double(overflow.capacity) / double(overflow.bytes)));
  return bytes / hw::kGranuleBytes * hw::kGranuleBytes;
}

DictionaryAttr describe(OpBuilder &b, RankedTensorType type, Attribute name) {
  NamedAttrList io;
  if (name)
    io.set("name", name);
  io.set("type", TypeAttr::get(type));
  return io.getDictionary(b.getContext());
}

/// The tensor that a unit only renames (a reshape of the whole).
Value aliasOf(Value value) {
  auto unit = value.getDefiningOp<UnitOp>();
  return unit && unit.getKind() == "alias" ? unit.getInputs()[0] : Value();
}
} // namespace

LogicalResult LowerUnits::emitUnit(ProgramBuilder &p, UnitOp unit) {
  using Emit = LogicalResult (*)(ProgramBuilder &, UnitOp, std::string &);
  auto emit = llvm::StringSwitch<Emit>(unit.getKind())
                  .Case("conv", emitConvolution)
                  .Case("matmul", emitMatmul)
                  .Case("window", emitWindow)
                  .Case("elementwise", emitElementwise)
                  .Case("copy", emitCopy)
                  .Default(nullptr);
  if (!emit)
    return unit.emitOpError() << "expected a kind that has an emitter";
  int64_t traffic = 0;
  for (Value value : unit->getOperands())
    traffic += byteCount(cast<RankedTensorType>(value.getType()));
  for (Value value : unit->getResults())
    traffic += byteCount(cast<RankedTensorType>(value.getType()));
  MarkOp::create(p.b, p.loc, unit.getKind(), param(unit, "macs"), traffic);
  return emitKernel(p, unit.getKind(), [&](std::string &reason) { return emit(p, unit, reason); });
}

LogicalResult LowerUnits::emitKernel(ProgramBuilder &p, StringRef name, EmitKernel emit) {
  const hw::Machine whole = p.machine;
  hw::Machine available = whole; // to the allocator
  for (hw::MemorySpace &space : available.spaces)
    space.bytes = space.bytes * percent / 100 / space.align * space.align;
  ProgramBuilder::Mark start = p.mark();
  hw::Machine last;                 // memories of the last tiles that were found
  std::optional<Overflow> overflow; // of those
  unsigned tilings = 0;             // unlike ones: smaller memories may lead to the same tiles
  SmallVector<std::pair<Space, int64_t>> buffers, before;
  std::string reason;
  LogicalResult result = failure();
  for (bool inProportion = true;;) {
    bool isEmpty = llvm::any_of(p.machine.spaces, [](const hw::MemorySpace &space) { return !space.bytes; });
    if (!isEmpty && succeeded(emit(reason))) {
      buffers.clear();
      for (Operation &op : p.since(start))
        if (auto buffer = dyn_cast<BufferOp>(op))
          buffers.push_back({buffer.getType().getSpace(), buffer.getBytes()});
      tilings += buffers != before;
      before = buffers;
      std::optional<Overflow> now = findOverflow(p.since(start), available);
      if (!now) {
        result = success();
        break;
      }
      overflow = std::move(now);
      last = p.machine;
    } else if (overflow && inProportion) { // that was too much
      inProportion = false;
      p.machine = last;
    } else {
      break;
    }
    p.takeBack(start);
    hw::MemorySpace &space = p.machine.spaces[size_t(overflow->space)];
    space.bytes = shrink(space, *overflow, inProportion);
  }
  p.machine = whole;
  if (failed(result)) {
    InFlightDiagnostic error = emitError(p.loc) << name << ": ";
    if (!overflow)
      return error << reason;
    error << overflow->message() << " by the last of " << tilings << (tilings == 1 ? " tiling" : " tilings");
    overflow->attachNotes(*error.getUnderlyingDiagnostic());
    return error;
  }
  if (overflow)
    emitRemark(p.loc) << name << ": found places for the buffers of tiling " << tilings << ", after "
                      << overflow->message();
  return success();
}

LogicalResult LowerUnits::lower(func::FuncOp func) {
  OpBuilder b(func);
  auto machineAttr = func->getAttrOfType<MachineAttr>("npu.machine");
  hw::Machine machine = machineAttr.load();
  auto program = ProgramOp::create(b, func.getLoc(), (func.getSymName() + "_program").str(), machineAttr);
  program.getBody().emplaceBlock();
  program.setVisibility(SymbolTable::Visibility::Private);
  ProgramBuilder p(program, machine);
  Block &block = func.getBody().front();

  // Segments of arguments and results.
  for (BlockArgument argument : block.getArguments()) {
    auto type = cast<RankedTensorType>(argument.getType());
    std::string name = "in" + std::to_string(argument.getArgNumber());
    SegmentOp::create(p.b, func.getLoc(), name, SegmentKind::input, byteCount(type), ElementsAttr(),
                      describe(b, type, func.getArgAttr(argument.getArgNumber(), "aic.name")));
    p.bind(argument, {name, 0});
  }
  Operation *end = block.getTerminator();
  for (OpOperand &use : end->getOpOperands()) {
    auto type = cast<RankedTensorType>(use.get().getType());
    std::string name = "out" + std::to_string(use.getOperandNumber());
    SegmentOp::create(p.b, func.getLoc(), name, SegmentKind::output, byteCount(type), ElementsAttr(),
                      describe(b, type, func.getResultAttr(use.getOperandNumber(), "aic.name")));
    Value root = use.get();
    while (Value source = aliasOf(root))
      root = source;
    if (!root.getDefiningOp<UnitOp>() || p.isBound(root))
      continue; // copied at the end
    p.bind(root, {name, 0});
  }
  // Lifetimes of the rest, in units.
  llvm::DenseMap<Value, std::pair<size_t, size_t>> lives;
  size_t time = 0;
  for (Operation &op : block) {
    ++time;
    for (Value value : op.getOperands()) {
      while (Value source = aliasOf(value))
        value = source;
      if (auto it = lives.find(value); it != lives.end())
        it->second.second = time;
    }
    for (Value value : op.getResults())
      if (isa<UnitOp>(op) && !aliasOf(value) && !p.isBound(value))
        lives[value] = {time, time};
  }
  // Offsets in the shared segment, multiples of 64.
  std::deque<LifeSpan> spans;
  SmallVector<const LifeSpan *> placed;
  int64_t scratchBytes = 0;
  for (Operation &op : block) {
    for (Value value : op.getResults()) {
      if (Value source = aliasOf(value)) {
        p.bind(value, p.placeOf(source));
      } else if (auto it = lives.find(value); it != lives.end()) {
        auto [begin, last] = it->second;
        int64_t bytes = int64_t(llvm::alignTo(byteCount(cast<RankedTensorType>(value.getType())), 64));
        LifeSpan &span = spans.emplace_back(LifeSpan{begin, last, bytes, -1});
        span.address = firstFit(span, placed, 0);
        placed.push_back(&span);
        scratchBytes = std::max(scratchBytes, span.address + bytes);
        p.bind(value, {"scratch", span.address});
      }
    }
    // A constant that a unit reads as a tensor.
    if (op.hasTrait<OpTrait::ConstantLike>())
      for (Operation *user : op.getUsers())
        if (auto unit = dyn_cast<UnitOp>(user); unit && !p.isBound(op.getResult(0)) && param(unit, "reads_constants")) {
          ::aic::eval::Tensor tensor = constantOf(op.getResult(0));
          p.bind(op.getResult(0), p.constant(tensor.data(), tensor.bytes()));
        }
  }
  if (scratchBytes)
    SegmentOp::create(p.b, func.getLoc(), "scratch", SegmentKind::scratch, scratchBytes, ElementsAttr(),
                      DictionaryAttr());

  for (auto unit : block.getOps<UnitOp>()) {
    if (unit.getKind() == "alias")
      continue;
    p.loc = unit.getLoc();
    if (failed(emitUnit(p, unit)))
      return failure();
  }
  // Results that are arguments, or one value returned twice.
  for (OpOperand &use : end->getOpOperands()) {
    Place target{"out" + std::to_string(use.getOperandNumber()), 0}, source = p.placeOf(use.get());
    if (source.segment == target.segment)
      continue;
    int64_t bytes = byteCount(cast<RankedTensorType>(use.get().getType()));
    if (failed(emitKernel(p, "copy", [&](std::string &) {
          int64_t most = std::max<int64_t>(int64_t(p.machine.space(hw::Space::L1).bytes) / 4 / 64 * 64, 64);
          int64_t chunk = std::min(bytes, most);
          std::vector<Value> slots = p.slots(Space::L1, chunk, 2, "copy");
          for (int64_t at = 0, i = 0; at < bytes; at += chunk, ++i) {
            int64_t size = std::min(chunk, bytes - at);
            p.load({source.segment, source.offset + at}, slots[i % 2], size);
            p.store(slots[i % 2], {target.segment, target.offset + at}, size);
          }
          return success();
        })))
      return failure();
  }
  p.emit(InstructionSpec(Opcode::HALT));
  p.finish();
  // What is left of the function is its type.
  func.getBody().getBlocks().clear();
  func->removeAttr("npu.machine");
  func->setAttr("npu.program", FlatSymbolRefAttr::get(program.getSymNameAttr()));
  return success();
}

} // namespace mlir::npu
