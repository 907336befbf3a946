// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_TARGET_NPU_PASSES_H
#define AIC_TARGET_NPU_PASSES_H

#include "aic/Dialect/NPU/IR/NPUOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace mlir::npu {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "aic/Target/NPU/Passes.h.inc"

/// The bytes of a .npub file. Emits an error if the program does not encode.
FailureOr<std::string> encodeProgram(ProgramOp program);
/// The program that a call runs, or null.
ProgramOp programOf(ModuleOp module, func::CallOp call);
/// Whether nothing of the module's public function is left to the host but the call of one program; else `left` gets
/// the operations that are.
bool isWholeProgram(ModuleOp module, SmallVectorImpl<Operation *> &left);

} // namespace mlir::npu

#endif // AIC_TARGET_NPU_PASSES_H
