// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Integer arithmetic, logic, shifts, bit fields; comparison and selection are in ExecSelect.cpp.
#include "Exec.h"
#include <type_traits>

namespace aic::ptx {

namespace {

template <class T> struct Wide;
template <> struct Wide<uint16_t> {
  using type = uint32_t;
};
template <> struct Wide<int16_t> {
  using type = int32_t;
};
template <> struct Wide<uint32_t> {
  using type = uint64_t;
};
template <> struct Wide<int32_t> {
  using type = int64_t;
};
template <> struct Wide<uint64_t> {
  using type = unsigned __int128;
};
template <> struct Wide<int64_t> {
  using type = __int128;
};
template <class T> using WideOf = typename Wide<T>::type;

struct AddOp {
  template <class T> T operator()(T a, T b) const { return T(uint64_t(a) + uint64_t(b)); }
};
struct SubOp {
  template <class T> T operator()(T a, T b) const { return T(uint64_t(a) - uint64_t(b)); }
};
struct MulOp {
  template <class T> T operator()(T a, T b) const { return T(Unsigned<T>(a) * uint64_t(Unsigned<T>(b))); }
};
struct MulHiOp {
  template <class T> T operator()(T a, T b) const { return T((WideOf<T>(a) * WideOf<T>(b)) >> (8 * sizeof(T))); }
};
struct MulWideOp {
  template <class T> auto operator()(T a, T b) const { return WideOf<T>(WideOf<T>(a) * WideOf<T>(b)); }
};
struct MadOp {
  template <class T> T operator()(T a, T b, T c) const {
    return T(Unsigned<T>(a) * uint64_t(Unsigned<T>(b)) + uint64_t(c));
  }
};
struct MadHiOp {
  template <class T> T operator()(T a, T b, T c) const { return T(uint64_t(MulHiOp()(a, b)) + uint64_t(c)); }
};
struct MadWideOp {
  template <class T, class W> W operator()(T a, T b, W c) const { return W(uint64_t(W(a) * W(b)) + uint64_t(c)); }
};
struct AddSatOp {
  int32_t operator()(int32_t a, int32_t b) const {
    int64_t s = int64_t(a) + b;
    return int32_t(s > INT32_MAX ? INT32_MAX : s < INT32_MIN ? INT32_MIN : s);
  }
};
struct SubSatOp {
  int32_t operator()(int32_t a, int32_t b) const {
    int64_t s = int64_t(a) - b;
    return int32_t(s > INT32_MAX ? INT32_MAX : s < INT32_MIN ? INT32_MIN : s);
  }
};
struct DivOp { // the chip does not trap
  template <class T> T operator()(T a, T b) const {
    if (!b)
      return T(~T(0));
    if (std::is_signed_v<T> && b == T(-1))
      return T(0 - uint64_t(a));
    return T(a / b);
  }
};
struct RemOp {
  template <class T> T operator()(T a, T b) const {
    if (!b)
      return a;
    if (std::is_signed_v<T> && b == T(-1))
      return 0;
    return T(a % b);
  }
};
struct AbsOp {
  template <class T> T operator()(T a) const { return a < 0 ? T(0 - uint64_t(a)) : a; }
};
struct NegOp {
  template <class T> T operator()(T a) const { return T(0 - uint64_t(a)); }
};
struct MinOp {
  template <class T> T operator()(T a, T b) const { return a < b ? a : b; }
};
struct MaxOp {
  template <class T> T operator()(T a, T b) const { return a > b ? a : b; }
};
struct SadOp {
  template <class T> T operator()(T a, T b, T c) const {
    return T(uint64_t(c) + (a < b ? uint64_t(b) - uint64_t(a) : uint64_t(a) - uint64_t(b)));
  }
};
template <bool Hi> struct Mul24Op {
  template <class T> T operator()(T a, T b) const {
    auto low = [](T v) {
      return std::is_signed_v<T> ? int64_t(int32_t(uint32_t(v) << 8) >> 8) : int64_t(uint32_t(v) & 0xffffff);
    };
    int64_t p = low(a) * low(b);
    return T(Hi ? p >> 16 : p);
  }
};
template <bool Hi> struct Mad24Op {
  template <class T> T operator()(T a, T b, T c) const { return T(uint64_t(Mul24Op<Hi>()(a, b)) + uint64_t(c)); }
};
struct PopcOp {
  template <class T> uint32_t operator()(T a) const { return uint32_t(__builtin_popcountll(a)); }
};
struct ClzOp {
  template <class T> uint32_t operator()(T a) const {
    return a ? uint32_t(__builtin_clzll(a)) - (64 - 8 * sizeof(T)) : uint32_t(8 * sizeof(T));
  }
};
template <bool Shift> struct BfindOp {
  template <class T> uint32_t operator()(T a) const {
    uint64_t v = uint64_t(Unsigned<T>(std::is_signed_v<T> && a < 0 ? T(~a) : a));
    if (!v)
      return ~0u;
    uint32_t bit = 63 - uint32_t(__builtin_clzll(v));
    return Shift ? uint32_t(8 * sizeof(T)) - 1 - bit : bit;
  }
};
struct BrevOp {
  template <class T> T operator()(T a) const {
    return sizeof(T) == 4 ? T(__builtin_bitreverse32(uint32_t(a))) : T(__builtin_bitreverse64(a));
  }
};
struct BfeOp {
  template <class T> T operator()(T a, uint32_t b, uint32_t c) const {
    const unsigned bits = 8 * sizeof(T);
    unsigned pos = b & 0xff, len = c & 0xff;
    uint64_t value = uint64_t(int64_t(a));
    bool sign = false;
    if (std::is_signed_v<T> && len) {
      unsigned top = pos + len - 1 < bits - 1 ? pos + len - 1 : bits - 1;
      sign = (value >> top) & 1;
    }
    uint64_t field = pos >= bits ? 0 : Unsigned<T>(a) >> pos;
    if (!len)
      return 0;
    // Bits above the source are its sign (or zero).
    unsigned have = pos >= bits ? 0 : bits - pos;
    unsigned take = len < have ? len : have;
    uint64_t mask = take >= 64 ? ~uint64_t(0) : (uint64_t(1) << take) - 1;
    field &= mask;
    if (sign)
      field |= ~mask;
    return T(field);
  }
};
struct AndOp {
  template <class T> T operator()(T a, T b) const { return T(a & b); }
};
struct OrOp {
  template <class T> T operator()(T a, T b) const { return T(a | b); }
};
struct XorOp {
  template <class T> T operator()(T a, T b) const { return T(a ^ b); }
};
struct NotOp {
  template <class T> T operator()(T a) const { return T(~a); }
};
struct CnotOp {
  template <class T> T operator()(T a) const { return T(a == 0); }
};
struct ShlOp {
  template <class T> T operator()(T a, uint32_t b) const { return b >= 8 * sizeof(T) ? T(0) : T(uint64_t(a) << b); }
};
struct ShrOp {
  template <class T> T operator()(T a, uint32_t b) const {
    const uint32_t bits = 8 * sizeof(T);
    if (std::is_signed_v<T>)
      return T(a >> (b < bits ? b : bits - 1));
    return b >= bits ? T(0) : T(a >> b);
  }
};
template <bool Left, bool Wrap> struct ShfOp {
  uint32_t operator()(uint32_t a, uint32_t b, uint32_t c) const {
    uint32_t n = Wrap ? c & 31 : c < 32 ? c : 32;
    uint64_t v = uint64_t(b) << 32 | a;
    return Left ? uint32_t((v << n) >> 32) : uint32_t(v >> n);
  }
};
template <bool Wrap> struct SzextOp {
  template <class T> T operator()(T a, uint32_t b) const {
    uint32_t n = Wrap ? b & 31 : b < 32 ? b : 32;
    if (n == 32 || (!Wrap && b >= 32))
      return a;
    if (!n)
      return 0;
    uint32_t v = uint32_t(a) << (32 - n);
    return std::is_signed_v<T> ? T(int32_t(v) >> (32 - n)) : T(v >> (32 - n));
  }
};
template <bool Wrap> struct BmskOp {
  uint32_t operator()(uint32_t a, uint32_t b) const {
    uint32_t pos = Wrap ? a & 31 : a, len = Wrap ? b & 31 : b < 32 ? b : 32;
    if (pos >= 32)
      return 0;
    uint64_t m = (uint64_t(1) << len) - 1;
    return uint32_t(m << pos);
  }
};

} // namespace

/// Types of arithmetic: 16 bits and more.
template <class F> static Handler arithmetic(Type type, F &&f) {
  switch (type) {
  case Type::U16:
  case Type::B16:
    return f(uint16_t());
  case Type::S16:
    return f(int16_t());
  case Type::S32:
    return f(int32_t());
  case Type::U64:
  case Type::B64:
    return f(uint64_t());
  case Type::S64:
    return f(int64_t());
  default:
    return f(uint32_t());
  }
}
#define ARITHMETIC2(name, op)                                                                                          \
  void select##name(Selection &s) {                                                                                    \
    s.out.run = arithmetic(s.type(), [](auto v) -> Handler {                                                           \
      using T = decltype(v);                                                                                           \
      return run2<T, T, T, op>;                                                                                        \
    });                                                                                                                \
  }
