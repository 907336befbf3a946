// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Tools/NPU/CommandLine.h"

int main(int argc, char **argv) { return aic::npu::tools::disassemblerMain(argc, argv); }
