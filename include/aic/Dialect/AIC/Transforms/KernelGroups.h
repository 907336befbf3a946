// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_DIALECT_AIC_TRANSFORMS_KERNELGROUPS_H
#define AIC_DIALECT_AIC_TRANSFORMS_KERNELGROUPS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Pass/Pass.h"
#include <functional>

namespace mlir::aic {

/// What a target lets the kernel former do. The numbers are the options of `aic-form-kernels`.
struct FusionPolicy {
  unsigned maxOperations = 96;
  unsigned maxResults = 4;
  unsigned maxReductions = 8;
  unsigned recomputeCost = 2;
  unsigned rowRecomputeCost = 8;
  bool outerRows = false; ///< rows may run along any dims, not only the innermost ones
  bool readPads = false;  ///< heavy readers check bounds themselves: a pad that only they read needs no memory
  /// A veto: whether `producer` may join the kernel that ends with `last`. Null: always.
  std::function<bool(Operation *producer, Operation *last)> canFuse;
};

/// `aic-form-kernels` with the policy of a target.
std::unique_ptr<Pass> createFormKernelsPass(const FusionPolicy &policy);

/// Operations of one block that become one kernel, in program order. The last one stands where the call will be.
struct KernelGroup {
  SmallVector<Operation *> operations;
  SmallVector<Value> results;
};

/// Groups the operations of `block`; a group comes after those that it reads.
SmallVector<KernelGroup> groupOperations(Block &block, const FusionPolicy &policy);

/// Makes kernel functions from groups; equal ones are one function.
class KernelOutliner {
public:
  explicit KernelOutliner(ModuleOp module) : module(module), symbols(module) {}
  /// Replaces the group with a call.
  LogicalResult outline(const KernelGroup &group);

private:
  func::FuncOp findEqual(func::FuncOp kernel);

  ModuleOp module;
  SymbolTable symbols;
  llvm::DenseMap<size_t, SmallVector<func::FuncOp, 1>> byHash;
  unsigned count = 0;
};

} // namespace mlir::aic

#endif // AIC_DIALECT_AIC_TRANSFORMS_KERNELGROUPS_H
