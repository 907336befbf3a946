// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Happens-before for the threads of one block, and the shadow of memory that is checked against it.
//
// A warp has one clock, which every release by any of its lanes advances; an access is stamped with (thread, clock).
// What a thread knows of the others is max(base, row of its warp, row of its lane): `base` is the clock that the last
// barrier of the whole block has ordered, so that programs with nothing but such barriers never touch a row.
#ifndef AIC_PTX_RACE_H
#define AIC_PTX_RACE_H

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

namespace aic::ptx {

/// What a release publishes and an acquire takes over: clocks by thread (and by asynchronous agent), and which of them
/// a fence.proxy.async has passed on to the asynchronous proxy.
struct Release {
  std::vector<uint32_t> row, proxy;
  uint32_t proxyBase = 0;
  bool used = false;
  void clear() { used = false, row.clear(), proxy.clear(), proxyBase = 0; }
};

class Clocks {
public:
  static const unsigned agents = 256; // columns of asynchronous agents

  void reset(unsigned warps, bool trackProxy);
  uint32_t clock(unsigned warp) const { return clocks[warp]; }
  uint32_t base() const { return barrier; }

  /// Did what thread (or agent) `who` did at `when` happen before what `lane` of `warp` does now?
  bool ordered(unsigned warp, unsigned lane, unsigned who, uint32_t when) const {
    if (who < threads ? when <= barrier : when <= agentBase[who - threads])
      return true;
    if (who == warp * 32 + lane)
      return true;
    return orderedSlow(warp, lane, who, when);
  }
  /// Is a generic write of `who` at `when` visible to asynchronous operations that `warp` issues now?
  bool fenced(unsigned warp, unsigned who, uint32_t when) const {
    return when <= proxyBase[warp] || (!proxyRows[warp].empty() && proxyRows[warp][who] >= when);
  }

  void release(unsigned warp, uint32_t mask, Release &target);
  void acquire(unsigned warp, uint32_t mask, uint32_t live, const Release &source);
  void agentRelease(unsigned agent, uint32_t when, Release &target);
  /// Every live thread of the block.
  void fullBarrier();
  void fenceProxy(unsigned warp, uint32_t mask);
  unsigned agentColumn(unsigned agent) const { return threads + agent % agents; }

private:
  bool orderedSlow(unsigned warp, unsigned lane, unsigned who, uint32_t when) const;
  std::vector<uint32_t> &row(unsigned warp);
  unsigned threads = 0, columns = 0;
  bool trackProxy = false;
  uint32_t barrier = 0;
  std::vector<uint32_t> clocks;
  std::vector<uint32_t> agentBase;
  std::vector<std::vector<uint32_t>> warpRows;                  // empty until needed
  std::vector<std::unique_ptr<std::vector<uint32_t>>> laneRows; // by thread
  std::vector<bool> hasLaneRows;                                // by warp
  std::vector<std::vector<uint32_t>> proxyRows;
  std::vector<uint32_t> proxyBase;
};

/// The history of four bytes (or, split, of one).
struct Cell {
  enum : uint16_t {
    Init = 1,
    Multi = 2,
    Split = 4,
    Pending = 8,
    Generic = 16,
    Barrier = 32,
    AnyReader = 64,
    Atomic = 128
  };
  uint32_t writeClock = 0, readClock = 0;
  uint32_t readMask = 0;
  uint32_t writePc = 0, readPc = 0;
  uint32_t side = 0;    // readers of several warps, or the four bytes; simple: the reader of another warp
  uint32_t asyncPc = 0; // simple: where that one reads
  uint16_t writer = 0, readWarp = 0;
  uint16_t flags = 0, asyncReaders = 0;
};

/// One thing the shadow found; the engine makes a message of it.
struct Finding {
  enum Kind : uint8_t {
    None,
    ReadAfterWrite,
    WriteAfterRead,
    WriteAfterWrite,
    InFlight,
    Uninitialised,
    ReadByAgent,
    NoProxyFence,
    BarrierObject
  } kind = None;
  uint32_t otherPc = 0;
  uint32_t otherThread = 0; // may be an agent's column
  uint64_t address = 0;
  uint32_t lanes = 0; // of a read by several: those that race
};

class Shadow {
public:
  explicit Shadow(const Clocks &clocks) : clocks(clocks) {}
  /// `simple`: barriers of the whole block are all that orders its threads. Of the readers since the last one it is
  /// then enough to know the first and one of another warp.
  void reset(size_t bytes, unsigned warps, bool simple);
  size_t bytes() const { return size; }

  struct Actor {
    unsigned warp, lane;
    uint32_t pc;
    bool async = false; // by the asynchronous proxy, on behalf of the thread
    bool uninitialised = true;
    bool atomic = false;   // write(): no race with others of its kind
    bool modifies = false; // write(): reads the old value
    bool any = false;      // endRead: every lane of the warp has seen the end, one that is ordered is enough
  };
  /// An access by one lane (`lanes` is its bit) or by several at the same address.
  Finding read(const Actor &actor, uint32_t lanes, uint64_t address, unsigned bytes);
  Finding write(const Actor &actor, uint64_t address, unsigned bytes);

  /// Data that will land later: a write whose end `land` marks. Accesses in between are found.
  Finding beginWrite(const Actor &actor, uint64_t address, unsigned bytes);
  void land(uint64_t address, unsigned bytes, unsigned who, uint32_t when, uint32_t pc, bool generic);
  /// A source that is read later.
  Finding beginRead(const Actor &actor, uint64_t address, unsigned bytes);
  void endRead(const Actor &actor, uint32_t lanes, uint64_t address, unsigned bytes);
  /// Marks the eight bytes of an mbarrier.
  void setBarrier(uint64_t address, bool present);

private:
  struct Readers; // clock, mask and place by warp
  void checkRead(Cell &cell, const Actor &actor, uint32_t lanes, Finding &finding);
  void checkWrite(Cell &cell, const Actor &actor, Finding &finding);
  void recordRead(Cell &cell, const Actor &actor, uint32_t lanes);
  void recordWrite(Cell &cell, const Actor &actor);
  void recordSimpleRead(Cell &cell, const Actor &actor, uint32_t lanes);
  bool readsOrdered(const Cell &cell, const Actor &actor, Finding &finding) const;
  template <class F> void forCells(uint64_t address, unsigned bytes, F &&f);
  Cell *split(Cell &cell);
  uint32_t newBytes();
  void unite(Cell &cell);

  struct Reader {
    uint32_t clock = 0, mask = 0, pc = 0;
    bool any = false;
  };
  const Clocks &clocks;
  size_t size = 0;
  unsigned warps = 0;
  bool simple = false;
  std::vector<Cell> cells;
  std::vector<Reader> readers; // Multi: `warps` entries a cell
  std::vector<std::array<Cell, 4>> bytesOf;
  std::vector<uint32_t> freeBytes;
};

} // namespace aic::ptx

#endif // AIC_PTX_RACE_H
