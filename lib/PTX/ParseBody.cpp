// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Blocks, register declarations, statements, operands.
#include "Parser.h"
#include <algorithm>

namespace aic::ptx {

void Parser::block(unsigned depth) {
  if (depth > maxDepth)
    failHere("fewer nested blocks");
  expect('{');
  scopes.emplace_back();
  while (!isPunct('}')) {
    if (token.kind == Token::End)
      failHere("'}'");
    try {
      statement(depth);
    } catch (Failure &failure) {
      report(failure.diagnostic);
      if (messages.size() >= maxMessages)
        throw Failure{{failure.diagnostic.line, "too many errors"}};
      recover();
    }
  }
  advance();
  scopes.pop_back();
}

void Parser::registerDeclaration() {
  Type type = Type::None;
  unsigned vector = 1;
  if (acceptDirective("v2"))
    vector = 2;
  else if (acceptDirective("v4"))
    vector = 4;
  if (token.kind == Token::Directive)
    type = parseType(token.text);
  bool valid = type == Type::Pred || type == Type::B128 ||
               (typeSize(type) && type <= Type::F64 && type != Type::TF32 && type != Type::BF16x2);
  if (!valid || vector != 1)
    failHere("a register type");
  advance();
  do {
    unsigned line = token.line;
    std::string name = word("a register name");
    uint64_t count = 1;
    bool counted = accept('<');
    if (counted) {
      count = integer("a count");
      expect('>');
    }
    if (fn->registers.size() + count > maxRegisters)
      fail(line, "too many registers");
    for (uint64_t i = 0; i < count; ++i) {
      std::string full = counted ? name + std::to_string(i) : name;
      if (!scopes.back().registers.emplace(full, int(fn->registers.size())).second)
        fail(line, "register '" + full + "' is already declared");
      fn->registers.push_back({std::move(full), type});
    }
  } while (accept(','));
  expect(';');
}

void Parser::statement(unsigned depth) {
  if (isPunct('{'))
    return block(depth + 1);
  if (accept(';'))
    return;
  if (token.kind == Token::Word && peek().kind == Token::Punct && peek().punct == ':') {
    std::string name(token.text);
    unsigned line = token.line;
    advance();
    advance();
    // A label may be used before it stands here; the innermost braces that hold both decide in PTX, one name space a
    // function (plus renaming of inner labels that repeat) is what compilers and inline assembly need.
    if (isDirective("branchtargets") || isDirective("callprototype") || isDirective("calltargets")) {
      bool targets = isDirective("branchtargets");
      advance();
      std::vector<int> list;
      while (token.kind != Token::End && !isPunct(';')) {
        if (targets && token.kind == Token::Word)
          list.push_back(label(std::string(token.text)));
        advance();
      }
      expect(';');
      if (targets) {
        int index = label(name);
        fn->labelTarget[unsigned(index)] = int(-2 - int(fn->branchTargets.size()));
        fn->labelLine[unsigned(index)] = 0;
        fn->branchTargets.push_back(std::move(list));
      }
      return;
    }
    auto &scope = scopes.back().labels;
    int index;
    auto found = scope.find(name);
    if (found != scope.end() && fn->labelTarget[unsigned(found->second)] >= 0)
      fail(line, "label '" + name + "' is already defined");
    index = label(name);
    if (fn->labelTarget[unsigned(index)] >= 0) { // an outer block's label of the same name: this one hides it
      index = int(fn->labels.size());
      fn->labels.push_back(name);
      fn->labelTarget.push_back(-1);
      fn->labelLine.push_back(line);
    }
    scope[name] = index;
    fn->labelTarget[unsigned(index)] = int(fn->body.size());
    return;
  }
  if (token.kind == Token::Directive) {
    if (acceptDirective("reg"))
      return registerDeclaration();
    if (isDirective("local") || isDirective("shared") || isDirective("param") || isDirective("global") ||
        isDirective("const")) {
      Space space = isDirective("local")    ? Space::Local
                    : isDirective("shared") ? Space::Shared
                    : isDirective("param")  ? Space::Param
                    : isDirective("global") ? Space::Global
                                            : Space::Const;
      advance();
      do {
        Variable var = variable(space, false);
        var.function = fnIndex;
        declare(std::move(var));
      } while (accept(','));
      return expect(';');
    }
    if (acceptDirective("loc")) {
      // file line column [, function_name label, inlined_at file line column]; it has no semicolon.
      for (int i = 0; i < 3; ++i)
        integer("a number");
      while (accept(',')) {
        if (token.kind != Token::Word)
          failHere("function_name or inlined_at");
        bool inlined = token.text == "inlined_at";
        advance();
        if (inlined) {
          for (int i = 0; i < 3; ++i)
            integer("a number");
        } else {
          word("a name");
          if (accept('+'))
            integer("a number");
        }
      }
      return;
    }
    if (acceptDirective("pragma")) {
      while (token.kind != Token::End && !isPunct(';'))
        advance();
      return expect(';');
    }
    failHere("an instruction");
  }
  instruction();
}

int Parser::findRegister(const std::string &name) {
  for (size_t i = scopes.size(); i-- > 0;) {
    auto found = scopes[i].registers.find(name);
    if (found != scopes[i].registers.end())
      return found->second;
  }
  return -1;
}

int Parser::findVariable(const std::string &name) {
  for (size_t i = scopes.size(); i-- > 0;) {
    auto found = scopes[i].variables.find(name);
    if (found != scopes[i].variables.end())
      return found->second;
  }
  return -1;
}

int Parser::label(const std::string &name) {
  for (size_t i = scopes.size(); i-- > 2;) {
    auto found = scopes[i].labels.find(name);
    if (found != scopes[i].labels.end())
      return found->second;
  }
  // Not seen yet: it belongs to the function, unless an inner block defines it first.
  int index = int(fn->labels.size());
  fn->labels.push_back(name);
  fn->labelTarget.push_back(-1);
  fn->labelLine.push_back(token.line);
  scopes[std::min<size_t>(2, scopes.size() - 1)].labels.emplace(name, index);
  return index;
}

Operand Parser::named(std::string name) {
  Operand result;
  if (name == "_") {
    result.kind = Operand::Sink;
    return result;
  }
  result.reg = findRegister(name);
  if (result.reg >= 0) {
    result.kind = Operand::Reg;
    return result;
  }
  if (auto special = parseSpecial(name)) {
    result.kind = Operand::SpecialReg;
    result.special = *special;
    return result;
  }
  result.symbol = findVariable(name);
  if (result.symbol >= 0) {
    result.kind = Operand::Symbol;
    return result;
  }
  auto function = functionNames.find(name);
  if (function != functionNames.end()) {
    result.kind = Operand::Symbol;
    result.symbol = -2 - function->second; // functions: only a call takes them
    return result;
  }
  if (name == "WARP_SZ") {
    result.kind = Operand::Integer;
    result.value = 32;
    return result;
  }
  if (name[0] == '%')
    fail(token.line, "unknown register '" + name + "'");
  fail(token.line, "unknown name '" + name + "'");
}

Operand Parser::addressOperand(unsigned depth) {
  Operand result;
  result.kind = Operand::Address;
  unsigned line = token.line;
  expect('[');
  bool negative = false;
  for (;;) {
    if (token.kind == Token::Word) {
      Operand base = named(word("an address"));
      bool set = result.reg >= 0 || result.symbol >= 0 || negative;
      if (set || (base.kind != Operand::Reg && (base.kind != Operand::Symbol || base.symbol < 0)))
        fail(line, "expected an address of a register or a variable and a constant");
      result.reg = base.reg;
      result.symbol = base.symbol;
    } else if (token.kind == Token::Integer || isPunct('-')) {
      int64_t value = signedInteger();
      result.value = int64_t(uint64_t(result.value) + (negative ? 0 - uint64_t(value) : uint64_t(value)));
    } else {
      failHere("an address");
    }
    if (isPunct('+') || isPunct('-')) {
      negative = isPunct('-');
      advance();
      continue;
    }
    break;
  }
  while (accept(',')) // [map, {x, y}] and [map, {x, y}, {offsets}]
    result.elements.push_back(operand(depth + 1));
  expect(']');
  return result;
}

Operand Parser::operand(unsigned depth) {
  if (depth > 4)
    failHere("a simpler operand");
  Operand result;
  if (isPunct('['))
    return addressOperand(depth);
  if (accept('{')) {
    result.kind = Operand::Vector;
    if (!isPunct('}'))
      do
        result.elements.push_back(operand(depth + 1));
      while (accept(','));
    expect('}');
    return result;
  }
  if (accept('(')) { // call lists
    result.kind = Operand::Vector;
    if (!isPunct(')'))
      do
        result.elements.push_back(operand(depth + 1));
      while (accept(','));
    expect(')');
    return result;
  }
  if (accept('!')) {
    result = named(word("a predicate"));
    if (result.kind != Operand::Reg)
      failHere("a predicate");
    result.negated = true;
    return result;
  }
  bool negative = false;
  while (isPunct('-') || isPunct('+')) {
    negative ^= isPunct('-');
    advance();
  }
  bool inverted = accept('~');
  if (token.kind == Token::Integer) {
    result.kind = Operand::Integer;
    uint64_t value = inverted ? ~token.value : token.value;
    result.value = int64_t(negative ? 0 - value : value);
    advance();
    return result;
  }
  if (token.kind == Token::Float && !inverted) {
    result.kind = Operand::Float;
    result.isDouble = token.isDouble;
    result.value = int64_t(token.value ^ (negative ? uint64_t(1) << 63 : 0));
    advance();
    return result;
  }
  if (negative || inverted || token.kind != Token::Word)
    failHere("an operand");
  std::string name = word("an operand");
  if (name == "true" || name == "false") {
    result.kind = Operand::Bool;
    result.value = name == "true";
    return result;
  }
  result = named(std::move(name));
  if (result.kind == Operand::Symbol && (isPunct('+') || isPunct('-'))) {
    bool minus = isPunct('-');
    advance();
    int64_t value = signedInteger();
    result.value = int64_t(minus ? 0 - uint64_t(value) : uint64_t(value));
  }
  if ((result.kind == Operand::Reg || result.kind == Operand::Sink) && accept('|')) {
    if (result.kind == Operand::Sink)
      result.kind = Operand::Reg, result.reg = -2;
    Operand second = named(word("a register"));
    if (second.kind != Operand::Reg && second.kind != Operand::Sink)
      failHere("a register");
    result.second = second.kind == Operand::Sink ? -2 : second.reg;
  }
  return result;
}

void Parser::instruction() {
  Instruction inst;
  if (accept('@')) {
    inst.guardNegated = accept('!');
    unsigned line = token.line;
    std::string name = word("a predicate");
    inst.guard = findRegister(name);
    if (inst.guard < 0)
      fail(line, "unknown register '" + name + "'");
    if (fn->registers[unsigned(inst.guard)].type != Type::Pred)
      fail(line, "expected a predicate as guard, got '" + name + "' of type ." +
                     std::string(typeName(fn->registers[unsigned(inst.guard)].type)));
  }
  inst.line = token.line;
  std::string spelling = word("an instruction");
  size_t at = spelling.find('.');
  inst.opcode = spelling.substr(0, at);
  while (at != std::string::npos) {
    size_t end = spelling.find('.', at + 1);
    inst.modifiers.push_back(spelling.substr(at + 1, end == std::string::npos ? end : end - at - 1));
    at = end;
  }
  bool branch = inst.opcode == "bra" || inst.opcode == "brx";
  bool call = inst.opcode == "call";
  if (!isPunct(';'))
    do {
      if ((branch && token.kind == Token::Word && findRegister(std::string(token.text)) < 0)) {
        Operand target;
        target.kind = Operand::Label;
        target.symbol = label(std::string(token.text));
        advance();
        inst.operands.push_back(std::move(target));
      } else if (call && token.kind == Token::Word && findRegister(std::string(token.text)) < 0) {
        Operand target;
        std::string name(token.text);
        auto found = functionNames.find(name);
        if (found == functionNames.end()) {
          if (inst.operands.empty() || inst.operands.front().kind == Operand::Vector)
            if (std::none_of(inst.operands.begin(), inst.operands.end(),
                             [](const Operand &o) { return o.kind == Operand::Symbol; }))
              fail(inst.line, "unknown function '" + name + "'");
          advance(); // a prototype's label
          continue;
        }
        target.kind = Operand::Symbol;
        target.symbol = -2 - found->second;
        advance();
        inst.operands.push_back(std::move(target));
      } else {
        inst.operands.push_back(operand(0));
      }
    } while (accept(','));
  expect(';');
  fn->body.push_back(std::move(inst));
}

std::string Instruction::spelling() const {
  std::string text = opcode;
  for (const std::string &modifier : modifiers)
    text += "." + modifier;
  return text;
}
} // namespace aic::ptx
