//===- Writer.cpp - From a program to a .npub file --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The bytes follow from the program alone: sections by type, names in the order of their first use. What was written
// is read again, so that no file leaves here that a reader refuses.
//
//===----------------------------------------------------------------------===//

#include "aic/NPU/Container/Layout.h"
#include "aic/NPU/Hash.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <memory>
#include <unordered_map>

namespace aic::npu {
namespace {

class StringPool {
public:
  uint32_t add(const std::string &text) {
    auto [it, isNew] = offsets.try_emplace(text, static_cast<uint32_t>(bytes.size()));
    if (text.empty())
      it->second = 0;
    else if (isNew)
      bytes.append(text.c_str(), text.size() + 1);
    return it->second;
  }
  std::string bytes = std::string(1, '\0');

private:
  std::unordered_map<std::string, uint32_t> offsets;
};

class Writer {
public:
  Writer(const Program &program, const Machine &machine, std::string &error)
      : program(program), machine(machine), error(error) {}

  bool write(std::string &file) {
    // Every name of a section is there, whether it is used or not: stripping leaves STRTAB as it is.
    for (const SectionRule &rule : kSectionRules)
      names.add(rule.many ? std::string(rule.name) + ".0" : rule.name);
    add(SectionType::Machine, machine.canonicalJson);
    if (!addSegments() || !addTensors() || !addSemaphores() || !addCode() || !addConstants())
      return false;
    if (!program.debugOps.empty() || !program.debugLines.empty())
      if (!addDebug())
        return false;
    if (!addBuildInfo())
      return false;
    add(SectionType::Sha256, std::string(kHashBytes, '\0'));
    if (names.bytes.size() + debugNames.bytes.size() > UINT32_MAX)
      return fail("names of less than 4 GiB", std::to_string(names.bytes.size()) + " bytes");
    add(SectionType::Strtab, std::move(names.bytes));
    std::sort(sections.begin(), sections.end(),
              [](const Section &a, const Section &b) { return std::pair(a.type, a.info) < std::pair(b.type, b.info); });
    for (Section &section : sections)
      section.memorySize = section.bytes.size();
    file = composeFile(sections, machine.sha256.data(), kNpubMinor, kIsaMinor);
    return true;
  }

private:
  bool fail(const std::string &expected, const std::string &got) {
    error = "program '" + program.name + "': expected " + expected + ", got " + got;
    return false;
  }

  /// A name's place in `pool`; complains about what no table of strings can hold.
  bool addName(StringPool &pool, const std::string &text, std::string &record) {
    if (text.find('\0') != std::string::npos)
      return fail("names without zero bytes", "one in '" + text.substr(0, text.find('\0')) + "'");
    append<uint32_t>(record, pool.add(text));
    return true;
  }

  void add(SectionType type, std::string bytes, uint32_t info = 0, uint32_t align = 0) {
    const SectionRule &rule = *ruleOf(uint32_t(type));
    Section section;
    section.type = uint32_t(type);
    section.flags = rule.flags;
    section.align = std::max(rule.align, align);
    section.info = info;
    section.name = names.add(rule.many ? std::string(rule.name) + '.' + std::to_string(info) : rule.name);
    owned.push_back(std::make_unique<std::string>(std::move(bytes)));
    section.bytes = *owned.back();
    sections.push_back(section);
  }

  bool addSegments() {
    std::string table;
    for (size_t i = 0; i < program.segments.size(); ++i) {
      const Segment &segment = program.segments[i];
      append<uint32_t>(table, uint32_t(segment.kind));
      if (!addName(names, segment.name, table))
        return false;
      append<uint64_t>(table, segment.bytes);
      append<uint64_t>(table, segment.align);
      append<uint64_t>(table, 0);
      bool isConst = segment.kind == SegmentKind::Const;
      if (segment.data.size() != (isConst ? segment.bytes : 0))
        return fail(std::to_string(isConst ? segment.bytes : 0) + " bytes of data for segment " + std::to_string(i),
                    std::to_string(segment.data.size()));
      if (!isConst)
        continue;
      uint64_t align = segment.align;
      add(SectionType::Const, std::string(segment.data.begin(), segment.data.end()), i,
          align & (align - 1) || align > kMostSectionAlign ? 0 : align);
    }
    add(SectionType::Segment, table);
    return true;
  }

