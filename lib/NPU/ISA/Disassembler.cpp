//===- Disassembler.cpp - NPU programs to text ------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Writes what assemble() reads: fields that are zero are left out, names stand for numbers where they are unambiguous.
//
//===----------------------------------------------------------------------===//

#include "aic/NPU/ISA/Assembly.h"

#include "Directives.h"
#include "Lexer.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

using namespace aic::npu;

namespace {
std::string hex(uint64_t value) {
  char digits[17];
  auto end = std::to_chars(digits, digits + sizeof(digits), value, 16).ptr;
  return "0x" + std::string(digits, end);
}

/// The shortest decimal that reads back as the same bits; the bits of a NaN in hexadecimal.
std::string showFloat(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  if (std::isnan(value))
    return hex(bits);
  char digits[64];
  auto end = std::to_chars(digits, digits + sizeof(digits), value).ptr;
  return std::string(digits, end);
}

std::string plainOrQuoted(const std::string &text) { return isPlainWord(text) ? text : quoted(text); }

class Printer {
public:
  explicit Printer(const Program *program) : program(program) {}

  std::string instruction(const Instruction &inst) const;
  std::string semaphore(int id) const;
  std::string segment(unsigned index) const;

private:
  std::string field(const Instruction &inst, const FieldInfo &field, int64_t value) const;
  std::string offset(uint64_t bytes, unsigned ar) const;

  const Program *program;
};

/// The name, if it finds the same thing when it is read.
std::string Printer::semaphore(int id) const {
  std::string fallback = "s" + std::to_string(id);
  if (!program)
    return fallback;
  const std::string *name = nullptr;
  for (const Semaphore &sem : program->semaphores)
    if (static_cast<int>(sem.id) == id && !name)
      name = &sem.name;
  if (!name || !isPlainWord(*name) || numberedName(*name, "s", 63) >= 0)
    return fallback;
  for (const Semaphore &sem : program->semaphores)
    if (static_cast<int>(sem.id) != id && sem.name == *name)
      return fallback;
  return *name;
}

std::string Printer::segment(unsigned index) const {
  std::string fallback = "seg" + std::to_string(index);
  if (!program || index >= program->segments.size())
    return fallback;
  const std::string &name = program->segments[index].name;
  if (!isPlainWord(name) || numberedName(name, "seg", kMaxSegments - 1) >= 0)
    return fallback;
  for (unsigned i = 0; i < program->segments.size(); ++i)
    if (i != index && program->segments[i].name == name)
      return fallback;
  return name;
}

std::string Printer::offset(uint64_t bytes, unsigned ar) const {
  std::string text = "[";
  if (bytes || !ar)
    text += bytes ? hex(bytes) : "0";
  if (ar)
    text += (bytes ? "+AR" : "AR") + std::to_string(ar);
  return text + "]";
}

std::string Printer::field(const Instruction &inst, const FieldInfo &field, int64_t value) const {
  auto local = [&] {
    LocalAddress address = unpackLocal(value);
    return nameOf(address.space) + offset(uint64_t(address.granule) * kGranuleBytes, address.ar);
  };
  switch (field.kind) {
  case FieldKind::Local:
    return local();
  case FieldKind::Global: {
    GlobalAddress address = unpackGlobal(value);
    return segment(address.segment) + offset(address.offset, address.ar);
  }
  case FieldKind::F32:
    return showFloat(static_cast<uint32_t>(value));
  case FieldKind::Enumeration:
    for (int64_t i = 0; field.values[i]; ++i)
      if (i == value)
        return field.values[i];
    return std::to_string(value); // not encodable
  case FieldKind::Register:
    return "AR" + std::to_string(value);
  case FieldKind::Bits:
    return value < 10 ? std::to_string(value) : hex(value);
  default:
    break;
  }
  if (field.field == Field::s1)
    return inst.get(Field::s1_imm) ? showFloat(static_cast<uint32_t>(value)) : local();
  if (field.field == Field::trip && inst.get(Field::trip_ar) && value < kAddressRegisters)
    return "AR" + std::to_string(value);
  return std::to_string(value);
}

std::string Printer::instruction(const Instruction &inst) const {
  const OpcodeInfo *known = infoOf(static_cast<uint8_t>(inst.opcode));
  if (!known)
    return "opcode " + std::to_string(static_cast<unsigned>(inst.opcode));
  const OpcodeInfo &info = *known;
  std::string text;
  if (inst.predicate >= 0)
    text += "@p" + std::to_string(inst.predicate) + " ";
  if (info.engines & (info.engines - 1))
    text += nameOf(inst.engine) + std::string(".");
  text += info.mnemonic;
  uint64_t always = 0;
  for (unsigned i = 0; i < info.operandCount; ++i)
    if (inst.uses(info.operands[i]))
      always |= uint64_t(1) << info.indexOf[static_cast<size_t>(info.operands[i].field)];
  const char *separator = " ";
  for (unsigned i = 0; i < info.fieldCount; ++i) {
    const FieldInfo &f = info.fields[i];
    int64_t value = inst.fields[i];
    bool tripRegister = f.field == Field::trip && inst.get(Field::trip_ar) && value < kAddressRegisters;
    bool shown = value || always >> i & 1 || f.kind == FieldKind::Global || tripRegister ||
                 (f.field == Field::s1 && inst.get(Field::s1_imm));
    // These two say no more than the form of s1 and trip.
    bool implied = f.field == Field::s1_imm ||
                   (f.field == Field::trip_ar && inst.get(Field::trip) < static_cast<int64_t>(kAddressRegisters));
    if (!shown || implied)
      continue;
    text += separator + std::string(f.name) + "=" + field(inst, f, value);
    separator = ", ";
  }
  if (inst.wait >= 0)
    text += " wait " + semaphore(inst.wait);
  if (inst.signal >= 0)
    text += " sig " + semaphore(inst.signal);
  return text;
}

class Writer {
public:
  Writer(const Program &program, const DisassembleOptions &options)
      : program(program), options(options), printer(&program) {}

