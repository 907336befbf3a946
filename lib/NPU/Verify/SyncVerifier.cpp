//===- SyncVerifier.cpp - Proof that a program's synchronisation is right -===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The race check goes through the program in order and compares every access with those before it that are not yet
// ordered before everything to come. That set stays small in a program that is synchronised, because every queue learns
// of the others' progress by the tokens it takes; hence nearly linear time.
//
//===----------------------------------------------------------------------===//

#include "Trace.h"

#include <algorithm>
#include <set>

namespace aic::npu {

namespace {

class Verifier {
public:
  Verifier(const Program &program, const Machine &machine, const VerifyOptions &options)
      : program(program), machine(machine), options(options), order(machine), explainer(trace, machine, order) {}

  VerifyResult run() {
    if (!checkDeclarations() || !checkUses() || !buildTrace())
      return std::move(result);
    result.dispatched = trace.instrs.size();
    result.sequential = isSequential();
    if (checkDeadlock()) {
      checkRaces();
      checkOverflow();
      checkBalance();
    }
    return std::move(result);
  }

private:
  /// Null if there are enough findings, or this one is known: same kind, same places.
  Finding *add(FindingKind kind, uint64_t first, uint64_t second = UINT64_MAX) {
    if (!known.insert({kind, first, second}).second)
      return nullptr;
    if (result.findings.size() >= options.maxFindings) {
      result.truncated = true;
      return nullptr;
    }
    result.findings.emplace_back();
    result.findings.back().kind = kind;
    return &result.findings.back();
  }
  bool add(FindingKind kind, uint64_t place, const std::string &message) {
    if (Finding *finding = add(kind, place))
      finding->message = message;
    return false;
  }

  bool checkDeclarations();
  bool checkUses();
  bool buildTrace();
  bool isSequential() const;
  bool checkDeadlock();
  void checkOverflow();
  void checkBalance();
  void checkRaces();
  void checkAccess(uint32_t id, const Access &access);
  bool checkBounds(uint32_t id, const Access &access, bool known);
  void advanceFloor(uint32_t id);

