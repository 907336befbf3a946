// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Json.h - As much JSON as a manifest needs --------------------------===//
#ifndef AIC_LIB_RUNTIME_JSON_H
#define AIC_LIB_RUNTIME_JSON_H

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace aic {

/// A value of JSON. Numbers are integers or doubles.
class Json {
public:
  /// Nothing if the text is not one JSON value.
  static std::optional<Json> parse(const std::string &text);

  bool isArray() const { return kind == Kind::Array; }
  bool isNumber() const { return kind == Kind::Number; }
  bool isString() const { return kind == Kind::String; }
  const std::string &text() const { return string; }
  int64_t integer() const { return static_cast<int64_t>(number); }
  const std::vector<Json> &items() const { return children; }
  /// The member of an object, or null.
  const Json *find(const std::string &key) const;

private:
  friend class JsonParser;
  enum class Kind { Null, Boolean, Number, String, Array, Object };
  Kind kind = Kind::Null;
  long double number = 0;
  std::string string;
  std::vector<std::string> keys;
  std::vector<Json> children;
};

} // namespace aic

#endif // AIC_LIB_RUNTIME_JSON_H
