// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Lexer.h"
#include <cstdlib>
#include <cstring>

namespace aic::ptx {

static bool isDigit(char c) { return c >= '0' && c <= '9'; }
static bool isAlpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
static bool isWordStart(char c) { return isAlpha(c) || c == '_' || c == '$' || c == '%'; }
static bool isWord(char c) { return isWordStart(c) || isDigit(c); }
static int hexDigit(char c) {
  if (isDigit(c))
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

void Lexer::skipSpace() {
  while (at < text.size()) {
    char c = text[at];
    if (c == '\n') {
      ++line, ++at;
      size_t p = at;
      if (p < text.size() && text[p] == '#')
        while (at < text.size() && text[at] != '\n')
          ++at;
    } else if (c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v') {
      ++at;
    } else if (c == '/' && at + 1 < text.size() && text[at + 1] == '/') {
      while (at < text.size() && text[at] != '\n')
        ++at;
    } else if (c == '/' && at + 1 < text.size() && text[at + 1] == '*') {
      size_t end = text.find("*/", at + 2);
      if (end == std::string_view::npos)
        return; // a bad token
      for (; at < end; ++at)
        line += text[at] == '\n';
      at += 2;
    } else if (c == 0 && text.find_first_not_of('\0', at) == std::string_view::npos) {
      at = text.size(); // a driver is given PTX as a C string: what pads it is no text
    } else {
      return;
    }
  }
}

Token Lexer::make(Token::Kind kind, size_t start) {
  Token token;
  token.kind = kind;
  token.text = text.substr(start, at - start);
  token.line = line;
  return token;
}

Token Lexer::number() {
  size_t start = at;
  char next = at + 1 < text.size() ? text[at + 1] : 0;
  if (text[at] == '0' && (next == 'f' || next == 'F' || next == 'd' || next == 'D')) {
    bool isDouble = next == 'd' || next == 'D';
    unsigned digits = isDouble ? 16 : 8;
    uint64_t bits = 0;
    at += 2;
    for (unsigned i = 0; i < digits; ++i, ++at) {
      int digit = at < text.size() ? hexDigit(text[at]) : -1;
      if (digit < 0)
        return make(Token::Bad, start);
      bits = bits << 4 | unsigned(digit);
    }
    if (at < text.size() && isWord(text[at]))
      return make(Token::Bad, start);
    Token token = make(Token::Float, start);
    token.isDouble = isDouble;
    token.value = bits;
    if (!isDouble) { // kept as a double: the instruction's type says what it becomes
      float single;
      uint32_t low = uint32_t(bits);
      memcpy(&single, &low, 4);
      double wide = single;
      memcpy(&token.value, &wide, 8);
      if (single != single) // a conversion quiets a NaN; keep payload and sign in the low half
        token.value = 0x7ff8000000000000ull | low;
    }
    return token;
  }
  unsigned base = 10;
  if (text[at] == '0' && (next == 'x' || next == 'X'))
    base = 16, at += 2;
  else if (text[at] == '0' && (next == 'b' || next == 'B'))
    base = 2, at += 2;
  else if (text[at] == '0' && isDigit(next))
    base = 8;
  if (base == 10 || base == 8) {
    size_t p = at;
    while (p < text.size() && isDigit(text[p]))
      ++p;
    bool decimal = p < text.size() && ((text[p] == '.' && p + 1 < text.size() && isDigit(text[p + 1])) ||
                                       ((text[p] == 'e' || text[p] == 'E') && p + 1 < text.size() &&
                                        (isDigit(text[p + 1]) || text[p + 1] == '-' || text[p + 1] == '+')));
    if (decimal) {
      while (p < text.size() && (isDigit(text[p]) || text[p] == '.' || text[p] == 'e' || text[p] == 'E' ||
                                 ((text[p] == '-' || text[p] == '+') && (text[p - 1] == 'e' || text[p - 1] == 'E'))))
        ++p;
      double value = strtod(std::string(text.substr(at, p - at)).c_str(), nullptr);
      at = p;
      Token token = make(Token::Float, start);
      token.isDouble = true;
      memcpy(&token.value, &value, 8);
      return token;
    }
  }
  uint64_t value = 0;
  unsigned digits = 0;
  for (; at < text.size(); ++at, ++digits) {
    int digit = hexDigit(text[at]);
    if (digit < 0 || unsigned(digit) >= base)
      break;
    if (value > (UINT64_MAX - unsigned(digit)) / base)
      return make(Token::Bad, start);
    value = value * base + unsigned(digit);
  }
  if (!digits)
    return make(Token::Bad, start);
  if (at < text.size() && text[at] == 'U')
    ++at;
  if (at < text.size() && isWord(text[at])) {
    while (at < text.size() && isWord(text[at]))
      ++at;
    return make(Token::Bad, start);
  }
  Token token = make(Token::Integer, start);
  token.value = value;
  return token;
}

Token Lexer::next() {
  skipSpace();
  if (at >= text.size())
    return make(Token::End, at);
  size_t start = at;
  char c = text[at];
  if (text.substr(at, 2) == "/*") { // has no end
    at += 2;
    Token token = make(Token::Bad, start);
    at = text.size();
    return token;
  }
  if (isDigit(c))
    return number();
  if (isWordStart(c)) {
    ++at;
    while (at < text.size()) {
      if (isWord(text[at])) {
        ++at;
      } else if (text[at] == '.' && at + 1 < text.size() && isWord(text[at + 1])) {
        ++at;
        while (at < text.size() && (isWord(text[at]) || (text[at] == ':' && at + 2 < text.size() &&
                                                         text[at + 1] == ':' && isWord(text[at + 2])))) {
          at += text[at] == ':' ? 2 : 1;
        }
      } else {
        break;
      }
    }
    return make(Token::Word, start);
  }
  if (c == '.' && at + 1 < text.size() && isWord(text[at + 1])) {
    ++at;
    while (at < text.size() && (isWord(text[at]) || (text[at] == ':' && at + 2 < text.size() && text[at + 1] == ':' &&
                                                     isWord(text[at + 2]))))
      at += text[at] == ':' ? 2 : 1;
    Token token = make(Token::Directive, start);
    token.text.remove_prefix(1);
    return token;
  }
  if (c == '"') {
    for (++at; at < text.size() && text[at] != '"'; ++at)
      if (text[at] == '\n')
        return make(Token::Bad, start);
    at += at < text.size();
    return make(Token::String, start);
  }
  ++at;
  Token token = make(Token::Punct, start);
  token.punct = c;
  return token;
}

} // namespace aic::ptx
