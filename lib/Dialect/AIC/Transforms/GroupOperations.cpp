// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- GroupOperations.cpp - Which operations become one kernel -----------===//
//
// The operations of a block are visited last to first. An operation joins the
// group of its users if all of them are in one group, or if those that are not
// stand behind the group's last operation (then its value is a further result).
// So no cycle between groups can arise, and each operation is looked at once.
//
// A group has a domain: the loops that its kernel runs over. A member is aligned
// if each of its loops is one of the domain's, so that it is computed once per
// point; members that are not are computed again where they are read, and must
// be cheap. In a group with row reductions the domain falls into outer dims and
// reduced ones, and aligned members are either full or outer; a full one that
// several passes over the row read is computed again in each, or stored once.
//
//===----------------------------------------------------------------------===//
#include "aic/Dialect/AIC/Transforms/DimResolver.h"
#include "aic/Dialect/AIC/Transforms/KernelAnalysis.h"
#include "aic/Dialect/AIC/Transforms/KernelGroups.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/SmallBitVector.h"

namespace mlir::aic {
namespace {

constexpr int64_t unitDim = -1;

/// The dims of the domain, one for each dim of a tensor; `unitDim` where its extent is 1.
using DomainDims = SmallVector<int64_t, 6>;

struct Member {
  unsigned group = 0;
  bool aligned = false;
  bool heavyReader = false; // a heavy operation reads it in place
  bool stored = false;      // computed in one pass over the row, read from the result's buffer in later ones
  unsigned firstPass = 0;   // ... in which
  uint64_t passes = 1;      // the passes that compute it; pass 0 is the last one
  DomainDims loops;         // the domain dim of each loop
};

struct Group {
  enum Kind { Plain, Heavy, Rows, Concat, Alone } kind = Plain;
  unsigned last = 0; // position of the last operation
  SmallVector<Operation *> operations;
  SmallVector<Value> extra;
  SmallVector<DimKey> domain;
  llvm::SmallBitVector reduced; // dims of the domain that row reductions reduce
  bool hasStored = false;
  std::optional<DomainDims> order; // of aligned members but the last, where it is not the domain's own
  SmallVector<std::pair<unsigned, unsigned>> reductions; // position and pass
};

class Grouper {
public:
  Grouper(Block &block, const FusionPolicy &policy) : block(block), policy(policy) {}
  SmallVector<KernelGroup> run();

private:
  struct Uses {
    SmallVector<OpOperand *> inside;
    unsigned group;
    bool outside = false;
  };

  void annotate();
  std::optional<Uses> findGroup(Operation *op);
  bool join(Operation *op, Uses &uses);
  bool joinElementwise(linalg::GenericOp op, Uses &uses);
  bool joinReduction(linalg::GenericOp op, Uses &uses);
  bool joinHeavy(linalg::GenericOp op, Uses &uses);
  bool joinMovement(Operation *op, Uses &uses);
  bool readsInPlace(OpOperand *use, Operation *producer);
  bool planPasses(Operation *op, Uses &uses, Member &member);
  std::optional<DomainDims> alignedDims(OpOperand *use);
  std::optional<DomainDims> alignedDims(Uses &uses);
  bool hasRows(linalg::GenericOp reduction) { return policy.outerRows || reducesInnermost(reduction); }
  bool bindRows(Group &group, linalg::GenericOp reduction);
  bool coversFull(const Group &group, ArrayRef<int64_t> dims);
  bool coversOuter(const Group &group, ArrayRef<int64_t> dims);
  void start(Operation *op);
  void add(Operation *op, Uses &uses, Member member);
  bool refuse(Operation *op, Uses &uses, StringRef reason);

