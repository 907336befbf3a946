//===- Timed.cpp - Engines, queues, semaphores and time -----------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Event driven. The dispatcher hands out one instruction per cycle in program order and stands still while the queue
// of its instruction is full; an instruction leaves its queue when it starts. MV, MX, FX and VX execute one instruction
// at a time. LD and ST hold several transfers, which overlap their issue and latency but send their data one after the
// other and complete in order; the two share the DRAM's bandwidth. An instruction computes and moves its data in the
// cycle in which it completes; in one cycle completions come first, then starts, then the dispatcher.
//
//===----------------------------------------------------------------------===//

#include "Accounts.h"
#include "Hazard.h"
#include "Lives.h"
#include "Runner.h"

#include <cmath>
#include <deque>

using namespace aic::npu;
using namespace aic::npu::sim;

namespace {

constexpr uint64_t kNever = ~uint64_t(0);
constexpr Engine kQueued[] = {Engine::LD, Engine::ST, Engine::MV, Engine::MX, Engine::FX, Engine::VX};

/// Perturbs durations; the identity for seed 0.
class Jitter {
public:
  explicit Jitter(uint64_t seed) : on(seed != 0), state(seed) {}
  /// From half to half as much again; one time in 16 eight times as long.
  uint64_t operator()(uint64_t cycles) {
    if (!on || cycles == 0)
      return cycles;
    uint64_t random = next();
    if ((random & 15) == 0)
      return cycles * 8;
    return std::max<uint64_t>(cycles / 2 + ((random >> 8) % (cycles + 1)), 1);
  }
  /// Extra cycles of the dispatcher: mostly none.
  uint64_t pause() {
    if (!on)
      return 0;
    uint64_t random = next();
    return (random & 7) == 0 ? (random >> 8) % 64 : 0;
  }

private:
  uint64_t next() {
    uint64_t z = state += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  bool on;
  uint64_t state;
};

/// An instruction in execution.
struct Flight {
  Issue issue;
  uint64_t begin = 0, end = kNever;
  // LD and ST: cycle from which data can move, bytes of traffic still to move, and at most how many per cycle.
  uint64_t ready = 0;
  double remaining = 0, rate = 0;
  bool streaming = false, streamed = false;
  // Banks of each space, and the bytes per cycle that are taken from them.
  std::array<uint64_t, kSpaces> banks{};
  std::array<float, kSpaces> demand{};
  Clock clock{}; // that its signal carries
};

struct Unit {
  std::deque<Issue> queue;
  std::deque<Flight *> flights; // one but for LD and ST
  unsigned depth = 1, width = 1;
  uint64_t issueFree = 0; // LD, ST: cycle of the next issue
};

struct SemaphoreState {
  unsigned count = 0;
  std::deque<Clock> tokens;                        // for the detector
  std::deque<std::pair<uint64_t, Engine>> signals; // for the trace
};

class TimedRun {
public:
  explicit TimedRun(const Job &job)
      : job(job), decoded(job.decoded), program(*job.decoded.program), machine(*job.decoded.machine),
        sequencer(job.decoded, job.options.arguments), context(job.decoded, job.memory), costs(job.decoded),
        accounts(job.decoded), hazards(job.decoded, job.memory, job.diagnostics), jitter(job.options.jitterSeed) {
    for (Engine engine : kQueued) {
      Unit &unit = at(engine);
      unit.depth = std::max(machine.queueDepth[static_cast<size_t>(engine)], 1u);
      unit.width = costs.maxInflight(engine);
    }
    for (const Semaphore &semaphore : program.semaphores) {
      semaphores[semaphore.id].count = semaphore.initial;
      if (job.options.detect)
        semaphores[semaphore.id].tokens.assign(semaphore.initial, Clock{});
    }
    for (const MemorySpace &space : machine.spaces)
      sharesBanks |= space.banks > 1 && space.portBytes > 0;
    if (job.options.trace) {
      trace = std::make_shared<Timeline>();
      lives = std::make_unique<LifeTracker>(*trace);
    }
  }

  void run() {
    while (!stopped) {
      complete();
      start();
      dispatch();
      if (stopped)
        break;
      uint64_t next = nextEvent();
      if (next == kNever)
        break;
      account(next - now);
      now = next;
    }
    if (!stopped && !finished())
      deadlock();
    job.result.instructions = sequencer.count();
    job.result.wraps = context.wraps;
    job.result.report = accounts.finish();
    if (trace) {
      trace->cycles = now;
      job.result.trace = trace;
    }
  }

private:
  Unit &at(Engine engine) { return units[static_cast<size_t>(engine)]; }
  static bool isDma(Engine engine) { return engine == Engine::LD || engine == Engine::ST; }
  bool finished() const {
    if (!halted)
      return false;
    for (const Unit &unit : units)
      if (!unit.queue.empty() || !unit.flights.empty())
        return false;
    return true;
  }

