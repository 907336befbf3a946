// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Levels.h - At which level of docs/Levels.md a module is ------------===//
#ifndef AIC_LIB_TOOLS_TRANSLATE_LEVELS_H
#define AIC_LIB_TOOLS_TRANSLATE_LEVELS_H

#include "aic/Pipelines/Pipelines.h"
#include "mlir/IR/BuiltinOps.h"

namespace mlir::aic::tools {

enum class Level { Graph, Loops, Kernels, Tiles, Code };

Level levelOf(ModuleOp module);

/// Takes a module from its own level to `wanted`; a module that is there or beyond stays as it is.
LogicalResult lowerTo(ModuleOp module, Level wanted, const X86PipelineOptions &options);

} // namespace mlir::aic::tools

#endif // AIC_LIB_TOOLS_TRANSLATE_LEVELS_H
