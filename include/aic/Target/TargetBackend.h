// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_TARGET_TARGETBACKEND_H
#define AIC_TARGET_TARGETBACKEND_H

#include "aic/Dialect/AIC/IR/AICOps.h"
#include "aic/Dialect/AIC/Transforms/KernelGroups.h"
#include "mlir/Pass/PassManager.h"
#include <string>

namespace mlir::aic {

/// The order of the dims of an activation in memory.
enum class Layout { RowMajor, ChannelsLast };

/// Everything that the compiler asks a target. Backends have no state: what depends on the machine is in the attribute.
class TargetBackend {
public:
  using EmitError = function_ref<InFlightDiagnostic()>;
  virtual ~TargetBackend() = default;

  virtual StringRef getName() const = 0;

  /// The machine called `chip`; `host` is the one that runs the compiler. Null after an error.
  virtual TargetAttr getTarget(MLIRContext *context, StringRef chip, EmitError emitError) const = 0;
  /// Chips that `getTarget` knows by name, for messages.
  virtual SmallVector<StringRef> getChips() const = 0;
  /// Checks what this backend needs of the machine model.
  virtual LogicalResult verifyTarget(TargetAttr target, EmitError emitError) const = 0;

  /// What may become one kernel.
  virtual FusionPolicy getFusionPolicy(TargetAttr target) const { return {}; }
  /// The layout in which a graph operation's activations are computed best.
  virtual Layout getPreferredLayout(Operation *op) const { return Layout::RowMajor; }
  /// Whether kernels can hold `op` of the loops level; if not, `reason` says why.
  virtual bool supports(Operation *op, std::string &reason) const = 0;
  /// How `kernel` is tiled; null if the backend has no opinion.
  virtual LoweringConfigAttr selectConfig(func::FuncOp kernel, TargetAttr target) const = 0;
  /// From the kernels level to the tiles level.
  virtual void buildKernelPipeline(OpPassManager &pm) const = 0;
};

/// The backend with this name, or null.
const TargetBackend *lookupTarget(StringRef name);
SmallVector<StringRef> getTargetNames();

/// `backend` or `backend:chip`. Null after an error.
TargetAttr parseTarget(MLIRContext *context, StringRef text, TargetBackend::EmitError emitError);

/// The backend of the module's target; emits an error if there is none.
const TargetBackend *getTargetBackend(ModuleOp module, TargetAttr &target);

std::unique_ptr<TargetBackend> createX86Backend();

} // namespace mlir::aic

#endif // AIC_TARGET_TARGETBACKEND_H
