// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- VectorMath.h - Functions of vectors that are ours to write out -----===//
#ifndef AIC_LIB_CODEGEN_VECTORMATH_H
#define AIC_LIB_CODEGEN_VECTORMATH_H

#include "mlir/IR/Operation.h"

namespace mlir::aic {

/// Is this a function of a vector that lowerVectorFunction writes out? In f32 these are the ones that MLIR has no good
/// expansion of; in f64 all of them, element by element.
bool isVectorFunction(Operation *op);

/// Computes such a function in f32 if its elements are narrower.
void widenVectorFunction(Operation *op);

void lowerVectorFunction(Operation *op);

} // namespace mlir::aic

#endif // AIC_LIB_CODEGEN_VECTORMATH_H
