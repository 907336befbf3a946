// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Dialect/AIC/IR/AICOps.h"

using namespace mlir;
using namespace mlir::aic;
namespace eval = ::aic::eval;

std::string BatchNormOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string LayerNormOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string LogSoftmaxOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string RMSNormOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string SoftmaxOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
