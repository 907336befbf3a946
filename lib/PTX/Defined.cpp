// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How undefined bytes move through instructions. A rule takes the masks of undefined bits of the sources in one lane
// and gives that of the result; operations without a rule need all of their sources.
#include "Defined.h"
#include "Select.h"

namespace aic::ptx {

namespace {

uint64_t bitsOfBytes(uint32_t bytes) {
  uint64_t bits = 0;
  for (unsigned k = 0; k < 8; ++k)
    bits |= bytes >> k & 1 ? uint64_t(0xff) << (8 * k) : 0;
  return bits;
}

/// Undefined bits of source `op`; there are none above its register.
uint64_t missing(const Warp &w, const Inst &i, unsigned op, unsigned lane) {
  return ~bitsOfBytes(definedBytes(w, i.op[op], lane) | ~0u << i.opSize[op]);
}
uint64_t below(unsigned bits) { return bits >= 64 ? ~uint64_t(0) : (uint64_t(1) << bits) - 1; }
/// All bits from the lowest one of `bits` up: where carries go.
uint64_t upward(uint64_t bits) { return bits ? ~((bits & -bits) - 1) : 0; }
const uint64_t nothing = ~uint64_t(0);

uint64_t valueOf(Warp &w, const Inst &i, unsigned op, unsigned lane) {
  return laneValue(w, i.op[op], i.opSize[op], lane);
}

// Rules. partSize is the size of the type in bytes, partSigned whether it has a sign.

uint64_t copied(Warp &w, const Inst &i, unsigned lane) { return missing(w, i, 1, lane); }

/// Both halves, bytes or words of a pair by themselves; operands that are not there count as defined.
template <unsigned Bits> uint64_t inPairs(Warp &w, const Inst &i, unsigned lane) {
  uint64_t u = missing(w, i, 1, lane) | missing(w, i, 2, lane) | missing(w, i, 3, lane);
  uint64_t low = below(Bits), high = low << Bits;
  return (u & low ? low : 0) | (u & high ? high : 0);
}

/// Two sources narrowed into `Bits` each, the first one on top.
template <unsigned Bits> uint64_t joined(Warp &w, const Inst &i, unsigned lane) {
  uint64_t low = below(Bits), high = low << Bits;
  return (uint32_t(missing(w, i, 1, lane)) ? high : 0) | (uint32_t(missing(w, i, 2, lane)) ? low : 0) |
         missing(w, i, 3, lane) << (2 * Bits);
}
/// Pairs of `From` bits to pairs of `To` bits.
template <unsigned From, unsigned To> uint64_t pairToPair(Warp &w, const Inst &i, unsigned lane) {
  uint64_t u = missing(w, i, 1, lane), low = below(To);
  return (u & below(From) ? low : 0) | (u >> From & below(From) ? low << To : 0);
}

uint64_t carried(Warp &w, const Inst &i, unsigned lane) {
  return upward(missing(w, i, 1, lane) | missing(w, i, 2, lane) | missing(w, i, 3, lane));
}
/// mul.wide, mad.wide: the two factors are half as wide.
uint64_t carriedWide(Warp &w, const Inst &i, unsigned lane) {
  uint64_t narrow = (missing(w, i, 1, lane) | missing(w, i, 2, lane)) & below(8 * i.partSize);
  return upward(narrow | missing(w, i, 3, lane));
}

/// A bit is known if it is the same whatever the undefined bits are; those of one operand all being 0 or all being 1
/// is enough to try, since bits do not mix.
template <class F> uint64_t bitwise(Warp &w, const Inst &i, unsigned lane, F &&f) {
  uint64_t value[3], u[3];
  for (unsigned k = 0; k < 3; ++k) {
    value[k] = valueOf(w, i, k + 1, lane);
    u[k] = missing(w, i, k + 1, lane);
  }
  uint64_t ones = nothing, zeros = nothing;
  for (unsigned t = 0; t < 8; ++t) {
    uint64_t x[3];
    for (unsigned k = 0; k < 3; ++k)
      x[k] = t >> k & 1 ? value[k] | u[k] : value[k] & ~u[k];
    uint64_t r = f(x[0], x[1], x[2]);
    ones &= r;
    zeros &= ~r;
  }
  return ~(ones | zeros);
}
uint64_t ofAnd(Warp &w, const Inst &i, unsigned lane) {
  return bitwise(w, i, lane, [](uint64_t a, uint64_t b, uint64_t) { return a & b; });
}
uint64_t ofOr(Warp &w, const Inst &i, unsigned lane) {
  return bitwise(w, i, lane, [](uint64_t a, uint64_t b, uint64_t) { return a | b; });
}
uint64_t ofXor(Warp &w, const Inst &i, unsigned lane) { return missing(w, i, 1, lane) | missing(w, i, 2, lane); }
uint64_t ofLop3(Warp &w, const Inst &i, unsigned lane) {
  return bitwise(w, i, lane, [&](uint64_t a, uint64_t b, uint64_t c) {
    uint64_t r = 0;
    for (unsigned k = 0; k < 8; ++k)
      if (i.imm3 >> k & 1)
        r |= (k & 4 ? a : ~a) & (k & 2 ? b : ~b) & (k & 1 ? c : ~c);
    return r;
  });
}

/// `u` as a value of `bits` bits, those above taken from the top one or defined.
uint64_t extended(uint64_t u, unsigned bits, bool sign) {
  u &= below(bits);
  return sign && bits < 64 && u >> (bits - 1) & 1 ? u | ~below(bits) : u;
}
uint64_t ofShl(Warp &w, const Inst &i, unsigned lane) {
  uint64_t by = valueOf(w, i, 2, lane);
  if (missing(w, i, 2, lane))
    return nothing;
  return by >= 8 * i.partSize ? 0 : missing(w, i, 1, lane) << by;
}
uint64_t ofShr(Warp &w, const Inst &i, unsigned lane) {
  uint64_t by = valueOf(w, i, 2, lane), bits = 8 * i.partSize;
  if (missing(w, i, 2, lane))
    return nothing;
  uint64_t u = extended(missing(w, i, 1, lane), unsigned(bits), i.partSigned);
  if (by >= bits)
    return i.partSigned ? uint64_t(int64_t(u) >> 63) : 0;
  return i.partSigned ? uint64_t(int64_t(u) >> by) : u >> by;
}
template <bool Left, bool Wrap> uint64_t ofShf(Warp &w, const Inst &i, unsigned lane) {
  uint64_t by = valueOf(w, i, 3, lane);
  if (missing(w, i, 3, lane))
    return nothing;
  by = Wrap ? by & 31 : by < 32 ? by : 32;
  uint64_t u = missing(w, i, 2, lane) << 32 | uint32_t(missing(w, i, 1, lane));
  return Left ? (u << by) >> 32 : u >> by;
}
uint64_t ofBfe(Warp &w, const Inst &i, unsigned lane) {
  if (missing(w, i, 2, lane) & 0xff || missing(w, i, 3, lane) & 0xff)
    return nothing;
  unsigned pos = valueOf(w, i, 2, lane) & 0xff, len = valueOf(w, i, 3, lane) & 0xff, bits = 8 * i.partSize;
  if (!len)
    return 0;
  uint64_t u = extended(missing(w, i, 1, lane), bits, i.partSigned);
  uint64_t field = pos > 63 ? (i.partSigned ? uint64_t(int64_t(u) >> 63) : 0)
                            : (i.partSigned ? uint64_t(int64_t(u) >> pos) : u >> pos);
  return extended(field, len > 64 ? 64 : len, i.partSigned);
}
uint64_t ofBfi(Warp &w, const Inst &i, unsigned lane) {
  if (missing(w, i, 3, lane) & 0xff || missing(w, i, 4, lane) & 0xff)
    return nothing;
  unsigned pos = valueOf(w, i, 3, lane) & 0xff, len = valueOf(w, i, 4, lane) & 0xff;
  if (!len || pos >= 8u * i.partSize)
    return missing(w, i, 2, lane);
  uint64_t mask = below(len) << pos;
  return (missing(w, i, 2, lane) & ~mask) | (missing(w, i, 1, lane) << pos & mask);
}
uint64_t ofPrmt(Warp &w, const Inst &i, unsigned lane) {
  if (i.imm3 || missing(w, i, 3, lane) & 0xffff)
    return nothing;
  uint64_t u = missing(w, i, 2, lane) << 32 | uint32_t(missing(w, i, 1, lane)), result = 0;
  uint64_t select = valueOf(w, i, 3, lane);
  for (unsigned k = 0; k < 4; ++k)
    if (u >> (8 * (select >> (4 * k) & 7)) & 0xff)
      result |= uint64_t(0xff) << (8 * k);
  return result;
}

uint64_t ofSelp(Warp &w, const Inst &i, unsigned lane) {
  if (!(w.defined[i.op[3].index] >> lane & 1))
    return nothing;
  return missing(w, i, truth(w, i, 3) >> lane & 1 ? 1 : 2, lane);
}
template <bool Float> uint64_t ofSlct(Warp &w, const Inst &i, unsigned lane) {
  if (uint32_t(missing(w, i, 3, lane)))
    return nothing;
  bool first = Float ? lanesOf<float>(w, i.op[3])[lane] >= 0 : lanesOf<int32_t>(w, i.op[3])[lane] >= 0;
  return missing(w, i, first ? 1 : 2, lane);
}

/// Between integers: target holds the types, see selectCvt.
uint64_t ofCvtInteger(Warp &w, const Inst &i, unsigned lane) {
  Type to = Type(i.target & 0xff), from = Type(i.target >> 8 & 0xff);
  uint64_t u = extended(missing(w, i, 1, lane), 8 * typeSize(from), isSigned(from));
  return extended(u, 8 * typeSize(to), isSigned(to));
}
/// From a value that may be narrower than its register.
uint64_t ofCvt(Warp &w, const Inst &i, unsigned lane) {
  Type from = Type(i.target >> 8 & 0xff);
  return missing(w, i, 1, lane) & below(8 * typeSize(from)) ? nothing : 0;
}

PartRule ruleOf(Selection &s) {
  const std::string &o = s.inst.opcode;
  Type type = s.type();
  bool pair = type == Type::F16x2 || type == Type::BF16x2 || type == Type::U16x2 || type == Type::S16x2;
  if (o == "mov")
    return s.out.listCount || type == Type::Pred || type == Type::B128 ? nullptr : copied;
  if (o == "cvt") {
    if (s.has("pack"))
      return s.type(0) == Type::U8 || s.type(0) == Type::S8 ? joined<8> : joined<16>;
    if (pair && s.type(1) == Type::F32)
      return joined<16>;
    if (pair)
      return pairToPair<8, 16>;
    if (type == Type::E4M3x2 || type == Type::E5M2x2)
      return s.type(1) == Type::F32 ? joined<8> : pairToPair<16, 8>;
    if (type == Type::TF32)
      return nullptr;
    return isFloat(type) || isFloat(s.type(1)) || s.has("sat") ? ofCvt : ofCvtInteger;
  }
  if (pair) {
    static const char *const paired[] = {"add", "sub", "mul", "fma", "min", "max", "neg", "abs", "ex2", "tanh"};
    for (const char *name : paired)
      if (o == name)
        return inPairs<16>;
    return nullptr;
  }
  if (type == Type::F32x2)
    return inPairs<32>;
  if (o == "selp")
    return ofSelp;
  if (o == "slct")
    return s.type(1) == Type::F32 ? ofSlct<true> : ofSlct<false>;
  if (isFloat(type) || type == Type::Pred || type == Type::None)
    return nullptr;
  bool chain = s.has("cc") || s.has("sat") || s.has("hi");
  if (o == "add" || o == "sub" || o == "neg" || o == "mul" || o == "mad")
    return chain ? nullptr : s.has("wide") ? carriedWide : carried;
  if (o == "and")
    return ofAnd;
  if (o == "or")
    return ofOr;
  if (o == "xor")
    return ofXor;
  if (o == "not")
    return copied;
  if (o == "lop3")
    return ofLop3;
  if (o == "shl")
    return ofShl;
  if (o == "shr")
    return ofShr;
  if (o == "shf")
    return s.has("l") ? (s.has("wrap") ? ofShf<true, true> : ofShf<true, false>)
                      : (s.has("wrap") ? ofShf<false, true> : ofShf<false, false>);
  if (o == "bfe")
    return ofBfe;
  if (o == "bfi")
    return ofBfi;
  return o == "prmt" ? ofPrmt : nullptr;
}

} // namespace

void pickPartRule(Selection &s) {
  s.out.partRule = ruleOf(s);
  s.out.partSize = uint8_t(typeSize(s.type()));
  s.out.partSigned = isSigned(s.type());
}

/// Of `lanes` those that lack no byte of a register of `size`; remembers which bytes the others have.
static uint32_t record(Warp &w, Slot slot, unsigned size, uint32_t lanes, const uint16_t *bytes) {
  uint32_t full = (1u << size) - 1, whole = 0;
  bool some = false;
  forLanes(lanes, [&](unsigned l) {
    uint32_t here = bytes[l] & full;
    whole |= uint32_t(here == full) << l;
    some |= here && here != full;
  });
  if (w.parts.empty()) {
    if (!some)
      return whole;
    w.parts.assign(size_t(w.engine->code.slots) * 32, 0);
  }
  forLanes(lanes, [&](unsigned l) { w.parts[slot.index * size_t(32) + l] = uint16_t(bytes[l] & full); });
  return whole;
}

uint32_t definePartly(Warp &w, Slot slot, uint32_t lanes) {
  const Inst &i = w.engine->insts[w.at];
  bool rule = i.partRule && slot.index == i.op[0].index;
  if (!rule && w.parts.empty())
    return 0;
  uint16_t bytes[32];
  forLanes(lanes, [&](unsigned l) {
    uint64_t u = rule ? i.partRule(w, i, l) : nothing;
    bytes[l] = 0;
    for (unsigned k = 0; k < 8; ++k)
      bytes[l] |= uint16_t(!(u >> (8 * k) & 0xff)) << k;
  });
  return record(w, slot, rule ? i.opSize[0] : 8, lanes, bytes);
}

void defineBytes(Warp &w, Slot slot, unsigned size, uint32_t lanes, const uint16_t *bytes) {
  uint32_t whole = record(w, slot, size, lanes, bytes);
  uint32_t &word = w.defined[slot.index];
  word = (word & ~lanes) | whole;
}

uint32_t definedBelow(const Warp &w, Slot slot, unsigned size, uint32_t lanes) {
  uint32_t result = 0, full = (1u << size) - 1;
  forLanes(lanes, [&](unsigned l) { result |= uint32_t((definedBytes(w, slot, l) & full) == full) << l; });
  return result;
}

} // namespace aic::ptx
