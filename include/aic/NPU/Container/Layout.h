//===- Layout.h - The parts of a .npub file -----------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the writer and the reader agree on: docs/NPU/Container.md in C++. For them, for tests and for the fuzzer.
//
//===----------------------------------------------------------------------===//

#ifndef AIC_NPU_CONTAINER_LAYOUT_H
#define AIC_NPU_CONTAINER_LAYOUT_H

#include "aic/NPU/Container/Container.h"

#include <optional>

namespace aic::npu {

constexpr std::string_view kMagic("\x89NPB\r\n\x1a\n", 8);
constexpr size_t kHeaderBytes = 64, kSectionEntryBytes = 64, kMostSections = 1024, kHashBytes = 32;
// Fields of the header.
constexpr size_t kHeaderMajor = 8, kHeaderMinor = 10, kHeaderFlags = 12, kHeaderFileSize = 16, kHeaderSections = 24,
                 kHeaderEntrySize = 28, kHeaderTable = 32, kHeaderMachine = 40, kHeaderMachineBytes = 16,
                 kHeaderIsaMajor = 56, kHeaderIsaMinor = 58, kHeaderCrc = 60;
// Fields of an entry of the section table.
constexpr size_t kEntryType = 0, kEntryFlags = 4, kEntryOffset = 8, kEntrySize = 16, kEntryMemory = 24,
                 kEntryAlign = 32, kEntryLink = 36, kEntryInfo = 40, kEntryName = 44, kEntryCrc = 48, kEntryPad = 52;
// Bytes of a record.
constexpr size_t kSegmentRecord = 32, kIoHeader = 8, kIoRecord = 64, kDimRecord = 24, kSemaphoreRecord = 16,
                 kProgramRecord = 32, kCoreRecord = 32, kConstRecord = 64, kDebugOpRecord = 32, kPerfRecord = 8,
                 kLineHeader = 8;
constexpr uint64_t kMostSegmentBytes = uint64_t(1) << 40, kMostSegmentAlign = 1 << 20, kMostSectionAlign = 1 << 20;
constexpr size_t kMostRank = 8, kMostArguments = 256;
// Zeros that a file may ask for without holding them.
constexpr uint64_t kMostZeroFill = 1 << 20;

enum SectionFlag : uint32_t { kCritical = 1, kZeroFill = 2, kStrippable = 4, kKnownFlags = 7 };

enum class SectionType : uint32_t {
  Strtab = 1,
  Machine,
  Segment,
  Io,
  Semtab,
  Program,
  Code,
  Const,
  Constloc,
  DebugStr,
  DebugOps,
  DebugLine,
  Perfhint,
  Buildinfo,
  Sha256,
};

struct SectionRule {
  SectionType type;
  const char *name;
  uint32_t flags;    // a section of this type has these, and may have ZEROFILL if `many`
  bool needed, many; // many: one for each `info`, which the name ends with
  uint32_t align;
};
constexpr SectionRule kSectionRules[] = {
    {SectionType::Strtab, "STRTAB", kCritical, true, false, 1},
    {SectionType::Machine, "MACHINE", kCritical, true, false, 1},
    {SectionType::Segment, "SEGMENT", kCritical, true, false, 8},
    {SectionType::Io, "IO", kCritical, true, false, 8},
    {SectionType::Semtab, "SEMTAB", kCritical, true, false, 8},
    {SectionType::Program, "PROGRAM", kCritical, true, false, 8},
    {SectionType::Code, "CODE", kCritical, true, true, 16},
    {SectionType::Const, "CONST", kCritical, false, true, 64},
    {SectionType::Constloc, "CONSTLOC", 0, false, false, 8},
    {SectionType::DebugStr, "DEBUG_STR", kStrippable, false, false, 1},
    {SectionType::DebugOps, "DEBUG_OPS", kStrippable, false, false, 8},
    {SectionType::DebugLine, "DEBUG_LINE", kStrippable, false, false, 8},
    {SectionType::Perfhint, "PERFHINT", kStrippable, false, false, 8},
    {SectionType::Buildinfo, "BUILDINFO", 0, false, false, 1},
    {SectionType::Sha256, "SHA256", kCritical, true, false, 32},
};
/// Null for a type that this version does not know.
const SectionRule *ruleOf(uint32_t type);

struct Section {
  uint32_t type = 0, flags = 0, align = 1, info = 0, name = 0;
  uint64_t memorySize = 0;
  std::string_view bytes; // of the file, or of whoever composes one
  uint64_t offset = 0;    // in a file that was read
};

/// Puts a file together: offsets, padding, checksums and the hash. The last section must be SHA256; its bytes are not
/// read.
std::string composeFile(const std::vector<Section> &sections, const uint8_t *machineHash, uint16_t minor,
                        uint16_t isaMinor);

/// Sets what is computed from other bytes of a file: checksums and the hash, wherever they can be found. For tools
/// that change a file on purpose.
void repairChecksums(std::string &bytes);

/// The sections of a file with all that holds for any section checked, but for the file's hash on request. False with
/// the first defect.
bool readSections(std::string_view bytes, std::vector<Section> &sections, Diagnosis &diagnosis, bool withHash = true);

/// Bytes that an element of a host tensor takes; 0 for an unknown name.
unsigned elementBytes(const std::string &dtype);

/// Little-endian numbers from bytes that are known to be there.
template <typename T> T load(std::string_view bytes, size_t at) {
  uint64_t value = 0;
  for (size_t i = 0; i < sizeof(T); ++i)
    value |= uint64_t(static_cast<uint8_t>(bytes[at + i])) << (8 * i);
  return static_cast<T>(value);
}

template <typename T> void store(std::string &bytes, size_t at, T value) {
  for (size_t i = 0; i < sizeof(T); ++i)
    bytes[at + i] = static_cast<char>(static_cast<uint64_t>(value) >> (8 * i));
}

template <typename T> void append(std::string &bytes, T value) {
  bytes.resize(bytes.size() + sizeof(T));
  store(bytes, bytes.size() - sizeof(T), value);
}

// Numbers of variable length: seven bits a byte, low ones first; signed ones with the sign in bit 0.
void appendVarint(std::string &bytes, uint64_t value);
inline void appendSigned(std::string &bytes, int64_t value) {
  appendVarint(bytes, value < 0 ? ~(static_cast<uint64_t>(value) << 1) : static_cast<uint64_t>(value) << 1);
}
/// Takes a number from the front. None for one that is cut, too long or written longer than it needs.
std::optional<uint64_t> takeVarint(std::string_view &bytes);
inline std::optional<int64_t> takeSigned(std::string_view &bytes) {
  std::optional<uint64_t> value = takeVarint(bytes);
  if (!value)
    return std::nullopt;
  return static_cast<int64_t>(*value & 1 ? ~(*value >> 1) : *value >> 1);
}

} // namespace aic::npu

#endif // AIC_NPU_CONTAINER_LAYOUT_H
