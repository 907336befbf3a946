// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- aic-npub-fuzzer.cpp - libFuzzer target for programs of the NPU -----===//
//
// Bytes that start like a .npub file are one: they are read as they are, and
// once more with right checksums and hashes, because no mutation would ever get
// past those. Whatever is read can be written, what was written reads as the
// same, and it runs, sequentially and timed, to its end or to a diagnostic. All
// other bytes are instruction words.
//
// Most mutations of a file are of the content of one section.
//
//===----------------------------------------------------------------------===//
#include "aic/NPU/Container/Layout.h"
#include "aic/NPU/Hash.h"
#include "aic/NPU/Sim/Simulator.h"
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <random>
#include <regex>

using namespace aic::npu;

extern "C" size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t maxSize);

static void check(bool holds) {
  if (!holds)
    std::abort();
}

/// About how many elements an instruction touches.
static double workOf(const Instruction &inst) {
  double work = 1;
  // Extents are 1 or more where an instruction has them.
  for (Field extent : {Field::n0, Field::n1, Field::n2, Field::n3, Field::m_len, Field::k_len, Field::m, Field::n,
                       Field::k, Field::len, Field::rep, Field::oh, Field::ow, Field::c})
    if (inst.has(extent))
      work *= double(std::max<int64_t>(inst.get(extent), 1));
  if (inst.has(Field::oh))
    work *= double(std::max<int64_t>(inst.get(Field::kh) * inst.get(Field::kw), 1));
  return work;
}

/// Runs a program that the checks let pass, if it is small.
static void runProgram(const Program &program, const Machine &machine) {
  uint64_t bytes = 0;
  for (const Segment &segment : program.segments)
    bytes += segment.bytes; // at most 16 of at most 2^40
  for (const MemorySpace &space : machine.spaces)
    bytes += space.bytes;
  if (bytes > 4 << 20)
    return;
  for (const Instruction &inst : program.code)
    if (workOf(inst) > 20000)
      return;
  RunOptions options;
  options.maxInstructions = 100;
  options.maxDiagnostics = 3;
  options.arguments.assign(program.argumentCount, 96);
  for (RunMode mode : {RunMode::Sequential, RunMode::Timed}) {
    options.mode = mode;
    RunResult result = run(program, machine, {}, options);
    check(result.ok == result.diagnostics.empty());
  }
}

/// Returns the first defect. Writing and reading again takes ten times as long, so one in eight files does.
static Defect readFile(std::string_view bytes) {
  Npub npub;
  Diagnosis diagnosis;
  bool isRead = readNpub(bytes, npub, diagnosis);
  check(isRead == (diagnosis.defect == Defect::None) && isRead == diagnosis.text.empty());
  if (!isRead || crc32c(bytes.data(), bytes.size()) % 8)
    return diagnosis.defect;
  std::string written, again, stripped, error;
  check(writeNpub(npub.program, npub.machine, written, error));
  check(readNpub(written, npub, diagnosis) && writeNpub(npub.program, npub.machine, again, error));
  check(written == again);
  check(stripNpub(bytes, stripped, error) && validateNpub(stripped).defect == Defect::None);
  runProgram(npub.program, npub.machine);
  return Defect::None;
}

/// A program around instructions, for the machine that all of them know.
static Program surroundings() {
  Program program;
  program.argumentCount = 2;
  program.segments = {{SegmentKind::Input, "in", 4096, 64, {}},
                      {SegmentKind::Output, "out", 1 << 12, 64, {}},
                      {SegmentKind::Const, "weights", 64, 64, std::vector<uint8_t>(64)},
                      {SegmentKind::Scratch, "scratch", 1 << 13, 64, {}}};
  for (unsigned i = 0; i < 36; ++i)
    program.semaphores.push_back({i, "", static_cast<Engine>(1 + i / 6), static_cast<Engine>(1 + i % 6), i % 3});
  return program;
}

