// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Npz.cpp - Zip archives of npy files --------------------------------===//
//
// Reading goes by the central directory at the end of the archive (with its
// 64-bit extension, which numpy uses), so local headers are only skipped.
//
//===----------------------------------------------------------------------===//
#include "aic/Tools/TensorFile.h"

#include <cstring>
#include <optional>
#include <zlib.h>

namespace aic::tools {

namespace {

constexpr uint32_t localMagic = 0x04034b50, entryMagic = 0x02014b50, endMagic = 0x06054b50;
constexpr size_t localSize = 30, entrySize = 46, endSize = 22, end64Size = 56;
constexpr uint32_t saturated = 0xffffffff;

template <typename T> T load(std::string_view bytes, size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

template <typename T> void store(std::string &bytes, T value) {
  bytes.append(reinterpret_cast<const char *>(&value), sizeof value);
}

struct Entry {
  std::string name;
  uint16_t method = 0;
  uint32_t crc = 0;
  uint64_t packed = 0, size = 0, offset = 0;
};

/// Takes what a 64-bit extra field says about the saturated fields of an entry.
void widen(Entry &entry, std::string_view extra) {
  while (extra.size() >= 4) {
    size_t id = load<uint16_t>(extra, 0), length = load<uint16_t>(extra, 2);
    extra.remove_prefix(4);
    if (length > extra.size())
      return;
    if (id == 1) {
      std::string_view values = extra.substr(0, length);
      for (uint64_t *field : {&entry.size, &entry.packed, &entry.offset})
        if (*field == saturated && values.size() >= 8) {
          *field = load<uint64_t>(values, 0);
          values.remove_prefix(8);
        }
    }
    extra.remove_prefix(length);
  }
}

std::string findDirectory(std::string_view bytes, uint64_t &count, uint64_t &offset) {
  size_t at = bytes.size() < endSize ? std::string_view::npos : bytes.rfind("PK\x05\x06", bytes.size() - endSize);
  if (at == std::string_view::npos)
    return "expected an npz archive, got a truncated file or other content";
  count = load<uint16_t>(bytes, at + 10);
  offset = load<uint32_t>(bytes, at + 16);
  size_t at64 = bytes.rfind("PK\x06\x06", at);
  if ((count == 0xffff || offset == saturated) && at64 != std::string_view::npos && bytes.size() - at64 >= end64Size) {
    count = load<uint64_t>(bytes, at64 + 32);
    offset = load<uint64_t>(bytes, at64 + 48);
  }
  return "";
}

std::string inflateEntry(std::string_view packed, uint64_t size, std::string &content) {
  // Deflate packs at most a thousandfold: a larger claim is not believed before memory is taken for it.
  if (size / 1100 > packed.size())
    return "has an impossible size";
  content.resize(size);
  z_stream stream = {};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK)
    return "cannot be inflated";
  int status = Z_OK;
  for (size_t in = 0, out = 0; status == Z_OK;) {
    constexpr size_t most = 1 << 30;
    stream.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(packed.data() + in));
    stream.avail_in = static_cast<uInt>(std::min(packed.size() - in, most));
    stream.next_out = reinterpret_cast<Bytef *>(content.data() + out);
    stream.avail_out = static_cast<uInt>(std::min<size_t>(size - out, most));
    uInt availableIn = stream.avail_in, availableOut = stream.avail_out;
    status = inflate(&stream, Z_NO_FLUSH);
    in += availableIn - stream.avail_in;
    out += availableOut - stream.avail_out;
    if (status == Z_OK && availableIn == stream.avail_in && availableOut == stream.avail_out)
      break;
  }
  bool whole = status == Z_STREAM_END && stream.total_out == size;
  inflateEnd(&stream);
  return whole ? "" : "is damaged";
}

std::string readEntry(std::string_view bytes, const Entry &entry, std::string &content) {
  if (entry.offset > bytes.size() || bytes.size() - entry.offset < localSize ||
      load<uint32_t>(bytes, entry.offset) != localMagic)
    return "is damaged";
  uint64_t start =
      entry.offset + localSize + load<uint16_t>(bytes, entry.offset + 26) + load<uint16_t>(bytes, entry.offset + 28);
  if (start > bytes.size() || bytes.size() - start < entry.packed)
    return "is truncated";
  std::string_view packed = bytes.substr(start, entry.packed);
  if (entry.method == 0)
    content = packed;
  else if (entry.method != 8)
    return "has the unknown compression " + std::to_string(entry.method);
  else if (std::string error = inflateEntry(packed, entry.size, content); !error.empty())
    return error;
  uint32_t crc = crc32_z(0, reinterpret_cast<const Bytef *>(content.data()), content.size());
  return crc == entry.crc ? "" : "has a wrong checksum";
}

/// The next entry of the central directory; moves `at` behind it.
std::optional<Entry> nextEntry(std::string_view bytes, uint64_t &at) {
  if (at > bytes.size() || bytes.size() - at < entrySize || load<uint32_t>(bytes, at) != entryMagic)
    return std::nullopt;
  size_t nameSize = load<uint16_t>(bytes, at + 28), extraSize = load<uint16_t>(bytes, at + 30);
  size_t commentSize = load<uint16_t>(bytes, at + 32);
  if (bytes.size() - at - entrySize < nameSize + extraSize + commentSize)
    return std::nullopt;
  Entry entry;
  entry.method = load<uint16_t>(bytes, at + 10);
  entry.crc = load<uint32_t>(bytes, at + 16);
  entry.packed = load<uint32_t>(bytes, at + 20);
  entry.size = load<uint32_t>(bytes, at + 24);
  entry.offset = load<uint32_t>(bytes, at + 42);
  entry.name = bytes.substr(at + entrySize, nameSize);
  widen(entry, bytes.substr(at + entrySize + nameSize, extraSize));
  at += entrySize + nameSize + extraSize + commentSize;
  return entry;
}

/// What local header and directory entry have in common, from the version to the extra field's length.
void storeCommon(std::string &bytes, const Entry &entry) {
  store<uint16_t>(bytes, 20);                  // version
  store<uint16_t>(bytes, 1 << 11);             // names are UTF-8
  store<uint16_t>(bytes, 0);                   // stored
  store<uint32_t>(bytes, (1 << 21) | 1 << 16); // 1980-01-01
  store<uint32_t>(bytes, entry.crc);
  store<uint32_t>(bytes, static_cast<uint32_t>(entry.size));
  store<uint32_t>(bytes, static_cast<uint32_t>(entry.size));
  store<uint16_t>(bytes, static_cast<uint16_t>(entry.name.size()));
  store<uint16_t>(bytes, 0);
}

} // namespace

