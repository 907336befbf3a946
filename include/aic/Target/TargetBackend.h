// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_TARGET_TARGETBACKEND_H
#define AIC_TARGET_TARGETBACKEND_H

#include "aic/Dialect/AIC/IR/AICOps.h"
#include "aic/Dialect/AIC/Transforms/KernelGroups.h"
#include <string>

namespace mlir::aic {

/// The order of the dims of an activation in memory.
enum class Layout { RowMajor, ChannelsLast };

/// What the device of a target does at one call of a kernel.
struct KernelLaunch {
  std::string function;
  AffineMap grid; ///< three extents of the grid by the kernel's extents
  SmallVector<int64_t> block;
};

/// Everything that the compiler asks a target. Backends have no state: what depends on the machine is in the attribute.
class TargetBackend {
public:
  using EmitError = function_ref<InFlightDiagnostic()>;
  /// Takes a file that stands beside the main output: its name and its contents.
  using WriteFile = function_ref<LogicalResult(StringRef name, StringRef contents)>;
  virtual ~TargetBackend() = default;

  virtual StringRef getName() const = 0;

  /// The machine called `chip`; `host` is the one that runs the compiler. Null after an error.
  virtual TargetAttr getTarget(MLIRContext *context, StringRef chip, EmitError emitError) const = 0;
  /// Chips that `getTarget` knows by name, for messages; the first is meant where none is named.
  virtual SmallVector<StringRef> getChips() const = 0;
  /// The option of tools that names the chip: cpu, machine or arch.
  virtual StringRef getChipOption() const { return "arch"; }
  /// Checks what this backend needs of the machine model.
  virtual LogicalResult verifyTarget(TargetAttr target, EmitError emitError) const = 0;

  /// Whether kernels are code for the processor that host code runs on.
  virtual bool isHost() const { return false; }
  /// The backend of the kernels: this one, unless it takes whole parts of graphs and leaves the rest to another.
  virtual const TargetBackend &getKernelBackend() const { return *this; }

  /// What may become one kernel.
  virtual FusionPolicy getFusionPolicy(TargetAttr target) const { return {}; }
  /// The layout in which a graph operation's activations are computed best.
  virtual Layout getPreferredLayout(Operation *op) const { return Layout::RowMajor; }
  /// Whether kernels can hold `op` of the loops level; if not, `reason` says why. By default every operation of that level
  /// on elements of 8 to 64 bits.
  virtual bool supports(Operation *op, std::string &reason) const;
  /// How `kernel` is tiled; null if the backend has no opinion.
  virtual LoweringConfigAttr selectConfig(func::FuncOp kernel, TargetAttr target) const = 0;

  // Hooks between the stages of a compilation; Pipelines.h lists the stages of each target by name.

  /// The stage after which `writeFile` makes the whole output, for a file name that ends like this; "": a library is
  /// made.
  virtual StringRef getFileStage(StringRef extension) const { return ""; }
  /// Writes what the model is after `getFileStage`. Errors are diagnostics.
  virtual LogicalResult writeFile(ModuleOp module, raw_ostream &os) const;
  /// After every stage: says what the user should know. `dump` takes what deserves a file of its own; null: not wanted.
  virtual LogicalResult finishStage(StringRef stage, ModuleOp module, WriteFile dump) const { return success(); }
  /// What the manifest says of the target: pairs of a key and a text.
  virtual SmallVector<std::pair<std::string, std::string>> describeTarget(ModuleOp module, TargetAttr target) const;

  /// The stage after which `explain` is asked.
  virtual StringRef getCheckStage() const { return "loops"; }
  /// Names operations that this target does not take, each with the reason.
  virtual void explain(ModuleOp module, function_ref<void(Operation *op, StringRef reason)> refuse) const;

  /// What a call of this kernel, a declaration of the tiles level, launches; nothing where kernels are functions.
  virtual std::vector<KernelLaunch> getLaunches(func::FuncOp kernel) const { return {}; }
  /// The stage after which `report` is asked; "": a report is a table of the kernels.
  virtual StringRef getReportStage() const { return ""; }
  /// What the model becomes, as text or as JSON.
  virtual std::string report(ModuleOp module, bool json) const { return ""; }
};

/// The backend with this name, or null.
const TargetBackend *lookupTarget(StringRef name);
SmallVector<StringRef> getTargetNames();

/// The backend with this name, or null after an error.
const TargetBackend *lookupTarget(StringRef name, TargetBackend::EmitError emitError);

/// `backend` or `backend:chip`. Null after an error.
TargetAttr parseTarget(MLIRContext *context, StringRef text, TargetBackend::EmitError emitError);

/// The backend of the module's target; emits an error if there is none.
const TargetBackend *getTargetBackend(ModuleOp module, TargetAttr &target);

std::unique_ptr<TargetBackend> createX86Backend();
std::unique_ptr<TargetBackend> createNPUBackend();
std::unique_ptr<TargetBackend> createNVPTXBackend();

} // namespace mlir::aic

#endif // AIC_TARGET_TARGETBACKEND_H