  //===-- Completion ---------------------------------------------------------===//

  void complete() {
    streams();
    for (Engine engine : kQueued) {
      Unit &unit = at(engine);
      while (!unit.flights.empty() && unit.flights.front()->end <= now) {
        Flight *flight = unit.flights.front();
        unit.flights.pop_front();
        finish(*flight, engine);
        pool.push_back(flight);
        if (stopped)
          return;
      }
    }
  }

  void finish(Flight &flight, Engine engine) {
    Issue &issue = flight.issue;
    const Operation &op = *issue.op;
    if (job.options.detect)
      hazards.end(issue);
    if (issue.enabled && op.family != Family::Token) {
      if (job.options.detect)
        if (UnsetByte byte = findUnset(issue, context); byte.address >= 0)
          job.diagnostics.unset(issue, now, byte);
      if (job.options.moveData && !execute(issue, context))
        return trap(op.pc, context.trap);
      if (job.options.detect)
        noteWrites(issue, context);
      if (lives)
        lives->completed(issue, decoded, flight.begin, now);
    }
    if (engine != Engine::MX && !isDma(engine))
      accounts.engineBusy(engine, issue.debugOp, now - flight.begin);
    if (trace)
      trace->spans.push_back({flight.begin, now, op.pc, issue.debugOp, engine,
                              static_cast<uint32_t>(isDma(engine) ? costs.of(issue).bytes : 0)});
    if (op.signal < 0)
      return;
    SemaphoreState &semaphore = semaphores[static_cast<size_t>(op.signal)];
    if (semaphore.count >= machine.semaphoreMax)
      return job.diagnostics.report(Diagnostic::Kind::Overflow, op.pc, ~0u, now,
                                    job.diagnostics.describe(op.pc) + ": signals " + nameOfSemaphore(op.signal) +
                                        " beyond its maximum of " + std::to_string(machine.semaphoreMax) +
                                        " at cycle " + std::to_string(now)),
             stop();
    ++semaphore.count;
    if (job.options.detect)
      semaphore.tokens.push_back(flight.clock);
    if (trace)
      semaphore.signals.emplace_back(now, engine);
  }

  //===-- Start ----------------------------------------------------------------===//

  bool canStart(Engine engine) {
    Unit &unit = at(engine);
    if (unit.queue.empty() || unit.flights.size() >= unit.width || (isDma(engine) && unit.issueFree > now))
      return false;
    int wait = unit.queue.front().op->wait;
    return wait < 0 || semaphores[static_cast<size_t>(wait)].count > 0;
  }

  void start() {
    for (Engine engine : kQueued)
      while (canStart(engine))
        start(engine);
  }

  void start(Engine engine) {
    Unit &unit = at(engine);
    Flight *flight = take();
    flight->issue = unit.queue.front();
    unit.queue.pop_front();
    const Issue &issue = flight->issue;
    Clock token;
    if (issue.op->wait >= 0) {
      SemaphoreState &semaphore = semaphores[static_cast<size_t>(issue.op->wait)];
      --semaphore.count;
      if (job.options.detect) {
        token = semaphore.tokens.front();
        semaphore.tokens.pop_front();
      }
      if (trace && !semaphore.signals.empty()) {
        auto [cycle, producer] = semaphore.signals.front();
        semaphore.signals.pop_front();
        trace->flows.push_back({cycle, now, producer, engine, static_cast<uint8_t>(issue.op->wait)});
      }
    }
    const Cost &cost = costs.of(issue);
    accounts.started(issue, cost);
    flight->begin = now;
    uint64_t cycles = jitter(cost.cycles);
    if (sharesBanks)
      cycles = contend(*flight, cost, cycles);
    if (isDma(engine))
      startTransfer(unit, engine, *flight, cost, cycles);
    else
      flight->end = now + jitter(cost.issue) + std::max<uint64_t>(cycles, 1);
    unit.flights.push_back(flight);
    if (job.options.detect)
      flight->clock = hazards.begin(issue, issue.op->wait >= 0 ? &token : nullptr, now);
  }