  Block &block;
  const FusionPolicy &policy;
  llvm::DenseMap<Operation *, unsigned> positions;
  llvm::DenseMap<Operation *, LoopKind> kinds;
  llvm::DenseSet<Operation *> behindHeavy;
  llvm::DenseMap<Operation *, linalg::GenericOp> behindRows; // outer elementwise -> the reduction it follows
  llvm::DenseMap<Operation *, Member> members;
  SmallVector<Group, 0> groups;
};

DimKey keyOfLoop(linalg::GenericOp op, unsigned loop) {
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<RankedTensorType>(operand.get().getType()))
      continue;
    for (auto [dim, e] : llvm::enumerate(op.getMatchingIndexingMap(&operand).getResults()))
      if (e == getAffineDimExpr(loop, op.getContext()))
        return getDimKey(operand.get(), dim);
  }
  return {op.getOperation(), loop};
}

bool isUnit(DimKey key) { return !key.first && key.second == 1; }

bool isIncreasing(ArrayRef<int64_t> dims) {
  int64_t last = unitDim;
  for (int64_t dim : dims) {
    if (dim != unitDim && dim <= last)
      return false;
    last = std::max(last, dim);
  }
  return true;
}

/// Whether no element of `operand` is read at two points of op's loops.
bool readsOnce(linalg::GenericOp op, OpOperand *operand) {
  AffineMap map = op.getMatchingIndexingMap(operand);
  if (!map.isProjectedPermutation(/*allowZeroInResults=*/true))
    return false;
  SmallVector<int64_t> extents = op.getStaticLoopRanges();
  for (unsigned loop = 0; loop < extents.size(); ++loop)
    if (extents[loop] != 1 && !map.isFunctionOfDim(loop))
      return false;
  return true;
}

/// Distinct dims in another order than the domain's.
bool isPermuted(ArrayRef<int64_t> dims) {
  DomainDims sorted(llvm::make_filter_range(dims, [](int64_t d) { return d != unitDim; }));
  llvm::sort(sorted);
  return !isIncreasing(dims) && isIncreasing(sorted);
}

/// Loops that were given per dim of the result.
DomainDims loopsFromResult(linalg::GenericOp op, ArrayRef<int64_t> resultDims) {
  DomainDims loops(op.getNumLoops(), unitDim);
  for (auto [e, dim] : llvm::zip(op.getMatchingIndexingMap(op.getDpsInitOperand(0)).getResults(), resultDims))
    loops[cast<AffineDimExpr>(e).getPosition()] = dim;
  return loops;
}

/// Whether `def` could be in the kernel of any of its users: one user, or a few that are all elementwise.
bool endsInElementwise(Operation *def) {
  return def->hasOneUse() || (!llvm::hasNItemsOrMore(def->getUsers(), 5) && llvm::all_of(def->getUsers(), [](Operation *user) {
           return classifyLoop(user) == LoopKind::Elementwise;
         }));
}

/// Notes which elementwise operations follow a heavy operation or, at its outer dims, a row reduction.
void Grouper::annotate() {
  for (auto [position, op] : llvm::enumerate(block)) {
    positions[&op] = position;
    LoopKind kind = kinds[&op] = classifyLoop(&op);
    if (kind != LoopKind::Elementwise)
      continue;
    auto generic = cast<linalg::GenericOp>(op);
    for (OpOperand *input : generic.getDpsInputOperands()) {
      Operation *def = input->get().getDefiningOp();
      if (!def || def->getBlock() != &block || !readsOnce(generic, input))
        continue;
      if ((isHeavy(kinds[def]) || behindHeavy.contains(def)) && endsInElementwise(def))
        behindHeavy.insert(&op);
      if (kinds[def] == LoopKind::Reduction && hasRows(cast<linalg::GenericOp>(def)))
        behindRows[&op] = cast<linalg::GenericOp>(def);
      else if (auto reduction = behindRows.lookup(def))
        behindRows[&op] = reduction;
    }
  }
}

