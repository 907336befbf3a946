//===- DetectorTest.cpp - Everything that the simulator complains about --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Gemm.h"

using namespace simtest;

namespace {

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

} // namespace
