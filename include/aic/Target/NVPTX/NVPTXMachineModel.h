// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- NVPTXMachineModel.h - The numbers of an NVIDIA GPU -----------------===//
#ifndef AIC_TARGET_NVPTX_NVPTXMACHINEMODEL_H
#define AIC_TARGET_NVPTX_NVPTXMACHINEMODEL_H

#include "aic/Dialect/AIC/IR/AICOps.h"

namespace mlir::aic {

/// The numbers that decisions on NVIDIA GPUs are made from: the model of an `aic.target` of the backend `nvidia`.
struct NVPTXMachineModel {
  int64_t sm = 80;                   // compute capability x 10
  int64_t ptx = 70;                  // lowest PTX ISA version x 10 that knows `sm`
  int64_t multiprocessors = 108;     // of a usual part
  int64_t sharedPerBlock = 48 << 10; // bytes that a block has without asking
  int64_t sharedOptIn = 163 << 10;   // ... with cuFuncSetAttribute, which dynamic shared memory needs
  int64_t sharedPerMultiprocessor = 164 << 10;
  int64_t registersPerThread = 255; // of 32 bits
  int64_t registersPerMultiprocessor = 64 << 10;
  int64_t threadsPerBlock = 1024;
  int64_t threadsPerMultiprocessor = 2048;
  int64_t blocksPerMultiprocessor = 32;
  int64_t l2 = 40 << 20;    // bytes
  int64_t bandwidth = 1555; // of device memory, 10^9 bytes a second
  int64_t clock = 1410;     // MHz
  int64_t fmaPerClock = 64; // f32 multiply-adds of a multiprocessor and clock

  /// Threads that run in lock step unless they diverge; the same on all.
  static constexpr int64_t warp = 32;

  /// The model in `target`, which was verified.
  static NVPTXMachineModel read(TargetAttr target);
  /// The model of the target around `op`, or of the oldest chip if there is none.
  static NVPTXMachineModel around(Operation *op);
  /// Errors name the entry that is missing or does not fit the chip.
  static LogicalResult verify(TargetAttr target, function_ref<InFlightDiagnostic()> emitError);
  DictionaryAttr toAttribute(MLIRContext *context) const;
};

/// The names of chips with a fixed model: sm_80, sm_86, sm_89, sm_90a, sm_120.
SmallVector<StringRef> getNVPTXChips();
/// A chip by name; `host` is the oldest one, whose code all others run. Null if there is none with that name.
TargetAttr getNVPTXTarget(MLIRContext *context, StringRef chip);

} // namespace mlir::aic

#endif // AIC_TARGET_NVPTX_NVPTXMACHINEMODEL_H
