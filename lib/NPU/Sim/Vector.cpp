//===- Vector.cpp - The vector unit's instructions on repetitions --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One repetition at a time: its operands are widened to i32 or f32, computed, and converted to the result's type. A
// repetition is read whole before its result is written.
//
//===----------------------------------------------------------------------===//

#include "Execute.h"
#include "Numerics.h"

#include <cstring>

using namespace aic::npu;
using namespace aic::npu::sim;

namespace {

template <typename T, typename Out> AIC_NPU_INLINE void convertEach(const uint8_t *from, int64_t n, Out *to) {
  for (int64_t i = 0; i < n; ++i) {
    T value;
    std::memcpy(&value, from + i * int64_t(sizeof(T)), sizeof(T));
    to[i] = static_cast<Out>(value);
  }
}

AIC_NPU_CLONES void loadInts(const uint8_t *from, DType type, int64_t n, int32_t *to) {
  switch (type) {
  case DType::i8:
    return convertEach<int8_t>(from, n, to);
  case DType::u8:
    return convertEach<uint8_t>(from, n, to);
  case DType::i16:
    return convertEach<int16_t>(from, n, to);
  default:
    return convertEach<int32_t>(from, n, to);
  }
}

AIC_NPU_CLONES void loadFloats(const uint8_t *from, DType type, int64_t n, float *to) {
  switch (type) {
  case DType::i8:
    return convertEach<int8_t>(from, n, to);
  case DType::u8:
    return convertEach<uint8_t>(from, n, to);
  case DType::i16:
    return convertEach<int16_t>(from, n, to);
  case DType::i32:
    return convertEach<int32_t>(from, n, to);
  case DType::f32:
    std::memcpy(to, from, static_cast<size_t>(n) * 4);
    return;
  default:
    for (int64_t i = 0; i < n; ++i) {
      uint16_t bits;
      std::memcpy(&bits, from + 2 * i, 2);
      to[i] = type == DType::bf16 ? bfloatToFloat(bits) : halfToFloat(bits);
    }
  }
}

template <typename T> AIC_NPU_INLINE void storeEach(const int32_t *from, int64_t n, uint8_t *to) {
  for (int64_t i = 0; i < n; ++i) {
    T value = static_cast<T>(from[i]);
    std::memcpy(to + i * int64_t(sizeof(T)), &value, sizeof(T));
  }
}

/// What an integer type holds.
void limits(DType type, int32_t &low, int32_t &high) {
  low = type == DType::i8 ? -128 : type == DType::u8 ? 0 : -32768;
  high = type == DType::i8 ? 127 : type == DType::u8 ? 255 : 32767;
}

void storeNarrow(const int32_t *from, DType type, int64_t n, uint8_t *to) {
  type == DType::i16 ? storeEach<int16_t>(from, n, to) : storeEach<uint8_t>(from, n, to);
}

AIC_NPU_CLONES void roundEach(const float *values, Round round, int64_t n, float *to) {
  if (round == Round::rint)
    for (int64_t i = 0; i < n; ++i)
      to[i] = std::nearbyint(values[i]);
  else
    for (int64_t i = 0; i < n; ++i)
      to[i] = roundTo(values[i], round);
}

AIC_NPU_CLONES void quantizeEach(const float *values, int32_t zp, int32_t low, int32_t high, int64_t n, int32_t *to) {
  for (int64_t i = 0; i < n; ++i)
    to[i] = quantize(values[i], zp, low, high);
}

AIC_NPU_CLONES void storeFloatBits(const float *values, DType type, int64_t n, uint8_t *to) {
  for (int64_t i = 0; i < n; ++i) {
    if (type == DType::f32) {
      float value = canonical(values[i]);
      std::memcpy(to + 4 * i, &value, 4);
    } else {
      uint16_t bits = type == DType::bf16 ? floatToBFloat(values[i]) : floatToHalf(values[i]);
      std::memcpy(to + 2 * i, &bits, 2);
    }
  }
}

template <typename F> AIC_NPU_INLINE void map(float *d, const float *a, int64_t n, F f) {
  for (int64_t i = 0; i < n; ++i)
    d[i] = f(a[i]);
}
template <typename T, typename F> AIC_NPU_INLINE void zip(T *d, const T *a, const T *b, int64_t n, F f) {
  for (int64_t i = 0; i < n; ++i)
    d[i] = f(a[i], b[i]);
}

AIC_NPU_INLINE float larger(float a, float b) { return a != a || a >= b ? a : b; }
AIC_NPU_INLINE float smaller(float a, float b) { return a != a || a <= b ? a : b; }

template <typename T> AIC_NPU_INLINE void compareEach(int32_t *d, const T *a, const T *b, int64_t n, Compare cmp) {
  switch (cmp) {
  case Compare::eq:
    for (int64_t i = 0; i < n; ++i)
      d[i] = a[i] == b[i];
    return;
  case Compare::ne:
    for (int64_t i = 0; i < n; ++i)
      d[i] = a[i] != b[i];
    return;
  case Compare::lt:
    for (int64_t i = 0; i < n; ++i)
      d[i] = a[i] < b[i];
    return;
  case Compare::le:
    for (int64_t i = 0; i < n; ++i)
      d[i] = a[i] <= b[i];
    return;
  case Compare::gt:
    for (int64_t i = 0; i < n; ++i)
      d[i] = a[i] > b[i];
    return;
  case Compare::ge:
    for (int64_t i = 0; i < n; ++i)
      d[i] = a[i] >= b[i];
    return;
  }
}

/// Element by element in f32; d may be a.
AIC_NPU_CLONES void computeFloats(Opcode op, float *d, const float *a, const float *b, const float *c, int64_t n) {
  switch (op) {
  case Opcode::ADD:
    return zip(d, a, b, n, [](float x, float y) { return x + y; });
  case Opcode::SUB:
    return zip(d, a, b, n, [](float x, float y) { return x - y; });
  case Opcode::MUL:
    return zip(d, a, b, n, [](float x, float y) { return x * y; });
  case Opcode::DIV:
    return zip(d, a, b, n, [](float x, float y) { return x / y; });
  case Opcode::MAX:
    return zip(d, a, b, n, [](float x, float y) { return larger(x, y); });
  case Opcode::MIN:
    return zip(d, a, b, n, [](float x, float y) { return smaller(x, y); });
  case Opcode::MADD:
    for (int64_t i = 0; i < n; ++i)
      d[i] = a[i] * b[i] + c[i];
    return;
  case Opcode::EXP:
    return map(d, a, n, [](float x) { return expOf(x); });
  case Opcode::LOG:
    return map(d, a, n, [](float x) { return logOf(x); });
  case Opcode::RECIP:
    return map(d, a, n, [](float x) { return recipOf(x); });
  case Opcode::RSQRT:
    return map(d, a, n, [](float x) { return rsqrtOf(x); });
  case Opcode::SQRT:
    return map(d, a, n, [](float x) { return sqrtOf(x); });
  case Opcode::TANH:
    return map(d, a, n, [](float x) { return tanhOf(x); });
  case Opcode::ERF:
    return map(d, a, n, [](float x) { return erfOf(x); });
  case Opcode::SIGMOID:
    return map(d, a, n, [](float x) { return sigmoidOf(x); });
  default: // CAST, BCAST, TRANS, GATHER, SCATTER: the conversion is all
    return;
  }
}

AIC_NPU_INLINE int32_t wrapped(uint32_t value) { return static_cast<int32_t>(value); }

AIC_NPU_CLONES void computeInts(Opcode op, int32_t *d, const int32_t *a, const int32_t *b, const int32_t *c,
                                int64_t n) {
  switch (op) {
  case Opcode::ADD:
    return zip(d, a, b, n, [](int32_t x, int32_t y) { return wrapped(uint32_t(x) + uint32_t(y)); });
  case Opcode::SUB:
    return zip(d, a, b, n, [](int32_t x, int32_t y) { return wrapped(uint32_t(x) - uint32_t(y)); });
  case Opcode::MUL:
    return zip(d, a, b, n, [](int32_t x, int32_t y) { return wrapped(uint32_t(x) * uint32_t(y)); });
  case Opcode::MAX:
    return zip(d, a, b, n, [](int32_t x, int32_t y) { return x > y ? x : y; });
  case Opcode::MIN:
    return zip(d, a, b, n, [](int32_t x, int32_t y) { return x < y ? x : y; });
  case Opcode::MADD:
    for (int64_t i = 0; i < n; ++i)
      d[i] = wrapped(uint32_t(a[i]) * uint32_t(b[i]) + uint32_t(c[i]));
    return;
  case Opcode::AND:
    return zip(d, a, b, n, [](int32_t x, int32_t y) { return x & y; });
  case Opcode::OR:
    return zip(d, a, b, n, [](int32_t x, int32_t y) { return x | y; });
  case Opcode::XOR:
    return zip(d, a, b, n, [](int32_t x, int32_t y) { return x ^ y; });
  case Opcode::SHL:
    return zip(d, a, b, n, [](int32_t x, int32_t y) { return wrapped(uint32_t(x) << (y & 31)); });
  case Opcode::SHR:
    return zip(d, a, b, n, [](int32_t x, int32_t y) { return x >> (y & 31); });
  default:
    return;
  }
}

AIC_NPU_CLONES void compareFloats(int32_t *d, const float *a, const float *b, int64_t n, Compare cmp) {
  compareEach(d, a, b, n, cmp);
}
AIC_NPU_CLONES void compareInts(int32_t *d, const int32_t *a, const int32_t *b, int64_t n, Compare cmp) {
  compareEach(d, a, b, n, cmp);
}

template <typename T, typename F> T fold(const T *values, int64_t n, F f) {
  T result = values[0];
  for (int64_t i = 1; i < n; ++i)
    result = f(result, values[i]);
  return result;
}

class VectorRunner {
public:
  VectorRunner(const Issue &issue, ExecutionContext &context)
      : op(*issue.op), s(op.vector), context(context), n(s.len) {
    for (unsigned i = 0; i < 4; ++i)
      base[i] = op.operands[i].place == kNoPlace ? nullptr : context.memory.at(op, i, issue.addresses);
    size_t room = 1;
    while (room < static_cast<size_t>(std::max(s.len, s.rep)))
      room *= 2; // for the tree of a sum
    for (unsigned i = 0; i < 4; ++i) {
      ints[i] = reserve(context.ints[i], room);
      floats[i] = reserve(context.floats[i], room);
    }
    indexedPlace = op.operands[op.opcode == Opcode::GATHER ? slot::VecS0 : slot::VecDst].place;
    indexedBase = issue.addresses[op.opcode == Opcode::GATHER ? slot::VecS0 : slot::VecDst];
  }

