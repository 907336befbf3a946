// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_PTX_ACCESS_H
#define AIC_PTX_ACCESS_H

#include "Engine.h"

namespace aic::ptx {

/// Checks an access of `bytes` by each lane of `mask` and gives host pointers; returns the lanes without a fault.
/// Generic addresses are replaced by those within their window.
uint32_t accessLanes(Warp &warp, Space space, uint32_t mask, uint64_t *addresses, unsigned bytes, bool write,
                     bool atomic, uint8_t **pointers);
uint32_t sharedLanes(Warp &warp, uint32_t mask, const uint64_t *addresses, unsigned bytes, bool write, bool atomic,
                     uint8_t **pointers);

/// What an acquire, release or volatile access means for happens-before; lets other lanes run.
void orderAccess(Warp &warp, const Inst &inst, const uint64_t *addresses, uint32_t lanes, bool write);

void countShared(Warp &warp, uint32_t mask, const uint64_t *addresses, unsigned bytes);
void countGlobal(Warp &warp, uint32_t mask, const uint64_t *addresses, unsigned bytes);

} // namespace aic::ptx

#endif // AIC_PTX_ACCESS_H
