// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Opcodes.h"
#include "Select.h"
#include <sstream>

namespace aic::ptx {

namespace {

struct RawRow {
  const char *opcode, *modifiers, *operands;
  unsigned isa, sm, flags;
  Selector select;
};

std::vector<RawRow> rawRows() {
  using namespace flag;
  return {
#define PTX_OP(opcode, modifiers, operands, isa, sm, flags, handler)                                                   \
  {#opcode, modifiers, operands, isa, sm, flags, &select##handler},
#include "Opcodes.def"
#undef PTX_OP
  };
}

OperandKind parseKind(std::string text) {
  OperandKind kind;
  if (text.front() == '=') {
    kind.written = true;
    text.erase(0, 1);
  }
  if (text.back() == '?') {
    kind.optional = true;
    text.pop_back();
  }
  auto typed = [&](std::string rest) {
    if (rest.size() == 1 && rest[0] >= '0' && rest[0] <= '3')
      kind.typeIndex = rest[0] - '0';
    else
      kind.type = parseType(rest);
  };
  if (text == "p") {
    kind.kind = OperandKind::Pred;
  } else if (text == "pp") {
    kind.kind = OperandKind::PredPair;
  } else if (text == "rp") {
    kind.kind = OperandKind::RegPair;
    kind.type = Type::B32;
  } else if (text == "m") {
    kind.kind = OperandKind::Address;
  } else if (text == "l") {
    kind.kind = OperandKind::Label;
  } else if (text == "i") {
    kind.kind = OperandKind::Constant;
  } else if (text == "x") {
    kind.kind = OperandKind::Any;
  } else if (text[0] == 'v') {
    kind.kind = OperandKind::Vector;
    typed(text.substr(1));
  } else if (text[0] == '*') {
    kind.kind = OperandKind::Braces;
    typed(text.substr(1));
  } else {
    kind.kind = OperandKind::Typed;
    if (text[0] == 'a' || text[0] == 'c' || text[0] == 'w') {
      kind.movable = text[0] == 'a';
      kind.wider = text[0] == 'c';
      kind.twice = text[0] == 'w';
      text.erase(0, 1);
    }
    typed(text);
  }
  return kind;
}

bool wordFits(const std::string &pattern, const std::string &word) {
  size_t star = pattern.find('*');
  if (star == std::string::npos)
    return pattern == word;
  size_t tail = pattern.size() - star - 1;
  if (word.size() < pattern.size() || word.compare(0, star, pattern, 0, star) ||
      word.compare(word.size() - tail, tail, pattern, star + 1, tail))
    return false;
  for (size_t i = star; i < word.size() - tail; ++i)
    if (word[i] < '0' || word[i] > '9')
      return false;
  return true;
}

/// Slots are matched from the left; an optional one is tried first as present, then as absent.
bool modifiersFit(const OpcodeRow &row, size_t slot, const Instruction &inst, size_t word, std::vector<Type> &types) {
  if (slot == row.slots.size())
    return word == inst.modifiers.size();
  const ModifierSlot &s = row.slots[slot];
  if (word < inst.modifiers.size())
    for (const std::string &pattern : s.words)
      if (wordFits(pattern, inst.modifiers[word])) {
        Type type = parseType(inst.modifiers[word]);
        if (type != Type::None)
          types.push_back(type);
        if (modifiersFit(row, slot + 1, inst, word + 1, types))
          return true;
        if (type != Type::None)
          types.pop_back();
      }
  return s.optional && modifiersFit(row, slot + 1, inst, word, types);
}

std::string version(unsigned isa) { return std::to_string(isa / 10) + "." + std::to_string(isa % 10); }

/// Registers of a type may stand where another of the same size is expected, except float for integer.
bool registerFits(Type have, Type want, bool wider) {
  if (have == Type::Pred || want == Type::Pred)
    return have == want;
  unsigned size = typeSize(want);
  if (wider ? typeSize(have) < size : typeSize(have) != size) {
    // 8-bit values live in wider registers everywhere; f16 and the like in .b16 and .b32.
    if (!(size == 1 && typeSize(have) > 1 && wider))
      return false;
  }
  auto bits = [](Type t) { return t >= Type::B1 && t <= Type::B128; };
  if (bits(have) || bits(want))
    return true;
  bool haveFloat = have == Type::F16 || have == Type::F16x2 || have == Type::F32 || have == Type::F64;
  bool wantFloat = isFloat(want);
  if (haveFloat != wantFloat)
    return false;
  return true;
}

class Checker {
public:
  Checker(const Module &module, const Function &function, const Instruction &inst, Resolved &resolved)
      : module(module), function(function), inst(inst), resolved(resolved) {}
  std::string check(const OperandKind &kind, const Operand &op, unsigned number);

private:
  std::string reg(int index, Type want, bool wider, const std::string &what) const;
  std::string value(const OperandKind &kind, const Operand &op, Type type, const std::string &what) const;
  std::string describe(const Operand &op) const;
  const Module &module;
  const Function &function;
  const Instruction &inst;
  Resolved &resolved;
};

std::string Checker::describe(const Operand &op) const {
  switch (op.kind) {
  case Operand::Reg:
    if (op.reg < 0)
      return "'_'";
    return "'" + function.registers[unsigned(op.reg)].name + "' of type ." +
           std::string(typeName(function.registers[unsigned(op.reg)].type));
  case Operand::SpecialReg:
    return "'" + std::string(specialName(op.special)) + "'";
  case Operand::Integer:
    return std::to_string(op.value);
  case Operand::Float:
    return "a floating-point constant";
  case Operand::Symbol:
    return op.symbol >= 0 ? "variable '" + module.variables[unsigned(op.symbol)].name + "'" : "a function";
  case Operand::Address:
    return "an address";
  case Operand::Vector:
    return "operands in braces";
  case Operand::Label:
    return "a label";
  case Operand::Sink:
    return "'_'";
  case Operand::Bool:
    return "a truth value";
  default:
    return "nothing";
  }
}

std::string Checker::reg(int index, Type want, bool wider, const std::string &what) const {
  if (index == -2)
    return "";
  const Register &r = function.registers[unsigned(index)];
  if (registerFits(r.type, want, wider))
    return "";
  return what + ": expected a register of type ." + std::string(typeName(want)) + (wider ? " or wider" : "") +
         ", got '" + r.name + "' of type ." + std::string(typeName(r.type));
}

std::string Checker::value(const OperandKind &kind, const Operand &op, Type type, const std::string &what) const {
  std::string expected = what + ": expected " + (kind.written ? "a register" : "a register or constant") +
                         " of type ." + std::string(typeName(type)) + ", got ";
  if (op.kind == Operand::Reg && op.second == -1 && !op.negated)
    return reg(op.reg, type, kind.wider, what);
  if (kind.written)
    return op.kind == Operand::Sink ? "" : expected + describe(op);
  if (op.kind == Operand::SpecialReg) {
    unsigned have = typeSize(specialType(op.special)), want = typeSize(type);
    return have == want || (kind.wider && have > want) ? "" : expected + describe(op);
  }
  if (op.kind == Operand::Integer)
    return isFloat(type) && typeSize(type) > 2 ? expected + describe(op) : "";
  if (op.kind == Operand::Float)
    return typeSize(type) < (op.isDouble ? 4u : 2u) ? expected + describe(op) : "";
  if (op.kind == Operand::Symbol && op.symbol >= 0 && (kind.movable || typeSize(type) >= 4) && typeSize(type) >= 4)
    return "";
  return expected + describe(op);
}

std::string Checker::check(const OperandKind &kind, const Operand &op, unsigned number) {
  std::string what = "operand " + std::to_string(number);
  Type type = resolved.typeOf(kind);
  auto pred = [&](const Operand &o, bool pair) -> std::string {
    if (o.kind == Operand::Sink && kind.written)
      return "";
    if (o.kind == Operand::Reg && (pair || o.second == -1) && !(kind.written && o.negated)) {
      if (o.reg >= 0)
        if (std::string text = reg(o.reg, Type::Pred, false, what); !text.empty())
          return text;
      if (o.second >= 0)
        return reg(o.second, Type::Pred, false, what);
      return "";
    }
    if (!kind.written && (o.kind == Operand::Bool || o.kind == Operand::Integer))
      return "";
    return what + ": expected a predicate, got " + describe(o);
  };
  switch (kind.kind) {
  case OperandKind::Any:
    return "";
  case OperandKind::Pred:
    return pred(op, false);
  case OperandKind::PredPair:
    return pred(op, true);
  case OperandKind::RegPair:
    if (op.kind == Operand::Sink)
      return "";
    if (op.kind != Operand::Reg || op.negated)
      return what + ": expected a register, got " + describe(op);
    if (std::string text = reg(op.reg, type, false, what); !text.empty())
      return text;
    return op.second >= 0 ? reg(op.second, Type::Pred, false, what) : "";
  case OperandKind::Address: {
    if (op.kind != Operand::Address)
      return what + ": expected an address in brackets, got " + describe(op);
    if (op.reg >= 0) {
      const Register &r = function.registers[unsigned(op.reg)];
      if ((typeSize(r.type) != 4 && typeSize(r.type) != 8) || r.type == Type::F32 || r.type == Type::F64)
        return what + ": expected an address of 32 or 64 bits, got '" + r.name + "' of type ." +
               std::string(typeName(r.type));
    }
    if (!op.elements.empty() && inst.opcode != "cp")
      return what + ": expected a plain address";
    return "";
  }
  case OperandKind::Label:
    return op.kind == Operand::Label ? "" : what + ": expected a label, got " + describe(op);
  case OperandKind::Constant:
    return op.kind == Operand::Integer ? "" : what + ": expected a constant, got " + describe(op);
  case OperandKind::Vector: {
    unsigned count = 1;
    for (const std::string &modifier : inst.modifiers)
      if (modifier.size() == 2 && modifier[0] == 'v')
        count = unsigned(modifier[1] - '0');
    OperandKind element = kind;
    element.wider = true;
    if (count == 1 && op.kind != Operand::Vector)
      return value(element, op, type, what);
    if (op.kind != Operand::Vector || op.elements.size() != count)
      return what + ": expected " + std::to_string(count) + " registers in braces, got " +
             (op.kind == Operand::Vector ? std::to_string(op.elements.size()) : describe(op));
    for (const Operand &e : op.elements)
      if (std::string text = value(element, e, type, what); !text.empty())
        return text;
    return "";
  }
  case OperandKind::Braces: {
    if (op.kind != Operand::Vector) // a single register may stand without braces
      return value(kind, op, type, what);
    if (op.elements.empty() || op.elements.size() > 128)
      return what + ": expected registers in braces";
    for (const Operand &e : op.elements)
      if (std::string text = value(kind, e, type, what); !text.empty())
        return text;
    return "";
  }
  case OperandKind::Typed:
    if (kind.movable && op.kind == Operand::Vector) {
      unsigned size = 0;
      if (op.elements.size() != 2 && op.elements.size() != 4 && op.elements.size() != 8)
        return what + ": expected 2, 4 or 8 registers in braces, got " + std::to_string(op.elements.size());
      size = typeSize(type) / unsigned(op.elements.size());
      if (!size)
        return what + ": cannot split ." + std::string(typeName(type)) + " into " + std::to_string(op.elements.size());
      for (const Operand &e : op.elements)
        if (e.kind != Operand::Sink || !kind.written)
          if (std::string text = value(kind, e, bitsOf(size), what); !text.empty())
            return text;
      return "";
    }
    return value(kind, op, type, what);
  }
  return "";
}

} // namespace

Type Resolved::typeOf(const OperandKind &kind) const {
  Type result = kind.typeIndex >= 0 ? types[kind.typeIndex] : kind.type;
  return kind.twice ? widened(result) : result;
}

const std::vector<OpcodeRow> &opcodeRows() {
  static const std::vector<OpcodeRow> rows = [] {
    std::vector<OpcodeRow> result;
    for (const RawRow &raw : rawRows()) {
      OpcodeRow row;
      row.opcode = raw.opcode;
      row.isa = raw.isa;
      row.sm = raw.sm;
      row.flags = raw.flags;
      row.select = raw.select;
      std::istringstream slots(raw.modifiers), kinds(raw.operands);
      for (std::string text; slots >> text;) {
        ModifierSlot slot;
        if (text.back() == '?') {
          slot.optional = true;
          text.pop_back();
        }
        std::istringstream words(text);
        for (std::string w; std::getline(words, w, '|');)
          slot.words.push_back(w);
        row.slots.push_back(std::move(slot));
      }
      for (std::string text; kinds >> text;)
        row.operands.push_back(parseKind(text));
      result.push_back(std::move(row));
    }
    return result;
  }();
  return rows;
}

std::string verifyInstruction(const Module &module, const Function &function, const Instruction &inst,
                              Resolved &resolved) {
  if (inst.modifiers.size() > 24)
    return "expected at most 24 modifiers on '" + inst.opcode + "'";
  bool known = false;
  const OpcodeRow *early = nullptr;
  unsigned isa = module.isaMajor * 10 + module.isaMinor;
  for (const OpcodeRow &row : opcodeRows()) {
    if (row.opcode != inst.opcode)
      continue;
    known = true;
    std::vector<Type> types;
    if (!modifiersFit(row, 0, inst, 0, types))
      continue;
    bool suffix = !(row.flags & flag::Arch) || (module.suffix == 'a' && module.sm == row.sm);
    if (isa < row.isa || module.sm < row.sm || !suffix) {
      if (!early)
        early = &row;
      continue;
    }
    resolved.row = &row;
    resolved.typeCount = 0;
    for (size_t i = 0; i < types.size() && i < 4; ++i)
      resolved.types[resolved.typeCount++] = types[i];
    break;
  }
  if (!resolved.row) {
    if (!known)
      return "unknown opcode '" + inst.spelling() + "'";
    if (!early)
      return "opcode '" + inst.spelling() + "' is not supported";
    bool suffix = early->flags & flag::Arch;
    if (isa < early->isa)
      return "opcode '" + inst.spelling() + "' needs .version " + version(early->isa) + ", got " + version(isa);
    return "opcode '" + inst.spelling() + "' needs .target sm_" + std::to_string(early->sm) + (suffix ? "a" : "") +
           ", got " + module.target;
  }
  const std::vector<OperandKind> &kinds = resolved.row->operands;
  size_t required = 0;
  for (const OperandKind &kind : kinds)
    required += !kind.optional;
  if (inst.operands.size() < required || inst.operands.size() > kinds.size())
    return "'" + inst.spelling() + "' expects " +
           (required == kinds.size() ? std::to_string(required)
                                     : std::to_string(required) + " to " + std::to_string(kinds.size())) +
           " operands, got " + std::to_string(inst.operands.size());
  size_t extra = inst.operands.size() - required, at = 0;
  resolved.operandOf.assign(kinds.size(), -1);
  Checker checker(module, function, inst, resolved);
  for (size_t i = 0; i < kinds.size(); ++i) {
    if (kinds[i].optional && !extra)
      continue;
    extra -= kinds[i].optional;
    resolved.operandOf[i] = int(at);
    std::string text = checker.check(kinds[i], inst.operands[at], unsigned(at + 1));
    if (!text.empty())
      return "'" + inst.spelling() + "', " + text;
    ++at;
  }
  return "";
}

} // namespace aic::ptx
