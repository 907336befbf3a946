// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A program that uses every section and every field of the container, and tools to break its file in one place.

#ifndef AIC_UNITTESTS_NPU_CONTAINER_SAMPLE_H
#define AIC_UNITTESTS_NPU_CONTAINER_SAMPLE_H

#include "aic/NPU/Container/Layout.h"

#include <gtest/gtest.h>

namespace aic::npu {

inline Machine loadSampleMachine(const std::string &name = "edge-256") {
  Machine machine;
  std::string error;
  EXPECT_TRUE(loadMachine(name, machine, error)) << error;
  return machine;
}

inline Instruction with(Instruction inst, std::initializer_list<std::pair<Field, int64_t>> fields, int wait = -1,
                        int signal = -1) {
  for (auto [field, value] : fields) {
    EXPECT_TRUE(inst.has(field)) << nameOf(field);
    inst.set(field, value);
  }
  inst.wait = static_cast<int8_t>(wait);
  inst.signal = static_cast<int8_t>(signal);
  return inst;
}
inline int64_t local(Space space, unsigned byte, unsigned ar = 0) {
  return int64_t(pack(LocalAddress{space, byte / kGranuleBytes, uint8_t(ar)}));
}
inline int64_t global(unsigned segment, uint64_t offset, unsigned ar = 0) {
  return int64_t(pack(GlobalAddress{uint8_t(segment), offset, uint8_t(ar)}));
}
/// `bytes` bytes in a row, for LD, ST and CP.
inline Instruction copy(Opcode opcode, int64_t src, int64_t dst, unsigned bytes, int wait = -1, int signal = -1) {
  return with(
      make(opcode),
      {{Field::src, src}, {Field::dst, dst}, {Field::n0, bytes}, {Field::n1, 1}, {Field::n2, 1}, {Field::n3, 1}}, wait,
      signal);
}

/// Copies an input to an output through two rotating slots of L1.
inline Program sampleProgram() {
  Program program;
  program.name = "sample";
  program.argumentCount = 1;
  program.segments = {{SegmentKind::Input, "in", 1024, 64, {}},
                      {SegmentKind::Output, "out", 1024, 64, {}},
                      {SegmentKind::Const, "weights", 100, 256, {}},
                      {SegmentKind::Scratch, "scratch", 4096, 64, {}},
                      {SegmentKind::State, "cache", 512, 64, {}}};
  for (unsigned i = 0; i < 100; ++i)
    program.segments[2].data.push_back(uint8_t(i * 37));
  program.semaphores = {{0, "free", Engine::ST, Engine::LD, 2}, {7, "full", Engine::LD, Engine::ST, 0}};
  int64_t line = global(0, 0, 1), slot = local(Space::L1, 64, 2);
  program.code = {
      with(make(Opcode::MARK), {{Field::id, 0}}),
      with(make(Opcode::LDARG), {{Field::ar, 3}, {Field::arg, 0}}),
      with(make(Opcode::SETA), {{Field::ar, 1}, {Field::value, 0}}),
      with(make(Opcode::SETA), {{Field::ar, 2}, {Field::value, 0}}),
      with(make(Opcode::LOOP), {{Field::trip, 8},
                                {Field::ar0, 1},
                                {Field::inc0, 128},
                                {Field::ar1, 2},
                                {Field::inc1, 128},
                                {Field::wrap1, 2}}),
      copy(Opcode::LD, line, slot, 128, 0, 7),
      with(make(Opcode::SETP), {{Field::p, 1}, {Field::depth, 0}, {Field::cmp, 2}, {Field::value, 4}}),
      copy(Opcode::ST, slot, global(1, 0, 1), 128, 7, 0),
      make(Opcode::ENDLOOP),
      copy(Opcode::LD, global(2, 0), local(Space::VB, 0), 100),
      make(Opcode::HALT),
  };
  IOTensor in;
  in.name = "x", in.dtype = "i8", in.layout = "row-major", in.dims = {2, 512};
  in.scale = 0.5f, in.zeroPoint = -3, in.quantAxis = 1, in.segment = 0, in.bytes = 1024;
  in.openDims = {{0, 0, 1, 2}};
  IOTensor out = in;
  out.name = "y", out.isOutput = true, out.segment = 1, out.openDims = {};
  IOTensor state = in, next;
  state.name = "state", state.dtype = "f16", state.dims = {4, 2, 8}, state.segment = 4, state.offset = 256,
  state.bytes = 256, state.openDims = {}, state.scale = 0;
  next = state;
  next.name = "next", next.isOutput = true, next.aliasOf = 2;
  program.io = {in, out, state, next};
  program.debugOps = {{"/conv/Conv", "Conv", "loc(\"conv\")", 4000, 1024, 77, -1},
                      {"/conv/Relu", "Relu", "loc(\"relu\")", 0, 0, 5, 0}};
  program.debugLines.resize(program.code.size());
  for (size_t i = 0; i < program.code.size(); ++i) {
    program.debugLines[i].op = i > 6;
    program.debugLines[i].tile[i % 4] = i > 3 ? int32_t(i) * -100 : 0;
  }
  program.constants = {{"conv.weight", "fractal", 2, 0, 64}, {"conv.bias", "row-major", 2, 64, 36}};
  program.buildInfo = {{"tool", "aic-npu-test"}, {"version", "0.1"}, {"flags", "--target=npu a=b"}};
  return program;
}

inline std::string sampleFile(const Program &program = sampleProgram()) {
  std::string bytes, error;
  EXPECT_TRUE(writeNpub(program, loadSampleMachine(), bytes, error)) << error;
  return bytes;
}

/// The sections of a good file, to change and to put together again.
class Editor {
public:
  explicit Editor(std::string original) : original(std::move(original)) {
    Diagnosis diagnosis;
    EXPECT_TRUE(readSections(this->original, sections, diagnosis)) << diagnosis.text;
    for (const Section &section : sections)
      contents.emplace_back(section.bytes);
  }
  size_t index(SectionType type) const {
    for (size_t i = 0; i < sections.size(); ++i)
      if (sections[i].type == uint32_t(type))
        return i;
    ADD_FAILURE() << "no section " << uint32_t(type);
    return 0;
  }
  Section &section(SectionType type) { return sections[index(type)]; }
  std::string &content(SectionType type) { return contents[index(type)]; }
  void add(Section section, std::string content) { // in front of SHA256
    sections.insert(sections.end() - 1, section);
    contents.insert(contents.end() - 1, std::move(content));
  }
  void append(Section section, std::string content) {
    sections.push_back(section);
    contents.push_back(std::move(content));
  }
  void remove(SectionType type) {
    contents.erase(contents.begin() + long(index(type)));
    sections.erase(sections.begin() + long(index(type)));
  }
  std::string compose() {
    for (size_t i = 0; i < sections.size(); ++i) {
      if (!(sections[i].flags & kZeroFill))
        sections[i].memorySize = contents[i].size();
      sections[i].bytes = contents[i];
    }
    return composeFile(sections, reinterpret_cast<const uint8_t *>(original.data()) + kHeaderMachine, kNpubMinor,
                       kIsaMinor);
  }

private:
  std::string original;
  std::vector<Section> sections;
  std::vector<std::string> contents;
};

/// A file that is wrong in one place, made from a good one.
struct BrokenFile {
  Defect defect;
  const char *what;
  std::string (*make)(const std::string &good);
};
const std::vector<BrokenFile> &brokenFiles();

} // namespace aic::npu

#endif // AIC_UNITTESTS_NPU_CONTAINER_SAMPLE_H