  bool run() {
    if (op.opcode == Opcode::TRANS)
      return transpose(), true;
    for (int64_t r = 0; r < s.rep; ++r)
      if (!repetition(r))
        return false;
    return true;
  }

private:
  template <typename T> static T *reserve(std::vector<T> &values, size_t count) {
    if (values.size() < count)
      values.resize(count);
    return values.data();
  }

  uint8_t *at(unsigned slot, int64_t r) { return base[slot] + r * s.stride[slot]; }
  DType typeOf(unsigned slot) const { return slot == slot::VecS0 ? s.s0dt : s.s1dt; }

  /// Operand number `slot` of repetition r, widened.
  void loadInt(unsigned slot, int64_t r) {
    int32_t *to = ints[slot];
    if (!base[slot])
      return void(std::fill_n(to, n, quantize32(std::trunc(s.immediate), 0)));
    loadInts(at(slot, r), typeOf(slot), s.broadcast[slot] ? 1 : n, to);
    if (s.broadcast[slot])
      std::fill_n(to, n, to[0]);
  }
  void loadFloat(unsigned slot, int64_t r) {
    float *to = floats[slot];
    if (!base[slot])
      return void(std::fill_n(to, n, s.immediate));
    loadFloats(at(slot, r), typeOf(slot), s.broadcast[slot] ? 1 : n, to);
    if (s.broadcast[slot])
      std::fill_n(to, n, to[0]);
  }

