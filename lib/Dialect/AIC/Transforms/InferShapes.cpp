// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- InferShapes.cpp - Static extents wherever they follow --------------===//
//
// One walk in order over one ShapeScope: the operands of an operation are known
// before it, so nothing is visited twice.
//
//===----------------------------------------------------------------------===//
#include "RefineTypes.h"
#include "aic/Dialect/AIC/Transforms/Passes.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/StringMap.h"

namespace mlir::aic {
#define GEN_PASS_DEF_INFERSHAPESPASS
#include "aic/Dialect/AIC/Transforms/Passes.h.inc"

void nameArgumentDims(func::FuncOp func, ShapeScope &scope) {
  llvm::StringMap<AffineExpr> named;
  for (BlockArgument argument : func.getArguments()) {
    auto names = func.getArgAttrOfType<ArrayAttr>(argument.getArgNumber(), "aic.dims");
    if (!names || !isa<RankedTensorType>(argument.getType()))
      continue;
    Dims dims(scope.dims(argument));
    for (auto [dim, attr] : llvm::zip(dims, names)) {
      auto name = dyn_cast<StringAttr>(attr);
      if (name && !name.empty() && !constantDim(dim))
        dim = named.try_emplace(name.getValue(), dim).first->second;
    }
    scope.setDims(argument, dims);
  }
}

LogicalResult inferDims(GraphOpInterface op, ShapeScope &scope) {
  SmallVector<Dims> inferred;
  if (failed(op.inferShapes(scope, inferred)))
    return failure();
  if (inferred.size() != op->getNumResults())
    return op->emitOpError("expected ") << inferred.size() << " results, got " << op->getNumResults();
  for (auto [result, dims] : llvm::zip_equal(op->getResults(), inferred)) {
    auto type = cast<RankedTensorType>(result.getType());
    SmallVector<int64_t> shape = staticShape(dims);
    if (failed(verifyCompatibleShape(shape, type.getShape())))
      return op->emitOpError("expected result ")
             << result.getResultNumber() << " to be " << RankedTensorType::get(shape, type.getElementType()) << ", got "
             << type;
    for (auto [dim, declared] : llvm::zip_equal(dims, type.getShape()))
      if (!ShapedType::isDynamic(declared))
        dim = scope.constant(declared);
    scope.setDims(result, dims);
  }
  return success();
}

void replaceRefined(Value old, Value value, Type oldType) {
  Value cast;
  for (OpOperand &use : llvm::make_early_inc_range(old.getUses())) {
    Operation *user = use.getOwner();
    if (isa<GraphOpInterface, func::ReturnOp>(user) || oldType == value.getType()) {
      use.set(value);
      continue;
    }
    if (!cast) {
      OpBuilder b(value.getContext());
      b.setInsertionPointAfterValue(value);
      cast = tensor::CastOp::create(b, value.getLoc(), oldType, value);
    }
    if (user != cast.getDefiningOp())
      use.set(cast);
  }
}

void updateResultTypes(func::FuncOp func) {
  if (func.isExternal())
    return;
  auto terminator = dyn_cast<func::ReturnOp>(func.getBody().back().getTerminator());
  if (!terminator || !llvm::hasSingleElement(func.getBody()))
    return;
  func.setType(FunctionType::get(func.getContext(), func.getArgumentTypes(), terminator.getOperandTypes()));
}

namespace {

struct InferShapesPass final : impl::InferShapesPassBase<InferShapesPass> {
  void runOnOperation() override {
    ShapeScope scope(&getContext());
    nameArgumentDims(getOperation(), scope);
    WalkResult result = getOperation().walk<WalkOrder::PreOrder>([&](GraphOpInterface op) {
      if (failed(inferDims(op, scope)))
        return WalkResult::interrupt();
      for (Value value : op->getResults())
        refine(value, scope);
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      return signalPassFailure();
    updateResultTypes(getOperation());
  }

private:
  static void refine(Value value, ShapeScope &scope) {
    auto type = cast<RankedTensorType>(value.getType());
    auto refined = RankedTensorType::get(staticShape(scope.dims(value)), type.getElementType());
    if (refined != type) {
      value.setType(refined);
      replaceRefined(value, value, type);
    }
    scope.elements(value); // known in order: a long chain of shape arithmetic does not recurse
  }
};

} // namespace
} // namespace mlir::aic
