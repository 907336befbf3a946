// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- TensorFile.cpp - Files and the npy format --------------------------===//
//
// npy: the magic, a version, the length of a header, the header (a Python
// dictionary literal with the keys descr, fortran_order and shape), the data.
//
//===----------------------------------------------------------------------===//
#include "aic/Tools/TensorFile.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <new>
#include <sys/stat.h>
#include <unistd.h>

namespace aic::tools {

using eval::DType;
using eval::Shape;

//===-- Whole files ---------------------------------------------------------===//

std::string readFile(const std::string &path, std::string &content) {
  auto failed = [&] { return "cannot read '" + path + "': " + std::strerror(errno); };
  int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return failed();
  struct stat info;
  if (fstat(file, &info) == 0 && info.st_size > 0)
    content.reserve(static_cast<size_t>(info.st_size));
  content.clear();
  char buffer[1 << 16];
  ssize_t count;
  while ((count = read(file, buffer, sizeof buffer)) > 0)
    content.append(buffer, static_cast<size_t>(count));
  std::string error = count < 0 ? failed() : "";
  close(file);
  return error;
}

static bool writeAll(int file, std::string_view content) {
  while (!content.empty()) {
    ssize_t count = write(file, content.data(), std::min<size_t>(content.size(), 1 << 30));
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      return false;
    content.remove_prefix(static_cast<size_t>(count));
  }
  return true;
}

std::string writeDescriptor(int file, const std::string &name, std::string_view content) {
  return writeAll(file, content) ? "" : "cannot write '" + name + "': " + std::strerror(errno);
}

std::string writeFile(const std::string &path, std::string_view content) {
  auto failed = [&] { return "cannot write '" + path + "': " + std::strerror(errno); };
  struct stat info;
  // /dev/stdout may well be a regular file, but its name must not be taken from it.
  bool inPlace = path.compare(0, 5, "/dev/") == 0 || (stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode));
  // A link stays a link: what it leads to is replaced.
  char *resolved = inPlace ? nullptr : realpath(path.c_str(), nullptr);
  std::string target = resolved ? resolved : path;
  std::free(resolved);
  if (inPlace) {
    int file = open(path.c_str(), O_WRONLY | O_CLOEXEC);
    bool good = file >= 0 && writeAll(file, content);
    std::string error = good ? "" : failed();
    if (file >= 0 && close(file) != 0 && good)
      error = failed();
    return error;
  }
  // A file without a name vanishes by itself if the process is killed; where there are none, a file with another name.
  std::string temporary = target + ".part" + std::to_string(getpid());
  size_t slash = target.rfind('/');
  std::string folder = slash == std::string::npos ? "." : target.substr(0, slash + 1);
  int file = open(folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
  bool nameless = file >= 0;
  if (!nameless)
    file = open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0)
    return failed();
  bool good = writeAll(file, content);
  std::string self = "/proc/self/fd/" + std::to_string(file);
  if (good && nameless)
    good = linkat(AT_FDCWD, self.c_str(), AT_FDCWD, temporary.c_str(), AT_SYMLINK_FOLLOW) == 0;
  std::string error = good ? "" : failed();
  if (close(file) != 0 && good)
    error = failed();
  if (error.empty() && rename(temporary.c_str(), target.c_str()) != 0)
    error = failed();
  if (!error.empty())
    unlink(temporary.c_str());
  return error;
}

std::string expectOtherFile(const std::string &output, const std::vector<std::string> &inputs) {
  struct stat written, read;
  if (stat(output.c_str(), &written) != 0 || !S_ISREG(written.st_mode))
    return "";
  for (const std::string &input : inputs)
    if (stat(input.c_str(), &read) == 0 && read.st_dev == written.st_dev && read.st_ino == written.st_ino)
      return "expected another file than the input '" + input + "', got '" + output + "'";
  return "";
}

//===-- npy -----------------------------------------------------------------===//

namespace {
struct Code {
  const char *text;
  DType type;
};
} // namespace

static const Code codes[] = {{"b1", DType::I1},  {"i1", DType::I8},  {"i2", DType::I16}, {"i4", DType::I32},
                             {"i8", DType::I64}, {"u1", DType::U8},  {"u2", DType::U16}, {"u4", DType::U32},
                             {"u8", DType::U64}, {"f2", DType::F16}, {"f4", DType::F32}, {"f8", DType::F64},
                             {"V2", DType::BF16}};

static const char magic[] = "\x93NUMPY";
static constexpr size_t magicSize = 6;

/// The text after `'key':` in a header.
static std::string_view fieldOf(std::string_view header, const std::string &key) {
  for (char quote : {'\'', '"'}) {
    std::string wanted = quote + key + quote;
    size_t at = header.find(wanted);
    if (at == std::string_view::npos)
      continue;
    at = header.find(':', at + wanted.size());
    if (at == std::string_view::npos)
      continue;
    at = header.find_first_not_of(' ', at + 1);
    if (at != std::string_view::npos)
      return header.substr(at);
  }
  return {};
}