  void startTransfer(Unit &unit, Engine engine, Flight &flight, const Cost &cost, uint64_t cycles) {
    uint64_t issue = jitter(cost.issue);
    unit.issueFree = now + std::max<uint64_t>(issue, 1);
    flight.ready = unit.issueFree;
    if (engine == Engine::LD && cost.traffic)
      flight.ready += jitter(machine.dram.readLatency);
    flight.remaining = static_cast<double>(cost.traffic);
    flight.rate = cost.traffic ? static_cast<double>(cost.traffic) / static_cast<double>(cycles) : 1;
    flight.streaming = flight.streamed = false;
    flight.end = kNever;
  }

  /// A bank serves its port's bytes per cycle: whoever starts while others draw on one of its banks takes as much
  /// longer as they together ask for too much.
  uint64_t contend(Flight &flight, const Cost &cost, uint64_t cycles) {
    const Issue &issue = flight.issue;
    flight.banks.fill(0), flight.demand.fill(0);
    if (!issue.enabled || issue.op->family == Family::Token)
      return cycles;
    const Region *region = decoded.regionsOf(*issue.op);
    for (unsigned i = 0; i < issue.op->regionCount; ++i, ++region) {
      Place place = issue.op->operands[region->operand].place;
      if (isSegment(place) || machine.spaces[place].portBytes == 0)
        continue;
      int64_t base = issue.addresses[region->operand];
      flight.banks[place] |= banksOf(machine.spaces[place], base + region->low, base + region->high);
    }
    double worst = 1;
    for (unsigned s = 0; s < kSpaces; ++s) {
      if (!flight.banks[s])
        continue;
      const double port = machine.spaces[s].portBytes;
      flight.demand[s] = std::min(static_cast<float>(port), static_cast<float>(cost.accesses[s]) * kGranuleBytes /
                                                                static_cast<float>(std::max<uint64_t>(cycles, 1)));
      double demand = flight.demand[s];
      for (Engine engine : kQueued)
        if (engine != issue.op->engine && !at(engine).flights.empty())
          if (const Flight *other = at(engine).flights.front(); other->banks[s] & flight.banks[s])
            demand += other->demand[s];
      worst = std::max(worst, demand / port);
    }
    return worst > 1 ? static_cast<uint64_t>(std::ceil(static_cast<double>(cycles) * worst)) : cycles;
  }

  //===-- LD and ST: data on the DRAM's pins --------------------------------------===//

  /// The transfer whose data moves, or comes next.
  static Flight *stream(Unit &unit) {
    for (Flight *flight : unit.flights)
      if (!flight->streamed)
        return flight;
    return nullptr;
  }

  /// Brings the streams up to now: what has moved, what is done, who shares.
  void streams() {
    double elapsed = static_cast<double>(now - streamsAt);
    for (Engine engine : {Engine::LD, Engine::ST}) {
      Flight *flight = stream(at(engine));
      if (flight && flight->streaming)
        flight->remaining -= share[static_cast<size_t>(engine)] * elapsed;
    }
    streamsAt = now;
    for (Engine engine : {Engine::LD, Engine::ST})
      while (Flight *flight = stream(at(engine))) {
        if (!flight->streaming && flight->ready <= now)
          flight->streaming = true;
        if (!flight->streaming || flight->remaining > 1e-6)
          break;
        flight->streamed = true;
        flight->end = now;
        if (engine == Engine::ST && costs.of(flight->issue).traffic)
          flight->end = std::max(lastAck, now + jitter(machine.dram.writeLatency));
        if (engine == Engine::ST)
          lastAck = flight->end = std::max(lastAck, flight->end);
      }
    // Processor sharing: half each; what one cannot take, the other may.
    Flight *load = active(Engine::LD), *save = active(Engine::ST);
    const double all = machine.dram.bytesPerCycle;
    double loadRate = load ? std::min(load->rate, all) : 0, saveRate = save ? std::min(save->rate, all) : 0;
    if (loadRate + saveRate > all) {
      if (loadRate < all / 2)
        saveRate = all - loadRate;
      else if (saveRate < all / 2)
        loadRate = all - saveRate;
      else
        loadRate = saveRate = all / 2;
    }
    share[static_cast<size_t>(Engine::LD)] = loadRate, share[static_cast<size_t>(Engine::ST)] = saveRate;
  }
  Flight *active(Engine engine) {
    Flight *flight = stream(at(engine));
    return flight && flight->streaming ? flight : nullptr;
  }

  //===-- Dispatch -----------------------------------------------------------------===//

