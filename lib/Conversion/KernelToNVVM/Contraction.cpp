// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Contraction.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace mlir::aic {
namespace {

constexpr int64_t kVectorBytes = 16;

bool dependsOn(ArrayRef<AffineExpr> index, unsigned dim) {
  return llvm::any_of(index, [&](AffineExpr e) { return e && e.isFunctionOfDim(dim); });
}

int64_t bytesOf(Type element) { return element.isIndex() ? 8 : llvm::divideCeil(element.getIntOrFloatBitWidth(), 8); }

} // namespace

SmallVector<AffineExpr> Contraction::indexOf(OpOperand *operand) {
  return llvm::map_to_vector(op.getMatchingIndexingMap(operand).getResults(),
                             [&](AffineExpr e) { return simplifyAffineExpr(e.replaceDims(root.loops), numDims, 0); });
}

LogicalResult Contraction::matchOperands(const KernelPlan &plan) {
  SmallVector<OpOperand *> products;
  for (OpOperand *operand : op.getDpsInputOperands()) {
    if (body->getArgument(operand->getOperandNumber()).use_empty())
      continue;
    if (!isa<RankedTensorType>(operand->get().getType()))
      return op.emitError("expected tensors as operands of a contraction");
    SmallVector<unsigned> reductions;
    op.getReductionDims(reductions);
    AffineMap map = op.getMatchingIndexingMap(operand);
    bool isReduced = llvm::any_of(reductions, [&](unsigned d) { return map.isFunctionOfDim(d); });
    (isReduced ? products : fixed).push_back(operand);
  }
  if (products.size() != 2)
    return op.emitError("expected a sum of products of two operands, got ") << products.size() << " along the sum";
  rows.operand = products[0], columns.operand = products[1];
  rows.index = indexOf(rows.operand), columns.index = indexOf(columns.operand);
  return success();
}

LogicalResult Contraction::matchLoops(const KernelPlan &plan, ValueEmitter &values) {
  for (const Group &group : plan.groups) {
    if (!group.shared)
      return op.emitError("expected every loop of the results to be one of the contraction");
    auto moves = [&](const ContractionSide &side) {
      return llvm::any_of(group.dims, [&](unsigned d) { return dependsOn(side.index, d); });
    };
    bool isRow = moves(rows), isColumn = moves(columns);
    LoopSet &set = isRow == isColumn ? batch : isRow ? rows.loops : columns.loops;
    set.add(group.carrier(), group.extent, values.index);
  }
  auto innermost = [](const LoopSet &set) { return set.dims.empty() ? -1 : int(set.dims.back()); };
  if (innermost(rows.loops) > innermost(columns.loops))
    std::swap(rows, columns);
  if (columns.loops.dims.empty())
    return op.emitError("expected a loop of the result on which one operand alone depends");

  SmallVector<unsigned> reductions;
  op.getReductionDims(reductions);
  for (unsigned loop : reductions) {
    std::optional<LinearIndex> extent;
    for (OpOperand *operand : op.getDpsInputOperands())
      for (auto [d, e] : llvm::enumerate(op.getMatchingIndexingMap(operand).getResults()))
        if (auto dim = dyn_cast<AffineDimExpr>(e); dim && dim.getPosition() == loop && !extent)
          extent = values.extent(operand->get(), d);
    if (!extent)
      return op.emitError("expected an operand that gives the extent of loop ") << loop;
    if (extent->asConstant() != 1)
      depth.add(cast<AffineDimExpr>(root.loops[loop]).getPosition(), *extent, values.index);
  }
  return success();
}

LogicalResult Contraction::matchBody() const {
  for (Operation &inner : body->without_terminator())
    if (!isa<arith::ConstantOp>(inner) &&
        (!OpTrait::hasElementwiseMappableTraits(&inner) || inner.getNumResults() != 1))
      return inner.emitError("expected elementwise operations in the body of a contraction");
  return success();
}

/// Follows the element up through what the body does with it alone: a cast, a zero point, a factor. Narrow elements are
/// so converted once for a block instead of once for each product.
void Contraction::chooseStaged(ContractionSide &side) const {
  auto isConstant = [&](Value v) {
    if (auto arg = dyn_cast<BlockArgument>(v); arg && arg.getOwner() == body)
      return false;
    Operation *def = v.getDefiningOp();
    return !def || def->getBlock() != body || isa<arith::ConstantOp>(def);
  };
  Value v = body->getArgument(side.operand->getOperandNumber());
  while (v.hasOneUse()) {
    Operation *user = *v.user_begin();
    if (user->getBlock() != body || user->hasTrait<OpTrait::IsTerminator>() || user->getNumResults() != 1 ||
        !llvm::all_of(user->getOperands(), [&](Value o) { return o == v || isConstant(o); }))
      break;
    v = user->getResult(0);
  }
  side.staged = v;
}

