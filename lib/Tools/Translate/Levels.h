// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Levels.h - At which level of docs/Levels.md a module is ------------===//
#ifndef AIC_LIB_TOOLS_TRANSLATE_LEVELS_H
#define AIC_LIB_TOOLS_TRANSLATE_LEVELS_H

#include "aic/Pipelines/Pipelines.h"
#include "mlir/IR/BuiltinOps.h"

namespace mlir::aic::tools {

/// The name of the level: "graph", "loops", "kernels", "tiles", "nvvm", "ptx", "code".
StringRef levelOf(ModuleOp module);

/// Takes a module from its own level to that of `wanted`; a module that is there or beyond stays as it is.
LogicalResult lowerTo(ModuleOp module, StringRef wanted, const TargetBackend &backend,
                      const TargetPipelineOptions &options);

} // namespace mlir::aic::tools

#endif // AIC_LIB_TOOLS_TRANSLATE_LEVELS_H
