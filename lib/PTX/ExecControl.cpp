// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Branches, calls, exits; barriers of a block and of a warp; fences.
#include "Access.h"
#include "Exec.h"
#include "GlobalShadow.h"

namespace aic::ptx {

static std::string lanesText(uint32_t lanes) {
  char text[16];
  snprintf(text, sizeof text, "0x%x", lanes);
  return text;
}

bool gather(Warp &w, uint32_t need, bool aligned) {
  Engine &engine = *w.engine;
  need &= w.live;
  if (aligned && (w.active & ~w.mask)) {
    if (engine.options.divergence)
      engine.report(w, "divergence", w.mask,
                    "executed by lanes " + lanesText(w.mask) + " of " + lanesText(w.active) +
                        " that run together: its guard differs between them");
    return true;
  }
  if (uint32_t skipping = need & w.active & ~w.mask) {
    if (engine.options.divergence)
      engine.report(w, "divergence", w.mask, "lanes " + lanesText(skipping) + " are named but do not execute it");
    return true;
  }
  if (!(need & ~w.mask))
    return true;
  size_t kept = 0;
  for (size_t i = 0; i < w.groups.size(); ++i) {
    Group &group = w.groups[i];
    bool here = group.pc == w.at && (group.wait == Wait::Warp || group.wait == Wait::Ready);
    if (here) {
      w.active |= group.mask;
      w.mask |= group.mask;
    } else {
      w.groups[kept++] = group;
    }
  }
  w.groups.resize(kept);
  if (!(need & ~w.mask))
    return true;
  w.suspended = Group();
  w.suspended.pc = w.at;
  w.suspended.mask = w.active;
  w.suspended.wait = Wait::Warp;
  w.suspended.what = need;
  w.event = Event::Suspend;
  return false;
}

bool wholeWarp(Warp &w) {
  if (w.live != ~0u) {
    if (w.engine->options.divergence)
      w.engine->report(w, "divergence", w.mask,
                       w.all != ~0u
                           ? "needs a warp of 32 lanes, this one has " + std::to_string(__builtin_popcount(w.all))
                           : "needs all lanes of the warp, " + lanesText(~w.live) + " have exited");
    return true;
  }
  return gather(w, ~0u, true);
}

bool memberMask(Warp &w, const Inst &i, unsigned op, uint32_t &members) {
  const uint32_t *m = lanesOf<uint32_t>(w, i.op[op]);
  definedLanes(w, i.op[op], "a member mask");
  members = m[__builtin_ctz(w.mask)];
  uint32_t odd = 0, outside = 0;
  forLanes(w.mask, [&](unsigned l) {
    odd |= uint32_t(m[l] != members) << l;
    outside |= uint32_t(!(m[l] >> l & 1)) << l;
  });
  if (odd) {
    // Lanes with different masks are separate calls of the same instruction: run this lane's set, the others next.
    uint32_t mine = w.mask & ~odd;
    w.splitMask = w.active & ~mine;
    w.splitPc = w.at;
    w.event = Event::Split;
    if (!(mine & ~w.splitMask))
      return false;
    w.mask = mine;
    w.active &= ~w.splitMask;
    Group other;
    other.pc = w.at;
    other.mask = w.splitMask;
    w.groups.push_back(other);
    w.event = Event::None;
  }
  if (outside & w.mask) {
    if (w.engine->options.divergence)
      w.engine->report(w, "divergence", outside & w.mask,
                       "the lane is not in its own member mask " + lanesText(members));
    members |= w.mask;
  }
  return true;
}

void yieldGroup(Warp &w) {
  w.suspended = Group();
  w.suspended.pc = w.pc;
  w.suspended.mask = w.active;
  w.suspended.wait = Wait::Poll;
  w.suspended.events = w.engine->globalEvents;
  w.event = Event::Suspend;
}

namespace {

void branchTo(Warp &w, uint32_t lanes, uint32_t target) {
  if (lanes == w.active) {
    w.pc = target;
    // Groups further on may wait to be joined: the engine looks again.
    if (!w.groups.empty())
      w.event = Event::Split, w.splitMask = 0, w.splitPc = target;
    return;
  }
  w.splitMask = lanes;
  w.splitPc = target;
  w.event = Event::Split;
}

void runBra(Warp &w, const Inst &i) { branchTo(w, w.mask, i.target); }

void runBrx(Warp &w, const Inst &i) {
  const uint32_t *index = lanesOf<uint32_t>(w, i.op[0]);
  const auto &table = w.engine->code.branchTables[size_t(i.imm3)];
  uint32_t mask = definedLanes(w, i.op[0], "a branch index");
  uint32_t bad = 0;
  forLanes(mask, [&](unsigned l) { bad |= uint32_t(index[l] >= table.size()) << l; });
  if (bad) {
    w.engine->report(w, "bounds", bad,
                     "branch index " + std::to_string(index[__builtin_ctz(bad)]) + " of " +
                         std::to_string(table.size()) + " targets");
    mask &= ~bad;
  }
  if (!mask || (w.mask & ~mask)) {
    w.event = Event::Exit; // there is nowhere to go
    return;
  }
  uint32_t first = index[__builtin_ctz(mask)], same = 0;
  forLanes(mask, [&](unsigned l) { same |= uint32_t(index[l] == first) << l; });
  if (same == w.active) {
    branchTo(w, same, table[first]);
    return;
  }
  // The lanes of one index leave; the others execute the instruction again.
  w.splitMask = same;
  w.splitPc = table[first];
  w.event = Event::Split;
  if (w.mask != same)
    w.pc = w.at;
}

void runExit(Warp &w, const Inst &) { w.event = Event::Exit; }

void runTrap(Warp &w, const Inst &) {
  w.engine->report(w, "trap", w.mask, "trap");
  w.engine->stopping = true;
  w.event = Event::Exit;
}

void runNop(Warp &, const Inst &) {}

void runNanosleep(Warp &w, const Inst &) { yieldGroup(w); }

void copyLocal(Warp &w, const Inst &i) {
  const Code &code = w.engine->code;
  for (unsigned k = 0; k + 1 < i.listCount; k += 2) {
    Slot fromTo = code.lists[i.list + k].slot;
    uint32_t size = code.lists[i.list + k + 1].slot.offset;
    forLanes(w.mask, [&](unsigned l) {
      uint8_t *local = w.local.data() + size_t(l) * code.localBytes;
      memmove(local + fromTo.index, local + fromTo.offset, size);
    });
    if (!w.localDefined.empty())
      for (uint32_t byte = 0; byte < size; ++byte) {
        uint32_t &to = w.localDefined[fromTo.index + byte];
        to = (to & ~w.mask) | (w.localDefined[fromTo.offset + byte] & w.mask);
      }
  }
}

} // namespace

void runCall(Warp &w, const Inst &i) {
  copyLocal(w, i);
  uint32_t *back = lanesOf<uint32_t>(w, i.op[0]);
  uint32_t next = w.pc;
  forLanes(w.mask, [&](unsigned l) { back[l] = next; });
  branchTo(w, w.mask, i.target);
}

void runCallReturn(Warp &w, const Inst &i) { copyLocal(w, i); }

void runFunctionReturn(Warp &w, const Inst &i) {
  const uint32_t *back = lanesOf<uint32_t>(w, i.op[0]);
  uint32_t target = back[__builtin_ctz(w.mask)], same = 0;
  forLanes(w.mask, [&](unsigned l) { same |= uint32_t(back[l] == target) << l; });
  if (same != w.mask) // the rest returns elsewhere: it executes the instruction again
    w.pc = w.at;
  branchTo(w, same, target);
}

void selectBra(Selection &s) { s.out.run = runBra; }
void selectBrx(Selection &s) {
  if (!s.out.flagB)
    s.error = "brx expects the label of a .branchtargets list";
  s.out.run = runBrx;
}
void selectCall(Selection &s) { s.error = "an indirect call is not supported"; }
void selectRet(Selection &s) { s.out.run = runExit; }
void selectExit(Selection &s) { s.out.run = runExit; }
void selectTrap(Selection &s) { s.out.run = runTrap; }
void selectNop(Selection &s) { s.out.run = runNop; }
void selectNanosleep(Selection &s) { s.out.run = runNanosleep; }

static void runSetmaxnreg(Warp &w, const Inst &) { wholeWarp(w); }
void selectSetmaxnreg(Selection &s) {
  if (s.out.imm3 < 24 || s.out.imm3 > 256 || s.out.imm3 % 8)
    s.error = "expected a multiple of 8 from 24 to 256 registers, got " + std::to_string(s.out.imm3);
  s.out.run = runSetmaxnreg;
}

// ---- Barriers. op: number, count; for .red the result first and the predicate last.

/// Number and count, uniform over the warp; false after reporting.
static bool barrierOperands(Warp &w, const Inst &i, unsigned first, uint32_t &number, uint32_t &count) {
  Engine &engine = *w.engine;
  definedLanes(w, i.op[first], "a barrier's number");
  auto firstOf = [&](unsigned op, const char *what) {
    const uint32_t *values = lanesOf<uint32_t>(w, i.op[op]);
    uint32_t value = values[__builtin_ctz(w.mask)], odd = 0;
    forLanes(w.mask, [&](unsigned l) { odd |= uint32_t(values[l] != value) << l; });
    if (odd)
      engine.report(w, "divergence", odd,
                    "the barrier's " + std::string(what) + " differs between the lanes of the warp");
    return value;
  };
  number = firstOf(first, "number");
  count = 0;
  if (i.imm2) {
    definedLanes(w, i.op[first + 1], "a barrier's thread count");
    count = firstOf(first + 1, "thread count");
  }
  if (number > 15) {
    engine.report(w, "barrier", w.mask, "expected a barrier from 0 to 15, got " + std::to_string(number));
    return false;
  }
  if (i.imm2 && (!count || count % 32)) {
    engine.report(w, "barrier", w.mask,
                  "expected a thread count that is a multiple of 32, got " + std::to_string(count));
    return false;
  }
  if (i.imm2 && count > (w.block->threads + 31) / 32 * 32) {
    engine.report(w, "barrier", w.mask,
                  "expected at most the block's " + std::to_string(w.block->threads) + " threads, got " +
                      std::to_string(count));
    return false;
  }
  return true;
}

/// flagA: .aligned; flagB: .red; flagC: .red of predicates, imm3: or.
static void arrive(Warp &w, const Inst &i, bool wait) {
  Engine &engine = *w.engine;
  if (i.flagA && !gather(w, w.live, true))
    return;
  uint32_t number, count;
  unsigned first = i.flagB ? 1 : 0;
  if (!barrierOperands(w, i, first, number, count))
    return;
  Block &block = *w.block;
  NamedBarrier &barrier = block.barriers[number];
  bool sized = i.imm2;
  if (barrier.arrived && (barrier.sized != sized || (sized && barrier.expected != count)))
    engine.report(w, "barrier", w.mask,
                  "barrier " + std::to_string(number) + " expects " +
                      std::to_string(barrier.sized ? barrier.expected : block.threads) + " threads at line " +
                      std::to_string(barrier.line) + " and " + std::to_string(sized ? count : block.threads) + " here");
  barrier.sized = sized;
  barrier.expected = count;
  barrier.line = i.line;
  barrier.pc = w.at;
  barrier.thread = w.index * 32 + unsigned(__builtin_ctz(w.mask));
  if (i.flagB) {
    unsigned last = first + (i.imm2 ? 2 : 1);
    Inst copy = i;
    uint32_t votes = truth(w, copy, last) & w.mask;
    if (uint32_t bad = w.mask & ~w.defined[i.op[last].index])
      engine.undefined(w, i.op[last], bad, "a barrier's predicate");
    barrier.count += unsigned(__builtin_popcount(votes));
    barrier.votesAnd &= votes == w.mask;
    barrier.votesOr |= votes != 0;
  }
  if (sized || !wait)
    block.clocks.release(w.index, w.mask, barrier.release);
  barrier.members.push_back({w.index, w.mask});
  barrier.arrived += sized && w.mask == w.live ? 32 : unsigned(__builtin_popcount(w.mask));
  if (barrier.sized && barrier.arrived > barrier.expected)
    engine.report(w, "barrier", w.mask,
                  "barrier " + std::to_string(number) + " has more arrivals than the " +
                      std::to_string(barrier.expected) + " that it expects");
  engine.event(block);
  if (!wait) {
    engine.barrierArrived(block, number);
    return;
  }
  w.suspended = Group();
  w.suspended.pc = w.pc;
  w.suspended.mask = w.mask;
  w.suspended.wait = Wait::Barrier;
  w.suspended.what = number;
  w.event = Event::Suspend;
}

static void runBarSync(Warp &w, const Inst &i) { arrive(w, i, true); }
static void runBarArrive(Warp &w, const Inst &i) { arrive(w, i, false); }

static void selectBarrier(Selection &s, unsigned countOperand) {
  s.out.flagA = s.inst.opcode == "bar" || s.has("aligned");
  s.out.imm2 = s.operand(countOperand) != nullptr;
}
void selectBarSync(Selection &s) {
  selectBarrier(s, 1);
  s.out.run = runBarSync;
}
void selectBarArrive(Selection &s) {
  selectBarrier(s, 1);
  s.out.run = runBarArrive;
}
void selectBarRed(Selection &s) {
  selectBarrier(s, 2);
  s.out.flagB = true;
  s.out.flagC = !s.has("popc");
  s.out.imm3 = s.has("or");
  if (!s.out.imm2) { // the predicate stands in place 3 of the row; bring it next to the number
    s.out.op[2] = s.out.op[3];
    s.out.opSize[2] = s.out.opSize[3];
  }
  s.out.run = runBarSync;
}

static void runBarWarp(Warp &w, const Inst &i) {
  uint32_t members;
  if (!memberMask(w, i, 0, members))
    return;
  // Lanes may stand at different bar.warp.sync with the same mask.
  uint32_t here = w.mask, need = members & w.live;
  if (uint32_t skipping = need & w.active & ~w.mask) {
    w.engine->report(w, "divergence", w.mask, "lanes " + lanesText(skipping) + " are named but do not execute it");
    need &= ~skipping;
  }
  for (Group &group : w.groups)
    if (group.wait == Wait::Warp && w.engine->insts[group.pc].run == i.run && group.what == members)
      here |= group.mask;
  if (need & ~here) {
    w.suspended = Group();
    w.suspended.pc = w.at;
    w.suspended.mask = w.active;
    w.suspended.wait = Wait::Warp;
    w.suspended.what = members;
    w.event = Event::Suspend;
    return;
  }
  for (Group &group : w.groups)
    if (group.wait == Wait::Warp && w.engine->insts[group.pc].run == i.run && group.what == members) {
      group.wait = Wait::Ready;
      ++group.pc;
    }
  Release release;
  w.block->clocks.release(w.index, here, release);
  w.block->clocks.acquire(w.index, here, w.live, release);
}
void selectBarWarp(Selection &s) { s.out.run = runBarWarp; }

static void runClusterArrive(Warp &w, const Inst &i) {
  // A cluster of one block: the barrier of all its threads, in two halves.
  if (i.flagA && !gather(w, w.live, true))
    return;
  Block &block = *w.block;
  if (uint32_t twice = w.mask & w.clusterPending)
    w.engine->report(w, "barrier", twice, "barrier.cluster.arrive again without a barrier.cluster.wait between");
  w.clusterPending |= w.mask;
  NamedBarrier &barrier = block.cluster;
  block.clocks.release(w.index, w.mask, barrier.release);
  barrier.arrived += unsigned(__builtin_popcount(w.mask));
  barrier.line = i.line;
  if (barrier.arrived >= block.threads - block.exited) {
    block.clusterDone = barrier.release;
    barrier = NamedBarrier();
    ++block.clusterPhase;
    w.engine->event(block);
  }
  forLanes(w.mask, [&](unsigned l) { ++w.clusterArrivals[l]; });
}
static void runClusterWait(Warp &w, const Inst &i) {
  if (i.flagA && !gather(w, w.live, true))
    return;
  if (uint32_t bad = w.mask & ~w.clusterPending) {
    w.engine->report(w, "barrier", bad, "barrier.cluster.wait without a barrier.cluster.arrive before");
    return;
  }
  uint32_t done = 0;
  forLanes(w.mask, [&](unsigned l) { done |= uint32_t(w.clusterArrivals[l] <= w.block->clusterPhase) << l; });
  if (done == w.mask) {
    w.clusterPending &= ~w.mask;
    w.block->clocks.acquire(w.index, w.mask, w.live, w.block->clusterDone);
    return;
  }
  w.pc = w.at; // tries again
  yieldGroup(w);
}
void selectClusterArrive(Selection &s) {
  s.out.flagA = s.has("aligned");
  s.out.run = runClusterArrive;
}
void selectClusterWait(Selection &s) {
  s.out.flagA = s.has("aligned");
  s.out.run = runClusterWait;
}

// ---- Fences

static void runFence(Warp &w, const Inst &i) {
  if (w.engine->globalShadow && i.flagA)
    w.engine->globalShadow->fence(w);
}
static void runFenceProxy(Warp &w, const Inst &) {
  w.block->clocks.fenceProxy(w.index, w.mask);
  for (auto &entry : w.block->mbarriers)
    if (entry.second.initWarp == w.index)
      entry.second.fenced = true;
}
static void runFenceInit(Warp &w, const Inst &) {
  for (auto &entry : w.block->mbarriers)
    if (entry.second.initWarp == w.index)
      entry.second.fenced = true;
}
void selectFence(Selection &s) {
  s.out.flagA = s.has("gl") || s.has("sys") || s.has("gpu"); // reaches other blocks
  s.out.run = runFence;
}
void selectFenceProxy(Selection &s) {
  s.code.usesAsyncProxy = true;
  s.out.run = runFenceProxy;
}
void selectFenceMbarrierInit(Selection &s) { s.out.run = runFenceInit; }

/// target: 1 acquire, 2 release, 0 relaxed or volatile.
void orderAccess(Warp &w, const Inst &i, const uint64_t *addresses, uint32_t lanes, bool write) {
  Engine &engine = *w.engine;
  GlobalShadow *shadow = engine.globalShadow.get();
  if (shadow && !i.blockScope)
    forLanes(lanes, [&](unsigned l) {
      if (write && i.target == 2)
        shadow->release(w, addresses[l]);
      else if (write)
        shadow->releaseRelaxed(w, addresses[l]);
      else
        shadow->acquire(w, addresses[l]);
    });
  if (i.space == Space::Shared || i.space == Space::Generic)
    forLanes(lanes, [&](unsigned l) {
      if (i.space == Space::Generic && addresses[l] >= w.block->shared.size())
        return;
      Release &release = w.block->published[uint32_t(addresses[l])];
      if (write)
        w.block->clocks.release(w.index, 1u << l, release);
      else
        w.block->clocks.acquire(w.index, 1u << l, w.live, release);
    });
  if (!write)
    yieldGroup(w);
}

} // namespace aic::ptx
