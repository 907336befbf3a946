// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_DIALECT_AIC_IR_AICINTERFACES_TD
#define AIC_DIALECT_AIC_IR_AICINTERFACES_TD

include "mlir/IR/OpBase.td"

def AIC_GraphOpInterface : OpInterface<"GraphOpInterface"> {
  let cppNamespace = "::mlir::aic";
  let description = [{
    What every operation of the graph level knows about itself: the dims of its results, their contents where those are
    shape arithmetic, and its meaning on concrete tensors. The verifier, the refinement of types, constant folding and
    the reference interpreter are all derived from these three.
  }];
  let methods = [
    InterfaceMethod<[{
      Appends the dims of each result. Emits an error that names the operand and fails when the operands do not fit each
      other; what is not known at compile time is a symbol of the scope.
    }], "::llvm::LogicalResult", "inferShapes",
    (ins "::mlir::aic::ShapeScope &":$scope, "::llvm::SmallVectorImpl<::mlir::aic::Dims> &":$results)>,
    InterfaceMethod<[{
      The elements of the (only) result in row-major order, if it is an integer tensor whose elements are expressions of
      dims. Operations outside shape arithmetic keep the default.
    }], "::std::optional<::mlir::aic::Dims>", "inferElements", (ins "::mlir::aic::ShapeScope &":$scope), "",
    [{ return std::nullopt; }]>,
    InterfaceMethod<[{
      Computes the results from concrete operands (an absent optional operand is not in the list). This is the meaning
      of the operation: every backend is compared with it. Returns an error text or the empty string.
    }], "::std::string", "evaluate",
    (ins "::llvm::ArrayRef<::aic::eval::View>":$operands, "::std::vector<::aic::eval::Tensor> &":$results)>,
  ];
  let verify = [{ return ::mlir::aic::detail::verifyGraphOp($_op); }];
}

#endif // AIC_DIALECT_AIC_IR_AICINTERFACES_TD
