// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Module -> Code: lays out the register file and the memory of one kernel, places every operand, and lets the
// opcode's selector pick the handler.
#include "Select.h"
#include <algorithm>
#include <cstring>
#include <functional>
#include <map>
#include <set>

namespace aic::ptx {

// Handlers of pseudo-instructions that only calls need.
void runCall(Warp &, const Inst &);
void runCallReturn(Warp &, const Inst &);
void runFunctionReturn(Warp &, const Inst &);

static uint8_t scalarFlops(const std::string &opcode, Type type) {
  bool two = type == Type::F16x2 || type == Type::BF16x2 || type == Type::F32x2;
  if (!two && type != Type::F16 && type != Type::BF16 && type != Type::F32 && type != Type::F64)
    return 0;
  unsigned one = opcode == "fma" || opcode == "mad" ? 2 : opcode == "add" || opcode == "sub" || opcode == "mul" ? 1 : 0;
  return uint8_t(two ? 2 * one : one);
}

namespace {

const uint32_t lanes = 32;

class Decoder {
public:
  Decoder(Bytecode &bytecode, unsigned entry, Kernel &kernel, Code &code, const std::vector<uint64_t> &addresses,
          std::vector<Diagnostic> &messages)
      : module(bytecode.module), entry(entry), kernel(kernel), code(code), addresses(addresses), messages(messages) {}
  void run();

private:
  struct Frame {
    uint32_t start = 0; // first instruction
    std::vector<Slot> registers;
    Slot returnTo;
  };
  void report(unsigned line, std::string text) { messages.push_back({line, std::move(text)}); }
  bool collect(unsigned function, std::vector<unsigned> &path);
  void layoutMemory();
  void layoutRegisters();
  Slot newSlot(unsigned bytes, std::string name);
  Slot constant(uint64_t value, unsigned size);
  Slot special(Special special);
  uint64_t symbolAddress(const Operand &op, unsigned line, Space *space = nullptr);
  uint64_t literal(const Operand &op, Type type);
  Slot place(const Function &function, const Operand &op, Type type, Frame &frame, unsigned line, uint8_t &size);
  void placeList(const Function &function, const Operand &op, Type type, Frame &frame, unsigned line, Inst &out);
  void decodeFunction(unsigned index);
  void decodeInstruction(const Function &function, Frame &frame, const Instruction &inst);
  void decodeCall(const Function &function, Frame &frame, const Instruction &inst, Inst out);

