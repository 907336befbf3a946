// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_LIB_CODEGEN_WEIGHTSECTION_H
#define AIC_LIB_CODEGEN_WEIGHTSECTION_H

#include "mlir/IR/BuiltinOps.h"
#include <string>

namespace mlir::aic {

/// A relocatable object with the hidden symbol `aic_weights` and, if the module has constants, the section of it with
/// one byte in place of them.
std::string weightObject(ModuleOp module);

} // namespace mlir::aic

#endif // AIC_LIB_CODEGEN_WEIGHTSECTION_H