#define ARITHMETIC3(name, op)                                                                                          \
  void select##name(Selection &s) {                                                                                    \
    s.out.run = arithmetic(s.type(), [](auto v) -> Handler {                                                           \
      using T = decltype(v);                                                                                           \
      return run3<T, T, T, T, op>;                                                                                     \
    });                                                                                                                \
  }
/// Two 16-bit integers in a register.
template <class T, class Op> struct PairedInteger {
  uint32_t operator()(uint32_t a, uint32_t b) const {
    uint16_t low = uint16_t(Op()(T(a), T(b))), high = uint16_t(Op()(T(a >> 16), T(b >> 16)));
    return uint32_t(high) << 16 | low;
  }
};
template <class Op> struct ReluOp {
  template <class T> T operator()(T a, T b) const {
    T r = Op()(a, b);
    return r < 0 ? T(0) : r;
  }
};
template <class Op> static Handler pickPaired(Selection &s) {
  if (s.type() == Type::U16x2)
    return run2<uint32_t, uint32_t, uint32_t, PairedInteger<uint16_t, Op>>;
  return s.has("relu") ? run2<uint32_t, uint32_t, uint32_t, PairedInteger<int16_t, ReluOp<Op>>>
                       : run2<uint32_t, uint32_t, uint32_t, PairedInteger<int16_t, Op>>;
}
void selectAddX2(Selection &s) { s.out.run = pickPaired<AddOp>(s); }
void selectMinMaxX2(Selection &s) {
  bool min = s.inst.opcode == "min";
  if (s.type() == Type::S32)
    s.out.run = min ? run2<int32_t, int32_t, int32_t, ReluOp<MinOp>> : run2<int32_t, int32_t, int32_t, ReluOp<MaxOp>>;
  else
    s.out.run = min ? pickPaired<MinOp>(s) : pickPaired<MaxOp>(s);
}
ARITHMETIC2(Add, AddOp)
ARITHMETIC2(Sub, SubOp)
ARITHMETIC2(MulLo, MulOp)
ARITHMETIC2(MulHi, MulHiOp)
ARITHMETIC2(Div, DivOp)
ARITHMETIC2(Rem, RemOp)
ARITHMETIC2(Min, MinOp)
ARITHMETIC2(Max, MaxOp)
ARITHMETIC2(And, AndOp)
ARITHMETIC2(Or, OrOp)
ARITHMETIC2(Xor, XorOp)
ARITHMETIC3(MadLo, MadOp)
ARITHMETIC3(MadHi, MadHiOp)
ARITHMETIC3(Sad, SadOp)
#undef ARITHMETIC2
#undef ARITHMETIC3

