// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Dialect/AIC/IR/AICOps.h"

using namespace mlir;
using namespace mlir::aic;
namespace eval = ::aic::eval;

std::string AbsOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string AcosOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string AcoshOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string AddOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string AndOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string AsinOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string AsinhOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string AtanOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string AtanhOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string BitwiseNotOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string CastOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string CeilOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string CompareOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string CosOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string CoshOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string DequantizeOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string DivOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string ErfOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string ExpOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string FloorOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string IsInfOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string IsNanOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string LogOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string MaximumOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string MinimumOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string ModOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string MulOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string NegOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string NotOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string OrOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string PowOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string QuantizeOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string ReluOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string RemOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string RoundOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string RsqrtOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string SelectOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string ShiftLeftOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string ShiftRightOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string SigmoidOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string SignOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string SinOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string SinhOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string SqrtOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string SubOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string TanOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string TanhOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
std::string XorOp::evaluate(ArrayRef<eval::View> operands, std::vector<eval::Tensor> &results) { return "has no evaluation yet"; }
