// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/NPU/Verify/SyncVerifier.h"
#include "Pipelines.h"

#include <ctime>
#include <gtest/gtest.h>

using namespace aic::npu;
using namespace aic::npu::test;

namespace {

VerifyResult check(const Program &program, const VerifyOptions &options = {}) {
  return verify(program, edge(), options);
}

/// One finding of a kind, whose schedule is legal.
Finding only(const Program &program, FindingKind kind, const Machine &machine = edge(),
             const VerifyOptions &options = {}) {
  VerifyResult result = verify(program, machine, options);
  EXPECT_EQ(result.findings.size(), 1u) << result.str();
  if (result.findings.empty())
    return {};
  const Finding &finding = result.findings[0];
  EXPECT_STREQ(nameOf(finding.kind), nameOf(kind)) << result.str();
  std::string error;
  EXPECT_TRUE(isLegalSchedule(program, machine, finding.schedule, error, options)) << error << "\n" << result.str();
  return finding;
}

int indexOf(const Finding &finding, const Occurrence &instruction, bool completes) {
  for (size_t i = 0; i < finding.schedule.size(); ++i) {
    const ScheduleStep &step = finding.schedule[i];
    if (step.completes == completes && step.instruction.pc == instruction.pc &&
        step.instruction.execution == instruction.execution)
      return static_cast<int>(i);
  }
  return -1;
}

TEST(SyncVerifier, AcceptsPipelines) {
  for (const Program &program : {doubleBuffer(true), gemm(3, 3, 4), convChain(12, 4), depthwise(9)}) {
    VerifyResult result = check(program);
    EXPECT_TRUE(result.ok()) << result.str();
    EXPECT_TRUE(result.sequential);
  }
}

TEST(SyncVerifier, RejectsDoubleBufferWithoutFree) {
  Program program = doubleBuffer(false);
  Finding race = only(program, FindingKind::Race);
  ASSERT_EQ(race.instructions.size(), 2u);
  // The load of iteration 2 starts while the gather of iteration 0 is not complete.
  EXPECT_EQ(race.instructions[0].pc, 2u);
  EXPECT_EQ(race.instructions[0].execution, 0u);
  EXPECT_EQ(race.instructions[1].pc, 1u);
  EXPECT_EQ(race.instructions[1].execution, 2u);
  int start = indexOf(race, race.instructions[1], false), done = indexOf(race, race.instructions[0], true);
  ASSERT_GE(start, 0);
  EXPECT_GT(done, start);
}

TEST(SyncVerifier, MissingReadAfterWrite) {
  Builder b;
  b.segment(SegmentKind::Input, 4096);
  b.ld(in(0, 0), at(Space::L1, 0), 1024);
  b.gather(Opcode::LDA, at(Space::L1, 0), at(Space::A0, 0), 16, 64);
  Finding race = only(b.halt(), FindingKind::Race);
  EXPECT_NE(race.message.find("reads L1 at byte 0, which pc 0 (LD) may not have written yet"), std::string::npos)
      << race.message;
  // The reader is through before the writer has begun.
  EXPECT_EQ(race.schedule.size(), 4u);
  EXPECT_EQ(race.schedule[0].instruction.pc, 1u);
}

TEST(SyncVerifier, DeadlockOfTwoQueues) {
  Builder b;
  b.segment(SegmentKind::Input, 4096);
  b.sem("full", Engine::LD, Engine::MV).sem("free", Engine::MV, Engine::LD);
  b.ld(in(0, 0), at(Space::L1, 0), 1024, "free", "full");
  b.gather(Opcode::LDA, at(Space::L1, 0), at(Space::A0, 0), 16, 64, "full", "free");
  Finding deadlock = only(b.halt(), FindingKind::Deadlock);
  ASSERT_EQ(deadlock.instructions.size(), 2u);
  EXPECT_EQ(deadlock.details.size(), 4u);
  EXPECT_EQ(deadlock.details[0], "LD stands before pc 0 (LD), which waits for 'free': its token comes from pc 1 (LDA)");
}

TEST(SyncVerifier, DeadlockThroughTheQueueOrder) {
  // LD's second instruction would signal what MV's first waits for, but stands behind one that waits for MV's second.
  Builder b;
  b.sem("a", Engine::LD, Engine::MV).sem("b", Engine::MV, Engine::LD);
  b.on(Opcode::SWAIT, Engine::MV, "a").on(Opcode::SSIG, Engine::MV, "", "b");
  b.on(Opcode::SWAIT, Engine::LD, "b").on(Opcode::SSIG, Engine::LD, "", "a");
  Finding deadlock = only(b.halt(), FindingKind::Deadlock);
  EXPECT_EQ(deadlock.details[0],
            "LD stands before pc 2 (SWAIT), which waits for 'b': its token comes from pc 1 (SSIG), "
            "behind pc 0 (SWAIT) in the MV queue");
}

TEST(SyncVerifier, TokenThatNeverComes) {
  Builder b;
  b.sem("a", Engine::LD, Engine::MV, 1);
  b.on(Opcode::SWAIT, Engine::MV, "a").on(Opcode::SWAIT, Engine::MV, "a");
  Finding deadlock = only(b.halt(), FindingKind::Deadlock);
  EXPECT_NE(deadlock.message.find("never comes"), std::string::npos);
}

TEST(SyncVerifier, QueueDepthMatters) {
  // MV waits for a signal that the program dispatches after two more instructions of MV.
  Builder b;
  b.sem("a", Engine::LD, Engine::MV).sem("b", Engine::LD, Engine::MX);
  b.on(Opcode::SWAIT, Engine::MV, "a").on(Opcode::NOP, Engine::S).on(Opcode::SWAIT, Engine::MX, "b");
  b.program.code.push_back(make(Opcode::FILL, Engine::MV));
  b.change({{Field::dst, static_cast<int64_t>(at(Space::L1, 0))}, {Field::n0, 4}, {Field::n1, 1}, {Field::n2, 1}});
  b.program.code.push_back(b.program.code.back());
  b.on(Opcode::SSIG, Engine::LD, "", "b").on(Opcode::SSIG, Engine::LD, "", "a");
  Program program = b.halt();
  Machine machine = edge();
  VerifyResult deep = verify(program, machine);
  EXPECT_TRUE(deep.ok()) << deep.str();
  EXPECT_FALSE(deep.sequential);
  machine.queueDepth.fill(1);
  Finding deadlock = only(program, FindingKind::Deadlock, machine);
  EXPECT_NE(deadlock.message.find("waits for what waits for it at this machine's queue depths"), std::string::npos);
  machine.queueDepth.fill(3);
  EXPECT_TRUE(verify(program, machine).ok());
  machine.queueDepth.fill(2);
  EXPECT_FALSE(verify(program, machine).ok());
}

TEST(SyncVerifier, SequentialProgramsPassAtDepthOne) {
  Machine machine = edge();
  machine.queueDepth.fill(1);
  EXPECT_TRUE(verify(gemm(3, 3, 4), machine).ok());
  EXPECT_TRUE(verify(convChain(12, 4), machine).ok());
}

TEST(SyncVerifier, Overflow) {
  // The producer is never held back: 20 tokens may be there at a time.
  Builder b;
  b.sem("a", Engine::LD, Engine::MV);
  b.loop(20).on(Opcode::SSIG, Engine::LD, "", "a").on(Opcode::SWAIT, Engine::MV, "a").endloop();
  Program program = b.halt();
  Machine machine = edge();
  Finding overflow = only(program, FindingKind::Overflow);
  EXPECT_EQ(overflow.instructions[0].execution, machine.semaphoreMax);
  EXPECT_EQ(overflow.instructions[1].execution, 0u);
  machine.semaphoreMax = 20;
  EXPECT_TRUE(verify(program, machine).ok());
  // Held back by free tokens, it never has more than four.
  Builder held;
  held.sem("a", Engine::LD, Engine::MV).sem("free", Engine::MV, Engine::LD, 4);
  held.loop(200).on(Opcode::SWAIT, Engine::LD, "free").on(Opcode::SSIG, Engine::LD, "", "a");
  held.on(Opcode::SWAIT, Engine::MV, "a").on(Opcode::SSIG, Engine::MV, "", "free").endloop();
  program = held.halt();
  EXPECT_TRUE(check(program).ok()) << check(program).str();
  machine.semaphoreMax = 4;
  EXPECT_TRUE(verify(program, machine).ok());
  machine.semaphoreMax = 3;
  EXPECT_FALSE(verify(program, machine).ok());
}

TEST(SyncVerifier, Imbalance) {
  Builder b;
  b.sem("a", Engine::LD, Engine::MV, 1);
  b.on(Opcode::SSIG, Engine::LD, "", "a").on(Opcode::SSIG, Engine::LD, "", "a").on(Opcode::SWAIT, Engine::MV, "a");
  Program program = b.halt();
  Finding finding = only(program, FindingKind::Imbalance);
  EXPECT_EQ(finding.message, "'a': expected a count of 1 at the end, got 2 (1 initial, 2 signals, 1 waits)");
  VerifyOptions options;
  options.finalCounts[0] = 2;
  EXPECT_TRUE(check(program, options).ok());
  options = {};
  options.checkBalance = false;
  EXPECT_TRUE(check(program, options).ok());
}

TEST(SyncVerifier, Misuse) {
  auto message = [](Builder b) {
    VerifyResult result = check(b.halt());
    EXPECT_FALSE(result.ok());
    EXPECT_TRUE(result.ok() || result.findings[0].kind == FindingKind::Misuse) << result.str();
    return result.str();
  };
  Builder wrong;
  wrong.sem("a", Engine::LD, Engine::MV).on(Opcode::SSIG, Engine::ST, "", "a");
  EXPECT_NE(message(wrong).find("expected 'a' to be signalled by LD, got ST"), std::string::npos);
  Builder undeclared;
  undeclared.on(Opcode::SSIG, Engine::ST);
  undeclared.program.code.back().signal = 5;
  EXPECT_NE(message(undeclared).find("expected a declared semaphore, got 5"), std::string::npos);
  Builder twice;
  twice.sem("a", Engine::LD, Engine::MV).sem("b", Engine::LD, Engine::MV);
  twice.program.semaphores[1].id = 0;
  EXPECT_NE(message(twice).find("expected one declaration of id 0"), std::string::npos);
  Builder many;
  many.sem("a", Engine::LD, Engine::MV);
  many.program.semaphores[0].id = 64;
  EXPECT_NE(message(many).find("expected an id below 64, got 64"), std::string::npos);
}

TEST(SyncVerifier, RotatingSlots) {
  // Three slots need three free tokens at most; a rotation of two under three tokens races.
  EXPECT_TRUE(check(doubleBuffer(true, 10, 3)).ok());
  Program program = doubleBuffer(true, 10, 3);
  program.code[0].set(Field::wrap0, 2);
  Finding race = only(program, FindingKind::Race);
  EXPECT_EQ(race.instructions[1].execution - race.instructions[0].execution, 2u);
  // Nested loops restore the registers at exit.
  Builder b;
  b.segment(SegmentKind::Input, 65536);
  b.sem("full", Engine::LD, Engine::MV).sem("free", Engine::MV, Engine::LD, 2);
  b.loop(3, 2, 4096).loop(4, 1, 1024, 2, 3, 1024);
  b.add(Opcode::ADDA, {{Field::ar, 4}, {Field::from, 2}, {Field::value, 0}});
  b.ld(in(0, 0, 4), at(Space::L1, 0, 1), 1024, "free", "full");
  b.gather(Opcode::LDA, at(Space::L1, 0, 1), at(Space::A0, 0), 16, 64, "full", "free");
  program = b.endloop().endloop().halt();
  EXPECT_TRUE(check(program).ok()) << check(program).str();
}

TEST(SyncVerifier, PredicatesKeepTokensAndDropAccesses) {
  // Iteration 0 loads over what nobody reads; with the predicate off the gather has nothing to wait for.
  Builder b;
  b.segment(SegmentKind::Input, 65536);
  b.sem("full", Engine::LD, Engine::MV);
  b.loop(4).add(Opcode::SETP,
                {{Field::p, 1}, {Field::depth, 0}, {Field::cmp, static_cast<int>(Compare::lt)}, {Field::value, 1}});
  b.ld(in(0, 0), at(Space::L1, 0), 1024, "", "full");
  b.program.code.back().predicate = 1;
  b.gather(Opcode::LDA, at(Space::L1, 0), at(Space::A0, 0), 16, 64, "full");
  Program program = b.endloop().halt();
  EXPECT_TRUE(check(program).ok()) << check(program).str();
  program.code[2].predicate = -1;
  EXPECT_FALSE(check(program).ok());
  program.code[2].predicate = 2;
  VerifyResult unset = check(program);
  ASSERT_FALSE(unset.ok());
  EXPECT_NE(unset.str().find("expected a SETP of predicate 2 before its use"), std::string::npos);
}

TEST(SyncVerifier, LoadsInFlightOverwriteEachOther) {
  Builder b;
  b.segment(SegmentKind::Input, 4096);
  b.ld(in(0, 0), at(Space::L1, 0), 1024).ld(in(0, 1024), at(Space::L1, 512), 1024);
  Program program = b.halt();
  Finding race = only(program, FindingKind::Race);
  EXPECT_EQ(race.details.back(), "  both are in flight");
  EXPECT_EQ(race.schedule.size(), 2u);
  // One at a time: the queue orders them.
  Machine machine = edge();
  for (DataPath &path : machine.paths)
    path.maxInflight = 1;
  EXPECT_TRUE(verify(program, machine).ok());
}

TEST(SyncVerifier, OneSignalCoversEarlierLoads) {
  // Loads complete in order: the last one's signal stands for all before it.
  Builder b;
  b.segment(SegmentKind::Input, 8192);
  b.sem("full", Engine::LD, Engine::MV);
  b.ld(in(0, 0), at(Space::L1, 0), 512).ld(in(0, 512), at(Space::L1, 512), 512, "", "full");
  b.gather(Opcode::LDA, at(Space::L1, 0), at(Space::A0, 0), 16, 64, "full");
  EXPECT_TRUE(check(b.halt()).ok());
  // A signal of an earlier one says nothing of a later one.
  Builder early;
  early.segment(SegmentKind::Input, 8192).sem("full", Engine::LD, Engine::MV);
  early.ld(in(0, 0), at(Space::L1, 0), 512, "", "full").ld(in(0, 512), at(Space::L1, 512), 512);
  early.gather(Opcode::LDA, at(Space::L1, 0), at(Space::A0, 0), 16, 64, "full");
  only(early.halt(), FindingKind::Race);
}

TEST(SyncVerifier, MemoryOrderNeedsATokenFromStoreToLoad) {
  auto program = [](bool token) {
    Builder b;
    b.segment(SegmentKind::Scratch, 4096);
    b.sem("acked", Engine::ST, Engine::LD);
    b.st(at(Space::L1, 0), in(0, 0), 1024, "", token ? "acked" : "");
    b.ld(in(0, 0), at(Space::VB, 0), 1024, token ? "acked" : "");
    return b.halt();
  };
  EXPECT_TRUE(check(program(true)).ok());
  only(program(false), FindingKind::Race);
}

TEST(SyncVerifier, BoundsOfSpacesAndSegments) {
  Builder b;
  b.segment(SegmentKind::Input, 4096).segment(SegmentKind::Const, 4096);
  b.loop(5, 1, 1024).ld(in(0, 0, 1), at(Space::L1, 0), 1024).endloop();
  VerifyResult result = check(b.halt());
  bool found = false;
  for (const Finding &finding : result.findings)
    found |= finding.kind == FindingKind::OutOfBounds && finding.instructions[0].execution == 4;
  EXPECT_TRUE(found) << result.str();
  Builder c;
  c.segment(SegmentKind::Const, 4096).st(at(Space::L1, 0), in(0, 0), 1024);
  EXPECT_NE(check(c.halt()).str().find("expected a segment that is not constant"), std::string::npos);
}

TEST(SyncVerifier, RefusesWhatItCannotProve) {
  Builder endless;
  endless.loop(1000000).loop(1000000).add(Opcode::NOP, {}).endloop().endloop();
  VerifyResult result = check(endless.halt());
  ASSERT_EQ(result.findings.size(), 1u);
  EXPECT_EQ(result.findings[0].kind, FindingKind::TooLong);
  EXPECT_NE(result.str().find("nothing is proven"), std::string::npos);

  // A trip count from a launch argument, and an address from one.
  Builder argument;
  argument.segment(SegmentKind::Input, 65536)
      .sem("full", Engine::LD, Engine::MV)
      .sem("free", Engine::MV, Engine::LD, 1);
  argument.add(Opcode::LDARG, {{Field::ar, 5}, {Field::arg, 0}});
  argument.add(Opcode::LOOP, {{Field::trip, 5}, {Field::trip_ar, 1}});
  argument.ld(in(0, 0), at(Space::L1, 0), 1024, "free", "full");
  argument.gather(Opcode::LDA, at(Space::L1, 0), at(Space::A0, 0), 16, 64, "full", "free").endloop();
  Program program = argument.halt();
  EXPECT_NE(check(program).str().find("give the launch arguments"), std::string::npos);
  VerifyOptions options;
  options.arguments = {7};
  result = check(program, options);
  EXPECT_TRUE(result.ok());
  EXPECT_EQ(result.dispatched, 14u);

  for (Opcode opcode : {Opcode::XWAIT, Opcode::BAR, Opcode::TRAP}) {
    Builder b;
    b.add(opcode, {});
    EXPECT_EQ(check(b.halt()).findings.at(0).kind, FindingKind::Malformed);
  }
  EXPECT_EQ(check(Program{}).findings.at(0).kind, FindingKind::Malformed);
  Builder open;
  open.loop(2);
  EXPECT_EQ(check(open.halt()).findings.at(0).kind, FindingKind::Malformed);
}

TEST(SyncVerifier, AddressFromAnArgumentMayBeAnywhere) {
  Builder b;
  b.segment(SegmentKind::State, 65536).sem("full", Engine::LD, Engine::ST);
  b.add(Opcode::LDARG, {{Field::ar, 5}, {Field::arg, 0}});
  b.ld(in(0, 0), at(Space::L1, 0), 1024);
  b.st(at(Space::L1, 4096), in(0, 0, 5), 32);
  Program program = b.halt();
  only(program, FindingKind::Race);
  VerifyOptions options;
  options.arguments = {2048};
  EXPECT_TRUE(check(program, options).ok());
}

TEST(SyncVerifier, NamesTheOperations) {
  Program program = doubleBuffer(false);
  program.debugOps = {{"/conv1/Conv", "Conv", "", 0, 0, 0}};
  program.debugLines.assign(program.code.size(), {0, {1, 2, 0, 0}});
  std::string text = check(program).str();
  EXPECT_NE(text.find("(of '/conv1/Conv', Conv, tile 1 2 0 0)"), std::string::npos) << text;
  EXPECT_NE(text.find("a legal run that breaks it:"), std::string::npos) << text;
}

TEST(SyncVerifier, ManyRacesEndSoon) {
  // Everything races with everything: no quadratic list of it.
  VerifyResult result = check(doubleBuffer(false, 300000));
  ASSERT_FALSE(result.ok());
  EXPECT_LT(result.comparedPairs, 3000000u);
  // Nothing is ordered and nothing conflicts, but all bounding intervals meet: too much to compare is no proof.
  Builder b;
  b.segment(SegmentKind::Scratch, 1 << 20);
  b.loop(3000, 1, 32);
  b.st(at(Space::L1, 0), in(0, 0, 1), 32, "", "", {{Field::n1, 2}, {Field::ss1, 64}, {Field::ds1, 1 << 19}}).endloop();
  Program program = b.halt();
  EXPECT_TRUE(check(program).ok());
  VerifyOptions options;
  options.maxPairs = 10000;
  result = check(program, options);
  ASSERT_EQ(result.findings.size(), 1u);
  EXPECT_EQ(result.findings[0].kind, FindingKind::TooLong);
}

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define AIC_SANITIZED 1
#endif
#endif

TEST(SyncVerifier, HundredThousandInstructionsInSeconds) {
#ifdef AIC_SANITIZED
  GTEST_SKIP() << "a time, and of another build";
#endif
  for (const Program &program :
       {gemm(24, 24, 26), convChain(700, 16), depthwise(20000), doubleBuffer(true, 1 << 16, 2)}) {
    std::clock_t start = std::clock();
    VerifyResult result = check(program);
    double seconds = double(std::clock() - start) / CLOCKS_PER_SEC;
    EXPECT_TRUE(result.ok()) << result.str();
    EXPECT_GT(result.dispatched, 90000u);
    EXPECT_LT(seconds, 2.0) << result.dispatched << " instructions, " << result.comparedPairs << " pairs";
    RecordProperty("seconds", std::to_string(seconds));
  }
}

} // namespace
