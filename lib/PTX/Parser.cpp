// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// PTX text -> Module. Names are resolved here (registers in nested scopes, variables, labels); an error inside a
// statement is reported and parsing goes on behind the next semicolon.
#include "Parser.h"
#include <algorithm>

namespace aic::ptx {

int64_t Parser::signedInteger() {
  bool negative = accept('-');
  uint64_t value = integer("a number");
  return int64_t(negative ? 0 - value : value);
}

/// Behind the next ';', or before a brace.
void Parser::recover() {
  while (token.kind != Token::End && !isPunct('{') && !isPunct('}')) {
    bool done = isPunct(';');
    advance();
    if (done)
      return;
  }
}

/// The first .version, times ten, that knows a target; 0 if none does.
static unsigned firstVersion(unsigned sm, char suffix) {
  struct Row {
    unsigned sm, isa;
  };
  static const Row rows[] = {{20, 20},  {21, 20},  {30, 30},  {32, 40},  {35, 31},  {37, 41}, {50, 40},
                             {52, 41},  {53, 42},  {60, 50},  {61, 50},  {62, 50},  {70, 60}, {72, 61},
                             {75, 63},  {80, 70},  {86, 71},  {87, 74},  {88, 90},  {89, 78}, {90, 78},
                             {100, 86}, {101, 86}, {103, 88}, {110, 90}, {120, 87}, {121, 88}};
  unsigned first = 0;
  for (const Row &row : rows)
    if (row.sm == sm)
      first = row.isa;
  return suffix == 'f' ? std::max(first, 88u) : suffix && sm == 90 ? 80 : first;
}

void Parser::header() {
  if (!acceptDirective("version"))
    failHere("'.version'");
  // "8.0" is lexed as a decimal.
  if (token.kind != Token::Float)
    failHere("a version such as 8.0");
  std::string text(token.text);
  size_t dot = text.find('.');
  module.isaMajor = unsigned(atoi(text.c_str()));
  module.isaMinor = dot == std::string::npos ? 0 : unsigned(atoi(text.c_str() + dot + 1));
  if (module.isaMajor < 1 || module.isaMajor > 9)
    fail(token.line, "unknown .version " + text.substr(0, 16));
  advance();
  if (!acceptDirective("target"))
    failHere("'.target'");
  unsigned line = token.line;
  do {
    std::string name = word("a target such as sm_80");
    if (name.compare(0, 3, "sm_") == 0) {
      size_t end = 3;
      unsigned sm = 0;
      while (end < name.size() && name[end] >= '0' && name[end] <= '9' && sm < 1000)
        sm = sm * 10 + unsigned(name[end++] - '0');
      module.suffix = end < name.size() ? name[end++] : 0;
      if (!firstVersion(sm, 0) || end != name.size() ||
          (module.suffix && ((module.suffix != 'a' && module.suffix != 'f') || sm < 90)))
        fail(line, "unknown .target '" + name.substr(0, 40) + "'");
      module.target = name;
      module.sm = sm;
    } else if (name != "texmode_unified" && name != "texmode_independent" && name != "debug" &&
               name != "map_f64_to_f32") {
      fail(line, "unknown .target '" + name.substr(0, 40) + "'");
    }
  } while (accept(','));
  if (!module.sm)
    fail(line, "expected a target such as sm_80");
  unsigned first = firstVersion(module.sm, module.suffix);
  if (module.isaMajor * 10 + module.isaMinor < first)
    fail(line, ".target " + module.target + " needs .version " + std::to_string(first / 10) + "." +
                   std::to_string(first % 10) + ", got " + std::to_string(module.isaMajor) + "." +
                   std::to_string(module.isaMinor));
  if (acceptDirective("address_size")) {
    module.addressSize = unsigned(integer("an address size"));
    if (module.addressSize != 64)
      fail(line, "expected .address_size 64, got " + std::to_string(module.addressSize));
  }
}

Module Parser::run() {
  scopes.emplace_back();
  try {
    header();
  } catch (Failure &failure) {
    report(failure.diagnostic);
    return std::move(module);
  }
  while (token.kind != Token::End && messages.size() < maxMessages) {
    try {
      moduleItem();
    } catch (Failure &failure) {
      report(failure.diagnostic);
      scopes.resize(1);
      fn = nullptr;
      fnIndex = -1;
      // The rest of a broken item cannot be told from a new one: one message, then stop.
      return std::move(module);
    }
  }
  return std::move(module);
}

void Parser::skipBraces() {
  unsigned depth = 0;
  do {
    if (token.kind == Token::End)
      failHere("'}'");
    if (isPunct('{'))
      ++depth;
    if (isPunct('}'))
      --depth;
    advance();
  } while (depth);
}

void Parser::moduleItem() {
  bool isExtern = false;
  for (;;) {
    if (acceptDirective("extern"))
      isExtern = true;
    else if (!acceptDirective("visible") && !acceptDirective("weak") && !acceptDirective("common"))
      break;
  }
  if (isDirective("entry") || isDirective("func"))
    return function(isExtern);
  if (isDirective("global") || isDirective("const") || isDirective("shared")) {
    Space space = isDirective("global") ? Space::Global : isDirective("const") ? Space::Const : Space::Shared;
    advance();
    do {
      Variable var = variable(space, false);
      var.isExtern = isExtern;
      declare(std::move(var));
    } while (accept(','));
    return expect(';');
  }
  if (acceptDirective("file")) {
    while (token.kind == Token::Integer || token.kind == Token::String || isPunct(','))
      advance();
    return;
  }
  if (acceptDirective("section")) {
    while (token.kind != Token::End && !isPunct('{'))
      advance();
    return skipBraces();
  }
  if (acceptDirective("pragma") || acceptDirective("alias")) {
    while (token.kind != Token::End && !isPunct(';'))
      advance();
    return expect(';');
  }
  if (isPunct(';'))
    return advance();
  failHere("a declaration");
}

/// The rest of a variable's declaration behind its state space: alignment, type, name, array, initialiser.
Variable Parser::variable(Space space, bool isParam) {
  Variable var;
  var.space = space;
  var.line = token.line;
  var.align = 0;
  unsigned vector = 1;
  for (;;) {
    if (acceptDirective("align")) {
      uint64_t align = integer("an alignment");
      if (!align || align > 1024 * 1024 || (align & (align - 1)))
        fail(var.line, "expected an alignment that is a power of two, got " + std::to_string(align));
      var.align = uint32_t(align);
    } else if (acceptDirective("ptr")) {
      var.isPointer = true;
      var.pointeeAlign = 1;
      if (isDirective("global") || isDirective("shared") || isDirective("const") || isDirective("local"))
        advance();
      if (acceptDirective("align"))
        var.pointeeAlign = uint32_t(integer("an alignment"));
    } else if (acceptDirective("v2")) {
      vector = 2;
    } else if (acceptDirective("v4")) {
      vector = 4;
    } else if (acceptDirective("attribute")) {
      expect('(');
      while (token.kind != Token::End && !isPunct(')'))
        advance();
      expect(')');
    } else if (token.kind == Token::Directive && parseType(token.text) != Type::None) {
      var.type = parseType(token.text);
      advance();
      // `.param .u64 .ptr .align 1 name`: what describes the pointer stands behind the type.
      while (isDirective("ptr") || (var.isPointer && isDirective("align"))) {
        if (acceptDirective("ptr")) {
          var.isPointer = true;
          var.pointeeAlign = 1;
          if (isDirective("global") || isDirective("shared") || isDirective("const") || isDirective("local"))
            advance();
        } else {
          advance();
          var.pointeeAlign = uint32_t(integer("an alignment"));
        }
      }
      break;
    } else {
      failHere("a type");
    }
  }
  unsigned element = typeSize(var.type);
  if (!element || isFloat(var.type) ? (var.type != Type::F16 && var.type != Type::F16x2 && var.type != Type::BF16 &&
                                       var.type != Type::F32 && var.type != Type::F64)
                                    : false)
    fail(var.line, "expected a type that memory can hold, got '." + std::string(typeName(var.type)) + "'");
  element *= vector;
  if (!var.align)
    var.align = element;
  var.name = token.kind == Token::Integer ? "" : word("a name");
  var.size = element;
  bool array = false;
  while (accept('[')) {
    uint64_t count = isPunct(']') ? 0 : integer("an array size");
    expect(']');
    if (count > maxVariable || var.size * count > maxVariable)
      fail(var.line, "'" + var.name + "' is too large");
    var.size = var.size * count; // an empty size makes it 0: extern, or given by the initialiser
    array = true;
  }
  if (isPunct('=')) {
    if (isParam || (space != Space::Global && space != Space::Const))
      failHere("';'");
    advance();
    initialize(var);
  } else if (array && !var.size && space != Space::Shared) {
    // an extern array of unknown size keeps 0
  }
  return var;
}

void Parser::initialize(Variable &var) {
  unsigned element = typeSize(var.type);
  uint64_t offset = 0;
  unsigned depth = 0;
  do {
    if (accept('{')) {
      if (++depth > maxDepth)
        failHere("fewer nested braces");
      continue;
    }
    if (isPunct('}')) {
      advance();
      --depth;
      accept(',');
      continue;
    }
    Initializer init;
    init.offset = offset;
    init.size = element;
    bool negative = accept('-');
    if (token.kind == Token::Integer) {
      init.value = negative ? 0 - token.value : token.value;
      advance();
    } else if (token.kind == Token::Float) {
      double value;
      __builtin_memcpy(&value, &token.value, 8);
      if (negative)
        value = -value;
      if (var.type == Type::F64 || element == 8) {
        __builtin_memcpy(&init.value, &value, 8);
      } else {
        float single = float(value);
        uint32_t bits;
        __builtin_memcpy(&bits, &single, 4);
        init.value = value != value ? uint32_t(token.value) : bits;
      }
      advance();
    } else if (token.kind == Token::Word && !negative) {
      std::string name = word("a value");
      if (name == "generic" || name.compare(0, 4, "mask") == 0) {
        if (name != "generic")
          fail(token.line, "initialisers with '" + name.substr(0, 20) + "' are not supported");
        expect('(');
        name = word("a name");
        expect(')');
        init.generic = true;
      }
      init.symbol = findVariable(name);
      if (init.symbol < 0)
        fail(token.line, "unknown variable '" + name + "'");
      while (isPunct('+') || isPunct('-')) {
        bool minus = isPunct('-');
        advance();
        int64_t value = signedInteger();
        init.value += uint64_t(minus ? -value : value);
      }
    } else {
      failHere("a value");
    }
    offset += element;
    if (offset > (uint64_t(1) << 28))
      failHere("a shorter initialiser");
    var.initializers.push_back(init);
    if (depth)
      accept(',');
  } while (depth);
  if (!var.size)
    var.size = offset;
  if (offset > var.size)
    fail(var.line, "expected at most " + std::to_string(var.size) + " bytes for '" + var.name + "', got " +
                       std::to_string(offset));
}

int Parser::declare(Variable var) {
  auto &names = scopes.back().variables;
  auto found = names.find(var.name);
  if (found != names.end()) {
    Variable &old = module.variables[unsigned(found->second)];
    if (old.isExtern && old.space == var.space && scopes.size() == 1) { // a declaration, then its definition
      old = std::move(var);
      return found->second;
    }
    if (!var.isExtern)
      fail(var.line, "'" + var.name + "' is already declared");
    return found->second;
  }
  int index = int(module.variables.size());
  names.emplace(var.name, index);
  module.variables.push_back(std::move(var));
  return index;
}

void Parser::performance(Function &fn) {
  auto size = [&] {
    unsigned line = token.line;
    uint64_t value = integer("a size");
    if (!value || value > INT32_MAX)
      fail(line, "expected a size from 1 to 2147483647, got " + std::to_string(value));
    return uint32_t(value);
  };
  auto dims = [&](Dim3 result) {
    result.x = size();
    if (accept(','))
      result.y = size();
    if (accept(','))
      result.z = size();
    return result;
  };
  for (;;) {
    if (acceptDirective("maxntid"))
      fn.maxThreads = dims({1, 1, 1});
    else if (acceptDirective("reqntid"))
      fn.requiredThreads = dims({1, 1, 1});
    else if (acceptDirective("reqnctapercluster"))
      fn.requiredCluster = dims({1, 1, 1});
    else if (acceptDirective("minnctapersm"))
      fn.minBlocks = uint32_t(integer("a number"));
    else if (acceptDirective("maxnctapersm") || acceptDirective("maxclusterrank"))
      integer("a number");
    else if (acceptDirective("maxnreg"))
      fn.maxRegisters = uint32_t(integer("a number"));
    else if (acceptDirective("noreturn") || acceptDirective("explicitcluster") || acceptDirective("blocksareclusters"))
      ;
    else if (acceptDirective("pragma")) {
      while (token.kind != Token::End && !isPunct(';'))
        advance();
      expect(';');
    } else
      return;
  }
}

void Parser::function(bool isExtern) {
  Function result;
  result.line = token.line;
  result.isEntry = isDirective("entry");
  result.isExtern = isExtern;
  advance();
  int index = int(module.functions.size());
  scopes.emplace_back();
  auto paramList = [&](std::vector<int> &list, bool isReturn) {
    while (!isPunct(')')) {
      Variable var;
      if (acceptDirective("param")) {
        var = variable(Space::Param, true);
      } else if (acceptDirective("reg")) {
        fail(token.line, "functions with .reg parameters are not supported");
      } else {
        failHere("'.param'");
      }
      var.function = index;
      var.isFormal = true;
      var.isReturn = isReturn;
      if (var.name == "_" || var.name.empty()) // a prototype need not name what it takes
        var.name = "_" + std::to_string(module.variables.size());
      list.push_back(declare(std::move(var)));
      if (!accept(','))
        break;
    }
    expect(')');
  };
  if (!result.isEntry && accept('('))
    paramList(result.returns, true);
  result.name = word("a function's name");
  if (accept('('))
    paramList(result.params, false);
  performance(result);
  auto known = functionNames.find(result.name);
  if (known != functionNames.end()) {
    Function &old = module.functions[unsigned(known->second)];
    if (old.hasBody && isPunct('{'))
      fail(result.line, "function '" + result.name + "' is already defined");
    for (int var : result.params)
      module.variables[unsigned(var)].function = known->second;
    for (int var : result.returns)
      module.variables[unsigned(var)].function = known->second;
    if (!old.hasBody)
      old = std::move(result);
    index = known->second;
  } else {
    functionNames.emplace(result.name, index);
    module.functions.push_back(std::move(result));
  }
  if (accept(';')) {
    scopes.pop_back();
    return;
  }
  if (!isPunct('{'))
    failHere("'{'");
  // While a body is read no function is added, so the pointer stays valid.
  fn = &module.functions[unsigned(index)];
  fn->hasBody = true;
  fnIndex = index;
  block(0);
  for (size_t i = 0; i < fn->labels.size(); ++i)
    if (fn->labelTarget[i] == -1)
      report({fn->labelLine[i], "unknown label '" + fn->labels[i] + "'"});
  scopes.pop_back();
  fn = nullptr;
  fnIndex = -1;
}
Module parseModule(std::string_view text, std::string name, std::vector<Diagnostic> &messages) {
  return Parser(text, std::move(name), messages).run();
}

} // namespace aic::ptx
