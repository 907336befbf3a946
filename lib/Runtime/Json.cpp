// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Json.h"

#include <cstdlib>
#include <cstring>

namespace aic {

class JsonParser {
public:
  explicit JsonParser(const std::string &text) : at(text.c_str()), end(at + text.size()) {}

  bool document(Json &value) {
    if (!parse(value, 0))
      return false;
    skip();
    return at == end;
  }

private:
  static constexpr int kDeepest = 64;

  void skip() {
    while (at < end && std::strchr(" \t\r\n", *at))
      ++at;
  }
  bool take(char c) {
    skip();
    if (at == end || *at != c)
      return false;
    ++at;
    return true;
  }
  bool word(const char *text) {
    size_t length = std::strlen(text);
    if (static_cast<size_t>(end - at) < length || std::strncmp(at, text, length))
      return false;
    at += length;
    return true;
  }

  bool parse(Json &value, int depth) {
    skip();
    if (at == end || depth > kDeepest)
      return false;
    switch (*at) {
    case '{':
      return object(value, depth);
    case '[':
      return array(value, depth);
    case '"':
      value.kind = Json::Kind::String;
      return string(value.string);
    case 'n':
      return word("null");
    case 't':
    case 'f':
      value.kind = Json::Kind::Boolean;
      value.number = *at == 't';
      return word(*at == 't' ? "true" : "false");
    default:
      return number(value);
    }
  }

  bool number(Json &value) {
    char *last;
    value.kind = Json::Kind::Number;
    value.number = std::strtold(at, &last);
    bool valid = last != at && last <= end;
    at = last;
    return valid;
  }

  bool array(Json &value, int depth) {
    value.kind = Json::Kind::Array;
    ++at;
    if (take(']'))
      return true;
    do {
      if (!parse(value.children.emplace_back(), depth + 1))
        return false;
    } while (take(','));
    return take(']');
  }

  bool object(Json &value, int depth) {
    value.kind = Json::Kind::Object;
    ++at;
    if (take('}'))
      return true;
    do {
      skip();
      if (at == end || *at != '"' || !string(value.keys.emplace_back()) || !take(':') ||
          !parse(value.children.emplace_back(), depth + 1))
        return false;
    } while (take(','));
    return take('}');
  }

  bool string(std::string &text) {
    for (++at; at < end && *at != '"'; ++at) {
      if (*at != '\\') {
        text += *at;
        continue;
      }
      if (++at == end)
        return false;
      static const char codes[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
      if (const char *found = std::strchr(codes, *at))
        text += meanings[found - codes];
      else if (*at != 'u' || !unicode(text))
        return false;
    }
    return at < end && *at++ == '"';
  }

  /// \uXXXX below the surrogates; the compiler writes UTF-8 and escapes control characters only.
  bool unicode(std::string &text) {
    unsigned code = 0;
    if (end - at < 5)
      return false;
    for (int i = 0; i < 4; ++i) {
      char c = *++at;
      const char *digits = "0123456789abcdef", *found = std::strchr(digits, c | (c >= 'A' ? 0x20 : 0));
      if (!c || !found)
        return false;
      code = code * 16 + static_cast<unsigned>(found - digits);
    }
    if (code < 0x80) {
      text += static_cast<char>(code);
    } else if (code < 0x800) {
      text += static_cast<char>(0xc0 | code >> 6);
      text += static_cast<char>(0x80 | (code & 0x3f));
    } else {
      text += static_cast<char>(0xe0 | code >> 12);
      text += static_cast<char>(0x80 | (code >> 6 & 0x3f));
      text += static_cast<char>(0x80 | (code & 0x3f));
    }
    return true;
  }

  const char *at, *end;
};

std::optional<Json> Json::parse(const std::string &text) {
  Json value;
  if (!JsonParser(text).document(value))
    return std::nullopt;
  return value;
}

const Json *Json::find(const std::string &key) const {
  for (size_t i = 0; i < keys.size(); ++i)
    if (keys[i] == key)
      return &children[i];
  return nullptr;
}

} // namespace aic
