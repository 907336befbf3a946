//===- Layout.cpp - Sections of a .npub file --------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "aic/NPU/Container/Layout.h"
#include "aic/NPU/Hash.h"

#include <algorithm>
#include <map>

namespace aic::npu {
namespace {

struct DefectText {
  Defect defect;
  const char *name, *rule;
};
constexpr DefectText kDefects[] = {
#define AIC_NPUB_TEXT(id, name, rule) {Defect::id, name, rule},
    AIC_NPUB_DEFECTS(AIC_NPUB_TEXT)
#undef AIC_NPUB_TEXT
};

uint64_t alignUp(uint64_t value, uint64_t align) { return (value + align - 1) / align * align; }

bool isPowerOfTwo(uint64_t value) { return value && !(value & (value - 1)); }

std::string hashWithout(std::string_view bytes, uint64_t hashOffset) {
  Sha256 hash;
  hash.update(bytes.data(), hashOffset);
  const char zeros[kHashBytes] = {};
  hash.update(zeros, kHashBytes);
  hash.update(bytes.data() + hashOffset + kHashBytes, bytes.size() - hashOffset - kHashBytes);
  std::array<uint8_t, 32> digest = hash.finish();
  return std::string(reinterpret_cast<const char *>(digest.data()), digest.size());
}

/// Reads the header and the section table.
class SectionReader {
public:
  SectionReader(std::string_view bytes, std::vector<Section> &sections, Diagnosis &diagnosis)
      : bytes(bytes), sections(sections), diagnosis(diagnosis) {}

  bool read(bool withHash) {
    if (!readHeader())
      return false;
    uint32_t count = load<uint32_t>(bytes, kHeaderSections);
    uint64_t end = kHeaderBytes + count * kSectionEntryBytes;
    for (uint32_t i = 0; i < count; ++i)
      if (!readEntry(i, end))
        return false;
    return end == bytes.size() ? checkKinds() && (!withHash || checkHash())
                               : fail(Defect::FileSize, "the last section", "the end of the file",
                                      std::to_string(bytes.size() - end) + " bytes behind it");
  }

private:
  bool fail(Defect defect, const std::string &where, const std::string &expected, const std::string &got) {
    diagnosis = {defect, where + ": expected " + expected + ", got " + got + " [" + nameOf(defect) + "]"};
    return false;
  }
  bool failNumbers(Defect defect, const std::string &where, const std::string &expected, uint64_t got) {
    return fail(defect, where, expected, std::to_string(got));
  }

  bool readHeader() {
    if (bytes.size() < kHeaderBytes)
      return failNumbers(Defect::Truncated, "header", "64 bytes or more", bytes.size());
    if (bytes.substr(0, kMagic.size()) != kMagic)
      return fail(Defect::Magic, "header", "89 4e 50 42 0d 0a 1a 0a",
                  hex(reinterpret_cast<const uint8_t *>(bytes.data()), 8));
    if (uint16_t major = load<uint16_t>(bytes, kHeaderMajor); major != kNpubMajor)
      return failNumbers(Defect::MajorVersion, "header", "major version " + std::to_string(kNpubMajor), major);
    uint32_t crc = crc32c(bytes.data(), kHeaderCrc);
    if (crc != load<uint32_t>(bytes, kHeaderCrc))
      return failNumbers(Defect::HeaderChecksum, "header", "checksum " + std::to_string(crc),
                         load<uint32_t>(bytes, kHeaderCrc));
    if (uint32_t flags = load<uint32_t>(bytes, kHeaderFlags))
      return failNumbers(Defect::HeaderFlags, "header", "flags 0", flags);
    if (uint64_t size = load<uint64_t>(bytes, kHeaderFileSize); size != bytes.size())
      return failNumbers(Defect::FileSize, "header", "a file of " + std::to_string(size) + " bytes", bytes.size());
    if (uint32_t size = load<uint32_t>(bytes, kHeaderEntrySize); size != kSectionEntryBytes)
      return failNumbers(Defect::SectionEntrySize, "header", "section entries of 64 bytes", size);
    uint32_t count = load<uint32_t>(bytes, kHeaderSections);
    if (count == 0 || count > kMostSections)
      return failNumbers(Defect::SectionCount, "header", "1 to " + std::to_string(kMostSections) + " sections", count);
    uint64_t table = load<uint64_t>(bytes, kHeaderTable);
    if (table != kHeaderBytes || kHeaderBytes + count * kSectionEntryBytes > bytes.size())
      return fail(Defect::SectionTable, "header", "a section table at byte 64 that lies in the file",
                  std::to_string(count) + " entries at byte " + std::to_string(table));
    return true;
  }