std::optional<Grouper::Uses> Grouper::findGroup(Operation *op) {
  Uses uses;
  bool found = false;
  // The group that ends first: others can then be behind it.
  for (OpOperand &use : op->getUses()) {
    auto member = members.find(use.getOwner());
    if (member == members.end())
      continue;
    if (!found || groups[member->second.group].last < groups[uses.group].last)
      uses.group = member->second.group;
    found = true;
  }
  if (!found)
    return std::nullopt;
  for (OpOperand &use : op->getUses()) {
    Operation *user = block.findAncestorOpInBlock(*use.getOwner());
    auto member = members.find(use.getOwner());
    if (member != members.end() && member->second.group == uses.group) {
      uses.inside.push_back(&use);
      continue;
    }
    uses.outside = true;
    if (!user || positions[user] <= groups[uses.group].last)
      return std::nullopt;
  }
  return uses;
}

bool Grouper::refuse(Operation *op, Uses &uses, StringRef reason) {
  remark::missed(op->getLoc(), remark::RemarkOpts::name("kernel").category("aic-fusion"))
      << "not in one kernel with its users: " << reason;
  return false;
}

/// The domain dims of the tensor that `use` reads, if its element at a point of the domain depends on that point only.
std::optional<DomainDims> Grouper::alignedDims(OpOperand *use) {
  const Member &user = members[use->getOwner()];
  auto generic = dyn_cast<linalg::GenericOp>(use->getOwner());
  if (!user.aligned)
    return std::nullopt;
  if (!generic) // the source of a pad
    return user.loops;
  auto type = cast<RankedTensorType>(use->get().getType());
  DomainDims dims;
  for (auto [dim, e] : llvm::enumerate(generic.getMatchingIndexingMap(use).getResults())) {
    auto loop = dyn_cast<AffineDimExpr>(e);
    if (!loop && type.getDimSize(dim) != 1)
      return std::nullopt;
    dims.push_back(type.getDimSize(dim) == 1 ? unitDim : user.loops[loop.getPosition()]);
  }
  return dims;
}

std::optional<DomainDims> Grouper::alignedDims(Uses &uses) {
  std::optional<DomainDims> common;
  for (OpOperand *use : uses.inside) {
    std::optional<DomainDims> dims = alignedDims(use);
    if (!dims || (common && *common != *dims))
      return std::nullopt;
    common = dims;
  }
  return common;
}

bool Grouper::coversFull(const Group &group, ArrayRef<int64_t> dims) {
  unsigned needed = llvm::count_if(group.domain, [](DimKey key) { return !isUnit(key); });
  return llvm::count_if(dims, [](int64_t d) { return d != unitDim; }) == needed;
}

bool Grouper::coversOuter(const Group &group, ArrayRef<int64_t> dims) {
  unsigned needed = 0;
  for (auto [dim, key] : llvm::enumerate(group.domain))
    needed += !isUnit(key) && !group.reduced.test(dim);
  return llvm::all_of(dims, [&](int64_t d) { return d == unitDim || !group.reduced.test(d); }) &&
         llvm::count_if(dims, [](int64_t d) { return d != unitDim; }) == needed;
}