static std::string parseType(std::string_view header, DType &type, bool &swapped) {
  std::string_view field = fieldOf(header, "descr");
  size_t end = field.size() > 1 ? field.find(field[0], 1) : std::string_view::npos;
  if (end == std::string_view::npos || (field[0] != '\'' && field[0] != '"'))
    return "expected one element type in the npy header, got a record or none";
  std::string_view text = field.substr(1, end - 1);
  swapped = !text.empty() && text[0] == '>';
  std::string_view code = text.empty() || !std::strchr("<>|=", text[0]) ? text : text.substr(1);
  for (const Code &known : codes)
    if (code == known.text) {
      type = known.type;
      return "";
    }
  return "expected an element type b1, i1..i8, u1..u8 or f2..f8, got '" + std::string(text) + "'";
}

/// Reads `(2, 3)`; the number of elements stays below 2^62.
static std::string parseShape(std::string_view header, Shape &shape) {
  std::string_view field = fieldOf(header, "shape");
  size_t end = field.find(')');
  if (field.empty() || field[0] != '(' || end == std::string_view::npos)
    return "expected a shape in the npy header";
  std::string text(field.substr(1, end - 1));
  const char *at = text.c_str();
  int64_t elements = 1;
  while (true) {
    at += std::strspn(at, " ,L");
    if (!*at)
      return "";
    char *next = nullptr;
    errno = 0;
    long long extent = std::strtoll(at, &next, 10);
    if (next == at || errno || extent < 0)
      return "expected extents of at least 0 in the npy header, got '(" + text + ")'";
    if (extent != 0 && elements > (int64_t(1) << 60) / extent)
      return "expected fewer than 2^60 elements, got shape (" + text + ")";
    elements *= extent;
    shape.push_back(extent);
    at = next;
  }
}

static void swapBytes(char *data, size_t size, size_t count) {
  for (; count > 0; --count, data += size)
    std::reverse(data, data + size);
}

/// Copies a column-major array into row-major order.
static void copyFortran(const char *from, char *to, const Shape &shape, size_t size) {
  Shape strides(shape.size()), index(shape.size(), 0);
  int64_t stride = 1;
  for (size_t d = 0; d < shape.size(); stride *= shape[d++])
    strides[d] = stride;
  for (int64_t left = eval::numElements(shape), offset = 0; left > 0; --left, to += size) {
    std::memcpy(to, from + offset * static_cast<int64_t>(size), size);
    for (size_t d = shape.size(); d-- > 0;) {
      offset += strides[d];
      if (++index[d] < shape[d])
        break;
      offset -= strides[d] * shape[d];
      index[d] = 0;
    }
  }
}

std::string parseNpy(std::string_view bytes, eval::Tensor &tensor) {
  if (bytes.size() < 10 || bytes.compare(0, magicSize, magic, magicSize) != 0)
    return "expected an npy file, got other content";
  auto byte = [&](size_t at) { return static_cast<size_t>(static_cast<unsigned char>(bytes[at])); };
  size_t version = byte(6), start = version == 1 ? 10 : 12;
  if (version < 1 || version > 3)
    return "expected npy format 1 to 3, got " + std::to_string(version);
  size_t length = byte(8) | byte(9) << 8;
  if (version > 1 && bytes.size() >= start)
    length |= byte(10) << 16 | byte(11) << 24;
  if (bytes.size() < start || bytes.size() - start < length)
    return "expected an npy header of " + std::to_string(length) + " bytes, got a truncated file";
  std::string_view header = bytes.substr(start, length), data = bytes.substr(start + length);
  DType type;
  bool swapped = false;
  Shape shape;
  std::string error = parseType(header, type, swapped);
  if (error.empty())
    error = parseShape(header, shape);
  if (!error.empty())
    return error;
  size_t size = eval::byteSize(type), count = static_cast<size_t>(eval::numElements(shape));
  if (data.size() < size * count)
    return "expected " + std::to_string(size * count) + " bytes of data, got " + std::to_string(data.size());
  try {
    tensor = eval::Tensor(type, shape);
  } catch (const std::bad_alloc &) {
    return "not enough memory for " + std::to_string(size * count) + " bytes";
  }
  if (count == 0)
    return "";
  if (fieldOf(header, "fortran_order").substr(0, 4) == "True")
    copyFortran(data.data(), tensor.as<char>(), shape, size);
  else
    std::memcpy(tensor.data(), data.data(), size * count);
  if (swapped && size > 1)
    swapBytes(tensor.as<char>(), size, count);
  return "";
}

std::string formatNpy(const eval::View &view, std::string &bytes) {
  std::string header = "{'descr': '";
  for (const Code &known : codes)
    if (known.type == view.type)
      header += (eval::byteSize(view.type) == 1 || view.type == DType::BF16 ? "|" : "<") + std::string(known.text);
  header += "', 'fortran_order': False, 'shape': (";
  for (size_t d = 0; d < view.shape.size(); ++d)
    header += (d ? " " : "") + std::to_string(view.shape[d]) + ",";
  // numpy writes (2, 3) but (2,).
  if (view.shape.size() > 1)
    header.pop_back();
  header += "), }";
  // The data starts at a multiple of 64 bytes.
  size_t padded = (10 + header.size() + 1 + 63) / 64 * 64 - 10;
  header.append(padded - header.size() - 1, ' ').push_back('\n');
  if (!view.isDense())
    return "expected a dense tensor";
  bytes.append(magic, magicSize).append("\x01\x00", 2);
  bytes.push_back(static_cast<char>(padded & 0xff));
  bytes.push_back(static_cast<char>(padded >> 8));
  bytes += header;
  bytes.append(static_cast<const char *>(view.data), view.bytes());
  return "";
}

} // namespace aic::tools
