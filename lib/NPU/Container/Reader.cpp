//===- Reader.cpp - From a .npub file to a program --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Nothing is believed before it has been checked: what a table says about the size of another is compared with that
// other one, and memory is only asked for in proportion to bytes that are in the file (or to zeros, up to a limit).
//
//===----------------------------------------------------------------------===//

#include "aic/NPU/Container/Layout.h"
#include "aic/NPU/Hash.h"

#include <cmath>
#include <cstring>
#include <set>

namespace aic::npu {
namespace {

class Reader {
public:
  Reader(std::string_view file, Npub &npub, Diagnosis &diagnosis, const ReadOptions &options)
      : file(file), npub(npub), program(npub.program), diagnosis(diagnosis), options(options) {}

  bool read() {
    return readSections(file, sections, diagnosis) && checkNames() && readMachine() && readSegments() &&
           readSemaphores() && readProgram() && readTensors() && readConstants() && readDebugOps() && readHints() &&
           readCode() && readLines() && readBuildInfo() && checkCode(program, npub.machine, diagnosis);
  }

private:
  bool fail(Defect defect, const std::string &where, const std::string &expected, const std::string &got) {
    diagnosis = {defect, where + ": expected " + expected + ", got " + got + " [" + nameOf(defect) + "]"};
    return false;
  }
  bool fail(Defect defect, const std::string &where, const std::string &expected, uint64_t got) {
    return fail(defect, where, expected, std::to_string(got));
  }
  static std::string entry(const char *table, size_t index) { return std::string(table) + " " + std::to_string(index); }

  const Section *find(SectionType type, uint32_t info = 0) const {
    for (const Section &section : sections)
      if (section.type == uint32_t(type) && section.info == info)
        return &section;
    return nullptr;
  }
  std::string_view bytesOf(SectionType type, uint32_t info = 0) const {
    const Section *section = find(type, info);
    return section ? section->bytes : std::string_view();
  }

  /// The zero-terminated text at an offset of a string table.
  bool text(SectionType table, uint32_t offset, const std::string &where, std::string &value) {
    std::string_view bytes = bytesOf(table);
    if (offset >= bytes.size())
      return fail(Defect::StringOffset, where, "a name inside " + std::to_string(bytes.size()) + " bytes of names",
                  offset);
    value = bytes.data() + offset;
    return true;
  }
  bool name(uint32_t offset, const std::string &where, std::string &value) {
    return text(SectionType::Strtab, offset, where, value);
  }

  bool checkNames() {
    for (SectionType type : {SectionType::Strtab, SectionType::DebugStr}) {
      const Section *section = find(type);
      if (section && (section->bytes.empty() || section->bytes.front() || section->bytes.back()))
        return fail(Defect::StringTable, ruleOf(uint32_t(type))->name, "a zero byte at both ends", "none");
    }
    for (size_t i = 0; i < sections.size(); ++i) {
      const SectionRule *rule = ruleOf(sections[i].type);
      std::string expected = rule ? rule->name : "", got;
      if (rule && rule->many)
        expected += '.' + std::to_string(sections[i].info);
      if (!name(sections[i].name, entry("section", i), got))
        return false;
      if (rule && got != expected)
        return fail(Defect::SectionName, entry("section", i), "the name " + expected, "'" + got + "'");
    }
    return true;
  }

