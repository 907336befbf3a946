// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- ConstantFold.cpp - Values that are known at compile time -----------===//
//
// One walk in order evaluates operations on constants. Values live as tensors
// until the walk is over and are freed behind their last use by another folded
// operation; only what remains used becomes an attribute.
//
//===----------------------------------------------------------------------===//
#include "RefineTypes.h"
#include "aic/Dialect/AIC/IR/EvalBridge.h"
#include "aic/Dialect/AIC/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/Support/MathExtras.h"

namespace mlir::aic {
#define GEN_PASS_DEF_CONSTANTFOLDPASS
#include "aic/Dialect/AIC/Transforms/Passes.h.inc"

namespace eval = ::aic::eval;

namespace {

class Folder {
public:
  Folder(func::FuncOp func, uint64_t maxGrowth, bool foldDequantize)
      : func(func), scope(func.getContext()), maxGrowth(maxGrowth), foldDequantize(foldDequantize) {}

  void run();
  /// Constants that lost uses and may be dead now.
  const llvm::SetVector<Operation *> &touchedConstants() const { return touched; }

private:
  /// Evaluates `op`, if all operands are known and the results are small enough.
  bool evaluate(GraphOpInterface op);
  /// Takes the value of the only result from shape arithmetic.
  bool foldElements(GraphOpInterface op);
  bool fits(GraphOpInterface op, uint64_t operandBytes);
  void keep(Value result, eval::Tensor tensor);
  void finish(GraphOpInterface op);
  void replaceFolded();

