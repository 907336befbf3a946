// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The state of a launch: blocks, warps, groups of lanes that run together. A warp runs the ready group with the lowest
// pc; groups that meet at a pc become one, which gives reconvergence without an analysis of the control flow.
#ifndef AIC_PTX_ENGINE_H
#define AIC_PTX_ENGINE_H

#include "Async.h"
#include "Bytecode.h"
#include "Race.h"
#include <cstring>
#include <map>
#include <set>
#include <unordered_map>

namespace aic::ptx {

struct Block;
class Engine;

enum class Wait : uint8_t { Ready, Warp, Barrier, Poll };

/// Lanes with one pc.
struct Group {
  uint32_t pc = 0, mask = 0;
  Wait wait = Wait::Ready;
  uint32_t what = 0;   // Barrier: its number; Warp: the lanes waited for
  uint64_t events = 0; // Poll: the block's event count when it began to wait
  uint32_t polls = 0;  // Poll: how often it was resumed in vain
};

/// What a handler asks of the engine when it returns.
enum class Event : uint8_t { None, Split, Exit, Suspend };

struct Warp {
  uint8_t *r = nullptr; // register file
  uint32_t *defined = nullptr;
  uint32_t mask = 0;   // lanes that execute the instruction
  uint32_t active = 0; // lanes of the running group
  uint32_t pc = 0;     // of the next instruction
  uint32_t at = 0;     // of the running one
  Event event = Event::None;
  uint32_t splitMask = 0, splitPc = 0; // Event::Split
  Group suspended;                     // Event::Suspend: what the running group becomes
  uint32_t live = 0, all = 0;
  unsigned index = 0;
  Block *block = nullptr;
  Engine *engine = nullptr;
  std::vector<Group> groups;
  uint32_t cc = 0; // carry flags, a bit a lane
  uint32_t clusterArrivals[32] = {};
  uint32_t clusterPending = 0; // lanes that have arrived and not waited
  AsyncState async;
  std::vector<uint8_t> file;
  std::vector<uint32_t> defs;
  std::vector<uint16_t> parts; // a mask of defined bytes a slot and lane; empty while no register is defined in part
  std::vector<uint8_t> local;
  std::vector<uint32_t> localDefined; // a byte of local memory: the lanes for which it has a value
};

struct NamedBarrier {
  uint32_t expected = 0, arrived = 0;
  bool sized = false; // `expected` was given
  Release release;
  uint32_t votesAnd = 1, votesOr = 0, count = 0; // bar.red
  unsigned line = 0;
  uint32_t pc = 0, thread = 0;                        // of the last arrival
  std::vector<std::pair<unsigned, uint32_t>> members; // warp, lanes: who takes part
};

struct Block {
  Dim3 index;
  uint64_t linear = 0;
  std::vector<Warp> warps;
  std::vector<uint8_t> shared;
  Clocks clocks;
  Shadow shadow{clocks};
  NamedBarrier barriers[16], cluster;
  Release clusterDone;
  uint32_t clusterPhase = 0;
  std::map<uint32_t, Release> published; // by shared address: releases and acquires of single words
  std::map<uint32_t, Mbarrier> mbarriers;
  std::vector<Agent> agents; // that have not landed, oldest first
  uint64_t events = 0;       // anything that a polling group may wait for
  uint32_t exited = 0, threads = 0;
  uint32_t agentClock = 0;
  bool started = false, finished = false;
  /// What the warps of a warpgroup issued as their n-th wgmma, to see that they agree.
  std::map<uint64_t, std::array<uint64_t, 3>> wgmmaIssued;
};

/// Small and fast; the same numbers everywhere.
class Random {
public:
  explicit Random(uint64_t seed) : state(seed * 0x9e3779b97f4a7c15ull + 0x1234567) {}
  uint64_t next() {
    uint64_t z = (state += 0x9e3779b97f4a7c15ull);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }
  unsigned below(unsigned n) { return unsigned(next() % n); }

private:
  uint64_t state;
};

class GlobalShadow;

/// 0x...
std::string hex(uint64_t value);

class Engine {
public:
  Engine(const Program &program, const Kernel &kernel, const LaunchConfig &config, const void *params,
         size_t paramBytes, Memory &memory, const Options &options);
  ~Engine();
  LaunchResult run();

  // For handlers.
  const Program &program;
  const Kernel &kernel;
  const Code &code;
  const LaunchConfig &config;
  const Options &options;
  Memory &memory;
  std::vector<Inst> insts; // a copy: a mutation changes it
  std::vector<uint8_t> params;
  uint32_t sharedBytes = 0;
  Random random;
  LaunchResult result;
  std::vector<LineCounters> counters; // by instruction; empty unless asked for
  std::unique_ptr<GlobalShadow> globalShadow;
  uint64_t globalEvents = 0;
  bool stopping = false;

