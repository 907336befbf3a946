// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Pipelines.h - The order of all passes ------------------------------===//
//
// A compilation is a row of stages, each of which takes a module from one level of docs/Levels.md to the next and is
// named after the level it reaches. Every target has its row; tools run it by name and ask nothing else about targets.
//
//===----------------------------------------------------------------------===//
#ifndef AIC_PIPELINES_PIPELINES_H
#define AIC_PIPELINES_PIPELINES_H

#include "aic/Target/TargetBackend.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"

namespace mlir::aic {

/// What the user says of the machine, for every target. Each has one option that names its chip
/// (TargetBackend::getChipOption).
struct TargetPipelineOptions : public PassPipelineOptions<TargetPipelineOptions> {
  PassOptions::Option<std::string> cpu{*this, "cpu", llvm::cl::init("host"),
                                       llvm::cl::desc("LLVM's name of the CPU; host: this one")};
  PassOptions::Option<std::string> features{*this, "features", llvm::cl::init(""),
                                            llvm::cl::desc("Changes of the CPU's features: +avx2,-avx512f")};
  PassOptions::Option<int64_t> threads{*this, "threads", llvm::cl::init(1),
                                       llvm::cl::desc("Threads that a call uses unless it says otherwise")};
  PassOptions::Option<std::string> machine{*this, "machine", llvm::cl::init("edge-256"),
                                           llvm::cl::desc("NPU: name of a shipped machine or a machine file")};
  PassOptions::Option<std::string> arch{*this, "arch", llvm::cl::init("sm_80"),
                                        llvm::cl::desc("GPU: its architecture, like sm_80")};

  /// The chip of this backend.
  StringRef getChip(const TargetBackend &backend) const;
  void setChip(const TargetBackend &backend, StringRef chip);
};

/// One step of a compilation, named after the level it reaches.
struct PipelineStage {
  StringRef name;
  void (*build)(OpPassManager &pm, const TargetBackend &backend, const TargetPipelineOptions &options);
};

/// All stages of a target, in order: from "graph", whose passes work within the level, to "code", the LLVM dialect.
ArrayRef<PipelineStage> getStages(const TargetBackend &backend);
/// Those behind `after` ("": all) up to and including `last`. Empty if there are no such stages.
ArrayRef<PipelineStage> getStages(const TargetBackend &backend, StringRef after, StringRef last);
/// Adds the passes of these.
void buildStages(OpPassManager &pm, const TargetBackend &backend, const TargetPipelineOptions &options, StringRef after,
                 StringRef last);

/// aic-graph-pipeline, aic-to-loops, aic-to-kernels, aic-to-tiles, aic-to-x86, aic-tiles-to-x86, aic-to-npu-units,
/// aic-to-npu, aic-to-nvptx.
void registerPipelines();

} // namespace mlir::aic

#endif // AIC_PIPELINES_PIPELINES_H