void selectAddSat(Selection &s) { s.out.run = run2<int32_t, int32_t, int32_t, AddSatOp>; }
void selectSubSat(Selection &s) { s.out.run = run2<int32_t, int32_t, int32_t, SubSatOp>; }

void selectNot(Selection &s) {
  s.out.run = arithmetic(s.type(), [](auto v) -> Handler { return run1<decltype(v), decltype(v), NotOp>; });
}
void selectCnot(Selection &s) {
  s.out.run = arithmetic(s.type(), [](auto v) -> Handler { return run1<decltype(v), decltype(v), CnotOp>; });
}
void selectAbs(Selection &s) {
  s.out.run = s.type() == Type::S16   ? run1<int16_t, int16_t, AbsOp>
              : s.type() == Type::S32 ? run1<int32_t, int32_t, AbsOp>
                                      : run1<int64_t, int64_t, AbsOp>;
}
void selectNeg(Selection &s) {
  s.out.run = s.type() == Type::S16   ? run1<int16_t, int16_t, NegOp>
              : s.type() == Type::S32 ? run1<int32_t, int32_t, NegOp>
                                      : run1<int64_t, int64_t, NegOp>;
}

template <class T> static Handler wideMul() { return run2<WideOf<T>, T, T, MulWideOp>; }
template <class T> static Handler wideMad() { return run3<WideOf<T>, T, T, WideOf<T>, MadWideOp>; }
void selectMulWide(Selection &s) {
  s.out.run = s.type() == Type::U16   ? wideMul<uint16_t>()
              : s.type() == Type::S16 ? wideMul<int16_t>()
              : s.type() == Type::U32 ? wideMul<uint32_t>()
                                      : wideMul<int32_t>();
}
void selectMadWide(Selection &s) {
  s.out.run = s.type() == Type::U16   ? wideMad<uint16_t>()
              : s.type() == Type::S16 ? wideMad<int16_t>()
              : s.type() == Type::U32 ? wideMad<uint32_t>()
                                      : wideMad<int32_t>();
}

