// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Small random programs against a search through every state that their queues can reach.
//
#include "Pipelines.h"
#include "aic/NPU/Verify/Access.h"
#include "aic/NPU/Verify/SyncVerifier.h"

#include <gtest/gtest.h>
#include <random>
#include <set>

using namespace aic::npu;
using namespace aic::npu::test;

namespace {

struct Truth {
  bool race = false, deadlock = false, overflow = false;
};

/// All interleavings of starts and completions, by the words of the ISA and not by clocks.
class Search {
public:
  Search(const Program &program, const Machine &machine, bool severalInFlight)
      : program(program), max(machine.semaphoreMax), severalInFlight(severalInFlight) {
    for (uint32_t pc = 0; pc < program.code.size(); ++pc)
      if (program.code[pc].engine != Engine::S)
        queues[static_cast<size_t>(program.code[pc].engine)].push_back(pc);
    for (uint32_t later = 0; later < program.code.size(); ++later)
      for (uint32_t earlier = 0; earlier < later; ++earlier)
        if (conflicts(machine, earlier, later))
          pairs.push_back({earlier, later});
    State state;
    state.counts.resize(program.semaphores.size());
    for (const Semaphore &semaphore : program.semaphores)
      state.counts[semaphore.id] = static_cast<int>(semaphore.initial);
    visit(state);
  }
  Truth truth;

private:
  struct State {
    std::array<unsigned, kEngines> started{}, completed{};
    std::vector<int> counts;
    bool operator<(const State &o) const {
      return std::tie(started, completed, counts) < std::tie(o.started, o.completed, o.counts);
    }
  };

  bool conflicts(const Machine &machine, uint32_t earlier, uint32_t later) const {
    std::vector<Access> a, b;
    accesses(program.code[earlier], {}, machine, a);
    accesses(program.code[later], {}, machine, b);
    for (const Access &x : a)
      for (const Access &y : b)
        if (conflict(x, y))
          return true;
    return false;
  }
  bool has(const std::array<unsigned, kEngines> &counts, uint32_t pc) const {
    size_t e = static_cast<size_t>(program.code[pc].engine);
    for (unsigned i = 0; i < counts[e]; ++i)
      if (queues[e][i] == pc)
        return true;
    return false;
  }
  void visit(const State &state) {
    if (!seen.insert(state).second)
      return;
    for (auto [earlier, later] : pairs)
      truth.race |= has(state.started, later) && !has(state.completed, earlier);
    for (int count : state.counts)
      truth.overflow |= count > static_cast<int>(max);
    bool moved = false, done = true;
    for (size_t e = 0; e < kEngines; ++e) {
      done &= state.completed[e] == queues[e].size();
      if (state.completed[e] < state.started[e]) {
        State next = state;
        int signal = program.code[queues[e][next.completed[e]++]].signal;
        if (signal >= 0)
          ++next.counts[signal];
        moved = true;
        visit(next);
      }
      bool several = severalInFlight && (e == static_cast<size_t>(Engine::LD) || e == static_cast<size_t>(Engine::ST));
      if (state.started[e] < queues[e].size() && (several || state.completed[e] == state.started[e])) {
        State next = state;
        int wait = program.code[queues[e][next.started[e]++]].wait;
        if (wait >= 0 && next.counts[wait]-- <= 0)
          continue;
        moved = true;
        visit(next);
      }
    }
    truth.deadlock |= !moved && !done;
  }

  const Program &program;
  int max;
  bool severalInFlight;
  std::array<std::vector<uint32_t>, kEngines> queues;
  std::vector<std::pair<uint32_t, uint32_t>> pairs;
  std::set<State> seen;
};

TEST(SyncVerifier, AgreesWithEveryInterleavingOfSmallPrograms) {
  std::mt19937 random(11);
  unsigned accepted = 0, races = 0, deadlocks = 0, overflows = 0;
  for (int round = 0; round < 4000; ++round) {
    Program program = randomProgram(random, 8);
    Machine machine = edge();
    machine.semaphoreMax = 2;
    bool several = round % 2;
    for (DataPath &path : machine.paths)
      path.maxInflight = several ? 2 : 1;
    VerifyOptions options;
    options.checkBalance = false;
    options.maxFindings = 100;
    VerifyResult result = verify(program, machine, options);
    Truth truth = Search(program, machine, several).truth, told;
    std::string error;
    for (const Finding &finding : result.findings) {
      told.race |= finding.kind == FindingKind::Race;
      told.deadlock |= finding.kind == FindingKind::Deadlock;
      told.overflow |= finding.kind == FindingKind::Overflow;
      ASSERT_TRUE(isLegalSchedule(program, machine, finding.schedule, error)) << error << "\n" << result.str();
    }
    ASSERT_EQ(told.deadlock, truth.deadlock) << round << "\n" << result.str();
    if (!truth.deadlock) {
      ASSERT_EQ(told.race, truth.race) << round << "\n" << result.str();
      ASSERT_EQ(told.overflow, truth.overflow) << round << "\n" << result.str();
    }
    accepted += result.ok(), races += told.race, deadlocks += told.deadlock, overflows += told.overflow;
  }
  EXPECT_GT(accepted, 100u);
  EXPECT_GT(races, 300u);
  EXPECT_GT(deadlocks, 300u);
  EXPECT_GT(overflows, 20u);
}

} // namespace