  void storeInt(const int32_t *values, int64_t count, uint8_t *to) {
    if (isFloat(s.ddt)) {
      for (int64_t i = 0; i < count; ++i)
        floats[3][i] = static_cast<float>(values[i]);
      return storeFloatBits(floats[3], s.ddt, count, to);
    }
    int32_t low, high, *out = ints[3];
    limits(s.ddt, low, high);
    if (s.ddt == DType::i32)
      for (int64_t i = 0; i < count; ++i)
        out[i] = wrapped(uint32_t(values[i]) + uint32_t(s.zp));
    else
      for (int64_t i = 0; i < count; ++i)
        out[i] = static_cast<int32_t>(std::clamp<int64_t>(int64_t(values[i]) + s.zp, low, high));
    if (s.ddt == DType::i32)
      std::memcpy(to, out, static_cast<size_t>(count) * 4);
    else
      storeNarrow(out, s.ddt, count, to);
  }
  void storeFloat(const float *values, int64_t count, uint8_t *to) {
    if (isFloat(s.ddt))
      return storeFloatBits(values, s.ddt, count, to);
    int32_t low, high, *out = ints[3];
    roundEach(values, s.round, count, floats[3]);
    if (s.ddt == DType::i32) {
      for (int64_t i = 0; i < count; ++i)
        out[i] = quantize32(floats[3][i], s.zp);
      std::memcpy(to, out, static_cast<size_t>(count) * 4);
      return;
    }
    limits(s.ddt, low, high);
    quantizeEach(floats[3], s.zp, low, high, count, out);
    storeNarrow(out, s.ddt, count, to);
  }

