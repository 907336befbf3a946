// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Tools/NPU/Verify.h"

int main(int argc, char **argv) { return aic::npu::tools::mutatorMain(argc, argv); }
