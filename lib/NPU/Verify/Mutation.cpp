//===- Mutation.cpp - Programs with one synchronisation error -----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "aic/NPU/Verify/Mutation.h"
#include "Trace.h"

#include <algorithm>
#include <set>

namespace aic::npu {

const char *nameOf(MutationKind kind) {
  static const char *const names[] = {"drop-wait",     "drop-signal",   "drop-pair",
                                      "raise-initial", "lower-initial", "delay-wait"};
  return names[static_cast<size_t>(kind)];
}

std::vector<Mutation> mutations(const Program &program, const VerifyOptions &options) {
  Trace trace;
  std::string error;
  uint32_t stop = 0;
  if (trace.build(program, options, error, stop) != Sequencer::Stop::End)
    return {};
  std::vector<Mutation> result;
  auto each = [&](MutationKind kind, bool wait) {
    for (uint32_t pc = 0; pc < program.code.size(); ++pc) {
      int id = wait ? program.code[pc].wait : program.code[pc].signal;
      if (id >= 0)
        result.push_back({kind, wait ? pc : UINT32_MAX, wait ? UINT32_MAX : pc, static_cast<unsigned>(id)});
    }
  };
  each(MutationKind::DropWait, true);
  each(MutationKind::DropSignal, false);
  std::set<std::pair<uint32_t, uint32_t>> pairs;
  for (const Trace::Instr &instr : trace.instrs)
    if (instr.source >= 0)
      pairs.insert({instr.pc, trace.instrs[instr.source].pc});
  for (auto [wait, signal] : pairs)
    result.push_back({MutationKind::DropPair, wait, signal, static_cast<unsigned>(program.code[wait].wait)});
  for (MutationKind kind : {MutationKind::RaiseInitial, MutationKind::LowerInitial})
    for (const Semaphore &semaphore : program.semaphores)
      if (kind == MutationKind::RaiseInitial || semaphore.initial > 0)
        result.push_back({kind, UINT32_MAX, UINT32_MAX, semaphore.id});
  each(MutationKind::DelayWait, true);
  return result;
}

namespace {

/// An SWAIT or SSIG without its semaphore does nothing; it leaves no hole in the numbering.
void clear(Program &program, uint32_t pc, bool wait) {
  Instruction &inst = program.code[pc];
  (wait ? inst.wait : inst.signal) = -1;
  bool token = inst.opcode == Opcode::SWAIT || inst.opcode == Opcode::SSIG;
  if (token && inst.wait < 0 && inst.signal < 0)
    inst = make(Opcode::NOP);
  else if (token)
    inst.opcode = inst.wait >= 0 ? Opcode::SWAIT : Opcode::SSIG;
}

bool isToken(const Instruction &inst) { return inst.opcode == Opcode::SWAIT || inst.opcode == Opcode::SSIG; }

/// An SWAIT gates the next working instruction of its queue: it moves behind that. Any other wait leaves its
/// instruction and becomes an SWAIT behind it. Loops are not entered or left.
void delay(Program &program, uint32_t pc) {
  Instruction gate = make(Opcode::SWAIT, program.code[pc].engine);
  gate.wait = program.code[pc].wait;
  uint32_t place = pc + 1;
  if (isToken(program.code[pc]))
    for (; place < program.code.size(); ++place) {
      const Instruction &inst = program.code[place];
      if (inst.opcode == Opcode::LOOP || inst.opcode == Opcode::ENDLOOP || inst.opcode == Opcode::HALT)
        break;
      if (inst.engine == gate.engine && !isToken(inst)) {
        ++place;
        break;
      }
    }
  clear(program, pc, true);
  program.code.insert(program.code.begin() + place, gate);
  if (!program.debugLines.empty())
    program.debugLines.insert(program.debugLines.begin() + place, program.debugLines[pc]);
}

} // namespace

Program mutate(const Program &program, const Mutation &mutation) {
  Program result = program;
  switch (mutation.kind) {
  case MutationKind::DropWait:
    clear(result, mutation.wait, true);
    break;
  case MutationKind::DropSignal:
    clear(result, mutation.signal, false);
    break;
  case MutationKind::DropPair:
    clear(result, mutation.wait, true);
    clear(result, mutation.signal, false);
    break;
  case MutationKind::RaiseInitial:
  case MutationKind::LowerInitial:
    for (Semaphore &semaphore : result.semaphores)
      if (semaphore.id == mutation.semaphore)
        semaphore.initial += mutation.kind == MutationKind::RaiseInitial ? 1 : -1;
    break;
  case MutationKind::DelayWait:
    delay(result, mutation.wait);
    break;
  }
  return result;
}

std::string describe(const Program &program, const Mutation &mutation) {
  std::string name = semaphoreName(program, mutation.semaphore);
  switch (mutation.kind) {
  case MutationKind::DropWait:
    return describe(program, mutation.wait) + ": without its wait for " + name;
  case MutationKind::DropSignal:
    return describe(program, mutation.signal) + ": without its signal of " + name;
  case MutationKind::DropPair:
    return describe(program, mutation.signal) + ": without its signal of " + name + ", and " +
           describe(program, mutation.wait) + ": without its wait";
  case MutationKind::RaiseInitial:
    return name + " with one initial token more";
  case MutationKind::LowerInitial:
    return name + " with one initial token less";
  case MutationKind::DelayWait:
    break;
  }
  return describe(program, mutation.wait) + ": its wait for " + name + " one instruction later";
}

namespace {

/// Explains mutants that the verifier proves right.
class Reasons {
public:
  Reasons(const Program &program, const Machine &machine, const VerifyOptions &options)
      : machine(machine), options(options) {
    original.build(program, options, error, stop);
  }