  bool repetition(int64_t r) {
    uint8_t *dst = at(slot::VecDst, r);
    switch (op.opcode) {
    case Opcode::COPY: {
      size_t bytes = static_cast<size_t>(n) * bytesOf(s.ddt);
      if (!s.broadcast[slot::VecS0])
        return std::memmove(dst, at(slot::VecS0, r), bytes), true;
      std::vector<uint8_t> element(at(slot::VecS0, r), at(slot::VecS0, r) + bytesOf(s.ddt));
      for (size_t i = 0; i < bytes; i += element.size())
        std::memcpy(dst + i, element.data(), element.size());
      return true;
    }
    case Opcode::IOTA:
      for (int64_t i = 0; i < n; ++i)
        ints[1][i] = static_cast<int32_t>(i);
      return storeInt(ints[1], n, dst), true;
    case Opcode::LUT:
      return lookup(r, dst), true;
    case Opcode::CMP:
      if (s.integer) {
        loadInt(slot::VecS0, r), loadInt(slot::VecS1, r);
        compareInts(ints[1], ints[1], ints[2], n, s.cmp);
      } else {
        loadFloat(slot::VecS0, r), loadFloat(slot::VecS1, r);
        compareFloats(ints[1], floats[1], floats[2], n, s.cmp);
      }
      return storeInt(ints[1], n, dst), true;
    case Opcode::SEL:
      return select(r, dst), true;
    case Opcode::RSUM:
    case Opcode::RMAX:
    case Opcode::RMIN:
    case Opcode::RARGMAX:
      return reduce(r, dst), true;
    case Opcode::GATHER:
    case Opcode::SCATTER:
      return indexed(r, dst);
    default:
      break;
    }
    const bool second = base[slot::VecS1] || s.s1Immediate, third = base[slot::VecS2] != nullptr;
    if (s.integer) {
      loadInt(slot::VecS0, r);
      if (second)
        loadInt(slot::VecS1, r);
      if (third)
        loadIntThird(r);
      computeInts(op.opcode, ints[1], ints[1], ints[2], ints[0], n);
      return storeInt(ints[1], n, dst), true;
    }
    loadFloat(slot::VecS0, r);
    if (second)
      loadFloat(slot::VecS1, r);
    if (third)
      loadFloatThird(r);
    computeFloats(op.opcode, floats[1], floats[1], floats[2], floats[0], n);
    return storeFloat(floats[1], n, dst), true;
  }

  // The third source goes where the result has no room of its own: slot 3 is the stores' working memory.
  void loadIntThird(int64_t r) {
    loadInts(at(slot::VecS2, r), s.s1dt, s.broadcast[slot::VecS2] ? 1 : n, ints[0]);
    if (s.broadcast[slot::VecS2])
      std::fill_n(ints[0], n, ints[0][0]);
  }
  void loadFloatThird(int64_t r) {
    loadFloats(at(slot::VecS2, r), s.s1dt, s.broadcast[slot::VecS2] ? 1 : n, floats[0]);
    if (s.broadcast[slot::VecS2])
      std::fill_n(floats[0], n, floats[0][0]);
  }

  void lookup(int64_t r, uint8_t *dst) {
    const size_t element = bytesOf(s.ddt);
    std::vector<uint8_t> index(static_cast<size_t>(n));
    for (int64_t i = 0; i < n; ++i)
      index[static_cast<size_t>(i)] = at(slot::VecS0, r)[s.broadcast[slot::VecS0] ? 0 : i];
    for (size_t i = 0; i < index.size(); ++i)
      std::memmove(dst + i * element, base[slot::VecS1] + index[i] * element, element);
  }

  void select(int64_t r, uint8_t *dst) {
    // The condition counts as it is stored, whatever the others are.
    loadFloat(slot::VecS0, r);
    std::vector<bool> condition(static_cast<size_t>(n));
    for (int64_t i = 0; i < n; ++i)
      condition[static_cast<size_t>(i)] = floats[1][i] != 0;
    if (s.integer) {
      loadInt(slot::VecS1, r), loadIntThird(r);
      for (int64_t i = 0; i < n; ++i)
        ints[1][i] = condition[static_cast<size_t>(i)] ? ints[2][i] : ints[0][i];
      return storeInt(ints[1], n, dst);
    }
    loadFloat(slot::VecS1, r), loadFloatThird(r);
    for (int64_t i = 0; i < n; ++i)
      floats[1][i] = condition[static_cast<size_t>(i)] ? floats[2][i] : floats[0][i];
    storeFloat(floats[1], n, dst);
  }

