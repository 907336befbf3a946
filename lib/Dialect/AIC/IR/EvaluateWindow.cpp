// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Dialect/AIC/IR/AICOps.h"

using namespace mlir;
using namespace mlir::aic;
namespace eval = ::aic::eval;

std::string AvgPoolOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string MaxPoolIndicesOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string MaxPoolOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string ResizeOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
