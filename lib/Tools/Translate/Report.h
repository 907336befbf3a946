// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_LIB_TOOLS_TRANSLATE_REPORT_H
#define AIC_LIB_TOOLS_TRANSLATE_REPORT_H

#include "aic/Pipelines/Pipelines.h"
#include "mlir/IR/BuiltinOps.h"

namespace mlir::aic::tools {

/// Lowers a module to tiles and appends a table of its kernels and every remark on the way; of a target that takes
/// whole parts of graphs, what the target says of them.
LogicalResult reportModule(ModuleOp module, const TargetBackend &backend, const TargetPipelineOptions &options,
                           bool json, std::string &text);

} // namespace mlir::aic::tools

#endif // AIC_LIB_TOOLS_TRANSLATE_REPORT_H
