// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Dialect/AIC/IR/AICOps.h"

using namespace mlir;
using namespace mlir::aic;
namespace eval = ::aic::eval;

std::string ConvOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string ConvTransposeOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string EinsumOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string MatmulOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