  /// Records an error at the instruction that `warp` executes, for the first lane of `lanes`.
  void report(Warp &warp, const char *kind, uint32_t lanes, std::string message, uint32_t otherPc = ~0u);
  void reportAt(Block &block, const char *kind, uint32_t pc, unsigned thread, std::string message,
                uint32_t otherPc = ~0u);
  void reportFinding(Warp &warp, const Finding &finding, uint32_t lanes, bool write, const char *what = nullptr);
  /// Uninitialised value used where it decides something.
  void undefined(Warp &warp, Slot slot, uint32_t lanes, const char *use);
  std::string threadName(const Block &block, unsigned who) const;
  std::string sharedName(uint64_t address) const;
  std::string globalName(uint64_t address, uint64_t bytes);
  std::string globalPlace(uint64_t address, uint64_t bytes);
  std::string pointerName(uint64_t address, const Allocation &entry) const;
  unsigned lineOf(uint32_t pc) const { return pc < insts.size() ? insts[pc].line : 0; }

  /// Host pointer of a global access, or null after reporting what is wrong with it.
  uint8_t *global(Warp &warp, unsigned lane, uint64_t address, unsigned bytes, bool write);
  void event(Block &block) { ++block.events, ++globalEvents; }
  void barrierArrived(Block &block, unsigned number);

private:
  void startBlock(Block &block);
  void startWarp(Block &block, Warp &warp);
  bool runBlock(Block &block); // false if it waits for another block
  bool runWarp(Warp &warp, uint32_t quantum);
  void leave(Warp &warp, uint32_t lanes);
  void deadlock(Block &block);
  bool checkLaunch();
  std::vector<uint32_t> blockOrder();
  Dim3 blockIndex(uint64_t linear) const;
  std::unique_ptr<Block> newBlock(uint64_t linear);
  std::vector<std::unique_ptr<Block>> spare;
  std::map<std::array<uint64_t, 3>, size_t> known; // kind and lines -> error
};

// Access to registers by handlers.
template <class T> inline T *lanesOf(Warp &warp, Slot slot) { return reinterpret_cast<T *>(warp.r + slot.offset); }
inline uint32_t &predicate(Warp &warp, Slot slot) { return *reinterpret_cast<uint32_t *>(warp.r + slot.offset); }
/// The truth of a source predicate, with its negation.
inline uint32_t truth(Warp &warp, const Inst &inst, unsigned i) {
  return predicate(warp, inst.op[i]) ^ (inst.opSize[i] ? ~0u : 0u);
}
/// For a result that undefined values went into: remembers its defined bytes; returns the lanes that have all of them.
uint32_t definePartly(Warp &warp, Slot slot, uint32_t lanes);
/// To be called before the result is written, which may be a source as well.
inline void define(Warp &warp, Slot slot, uint32_t lanes, uint32_t defined) {
  if (uint32_t bad = lanes & ~defined; __builtin_expect(bad != 0, 0))
    defined |= definePartly(warp, slot, bad);
  uint32_t &word = warp.defined[slot.index];
  word = (word & ~lanes) | (defined & lanes);
}
inline void setPredicate(Warp &warp, Slot slot, uint32_t value) {
  uint32_t &word = predicate(warp, slot);
  word = (word & ~warp.mask) | (value & warp.mask);
}
template <class F> inline void forLanes(uint32_t mask, F &&f) {
  if (mask == ~0u) {
    for (unsigned lane = 0; lane < 32; ++lane)
      f(lane);
  } else {
    for (; mask; mask &= mask - 1)
      f(unsigned(__builtin_ctz(mask)));
  }
}
/// An integer register of any width as 64 bits, zero-extended.
inline uint64_t laneValue(Warp &warp, Slot slot, unsigned size, unsigned lane) {
  switch (size) {
  case 1:
    return lanesOf<uint8_t>(warp, slot)[lane];
  case 2:
    return lanesOf<uint16_t>(warp, slot)[lane];
  case 4:
    return lanesOf<uint32_t>(warp, slot)[lane];
  default:
    return lanesOf<uint64_t>(warp, slot)[lane];
  }
}
inline void setLane(Warp &warp, Slot slot, unsigned size, unsigned lane, uint64_t value) {
  switch (size) {
  case 1:
    lanesOf<uint8_t>(warp, slot)[lane] = uint8_t(value);
    break;
  case 2:
    lanesOf<uint16_t>(warp, slot)[lane] = uint16_t(value);
    break;
  case 4:
    lanesOf<uint32_t>(warp, slot)[lane] = uint32_t(value);
    break;
  default:
    lanesOf<uint64_t>(warp, slot)[lane] = value;
    break;
  }
}
/// Address operand `op` of every lane.
void addressesOf(Warp &warp, const Inst &inst, unsigned op, int64_t displacement, uint64_t *addresses);
/// Of the lanes that execute: those for which the operand is defined; reports the others.
uint32_t definedLanes(Warp &warp, Slot slot, const char *use);

/// For .sync and .aligned instructions: true if all of `need` are here (groups that wait at the same pc join); else the
/// running group has been suspended, or the lanes can never come and it has been reported.
bool gather(Warp &warp, uint32_t need, bool aligned);
/// The same for instructions that need all 32 lanes.
bool wholeWarp(Warp &warp);
/// The member mask of a .sync instruction, uniform over the lanes.
bool memberMask(Warp &warp, const Inst &inst, unsigned op, uint32_t &members);
/// Lets others run before the running group goes on behind this instruction.
void yieldGroup(Warp &warp);

} // namespace aic::ptx

#endif // AIC_PTX_ENGINE_H
