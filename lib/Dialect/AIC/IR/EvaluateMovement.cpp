// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Dialect/AIC/IR/AICOps.h"

using namespace mlir;
using namespace mlir::aic;
namespace eval = ::aic::eval;

std::string BroadcastOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string ConcatOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string GatherElementsOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string GatherNDOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string GatherOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string NonZeroOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string PadOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string RangeOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string ReshapeOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string ScatterElementsOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string ScatterNDOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string ShapeOfOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string SliceOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string TileOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string TransposeOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
