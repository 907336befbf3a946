// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// One broken file or more for each defect. Checksums and hashes are right unless they are what is wrong.

#include "Sample.h"
#include "aic/NPU/Hash.h"

namespace aic::npu {
namespace {

using File = const std::string &;
using Type = SectionType;

/// Sets a number of the header and repairs the checksums.
template <typename T> std::string header(File good, size_t at, T value) {
  std::string bytes = good;
  store<T>(bytes, at, value);
  repairChecksums(bytes);
  return bytes;
}

size_t entryOf(File good, Type type) { return kHeaderBytes + Editor(good).index(type) * kSectionEntryBytes; }

/// Sets a number of a section's entry and repairs the checksums.
template <typename T> std::string entry(File good, Type type, size_t at, T value) {
  return header<T>(good, entryOf(good, type) + at, value);
}

/// Sets a number inside a section.
template <typename T> std::string inside(File good, Type type, size_t at, T value) {
  Editor editor(good);
  store<T>(editor.content(type), at, value);
  return editor.compose();
}

template <typename EditT> std::string edited(File good, EditT edit) {
  Editor editor(good);
  edit(editor);
  return editor.compose();
}

Section extra(uint32_t type, uint32_t flags) {
  Section section;
  section.type = type, section.flags = flags;
  return section;
}

std::string emptyMachine(File good, const std::string &json) {
  return edited(good, [&](Editor &e) { e.content(Type::Machine) = json; });
}

/// The file of a program that writeNpub would refuse: CODE is replaced, with the count in PROGRAM.
std::string code(File good, const std::vector<Instruction> &instructions) {
  return edited(good, [&](Editor &e) {
    std::string bytes, error;
    for (const Instruction &inst : instructions)
      EXPECT_TRUE(encode(inst, bytes, error)) << error;
    e.content(Type::Code) = bytes;
    store<uint64_t>(e.content(Type::Program), kProgramRecord + 16, instructions.size());
    e.remove(Type::DebugLine);
  });
}
std::string codeBeforeHalt(File good, std::vector<Instruction> instructions) {
  instructions.push_back(make(Opcode::HALT));
  return code(good, instructions);
}
Instruction loop() { return with(make(Opcode::LOOP), {{Field::trip, 2}}); }

// Parts of IO: the third and the fourth tensor, the extents.
constexpr size_t kState = kIoHeader + 2 * kIoRecord, kNext = kState + kIoRecord, kDims = kNext + kIoRecord;

const std::vector<BrokenFile> kBroken = {
    {Defect::Truncated, "empty", [](File) { return std::string(); }},
    {Defect::Truncated, "63 bytes", [](File good) { return good.substr(0, 63); }},
    {Defect::Magic, "text mode", [](File good) { return header<uint8_t>(good, 4, '\n'); }},
    {Defect::HeaderChecksum, "checksum",
     [](File good) {
       std::string bytes = good;
       bytes[kHeaderCrc] ^= 1;
       return bytes;
     }},
    {Defect::MajorVersion, "newer", [](File good) { return header<uint16_t>(good, kHeaderMajor, kNpubMajor + 1); }},
    {Defect::HeaderFlags, "flag", [](File good) { return header<uint32_t>(good, kHeaderFlags, 1); }},
    {Defect::FileSize, "cut", [](File good) { return good.substr(0, good.size() - 1); }},
    {Defect::FileSize, "byte behind the last section",
     [](File good) { return header<uint64_t>(good + '\0', kHeaderFileSize, good.size() + 1); }},
    {Defect::SectionCount, "none", [](File good) { return header<uint32_t>(good, kHeaderSections, 0); }},
    {Defect::SectionCount, "1025", [](File good) { return header<uint32_t>(good, kHeaderSections, 1025); }},
    {Defect::SectionEntrySize, "32", [](File good) { return header<uint32_t>(good, kHeaderEntrySize, 32); }},
    {Defect::SectionTable, "elsewhere", [](File good) { return header<uint64_t>(good, kHeaderTable, 128); }},
    {Defect::SectionTable, "too long", [](File good) { return header<uint32_t>(good, kHeaderSections, 1024); }},
    {Defect::SectionFlags, "not critical", [](File good) { return entry<uint32_t>(good, Type::Io, kEntryFlags, 0); }},
    {Defect::SectionFlags, "unknown flag",
     [](File good) { return edited(good, [](Editor &e) { e.add(extra(1000, 8), "x"); }); }},
    {Defect::SectionReserved, "link", [](File good) { return entry<uint32_t>(good, Type::Io, kEntryLink, 1); }},
    {Defect::SectionReserved, "pad", [](File good) { return entry<uint8_t>(good, Type::Io, kEntryPad + 11, 1); }},
    {Defect::SectionReserved, "info", [](File good) { return entry<uint32_t>(good, Type::Io, kEntryInfo, 1); }},
    {Defect::SectionAlignment, "zero", [](File good) { return entry<uint32_t>(good, Type::Code, kEntryAlign, 0); }},
    {Defect::SectionAlignment, "three", [](File good) { return entry<uint32_t>(good, Type::Strtab, kEntryAlign, 3); }},
    {Defect::SectionAlignment, "too small", [](File good) { return entry<uint32_t>(good, Type::Const, kEntryAlign, 32); }},
    {Defect::SectionAlignment, "offset",
     [](File good) {
       return entry<uint64_t>(good, Type::Code, kEntryOffset, load<uint64_t>(good, entryOf(good, Type::Code) + 8) + 8);
     }},
    {Defect::SectionBounds, "size", [](File good) { return entry<uint64_t>(good, Type::Code, kEntrySize, 1 << 20); }},
    {Defect::SectionBounds, "offset", [](File good) { return entry<uint64_t>(good, Type::Code, kEntryOffset, ~15ull); }},
    {Defect::SectionOverlap, "same place",
     [](File good) {
       return entry<uint64_t>(good, Type::Program, kEntryOffset, load<uint64_t>(good, entryOf(good, Type::Semtab) + 8));
     }},
    {Defect::SectionOverlap, "over the table", [](File good) { return entry<uint64_t>(good, Type::Strtab, kEntryOffset, 64); }},
    {Defect::Padding, "not zero",
     [](File good) {
       std::string bytes = good;
       uint64_t at = load<uint64_t>(good, entryOf(good, Type::Const) + kEntryOffset);
       bytes[at - 1] = 1;
       repairChecksums(bytes);
       return bytes;
     }},
    {Defect::Padding, "too long",
     [](File good) {
       std::string spread = edited(good, [](Editor &e) { e.section(Type::Constloc).align = 4096; });
       return entry<uint32_t>(spread, Type::Constloc, kEntryAlign, 8);
     }},
    {Defect::SectionChecksum, "weights",
     [](File good) {
       std::string bytes = good;
       bytes[load<uint64_t>(good, entryOf(good, Type::Const) + kEntryOffset) + 5] ^= 4;
       return bytes;
     }},
    {Defect::UnknownCritical, "type 1000",
     [](File good) { return edited(good, [](Editor &e) { e.add(extra(1000, kCritical), "x"); }); }},
    {Defect::MissingSection, "IO", [](File good) { return edited(good, [](Editor &e) { e.remove(Type::Io); }); }},
    {Defect::MissingSection, "SHA256", [](File good) { return edited(good, [](Editor &e) { e.remove(Type::Sha256); }); }},
    {Defect::DuplicateSection, "PROGRAM",
     [](File good) {
       return edited(good, [](Editor &e) { e.add(e.section(Type::Program), e.content(Type::Program)); });
     }},
    {Defect::SectionMemory, "without ZEROFILL",
     [](File good) { return entry<uint64_t>(good, Type::Const, kEntryMemory, 101); }},
    {Defect::SectionMemory, "too many zeros",
     [](File good) {
       return edited(good, [](Editor &e) {
         e.section(Type::Const).flags |= kZeroFill;
         e.section(Type::Const).memorySize = kMostZeroFill + 101;
       });
     }},
    {Defect::FileHashPlace, "31 bytes",
     [](File good) { return edited(good, [](Editor &e) { e.content(Type::Sha256).pop_back(); }); }},
    {Defect::FileHashPlace, "not last",
     [](File good) {
       return edited(good, [](Editor &e) { e.append(extra(1000, 0), "x"); });
     }},
    {Defect::FileHash, "a bit of the hash",
     [](File good) {
       std::string bytes = good;
       bytes.back() ^= 1;
       return bytes;
     }},
    {Defect::FileHash, "a bit of the section table",
     [](File good) {
       std::string bytes = edited(good, [](Editor &e) { e.add(extra(1000, 0), "x"); });
       bytes[kHeaderBytes + (load<uint32_t>(bytes, kHeaderSections) - 2) * kSectionEntryBytes + kEntryType] ^= 1;
       return bytes;
     }},
    {Defect::StringTable, "no end", [](File good) { return edited(good, [](Editor &e) { e.content(Type::Strtab) += 'x'; }); }},
    {Defect::StringTable, "debug names",
     [](File good) { return edited(good, [](Editor &e) { e.content(Type::DebugStr)[0] = 'x'; }); }},
    {Defect::StringOffset, "of a section", [](File good) { return entry<uint32_t>(good, Type::Io, kEntryName, 1 << 20); }},
    {Defect::StringOffset, "of a node", [](File good) { return inside<uint32_t>(good, Type::DebugOps, 0, 1 << 20); }},
    {Defect::StringOffset, "of a tensor", [](File good) { return inside<uint32_t>(good, Type::Io, kIoHeader, ~0u); }},
    {Defect::SectionName, "IO", [](File good) { return entry<uint32_t>(good, Type::Io, kEntryName, 0); }},
    {Defect::MachineText, "no JSON", [](File good) { return emptyMachine(good, "{"); }},
    {Defect::MachineText, "bad machine", [](File good) { return emptyMachine(good, "{\"name\":\"x\"}"); }},
    {Defect::MachineCanonical, "a space",
     [](File good) { return edited(good, [](Editor &e) { e.content(Type::Machine) += ' '; }); }},
    {Defect::MachineHash, "header", [](File good) { return header<uint8_t>(good, kHeaderMachine, good[kHeaderMachine] ^ 1); }},
    {Defect::MachineHash, "another machine",
     [](File good) { return emptyMachine(good, loadSampleMachine("edge-512").canonicalJson); }},
    {Defect::IsaVersion, "2", [](File good) { return header<uint16_t>(good, kHeaderIsaMajor, kIsaMajor + 1); }},
    {Defect::TableSize, "SEGMENT", [](File good) { return edited(good, [](Editor &e) { e.content(Type::Segment) += '\0'; }); }},
    {Defect::TableSize, "IO count", [](File good) { return inside<uint32_t>(good, Type::Io, 0, 1000); }},
    {Defect::TableSize, "IO extents", [](File good) { return edited(good, [](Editor &e) { e.content(Type::Io).resize(kDims); }); }},
    {Defect::TableSize, "IO longer", [](File good) { return edited(good, [](Editor &e) { e.content(Type::Io) += '\0'; }); }},
    {Defect::TableSize, "PROGRAM", [](File good) { return edited(good, [](Editor &e) { e.content(Type::Program) += '\0'; }); }},
    {Defect::TableSize, "DEBUG_OPS", [](File good) { return edited(good, [](Editor &e) { e.content(Type::DebugOps) += '\0'; }); }},
    {Defect::Reserved, "segment", [](File good) { return inside<uint64_t>(good, Type::Segment, 24, 1); }},
    {Defect::Reserved, "tensor flags", [](File good) { return inside<uint32_t>(good, Type::Io, kIoHeader + 12, 2); }},
    {Defect::Reserved, "semaphore", [](File good) { return inside<uint32_t>(good, Type::Semtab, 12, 1); }},
    {Defect::Reserved, "weight", [](File good) { return inside<uint32_t>(good, Type::Constloc, 12, 1); }},
    {Defect::SegmentCount, "17",
     [](File good) {
       return edited(good, [](Editor &e) {
         std::string &table = e.content(Type::Segment);
         while (table.size() < 17 * kSegmentRecord)
           table += table.substr(0, kSegmentRecord);
       });
     }},
    {Defect::SegmentKind, "6", [](File good) { return inside<uint32_t>(good, Type::Segment, 0, 6); }},
    {Defect::SegmentSize, "2^40 + 1", [](File good) { return inside<uint64_t>(good, Type::Segment, 8, (1ull << 40) + 1); }},
    {Defect::SegmentAlign, "0", [](File good) { return inside<uint64_t>(good, Type::Segment, 16, 0); }},
    {Defect::SegmentAlign, "48", [](File good) { return inside<uint64_t>(good, Type::Segment, 16, 48); }},
    {Defect::SegmentAlign, "2^21", [](File good) { return inside<uint64_t>(good, Type::Segment, 16, 1 << 21); }},
    {Defect::SegmentBacking, "no bytes", [](File good) { return edited(good, [](Editor &e) { e.remove(Type::Const); }); }},
    {Defect::SegmentBacking, "too few bytes", [](File good) { return edited(good, [](Editor &e) { e.content(Type::Const).pop_back(); }); }},
    {Defect::SegmentBacking, "bytes of an input",
     [](File good) { return inside<uint32_t>(good, Type::Segment, 2 * kSegmentRecord, uint32_t(SegmentKind::Persist)); }},
    {Defect::SemaphoreId, "64", [](File good) { return inside<uint32_t>(good, Type::Semtab, 0, 64); }},
    {Defect::SemaphoreId, "twice", [](File good) { return inside<uint32_t>(good, Type::Semtab, 0, 7); }},
    {Defect::SemaphoreEngine, "S", [](File good) { return inside<uint8_t>(good, Type::Semtab, 4, 0); }},
    {Defect::SemaphoreEngine, "7", [](File good) { return inside<uint8_t>(good, Type::Semtab, 5, 7); }},
    {Defect::SemaphoreInitial, "16", [](File good) { return inside<uint16_t>(good, Type::Semtab, 6, 16); }},
    {Defect::ProgramCores, "2", [](File good) { return inside<uint32_t>(good, Type::Program, 4, 2); }},
    {Defect::ProgramCores, "core 1", [](File good) { return inside<uint32_t>(good, Type::Program, kProgramRecord, 1); }},
    {Defect::ProgramCores, "entry", [](File good) { return inside<uint64_t>(good, Type::Program, kProgramRecord + 8, 16); }},
    {Defect::ProgramArguments, "257", [](File good) { return inside<uint32_t>(good, Type::Program, 8, 257); }},
    {Defect::ProgramSizes, "scratch", [](File good) { return inside<uint64_t>(good, Type::Program, 16, 1); }},
    {Defect::ProgramSizes, "instructions", [](File good) { return inside<uint64_t>(good, Type::Program, kProgramRecord + 16, 10); }},
    {Defect::ProgramSizes, "2^60 instructions",
     [](File good) { return inside<uint64_t>(good, Type::Program, kProgramRecord + 16, 1ull << 60); }},
    {Defect::IoType, "none", [](File good) { return inside<uint32_t>(good, Type::Io, kIoHeader + 4, 0); }},
    {Defect::IoShape, "rank", [](File good) { return inside<uint32_t>(good, Type::Io, kIoHeader + 20, 9); }},
    {Defect::IoShape, "negative", [](File good) { return inside<int64_t>(good, Type::Io, kDims + kDimRecord, -1); }},
    {Defect::IoOpenDim, "argument", [](File good) { return inside<uint32_t>(good, Type::Io, kDims + 16, 2); }},
    {Defect::IoOpenDim, "range", [](File good) { return inside<int64_t>(good, Type::Io, kDims + 8, 3); }},
    {Defect::IoOpenDim, "no argument", [](File good) { return inside<uint32_t>(good, Type::Io, kDims + 16, 0); }},
    {Defect::IoSegment, "none", [](File good) { return inside<uint32_t>(good, Type::Io, kIoHeader + 16, 5); }},
    {Defect::IoSegment, "weights", [](File good) { return inside<uint32_t>(good, Type::Io, kIoHeader + 16, 2); }},
    {Defect::IoBounds, "offset", [](File good) { return inside<uint64_t>(good, Type::Io, kIoHeader + 24, 1); }},
    {Defect::IoBounds, "too few bytes", [](File good) { return inside<uint64_t>(good, Type::Io, kIoHeader + 32, 1023); }},
    {Defect::IoBounds, "extents that overflow",
     [](File good) { return inside<int64_t>(good, Type::Io, kDims + kDimRecord, INT64_MAX); }},
    {Defect::IoQuant, "NaN", [](File good) { return inside<uint32_t>(good, Type::Io, kIoHeader + 40, 0x7fc00000); }},
    {Defect::IoQuant, "negative", [](File good) { return inside<uint32_t>(good, Type::Io, kIoHeader + 40, 0xbf800000); }},
    {Defect::IoQuant, "axis", [](File good) { return inside<uint32_t>(good, Type::Io, kIoHeader + 48, 3); }},
    {Defect::IoAlias, "input", [](File good) { return inside<uint32_t>(good, Type::Io, kState + 52, 1); }},
    {Defect::IoAlias, "elsewhere", [](File good) { return inside<uint64_t>(good, Type::Io, kNext + 24, 0); }},
    {Defect::IoAlias, "none", [](File good) { return inside<uint32_t>(good, Type::Io, kNext + 52, 5); }},
    {Defect::IoAlias, "an output", [](File good) { return inside<uint32_t>(good, Type::Io, kNext + 52, 2); }},
    {Defect::ConstBounds, "segment", [](File good) { return inside<uint32_t>(good, Type::Constloc, 8, 0); }},
    {Defect::ConstBounds, "offset", [](File good) { return inside<uint64_t>(good, Type::Constloc, 16, 37); }},
    {Defect::ConstBounds, "bytes", [](File good) { return inside<uint64_t>(good, Type::Constloc, 24, ~0ull); }},
    {Defect::ConstBounds, "more than the file",
     [](File good) {
       return edited(good, [](Editor &e) {
         std::string record = e.content(Type::Constloc).substr(0, kConstRecord);
         std::array<uint8_t, 32> hash = sha256(e.content(Type::Const));
         store<uint64_t>(record, 24, 100); // all of the segment, a thousand times
         record.replace(32, hash.size(), reinterpret_cast<const char *>(hash.data()), hash.size());
         e.content(Type::Constloc).clear();
         for (int i = 0; i < 1000; ++i)
           e.content(Type::Constloc) += record;
       });
     }},
    {Defect::ConstHash, "weight", [](File good) { return inside<uint8_t>(good, Type::Constloc, 63, 0); }},
    {Defect::DebugParent, "itself", [](File good) { return inside<uint32_t>(good, Type::DebugOps, kDebugOpRecord + 12, 2); }},
    {Defect::DebugLine, "count", [](File good) { return inside<uint64_t>(good, Type::DebugLine, 0, 10); }},
    {Defect::DebugLine, "cut", [](File good) { return edited(good, [](Editor &e) { e.content(Type::DebugLine).pop_back(); }); }},
    {Defect::DebugLine, "long run", [](File good) { return inside<uint8_t>(good, Type::DebugLine, 8, 127); }},
    {Defect::DebugLine, "empty run", [](File good) { return inside<uint8_t>(good, Type::DebugLine, 8, 0); }},
    {Defect::DebugLine, "control byte", [](File good) { return inside<uint8_t>(good, Type::DebugLine, 9, 32); }},
    {Defect::DebugLine, "no operations",
     [](File good) { return edited(good, [](Editor &e) { e.remove(Type::Perfhint), e.remove(Type::DebugOps); }); }},
    {Defect::PerfHint, "one more", [](File good) { return edited(good, [](Editor &e) { e.content(Type::Perfhint) += std::string(8, '\0'); }); }},
    {Defect::BuildInfo, "no end", [](File good) { return edited(good, [](Editor &e) { e.content(Type::Buildinfo).pop_back(); }); }},
    {Defect::BuildInfo, "no value", [](File good) { return edited(good, [](Editor &e) { e.content(Type::Buildinfo) = "a\nb=1\n"; }); }},
    {Defect::BuildInfo, "order", [](File good) { return edited(good, [](Editor &e) { e.content(Type::Buildinfo) = "b=1\na=1\n"; }); }},
    {Defect::BuildInfo, "twice", [](File good) { return edited(good, [](Editor &e) { e.content(Type::Buildinfo) = "a=1\na=1\n"; }); }},
    {Defect::CodeSize, "15 bytes", [](File good) { return edited(good, [](Editor &e) { e.content(Type::Code).pop_back(); }); }},
    {Defect::CodeDecode, "opcode", [](File good) { return inside<uint8_t>(good, Type::Code, 0, 0xff); }},
    {Defect::CodeDecode, "reserved bit", [](File good) { return inside<uint8_t>(good, Type::Code, 15, 0x80); }},
    {Defect::CodeDecode, "cut instruction",
     [](File good) {
       return edited(good, [](Editor &e) { e.content(Type::Code).resize(e.content(Type::Code).size() - 32); });
     }},
    {Defect::CodeHalt, "none", [](File good) { return code(good, {make(Opcode::NOP)}); }},
    {Defect::CodeHalt, "no instruction", [](File good) { return code(good, {}); }},
    {Defect::CodeHalt, "two", [](File good) { return codeBeforeHalt(good, {make(Opcode::HALT), make(Opcode::NOP)}); }},
    {Defect::CodeLoop, "open", [](File good) { return codeBeforeHalt(good, {loop(), make(Opcode::NOP)}); }},
    {Defect::CodeLoop, "not open", [](File good) { return codeBeforeHalt(good, {make(Opcode::ENDLOOP)}); }},
    {Defect::CodeLoopDepth, "9",
     [](File good) {
       std::vector<Instruction> nest(9, loop());
       nest.insert(nest.end(), 9, make(Opcode::ENDLOOP));
       return codeBeforeHalt(good, nest);
     }},
    {Defect::CodeLoopIndex, "outside", [](File good) { return codeBeforeHalt(good, {make(Opcode::SETP)}); }},
    {Defect::CodeArgument, "1",
     [](File good) { return codeBeforeHalt(good, {with(make(Opcode::LDARG), {{Field::ar, 1}, {Field::arg, 1}})}); }},
    {Defect::CodeSemaphoreUndeclared, "wait",
     [](File good) { return codeBeforeHalt(good, {copy(Opcode::LD, global(0, 0), local(Space::L1, 0), 4, 1)}); }},
    {Defect::CodeSemaphoreUndeclared, "signal",
     [](File good) { return codeBeforeHalt(good, {copy(Opcode::LD, global(0, 0), local(Space::L1, 0), 4, -1, 63)}); }},
    {Defect::CodeSemaphoreEngine, "wait",
     [](File good) { return codeBeforeHalt(good, {copy(Opcode::LD, global(0, 0), local(Space::L1, 0), 4, 7)}); }},
    {Defect::CodeSemaphoreEngine, "signal",
     [](File good) { return codeBeforeHalt(good, {with(make(Opcode::SSIG, Engine::MX), {}, -1, 7)}); }},
    {Defect::CodeSemaphoreEngine, "sequencer", [](File good) { return codeBeforeHalt(good, {with(make(Opcode::NOP), {}, 0)}); }},
    {Defect::CodeSemaphoreMissing, "SWAIT", [](File good) { return codeBeforeHalt(good, {make(Opcode::SWAIT, Engine::LD)}); }},
    {Defect::CodeSemaphoreMissing, "SSIG", [](File good) { return codeBeforeHalt(good, {make(Opcode::SSIG, Engine::LD)}); }},
    {Defect::CodeSegment, "5",
     [](File good) { return codeBeforeHalt(good, {copy(Opcode::LD, global(5, 0), local(Space::L1, 0), 4)}); }},
    {Defect::CodeSegmentWrite, "input",
     [](File good) { return codeBeforeHalt(good, {copy(Opcode::ST, local(Space::L1, 0), global(0, 0), 4)}); }},
    {Defect::CodeSegmentWrite, "weights",
     [](File good) { return codeBeforeHalt(good, {copy(Opcode::ST, local(Space::L1, 0), global(2, 0), 4)}); }},
    {Defect::CodeSegmentBounds, "one byte too far",
     [](File good) { return codeBeforeHalt(good, {copy(Opcode::LD, global(0, 1021), local(Space::L1, 0), 4)}); }},
    {Defect::CodeSegmentBounds, "in the last iteration",
     [](File good) {
       return codeBeforeHalt(good, {with(make(Opcode::SETA), {{Field::ar, 1}, {Field::value, 0}}),
                                    with(make(Opcode::LOOP), {{Field::trip, 9}, {Field::ar0, 1}, {Field::inc0, 128}}),
                                    copy(Opcode::LD, global(0, 0, 1), local(Space::L1, 0), 128), make(Opcode::ENDLOOP)});
     }},
    {Defect::CodeSegmentBounds, "before the start",
     [](File good) {
       return codeBeforeHalt(good, {with(make(Opcode::SETA), {{Field::ar, 1}, {Field::value, -1}}),
                                    copy(Opcode::LD, global(0, 0, 1), local(Space::L1, 0), 128)});
     }},
    {Defect::CodeSpaceBounds, "L1",
     [](File good) { return codeBeforeHalt(good, {copy(Opcode::LD, global(0, 0), local(Space::L1, 524288 - 32), 33)}); }},
    {Defect::CodeSpaceBounds, "a vector behind VB",
     [](File good) {
       return codeBeforeHalt(good, {with(make(Opcode::ADD), {{Field::dst, local(Space::VB, 65536)},
                                                             {Field::s0, local(Space::VB, 0)},
                                                             {Field::s1, local(Space::VB, 0)},
                                                             {Field::len, 1},
                                                             {Field::rep, 1}})});
     }},
    {Defect::CodePath, "no such way",
     [](File) {
       Program program = sampleProgram();
       program.code = {with(make(Opcode::FXOUT), {{Field::c, local(Space::C0, 0)},
                                                  {Field::dst, local(Space::VB, 0)},
                                                  {Field::m, 1},
                                                  {Field::n, 1}}),
                       make(Opcode::HALT)};
       program.debugLines.clear();
       // edge-256 has the way; the same program in a file for the machine without it.
       std::string good = sampleFile(program);
       Machine other = loadSampleMachine("ascend910b-like");
       std::string bytes = emptyMachine(good, other.canonicalJson);
       bytes.replace(kHeaderMachine, kHeaderMachineBytes, reinterpret_cast<const char *>(other.sha256.data()),
                     kHeaderMachineBytes);
       repairChecksums(bytes);
       return bytes;
     }},
};

} // namespace

const std::vector<BrokenFile> &brokenFiles() { return kBroken; }

} // namespace aic::npu