  void explain(const Program &mutant, MutationReport::Undetected &one) {
    one.equivalence = MutationReport::Equivalence::FewerTokens;
    one.reason = "a token less: every wait takes the token of a later signal than before, so every order stays";
    if (one.mutation.kind != MutationKind::DropSignal && one.mutation.kind != MutationKind::LowerInitial)
      lostOrders(mutant, one);
  }

private:
  /// Which of the orders that this semaphore made are still there, and by whom.
  void lostOrders(const Program &mutant, MutationReport::Undetected &one) {
    Trace trace;
    trace.build(mutant, options, error, stop);
    OrderTracker order(machine);
    QueueRun(trace, nullptr).run([&](uint32_t id) {
      QueuePosition position = order.append(trace.engine(id));
      if (int32_t source = trace.instrs[id].source; source >= 0)
        order.order(trace.position(static_cast<uint32_t>(source)), position);
    });
    auto map = mapping(trace);
    size_t kept = 0, lost = 0;
    std::set<std::string> by;
    for (uint32_t id : original.semaphores[one.mutation.semaphore].waits) {
      int32_t source = original.instrs[id].source;
      if (source < 0)
        continue;
      // The wait's gate is the first working instruction at or behind it.
      int64_t later = gated(id), earlier = working(static_cast<uint32_t>(source));
      if (later < 0 || earlier < 0 || map[later] < 0 || map[earlier] < 0)
        continue;
      QueuePosition p = trace.position(static_cast<uint32_t>(map[earlier])),
                    c = trace.position(static_cast<uint32_t>(map[later]));
      if (!order.isOrdered(p, c)) {
        ++lost;
        continue;
      }
      ++kept;
      path(trace, order, p, static_cast<uint32_t>(map[later]), by);
    }
    std::string names;
    for (const std::string &name : by)
      names += " " + name;
    if (kept)
      one.reason = "its orders stay by" + (by.empty() ? " the queue alone" : names);
    else
      one.reason = "it orders nothing: its tokens are there before anybody waits";
    one.equivalence = lost ? MutationReport::Equivalence::Unshared : MutationReport::Equivalence::Implied;
    if (lost)
      one.reason = std::to_string(lost) + " of its " + std::to_string(kept + lost) +
                   " orders are gone, between instructions that share no byte or whose sharing is ordered otherwise" +
                   (kept ? "; the others stay by" + names : "");
  }

