// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Race.h"
#include <algorithm>

namespace aic::ptx {

static void join(std::vector<uint32_t> &into, const std::vector<uint32_t> &from) {
  if (from.empty())
    return;
  if (into.size() < from.size())
    into.resize(from.size(), 0);
  uint32_t *a = into.data();
  const uint32_t *b = from.data();
  for (size_t i = 0, n = from.size(); i < n; ++i)
    a[i] = a[i] > b[i] ? a[i] : b[i];
}

void Clocks::reset(unsigned warps, bool proxy) {
  threads = warps * 32;
  columns = threads + agents;
  trackProxy = proxy;
  barrier = 0;
  clocks.assign(warps, 1);
  agentBase.assign(agents, 0);
  warpRows.assign(warps, {});
  laneRows.clear();
  laneRows.resize(threads);
  hasLaneRows.assign(warps, false);
  proxyRows.assign(warps, {});
  proxyBase.assign(warps, 0);
}

std::vector<uint32_t> &Clocks::row(unsigned warp) {
  if (warpRows[warp].empty())
    warpRows[warp].assign(columns, 0);
  return warpRows[warp];
}

bool Clocks::orderedSlow(unsigned warp, unsigned lane, unsigned who, uint32_t when) const {
  if (!warpRows[warp].empty() && warpRows[warp][who] >= when)
    return true;
  const auto &own = laneRows[warp * 32 + lane];
  return own && (*own)[who] >= when;
}

void Clocks::release(unsigned warp, uint32_t mask, Release &target) {
  target.used = true;
  if (target.row.empty())
    target.row.assign(columns, 0);
  join(target.row, warpRows[warp]);
  for (unsigned a = 0; a < agents; ++a)
    target.row[threads + a] = std::max(target.row[threads + a], agentBase[a]);
  for (uint32_t m = mask; m; m &= m - 1) {
    unsigned thread = warp * 32 + unsigned(__builtin_ctz(m));
    if (hasLaneRows[warp] && laneRows[thread])
      join(target.row, *laneRows[thread]);
    target.row[thread] = clocks[warp];
  }
  if (trackProxy) {
    if (target.proxy.empty())
      target.proxy.assign(columns, 0);
    join(target.proxy, proxyRows[warp]);
    target.proxyBase = std::max(target.proxyBase, proxyBase[warp]);
  }
  ++clocks[warp];
}

void Clocks::agentRelease(unsigned agent, uint32_t when, Release &target) {
  target.used = true;
  if (target.row.empty())
    target.row.assign(columns, 0);
  uint32_t &entry = target.row[agentColumn(agent)];
  entry = std::max(entry, when);
}

void Clocks::acquire(unsigned warp, uint32_t mask, uint32_t live, const Release &source) {
  if (!source.used)
    return;
  if ((mask & live) == live) {
    join(row(warp), source.row);
  } else {
    for (uint32_t m = mask; m; m &= m - 1) {
      auto &own = laneRows[warp * 32 + unsigned(__builtin_ctz(m))];
      if (!own)
        own = std::make_unique<std::vector<uint32_t>>(columns, 0);
      join(*own, source.row);
    }
    hasLaneRows[warp] = true;
  }
  if (trackProxy) {
    join(proxyRows[warp], source.proxy);
    proxyBase[warp] = std::max(proxyBase[warp], source.proxyBase);
  }
}

void Clocks::fullBarrier() {
  uint32_t top = *std::max_element(clocks.begin(), clocks.end());
  std::vector<uint32_t> proxy;
  uint32_t base = 0;
  for (size_t w = 0; w < clocks.size(); ++w) {
    if (!warpRows[w].empty()) {
      for (unsigned a = 0; a < agents; ++a)
        agentBase[a] = std::max(agentBase[a], warpRows[w][threads + a]);
      warpRows[w].clear();
    }
    if (hasLaneRows[w]) {
      for (unsigned l = 0; l < 32; ++l)
        if (auto &own = laneRows[w * 32 + l]) {
          for (unsigned a = 0; a < agents; ++a)
            agentBase[a] = std::max(agentBase[a], (*own)[threads + a]);
          own.reset();
        }
      hasLaneRows[w] = false;
    }
    clocks[w] = top + 1;
    if (trackProxy) {
      join(proxy, proxyRows[w]);
      base = std::max(base, proxyBase[w]);
    }
  }
  if (trackProxy)
    for (size_t w = 0; w < clocks.size(); ++w) {
      proxyRows[w] = proxy;
      proxyBase[w] = base;
    }
  barrier = top;
}

void Clocks::fenceProxy(unsigned warp, uint32_t mask) {
  if (!trackProxy)
    return;
  auto &proxy = proxyRows[warp];
  if (proxy.empty())
    proxy.assign(columns, 0);
  proxyBase[warp] = std::max(proxyBase[warp], barrier);
  join(proxy, warpRows[warp]);
  for (uint32_t m = mask; m; m &= m - 1) {
    unsigned thread = warp * 32 + unsigned(__builtin_ctz(m));
    if (hasLaneRows[warp] && laneRows[thread])
      join(proxy, *laneRows[thread]);
    proxy[thread] = clocks[warp];
  }
  // What the lanes write from now on is not fenced.
  ++clocks[warp];
}

void Shadow::reset(size_t bytes, unsigned warpCount, bool onlyFullBarriers) {
  size = bytes;
  simple = onlyFullBarriers;
  warps = warpCount;
  cells.assign((bytes + 3) / 4, Cell());
  readers.clear();
  bytesOf.clear();
  freeBytes.clear();
}

uint32_t Shadow::newBytes() {
  if (freeBytes.empty()) {
    bytesOf.emplace_back();
    return uint32_t(bytesOf.size() - 1);
  }
  uint32_t index = freeBytes.back();
  freeBytes.pop_back();
  return index;
}

Cell *Shadow::split(Cell &cell) {
  if (!(cell.flags & Cell::Split)) {
    Cell copy = cell;
    if (simple) {
      uint32_t other = cell.side;
      cell.flags = Cell::Split;
      cell.side = newBytes();
      copy.side = other;
      bytesOf[cell.side].fill(copy);
      return bytesOf[cell.side].data();
    }
    if (copy.flags & Cell::Multi) { // each byte needs readers of its own; keep those of the latest warp only
      copy.flags &= uint16_t(~Cell::Multi);
      Reader last;
      for (unsigned w = 0; w < warps; ++w) {
        const Reader &r = readers[copy.side + w];
        if (r.clock >= last.clock && r.mask) {
          last = r;
          copy.readWarp = uint16_t(w);
        }
      }
      copy.readClock = last.clock, copy.readMask = last.mask, copy.readPc = last.pc;
    }
    copy.side = 0;
    uint32_t index = newBytes();
    bytesOf[index].fill(copy);
    cell.flags = Cell::Split;
    cell.side = index;
  }
  return bytesOf[cell.side].data();
}

void Shadow::unite(Cell &cell) {
  freeBytes.push_back(cell.side);
  cell = Cell();
}

template <class F> void Shadow::forCells(uint64_t address, unsigned bytes, F &&f) {
  uint64_t end = address + bytes;
  for (uint64_t word = address / 4; word * 4 < end && word < cells.size(); ++word) {
    Cell &cell = cells[word];
    if (address <= word * 4 && end >= word * 4 + 4 && !(cell.flags & Cell::Split)) {
      f(cell);
      continue;
    }
    Cell *parts = split(cell);
    for (unsigned b = 0; b < 4; ++b)
      if (word * 4 + b >= address && word * 4 + b < end)
        f(parts[b]);
  }
}

bool Shadow::readsOrdered(const Cell &cell, const Actor &actor, Finding &finding) const {
  auto one = [&](unsigned warp, uint32_t mask, uint32_t clock, uint32_t pc, bool any) {
    if (clock <= clocks.base())
      return true;
    if (any)
      for (uint32_t m = mask; m; m &= m - 1)
        if (clocks.ordered(actor.warp, actor.lane, warp * 32 + unsigned(__builtin_ctz(m)), clock))
          return true;
    for (uint32_t m = mask; m; m &= m - 1) {
      unsigned who = warp * 32 + unsigned(__builtin_ctz(m));
      if (!clocks.ordered(actor.warp, actor.lane, who, clock)) {
        finding.otherPc = pc;
        finding.otherThread = who;
        return false;
      }
    }
    return true;
  };
  if (!cell.readClock || cell.readClock <= clocks.base())
    return true;
  if (!(cell.flags & Cell::Multi))
    return one(cell.readWarp, cell.readMask, cell.readClock, cell.readPc, cell.flags & Cell::AnyReader);
  if (simple) { // two warps: at least one is not the writer's
    bool first = cell.readWarp != actor.warp;
    finding.otherThread = first ? cell.readWarp * 32u + unsigned(__builtin_ctz(cell.readMask)) : cell.side;
    finding.otherPc = first ? cell.readPc : cell.asyncPc;
    return false;
  }
  for (unsigned w = 0; w < warps; ++w) {
    const Reader &r = readers[cell.side + w];
    if (r.mask && !one(w, r.mask, r.clock, r.pc, r.any))
      return false;
  }
  return true;
}

void Shadow::checkRead(Cell &cell, const Actor &actor, uint32_t lanes, Finding &finding) {
  if (finding.kind)
    return;
  if (cell.flags & Cell::Pending) {
    finding.kind = Finding::InFlight;
    finding.otherPc = cell.asyncPc;
    return;
  }
  if (!(cell.flags & Cell::Init)) {
    if (actor.uninitialised)
      finding.kind = Finding::Uninitialised;
    return;
  }
  if (cell.flags & Cell::Barrier) {
    finding.kind = Finding::BarrierObject;
    return;
  }
  if (cell.writeClock) {
    bool fine = true;
    for (uint32_t m = lanes; m && fine; m &= m - 1) {
      fine = clocks.ordered(actor.warp, unsigned(__builtin_ctz(m)), cell.writer, cell.writeClock);
      if (!fine)
        finding.lanes = m & -m;
    }
    if (!fine) {
      finding.kind = Finding::ReadAfterWrite;
      finding.otherPc = cell.writePc;
      finding.otherThread = cell.writer;
      return;
    }
    if (actor.async && (cell.flags & Cell::Generic) && !clocks.fenced(actor.warp, cell.writer, cell.writeClock)) {
      finding.kind = Finding::NoProxyFence;
      finding.otherPc = cell.writePc;
      finding.otherThread = cell.writer;
    }
  }
}

void Shadow::recordSimpleRead(Cell &cell, const Actor &actor, uint32_t lanes) {
  if (cell.readClock <= clocks.base()) {
    cell.flags = uint16_t(cell.flags & ~Cell::Multi);
    cell.readWarp = uint16_t(actor.warp);
    cell.readMask = lanes;
    cell.readClock = clocks.clock(actor.warp);
    cell.readPc = actor.pc;
  } else if (cell.readWarp == actor.warp) {
    cell.readMask |= lanes;
  } else if (!(cell.flags & Cell::Multi)) {
    cell.flags |= Cell::Multi;
    cell.side = actor.warp * 32 + unsigned(__builtin_ctz(lanes));
    cell.asyncPc = actor.pc;
  }
}

void Shadow::recordRead(Cell &cell, const Actor &actor, uint32_t lanes) {
  if (simple)
    return recordSimpleRead(cell, actor, lanes);
  uint32_t clock = clocks.clock(actor.warp);
  if (cell.readClock <= clocks.base()) { // nothing older matters any more
    cell.flags = uint16_t((cell.flags & ~(Cell::Multi | Cell::AnyReader)) | (actor.any ? Cell::AnyReader : 0));
    cell.readWarp = uint16_t(actor.warp);
    cell.readMask = lanes;
    cell.readClock = clock;
    cell.readPc = actor.pc;
    return;
  }
  if (!(cell.flags & Cell::Multi)) {
    if (cell.readWarp == actor.warp && (cell.readClock == clock || !(cell.readMask & ~lanes))) {
      if (!actor.any || (cell.readClock != clock))
        cell.flags = uint16_t((cell.flags & ~Cell::AnyReader) | (actor.any ? Cell::AnyReader : 0));
      cell.readMask = cell.readClock == clock ? cell.readMask | lanes : lanes;
      cell.readClock = clock;
      cell.readPc = actor.pc;
      return;
    }
    if (!cell.side) {
      if (readers.empty())
        readers.resize(1); // index 0 means none
      cell.side = uint32_t(readers.size());
      readers.resize(readers.size() + warps);
    } else {
      std::fill_n(readers.begin() + cell.side, warps, Reader());
    }
    readers[cell.side + cell.readWarp] = {cell.readClock, cell.readMask, cell.readPc,
                                          (cell.flags & Cell::AnyReader) != 0};
    cell.flags |= Cell::Multi;
  }
  Reader &mine = readers[cell.side + actor.warp];
  bool old = mine.clock > clocks.base();
  mine.any = old && mine.clock == clock ? mine.any && actor.any : actor.any;
  mine.mask = old && !actor.any ? mine.mask | lanes : lanes;
  mine.clock = clock;
  mine.pc = actor.pc;
  cell.readClock = std::max(cell.readClock, clock);
}

Finding Shadow::read(const Actor &actor, uint32_t lanes, uint64_t address, unsigned bytes) {
  Finding finding;
  finding.address = address;
  const uint16_t special = Cell::Split | Cell::Pending | Cell::Barrier;
  if (simple && !(address % 4) && !(bytes % 4) && (address + bytes) / 4 <= cells.size()) {
    uint32_t base = clocks.base();
    Cell *cell = &cells[address / 4], *end = cell + bytes / 4;
    while (cell != end && (cell->flags & (special | Cell::Init)) == Cell::Init && cell->writeClock <= base)
      recordSimpleRead(*cell++, actor, lanes);
    if (cell == end)
      return finding;
    bytes = unsigned(end - cell) * 4;
    address = uint64_t(cell - cells.data()) * 4;
  }
  forCells(address, bytes, [&](Cell &cell) {
    bool plain = (cell.flags & (special | Cell::Init)) == Cell::Init && !actor.async;
    if (!plain || cell.writeClock > clocks.base() || cell.writer >= warps * 32)
      checkRead(cell, actor, lanes, finding);
    recordRead(cell, actor, lanes);
  });
  return finding;
}

void Shadow::checkWrite(Cell &cell, const Actor &actor, Finding &finding) {
  if (finding.kind)
    return;
  if (cell.flags & (Cell::Pending | Cell::Barrier)) {
    finding.kind = cell.flags & Cell::Pending ? Finding::InFlight : Finding::BarrierObject;
    finding.otherPc = cell.asyncPc;
    return;
  }
  if (cell.asyncReaders) {
    finding.kind = Finding::ReadByAgent;
    finding.otherPc = cell.asyncPc;
    return;
  }
  if (actor.modifies && actor.uninitialised && !(cell.flags & Cell::Init)) {
    finding.kind = Finding::Uninitialised;
    return;
  }
  if (cell.writeClock && !(actor.atomic && (cell.flags & Cell::Atomic)) &&
      !clocks.ordered(actor.warp, actor.lane, cell.writer, cell.writeClock)) {
    finding.kind = Finding::WriteAfterWrite;
    finding.otherPc = cell.writePc;
    finding.otherThread = cell.writer;
    return;
  }
  if (!readsOrdered(cell, actor, finding))
    finding.kind = Finding::WriteAfterRead;
}

void Shadow::recordWrite(Cell &cell, const Actor &actor) {
  cell.writer = uint16_t(actor.warp * 32 + actor.lane);
  cell.writeClock = clocks.clock(actor.warp);
  cell.writePc = actor.pc;
  cell.readClock = 0;
  cell.readMask = 0;
  cell.flags = uint16_t((cell.flags & Cell::Split) | Cell::Init | Cell::Generic | (actor.atomic ? Cell::Atomic : 0));
}

Finding Shadow::write(const Actor &actor, uint64_t address, unsigned bytes) {
  Finding finding;
  finding.address = address;
  uint32_t base = clocks.base();
  uint64_t end = address + bytes;
  bool whole = !(address % 4) && !(bytes % 4);
  if (whole) {
    for (uint64_t word = address / 4; word * 4 < end && word < cells.size(); ++word) {
      Cell &cell = cells[word];
      if (cell.flags & Cell::Split) {
        Cell *parts = bytesOf[cell.side].data();
        for (unsigned b = 0; b < 4; ++b)
          checkWrite(parts[b], actor, finding);
        unite(cell);
      } else if (actor.modifies || cell.writeClock > base || cell.readClock > base || cell.asyncReaders ||
                 (cell.flags & (Cell::Pending | Cell::Barrier)) || cell.writer >= warps * 32) {
        checkWrite(cell, actor, finding);
      }
      recordWrite(cell, actor);
    }
    return finding;
  }
  forCells(address, bytes, [&](Cell &cell) {
    checkWrite(cell, actor, finding);
    recordWrite(cell, actor);
  });
  return finding;
}

Finding Shadow::beginWrite(const Actor &actor, uint64_t address, unsigned bytes) {
  Finding finding;
  finding.address = address;
  forCells(address, bytes, [&](Cell &cell) {
    checkWrite(cell, actor, finding);
    cell.flags |= Cell::Pending;
    cell.asyncPc = actor.pc;
  });
  return finding;
}

void Shadow::land(uint64_t address, unsigned bytes, unsigned who, uint32_t when, uint32_t pc, bool generic) {
  forCells(address, bytes, [&](Cell &cell) {
    cell.writer = uint16_t(who);
    cell.writeClock = when;
    cell.writePc = pc;
    cell.readClock = 0;
    cell.readMask = 0;
    cell.flags = uint16_t((cell.flags & Cell::Split) | Cell::Init | (generic ? Cell::Generic : 0));
  });
}

Finding Shadow::beginRead(const Actor &actor, uint64_t address, unsigned bytes) {
  Finding finding;
  finding.address = address;
  forCells(address, bytes, [&](Cell &cell) {
    checkRead(cell, actor, uint32_t(1) << actor.lane, finding);
    if (cell.asyncReaders < 0xffff)
      ++cell.asyncReaders;
    cell.asyncPc = actor.pc;
  });
  return finding;
}

void Shadow::endRead(const Actor &actor, uint32_t laneMask, uint64_t address, unsigned bytes) {
  forCells(address, bytes, [&](Cell &cell) {
    if (cell.asyncReaders)
      --cell.asyncReaders;
    recordRead(cell, actor, laneMask);
  });
}

void Shadow::setBarrier(uint64_t address, bool present) {
  forCells(address, 8, [&](Cell &cell) {
    cell.flags = uint16_t(present ? cell.flags | Cell::Barrier | Cell::Init : cell.flags & ~Cell::Barrier);
  });
}

} // namespace aic::ptx
