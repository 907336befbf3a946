// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Flops.h - How much work an operation is ----------------------------===//
#ifndef AIC_TOOLS_FLOPS_H
#define AIC_TOOLS_FLOPS_H

#include "mlir/IR/Location.h"
#include "mlir/Support/LLVM.h"
#include <cstdint>

namespace mlir {
class Operation;
namespace aic::tools {

/// Arithmetic operations of one graph operation, or of a linalg operation and what is in it; a multiply-add counts as
/// two, an extent that is not known as one. Operations that only move data count as none.
double countFlops(Operation *op);

/// The sum over everything inside `op`, itself included.
double countFlopsWithin(Operation *op);

/// The names of the model's nodes in a location, in order, each once.
SmallVector<StringRef> nodeNames(Location location);
SmallVector<StringRef> nodeNames(Operation *op);

} // namespace aic::tools
} // namespace mlir

#endif // AIC_TOOLS_FLOPS_H
