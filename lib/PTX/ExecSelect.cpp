// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Comparison (setp, set) and selection (selp, slct).
#include "Defined.h"
#include "Exec.h"
#include "Half.h"

namespace aic::ptx {

namespace {

enum Compare : uint8_t { Eq, Ne, Lt, Le, Gt, Ge, Equ, Neu, Ltu, Leu, Gtu, Geu, Num, Nan };

struct F16 {
  uint16_t bits;
};
struct BF16 {
  uint16_t bits;
};
inline float value(F16 v) { return halfToFloat(v.bits); }
inline float value(BF16 v) { return bfloatToFloat(v.bits); }
template <class T> inline T value(T v) { return v; }

template <Compare C> struct CompareOp {
  template <class T> bool operator()(T a, T b) const {
    switch (C) {
    case Eq:
      return a == b;
    case Ne:
      return a < b || a > b;
    case Lt:
      return a < b;
    case Le:
      return a <= b;
    case Gt:
      return a > b;
    case Ge:
      return a >= b;
    case Equ:
      return !(a < b || a > b);
    case Neu:
      return !(a == b);
    case Ltu:
      return !(a >= b);
    case Leu:
      return !(a > b);
    case Gtu:
      return !(a <= b);
    case Geu:
      return !(a < b);
    case Num:
      return a == a && b == b;
    case Nan:
      return !(a == a && b == b);
    }
    return false;
  }
};

template <class T, class Op> uint32_t compare(Warp &w, const Inst &i, bool ftz) {
  const T *a = lanesOf<T>(w, i.op[1]), *b = lanesOf<T>(w, i.op[2]);
  uint32_t bits = 0;
  if (ftz) {
    for (unsigned l = 0; l < 32; ++l) {
      auto x = value(a[l]), y = value(b[l]);
      if constexpr (sizeof(T) == 4 && std::is_floating_point_v<T>)
        bits |= uint32_t(Op()(flush(x), flush(y))) << l;
      else
        bits |= uint32_t(Op()(x, y)) << l;
    }
    return bits;
  }
  for (unsigned l = 0; l < 32; ++l)
    bits |= uint32_t(Op()(value(a[l]), value(b[l]))) << l;
  return bits;
}

using CompareFn = uint32_t (*)(Warp &, const Inst &, bool);

template <class T> CompareFn compareOf(Compare c) {
  switch (c) {
  case Eq:
    return compare<T, CompareOp<Eq>>;
  case Ne:
    return compare<T, CompareOp<Ne>>;
  case Lt:
    return compare<T, CompareOp<Lt>>;
  case Le:
    return compare<T, CompareOp<Le>>;
  case Gt:
    return compare<T, CompareOp<Gt>>;
  case Ge:
    return compare<T, CompareOp<Ge>>;
  case Equ:
    return compare<T, CompareOp<Equ>>;
  case Neu:
    return compare<T, CompareOp<Neu>>;
  case Ltu:
    return compare<T, CompareOp<Ltu>>;
  case Leu:
    return compare<T, CompareOp<Leu>>;
  case Gtu:
    return compare<T, CompareOp<Gtu>>;
  case Geu:
    return compare<T, CompareOp<Geu>>;
  case Num:
    return compare<T, CompareOp<Num>>;
  case Nan:
    return compare<T, CompareOp<Nan>>;
  }
  return nullptr;
}

/// The comparison's code for operands of `type`; false if the comparison does not exist for it.
bool pickCompare(Selection &s, Type type) {
  const std::string &name = s.inst.modifiers.front();
  static const char *const names[] = {"eq",  "ne",  "lt",  "le",  "gt",  "ge",  "equ",
                                      "neu", "ltu", "leu", "gtu", "geu", "num", "nan"};
  int which = -1;
  bool unsignedOnly = name == "lo" || name == "ls" || name == "hi" || name == "hs";
  if (unsignedOnly)
    which = name == "lo" ? Lt : name == "ls" ? Le : name == "hi" ? Gt : Ge;
  for (int k = 0; k < 14; ++k)
    if (name == names[k])
      which = k;
  bool bits = type >= Type::B16 && type <= Type::B64;
  if (which < 0 || (!isFloat(type) && which > Ge) || (bits && which > Ne) ||
      (unsignedOnly && (isFloat(type) || isSigned(type)))) {
    s.error =
        "'" + s.inst.spelling() + "': comparison '" + name + "' does not exist for ." + std::string(typeName(type));
    return false;
  }
  Compare c = Compare(which);
  CompareFn fn = nullptr;
  switch (type) {
  case Type::B16:
  case Type::U16:
    fn = compareOf<uint16_t>(c);
    break;
  case Type::S16:
    fn = compareOf<int16_t>(c);
    break;
  case Type::B32:
  case Type::U32:
    fn = compareOf<uint32_t>(c);
    break;
  case Type::S32:
    fn = compareOf<int32_t>(c);
    break;
  case Type::B64:
  case Type::U64:
    fn = compareOf<uint64_t>(c);
    break;
  case Type::S64:
    fn = compareOf<int64_t>(c);
    break;
  case Type::F32:
    fn = compareOf<float>(c);
    break;
  case Type::F64:
    fn = compareOf<double>(c);
    break;
  case Type::BF16:
  case Type::BF16x2:
    fn = compareOf<BF16>(c);
    break;
  default:
    fn = compareOf<F16>(c);
    break;
  }
  s.out.imm2 = reinterpret_cast<int64_t>(fn);
  s.out.flagB = s.has("ftz");
  s.out.target = s.has("and") ? 1 : s.has("or") ? 2 : s.has("xor") ? 3 : 0;
  return true;
}

uint32_t combine(Warp &w, const Inst &i, uint32_t bits, uint32_t &defined, bool invert) {
  if (invert)
    bits = ~bits;
  if (!i.target)
    return bits;
  uint32_t c = truth(w, i, 3);
  defined &= w.defined[i.op[3].index];
  return i.target == 1 ? bits & c : i.target == 2 ? bits | c : bits ^ c;
}

void runSetp(Warp &w, const Inst &i) {
  uint32_t bits = reinterpret_cast<CompareFn>(i.imm2)(w, i, i.flagB);
  uint32_t defined = w.defined[i.op[1].index] & w.defined[i.op[2].index];
  uint32_t first = combine(w, i, bits, defined, false);
  uint32_t second = i.flagA ? combine(w, i, bits, defined, true) : 0;
  setPredicate(w, i.op[0], first);
  define(w, i.op[0], w.mask, defined);
  if (i.flagA) {
    setPredicate(w, i.op[5], second);
    define(w, i.op[5], w.mask, defined);
  }
}

/// f16x2: p takes the low halves, q the high ones.
template <class T> void runSetpX2(Warp &w, const Inst &i) {
  uint32_t defined[2];
  for (unsigned k = 0; k < 2; ++k) {
    defined[k] = w.defined[i.op[1].index] & w.defined[i.op[2].index];
    forLanes(w.mask & ~defined[k], [&](unsigned l) {
      uint32_t both = definedBytes(w, i.op[1], l) & definedBytes(w, i.op[2], l);
      defined[k] |= uint32_t((both >> (2 * k) & 3) == 3) << l;
    });
  }
  const uint32_t *a = lanesOf<uint32_t>(w, i.op[1]), *b = lanesOf<uint32_t>(w, i.op[2]);
  CompareFn fn = reinterpret_cast<CompareFn>(i.imm2);
  alignas(64) uint16_t halves[4][32];
  for (unsigned l = 0; l < 32; ++l) {
    halves[0][l] = uint16_t(a[l]), halves[1][l] = uint16_t(b[l]);
    halves[2][l] = uint16_t(a[l] >> 16), halves[3][l] = uint16_t(b[l] >> 16);
  }
  Inst half = i;
  uint32_t results[2];
  for (unsigned k = 0; k < 2; ++k) {
    half.op[1].offset = uint32_t(0), half.op[2].offset = uint32_t(64);
    uint8_t *file = w.r;
    w.r = reinterpret_cast<uint8_t *>(halves[2 * k]);
    results[k] = fn(w, half, i.flagB);
    w.r = file;
  }
  uint32_t first = combine(w, i, results[0], defined[0], false), second = combine(w, i, results[1], defined[1], false);
  setPredicate(w, i.op[0], first);
  define(w, i.op[0], w.mask, defined[0]);
  if (i.flagA) {
    setPredicate(w, i.op[5], second);
    define(w, i.op[5], w.mask, defined[1]);
  }
}

void runSet(Warp &w, const Inst &i) {
  uint32_t bits = reinterpret_cast<CompareFn>(i.imm2)(w, i, i.flagB);
  uint32_t defined = w.defined[i.op[1].index] & w.defined[i.op[2].index];
  bits = combine(w, i, bits, defined, false);
  uint32_t t[32];
  for (unsigned l = 0; l < 32; ++l)
    t[l] = bits >> l & 1 ? uint32_t(i.imm3) : 0;
  store(w, i.op[0], t, defined);
}

template <class T> void runSelp(Warp &w, const Inst &i) {
  const T *a = lanesOf<T>(w, i.op[1]), *b = lanesOf<T>(w, i.op[2]);
  uint32_t p = truth(w, i, 3);
  T t[32];
  for (unsigned l = 0; l < 32; ++l)
    t[l] = p >> l & 1 ? a[l] : b[l];
  uint32_t defined = (w.defined[i.op[1].index] & p) | (w.defined[i.op[2].index] & ~p);
  store(w, i.op[0], t, defined & w.defined[i.op[3].index]);
}

template <class T, class C> void runSlct(Warp &w, const Inst &i) {
  const T *a = lanesOf<T>(w, i.op[1]), *b = lanesOf<T>(w, i.op[2]);
  const C *c = lanesOf<C>(w, i.op[3]);
  T t[32];
  for (unsigned l = 0; l < 32; ++l)
    t[l] = c[l] >= 0 ? a[l] : b[l];
  store(w, i.op[0], t, w.defined[i.op[1].index] & w.defined[i.op[2].index] & w.defined[i.op[3].index]);
}

} // namespace

void selectSetp(Selection &s) {
  if (!pickCompare(s, s.type()))
    return;
  if (s.out.target && !s.operand(3))
    s.error = "'" + s.inst.spelling() + "' expects a predicate to combine with";
  if (!s.out.target && s.operand(3))
    s.error = "'" + s.inst.spelling() + "' expects 3 operands, got 4";
  s.out.run = runSetp;
}
void selectSetpX2(Selection &s) {
  selectSetp(s);
  s.out.run = runSetpX2<uint32_t>;
}
void selectSet(Selection &s) {
  if (!pickCompare(s, s.type(1)))
    return;
  if (bool(s.out.target) != bool(s.operand(3)))
    s.error = "'" + s.inst.spelling() + "': expected a predicate exactly where the comparison is combined with one";
  s.out.imm3 = s.type() == Type::F32 ? 0x3f800000 : 0xffffffff;
  s.out.run = runSet;
}
void selectSelp(Selection &s) {
  unsigned size = typeSize(s.type());
  s.out.run = size == 2 ? runSelp<uint16_t> : size == 4 ? runSelp<uint32_t> : runSelp<uint64_t>;
}
void selectSlct(Selection &s) {
  unsigned size = typeSize(s.type());
  bool f = s.type(1) == Type::F32;
  if (size == 2)
    s.out.run = f ? runSlct<uint16_t, float> : runSlct<uint16_t, int32_t>;
  else if (size == 4)
    s.out.run = f ? runSlct<uint32_t, float> : runSlct<uint32_t, int32_t>;
  else
    s.out.run = f ? runSlct<uint64_t, float> : runSlct<uint64_t, int32_t>;
}

} // namespace aic::ptx