  bool readMachine() {
    std::string_view json = bytesOf(SectionType::Machine);
    // Programs come in groups for one machine.
    static thread_local Machine known;
    std::string error;
    if (known.canonicalJson != json && !parseMachine(json, known, error))
      return fail(Defect::MachineText, "MACHINE", "a machine", error);
    npub.machine = known;
    const Machine &machine = npub.machine;
    if (machine.canonicalJson != json)
      return fail(Defect::MachineCanonical, "MACHINE", "the canonical text of '" + machine.name + "'", "another");
    std::string hash = hex(machine.sha256.data(), kHeaderMachineBytes);
    std::string stated = hex(reinterpret_cast<const uint8_t *>(file.data()) + kHeaderMachine, kHeaderMachineBytes);
    if (hash != stated)
      return fail(Defect::MachineHash, "header", "machine hash " + hash, stated);
    if (options.machine && options.machine->sha256 != machine.sha256)
      return fail(Defect::OtherMachine, "MACHINE",
                  "a program for machine '" + options.machine->name + "' (sha256 " +
                      hex(options.machine->sha256.data(), 32) + ")",
                  "one for '" + machine.name + "' (sha256 " + hex(machine.sha256.data(), 32) + ")");
    if (uint16_t major = load<uint16_t>(file, kHeaderIsaMajor); major != kIsaMajor)
      return fail(Defect::IsaVersion, "header", "instruction set " + std::to_string(kIsaMajor), major);
    return true;
  }

  /// Whether a table is a number of whole records.
  bool records(std::string_view table, const char *where, size_t recordBytes, size_t &count) {
    count = table.size() / recordBytes;
    return table.size() % recordBytes == 0 ||
           fail(Defect::TableSize, where, "records of " + std::to_string(recordBytes) + " bytes",
                std::to_string(table.size()) + " bytes");
  }
  template <typename T> bool zero(std::string_view table, size_t at, const std::string &where) {
    T value = load<T>(table, at);
    return value == 0 || fail(Defect::Reserved, where, "0 in a reserved field", value);
  }

  bool readSegments() {
    std::string_view table = bytesOf(SectionType::Segment);
    size_t count;
    if (!records(table, "SEGMENT", kSegmentRecord, count))
      return false;
    if (count > kMaxSegments)
      return fail(Defect::SegmentCount, "SEGMENT", "at most " + std::to_string(kMaxSegments) + " segments", count);
    npub.constants.resize(count);
    for (size_t i = 0, at = 0; i < count; ++i, at += kSegmentRecord) {
      std::string where = entry("segment", i);
      Segment segment;
      uint32_t kind = load<uint32_t>(table, at);
      if (kind > uint32_t(SegmentKind::Persist))
        return fail(Defect::SegmentKind, where, "a kind from 0 to 5", kind);
      segment.kind = static_cast<SegmentKind>(kind);
      segment.bytes = load<uint64_t>(table, at + 8);
      segment.align = load<uint64_t>(table, at + 16);
      if (!name(load<uint32_t>(table, at + 4), where, segment.name) || !zero<uint64_t>(table, at + 24, where))
        return false;
      if (segment.bytes > kMostSegmentBytes)
        return fail(Defect::SegmentSize, where, "at most 2^40 bytes", segment.bytes);
      if (!segment.align || segment.align & (segment.align - 1) || segment.align > kMostSegmentAlign)
        return fail(Defect::SegmentAlign, where, "an alignment that is a power of two up to 2^20", segment.align);
      if (segment.kind == SegmentKind::Const) {
        const Section *section = find(SectionType::Const, i);
        if (!section || section->memorySize != segment.bytes)
          return fail(Defect::SegmentBacking, where, "a CONST section of " + std::to_string(segment.bytes) + " bytes",
                      section ? std::to_string(section->memorySize) + " bytes" : "none");
        npub.constants[i] = section->bytes;
        if (options.copyConstants) {
          segment.data.assign(section->bytes.begin(), section->bytes.end());
          segment.data.resize(segment.bytes);
        }
      }
      program.segments.push_back(std::move(segment));
    }
    for (const Section &section : sections)
      if (section.type == uint32_t(SectionType::Const) &&
          (section.info >= count || program.segments[section.info].kind != SegmentKind::Const))
        return fail(Defect::SegmentBacking, "CONST." + std::to_string(section.info), "a CONST segment of that number",
                    "none");
    return true;
  }

