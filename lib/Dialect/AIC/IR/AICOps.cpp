// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Dialect/AIC/IR/AICOps.h"
#include "aic/Eval/Elementwise.h"

using namespace mlir;
using namespace mlir::aic;

#define GET_OP_CLASSES
#include "aic/Dialect/AIC/IR/AICOps.cpp.inc"
