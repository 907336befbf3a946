// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_DIALECT_AIC_TRANSFORMS_KERNELANALYSIS_H
#define AIC_DIALECT_AIC_TRANSFORMS_KERNELANALYSIS_H

#include "aic/Dialect/AIC/IR/AICOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/Operation.h"

namespace mlir::aic {

/// What an operation of the loops level is to the kernel former, to config selection and to an emitter.
enum class LoopKind {
  Host,        ///< stays outside kernels: shape arithmetic, constants, control flow
  View,        ///< reshape and cast: stays outside kernels, moves no data
  Elementwise, ///< all loops parallel and each element of the result written once
  Fill,        ///< linalg.fill
  Slice,       ///< tensor.extract_slice
  Pad,         ///< tensor.pad with one value
  Concat,      ///< tensor.concat
  Contraction, ///< sum of products of which some result dim is in one operand only
  Convolution, ///< window into an input that has no result channel
  Depthwise,   ///< window, channels of input and result are the same
  Pooling,     ///< window without a filter
  Reduction,   ///< any other reduction
  Structured,  ///< a kernel of its own
};

LoopKind classifyLoop(Operation *op);

/// Contraction, convolution, depthwise or pooling: a reduction that reads elements more than once.
bool isHeavy(LoopKind kind);

/// About how many simple instructions an element of `op` costs. A transcendental function counts 16.
int64_t bodyCost(Operation *op);

/// Elementwise, one input, and the body only yields it: transpose or broadcast.
bool isMovement(Operation *op);

/// The dims of the result that `op` reduces over do not exist; of its (first) input's dims the reduced ones are
/// innermost.
bool reducesInnermost(linalg::GenericOp op);

/// The operand of a contraction or convolution whose elements the lanes of a vector read: its map has the innermost dim
/// of the result. Null if both or none have it.
OpOperand *getLaneOperand(linalg::GenericOp op);

/// The operation that decides how a kernel is emitted: the heavy one, else the first reduction, else the last one.
Operation *getKernelRoot(func::FuncOp kernel);
/// What its root makes of a kernel.
KernelClass getKernelClass(func::FuncOp kernel);

} // namespace mlir::aic

#endif // AIC_DIALECT_AIC_TRANSFORMS_KERNELANALYSIS_H
