// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Pipelines.h - The order of all passes ------------------------------===//
//
// One function and one registered pipeline per level of docs/Levels.md; each starts where the one before ends.
//
//===----------------------------------------------------------------------===//
#ifndef AIC_PIPELINES_PIPELINES_H
#define AIC_PIPELINES_PIPELINES_H

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"

namespace mlir::aic {

/// What the user says of the machine.
struct X86PipelineOptions : public PassPipelineOptions<X86PipelineOptions> {
  PassOptions::Option<std::string> cpu{*this, "cpu", llvm::cl::init("host"),
                                       llvm::cl::desc("LLVM's name of the CPU; host: this one")};
  PassOptions::Option<std::string> features{*this, "features", llvm::cl::init(""),
                                            llvm::cl::desc("Changes of the CPU's features: +avx2,-avx512f")};
  PassOptions::Option<int64_t> threads{*this, "threads", llvm::cl::init(1),
                                       llvm::cl::desc("Threads that a call uses unless it says otherwise")};
};

/// Shapes, constants, canonical forms, layouts. Graph to graph.
void buildGraphPipeline(OpPassManager &pm, const X86PipelineOptions &options);
/// Graph to loops.
void buildLoopsPipeline(OpPassManager &pm, const X86PipelineOptions &options);
/// Loops to kernels with configs.
void buildKernelsPipeline(OpPassManager &pm, const X86PipelineOptions &options);
/// Kernels to tiles.
void buildTilesPipeline(OpPassManager &pm, const X86PipelineOptions &options);
/// Tiles to the LLVM dialect: host code, and one nested module per kernel.
void buildCodePipeline(OpPassManager &pm, const X86PipelineOptions &options);
/// All of them.
void buildX86Pipeline(OpPassManager &pm, const X86PipelineOptions &options);

/// What the user says of the NPU.
struct NPUPipelineOptions : public PassPipelineOptions<NPUPipelineOptions> {
  PassOptions::Option<std::string> machine{*this, "machine", llvm::cl::init("edge-256"),
                                           llvm::cl::desc("Name of a shipped machine or a machine file")};
};

/// From the final graph to units in functions, one program each.
void buildNPUUnitsPipeline(OpPassManager &pm, const NPUPipelineOptions &options);
/// From units to proven programs.
void buildNPUProgramsPipeline(OpPassManager &pm, const NPUPipelineOptions &options);

/// aic-to-npu-units, aic-to-npu.
void registerNPUPipelines();

/// aic-graph-pipeline, aic-to-loops, aic-to-kernels, aic-to-tiles, aic-to-x86.
void registerPipelines();

} // namespace mlir::aic

#endif // AIC_PIPELINES_PIPELINES_H
