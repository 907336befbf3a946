//===- DetectorTest.cpp - Everything that the simulator complains about --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Gemm.h"

#include <functional>

using namespace simtest;

namespace {

bool contains(const std::string &text, const std::string &part) { return text.find(part) != std::string::npos; }
#define EXPECT_SAYS(text, part) EXPECT_TRUE(contains(text, part)) << text

Gemm timedGemm() {
  Gemm gemm(machineNamed("edge-256"), 32, 24, 128, 8, 32);
  gemm.options.mode = RunMode::Timed, gemm.options.check = true;
  return gemm;
}

TEST(Detector, NamesBothInstructionsAndOperationsOfARace) {
  Gemm gemm = timedGemm();
  size_t pc = gemm.find(Gemm::FullL1, true);
  gemm.program.code[pc].wait = -1;
  std::string text = gemm.runBadly();
  EXPECT_SAYS(text, "raw: pc " + std::to_string(pc) +
                        " LDA (MatMul 'gemm') reads what pc 7 LD (MatMul 'gemm') is still to write: byte ");
  EXPECT_SAYS(text, "of L1, nothing orders them at cycle ");
}

TEST(Detector, EveryDeletedWaitAndSignalOfTheGemm) {
  unsigned mutants = 0, flagged = 0;
  std::string missed;
  for (size_t pc = 0; pc < timedGemm().program.code.size(); ++pc)
    for (bool wait : {true, false}) {
      Gemm gemm = timedGemm();
      int8_t &semaphore = wait ? gemm.program.code[pc].wait : gemm.program.code[pc].signal;
      if (semaphore < 0)
        continue;
      semaphore = -1;
      if (gemm.program.code[pc].opcode == Opcode::SWAIT || gemm.program.code[pc].opcode == Opcode::SSIG)
        gemm.program.code[pc] = make(Opcode::NOP);
      ++mutants;
      bool caught = false;
      for (uint64_t seed = 0; seed < 6 && !caught; ++seed) {
        gemm.options.jitterSeed = seed;
        caught = !gemm.run().ok;
      }
      flagged += caught;
      if (!caught)
        missed += " pc " + std::to_string(pc) + (wait ? " wait" : " signal");
    }
  EXPECT_EQ(mutants, 16u);
  EXPECT_EQ(flagged, mutants) << "not flagged:" << missed;
}

TEST(Detector, OddTilesInTwoSlotsRace) {
  // Three tiles of k in two slots that start again with every row: slot 0 follows slot 0.
  Gemm gemm(machineNamed("edge-256"), 32, 24, 96, 8, 32);
  gemm.options.mode = RunMode::Timed;
  EXPECT_SAYS(gemm.runBadly(), "war: pc 7 LD (MatMul 'gemm') writes what pc 10 LDA (MatMul 'gemm') is still to read");
}

TEST(Detector, AccumulatorsTakenTooEarly) {
  Gemm gemm = timedGemm();
  for (Instruction &inst : gemm.program.code)
    if (inst.opcode == Opcode::FXOUT)
      inst.wait = -1;
  EXPECT_SAYS(gemm.runBadly(), "is still to write (accumulators taken before MX is done): byte 0 of C0");
}

TEST(Detector, UninitialisedRead) {
  for (RunMode mode : {RunMode::Sequential, RunMode::Timed}) {
    Bench bench;
    unsigned out = bench.segment(SegmentKind::Output, 256), in = bench.segment(SegmentKind::Input, 64);
    bench.load(in, 0, Space::L1, 0, 40);
    bench.store(Space::L1, 0, out, 0, 48);
    bench.options.mode = mode;
    bench.semaphore(0, Engine::LD, Engine::ST);
    bench.program.code[0].signal = 0, bench.program.code[1].wait = 0;
    EXPECT_EQ(
        bench.runBadly(),
        "uninitialised: pc 1 ST: reads uninitialised byte 40 of L1 as 'src', last writer of the granule: pc 0 LD\n");
    bench.options.detect = false;
    bench.runWell();
  }
}

TEST(Detector, ScratchIsUninitialisedInputIsNot) {
  Bench bench;
  unsigned scratch = bench.segment(SegmentKind::Scratch, 64), state = bench.segment(SegmentKind::State, 64);
  bench.load(state, 0, Space::L1, 0, 64);
  bench.load(scratch, 0, Space::L1, 64, 64);
  EXPECT_EQ(bench.runBadly(), "uninitialised: pc 1 LD: reads uninitialised byte 0 of segment 0 as 'src'\n");
}

TEST(Detector, PaddingOfATileIsUninitialised) {
  Bench bench;
  unsigned in = bench.segment(SegmentKind::Input, 64);
  bench.load(in, 0, Space::L1, 0, 64);
  bench.add(Opcode::LDA, Bench::tile(local(Space::A0, 0), local(Space::L1, 0), 2, 20, 1));
  bench.add(Opcode::LDB, Bench::tile(local(Space::B0, 0), local(Space::L1, 0), 2, 32, 1));
  bench.add(Opcode::MMA, {{Field::a, local(Space::A0, 0)},
                          {Field::b, local(Space::B0, 0)},
                          {Field::c, local(Space::C0, 0)},
                          {Field::m, 2},
                          {Field::n, 2},
                          {Field::k, 24}});
  EXPECT_SAYS(bench.runBadly(), "uninitialised: pc 3 MMA: reads uninitialised byte 20 of A0 as 'a'");
}

TEST(Detector, ImageToColumnsReadsOnlyWhatItTouches) {
  // A 1 x 1 window with stride 2 over an image of which only every other pixel is there.
  Bench bench;
  unsigned in = bench.segment(SegmentKind::Input, 4096);
  bench.add(Opcode::LD, {{Field::src, global(in, 0)},
                         {Field::dst, local(Space::L1, 0)},
                         {Field::n0, 16},
                         {Field::n1, 4},
                         {Field::n2, 4},
                         {Field::n3, 1},
                         {Field::ss1, 32},
                         {Field::ss2, 256},
                         {Field::ds1, 32},
                         {Field::ds2, 256}});
  Fields fields = {{Field::dst, local(Space::A0, 0)},
                   {Field::src, local(Space::L1, 0)},
                   {Field::h, 8},
                   {Field::w, 8},
                   {Field::c, 16},
                   {Field::pix_stride, 16},
                   {Field::row_stride, 128},
                   {Field::kh, 1},
                   {Field::kw, 1},
                   {Field::sh, 2},
                   {Field::sw, 2},
                   {Field::dh, 1},
                   {Field::dw, 1},
                   {Field::ow, 4},
                   {Field::m_len, 16},
                   {Field::k_len, 16}};
  bench.add(Opcode::LDA, fields);
  bench.runWell();
  bench.program.code.pop_back();
  bench.program.code[1].set(Field::pl, -1);
  EXPECT_SAYS(bench.runBadly(), "uninitialised: pc 1 LDA: reads uninitialised byte 16 of L1 as 'src'");
}

TEST(Detector, InterleavedRegionsDoNotRace) {
  // Two engines write neighbouring columns of one buffer at the same time.
  for (int64_t shift : {16, 15}) {
    Bench bench;
    unsigned in = bench.segment(SegmentKind::Input, 4096);
    bench.options.mode = RunMode::Timed;
    Fields fields = {{Field::src, global(in, 0)},
                     {Field::dst, local(Space::L1, 0)},
                     {Field::n0, 16},
                     {Field::n1, 64},
                     {Field::n2, 1},
                     {Field::n3, 1},
                     {Field::ss1, 16},
                     {Field::ds1, 48}};
    bench.add(Opcode::LD, fields);
    bench.addOn(Engine::MV, Opcode::FILL,
                {{Field::dst, local(Space::L1, 32)},
                 {Field::n0, shift == 16 ? 8 : 17},
                 {Field::n1, 60},
                 {Field::n2, 1},
                 {Field::ds1, 48},
                 {Field::value, 1}});
    if (shift == 16)
      bench.runWell();
    else
      EXPECT_SAYS(bench.runBadly(), "waw: pc 1 FILL writes what pc 0 LD is still to write: byte 48 of L1");
  }
}

TEST(Detector, SemaphoreBeyondItsMaximum) {
  Bench bench;
  bench.options.mode = RunMode::Timed;
  bench.semaphore(3, Engine::MV, Engine::MX, 0, "tiles");
  bench.add(Opcode::LOOP, {{Field::trip, 16}});
  bench.addOn(Engine::MV, Opcode::SSIG, {}, -1, 3);
  bench.add(Opcode::ENDLOOP);
  EXPECT_SAYS(bench.runBadly(), "overflow: pc 1 SSIG: signals semaphore 3 'tiles' beyond its maximum of 15 at cycle ");
}

TEST(Detector, DeadlockShowsTheCircle) {
  Bench bench;
  bench.options.mode = RunMode::Timed;
  bench.semaphore(0, Engine::MV, Engine::MX);
  bench.semaphore(1, Engine::MX, Engine::MV);
  bench.addOn(Engine::MX, Opcode::SWAIT, {}, 0, 1);
  bench.addOn(Engine::MV, Opcode::SWAIT, {}, 1, 0);
  EXPECT_EQ(bench.runBadly(), "deadlock: deadlock at cycle 2:\n"
                              "  MV: pc 1 SWAIT waits for semaphore 1, signalled by MX\n"
                              "  MX: pc 0 SWAIT waits for semaphore 0, signalled by MV\n"
                              "  MV waits as above\n");
}

TEST(Detector, DeadlockByAFullQueue) {
  // MX waits for what MV would signal, if the dispatcher could reach it past MX's full queue.
  Bench bench;
  bench.options.mode = RunMode::Timed;
  bench.machine.queueDepth.fill(2);
  bench.semaphore(0, Engine::MV, Engine::MX);
  for (int i = 0; i < 3; ++i)
    bench.addOn(Engine::MX, Opcode::SWAIT, {}, 0);
  for (int i = 0; i < 3; ++i)
    bench.addOn(Engine::MV, Opcode::SSIG, {}, -1, 0);
  std::string text = bench.runBadly();
  EXPECT_SAYS(text, "dispatch of pc 2 SWAIT waits for room in the queue of MX (depth 2)");
  EXPECT_SAYS(text, "MX: pc 0 SWAIT waits for semaphore 0, signalled by MV");
  EXPECT_SAYS(text, "MV is idle and waits for the dispatcher");
  bench.machine.queueDepth.fill(3);
  bench.runWell();
}

TEST(Detector, WaitThatNobodySignals) {
  Bench bench;
  bench.options.mode = RunMode::Timed;
  bench.semaphore(0, Engine::MV, Engine::MX);
  bench.addOn(Engine::MX, Opcode::SWAIT, {}, 0);
  EXPECT_SAYS(bench.runBadly(), "the program has ended: nobody is left to signal");
}

//===-- What an address or a field can do wrong ---------------------------------===//

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
