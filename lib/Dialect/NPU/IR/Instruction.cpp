// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Instruction.cpp - The form that all instruction operations share ---===//
//
// Syntax: MNEMONIC [on ENGINE] field=value, ... [wait N] [signal N] [tile [a, b, ...]]
// A value is a number, the name of an enumeration's entry, %buffer[offset] or @segment[offset]. Zero fields are left
// out.
//
//===----------------------------------------------------------------------===//
#include "aic/Dialect/NPU/IR/NPUOps.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/bit.h"

namespace mlir::npu {
namespace hw = ::aic::npu;
using hw::Field;
using hw::FieldKind;
using hw::Opcode;

static StringRef opNameOf(Opcode opcode) {
  if (opcode == Opcode::SWAIT || opcode == Opcode::SSIG)
    return SyncOp::getOperationName();
  if (opcode <= Opcode::TRAP)
    return ControlOp::getOperationName();
  if (opcode >= Opcode::DWMAC)
    return WindowOp::getOperationName();
  if (opcode >= Opcode::ADD)
    return VectorOp::getOperationName();
  switch (opcode) {
  case Opcode::LD:
    return LoadOp::getOperationName();
  case Opcode::ST:
    return StoreOp::getOperationName();
  case Opcode::CP:
    return CopyOp::getOperationName();
  case Opcode::FILL:
    return FillOp::getOperationName();
  case Opcode::LDA:
  case Opcode::LDB:
    return GatherOp::getOperationName();
  case Opcode::FXOUT:
    return FixOp::getOperationName();
  default:
    return MatrixOp::getOperationName();
  }
}

static hw::Engine firstEngine(Opcode opcode) {
  return hw::Engine(llvm::countr_zero(unsigned(hw::infoOf(opcode).engines)));
}

/// The position of a field in the opcode's layout, or -1.
static int placeOf(const hw::OpcodeInfo &info, Field field) {
  for (unsigned i = 0; i != info.fieldCount; ++i)
    if (info.fields[i].field == field)
      return int(i);
  return -1;
}

//===-- InstructionSpec -----------------------------------------------------===//

InstructionSpec::InstructionSpec(Opcode opcode) : InstructionSpec(opcode, firstEngine(opcode)) {}
InstructionSpec::InstructionSpec(Opcode opcode, hw::Engine engine)
    : opcode(opcode), engine(engine), fields(hw::infoOf(opcode).fieldCount) {}

InstructionSpec &InstructionSpec::set(Field field, int64_t value) {
  int place = placeOf(hw::infoOf(opcode), field);
  assert(place >= 0 && "the instruction has no such field");
  fields[place] = value;
  return *this;
}

InstructionSpec &InstructionSpec::setF32(Field field, float value) {
  return set(field, int64_t(llvm::bit_cast<uint32_t>(value)));
}

InstructionSpec &InstructionSpec::set(Field field, Value buffer, int64_t offset) {
  set(field, offset);
  buffers.push_back(buffer);
  places.push_back(placeOf(hw::infoOf(opcode), field));
  return *this;
}

InstructionSpec &InstructionSpec::set(Field field, StringRef name, int64_t offset) {
  segment = name.str();
  return set(field, offset);
}

InstructionSpec &InstructionSpec::tile(ArrayRef<int32_t> values) {
  coordinates.assign(values.begin(), values.end());
  return *this;
}

Operation *InstructionSpec::create(OpBuilder &b, Location loc) const {
  OperationState state(loc, opNameOf(opcode));
  state.addOperands(buffers);
  state.addAttribute("opcode", b.getI32IntegerAttr(int32_t(opcode)));
  state.addAttribute("engine", b.getI32IntegerAttr(int32_t(engine)));
  state.addAttribute("fields", b.getDenseI64ArrayAttr(fields));
  state.addAttribute("places", b.getDenseI32ArrayAttr(places));
  if (!segment.empty())
    state.addAttribute("segment", FlatSymbolRefAttr::get(b.getContext(), segment));
  if (!coordinates.empty())
    state.addAttribute("tile", b.getDenseI32ArrayAttr(coordinates));
  return b.create(state);
}

//===-- InstructionOp -------------------------------------------------------===//

// The classes have the same arguments, so what LoadOp says of its attributes holds for each of them.
template <typename Visit> static auto visit(Operation *op, Visit f) {
  if (auto o = dyn_cast<LoadOp>(op))
    return f(o);
  if (auto o = dyn_cast<StoreOp>(op))
    return f(o);
  if (auto o = dyn_cast<GatherOp>(op))
    return f(o);
  if (auto o = dyn_cast<MatrixOp>(op))
    return f(o);
  if (auto o = dyn_cast<FixOp>(op))
    return f(o);
  if (auto o = dyn_cast<VectorOp>(op))
    return f(o);
  if (auto o = dyn_cast<WindowOp>(op))
    return f(o);
  if (auto o = dyn_cast<SyncOp>(op))
    return f(o);
  if (auto o = dyn_cast<CopyOp>(op))
    return f(o);
  if (auto o = dyn_cast<FillOp>(op))
    return f(o);
  return f(cast<ControlOp>(op));
}

InstructionOp InstructionOp::get(Operation *op) {
  return InstructionOp(
      isa<ControlOp, SyncOp, LoadOp, StoreOp, CopyOp, FillOp, GatherOp, MatrixOp, FixOp, VectorOp, WindowOp>(op)
          ? op
          : nullptr);
}

InstructionOp InstructionOp::create(OpBuilder &b, Location loc, Opcode opcode, hw::Engine engine) {
  return get(InstructionSpec(opcode, engine).create(b, loc));
}

Opcode InstructionOp::getOpcode() const {
  return Opcode(visit(op, [](auto o) { return o.getOpcode(); }));
}
hw::Engine InstructionOp::getEngine() const {
  return hw::Engine(visit(op, [](auto o) { return o.getEngine(); }));
}
FlatSymbolRefAttr InstructionOp::getSegment() const {
  return visit(op, [](auto o) { return o.getSegmentAttr(); });
}
int InstructionOp::getWait() const {
  return visit(op, [](auto o) { return o.getWait() ? int(*o.getWait()) : -1; });
}
int InstructionOp::getSignal() const {
  return visit(op, [](auto o) { return o.getSignal() ? int(*o.getSignal()) : -1; });
}
void InstructionOp::setWait(int semaphore) {
  visit(op, [&](auto o) { o.setWait(semaphore); });
}
void InstructionOp::setSignal(int semaphore) {
  visit(op, [&](auto o) { o.setSignal(semaphore); });
}

Value InstructionOp::getBuffer(Field field) const {
  int place = placeOf(getInfo(), field);
  ArrayRef<int32_t> places = visit(op, [](auto o) { return o.getPlaces(); });
  for (auto [i, p] : llvm::enumerate(places))
    if (p == place)
      return op->getOperand(i);
  return {};
}

hw::Instruction InstructionOp::resolve(function_ref<unsigned(StringRef)> segmentIndex) const {
  hw::Instruction inst;
  inst.opcode = getOpcode();
  inst.engine = getEngine();
  inst.wait = int8_t(getWait());
  inst.signal = int8_t(getSignal());
  const hw::OpcodeInfo &info = getInfo();
  ArrayRef<int64_t> fields = visit(op, [](auto o) { return o.getFields(); });
  ArrayRef<int32_t> places = visit(op, [](auto o) { return o.getPlaces(); });
  for (auto [i, value] : llvm::enumerate(fields)) {
    inst.fields[i] = value;
    if (info.fields[i].kind == FieldKind::Global && getSegment())
      inst.fields[i] =
          int64_t(hw::pack(hw::GlobalAddress{uint8_t(segmentIndex(getSegment().getValue())), uint64_t(value), 0}));
  }
  for (auto [i, place] : llvm::enumerate(places)) {
    Value buffer = op->getOperand(i);
    auto declared = buffer.getDefiningOp<BufferOp>();
    uint64_t base = declared && declared.getAddress() ? *declared.getAddress() : 0;
    hw::LocalAddress address;
    address.space = hw::Space(cast<BufferType>(buffer.getType()).getSpace());
    address.granule = uint32_t((base + fields[place]) / hw::kGranuleBytes);
    inst.fields[place] = int64_t(hw::pack(address));
  }
  return inst;
}

//===-- Text and rules ------------------------------------------------------===//

static void printInstruction(OpAsmPrinter &p, Operation *op) {
  InstructionOp inst = InstructionOp::get(op);
  const hw::OpcodeInfo &info = inst.getInfo();
  ArrayRef<int64_t> fields = visit(op, [](auto o) { return o.getFields(); });
  ArrayRef<int32_t> places = visit(op, [](auto o) { return o.getPlaces(); });
  p << ' ' << info.mnemonic;
  if (llvm::popcount(unsigned(info.engines)) != 1)
    p << " on " << hw::nameOf(inst.getEngine());
  bool first = true;
  for (unsigned i = 0; i != info.fieldCount; ++i) {
    const hw::FieldInfo &field = info.fields[i];
    const auto *place = llvm::find(places, int32_t(i));
    bool global = field.kind == FieldKind::Global && inst.getSegment();
    if (!fields[i] && place == places.end() && !global)
      continue;
    p << (first ? " " : ", ") << field.name << " = ";
    first = false;
    if (place != places.end())
      p << op->getOperand(place - places.begin()) << '[' << fields[i] << ']';
    else if (global)
      p << inst.getSegment() << '[' << fields[i] << ']';
    else if (field.kind == FieldKind::Enumeration)
      p << field.values[fields[i]];
    else
      p << fields[i];
  }
  if (inst.getWait() >= 0)
    p << " wait " << inst.getWait();
  if (inst.getSignal() >= 0)
    p << " signal " << inst.getSignal();
  if (auto tile = op->getAttrOfType<DenseI32ArrayAttr>("tile")) {
    p << " tile ";
    tile.print(p.getStream());
  }
  p.printOptionalAttrDict(op->getDiscardableAttrDictionary().getValue());
  if (op->getNumOperands()) {
    p << " : ";
    llvm::interleaveComma(op->getOperandTypes(), p);
  }
}

static const hw::OpcodeInfo *infoByName(StringRef name, Opcode &opcode) {
  for (unsigned i = 0; i != 256; ++i)
    if (const hw::OpcodeInfo *info = hw::infoOf(uint8_t(i)))
      if (name == info->mnemonic) {
        opcode = Opcode(i);
        return info;
      }
  return nullptr;
}

namespace {
struct InstructionParser {
  OpAsmParser &p;
  OperationState &result;
  SmallVector<OpAsmParser::UnresolvedOperand> buffers;
  SmallVector<int64_t> fields;
  SmallVector<int32_t> places;
  FlatSymbolRefAttr segment;

