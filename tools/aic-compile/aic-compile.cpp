// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Driver/CompileTool.h"

int main(int argc, char **argv) { return mlir::aic::tools::compileMain(argc, argv); }
