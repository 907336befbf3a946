// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Sample.h"
#include "aic/NPU/Hash.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <random>
#include <set>
#include <unistd.h>

using namespace aic::npu;

namespace {

Npub readSample(std::string_view bytes, bool copyConstants = true) {
  Npub npub;
  Diagnosis diagnosis;
  ReadOptions options;
  options.copyConstants = copyConstants;
  EXPECT_TRUE(readNpub(bytes, npub, diagnosis, options)) << diagnosis.text;
  return npub;
}

bool isSame(const OpenDim &a, const OpenDim &b) {
  return a.dim == b.dim && a.argument == b.argument && a.min == b.min && a.max == b.max;
}

void expectSame(const Program &a, const Program &b) {
  EXPECT_EQ(a.name, b.name);
  EXPECT_EQ(a.argumentCount, b.argumentCount);
  EXPECT_EQ(a.code, b.code);
  EXPECT_EQ(a.buildInfo, b.buildInfo);
  ASSERT_EQ(a.semaphores.size(), b.semaphores.size());
  for (size_t i = 0; i < a.semaphores.size(); ++i) {
    const Semaphore &x = a.semaphores[i], &y = b.semaphores[i];
    EXPECT_EQ(std::tie(x.id, x.name, x.producer, x.consumer, x.initial),
              std::tie(y.id, y.name, y.producer, y.consumer, y.initial));
  }
  ASSERT_EQ(a.segments.size(), b.segments.size());
  for (size_t i = 0; i < a.segments.size(); ++i) {
    const Segment &x = a.segments[i], &y = b.segments[i];
    EXPECT_EQ(std::tie(x.kind, x.name, x.bytes, x.align, x.data), std::tie(y.kind, y.name, y.bytes, y.align, y.data));
  }
  ASSERT_EQ(a.io.size(), b.io.size());
  for (size_t i = 0; i < a.io.size(); ++i) {
    const IOTensor &x = a.io[i], &y = b.io[i];
    EXPECT_EQ(std::tie(x.name, x.isOutput, x.dtype, x.dims, x.layout, x.scale, x.zeroPoint, x.segment, x.offset,
                       x.bytes, x.quantAxis, x.aliasOf),
              std::tie(y.name, y.isOutput, y.dtype, y.dims, y.layout, y.scale, y.zeroPoint, y.segment, y.offset,
                       y.bytes, y.quantAxis, y.aliasOf));
    EXPECT_TRUE(std::equal(x.openDims.begin(), x.openDims.end(), y.openDims.begin(), y.openDims.end(), isSame));
  }
  ASSERT_EQ(a.debugOps.size(), b.debugOps.size());
  for (size_t i = 0; i < a.debugOps.size(); ++i) {
    const DebugOp &x = a.debugOps[i], &y = b.debugOps[i];
    EXPECT_EQ(std::tie(x.node, x.opType, x.location, x.macs, x.bytes, x.predictedCycles, x.parent),
              std::tie(y.node, y.opType, y.location, y.macs, y.bytes, y.predictedCycles, y.parent));
  }
  ASSERT_EQ(a.debugLines.size(), b.debugLines.size());
  for (size_t i = 0; i < a.debugLines.size(); ++i) {
    EXPECT_EQ(a.debugLines[i].op, b.debugLines[i].op);
    EXPECT_TRUE(std::equal(a.debugLines[i].tile, a.debugLines[i].tile + 4, b.debugLines[i].tile));
  }
  ASSERT_EQ(a.constants.size(), b.constants.size());
  for (size_t i = 0; i < a.constants.size(); ++i) {
    const ConstLocation &x = a.constants[i], &y = b.constants[i];
    EXPECT_EQ(std::tie(x.name, x.packing, x.segment, x.offset, x.bytes),
              std::tie(y.name, y.packing, y.segment, y.offset, y.bytes));
  }
}

std::string source(const std::string &name) {
  std::string folder = __FILE__;
  return folder.substr(0, folder.rfind("unittests")) + name;
}

std::string slurp(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

Program smallProgram(std::vector<Instruction> code) {
  Program program = sampleProgram();
  program.debugLines.clear();
  program.code = std::move(code);
  program.code.push_back(make(Opcode::HALT));
  return program;
}

/// What writing a program says; "" if it works.
std::string writeError(const Program &program) {
  std::string bytes, error;
  return writeNpub(program, loadSampleMachine(), bytes, error) ? "" : error;
}

TEST(Container, WhatIsWrittenIsRead) {
  Program program = sampleProgram();
  Npub npub = readSample(sampleFile(program));
  expectSame(program, npub.program);
  EXPECT_EQ(npub.machine.sha256, loadSampleMachine().sha256);
  ASSERT_EQ(npub.constants.size(), 5u);
  EXPECT_EQ(npub.constants[2].size(), 100u);
  EXPECT_TRUE(npub.constants[0].empty());
}

TEST(Container, TheLeastProgram) {
  Program program;
  program.code = {make(Opcode::HALT)};
  Npub npub = readSample(sampleFile(program));
  expectSame(program, npub.program);
}

TEST(Container, WritingIsDeterministic) {
  std::string once = sampleFile(), again = sampleFile(), rewritten, error;
  EXPECT_EQ(once, again);
  Npub npub = readSample(once);
  ASSERT_TRUE(writeNpub(npub.program, npub.machine, rewritten, error)) << error;
  EXPECT_EQ(rewritten, once);
}

TEST(Container, ConstantsAreViewsOnRequest) {
  std::string bytes = sampleFile();
  Npub npub = readSample(bytes, false);
  EXPECT_TRUE(npub.program.segments[2].data.empty());
  EXPECT_EQ(npub.constants[2].data() - bytes.data() > 0, true);
  EXPECT_LT(npub.constants[2].data(), bytes.data() + bytes.size());
  EXPECT_EQ(uint8_t(npub.constants[2][3]), uint8_t(3 * 37));
  // The segment asks for 256.
  EXPECT_EQ((npub.constants[2].data() - bytes.data()) % 256, 0);
}

TEST(Container, TheFirstVersionsFileStaysReadableAndTheSame) {
  if (std::getenv("AIC_UPDATE_GOLDEN"))
    std::ofstream(source("test/NPU/Container/Inputs/sample.npub"), std::ios::binary) << sampleFile();
  std::string golden = slurp(source("test/NPU/Container/Inputs/sample.npub"));
  expectSame(sampleProgram(), readSample(golden).program);
  EXPECT_EQ(golden, sampleFile())
      << "the format, the instruction set or edge-256 has changed: see docs/NPU/Container.md, "
         "and run this test with AIC_UPDATE_GOLDEN=1";
}

TEST(Container, StrippingTakesDebugSectionsAndNothingElse) {
  std::string bytes = sampleFile(), stripped, error, again;
  ASSERT_TRUE(stripNpub(bytes, stripped, error)) << error;
  EXPECT_LT(stripped.size(), bytes.size());
  Program bare = sampleProgram();
  bare.debugOps.clear(), bare.debugLines.clear();
  EXPECT_EQ(stripped, sampleFile(bare));
  ASSERT_TRUE(stripNpub(stripped, again, error)) << error;
  EXPECT_EQ(again, stripped);
  Editor before(bytes), after(stripped);
  for (SectionType type : {SectionType::Code, SectionType::Const, SectionType::Io, SectionType::Strtab})
    EXPECT_EQ(before.content(type), after.content(type));
  EXPECT_EQ(stripped.find("/conv/Relu"), std::string::npos);
  EXPECT_FALSE(stripNpub(bytes.substr(0, 100), stripped, error));
}

TEST(Container, SectionsAreListed) {
  std::vector<std::string> names;
  for (const SectionSummary &section : sectionsOf(sampleFile()))
    names.push_back(section.name);
  EXPECT_EQ(names, (std::vector<std::string>{"STRTAB", "MACHINE", "SEGMENT", "IO", "SEMTAB", "PROGRAM", "CODE.0",
                                             "CONST.2", "CONSTLOC", "DEBUG_STR", "DEBUG_OPS", "DEBUG_LINE", "PERFHINT",
                                             "BUILDINFO", "SHA256"}));
  EXPECT_TRUE(sectionsOf("").empty());
}

TEST(Container, AnotherMachineIsRefusedWithBothNames) {
  Machine other = loadSampleMachine("edge-512"), same = loadSampleMachine();
  Npub npub;
  Diagnosis diagnosis;
  ReadOptions options;
  options.machine = &other;
  npub.program.name = "untouched";
  EXPECT_FALSE(readNpub(sampleFile(), npub, diagnosis, options));
  EXPECT_EQ(npub.program.name, "untouched");
  EXPECT_EQ(diagnosis.defect, Defect::OtherMachine);
  EXPECT_EQ(diagnosis.text, "MACHINE: expected a program for machine 'edge-512' (sha256 " +
                                hex(other.sha256.data(), 32) + "), got one for 'edge-256' (sha256 " +
                                hex(same.sha256.data(), 32) + ") [other-machine]");
  options.machine = &same;
  EXPECT_TRUE(readNpub(sampleFile(), npub, diagnosis, options)) << diagnosis.text;
}

TEST(Container, EveryDefectHasABrokenFileAndIsFound) {
  std::string good = sampleFile();
  std::set<Defect> found = {Defect::OtherMachine}; // has no file: see above
  const char *corpus = std::getenv("AIC_NPUB_CORPUS");
  unsigned number = 0;
  for (const BrokenFile &broken : brokenFiles()) {
    std::string bytes = broken.make(good);
    Diagnosis diagnosis = validateNpub(bytes);
    EXPECT_STREQ(nameOf(diagnosis.defect), nameOf(broken.defect)) << broken.what << ": " << diagnosis.text;
    EXPECT_NE(diagnosis.text.find("expected "), std::string::npos) << diagnosis.text;
    EXPECT_NE(diagnosis.text.find(std::string("[") + nameOf(broken.defect) + "]"), std::string::npos);
    found.insert(diagnosis.defect);
    if (corpus)
      std::ofstream(std::string(corpus) + "/" + nameOf(broken.defect) + "-" + std::to_string(number++) + ".npub",
                    std::ios::binary)
          << bytes;
  }
  for (Defect defect : allDefects())
    EXPECT_TRUE(found.count(defect)) << "no broken file for " << nameOf(defect);
  if (!corpus)
    return;
  std::ofstream(std::string(corpus) + "/good.npub", std::ios::binary) << good;
  std::ofstream(std::string(corpus) + "/good.code", std::ios::binary) << Editor(good).content(SectionType::Code);
}

TEST(Container, EveryDefectStandsInTheDocs) {
  std::string page = slurp(source("docs/NPU/Container.md"));
  for (Defect defect : allDefects())
    EXPECT_NE(page.find(std::string("| `") + nameOf(defect) + "` | " + ruleOf(defect) + " |"), std::string::npos)
        << nameOf(defect);
}

TEST(Container, NamesOfDefectsAreDistinct) {
  std::set<std::string> names;
  for (Defect defect : allDefects())
    EXPECT_TRUE(names.insert(nameOf(defect)).second) << nameOf(defect);
}

TEST(Container, EveryCutIsRejected) {
  std::string good = sampleFile();
  for (size_t size = 0; size < good.size(); ++size) {
    // A copy of its own, so that a sanitizer sees a read behind the end.
    std::vector<char> cut(good.begin(), good.begin() + long(size));
    EXPECT_NE(validateNpub({cut.data(), cut.size()}).defect, Defect::None) << size;
  }
}

TEST(Container, EveryFlippedBitIsRejected) {
  std::string good = sampleFile();
  for (size_t bit = 0; bit < good.size() * 8; ++bit) {
    good[bit / 8] ^= char(1 << bit % 8);
    EXPECT_NE(validateNpub(good).defect, Defect::None) << "bit " << bit % 8 << " of byte " << bit / 8;
    good[bit / 8] ^= char(1 << bit % 8);
  }
}

TEST(Container, EveryFlippedBitWithRightChecksumsIsRejectedOrReadsAsAProgram) {
  std::string good = sampleFile();
  unsigned rejected = 0, read = 0;
  for (size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string bytes = good, rewritten, error;
    bytes[bit / 8] ^= char(1 << bit % 8);
    repairChecksums(bytes);
    Npub npub;
    Diagnosis diagnosis;
    if (!readNpub(bytes, npub, diagnosis)) {
      ++rejected;
      continue;
    }
    ++read;
    EXPECT_TRUE(writeNpub(npub.program, npub.machine, rewritten, error)) << error << ", byte " << bit / 8;
  }
  EXPECT_GT(rejected, 5000u);
  EXPECT_GT(read, 500u); // names, numbers of the program
}

TEST(Container, DamagedFilesOfManyKindsNeverReadAsAnotherProgram) {
  std::string good = sampleFile();
  std::minstd_rand random(7);
  for (unsigned i = 0; i < 20000; ++i) {
    std::string bytes = good;
    for (unsigned edits = 1 + random() % 4; edits; --edits) {
      size_t at = random() % bytes.size(), count = 1 + random() % 16;
      if (random() % 2)
        bytes[at] = char(random());
      else if (random() % 2)
        bytes.erase(at, count);
      else
        bytes.insert(at, count, char(random() % 2 ? random() : 0));
      if (bytes.empty())
        break;
    }
    if (bytes != good) {
      EXPECT_NE(validateNpub(bytes).defect, Defect::None);
    }
  }
}

TEST(Container, UnknownSectionsThatMayBeSkippedAre) {
  Editor editor(sampleFile());
  Section section;
  section.type = 4000;
  editor.add(section, "something newer");
  std::string bytes = editor.compose(), stripped, error;
  expectSame(sampleProgram(), readSample(bytes).program);
  ASSERT_TRUE(stripNpub(bytes, stripped, error)) << error;
  EXPECT_NE(stripped.find("something newer"), std::string::npos);
}

TEST(Container, NewerMinorVersionsAreRead) {
  std::string bytes = sampleFile();
  store<uint16_t>(bytes, kHeaderMinor, kNpubMinor + 1);
  store<uint16_t>(bytes, kHeaderIsaMinor, kIsaMinor + 1);
  repairChecksums(bytes);
  expectSame(sampleProgram(), readSample(bytes).program);
}

TEST(Container, ZeroFillGivesZeros) {
  Editor editor(sampleFile());
  Section &section = editor.section(SectionType::Const);
  section.flags |= kZeroFill;
  section.memorySize = 100;
  editor.content(SectionType::Const).resize(50);
  editor.remove(SectionType::Constloc);
  std::string bytes = editor.compose();
  Npub npub = readSample(bytes);
  ASSERT_EQ(npub.program.segments[2].data.size(), 100u);
  EXPECT_EQ(npub.program.segments[2].data[49], uint8_t(49 * 37));
  EXPECT_EQ(npub.program.segments[2].data[50], 0);
  EXPECT_EQ(npub.constants[2].size(), 50u);
}

TEST(Container, ProgramsThatNoFileCanHoldAreRefused) {
  Program program = sampleProgram();
  program.segments[2].data.pop_back();
  EXPECT_EQ(writeError(program), "program 'sample': expected 100 bytes of data for segment 2, got 99");
  program = sampleProgram();
  program.segments[0].data.push_back(1);
  EXPECT_EQ(writeError(program), "program 'sample': expected 0 bytes of data for segment 0, got 1");
  program = sampleProgram();
  program.segments[0].name = std::string("a\0b", 3);
  EXPECT_EQ(writeError(program), "program 'sample': expected names without zero bytes, got one in 'a'");
  program = sampleProgram();
  program.io[0].dims.resize(9, 1);
  EXPECT_EQ(writeError(program), "program 'sample': tensor 0: expected at most 8 extents, got 9 [io-shape]");
  program = sampleProgram();
  program.io[0].openDims[0].max = 3;
  EXPECT_EQ(writeError(program),
            "program 'sample': expected the extent of 'x' to be its open extent's maximum, 3, got 2");
  program = sampleProgram();
  program.io[0].openDims[0].dim = 2;
  EXPECT_EQ(writeError(program), "program 'sample': expected open extents of 'x' by ascending dim below 2, got 2");
  program = sampleProgram();
  program.buildInfo["a=b"] = "";
  EXPECT_EQ(writeError(program),
            "program 'sample': expected build information of one line each, keys without '=', got 'a=b'");
  program = sampleProgram();
  program.semaphores[0].initial = 1 << 16;
  EXPECT_EQ(writeError(program), "program 'sample': expected an initial count up to 65535 of semaphore 0, got 65536");
  program = sampleProgram();
  program.constants[0].bytes = 101;
  EXPECT_EQ(
      writeError(program),
      "program 'sample': expected weight 'conv.weight' inside a constant segment, got 101 bytes at 0 of segment 2");
  program = sampleProgram();
  program.code[5].set(Field::n0, 1 << 16);
  EXPECT_EQ(writeError(program), "instruction 5: 'LD.n0': expected a number from 0 to 65535, got 65536");
  program = sampleProgram();
  program.debugLines.pop_back();
  EXPECT_EQ(writeError(program),
            "program 'sample': DEBUG_LINE: expected 11 instructions, got another number [debug-line]");
  program = sampleProgram();
  program.debugOps[0].parent = 1;
  EXPECT_EQ(writeError(program),
            "program 'sample': operation 0: expected an earlier operation as its group, got 1 [debug-parent]");
  program = sampleProgram();
  program.code[5].set(Field::src, global(0, 1, 1));
  EXPECT_EQ(writeError(program), "program 'sample': instruction 5 (LD) of '/conv/Conv': expected 'src' in segment 0 of "
                                 "1024 bytes, got an end at 1025 [code-segment-bounds]");
}

TEST(Container, DebugLinesOfAnyNumbers) {
  std::minstd_rand random(1);
  Program program = sampleProgram();
  program.code.insert(program.code.begin(), 5000, make(Opcode::NOP));
  program.debugOps.resize(300);
  program.debugLines.resize(program.code.size());
  for (size_t i = 1; i < program.debugLines.size(); ++i) {
    DebugLine &line = program.debugLines[i] = program.debugLines[i - 1];
    if (random() % 3 == 0)
      line.op = random() % 300;
    if (random() % 3 == 0)
      line.tile[random() % 4] = int32_t(random() * 5);
    if (random() % 50 == 0)
      line.tile[random() % 4] = random() % 2 ? INT32_MIN : INT32_MAX;
  }
  expectSame(program, readSample(sampleFile(program)).program);
}

TEST(Container, NumbersOfVariableLength) {
  for (int64_t value : {int64_t(0), int64_t(1), int64_t(-1), int64_t(63), int64_t(64), int64_t(-64), int64_t(-65),
                        int64_t(1) << 40, INT64_MAX, INT64_MIN}) {
    std::string bytes;
    appendSigned(bytes, value);
    std::string_view rest = bytes;
    EXPECT_EQ(takeSigned(rest), value);
    EXPECT_TRUE(rest.empty());
    for (size_t size = 0; size < bytes.size(); ++size) {
      rest = std::string_view(bytes).substr(0, size);
      EXPECT_FALSE(takeSigned(rest));
    }
  }
  for (std::string_view bad :
       {std::string_view("\x80\x00", 2), std::string_view("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"),
        std::string_view("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")})
    EXPECT_FALSE(takeVarint(bad));
}

TEST(CodeCheck, RegistersOfLoopsAreFollowed) {
  auto nest = [](int64_t start, unsigned inner, unsigned wrap, unsigned offset, int predicate = -1) {
    Instruction load = copy(Opcode::LD, global(0, offset, 1), local(Space::L1, 0), 64);
    load.predicate = int8_t(predicate);
    return writeError(smallProgram({
        with(make(Opcode::SETA), {{Field::ar, 1}, {Field::value, start}}),
        with(make(Opcode::LOOP), {{Field::trip, 2}, {Field::ar0, 1}, {Field::inc0, 512}}),
        with(make(Opcode::LOOP), {{Field::trip, inner}, {Field::ar1, 1}, {Field::inc1, 64}, {Field::wrap1, wrap}}),
        load,
        make(Opcode::ENDLOOP),
        make(Opcode::ENDLOOP),
    }));
  };
  EXPECT_EQ(nest(0, 8, 0, 0), "");
  EXPECT_NE(nest(0, 9, 0, 0), "");
  EXPECT_EQ(nest(0, 900, 8, 0), "");
  EXPECT_NE(nest(0, 900, 9, 0), "");
  EXPECT_NE(nest(0, 8, 0, 1), "");
  EXPECT_EQ(nest(-1, 8, 0, 1), "");
  EXPECT_NE(nest(-2, 8, 0, 1), "");
  // A false predicate may keep the last iteration away.
  EXPECT_EQ(nest(0, 9, 0, 0, 1), "");
}

TEST(CodeCheck, RegistersHoldTheirOldValueBehindALoop) {
  std::vector<Instruction> code = {
      with(make(Opcode::SETA), {{Field::ar, 1}, {Field::value, 960}}),
      with(make(Opcode::LOOP), {{Field::trip, 100}, {Field::ar0, 1}, {Field::inc0, 64}}),
      make(Opcode::ENDLOOP),
      copy(Opcode::LD, global(0, 0, 1), local(Space::L1, 0), 64),
  };
  EXPECT_EQ(writeError(smallProgram(code)), "");
  code[3].set(Field::n0, 65);
  EXPECT_NE(writeError(smallProgram(code)), "");
}

TEST(CodeCheck, WhatIsNotStaticIsLeftToTheSimulator) {
  Instruction far = copy(Opcode::LD, global(0, 0, 1), local(Space::L1, 0), 64);
  Instruction set = with(make(Opcode::SETA), {{Field::ar, 1}, {Field::value, 2000}});
  EXPECT_NE(writeError(smallProgram({set, far})), "");
  Instruction argument = with(make(Opcode::LDARG), {{Field::ar, 1}, {Field::arg, 0}});
  EXPECT_EQ(writeError(smallProgram({set, argument, far})), "");
  // The body assigns what its next iteration uses.
  Instruction loop = with(make(Opcode::LOOP), {{Field::trip, 2}}), end = make(Opcode::ENDLOOP);
  EXPECT_EQ(writeError(smallProgram({set, loop, far, set, end})), "");
  EXPECT_EQ(writeError(smallProgram({loop, set, end, far})), "");
  EXPECT_NE(writeError(smallProgram({loop, set, far, end})), "");
  Instruction predicated = set;
  predicated.predicate = 2;
  EXPECT_EQ(writeError(smallProgram({predicated, far})), "");
  Instruction add = with(make(Opcode::ADDA), {{Field::ar, 1}, {Field::from, 2}, {Field::value, 2000}});
  EXPECT_EQ(writeError(smallProgram({argument, add, far})), "");
  add.set(Field::from, 0);
  EXPECT_NE(writeError(smallProgram({argument, add, far})), "");
}

TEST(CodeCheck, SumsOfRegistersDoNotOverflow) {
  std::vector<Instruction> code = {with(make(Opcode::SETA), {{Field::ar, 1}, {Field::value, (int64_t(1) << 47) - 1}})};
  for (int i = 0; i < 40; ++i)
    code.push_back(with(make(Opcode::LOOP), {{Field::trip, 0xfffff}, {Field::ar0, 1}, {Field::inc0, 0x7fffff}})),
        code.push_back(
            with(make(Opcode::ADDA), {{Field::ar, 2}, {Field::from, 1}, {Field::value, (int64_t(1) << 47) - 1}})),
        code.push_back(make(Opcode::ENDLOOP));
  for (int i = 0; i < 70000; ++i)
    code.push_back(
        with(make(Opcode::ADDA), {{Field::ar, 1}, {Field::from, 1}, {Field::value, (int64_t(1) << 47) - 1}}));
  EXPECT_EQ(writeError(smallProgram(code)), "");
}

TEST(CodeCheck, WaysOfTheMachine) {
  Machine machine = loadSampleMachine();
  auto check = [&](const Instruction &inst) {
    Diagnosis diagnosis;
    return checkCode(smallProgram({inst}), machine, diagnosis) ? "" : diagnosis.text;
  };
  Instruction fill = with(make(Opcode::FILL, Engine::MV),
                          {{Field::dst, local(Space::L1, 0)}, {Field::n0, 32}, {Field::n1, 1}, {Field::n2, 1}});
  Instruction out = with(make(Opcode::FXOUT), {{Field::c, local(Space::C0, 0)},
                                               {Field::dst, local(Space::VB, 0)},
                                               {Field::res, 1},
                                               {Field::res_src, local(Space::L1, 0)},
                                               {Field::m, 1},
                                               {Field::n, 1}});
  Instruction within = copy(Opcode::CP, local(Space::L1, 0), local(Space::VB, 0), 32);
  for (const Instruction &inst : {fill, out, within})
    EXPECT_EQ(check(inst), "");
  machine.paths.erase(
      std::remove_if(machine.paths.begin(), machine.paths.end(),
                     [](const DataPath &path) { return path.source == Space::L1 && path.engine != Engine::ST; }),
      machine.paths.end());
  EXPECT_EQ(check(within), "instruction 0 (CP): expected a way that MV has on 'edge-256', got L1 to VB [code-path]");
  EXPECT_EQ(check(out), "instruction 0 (FXOUT): expected a way that FX has on 'edge-256', got L1 to VB [code-path]");
  EXPECT_EQ(check(fill), "");
  machine.paths.clear();
  EXPECT_EQ(check(fill), "instruction 0 (FILL): expected a way that MV has on 'edge-256', got one to L1 [code-path]");
}

TEST(File, LoadedFromDisk) {
  std::string path = testing::TempDir() + "/sample." + std::to_string(getpid()) + ".npub", error;
  std::ofstream(path, std::ios::binary) << sampleFile();
  Npub npub;
  {
    MappedFile file;
    ASSERT_TRUE(loadNpub(path, file, npub, error)) << error;
    expectSame(sampleProgram(), npub.program);
    EXPECT_EQ(uint8_t(npub.constants[2][1]), 37);
  }
  std::ofstream(path, std::ios::binary) << sampleFile().substr(0, 1000);
  MappedFile file;
  EXPECT_FALSE(loadNpub(path, file, npub, error));
  EXPECT_EQ(error.substr(0, path.size() + 16), path + ": header: expect");
  std::ofstream(path, std::ios::binary) << "";
  EXPECT_FALSE(loadNpub(path, file, npub, error));
  unlink(path.c_str());
  EXPECT_FALSE(loadNpub(path, file, npub, error));
  EXPECT_EQ(error, path + ": No such file or directory");
  EXPECT_FALSE(loadNpub("/", file, npub, error));
  EXPECT_EQ(error, "/: expected a regular file");
}

} // namespace
