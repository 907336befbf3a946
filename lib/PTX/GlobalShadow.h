// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Races in global memory, within a block and across blocks; only when asked for. Of the readers of a word only the last
// one is kept. Blocks are ordered with each other by
// release and acquire accesses to one address, a clock a block; threads of a block by the block's own clocks.
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
    bool atomic = false;
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
  Cell *page(uint64_t number);
  std::vector<Event> events = std::vector<Event>(1);
  uint32_t recent[1024] = {}; // events by hash
  uint32_t lastBlock = ~0u;   // of own()
  uint32_t *lastClock = nullptr;
  uint64_t lastNumber = ~uint64_t(0);
  Cell *lastPage = nullptr;
  std::unordered_map<uint64_t, std::unique_ptr<Cell[]>> pages; // of 1024 words
  std::unordered_map<uint32_t, BlockClocks> fenced;            // by block: what it knew at its last fence
  std::unordered_map<uint32_t, BlockClocks> knows;             // by block
  std::unordered_map<uint64_t, BlockClocks> published;         // by address
};

} // namespace aic::ptx

#endif // AIC_PTX_GLOBALSHADOW_H