  void reduce(int64_t r, uint8_t *dst) {
    if (s.integer) {
      loadInt(slot::VecS0, r);
      int32_t *v = ints[1];
      int32_t result = 0;
      if (op.opcode == Opcode::RSUM)
        result = fold(v, n, [](int32_t a, int32_t b) { return wrapped(uint32_t(a) + uint32_t(b)); });
      else if (op.opcode == Opcode::RMAX)
        result = fold(v, n, [](int32_t a, int32_t b) { return std::max(a, b); });
      else if (op.opcode == Opcode::RMIN)
        result = fold(v, n, [](int32_t a, int32_t b) { return std::min(a, b); });
      else
        result = static_cast<int32_t>(std::max_element(v, v + n) - v);
      return storeInt(&result, 1, dst);
    }
    loadFloat(slot::VecS0, r);
    float *v = floats[1];
    if (op.opcode == Opcode::RARGMAX) {
      int32_t best = 0; // a NaN counts as the largest
      for (int32_t i = 1; i < n && v[best] == v[best]; ++i)
        if (v[i] > v[best] || v[i] != v[i])
          best = i;
      return storeInt(&best, 1, dst);
    }
    float result = op.opcode == Opcode::RSUM ? treeSum(v, static_cast<size_t>(n))
                                             : fold(v, n, op.opcode == Opcode::RMAX ? larger : smaller);
    storeFloat(&result, 1, dst);
  }

  bool indexed(int64_t r, uint8_t *dst) {
    const bool gathers = op.opcode == Opcode::GATHER;
    const int64_t element = bytesOf(gathers ? s.s0dt : s.ddt);
    const int64_t limit = context.decoded.placeBytes[indexedPlace];
    loadInt(slot::VecS1, r);
    int32_t *index = ints[2];
    for (int64_t i = 0; i < n; ++i) {
      int64_t address = indexedBase + r * s.stride[gathers ? slot::VecS0 : slot::VecDst] + index[i] * element;
      if (address >= 0 && address + element <= limit)
        continue;
      context.trap = "index " + std::to_string(index[i]) + " reaches byte " + std::to_string(address) + " of " +
                     nameOfPlace(indexedPlace) + ", which has " + std::to_string(limit);
      return false;
    }
    if (gathers) {
      for (int64_t i = 0; i < n; ++i) {
        const uint8_t *from = at(slot::VecS0, r) + index[i] * element;
        s.integer ? loadInts(from, s.s0dt, 1, ints[1] + i) : loadFloats(from, s.s0dt, 1, floats[1] + i);
      }
      s.integer ? storeInt(ints[1], n, dst) : storeFloat(floats[1], n, dst);
      return true;
    }
    s.integer ? loadInt(slot::VecS0, r) : loadFloat(slot::VecS0, r);
    for (int64_t i = 0; i < n; ++i)
      s.integer ? storeInt(ints[1] + i, 1, dst + index[i] * element)
                : storeFloat(floats[1] + i, 1, dst + index[i] * element);
    return true;
  }

  void transpose() {
    const size_t element = bytesOf(s.ddt), rows = static_cast<size_t>(s.rep);
    std::vector<uint8_t> turned(rows * static_cast<size_t>(n) * element), line(static_cast<size_t>(n) * element);
    for (int64_t r = 0; r < s.rep; ++r) {
      s.integer ? loadInt(slot::VecS0, r) : loadFloat(slot::VecS0, r);
      s.integer ? storeInt(ints[1], n, line.data()) : storeFloat(floats[1], n, line.data());
      for (size_t j = 0; j < static_cast<size_t>(n); ++j)
        std::memcpy(turned.data() + (j * rows + static_cast<size_t>(r)) * element, line.data() + j * element, element);
    }
    for (int64_t j = 0; j < n; ++j)
      std::memcpy(base[slot::VecDst] + j * s.stride[slot::VecDst],
                  turned.data() + static_cast<size_t>(j) * rows * element, rows * element);
  }

  const Operation &op;
  const VectorShape &s;
  ExecutionContext &context;
  const int64_t n;
  uint8_t *base[4];
  int32_t *ints[4]; // 0: third source, 1: first source and result, 2: second source, 3: stores
  float *floats[4];
  Place indexedPlace;
  int64_t indexedBase;
};

} // namespace

bool sim::executeVector(const Issue &issue, ExecutionContext &context) { return VectorRunner(issue, context).run(); }
