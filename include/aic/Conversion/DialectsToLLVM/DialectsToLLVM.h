// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_CONVERSION_DIALECTSTOLLVM_DIALECTSTOLLVM_H
#define AIC_CONVERSION_DIALECTSTOLLVM_DIALECTSTOLLVM_H

#include "mlir/Pass/PassManager.h"

namespace mlir::aic {

/// The passes of MLIR that kernels of the tiles level go through on every processor: shapes of memrefs become
/// arithmetic,
void addMemRefExpansion(OpPassManager &pm);
/// and all dialects LLVM's, with bare pointers. `withLibm`: a function without an intrinsic becomes a call of libm.
void addConversionsToLLVM(OpPassManager &pm, bool withLibm);

} // namespace mlir::aic

#endif // AIC_CONVERSION_DIALECTSTOLLVM_DIALECTSTOLLVM_H
