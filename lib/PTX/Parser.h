// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The parser's state; declarations are read in Parser.cpp, bodies of functions in ParseBody.cpp.
#ifndef AIC_PTX_PARSER_H
#define AIC_PTX_PARSER_H

#include "Lexer.h"
#include "aic/PTX/Module.h"
#include <unordered_map>

namespace aic::ptx {

inline constexpr unsigned maxMessages = 20;
inline constexpr unsigned maxDepth = 200;
inline constexpr size_t maxRegisters = 1u << 20;
inline constexpr uint64_t maxVariable = uint64_t(1) << 36;

struct Failure {
  Diagnostic diagnostic;
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

} // namespace aic::ptx

#endif // AIC_PTX_PARSER_H