  std::string run() {
    if (!options.machine.empty())
      out += ".machine " + options.machine + "\n";
    out += ".program " + plainOrQuoted(program.name) + "\n";
    if (program.argumentCount)
      out += ".args " + std::to_string(program.argumentCount) + "\n";
    for (const Segment &segment : program.segments)
      write(segment);
    for (const ConstLocation &weight : program.constants)
      write(weight);
    for (const auto &[key, value] : program.buildInfo)
      out += ".build " + plainOrQuoted(key) + "=" + plainOrQuoted(value) + "\n";
    for (const IOTensor &io : program.io)
      write(io);
    for (const Semaphore &sem : program.semaphores)
      write(sem);
    for (size_t i = 0; i < program.debugOps.size(); ++i)
      write(program.debugOps[i], i);
    code();
    return std::move(out);
  }

private:
  void attribute(const char *name, const std::string &value) { out += std::string(" ") + name + "=" + value; }
  void attribute(const char *name, uint64_t value) {
    if (value)
      attribute(name, std::to_string(value));
  }
  void text(const char *name, const std::string &value) {
    if (!value.empty())
      attribute(name, plainOrQuoted(value));
  }

  void write(const Segment &segment);
  void write(const IOTensor &io);
  void write(const ConstLocation &weight);
  void write(const Semaphore &sem);
  void write(const DebugOp &op, size_t index);
  void code();
  void loc(const DebugLine &line);