  bool readSemaphores() {
    std::string_view table = bytesOf(SectionType::Semtab);
    size_t count;
    if (!records(table, "SEMTAB", kSemaphoreRecord, count))
      return false;
    std::set<unsigned> seen;
    for (size_t i = 0, at = 0; i < count; ++i, at += kSemaphoreRecord) {
      Semaphore semaphore;
      semaphore.id = load<uint32_t>(table, at);
      std::string where = entry("semaphore", semaphore.id);
      unsigned producer = load<uint8_t>(table, at + 4), consumer = load<uint8_t>(table, at + 5);
      semaphore.initial = load<uint16_t>(table, at + 6);
      if (!name(load<uint32_t>(table, at + 8), where, semaphore.name) || !zero<uint32_t>(table, at + 12, where))
        return false;
      if (semaphore.id >= npub.machine.semaphores)
        return fail(Defect::SemaphoreId, where, "a number below " + std::to_string(npub.machine.semaphores),
                    semaphore.id);
      if (!seen.insert(semaphore.id).second)
        return fail(Defect::SemaphoreId, where, "one declaration", "two");
      for (unsigned engine : {producer, consumer})
        if (engine == unsigned(Engine::S) || engine >= kEngines)
          return fail(Defect::SemaphoreEngine, where, "an engine with a queue", engine);
      if (semaphore.initial > npub.machine.semaphoreMax)
        return fail(Defect::SemaphoreInitial, where,
                    "an initial count up to " + std::to_string(npub.machine.semaphoreMax), semaphore.initial);
      semaphore.producer = static_cast<Engine>(producer);
      semaphore.consumer = static_cast<Engine>(consumer);
      program.semaphores.push_back(std::move(semaphore));
    }
    return true;
  }

  bool readProgram() {
    std::string_view table = bytesOf(SectionType::Program);
    if (table.size() < kProgramRecord)
      return fail(Defect::TableSize, "PROGRAM", std::to_string(kProgramRecord + kCoreRecord) + " bytes", table.size());
    uint32_t cores = load<uint32_t>(table, 4);
    if (cores != 1)
      return fail(Defect::ProgramCores, "PROGRAM", "one core", cores);
    if (table.size() != kProgramRecord + kCoreRecord)
      return fail(Defect::TableSize, "PROGRAM", std::to_string(kProgramRecord + kCoreRecord) + " bytes", table.size());
    if (!name(load<uint32_t>(table, 0), "PROGRAM", program.name) || !zero<uint32_t>(table, 12, "PROGRAM") ||
        !zero<uint64_t>(table, 24, "PROGRAM") || !zero<uint32_t>(table, kProgramRecord + 4, "PROGRAM") ||
        !zero<uint64_t>(table, kProgramRecord + 24, "PROGRAM"))
      return false;
    program.argumentCount = load<uint32_t>(table, 8);
    if (program.argumentCount > kMostArguments)
      return fail(Defect::ProgramArguments, "PROGRAM",
                  "at most " + std::to_string(kMostArguments) + " launch arguments", program.argumentCount);
    uint32_t core = load<uint32_t>(table, kProgramRecord);
    uint64_t start = load<uint64_t>(table, kProgramRecord + 8), scratch = 0;
    if (core != 0 || start != 0)
      return fail(Defect::ProgramCores, "PROGRAM", "core 0 to start at byte 0",
                  "core " + std::to_string(core) + " at " + std::to_string(start));
    for (const Section &section : sections)
      if (section.type == uint32_t(SectionType::Code) && section.info != 0)
        return fail(Defect::ProgramCores, "PROGRAM", "code of core 0", "code of core " + std::to_string(section.info));
    for (const Segment &segment : program.segments)
      scratch += segment.kind == SegmentKind::Scratch ? segment.bytes : 0;
    if (load<uint64_t>(table, 16) != scratch)
      return fail(Defect::ProgramSizes, "PROGRAM", std::to_string(scratch) + " bytes of scratch",
                  load<uint64_t>(table, 16));
    instructions = load<uint64_t>(table, kProgramRecord + 16);
    return true;
  }

