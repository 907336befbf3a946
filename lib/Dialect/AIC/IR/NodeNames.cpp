// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Dialect/AIC/IR/NodeNames.h"
#include "mlir/IR/Operation.h"
#include "llvm/ADT/SetVector.h"

namespace mlir::aic {

static void collectNames(Location location, llvm::SmallSetVector<StringRef, 4> &names) {
  if (auto name = dyn_cast<NameLoc>(location)) {
    names.insert(name.getName().getValue());
  } else if (auto fused = dyn_cast<FusedLoc>(location)) {
    for (Location part : fused.getLocations())
      collectNames(part, names);
  } else if (auto call = dyn_cast<CallSiteLoc>(location)) {
    collectNames(call.getCallee(), names);
  }
}

SmallVector<StringRef> getNodeNames(Location location) {
  llvm::SmallSetVector<StringRef, 4> names;
  collectNames(location, names);
  return llvm::to_vector(names.getArrayRef());
}

SmallVector<StringRef> getNodeNames(Operation *op) { return getNodeNames(op->getLoc()); }

} // namespace mlir::aic
