// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// mma.sync, ldmatrix, stmatrix, movmatrix. With g = lane / 4, t = lane % 4 and P elements in a register, register i of
// A holds row g + 8 (i % 2), columns P t + 4 P (i / 2) and up; register i of B rows P t + 4 P i and up of column g;
// elements 2 i and 2 i + 1 of C row g + 8 i, columns 2 t and 2 t + 1.
#include "Access.h"
#include "Defined.h"
#include "Exec.h"
#include "Half.h"

namespace aic::ptx {

namespace {

#if defined(__x86_64__)
#define FAST __attribute__((target("avx2,fma")))
#else
#define FAST
#endif

/// Registers of a fragment as rows of 32 lanes.
void gatherRegisters(Warp &w, const Inst &i, unsigned first, unsigned count, uint32_t out[][32], uint32_t &defined) {
  for (unsigned k = 0; k < count; ++k) {
    const ListSlot &entry = w.engine->code.lists[i.list + first + k];
    memcpy(out[k], w.r + entry.slot.offset, 128);
    defined &= w.defined[entry.slot.index];
  }
}

float element(Type type, uint32_t reg, unsigned e) {
  switch (type) {
  case Type::F16:
    return halfToFloat(uint16_t(reg >> (16 * e)));
  case Type::BF16:
    return bfloatToFloat(uint16_t(reg >> (16 * e)));
  case Type::TF32:
    return tf32Operand(reg);
  case Type::E4M3:
    return e4m3ToFloat(uint8_t(reg >> (8 * e)));
  default:
    return e5m2ToFloat(uint8_t(reg >> (8 * e)));
  }
}

struct Shape {
  unsigned m, k, perRegister;
  unsigned aRegisters() const { return m * k / (32 * perRegister); }
  unsigned bRegisters() const { return 8 * k / (32 * perRegister); }
};

/// Registers in the lists, in their order.
struct Counts {
  unsigned d, a, b, c;
};

/// Writes D. An undefined element of A makes its row of D undefined, one of B its column, one of C its own element.
void storeResult(Warp &w, const Inst &i, Counts n, bool halfC, bool halfD, bool defined, const void *values,
                 unsigned size) {
  const ListSlot *lists = &w.engine->code.lists[i.list];
  uint16_t bytes[4][32];
  if (!defined) {
    bool row[16] = {}, column[8] = {}, element[16][8] = {};
    auto lanesWithout = [&](unsigned list) { return ~w.defined[lists[list].slot.index] & w.mask; };
    for (unsigned r = 0; r < n.a; ++r)
      forLanes(lanesWithout(n.d + r), [&](unsigned l) { row[l / 4 + 8 * (r & 1)] = true; });
    for (unsigned r = 0; r < n.b; ++r)
      forLanes(lanesWithout(n.d + n.a + r), [&](unsigned l) { column[l / 4] = true; });
    for (unsigned r = 0; r < n.c; ++r)
      forLanes(lanesWithout(n.d + n.a + n.b + r), [&](unsigned l) {
        uint32_t known = definedBytes(w, lists[n.d + n.a + n.b + r].slot, l);
        if (!halfC) {
          element[l / 4 + 8 * (r >> 1)][2 * (l % 4) + (r & 1)] = true;
          return;
        }
        for (unsigned e = 0; e < 2; ++e)
          element[l / 4 + 8 * r][2 * (l % 4) + e] = (known >> (2 * e) & 3) != 3;
      });
    auto fine = [&](unsigned y, unsigned x) { return !row[y] && !column[x] && !element[y][x]; };
    for (unsigned r = 0; r < n.d; ++r)
      for (unsigned l = 0; l < 32; ++l) {
        unsigned x = 2 * (l % 4);
        if (halfD)
          bytes[r][l] = (fine(l / 4 + 8 * r, x) ? 3 : 0) | (fine(l / 4 + 8 * r, x + 1) ? 12 : 0);
        else
          bytes[r][l] = fine(l / 4 + 8 * (r >> 1), x + (r & 1)) ? 0xffff : 0;
      }
  }
  for (unsigned r = 0; r < n.d; ++r) {
    if (size == 4)
      store(w, lists[r].slot, static_cast<const uint32_t *>(values) + 32 * r, ~0u);
    else
      store(w, lists[r].slot, static_cast<const uint64_t *>(values) + 32 * r, ~0u);
    if (!defined)
      defineBytes(w, lists[r].slot, size, w.mask, bytes[r]);
  }
}

/// D = A B + C over f32; the products are exact, so it does not matter whether the host fuses.
FAST void multiply(float (*c)[8], const float (*a)[32], const float (*b)[8], unsigned m, unsigned k) {
  for (unsigned i = 0; i < m; ++i) {
    float row[8];
    for (unsigned j = 0; j < 8; ++j)
      row[j] = c[i][j];
    for (unsigned x = 0; x < k; ++x) {
      float v = a[i][x];
      for (unsigned j = 0; j < 8; ++j)
        row[j] += v * b[x][j];
    }
    for (unsigned j = 0; j < 8; ++j)
      c[i][j] = row[j];
  }
}
void multiplyPlain(float (*c)[8], const float (*a)[32], const float (*b)[8], unsigned m, unsigned k) {
  for (unsigned i = 0; i < m; ++i)
    for (unsigned x = 0; x < k; ++x)
      for (unsigned j = 0; j < 8; ++j)
        c[i][j] += a[i][x] * b[x][j];
}
using Multiply = void (*)(float (*)[8], const float (*)[32], const float (*)[8], unsigned, unsigned);
Multiply pickMultiply() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return multiply;
#endif
  return multiplyPlain;
}
const Multiply multiplyBest = pickMultiply();

/// imm2: shape m | k << 8 | elements a register << 16; target: types of D, A, B, C. Lists: D, A, B, C.
Shape shapeOf(const Inst &i) {
  return {unsigned(i.imm2 & 0xff), unsigned(i.imm2 >> 8 & 0xff), unsigned(i.imm2 >> 16 & 0xff)};
}

template <Type A, Type B, bool HalfC, bool HalfD> void runMmaFloat(Warp &w, const Inst &i) {
  if (!wholeWarp(w))
    return;
  Shape s = shapeOf(i);
  unsigned p = s.perRegister, na = s.aRegisters(), nb = s.bRegisters();
  unsigned nc = HalfC ? 2 : 4, nd = HalfD ? 2 : 4;
  uint32_t ra[4][32], rb[2][32], rc[4][32], defined = ~0u;
  gatherRegisters(w, i, nd, na, ra, defined);
  gatherRegisters(w, i, nd + na, nb, rb, defined);
  gatherRegisters(w, i, nd + na + nb, nc, rc, defined);
  alignas(32) float a[16][32], b[32][8], c[16][8];
  for (unsigned r = 0; r < na; ++r)
    for (unsigned e = 0; e < p; ++e) {
      float values[32];
      for (unsigned l = 0; l < 32; ++l)
        values[l] = element(A, ra[r][l], e);
      for (unsigned l = 0; l < 32; ++l)
        a[l / 4 + 8 * (r & 1)][p * (l % 4) + e + 4 * p * (r >> 1)] = values[l];
    }
  for (unsigned r = 0; r < nb; ++r)
    for (unsigned e = 0; e < p; ++e)
      for (unsigned l = 0; l < 32; ++l)
        b[p * (l % 4) + e + 4 * p * r][l / 4] = element(B, rb[r][l], e);
  for (unsigned r = 0; r < 4; ++r)
    for (unsigned l = 0; l < 32; ++l)
      c[l / 4 + 8 * (r >> 1)][2 * (l % 4) + (r & 1)] =
          HalfC ? halfToFloat(uint16_t(rc[r >> 1][l] >> (16 * (r & 1)))) : bitcast<float>(rc[r][l]);
  multiplyBest(c, a, b, 16, s.k);
  uint32_t t[4][32];
  for (unsigned r = 0; r < nd; ++r)
    for (unsigned l = 0; l < 32; ++l) {
      if (HalfD)
        t[r][l] = floatToHalf(c[l / 4 + 8 * r][2 * (l % 4)]) | uint32_t(floatToHalf(c[l / 4 + 8 * r][2 * (l % 4) + 1]))
                                                                   << 16;
      else
        t[r][l] = bitcast<uint32_t>(c[l / 4 + 8 * (r >> 1)][2 * (l % 4) + (r & 1)]);
    }
  storeResult(w, i, {nd, na, nb, nc}, HalfC, HalfD, (defined & w.mask) == w.mask, t, 4);
  if (!w.engine->counters.empty()) {
    LineCounters &counter = w.engine->counters[w.at];
    ++counter.mma;
    counter.flops += 2ull * 16 * 8 * s.k;
  }
}

template <bool SignA, bool SignB> void runMmaInteger(Warp &w, const Inst &i) {
  if (!wholeWarp(w))
    return;
  Shape s = shapeOf(i);
  unsigned na = s.aRegisters(), nb = s.bRegisters(), nc = s.m / 4;
  uint32_t ra[4][32], rb[2][32], rc[4][32], defined = ~0u;
  gatherRegisters(w, i, nc, na, ra, defined);
  gatherRegisters(w, i, nc + na, nb, rb, defined);
  gatherRegisters(w, i, nc + na + nb, nc, rc, defined);
  int32_t a[16][32], b[32][8];
  int64_t c[16][8];
  for (unsigned l = 0; l < 32; ++l) {
    for (unsigned e = 0; e < 4; ++e) {
      for (unsigned r = 0; r < na; ++r) {
        uint8_t v = uint8_t(ra[r][l] >> (8 * e));
        a[l / 4 + 8 * (r & 1)][4 * (l % 4) + e + 16 * (r >> 1)] = SignA ? int8_t(v) : v;
      }
      for (unsigned r = 0; r < nb; ++r) {
        uint8_t v = uint8_t(rb[r][l] >> (8 * e));
        b[4 * (l % 4) + e + 16 * r][l / 4] = SignB ? int8_t(v) : v;
      }
    }
    for (unsigned r = 0; r < nc; ++r)
      c[l / 4 + 8 * (r >> 1)][2 * (l % 4) + (r & 1)] = int32_t(rc[r][l]);
  }
  for (unsigned x = 0; x < s.m; ++x)
    for (unsigned k = 0; k < s.k; ++k)
      for (unsigned j = 0; j < 8; ++j)
        c[x][j] += int64_t(a[x][k]) * b[k][j];
  uint32_t t[4][32];
  for (unsigned r = 0; r < nc; ++r)
    for (unsigned l = 0; l < 32; ++l) {
      int64_t v = c[l / 4 + 8 * (r >> 1)][2 * (l % 4) + (r & 1)];
      if (i.flagA)
        v = v > INT32_MAX ? INT32_MAX : v < INT32_MIN ? INT32_MIN : v;
      t[r][l] = uint32_t(uint64_t(v));
    }
  storeResult(w, i, {nc, na, nb, nc}, false, false, (defined & w.mask) == w.mask, t, 4);
  if (!w.engine->counters.empty()) {
    LineCounters &counter = w.engine->counters[w.at];
    ++counter.mma;
    counter.flops += 2ull * s.m * 8 * s.k;
  }
}

void runMmaDouble(Warp &w, const Inst &i) {
  if (!wholeWarp(w))
    return;
  const ListSlot *lists = &w.engine->code.lists[i.list]; // D 2, A 1, B 1, C 2
  const double *a = lanesOf<double>(w, lists[2].slot), *b = lanesOf<double>(w, lists[3].slot);
  double out[2][32];
  uint32_t defined = ~0u;
  for (unsigned k = 2; k < 6; ++k)
    defined &= w.defined[lists[k].slot.index];
  for (unsigned l = 0; l < 32; ++l)
    for (unsigned r = 0; r < 2; ++r) {
      double sum = lanesOf<double>(w, lists[4 + r].slot)[l];
      for (unsigned k = 0; k < 4; ++k)
        sum = __builtin_fma(a[(l / 4) * 4 + k], b[(2 * (l % 4) + r) * 4 + k], sum);
      out[r][l] = sum;
    }
  storeResult(w, i, {2, 1, 1, 2}, false, false, (defined & w.mask) == w.mask, out, 8);
}

template <Type A> Handler pickB(Type b) {
  if constexpr (A == Type::E4M3 || A == Type::E5M2)
    return b == Type::E4M3 ? runMmaFloat<A, Type::E4M3, false, false> : runMmaFloat<A, Type::E5M2, false, false>;
  else
    return runMmaFloat<A, A, false, false>;
}

} // namespace

