// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Tools/NodeNames.h"
#include "mlir/IR/Operation.h"
#include "llvm/ADT/SetVector.h"

namespace mlir::aic::tools {

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

SmallVector<StringRef> nodeNames(Location location) {
  llvm::SmallSetVector<StringRef, 4> names;
  collectNames(location, names);
  return llvm::to_vector(names.getArrayRef());
}

SmallVector<StringRef> nodeNames(Operation *op) { return nodeNames(op->getLoc()); }

} // namespace mlir::aic::tools