  /// Reads entry `index`; `end` is where the section before it ends.
  bool readEntry(uint32_t index, uint64_t &end) {
    std::string_view entry = bytes.substr(kHeaderBytes + index * kSectionEntryBytes, kSectionEntryBytes);
    Section section;
    section.type = load<uint32_t>(entry, kEntryType);
    section.flags = load<uint32_t>(entry, kEntryFlags);
    section.offset = load<uint64_t>(entry, kEntryOffset);
    uint64_t size = load<uint64_t>(entry, kEntrySize);
    section.memorySize = load<uint64_t>(entry, kEntryMemory);
    section.align = load<uint32_t>(entry, kEntryAlign);
    section.info = load<uint32_t>(entry, kEntryInfo);
    section.name = load<uint32_t>(entry, kEntryName);
    const SectionRule *rule = ruleOf(section.type);
    std::string where = "section " + std::to_string(index) + (rule ? std::string(" (") + rule->name + ")" : "");
    if (!rule && section.flags & kCritical)
      return failNumbers(Defect::UnknownCritical, where, "a known type for a critical section", section.type);
    uint32_t mayHave =
        rule ? rule->flags | (section.type == uint32_t(SectionType::Const) ? kZeroFill : 0) : kKnownFlags;
    if (section.flags & ~mayHave || (rule && (section.flags & rule->flags) != rule->flags))
      return failNumbers(Defect::SectionFlags, where, "flags " + std::to_string(rule ? rule->flags : kKnownFlags),
                         section.flags);
    bool isReserved = load<uint32_t>(entry, kEntryLink) == 0 && (section.info == 0 || !rule || rule->many);
    for (size_t at = kEntryPad; at < kSectionEntryBytes; ++at)
      isReserved &= entry[at] == 0;
    if (!isReserved)
      return fail(Defect::SectionReserved, where, "0 in every reserved byte", "another");
    if (!isPowerOfTwo(section.align) || section.align > kMostSectionAlign || (rule && section.align % rule->align) ||
        section.offset % section.align)
      return fail(Defect::SectionAlignment, where,
                  "an alignment of " + std::to_string(rule ? rule->align : 1) + " or a power of two above it",
                  "offset " + std::to_string(section.offset) + " with alignment " + std::to_string(section.align));
    if (section.offset > bytes.size() || size > bytes.size() - section.offset)
      return fail(Defect::SectionBounds, where, "bytes inside the file of " + std::to_string(bytes.size()),
                  std::to_string(size) + " at " + std::to_string(section.offset));
    if (section.offset < end)
      return failNumbers(Defect::SectionOverlap, where, "an offset from " + std::to_string(end) + " on",
                         section.offset);
    std::string_view gap = bytes.substr(end, section.offset - end);
    if (gap.size() >= section.align || gap.find_first_not_of('\0') != std::string_view::npos)
      return fail(Defect::Padding, where, "fewer zeros before it than its alignment", "other padding");
    bool fills = section.flags & kZeroFill;
    if (fills ? section.memorySize < size : section.memorySize != size)
      return failNumbers(Defect::SectionMemory, where, std::to_string(size) + " bytes in memory", section.memorySize);
    zeros += section.memorySize - size;
    if (zeros > kMostZeroFill || section.memorySize - size > kMostZeroFill)
      return failNumbers(Defect::SectionMemory, where,
                         "at most " + std::to_string(kMostZeroFill) + " bytes of zeros in all", zeros);
    section.bytes = bytes.substr(section.offset, size);
    bool isHash = section.type == uint32_t(SectionType::Sha256);
    uint32_t crc = isHash ? 0 : crc32c(section.bytes.data(), size);
    if (load<uint32_t>(entry, kEntryCrc) != crc)
      return failNumbers(Defect::SectionChecksum, where, "checksum " + std::to_string(crc),
                         load<uint32_t>(entry, kEntryCrc));
    end = section.offset + size;
    sections.push_back(section);
    return true;
  }

