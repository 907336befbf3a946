// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_LIB_TOOLS_TRANSLATE_REPORT_H
#define AIC_LIB_TOOLS_TRANSLATE_REPORT_H

#include "aic/Pipelines/Pipelines.h"
#include "mlir/IR/BuiltinOps.h"

namespace mlir::aic::tools {

/// Lowers a module to tiles and appends a table of its kernels and every remark on the way.
LogicalResult reportKernels(ModuleOp module, const X86PipelineOptions &options, bool json, std::string &text);

/// Forms the NPU's units and appends a table of them, program by program, and of what stays on the host and why.
LogicalResult reportPrograms(ModuleOp module, const X86PipelineOptions &options, StringRef machine, bool json, std::string &text);

} // namespace mlir::aic::tools

#endif // AIC_LIB_TOOLS_TRANSLATE_REPORT_H
