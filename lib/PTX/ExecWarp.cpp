// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Instructions that exchange values within a warp: shfl, vote, match, redux, activemask, elect. They need the lanes of
// their member mask together, but order no memory.
#include "Defined.h"
#include "Exec.h"
#include <algorithm>

namespace aic::ptx {

namespace {

enum Shuffle : int64_t { Up, Down, Bfly, Idx };

void runShfl(Warp &w, const Inst &i) {
  uint32_t members;
  if (!memberMask(w, i, 4, members) || !gather(w, members, false))
    return;
  const uint32_t *a = lanesOf<uint32_t>(w, i.op[1]), *b = lanesOf<uint32_t>(w, i.op[2]),
                 *c = lanesOf<uint32_t>(w, i.op[3]);
  uint32_t value = w.defined[i.op[1].index];
  uint32_t t[32], defined = 0, inside = 0, stray = 0;
  uint8_t sources[32];
  forLanes(w.mask, [&](unsigned l) {
    int lane = int(l), by = int(b[l] & 31), clamp = int(c[l] & 31), segment = int(c[l] >> 8 & 31);
    int low = lane & segment, high = low | (clamp & ~segment), from;
    bool in;
    switch (i.imm3) {
    case Up:
      from = lane - by;
      in = from >= high;
      break;
    case Down:
      from = lane + by;
      in = from <= high;
      break;
    case Bfly:
      from = lane ^ by;
      in = from <= high;
      break;
    default:
      from = low | (by & ~segment);
      in = from <= high;
      break;
    }
    if (!in)
      from = lane;
    if (!(w.mask >> from & 1)) { // reads a lane that does not take part
      stray |= uint32_t(1) << l;
      from = lane;
    }
    t[l] = a[from];
    defined |= (value >> from & 1) << l;
    sources[l] = uint8_t(from);
    inside |= uint32_t(in) << l;
  });
  if (stray && w.engine->options.divergence)
    w.engine->report(w, "divergence", stray, "reads a lane that does not take part in the shuffle");
  uint32_t known = w.defined[i.op[2].index] & w.defined[i.op[3].index];
  bool partly = (w.mask & ~(defined & known)) && !w.parts.empty();
  uint16_t bytes[32];
  if (partly)
    forLanes(w.mask,
             [&](unsigned l) { bytes[l] = known >> l & 1 ? uint16_t(definedBytes(w, i.op[1], sources[l])) : 0; });
  store(w, i.op[0], t, defined & known);
  if (partly)
    defineBytes(w, i.op[0], 4, w.mask, bytes);
  if (i.flagA) {
    setPredicate(w, i.op[5], inside);
    define(w, i.op[5], w.mask, w.mask);
  }
}

void runVote(Warp &w, const Inst &i) {
  uint32_t members;
  if (!memberMask(w, i, 2, members) || !gather(w, members, false))
    return;
  if (uint32_t bad = w.mask & ~w.defined[i.op[1].index])
    w.engine->undefined(w, i.op[1], bad, "a vote");
  uint32_t votes = truth(w, i, 1) & w.mask;
  if (i.imm3 == 3) {
    forLanes(w.mask, [&](unsigned l) { lanesOf<uint32_t>(w, i.op[0])[l] = votes; });
  } else {
    bool r = i.imm3 == 0 ? votes == w.mask : i.imm3 == 1 ? votes != 0 : votes == w.mask || !votes;
    setPredicate(w, i.op[0], r ? ~0u : 0);
  }
  define(w, i.op[0], w.mask, w.mask);
}

template <class T> void runMatch(Warp &w, const Inst &i) {
  uint32_t members;
  if (!memberMask(w, i, 2, members) || !gather(w, members, false))
    return;
  const T *a = lanesOf<T>(w, i.op[1]);
  uint32_t t[32], agree = 0;
  forLanes(w.mask, [&](unsigned l) {
    uint32_t same = 0;
    forLanes(w.mask, [&](unsigned k) { same |= uint32_t(a[k] == a[l]) << k; });
    bool all = same == w.mask;
    t[l] = i.imm3 ? (all ? w.mask : 0) : same;
    agree |= uint32_t(all) << l;
  });
  store(w, i.op[0], t, w.defined[i.op[1].index]);
  if (i.flagA) {
    setPredicate(w, i.op[5], agree);
    define(w, i.op[5], w.mask, w.mask);
  }
}

void runRedux(Warp &w, const Inst &i) {
  uint32_t members;
  if (!memberMask(w, i, 2, members) || !gather(w, members, false))
    return;
  const uint32_t *a = lanesOf<uint32_t>(w, i.op[1]);
  uint32_t r = a[__builtin_ctz(w.mask)];
  bool defined = (w.defined[i.op[1].index] & w.mask) == w.mask;
  for (uint32_t m = w.mask & (w.mask - 1); m; m &= m - 1) {
    uint32_t v = a[__builtin_ctz(m)];
    switch (i.imm3) {
    case 0:
      r += v;
      break;
    case 1:
      r = i.signExtend ? uint32_t(std::min(int32_t(r), int32_t(v))) : std::min(r, v);
      break;
    case 2:
      r = i.signExtend ? uint32_t(std::max(int32_t(r), int32_t(v))) : std::max(r, v);
      break;
    case 3:
      r &= v;
      break;
    case 4:
      r |= v;
      break;
    default:
      r ^= v;
      break;
    }
  }
  forLanes(w.mask, [&](unsigned l) { lanesOf<uint32_t>(w, i.op[0])[l] = r; });
  define(w, i.op[0], w.mask, defined ? ~0u : 0);
}

void runActivemask(Warp &w, const Inst &i) {
  forLanes(w.mask, [&](unsigned l) { lanesOf<uint32_t>(w, i.op[0])[l] = w.mask; });
  define(w, i.op[0], w.mask, w.mask);
}

void runElect(Warp &w, const Inst &i) {
  uint32_t members;
  if (!memberMask(w, i, 1, members) || !gather(w, members, false))
    return;
  uint32_t leader = uint32_t(__builtin_ctz(w.mask));
  forLanes(w.mask, [&](unsigned l) { lanesOf<uint32_t>(w, i.op[0])[l] = leader; });
  define(w, i.op[0], w.mask, w.mask);
  if (i.flagA) {
    setPredicate(w, i.op[5], 1u << leader);
    define(w, i.op[5], w.mask, w.mask);
  }
}

} // namespace

void selectShfl(Selection &s) {
  s.out.imm3 = s.has("up") ? Up : s.has("down") ? Down : s.has("bfly") ? Bfly : Idx;
  s.out.run = runShfl;
}
void selectVote(Selection &s) {
  s.out.imm3 = s.has("all") ? 0 : s.has("any") ? 1 : s.has("uni") ? 2 : 3;
  s.out.run = runVote;
}
void selectMatch(Selection &s) {
  s.out.imm3 = s.has("all");
  s.out.run = s.type() == Type::B32 ? runMatch<uint32_t> : runMatch<uint64_t>;
}
void selectRedux(Selection &s) {
  static const char *const names[] = {"add", "min", "max", "and", "or", "xor"};
  for (int k = 0; k < 6; ++k)
    if (s.has(names[k]))
      s.out.imm3 = k;
  s.out.signExtend = isSigned(s.type());
  s.out.run = runRedux;
}
void selectActivemask(Selection &s) { s.out.run = runActivemask; }
void selectElect(Selection &s) { s.out.run = runElect; }

} // namespace aic::ptx
