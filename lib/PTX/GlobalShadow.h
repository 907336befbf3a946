// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Races in global memory, within a block and across blocks; only when asked for. Of the readers of a word only the last
// one is kept. Blocks are ordered with each other by release and acquire accesses to one address, a clock a block;
// threads of a block by the block's own clocks. A page is watched word by word until an access to a part of a word
// comes.
#ifndef AIC_PTX_GLOBALSHADOW_H
#define AIC_PTX_GLOBALSHADOW_H

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

namespace aic::ptx {

struct Warp;
struct Block;

class GlobalShadow {
public:
  void access(Warp &warp, uint32_t lanes, const uint64_t *addresses, unsigned bytes, bool write, bool atomic);
  void release(Warp &warp, uint64_t address);
  /// A relaxed write passes on what its block did before its last fence.
  void releaseRelaxed(Warp &warp, uint64_t address);
  void fence(Warp &warp);
  void acquire(Warp &warp, uint64_t address);

private:
  /// What all lanes of an access have in common. The same instruction in the same epoch of its warp is one event.
  struct Event {
    uint32_t block = 0, clock = 0, pc = 0, blockClock = 0, warp = 0;
    uint8_t atomic = 0; // 1: only with others of its block
    bool operator==(const Event &o) const {
      return block == o.block && clock == o.clock && pc == o.pc && blockClock == o.blockClock && warp == o.warp &&
             atomic == o.atomic;
    }
  };
  /// Number of the event and, in the low five bits, the lane; 0 is none.
  struct Cell {
    uint32_t write, read;
  };
  using BlockClocks = std::unordered_map<uint32_t, uint32_t>;
  bool ordered(Warp &warp, unsigned lane, uint32_t stamp);
  uint32_t stamp(const Event &event);
  uint32_t &own(uint32_t block);
  struct Page {
    unsigned shift = 2; // of an address to a cell
    std::unique_ptr<Cell[]> cells;
  };
  Page &page(uint64_t number);
  static void refine(Page &page, unsigned shift);
  std::vector<Event> events = std::vector<Event>(1);
  uint32_t recent[1024] = {}; // events by hash
  uint32_t lastBlock = ~0u;   // of own()
  uint32_t *lastClock = nullptr;
  uint64_t lastNumber = ~uint64_t(0);
  Page *lastPage = nullptr;
  std::unordered_map<uint64_t, Page> pages;            // of 4096 bytes
  std::unordered_map<uint32_t, BlockClocks> fenced;    // by block: what it knew at its last fence
  std::unordered_map<uint32_t, BlockClocks> knows;     // by block
  std::unordered_map<uint64_t, BlockClocks> published; // by address
};

} // namespace aic::ptx

#endif // AIC_PTX_GLOBALSHADOW_H
