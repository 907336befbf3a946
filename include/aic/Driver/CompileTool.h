// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_DRIVER_COMPILETOOL_H
#define AIC_DRIVER_COMPILETOOL_H

namespace mlir::aic::tools {
/// The whole of aic-compile.
int compileMain(int argc, char **argv);
} // namespace mlir::aic::tools

#endif // AIC_DRIVER_COMPILETOOL_H
