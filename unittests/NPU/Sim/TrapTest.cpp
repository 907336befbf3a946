//===- TrapTest.cpp - What cannot be executed, and the sequencer -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Build.h"

#include <functional>

using namespace simtest;

namespace {

std::string trapOf(const std::function<void(Bench &)> &build) {
  Bench bench;
  bench.segment(SegmentKind::Input, 1024), bench.segment(SegmentKind::Const, 64);
  build(bench);
  std::string sequential = bench.runBadly();
  bench.options.mode = RunMode::Timed;
  std::string timed = bench.runBadly();
  EXPECT_EQ(timed.substr(0, sequential.size() - 1), sequential.substr(0, sequential.size() - 1));
  return sequential;
}

TEST(Traps, Misalignment) {
  EXPECT_EQ(trapOf([](Bench &b) {
              b.add(Opcode::SETA, {{Field::ar, 1}, {Field::value, 20}});
              b.add(Opcode::LD, Bench::dma(global(0, 0), local(Space::L1, 32, 1), 8));
            }),
            "trap: pc 1 LD: misaligned 'dst': expected a multiple of 32 in L1, got 52\n");
  EXPECT_EQ(
      trapOf([](Bench &b) { b.add(Opcode::LDA, Bench::tile(local(Space::A0, 32), local(Space::L1, 0), 1, 1, 1)); }),
      "trap: pc 0 LDA: misaligned 'dst': expected a multiple of 512 in A0, got 32\n");
}

TEST(Traps, OutsideOfSpaceAndSegment) {
  EXPECT_EQ(trapOf([](Bench &b) { b.load(0, 0, Space::L1, 524288 - 32, 64); }),
            "trap: pc 0 LD: 'dst' takes bytes 524256 to 524319 of L1, which has 524288\n");
  EXPECT_EQ(trapOf([](Bench &b) { b.load(0, 1000, Space::L1, 0, 32); }),
            "trap: pc 0 LD: 'src' takes bytes 1000 to 1031 of segment 0, which has 1024\n");
  EXPECT_EQ(trapOf([](Bench &b) {
              b.add(Opcode::SETA, {{Field::ar, 2}, {Field::value, -64}});
              b.add(Opcode::LD, Bench::dma(global(0, 32, 2), local(Space::L1, 0), 32));
            }),
            "trap: pc 1 LD: 'src' takes bytes -32 to -1 of segment 0, which has 1024\n");
  EXPECT_EQ(trapOf([](Bench &b) { b.load(7, 0, Space::L1, 0, 32); }),
            "trap: pc 0 LD: 'src': segment 7 is not in the program\n");
  EXPECT_EQ(trapOf([](Bench &b) { b.store(Space::L1, 0, 1, 0, 32); }),
            "trap: pc 0 ST: writes segment 1, which is constant\n");
}

TEST(Traps, FieldsThatMakeNoSense) {
  EXPECT_EQ(trapOf([](Bench &b) {
              Fields fields = Bench::dma(global(0, 0), local(Space::L1, 0), 8);
              fields.push_back({Field::n2, 0});
              b.add(Opcode::LD, fields);
            }),
            "trap: pc 0 LD: 'n2': expected at least 1, got 0\n");
  EXPECT_EQ(trapOf([](Bench &b) {
              Fields fields = Bench::dma(global(0, 0), local(Space::L1, 0), 8);
              for (Field f : {Field::n1, Field::n2, Field::n3})
                fields.push_back({f, 65535});
              b.add(Opcode::LD, fields);
            }),
            "trap: pc 0 LD: writes more bytes than L1 has\n");
  EXPECT_EQ(trapOf([](Bench &b) {
              b.add(Opcode::MMA, {{Field::a, local(Space::A0, 0)},
                                  {Field::b, local(Space::B0, 0)},
                                  {Field::c, local(Space::C0, 0)},
                                  {Field::m, 1},
                                  {Field::n, 1},
                                  {Field::k, 1},
                                  {Field::adt, code(DType::i16)}});
            }),
            "trap: pc 0 MMA: 'adt': expected one of i8, u8, f16, bf16, got i16\n");
  EXPECT_EQ(trapOf([](Bench &b) {
              b.add(
                  Opcode::MMAS,
                  {{Field::a, local(Space::A0, 0)}, {Field::b, local(Space::B0, 0)}, {Field::c, local(Space::C0, 0)}});
            }),
            "trap: pc 0 MMAS: designed, but not executed by this version\n");
  EXPECT_EQ(trapOf([](Bench &b) {
              b.add(Opcode::AND, {{Field::dst, local(Space::VB, 0)},
                                  {Field::s0, local(Space::VB, 0)},
                                  {Field::s1, local(Space::VB, 0)},
                                  {Field::len, 1},
                                  {Field::rep, 1},
                                  {Field::s0dt, code(DType::f32)}});
            }),
            "trap: pc 0 AND: works on integers only\n");
  EXPECT_EQ(trapOf([](Bench &b) { b.add(Opcode::TRAP, {{Field::code, 42}}); }), "trap: pc 0 TRAP: trap 42\n");
  EXPECT_EQ(trapOf([](Bench &b) { b.add(Opcode::LDARG, {{Field::ar, 1}, {Field::arg, 0}}); }),
            "trap: pc 0 LDARG: launch argument 0 of 0\n");
  EXPECT_EQ(trapOf([](Bench &b) { b.addOn(Engine::MX, Opcode::SWAIT, {}, 5); }),
            "trap: pc 0 SWAIT: waits for semaphore 5, which is not declared\n");
  EXPECT_EQ(trapOf([](Bench &b) {
              b.semaphore(5, Engine::LD, Engine::FX);
              b.addOn(Engine::MX, Opcode::SWAIT, {}, 5);
            }),
            "trap: pc 0 SWAIT: waits for semaphore 5 on engine MX, declared with consumer FX\n");
  EXPECT_EQ(trapOf([](Bench &b) {
              b.machine.paths.erase(b.machine.paths.begin());
              b.load(0, 0, Space::L1, 0, 32);
            }),
            "trap: pc 0 LD: the machine has no path of LD from DRAM to L1\n");
}

TEST(Traps, ProgramsThatCannotStart) {
  auto invalid = [](const std::function<void(Bench &)> &build) {
    Bench bench;
    build(bench);
    return bench.runBadly();
  };
  EXPECT_EQ(invalid([](Bench &b) { b.add(Opcode::ENDLOOP); }), "invalid: pc 0: ENDLOOP without LOOP\n");
  EXPECT_EQ(invalid([](Bench &b) { b.add(Opcode::LOOP); }), "invalid: pc 0: LOOP without ENDLOOP\n");
  EXPECT_EQ(invalid([](Bench &b) {
              for (int i = 0; i < 9; ++i)
                b.add(Opcode::LOOP);
            }),
            "invalid: pc 8: expected at most 8 nested loops\n");
  EXPECT_EQ(invalid([](Bench &b) { b.semaphore(64, Engine::LD, Engine::MX); }),
            "invalid: semaphore 64: the machine has 64\n");
  EXPECT_EQ(invalid([](Bench &b) { b.semaphore(1, Engine::LD, Engine::MX, 16); }),
            "invalid: semaphore 1: initial count 16, the machine counts to 15\n");
  Bench bench;
  bench.segment(SegmentKind::Input, 64);
  bench.memory[0].resize(63);
  EXPECT_EQ(bench.runBadly(), "invalid: segment 0 's0': expected 64 bytes of memory, got 63\n");
  bench.options.maxBytes = 63;
  RunResult large = aic::npu::run(bench.program, bench.machine, {}, bench.options);
  ASSERT_EQ(large.diagnostics.size(), 1u);
  EXPECT_EQ(large.diagnostics[0].message, "expected segments that fit in 63 bytes of memory, got 64");
  RunResult result = aic::npu::run(Program(), bench.machine, {});
  ASSERT_EQ(result.diagnostics.size(), 1u);
  EXPECT_EQ(result.diagnostics[0].message, "expected HALT at the end of the program");
}

TEST(Traps, EndlessProgramsEnd) {
  for (RunMode mode : {RunMode::Sequential, RunMode::Timed}) {
    Bench bench;
    for (int i = 0; i < 8; ++i)
      bench.add(Opcode::LOOP, {{Field::trip, 1048575}});
    for (int i = 0; i < 8; ++i)
      bench.add(Opcode::ENDLOOP);
    bench.options.mode = mode, bench.options.maxInstructions = 100000;
    EXPECT_SAYS(bench.runBadly(), "more than 100000 instructions");
  }
}

TEST(Sequencer, LoopsRotateAndRestore) {
  // Two nested loops; the addresses that STs use tell what the registers held.
  Bench bench;
  unsigned in = bench.segment(SegmentKind::Input, 4096), out = bench.segment(SegmentKind::Output, 4096);
  for (size_t i = 0; i < 128; ++i)
    bench.set<uint32_t>(in, i * 8, static_cast<uint32_t>(i));
  bench.load(in, 0, Space::L1, 0, 4096);
  bench.options.arguments = {3};
  bench.add(Opcode::LDARG, {{Field::ar, 9}, {Field::arg, 0}});
  bench.add(Opcode::SETA, {{Field::ar, 1}, {Field::value, 320}});
  bench.add(Opcode::LOOP,
            {{Field::trip, 9}, {Field::trip_ar, 1}, {Field::ar0, 1}, {Field::inc0, 32}, {Field::wrap0, 2}});
  bench.add(Opcode::LOOP, {{Field::trip, 2}, {Field::ar0, 1}, {Field::inc0, 640}, {Field::ar1, 2}, {Field::inc1, 32}});
  bench.add(Opcode::ADDA, {{Field::ar, 3}, {Field::from, 3}, {Field::value, 4}});
  bench.add(Opcode::SETP,
            {{Field::p, 1}, {Field::depth, 1}, {Field::cmp, static_cast<int64_t>(Compare::ne)}, {Field::value, 1}});
  bench.add(Opcode::ST, Bench::dma(local(Space::L1, 0, 1), global(out, 0, 3), 4)).predicate = 1;
  bench.add(Opcode::ENDLOOP);
  bench.add(Opcode::ENDLOOP);
  bench.add(Opcode::ST, Bench::dma(local(Space::L1, 0, 1), global(out, 100), 4));
  bench.add(Opcode::LOOP);
  bench.add(Opcode::TRAP);
  bench.add(Opcode::ENDLOOP);
  bench.runWell();
  const uint32_t expected[] = {0, 10, 30, 0, 0, 10, 30}; // the second row of the outer loop is switched off
  for (size_t i = 0; i < 7; ++i)
    EXPECT_EQ(bench.at<uint32_t>(out, i), expected[i]) << i;
  EXPECT_EQ(bench.at<uint32_t>(out, 25), 10u) << "restored at exit";
}

} // namespace
