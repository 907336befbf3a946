// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- NodeNames.h - The nodes of a model that IR stands for --------------===//
#ifndef AIC_TOOLS_NODENAMES_H
#define AIC_TOOLS_NODENAMES_H

#include "mlir/IR/Location.h"
#include "mlir/Support/LLVM.h"

namespace mlir {
class Operation;
namespace aic::tools {

/// The names of the model's nodes in a location, in order, each once.
SmallVector<StringRef> nodeNames(Location location);
SmallVector<StringRef> nodeNames(Operation *op);

} // namespace aic::tools
} // namespace mlir

#endif // AIC_TOOLS_NODENAMES_H
