// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "RandomInstruction.h"

#include "aic/NPU/ISA/Assembly.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <cstdio>
#include <cstring>
#include <fstream>

using namespace aic::npu;
using namespace aic::npu::test;
using testing::HasSubstr;

namespace {
Program assembled(const std::string &text) {
  Program program;
  std::string machine, error;
  EXPECT_TRUE(assemble(text, "t.s", program, machine, error)) << error;
  return program;
}

std::string code(const Program &program) {
  std::string bytes, error;
  for (const Instruction &inst : program.code)
    EXPECT_TRUE(encode(inst, bytes, error)) << error;
  return bytes;
}

std::vector<Instruction> decoded(const std::string &bytes) {
  std::vector<Instruction> code;
  std::string error;
  for (size_t at = 0; at < bytes.size();) {
    code.emplace_back();
    size_t used = decode(reinterpret_cast<const uint8_t *>(bytes.data()) + at, bytes.size() - at, code.back(), error);
    EXPECT_NE(used, 0u) << error;
    if (!used)
      break;
    at += used;
  }
  return code;
}

constexpr const char *kGemm = R"(; one tile of a product
.machine edge-256
.program gemm
.args 1
.equ TILE, 64
.segment x kind=input bytes=4096
.segment w kind=const bytes=70 align=128
  .data 00ff 1234
  .data i32 -1, TILE * 2
  .data f32 1.5
  .fill 54, 7
.segment y kind=output bytes=1 << 12
.io "x:0" kind=input dtype=i8 dims=[1, 64, 64] layout="row-major" scale=0.1 zp=-3 axis=2 alias=0 open=[1, 0, 1, 64] segment=x bytes=4096
.sem free producer=MV consumer=LD init=2
.sem full producer=LD consumer=MV
.weight "conv.w" packing="n-major" segment=w offset=4 bytes=64
.build "tool"="aic 0.1"
.op node="conv/1;a" type=Conv loc="model.mlir:3" macs=4096 bytes=12 cycles=77
.op node=part parent=0
.loc op=0 tile=0,1
SETA ar=AR1, value=0x400
LOOP trip=8, ar0=AR1, inc0=TILE * 32, wrap0=2
  LD src=x[0x10+AR2], dst=L1[AR1], n0=TILE,
     n1=1, n2=1, n3=1   wait free sig full ; goes on
  .loc op=0 tile=0,2
  LDA dst=A0[0], src=L1[0x20 * (1 + 1) + AR1], h=1, w=4 wait full sig free
ENDLOOP
@p2 VX.FILL dst=VB[0x40], value=-1
VX.SWAIT wait s7
ADD dst=VB[0], s0=VB[32], s1=-0.25, ddt=f16
MUL dst=VB[0], s0=VB[32], s1=VB[64], ddt=f32
FXOUT c=C0[0], dst=L1[0], scale=0.00390625, qmode=scalar, act=clip, lo=-128, hi=127
LOOP trip=AR3
ENDLOOP
HALT
)";