  /// The first instruction with work from this one on in its queue, -1 if none.
  int64_t gated(uint32_t id) const {
    const auto &queue = original.queues[static_cast<size_t>(original.engine(id))];
    for (uint32_t i = original.instrs[id].index; i < queue.size(); ++i)
      if (!isToken(original.code(queue[i])))
        return queue[i];
    return -1;
  }
  /// The last instruction with work up to this one in its queue, -1 if none.
  int64_t working(uint32_t id) const {
    const auto &queue = original.queues[static_cast<size_t>(original.engine(id))];
    for (int64_t i = original.instrs[id].index; i >= 0; --i)
      if (!isToken(original.code(queue[i])))
        return queue[i];
    return -1;
  }
  /// Of the original's working instructions, their ids in the mutant: mutations keep the working instructions of a
  /// queue.
  std::vector<int64_t> mapping(const Trace &mutant) const {
    std::vector<int64_t> map(original.instrs.size(), -1);
    for (unsigned e = 0; e < kEngines; ++e) {
      size_t j = 0;
      const auto &from = original.queues[e], &to = mutant.queues[e];
      for (uint32_t id : from) {
        if (isToken(original.code(id)))
          continue;
        while (j < to.size() && isToken(mutant.code(to[j])))
          ++j;
        if (j == to.size())
          break;
        map[id] = to[j++];
      }
    }
    return map;
  }
  /// Adds the semaphores on a way from `p` to `id`.
  static void path(const Trace &trace, const OrderTracker &order, QueuePosition p, uint32_t id,
                   std::set<std::string> &by) {
    for (;;) {
      int32_t source = trace.instrs[id].source;
      if (source >= 0) {
        QueuePosition s = trace.position(static_cast<uint32_t>(source));
        if (order.completion(s).completed[static_cast<size_t>(p.engine)] > p.index) {
          by.insert(semaphoreName(*trace.program, static_cast<unsigned>(trace.code(id).wait)));
          if (s.engine == p.engine)
            return;
          id = static_cast<uint32_t>(source);
          continue;
        }
      }
      QueuePosition at = trace.position(id);
      if (at.index == 0 || (at.engine == p.engine && at.index <= p.index + 1))
        return;
      id = trace.at({at.engine, at.index - 1});
    }
  }

  const Machine &machine;
  const VerifyOptions &options;
  Trace original;
  std::string error;
  uint32_t stop = 0;
};

} // namespace

bool runMutations(const Program &program, const Machine &machine, const MutationOptions &options,
                  MutationReport &report, std::string &error) {
  VerifyResult itself = verify(program, machine, options.verify);
  if (!itself.ok()) {
    error = "expected a program that passes, got\n" + itself.str();
    return false;
  }
  if (options.dynamic && options.dynamic(program)) {
    error = "expected a program that passes the dynamic check";
    return false;
  }
  report.program = program.name;
  VerifyOptions withBalance = options.verify, without = options.verify;
  withBalance.checkBalance = true, without.checkBalance = false;
  withBalance.maxFindings = without.maxFindings = 1;

  Reasons reasons(program, machine, without);

  std::vector<Mutation> all = mutations(program, options.verify);
  std::array<size_t, kMutationKinds> seen{};
  for (const Mutation &mutation : all)
    ++report.kinds[static_cast<size_t>(mutation.kind)].possible;
  for (const Mutation &mutation : all) {
    size_t k = static_cast<size_t>(mutation.kind);
    MutationReport::Kind &kind = report.kinds[k];
    size_t number = seen[k]++;
    if (options.limit && kind.possible > options.limit &&
        number * options.limit / kind.possible == (number + 1) * options.limit / kind.possible)
      continue;
    Program mutant = mutate(program, mutation);
    bool races = !verify(mutant, machine, without).ok();
    bool verifier = races || !verify(mutant, machine, withBalance).ok();
    bool dynamic = options.dynamic && options.dynamic(mutant);
    ++kind.tried;
    kind.withoutBalance += races;
    kind.verifier += verifier;
    kind.dynamic += dynamic;
    kind.any += races || dynamic;
    kind.flagged += verifier || dynamic;
    if (!races && !dynamic) {
      report.undetected.push_back(
          {mutation, semaphoreName(program, mutation.semaphore), describe(program, mutation), "", {}, verifier});
      MutationReport::Undetected &one = report.undetected.back();
      reasons.explain(mutant, one);
      bool equivalent = one.equivalence != MutationReport::Equivalence::Unshared;
      kind.equivalentWithoutBalance += equivalent;
      kind.equivalent += equivalent && !verifier;
    }
    if (!races && dynamic)
      report.missedByVerifier.push_back(describe(program, mutation));
  }
  return true;
}

} // namespace aic::npu
