// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What runs beside the threads: cp.async, bulk and tensor copies, wgmma; and the mbarriers that they signal.
#ifndef AIC_PTX_ASYNC_H
#define AIC_PTX_ASYNC_H

#include "Bytecode.h"
#include "Race.h"
#include "aic/PTX/TensorMap.h"
#include <array>
#include <cstdint>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace aic::ptx {

struct Block;
class Engine;

struct Mbarrier {
  uint32_t count = 0;  // arrivals of a phase
  int32_t pending = 0; // arrivals missing
  int64_t tx = 0;      // bytes missing
  uint32_t phase = 0;
  uint32_t nextCount = 0; // arrive_drop
  Release current, done;  // releases of this phase and of the last complete one
  uint32_t line = 0;
  unsigned agent = 0;  // column of the copies that signal it
  bool fenced = false; // the initialisation is visible to the asynchronous proxy
  unsigned initWarp = 0, initThread = 0;
  uint32_t initClock = 0, initPc = 0;
};

/// One cp.async of a warp: up to 32 copies.
struct CpAsyncOp {
  uint32_t lanes = 0; // not landed yet
  uint32_t pc = 0;
  uint8_t bytes = 16;
  uint8_t valid[32];
  bool landed = false; // data is there (early); the shadow still says in flight
  uint64_t source[32];
  uint32_t target[32];
  uint32_t group[32];
};

/// A copied tile: rows of bytes.
struct BulkPart {
  uint64_t global = 0; // device address; unused if `fill`
  uint32_t shared = 0;
  uint32_t bytes = 0;
  bool fill = false; // out of bounds: zero (or NaN)
};

/// An operation that lands by itself: a bulk or tensor load, an arrival after cp.async.
struct Agent {
  enum Kind : uint8_t { Load, Arrive } kind = Load;
  unsigned warp = 0, lane = 0;
  uint32_t pc = 0;
  uint32_t barrier = 0; // mbarrier's address
  uint64_t bytes = 0;   // complete_tx
  std::vector<BulkPart> parts;
  uint32_t lanes = 0; // Arrive: lanes
  uint32_t swizzleMode = 0;
  bool nanFill = false;
  uint8_t elementSize = 1;
  bool landed = false;
};

/// A store from shared to global memory by the asynchronous proxy.
struct BulkStoreOp {
  unsigned lane = 0;
  uint32_t pc = 0;
  uint32_t group = 0;
  bool landed = false;
  uint32_t swizzleMode = 0;
  std::vector<BulkPart> parts;
};

/// A wgmma that was issued and not waited for.
struct WgmmaOp {
  uint32_t pc = 0;
  uint32_t group = 0;
  uint64_t a = 0, b = 0; // descriptors
  bool scaleD = true;
  std::vector<uint32_t> aRegisters; // A from registers: 4 a lane
  bool executed = false;
};

/// A register that holds part of a wgmma's result, while it is taken out of the register file.
struct Accumulator {
  Slot slot;
  uint32_t pending = 0;
  uint32_t value[32];
};

struct AsyncState {
  std::vector<CpAsyncOp> copies;
  uint32_t committed[32] = {};
  std::vector<BulkStoreOp> stores;
  uint32_t storesCommitted[32] = {};
  std::vector<WgmmaOp> wgmmas;
  uint32_t wgmmaGroups = 0;
  uint32_t wgmmaCount = 0;
  bool wgmmaFenced = false;
  std::unordered_map<uint32_t, Accumulator> accumulators; // by the register's offset
  std::unordered_set<uint32_t> wgmmaRegisters;            // by the register's index
};

/// Lands agent `index` of the block.
void landAgent(Engine &engine, Block &block, size_t index);
/// The mbarrier at an address; null after reporting that there is none.
Mbarrier *findMbarrier(Warp &warp, uint32_t lane, uint64_t address);
/// Arrivals, bytes and the end of a phase.
void mbarrierArrive(Engine &engine, Block &block, uint32_t address, Mbarrier &barrier, uint32_t count, int64_t tx);
void landCopies(Warp &warp, uint32_t lanes, uint32_t keep, bool all);
/// What a thread leaves behind when it ends: its stores complete.
void finishAsync(Warp &warp, uint32_t lanes);
/// Reports writes to global memory that a cp.async of the block may still read.
void checkCopySources(Warp &warp, uint32_t lanes, const uint64_t *addresses, unsigned bytes);
void moveCopyData(Warp &warp, CpAsyncOp &op, uint32_t lanes);

} // namespace aic::ptx

#endif // AIC_PTX_ASYNC_H
