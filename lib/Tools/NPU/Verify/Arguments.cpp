// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Arguments.h"

#include <charconv>

bool aic::npu::tools::parseIntegers(const std::string &option, const std::string &text, std::vector<int64_t> &values,
                                    std::string &error) {
  for (size_t at = 0; at < text.size() + !text.empty();) {
    size_t comma = std::min(text.find(',', at), text.size());
    int64_t value = 0;
    auto [end, code] = std::from_chars(text.data() + at, text.data() + comma, value);
    if (code != std::errc() || end != text.data() + comma) {
      error = "'" + option + "': expected integers, got '" + text.substr(at, comma - at) + "'";
      return false;
    }
    values.push_back(value);
    at = comma + 1;
  }
  return true;
}