  bool readTensors() {
    std::string_view table = bytesOf(SectionType::Io);
    uint64_t count = table.size() < kIoHeader ? 0 : load<uint32_t>(table, 0);
    if (table.size() < kIoHeader || count > (table.size() - kIoHeader) / kIoRecord)
      return fail(Defect::TableSize, "IO",
                  "records of " + std::to_string(kIoRecord) + " bytes for " + std::to_string(count) + " tensors",
                  std::to_string(table.size()) + " bytes");
    if (!zero<uint32_t>(table, 4, "IO"))
      return false;
    size_t dims = kIoHeader + count * kIoRecord;
    for (uint64_t i = 0; i < count; ++i)
      if (!readTensor(table, kIoHeader + i * kIoRecord, dims, entry("tensor", i)))
        return false;
    if (dims != table.size())
      return fail(Defect::TableSize, "IO", std::to_string(dims) + " bytes", table.size());
    for (uint64_t i = 0; i < count; ++i)
      if (!checkAlias(i))
        return false;
    return true;
  }

  /// Reads the record at `at`, and its extents from `dims` on.
  bool readTensor(std::string_view table, size_t at, size_t &dims, const std::string &where) {
    IOTensor tensor;
    if (!name(load<uint32_t>(table, at), where, tensor.name) ||
        !name(load<uint32_t>(table, at + 4), where, tensor.dtype) ||
        !name(load<uint32_t>(table, at + 8), where, tensor.layout))
      return false;
    uint32_t flags = load<uint32_t>(table, at + 12), rank = load<uint32_t>(table, at + 20);
    if (flags > 1)
      return fail(Defect::Reserved, where, "flags 0 or 1", flags);
    tensor.isOutput = flags;
    tensor.segment = load<uint32_t>(table, at + 16);
    tensor.offset = load<uint64_t>(table, at + 24);
    tensor.bytes = load<uint64_t>(table, at + 32);
    uint32_t scale = load<uint32_t>(table, at + 40), axis = load<uint32_t>(table, at + 48);
    std::memcpy(&tensor.scale, &scale, sizeof(scale));
    tensor.zeroPoint = load<int32_t>(table, at + 44);
    tensor.quantAxis = static_cast<int32_t>(axis - 1);
    tensor.aliasOf = static_cast<int32_t>(load<uint32_t>(table, at + 52) - 1);
    if (!zero<uint64_t>(table, at + 56, where))
      return false;
    unsigned size = elementBytes(tensor.dtype);
    if (!size)
      return fail(Defect::IoType, where, "an element type", "'" + tensor.dtype + "'");
    if (rank > kMostRank)
      return fail(Defect::IoShape, where, "at most " + std::to_string(kMostRank) + " extents", rank);
    if (rank * kDimRecord > table.size() - dims)
      return fail(Defect::TableSize, "IO", std::to_string(rank) + " extents of " + where,
                  std::to_string(table.size() - dims) + " bytes");
    for (uint32_t d = 0; d < rank; ++d, dims += kDimRecord)
      if (!readExtent(table, dims, d, tensor, where))
        return false;
    if (!(tensor.scale >= 0 && std::isfinite(tensor.scale)) || axis > rank)
      return fail(Defect::IoQuant, where, "a scale from 0 on and an axis below " + std::to_string(rank),
                  "scale " + std::to_string(tensor.scale) + ", axis " + std::to_string(tensor.quantAxis));
    if (tensor.segment >= program.segments.size() || program.segments[tensor.segment].kind == SegmentKind::Const ||
        program.segments[tensor.segment].kind == SegmentKind::Scratch)
      return fail(Defect::IoSegment, where, "a segment of kind INPUT, OUTPUT, STATE or PERSIST",
                  "segment " + std::to_string(tensor.segment));
    uint64_t most = program.segments[tensor.segment].bytes, needed = size;
    bool isEmpty = false;
    for (int64_t extent : tensor.dims)
      isEmpty |= extent == 0;
    for (int64_t extent : tensor.dims)
      needed = isEmpty ? 0 : needed > kMostSegmentBytes / uint64_t(extent) ? UINT64_MAX : needed * uint64_t(extent);
    if (tensor.offset > most || tensor.bytes > most - tensor.offset || needed > tensor.bytes)
      return fail(Defect::IoBounds, where,
                  "at least " + std::to_string(needed) + " bytes inside a segment of " + std::to_string(most),
                  std::to_string(tensor.bytes) + " at " + std::to_string(tensor.offset));
    program.io.push_back(std::move(tensor));
    return true;
  }