  ParseResult offset(int64_t &value) { return failure(p.parseLSquare() || p.parseInteger(value) || p.parseRSquare()); }
  ParseResult value(const hw::FieldInfo &field, unsigned place) {
    OpAsmParser::UnresolvedOperand buffer;
    OptionalParseResult operand = p.parseOptionalOperand(buffer);
    if (operand.has_value()) {
      if (failed(*operand))
        return failure();
      buffers.push_back(buffer);
      places.push_back(int32_t(place));
      return offset(fields[place]);
    }
    if (field.kind == FieldKind::Global) {
      if (p.parseAttribute(segment))
        return failure();
      return offset(fields[place]);
    }
    if (field.kind != FieldKind::Enumeration)
      return p.parseInteger(fields[place]);
    StringRef name;
    SMLoc loc = p.getCurrentLocation();
    if (p.parseKeyword(&name))
      return failure();
    std::string known;
    for (unsigned i = 0; field.values[i]; ++i) {
      if (name == field.values[i]) {
        fields[place] = i;
        return success();
      }
      known += (i ? ", " : "") + std::string(field.values[i]);
    }
    return p.emitError(loc) << "'" << field.name << "': expected one of " << known << ", got '" << name << "'";
  }
  ParseResult run();
};

ParseResult InstructionParser::run() {
  Builder &b = p.getBuilder();
  StringRef name;
  SMLoc loc = p.getCurrentLocation();
  Opcode opcode;
  if (p.parseKeyword(&name))
    return failure();
  const hw::OpcodeInfo *info = infoByName(name, opcode);
  if (!info)
    return p.emitError(loc) << "expected the mnemonic of an instruction, got '" << name << "'";
  hw::Engine engine = firstEngine(opcode);
  if (succeeded(p.parseOptionalKeyword("on"))) {
    StringRef which;
    loc = p.getCurrentLocation();
    if (p.parseKeyword(&which))
      return failure();
    std::optional<Engine> found = symbolizeEngine(which);
    if (!found)
      return p.emitError(loc) << "expected an engine, got '" << which << "'";
    engine = hw::Engine(*found);
  }
  fields.resize(info->fieldCount);
  StringRef key;
  int64_t wait = -1, signal = -1;
  Attribute tile;
  // Only names that belong here are taken: the next word may be the next operation.
  SmallVector<StringRef> names;
  for (unsigned i = 0; i != info->fieldCount; ++i)
    names.push_back(info->fields[i].name);
  if (succeeded(p.parseOptionalKeyword(&key, names))) {
    while (true) {
      const hw::FieldInfo *field = std::find_if(info->fields, info->fields + info->fieldCount,
                                                [&](const hw::FieldInfo &f) { return key == f.name; });
      if (field == info->fields + info->fieldCount)
        return p.emitError(loc) << "expected a field of " << info->mnemonic << ", got '" << key << "'";
      if (p.parseEqual() || value(*field, unsigned(field - info->fields)))
        return failure();
      if (failed(p.parseOptionalComma()))
        break;
      loc = p.getCurrentLocation();
      if (p.parseKeyword(&key))
        return failure();
    }
  }
  if ((succeeded(p.parseOptionalKeyword("wait")) && p.parseInteger(wait)) ||
      (succeeded(p.parseOptionalKeyword("signal")) && p.parseInteger(signal)))
    return failure();
  if (succeeded(p.parseOptionalKeyword("tile"))) {
    tile = DenseI32ArrayAttr::parse(p, {});
    if (!tile)
      return failure();
  }
  NamedAttrList extra;
  SmallVector<Type> types;
  loc = p.getCurrentLocation();
  if (p.parseOptionalAttrDict(extra) || (!buffers.empty() && p.parseColonTypeList(types)) ||
      p.resolveOperands(buffers, types, loc, result.operands))
    return failure();
  result.attributes.append(extra);
  result.addAttribute("opcode", b.getI32IntegerAttr(int32_t(opcode)));
  result.addAttribute("engine", b.getI32IntegerAttr(int32_t(engine)));
  result.addAttribute("fields", b.getDenseI64ArrayAttr(fields));
  result.addAttribute("places", b.getDenseI32ArrayAttr(places));
  if (segment)
    result.addAttribute("segment", segment);
  if (wait >= 0)
    result.addAttribute("wait", b.getI32IntegerAttr(int32_t(wait)));
  if (signal >= 0)
    result.addAttribute("signal", b.getI32IntegerAttr(int32_t(signal)));
  if (tile)
    result.addAttribute("tile", tile);
  return success();
}
} // namespace

static LogicalResult verifyInstruction(Operation *op, int64_t opcode, int64_t engine, ArrayRef<int64_t> fields,
                                       ArrayRef<int32_t> places) {
  const hw::OpcodeInfo *info = opcode >= 0 && opcode < 256 ? hw::infoOf(uint8_t(opcode)) : nullptr;
  if (!info)
    return op->emitOpError() << "expected an opcode, got " << opcode;
  if (opNameOf(Opcode(opcode)) != op->getName().getStringRef()) // instruction_c1
    return op->emitOpError() << "expected '" << opNameOf(Opcode(opcode)) << "' for " << info->mnemonic;
  if (engine < 0 || engine > 6 || fields.size() != info->fieldCount || places.size() != op->getNumOperands())
    return op->emitOpError() << "expected " << unsigned(info->fieldCount)
                             << " fields, a place for each buffer and an engine";
  for (int32_t place : places) {
    if (place < 0 || place >= info->fieldCount)
      return op->emitOpError() << "expected places of buffers below " << unsigned(info->fieldCount) << ", got "
                               << place;
    if (fields[place] < 0 || fields[place] % hw::kGranuleBytes)
      return op->emitOpError() << "'" << info->fields[place].name << "': expected an offset that is a multiple of "
                               << hw::kGranuleBytes << ", got " << fields[place];
  }
  InstructionOp inst = InstructionOp::get(op);
  if (FlatSymbolRefAttr segment = inst.getSegment();
      segment && !SymbolTable::lookupNearestSymbolFrom<SegmentOp>(op, segment)) // instruction_c3
    return op->emitOpError() << "expected a declared segment, got " << segment;
  std::string bytes, error;
  if (!hw::encode(inst.resolve([](StringRef) { return 0u; }), bytes, error)) // instruction_c2
    return op->emitOpError() << error;
  return success();
}

#define NPU_INSTRUCTION(CLASS)                                                                                         \
  void CLASS::print(OpAsmPrinter &p) { printInstruction(p, getOperation()); }                                          \
  ParseResult CLASS::parse(OpAsmParser &p, OperationState &result) {                                                   \
    return InstructionParser{p, result, {}, {}, {}, {}}.run();                                                         \
  }                                                                                                                    \
  LogicalResult CLASS::verify() {                                                                                      \
    return verifyInstruction(getOperation(), getOpcode(), getEngine(), getFields(), getPlaces());                      \
  }
NPU_INSTRUCTION(ControlOp)
NPU_INSTRUCTION(SyncOp)
NPU_INSTRUCTION(LoadOp)
NPU_INSTRUCTION(StoreOp)
NPU_INSTRUCTION(CopyOp)
NPU_INSTRUCTION(FillOp)
NPU_INSTRUCTION(GatherOp)
NPU_INSTRUCTION(MatrixOp)
NPU_INSTRUCTION(FixOp)
NPU_INSTRUCTION(VectorOp)
NPU_INSTRUCTION(WindowOp)
#undef NPU_INSTRUCTION

} // namespace mlir::npu
