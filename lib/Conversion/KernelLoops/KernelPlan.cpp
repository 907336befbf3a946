// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Conversion/KernelLoops/KernelPlan.h"

namespace mlir::aic {
namespace {

class Planner {
public:
  Planner(Block &body, ValueEmitter &values) : body(body), values(values), context(values.b.getContext()) {}
  FailureOr<KernelPlan> run(SmallVectorImpl<Output> &pending);

private:
  void collectRoots();
  void chooseKept();
  LogicalResult trace(Value value, ArrayRef<AffineExpr> index);
  LogicalResult resolveRoots();
  void formGroups();
  bool mergeable(unsigned a, unsigned b) const;
  void chooseVector();
  int vectorCost(unsigned dim, bool rootsOnly) const;
  void chooseRows();
  bool isUnit(unsigned dim) const { return extents[dim].asConstant() == 1; }

  Block &body;
  ValueEmitter &values;
  MLIRContext *context;
  KernelPlan plan;
  llvm::DenseSet<Value> leaves;
  SmallVector<linalg::LinalgOp> reductions; // candidates
  std::unique_ptr<AccessTrace> reads;
  size_t resolved = 0;
  unsigned nextDim = 0, allDims = 0;
  SmallVector<LinearIndex> extents; // of the space
  llvm::SmallBitVector shared;
  SmallVector<size_t> rootReads; // accesses made by roots: index ranges
};

void Planner::collectRoots() {
  for (Operation &op : body)
    if (auto generic = dyn_cast<linalg::LinalgOp>(op); generic && generic.getNumReductionLoops()) {
      reductions.push_back(generic);
      allDims += generic.getNumReductionLoops();
      for (Value result : op.getResults())
        leaves.insert(result);
    }
}

/// An expensive parallel value with several readers, one of them a reduction, is computed once.
void Planner::chooseKept() {
  const Output &leader = plan.outputs.front();
  auto final = leader.inner.getDefiningOp<linalg::LinalgOp>();
  bool moved = llvm::any_of(leader.low, [](const LinearIndex &l) { return l.asConstant() != 0; });
  if (!final || final.getNumReductionLoops() || moved)
    return;
  for (Operation &op : body) {
    auto generic = dyn_cast<linalg::LinalgOp>(op);
    if (!generic || generic == final || generic.getNumReductionLoops() || op.getNumResults() != 1 || !isTranscendental(generic))
      continue;
    Value value = op.getResult(0);
    llvm::SmallPtrSet<Operation *, 4> users(value.user_begin(), value.user_end());
    bool reduced = llvm::any_of(users, [](Operation *user) {
      auto user_ = dyn_cast<linalg::LinalgOp>(user);
      return user_ && user_.getNumReductionLoops();
    });
    bool returned = llvm::any_of(users, [](Operation *user) { return user->hasTrait<OpTrait::IsTerminator>(); });
    if (users.size() < 2 || !reduced || returned || value.getType() != leader.inner.getType())
      continue;
    plan.kept = generic;
    leaves.insert(value);
    return;
  }
}

LogicalResult Planner::trace(Value value, ArrayRef<AffineExpr> index) {
  reads->visit(value, index);
  return resolveRoots();
}

/// Every root that was reached is read at one point; its own reads join the trace.
LogicalResult Planner::resolveRoots() {
  for (; resolved < reads->accesses.size(); ++resolved) {
    Access access = reads->accesses[resolved];
    auto op = access.tensor.getDefiningOp<linalg::LinalgOp>();
    if (!op)
      continue;
    if (op == plan.kept)
      continue; // in memory; checked when the shared dims are known
    auto known = llvm::find_if(plan.roots, [&](const Root &r) { return r.op == op; });
    if (known != plan.roots.end()) {
      if (known->index != access.indices)
        return op.emitError("expected a reduction to be read at one point of its kernel");
      continue;
    }
    Root root{op, access.indices, SmallVector<AffineExpr>(op.getNumLoops())};
    AffineMap map = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
    for (auto [expr, index] : llvm::zip_equal(map.getResults(), access.indices)) {
      auto d = dyn_cast<AffineDimExpr>(expr);
      if (!d || !index)
        return op.emitError("expected the result of a reduction to be indexed by its loops");
      root.loops[d.getPosition()] = index;
    }
    for (AffineExpr &loop : root.loops)
      if (!loop)
        loop = getAffineDimExpr(nextDim++, context);
    for (AffineExpr index : root.index)
      for (unsigned d = 0; d < plan.rank; ++d)
        if (index.isFunctionOfDim(d))
          shared.set(d);
    plan.roots.push_back(root);
    size_t first = reads->accesses.size();
    reads->visitOperands(op, root.loops, access.throughView);
    for (size_t i = first; i < reads->accesses.size(); ++i)
      rootReads.push_back(i);
  }
  return success();
}

/// Whether dims a and b = a + 1 (but for dims of extent 1) can be walked as one.
bool Planner::mergeable(unsigned a, unsigned b) const {
  if (reads->opaque[a] || reads->opaque[b] || shared[a] != shared[b])
    return false;
  AffineExpr da = getAffineDimExpr(a, context), db = getAffineDimExpr(b, context);
  for (const Access &access : reads->accesses) {
    if (access.tensor.getDefiningOp<linalg::LinalgOp>())
      continue; // in registers, or kept in place
    SmallVector<AffineExpr> wide;
    SmallVector<int64_t> sizes;
    auto shape = cast<RankedTensorType>(access.tensor.getType()).getShape();
    for (auto [i, expr] : llvm::enumerate(access.indices)) {
      if (i < shape.size() && shape[i] == 1 && !access.throughView)
        continue;
      wide.push_back(expr);
      sizes.push_back(i < shape.size() ? shape[i] : ShapedType::kDynamic);
    }
    int uses = 0;
    bool adjacent = false;
    for (size_t i = 0; i < wide.size(); ++i) {
      if (!wide[i])
        continue; // depends on opaque dims only
      uses += wide[i].isFunctionOfDim(a) || wide[i].isFunctionOfDim(b);
      if (i + 1 < wide.size() && wide[i] == da && wide[i + 1] == db)
        // Extents that are known must agree; unknown ones do where the index comes through maps alone.
        adjacent = extents[b].asConstant() ? sizes[i + 1] == *extents[b].asConstant()
                                           : !access.throughView && ShapedType::isDynamic(sizes[i + 1]);
    }
    if (uses && !(adjacent && uses == 2))
      return false;
  }
  for (const Output &output : plan.outputs) {
    if (output.index.size() != plan.rank)
      continue;
    if (output.low[b].asConstant() != 0 || output.low[a].asConstant() != 0)
      return false;
    for (unsigned d = a + 1; d <= b; ++d) { // a dim of extent 1 between them may be a wider one of the destination
      auto inner = extents[d].asConstant(), outer = output.destination.sizes[d].asConstant();
      if (inner != outer || (!inner && !output.fills))
        return false;
    }
  }
  return true;
}

void Planner::formGroups() {
  for (unsigned d = 0; d < plan.rank; ++d) {
    if (isUnit(d))
      continue;
    if (!plan.groups.empty() && mergeable(plan.groups.back().carrier(), d)) {
      Group &group = plan.groups.back();
      group.dims.push_back(d);
      group.extent = *values.index.mul(group.extent, extents[d]);
      continue;
    }
    plan.groups.push_back({{d}, extents[d], shared[d]});
  }
}

/// 0: every read moves by one element or none along `dim`; otherwise the number of reads that do not.
int Planner::vectorCost(unsigned dim, bool rootsOnly) const {
  int cost = 0;
  auto count = [&](const Access &access) {
    if (access.tensor.getDefiningOp<linalg::LinalgOp>())
      return;
    for (auto [i, expr] : llvm::enumerate(access.indices)) {
      auto step = coefficientOf(expr, dim);
      bool last = i + 1 == access.indices.size();
      if (!expr ? reads->opaque[dim] : (!step || (*step != 0 && !(last && *step == 1)))) {
        ++cost;
        return;
      }
    }
  };
  if (rootsOnly)
    for (size_t i : rootReads)
      count(reads->accesses[i]);
  else
    llvm::for_each(reads->accesses, count);
  return cost;
}

void Planner::chooseVector() {
  // Without a reduction the last dim is the vector: stores are contiguous there.
  if (!plan.groups.empty())
    plan.vectorGroup = plan.groups.size() - 1;
  if (plan.roots.empty())
    return;
  int parallel = -1, reduction = -1;
  if (plan.vectorGroup >= 0 && plan.groups[plan.vectorGroup].shared)
    parallel = vectorCost(plan.groups[plan.vectorGroup].carrier(), true);
  const Root &root = plan.roots.front();
  if (auto d = dyn_cast<AffineDimExpr>(root.loops.back()); d && d.getPosition() >= plan.rank && root.op->getNumResults() == 1)
    reduction = vectorCost(d.getPosition(), true);
  bool unshared = plan.vectorGroup >= 0 && !plan.groups[plan.vectorGroup].shared;
  plan.vectorInReduction = reduction >= 0 && (parallel < 0 || reduction < parallel || (unshared && reduction <= parallel));
  if (plan.vectorInReduction && plan.vectorGroup >= 0 && plan.groups[plan.vectorGroup].shared)
    plan.vectorGroup = -1;
  if (!plan.vectorInReduction && unshared) {
    // The reduced dims are not contiguous: vectors along the innermost shared dim.
    plan.vectorGroup = -1;
    for (auto [i, group] : llvm::enumerate(plan.groups))
      if (group.shared)
        plan.vectorGroup = i;
  }
}

void Planner::chooseRows() {
  plan.batch.resize(plan.groups.size());
  if (plan.vectorInReduction || plan.roots.size() != 1 || plan.vectorGroup < 0)
    return;
  unsigned v = plan.groups[plan.vectorGroup].carrier();
  for (size_t i : rootReads) {
    const Access &access = reads->accesses[i];
    auto moves = [&](unsigned d) { return llvm::any_of(access.indices, [&](AffineExpr e) { return e && e.isFunctionOfDim(d); }); };
    bool reduced = false;
    for (unsigned d = plan.rank; d < nextDim; ++d)
      reduced |= moves(d);
    if (!moves(v) && reduced)
      plan.contraction = true;
    if (moves(v))
      for (auto [g, group] : llvm::enumerate(plan.groups))
        if (int(g) != plan.vectorGroup && llvm::any_of(group.dims, moves))
          plan.batch.set(g);
  }
  for (auto [g, group] : llvm::enumerate(plan.groups))
    if (group.shared && int(g) != plan.vectorGroup && !(plan.contraction && plan.batch[g]))
      plan.rowGroup = g;
  if (plan.contraction)
    for (auto [g, group] : llvm::enumerate(plan.groups))
      plan.heavyTail |= !group.shared; // only whole tiles have a tail of their own
  plan.heavyTail = plan.contraction && !plan.heavyTail && reads->transcendental && !isTranscendental(plan.roots.front().op);
}

FailureOr<KernelPlan> Planner::run(SmallVectorImpl<Output> &pending) {
  auto rankOf = [](const Output &o) { return cast<RankedTensorType>(o.inner.getType()).getRank(); };
  auto leader = llvm::max_element(pending, [&](const Output &x, const Output &y) { return rankOf(x) < rankOf(y); });
  plan.rank = nextDim = rankOf(*leader);
  plan.outputs.push_back(*leader);
  pending.erase(leader);
  for (BlockArgument arg : body.getArguments())
    leaves.insert(arg);
  collectRoots();
  chooseKept();
  allDims += plan.rank;
  reads = std::make_unique<AccessTrace>(leaves, allDims);
  shared.resize(plan.rank);
  SmallVector<AffineExpr> identity;
  for (unsigned d = 0; d < plan.rank; ++d) {
    identity.push_back(getAffineDimExpr(d, context));
    extents.push_back(values.extent(plan.outputs.front().inner, d));
    if (extents.back().asConstant() == 1)
      identity.back() = getAffineConstantExpr(0, context);
  }
  plan.outputs.front().index = identity;
  if (failed(trace(plan.outputs.front().inner, identity)))
    return failure();
  if (plan.kept) {
    SmallVector<AffineExpr> loops(plan.kept.getNumLoops());
    AffineMap map = plan.kept.getMatchingIndexingMap(plan.kept.getDpsInitOperand(0));
    for (auto [expr, index] : llvm::zip_equal(map.getResults(), identity))
      if (auto d = dyn_cast<AffineDimExpr>(expr))
        loops[d.getPosition()] = index;
    reads->visitOperands(plan.kept, loops, false);
    if (failed(resolveRoots()))
      return failure();
    for (const Access &access : reads->accesses)
      if (access.tensor.getDefiningOp() == plan.kept)
        for (unsigned d = 0; d < plan.rank; ++d)
          if (shared[d] && access.indices[d] != identity[d])
            return plan.kept.emitError("expected a value that several stages share to be read in place");
  }
  // Other outputs of the same space: the same shape (results of one kernel that are equal where static are equal at run
  // time, parts of a concatenation need not be), or a root of this plan.
  auto shapeOf = [](const Output &o) { return cast<RankedTensorType>(o.inner.getType()).getShape(); };
  auto sameShape = [&](const Output &o) {
    const Output &leader = plan.outputs.front();
    return shapeOf(o) == shapeOf(leader) && ((o.fills && leader.fills) || !ShapedType::isDynamicShape(shapeOf(o)));
  };
  for (auto it = pending.begin(); it != pending.end();) {
    Output output = *it;
    auto root = llvm::find_if(plan.roots, [&](const Root &r) { return r.op == output.inner.getDefiningOp(); });
    if (root != plan.roots.end())
      output.index = root->index;
    else if (sameShape(output))
      output.index = identity;
    if (output.index.empty() && plan.rank) {
      ++it;
      continue;
    }
    if (failed(trace(output.inner, output.index)))
      return failure();
    plan.outputs.push_back(output);
    it = pending.erase(it);
  }
  if (plan.roots.empty())
    shared.set();
  formGroups();
  chooseVector();
  chooseRows();
  llvm::sort(plan.roots, [](const Root &x, const Root &y) { return x.op->isBeforeInBlock(y.op); });
  return plan;
}
} // namespace

FailureOr<KernelPlan> planKernel(Block &body, SmallVectorImpl<Output> &pending, ValueEmitter &values) {
  return Planner(body, values).run(pending);
}

} // namespace mlir::aic
