// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// PTX text -> Module. Names are resolved here (registers in nested scopes, variables, labels); an error inside a
// statement is reported and parsing goes on behind the next semicolon.
#include "Lexer.h"
#include "aic/PTX/Module.h"
#include <algorithm>
#include <unordered_map>

namespace aic::ptx {

namespace {

const unsigned maxMessages = 20;
const unsigned maxDepth = 200;
const size_t maxRegisters = 1u << 20;
const uint64_t maxVariable = uint64_t(1) << 36;

struct Failure {
  Diagnostic diagnostic;
};

struct SpecialRow {
  const char *name;
  Special special;
  Type type;
};
const SpecialRow specials[] = {
    {"%tid.x", Special::TidX, Type::U32},
    {"%tid.y", Special::TidY, Type::U32},
    {"%tid.z", Special::TidZ, Type::U32},
    {"%ntid.x", Special::NtidX, Type::U32},
    {"%ntid.y", Special::NtidY, Type::U32},
    {"%ntid.z", Special::NtidZ, Type::U32},
    {"%ctaid.x", Special::CtaidX, Type::U32},
    {"%ctaid.y", Special::CtaidY, Type::U32},
    {"%ctaid.z", Special::CtaidZ, Type::U32},
    {"%nctaid.x", Special::NctaidX, Type::U32},
    {"%nctaid.y", Special::NctaidY, Type::U32},
    {"%nctaid.z", Special::NctaidZ, Type::U32},
    {"%laneid", Special::LaneId, Type::U32},
    {"%warpid", Special::WarpId, Type::U32},
    {"%nwarpid", Special::NWarpId, Type::U32},
    {"%smid", Special::SmId, Type::U32},
    {"%nsmid", Special::NSmId, Type::U32},
    {"%gridid", Special::GridId, Type::U64},
    {"%lanemask_eq", Special::LaneMaskEq, Type::U32},
    {"%lanemask_le", Special::LaneMaskLe, Type::U32},
    {"%lanemask_lt", Special::LaneMaskLt, Type::U32},
    {"%lanemask_ge", Special::LaneMaskGe, Type::U32},
    {"%lanemask_gt", Special::LaneMaskGt, Type::U32},
    {"%clusterid.x", Special::ClusterIdX, Type::U32},
    {"%clusterid.y", Special::ClusterIdY, Type::U32},
    {"%clusterid.z", Special::ClusterIdZ, Type::U32},
    {"%nclusterid.x", Special::NclusterIdX, Type::U32},
    {"%nclusterid.y", Special::NclusterIdY, Type::U32},
    {"%nclusterid.z", Special::NclusterIdZ, Type::U32},
    {"%cluster_ctaid.x", Special::ClusterCtaidX, Type::U32},
    {"%cluster_ctaid.y", Special::ClusterCtaidY, Type::U32},
    {"%cluster_ctaid.z", Special::ClusterCtaidZ, Type::U32},
    {"%cluster_nctaid.x", Special::ClusterNctaidX, Type::U32},
    {"%cluster_nctaid.y", Special::ClusterNctaidY, Type::U32},
    {"%cluster_nctaid.z", Special::ClusterNctaidZ, Type::U32},
    {"%cluster_ctarank", Special::ClusterCtarank, Type::U32},
    {"%cluster_nctarank", Special::ClusterNctarank, Type::U32},
    {"%total_smem_size", Special::TotalSharedSize, Type::U32},
    {"%dynamic_smem_size", Special::DynamicSharedSize, Type::U32},
    {"%clock", Special::Clock, Type::U32},
    {"%clock_hi", Special::ClockHi, Type::U32},
    {"%clock64", Special::Clock64, Type::U64},
    {"%globaltimer", Special::GlobalTimer, Type::U64},
    {"%globaltimer_lo", Special::GlobalTimerLo, Type::U32},
    {"%globaltimer_hi", Special::GlobalTimerHi, Type::U32},
};

/// What a name means at one point of the text.
struct Scope {
  std::unordered_map<std::string, int> registers, variables, labels;
};

class Parser {
public:
  Parser(std::string_view text, std::string name, std::vector<Diagnostic> &messages) : lexer(text), messages(messages) {
    module.name = std::move(name);
    advance();
  }
  Module run();

private:
  [[noreturn]] void fail(unsigned line, std::string message) { throw Failure{{line, std::move(message)}}; }
  [[noreturn]] void failHere(const std::string &expected) {
    fail(token.line, "expected " + expected + ", got " + got());
  }
  std::string got() const {
    switch (token.kind) {
    case Token::End:
      return "the end of the file";
    case Token::Bad:
      return "malformed token '" + std::string(token.text.substr(0, 40)) + "'";
    case Token::Directive:
      return "'." + std::string(token.text.substr(0, 80)) + "'";
    default:
      break;
    }
    if (token.kind == Token::Punct && (unsigned char)token.punct < 0x20)
      return "a control character";
    return "'" + std::string(token.text.substr(0, 80)) + "'";
  }
  void report(Diagnostic diagnostic) {
    if (messages.size() < maxMessages)
      messages.push_back(std::move(diagnostic));
  }
  void advance() {
    token = ahead ? *ahead : lexer.next();
    ahead.reset();
  }
  const Token &peek() {
    if (!ahead)
      ahead = lexer.next();
    return *ahead;
  }
  bool isPunct(char c) const { return token.kind == Token::Punct && token.punct == c; }
  bool isDirective(std::string_view name) const { return token.kind == Token::Directive && token.text == name; }
  bool accept(char c) {
    if (!isPunct(c))
      return false;
    advance();
    return true;
  }
  bool acceptDirective(std::string_view name) {
    if (!isDirective(name))
      return false;
    advance();
    return true;
  }
  void expect(char c) {
    if (!accept(c))
      failHere(std::string("'") + c + "'");
  }
  std::string word(const char *what) {
    if (token.kind != Token::Word)
      failHere(what);
    std::string text(token.text);
    advance();
    return text;
  }
  uint64_t integer(const char *what) {
    if (token.kind != Token::Integer)
      failHere(what);
    uint64_t value = token.value;
    advance();
    return value;
  }
  int64_t signedInteger();
  void recover();