  const Program &program;
  const Machine &machine;
  const VerifyOptions &options;
  VerifyResult result;
  std::set<std::tuple<FindingKind, uint64_t, uint64_t>> known;
  Trace trace;
  OrderTracker order;
  Explainer explainer;
  AccessHistory history;
  std::array<uint32_t, kEngines> nextOf{}; // of the race check, by queue
};

bool Verifier::checkDeclarations() {
  std::set<unsigned> ids;
  for (const Semaphore &semaphore : program.semaphores) {
    std::string name = semaphoreName(program, semaphore.id);
    if (semaphore.id >= machine.semaphores)
      return add(FindingKind::Misuse, semaphore.id,
                 name + ": expected an id below " + std::to_string(machine.semaphores) + ", got " +
                     std::to_string(semaphore.id));
    if (!ids.insert(semaphore.id).second)
      return add(FindingKind::Misuse, semaphore.id,
                 name + ": expected one declaration of id " + std::to_string(semaphore.id));
    if (semaphore.producer == Engine::S || semaphore.consumer == Engine::S)
      return add(FindingKind::Misuse, semaphore.id, name + ": expected engines with a queue, got S");
    if (semaphore.initial > machine.semaphoreMax)
      return add(FindingKind::Overflow, semaphore.id,
                 name + ": expected an initial count of at most " + std::to_string(machine.semaphoreMax) + ", got " +
                     std::to_string(semaphore.initial));
  }
  return true;
}

/// Every wait and signal names a declared semaphore, on the engine that the declaration says.
bool Verifier::checkUses() {
  auto find = [&](int id) -> const Semaphore * {
    for (const Semaphore &semaphore : program.semaphores)
      if (static_cast<int>(semaphore.id) == id)
        return &semaphore;
    return nullptr;
  };
  auto check = [&](uint32_t pc, int id, bool wait) {
    if (id < 0)
      return;
    const Semaphore *semaphore = find(id);
    std::string text = describe(program, pc) + ": expected ";
    if (!semaphore)
      return void(add(FindingKind::Misuse, pc, text + "a declared semaphore, got " + std::to_string(id)));
    Engine engine = wait ? semaphore->consumer : semaphore->producer;
    if (program.code[pc].engine != engine)
      add(FindingKind::Misuse, pc,
          text + semaphoreName(program, id) + (wait ? " to be waited for by " : " to be signalled by ") +
              nameOf(engine) + ", got " + nameOf(program.code[pc].engine));
  };
  for (uint32_t pc = 0; pc < program.code.size(); ++pc) {
    const Instruction &inst = program.code[pc];
    check(pc, inst.wait, true);
    check(pc, inst.signal, false);
    if (inst.opcode == Opcode::SWAIT && inst.wait < 0)
      add(FindingKind::Misuse, pc, describe(program, pc) + ": expected a semaphore to wait for");
    if (inst.opcode == Opcode::SSIG && inst.signal < 0)
      add(FindingKind::Misuse, pc, describe(program, pc) + ": expected a semaphore to signal");
    if (inst.engine != Engine::S && infoOf(inst.opcode).later)
      add(FindingKind::Malformed, pc, describe(program, pc) + ": expected an instruction that this version executes");
  }
  return result.findings.empty();
}

bool Verifier::buildTrace() {
  std::string error;
  uint32_t pc = 0;
  switch (trace.build(program, options, error, pc)) {
  case Sequencer::Stop::End:
    return true;
  case Sequencer::Stop::TooLong:
    return add(FindingKind::TooLong, pc,
               "expected at most " + std::to_string(options.maxInstructions) +
                   " dispatched instructions to prove, got more at pc " + std::to_string(pc) + "; nothing is proven");
  default:
    return add(FindingKind::Malformed, pc, (pc < program.code.size() ? describe(program, pc) + ": " : "") + error);
  }
}

bool Verifier::isSequential() const {
  for (uint32_t id = 0; id < trace.instrs.size(); ++id) {
    int32_t source = trace.instrs[id].source;
    if (source != Trace::kNone && (source == Trace::kMissing || static_cast<uint32_t>(source) >= id))
      return false;
  }
  return true;
}

/// Also fills `order`. False if some instruction can never start.
bool Verifier::checkDeadlock() {
  auto attempt = [&](const Machine *depths, bool fill) {
    QueueRun queues(trace, depths);
    std::vector<ScheduleStep> steps;
    bool ends = queues.run([&](uint32_t id) {
      if (fill) {
        QueuePosition position = order.append(trace.engine(id));
        if (int32_t source = trace.instrs[id].source; source >= 0)
          order.order(trace.position(static_cast<uint32_t>(source)), position);
      }
      if (!result.sequential) {
        steps.push_back({trace.occurrence(id), false});
        steps.push_back({trace.occurrence(id), true});
      }
    });
    if (ends)
      return true;
    std::vector<uint32_t> waiting;
    std::vector<std::string> lines = queues.explain(waiting);
    if (Finding *finding = add(FindingKind::Deadlock, waiting.front())) {
      bool starves = trace.instrs[waiting.back()].source == Trace::kMissing;
      finding->message = brief(trace, waiting.front()) +
                         (starves ? " waits for a token that never comes" : " waits for what waits for it") +
                         (depths ? " at this machine's queue depths" : "");
      for (uint32_t id : waiting)
        finding->instructions.push_back(trace.occurrence(id));
      finding->details = std::move(lines);
      for (uint32_t id : waiting)
        finding->details.push_back(describe(trace, id));
      finding->schedule = std::move(steps);
    }
    return false;
  };
  return attempt(nullptr, true) && (result.sequential || attempt(&machine, false));
}

void Verifier::checkOverflow() {
  for (const Trace::Uses &uses : trace.semaphores)
    for (size_t n = 1; n <= uses.signals.size(); ++n) {
      // After this signal there are initial + n tokens less those taken: wait number `room` must have started.
      int64_t room = int64_t(uses.initial + n) - machine.semaphoreMax;
      if (room <= 0)
        continue;
      uint32_t signal = uses.signals[n - 1];
      bool exists = room <= static_cast<int64_t>(uses.waits.size());
      if (exists) {
        QueuePosition wait = trace.position(uses.waits[room - 1]);
        if (order.completion(trace.position(signal)).started[static_cast<size_t>(wait.engine)] > wait.index)
          continue;
      }
      if (Finding *finding = add(FindingKind::Overflow, trace.instrs[signal].pc))
        explainer.overflow(signal, exists ? int64_t(uses.waits[room - 1]) : -1, *finding);
    }
}

void Verifier::checkBalance() {
  if (!options.checkBalance)
    return;
  for (const Semaphore &semaphore : program.semaphores) {
    const Trace::Uses &uses = trace.semaphores[semaphore.id];
    auto given = options.finalCounts.find(semaphore.id);
    int64_t expected = given != options.finalCounts.end() ? given->second : semaphore.initial;
    int64_t got = int64_t(semaphore.initial) + int64_t(uses.signals.size()) - int64_t(uses.waits.size());
    if (got != expected)
      add(FindingKind::Imbalance, semaphore.id,
          semaphoreName(program, semaphore.id) + ": expected a count of " + std::to_string(expected) +
              " at the end, got " + std::to_string(got) + " (" + std::to_string(semaphore.initial) + " initial, " +
              std::to_string(uses.signals.size()) + " signals, " + std::to_string(uses.waits.size()) + " waits)");
  }
}

bool Verifier::checkBounds(uint32_t id, const Access &access, bool known) {
  uint32_t pc = trace.instrs[id].pc;
  auto fail = [&](const std::string &text) {
    if (Finding *finding = add(FindingKind::OutOfBounds, pc)) {
      finding->message = brief(trace, id) + (access.write ? " writes " : " reads ") + access.memory.str() + " " +
                         access.box.str() + ": expected " + text;
      finding->instructions = {trace.occurrence(id)};
      finding->details = {describe(trace, id)};
    }
    return false;
  };
  int64_t limit = 0;
  if (access.memory.isSegment()) {
    if (access.memory.segment() >= program.segments.size())
      return fail("a segment below " + std::to_string(program.segments.size()));
    const Segment &segment = program.segments[access.memory.segment()];
    if (access.write && segment.kind == SegmentKind::Const)
      return fail("a segment that is not constant");
    limit = static_cast<int64_t>(segment.bytes);
  } else {
    limit = static_cast<int64_t>(machine.space(access.memory.space()).bytes);
  }
  if (known && (access.box.begin() < 0 || access.box.end() > limit))
    return fail("bytes from 0 to " + std::to_string(limit));
  return true;
}

/// What every instruction from here on is ordered after need not be remembered.
void Verifier::advanceFloor(uint32_t id) {
  ++nextOf[static_cast<size_t>(trace.engine(id))];
  std::array<uint32_t, kEngines> floor;
  floor.fill(UINT32_MAX);
  for (unsigned e = 0; e < kEngines; ++e) {
    if (nextOf[e] == trace.queues[e].size())
      continue;
    const Clock &clock = order.start({static_cast<Engine>(e), nextOf[e]});
    for (unsigned i = 0; i < kEngines; ++i)
      floor[i] = std::min(floor[i], clock.completed[i]);
  }
  history.forget(floor);
}

void Verifier::checkAccess(uint32_t id, const Access &access) {
  QueuePosition position = trace.position(id);
  std::vector<AccessHistory::Entry> races;
  history.candidates(access, [&](const AccessHistory::Entry &entry) {
    ++result.comparedPairs;
    if (entry.id != id && !order.isOrdered(entry.position, position) && commonByte(entry.access.box, access.box) >= 0)
      races.push_back(entry);
  });
  // After a race too: the program is refused already, and all that follows from it need not be told.
  if (access.write)
    history.supersede(access, position, id);
  else
    history.record(access, position, id);
  // Two writes of one queue in flight are told only where no other queue is concerned: its race is the cause to mend.
  bool others = std::any_of(races.begin(), races.end(), [&](const AccessHistory::Entry &entry) {
    return entry.position.engine != position.engine;
  });
  for (const AccessHistory::Entry &entry : races)
    if (!others || entry.position.engine != position.engine)
      if (Finding *finding = add(FindingKind::Race, trace.instrs[entry.id].pc, trace.instrs[id].pc))
        explainer.race(entry.id, id, entry.access, access, *finding);
}

void Verifier::checkRaces() {
  // Constants need no order: most loads have nothing to be compared with.
  std::array<bool, Memory::kCount> written{};
  for (const Instruction &inst : program.code)
    if (inst.opcode == Opcode::ST)
      written[Memory::segment(inst.global(Field::dst).segment).index()] = true;
  for (unsigned s = 0; s < kSpaces; ++s)
    written[s] = true;

  std::vector<Access> touched;
  Sequencer sequencer(program, options);
  for (uint32_t id = 0; sequencer.next() == Sequencer::Stop::Queued; ++id) {
    touched.clear();
    if (sequencer.active())
      accesses(trace.code(id), sequencer.registers(), machine, touched, sequencer.unknown());
    // Reads first: an instruction's own write must not hide the accesses that its reads are compared with.
    for (bool write : {false, true})
      for (const Access &access : touched)
        if (access.write == write && checkBounds(id, access, !sequencer.unknown()) && written[access.memory.index()])
          checkAccess(id, access);
    advanceFloor(id);
    if (result.findings.size() >= options.maxFindings) {
      result.truncated = true;
      return;
    }
    if (result.comparedPairs > options.maxPairs) {
      add(FindingKind::TooLong, trace.instrs[id].pc,
          "expected at most " + std::to_string(options.maxPairs) + " pairs of accesses to compare, got more at " +
              brief(trace, id) + ": too little is ordered; nothing is proven");
      return;
    }
  }
}

} // namespace

VerifyResult verify(const Program &program, const Machine &machine, const VerifyOptions &options) {
  return Verifier(program, machine, options).run();
}

bool isLegalSchedule(const Program &program, const Machine &machine, const std::vector<ScheduleStep> &schedule,
                     std::string &error, const VerifyOptions &options) {
  Trace trace;
  uint32_t pc = 0;
  if (trace.build(program, options, error, pc) != Sequencer::Stop::End)
    return false;
  std::array<uint32_t, kEngines> started{}, completed{};
  std::map<int, int64_t> counts;
  for (const Semaphore &semaphore : program.semaphores)
    counts[semaphore.id] = semaphore.initial;
  for (size_t i = 0; i < schedule.size(); ++i) {
    const ScheduleStep &step = schedule[i];
    size_t e = static_cast<size_t>(step.instruction.engine);
    uint32_t &place = step.completes ? completed[e] : started[e];
    auto fail = [&](const std::string &text) {
      error = "step " + std::to_string(i) + ", pc " + std::to_string(step.instruction.pc) + ": expected " + text;
      return false;
    };
    if (place >= (step.completes ? started[e] : trace.queues[e].size()))
      return fail(step.completes ? "an instruction that has started" : "an instruction of the queue");
    const Trace::Instr &instr = trace.instrs[trace.queues[e][place]];
    if (instr.pc != step.instruction.pc || instr.execution != step.instruction.execution)
      return fail("the next of the queue, pc " + std::to_string(instr.pc));
    const Instruction &inst = program.code[instr.pc];
    if (step.completes) {
      if (inst.signal >= 0)
        ++counts[inst.signal];
    } else {
      if (!overlapsItself(machine, step.instruction.engine) && completed[e] < started[e])
        return fail("the instruction before it to be complete");
      if (inst.wait >= 0 && counts[inst.wait]-- <= 0)
        return fail("a token of " + semaphoreName(program, inst.wait));
    }
    ++place;
  }
  return true;
}

} // namespace aic::npu
