// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The scheduler. A block runs until every thread has ended: round by round each warp runs until all of its groups
// wait; when nothing is ready one asynchronous operation lands; when there is none left to land, groups that poll are
// resumed, and when that changes nothing for long it is a deadlock. A block that polls for another block is set aside.
#include "Engine.h"
#include "GlobalShadow.h"
#include "Mutate.h"
#include "Wgmma.h"
#include <algorithm>

namespace aic::ptx {

namespace {
const uint64_t defaultSteps = 20'000'000'000ull;
const unsigned futileMbarrier = 64, futileOther = 1u << 15;
} // namespace

Engine::Engine(const Program &program, const Kernel &kernel, const LaunchConfig &config, const void *paramData,
               size_t paramBytes, Memory &memory, const Options &options)
    : program(program), kernel(kernel), code(program.bytecode().codes[kernel.index]), config(config), options(options),
      memory(memory), insts(code.insts), random(options.seed) {
  params.assign(static_cast<const uint8_t *>(paramData), static_cast<const uint8_t *>(paramData) + paramBytes);
  sharedBytes = config.dynamicShared ? code.dynamicShared + config.dynamicShared : code.sharedBytes;
  if (options.counters)
    counters.resize(insts.size());
  if (options.globalRaces)
    globalShadow = std::make_unique<GlobalShadow>();
  if (options.mutation >= 0)
    applyMutation(code, insts, unsigned(options.mutation));
}

Engine::~Engine() = default;

Dim3 Engine::blockIndex(uint64_t linear) const {
  return {uint32_t(linear % config.grid.x), uint32_t(linear / config.grid.x % config.grid.y),
          uint32_t(linear / (uint64_t(config.grid.x) * config.grid.y))};
}

uint8_t *Engine::global(Warp &warp, unsigned lane, uint64_t address, unsigned bytes, bool write) {
  Allocation *entry = memory.find(address);
  uint64_t offset = entry ? address - entry->address : 0;
  if (!entry || bytes > entry->size - offset) {
    report(warp, "bounds", 1u << lane,
           std::string(write ? "writes " : "reads ") + std::to_string(bytes) + " bytes, " + globalName(address, bytes));
    return nullptr;
  }
  if (!entry->live) {
    report(warp, "bounds", 1u << lane,
           std::string(write ? "writes " : "reads ") + globalName(address, bytes) + ", which was freed");
    return nullptr;
  }
  if (write && entry->readOnly) {
    report(warp, "bounds", 1u << lane, "writes " + globalName(address, bytes) + ", which is constant");
    return nullptr;
  }
  if (!entry->written.empty()) {
    if ((!write || insts[warp.at].modifies) && !isWritten(*entry, offset, bytes))
      report(warp, "uninitialised", 1u << lane, "reads " + globalName(address, bytes) + ", which nothing has written");
    if (write)
      setWritten(*entry, offset, bytes);
  }
  return entry->host + offset;
}

std::unique_ptr<Block> Engine::newBlock(uint64_t linear) {
  std::unique_ptr<Block> block;
  if (spare.empty()) {
    block = std::make_unique<Block>();
  } else {
    block = std::move(spare.back());
    spare.pop_back();
  }
  block->linear = linear;
  block->index = blockIndex(linear);
  startBlock(*block);
  return block;
}

void Engine::startBlock(Block &block) {
  block.threads = uint32_t(config.block.count());
  unsigned warps = (block.threads + 31) / 32;
  block.shared.assign(sharedBytes, 0xff); // NaN in every floating-point format
  block.clocks.reset(warps, code.usesAsyncProxy);
  if (options.races || options.async || options.uninitialised)
    block.shadow.reset(sharedBytes, warps, code.onlyFullBarriers);
  for (NamedBarrier &barrier : block.barriers)
    barrier = NamedBarrier();
  block.mbarriers.clear();
  block.cluster = NamedBarrier();
  block.clusterDone.clear();
  block.clusterPhase = 0;
  block.published.clear();
  block.agents.clear();
  block.wgmmaIssued.clear();
  block.events = block.exited = block.agentClock = 0;
  block.started = true;
  block.finished = false;
  block.warps.resize(warps);
  for (unsigned w = 0; w < warps; ++w) {
    block.warps[w].index = w;
    startWarp(block, block.warps[w]);
  }
  ++result.counters.blocks;
}

void Engine::startWarp(Block &block, Warp &warp) {
  warp.block = &block;
  warp.engine = this;
  unsigned count = std::min(32u, block.threads - warp.index * 32);
  warp.all = warp.live = count == 32 ? ~0u : (1u << count) - 1;
  warp.cc = 0;
  memset(warp.clusterArrivals, 0, sizeof warp.clusterArrivals);
  warp.clusterPending = 0;
  warp.event = Event::None;
  warp.async = AsyncState();
  bool fresh = warp.file.size() != code.fileBytes + 64;
  if (fresh)
    warp.file.assign(code.fileBytes + 64, 0xff);
  warp.r = reinterpret_cast<uint8_t *>((reinterpret_cast<uintptr_t>(warp.file.data()) + 63) & ~uintptr_t(63));
  warp.defs.assign(code.slots, 0);
  warp.defs[0] = ~0u;
  warp.parts.clear();
  warp.defined = warp.defs.data();
  warp.local.assign(size_t(code.localBytes) * 32, 0xff);
  warp.localDefined.assign(options.uninitialised ? code.localBytes : 0, 0);
  if (fresh)
    for (const Constant &constant : code.constants)
      for (unsigned lane = 0; lane < 32; ++lane) {
        if (!constant.size)
          *lanesOf<uint32_t>(warp, constant.slot) = uint32_t(constant.value);
        else
          setLane(warp, constant.slot, constant.size, lane, constant.value);
      }
  const Dim3 &b = config.block, &g = config.grid;
  for (const SpecialSlot &slot : code.specials) {
    unsigned size = typeSize(specialType(slot.special));
    for (unsigned lane = 0; lane < 32; ++lane) {
      unsigned thread = warp.index * 32 + lane;
      uint64_t value = 0;
      switch (slot.special) {
      case Special::TidX:
        value = thread % b.x;
        break;
      case Special::TidY:
        value = thread / b.x % b.y;
        break;
      case Special::TidZ:
        value = thread / (b.x * b.y);
        break;
      case Special::NtidX:
        value = b.x;
        break;
      case Special::NtidY:
        value = b.y;
        break;
      case Special::NtidZ:
        value = b.z;
        break;
      case Special::CtaidX:
      case Special::ClusterIdX:
        value = block.index.x;
        break;
      case Special::CtaidY:
      case Special::ClusterIdY:
        value = block.index.y;
        break;
      case Special::CtaidZ:
      case Special::ClusterIdZ:
        value = block.index.z;
        break;
      case Special::NctaidX:
      case Special::NclusterIdX:
        value = g.x;
        break;
      case Special::NctaidY:
      case Special::NclusterIdY:
        value = g.y;
        break;
      case Special::NctaidZ:
      case Special::NclusterIdZ:
        value = g.z;
        break;
      case Special::LaneId:
        value = lane;
        break;
      case Special::WarpId:
        value = warp.index;
        break;
      case Special::NWarpId:
        value = block.warps.size();
        break;
      case Special::NSmId:
      case Special::ClusterNctaidX:
      case Special::ClusterNctaidY:
      case Special::ClusterNctaidZ:
      case Special::ClusterNctarank:
        value = 1;
        break;
      case Special::LaneMaskEq:
        value = 1u << lane;
        break;
      case Special::LaneMaskLt:
        value = (1u << lane) - 1;
        break;
      case Special::LaneMaskLe:
        value = (2u << lane) - 1;
        break;
      case Special::LaneMaskGe:
        value = ~((1u << lane) - 1);
        break;
      case Special::LaneMaskGt:
        value = ~((2u << lane) - 1);
        break;
      case Special::TotalSharedSize:
        value = sharedBytes;
        break;
      case Special::DynamicSharedSize:
        value = config.dynamicShared;
        break;
      case Special::Clock:
      case Special::Clock64:
      case Special::GlobalTimer:
      case Special::GlobalTimerLo:
        value = result.steps;
        break;
      default:
        break;
      }
      if (size == 4) {
        value = uint32_t(value);
        lanesOf<uint32_t>(warp, slot.slot)[lane] = uint32_t(value);
      } else {
        lanesOf<uint64_t>(warp, slot.slot)[lane] = value;
      }
    }
  }
  warp.groups.clear();
  Group first;
  first.mask = warp.all;
  warp.groups.push_back(first);
}

void Engine::leave(Warp &warp, uint32_t lanes) {
  Block &block = *warp.block;
  finishAsync(warp, lanes);
  warp.live &= ~lanes;
  if (!warp.live)
    finishWgmma(warp);
  block.exited += unsigned(__builtin_popcount(lanes));
  for (Group &group : warp.groups)
    if (group.wait == Wait::Warp)
      group.wait = Wait::Ready; // tries again: who it waited for may be gone
  event(block);
  for (unsigned i = 0; i < 16; ++i)
    if (block.barriers[i].arrived)
      barrierArrived(block, i);
}

void Engine::barrierArrived(Block &block, unsigned number) {
  NamedBarrier &barrier = block.barriers[number];
  uint32_t live = block.threads - block.exited;
  if (barrier.arrived < (barrier.sized ? barrier.expected : live))
    return;
  bool arriveOnly = false;
  uint32_t waiting = 0;
  for (Warp &warp : block.warps)
    for (Group &group : warp.groups)
      if (group.wait == Wait::Barrier && group.what == number)
        waiting += unsigned(__builtin_popcount(group.mask));
  uint32_t members = 0;
  for (auto &member : barrier.members)
    members += unsigned(__builtin_popcount(member.second));
  arriveOnly = waiting != members;
  bool full = !arriveOnly && waiting == live;
  if (full) {
    block.clocks.fullBarrier();
  } else {
    for (Warp &warp : block.warps)
      for (Group &group : warp.groups)
        if (group.wait == Wait::Barrier && group.what == number)
          block.clocks.acquire(warp.index, group.mask, warp.live, barrier.release);
  }
  for (Warp &warp : block.warps)
    for (Group &group : warp.groups)
      if (group.wait == Wait::Barrier && group.what == number) {
        const Inst &inst = insts[group.pc - 1];
        if (inst.flagB) { // bar.red: the result reaches everybody now
          if (inst.flagC) {
            uint32_t value = inst.imm3 ? barrier.votesOr : barrier.votesAnd;
            uint32_t &word = predicate(warp, inst.op[0]);
            word = (word & ~group.mask) | (value ? group.mask : 0);
          } else {
            forLanes(group.mask, [&](unsigned lane) { lanesOf<uint32_t>(warp, inst.op[0])[lane] = barrier.count; });
          }
          define(warp, inst.op[0], group.mask, group.mask);
        }
        group.wait = Wait::Ready;
      }
  if (block.exited && !barrier.sized && options.divergence && barrier.arrived)
    reportAt(block, "barrier", barrier.pc, barrier.thread,
             "a barrier of the whole block was passed although " + std::to_string(block.exited) +
                 " threads have exited before it");
  barrier = NamedBarrier();
  ++result.counters.barriers;
  event(block);
}

bool Engine::runWarp(Warp &warp, uint32_t quantum) {
  uint32_t budget = quantum;
  const Inst *program = insts.data();
  bool counting = !counters.empty();
  while (budget && !stopping) {
    size_t pick = ~size_t(0), ready = 0;
    for (size_t i = 0; i < warp.groups.size(); ++i)
      if (warp.groups[i].wait == Wait::Ready) {
        ++ready;
        if (pick == ~size_t(0) || warp.groups[i].pc < warp.groups[pick].pc)
          pick = i;
      }
    if (!ready)
      break;
    if (ready > 1 && options.seed && random.below(8) == 0) { // lanes need not reconverge early
      size_t which = random.below(unsigned(ready));
      for (size_t i = 0; i < warp.groups.size(); ++i)
        if (warp.groups[i].wait == Wait::Ready && which-- == 0)
          pick = i;
    }
    warp.pc = warp.groups[pick].pc;
    warp.active = 0;
    uint32_t limit = ~0u;
    if (warp.groups.size() == 1) {
      warp.active = warp.groups[0].mask;
      warp.groups.clear();
    } else {
      size_t kept = 0;
      for (size_t i = 0; i < warp.groups.size(); ++i) {
        Group &group = warp.groups[i];
        if (group.wait == Wait::Ready && group.pc == warp.pc) {
          warp.active |= group.mask;
          continue;
        }
        if (group.wait == Wait::Ready && group.pc > warp.pc)
          limit = std::min(limit, group.pc);
        warp.groups[kept++] = group;
      }
      warp.groups.resize(kept);
    }
    warp.event = Event::None;
    do {
      const Inst &inst = program[warp.pc];
      uint32_t mask = warp.active;
      warp.at = warp.pc++;
      if (inst.guarded) {
        uint32_t p = *reinterpret_cast<const uint32_t *>(warp.r + inst.guard);
        if (uint32_t bad = mask & ~warp.defined[inst.guardIndex])
          undefined(warp, {inst.guard, inst.guardIndex}, bad, "a guard");
        mask &= inst.guardNegated ? ~p : p;
      }
      --budget;
      if (!mask)
        continue;
      warp.mask = mask;
      if (counting) {
        LineCounters &counter = counters[warp.at];
        ++counter.instructions;
        counter.lanes += unsigned(__builtin_popcount(mask));
        counter.flops += uint64_t(inst.flops) * unsigned(__builtin_popcount(mask));
      }
      if (!warp.async.wgmmaRegisters.empty())
        checkWgmmaRegisters(warp, inst);
      inst.run(warp, inst);
      if (warp.event != Event::None)
        break;
    } while (warp.pc < limit && budget);
    Group rest;
    rest.pc = warp.pc;
    rest.mask = warp.active;
    switch (warp.event) {
    case Event::None:
      break;
    case Event::Split: {
      rest.mask &= ~warp.splitMask;
      Group other;
      other.pc = warp.splitPc;
      other.mask = warp.splitMask;
      if (other.mask)
        warp.groups.push_back(other);
      break;
    }
    case Event::Exit:
      rest.mask &= ~warp.mask;
      break;
    case Event::Suspend:
      rest.mask &= ~warp.suspended.mask;
      warp.groups.push_back(warp.suspended);
      break;
    }
    if (rest.mask)
      warp.groups.push_back(rest);
    if (warp.event == Event::Exit)
      leave(warp, warp.mask);
    else if (warp.event == Event::Suspend && warp.suspended.wait == Wait::Barrier)
      barrierArrived(*warp.block, warp.suspended.what);
  }
  result.steps += quantum - budget;
  return budget != quantum;
}

bool Engine::runBlock(Block &block) {
  std::vector<unsigned> order(block.warps.size());
  for (unsigned i = 0; i < order.size(); ++i)
    order[i] = i;
  uint64_t limit = options.maxSteps ? options.maxSteps : defaultSteps;
  unsigned futile = 0;
  uint64_t seen = globalEvents;
  while (!stopping) {
    if (options.seed)
      for (unsigned i = unsigned(order.size()); i > 1; --i)
        std::swap(order[i - 1], order[random.below(i)]);
    bool progress = false, alive = false;
    for (unsigned w : order) {
      Warp &warp = block.warps[w];
      for (Group &group : warp.groups)
        if (group.wait == Wait::Poll && group.events != globalEvents)
          group.wait = Wait::Ready, group.what = 0;
      progress |= runWarp(warp, options.seed ? 1 + random.below(200) : 1u << 20);
      alive |= warp.live != 0;
      if (stopping)
        return true;
    }
    if (result.steps > limit) {
      reportAt(block, "limit", 0, 0, "more than " + std::to_string(limit) + " warp instructions");
      stopping = true;
      return true;
    }
    if (!alive) {
      block.finished = true;
      if (!block.wgmmaIssued.empty())
        checkWarpgroups(block);
      while (!block.agents.empty()) // what nobody waits for still completes
        landAgent(*this, block, 0);
      return true;
    }
    if (globalEvents != seen) {
      seen = globalEvents;
      futile = 0;
    }
    if (options.asyncMode == AsyncMode::Random && !block.agents.empty() && random.below(4) == 0) {
      landAgent(*this, block, random.below(unsigned(block.agents.size())));
      continue;
    }
    if (progress && !futile)
      continue;
    bool anyReady = false;
    for (Warp &warp : block.warps)
      for (Group &group : warp.groups)
        anyReady |= group.wait == Wait::Ready || (group.wait == Wait::Poll && group.events != globalEvents);
    if (anyReady)
      continue;
    if (!block.agents.empty()) {
      landAgent(*this, block, options.seed ? random.below(unsigned(block.agents.size())) : 0);
      continue;
    }
    bool polls = false, others = false;
    for (Warp &warp : block.warps)
      for (Group &group : warp.groups)
        if (group.wait == Wait::Poll) {
          polls = true;
          others |= group.what == 0;
        }
    if (!polls || ++futile > (others ? futileOther : futileMbarrier)) {
      if (polls && others)
        return false; // another block may bring what this one waits for
      deadlock(block);
      return true;
    }
    for (Warp &warp : block.warps)
      for (Group &group : warp.groups)
        if (group.wait == Wait::Poll)
          group.wait = Wait::Ready;
  }
  return true;
}

std::vector<uint32_t> Engine::blockOrder() {
  std::vector<uint32_t> order;
  uint64_t count = config.grid.count();
  if (!options.onlyBlocks.empty()) {
    for (uint32_t block : options.onlyBlocks)
      if (block < count)
        order.push_back(block);
  } else {
    order.resize(count);
    for (uint64_t i = 0; i < count; ++i)
      order[i] = uint32_t(i);
  }
  if (options.seed)
    for (size_t i = order.size(); i > 1; --i)
      std::swap(order[i - 1], order[random.below(unsigned(i))]);
  return order;
}

bool Engine::checkLaunch() {
  std::string problem = launchProblem(program, kernel, config);
  if (problem.empty() && params.size() != kernel.paramBytes)
    problem =
        "expected " + std::to_string(kernel.paramBytes) + " bytes of parameters, got " + std::to_string(params.size());
  const char *kind = "launch";
  if (problem.empty()) {
    kind = "misaligned";
    for (const Param &param : kernel.params) {
      uint64_t value = 0;
      if (!param.isPointer || param.size != 8 || param.pointeeAlign < 2)
        continue;
      memcpy(&value, params.data() + param.offset, 8);
      if (value % param.pointeeAlign) {
        problem = "parameter '" + param.name + "' is declared with .align " + std::to_string(param.pointeeAlign) +
                  ", got " + globalName(value, 1) + " at address " + hex(value);
        break;
      }
    }
  }
  if (problem.empty())
    return true;
  Error error;
  error.kind = kind;
  error.line = kernel.line;
  error.message = "'" + kernel.name + "': " + std::move(problem);
  result.errors.push_back(std::move(error));
  return false;
}

LaunchResult Engine::run() {
  if (!checkLaunch())
    return std::move(result);
  std::vector<uint32_t> order = blockOrder();
  std::vector<std::unique_ptr<Block>> waiting;
  uint64_t seenByWaiting = 0;
  for (uint32_t linear : order) {
    if (stopping)
      break;
    std::unique_ptr<Block> block = newBlock(linear);
    if (runBlock(*block))
      spare.push_back(std::move(block));
    else
      waiting.push_back(std::move(block));
  }
  // Blocks that wait for others: round after round, as long as any of them moves.
  while (!waiting.empty() && !stopping) {
    seenByWaiting = globalEvents;
    bool finished = false;
    for (size_t i = 0; i < waiting.size() && !stopping;) {
      if (runBlock(*waiting[i])) {
        finished = true;
        waiting.erase(waiting.begin() + long(i));
      } else {
        ++i;
      }
    }
    if (!finished && globalEvents == seenByWaiting && !waiting.empty() && !stopping)
      deadlock(*waiting.front());
  }
  if (!counters.empty()) {
    for (size_t pc = 0; pc < counters.size(); ++pc) {
      if (!counters[pc].instructions)
        continue;
      result.counters.lines[insts[pc].line] += counters[pc];
      result.counters.total += counters[pc];
      result.counters.mix[code.spellings[insts[pc].opcode]] += counters[pc].instructions;
    }
  }
  return std::move(result);
}

} // namespace aic::ptx