  bool readExtent(std::string_view table, size_t at, uint32_t d, IOTensor &tensor, const std::string &where) {
    OpenDim open;
    open.dim = d;
    open.max = load<int64_t>(table, at);
    open.min = load<int64_t>(table, at + 8);
    uint32_t argument = load<uint32_t>(table, at + 16);
    if (!zero<uint32_t>(table, at + 20, where))
      return false;
    if (open.max < 0)
      return fail(Defect::IoShape, where, "no negative extent", std::to_string(open.max));
    if (argument ? argument > program.argumentCount || open.min < 0 || open.min > open.max : open.min != 0)
      return fail(Defect::IoOpenDim, where,
                  "an argument below " + std::to_string(program.argumentCount) + " and a minimum up to " +
                      std::to_string(open.max) + " for extent " + std::to_string(d),
                  "argument " + std::to_string(int64_t(argument) - 1) + ", minimum " + std::to_string(open.min));
    tensor.dims.push_back(open.max);
    if (argument) {
      open.argument = argument - 1;
      tensor.openDims.push_back(open);
    }
    return true;
  }

  bool checkAlias(size_t index) {
    const IOTensor &tensor = program.io[index];
    if (tensor.aliasOf == -1)
      return true;
    bool isLegal = tensor.isOutput && uint32_t(tensor.aliasOf) < program.io.size();
    if (isLegal) {
      const IOTensor &input = program.io[tensor.aliasOf];
      isLegal = !input.isOutput && input.segment == tensor.segment && input.offset == tensor.offset &&
                input.bytes == tensor.bytes;
    }
    return isLegal || fail(Defect::IoAlias, entry("tensor", index), "an output with the bytes of an input",
                           "alias of tensor " + std::to_string(uint32_t(tensor.aliasOf)));
  }

  bool readConstants() {
    std::string_view table = bytesOf(SectionType::Constloc);
    size_t count;
    if (!records(table, "CONSTLOC", kConstRecord, count))
      return false;
    for (size_t i = 0, at = 0; i < count; ++i, at += kConstRecord) {
      ConstLocation weight;
      std::string where = entry("weight", i);
      if (!name(load<uint32_t>(table, at), where, weight.name) ||
          !name(load<uint32_t>(table, at + 4), where, weight.packing) || !zero<uint32_t>(table, at + 12, where))
        return false;
      weight.segment = load<uint32_t>(table, at + 8);
      weight.offset = load<uint64_t>(table, at + 16);
      weight.bytes = load<uint64_t>(table, at + 24);
      std::string_view data =
          weight.segment < npub.constants.size() ? npub.constants[weight.segment] : std::string_view();
      if (weight.offset > data.size() || weight.bytes > data.size() - weight.offset)
        return fail(Defect::ConstBounds, where, "bytes of a CONST section",
                    std::to_string(weight.bytes) + " at " + std::to_string(weight.offset) + " of segment " +
                        std::to_string(weight.segment));
      // Weights may share bytes; hashing each must not cost more than the file is long.
      hashed += weight.bytes;
      if (hashed > file.size())
        return fail(Defect::ConstBounds, where, "weights that together fit the file", hashed);
      std::array<uint8_t, 32> hash = sha256(data.substr(weight.offset, weight.bytes));
      if (std::memcmp(hash.data(), table.data() + at + 32, hash.size()))
        return fail(Defect::ConstHash, where, hex(hash.data(), hash.size()),
                    hex(reinterpret_cast<const uint8_t *>(table.data()) + at + 32, hash.size()));
      program.constants.push_back(std::move(weight));
    }
    return true;
  }