  const Program &program;
  const DisassembleOptions &options;
  Printer printer;
  std::string out;
};

void Writer::write(const Segment &segment) {
  out += ".segment";
  if (!segment.name.empty())
    out += " " + plainOrQuoted(segment.name);
  attribute("kind", std::string(kSegmentKindNames[static_cast<size_t>(segment.kind)]));
  attribute("bytes", std::to_string(segment.bytes));
  if (segment.align != Segment().align)
    attribute("align", segment.align);
  out += "\n";
  const std::vector<uint8_t> &data = segment.data;
  if (!options.data && !data.empty()) {
    out += "  ; " + std::to_string(data.size()) + " bytes of data left out\n";
    return;
  }
  constexpr size_t lineBytes = 32;
  const char *digits = "0123456789abcdef";
  auto runFrom = [&](size_t start) {
    size_t end = start;
    while (end < data.size() && data[end] == data[start])
      ++end;
    return end - start;
  };
  for (size_t i = 0; i < data.size();) {
    size_t run = runFrom(i);
    if (run >= lineBytes) {
      out += "  .fill " + std::to_string(run) + ", " + std::to_string(data[i]) + "\n";
      i += run;
      continue;
    }
    // A line ends early where a long run begins.
    out += "  .data ";
    for (size_t end = std::min(i + lineBytes, data.size()); i < end; ++i, --run) {
      if (run == 0 && (run = runFrom(i)) >= lineBytes)
        break;
      out += digits[data[i] >> 4];
      out += digits[data[i] & 15];
    }
    out += "\n";
  }
}

void Writer::write(const IOTensor &io) {
  out += ".io " + plainOrQuoted(io.name);
  attribute("kind", std::string(io.isOutput ? "output" : "input"));
  text("dtype", io.dtype);
  std::string dims;
  for (int64_t dim : io.dims)
    dims += (dims.empty() ? "" : ", ") + std::to_string(dim);
  attribute("dims", "[" + dims + "]");
  text("layout", io.layout);
  uint32_t scale;
  std::memcpy(&scale, &io.scale, sizeof(scale));
  if (scale)
    attribute("scale", showFloat(scale));
  if (io.zeroPoint)
    attribute("zp", std::to_string(io.zeroPoint));
  if (io.quantAxis >= 0)
    attribute("axis", std::to_string(io.quantAxis));
  if (io.aliasOf >= 0)
    attribute("alias", std::to_string(io.aliasOf));
  std::string open;
  for (const OpenDim &dim : io.openDims)
    open += (open.empty() ? "" : ", ") + std::to_string(dim.dim) + ", " + std::to_string(dim.argument) + ", " +
            std::to_string(dim.min) + ", " + std::to_string(dim.max);
  if (!open.empty())
    attribute("open", "[" + open + "]");
  attribute("segment", printer.segment(io.segment));
  attribute("offset", io.offset);
  attribute("bytes", io.bytes);
  out += "\n";
}

void Writer::write(const ConstLocation &weight) {
  out += ".weight " + plainOrQuoted(weight.name);
  text("packing", weight.packing);
  attribute("segment", printer.segment(weight.segment));
  attribute("offset", weight.offset);
  attribute("bytes", weight.bytes);
  out += "\n";
}

void Writer::write(const Semaphore &sem) {
  out += ".sem";
  if (!sem.name.empty())
    out += " " + plainOrQuoted(sem.name);
  attribute("id", std::to_string(sem.id));
  attribute("producer", std::string(nameOf(sem.producer)));
  attribute("consumer", std::string(nameOf(sem.consumer)));
  attribute("init", sem.initial);
  out += "\n";
}

void Writer::write(const DebugOp &op, size_t index) {
  out += ".op " + std::to_string(index);
  text("node", op.node);
  text("type", op.opType);
  text("loc", op.location);
  if (op.parent >= 0)
    attribute("parent", std::to_string(op.parent));
  attribute("macs", op.macs);
  attribute("bytes", op.bytes);
  attribute("cycles", op.predictedCycles);
  out += "\n";
}

void Writer::loc(const DebugLine &line) {
  out += ".loc op=" + std::to_string(line.op);
  if (std::any_of(line.tile, line.tile + 4, [](int32_t t) { return t != 0; })) {
    std::string tile;
    for (int32_t t : line.tile)
      tile += (tile.empty() ? "" : ",") + std::to_string(t);
    attribute("tile", tile);
  }
  if (line.op < program.debugOps.size()) {
    const DebugOp &op = program.debugOps[line.op];
    // A comment ends with its line, whatever the node is called.
    std::string comment = isPlainWord(op.node) ? op.node : quoted(op.node);
    out += " ; " + comment + (isPlainWord(op.opType) ? " (" + op.opType + ")" : "");
  }
  out += "\n";
}

void Writer::code() {
  bool hasLines = program.debugLines.size() == program.code.size();
  size_t depth = 0, digits = std::to_string(program.code.size()).size();
  for (size_t pc = 0; pc < program.code.size(); ++pc) {
    const Instruction &inst = program.code[pc];
    const DebugLine *line = hasLines ? &program.debugLines[pc] : nullptr;
    if (line && (pc == 0 || line->op != line[-1].op || !std::equal(line->tile, line->tile + 4, line[-1].tile)))
      loc(*line);
    if (inst.opcode == Opcode::ENDLOOP && depth)
      --depth;
    std::string number = std::to_string(pc);
    out += std::string(digits - number.size(), ' ') + number + ": " +
           std::string(2 * std::min<size_t>(depth, kMaxLoopDepth), ' ');
    out += printer.instruction(inst) + "\n";
    if (inst.opcode == Opcode::LOOP)
      ++depth;
  }
}
} // namespace

std::string aic::npu::disassemble(const Program &program, const DisassembleOptions &options) {
  return Writer(program, options).run();
}

std::string aic::npu::format(const Instruction &inst, const Program *program) {
  return Printer(program).instruction(inst);
}