  bool addTensors() {
    std::string table, extents;
    append<uint32_t>(table, program.io.size());
    append<uint32_t>(table, 0);
    for (const IOTensor &tensor : program.io) {
      if (!addName(names, tensor.name, table) || !addName(names, tensor.dtype, table) ||
          !addName(names, tensor.layout, table))
        return false;
      append<uint32_t>(table, tensor.isOutput);
      append<uint32_t>(table, tensor.segment);
      append<uint32_t>(table, tensor.dims.size());
      append<uint64_t>(table, tensor.offset);
      append<uint64_t>(table, tensor.bytes);
      uint32_t scale;
      std::memcpy(&scale, &tensor.scale, sizeof(scale));
      append<uint32_t>(table, scale);
      append<int32_t>(table, tensor.zeroPoint);
      append<uint32_t>(table, uint32_t(tensor.quantAxis) + 1);
      append<uint32_t>(table, uint32_t(tensor.aliasOf) + 1);
      append<uint64_t>(table, 0);
      auto open = tensor.openDims.begin();
      for (size_t d = 0; d < tensor.dims.size(); ++d) {
        bool isOpen = open != tensor.openDims.end() && open->dim == d;
        if (isOpen && open->max != tensor.dims[d])
          return fail("the extent of '" + tensor.name + "' to be its open extent's maximum, " +
                          std::to_string(open->max),
                      std::to_string(tensor.dims[d]));
        append<int64_t>(extents, tensor.dims[d]);
        append<int64_t>(extents, isOpen ? open->min : 0);
        append<uint32_t>(extents, isOpen ? open->argument + 1 : 0);
        append<uint32_t>(extents, 0);
        open += isOpen;
      }
      if (open != tensor.openDims.end())
        return fail("open extents of '" + tensor.name + "' by ascending dim below " +
                        std::to_string(tensor.dims.size()),
                    std::to_string(open->dim));
    }
    add(SectionType::Io, table + extents);
    return true;
  }

  bool addSemaphores() {
    std::string table;
    for (const Semaphore &semaphore : program.semaphores) {
      if (semaphore.initial > UINT16_MAX)
        return fail("an initial count up to 65535 of semaphore " + std::to_string(semaphore.id),
                    std::to_string(semaphore.initial));
      append<uint32_t>(table, semaphore.id);
      append<uint8_t>(table, uint8_t(semaphore.producer));
      append<uint8_t>(table, uint8_t(semaphore.consumer));
      append<uint16_t>(table, semaphore.initial);
      if (!addName(names, semaphore.name, table))
        return false;
      append<uint32_t>(table, 0);
    }
    add(SectionType::Semtab, table);
    return true;
  }

  bool addCode() {
    std::string code, reason;
    uint64_t scratch = 0;
    for (size_t i = 0; i < program.code.size(); ++i)
      if (!encode(program.code[i], code, reason)) {
        error = "instruction " + std::to_string(i) + ": " + reason;
        return false;
      }
    for (const Segment &segment : program.segments)
      scratch += segment.kind == SegmentKind::Scratch ? segment.bytes : 0;
    std::string table;
    if (!addName(names, program.name, table))
      return false;
    append<uint32_t>(table, 1); // cores
    append<uint32_t>(table, program.argumentCount);
    append<uint32_t>(table, 0);
    append<uint64_t>(table, scratch);
    append<uint64_t>(table, 0);
    append<uint64_t>(table, 0); // core 0
    append<uint64_t>(table, 0); // entry
    append<uint64_t>(table, program.code.size());
    append<uint64_t>(table, 0);
    add(SectionType::Program, table);
    add(SectionType::Code, code);
    return true;
  }

  bool addConstants() {
    std::string table;
    for (const ConstLocation &weight : program.constants) {
      if (!addName(names, weight.name, table) || !addName(names, weight.packing, table))
        return false;
      bool isInside = weight.segment < program.segments.size();
      const std::vector<uint8_t> none, &data = isInside ? program.segments[weight.segment].data : none;
      if (weight.offset > data.size() || weight.bytes > data.size() - weight.offset)
        return fail("weight '" + weight.name + "' inside a constant segment",
                    std::to_string(weight.bytes) + " bytes at " + std::to_string(weight.offset) + " of segment " +
                        std::to_string(weight.segment));
      append<uint32_t>(table, weight.segment);
      append<uint32_t>(table, 0);
      append<uint64_t>(table, weight.offset);
      append<uint64_t>(table, weight.bytes);
      std::array<uint8_t, 32> hash =
          sha256({reinterpret_cast<const char *>(data.data()) + weight.offset, size_t(weight.bytes)});
      table.append(reinterpret_cast<const char *>(hash.data()), hash.size());
    }
    if (!table.empty())
      add(SectionType::Constloc, table);
    return true;
  }