  func::FuncOp func;
  ShapeScope scope;
  uint64_t maxGrowth;
  bool foldDequantize;
  llvm::DenseMap<Value, eval::Tensor> known;  // results of folded operations, while needed
  llvm::DenseMap<Value, int64_t> pendingUses; // of the known, by operations that are not (yet) folded
  SmallVector<Operation *> folded;            // in order
  llvm::SetVector<Operation *> touched;
};

bool Folder::fits(GraphOpInterface op, uint64_t operandBytes) {
  uint64_t bytes = 0;
  for (Value result : op->getResults()) {
    std::optional<eval::DType> type = toDType(getElementTypeOrSelf(result));
    uint64_t count = 1;
    for (AffineExpr dim : scope.dims(result)) {
      std::optional<int64_t> extent = constantDim(dim);
      // Only what the elements decide is unknown here; their number bounds it, but not for a range.
      if (!extent)
        return !isa<RangeOp>(op) && operandBytes <= maxGrowth / 16;
      count = llvm::SaturatingMultiply(count, uint64_t(std::max<int64_t>(*extent, 0)));
    }
    if (!type)
      return false;
    bytes = llvm::SaturatingAdd(bytes, llvm::SaturatingMultiply(count, uint64_t(eval::byteSize(*type))));
  }
  return bytes <= std::max(operandBytes, maxGrowth);
}

void Folder::keep(Value result, eval::Tensor tensor) {
  int64_t uses = std::distance(result.use_begin(), result.use_end());
  if (uses == 0)
    return;
  pendingUses[result] = uses;
  known[result] = std::move(tensor);
}

void Folder::finish(GraphOpInterface op) {
  folded.push_back(op);
  for (Value operand : op->getOperands()) {
    if (auto it = pendingUses.find(operand); it != pendingUses.end()) {
      if (--it->second == 0)
        known.erase(operand);
    } else if (Operation *constant = operand.getDefiningOp()) {
      touched.insert(constant);
    }
  }
}

bool Folder::evaluate(GraphOpInterface op) {
  SmallVector<eval::View> operands;
  SmallVector<eval::Tensor> storage(op->getNumOperands());
  uint64_t bytes = 0;
  if (op->getNumOperands() == 0 || (!foldDequantize && isa<DequantizeOp>(op)))
    return false;
  for (auto [i, operand] : llvm::enumerate(op->getOperands())) {
    if (auto it = known.find(operand); it != known.end()) {
      operands.push_back(it->second.view());
    } else {
      Attribute constant;
      if (!matchPattern(operand, m_Constant(&constant)) || !isa<ElementsAttr>(constant))
        return false;
      FailureOr<eval::View> view = toView(cast<ElementsAttr>(constant), storage[i]);
      if (failed(view))
        return false;
      operands.push_back(*view);
    }
    const eval::View &view = operands.back();
    bool isSplat = llvm::all_of(view.strides, [](int64_t stride) { return stride == 0; });
    bytes += isSplat ? eval::byteSize(view.type) : view.bytes();
  }
  if (!fits(op, bytes))
    return false;
  std::vector<eval::Tensor> results;
  if (!op.evaluate(operands, results).empty() || results.size() != op->getNumResults())
    return false;
  for (auto [result, tensor] : llvm::zip_equal(op->getResults(), results)) {
    auto type = cast<RankedTensorType>(result.getType());
    if (failed(verifyCompatibleShape(tensor.shape(), type.getShape())))
      return false; // wrong at run time too
  }
  for (auto [result, tensor] : llvm::zip_equal(op->getResults(), results)) {
    scope.setDims(result, llvm::map_to_vector(tensor.shape(), [&](int64_t n) { return scope.constant(n); }));
    keep(result, std::move(tensor));
  }
  return true;
}

bool Folder::foldElements(GraphOpInterface op) {
  if (op->getNumResults() != 1)
    return false;
  Value result = op->getResult(0);
  auto type = cast<RankedTensorType>(result.getType());
  auto element = dyn_cast<IntegerType>(type.getElementType());
  std::optional<Dims> elements = element ? scope.elements(result) : std::nullopt;
  if (!elements || !llvm::all_of(*elements, [](AffineExpr e) { return constantDim(e).has_value(); }))
    return false;
  eval::Tensor tensor(*toDType(element), {type.getShape().begin(), type.getShape().end()});
  for (auto [i, value] : llvm::enumerate(*elements)) {
    int64_t number = *constantDim(value); // little-endian: the low bytes are the narrower integer
    std::memcpy(tensor.as<char>() + i * eval::byteSize(tensor.type()), &number, eval::byteSize(tensor.type()));
  }
  keep(result, tensor);
  return true;
}

void Folder::run() {
  nameArgumentDims(func, scope);
  func.walk<WalkOrder::PreOrder>([&](GraphOpInterface op) {
    // What does not fit is an error of aic-infer-shapes; here it only stays.
    ScopedDiagnosticHandler silence(op->getContext(), [](Diagnostic &) { return success(); });
    if (failed(inferDims(op, scope)))
      return;
    if (evaluate(op) || foldElements(op))
      finish(op);
    for (Value result : op->getResults())
      scope.elements(result);
  });
  replaceFolded();
}

void Folder::replaceFolded() {
  for (Operation *op : folded) {
    for (Value result : op->getResults()) {
      auto it = known.find(result);
      if (it == known.end())
        continue;
      OpBuilder b(op);
      ElementsAttr attr = toAttr(op->getContext(), it->second, "aic_folded");
      known.erase(it);
      auto constant = arith::ConstantOp::create(b, op->getLoc(), attr.getShapedType(), attr);
      // Folded users go away; they must not keep the cast of a refined type.
      replaceRefined(result, constant, result.getType());
    }
  }
  for (Operation *op : llvm::reverse(folded))
    op->erase();
}

struct ConstantFoldPass final : impl::ConstantFoldPassBase<ConstantFoldPass> {
  using ConstantFoldPassBase::ConstantFoldPassBase;

  void runOnOperation() override {
    llvm::SmallDenseSet<Attribute> released;
    for (auto func : getOperation().getOps<func::FuncOp>()) {
      if (func.isExternal())
        continue;
      Folder folder(func, maxGrowthBytes, foldDequantize);
      folder.run();
      updateResultTypes(func);
      for (Operation *constant : folder.touchedConstants()) {
        if (!constant->use_empty() || !constant->hasTrait<OpTrait::ConstantLike>())
          continue;
        if (auto blob = constant->getAttrOfType<DenseResourceElementsAttr>("value"))
          released.insert(blob);
        constant->erase();
      }
    }
    if (!releaseBlobs || released.empty())
      return;
    // A blob may be used under another type too: its handle counts.
    llvm::SmallDenseSet<StringRef> used;
    getOperation().walk([&](Operation *op) {
      for (NamedAttribute attr : op->getAttrs())
        if (auto blob = dyn_cast<DenseResourceElementsAttr>(attr.getValue()))
          used.insert(blob.getRawHandle().getKey());
    });
    for (Attribute attr : released)
      if (auto blob = cast<DenseResourceElementsAttr>(attr); !used.contains(blob.getRawHandle().getKey()))
        releaseBlob(blob);
  }
};

} // namespace
} // namespace mlir::aic