std::string parseNpz(std::string_view bytes, NamedTensors &tensors) {
  uint64_t count = 0, at = 0;
  if (std::string error = findDirectory(bytes, count, at); !error.empty())
    return error;
  for (; count > 0; --count) {
    std::optional<Entry> entry = nextEntry(bytes, at);
    if (!entry)
      return "expected " + std::to_string(count) + " more entries in the npz archive, got a damaged directory";
    std::string name = entry->name, content;
    if (name.size() > 4 && name.compare(name.size() - 4, 4, ".npy") == 0)
      name.resize(name.size() - 4);
    if (std::string error = readEntry(bytes, *entry, content); !error.empty())
      return "entry '" + name + "' " + error;
    eval::Tensor tensor;
    if (std::string error = parseNpy(content, tensor); !error.empty())
      return "entry '" + name + "': " + error;
    tensors.emplace_back(std::move(name), std::move(tensor));
  }
  return "";
}

std::string formatNpz(const NamedTensors &tensors, std::string &bytes) {
  std::string directory;
  for (const auto &[name, tensor] : tensors) {
    Entry entry;
    std::string content;
    if (std::string error = formatNpy(tensor, content); !error.empty())
      return "'" + name + "': " + error;
    entry.name = name + ".npy";
    entry.size = content.size();
    entry.offset = bytes.size();
    if (entry.offset + entry.size > 0xfffff000u || entry.name.size() > 0xffff || tensors.size() > 0xfffe)
      return "expected at most 4 GB of tensors in an npz archive";
    entry.crc = crc32_z(0, reinterpret_cast<const Bytef *>(content.data()), content.size());
    store(bytes, localMagic);
    storeCommon(bytes, entry);
    bytes += entry.name;
    bytes += content;
    store(directory, entryMagic);
    store<uint16_t>(directory, 20);
    storeCommon(directory, entry);
    directory.append(10, '\0'); // comment, disk, attributes
    store<uint32_t>(directory, static_cast<uint32_t>(entry.offset));
    directory += entry.name;
  }
  uint32_t offset = static_cast<uint32_t>(bytes.size());
  bytes += directory;
  store(bytes, endMagic);
  store<uint32_t>(bytes, 0); // disks
  store<uint16_t>(bytes, static_cast<uint16_t>(tensors.size()));
  store<uint16_t>(bytes, static_cast<uint16_t>(tensors.size()));
  store<uint32_t>(bytes, static_cast<uint32_t>(directory.size()));
  store<uint32_t>(bytes, offset);
  store<uint16_t>(bytes, 0);
  return "";
}

} // namespace aic::tools
