// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Tools/CommandLine.h"

int main(int argc, char **argv) { return mlir::aic::tools::checkMain(argc, argv); }
