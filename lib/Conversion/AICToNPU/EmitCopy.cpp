// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ProgramBuilder.h"

namespace mlir::npu {
LogicalResult emitCopy(ProgramBuilder &, UnitOp unit) { return unit.emitOpError("expected an emitter"); }
} // namespace mlir::npu
