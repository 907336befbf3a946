// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "GlobalShadow.h"
#include "Engine.h"

namespace aic::ptx {

uint32_t &GlobalShadow::own(uint32_t block) {
  uint32_t &clock = knows[block][block];
  if (!clock)
    clock = 1;
  return clock;
}

GlobalShadow::Cell *GlobalShadow::page(uint64_t number) {
  if (number != lastNumber) {
    auto &entry = pages[number];
    if (!entry)
      entry = std::make_unique<Cell[]>(1024);
    lastNumber = number;
    lastPage = entry.get();
  }
  return lastPage;
}

bool GlobalShadow::ordered(Warp &warp, unsigned lane, const Stamp &stamp) {
  uint32_t block = uint32_t(warp.block->linear);
  if (stamp.block == ~0u)
    return true;
  if (stamp.block == block)
    return warp.block->clocks.ordered(warp.index, lane, stamp.thread, stamp.clock);
  auto &mine = knows[block];
  auto found = mine.find(stamp.block);
  return found != mine.end() && found->second >= stamp.blockClock;
}

void GlobalShadow::access(Warp &warp, uint32_t lanes, const uint64_t *addresses, unsigned bytes, bool write,
                          bool atomic) {
  uint32_t block = uint32_t(warp.block->linear);
  uint32_t blockClock = own(block);
  Stamp now;
  now.block = block;
  now.clock = warp.block->clocks.clock(warp.index);
  now.pc = warp.at;
  now.blockClock = blockClock;
  now.atomic = atomic;
  for (uint32_t m = lanes; m; m &= m - 1) {
    unsigned lane = unsigned(__builtin_ctz(m));
    now.thread = uint16_t(warp.index * 32 + lane);
    // Words; two threads that write different bytes of one word are not told apart.
    for (uint64_t word = addresses[lane] / 4; word * 4 < addresses[lane] + bytes; ++word) {
      Cell &cell = page(word >> 10)[word & 1023];
      const Stamp *bad = nullptr;
      bool partial = addresses[lane] % 4 || bytes % 4;
      if (!partial) {
        if (!ordered(warp, lane, cell.write) && !(atomic && cell.write.atomic))
          bad = &cell.write;
        else if (write && !ordered(warp, lane, cell.read) && !(atomic && cell.read.atomic))
          bad = &cell.read;
      }
      if (bad) {
        bool earlierWrite = bad == &cell.write;
        std::string who = bad->block == block ? warp.engine->threadName(*warp.block, bad->thread)
                                              : "block " + std::to_string(bad->block);
        warp.engine->report(warp, "race", 1u << lane,
                            std::string(write ? "writes " : "reads ") +
                                warp.engine->globalName(addresses[lane], bytes) + ", " +
                                (earlierWrite ? "written" : "read") + " by " + who + " at line " +
                                std::to_string(warp.engine->lineOf(bad->pc)) + " without synchronisation between",
                            bad->pc);
      }
      (write ? cell.write : cell.read) = now;
      if (write)
        cell.read = Stamp();
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
