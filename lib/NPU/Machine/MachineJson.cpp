//===- MachineJson.cpp - Strict reading of a machine's JSON -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// nlohmann's document keeps the last of two equal keys and nests without limit, so the document is built here from
// its parser's events.
//
//===----------------------------------------------------------------------===//

#include "MachineJson.h"

#include <algorithm>
#include <cmath>

using nlohmann::json;

namespace aic::npu {
namespace {

constexpr size_t kMostBytes = 1 << 20, kMostDepth = 16;

class DocumentBuilder final : public nlohmann::json_sax<json> {
public:
  explicit DocumentBuilder(json &root) : root(root) {}

  bool null() override { return add(nullptr); }
  bool boolean(bool value) override { return add(value); }
  bool number_integer(int64_t value) override { return add(value); }
  bool number_unsigned(uint64_t value) override { return add(value); }
  bool number_float(double value, const std::string &) override {
    if (std::trunc(value) == value && std::fabs(value) <= 9007199254740992.0)
      return value < 0 ? add(int64_t(value)) : add(uint64_t(value));
    return add(value);
  }
  bool string(std::string &value) override { return add(value); }
  bool binary(json::binary_t &) override { return false; }
  bool start_object(size_t) override { return open(json::object()); }
  bool start_array(size_t) override { return open(json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(std::string &name) override {
    if (stack.back()->contains(name)) {
      error = "expected each key once, got " + shown(name) + " twice in one object";
      return false;
    }
    pendingKey = name;
    return true;
  }
  bool parse_error(size_t position, const std::string &, const nlohmann::detail::exception &what) override {
    std::string text = what.what();
    size_t end = text.find("] "); // drops "[json.exception.parse_error.101] "
    error = "expected JSON, got an error at byte " + std::to_string(position) + ": " +
            (end == std::string::npos ? text : text.substr(end + 2));
    for (char &c : error)
      if (static_cast<unsigned char>(c) < 32 || static_cast<unsigned char>(c) > 126)
        c = '?';
    if (error.size() > 300)
      error = error.substr(0, 300) + "...";
    return false;
  }

  std::string error;

private:
  json *place(json &&value) {
    if (stack.empty())
      return &(root = std::move(value));
    if (stack.back()->is_array()) {
      stack.back()->push_back(std::move(value));
      return &stack.back()->back();
    }
    return &((*stack.back())[pendingKey] = std::move(value));
  }
  bool add(json value) { return place(std::move(value)), true; }
  bool open(json &&value) {
    if (stack.size() == kMostDepth) {
      error = "expected at most " + std::to_string(kMostDepth) + " levels of nesting, got more";
      return false;
    }
    stack.push_back(place(std::move(value)));
    return true;
  }
  bool close() { return stack.pop_back(), true; }

  json &root;
  std::vector<json *> stack;
  std::string pendingKey;
};

std::string list(const std::vector<std::string> &choices) {
  std::string text;
  for (size_t i = 0; i < choices.size(); ++i)
    text += (i == 0 ? "" : i + 1 == choices.size() ? " or " : ", ") + choices[i];
  return text;
}

std::string shown(double value) { return json(value).dump(); }

} // namespace

bool parseStrictJson(std::string_view text, json &value, std::string &error) {
  if (text.size() > kMostBytes) {
    error = "expected at most " + std::to_string(kMostBytes) + " bytes, got " + std::to_string(text.size());
    return false;
  }
  DocumentBuilder builder(value);
  if (json::sax_parse(text.begin(), text.end(), &builder))
    return true;
  error = builder.error.empty() ? "expected JSON" : builder.error;
  return false;
}

std::string shown(const json &value) {
  if (value.is_object())
    return "an object";
  if (value.is_array())
    return "a list";
  std::string text = value.dump(-1, ' ', true);
  return text.size() > 60 ? text.substr(0, 60) + "..." : text;
}

ObjectReader::ObjectReader(const json &object, std::string path, std::string &error)
    : object(object), path(std::move(path)), error(error) {}

void ObjectReader::fail(const std::string &where, const std::string &expected, const std::string &got) {
  if (error.empty())
    error = "'" + where + "': expected " + expected + ", got " + got;
}

void ObjectReader::failKey(const char *key, const std::string &expected) {
  const json *value = find(key);
  fail(name(key), expected, value ? shown(*value) : "nothing");
}

const json *ObjectReader::find(const char *key) {
  asked.push_back(key);
  auto it = object.find(key);
  return it == object.end() ? nullptr : &*it;
}

uint64_t ObjectReader::integer(const char *key, uint64_t low, uint64_t high) {
  const json *value = find(key);
  if (value && value->is_number_unsigned() && value->get<uint64_t>() >= low && value->get<uint64_t>() <= high)
    return value->get<uint64_t>();
  failKey(key,
          low == high ? std::to_string(low) : "an integer from " + std::to_string(low) + " to " + std::to_string(high));
  return low;
}

uint64_t ObjectReader::integer(const char *key, uint64_t low, uint64_t high, uint64_t absent) {
  return find(key) ? integer(key, low, high) : absent;
}

double ObjectReader::number(const char *key, double low, double high) {
  const json *value = find(key);
  if (value && value->is_number() && value->get<double>() >= low && value->get<double>() <= high)
    return value->get<double>();
  failKey(key, "a number from " + shown(low) + " to " + shown(high));
  return low;
}

std::string ObjectReader::text(const char *key, const std::vector<std::string> &choices) {
  const json *value = find(key);
  if (value && value->is_string() &&
      std::find(choices.begin(), choices.end(), value->get<std::string>()) != choices.end())
    return value->get<std::string>();
  failKey(key, list(choices));
  return choices.front();
}

std::vector<std::string> ObjectReader::texts(const char *key, const std::vector<std::string> &choices) {
  const json *value = find(key);
  if (!value || !value->is_array())
    return {text(key, choices)};
  std::vector<std::string> values;
  if (value->empty())
    fail(name(key), "one or more of " + list(choices), "an empty list");
  for (const json &element : *value) {
    std::string place = name(key) + '[' + std::to_string(values.size()) + ']';
    if (!element.is_string() || std::find(choices.begin(), choices.end(), element.get<std::string>()) == choices.end())
      fail(place, list(choices), shown(element));
    else if (std::find(values.begin(), values.end(), element.get<std::string>()) != values.end())
      fail(place, "each name once", shown(element) + " twice");
    if (!ok())
      break;
    values.push_back(element.get<std::string>());
  }
  return values;
}

const json &ObjectReader::child(const char *key, json::value_t type) {
  static const json noObject = json::object(), noArray = json::array();
  const json *value = find(key);
  if (value && value->type() == type)
    return *value;
  failKey(key, type == json::value_t::object ? "an object" : "a list");
  return type == json::value_t::object ? noObject : noArray;
}

void ObjectReader::finish() {
  for (const auto &[key, value] : object.items()) {
    if (std::find(asked.begin(), asked.end(), key) != asked.end())
      continue;
    std::sort(asked.begin(), asked.end());
    asked.erase(std::unique(asked.begin(), asked.end()), asked.end());
    std::string printable = json(key).dump(-1, ' ', true);
    printable = printable.substr(1, std::min<size_t>(printable.size() - 2, 60));
    return fail(name(printable.c_str()), "a known key (" + list(asked) + ")", "an unknown one");
  }
}

} // namespace aic::npu
