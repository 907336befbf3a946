// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Stages.h - The stages that rows of Stages.cpp are made of ----------===//
#ifndef AIC_LIB_PIPELINES_STAGES_H
#define AIC_LIB_PIPELINES_STAGES_H

#include "aic/Pipelines/Pipelines.h"

namespace mlir::aic {

//===-- Every target --------------------------------------------------------===//

/// Shapes, constants, canonical forms, layouts. Graph to graph.
void buildGraphPipeline(OpPassManager &pm, const TargetBackend &backend, const TargetPipelineOptions &options);
/// Graph to loops.
void buildLoopsPipeline(OpPassManager &pm, const TargetBackend &backend, const TargetPipelineOptions &options);
/// Loops to kernels with configs.
void buildKernelsPipeline(OpPassManager &pm, const TargetBackend &backend, const TargetPipelineOptions &options);

//===-- x86 -----------------------------------------------------------------===//

/// Loops to kernels that read weights in panels.
void buildX86KernelsPipeline(OpPassManager &pm, const TargetBackend &backend, const TargetPipelineOptions &options);
/// Kernels to tiles.
void buildX86TilesPipeline(OpPassManager &pm, const TargetBackend &backend, const TargetPipelineOptions &options);
/// Tiles to the LLVM dialect: host code, and one nested module per kernel.
void buildX86CodePipeline(OpPassManager &pm, const TargetBackend &backend, const TargetPipelineOptions &options);

//===-- NPU -----------------------------------------------------------------===//

/// From the final graph to units in functions, one program each.
void buildNPUUnitsPipeline(OpPassManager &pm, const TargetBackend &backend, const TargetPipelineOptions &options);
/// From units to proven programs.
void buildNPUProgramsPipeline(OpPassManager &pm, const TargetBackend &backend, const TargetPipelineOptions &options);
/// Programs become constants.
void buildNPUEncodePipeline(OpPassManager &pm, const TargetBackend &backend, const TargetPipelineOptions &options);

//===-- NVIDIA --------------------------------------------------------------===//

/// Kernels to device functions, in modules of their own.
void buildNVPTXTilesPipeline(OpPassManager &pm, const TargetBackend &backend, const TargetPipelineOptions &options);
/// Device functions to entries in the LLVM and NVVM dialects that code generation takes.
void buildNVPTXDevicePipeline(OpPassManager &pm, const TargetBackend &backend, const TargetPipelineOptions &options);
/// The modules of kernels become one text, an attribute of the host module.
void buildNVPTXTextPipeline(OpPassManager &pm, const TargetBackend &backend, const TargetPipelineOptions &options);
/// What is left, the host code, to the LLVM dialect.
void buildNVPTXCodePipeline(OpPassManager &pm, const TargetBackend &backend, const TargetPipelineOptions &options);

} // namespace mlir::aic

#endif // AIC_LIB_PIPELINES_STAGES_H
