// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Flops.h - How much work an operation is ----------------------------===//
#ifndef AIC_DIALECT_AIC_TRANSFORMS_FLOPS_H
#define AIC_DIALECT_AIC_TRANSFORMS_FLOPS_H

namespace mlir {
class Operation;
namespace aic {

/// Arithmetic operations of one graph operation, or of a linalg operation and what is in it; a multiply-add counts as
/// two, an extent that is not known as one. Operations that only move data count as none, integers only where they are
/// summed up (quantised models).
double countFlops(Operation *op);

/// The sum over everything inside `op`, itself included.
double countFlopsWithin(Operation *op);

} // namespace aic
} // namespace mlir

#endif // AIC_DIALECT_AIC_TRANSFORMS_FLOPS_H
