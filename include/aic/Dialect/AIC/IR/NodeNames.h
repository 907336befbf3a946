// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- NodeNames.h - The nodes of a model that IR stands for --------------===//
#ifndef AIC_DIALECT_AIC_IR_NODENAMES_H
#define AIC_DIALECT_AIC_IR_NODENAMES_H

#include "mlir/IR/Location.h"
#include "mlir/Support/LLVM.h"

namespace mlir {
class Operation;
namespace aic {

/// The names of the model's nodes in a location, in order, each once.
SmallVector<StringRef> getNodeNames(Location location);
SmallVector<StringRef> getNodeNames(Operation *op);

} // namespace aic
} // namespace mlir

#endif // AIC_DIALECT_AIC_IR_NODENAMES_H