/// Makes a plain group one of rows: the dims of its domain are, but for units, the loops of `reduction` in order.
bool Grouper::bindRows(Group &group, linalg::GenericOp reduction) {
  if (group.kind != Group::Plain || group.order || !hasRows(reduction))
    return false;
  // Loops in the order of the first input that all of them move, but for those of one iteration.
  SmallVector<std::pair<DimKey, bool>> loops;
  unsigned moving = llvm::count_if(reduction.getStaticLoopRanges(), [](int64_t n) { return n != 1; });
  for (OpOperand *input : reduction.getDpsInputOperands()) {
    AffineMap map = reduction.getMatchingIndexingMap(input);
    if (map.getNumResults() < moving)
      continue;
    for (AffineExpr e : map.getResults())
      if (auto loop = dyn_cast<AffineDimExpr>(e)) {
        DimKey key = keyOfLoop(reduction, loop.getPosition());
        if (!isUnit(key))
          loops.push_back(
              {key, reduction.getIteratorTypesArray()[loop.getPosition()] == utils::IteratorType::reduction});
      }
    break;
  }
  llvm::SmallBitVector reduced(group.domain.size());
  unsigned next = 0;
  for (auto [dim, key] : llvm::enumerate(group.domain)) {
    if (isUnit(key))
      continue;
    if (next == loops.size() || loops[next].first != key)
      return false;
    reduced[dim] = loops[next++].second;
  }
  if (next != loops.size() || reduced.none())
    return false;
  // What is there already must be full or outer.
  Group rows = group;
  rows.reduced = reduced;
  for (Operation *op : group.operations)
    if (const Member &member = members[op];
        member.aligned && (!coversFull(rows, member.loops) && !coversOuter(rows, member.loops)))
      return false;
  group.kind = Group::Rows;
  group.reduced = reduced;
  return true;
}

/// Decides in which passes over the row a full member is computed; false if that is too dear.
bool Grouper::planPasses(Operation *op, Uses &uses, Member &member) {
  Group &group = groups[uses.group];
  uint64_t passes = 0;
  unsigned first = 0, firstPosition = ~0u;
  for (OpOperand *use : uses.inside) {
    const Member &user = members[use->getOwner()];
    passes |= user.stored ? uint64_t(1) << user.firstPass : user.passes;
  }
  for (auto [position, pass] : group.reductions)
    if ((passes >> pass & 1) && position < firstPosition) {
      firstPosition = position;
      first = pass;
    }
  member.passes = passes;
  if (llvm::popcount(passes) < 2 || bodyCost(op) <= int64_t(policy.rowRecomputeCost))
    return true;
  Operation *last = group.operations.front();
  bool fits = kinds[last] == LoopKind::Elementwise && last->getResult(0).getType() == op->getResult(0).getType();
  if (!uses.outside && (group.hasStored || !fits))
    return refuse(op, uses, "several passes over the row need it, it is dear, and no result has room for it");
  group.hasStored |= !uses.outside;
  member.stored = true;
  member.firstPass = first;
  return true;
}

bool Grouper::joinElementwise(linalg::GenericOp op, Uses &uses) {
  Group &group = groups[uses.group];
  bool heavy = behindHeavy.contains(op);
  if (heavy && (group.kind == Group::Heavy || group.kind == Group::Rows || group.kind == Group::Concat))
    return refuse(op, uses, "it belongs to another heavy operation");
  std::optional<DomainDims> dims = alignedDims(uses);
  Member member;
  if (op.getNumResults() == 1 && dims) {
    member.aligned = true;
    member.loops = loopsFromResult(op, *dims);
    bool full = coversFull(group, *dims);
    if (full && isIncreasing(*dims) && (!group.order || isIncreasing(*group.order))) {
      if (group.kind == Group::Rows && !planPasses(op, uses, member))
        return false;
      add(op, uses, member);
      return true;
    }
    // Behind a transpose as the last operation everything has the other order.
    if (full && group.kind == Group::Plain && !uses.outside && isPermuted(*dims) &&
        (group.order ? *group.order == *dims : group.operations.size() == 1)) {
      group.order = *dims;
      add(op, uses, member);
      return true;
    }
    if (!full && isIncreasing(*dims)) {
      linalg::GenericOp reduction = behindRows.lookup(op);
      if (group.kind == Group::Plain && reduction)
        bindRows(group, reduction);
      if (group.kind == Group::Rows && coversOuter(group, *dims)) {
        member.passes = 0;
        add(op, uses, member);
        return true;
      }
    }
  }
  return joinMovement(op, uses);
}