  bool readDebugOps() {
    std::string_view table = bytesOf(SectionType::DebugOps);
    size_t count;
    if (!records(table, "DEBUG_OPS", kDebugOpRecord, count))
      return false;
    for (size_t i = 0, at = 0; i < count; ++i, at += kDebugOpRecord) {
      DebugOp op;
      std::string where = entry("operation", i);
      if (!text(SectionType::DebugStr, load<uint32_t>(table, at), where, op.node) ||
          !text(SectionType::DebugStr, load<uint32_t>(table, at + 4), where, op.opType) ||
          !text(SectionType::DebugStr, load<uint32_t>(table, at + 8), where, op.location))
        return false;
      uint32_t parent = load<uint32_t>(table, at + 12);
      if (parent > i)
        return fail(Defect::DebugParent, where, "an earlier operation as its group", parent - 1);
      op.parent = static_cast<int32_t>(parent) - 1;
      op.macs = load<uint64_t>(table, at + 16);
      op.bytes = load<uint64_t>(table, at + 24);
      program.debugOps.push_back(std::move(op));
    }
    return true;
  }

  bool readHints() {
    const Section *section = find(SectionType::Perfhint);
    if (!section)
      return true;
    if (section->bytes.size() != program.debugOps.size() * kPerfRecord)
      return fail(Defect::PerfHint, "PERFHINT", std::to_string(program.debugOps.size() * kPerfRecord) + " bytes",
                  section->bytes.size());
    for (size_t i = 0; i < program.debugOps.size(); ++i)
      program.debugOps[i].predictedCycles = load<uint64_t>(section->bytes, i * kPerfRecord);
    return true;
  }

  bool readCode() {
    std::string_view code = bytesOf(SectionType::Code);
    if (code.size() % kWordBytes)
      return fail(Defect::CodeSize, "CODE.0", "words of 16 bytes", std::to_string(code.size()) + " bytes");
    if (instructions > code.size() / kWordBytes)
      return fail(Defect::ProgramSizes, "PROGRAM",
                  "at most " + std::to_string(code.size() / kWordBytes) + " instructions", instructions);
    program.code.reserve(instructions);
    std::string error;
    for (size_t at = 0; at < code.size();) {
      Instruction instruction;
      size_t used = decode(reinterpret_cast<const uint8_t *>(code.data()) + at, code.size() - at, instruction, error);
      if (!used) {
        diagnosis = {Defect::CodeDecode, "instruction " + std::to_string(program.code.size()) + " (byte " +
                                             std::to_string(at) + " of CODE.0): " + error + " [" +
                                             nameOf(Defect::CodeDecode) + "]"};
        return false;
      }
      at += used;
      program.code.push_back(instruction);
    }
    if (program.code.size() != instructions)
      return fail(Defect::ProgramSizes, "PROGRAM", std::to_string(program.code.size()) + " instructions", instructions);
    return true;
  }

