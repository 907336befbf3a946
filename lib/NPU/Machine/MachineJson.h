//===- MachineJson.h - Strict reading of a machine's JSON ---------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef AIC_LIB_NPU_MACHINE_MACHINEJSON_H
#define AIC_LIB_NPU_MACHINE_MACHINEJSON_H

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace aic::npu {

/// Parses text without duplicate keys, of a bounded size and depth. Numbers without a fraction become integers, so
/// that 1e9 and 1000000000 are one machine.
bool parseStrictJson(std::string_view text, nlohmann::json &value, std::string &error);

/// A value as a message shows it: short, on one line.
std::string shown(const nlohmann::json &value);

/// Reads the keys of one object and keeps the first thing that is wrong with any of them.
class ObjectReader {
public:
  /// `path` is how messages name the object: "" for the whole file, "mx" or "paths[2]" inside.
  ObjectReader(const nlohmann::json &object, std::string path, std::string &error);

  uint64_t integer(const char *key, uint64_t low, uint64_t high);
  uint64_t integer(const char *key, uint64_t low, uint64_t high, uint64_t absent);
  double number(const char *key, double low, double high);
  std::string text(const char *key, const std::vector<std::string> &choices);
  /// One of the choices, or a list of different ones.
  std::vector<std::string> texts(const char *key, const std::vector<std::string> &choices);
  /// A nested object or array; an empty one if it is not there.
  const nlohmann::json &child(const char *key, nlohmann::json::value_t type);
  const nlohmann::json *find(const char *key);

  std::string name(const char *key) const { return path.empty() ? key : path + '.' + key; }
  void fail(const std::string &where, const std::string &expected, const std::string &got);
  void failKey(const char *key, const std::string &expected);
  bool ok() const { return error.empty(); }
  /// Complains about a key that nobody asked for.
  void finish();

private:
  const nlohmann::json &object;
  std::string path;
  std::string &error;
  std::vector<std::string> asked;
};

} // namespace aic::npu

#endif // AIC_LIB_NPU_MACHINE_MACHINEJSON_H
