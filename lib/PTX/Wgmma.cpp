// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// wgmma. Each warp of a warpgroup computes its own 16 of the 64 rows, so the four need not meet; that they issue the
// same instruction with the same descriptors is checked by their sequence. An operation is queued at issue, its
// accumulators are taken out of the register file, and it reads shared memory at the wait that covers it.
//
// A descriptor holds address >> 4 (14 bits), leading and stride byte offset >> 4 at bits 16 and 32, the swizzle at 62
// (1: 128, 2: 64, 3: 32 bytes, 0: none). Operands are read in chunks of 16 bytes.
#include "Wgmma.h"
#include "Exec.h"
#include "Half.h"

namespace aic::ptx {

namespace {

bool tracking(const Engine &engine) {
  return engine.options.races || engine.options.async || engine.options.uninitialised;
}

unsigned swizzleBits(uint64_t descriptor) {
  unsigned mode = unsigned(descriptor >> 62);
  return mode == 0 ? 0 : 4 - mode; // for swizzled(): 3 is 128 bytes
}

/// Address of the chunk that holds element (r, k) of an operand, and the element's byte within it.
uint64_t chunkAddress(uint64_t d, bool kMajor, unsigned r, unsigned k, unsigned size) {
  uint64_t base = (d & 0x3fff) << 4, leading = (d >> 16 & 0x3fff) << 4, stride = (d >> 32 & 0x3fff) << 4;
  unsigned bits = swizzleBits(d);
  uint64_t address = base;
  if (kMajor) {
    unsigned bytes = k * size;
    if (bits)
      address += (r / 8) * stride + (r % 8) * (16u << bits) + bytes;
    else
      address += (r / 8) * stride + (bytes / 16) * leading + (r % 8) * 16 + bytes % 16;
  } else {
    unsigned span = bits ? (16u << bits) / size : 16 / size; // elements along r in one row of the pattern
    if (bits)
      address += (r / span) * leading + (k / 8) * stride + (k % 8) * (16u << bits) + (r % span) * size;
    else
      address += (r / span) * stride + (k / 8) * leading + (k % 8) * 16 + (r % span) * size;
  }
  return swizzled(address, bits);
}

float toFloat(Type type, const uint8_t *p) {
  uint16_t h;
  uint32_t u;
  switch (type) {
  case Type::F16:
    memcpy(&h, p, 2);
    return halfToFloat(h);
  case Type::BF16:
    memcpy(&h, p, 2);
    return bfloatToFloat(h);
  case Type::TF32:
    memcpy(&u, p, 4);
    return tf32Operand(u);
  case Type::E4M3:
    return e4m3ToFloat(*p);
  case Type::E5M2:
    return e5m2ToFloat(*p);
  case Type::S8:
    return float(int8_t(*p));
  default:
    return float(*p);
  }
}

/// imm2: n | k << 16; target: types of D, A, B; imm3 bits: 0 A from registers, 1 negate A, 2 negate B, 3 transpose A,
/// 4 transpose B, 5 scale-d is a constant, 6 that constant. op: 1 A, 2 B, 3 scale-d. Lists: D, then A.
struct Form {
  unsigned n, k;
  Type d, a, b;
  bool aRegisters, negateA, negateB, transposeA, transposeB, scaleConstant, scale;
  unsigned accumulators() const { return d == Type::F16 ? n / 4 : n / 2; }
};
Form formOf(const Inst &i) {
  Form f;
  f.n = unsigned(i.imm2 & 0xffff);
  f.k = unsigned(i.imm2 >> 16);
  f.d = Type(i.target & 0xff), f.a = Type(i.target >> 8 & 0xff), f.b = Type(i.target >> 16 & 0xff);
  int64_t b = i.imm3;
  f.aRegisters = b & 1, f.negateA = b & 2, f.negateB = b & 4, f.transposeA = b & 8, f.transposeB = b & 16;
  f.scaleConstant = b & 32, f.scale = b & 64;
  return f;
}

/// Calls f with every 16-byte chunk of rows [first, first + count) of an operand; false if one lies outside.
template <class F>
bool forChunks(uint64_t d, bool kMajor, unsigned first, unsigned count, unsigned k, unsigned size, size_t limit,
               F &&f) {
  unsigned per = 16 / size;
  if (kMajor) {
    for (unsigned r = first; r < first + count; ++r)
      for (unsigned x = 0; x < k; x += per) {
        uint64_t address = chunkAddress(d, true, r, x, size);
        if (address + 16 > limit)
          return false;
        f(address);
      }
  } else {
    for (unsigned x = 0; x < k; ++x)
      for (unsigned r = first; r < first + count; r += per) {
        uint64_t address = chunkAddress(d, false, r, x, size);
        if (address + 16 > limit)
          return false;
        f(address);
      }
  }
  return true;
}

/// Rows of an operand as floats, element (r, x) at out[r * k + x]. Unsigned and signed bytes are exact in a float.
void loadOperand(const Block &block, uint64_t d, bool kMajor, unsigned first, unsigned count, unsigned k, Type type,
                 float *out) {
  unsigned size = typeSize(type);
  for (unsigned r = 0; r < count; ++r)
    for (unsigned x = 0; x < k; ++x)
      out[r * k + x] = toFloat(type, block.shared.data() + chunkAddress(d, kMajor, first + r, x, size));
}

uint64_t uniform(Warp &w, const Inst &i, unsigned op) {
  const uint64_t *v = lanesOf<uint64_t>(w, i.op[op]);
  uint64_t first = v[__builtin_ctz(w.mask)];
  uint32_t odd = 0;
  forLanes(w.mask, [&](unsigned l) { odd |= uint32_t(v[l] != first) << l; });
  if (odd && w.engine->options.divergence)
    w.engine->report(w, "divergence", odd, "the descriptor differs between the lanes of the warp");
  if (uint32_t bad = w.mask & ~w.defined[i.op[op].index])
    w.engine->undefined(w, i.op[op], bad, "a descriptor");
  return first;
}

void execute(Warp &w, WgmmaOp &op) {
  Engine &engine = *w.engine;
  Block &block = *w.block;
  const Inst &i = engine.insts[op.pc];
  Form f = formOf(i);
  unsigned row = (w.index % 4) * 16, size = typeSize(f.a);
  std::vector<float> a(16 * f.k), b(size_t(f.n) * f.k);
  if (f.aRegisters) {
    unsigned per = 4 / size;
    for (unsigned r = 0; r < 4; ++r)
      for (unsigned l = 0; l < 32; ++l)
        for (unsigned e = 0; e < per; ++e) {
          uint8_t bytes[4];
          memcpy(bytes, &op.aRegisters[r * 32 + l], 4);
          a[(l / 4 + 8 * (r & 1)) * f.k + per * (l % 4) + e + 4 * per * (r >> 1)] = toFloat(f.a, bytes + e * size);
        }
  } else {
    loadOperand(block, op.a, !f.transposeA, row, 16, f.k, f.a, a.data());
  }
  loadOperand(block, op.b, !f.transposeB, 0, f.n, f.k, f.b, b.data());
  float sign = f.negateA != f.negateB ? -1.0f : 1.0f;
  std::vector<float> column(f.n);
  std::vector<float> bt(size_t(f.n) * f.k);
  for (unsigned c = 0; c < f.n; ++c)
    for (unsigned x = 0; x < f.k; ++x)
      bt[x * f.n + c] = b[c * f.k + x];
  const ListSlot *lists = &engine.code.lists[i.list];
  bool integer = f.d == Type::S32;
  auto accumulator = [&](unsigned j) -> uint32_t * { return w.async.accumulators[lists[j].slot.offset].value; };
  for (unsigned r = 0; r < 16; ++r) {
    // Lane and register of (r, c): g = r % 8, t = c / 2 % 4; register 4 (c / 8) + 2 (r / 8) + c % 2.
    auto at = [&](unsigned c, unsigned &reg, unsigned &lane) {
      lane = (r % 8) * 4 + (c / 2) % 4;
      reg = f.d == Type::F16 ? (c / 8) * 2 + r / 8 : (c / 8) * 4 + (r / 8) * 2 + c % 2;
    };
    if (integer) {
      for (unsigned c = 0; c < f.n; ++c) {
        unsigned reg, lane;
        at(c, reg, lane);
        int64_t sum = op.scaleD ? int32_t(accumulator(reg)[lane]) : 0;
        for (unsigned x = 0; x < f.k; ++x)
          sum += int64_t(a[r * f.k + x]) * int64_t(bt[x * f.n + c]);
        if (i.flagA)
          sum = sum > INT32_MAX ? INT32_MAX : sum < INT32_MIN ? INT32_MIN : sum;
        accumulator(reg)[lane] = uint32_t(uint64_t(sum));
      }
      continue;
    }
    for (unsigned c = 0; c < f.n; ++c) {
      unsigned reg, lane;
      at(c, reg, lane);
      uint32_t old = accumulator(reg)[lane];
      column[c] = !op.scaleD         ? 0.0f
                  : f.d == Type::F16 ? halfToFloat(uint16_t(old >> (16 * (c % 2))))
                                     : bitcast<float>(old);
    }
    for (unsigned x = 0; x < f.k; ++x) {
      float v = sign * a[r * f.k + x];
      const float *line = &bt[x * f.n];
      for (unsigned c = 0; c < f.n; ++c)
        column[c] += v * line[c];
    }
    for (unsigned c = 0; c < f.n; ++c) {
      unsigned reg, lane;
      at(c, reg, lane);
      uint32_t &out = accumulator(reg)[lane];
      if (f.d == Type::F16)
        out = (out & ~(0xffffu << (16 * (c % 2)))) | uint32_t(floatToHalf(column[c])) << (16 * (c % 2));
      else
        out = bitcast<uint32_t>(column[c]);
    }
  }
  if (!engine.counters.empty()) {
    LineCounters &counter = engine.counters[op.pc];
    ++counter.mma;
    counter.flops += 2ull * 16 * f.n * f.k;
  }
  if (tracking(engine)) {
    Shadow::Actor actor{w.index, 0, op.pc, true, false};
    actor.any = true;
    auto end = [&](uint64_t address) { block.shadow.endRead(actor, ~0u, address, 16); };
    if (!f.aRegisters)
      forChunks(op.a, !f.transposeA, row, 16, f.k, size, block.shared.size(), end);
    forChunks(op.b, !f.transposeB, 0, f.n, f.k, size, block.shared.size(), end);
  }
}

void runWgmma(Warp &w, const Inst &i) {
  if (!wholeWarp(w))
    return;
  Engine &engine = *w.engine;
  Block &block = *w.block;
  if (w.live != ~0u)
    return;
  if ((w.index | 3) >= block.warps.size() && engine.options.divergence)
    engine.report(w, "divergence", w.mask,
                  "needs a warpgroup of 4 warps, this one has " + std::to_string(block.warps.size() % 4));
  Form f = formOf(i);
  WgmmaOp op;
  op.pc = w.at;
  op.group = w.async.wgmmaGroups;
  unsigned size = typeSize(f.a);
  const ListSlot *lists = &engine.code.lists[i.list];
  if (!f.aRegisters)
    op.a = uniform(w, i, 1);
  op.b = uniform(w, i, 2);
  if (f.scaleConstant) {
    op.scaleD = f.scale;
  } else {
    uint32_t p = truth(w, i, 3) & w.mask;
    if (p && p != w.mask && engine.options.divergence)
      engine.report(w, "divergence", p, "scale-d differs between the lanes of the warp");
    if (uint32_t bad = w.mask & ~w.defined[i.op[3].index])
      engine.undefined(w, i.op[3], bad, "scale-d");
    op.scaleD = p != 0;
  }
  // The four warps of a warpgroup issue the same sequence.
  uint64_t key = uint64_t(w.index / 4) << 32 | w.async.wgmmaCount++;
  auto first = block.wgmmaIssued.emplace(key, std::array<uint64_t, 3>{w.at, op.a, op.b});
  if (!first.second && engine.options.divergence) {
    const auto &other = first.first->second;
    if (other[0] != w.at || other[1] != op.a || other[2] != op.b)
      engine.report(w, "divergence", w.mask, "the warps of a warpgroup issue different operations or descriptors",
                    uint32_t(other[0]));
  }
  unsigned nd = f.accumulators();
  uint32_t undefinedLanes = 0;
  Slot undefinedSlot;
  AsyncState &async = w.async;
  if (!async.wgmmaFenced && engine.options.async)
    engine.report(w, "async", w.mask, "registers of wgmma were accessed without a wgmma.fence behind that");
  for (unsigned r = 0; r < nd; ++r) {
    auto known = async.accumulators.emplace(lists[r].slot.offset, Accumulator());
    async.wgmmaRegisters.insert(lists[r].slot.index);
    Accumulator &acc = known.first->second;
    if (known.second || !acc.pending) {
      memcpy(acc.value, w.r + lists[r].slot.offset, 128);
      acc.slot = lists[r].slot;
      if (op.scaleD && (w.mask & ~w.defined[lists[r].slot.index]) && !undefinedLanes) {
        undefinedLanes = w.mask & ~w.defined[lists[r].slot.index];
        undefinedSlot = lists[r].slot;
      }
      if (engine.options.async) {
        memset(w.r + lists[r].slot.offset, 0xff, 128);
        define(w, lists[r].slot, ~0u, 0);
      }
    }
    ++acc.pending;
  }
  if (undefinedLanes)
    engine.undefined(w, undefinedSlot, undefinedLanes, "an accumulator");
  if (f.aRegisters) {
    op.aRegisters.resize(128);
    for (unsigned r = 0; r < 4; ++r) {
      memcpy(&op.aRegisters[r * 32], w.r + lists[nd + r].slot.offset, 128);
      async.wgmmaRegisters.insert(lists[nd + r].slot.index);
      if (uint32_t bad = w.mask & ~w.defined[lists[nd + r].slot.index])
        engine.undefined(w, lists[nd + r].slot, bad, "a fragment");
    }
  }
  bool outside = false;
  Finding worst;
  auto begin = [&](uint64_t address) {
    if (!tracking(engine))
      return;
    Finding finding = block.shadow.beginRead({w.index, 0, w.at, true, true}, address, 16);
    if (finding.kind && !worst.kind)
      worst = finding;
  };
  unsigned row = (w.index % 4) * 16;
  if (!f.aRegisters)
    outside |= !forChunks(op.a, !f.transposeA, row, 16, f.k, size, block.shared.size(), begin);
  outside |= !forChunks(op.b, !f.transposeB, 0, f.n, f.k, size, block.shared.size(), begin);
  if (worst.kind && engine.options.races)
    engine.reportFinding(w, worst, w.mask, false);
  if (outside) {
    engine.report(w, "bounds", w.mask,
                  "a matrix lies outside shared memory, of which there are " + std::to_string(block.shared.size()) +
                      " bytes");
    engine.stopping = true; // what it would compute is nothing
    return;
  }
  async.wgmmas.push_back(std::move(op));
  AsyncMode mode = engine.options.asyncMode;
  if (!engine.options.async || mode == AsyncMode::Early || (mode == AsyncMode::Random && engine.random.below(2)))
    flushWgmma(w);
}

} // namespace

/// In issue order, up to and including the newest one: accumulators chain them.
void flushWgmma(Warp &w) {
  for (WgmmaOp &op : w.async.wgmmas)
    if (!op.executed) {
      execute(w, op);
      op.executed = true;
    }
}

void finishWgmma(Warp &w) {
  if (w.async.wgmmas.empty())
    return;
  if (w.engine->options.async)
    w.engine->reportAt(*w.block, "async", w.async.wgmmas.front().pc, w.index * 32,
                       "the warp ends while this wgmma is in flight: no wgmma.wait_group covers it");
  w.async.wgmmas.clear();
}

void checkWarpgroups(Block &block) {
  for (size_t first = 0; first + 4 <= block.warps.size(); first += 4) {
    auto count = [&](size_t k) { return block.warps[first + k].async.wgmmaCount; };
    for (size_t k = 1; k < 4; ++k) {
      if (count(k) == count(0))
        continue;
      size_t more = count(k) > count(0) ? k : 0;
      Engine &engine = *block.warps[first].engine;
      uint64_t key = uint64_t(first / 4) << 32 | std::min(count(0), count(k));
      if (engine.options.divergence)
        engine.reportAt(block, "divergence", uint32_t(block.wgmmaIssued[key][0]), unsigned(first + more) * 32,
                        "the warps of a warpgroup issue different numbers of wgmma: warp " + std::to_string(first) +
                            " " + std::to_string(count(0)) + ", warp " + std::to_string(first + k) + " " +
                            std::to_string(count(k)));
      break;
    }
  }
}

static void waitWgmma(Warp &w, uint32_t keep) {
  AsyncState &async = w.async;
  size_t done = 0;
  while (done < async.wgmmas.size() && uint64_t(async.wgmmas[done].group) + keep < async.wgmmaGroups)
    ++done;
  for (size_t k = 0; k < done; ++k) {
    WgmmaOp &op = async.wgmmas[k];
    if (!op.executed)
      execute(w, op);
    const Inst &i = w.engine->insts[op.pc];
    const ListSlot *lists = &w.engine->code.lists[i.list];
    for (unsigned r = 0, n = formOf(i).accumulators(); r < n; ++r)
      --async.accumulators[lists[r].slot.offset].pending;
  }
  async.wgmmas.erase(async.wgmmas.begin(), async.wgmmas.begin() + long(done));
  for (auto entry = async.accumulators.begin(); entry != async.accumulators.end();) {
    Accumulator &acc = entry->second;
    if (acc.pending) {
      ++entry;
      continue;
    }
    memcpy(w.r + acc.slot.offset, acc.value, 128);
    w.defined[acc.slot.index] = ~0u;
    entry = async.accumulators.erase(entry);
  }
}

void checkWgmmaRegisters(Warp &w, const Inst &i) {
  AsyncState &async = w.async;
  if (i.run == runWgmma)
    return;
  auto touch = [&](Slot slot) {
    if (!async.wgmmaRegisters.count(slot.index))
      return;
    auto found = async.accumulators.find(slot.offset);
    if (found != async.accumulators.end() && found->second.pending && w.engine->options.async) {
      const std::string &name = w.engine->code.registerNames[slot.index];
      w.engine->report(w, "async", w.mask,
                       "accumulator '" + name + "' is accessed before the wgmma.wait_group that covers it",
                       async.wgmmas.empty() ? ~0u : async.wgmmas.front().pc);
    }
    async.wgmmaFenced = false;
  };
  for (const Slot &slot : i.op)
    if (slot.index > 1)
      touch(slot);
  for (uint32_t k = 0; k < i.listCount; ++k)
    touch(w.engine->code.lists[i.list + k].slot);
}

static void runWgmmaFence(Warp &w, const Inst &) {
  if (wholeWarp(w))
    w.async.wgmmaFenced = true;
}
static void runWgmmaCommit(Warp &w, const Inst &) {
  if (wholeWarp(w))
    ++w.async.wgmmaGroups;
}
static void runWgmmaWait(Warp &w, const Inst &i) {
  if (wholeWarp(w))
    waitWgmma(w, uint32_t(i.imm3));
}

void selectWgmmaFence(Selection &s) {
  s.code.usesAsyncProxy = true;
  s.out.run = runWgmmaFence;
}
void selectWgmmaCommit(Selection &s) { s.out.run = runWgmmaCommit; }
void selectWgmmaWait(Selection &s) {
  if (s.out.imm3 < 0 || s.out.imm3 > 7)
    s.error = "expected 0 to 7 groups, got " + std::to_string(s.out.imm3);
  s.out.run = runWgmmaWait;
}

void selectWgmma(Selection &s) {
  auto fail = [&](std::string text) { s.error = "'" + s.inst.spelling() + "': " + text; };
  Inst &out = s.out;
  s.code.usesAsyncProxy = true;
  out.run = runWgmma;
  unsigned n = 0, k = 0;
  for (const std::string &m : s.inst.modifiers)
    if (m.rfind("m64n", 0) == 0)
      sscanf(m.c_str(), "m64n%uk%u", &n, &k);
  Type d = s.type(0), a = s.type(1), b = s.type(2);
  bool integer = d == Type::S32;
  if (n < 8 || n > 256 || n % 8 || (integer && n > 32 && n % 16))
    return fail("no shape with n = " + std::to_string(n));
  const Operand *list = s.operand(0), *first = s.operand(1), *second = s.operand(2), *scale = s.operand(3);
  unsigned want = d == Type::F16 ? n / 4 : n / 2;
  if (list->kind != Operand::Vector || list->elements.size() != want)
    return fail("operand 1: expected " + std::to_string(want) + " registers in braces");
  auto isRegister = [&](const Operand &o, unsigned size) {
    return o.kind == Operand::Reg && o.reg >= 0 && s.function.registers[unsigned(o.reg)].type != Type::Pred &&
           typeSize(s.function.registers[unsigned(o.reg)].type) == size;
  };
  for (const Operand &o : list->elements)
    if (!isRegister(o, 4))
      return fail("operand 1: expected registers of 32 bits");
  int64_t bits = 0;
  if (first->kind == Operand::Vector) {
    bits |= 1;
    if (first->elements.size() != 4)
      return fail("operand 2: expected 4 registers in braces or a descriptor");
    for (const Operand &o : first->elements)
      if (!isRegister(o, 4))
        return fail("operand 2: expected registers of 32 bits");
  } else if (!isRegister(*first, 8)) {
    return fail("operand 2: expected 4 registers in braces or a 64-bit descriptor");
  }
  if (!isRegister(*second, 8))
    return fail("operand 3: expected a 64-bit descriptor");
  if (scale->kind == Operand::Integer || scale->kind == Operand::Bool)
    bits |= 32 | (scale->value ? 64 : 0);
  else if (scale->kind != Operand::Reg || scale->reg < 0 ||
           s.function.registers[unsigned(scale->reg)].type != Type::Pred)
    return fail("operand 4: expected a predicate");
  auto immediate = [&](unsigned o, int64_t low, int64_t high) -> int64_t {
    const Operand *op = s.operand(o);
    if (!op || op->kind != Operand::Integer || op->value < low || op->value > high) {
      fail("operand " + std::to_string(o + 1) + ": expected a constant from " + std::to_string(low) + " to " +
           std::to_string(high));
      return 0;
    }
    return op->value;
  };
  if (!integer) {
    for (unsigned o = 4; o < 6; ++o) {
      int64_t v = immediate(o, -1, 1);
      if (s.error.empty() && v == 0)
        return fail("operand " + std::to_string(o + 1) + ": expected 1 or -1");
      bits |= v < 0 ? (o == 4 ? 2 : 4) : 0;
    }
    bool half = a == Type::F16 || a == Type::BF16;
    unsigned o = 6;
    if (half && !(bits & 1))
      bits |= immediate(o++, 0, 1) ? 8 : 0;
    if (half)
      bits |= immediate(o++, 0, 1) ? 16 : 0;
    if (s.operand(o))
      return fail("expected " + std::to_string(o) + " operands");
  }
  out.imm2 = int64_t(n | k << 16);
  out.imm3 = bits;
  out.target = uint32_t(d) | uint32_t(a) << 8 | uint32_t(b) << 16;
  out.flagA = s.has("satfinite");
}

} // namespace aic::ptx
