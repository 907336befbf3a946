//===- Lexer.h - Tokens of NPU assembly ---------------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef AIC_LIB_NPU_ISA_LEXER_H
#define AIC_LIB_NPU_ISA_LEXER_H

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace aic::npu {

/// A defect of the text; assemble() turns it into its message.
struct AssemblyError {
  unsigned line;
  std::string message;
};

enum class TokenKind { Word, Number, String, Punct, Raw, Newline, End };

struct Token {
  TokenKind kind = TokenKind::End;
  std::string text; // of a string: its value
  unsigned line = 0;

  bool is(const char *punct) const { return kind == TokenKind::Punct && text == punct; }
  /// For messages.
  std::string show() const;
};

/// Splits a text. Comments run from ';' to the end of the line; a line that ends in a comma goes on in the next one.
/// The rest of a `.data` or `.machine` line is one Raw token. Throws AssemblyError.
std::vector<Token> tokenize(std::string_view text);

/// Reads tokens; knows constants and integer expressions. Throws AssemblyError.
class TokenStream {
public:
  explicit TokenStream(std::vector<Token> tokens)
      : tokens(std::move(tokens)), constants(std::make_shared<std::map<std::string, int64_t>>()) {}
  /// Reads other tokens with the same constants.
  TokenStream(std::vector<Token> tokens, const TokenStream &parent)
      : tokens(std::move(tokens)), constants(parent.constants) {}

  const Token &peek(size_t ahead = 0) const { return tokens[std::min(at + ahead, tokens.size() - 1)]; }
  Token next() { return at + 1 < tokens.size() ? tokens[at++] : tokens.back(); }
  bool take(const char *punct);
  void expect(const char *punct);
  bool atLineEnd() const { return peek().kind == TokenKind::Newline || peek().kind == TokenKind::End; }
  void expectLineEnd();
  std::string word(const char *what);
  /// A word or a string.
  std::string name(const char *what);

  /// An integer expression of C's operators. In an address, stops before `+ ARn`.
  int64_t expression(bool inAddress = false) { return binary(0, inAddress, 0); }
  int64_t integer(int64_t low, int64_t high, const char *what);
  /// The bits of a float: a decimal number, inf, or the bits themselves as a hexadecimal number.
  uint32_t floatBits();
  void define(const std::string &name, int64_t value, unsigned line);

  [[noreturn]] void fail(const std::string &message) const { throw AssemblyError{peek().line, message}; }
  [[noreturn]] void failExpected(const std::string &what) const { fail("expected " + what + ", got " + peek().show()); }

private:
  int64_t binary(int level, bool inAddress, unsigned depth);
  int64_t unary(bool inAddress, unsigned depth);

  std::vector<Token> tokens;
  size_t at = 0;
  std::shared_ptr<std::map<std::string, int64_t>> constants;
};

/// The n of `<prefix>n` in decimal without leading zeros, up to `limit`; -1 if `word` is something else.
int numberedName(std::string_view word, std::string_view prefix, int limit);
/// Whether a name can stand in the text without quotes.
bool isPlainWord(std::string_view word);
std::string quoted(std::string_view text);

} // namespace aic::npu

#endif // AIC_LIB_NPU_ISA_LEXER_H