  void dispatch() {
    while (!halted && !stopped && nextDispatch <= now) {
      if (!hasPending && !fetch())
        return;
      if (halted || nextDispatch > now)
        return;
      Unit &unit = at(pending.op->engine);
      if (unit.queue.size() >= unit.depth)
        return;
      unit.queue.push_back(pending);
      hasPending = false;
      nextDispatch = now + 1 + jitter.pause();
      if (canStart(pending.op->engine))
        start(pending.op->engine);
    }
  }

  /// Runs the sequencer up to the next instruction for a queue, a cycle for each scalar one. False at the end.
  bool fetch() {
    std::string reason;
    while (true) {
      if (sequencer.count() >= job.options.maxInstructions)
        return trap(sequencer.pc(), "more than " + std::to_string(job.options.maxInstructions) + " instructions"),
               false;
      switch (sequencer.step(pending, reason)) {
      case Sequencer::Step::Scalar:
        ++nextDispatch;
        continue;
      case Sequencer::Step::Queued:
        return hasPending = true;
      case Sequencer::Step::Halt:
        halted = true;
        return false;
      case Sequencer::Step::Trap:
        return trap(sequencer.pc(), reason), false;
      }
    }
  }

  //===-- Time -------------------------------------------------------------------===//

  uint64_t nextEvent() {
    streams(); // what has just started may share
    uint64_t next = kNever;
    for (Engine engine : kQueued) {
      Unit &unit = at(engine);
      if (unit.flights.empty())
        continue;
      next = std::min(next, unit.flights.front()->end);
      if (!isDma(engine))
        continue;
      if (Flight *flight = stream(unit)) {
        if (!flight->streaming)
          next = std::min(next, flight->ready);
        else
          next = std::min(next,
                          now + std::max<uint64_t>(static_cast<uint64_t>(std::ceil(
                                                       flight->remaining / share[static_cast<size_t>(engine)] - 1e-6)),
                                                   1));
      }
      if (!unit.queue.empty() && unit.issueFree > now && unit.flights.size() < unit.width)
        next = std::min(next, unit.issueFree);
    }
    // A port that is still issuing although its transfers are done.
    for (Engine engine : {Engine::LD, Engine::ST})
      if (!at(engine).queue.empty() && at(engine).flights.empty() && at(engine).issueFree > now)
        next = std::min(next, at(engine).issueFree);
    if (!halted) {
      if (!hasPending || nextDispatch > now)
        next = std::min(next, std::max(nextDispatch, now + 1));
    }
    return next;
  }

  /// Who is to blame that MX stands still: follows what each waits for to one that works.
  StallCause cause(uint32_t &debugOp) {
    Engine engine = Engine::MX;
    unsigned visited = 0;
    while (true) {
      Unit &unit = at(engine);
      if (!unit.flights.empty()) {
        const Issue &issue = unit.flights.front()->issue;
        debugOp = issue.debugOp;
        if (issue.op->family == Family::Token)
          return StallCause::Sync;
        return causeOf(engine);
      }
      if (visited >> static_cast<unsigned>(engine) & 1)
        return StallCause::Other;
      visited |= 1u << static_cast<unsigned>(engine);
      if (!unit.queue.empty()) {
        const Issue &issue = unit.queue.front();
        debugOp = issue.debugOp;
        if (issue.op->wait < 0 || semaphores[static_cast<size_t>(issue.op->wait)].count > 0)
          return StallCause::Other; // an issue port that is not free yet
        int8_t index = decoded.semaphoreIndex[static_cast<size_t>(issue.op->wait)];
        engine = program.semaphores[static_cast<size_t>(index)].producer;
        if (engine == Engine::S)
          return StallCause::Sync;
        continue;
      }
      if (halted)
        break;
      if (hasPending && nextDispatch <= now) { // its queue is full
        engine = pending.op->engine;
        continue;
      }
      debugOp = hasPending ? pending.debugOp : sequencer.debugOp();
      return StallCause::Dispatch;
    }
    for (Engine last : {Engine::FX, Engine::VX, Engine::ST, Engine::MV, Engine::LD})
      if (!at(last).flights.empty()) {
        debugOp = at(last).flights.front()->issue.debugOp;
        return causeOf(last);
      }
    return StallCause::Other;
  }
  static StallCause causeOf(Engine engine) {
    switch (engine) {
    case Engine::LD:
      return StallCause::LD;
    case Engine::ST:
      return StallCause::ST;
    case Engine::MV:
      return StallCause::MV;
    case Engine::FX:
      return StallCause::FX;
    case Engine::VX:
      return StallCause::VX;
    default:
      return StallCause::Other;
    }
  }