  /// Which sections there are, and how often.
  bool checkKinds() {
    std::map<std::pair<uint32_t, uint32_t>, unsigned> counts;
    for (const Section &section : sections)
      if (const SectionRule *rule = ruleOf(section.type); rule && ++counts[{section.type, section.info}] > 1)
        return fail(Defect::DuplicateSection, rule->name, "one section", "two");
    for (const SectionRule &rule : kSectionRules)
      if (rule.needed && !counts.count({uint32_t(rule.type), 0}))
        return fail(Defect::MissingSection, rule.name, "a section", "none");
    return true;
  }

  bool checkHash() {
    const Section &last = sections.back();
    if (last.type != uint32_t(SectionType::Sha256) || last.bytes.size() != kHashBytes)
      return fail(Defect::FileHashPlace, "SHA256", "32 bytes as the last section",
                  last.type == uint32_t(SectionType::Sha256) ? std::to_string(last.bytes.size()) + " bytes"
                                                             : "another last section");
    std::string hash = hashWithout(bytes, last.offset);
    if (hash == last.bytes)
      return true;
    auto text = [](std::string_view b) { return hex(reinterpret_cast<const uint8_t *>(b.data()), b.size()); };
    return fail(Defect::FileHash, "SHA256", text(hash), text(last.bytes));
  }