  void header();
  void moduleItem();
  void skipBraces();
  Variable variable(Space space, bool isParam);
  void initialize(Variable &var);
  void function(bool isExtern);
  int declare(Variable var);
  void performance(Function &fn);
  void block(unsigned depth);
  void statement(unsigned depth);
  void registerDeclaration();
  void instruction();
  Operand operand(unsigned depth);
  Operand addressOperand(unsigned depth);
  Operand named(std::string name);
  int findRegister(const std::string &name);
  int findVariable(const std::string &name);
  int label(const std::string &name);

  Lexer lexer;
  Token token;
  std::optional<Token> ahead;
  std::vector<Diagnostic> &messages;
  Module module;
  Function *fn = nullptr;
  int fnIndex = -1;
  std::vector<Scope> scopes; // [0] is the module's
  std::unordered_map<std::string, int> functionNames;
};

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
      static const unsigned known[] = {20, 21, 30, 32, 35, 37, 50, 52,  53,  60,  61,  62,  70, 72,
                                       75, 80, 86, 87, 88, 89, 90, 100, 101, 103, 110, 120, 121};
      module.suffix = end < name.size() ? name[end++] : 0;
      if (std::find(std::begin(known), std::end(known), sm) == std::end(known) || end != name.size() ||
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
  auto dims = [&](Dim3 fallback) {
    Dim3 result = fallback;
    result.x = uint32_t(integer("a size"));
    result.y = result.z = 1;
    if (accept(','))
      result.y = uint32_t(integer("a size"));
    if (accept(','))
      result.z = uint32_t(integer("a size"));
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

} // namespace

std::optional<Special> parseSpecial(std::string_view name) {
  for (const SpecialRow &row : specials)
    if (name == row.name)
      return row.special;
  return std::nullopt;
}

std::string_view specialName(Special special) {
  for (const SpecialRow &row : specials)
    if (row.special == special)
      return row.name;
  return "";
}

Type specialType(Special special) {
  for (const SpecialRow &row : specials)
    if (row.special == special)
      return row.type;
  return Type::U32;
}

std::string Instruction::spelling() const {
  std::string text = opcode;
  for (const std::string &modifier : modifiers)
    text += "." + modifier;
  return text;
}

Module parseModule(std::string_view text, std::string name, std::vector<Diagnostic> &messages) {
  return Parser(text, std::move(name), messages).run();
}

} // namespace aic::ptx