void selectMul24(Selection &s) {
  bool hi = s.has("hi");
  if (s.type() == Type::U32)
    s.out.run =
        hi ? run2<uint32_t, uint32_t, uint32_t, Mul24Op<true>> : run2<uint32_t, uint32_t, uint32_t, Mul24Op<false>>;
  else
    s.out.run = hi ? run2<int32_t, int32_t, int32_t, Mul24Op<true>> : run2<int32_t, int32_t, int32_t, Mul24Op<false>>;
}
void selectMad24(Selection &s) {
  bool hi = s.has("hi");
  if (s.type() == Type::U32)
    s.out.run = hi ? run3<uint32_t, uint32_t, uint32_t, uint32_t, Mad24Op<true>>
                   : run3<uint32_t, uint32_t, uint32_t, uint32_t, Mad24Op<false>>;
  else
    s.out.run = hi ? run3<int32_t, int32_t, int32_t, int32_t, Mad24Op<true>>
                   : run3<int32_t, int32_t, int32_t, int32_t, Mad24Op<false>>;
}

void selectPopc(Selection &s) {
  s.out.run = s.type() == Type::B32 ? run1<uint32_t, uint32_t, PopcOp> : run1<uint32_t, uint64_t, PopcOp>;
}
void selectClz(Selection &s) {
  s.out.run = s.type() == Type::B32 ? run1<uint32_t, uint32_t, ClzOp> : run1<uint32_t, uint64_t, ClzOp>;
}
void selectBrev(Selection &s) {
  s.out.run = s.type() == Type::B32 ? run1<uint32_t, uint32_t, BrevOp> : run1<uint64_t, uint64_t, BrevOp>;
}
void selectBfind(Selection &s) {
  bool shift = s.has("shiftamt");
  s.out.run = arithmetic(s.type(), [&](auto v) -> Handler {
    using T = decltype(v);
    return shift ? run1<uint32_t, T, BfindOp<true>> : run1<uint32_t, T, BfindOp<false>>;
  });
}
void selectBfe(Selection &s) {
  s.out.run = arithmetic(s.type(), [](auto v) -> Handler {
    using T = decltype(v);
    return run3<T, T, uint32_t, uint32_t, BfeOp>;
  });
}