/// Threads that are neighbours should read neighbours: along the depth or along the rows (columns)?
void Contraction::chooseDirection(ContractionSide &side) const {
  llvm::DenseSet<Value> leaves;
  for (BlockArgument arg : op->getBlock()->getArguments())
    leaves.insert(arg);
  AccessTrace trace(leaves, numDims);
  trace.visit(side.operand->get(), side.index);
  auto touches = [&](const Access &access, const LoopSet &set) {
    AffineExpr inner = access.indices.empty() ? AffineExpr() : access.indices[access.innermost()];
    return inner && llvm::any_of(set.dims, [&](unsigned d) { return inner.isFunctionOfDim(d); });
  };
  // The access with the most dims says what is worth it; the others go along.
  const Access *main = nullptr;
  for (const Access &access : trace.accesses)
    if (!main || access.indices.size() > main->indices.size())
      main = &access;
  if (!main)
    return;
  side.alongDepth = !depth.dims.empty() && touches(*main, depth);
  const LoopSet &set = side.alongDepth ? depth : side.loops;
  if (set.dims.empty())
    return;
  unsigned dim = set.dims.back();
  auto extent = set.extents.back().asConstant();
  if (!extent || trace.opaque[dim] || main->indices.empty() ||
      coefficientOf(main->indices[main->innermost()], dim) != 1 ||
      dependsOn(ArrayRef(main->indices).take_front(main->innermost()), dim))
    return;
  int64_t bytes =
      std::max(bytesOf(cast<RankedTensorType>(main->tensor.getType()).getElementType()), bytesOf(side.elementType()));
  for (side.width = kVectorBytes / std::max<int64_t>(bytes, 4); *extent % side.width; side.width /= 2)
    ;
}

FailureOr<Contraction> Contraction::match(const KernelPlan &plan, ValueEmitter &values) {
  if (plan.roots.size() != 1 || plan.kept)
    return emitError(values.loc, "expected a kernel with one contraction, got ") << plan.roots.size() << " reductions";
  Contraction c;
  c.root = plan.roots.front();
  c.op = c.root.op;
  c.body = c.op.getBlock();
  c.numDims = plan.rank + c.op.getNumReductionLoops();
  if (c.op->getNumResults() != 1)
    return c.op.emitError("expected one result of a contraction");
  if (failed(c.matchOperands(plan)) || failed(c.matchLoops(plan, values)) || failed(c.matchBody()))
    return failure();
  for (ContractionSide *side : {&c.rows, &c.columns}) {
    c.chooseStaged(*side);
    if (!side->elementType().isIntOrFloat() || side->elementType().getIntOrFloatBitWidth() < 8)
      return c.op.emitError("expected operands of numbers of at least 8 bits, got ") << side->elementType();
    c.chooseDirection(*side);
  }
  return c;
}

Value Contraction::evaluate(Value v, llvm::DenseMap<Value, Value> &known, int64_t lanes, ValueEmitter &values) const {
  if (Value value = known.lookup(v))
    return value;
  OpBuilder &b = values.b;
  Location loc = values.loc;
  auto widen = [&](Value x) -> Value {
    if (lanes == 1 || isa<VectorType>(x.getType()))
      return x;
    return vector::BroadcastOp::create(b, loc, VectorType::get({lanes}, x.getType()), x);
  };
  Operation *def = v.getDefiningOp();
  Value result;
  if (!def || def->getBlock() != body) {
    LaneValue outside = values.hostScalar(v);
    if (!outside)
      return {};
    result = widen(values.scalar(outside));
  } else if (auto constant = dyn_cast<arith::ConstantOp>(def)) {
    result = widen(b.clone(*constant)->getResult(0));
  } else {
    // mulf + addf of one use  -->  fma
    Type element = v.getType();
    auto product = [&](unsigned i) {
      auto mul = isa<arith::AddFOp>(def) ? def->getOperand(i).getDefiningOp<arith::MulFOp>() : arith::MulFOp();
      bool fits = mul && mul->hasOneUse() && mul->getBlock() == body && !known.contains(mul);
      return fits && (element.isF32() || element.isF64()) ? mul : arith::MulFOp();
    };
    SmallVector<Value> wanted(def->getOperands());
    bool isFused = false;
    for (unsigned i : {0u, 1u})
      if (auto mul = def->getNumOperands() == 2 ? product(i) : arith::MulFOp()) {
        wanted = {mul.getLhs(), mul.getRhs(), def->getOperand(1 - i)};
        isFused = true;
        break;
      }
    SmallVector<Value> operands;
    for (Value w : wanted) {
      operands.push_back(evaluate(w, known, lanes, values));
      if (!operands.back())
        return {};
    }
    Type type = lanes > 1 ? Type(VectorType::get({lanes}, element)) : element;
    if (isFused) {
      result = math::FmaOp::create(b, loc, operands[0], operands[1], operands[2]);
    } else {
      OperationState state(loc, def->getName(), operands, {type}, llvm::to_vector(def->getAttrs()));
      result = b.create(state)->getResult(0);
    }
  }
  known[v] = result;
  return result;
}

} // namespace mlir::aic