  bool readLines() {
    const Section *section = find(SectionType::DebugLine);
    if (!section)
      return true;
    auto failLine = [&](const std::string &expected, const std::string &got) {
      return fail(Defect::DebugLine, "DEBUG_LINE", expected, got);
    };
    std::string_view rest = section->bytes;
    if (rest.size() < kLineHeader || load<uint64_t>(rest, 0) != program.code.size())
      return failLine(std::to_string(program.code.size()) + " instructions", "another number");
    rest.remove_prefix(kLineHeader);
    program.debugLines.reserve(program.code.size());
    DebugLine line;
    while (!rest.empty()) {
      std::optional<uint64_t> run = takeVarint(rest);
      if (!run || *run == 0 || *run > program.code.size() - program.debugLines.size() || rest.empty() ||
          uint8_t(rest[0]) > 31)
        return failLine("a run of instructions", "another byte " + std::to_string(section->bytes.size() - rest.size()));
      unsigned changed = uint8_t(rest[0]);
      rest.remove_prefix(1);
      for (unsigned i = 0; i < 5; ++i) {
        if (!(changed >> i & 1))
          continue;
        std::optional<int64_t> delta = takeSigned(rest);
        int64_t value = i == 0 ? int64_t(line.op) : line.tile[i - 1];
        int64_t low = i == 0 ? 0 : INT32_MIN, high = i == 0 ? int64_t(UINT32_MAX) : INT32_MAX;
        if (!delta || *delta < low - value || *delta > high - value)
          return failLine("a difference that leads to a number in range",
                          "byte " + std::to_string(section->bytes.size() - rest.size()));
        if (i == 0)
          line.op = static_cast<uint32_t>(value + *delta);
        else
          line.tile[i - 1] = static_cast<int32_t>(value + *delta);
      }
      if (line.op >= program.debugOps.size())
        return failLine("an operation below " + std::to_string(program.debugOps.size()), std::to_string(line.op));
      program.debugLines.insert(program.debugLines.end(), *run, line);
    }
    return program.debugLines.size() == program.code.size() ||
           failLine(std::to_string(program.code.size()) + " instructions", std::to_string(program.debugLines.size()));
  }

  bool readBuildInfo() {
    std::string_view rest = bytesOf(SectionType::Buildinfo);
    std::string last;
    while (!rest.empty()) {
      size_t end = rest.find('\n'), equal = rest.find('=');
      std::string key(rest.substr(0, equal));
      if (end == std::string_view::npos || equal == std::string_view::npos || equal == 0 || equal > end ||
          rest.substr(0, end).find('\0') != std::string_view::npos || key <= last)
        return fail(Defect::BuildInfo, "BUILDINFO", "a line key=value behind key '" + last + "'", "another");
      program.buildInfo[key] = std::string(rest.substr(equal + 1, end - equal - 1));
      last = key;
      rest.remove_prefix(end + 1);
    }
    return true;
  }

  std::string_view file;
  Npub &npub;
  Program &program;
  Diagnosis &diagnosis;
  const ReadOptions &options;
  std::vector<Section> sections;
  uint64_t instructions = 0, hashed = 0;
};

} // namespace

bool readNpub(std::string_view bytes, Npub &npub, Diagnosis &diagnosis, const ReadOptions &options) {
  Npub read;
  diagnosis = {};
  if (!Reader(bytes, read, diagnosis, options).read())
    return false;
  npub = std::move(read);
  return true;
}

Diagnosis validateNpub(std::string_view bytes) {
  Npub npub;
  Diagnosis diagnosis;
  ReadOptions options;
  options.copyConstants = false;
  readNpub(bytes, npub, diagnosis, options);
  return diagnosis;
}

std::vector<SectionSummary> sectionsOf(std::string_view bytes) {
  if (validateNpub(bytes).defect != Defect::None)
    return {};
  std::vector<Section> sections;
  std::vector<SectionSummary> summaries;
  Diagnosis diagnosis;
  readSections(bytes, sections, diagnosis, /*withHash=*/false);
  std::string_view names;
  for (const Section &section : sections)
    if (section.type == uint32_t(SectionType::Strtab))
      names = section.bytes;
  for (const Section &section : sections)
    summaries.push_back(
        {names.data() + section.name, section.type, section.flags, section.offset, section.bytes.size()});
  return summaries;
}

} // namespace aic::npu
