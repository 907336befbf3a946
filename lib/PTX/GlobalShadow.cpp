// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "GlobalShadow.h"
#include "Engine.h"

namespace aic::ptx {

static const unsigned pageBytes = 4096;

uint32_t &GlobalShadow::own(uint32_t block) {
  if (block != lastBlock) {
    lastBlock = block;
    lastClock = &knows[block][block]; // stays where it is when the maps grow
    if (!*lastClock)
      *lastClock = 1;
  }
  return *lastClock;
}

GlobalShadow::Page &GlobalShadow::page(uint64_t number) {
  if (number != lastNumber) {
    Page &entry = pages[number];
    if (!entry.cells)
      entry.cells = std::unique_ptr<Cell[]>(new Cell[pageBytes >> entry.shift]());
    lastNumber = number;
    lastPage = &entry; // stays where it is when the map grows
  }
  return *lastPage;
}

void GlobalShadow::refine(Page &page, unsigned shift) {
  std::unique_ptr<Cell[]> cells(new Cell[pageBytes >> shift]);
  for (unsigned k = 0; k < pageBytes >> shift; ++k)
    cells[k] = page.cells[k >> (page.shift - shift)];
  page.cells = std::move(cells);
  page.shift = shift;
}

uint32_t GlobalShadow::stamp(const Event &event) {
  uint32_t hash = (event.pc * 31 + event.warp) * 31 + event.block * 7 + event.clock + event.blockClock + event.atomic;
  uint32_t &known = recent[hash % 1024];
  if (!known || !(events[known] == event)) {
    if (events.size() >= 1u << 27)
      return 0; // what comes now is not remembered
    known = uint32_t(events.size());
    events.push_back(event);
  }
  return known << 5;
}

bool GlobalShadow::ordered(Warp &warp, unsigned lane, uint32_t stamp) {
  const Event &event = events[stamp >> 5];
  uint32_t block = uint32_t(warp.block->linear);
  if (event.block == block)
    return warp.block->clocks.ordered(warp.index, lane, event.warp * 32 + (stamp & 31), event.clock);
  auto &mine = knows[block];
  auto found = mine.find(event.block);
  return found != mine.end() && found->second >= event.blockClock;
}

void GlobalShadow::access(Warp &warp, uint32_t lanes, const uint64_t *addresses, unsigned bytes, bool write,
                          bool atomic) {
  Event event;
  event.block = uint32_t(warp.block->linear);
  event.blockClock = own(event.block);
  event.clock = warp.block->clocks.clock(warp.index);
  event.pc = warp.at;
  event.warp = warp.index;
  event.atomic = !atomic ? 0 : warp.engine->insts[warp.at].blockScope ? 1 : 2;
  uint32_t now = stamp(event);
  auto conflicts = [&](unsigned lane, uint32_t earlier) {
    if (!earlier || ordered(warp, lane, earlier))
      return false;
    const Event &other = events[earlier >> 5];
    bool together = other.block == event.block ? event.atomic && other.atomic : event.atomic + other.atomic == 4;
    return !together;
  };
  for (uint32_t m = lanes; m; m &= m - 1) {
    unsigned lane = unsigned(__builtin_ctz(m));
    uint64_t at = addresses[lane], end = at + bytes;
    unsigned low = unsigned(at | bytes), shift = low & 1 ? 0 : low & 2 ? 1 : 2;
    while (at < end) {
      Page &where = page(at / pageBytes);
      if (shift < where.shift)
        refine(where, shift);
      Cell &cell = where.cells[at % pageBytes >> where.shift];
      uint32_t bad = conflicts(lane, cell.write) ? cell.write : write && conflicts(lane, cell.read) ? cell.read : 0;
      if (bad) {
        const Event &other = events[bad >> 5];
        std::string who = other.block == event.block
                              ? warp.engine->threadName(*warp.block, other.warp * 32 + (bad & 31))
                              : "block " + std::to_string(other.block);
        warp.engine->report(warp, "race", 1u << lane,
                            std::string(write ? "writes " : "reads ") +
                                warp.engine->globalName(addresses[lane], bytes) + ", " +
                                (bad == cell.write ? "written" : "read") + " by " + who + " at line " +
                                std::to_string(warp.engine->lineOf(other.pc)) + " without synchronisation between",
                            other.pc);
      }
      (write ? cell.write : cell.read) = now ? now | lane : 0;
      if (write)
        cell.read = 0;
      at += uint64_t(1) << where.shift;
    }
  }
}

void GlobalShadow::release(Warp &warp, uint64_t address) {
  uint32_t block = uint32_t(warp.block->linear);
  own(block);
  auto &target = published[address];
  for (auto &entry : knows[block]) {
    uint32_t &clock = target[entry.first];
    clock = clock > entry.second ? clock : entry.second;
  }
  ++own(block);
}

void GlobalShadow::releaseRelaxed(Warp &warp, uint64_t address) {
  auto found = fenced.find(uint32_t(warp.block->linear));
  if (found == fenced.end())
    return;
  auto &target = published[address];
  for (auto &entry : found->second) {
    uint32_t &clock = target[entry.first];
    clock = clock > entry.second ? clock : entry.second;
  }
}

void GlobalShadow::fence(Warp &warp) {
  uint32_t block = uint32_t(warp.block->linear);
  own(block);
  fenced[block] = knows[block];
  ++own(block);
}

void GlobalShadow::acquire(Warp &warp, uint64_t address) {
  auto found = published.find(address);
  if (found == published.end())
    return;
  auto &mine = knows[uint32_t(warp.block->linear)];
  for (auto &entry : found->second) {
    uint32_t &clock = mine[entry.first];
    clock = clock > entry.second ? clock : entry.second;
  }
}

} // namespace aic::ptx
