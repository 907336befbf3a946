// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "GlobalShadow.h"
#include "Engine.h"

namespace aic::ptx {

uint32_t &GlobalShadow::own(uint32_t block) {
  if (block != lastBlock) {
    lastBlock = block;
    lastClock = &knows[block][block]; // stays where it is when the maps grow
    if (!*lastClock)
      *lastClock = 1;
  }
  return *lastClock;
}

GlobalShadow::Cell *GlobalShadow::page(uint64_t number) {
  if (number != lastNumber) {
    auto &entry = pages[number];
    if (!entry)
      entry = std::unique_ptr<Cell[]>(new Cell[1024]());
    lastNumber = number;
    lastPage = entry.get();
  }
  return lastPage;
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
  event.atomic = atomic;
  uint32_t now = stamp(event);
  for (uint32_t m = lanes; m; m &= m - 1) {
    unsigned lane = unsigned(__builtin_ctz(m));
    // Words; two threads that write different bytes of one word are not told apart.
    bool partial = addresses[lane] % 4 || bytes % 4;
    for (uint64_t word = addresses[lane] / 4; word * 4 < addresses[lane] + bytes; ++word) {
      Cell &cell = page(word >> 10)[word & 1023];
      auto conflicts = [&](uint32_t earlier) {
        return earlier && !ordered(warp, lane, earlier) && !(atomic && events[earlier >> 5].atomic);
      };
      uint32_t bad = partial ? 0 : conflicts(cell.write) ? cell.write : write && conflicts(cell.read) ? cell.read : 0;
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