template <class T> static void runBfi(Warp &w, const Inst &i) {
  const T *a = lanesOf<T>(w, i.op[1]), *b = lanesOf<T>(w, i.op[2]);
  const uint32_t *c = lanesOf<uint32_t>(w, i.op[3]), *d = lanesOf<uint32_t>(w, i.op[4]);
  T t[32];
  forLanes(w.mask, [&](unsigned l) {
    unsigned pos = c[l] & 0xff, len = d[l] & 0xff;
    const unsigned bits = 8 * sizeof(T);
    if (!len || pos >= bits) {
      t[l] = b[l];
      return;
    }
    T mask = T((len >= bits ? ~uint64_t(0) : (uint64_t(1) << len) - 1) << pos);
    t[l] = T((b[l] & ~mask) | (T(uint64_t(a[l]) << pos) & mask));
  });
  store(w, i.op[0], t,
        w.defined[i.op[1].index] & w.defined[i.op[2].index] & w.defined[i.op[3].index] & w.defined[i.op[4].index]);
}
void selectBfi(Selection &s) { s.out.run = s.type() == Type::B32 ? runBfi<uint32_t> : runBfi<uint64_t>; }

void selectShl(Selection &s) {
  s.out.run = s.type() == Type::B16   ? run2<uint16_t, uint16_t, uint32_t, ShlOp>
              : s.type() == Type::B32 ? run2<uint32_t, uint32_t, uint32_t, ShlOp>
                                      : run2<uint64_t, uint64_t, uint32_t, ShlOp>;
}
void selectShr(Selection &s) {
  s.out.run = arithmetic(s.type(), [](auto v) -> Handler { return run2<decltype(v), decltype(v), uint32_t, ShrOp>; });
}
void selectShf(Selection &s) {
  bool left = s.has("l"), wrap = s.has("wrap");
  using U = uint32_t;
  s.out.run = left ? (wrap ? run3<U, U, U, U, ShfOp<true, true>> : run3<U, U, U, U, ShfOp<true, false>>)
                   : (wrap ? run3<U, U, U, U, ShfOp<false, true>> : run3<U, U, U, U, ShfOp<false, false>>);
}
void selectSzext(Selection &s) {
  bool wrap = s.has("wrap");
  if (s.type() == Type::U32)
    s.out.run =
        wrap ? run2<uint32_t, uint32_t, uint32_t, SzextOp<true>> : run2<uint32_t, uint32_t, uint32_t, SzextOp<false>>;
  else
    s.out.run =
        wrap ? run2<int32_t, int32_t, uint32_t, SzextOp<true>> : run2<int32_t, int32_t, uint32_t, SzextOp<false>>;
}
void selectBmsk(Selection &s) {
  s.out.run = s.has("wrap") ? run2<uint32_t, uint32_t, uint32_t, BmskOp<true>>
                            : run2<uint32_t, uint32_t, uint32_t, BmskOp<false>>;
}