  void account(uint64_t cycles) {
    if (cycles == 0)
      return;
    for (Engine engine : {Engine::LD, Engine::ST})
      if (!at(engine).flights.empty())
        accounts.engineBusy(engine, at(engine).flights.front()->issue.debugOp, cycles);
    const Unit &matrix = at(Engine::MX);
    if (!matrix.flights.empty() && matrix.flights.front()->issue.op->family != Family::Token)
      return accounts.matrixBusy(matrix.flights.front()->issue.debugOp, cycles);
    uint32_t debugOp = sequencer.debugOp();
    StallCause why = cause(debugOp);
    accounts.matrixStalled(debugOp, why, cycles);
  }

  //===-- Trouble --------------------------------------------------------------------===//

  void stop() { stopped = true; }
  void trap(uint32_t pc, const std::string &reason) {
    job.diagnostics.trap(pc, now, reason + " (cycle " + std::to_string(now) + ")");
    stop();
  }

  std::string nameOfSemaphore(int id) const {
    const Semaphore &semaphore =
        program.semaphores[static_cast<size_t>(decoded.semaphoreIndex[static_cast<size_t>(id)])];
    return "semaphore " + std::to_string(id) + (semaphore.name.empty() ? "" : " '" + semaphore.name + "'");
  }

  /// Nothing can go on: who waits for whom, up to the first that comes round again.
  void deadlock() {
    Engine engine = Engine::S; // the dispatcher
    if (!hasPending || halted)
      for (Engine candidate : kQueued)
        if (!at(candidate).queue.empty()) {
          engine = candidate;
          break;
        }
    uint32_t firstPc = ~0u;
    std::string chain;
    unsigned visited = 0;
    while (!(visited >> static_cast<unsigned>(engine) & 1)) {
      visited |= 1u << static_cast<unsigned>(engine);
      chain += "\n  ";
      if (engine == Engine::S) {
        if (halted || !hasPending) {
          chain += "the program has ended: nobody is left to signal";
          break;
        }
        firstPc = std::min(firstPc, pending.op->pc);
        chain += "dispatch of " + job.diagnostics.describe(pending.op->pc) + " waits for room in the queue of " +
                 aic::npu::nameOf(pending.op->engine) + " (depth " + std::to_string(at(pending.op->engine).depth) + ")";
        engine = pending.op->engine;
        continue;
      }
      Unit &unit = at(engine);
      if (unit.queue.empty()) {
        chain += std::string(aic::npu::nameOf(engine)) + " is idle and waits for the dispatcher";
        engine = Engine::S;
        continue;
      }
      const Operation &op = *unit.queue.front().op;
      if (firstPc == ~0u)
        firstPc = op.pc;
      const Semaphore &semaphore =
          program
              .semaphores[static_cast<size_t>(decoded.semaphoreIndex[static_cast<size_t>(std::max<int>(op.wait, 0))])];
      chain += std::string(aic::npu::nameOf(engine)) + ": " + job.diagnostics.describe(op.pc) + " waits for " +
               nameOfSemaphore(op.wait) + ", signalled by " + aic::npu::nameOf(semaphore.producer);
      engine = semaphore.producer;
    }
    if (visited >> static_cast<unsigned>(engine) & 1 && !(halted && engine == Engine::S))
      chain +=
          std::string("\n  ") + (engine == Engine::S ? "the dispatcher" : aic::npu::nameOf(engine)) + " waits as above";
    job.diagnostics.report(Diagnostic::Kind::Deadlock, firstPc, ~0u, now,
                           "deadlock at cycle " + std::to_string(now) + ":" + chain);
  }

  Flight *take() {
    if (pool.empty()) {
      storage.emplace_back();
      return &storage.back();
    }
    Flight *flight = pool.back();
    pool.pop_back();
    return flight;
  }

  const Job &job;
  const Decoded &decoded;
  const Program &program;
  const Machine &machine;
  Sequencer sequencer;
  ExecutionContext context;
  CostModel costs;
  Accounts accounts;
  HazardDetector hazards;
  Jitter jitter;

  uint64_t now = 0, nextDispatch = 0, streamsAt = 0, lastAck = 0;
  std::array<Unit, kEngines> units;
  std::array<double, kEngines> share{};
  std::array<SemaphoreState, 64> semaphores;
  std::deque<Flight> storage;
  std::vector<Flight *> pool;
  Issue pending;
  bool hasPending = false, halted = false, stopped = false, sharesBanks = false;
  std::shared_ptr<Timeline> trace;
  std::unique_ptr<LifeTracker> lives;
};

} // namespace

void sim::runTimed(const Job &job) { TimedRun(job).run(); }
