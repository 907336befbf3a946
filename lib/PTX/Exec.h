// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Loops over the 32 lanes of a warp, one instantiation an operation and type. Results go through a local array, so
// that a destination that is also a source needs no check for overlap and the loop vectorises.
#ifndef AIC_PTX_EXEC_H
#define AIC_PTX_EXEC_H

#include "Engine.h"
#include "Select.h"

namespace aic::ptx {

template <class T> inline void store(Warp &w, Slot slot, const T *values, uint32_t defined) {
  define(w, slot, w.mask, defined);
  T *d = lanesOf<T>(w, slot);
  if (w.mask == ~0u)
    memcpy(d, values, 32 * sizeof(T));
  else
    forLanes(w.mask, [&](unsigned l) { d[l] = values[l]; });
}

template <class D, class A, class Op> void run1(Warp &w, const Inst &i) {
  const A *a = lanesOf<A>(w, i.op[1]);
  D t[32];
  if (w.mask == ~0u)
    for (unsigned l = 0; l < 32; ++l)
      t[l] = Op()(a[l]);
  else
    forLanes(w.mask, [&](unsigned l) { t[l] = Op()(a[l]); });
  store(w, i.op[0], t, w.defined[i.op[1].index]);
}

template <class D, class A, class B, class Op> void run2(Warp &w, const Inst &i) {
  const A *a = lanesOf<A>(w, i.op[1]);
  const B *b = lanesOf<B>(w, i.op[2]);
  D t[32];
  if (w.mask == ~0u)
    for (unsigned l = 0; l < 32; ++l)
      t[l] = Op()(a[l], b[l]);
  else
    forLanes(w.mask, [&](unsigned l) { t[l] = Op()(a[l], b[l]); });
  store(w, i.op[0], t, w.defined[i.op[1].index] & w.defined[i.op[2].index]);
}

template <class D, class A, class B, class C, class Op> void run3(Warp &w, const Inst &i) {
  const A *a = lanesOf<A>(w, i.op[1]);
  const B *b = lanesOf<B>(w, i.op[2]);
  const C *c = lanesOf<C>(w, i.op[3]);
  D t[32];
  if (w.mask == ~0u)
    for (unsigned l = 0; l < 32; ++l)
      t[l] = Op()(a[l], b[l], c[l]);
  else
    forLanes(w.mask, [&](unsigned l) { t[l] = Op()(a[l], b[l], c[l]); });
  store(w, i.op[0], t, w.defined[i.op[1].index] & w.defined[i.op[2].index] & w.defined[i.op[3].index]);
}

// Signed arithmetic wraps on the chip.
template <class T> using Unsigned = std::make_unsigned_t<T>;

/// Calls `f` with a value of the C type of an integer or bit type.
template <class F> auto withInteger(Type type, F &&f) {
  switch (type) {
  case Type::B8:
  case Type::U8:
    return f(uint8_t());
  case Type::S8:
    return f(int8_t());
  case Type::B16:
  case Type::U16:
    return f(uint16_t());
  case Type::S16:
    return f(int16_t());
  case Type::S32:
    return f(int32_t());
  case Type::B64:
  case Type::U64:
    return f(uint64_t());
  case Type::S64:
    return f(int64_t());
  default:
    return f(uint32_t());
  }
}

} // namespace aic::ptx

#endif // AIC_PTX_EXEC_H