static void runLop3(Warp &w, const Inst &i) {
  const uint32_t *a = lanesOf<uint32_t>(w, i.op[1]), *b = lanesOf<uint32_t>(w, i.op[2]),
                 *c = lanesOf<uint32_t>(w, i.op[3]);
  uint32_t t[32] = {};
  for (unsigned k = 0; k < 8; ++k)
    if (i.imm3 >> k & 1)
      for (unsigned l = 0; l < 32; ++l)
        t[l] |= (k & 4 ? a[l] : ~a[l]) & (k & 2 ? b[l] : ~b[l]) & (k & 1 ? c[l] : ~c[l]);
  store(w, i.op[0], t, w.defined[i.op[1].index] & w.defined[i.op[2].index] & w.defined[i.op[3].index]);
}
void selectLop3(Selection &s) {
  if (s.out.imm3 < 0 || s.out.imm3 > 255)
    s.error = "expected a table of 0 to 255 for lop3, got " + std::to_string(s.out.imm3);
  s.out.run = runLop3;
}

static void runPrmt(Warp &w, const Inst &i) {
  const uint32_t *a = lanesOf<uint32_t>(w, i.op[1]), *b = lanesOf<uint32_t>(w, i.op[2]),
                 *c = lanesOf<uint32_t>(w, i.op[3]);
  uint32_t t[32];
  forLanes(w.mask, [&](unsigned l) {
    uint64_t v = uint64_t(b[l]) << 32 | a[l];
    uint32_t select = c[l], n = select & 3;
    if (i.imm3) {
      static const uint16_t tables[6][4] = {{0x3210, 0x4321, 0x5432, 0x6543}, {0x5670, 0x6701, 0x7012, 0x0123},
                                            {0x0000, 0x1111, 0x2222, 0x3333}, {0x3210, 0x3211, 0x3222, 0x3333},
                                            {0x0000, 0x1110, 0x2210, 0x3210}, {0x1010, 0x3232, 0x1010, 0x3232}};
      select = tables[i.imm3 - 1][n];
    }
    uint32_t result = 0;
    for (unsigned k = 0; k < 4; ++k) {
      uint32_t nibble = select >> (4 * k);
      uint8_t byte = uint8_t(v >> (8 * (nibble & 7)));
      if (nibble & 8)
        byte = byte & 0x80 ? 0xff : 0;
      result |= uint32_t(byte) << (8 * k);
    }
    t[l] = result;
  });
  store(w, i.op[0], t, w.defined[i.op[1].index] & w.defined[i.op[2].index] & w.defined[i.op[3].index]);
}
void selectPrmt(Selection &s) {
  static const char *const modes[] = {"f4e", "b4e", "rc8", "ecl", "ecr", "rc16"};
  for (int m = 0; m < 6; ++m)
    if (s.has(modes[m]))
      s.out.imm3 = m + 1;
  s.out.run = runPrmt;
}

/// dp4a and dp2a: flagA, flagB say whether a and b are signed; imm3 is 4, or 2 (low half of b), or 3 (high half).
static void runDot(Warp &w, const Inst &i) {
  const uint32_t *a = lanesOf<uint32_t>(w, i.op[1]), *b = lanesOf<uint32_t>(w, i.op[2]),
                 *c = lanesOf<uint32_t>(w, i.op[3]);
  uint32_t t[32];
  forLanes(w.mask, [&](unsigned l) {
    uint32_t sum = c[l];
    for (unsigned k = 0; k < (i.imm3 == 4 ? 4u : 2u); ++k) {
      int32_t x, y;
      if (i.imm3 == 4)
        x = i.flagA ? int8_t(a[l] >> (8 * k)) : uint8_t(a[l] >> (8 * k));
      else
        x = i.flagA ? int16_t(a[l] >> (16 * k)) : uint16_t(a[l] >> (16 * k));
      unsigned shift = 8 * (k + (i.imm3 == 3 ? 2 : 0));
      y = i.flagB ? int8_t(b[l] >> shift) : uint8_t(b[l] >> shift);
      sum += uint32_t(x * y);
    }
    t[l] = sum;
  });
  store(w, i.op[0], t, w.defined[i.op[1].index] & w.defined[i.op[2].index] & w.defined[i.op[3].index]);
}
void selectDp4a(Selection &s) {
  s.out.flagA = s.type(0) == Type::S32;
  s.out.flagB = s.type(1) == Type::S32;
  s.out.imm3 = 4;
  s.out.run = runDot;
}
void selectDp2a(Selection &s) {
  selectDp4a(s);
  s.out.imm3 = s.has("hi") ? 3 : 2;
}

