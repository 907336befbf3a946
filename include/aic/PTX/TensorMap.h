// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The 128 opaque bytes of a tensor map (CUtensorMap), in the executor's own encoding: what cuTensorMapEncodeTiled of a
// driver on this executor writes, and what cp.async.bulk.tensor reads.
#ifndef AIC_PTX_TENSORMAP_H
#define AIC_PTX_TENSORMAP_H

#include "aic/PTX/Types.h"

namespace aic::ptx {

struct TensorMap {
  uint64_t magic = 0x50414d5443494121ull; // tells an encoded map from any other 128 bytes
  uint64_t base = 0;
  uint32_t dims[5] = {1, 1, 1, 1, 1}; // elements, innermost first
  uint32_t box[5] = {1, 1, 1, 1, 1};
  uint64_t strides[4] = {0, 0, 0, 0}; // bytes between elements of dims[1..4]
  uint8_t elementStrides[5] = {1, 1, 1, 1, 1};
  uint8_t rank = 1;
  uint8_t elementSize = 2; // bytes
  uint8_t swizzle = 0;     // 0 none, 1: 32, 2: 64, 3: 128 bytes
  uint8_t nanFill = 0;     // out of bounds is NaN instead of zero
  uint8_t padding[31] = {};
};
static_assert(sizeof(TensorMap) == 128, "a tensor map is 128 bytes");

/// Null if `map` is a map that the hardware would accept (alignments, box sizes, swizzle span), else why not.
const char *checkTensorMap(const TensorMap &map);

/// Address of a byte within a tile after the swizzle: 16-byte chunks are exchanged by address bits 7 and up.
inline uint64_t swizzled(uint64_t address, unsigned mode) {
  unsigned bits = mode > 3 ? 3 : mode;
  return address ^ (((address >> 7) & ((1u << bits) - 1)) << 4);
}

} // namespace aic::ptx

#endif // AIC_PTX_TENSORMAP_H