TEST(Assembler, ReadsAProgram) {
  Program program;
  std::string machine, error;
  ASSERT_TRUE(assemble(kGemm, "t.s", program, machine, error)) << error;
  EXPECT_EQ(machine, "edge-256");
  EXPECT_EQ(program.name, "gemm");
  EXPECT_EQ(program.argumentCount, 1u);
  ASSERT_EQ(program.segments.size(), 3u);
  EXPECT_EQ(program.segments[1].align, 128u);
  EXPECT_EQ(program.segments[2].bytes, 4096u);
  const std::vector<uint8_t> &data = program.segments[1].data;
  ASSERT_EQ(data.size(), 70u);
  EXPECT_EQ(std::vector<uint8_t>(data.begin(), data.begin() + 17),
            (std::vector<uint8_t>{0, 255, 0x12, 0x34, 255, 255, 255, 255, 128, 0, 0, 0, 0, 0, 0xc0, 0x3f, 7}));
  ASSERT_EQ(program.io.size(), 1u);
  EXPECT_EQ(program.io[0].scale, 0.1f);
  EXPECT_EQ(program.io[0].dims, (std::vector<int64_t>{1, 64, 64}));
  ASSERT_EQ(program.semaphores.size(), 2u);
  EXPECT_EQ(program.semaphores[1].id, 1u);
  EXPECT_EQ(program.semaphores[0].initial, 2u);
  EXPECT_EQ(program.debugOps[0].node, "conv/1;a");
  EXPECT_EQ(program.debugOps[0].parent, -1);
  EXPECT_EQ(program.debugOps[1].parent, 0);
  EXPECT_EQ(program.io[0].quantAxis, 2);
  EXPECT_EQ(program.io[0].aliasOf, 0);
  ASSERT_EQ(program.io[0].openDims.size(), 1u);
  EXPECT_EQ(program.io[0].openDims[0].max, 64);
  EXPECT_EQ(program.constants.at(0).packing, "n-major");
  EXPECT_EQ(program.constants.at(0).offset, 4u);
  EXPECT_EQ(program.buildInfo.at("tool"), "aic 0.1");
  ASSERT_EQ(program.code.size(), 13u);
  ASSERT_EQ(program.debugLines.size(), 13u);
  EXPECT_EQ(program.debugLines[2].tile[1], 1);
  EXPECT_EQ(program.debugLines[3].tile[1], 2);
  const Instruction &ld = program.code[2];
  EXPECT_EQ(ld.opcode, Opcode::LD);
  EXPECT_EQ(ld.engine, Engine::LD);
  EXPECT_EQ(ld.wait, 0);
  EXPECT_EQ(ld.signal, 1);
  EXPECT_EQ(ld.get(Field::n0), 64);
  EXPECT_EQ(ld.global(Field::src).offset, 16u);
  EXPECT_EQ(ld.global(Field::src).ar, 2u);
  EXPECT_EQ(program.code[3].local(Field::src).granule, 2u);
  EXPECT_EQ(program.code[3].local(Field::src).ar, 1u);
  EXPECT_EQ(program.code[5].engine, Engine::VX);
  EXPECT_EQ(program.code[5].predicate, 2);
  EXPECT_EQ(program.code[5].get(Field::value), 0xffffffff);
  EXPECT_EQ(program.code[7].f32(Field::s1), -0.25f);
  EXPECT_EQ(program.code[7].get(Field::s1_imm), 1);
  EXPECT_EQ(program.code[8].get(Field::s1_imm), 0);
  EXPECT_EQ(program.code[9].get(Field::lo), 0xff80);
  EXPECT_EQ(program.code[10].get(Field::trip_ar), 1);
}

TEST(Disassembler, Text) {
  std::string text = disassemble(assembled(kGemm), {"edge-256"});
  EXPECT_THAT(text, HasSubstr(".machine edge-256\n.program gemm\n.args 1\n.segment x kind=input bytes=4096\n"));
  EXPECT_THAT(text, HasSubstr("  .data 00ff1234ffffffff800000000000c03f\n  .fill 54, 7\n"));
  EXPECT_THAT(text, HasSubstr(".loc op=0 tile=0,1,0,0 ; \"conv/1;a\" (Conv)\n"
                              " 0: SETA ar=AR1, value=1024\n"
                              " 1: LOOP trip=8, ar0=AR1, inc0=2048, wrap0=2\n"
                              " 2:   LD src=x[0x10+AR2], dst=L1[AR1], n0=64, n1=1, n2=1, n3=1 wait free sig full\n"
                              ".loc op=0 tile=0,2,0,0 ; \"conv/1;a\" (Conv)\n"
                              " 3:   LDA dst=A0[0], src=L1[0x40+AR1], h=1, w=4 wait full sig free\n"
                              " 4: ENDLOOP\n"
                              " 5: @p2 VX.FILL dst=VB[0x40], value=0xffffffff\n"
                              " 6: VX.SWAIT wait s7\n"
                              " 7: ADD dst=VB[0], s0=VB[0x20], s1=-0.25, ddt=f16\n"));
  EXPECT_THAT(disassemble(assembled(kGemm), {"", false}), HasSubstr("  ; 70 bytes of data left out\n"));
  EXPECT_EQ(format(assembled(kGemm).code[2]),
            "LD src=seg0[0x10+AR2], dst=L1[AR1], n0=64, n1=1, n2=1, n3=1 wait s0 sig s1");
}

/// asm -> bin -> dis -> asm -> bin.
void expectRoundTrip(const Program &program) {
  std::string bytes = code(program);
  Program stored = program;
  stored.code = decoded(bytes);
  std::string text = disassemble(stored, {"{\"name\":\"a;b\"}"});
  Program back;
  std::string machine, error;
  ASSERT_TRUE(assemble(text, "t.s", back, machine, error)) << error;
  EXPECT_EQ(machine, "{\"name\":\"a;b\"}");
  EXPECT_EQ(code(back), bytes);
  EXPECT_EQ(disassemble(back, {machine}), text);
  EXPECT_EQ(back.debugLines.size(), program.debugLines.size());
  ASSERT_EQ(back.segments.size(), program.segments.size());
  for (size_t i = 0; i < back.segments.size(); ++i) {
    EXPECT_EQ(back.segments[i].data, program.segments[i].data);
    EXPECT_EQ(back.segments[i].name, program.segments[i].name);
  }
}

TEST(RoundTrip, HandWritten) { expectRoundTrip(assembled(kGemm)); }

