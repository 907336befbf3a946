// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_DIALECT_AIC_IR_AICOPS_TD
#define AIC_DIALECT_AIC_IR_AICOPS_TD

include "aic/Dialect/AIC/IR/AICElementwiseOps.td"
include "aic/Dialect/AIC/IR/AICContractionOps.td"
include "aic/Dialect/AIC/IR/AICReductionOps.td"
include "aic/Dialect/AIC/IR/AICNormalizationOps.td"
include "aic/Dialect/AIC/IR/AICWindowOps.td"
include "aic/Dialect/AIC/IR/AICMovementOps.td"
include "aic/Dialect/AIC/IR/AICAttributes.td"
include "aic/Dialect/AIC/IR/AICKernelOps.td"

#endif // AIC_DIALECT_AIC_IR_AICOPS_TD