/// Whether `producer`, which has no element of its own, can be read in place by `use`.
bool Grouper::readsInPlace(OpOperand *use, Operation *producer) {
  LoopKind kind = kinds[use->getOwner()];
  if (members[use->getOwner()].heavyReader)
    return kinds[producer] == LoopKind::Slice;
  if (!isHeavy(kind))
    return kind != LoopKind::Structured && kind != LoopKind::Host;
  if (kinds[producer] == LoopKind::Pad)
    return policy.readPads;
  if (bodyCost(producer) > 0 || use->getOwner()->getNumOperands() <= use->getOperandNumber())
    return false;
  auto user = cast<linalg::GenericOp>(use->getOwner());
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(producer))
    return isConstantIntValue(slice.getMixedStrides().back(), 1);
  if (!isMovement(producer))
    return false;
  // The lanes of a vector must stay neighbours, and a window moves over what it was made for.
  auto generic = cast<linalg::GenericOp>(producer);
  AffineMap in = generic.getMatchingIndexingMap(generic.getDpsInputOperand(0));
  AffineMap out = generic.getMatchingIndexingMap(generic.getDpsInitOperand(0));
  bool keepsInnermost = in.getNumResults() && in.getResults().back() == out.getResults().back();
  OpOperand *lanes = getLaneOperand(user);
  if (kind == LoopKind::Contraction && lanes && lanes != use)
    return in.isProjectedPermutation(/*allowZeroInResults=*/true);
  return kind == LoopKind::Contraction && keepsInnermost;
}

/// Computes an operation again at each read.
bool Grouper::joinMovement(Operation *op, Uses &uses) {
  Group &group = groups[uses.group];
  bool behindLast = kinds[op] == LoopKind::Elementwise && behindHeavy.contains(op);
  if (uses.outside || behindLast || op->getNumResults() != 1)
    return refuse(op, uses, "it is needed elsewhere or belongs to another heavy operation");
  int64_t cost = bodyCost(op);
  bool once = uses.inside.size() == 1;
  for (OpOperand *use : uses.inside) {
    if (!readsInPlace(use, op))
      return refuse(op, uses, "a reader needs its elements in memory");
    LoopKind reader = kinds[use->getOwner()];
    if (reader == LoopKind::Concat || reader == LoopKind::Slice)
      continue;
    // A permuted read is one read for each element; a broadcast is many.
    auto generic = dyn_cast<linalg::GenericOp>(use->getOwner());
    once &= !generic || (readsOnce(generic, use) && members[generic].aligned && group.kind != Group::Rows);
  }
  if (!once && cost > int64_t(policy.recomputeCost))
    return refuse(op, uses, "it would be computed again at each read");
  Member member;
  for (OpOperand *use : uses.inside) {
    member.passes |= members[use->getOwner()].passes;
    member.heavyReader |= isHeavy(kinds[use->getOwner()]) || members[use->getOwner()].heavyReader;
  }
  add(op, uses, member);
  return true;
}