  const Module &module;
  unsigned entry;
  Kernel &kernel;
  Code &code;
  const std::vector<uint64_t> &addresses;
  std::vector<Diagnostic> &messages;
  std::vector<unsigned> order; // functions, callees behind callers
  std::map<unsigned, Frame> frames;
  std::map<int, uint64_t> offsets; // of shared, local and param variables
  std::map<std::pair<uint64_t, unsigned>, Slot> constants;
  std::map<Special, Slot> specialSlots;
  std::map<std::string, uint16_t> spellings;
  Slot sink;
};

bool Decoder::collect(unsigned index, std::vector<unsigned> &path) {
  if (std::find(path.begin(), path.end(), index) != path.end()) {
    report(module.functions[index].line, "recursion through '" + module.functions[index].name + "' is not supported");
    return false;
  }
  if (std::find(order.begin(), order.end(), index) != order.end())
    return true;
  path.push_back(index);
  bool fine = true;
  for (const Instruction &inst : module.functions[index].body) {
    if (inst.opcode != "call")
      continue;
    for (const Operand &op : inst.operands) {
      if (op.kind != Operand::Symbol || op.symbol > -2)
        continue;
      const Function &callee = module.functions[unsigned(-2 - op.symbol)];
      if (!callee.hasBody) {
        report(inst.line, "unresolved function '" + callee.name + "'");
        fine = false;
        continue;
      }
      fine = fine && collect(unsigned(-2 - op.symbol), path);
    }
  }
  path.pop_back();
  order.push_back(index);
  return fine;
}

void Decoder::layoutMemory() {
  std::set<int> used;
  std::function<void(const Operand &)> visit = [&](const Operand &op) {
    if (op.symbol >= 0 && op.kind != Operand::Label)
      used.insert(op.symbol);
    for (const Operand &e : op.elements)
      visit(e);
  };
  for (unsigned index : order)
    for (const Instruction &inst : module.functions[index].body)
      for (const Operand &op : inst.operands)
        visit(op);
  uint64_t shared = 0, local = 0;
  uint32_t dynamicAlign = 16;
  auto align = [](uint64_t value, uint64_t a) { return (value + a - 1) / a * a; };
  for (size_t i = 0; i < module.variables.size(); ++i) {
    const Variable &var = module.variables[i];
    bool reachable = var.function >= 0 && std::find(order.begin(), order.end(), unsigned(var.function)) != order.end();
    if (var.space == Space::Shared && used.count(int(i))) {
      if (!var.size) {
        dynamicAlign = std::max(dynamicAlign, var.align);
        continue;
      }
      shared = align(shared, var.align);
      offsets[int(i)] = shared;
      shared += var.size;
    } else if ((var.space == Space::Local || (var.space == Space::Param && var.function != int(entry)) ||
                (var.space == Space::Param && !var.isFormal)) &&
               reachable) {
      local = align(local, std::max<uint64_t>(var.align, 8));
      offsets[int(i)] = local;
      local += var.size;
    }
  }
  if (shared > (1u << 24))
    report(kernel.line, "expected at most 16 MiB of shared memory, got " + std::to_string(shared) + " bytes");
  if (local > (1u << 20))
    report(kernel.line, "expected at most 1 MiB of local memory a thread, got " + std::to_string(local) + " bytes");
  code.sharedBytes = uint32_t(std::min<uint64_t>(shared, 1u << 24));
  code.sharedAlign = dynamicAlign;
  code.dynamicShared = uint32_t(align(code.sharedBytes, dynamicAlign));
  code.localBytes = uint32_t(std::min<uint64_t>(align(local, 16), 1u << 20));
  kernel.staticShared = code.sharedBytes;
  kernel.localBytes = code.localBytes;
  for (size_t i = 0; i < module.variables.size(); ++i)
    if (module.variables[i].space == Space::Shared && !module.variables[i].size && used.count(int(i)))
      offsets[int(i)] = code.dynamicShared;
  for (const Param &param : kernel.params)
    for (int var : module.functions[entry].params)
      if (module.variables[unsigned(var)].name == param.name)
        offsets[var] = param.offset;
}

Slot Decoder::newSlot(unsigned bytes, std::string name) {
  uint32_t size = bytes ? bytes * lanes : 4;
  uint32_t alignment = bytes ? 64 : 4;
  code.fileBytes = (code.fileBytes + alignment - 1) / alignment * alignment;
  Slot slot{code.fileBytes, code.slots++};
  code.fileBytes += size;
  code.registerNames.push_back(std::move(name));
  return slot;
}

void Decoder::layoutRegisters() {
  newSlot(16, ""); // index 0 stands for all constants: always defined
  sink = newSlot(16, "_");
  uint64_t bytes = 0;
  for (unsigned index : order)
    for (const Register &reg : module.functions[index].registers)
      bytes += typeSize(reg.type) * lanes;
  if (bytes > (64u << 20)) {
    report(kernel.line, "too many registers");
    return;
  }
  for (unsigned index : order) {
    Frame &frame = frames[index];
    for (const Register &reg : module.functions[index].registers)
      frame.registers.push_back(newSlot(typeSize(reg.type), reg.name));
    frame.returnTo = newSlot(4, "");
  }
}

Slot Decoder::constant(uint64_t value, unsigned size) {
  auto found = constants.find({value, size});
  if (found != constants.end())
    return found->second;
  Slot slot = newSlot(size, "");
  slot.index = 0;
  constants[{value, size}] = slot;
  code.constants.push_back({slot, uint8_t(size), value});
  return slot;
}

Slot Decoder::special(Special which) {
  auto found = specialSlots.find(which);
  if (found != specialSlots.end())
    return found->second;
  Slot slot = newSlot(8, ""); // room for either width
  slot.index = 0;
  specialSlots[which] = slot;
  code.specials.push_back({slot, which});
  return slot;
}

uint64_t Decoder::symbolAddress(const Operand &op, unsigned line, Space *space) {
  const Variable &var = module.variables[unsigned(op.symbol)];
  auto found = offsets.find(op.symbol);
  bool entryParam = var.space == Space::Param && var.isFormal && var.function == int(entry);
  if (space)
    *space = var.space == Space::Param && !entryParam ? Space::Local : var.space;
  uint64_t base = 0;
  if (var.space == Space::Global || var.space == Space::Const) {
    base = addresses[unsigned(op.symbol)];
    if (!base)
      report(line, "unresolved variable '" + var.name + "'");
  } else if (found != offsets.end()) {
    base = found->second;
  }
  return base + uint64_t(op.value);
}

uint64_t Decoder::literal(const Operand &op, Type type) {
  unsigned size = typeSize(type);
  uint64_t value = uint64_t(op.value);
  if (op.kind == Operand::Float) {
    if (size == 8 && (op.isDouble || type == Type::F64))
      return value;
    if (!op.isDouble && (value >> 52 & 0x7ff) == 0x7ff && (value & 0xfffffffffffffull)) // see the lexer: a NaN's bits
      return uint32_t(value);
    double wide;
    memcpy(&wide, &value, 8);
    float single = float(wide);
    uint32_t bits;
    memcpy(&bits, &single, 4);
    return bits;
  }
  return size >= 8 ? value : size ? value & ((uint64_t(1) << (8 * size)) - 1) : value;
}

Slot Decoder::place(const Function &function, const Operand &op, Type type, Frame &frame, unsigned line,
                    uint8_t &size) {
  size = uint8_t(typeSize(type));
  switch (op.kind) {
  case Operand::Reg:
    if (op.reg < 0)
      return sink;
    // A predicate has no size: the byte says whether it is negated.
    size = uint8_t(typeSize(function.registers[unsigned(op.reg)].type));
    if (function.registers[unsigned(op.reg)].type == Type::Pred)
      size = op.negated;
    return frame.registers[unsigned(op.reg)];
  case Operand::SpecialReg:
    size = uint8_t(typeSize(specialType(op.special)));
    return special(op.special);
  case Operand::Integer:
  case Operand::Bool:
    if (type == Type::Pred) {
      size = 0;
      return constant(op.value ? ~uint64_t(0) : 0, 0);
    }
    if (type == Type::None)
      size = 4;
    return constant(literal(op, type == Type::None ? Type::B32 : type), size);
  case Operand::Float:
    return constant(literal(op, type), size ? size : 4);
  case Operand::Symbol:
    if (op.symbol < 0) {
      report(line, "a function's address is not supported");
      return sink;
    }
    if (!size)
      size = 8;
    return constant(
        literal({Operand::Integer, false, false, Special::Count, -1, -1, -1, int64_t(symbolAddress(op, line)), {}},
                bitsOf(size)),
        size);
  default:
    return sink;
  }
}

void Decoder::placeList(const Function &function, const Operand &op, Type type, Frame &frame, unsigned line,
                        Inst &out) {
  if (!out.listCount)
    out.list = uint32_t(code.lists.size());
  auto add = [&](const Operand &element) {
    ListSlot entry;
    entry.sink = element.kind == Operand::Sink;
    entry.slot = place(function, element, type, frame, line, entry.size);
    code.lists.push_back(entry);
    ++out.listCount;
  };
  if (op.kind == Operand::Vector)
    for (const Operand &element : op.elements)
      add(element);
  else
    add(op);
}

void Decoder::decodeInstruction(const Function &function, Frame &frame, const Instruction &inst) {
  Resolved resolved;
  std::string text = verifyInstruction(module, function, inst, resolved);
  if (!text.empty())
    return; // reported when the module was verified
  Inst out;
  out.line = inst.line;
  out.flags = uint16_t(resolved.row->flags);
  std::string spelling = inst.spelling();
  auto known = spellings.emplace(spelling, uint16_t(code.spellings.size()));
  if (known.second)
    code.spellings.push_back(spelling);
  out.opcode = known.first->second;
  if (inst.guard >= 0) {
    out.guarded = true;
    out.guardNegated = inst.guardNegated;
    out.guard = frame.registers[unsigned(inst.guard)].offset;
    out.guardIndex = frame.registers[unsigned(inst.guard)].index;
  }
  if (inst.opcode == "call")
    return decodeCall(function, frame, inst, out);
  unsigned address = 0;
  for (const std::string &m : inst.modifiers)
    if (m == "global")
      out.space = Space::Global;
    else if (m == "shared" || m == "shared::cta" || m == "shared::cluster")
      out.space = Space::Shared;
    else if (m == "local")
      out.space = Space::Local;
    else if (m == "const")
      out.space = Space::Const;
    else if (m == "param" || m == "param::entry" || m == "param::func")
      out.space = Space::Param;
  const std::vector<OperandKind> &kinds = resolved.row->operands;
  for (size_t i = 0; i < kinds.size(); ++i) {
    int at = resolved.operandOf[i];
    if (at < 0)
      continue;
    const Operand &op = inst.operands[unsigned(at)];
    const OperandKind &kind = kinds[i];
    Type type = resolved.typeOf(kind);
    Slot slot = sink;
    uint8_t size = 0;
    switch (kind.kind) {
    case OperandKind::Typed:
      if (op.kind == Operand::Vector) {
        placeList(function, op, bitsOf(typeSize(type) / unsigned(op.elements.size())), frame, inst.line, out);
        size = uint8_t(op.elements.size());
        (kind.written ? out.flagA : out.flagB) = true;
      } else {
        slot = place(function, op, type, frame, inst.line, size);
      }
      break;
    case OperandKind::Pred:
      slot = place(function, op, Type::Pred, frame, inst.line, size);
      break;
    case OperandKind::PredPair:
    case OperandKind::RegPair:
      slot = place(function, op, kind.kind == OperandKind::PredPair ? Type::Pred : type, frame, inst.line, size);
      out.op[5] = sink;
      if (op.kind == Operand::Reg && op.second >= 0) {
        out.op[5] = frame.registers[unsigned(op.second)];
        out.flagA = true; // there is a second result
      }
      break;
    case OperandKind::Address: {
      int64_t displacement = op.value;
      if (op.symbol >= 0) {
        Space space = out.space;
        uint64_t base = symbolAddress(op, inst.line, &space);
        if (!address && (out.space == Space::Param || out.space == Space::Generic))
          out.space = space == Space::Const ? Space::Global : space;
        slot = constant(base, 8);
        displacement = 0;
        size = 8;
      } else if (op.reg >= 0) {
        slot = frame.registers[unsigned(op.reg)];
        size = uint8_t(typeSize(function.registers[unsigned(op.reg)].type));
      } else {
        slot = constant(0, 8);
        size = 8;
      }
      (address == 0 ? out.imm : address == 1 ? out.imm2 : out.imm3) = displacement;
      if (!address)
        out.base64 = size == 8;
      ++address;
      for (const Operand &e : op.elements)
        placeList(function, e, Type::B32, frame, inst.line, out);
      break;
    }
    case OperandKind::Label: {
      int target = function.labelTarget[unsigned(op.symbol)];
      if (target <= -2) {
        out.imm3 = -2 - target;
        out.flagB = true; // a table of labels
      } else {
        out.target = uint32_t(target);
      }
      break;
    }
    case OperandKind::Constant:
      out.imm3 = op.value;
      break;
    case OperandKind::Vector:
    case OperandKind::Braces:
      placeList(function, op, type, frame, inst.line, out);
      size = uint8_t(op.kind == Operand::Vector ? op.elements.size() : 1);
      break;
    case OperandKind::Any:
      if (op.kind == Operand::Vector) {
        placeList(function, op, Type::B32, frame, inst.line, out);
        size = uint8_t(op.elements.size());
      } else {
        bool isBool = op.kind == Operand::Bool;
        slot = place(function, op, isBool ? Type::Pred : Type::None, frame, inst.line, size);
      }
      break;
    }
    if (i < 6) {
      out.op[i] = slot;
      out.opSize[i] = size;
    }
  }
  if (out.space == Space::Const)
    out.space = Space::Global; // constant variables are read-only global ones
  if (inst.opcode == "ld" || inst.opcode == "st" || inst.opcode == "atom" || inst.opcode == "red")
    for (const std::string &m : inst.modifiers)
      out.blockScope |= m == "cta" || m == "cluster";
  Selection selection{module, function, inst, resolved, out, code, ""};
  resolved.row->select(selection);
  out.flops = scalarFlops(inst.opcode, resolved.types[0]);
  pickPartRule(selection);
  bool fullBarrier = (inst.opcode == "bar" || inst.opcode == "barrier") && inst.operands.size() == 1 &&
                     !selection.has("warp") && !selection.has("arrive");
  if (((out.flags & (flag::Sync | flag::Async | flag::Yields)) && !fullBarrier) || selection.has("volatile"))
    code.onlyFullBarriers = false;
  if (!selection.error.empty())
    report(inst.line, selection.error);
  else if (!out.run)
    report(inst.line, "opcode '" + spelling + "' is not supported");
  code.insts.push_back(out);
}

void Decoder::decodeCall(const Function &function, Frame &frame, const Instruction &inst, Inst out) {
  (void)function;
  const Operand *returns = nullptr, *callee = nullptr, *arguments = nullptr;
  for (const Operand &op : inst.operands)
    if (op.kind == Operand::Symbol && op.symbol <= -2)
      callee = &op;
    else if (op.kind == Operand::Vector)
      (callee ? arguments : returns) = &op;
  if (!callee)
    return report(inst.line, "an indirect call is not supported");
  unsigned index = unsigned(-2 - callee->symbol);
  const Function &target = module.functions[index];
  if (!frames.count(index))
    return report(inst.line, "unresolved function '" + target.name + "'");
  // Parameters are local memory: a call copies the caller's variables into the callee's, and results back.
  auto copies = [&](const Operand *list, const std::vector<int> &formals, bool back, Inst &inst2) {
    size_t count = list ? list->elements.size() : 0;
    if (count != formals.size())
      return report(inst.line, "expected " + std::to_string(formals.size()) + " parameters for '" + target.name +
                                   "', got " + std::to_string(count));
    inst2.list = uint32_t(code.lists.size());
    for (size_t i = 0; i < count; ++i) {
      const Operand &actual = list->elements[i];
      if (actual.kind != Operand::Symbol || actual.symbol < 0 || !offsets.count(actual.symbol) ||
          module.variables[unsigned(actual.symbol)].space != Space::Param)
        return report(inst.line, "expected .param variables in a call");
      const Variable &formal = module.variables[unsigned(formals[i])];
      const Variable &given = module.variables[unsigned(actual.symbol)];
      if (formal.size > given.size)
        return report(inst.line, "expected " + std::to_string(formal.size) + " bytes for '" + formal.name + "', got " +
                                     std::to_string(given.size));
      uint32_t from = uint32_t(offsets[back ? formals[i] : actual.symbol]);
      uint32_t to = uint32_t(offsets[back ? actual.symbol : formals[i]]);
      ListSlot entry;
      entry.slot = {from, to};
      code.lists.push_back(entry);
      ListSlot length;
      length.slot = {uint32_t(formal.size), 0};
      code.lists.push_back(length);
      inst2.listCount += 2;
    }
  };
  copies(arguments, target.params, false, out);
  out.run = runCall;
  out.op[0] = frames[index].returnTo;
  out.target = index; // becomes the first instruction when all functions are placed
  out.flagC = true;
  code.insts.push_back(out);
  Inst after;
  after.line = out.line;
  after.opcode = out.opcode;
  after.guarded = out.guarded, after.guardNegated = out.guardNegated;
  after.guard = out.guard, after.guardIndex = out.guardIndex;
  copies(returns, target.returns, true, after);
  after.run = runCallReturn;
  code.insts.push_back(after);
  (void)frame;
}

void Decoder::decodeFunction(unsigned index) {
  const Function &function = module.functions[index];
  Frame &frame = frames[index];
  frame.start = uint32_t(code.insts.size());
  std::vector<uint32_t> startOf(function.body.size() + 1);
  size_t tables = code.branchTables.size();
  for (size_t i = 0; i < function.body.size(); ++i) {
    startOf[i] = uint32_t(code.insts.size());
    size_t first = code.insts.size();
    decodeInstruction(function, frame, function.body[i]);
    for (size_t k = first; k < code.insts.size(); ++k) {
      Inst &inst = code.insts[k];
      // A return of a called function goes back instead of ending the thread.
      if ((function.body[i].opcode == "ret") && index != entry) {
        inst.run = runFunctionReturn;
        inst.op[0] = frame.returnTo;
      }
    }
  }
  startOf[function.body.size()] = uint32_t(code.insts.size());
  Inst last; // what runs off the end returns
  last.line = function.body.empty() ? function.line : function.body.back().line;
  static const Instruction ret = [] {
    Instruction inst;
    inst.opcode = "ret";
    return inst;
  }();
  Instruction end = ret;
  end.line = last.line;
  decodeInstruction(function, frame, end);
  if (index != entry && !code.insts.empty()) {
    code.insts.back().run = runFunctionReturn;
    code.insts.back().op[0] = frame.returnTo;
  }
  for (const std::vector<int> &table : function.branchTargets) {
    std::vector<uint32_t> targets;
    for (int label : table) {
      int target = function.labelTarget[unsigned(label)];
      if (target < 0) {
        report(function.line, "unknown label '" + function.labels[unsigned(label)] + "' in .branchtargets");
        target = 0;
      }
      targets.push_back(startOf[unsigned(target)]);
    }
    code.branchTables.push_back(std::move(targets));
  }
  for (size_t k = frame.start; k < code.insts.size(); ++k) {
    Inst &inst = code.insts[k];
    if ((inst.flags & flag::Flow) && !inst.flagC) {
      if (inst.flagB)
        inst.imm3 += int64_t(tables);
      else if (inst.target < startOf.size())
        inst.target = startOf[inst.target];
    }
  }
}

void Decoder::run() {
  std::vector<unsigned> path;
  if (!collect(entry, path))
    return;
  std::reverse(order.begin(), order.end()); // the kernel first
  layoutMemory();
  layoutRegisters();
  if (!messages.empty())
    return;
  for (unsigned index : order)
    decodeFunction(index);
  for (Inst &inst : code.insts)
    if (inst.flagC && inst.run == runCall)
      inst.target = frames[inst.target].start;
}

} // namespace

void decodeKernel(Bytecode &bytecode, unsigned function, Kernel &kernel, Code &code,
                  const std::vector<uint64_t> &variableAddress, std::vector<Diagnostic> &messages) {
  Decoder(bytecode, function, kernel, code, variableAddress, messages).run();
}

} // namespace aic::ptx
