// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_PTX_WGMMA_H
#define AIC_PTX_WGMMA_H

namespace aic::ptx {

struct Warp;
struct Inst;
struct Block;

/// Computes what was issued; the accumulators stay out of reach until the wait.
void flushWgmma(Warp &warp);
/// When a warp ends: what is in flight then has no wait.
void finishWgmma(Warp &warp);
/// When a block has ended: the warps of a warpgroup issue the same operations.
void checkWarpgroups(Block &block);
/// For warps that have used wgmma: an instruction touches registers of operations in flight, or makes the next
/// operation need a wgmma.fence.
void checkWgmmaRegisters(Warp &warp, const Inst &inst);

} // namespace aic::ptx

#endif // AIC_PTX_WGMMA_H