  std::string_view bytes;
  std::vector<Section> &sections;
  Diagnosis &diagnosis;
  uint64_t zeros = 0;
};

} // namespace

const char *nameOf(Defect defect) {
  return defect == Defect::None ? "none" : kDefects[static_cast<size_t>(defect) - 1].name;
}

const char *ruleOf(Defect defect) {
  return defect == Defect::None ? "" : kDefects[static_cast<size_t>(defect) - 1].rule;
}

std::vector<Defect> allDefects() {
  std::vector<Defect> defects;
  for (const DefectText &entry : kDefects)
    defects.push_back(entry.defect);
  return defects;
}

const SectionRule *ruleOf(uint32_t type) {
  for (const SectionRule &rule : kSectionRules)
    if (uint32_t(rule.type) == type)
      return &rule;
  return nullptr;
}

std::string composeFile(const std::vector<Section> &sections, const uint8_t *machineHash, uint16_t minor,
                        uint16_t isaMinor) {
  uint64_t size = kHeaderBytes + sections.size() * kSectionEntryBytes;
  std::vector<uint64_t> offsets;
  for (const Section &section : sections) {
    offsets.push_back(alignUp(size, section.align));
    size = offsets.back() + section.bytes.size();
  }
  std::string file(size, '\0');
  file.replace(0, kMagic.size(), kMagic);
  store<uint16_t>(file, kHeaderMajor, kNpubMajor);
  store<uint16_t>(file, kHeaderMinor, minor);
  store<uint64_t>(file, kHeaderFileSize, size);
  store<uint32_t>(file, kHeaderSections, sections.size());
  store<uint32_t>(file, kHeaderEntrySize, kSectionEntryBytes);
  store<uint64_t>(file, kHeaderTable, kHeaderBytes);
  file.replace(kHeaderMachine, kHeaderMachineBytes, reinterpret_cast<const char *>(machineHash), kHeaderMachineBytes);
  store<uint16_t>(file, kHeaderIsaMajor, kIsaMajor);
  store<uint16_t>(file, kHeaderIsaMinor, isaMinor);
  for (size_t i = 0; i < sections.size(); ++i) {
    const Section &section = sections[i];
    size_t entry = kHeaderBytes + i * kSectionEntryBytes;
    store<uint32_t>(file, entry + kEntryType, section.type);
    store<uint32_t>(file, entry + kEntryFlags, section.flags);
    store<uint64_t>(file, entry + kEntryOffset, offsets[i]);
    store<uint64_t>(file, entry + kEntrySize, section.bytes.size());
    store<uint64_t>(file, entry + kEntryMemory, section.memorySize);
    store<uint32_t>(file, entry + kEntryAlign, section.align);
    store<uint32_t>(file, entry + kEntryInfo, section.info);
    store<uint32_t>(file, entry + kEntryName, section.name);
    file.replace(offsets[i], section.bytes.size(), section.bytes);
  }
  repairChecksums(file);
  return file;
}

void repairChecksums(std::string &bytes) {
  if (bytes.size() < kHeaderBytes)
    return;
  uint64_t count = std::min<uint64_t>(load<uint32_t>(bytes, kHeaderSections), kMostSections), hash = bytes.size();
  for (uint64_t i = 0, entry = kHeaderBytes; i < count; ++i, entry += kSectionEntryBytes) {
    if (entry + kSectionEntryBytes > bytes.size())
      break;
    uint64_t offset = load<uint64_t>(bytes, entry + kEntryOffset), size = load<uint64_t>(bytes, entry + kEntrySize);
    bool isInside =
        offset >= kHeaderBytes + count * kSectionEntryBytes && offset <= bytes.size() && size <= bytes.size() - offset;
    bool isHash = load<uint32_t>(bytes, entry + kEntryType) == uint32_t(SectionType::Sha256);
    if (isInside)
      store<uint32_t>(bytes, entry + kEntryCrc, isHash ? 0 : crc32c(bytes.data() + offset, size));
    if (isInside && isHash && size == kHashBytes)
      hash = offset;
  }
  store<uint32_t>(bytes, kHeaderCrc, crc32c(bytes.data(), kHeaderCrc));
  if (hash != bytes.size())
    bytes.replace(hash, kHashBytes, hashWithout(bytes, hash));
}

bool readSections(std::string_view bytes, std::vector<Section> &sections, Diagnosis &diagnosis, bool withHash) {
  sections.clear();
  return SectionReader(bytes, sections, diagnosis).read(withHash);
}

unsigned elementBytes(const std::string &dtype) {
  static const std::map<std::string, unsigned> sizes = {{"i1", 1},   {"i8", 1},  {"u8", 1},  {"i16", 2}, {"u16", 2},
                                                        {"i32", 4},  {"u32", 4}, {"i64", 8}, {"u64", 8}, {"f16", 2},
                                                        {"bf16", 2}, {"f32", 4}, {"f64", 8}};
  auto it = sizes.find(dtype);
  return it == sizes.end() ? 0 : it->second;
}

void appendVarint(std::string &bytes, uint64_t value) {
  for (; value >= 128; value >>= 7)
    bytes += static_cast<char>(value | 128);
  bytes += static_cast<char>(value);
}

std::optional<uint64_t> takeVarint(std::string_view &bytes) {
  uint64_t value = 0;
  for (unsigned i = 0; i < 10 && i < bytes.size(); ++i) {
    uint64_t byte = static_cast<uint8_t>(bytes[i]);
    if (i == 9 && byte > 1)
      return std::nullopt;
    value |= (byte & 127) << (7 * i);
    if (byte & 128)
      continue;
    if (byte == 0 && i > 0)
      return std::nullopt;
    bytes.remove_prefix(i + 1);
    return value;
  }
  return std::nullopt;
}

} // namespace aic::npu
