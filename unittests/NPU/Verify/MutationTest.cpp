// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/NPU/Verify/Mutation.h"
#include "Pipelines.h"

#include <gtest/gtest.h>

using namespace aic::npu;
using namespace aic::npu::test;

namespace {

size_t countOf(const std::vector<Mutation> &list, MutationKind kind) {
  size_t count = 0;
  for (const Mutation &mutation : list)
    count += mutation.kind == kind;
  return count;
}

TEST(Mutation, TakesEveryWaitAndSignal) {
  Program program = doubleBuffer(true);
  std::vector<Mutation> list = mutations(program);
  EXPECT_EQ(countOf(list, MutationKind::DropWait), 2u);
  EXPECT_EQ(countOf(list, MutationKind::DropSignal), 2u);
  EXPECT_EQ(countOf(list, MutationKind::DropPair), 2u);
  EXPECT_EQ(countOf(list, MutationKind::RaiseInitial), 2u);
  EXPECT_EQ(countOf(list, MutationKind::LowerInitial), 1u);
  EXPECT_EQ(countOf(list, MutationKind::DelayWait), 2u);
  for (const Mutation &mutation : list)
    EXPECT_FALSE(mutate(program, mutation).code == program.code &&
                 mutate(program, mutation).semaphores[mutation.semaphore].initial ==
                     program.semaphores[mutation.semaphore].initial)
        << describe(program, mutation);
}

TEST(Mutation, DelayedWaits) {
  Program program = gemm(1, 1, 2);
  program.debugLines.resize(program.code.size());
  for (const Mutation &mutation : mutations(program)) {
    Program mutant = mutate(program, mutation);
    EXPECT_EQ(mutant.debugLines.size(), mutant.code.size());
    if (mutation.kind != MutationKind::DelayWait)
      continue;
    // The same work, and the same waits of the semaphore.
    auto count = [&](const Program &p, bool waits) {
      size_t n = 0;
      for (const Instruction &inst : p.code)
        n += waits ? inst.wait == static_cast<int>(mutation.semaphore)
                   : inst.opcode != Opcode::SWAIT && inst.opcode != Opcode::NOP;
      return n;
    };
    EXPECT_EQ(count(mutant, true), count(program, true));
    EXPECT_EQ(count(mutant, false), count(program, false));
  }
}

TEST(Mutation, RefusesAProgramThatDoesNotPass) {
  MutationReport report;
  std::string error;
  EXPECT_FALSE(runMutations(doubleBuffer(false), edge(), {}, report, error));
  EXPECT_NE(error.find("race"), std::string::npos);
}

TEST(Mutation, VerifierFlagsWhatBreaks) {
  for (const Program &program : {doubleBuffer(true), gemm(2, 3, 3), convChain(8, 3), depthwise(8)}) {
    MutationReport report;
    std::string error;
    ASSERT_TRUE(runMutations(program, edge(), {}, report, error)) << error;
    auto kind = [&](MutationKind k) { return report.kinds[static_cast<size_t>(k)]; };
    for (MutationKind k : {MutationKind::DropWait, MutationKind::DropSignal})
      EXPECT_EQ(kind(k).verifier, kind(k).tried) << report.table();
    // The only orders to lose are those of the convolution's waits that stand before one gather too many.
    for (const MutationReport::Undetected &one : report.undetected) {
      EXPECT_FALSE(one.reason.empty()) << one.text;
      if (one.equivalence == MutationReport::Equivalence::Unshared)
        EXPECT_EQ(one.semaphore, "'row_full'") << one.text << ": " << one.reason;
    }
    MutationReport::Kind all = report.total();
    EXPECT_GE(all.rate(), 98.5) << report.table();
    EXPECT_GE(all.rateWithoutBalance(), 98.5) << report.table();
    EXPECT_GT(all.withoutBalance, all.tried / 2) << report.table();
    RecordProperty("flagged", std::to_string(all.flagged) + " of " + std::to_string(all.tried));
  }
}

TEST(Mutation, LimitSpreadsOverTheProgram) {
  MutationReport report;
  MutationOptions options;
  options.limit = 5;
  std::string error;
  ASSERT_TRUE(runMutations(gemm(2, 3, 3), edge(), options, report, error)) << error;
  for (const MutationReport::Kind &kind : report.kinds)
    EXPECT_EQ(kind.tried, std::min<size_t>(5, kind.possible));
}

} // namespace
