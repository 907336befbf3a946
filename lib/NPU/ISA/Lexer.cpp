//===- Lexer.cpp - Tokens of NPU assembly --------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Lexer.h"

#include <charconv>
#include <cstring>

using namespace aic::npu;

// Deep enough for any hand, shallow enough for the stack.
static constexpr unsigned kMaxDepth = 100;

static bool isDigit(char c) { return c >= '0' && c <= '9'; }
static bool isWordStart(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.'; }
static bool isWordPart(char c) { return isWordStart(c) || isDigit(c); }
static bool isBlank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

std::string Token::show() const {
  switch (kind) {
  case TokenKind::Newline:
  case TokenKind::End:
    return "the end of the line";
  case TokenKind::String:
    return quoted(text);
  default:
    return "'" + text + "'";
  }
}

namespace {
class Lexer {
public:
  explicit Lexer(std::string_view text) : text(text) {}

  std::vector<Token> run() {
    while (at < text.size())
      step();
    push(TokenKind::Newline, "");
    push(TokenKind::End, "");
    return std::move(tokens);
  }

private:
  char look(size_t ahead = 0) const { return at + ahead < text.size() ? text[at + ahead] : '\0'; }
  void push(TokenKind kind, std::string value) { tokens.push_back({kind, std::move(value), line}); }

  void step() {
    char c = look();
    if (c == '\n') {
      if (tokens.empty() || !tokens.back().is(","))
        push(TokenKind::Newline, "");
      ++at, ++line;
    } else if (isBlank(c)) {
      ++at;
    } else if (c == ';') {
      skipComment();
    } else if (isDigit(c)) {
      number();
    } else if (isWordStart(c)) {
      word();
    } else if (c == '"') {
      string();
    } else if ((c == '<' || c == '>') && look(1) == c) {
      push(TokenKind::Punct, std::string(2, c));
      at += 2;
    } else if (c && std::strchr("=,:[](){}+-*/%&|^~@", c)) {
      push(TokenKind::Punct, std::string(1, c));
      ++at;
    } else {
      push(TokenKind::Punct, quoted(std::string_view(&text[at], 1)));
      throw AssemblyError{line, "expected a word, a number or a sign, got " + tokens.back().text};
    }
  }

  void skipComment() {
    while (at < text.size() && look() != '\n')
      ++at;
  }

  void number() {
    size_t start = at;
    bool hex = look() == '0' && (look(1) == 'x' || look(1) == 'X');
    while (isWordPart(look()) ||
           (!hex && (look() == '+' || look() == '-') && (text[at - 1] == 'e' || text[at - 1] == 'E')))
      ++at;
    push(TokenKind::Number, std::string(text.substr(start, at - start)));
  }

  void word() {
    size_t start = at;
    while (isWordPart(look()))
      ++at;
    std::string value(text.substr(start, at - start));
    bool raw = value == ".data" || value == ".machine";
    push(TokenKind::Word, std::move(value));
    if (raw)
      restOfLine();
  }

  /// A machine's JSON text may hold any sign; all else ends at a comment.
  void restOfLine() {
    while (isBlank(look()))
      ++at;
    size_t start = at;
    bool json = look() == '{';
    while (at < text.size() && look() != '\n' && (json || look() != ';'))
      ++at;
    size_t end = at;
    while (end > start && isBlank(text[end - 1]))
      --end;
    push(TokenKind::Raw, std::string(text.substr(start, end - start)));
  }

  void string() {
    std::string value;
    for (++at; look() != '"'; ++at) {
      if (at >= text.size() || look() == '\n')
        throw AssemblyError{line, "expected a closing '\"', got the end of the line"};
      if (look() != '\\') {
        value += look();
        continue;
      }
      ++at;
      unsigned code = 0;
      if (look() == '"' || look() == '\\')
        value += look();
      else if (look() == 'n')
        value += '\n';
      else if (look() == 'x' && at + 3 <= text.size() &&
               std::from_chars(&text[at + 1], &text[at] + 3, code, 16).ptr == &text[at] + 3)
        value += static_cast<char>(code), at += 2;
      else
        throw AssemblyError{line,
                            "expected one of \\\\ \\\" \\n \\xHH in a string, got '\\" + std::string(1, look()) + "'"};
    }
    ++at;
    push(TokenKind::String, std::move(value));
  }

  std::string_view text;
  size_t at = 0;
  unsigned line = 1;
  std::vector<Token> tokens;
};

/// Binary operators by level, the loosest first.
const char *const kOperators[][4] = {{"|"}, {"^"}, {"&"}, {"<<", ">>"}, {"+", "-"}, {"*", "/", "%"}};
constexpr int kLevels = sizeof(kOperators) / sizeof(*kOperators);

bool parseInteger(const std::string &text, int64_t &value) {
  int base = 10;
  size_t skip = 0;
  if (text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
    base = 16, skip = 2;
  else if (text.size() > 2 && text[0] == '0' && (text[1] == 'b' || text[1] == 'B'))
    base = 2, skip = 2;
  auto result = std::from_chars(text.data() + skip, text.data() + text.size(), value, base);
  return result.ec == std::errc() && result.ptr == text.data() + text.size();
}

/// False if the value does not exist or leaves 64 bits.
bool apply(const std::string &op, int64_t a, int64_t b, int64_t &value) {
  if (op == "+")
    return !__builtin_add_overflow(a, b, &value);
  if (op == "-")
    return !__builtin_sub_overflow(a, b, &value);
  if (op == "*")
    return !__builtin_mul_overflow(a, b, &value);
  if (op == "/" || op == "%") {
    if (b == 0 || (a == INT64_MIN && b == -1))
      return false;
    value = op == "/" ? a / b : a % b;
    return true;
  }
  if (op == "<<" || op == ">>") {
    if (b < 0 || b > 62)
      return false;
    if (op == ">>") {
      value = a >> b;
      return true;
    }
    return !__builtin_mul_overflow(a, int64_t(1) << b, &value);
  }
  value = op == "&" ? a & b : op == "|" ? a | b : a ^ b;
  return true;
}
} // namespace

std::vector<Token> aic::npu::tokenize(std::string_view text) { return Lexer(text).run(); }

bool TokenStream::take(const char *punct) {
  if (!peek().is(punct))
    return false;
  next();
  return true;
}
void TokenStream::expect(const char *punct) {
  if (!take(punct))
    failExpected("'" + std::string(punct) + "'");
}
void TokenStream::expectLineEnd() {
  if (!atLineEnd())
    failExpected("the end of the line");
  next();
}
std::string TokenStream::word(const char *what) {
  if (peek().kind != TokenKind::Word)
    failExpected(what);
  return next().text;
}
std::string TokenStream::name(const char *what) {
  if (peek().kind != TokenKind::Word && peek().kind != TokenKind::String)
    failExpected(what);
  return next().text;
}

int64_t TokenStream::binary(int level, bool inAddress, unsigned depth) {
  if (level == kLevels)
    return unary(inAddress, depth);
  int64_t value = binary(level + 1, inAddress, depth);
  while (true) {
    const char *op = nullptr;
    for (const char *candidate : kOperators[level])
      if (candidate && peek().is(candidate))
        op = candidate;
    bool registerFollows = peek(1).kind == TokenKind::Word && numberedName(peek(1).text, "AR", 15) >= 0;
    if (!op || (inAddress && peek().is("+") && registerFollows))
      return value;
    unsigned line = next().line;
    int64_t right = binary(level + 1, inAddress, depth);
    int64_t left = value;
    if (!apply(op, left, right, value))
      throw AssemblyError{line, "expected a value of 64 bits, got " + std::to_string(left) + " " + op + " " +
                                    std::to_string(right)};
  }
}

int64_t TokenStream::unary(bool inAddress, unsigned depth) {
  if (depth > kMaxDepth)
    fail("expected an expression of at most " + std::to_string(kMaxDepth) + " levels, got a deeper one");
  int64_t value = 0;
  if (peek().is("-") || peek().is("~")) {
    bool minus = next().text == "-";
    // The lowest number has no positive twin.
    int64_t operand = unary(inAddress, depth + 1);
    if (minus && operand == INT64_MIN)
      fail("expected a value of 64 bits, got -(" + std::to_string(operand) + ")");
    return minus ? -operand : ~operand;
  }
  if (take("(")) {
    value = binary(0, false, depth + 1);
    expect(")");
    return value;
  }
  const Token &token = peek();
  if (token.kind == TokenKind::Number) {
    if (!parseInteger(token.text, value))
      failExpected("an integer");
  } else if (token.kind == TokenKind::Word) {
    auto constant = constants->find(token.text);
    if (constant == constants->end())
      failExpected("a number or a constant");
    value = constant->second;
  } else {
    failExpected("a number or a constant");
  }
  next();
  return value;
}

int64_t TokenStream::integer(int64_t low, int64_t high, const char *what) {
  unsigned line = peek().line;
  int64_t value = expression();
  if (value < low || value > high)
    throw AssemblyError{line, std::string("expected ") + what + " from " + std::to_string(low) + " to " +
                                  std::to_string(high) + ", got " + std::to_string(value)};
  return value;
}

uint32_t TokenStream::floatBits() {
  bool negative = take("-");
  const Token &token = peek();
  const std::string &text = token.text;
  float value = 0;
  int64_t integer = 0;
  uint32_t bits = 0;
  bool hex = text.size() > 2 && (text[1] == 'x' || text[1] == 'X');
  if (token.kind == TokenKind::Number && hex && !negative && parseInteger(text, integer) && integer >> 32 == 0) {
    bits = static_cast<uint32_t>(integer);
  } else if (token.kind == TokenKind::Number && !hex) {
    auto result = std::from_chars(text.data(), text.data() + text.size(), value);
    if (result.ec != std::errc() || result.ptr != text.data() + text.size())
      failExpected("a number that an f32 can hold");
    std::memcpy(&bits, &value, sizeof(bits));
  } else if (token.kind == TokenKind::Word && text == "inf") {
    bits = 0x7f800000;
  } else {
    failExpected("a decimal number, inf, or the 32 bits of an f32 in hexadecimal");
  }
  next();
  return negative ? bits ^ 0x80000000u : bits;
}

void TokenStream::define(const std::string &name, int64_t value, unsigned line) {
  if (!isPlainWord(name) || numberedName(name, "AR", 15) >= 0)
    throw AssemblyError{line, "expected the name of a constant, got '" + name + "'"};
  if (!constants->emplace(name, value).second)
    throw AssemblyError{line, "expected a name that is not defined yet, got '" + name + "'"};
}

int aic::npu::numberedName(std::string_view word, std::string_view prefix, int limit) {
  if (word.size() <= prefix.size() || word.substr(0, prefix.size()) != prefix)
    return -1;
  std::string_view digits = word.substr(prefix.size());
  int value = 0;
  auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (!isDigit(digits[0]) || (digits[0] == '0' && digits.size() > 1) || result.ec != std::errc() ||
      result.ptr != digits.data() + digits.size() || value > limit)
    return -1;
  return value;
}

bool aic::npu::isPlainWord(std::string_view word) {
  if (word.empty() || !isWordStart(word[0]) || word[0] == '.')
    return false;
  for (char c : word)
    if (!isWordPart(c))
      return false;
  return true;
}

std::string aic::npu::quoted(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 32 || c == 127) {
      const char *digits = "0123456789abcdef";
      out += c == '\n' ? "\\n" : std::string("\\x") + digits[c >> 4 & 15] + digits[c & 15];
    } else {
      out += c;
    }
  }
  return out + '"';
}
