// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// atom and red. Lanes of one instruction take effect one after the other, in an order that the seed permutes.
#include "Access.h"
#include "Exec.h"
#include "GlobalShadow.h"
#include "Half.h"

namespace aic::ptx {

namespace {

enum Operation : int64_t { AtomAdd, AtomMin, AtomMax, AtomAnd, AtomOr, AtomXor, AtomExch, AtomInc, AtomDec, AtomCas };

float addHalf(uint16_t a, uint16_t b, bool bf) {
  return bf ? bfloatToFloat(a) + bfloatToFloat(b) : halfToFloat(a) + halfToFloat(b);
}
uint16_t packHalf(float f, bool bf) { return bf ? floatToBfloat(f) : floatToHalf(f); }

uint64_t apply(Type type, int64_t op, uint64_t old, uint64_t value, uint64_t compare) {
  switch (op) {
  case AtomExch:
    return value;
  case AtomCas:
    return old == compare ? value : old;
  case AtomAnd:
    return old & value;
  case AtomOr:
    return old | value;
  case AtomXor:
    return old ^ value;
  case AtomInc:
    return uint32_t(old) >= uint32_t(value) ? 0 : old + 1;
  case AtomDec:
    return !uint32_t(old) || uint32_t(old) > uint32_t(value) ? value : old - 1;
  case AtomMin:
  case AtomMax: {
    bool less;
    switch (type) {
    case Type::S32:
      less = int32_t(value) < int32_t(old);
      break;
    case Type::S64:
      less = int64_t(value) < int64_t(old);
      break;
    default:
      less = value < old;
      break;
    }
    if (value == old)
      return old;
    return less == (op == AtomMin) ? value : old;
  }
  default:
    break;
  }
  switch (type) {
  case Type::F32: {
    float r = bitcast<float>(uint32_t(old)) + bitcast<float>(uint32_t(value));
    return bitcast<uint32_t>(r);
  }
  case Type::F64:
    return bitcast<uint64_t>(bitcast<double>(old) + bitcast<double>(value));
  case Type::F16:
  case Type::BF16:
    return packHalf(addHalf(uint16_t(old), uint16_t(value), type == Type::BF16), type == Type::BF16);
  case Type::F16x2:
  case Type::BF16x2: {
    bool bf = type == Type::BF16x2;
    uint64_t low = packHalf(addHalf(uint16_t(old), uint16_t(value), bf), bf);
    uint64_t high = packHalf(addHalf(uint16_t(old >> 16), uint16_t(value >> 16), bf), bf);
    return high << 16 | low;
  }
  default:
    return old + value;
  }
}

/// imm2: operation; target: type; flagA: has a result; flagB: cas; op: [d,] address, b, [c]; imm3 bit 0 acquire, 1
/// release.
void runAtomic(Warp &w, const Inst &i) {
  Engine &engine = *w.engine;
  unsigned address = i.flagA ? 1 : 0;
  uint64_t addresses[32];
  uint8_t *pointers[32];
  uint32_t mask = definedLanes(w, i.op[address], "an address");
  if (i.flagB)
    mask &= definedLanes(w, i.op[address + 1], "a value for an atomic");
  addressesOf(w, i, address, i.imm, addresses);
  unsigned count = i.listCount ? i.listCount : 1, size = i.size;
  Space space = i.space;
  GlobalShadow *shadow = i.blockScope ? nullptr : engine.globalShadow.get();
  if ((i.imm3 & 2) && shadow) // release: before the value is seen
    forLanes(mask, [&](unsigned l) {
      if (i.flagC)
        shadow->releaseRelaxed(w, addresses[l]);
      else
        shadow->release(w, addresses[l]);
    });
  uint32_t good = accessLanes(w, space, mask, addresses, size * count, true, true, pointers);
  bool changed = false;
  unsigned start = engine.options.seed ? engine.random.below(32) : 0;
  for (unsigned k = 0; k < 32; ++k) {
    unsigned lane = (k + start) & 31;
    if (!(good >> lane & 1))
      continue;
    for (unsigned e = 0; e < count; ++e) {
      Slot valueSlot = i.listCount ? engine.code.lists[i.list + e].slot : i.op[address + 1 + (i.flagB ? 1 : 0)];
      unsigned valueSize = i.listCount ? engine.code.lists[i.list + e].size : i.opSize[address + 1 + (i.flagB ? 1 : 0)];
      if (!(w.defined[valueSlot.index] >> lane & 1))
        engine.undefined(w, valueSlot, 1u << lane, "a value for an atomic");
      uint64_t value = laneValue(w, valueSlot, valueSize, lane);
      uint64_t compare = i.flagB ? laneValue(w, i.op[address + 1], i.opSize[address + 1], lane) : 0;
      uint64_t old = 0;
      memcpy(&old, pointers[lane] + e * size, size);
      uint64_t next = apply(Type(i.target), i.imm2, old, value, compare);
      changed |= next != old;
      memcpy(pointers[lane] + e * size, &next, size);
      if (i.flagA)
        setLane(w, i.op[0], i.opSize[0], lane, old);
    }
  }
  if (i.flagA)
    define(w, i.op[0], w.mask, w.mask);
  if ((i.imm3 & 1) && shadow)
    forLanes(good, [&](unsigned l) { shadow->acquire(w, addresses[l]); });
  const uint8_t *shared = w.block->shared.data();
  if (space == Space::Shared || space == Space::Generic) // atomics on shared memory order the threads that meet there
    forLanes(good, [&](unsigned l) {
      if (pointers[l] < shared || pointers[l] >= shared + w.block->shared.size())
        return;
      Release &release = w.block->published[uint32_t(addresses[l])];
      if (i.imm3 & 1)
        w.block->clocks.acquire(w.index, 1u << l, w.live, release);
      if (i.imm3 & 2)
        w.block->clocks.release(w.index, 1u << l, release);
    });
  if (changed)
    engine.event(*w.block);
  if (i.flagA)
    yieldGroup(w);
}

void select(Selection &s, bool result) {
  static const char *const names[] = {"add", "min", "max", "and", "or", "xor", "exch", "inc", "dec", "cas"};
  for (int k = 0; k < 10; ++k)
    if (s.has(names[k]))
      s.out.imm2 = k;
  Type type = s.type();
  bool bits = type == Type::B16 || type == Type::B32 || type == Type::B64;
  bool logic = s.out.imm2 == AtomAnd || s.out.imm2 == AtomOr || s.out.imm2 == AtomXor || s.out.imm2 == AtomExch;
  bool fits = s.out.imm2 == AtomCas                            ? bits || !isFloat(type)
              : logic                                          ? bits
              : s.out.imm2 == AtomAdd                          ? !bits
              : s.out.imm2 == AtomInc || s.out.imm2 == AtomDec ? type == Type::U32
                                                               : !bits && !isFloat(type);
  if (!fits)
    s.error = "opcode '" + s.inst.spelling() + "' does not exist";
  s.out.target = uint32_t(type);
  s.out.size = uint8_t(typeSize(type));
  s.out.flagA = result;
  s.out.flagB = s.out.imm2 == AtomCas;
  s.out.modifies = s.out.imm2 != AtomExch;
  bool acquire = s.has("acquire") || s.has("acq_rel"), release = s.has("release") || s.has("acq_rel");
  // Without a word an atomic is relaxed: it passes on what a fence stands behind, and is taken to acquire.
  bool relaxed = s.has("relaxed") || (!acquire && !release);
  s.out.flagC = !release;
  s.out.imm3 = (acquire || relaxed ? 1 : 0) | (release || relaxed ? 2 : 0);
  s.code.usesGlobalSync = true;
  s.out.run = runAtomic;
}

} // namespace

void selectAtom(Selection &s) { select(s, true); }
void selectRed(Selection &s) { select(s, false); }

} // namespace aic::ptx
