// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// mbarriers: phases that end when all arrivals and all bytes are in. An arrival releases, a successful wait acquires.
#include "Access.h"
#include "Exec.h"
#include <algorithm>

namespace aic::ptx {

static const int64_t maxCount = (1 << 20) - 1; // of arrivals and of bytes

/// What an arrival gives for a later wait.
static uint64_t stateOf(uint32_t phase) { return uint64_t(phase) << 1 | 1; }

static std::string place(uint64_t address) {
  char text[40];
  snprintf(text, sizeof text, "mbarrier 0x%llx", (unsigned long long)address);
  return text;
}

void mbarrierArrive(Engine &engine, Block &block, uint32_t address, Mbarrier &barrier, uint32_t count, int64_t tx) {
  (void)address;
  barrier.pending -= int32_t(count);
  barrier.tx += tx;
  if (barrier.pending == 0 && barrier.tx == 0) {
    ++barrier.phase;
    barrier.count = barrier.nextCount;
    barrier.pending = int32_t(barrier.count);
    if (barrier.current.used) {
      // Later phases know what earlier ones did.
      Release &done = barrier.done;
      if (!done.used) {
        done = barrier.current;
      } else {
        auto join = [](std::vector<uint32_t> &into, const std::vector<uint32_t> &from) {
          if (into.size() < from.size())
            into.resize(from.size(), 0);
          for (size_t k = 0; k < from.size(); ++k)
            into[k] = into[k] > from[k] ? into[k] : from[k];
        };
        join(done.row, barrier.current.row);
        join(done.proxy, barrier.current.proxy);
        done.proxyBase = std::max(done.proxyBase, barrier.current.proxyBase);
      }
      barrier.current.clear();
    }
  }
  engine.event(block);
}

/// The mbarrier at a lane's address; null after reporting.
Mbarrier *findMbarrier(Warp &w, uint32_t lane, uint64_t address) {
  Block &block = *w.block;
  if (address >= sharedWindow && (address & ~windowMask) == sharedWindow)
    address &= windowMask;
  if (address % 8) {
    w.engine->report(w, "misaligned", 1u << lane, place(address) + " is not a multiple of 8");
    return nullptr;
  }
  auto found = block.mbarriers.find(uint32_t(address));
  if (found == block.mbarriers.end()) {
    w.engine->report(w, "mbarrier", 1u << lane, place(address) + " is not initialised");
    return nullptr;
  }
  return &found->second;
}

namespace {

bool tracking(const Engine &engine) {
  return engine.options.races || engine.options.async || engine.options.uninitialised;
}

/// Every lane may name another barrier: they take effect one after the other.
template <class F> void forBarriers(Warp &w, const Inst &i, unsigned op, F &&f) {
  uint64_t addresses[32];
  uint32_t mask = definedLanes(w, i.op[op], "an address");
  addressesOf(w, i, op, i.imm, addresses);
  for (uint32_t m = mask; m; m &= m - 1) {
    unsigned lane = unsigned(__builtin_ctz(m));
    uint64_t address = addresses[lane];
    if ((address & ~windowMask) == sharedWindow)
      address &= windowMask;
    f(lane, address);
  }
}

void runInit(Warp &w, const Inst &i) {
  Engine &engine = *w.engine;
  Block &block = *w.block;
  forBarriers(w, i, 0, [&](unsigned lane, uint64_t address) {
    uint32_t count = lanesOf<uint32_t>(w, i.op[1])[lane];
    if (!(w.defined[i.op[1].index] >> lane & 1))
      engine.undefined(w, i.op[1], 1u << lane, "a count");
    if (address % 8)
      return engine.report(w, "misaligned", 1u << lane, place(address) + " is not a multiple of 8");
    if (block.shared.size() < 8 || address > block.shared.size() - 8)
      return engine.report(w, "bounds", 1u << lane,
                           "initialises an mbarrier in " + engine.sharedName(address) + ", of which there are " +
                               std::to_string(block.shared.size()) + " bytes");
    if (!count || count > maxCount)
      return engine.report(w, "mbarrier", 1u << lane, "expected 1 to 1048575 arrivals, got " + std::to_string(count));
    auto known = block.mbarriers.find(uint32_t(address));
    if (known != block.mbarriers.end() && !tracking(engine))
      ;
    else if (known != block.mbarriers.end())
      engine.report(w, "mbarrier", 1u << lane,
                    place(address) + " is already initialised (line " + std::to_string(known->second.line) + ")");
    else if (tracking(engine)) {
      Finding finding = block.shadow.write({w.index, lane, w.at, false, false}, address, 8);
      if (finding.kind && engine.options.races)
        engine.reportFinding(w, finding, 1u << lane, true);
      block.shadow.setBarrier(address, true);
    }
    Mbarrier barrier;
    barrier.count = barrier.nextCount = count;
    barrier.pending = int32_t(count);
    barrier.line = i.line;
    barrier.agent = unsigned(block.mbarriers.size());
    barrier.initWarp = w.index;
    barrier.initThread = w.index * 32 + lane;
    barrier.initClock = block.clocks.clock(w.index);
    barrier.initPc = w.at;
    block.mbarriers[uint32_t(address)] = std::move(barrier);
  });
}

/// The initialisation must have happened before any other use.
void checkOrdered(Warp &w, unsigned lane, uint64_t address, const Mbarrier &barrier) {
  if (w.engine->options.races && !w.block->clocks.ordered(w.index, lane, barrier.initThread, barrier.initClock))
    w.engine->report(w, "race", 1u << lane,
                     "uses " + place(address) + ", initialised by " +
                         w.engine->threadName(*w.block, barrier.initThread) + " at line " +
                         std::to_string(w.engine->lineOf(barrier.initPc)) + " without synchronisation between",
                     barrier.initPc);
}

void runInval(Warp &w, const Inst &i) {
  forBarriers(w, i, 0, [&](unsigned lane, uint64_t address) {
    if (!findMbarrier(w, lane, address))
      return;
    w.block->mbarriers.erase(uint32_t(address));
    if (tracking(*w.engine))
      w.block->shadow.setBarrier(address, false);
  });
}

/// False after reporting a sum of bytes that the object cannot hold.
bool fitsTx(Warp &w, unsigned lane, uint64_t address, const Mbarrier &barrier, int64_t tx) {
  int64_t sum = barrier.tx + tx;
  if (sum >= -maxCount && sum <= maxCount)
    return true;
  w.engine->report(w, "mbarrier", 1u << lane,
                   place(address) + ": expected at most " + std::to_string(maxCount) + " bytes missing, got " +
                       std::to_string(sum));
  return false;
}

/// flagB: expect_tx; flagC: drop; imm3: there is a count; imm2: 1 noComplete, 2 relaxed.
void runArrive(Warp &w, const Inst &i) {
  Engine &engine = *w.engine;
  Block &block = *w.block;
  forBarriers(w, i, 1, [&](unsigned lane, uint64_t address) {
    Mbarrier *barrier = findMbarrier(w, lane, address);
    if (!barrier)
      return;
    checkOrdered(w, lane, address, *barrier);
    uint32_t operand = i.imm3 ? lanesOf<uint32_t>(w, i.op[2])[lane] : 1;
    if (i.imm3 && !(w.defined[i.op[2].index] >> lane & 1))
      engine.undefined(w, i.op[2], 1u << lane, "a count");
    uint32_t count = i.flagB ? 1 : operand;
    int64_t tx = i.flagB ? operand : 0;
    if (int64_t(barrier->pending) < int64_t(count)) {
      engine.report(w, "mbarrier", 1u << lane,
                    place(address) + ": more arrivals than the " + std::to_string(barrier->count) +
                        " that a phase expects (phase " + std::to_string(barrier->phase) + ")");
      return;
    }
    if (!fitsTx(w, lane, address, *barrier, tx))
      return;
    if ((i.imm2 & 1) && barrier->pending == int64_t(count))
      engine.report(w, "mbarrier", 1u << lane, place(address) + ": an arrival with .noComplete completes the phase");
    setLane(w, i.op[0], 8, lane, stateOf(barrier->phase));
    if (!(i.imm2 & 2))
      block.clocks.release(w.index, 1u << lane, barrier->current);
    if (i.flagC && barrier->nextCount)
      --barrier->nextCount;
    mbarrierArrive(engine, block, uint32_t(address), *barrier, count, tx);
  });
  define(w, i.op[0], w.mask, w.mask);
}

void runTx(Warp &w, const Inst &i) {
  forBarriers(w, i, 0, [&](unsigned lane, uint64_t address) {
    Mbarrier *barrier = findMbarrier(w, lane, address);
    if (!barrier)
      return;
    checkOrdered(w, lane, address, *barrier);
    int64_t tx = lanesOf<uint32_t>(w, i.op[1])[lane];
    if (!(w.defined[i.op[1].index] >> lane & 1))
      w.engine->undefined(w, i.op[1], 1u << lane, "a count");
    if (fitsTx(w, lane, address, *barrier, i.flagA ? tx : -tx))
      mbarrierArrive(*w.engine, *w.block, uint32_t(address), *barrier, 0, i.flagA ? tx : -tx);
  });
}

/// flagA: parity; flagB: relaxed.
void runWaitTest(Warp &w, const Inst &i) {
  Engine &engine = *w.engine;
  Block &block = *w.block;
  uint32_t done = 0, waitsFor = ~0u;
  if (uint32_t bad = w.mask & ~w.defined[i.op[2].index])
    engine.undefined(w, i.op[2], bad, "a phase");
  uint32_t acquired = 0;
  Mbarrier *common = nullptr;
  bool single = true;
  forBarriers(w, i, 1, [&](unsigned lane, uint64_t address) {
    Mbarrier *barrier = findMbarrier(w, lane, address);
    if (!barrier) { // reported; going on finds more than hanging
      done |= 1u << lane;
      return;
    }
    checkOrdered(w, lane, address, *barrier);
    uint64_t operand = laneValue(w, i.op[2], i.opSize[2], lane);
    bool complete = i.flagA ? (barrier->phase & 1) != (operand & 1) : stateOf(barrier->phase) != operand;
    if (i.flagA && operand > 1)
      engine.report(w, "mbarrier", 1u << lane, "expected a parity of 0 or 1, got " + std::to_string(operand));
    if (!i.flagA && operand != stateOf(barrier->phase) && operand != stateOf(barrier->phase - 1))
      engine.report(w, "mbarrier", 1u << lane,
                    place(address) + ": the state is neither of phase " + std::to_string(barrier->phase) +
                        " nor of the one before");
    if (complete) {
      done |= 1u << lane;
      acquired |= 1u << lane;
      single &= !common || common == barrier;
      common = barrier;
      if (!single && !i.flagB)
        block.clocks.acquire(w.index, 1u << lane, w.live, barrier->done);
    } else {
      waitsFor = uint32_t(address);
    }
  });
  if (common && !i.flagB)
    block.clocks.acquire(w.index, acquired, w.live, common->done);
  setPredicate(w, i.op[0], done);
  define(w, i.op[0], w.mask, w.mask);
  if (waitsFor != ~0u) {
    yieldGroup(w);
    w.suspended.what = waitsFor + 1;
  }
}

void runPending(Warp &w, const Inst &i) {
  // The state that arrive gave is a phase here; how many arrivals were missing then is not kept.
  w.engine->report(w, "mbarrier", w.mask, "mbarrier.pending_count is not supported");
  forLanes(w.mask, [&](unsigned l) { lanesOf<uint32_t>(w, i.op[0])[l] = 0; });
  define(w, i.op[0], w.mask, w.mask);
}

/// cp.async.mbarrier.arrive: arrives when the lane's copies so far have landed. flagA: noinc.
void runCopyArrive(Warp &w, const Inst &i) {
  Engine &engine = *w.engine;
  Block &block = *w.block;
  forBarriers(w, i, 0, [&](unsigned lane, uint64_t address) {
    Mbarrier *barrier = findMbarrier(w, lane, address);
    if (!barrier)
      return;
    checkOrdered(w, lane, address, *barrier);
    if (!i.flagA)
      ++barrier->pending;
    Agent agent;
    agent.kind = Agent::Arrive;
    agent.warp = w.index;
    agent.lane = lane;
    agent.lanes = 1u << lane;
    agent.pc = w.at;
    agent.barrier = uint32_t(address);
    block.agents.push_back(std::move(agent));
    if (engine.options.asyncMode == AsyncMode::Early)
      landAgent(engine, block, block.agents.size() - 1);
  });
}

} // namespace

void selectMbarrierInit(Selection &s) { s.out.run = runInit; }
void selectMbarrierInval(Selection &s) { s.out.run = runInval; }
void selectMbarrierArrive(Selection &s) {
  s.out.flagB = s.has("expect_tx");
  s.out.flagC = s.has("arrive_drop");
  s.out.imm3 = s.operand(2) != nullptr;
  s.out.imm2 = (s.has("noComplete") ? 1 : 0) | (s.has("relaxed") ? 2 : 0);
  s.out.run = runArrive;
}
void selectMbarrierTx(Selection &s) {
  s.out.flagA = s.has("expect_tx");
  s.out.run = runTx;
}
void selectMbarrierWait(Selection &s) {
  s.out.flagA = s.has("parity");
  s.out.flagB = s.has("relaxed");
  const Operand *op = s.operand(2);
  unsigned want = s.out.flagA ? 4 : 8;
  if (!op || (op->kind == Operand::Reg ? s.out.opSize[2] != want : op->kind != Operand::Integer || !s.out.flagA))
    s.error = "'" + s.inst.spelling() + "' expects " + (s.out.flagA ? "a 32-bit parity" : "a 64-bit state");
  s.out.run = runWaitTest;
}
void selectMbarrierPending(Selection &s) {
  s.error = "opcode '" + s.inst.spelling() + "' is not supported";
  s.out.run = runPending;
}
void selectCpMbarrierArrive(Selection &s) {
  s.out.flagA = s.has("noinc");
  s.out.run = runCopyArrive;
}

} // namespace aic::ptx
