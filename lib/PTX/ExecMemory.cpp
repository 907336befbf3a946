// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// mov, ld, st and what has to do with address spaces. A load or store first checks its lanes (definedness, alignment,
// bounds, races) and turns their addresses into host pointers; lanes with a fault are left out.
#include "Access.h"
#include "Defined.h"
#include "Exec.h"
#include "GlobalShadow.h"

namespace aic::ptx {

void addressesOf(Warp &w, const Inst &i, unsigned op, int64_t displacement, uint64_t *addresses) {
  if (i.opSize[op] == 8) {
    const uint64_t *a = lanesOf<uint64_t>(w, i.op[op]);
    for (unsigned l = 0; l < 32; ++l)
      addresses[l] = a[l] + uint64_t(displacement);
  } else {
    const uint32_t *a = lanesOf<uint32_t>(w, i.op[op]);
    for (unsigned l = 0; l < 32; ++l)
      addresses[l] = uint32_t(a[l] + uint32_t(displacement));
  }
}

uint32_t definedLanes(Warp &w, Slot slot, const char *use) {
  uint32_t bad = w.mask & ~w.defined[slot.index];
  if (bad)
    w.engine->undefined(w, slot, bad, use);
  return w.mask & ~bad;
}

/// Lanes whose address is a multiple of `bytes` (a power of two).
static uint32_t alignedLanes(Warp &w, uint32_t mask, const uint64_t *addresses, unsigned bytes) {
  uint64_t any = 0;
  forLanes(mask, [&](unsigned l) { any |= addresses[l]; });
  if (!(any & (bytes - 1)))
    return mask;
  uint32_t bad = 0;
  forLanes(mask, [&](unsigned l) { bad |= uint32_t((addresses[l] & (bytes - 1)) != 0) << l; });
  unsigned lane = unsigned(__builtin_ctz(bad));
  char text[96];
  snprintf(text, sizeof text, "address 0x%llx is not a multiple of %u", (unsigned long long)addresses[lane], bytes);
  w.engine->report(w, "misaligned", bad, text);
  return mask & ~bad;
}

uint32_t sharedLanes(Warp &w, uint32_t mask, const uint64_t *addresses, unsigned bytes, bool write, bool atomic,
                     uint8_t **pointers) {
  Engine &engine = *w.engine;
  Block &block = *w.block;
  mask = alignedLanes(w, mask, addresses, bytes);
  uint64_t size = block.shared.size(), top = 0;
  forLanes(mask, [&](unsigned l) { top = addresses[l] > top ? addresses[l] : top; });
  if (mask && (bytes > size || top > size - bytes)) {
    uint32_t bad = 0;
    forLanes(mask, [&](unsigned l) { bad |= uint32_t(bytes > size || addresses[l] > size - bytes) << l; });
    unsigned lane = unsigned(__builtin_ctz(bad));
    engine.report(w, "bounds", bad,
                  std::string(write ? "writes " : "reads ") + std::to_string(bytes) + " bytes of " +
                      engine.sharedName(addresses[lane]) + ", of which there are " + std::to_string(size) + " bytes");
    mask &= ~bad;
  }
  uint8_t *base = block.shared.data();
  if (pointers)
    forLanes(mask, [&](unsigned l) { pointers[l] = base + addresses[l]; });
  const Options &options = engine.options;
  if (!options.races && !options.uninitialised && !options.async)
    return mask;
  Shadow::Actor actor{w.index, 0, w.at, false, options.uninitialised};
  actor.atomic = atomic && write;
  actor.modifies = write && engine.insts[w.at].modifies;
  for (uint32_t m = mask; m;) {
    unsigned lane = unsigned(__builtin_ctz(m));
    uint32_t same = 1u << lane;
    m &= m - 1;
    if (!write) // lanes that read one address are one reader
      while (m && addresses[__builtin_ctz(m)] == addresses[lane]) {
        same |= m & -m;
        m &= m - 1;
      }
    actor.lane = lane;
    Finding finding = write ? block.shadow.write(actor, addresses[lane], bytes)
                            : block.shadow.read(actor, same, addresses[lane], bytes);
    if (!finding.kind)
      continue;
    if (!options.races && (finding.kind == Finding::ReadAfterWrite || finding.kind == Finding::WriteAfterRead ||
                           finding.kind == Finding::WriteAfterWrite))
      continue;
    if (atomic && (finding.kind == Finding::WriteAfterRead || finding.kind == Finding::ReadAfterWrite))
      continue;
    engine.reportFinding(w, finding, same, write && finding.kind != Finding::Uninitialised);
  }
  return mask;
}

static uint32_t globalLanes(Warp &w, uint32_t mask, const uint64_t *addresses, unsigned bytes, bool write, bool atomic,
                            uint8_t **pointers) {
  Engine &engine = *w.engine;
  mask = alignedLanes(w, mask, addresses, bytes);
  uint32_t good = 0;
  // Most accesses of a warp lie in one allocation: one look-up for all.
  uint64_t low = ~uint64_t(0), high = 0;
  forLanes(mask, [&](unsigned l) {
    low = addresses[l] < low ? addresses[l] : low;
    high = addresses[l] > high ? addresses[l] : high;
  });
  Allocation *entry = mask ? engine.memory.find(low) : nullptr;
  if (entry && entry->live && high - entry->address < entry->size && bytes <= entry->size - (high - entry->address) &&
      !(write && entry->readOnly) && entry->written.empty()) {
    uint8_t *host = entry->host - entry->address;
    forLanes(mask, [&](unsigned l) { pointers[l] = host + addresses[l]; });
    good = mask;
  } else {
    for (uint32_t m = mask; m; m &= m - 1) {
      unsigned lane = unsigned(__builtin_ctz(m));
      pointers[lane] = engine.global(w, lane, addresses[lane], bytes, write);
      good |= uint32_t(pointers[lane] != nullptr) << lane;
    }
  }
  if (write && engine.options.async)
    checkCopySources(w, good, addresses, bytes);
  if (engine.globalShadow)
    engine.globalShadow->access(w, good, addresses, bytes, write, atomic);
  if (!engine.counters.empty() && good)
    countGlobal(w, good, addresses, bytes);
  return good;
}

uint32_t accessLanes(Warp &w, Space space, uint32_t mask, uint64_t *addresses, unsigned bytes, bool write, bool atomic,
                     uint8_t **pointers) {
  Engine &engine = *w.engine;
  switch (space) {
  case Space::Global:
    return globalLanes(w, mask, addresses, bytes, write, atomic, pointers);
  case Space::Shared:
    if (!engine.counters.empty() && mask)
      countShared(w, mask, addresses, bytes);
    return sharedLanes(w, mask, addresses, bytes, write, atomic, pointers);
  case Space::Local: {
    mask = alignedLanes(w, mask, addresses, bytes);
    if (!engine.counters.empty())
      engine.counters[w.at].localBytes += uint64_t(bytes) * unsigned(__builtin_popcount(mask));
    uint64_t size = engine.code.localBytes;
    uint32_t good = 0;
    forLanes(mask, [&](unsigned l) {
      bool fits = bytes <= size && addresses[l] <= size - bytes;
      good |= uint32_t(fits) << l;
      pointers[l] = w.local.data() + l * size + addresses[l];
    });
    if (good != mask)
      engine.report(w, "bounds", mask & ~good,
                    std::string(write ? "writes " : "reads ") + std::to_string(bytes) + " bytes of local memory at " +
                        std::to_string(addresses[__builtin_ctz(mask & ~good)]) + ", of which there are " +
                        std::to_string(size));
    return good;
  }
  case Space::Param: {
    mask = alignedLanes(w, mask, addresses, bytes);
    uint64_t size = engine.params.size();
    uint32_t good = 0;
    forLanes(mask, [&](unsigned l) {
      bool fits = bytes <= size && addresses[l] <= size - bytes;
      good |= uint32_t(fits && !write) << l;
      pointers[l] = engine.params.data() + addresses[l];
    });
    if (good != mask)
      engine.report(w, "bounds", mask & ~good,
                    std::string(write ? "writes " : "reads ") + std::to_string(bytes) + " bytes of the parameters at " +
                        std::to_string(addresses[__builtin_ctz(mask & ~good)]) + ", of which there are " +
                        std::to_string(size));
    return good;
  }
  default: {
    // Generic: by the window that each lane's address lies in.
    uint32_t good = 0, rest = mask;
    while (rest) {
      uint64_t window = addresses[__builtin_ctz(rest)] >> 48;
      uint32_t same = 0;
      forLanes(rest, [&](unsigned l) { same |= uint32_t(addresses[l] >> 48 == window) << l; });
      rest &= ~same;
      Space actual = window == 1   ? Space::Shared
                     : window == 2 ? Space::Local
                     : window == 3 ? Space::Param
                                   : Space::Global;
      if (actual != Space::Global)
        forLanes(same, [&](unsigned l) { addresses[l] &= windowMask; });
      good |= accessLanes(w, actual, same, addresses, bytes, write, atomic, pointers);
    }
    return good;
  }
  }
}

namespace {

template <class M> void loadElements(Warp &w, const Inst &i, uint32_t good, uint8_t *const *pointers) {
  for (unsigned e = 0; e < i.listCount; ++e) {
    const ListSlot &entry = w.engine->code.lists[i.list + e];
    if (entry.sink)
      continue;
    auto loop = [&](auto wide) {
      using R = decltype(wide);
      R *d = lanesOf<R>(w, entry.slot);
      forLanes(good, [&](unsigned l) {
        M value;
        memcpy(&value, pointers[l] + e * sizeof(M), sizeof(M));
        d[l] = R(value);
      });
    };
    switch (entry.size) {
    case 1:
      loop(uint8_t());
      break;
    case 2:
      loop(uint16_t());
      break;
    case 4:
      loop(uint32_t());
      break;
    case 8:
      loop(uint64_t());
      break;
    default:
      loop((unsigned __int128)(0));
      break;
    }
    // A lane with a fault was reported; what it read is not reported again.
    define(w, entry.slot, w.mask, w.mask);
  }
}

/// Where a lane's pointer lies in its local memory; beyond its end if it does not.
uint64_t localOffset(const Warp &w, unsigned lane, const uint8_t *pointer) {
  uint64_t size = w.localDefined.size();
  return uint64_t(reinterpret_cast<uintptr_t>(pointer) - reinterpret_cast<uintptr_t>(w.local.data())) - lane * size;
}
bool mayBeLocal(const Warp &w, const Inst &i) {
  return !w.localDefined.empty() && (i.space == Space::Local || i.space == Space::Generic);
}

/// Undefined values pass through local memory, which is where registers go, as they do through registers.
template <class M> void loadDefined(Warp &w, const Inst &i, uint32_t good, uint8_t *const *pointers) {
  for (unsigned e = 0; e < i.listCount; ++e) {
    const ListSlot &entry = w.engine->code.lists[i.list + e];
    uint16_t bytes[32];
    uint32_t lanes = 0;
    forLanes(good, [&](unsigned l) {
      uint64_t at = localOffset(w, l, pointers[l] + e * sizeof(M));
      if (at >= w.localDefined.size())
        return;
      uint32_t known = 0;
      for (unsigned k = 0; k < sizeof(M); ++k)
        known |= (w.localDefined[at + k] >> l & 1) << k;
      bool top = known >> (sizeof(M) - 1) & 1; // what extends the value
      bytes[l] = uint16_t(known | (top || !std::is_signed_v<M> ? ~0u << sizeof(M) : 0));
      lanes |= uint32_t(bytes[l] != 0xffff) << l;
    });
    if (lanes && !entry.sink)
      defineBytes(w, entry.slot, entry.size, lanes, bytes);
  }
}
template <class M> void storeDefined(Warp &w, const Inst &i, uint32_t good, uint8_t *const *pointers) {
  for (unsigned e = 0; e < i.listCount; ++e) {
    const ListSlot &entry = w.engine->code.lists[i.list + e];
    forLanes(good, [&](unsigned l) {
      uint64_t at = localOffset(w, l, pointers[l] + e * sizeof(M));
      if (at >= w.localDefined.size())
        return;
      uint32_t known = definedBytes(w, entry.slot, l);
      for (unsigned k = 0; k < sizeof(M); ++k) {
        uint32_t &word = w.localDefined[at + k];
        word = (word & ~(1u << l)) | (known >> k & 1) << l;
      }
    });
  }
}

template <class M> void runLoad(Warp &w, const Inst &i) {
  uint64_t addresses[32];
  uint8_t *pointers[32];
  uint32_t mask = definedLanes(w, i.op[1], "an address");
  addressesOf(w, i, 1, i.imm, addresses);
  uint32_t good = accessLanes(w, i.space, mask, addresses, unsigned(sizeof(M)) * i.listCount, false, i.flagC, pointers);
  loadElements<M>(w, i, good, pointers);
  if (mayBeLocal(w, i))
    loadDefined<M>(w, i, good, pointers);
  if (i.flagA)
    orderAccess(w, i, addresses, good, false);
}

template <class M> void runStore(Warp &w, const Inst &i) {
  uint64_t addresses[32];
  uint8_t *pointers[32];
  uint32_t mask = definedLanes(w, i.op[0], "an address");
  addressesOf(w, i, 0, i.imm, addresses);
  if (i.flagA)
    orderAccess(w, i, addresses, mask, true);
  uint32_t good = accessLanes(w, i.space, mask, addresses, unsigned(sizeof(M)) * i.listCount, true, i.flagC, pointers);
  // Undefined values are reported here: only local memory remembers them.
  bool local = mayBeLocal(w, i);
  for (unsigned e = 0; e < i.listCount; ++e) {
    const ListSlot &entry = w.engine->code.lists[i.list + e];
    uint32_t bad = good & ~w.defined[entry.slot.index];
    if (!bad || entry.sink || i.space == Space::Local || i.flagB)
      continue;
    bad &= ~definedBelow(w, entry.slot, sizeof(M), bad);
    if (local)
      forLanes(bad,
               [&](unsigned l) { bad &= ~(uint32_t(localOffset(w, l, pointers[l]) < w.localDefined.size()) << l); });
    if (bad)
      w.engine->undefined(w, entry.slot, bad, "a value to store");
  }
  for (unsigned e = 0; e < i.listCount; ++e) {
    const ListSlot &entry = w.engine->code.lists[i.list + e];
    const uint8_t *source = w.r + entry.slot.offset;
    unsigned stride = entry.size;
    forLanes(good, [&](unsigned l) { memcpy(pointers[l] + e * sizeof(M), source + l * stride, sizeof(M)); });
  }
  if (local)
    storeDefined<M>(w, i, good, pointers);
  if (i.flagA)
    w.engine->event(*w.block);
}

Handler pickLoad(Type type) {
  if (isSigned(type)) {
    switch (typeSize(type)) {
    case 1:
      return runLoad<int8_t>;
    case 2:
      return runLoad<int16_t>;
    case 4:
      return runLoad<int32_t>;
    default:
      return runLoad<int64_t>;
    }
  }
  switch (typeSize(type)) {
  case 1:
    return runLoad<uint8_t>;
  case 2:
    return runLoad<uint16_t>;
  case 4:
    return runLoad<uint32_t>;
  case 8:
    return runLoad<uint64_t>;
  default:
    return runLoad<unsigned __int128>;
  }
}

Handler pickStore(Type type) {
  switch (typeSize(type)) {
  case 1:
    return runStore<uint8_t>;
  case 2:
    return runStore<uint16_t>;
  case 4:
    return runStore<uint32_t>;
  case 8:
    return runStore<uint64_t>;
  default:
    return runStore<unsigned __int128>;
  }
}

template <class T> void runMov(Warp &w, const Inst &i) {
  const T *a = lanesOf<T>(w, i.op[1]);
  T t[32];
  memcpy(t, a, sizeof t);
  store(w, i.op[0], t, w.defined[i.op[1].index]);
}

/// mov with registers in braces: joins (flagB) or splits (flagA) them.
void runPack(Warp &w, const Inst &i) {
  const ListSlot *list = &w.engine->code.lists[i.list];
  unsigned total = unsigned(i.imm3), part = total / i.listCount;
  uint32_t defined = ~0u, partMask = (1u << part) - 1;
  if (i.flagA && i.flagB)
    return;
  if (i.flagB) {
    alignas(16) uint8_t t[32][16];
    for (unsigned e = 0; e < i.listCount; ++e) {
      const uint8_t *source = w.r + list[e].slot.offset;
      for (unsigned l = 0; l < 32; ++l)
        memcpy(t[l] + e * part, source + l * list[e].size, part);
      defined &= w.defined[list[e].slot.index];
    }
    uint8_t *d = w.r + i.op[0].offset;
    forLanes(w.mask, [&](unsigned l) { memcpy(d + l * total, t[l], total); });
    if (!(w.mask & ~defined))
      return define(w, i.op[0], w.mask, defined);
    uint16_t bytes[32] = {};
    for (unsigned e = 0; e < i.listCount; ++e)
      forLanes(w.mask,
               [&](unsigned l) { bytes[l] |= uint16_t((definedBytes(w, list[e].slot, l) & partMask) << (e * part)); });
    defineBytes(w, i.op[0], total, w.mask, bytes);
    return;
  }
  alignas(16) uint8_t t[32 * 16];
  memcpy(t, w.r + i.op[1].offset, 32 * total);
  defined = w.defined[i.op[1].index];
  for (unsigned e = 0; e < i.listCount; ++e) {
    if (list[e].sink)
      continue;
    uint8_t *d = w.r + list[e].slot.offset;
    forLanes(w.mask, [&](unsigned l) { memcpy(d + l * list[e].size, t + l * total + e * part, part); });
    if (!(w.mask & ~defined)) {
      define(w, list[e].slot, w.mask, defined);
      continue;
    }
    uint16_t bytes[32];
    forLanes(w.mask, [&](unsigned l) { bytes[l] = uint16_t(definedBytes(w, i.op[1], l) >> (e * part) & partMask); });
    defineBytes(w, list[e].slot, part, w.mask, bytes);
  }
}

void runClock(Warp &w, const Inst &i) {
  uint64_t now = w.engine->result.steps + w.at; // moves on, the same in every run
  forLanes(w.mask, [&](unsigned l) { setLane(w, i.op[0], i.opSize[0], l, i.flagC ? 0 : now); });
  define(w, i.op[0], w.mask, w.mask);
}

uint64_t windowOf(Space space) {
  return space == Space::Shared  ? sharedWindow
         : space == Space::Local ? localWindow
         : space == Space::Param ? paramWindow
                                 : 0;
}

template <class T> void runCvta(Warp &w, const Inst &i) {
  const T *a = lanesOf<T>(w, i.op[1]);
  T t[32];
  uint64_t window = windowOf(i.space);
  uint32_t bad = 0;
  for (unsigned l = 0; l < 32; ++l) {
    if (i.flagC) { // to the space
      bad |= uint32_t(window && sizeof(T) == 8 && (uint64_t(a[l]) & ~windowMask) != window) << l;
      t[l] = T(window ? a[l] & T(windowMask) : a[l]);
    } else {
      t[l] = T(a[l] | T(window));
    }
  }
  uint32_t defined = w.defined[i.op[1].index];
  bad &= w.mask & defined;
  if (bad)
    w.engine->report(w, "bounds", bad,
                     "a generic address that is not in " + std::string(spaceName(i.space)) + " memory");
  store(w, i.op[0], t, defined);
}

void runIsspacep(Warp &w, const Inst &i) {
  const uint64_t *a = lanesOf<uint64_t>(w, i.op[1]);
  uint64_t window = windowOf(i.space);
  uint32_t bits = 0;
  for (unsigned l = 0; l < 32; ++l) {
    bool is = (a[l] & ~windowMask) == window;
    if (i.flagC) { // .const: a read-only allocation
      Allocation *entry = w.engine->memory.find(a[l]);
      is = entry && entry->readOnly;
    }
    bits |= uint32_t(is) << l;
  }
  setPredicate(w, i.op[0], bits);
  define(w, i.op[0], w.mask, w.defined[i.op[1].index]);
}

void runMapa(Warp &w, const Inst &i) {
  const uint32_t *rank = lanesOf<uint32_t>(w, i.op[2]);
  uint32_t bad = 0;
  forLanes(w.mask, [&](unsigned l) { bad |= uint32_t(rank[l] != 0) << l; });
  if (bad)
    w.engine->report(w, "bounds", bad,
                     "block " + std::to_string(rank[__builtin_ctz(bad)]) + " of a cluster of one block");
  forLanes(w.mask, [&](unsigned l) { setLane(w, i.op[0], i.opSize[0], l, laneValue(w, i.op[1], i.opSize[1], l)); });
  define(w, i.op[0], w.mask, w.defined[i.op[1].index]);
}

void runZero(Warp &w, const Inst &i) {
  forLanes(w.mask, [&](unsigned l) { setLane(w, i.op[0], i.opSize[0], l, 0); });
  define(w, i.op[0], w.mask, w.mask);
}

} // namespace

void selectMov(Selection &s) {
  unsigned size = typeSize(s.type());
  if (s.out.listCount) {
    s.out.imm3 = size;
    if (s.out.flagA && s.out.flagB)
      s.error = "mov expects braces on one side only";
    s.out.run = runPack;
    return;
  }
  const Operand *source = s.operand(1);
  if (source && source->kind == Operand::SpecialReg && source->special >= Special::Clock) {
    s.out.flagC = source->special == Special::ClockHi || source->special == Special::GlobalTimerHi;
    s.out.run = runClock;
    return;
  }
  s.out.run = size == 2   ? runMov<uint16_t>
              : size == 4 ? runMov<uint32_t>
              : size == 8 ? runMov<uint64_t>
                          : runMov<unsigned __int128>;
}

/// flagA: a synchronising access (orders, lets others run); flagC: no race with others of its kind.
static void selectAccess(Selection &s) {
  bool strong = s.has("relaxed") || s.has("acquire") || s.has("release") || s.has("volatile");
  s.out.flagA = strong && s.out.space != Space::Local && s.out.space != Space::Param;
  s.out.flagC = s.out.flagA && !(s.has("volatile") && s.out.space == Space::Shared);
  s.out.target = s.has("acquire") ? 1 : s.has("release") ? 2 : 0;
  s.out.size = uint8_t(typeSize(s.type()));
  unsigned bytes = s.out.size * s.out.listCount;
  bool wide = bytes > 16 || s.out.listCount > 4;
  if (bytes > 32 || (bytes & (bytes - 1)) || (wide && (s.out.size < 4 || !s.has("global"))))
    s.error = "'" + s.inst.spelling() + "' is wider than an access can be";
  else if (wide && (s.module.sm < 100 || s.module.isaMajor * 10 + s.module.isaMinor < 88))
    s.error = "'" + s.inst.spelling() + "' of 32 bytes needs .version 8.8 and .target sm_100";
}
void selectLd(Selection &s) {
  selectAccess(s);
  s.out.run = pickLoad(s.type());
}
void selectSt(Selection &s) {
  selectAccess(s);
  s.out.run = pickStore(s.type());
}
void selectCvta(Selection &s) {
  s.out.flagC = s.has("to");
  for (const std::string &m : s.inst.modifiers)
    if (m == "param")
      s.out.space = Space::Param;
  s.out.run = s.type() == Type::U32 ? runCvta<uint32_t> : runCvta<uint64_t>;
  if (s.type() == Type::U32)
    s.error = "opcode '" + s.inst.spelling() + "' is not supported: addresses have 64 bits";
}
void selectIsspacep(Selection &s) {
  s.out.flagC = s.has("const");
  s.out.run = runIsspacep;
}
void selectMapa(Selection &s) { s.out.run = runMapa; }
void selectGetctarank(Selection &s) { s.out.run = runZero; }
void selectPolicy(Selection &s) { s.out.run = runZero; }

} // namespace aic::ptx
