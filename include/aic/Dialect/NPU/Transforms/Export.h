// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_DIALECT_NPU_TRANSFORMS_EXPORT_H
#define AIC_DIALECT_NPU_TRANSFORMS_EXPORT_H

#include "aic/Dialect/NPU/IR/NPUOps.h"
#include "aic/NPU/Program.h"

namespace mlir::npu {

/// The program as the MLIR-free libraries take it. With `withData`, const segments carry their bytes. Emits an error if
/// a buffer has no address.
FailureOr<::aic::npu::Program> exportProgram(ProgramOp program, bool withData);

} // namespace mlir::npu

#endif // AIC_DIALECT_NPU_TRANSFORMS_EXPORT_H
