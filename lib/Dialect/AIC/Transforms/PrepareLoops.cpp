// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- PrepareLoops.cpp - Loops as the kernel former wants them -----------===//
//
// Kernel formation asks "who uses this value?". Everything here removes users
// that are none: tensor.dim of a value that a kernel will swallow, a fill or a
// slice shared by unrelated readers, a reshape between a reduction that dropped
// a dimension and the elementwise operation that broadcasts it back.
//
//===----------------------------------------------------------------------===//
#include "aic/Dialect/AIC/IR/AICOps.h"
#include "aic/Dialect/AIC/Transforms/DimResolver.h"
#include "aic/Dialect/AIC/Transforms/KernelAnalysis.h"
#include "aic/Dialect/AIC/Transforms/Passes.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Dominance.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Iterators.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/CSE.h"

namespace mlir::aic {
#define GEN_PASS_DEF_PREPARELOOPSPASS
#include "aic/Dialect/AIC/Transforms/Passes.h.inc"

namespace {

void generalizeNamed(func::FuncOp func, RewriterBase &rewriter) {
  SmallVector<linalg::LinalgOp> named;
  func.walk([&](linalg::LinalgOp op) {
    if (!isa<linalg::GenericOp, linalg::FillOp>(op.getOperation()))
      named.push_back(op);
  });
  for (linalg::LinalgOp op : named) {
    rewriter.setInsertionPoint(op);
    (void)linalg::generalizeNamedOp(rewriter, op);
  }
}

/// Counts what aic.non_zero will find: its destination needs the extent before it runs.
void countNonZeros(func::FuncOp func, RewriterBase &rewriter) {
  int64_t next = 0;
  func.walk([&](NonZeroOp op) {
    if (auto number = op->getAttrOfType<IntegerAttr>(kNonZeros))
      next = std::max(next, number.getInt() + 1);
  });
  func.walk([&](NonZeroOp op) {
    auto type = cast<RankedTensorType>(op.getInput().getType());
    if (!cast<RankedTensorType>(op.getType()).isDynamicDim(1) || !type.getRank() || getNonZeroCount(op))
      return;
    Location loc = op.getLoc();
    ImplicitLocOpBuilder b(loc, rewriter);
    b.setInsertionPoint(op);
    Value zero = arith::ConstantOp::create(b, b.getI64IntegerAttr(0));
    Value none = arith::ConstantOp::create(b, b.getZeroAttr(type.getElementType()));
    Value empty = tensor::EmptyOp::create(b, ArrayRef<int64_t>(), b.getI64Type());
    Value start = linalg::FillOp::create(b, zero, empty).getResult(0);
    AffineMap maps[] = {b.getMultiDimIdentityMap(type.getRank()), AffineMap::get(type.getRank(), 0, b.getContext())};
    SmallVector<utils::IteratorType> loops(type.getRank(), utils::IteratorType::reduction);
    auto count = linalg::GenericOp::create(
        b, start.getType(), op.getInput(), start, maps, loops, [&](OpBuilder &b, Location loc, ValueRange args) {
          Value found = isa<FloatType>(type.getElementType())
                            ? arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNE, args[0], none).getResult()
                            : arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, args[0], none).getResult();
          Value one = arith::ExtUIOp::create(b, loc, b.getI64Type(), found);
          linalg::YieldOp::create(b, loc, arith::AddIOp::create(b, loc, args[1], one).getResult());
        });
    Value number = tensor::ExtractOp::create(b, count.getResult(0), ValueRange());
    auto columns = arith::IndexCastOp::create(b, b.getIndexType(), number);
    op->setAttr(kNonZeros, b.getI64IntegerAttr(next));
    columns->setAttr(kNonZeros, b.getI64IntegerAttr(next++));
  });
}

/// tensor.dim(computed value)  -->  arithmetic on the dims of function arguments and of views
void resolveDims(func::FuncOp func, RewriterBase &rewriter) {
  SmallVector<tensor::DimOp> dims;
  func.walk([&](tensor::DimOp dim) {
    if (dim.getConstantIndex())
      dims.push_back(dim);
  });
  for (tensor::DimOp dim : dims) {
    rewriter.setInsertionPoint(dim);
    OpFoldResult size = resolveDim(rewriter, dim.getLoc(), dim.getSource(), *dim.getConstantIndex());
    Value value = getValueOrCreateConstantIndexOp(rewriter, dim.getLoc(), size);
    if (value.getDefiningOp() != dim)
      rewriter.replaceOp(dim, value);
  }
}

/// The positions of the dims of `wide` that group `narrow`'s dims with extents of 1; empty if a group has another form.
SmallVector<int64_t> unitReassociation(ArrayRef<ReassociationIndices> groups, RankedTensorType wide) {
  SmallVector<int64_t> kept;
  for (const ReassociationIndices &group : groups) {
    int64_t other = group.front();
    for (int64_t dim : group)
      if (wide.getDimSize(dim) != 1)
        other = dim;
    for (int64_t dim : group)
      if (dim != other && wide.getDimSize(dim) != 1)
        return {};
    kept.push_back(other);
  }
  return kept;
}

