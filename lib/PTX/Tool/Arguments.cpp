// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Buffers and scalars of the command line, and the comparison of results.
#include "../Half.h"
#include "Tool.h"
#include "aic/Tools/TensorFile.h"
#include <cmath>
#include <cstdlib>

namespace aic::ptx {

using eval::DType;

static std::optional<DType> parseDType(const std::string &name) {
  static const std::pair<const char *, DType> names[] = {
      {"f16", DType::F16}, {"bf16", DType::BF16}, {"f32", DType::F32}, {"f64", DType::F64}, {"i8", DType::I8},
      {"i16", DType::I16}, {"i32", DType::I32},   {"i64", DType::I64}, {"s8", DType::I8},   {"s16", DType::I16},
      {"s32", DType::I32}, {"s64", DType::I64},   {"u8", DType::U8},   {"u16", DType::U16}, {"u32", DType::U32},
      {"u64", DType::U64}, {"i1", DType::I1}};
  for (const auto &entry : names)
    if (name == entry.first)
      return entry.second;
  return std::nullopt;
}

static bool parseNumber(const std::string &text, int64_t &value) {
  if (text.empty())
    return false;
  char *end;
  errno = 0;
  value = strtoll(text.c_str(), &end, 0);
  return !*end && !errno;
}

static std::string parseShape(const std::string &text, eval::Shape &shape) {
  size_t at = 0;
  double total = 1;
  while (at <= text.size()) {
    size_t end = std::min(text.find('x', at), text.size());
    int64_t extent;
    if (!parseNumber(text.substr(at, end - at), extent) || extent < 1)
      return "expected a shape such as 256x64, got '" + text + "'";
    shape.push_back(extent);
    total *= double(extent);
    at = end + 1;
  }
  return total > 1e12 ? "shape '" + text + "' is too large" : "";
}

static std::string parseMap(const std::string &text, Argument &argument) {
  // BOX[/SWIZZLE], outermost first like the shape
  eval::Shape box;
  size_t slash = text.find('/');
  if (std::string problem = parseShape(text.substr(0, slash), box); !problem.empty())
    return problem;
  if (box.size() != argument.shape.size() || box.size() > 5)
    return "expected a box with as many extents as the shape, at most 5, got '" + text + "'";
  TensorMap map;
  map.rank = uint8_t(box.size());
  map.elementSize = uint8_t(eval::byteSize(argument.type));
  uint64_t stride = map.elementSize;
  for (unsigned d = 0; d < map.rank; ++d) {
    int64_t extent = argument.shape[map.rank - 1 - d];
    map.dims[d] = uint32_t(extent);
    map.box[d] = uint32_t(box[map.rank - 1 - d]);
    stride *= uint64_t(extent);
    if (d + 1 < map.rank)
      map.strides[d] = stride;
  }
  if (slash != std::string::npos) {
    std::string mode = text.substr(slash + 1);
    if (mode == "32" || mode == "64" || mode == "128")
      map.swizzle = mode == "32" ? 1 : mode == "64" ? 2 : 3;
    else if (mode != "0")
      return "expected a swizzle of 0, 32, 64 or 128, got '" + mode + "'";
  }
  argument.map = map;
  return "";
}

std::string parseArgument(const std::string &text, Argument &argument) {
  size_t colon = text.find(':');
  if (colon == std::string::npos || !colon)
    return "expected NAME:TYPE[SHAPE]:SOURCE or NAME:TYPE:VALUE";
  argument.name = text.substr(0, colon);
  size_t second = text.find(':', colon + 1);
  if (second == std::string::npos)
    return "expected NAME:TYPE[SHAPE]:SOURCE or NAME:TYPE:VALUE";
  std::string type = text.substr(colon + 1, second - colon - 1);
  argument.source = text.substr(second + 1);
  if (type == "bytes") {
    argument.isRaw = true;
    std::string digits = argument.source;
    if (digits.size() % 2 || digits.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos)
      return "expected pairs of hexadecimal digits, got '" + digits + "'";
    for (size_t i = 0; i < digits.size(); i += 2)
      argument.raw.push_back(uint8_t(strtoul(digits.substr(i, 2).c_str(), nullptr, 16)));
    return "";
  }
  size_t bracket = type.find('[');
  std::optional<DType> dtype = parseDType(type.substr(0, bracket));
  if (!dtype)
    return "unknown type '" + type.substr(0, bracket) + "'";
  argument.type = *dtype;
  if (bracket == std::string::npos)
    return argument.source.empty() ? "expected a value" : "";
  argument.isBuffer = true;
  if (type.back() != ']')
    return "expected ']' behind the shape";
  if (std::string problem = parseShape(type.substr(bracket + 1, type.size() - bracket - 2), argument.shape);
      !problem.empty())
    return problem;
  size_t map = argument.source.rfind(":map=");
  if (map != std::string::npos) {
    std::string box = argument.source.substr(map + 5);
    argument.source.resize(map);
    if (std::string problem = parseMap(box, argument); !problem.empty())
      return problem;
  }
  if (argument.source != "rand" && argument.source != "zeros" && argument.source != "out" && argument.source[0] != '@')
    return "expected rand, zeros, out or @FILE.npy, got '" + argument.source + "'";
  argument.isOutput = argument.source == "out";
  return "";
}

std::string readTensor(const std::string &file, eval::Tensor &tensor) {
  std::string content;
  if (std::string problem = tools::readFile(file, content); !problem.empty())
    return problem;
  if (std::string problem = tools::parseNpy(content, tensor); !problem.empty())
    return file + ": " + problem;
  return "";
}

static void setElement(DType type, void *data, int64_t i, double value) {
  switch (type) {
  case DType::F16:
    static_cast<uint16_t *>(data)[i] = floatToHalf(float(value));
    break;
  case DType::BF16:
    static_cast<uint16_t *>(data)[i] = floatToBfloat(float(value));
    break;
  case DType::F32:
    static_cast<float *>(data)[i] = float(value);
    break;
  case DType::F64:
    static_cast<double *>(data)[i] = value;
    break;
  default: {
    int64_t v = int64_t(value);
    memcpy(static_cast<uint8_t *>(data) + size_t(i) * eval::byteSize(type), &v, eval::byteSize(type));
    break;
  }
  }
}

static double getElement(DType type, const void *data, int64_t i) {
  const uint8_t *p = static_cast<const uint8_t *>(data) + size_t(i) * eval::byteSize(type);
  auto as = [&](auto v) {
    memcpy(&v, p, sizeof v);
    return double(v);
  };
  switch (type) {
  case DType::F16:
    return halfToFloat(uint16_t(as(uint16_t())));
  case DType::BF16:
    return bfloatToFloat(uint16_t(as(uint16_t())));
  case DType::F32:
    return as(float());
  case DType::F64:
    return as(double());
  case DType::I8:
    return as(int8_t());
  case DType::I16:
    return as(int16_t());
  case DType::I32:
    return as(int32_t());
  case DType::I64:
    return as(int64_t());
  case DType::U16:
    return as(uint16_t());
  case DType::U32:
    return as(uint32_t());
  case DType::U64:
    return as(uint64_t());
  default:
    return as(uint8_t());
  }
}

std::string prepareArgument(Argument &argument, uint64_t dataSeed) {
  if (argument.isRaw)
    return "";
  if (!argument.isBuffer) {
    const std::string &text = argument.source;
    if (eval::isFloat(argument.type)) {
      char *end;
      double value = strtod(text.c_str(), &end);
      if (*end)
        return "expected a number, got '" + text + "'";
      setElement(argument.type, &argument.bits, 0, value);
      return "";
    }
    char *end;
    errno = 0;
    uint64_t value = text[0] == '-' ? uint64_t(strtoll(text.c_str(), &end, 0)) : strtoull(text.c_str(), &end, 0);
    unsigned size = unsigned(eval::byteSize(argument.type));
    bool fits =
        size == 8 || (text[0] == '-' ? int64_t(value) >= -(int64_t(1) << (8 * size - 1)) : value >> (8 * size) == 0);
    if (*end || errno || !fits)
      return "expected a number of " + std::to_string(size) + " bytes, got '" + text + "'";
    argument.bits = size == 8 ? value : value & ((uint64_t(1) << (8 * size)) - 1);
    return "";
  }
  if (argument.source[0] == '@') {
    if (std::string problem = readTensor(argument.source.substr(1), argument.initial); !problem.empty())
      return problem;
    if (argument.initial.type() != argument.type || argument.initial.size() != eval::numElements(argument.shape))
      return argument.source.substr(1) + ": expected " + std::to_string(eval::numElements(argument.shape)) +
             " elements of " + eval::name(argument.type) + ", got " + std::to_string(argument.initial.size()) + " of " +
             eval::name(argument.initial.type());
    return "";
  }
  try {
    argument.initial = eval::Tensor(argument.type, argument.shape);
  } catch (const std::bad_alloc &) {
    return "no memory for '" + argument.name + "'";
  }
  int64_t count = argument.initial.size();
  memset(argument.initial.data(), argument.isOutput ? 0xff : 0, argument.initial.bytes());
  if (argument.source == "rand") {
    // Small multiples of 1/8: products and short sums are exact in f16 and f32.
    uint64_t state = dataSeed;
    for (char c : argument.name)
      state = state * 1099511628211ull + (unsigned char)c;
    for (int64_t i = 0; i < count; ++i) {
      state = state * 6364136223846793005ull + 1442695040888963407ull;
      int64_t v = int64_t((state >> 33) % 17) - 8;
      if (eval::isUnsigned(argument.type) || argument.type == DType::I1)
        v = argument.type == DType::I1 ? v & 1 : v + 8;
      setElement(argument.type, argument.initial.data(), i, eval::isFloat(argument.type) ? double(v) / 8 : double(v));
    }
  }
  return "";
}

std::string compareTensors(const eval::View &got, const eval::View &want, double absolute, double relative) {
  if (got.size() != want.size())
    return "expected " + std::to_string(want.size()) + " elements, got " + std::to_string(got.size());
  int64_t bad = 0, first = -1;
  double worst = 0;
  for (int64_t i = 0; i < got.size(); ++i) {
    double a = getElement(got.type, got.data, i), b = getElement(want.type, want.data, i);
    bool same = a == b || (a != a && b != b);
    double difference = std::fabs(a - b);
    if (same || difference <= absolute + relative * std::fabs(b)) {
      if (!same)
        worst = std::max(worst, difference);
      continue;
    }
    if (first < 0)
      first = i;
    ++bad;
    worst = difference == difference ? std::max(worst, difference) : INFINITY;
  }
  if (!bad)
    return "";
  char text[256];
  snprintf(text, sizeof text, "%lld of %lld elements differ, at most by %g; element %lld: expected %.9g, got %.9g",
           (long long)bad, (long long)got.size(), worst, (long long)first, getElement(want.type, want.data, first),
           getElement(got.type, got.data, first));
  return text;
}

} // namespace aic::ptx
