// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_PTX_LEXER_H
#define AIC_PTX_LEXER_H

#include "aic/PTX/Types.h"

namespace aic::ptx {

struct Token {
  enum Kind : uint8_t { End, Word, Directive, Integer, Float, String, Punct, Bad } kind = End;
  char punct = 0;
  std::string_view text; // Word: all of a dotted name; Directive: without the leading dot
  uint64_t value = 0;    // Integer; Float: bits of a double
  bool isDouble = false; // Float: written as a double (0d..., 1.5), else as a single (0f...)
  unsigned line = 0;
};

/// Cuts PTX text into tokens. A dotted name (`ld.global.v4.b32`, `%tid.x`, `a.shared::cluster.b`) is one token; so is
/// a directive (`.reg`). Comments, and lines that start with `#`, are skipped.
class Lexer {
public:
  explicit Lexer(std::string_view text) : text(text) {}
  Token next();

private:
  void skipSpace();
  Token number();
  Token make(Token::Kind kind, size_t start);
  std::string_view text;
  size_t at = 0;
  unsigned line = 1;
};

} // namespace aic::ptx

#endif // AIC_PTX_LEXER_H