/// Carry chains: flagA takes the carry in, flagB leaves it; imm3: 0 add, 1 sub, 2 mad.lo, 3 mad.hi.
template <class T> static void runCarry(Warp &w, const Inst &i) {
  using W = WideOf<T>;
  const T *a = lanesOf<T>(w, i.op[1]), *b = lanesOf<T>(w, i.op[2]);
  const T *c = i.imm3 >= 2 ? lanesOf<T>(w, i.op[3]) : nullptr;
  T t[32];
  uint32_t carry = w.cc;
  forLanes(w.mask, [&](unsigned l) {
    T x = a[l], y = b[l];
    if (c) {
      W p = W(x) * W(y);
      x = i.imm3 == 2 ? T(p) : T(p >> (8 * sizeof(T)));
      y = c[l];
    }
    W in = i.flagA ? W(w.cc >> l & 1) : W(0);
    W sum = i.imm3 == 1 ? W(x) - W(y) - in : W(x) + W(y) + in;
    t[l] = T(sum);
    bool out = (sum >> (8 * sizeof(T))) & 1;
    carry = (carry & ~(1u << l)) | (uint32_t(out) << l);
  });
  if (i.flagB)
    w.cc = carry;
  store(w, i.op[0], t, w.defined[i.op[1].index] & w.defined[i.op[2].index] & (c ? w.defined[i.op[3].index] : ~0u));
}
static void selectCarry(Selection &s, int64_t kind) {
  s.out.imm3 = kind;
  s.out.flagA = s.inst.opcode.back() == 'c' && s.inst.opcode.size() == 4; // addc, subc, madc
  s.out.flagB = s.has("cc");
  bool wide = typeSize(s.type()) == 8;
  s.out.run = wide ? runCarry<uint64_t> : runCarry<uint32_t>;
  if (kind == 3 && isSigned(s.type()))
    s.error = "opcode '" + s.inst.spelling() + "' is not supported";
}
void selectAddCarry(Selection &s) { selectCarry(s, 0); }
void selectSubCarry(Selection &s) { selectCarry(s, 1); }
void selectMadCarry(Selection &s) { selectCarry(s, s.has("hi") ? 3 : 2); }

static void runPredLogic(Warp &w, const Inst &i) {
  uint32_t a = truth(w, i, 1), b = i.imm3 < 3 ? truth(w, i, 2) : 0;
  uint32_t d = i.imm3 == 0 ? a & b : i.imm3 == 1 ? a | b : i.imm3 == 2 ? a ^ b : i.imm3 == 3 ? ~a : a;
  uint32_t defined = w.defined[i.op[1].index];
  if (i.imm3 < 3) {
    uint32_t second = w.defined[i.op[2].index];
    // A known operand may decide alone.
    defined = i.imm3 == 0   ? (defined & second) | (defined & ~a) | (second & ~b)
              : i.imm3 == 1 ? (defined & second) | (defined & a) | (second & b)
                            : defined & second;
  }
  setPredicate(w, i.op[0], d);
  define(w, i.op[0], w.mask, defined);
}
void selectPredLogic(Selection &s) {
  const std::string &o = s.inst.opcode;
  s.out.imm3 = o == "and" ? 0 : o == "or" ? 1 : o == "xor" ? 2 : o == "not" ? 3 : 4;
  s.out.run = runPredLogic;
}

} // namespace aic::ptx