bool Grouper::joinReduction(linalg::GenericOp op, Uses &uses) {
  Group &group = groups[uses.group];
  std::optional<DomainDims> dims = alignedDims(uses);
  if (!dims || !isIncreasing(*dims))
    return refuse(op, uses, "its result is read at other indices than it is made");
  AffineMap result = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  for (OpOperand &init : op.getDpsInitsMutable())
    if (op.getMatchingIndexingMap(&init) != result)
      return refuse(op, uses, "its results have different orders");
  Member member;
  member.aligned = true;
  member.loops = loopsFromResult(op, *dims);
  if (group.kind == Group::Plain && group.order)
    return refuse(op, uses, "the kernel transposes");
  if (group.kind == Group::Plain && coversFull(group, *dims)) {
    // The group is the tail of this reduction; its loops are further dims of the domain.
    for (auto [loop, type] : llvm::enumerate(op.getIteratorTypesArray()))
      if (type == utils::IteratorType::reduction) {
        member.loops[loop] = group.domain.size();
        group.domain.push_back(keyOfLoop(op, loop));
      }
    group.reduced.resize(group.domain.size(), true);
    group.kind = Group::Rows;
  } else {
    if (group.kind == Group::Plain && !bindRows(group, op))
      return refuse(op, uses, "its loops are not those of its users");
    if (group.kind != Group::Rows || !coversOuter(group, *dims) || !hasRows(op) ||
        group.reductions.size() >= policy.maxReductions)
      return refuse(op, uses, "its result is not needed at one outer index");
    // Reduced loops in order of the domain's reduced dims; extents decide.
    int64_t next = -1;
    for (auto [loop, type] : llvm::enumerate(op.getIteratorTypesArray())) {
      if (type != utils::IteratorType::reduction)
        continue;
      DimKey key = keyOfLoop(op, loop);
      if (isUnit(key))
        continue;
      next = group.reduced.find_next(next);
      while (next >= 0 && isUnit(group.domain[next]))
        next = group.reduced.find_next(next);
      if (next < 0 || group.domain[next] != key)
        return refuse(op, uses, "it reduces other dims than the kernel");
      member.loops[loop] = next;
    }
    while ((next = group.reduced.find_next(next)) >= 0)
      if (!isUnit(group.domain[next]))
        return refuse(op, uses, "it reduces fewer dims than the kernel");
  }
  unsigned pass = group.reductions.size() + 1;
  group.reductions.push_back({positions[op], pass});
  member.passes = uint64_t(1) << pass;
  add(op, uses, member);
  return true;
}

bool Grouper::joinHeavy(linalg::GenericOp op, Uses &uses) {
  Group &group = groups[uses.group];
  std::optional<DomainDims> dims = alignedDims(uses);
  if (group.kind != Group::Plain || op.getNumResults() != 1)
    return refuse(op, uses, "its users are in a kernel with a reduction already");
  if (!dims || !coversFull(group, *dims))
    return refuse(op, uses, "its result is read at other indices than it is made");
  bool ordered = group.order ? *group.order == *dims : isIncreasing(*dims) || group.operations.size() == 1;
  if (!ordered || (uses.outside && !isIncreasing(*dims)))
    return refuse(op, uses, "its users want another order");
  for (OpOperand *use : uses.inside)
    if (kinds[use->getOwner()] != LoopKind::Elementwise && kinds[use->getOwner()] != LoopKind::Pad)
      return refuse(op, uses, "a user is not elementwise");
  group.kind = Group::Heavy;
  if (!isIncreasing(*dims))
    group.order = *dims;
  Member member;
  member.aligned = false; // what it reads is not at points of the domain
  member.loops = *dims;
  add(op, uses, member);
  return true;
}

bool Grouper::join(Operation *op, Uses &uses) {
  Group &group = groups[uses.group];
  if (group.kind == Group::Alone)
    return refuse(op, uses, "they are a kernel of their own");
  if (group.operations.size() >= policy.maxOperations)
    return refuse(op, uses, "the kernel is long enough");
  if (uses.outside && group.extra.size() + 2 > policy.maxResults)
    return refuse(op, uses, "the kernel has results enough");
  if (policy.readPads && kinds[group.operations.front()] == LoopKind::Pad)
    return refuse(op, uses, "a padded copy is made for readers that cannot check bounds");
  if (policy.canFuse && !policy.canFuse(op, group.operations.front()))
    return refuse(op, uses, "the target does not want to");
  switch (LoopKind kind = kinds[op]) {
  case LoopKind::Elementwise:
    return joinElementwise(cast<linalg::GenericOp>(op), uses);
  case LoopKind::Reduction:
    return joinReduction(cast<linalg::GenericOp>(op), uses);
  case LoopKind::Slice:
  case LoopKind::Fill:
    return joinMovement(op, uses);
  case LoopKind::Pad:
    return group.kind == Group::Heavy && joinMovement(op, uses);
  default:
    return isHeavy(kind) && joinHeavy(cast<linalg::GenericOp>(op), uses);
  }
}

