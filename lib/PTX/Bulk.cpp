// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Bulk and tensor copies of the asynchronous proxy (TMA). A load is an agent of the block that lands by itself and
// then counts its bytes down on an mbarrier; a store reads shared memory when its group is waited for.
#include "Access.h"
#include "Exec.h"
#include <algorithm>

namespace aic::ptx {

const char *checkTensorMap(const TensorMap &map) {
  static const TensorMap fresh;
  if (map.magic != fresh.magic)
    return "the 128 bytes are no encoded tensor map";
  if (map.rank < 1 || map.rank > 5)
    return "expected a rank of 1 to 5";
  if (map.elementSize != 1 && map.elementSize != 2 && map.elementSize != 4 && map.elementSize != 8)
    return "expected elements of 1, 2, 4 or 8 bytes";
  if (map.base % 16)
    return "expected a base address that is a multiple of 16";
  for (unsigned d = 0; d < map.rank; ++d) {
    if (!map.dims[d])
      return "expected dimensions above 0";
    if (!map.box[d] || map.box[d] > 256)
      return "expected a box of 1 to 256 elements in each dimension";
    if (map.elementStrides[d] != 1)
      return "element strides other than 1 are not supported";
    if (d && (map.strides[d - 1] % 16 || map.strides[d - 1] >= uint64_t(1) << 40))
      return "expected strides that are multiples of 16 bytes below 2^40";
  }
  uint32_t inner = map.box[0] * map.elementSize;
  if (inner % 16)
    return "expected an inner box that is a multiple of 16 bytes";
  if (map.swizzle > 3 || (map.swizzle && inner > 16u << map.swizzle))
    return "expected an inner box of at most the swizzle's span";
  return nullptr;
}

namespace {

bool tracking(const Engine &engine) {
  return engine.options.races || engine.options.async || engine.options.uninitialised;
}

/// Copies between shared memory (swizzled in chunks of 16 bytes) and global memory.
void movePart(Engine &engine, Block &block, const BulkPart &part, unsigned mode, bool toShared, bool nanFill,
              unsigned elementSize) {
  uint8_t *host = part.fill ? nullptr : engine.memory.host(part.global, part.bytes);
  if (!part.fill && !host)
    return; // reported at issue
  for (uint32_t done = 0; done < part.bytes;) {
    uint64_t at = part.shared + done;
    uint32_t chunk = std::min<uint32_t>(part.bytes - done, 16 - uint32_t(at % 16));
    uint8_t *s = block.shared.data() + swizzled(at, mode);
    if (!toShared)
      memcpy(host + done, s, chunk);
    else if (host)
      memcpy(s, host + done, chunk);
    else if (nanFill && elementSize >= 2)
      memset(s, 0xff, chunk);
    else
      memset(s, 0, chunk);
    done += chunk;
  }
  if (!toShared)
    engine.memory.markWritten(part.global, part.bytes);
}

/// Shared ranges are contiguous as a whole: the swizzle only exchanges chunks within them.
void sharedRange(const std::vector<BulkPart> &parts, uint64_t &first, uint64_t &bytes) {
  first = ~uint64_t(0);
  uint64_t end = 0;
  for (const BulkPart &part : parts) {
    first = std::min<uint64_t>(first, part.shared);
    end = std::max<uint64_t>(end, part.shared + part.bytes);
  }
  bytes = parts.empty() ? 0 : end - first;
}

uint64_t sharedOffset(uint64_t address) {
  return (address & ~windowMask) == sharedWindow ? address & windowMask : address;
}

bool checkShared(Warp &w, unsigned lane, uint64_t address, uint64_t bytes, unsigned alignment, const char *what) {
  Engine &engine = *w.engine;
  uint64_t size = w.block->shared.size();
  if (address % alignment) {
    engine.report(w, "misaligned", 1u << lane,
                  std::string(what) + " " + engine.sharedName(address) + " is not a multiple of " +
                      std::to_string(alignment));
    return false;
  }
  if (bytes > size || address > size - bytes) {
    engine.report(w, "bounds", 1u << lane,
                  std::string(what) + " " + std::to_string(bytes) + " bytes of " + engine.sharedName(address) +
                      ", of which there are " + std::to_string(size));
    return false;
  }
  return true;
}

void countBulk(Warp &w, const std::vector<BulkPart> &parts) {
  if (w.engine->counters.empty())
    return;
  LineCounters &counter = w.engine->counters[w.at];
  ++counter.sharedRequests;
  ++counter.globalRequests;
  uint64_t total = 0, next = ~uint64_t(0); // rows that follow each other share a sector
  for (const BulkPart &part : parts) {
    counter.sharedBytes += part.bytes;
    if (part.fill || !part.bytes)
      continue;
    uint64_t first = part.global / 32, last = (part.global + part.bytes - 1) / 32;
    counter.sectors += last - first + (first == next ? 0 : 1);
    next = last;
    total += part.bytes;
  }
  counter.globalBytes += total;
  counter.sectorsMinimum += (total + 31) / 32;
}

/// Issues a load: marks the target in flight, poisons it, queues the agent.
void issueLoad(Warp &w, unsigned lane, Agent agent) {
  Engine &engine = *w.engine;
  Block &block = *w.block;
  uint64_t first, bytes;
  sharedRange(agent.parts, first, bytes);
  Mbarrier *barrier = findMbarrier(w, lane, agent.barrier);
  if (!barrier)
    return;
  if (!barrier->fenced && engine.options.async)
    engine.report(w, "fence", 1u << lane,
                  "signals an mbarrier whose initialisation at line " + std::to_string(barrier->line) +
                      " has no fence.mbarrier_init or fence.proxy.async behind it",
                  barrier->initPc);
  if (!block.clocks.ordered(w.index, lane, barrier->initThread, barrier->initClock) && engine.options.races)
    engine.report(w, "race", 1u << lane,
                  "signals an mbarrier that another thread initialised at line " + std::to_string(barrier->line) +
                      " without synchronisation between",
                  barrier->initPc);
  countBulk(w, agent.parts);
  if (tracking(engine)) {
    Finding finding = block.shadow.beginWrite({w.index, lane, w.at, true, true}, first, unsigned(bytes));
    if (finding.kind && engine.options.races)
      engine.reportFinding(w, finding, 1u << lane, true, "copies to");
  }
  agent.kind = Agent::Load;
  agent.warp = w.index;
  agent.lane = lane;
  agent.pc = w.at;
  agent.bytes = bytes;
  if (engine.options.async)
    memset(block.shared.data() + first, 0xff, bytes);
  block.agents.push_back(std::move(agent));
  AsyncMode mode = engine.options.asyncMode;
  if (!engine.options.async || mode == AsyncMode::Early || (mode == AsyncMode::Random && engine.random.below(2)))
    landAgent(engine, block, block.agents.size() - 1);
  engine.event(block);
}

/// The rows of a box at `coordinates`; false after reporting.
bool tileParts(Warp &w, unsigned lane, const TensorMap &map, const int32_t *coordinates, uint32_t shared,
               std::vector<BulkPart> &parts) {
  Engine &engine = *w.engine;
  uint32_t rowBytes = map.box[0] * map.elementSize;
  uint64_t rows = 1;
  for (unsigned d = 1; d < map.rank; ++d)
    rows *= map.box[d];
  uint32_t index[5] = {};
  for (uint64_t r = 0; r < rows; ++r) {
    bool outside = false;
    uint64_t address = map.base;
    for (unsigned d = 1; d < map.rank; ++d) {
      int64_t c = int64_t(coordinates[d]) + index[d];
      outside |= c < 0 || c >= int64_t(map.dims[d]);
      address += uint64_t(c) * map.strides[d - 1];
    }
    int64_t begin = coordinates[0], end = begin + map.box[0];
    int64_t from = std::max<int64_t>(begin, 0), to = std::min<int64_t>(end, map.dims[0]);
    uint32_t at = shared + uint32_t(r) * rowBytes;
    auto fill = [&](int64_t elements) {
      if (elements > 0)
        parts.push_back({0, at, uint32_t(elements) * map.elementSize, true});
      at += uint32_t(std::max<int64_t>(elements, 0)) * map.elementSize;
    };
    if (outside || from >= to) {
      fill(map.box[0]);
    } else {
      fill(from - begin);
      BulkPart part{address + uint64_t(from) * map.elementSize, at, uint32_t(to - from) * map.elementSize, false};
      if (!engine.global(w, lane, part.global, part.bytes, false))
        return false;
      parts.push_back(part);
      at += part.bytes;
      fill(end - to);
    }
    for (unsigned d = 1; d < map.rank; ++d) {
      if (++index[d] < map.box[d])
        break;
      index[d] = 0;
    }
  }
  return true;
}

/// The map at a lane's generic address and the coordinates behind it.
bool readMap(Warp &w, const Inst &i, unsigned op, int64_t displacement, unsigned lane, TensorMap &map,
             int32_t *coordinates) {
  Engine &engine = *w.engine;
  uint64_t addresses[32];
  addressesOf(w, i, op, displacement, addresses);
  uint64_t address = addresses[lane];
  if (address % 64) {
    engine.report(w, "misaligned", 1u << lane, "the tensor map's address is not a multiple of 64");
    return false;
  }
  if ((address & ~windowMask) == paramWindow) {
    uint64_t offset = address & windowMask;
    if (engine.params.size() < sizeof map || offset > engine.params.size() - sizeof map) {
      engine.report(w, "bounds", 1u << lane, "the tensor map lies outside the parameters");
      return false;
    }
    memcpy(&map, engine.params.data() + offset, sizeof map);
  } else {
    uint8_t *host = engine.global(w, lane, address, sizeof map, false);
    if (!host)
      return false;
    memcpy(&map, host, sizeof map);
  }
  if (const char *problem = checkTensorMap(map)) {
    engine.report(w, "bounds", 1u << lane, std::string("tensor map: ") + problem);
    return false;
  }
  if (map.rank != i.size) {
    engine.report(w, "bounds", 1u << lane,
                  "expected a tensor map of rank " + std::to_string(i.size) + ", got " + std::to_string(map.rank));
    return false;
  }
  for (unsigned d = 0; d < map.rank; ++d) {
    const ListSlot &entry = engine.code.lists[i.list + d];
    if (!(w.defined[entry.slot.index] >> lane & 1))
      engine.undefined(w, entry.slot, 1u << lane, "a coordinate");
    coordinates[d] = lanesOf<int32_t>(w, entry.slot)[lane];
  }
  return true;
}

void runTmaLoad(Warp &w, const Inst &i) {
  uint64_t targets[32], barriers[32];
  uint32_t mask = definedLanes(w, i.op[0], "an address") & definedLanes(w, i.op[1], "an address") &
                  definedLanes(w, i.op[2], "an address");
  addressesOf(w, i, 0, i.imm, targets);
  addressesOf(w, i, 2, i.imm3, barriers);
  for (uint32_t m = mask; m; m &= m - 1) {
    unsigned lane = unsigned(__builtin_ctz(m));
    TensorMap map;
    int32_t coordinates[5];
    if (!readMap(w, i, 1, i.imm2, lane, map, coordinates))
      continue;
    uint64_t bytes = map.elementSize;
    for (unsigned d = 0; d < map.rank; ++d)
      bytes *= map.box[d];
    uint64_t target = sharedOffset(targets[lane]);
    // A swizzle pattern repeats every 256, 512 or 1024 bytes: a target between two repeats is not what the reader sees.
    unsigned alignment = map.swizzle ? 128u << map.swizzle : 128u;
    if (!checkShared(w, lane, target, bytes, alignment, "copies to"))
      continue;
    Agent agent;
    agent.barrier = uint32_t(sharedOffset(barriers[lane]));
    agent.swizzleMode = map.swizzle;
    agent.nanFill = map.nanFill;
    agent.elementSize = map.elementSize;
    if (tileParts(w, lane, map, coordinates, uint32_t(target), agent.parts))
      issueLoad(w, lane, std::move(agent));
  }
}

void runBulkLoad(Warp &w, const Inst &i) {
  uint64_t targets[32], sources[32], barriers[32];
  uint32_t mask = definedLanes(w, i.op[0], "an address") & definedLanes(w, i.op[1], "an address") &
                  definedLanes(w, i.op[3], "an address") & definedLanes(w, i.op[2], "a size");
  addressesOf(w, i, 0, i.imm, targets);
  addressesOf(w, i, 1, i.imm2, sources);
  addressesOf(w, i, 3, i.imm3, barriers);
  for (uint32_t m = mask; m; m &= m - 1) {
    unsigned lane = unsigned(__builtin_ctz(m));
    uint32_t bytes = lanesOf<uint32_t>(w, i.op[2])[lane];
    uint64_t target = sharedOffset(targets[lane]);
    if (bytes % 16 || sources[lane] % 16) {
      w.engine->report(w, "misaligned", 1u << lane, "a bulk copy's size and source must be multiples of 16");
      continue;
    }
    if (!bytes || !checkShared(w, lane, target, bytes, 16, "copies to") ||
        !w.engine->global(w, lane, sources[lane], bytes, false))
      continue;
    Agent agent;
    agent.barrier = uint32_t(sharedOffset(barriers[lane]));
    agent.parts.push_back({sources[lane], uint32_t(target), bytes, false});
    issueLoad(w, lane, std::move(agent));
  }
}

void issueStore(Warp &w, unsigned lane, BulkStoreOp op) {
  Engine &engine = *w.engine;
  Block &block = *w.block;
  op.lane = lane;
  op.pc = w.at;
  op.group = w.async.storesCommitted[lane];
  countBulk(w, op.parts);
  if (tracking(engine))
    for (const BulkPart &part : op.parts) {
      Finding finding = block.shadow.beginRead({w.index, lane, w.at, true, true}, part.shared, part.bytes);
      if (finding.kind && engine.options.races)
        engine.reportFinding(w, finding, 1u << lane, false, "copies from");
    }
  AsyncMode mode = engine.options.asyncMode;
  if (!engine.options.async || mode == AsyncMode::Early || (mode == AsyncMode::Random && engine.random.below(2))) {
    for (const BulkPart &part : op.parts)
      movePart(engine, block, part, op.swizzleMode, false, false, 1);
    op.landed = true;
  }
  w.async.stores.push_back(std::move(op));
}

void runTmaStore(Warp &w, const Inst &i) {
  // [map, coordinates], [source]
  uint64_t sources[32];
  uint32_t mask = definedLanes(w, i.op[0], "an address") & definedLanes(w, i.op[1], "an address");
  addressesOf(w, i, 1, i.imm2, sources);
  for (uint32_t m = mask; m; m &= m - 1) {
    unsigned lane = unsigned(__builtin_ctz(m));
    TensorMap map;
    int32_t coordinates[5];
    if (!readMap(w, i, 0, i.imm, lane, map, coordinates))
      continue;
    uint64_t bytes = map.elementSize;
    for (unsigned d = 0; d < map.rank; ++d)
      bytes *= map.box[d];
    uint64_t source = sharedOffset(sources[lane]);
    if (!checkShared(w, lane, source, bytes, map.swizzle ? 128u << map.swizzle : 128u, "copies from"))
      continue;
    BulkStoreOp op;
    op.swizzleMode = map.swizzle;
    std::vector<BulkPart> parts;
    if (!tileParts(w, lane, map, coordinates, uint32_t(source), parts))
      continue;
    for (const BulkPart &part : parts) // what lies outside the tensor is not written
      if (!part.fill)
        op.parts.push_back(part);
    issueStore(w, lane, std::move(op));
  }
}

void runBulkStore(Warp &w, const Inst &i) {
  uint64_t targets[32], sources[32];
  uint32_t mask = definedLanes(w, i.op[0], "an address") & definedLanes(w, i.op[1], "an address") &
                  definedLanes(w, i.op[2], "a size");
  addressesOf(w, i, 0, i.imm, targets);
  addressesOf(w, i, 1, i.imm2, sources);
  for (uint32_t m = mask; m; m &= m - 1) {
    unsigned lane = unsigned(__builtin_ctz(m));
    uint32_t bytes = lanesOf<uint32_t>(w, i.op[2])[lane];
    uint64_t source = sharedOffset(sources[lane]);
    if (bytes % 16 || targets[lane] % 16) {
      w.engine->report(w, "misaligned", 1u << lane, "a bulk copy's size and target must be multiples of 16");
      continue;
    }
    if (!bytes || !checkShared(w, lane, source, bytes, 16, "copies from") ||
        !w.engine->global(w, lane, targets[lane], bytes, true))
      continue;
    BulkStoreOp op;
    op.parts.push_back({targets[lane], uint32_t(source), bytes, false});
    issueStore(w, lane, std::move(op));
  }
}

/// Completes the stores of the lanes in groups that the wait covers (all: also those not committed).
void completeStores(Warp &w, uint32_t lanes, uint32_t keep, bool all) {
  Engine &engine = *w.engine;
  Block &block = *w.block;
  auto &stores = w.async.stores;
  size_t kept = 0;
  for (size_t k = 0; k < stores.size(); ++k) {
    BulkStoreOp &op = stores[k];
    bool covered = (lanes >> op.lane & 1) && (all || uint64_t(op.group) + keep < w.async.storesCommitted[op.lane]);
    if (!covered) {
      if (kept != k)
        stores[kept] = std::move(stores[k]);
      ++kept;
      continue;
    }
    for (const BulkPart &part : op.parts) {
      if (!op.landed)
        movePart(engine, block, part, op.swizzleMode, false, false, 1);
      if (tracking(engine))
        block.shadow.endRead({w.index, op.lane, op.pc, true, false}, 1u << op.lane, part.shared, part.bytes);
    }
  }
  stores.resize(kept);
}

void runBulkCommit(Warp &w, const Inst &) {
  forLanes(w.mask, [&](unsigned l) { ++w.async.storesCommitted[l]; });
}
void runBulkWait(Warp &w, const Inst &i) { completeStores(w, w.mask, uint32_t(i.imm3), false); }

} // namespace

void landAgent(Engine &engine, Block &block, size_t index) {
  Agent agent = std::move(block.agents[index]);
  block.agents.erase(block.agents.begin() + long(index));
  Warp &warp = block.warps[agent.warp];
  auto found = block.mbarriers.find(agent.barrier);
  if (agent.kind == Agent::Arrive) {
    landCopies(warp, agent.lanes, 0, true);
    if (found == block.mbarriers.end())
      return;
    block.clocks.release(agent.warp, agent.lanes, found->second.current);
    mbarrierArrive(engine, block, agent.barrier, found->second, 1, 0);
    return;
  }
  for (const BulkPart &part : agent.parts)
    movePart(engine, block, part, agent.swizzleMode, true, agent.nanFill, agent.elementSize);
  uint64_t first, bytes;
  sharedRange(agent.parts, first, bytes);
  uint32_t when = ++block.agentClock;
  bool known = found != block.mbarriers.end();
  if (tracking(engine))
    block.shadow.land(first, unsigned(bytes), block.clocks.agentColumn(known ? found->second.agent : 0), when, agent.pc,
                      false);
  if (!known)
    return;
  block.clocks.agentRelease(found->second.agent, when, found->second.current);
  mbarrierArrive(engine, block, agent.barrier, found->second, 0, -int64_t(agent.bytes));
}

void finishAsync(Warp &w, uint32_t lanes) {
  if (!w.async.copies.empty())
    landCopies(w, lanes, 0, true);
  if (w.async.stores.empty())
    return;
  for (const BulkStoreOp &op : w.async.stores)
    if ((lanes >> op.lane & 1) && w.engine->options.async)
      w.engine->reportAt(*w.block, "async", op.pc, w.index * 32 + op.lane,
                         "the thread ends while this copy may still read shared memory: no wait_group covers it");
  completeStores(w, lanes, 0, true);
}

void selectTmaLoad(Selection &s) {
  for (unsigned d = 1; d <= 5; ++d)
    if (s.has(std::to_string(d) + "d"))
      s.out.size = uint8_t(d);
  if (s.out.listCount != s.out.size)
    s.error = "'" + s.inst.spelling() + "' expects " + std::to_string(s.out.size) + " coordinates, got " +
              std::to_string(s.out.listCount);
  s.code.usesAsyncProxy = true;
  s.out.run = runTmaLoad;
}
void selectTmaStore(Selection &s) {
  selectTmaLoad(s);
  s.out.run = runTmaStore;
}
void selectBulkLoad(Selection &s) {
  s.code.usesAsyncProxy = true;
  s.out.run = runBulkLoad;
}
void selectBulkStore(Selection &s) {
  s.code.usesAsyncProxy = true;
  s.out.run = runBulkStore;
}
void selectBulkCommit(Selection &s) { s.out.run = runBulkCommit; }
void selectBulkWait(Selection &s) { s.out.run = runBulkWait; }

} // namespace aic::ptx