  bool addDebug() {
    std::string table, hints;
    bool hasHints = false;
    for (const DebugOp &op : program.debugOps) {
      if (!addName(debugNames, op.node, table) || !addName(debugNames, op.opType, table) ||
          !addName(debugNames, op.location, table))
        return false;
      append<uint32_t>(table, uint32_t(op.parent) + 1);
      append<uint64_t>(table, op.macs);
      append<uint64_t>(table, op.bytes);
      append<uint64_t>(hints, op.predictedCycles);
      hasHints |= op.predictedCycles != 0;
    }
    add(SectionType::DebugStr, debugNames.bytes);
    add(SectionType::DebugOps, table);
    if (hasHints)
      add(SectionType::Perfhint, hints);
    if (!program.debugLines.empty())
      add(SectionType::DebugLine, lines());
    return true;
  }

  std::string lines() {
    std::string table;
    append<uint64_t>(table, program.debugLines.size());
    DebugLine last;
    auto isSame = [](const DebugLine &a, const DebugLine &b) {
      return a.op == b.op && std::equal(a.tile, a.tile + 4, b.tile);
    };
    for (size_t i = 0, end; i < program.debugLines.size(); i = end) {
      const DebugLine &line = program.debugLines[i];
      for (end = i + 1; end < program.debugLines.size() && isSame(line, program.debugLines[end]);)
        ++end;
      appendVarint(table, end - i);
      std::string deltas;
      unsigned changed = 0;
      if (line.op != last.op) {
        changed |= 1;
        appendSigned(deltas, int64_t(line.op) - int64_t(last.op));
      }
      for (unsigned t = 0; t < 4; ++t)
        if (line.tile[t] != last.tile[t]) {
          changed |= 2u << t;
          appendSigned(deltas, int64_t(line.tile[t]) - int64_t(last.tile[t]));
        }
      table += static_cast<char>(changed);
      table += deltas;
      last = line;
    }
    return table;
  }

  bool addBuildInfo() {
    std::string text;
    for (const auto &[key, value] : program.buildInfo) {
      auto isLine = [](const std::string &s) { return s.find_first_of(std::string("\n\0", 2)) == std::string::npos; };
      if (key.empty() || key.find('=') != std::string::npos || !isLine(key) || !isLine(value))
        return fail("build information of one line each, keys without '='", "'" + key + "'");
      text += key + '=' + value + '\n';
    }
    if (!text.empty())
      add(SectionType::Buildinfo, text);
    return true;
  }

  const Program &program;
  const Machine &machine;
  std::string &error;
  StringPool names, debugNames;
  std::vector<Section> sections;
  std::vector<std::unique_ptr<std::string>> owned;
};

} // namespace

bool writeNpub(const Program &program, const Machine &machine, std::string &bytes, std::string &error) {
  std::string file;
  if (!Writer(program, machine, error).write(file))
    return false;
  if (Diagnosis diagnosis = validateNpub(file); diagnosis.defect != Defect::None) {
    error = "program '" + program.name + "': " + diagnosis.text;
    return false;
  }
  bytes = std::move(file);
  return true;
}

bool stripNpub(std::string_view bytes, std::string &stripped, std::string &error) {
  if (Diagnosis diagnosis = validateNpub(bytes); diagnosis.defect != Defect::None) {
    error = diagnosis.text;
    return false;
  }
  std::vector<Section> sections, kept;
  Diagnosis diagnosis;
  readSections(bytes, sections, diagnosis, /*withHash=*/false);
  for (const Section &section : sections)
    if (!(section.flags & kStrippable))
      kept.push_back(section);
  stripped = composeFile(kept, reinterpret_cast<const uint8_t *>(bytes.data()) + kHeaderMachine,
                         load<uint16_t>(bytes, kHeaderMinor), load<uint16_t>(bytes, kHeaderIsaMinor));
  return true;
}

} // namespace aic::npu
