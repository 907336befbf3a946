// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which bytes of a register have a value. A bit a lane says that all have; only where one is missing the rule of the
// instruction is asked, so that code without undefined values pays a comparison.
#ifndef AIC_PTX_DEFINED_H
#define AIC_PTX_DEFINED_H

#include "Engine.h"

namespace aic::ptx {

/// A bit a byte of `slot` in `lane`, the lowest byte first; all 16 are set where the whole register is defined.
inline uint32_t definedBytes(const Warp &w, Slot slot, unsigned lane) {
  if (w.defined[slot.index] >> lane & 1)
    return 0xffff;
  return w.parts.empty() ? 0 : w.parts[slot.index * size_t(32) + lane];
}

/// As define(), for a result whose bytes the caller knows: `bytes` has a mask a lane, of a register of `size` bytes.
void defineBytes(Warp &w, Slot slot, unsigned size, uint32_t lanes, const uint16_t *bytes);

/// Of `lanes`, whose bit is not set, those whose lowest `size` bytes have a value all the same.
uint32_t definedBelow(const Warp &w, Slot slot, unsigned size, uint32_t lanes);

} // namespace aic::ptx

#endif // AIC_PTX_DEFINED_H