/// generic(expand_shape %x), generic(collapse_shape %x)  -->  generic(%x) where only unit dims come or go
///
/// A unit dim is read at index 0 whatever its map says, so its expression is dropped or becomes 0.
bool readThroughUnitReshapes(linalg::GenericOp op) {
  bool changed = false;
  for (OpOperand *input : op.getDpsInputOperands()) {
    while (Operation *view = input->get().getDefiningOp()) {
      auto expand = dyn_cast<tensor::ExpandShapeOp>(view);
      auto collapse = dyn_cast<tensor::CollapseShapeOp>(view);
      if (!expand && !collapse)
        break;
      Value source = view->getOperand(0);
      auto groups = expand ? expand.getReassociationIndices() : collapse.getReassociationIndices();
      auto wide = cast<RankedTensorType>(expand ? expand.getResultType() : collapse.getSrcType());
      SmallVector<int64_t> kept = unitReassociation(groups, wide);
      if (kept.size() != groups.size() || groups.empty())
        break;
      AffineMap map = op.getMatchingIndexingMap(input);
      SmallVector<AffineExpr> exprs;
      if (expand) {
        for (int64_t dim : kept)
          exprs.push_back(map.getResult(dim));
      } else {
        exprs.assign(wide.getRank(), getAffineConstantExpr(0, op.getContext()));
        for (auto [narrow, dim] : llvm::enumerate(kept))
          exprs[dim] = map.getResult(narrow);
      }
      SmallVector<AffineMap> maps = op.getIndexingMapsArray();
      maps[input->getOperandNumber()] = AffineMap::get(map.getNumDims(), 0, exprs, op.getContext());
      // Every loop still needs an operand that gives its extent.
      if (!inversePermutation(concatAffineMaps(maps, op.getContext())))
        break;
      input->set(source);
      op.setIndexingMapsAttr(Builder(op.getContext()).getAffineMapArrayAttr(maps));
      changed = true;
    }
  }
  return changed;
}

/// Whether `user` could compute an element of a slice where it reads it.
bool readsThroughSlice(OpOperand &use) {
  LoopKind kind = classifyLoop(use.getOwner());
  return kind != LoopKind::Host && kind != LoopKind::View && kind != LoopKind::Structured;
}

/// Gives each user of a fill or of a slice that is read in place its own copy.
void separateUsers(func::FuncOp func, RewriterBase &rewriter) {
  SmallVector<Operation *> shared;
  func.walk([&](Operation *op) {
    LoopKind kind = classifyLoop(op);
    bool inPlace = kind == LoopKind::Fill ||
                   (kind == LoopKind::Slice && llvm::all_of(op->getUses(), readsThroughSlice) &&
                    llvm::all_of(op->getUsers(), [&](Operation *user) { return user->getBlock() == op->getBlock(); }));
    if (inPlace && !op->use_empty() && !op->hasOneUse())
      shared.push_back(op);
  });
  // Chains of slices come last to first, so that the copies of a user's slice are seen as users.
  for (Operation *op : llvm::reverse(shared)) {
    llvm::SmallMapVector<Operation *, SmallVector<OpOperand *, 1>, 4> uses;
    for (OpOperand &use : op->getUses())
      uses[use.getOwner()].push_back(&use);
    for (auto &[user, operands] : llvm::drop_begin(uses)) {
      rewriter.setInsertionPointAfter(op);
      Value copy = rewriter.clone(*op)->getResult(0);
      for (OpOperand *operand : operands)
        operand->set(copy);
    }
  }
}

/// Moves pads of one value right behind what they pad: then nothing that reads the unpadded value stands between.
void hoistPads(func::FuncOp func, RewriterBase &rewriter) {
  SmallVector<tensor::PadOp> pads;
  func.walk([&](tensor::PadOp pad) {
    Operation *source = pad.getSource().getDefiningOp();
    if (source && source->getBlock() == pad->getBlock() && pad.getLow().empty() && pad.getHigh().empty() &&
        classifyLoop(source) != LoopKind::Host && classifyLoop(source) != LoopKind::View)
      pads.push_back(pad);
  });
  for (tensor::PadOp pad : pads) {
    Value value = pad.getConstantPaddingValue();
    auto constant = value ? value.getDefiningOp<arith::ConstantOp>() : arith::ConstantOp();
    if (!constant)
      continue;
    rewriter.setInsertionPoint(pad.getBody()->getTerminator());
    if (constant->getBlock() != pad.getBody())
      pad.getBody()->getTerminator()->setOperand(0, rewriter.clone(*constant)->getResult(0));
    pad->moveAfter(pad.getSource().getDefiningOp());
  }
}

void eraseUnused(func::FuncOp func, RewriterBase &rewriter) {
  func.walk<WalkOrder::PostOrder, ReverseIterator>([&](Operation *op) {
    if (isOpTriviallyDead(op))
      rewriter.eraseOp(op);
  });
}

struct PrepareLoopsPass : impl::PrepareLoopsPassBase<PrepareLoopsPass> {
  void runOnOperation() override {
    func::FuncOp func = getOperation();
    if (func.isExternal() || func->hasAttr("aic.kernel"))
      return;
    IRRewriter rewriter(&getContext());
    generalizeNamed(func, rewriter);
    countNonZeros(func, rewriter);
    resolveDims(func, rewriter);
    func.walk([](linalg::GenericOp op) { readThroughUnitReshapes(op); });
    eraseUnused(func, rewriter);
    DominanceInfo dominance(func);
    eliminateCommonSubExpressions(rewriter, dominance, func);
    countNonZeros(func, rewriter); // those that nobody asked for so far
    hoistPads(func, rewriter);
    separateUsers(func, rewriter);
  }
};

} // namespace
} // namespace mlir::aic