TEST(RoundTrip, EveryOpcodeWithRandomFields) {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    Random random(seed);
    Program program;
    for (Opcode opcode : allOpcodes())
      for (unsigned i = 0; i < 3; ++i)
        program.code.push_back(random.instruction(opcode));
    expectRoundTrip(program);
    if (HasFailure())
      break;
  }
}

// Names that are no words, that look like numbers, or that two things share.
TEST(RoundTrip, OddNames) {
  Program program;
  program.name = "a b\n\"\\\x01;";
  const char *names[] = {"", "seg1", "x", "x", "L1", "kind", "/model/conv:0", "inf", "AR3"};
  for (const char *name : names) {
    Segment segment;
    segment.name = name;
    segment.bytes = 64;
    program.segments.push_back(segment);
    Semaphore sem;
    sem.id = 63 - program.semaphores.size();
    sem.name = std::string(name) == "seg1" ? "s3" : name;
    program.semaphores.push_back(sem);
    IOTensor io;
    io.name = name;
    io.dtype = "i8";
    io.layout = "NHWC;x";
    io.dims = {1, -1};
    io.segment = program.segments.size() - 1;
    program.io.push_back(io);
    DebugOp op;
    op.node = name;
    op.opType = "a\nb";
    program.debugOps.push_back(op);
    Instruction inst = make(Opcode::LD);
    inst.set(Field::src,
             static_cast<int64_t>(pack(GlobalAddress{static_cast<uint8_t>(program.segments.size() - 1), 5, 3})));
    inst.wait = static_cast<int8_t>(sem.id);
    inst.signal = 3;
    program.code.push_back(inst);
    program.debugLines.push_back({static_cast<uint32_t>(program.debugOps.size() - 1), {0, -1, 2, 0}});
  }
  program.segments[4].kind = SegmentKind::Const;
  for (unsigned i = 0; i < 64; ++i)
    program.segments[4].data.push_back(static_cast<uint8_t>(i < 40 ? 0 : i));
  expectRoundTrip(program);
}

TEST(RoundTrip, FloatsBitForBit) {
  std::mt19937 random(8);
  std::vector<uint32_t> values = {0,          0x80000000, 1,          0x807fffff, 0x7f800000,
                                  0xff800000, 0x7fc00001, 0xffc00000, 0x7f7fffff, 0x3f800001};
  for (unsigned i = 0; i < 20000; ++i)
    values.push_back(random());
  Program program;
  for (uint32_t bits : values) {
    Instruction inst = make(Opcode::FXOUT);
    inst.set(Field::c, static_cast<int64_t>(pack(LocalAddress{Space::C0, 0, 0})));
    inst.set(Field::scale, bits);
    program.code.push_back(inst);
  }
  expectRoundTrip(program);
}

TEST(Assembler, ReadsAFileBesideTheText) {
  std::string path = testing::TempDir() + "aic-npu-assembly-data.bin";
  std::ofstream(path, std::ios::binary) << "abc";
  Program program;
  std::string machine, error;
  std::string text = ".segment w kind=const\n.file \"aic-npu-assembly-data.bin\"\n";
  ASSERT_TRUE(assemble(text, testing::TempDir() + "t.s", program, machine, error)) << error;
  EXPECT_EQ(program.segments[0].data, (std::vector<uint8_t>{'a', 'b', 'c'}));
  EXPECT_EQ(program.segments[0].bytes, 3u);
  std::remove(path.c_str());
  EXPECT_FALSE(assemble(text, testing::TempDir() + "t.s", program, machine, error));
  EXPECT_THAT(error, HasSubstr("t.s:2: expected a readable file, got '"));
  for (const char *path : {"/dev/zero", "/", "."}) {
    std::string special = std::string(".segment w kind=const\n.file \"") + path + "\"\n";
    EXPECT_FALSE(assemble(special, "t.s", program, machine, error));
    EXPECT_EQ(error, std::string("t.s:2: expected a readable file, got '") + path + "'");
  }
}

// Whatever the text, the answer is a program or a message with a line.
TEST(Assembler, SurvivesMutatedText) {
  Random random(9);
  const std::string seed = kGemm;
  for (unsigned i = 0; i < 5000; ++i) {
    std::string text = seed;
    for (uint64_t n = 1 + random.below(4); n && !text.empty(); --n) {
      size_t at = random.below(text.size());
      switch (random.below(4)) {
      case 0:
        text[at] = static_cast<char>(random.below(256));
        break;
      case 1:
        text.erase(at, random.below(20));
        break;
      case 2:
        text.insert(at, seed.substr(random.below(seed.size()), random.below(20)));
        break;
      case 3:
        text.resize(at + 1);
        break;
      }
    }
    Program program;
    std::string machine, error;
    if (!assemble(text, "t.s", program, machine, error))
      ASSERT_EQ(error.compare(0, 4, "t.s:"), 0) << error;
    else
      code(program);
  }
}
} // namespace