void selectMma(Selection &s) {
  // m16n8k16: the shape is the modifier behind sync.aligned.
  unsigned m = 0, n = 0, k = 0;
  sscanf(s.inst.modifiers[2].c_str(), "m%un%uk%u", &m, &n, &k);
  Type d = s.type(0), a = s.type(1), b = s.type(2), c = s.type(3);
  unsigned per = a == Type::TF32 ? 1 : a == Type::F16 || a == Type::BF16 ? 2 : a == Type::F64 ? 1 : 4;
  unsigned nd, na, nb, nc;
  if (a == Type::F64) {
    nd = nc = 2, na = nb = 1;
    s.out.run = runMmaDouble;
  } else {
    Shape shape{m, k, per};
    na = shape.aRegisters(), nb = shape.bRegisters();
    nd = d == Type::F16 ? 2 : m / 4;
    nc = c == Type::F16 ? 2 : m / 4;
    s.out.imm2 = int64_t(m | k << 8 | per << 16);
    switch (a) {
    case Type::F16:
      s.out.run = d == Type::F16 ? (c == Type::F16 ? runMmaFloat<Type::F16, Type::F16, true, true>
                                                   : runMmaFloat<Type::F16, Type::F16, false, true>)
                                 : (c == Type::F16 ? runMmaFloat<Type::F16, Type::F16, true, false>
                                                   : runMmaFloat<Type::F16, Type::F16, false, false>);
      break;
    case Type::BF16:
      s.out.run = pickB<Type::BF16>(b);
      break;
    case Type::TF32:
      s.out.run = pickB<Type::TF32>(b);
      break;
    case Type::E4M3:
      s.out.run = pickB<Type::E4M3>(b);
      break;
    case Type::E5M2:
      s.out.run = pickB<Type::E5M2>(b);
      break;
    default: {
      bool sa = a == Type::S8, sb = b == Type::S8;
      s.out.run = sa ? (sb ? runMmaInteger<true, true> : runMmaInteger<true, false>)
                     : (sb ? runMmaInteger<false, true> : runMmaInteger<false, false>);
      s.out.flagA = s.has("satfinite");
      break;
    }
    }
  }
  unsigned want[4] = {nd, na, nb, nc};
  for (unsigned o = 0; o < 4; ++o)
    if (s.out.opSize[o] != want[o])
      s.error = "'" + s.inst.spelling() + "', operand " + std::to_string(o + 1) + ": expected " +
                std::to_string(want[o]) + " registers in braces, got " + std::to_string(s.out.opSize[o]);
}