void Grouper::add(Operation *op, Uses &uses, Member member) {
  Group &group = groups[uses.group];
  member.group = uses.group;
  members[op] = std::move(member);
  group.operations.push_back(op);
  for (Value result : uses.outside ? op->getResults() : ResultRange(nullptr, 0))
    if (llvm::any_of(result.getUsers(), [&](Operation *user) {
          auto found = members.find(user);
          return found == members.end() || found->second.group != uses.group;
        }))
      group.extra.push_back(result);
}

/// A group that ends with `op`.
void Grouper::start(Operation *op) {
  Group group;
  Member member;
  group.last = positions[op];
  group.operations.push_back(op);
  member.group = groups.size();
  member.aligned = true;
  auto generic = dyn_cast<linalg::GenericOp>(op);
  LoopKind kind = kinds[op];
  if (kind == LoopKind::Elementwise || kind == LoopKind::Reduction) {
    SmallVector<utils::IteratorType> types = generic.getIteratorTypesArray();
    for (unsigned loop = 0; loop < generic.getNumLoops(); ++loop) {
      group.domain.push_back(keyOfLoop(generic, loop));
      member.loops.push_back(isUnit(group.domain.back()) ? unitDim : int64_t(loop));
    }
    group.reduced.resize(group.domain.size());
    if (kind == LoopKind::Reduction) {
      group.kind = Group::Rows;
      for (auto [loop, type] : llvm::enumerate(types))
        group.reduced[loop] = type == utils::IteratorType::reduction;
      group.reductions.push_back({group.last, 1});
      member.passes = 2;
    }
  } else if (auto pad = dyn_cast<tensor::PadOp>(op); pad && kind == LoopKind::Pad) {
    for (int64_t dim = 0; dim < pad.getSourceType().getRank(); ++dim) {
      group.domain.push_back(getDimKey(pad.getSource(), dim));
      member.loops.push_back(isUnit(group.domain.back()) ? unitDim : dim);
    }
    group.reduced.resize(group.domain.size());
  } else {
    member.aligned = false;
    group.kind = isHeavy(kind)                                       ? Group::Heavy
                 : kind == LoopKind::Concat                          ? Group::Concat
                 : kind == LoopKind::Slice || kind == LoopKind::Fill ? Group::Plain
                                                                     : Group::Alone;
  }
  groups.push_back(std::move(group));
  members[op] = std::move(member);
}

SmallVector<KernelGroup> Grouper::run() {
  annotate();
  for (Operation &op : llvm::reverse(block)) {
    LoopKind kind = kinds[&op];
    if (kind == LoopKind::Host || kind == LoopKind::View)
      continue;
    // The start of a reduction goes with it.
    if (kind == LoopKind::Fill && op.hasOneUse()) {
      auto user = dyn_cast<DestinationStyleOpInterface>(*op.user_begin());
      auto member = members.find(*op.user_begin());
      if (user && member != members.end() && user.isDpsInit(&*op.use_begin())) {
        unsigned number = member->second.group; // a new member moves the others
        members[&op].group = number;
        groups[number].operations.push_back(&op);
        continue;
      }
    }
    std::optional<Uses> uses = findGroup(&op);
    if (!uses || !join(&op, *uses))
      start(&op);
  }
  SmallVector<KernelGroup> result;
  for (Group &group : llvm::reverse(groups)) {
    KernelGroup &kernel = result.emplace_back();
    llvm::append_range(kernel.results, group.operations.front()->getResults());
    llvm::append_range(kernel.results, group.extra);
    llvm::append_range(kernel.operations, llvm::reverse(group.operations));
  }
  return result;
}

} // namespace

SmallVector<KernelGroup> groupOperations(Block &block, const FusionPolicy &policy) {
  return Grouper(block, policy).run();
}

} // namespace mlir::aic
