// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_LIB_TARGET_X86_X86MACHINEMODEL_H
#define AIC_LIB_TARGET_X86_X86MACHINEMODEL_H

#include "aic/Dialect/AIC/IR/AICOps.h"

namespace mlir::aic {

/// The numbers that decisions on x86 are made from.
/// An optional entry `emulate = 1` lifts the check that the chip has vectors of `lanes`: LLVM splits them, for tests.
struct X86MachineModel {
  int64_t lanes = 8;      // f32 elements in a vector register
  int64_t registers = 16; // vector registers
  int64_t l1 = 32 << 10;  // bytes of data cache of a core
  int64_t l2 = 512 << 10; // ... second level
  int64_t l3 = 8 << 20;   // bytes of the last cache level, shared
  int64_t threads = 1;    // workers that the machine runs at once

  /// The model in `target`, which was verified.
  static X86MachineModel read(TargetAttr target);
  /// Errors name the entry that is missing or does not fit the features.
  static LogicalResult verify(TargetAttr target, function_ref<InFlightDiagnostic()> emitError);
  DictionaryAttr toAttribute(MLIRContext *context) const;
};

/// The names of chips with a fixed model.
SmallVector<StringRef> getX86Chips();
/// A chip by name, or the machine that runs the compiler (`host`). Null if there is none with that name.
TargetAttr getX86Target(MLIRContext *context, StringRef chip);
/// Whether the target's chip, with its features, can do `feature`.
bool hasX86Feature(TargetAttr target, StringRef feature);

} // namespace mlir::aic

#endif // AIC_LIB_TARGET_X86_X86MACHINEMODEL_H
