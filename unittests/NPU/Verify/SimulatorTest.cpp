// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The verifier against the simulator: what is proven runs like the sequential program at every seed, and what the
// simulator catches is not proven.
//
#include "aic/NPU/Sim/Simulator.h"
#include "Pipelines.h"
#include "aic/NPU/Verify/Mutation.h"

#include <gtest/gtest.h>

using namespace aic::npu;
using namespace aic::npu::test;

namespace {

/// Reads of bytes that nobody wrote are not a matter of order.
bool isOrder(Diagnostic::Kind kind) { return kind != Diagnostic::Kind::Uninitialised; }

/// What a timed run finds, "" for nothing.
std::string fault(const Program &program, const Machine &machine, uint64_t seed) {
  std::mt19937 random(5);
  std::vector<std::vector<uint8_t>> memory;
  std::vector<SegmentBinding> bindings;
  for (const Segment &segment : program.segments) {
    memory.emplace_back(segment.bytes);
    for (uint8_t &byte : memory.back())
      byte = static_cast<uint8_t>(random());
    bindings.push_back({memory.back().data(), memory.back().size()});
  }
  RunOptions options;
  options.mode = RunMode::Timed;
  options.check = true;
  options.jitterSeed = seed;
  options.maxDiagnostics = 1000;
  RunResult result = run(program, machine, bindings, options);
  for (const Diagnostic &diagnostic : result.diagnostics)
    if (isOrder(diagnostic.kind))
      return diagnostic.message;
  return "";
}

TEST(VerifierAndSimulator, AgreeOnRandomPrograms) {
  std::mt19937 random(23);
  unsigned proven = 0, caught = 0, refused = 0;
  Machine machine = edge();
  VerifyOptions options;
  options.checkBalance = false;
  for (int round = 0; round < 3000; ++round) {
    Program program = randomProgram(random, 20);
    VerifyResult result = verify(program, machine, options);
    proven += result.ok(), refused += !result.ok();
    std::string found;
    for (uint64_t seed = 0; seed < 4 && found.empty(); ++seed)
      found = fault(program, machine, seed);
    caught += !found.empty();
    ASSERT_FALSE(result.ok() && !found.empty()) << round << ": " << found;
  }
  EXPECT_GT(proven, 30u);
  EXPECT_GT(caught, refused / 2) << refused;
}

TEST(VerifierAndSimulator, AgreeOnMutants) {
  Machine machine = edge();
  MutationOptions options;
  options.limit = 60;
  options.dynamic = [&](const Program &program) {
    for (uint64_t seed = 0; seed < 3; ++seed)
      if (!fault(program, machine, seed).empty())
        return true;
    return false;
  };
  for (const Program &program : {doubleBuffer(true), gemm(2, 3, 3), convChain(6, 2), depthwise(6)}) {
    MutationReport report;
    std::string error;
    ASSERT_TRUE(runMutations(program, machine, options, report, error)) << error;
    EXPECT_TRUE(report.missedByVerifier.empty()) << report.missedByVerifier.front();
    EXPECT_GE(report.total().rate(), 98.0) << report.table();
    EXPECT_GT(report.total().dynamic, report.total().tried / 3) << report.table();
  }
}

} // namespace