// ---- ldmatrix, stmatrix: lane 8 m + r gives the address of row r of matrix m.

namespace {

/// imm3: number of matrices; flagA: transposed.
void runLdmatrix(Warp &w, const Inst &i) {
  if (!wholeWarp(w))
    return;
  unsigned count = unsigned(i.imm3);
  uint32_t senders = count == 4 ? ~0u : (1u << (8 * count)) - 1;
  uint64_t addresses[32];
  uint8_t *pointers[32];
  addressesOf(w, i, 1, i.imm, addresses);
  uint32_t mask = w.mask & senders;
  if (uint32_t bad = mask & ~w.defined[i.op[1].index]) {
    w.engine->undefined(w, i.op[1], bad, "an address");
    mask &= ~bad;
  }
  if (!w.engine->counters.empty() && mask)
    countShared(w, mask, addresses, 16);
  uint32_t good = sharedLanes(w, mask, addresses, 16, false, false, pointers);
  uint16_t rows[32][8];
  for (unsigned l = 0; l < 8 * count; ++l) {
    if (good >> l & 1)
      memcpy(rows[l], pointers[l], 16);
    else
      memset(rows[l], 0xff, 16);
  }
  const ListSlot *lists = &w.engine->code.lists[i.list];
  for (unsigned m = 0; m < count; ++m) {
    uint32_t t[32];
    for (unsigned l = 0; l < 32; ++l) {
      unsigned g = l / 4, c = 2 * (l % 4);
      if (i.flagA)
        t[l] = rows[8 * m + c][g] | uint32_t(rows[8 * m + c + 1][g]) << 16;
      else
        t[l] = rows[8 * m + g][c] | uint32_t(rows[8 * m + g][c + 1]) << 16;
    }
    if (!lists[m].sink)
      store(w, lists[m].slot, t, ~0u);
  }
}

void runStmatrix(Warp &w, const Inst &i) {
  if (!wholeWarp(w))
    return;
  unsigned count = unsigned(i.imm3);
  uint32_t senders = count == 4 ? ~0u : (1u << (8 * count)) - 1;
  uint64_t addresses[32];
  uint8_t *pointers[32];
  addressesOf(w, i, 0, i.imm, addresses);
  uint32_t mask = w.mask & senders;
  if (uint32_t bad = mask & ~w.defined[i.op[0].index]) {
    w.engine->undefined(w, i.op[0], bad, "an address");
    mask &= ~bad;
  }
  if (!w.engine->counters.empty() && mask)
    countShared(w, mask, addresses, 16);
  uint32_t good = sharedLanes(w, mask, addresses, 16, true, false, pointers);
  const ListSlot *lists = &w.engine->code.lists[i.list];
  for (unsigned m = 0; m < count; ++m) {
    const uint32_t *v = lanesOf<uint32_t>(w, lists[m].slot);
    if (uint32_t bad = w.mask & ~w.defined[lists[m].slot.index])
      w.engine->undefined(w, lists[m].slot, bad, "a value to store");
    uint16_t rows[8][8];
    for (unsigned l = 0; l < 32; ++l) {
      unsigned g = l / 4, c = 2 * (l % 4);
      for (unsigned e = 0; e < 2; ++e)
        (i.flagA ? rows[c + e][g] : rows[g][c + e]) = uint16_t(v[l] >> (16 * e));
    }
    for (unsigned r = 0; r < 8; ++r)
      if (good >> (8 * m + r) & 1)
        memcpy(pointers[8 * m + r], rows[r], 16);
  }
}

void runMovmatrix(Warp &w, const Inst &i) {
  if (!wholeWarp(w))
    return;
  const uint32_t *v = lanesOf<uint32_t>(w, i.op[1]);
  uint16_t m[8][8];
  for (unsigned l = 0; l < 32; ++l)
    for (unsigned e = 0; e < 2; ++e)
      m[l / 4][2 * (l % 4) + e] = uint16_t(v[l] >> (16 * e));
  uint32_t t[32];
  for (unsigned l = 0; l < 32; ++l)
    t[l] = m[2 * (l % 4)][l / 4] | uint32_t(m[2 * (l % 4) + 1][l / 4]) << 16;
  if (!(w.mask & ~w.defined[i.op[1].index]))
    return store(w, i.op[0], t, ~0u);
  uint16_t bytes[32];
  for (unsigned l = 0; l < 32; ++l) {
    auto known = [&](unsigned row) { // of element (row, l / 4)
      return definedBytes(w, i.op[1], row * 4 + l / 8) >> (2 * (l / 4 % 2)) & 3;
    };
    bytes[l] = uint16_t(known(2 * (l % 4)) | known(2 * (l % 4) + 1) << 2);
  }
  store(w, i.op[0], t, ~0u);
  defineBytes(w, i.op[0], 4, w.mask, bytes);
}

void selectMatrices(Selection &s, unsigned list) {
  s.out.imm3 = s.has("x1") ? 1 : s.has("x2") ? 2 : 4;
  s.out.flagA = s.has("trans");
  if (s.out.listCount != s.out.imm3)
    s.error = "'" + s.inst.spelling() + "', operand " + std::to_string(list + 1) + ": expected " +
              std::to_string(s.out.imm3) + " registers in braces, got " + std::to_string(s.out.listCount);
}

} // namespace

void selectLdmatrix(Selection &s) {
  selectMatrices(s, 0);
  s.out.run = runLdmatrix;
}
void selectStmatrix(Selection &s) {
  selectMatrices(s, 1);
  s.out.run = runStmatrix;
}
void selectMovmatrix(Selection &s) { s.out.run = runMovmatrix; }

} // namespace aic::ptx
