// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- CopyUnit.h - Movements of elements as strided boxes ----------------===//
//
// Unit "copy": the result is covered by boxes. A box takes elements of one operand, or the fill value, to the result
// along some loops; all numbers count elements, sources may stand still or go backwards. Params: `element` (bytes),
// `fill` (the bits of an element), `boxes`: for each {operand or -1, source offset, destination offset, number of
// loops, then {extent, source stride, destination stride} for each loop, outermost first}. Operands are tensors;
// constants among them are read as such.
//
// Unit "alias": the result is the operand under other extents; nothing moves.
//
//===----------------------------------------------------------------------===//
#ifndef AIC_LIB_CONVERSION_AICTONPU_COPYUNIT_H
#define AIC_LIB_CONVERSION_AICTONPU_COPYUNIT_H

#include "ProgramBuilder.h"

namespace mlir::npu {

struct Box {
  int64_t operand = -1, source = 0, destination = 0;
  SmallVector<Run> loops;

  /// Drops loops of one iteration, orders them by the destination and merges what is contiguous in both.
  void normalise();
  int64_t elements() const;
};

SmallVector<int64_t> packBoxes(ArrayRef<Box> boxes);
SmallVector<Box> unpackBoxes(ArrayRef<int64_t> numbers);

/// How a box goes through local memory: in pieces of some iterations of each loop.
struct BoxPlan {
  SmallVector<int64_t> pieces; // per loop
  int transposed = -1;         // the loop that is contiguous at the source, if VX exchanges it with the last one
  bool staged = false;         // loaded in the order of the source, arranged within L1
  int64_t slotElements = 1;    // the largest piece
  int64_t instructions = 0;
};

BoxPlan planBox(const Box &box, int64_t element, const hw::Machine &machine);

/// A movement of more is the host's.
constexpr int64_t maxFormedInstructions = 16384;
/// What was formed may be cut further when its pieces cannot be allocated.
constexpr int64_t maxCopyInstructions = 8 * maxFormedInstructions;

} // namespace mlir::npu

#endif // AIC_LIB_CONVERSION_AICTONPU_COPYUNIT_H
