// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_DIALECT_AIC_IR_AICDIALECT_H
#define AIC_DIALECT_AIC_IR_AICDIALECT_H

#include "mlir/IR/Dialect.h"

#include "aic/Dialect/AIC/IR/AICDialect.h.inc"

#endif // AIC_DIALECT_AIC_IR_AICDIALECT_H
