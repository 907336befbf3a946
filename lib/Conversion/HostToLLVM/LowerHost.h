// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_LIB_CONVERSION_HOSTTOLLVM_LOWERHOST_H
#define AIC_LIB_CONVERSION_HOSTTOLLVM_LOWERHOST_H

#include "mlir/IR/BuiltinOps.h"

namespace mlir::aic {

/// Converts the index arithmetic and control flow of the module's own LLVM functions (not of nested modules).
/// Divisions by a number that is zero at run time yield a number instead of a trap.
LogicalResult lowerHostFunctions(ModuleOp module);

} // namespace mlir::aic

#endif // AIC_LIB_CONVERSION_HOSTTOLLVM_LOWERHOST_H
