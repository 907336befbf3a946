// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/PTX/Tool.h"

int main(int argc, char **argv) { return aic::ptx::runTool(argc, argv); }
