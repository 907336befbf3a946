// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Interpreter.h - Graph-level functions, evaluated op by op ----------===//
#ifndef AIC_INTERPRETER_INTERPRETER_H
#define AIC_INTERPRETER_INTERPRETER_H

#include "aic/Eval/Tensor.h"
#include "mlir/Support/LLVM.h"
#include <functional>
#include <vector>

namespace mlir {
class Operation;
namespace func {
class FuncOp;
}
} // namespace mlir

namespace mlir::aic {

struct InterpretOptions {
  /// Sees the results of every graph operation right after it ran, also inside regions and called functions. A tensor
  /// that is kept stays valid.
  std::function<void(Operation *, ArrayRef<::aic::eval::Tensor>)> observe;
};

/// The results of a graph-level function for the given inputs, which may have any strides. A value's memory is freed
/// after its last use; constants are read in place. Errors are diagnostics at the operation that failed; inputs that do
/// not fit the arguments' types and equal dim names (`aic.dims`) give one.
FailureOr<std::vector<::aic::eval::Tensor>> interpret(func::FuncOp func, ArrayRef<::aic::eval::View> inputs,
                                                      const InterpretOptions &options = {});

} // namespace mlir::aic

#endif // AIC_INTERPRETER_INTERPRETER_H