static void readCode(const uint8_t *data, size_t size) {
  static const Program around = surroundings();
  // Small spaces: each run of a program fills them.
  static const Machine machine = [] {
    Machine loaded, small;
    std::string error;
    check(loadMachine("edge-256", loaded, error));
    std::string json = std::regex_replace(loaded.canonicalJson, std::regex("\"bytes\":[0-9]+"), "\"bytes\":8192");
    check(parseMachine(json, small, error));
    return small;
  }();
  Program program = around;
  std::string error, encoded;
  for (size_t at = 0; at < size;) {
    Instruction inst;
    size_t used = decode(data + at, size - at, inst, error);
    check(used == 0 ? !error.empty() : used <= size - at);
    if (!used)
      break;
    encoded.clear();
    check(encode(inst, encoded, error) && encoded.size() == used && !std::memcmp(encoded.data(), data + at, used));
    program.code.push_back(inst);
    at += used;
  }
  if (program.code.empty() || program.code.back().opcode != Opcode::HALT)
    program.code.push_back(make(Opcode::HALT));
  Diagnosis diagnosis;
  bool isGood = checkCode(program, machine, diagnosis);
  check(isGood == (diagnosis.defect == Defect::None));
  std::string file;
  if (isGood && program.code.size() % 16 == 0)
    check(writeNpub(program, machine, file, error));
  if (isGood && crc32c(data, size) % 4 == 0)
    runProgram(program, machine);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::string_view bytes(reinterpret_cast<const char *>(data), size);
  if (bytes.substr(0, 4) != kMagic.substr(0, 4)) {
    readCode(data, size);
    return 0;
  }
  Defect defect = readFile(bytes);
  if (defect == Defect::HeaderChecksum || defect == Defect::SectionChecksum || defect == Defect::FileHash) {
    std::string repaired(bytes);
    repairChecksums(repaired);
    readFile(repaired);
  }
  return 0;
}

/// The file with one section's content, or its entry in the table, mutated. Empty if it is too broken for that.
static std::string mutateSection(std::string_view bytes, size_t maxSize, std::minstd_rand &random) {
  std::vector<Section> sections;
  Diagnosis diagnosis;
  if (!readSections(bytes, sections, diagnosis, /*withHash=*/false))
    return "";
  Section &section = sections[random() % sections.size()];
  std::vector<uint8_t> content(section.bytes.begin(), section.bytes.end());
  size_t size = content.size(), room = size + (maxSize > bytes.size() ? (maxSize - bytes.size()) / 2 : 0);
  content.resize(room + 1);
  size = LLVMFuzzerMutate(content.data(), size, room + 1);
  section.bytes = {reinterpret_cast<const char *>(content.data()), size};
  if (!(section.flags & kZeroFill))
    section.memorySize = size;
  if (random() % 8 == 0) {
    static const uint32_t values[] = {0, 1, 2, 4, 5, 7, 16, 64, 1000};
    uint32_t *fields[] = {&section.type, &section.flags, &section.info, &section.name};
    *fields[random() % 4] = values[random() % 9];
  }
  if (random() % 16 == 0 && sections.size() > 1)
    std::swap(sections[random() % sections.size()], sections[random() % sections.size()]);
  return composeFile(sections, reinterpret_cast<const uint8_t *>(bytes.data()) + kHeaderMachine,
                     load<uint16_t>(bytes, kHeaderMinor), load<uint16_t>(bytes, kHeaderIsaMinor));
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t maxSize, unsigned seed) {
  std::minstd_rand random(seed);
  std::string_view bytes(reinterpret_cast<const char *>(data), size);
  if (random() % 4 && bytes.substr(0, 4) == kMagic.substr(0, 4)) {
    std::string mutated = mutateSection(bytes, maxSize, random);
    if (!mutated.empty() && mutated.size() <= maxSize) {
      std::memcpy(data, mutated.data(), mutated.size());
      return mutated.size();
    }
  }
  size_t changed = LLVMFuzzerMutate(data, size, maxSize);
  // Code stays whole words: a cut instruction ends what can be seen.
  return bytes.substr(0, 4) == kMagic.substr(0, 4) || changed < kWordBytes || random() % 8 == 0
             ? changed
             : changed / kWordBytes * kWordBytes;
}
