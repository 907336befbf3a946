// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- AssignLayout.cpp - Channels last, with few transposes --------------===//
//
// Windowed operations become channels last between explicit transposes. Then,
// in one sweep from the arguments to the results, a transpose sinks below every
// operation that can work on the other order of dims, and two that meet are
// composed; most cancel. Sweeps are repeated until nothing changes. Constants
// are transposed by operations that aic-constant-fold evaluates.
//
// Every value keeps its type: what replaces an operation is the same values
// under a transpose, so a sweep can stop anywhere.
//
//===----------------------------------------------------------------------===//
#include "aic/Dialect/AIC/IR/AICOps.h"
#include "aic/Dialect/AIC/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/BitVector.h"
#include "llvm/ADT/TypeSwitch.h"

namespace mlir::aic {
#define GEN_PASS_DEF_ASSIGNLAYOUTPASS
#include "aic/Dialect/AIC/Transforms/Passes.h.inc"

namespace {

/// Dim i of the result is dim `p[i]` of the source.
using Permutation = SmallVector<int64_t>;

Permutation inverse(ArrayRef<int64_t> p) {
  Permutation result(p.size());
  for (auto [i, dim] : llvm::enumerate(p))
    result[dim] = i;
  return result;
}

bool isIdentity(ArrayRef<int64_t> p) { return llvm::equal(p, llvm::seq<int64_t>(0, p.size())); }

RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

RankedTensorType permuted(RankedTensorType type, ArrayRef<int64_t> p) {
  return RankedTensorType::get(llvm::map_to_vector(p, [&](int64_t dim) { return type.getDimSize(dim); }),
                               type.getElementType());
}

/// Whether the permutation only moves dims of extent 1.
bool keepsOrder(RankedTensorType source, ArrayRef<int64_t> p) {
  SmallVector<int64_t> kept;
  for (int64_t dim : p)
    if (source.getDimSize(dim) != 1)
      kept.push_back(dim);
  return llvm::is_sorted(kept);
}

bool isConstantExpression(Value value, unsigned depth = 0) {
  Operation *op = value.getDefiningOp();
  if (!op || depth > 8)
    return false;
  if (op->hasTrait<OpTrait::ConstantLike>())
    return true;
  return isa<GraphOpInterface>(op) && op->getNumOperands() > 0 &&
         llvm::all_of(op->getOperands(), [&](Value v) { return isConstantExpression(v, depth + 1); });
}

Permutation channelsLast(int64_t rank) {
  Permutation result{0};
  for (int64_t i = 2; i < rank; ++i)
    result.push_back(i);
  result.push_back(1);
  return result;
}

class Sweep {
public:
  Sweep(Block &block, const LayoutPreference &prefersChannelsLast)
      : block(block), prefersChannelsLast(prefersChannelsLast), b(block.getParent()->getContext()), scope(b.getContext()) {}

  /// Whether anything has changed.
  bool run();

private:
  void visit(Operation *op);
  //===-- Building --------------------------------------------------------===//
  Value transpose(Value value, ArrayRef<int64_t> p);
  Value indices(ArrayRef<int64_t> values);
  /// The elements of a shape tensor in another order.
  Value reorder(Value vector, ArrayRef<int64_t> order);
  Operation *clone(Operation *op, ArrayRef<Value> operands, RankedTensorType type);
  void replace(Operation *op, Value value);
  void replaceTransposed(Operation *op, Operation *created, ArrayRef<int64_t> p) {
    replace(op, transpose(created->getResult(0), p));
  }
  //===-- Windows ---------------------------------------------------------===//
  template <typename OpT> void toChannelsLast(OpT op);
  //===-- Sinking ---------------------------------------------------------===//
  bool sinkElementwise(Operation *op);
  bool sinkReduce(ReduceOp op, Value source, ArrayRef<int64_t> p);
  bool sinkReshape(ReshapeOp op, Value source, ArrayRef<int64_t> p);
  bool sink(Operation *op);
  Value aligned(Value operand, ArrayRef<int64_t> p);

  Block &block;
  const LayoutPreference &prefersChannelsLast;
  OpBuilder b;
  ShapeScope scope;
  bool changed = false;
  SmallVector<Operation *> dead;
};

} // namespace

//===-- Building ----------------------------------------------------------===//

Value Sweep::transpose(Value value, ArrayRef<int64_t> p) {
  Permutation whole(p);
  if (auto op = value.getDefiningOp<TransposeOp>()) {
    for (int64_t &dim : whole)
      dim = op.getPermutation()[dim];
    value = op.getInput();
  }
  if (isIdentity(whole))
    return value;
  Location loc = value.getDefiningOp() ? value.getDefiningOp()->getLoc() : value.getLoc();
  auto op = TransposeOp::create(b, loc, permuted(typeOf(value), whole), value, whole);
  Dims dims(scope.dims(value)), moved;
  for (int64_t dim : whole)
    moved.push_back(dims[dim]);
  scope.setDims(op, moved);
  return op;
}

Value Sweep::indices(ArrayRef<int64_t> values) {
  auto type = RankedTensorType::get({static_cast<int64_t>(values.size())}, b.getI64Type());
  return arith::ConstantOp::create(b, b.getUnknownLoc(), DenseElementsAttr::get(type, values));
}

Value Sweep::reorder(Value vector, ArrayRef<int64_t> order) {
  auto type = RankedTensorType::get({static_cast<int64_t>(order.size())}, typeOf(vector).getElementType());
  return GatherOp::create(b, vector.getLoc(), type, vector, indices(order), 0);
}

Operation *Sweep::clone(Operation *op, ArrayRef<Value> operands, RankedTensorType type) {
  Operation *created = b.clone(*op);
  created->setOperands(operands);
  created->getResult(0).setType(type);
  return created;
}

void Sweep::replace(Operation *op, Value value) {
  if (value.getType() != op->getResult(0).getType())
    value = tensor::CastOp::create(b, op->getLoc(), op->getResult(0).getType(), value);
  op->getResult(0).replaceAllUsesWith(value);
  dead.push_back(op);
  changed = true;
}

//===-- Windows -----------------------------------------------------------===//

template <typename OpT> void Sweep::toChannelsLast(OpT op) {
  if (op.getChannelsLast())
    return;
  Permutation p = channelsLast(typeOf(op.getInput()).getRank());
  SmallVector<Value> operands(op->getOperands());
  operands[0] = transpose(operands[0], p);
  if (isa<ConvOp, ConvTransposeOp>(op.getOperation())) {
    Permutation filter;
    for (int64_t i = 2; i < static_cast<int64_t>(p.size()); ++i)
      filter.push_back(i);
    filter.append({1, 0});
    operands[1] = transpose(operands[1], filter);
  }
  Dims dims(scope.dims(op.getResult())), moved;
  for (int64_t dim : p)
    moved.push_back(dims[dim]);
  Operation *created = clone(op, operands, permuted(typeOf(op.getResult()), p));
  cast<OpT>(created).setChannelsLast(true);
  scope.setDims(created->getResult(0), moved);
  replaceTransposed(op, created, inverse(p));
}

//===-- Sinking -----------------------------------------------------------===//

/// The permutation that the operand is the result of, if a transpose made it.
static TransposeOp transposeOf(Value value) { return value.getDefiningOp<TransposeOp>(); }

/// The operand (maybe of a lower rank) under the inverse of `p`, or null if its shape cannot be lined up.
Value Sweep::aligned(Value operand, ArrayRef<int64_t> p) {
  auto type = typeOf(operand);
  int64_t rank = p.size();
  if (type.getRank() == 0 || (type.hasStaticShape() && type.getNumElements() == 1 && type.getRank() <= rank))
    return operand;
  if (type.getRank() < rank) {
    if (!type.hasStaticShape())
      return nullptr;
    SmallVector<int64_t> shape(rank - type.getRank(), 1);
    llvm::append_range(shape, type.getShape());
    operand = ReshapeOp::create(b, operand.getLoc(), RankedTensorType::get(shape, type.getElementType()), operand,
                                indices(shape), /*copy_zeros=*/false);
  }
  return transpose(operand, inverse(p));
}

static bool isElementwise(Operation *op) {
  return isa<AbsOp, NegOp, SignOp, ReluOp, ExpOp, LogOp, SqrtOp, RsqrtOp, ErfOp, SigmoidOp, TanhOp, SinOp, CosOp, TanOp,
             AsinOp, AcosOp, AtanOp, SinhOp, CoshOp, AsinhOp, AcoshOp, AtanhOp, FloorOp, CeilOp, RoundOp, NotOp,
             BitwiseNotOp, IsNanOp, IsInfOp, CastOp, AddOp, SubOp, MulOp, DivOp, RemOp, ModOp, PowOp, MaximumOp,
             MinimumOp, AndOp, OrOp, XorOp, ShiftLeftOp, ShiftRightOp, CompareOp, SelectOp, ConcatOp>(op);
}

/// Whether all users of a value are transposes that undo `p`.
static bool usersUndo(Value value, ArrayRef<int64_t> p) {
  return !value.use_empty() && llvm::all_of(value.getUsers(), [&](Operation *user) {
    auto transpose = dyn_cast<TransposeOp>(user);
    return transpose && llvm::equal(transpose.getPermutation(), inverse(p));
  });
}

/// op(T(x), T(y), c) --> T(op(x, y, T'(c))), if that makes no more transposes of data than there were
bool Sweep::sinkElementwise(Operation *op) {
  auto type = typeOf(op->getResult(0));
  int64_t rank = type.getRank();
  Permutation p;
  for (Value operand : op->getOperands())
    if (TransposeOp t = transposeOf(operand); t && typeOf(operand).getRank() == rank && p.empty())
      p.assign(t.getPermutation().begin(), t.getPermutation().end());
  if (p.empty())
    return false;
  int64_t with = 0, without = 0;
  for (Value operand : op->getOperands()) {
    TransposeOp t = transposeOf(operand);
    auto own = typeOf(operand);
    if (t && llvm::equal(t.getPermutation(), p)) {
      ++with;
      continue;
    }
    bool isSmall = own.hasStaticShape() && type.hasStaticShape() && own.getNumElements() * 8 <= type.getNumElements();
    bool isFree = own.getRank() < rank || isSmall || isConstantExpression(operand) || keepsOrder(own, inverse(p));
    if (own.getRank() < rank && !own.hasStaticShape())
      return false;
    if (!isFree)
      ++without;
  }
  if (without > 0 && with <= without && !(with == without && usersUndo(op->getResult(0), p)))
    return false;
  // Where an operand of the rank is narrower than the result, the transposed one may not be of the result's shape:
  // that is fine, dims line up all the same.
  SmallVector<Value> operands;
  for (Value operand : op->getOperands()) {
    Value value = aligned(operand, p);
    if (!value)
      return false;
    operands.push_back(value);
  }
  Operation *created = clone(op, operands, permuted(type, inverse(p)));
  if (auto concat = dyn_cast<ConcatOp>(created))
    concat.setAxis(p[concat.getAxis()]);
  replaceTransposed(op, created, p);
  return true;
}

bool Sweep::sinkReduce(ReduceOp op, Value source, ArrayRef<int64_t> p) {
  SmallVector<int64_t> axes = llvm::map_to_vector(op.getAxes(), [&](int64_t axis) { return p[axis]; });
  llvm::sort(axes);
  auto type = typeOf(op.getResult());
  Permutation q;
  if (op.getKeepDims()) {
    q.assign(p.begin(), p.end());
  } else {
    // Dims that stay, by their place among those that stay of the source.
    SmallVector<int64_t> place(p.size(), -1);
    for (int64_t dim = 0, next = 0; dim < static_cast<int64_t>(p.size()); ++dim)
      if (!llvm::is_contained(axes, dim))
        place[dim] = next++;
    for (int64_t dim : p)
      if (place[dim] >= 0)
        q.push_back(place[dim]);
  }
  Operation *created = clone(op, source, permuted(type, inverse(q)));
  cast<ReduceOp>(created).setAxes(axes);
  replaceTransposed(op, created, q);
  return true;
}

/// reshape(T(x)) where the reshape joins or splits groups of dims that are neighbours in x too --> T(reshape(x)).
/// E.g. [N, H, W, C] -> [N, C, H, W] -> [N, C, HW] is [N, H, W, C] -> [N, HW, C] -> [N, C, HW].
bool Sweep::sinkReshape(ReshapeOp op, Value source, ArrayRef<int64_t> p) {
  if (op.getCopyZeros())
    return false;
  auto result = typeOf(op.getResult());
  if (keepsOrder(typeOf(source), p)) {
    Operation *created = clone(op, {source, op.getShape()}, result);
    replace(op, created->getResult(0));
    return true;
  }
  Dims from(scope.dims(op.getInput())), to(scope.dims(op.getResult()));
  // Groups of equal products, as small as possible.
  SmallVector<SmallVector<int64_t>> fromGroups, toGroups;
  size_t i = 0, j = 0;
  while (i < from.size() && j < to.size()) {
    auto &x = fromGroups.emplace_back(), &y = toGroups.emplace_back();
    AffineExpr px = from[i], py = to[j];
    x.push_back(i++);
    y.push_back(j++);
    while (px != py) {
      bool extendTo = exactQuotient(px, py) && j < to.size();
      if (!extendTo && i == from.size())
        extendTo = true;
      if (extendTo && j == to.size())
        return false;
      if (extendTo) {
        py = scope.product({py, to[j]});
        y.push_back(j++);
      } else {
        px = scope.product({px, from[i]});
        x.push_back(i++);
      }
    }
  }
  auto isOne = [](AffineExpr e) { return constantDim(e) == 1; };
  for (; i < from.size(); ++i) {
    if (fromGroups.empty() || !isOne(from[i]))
      return false;
    fromGroups.back().push_back(i);
  }
  for (; j < to.size(); ++j) {
    if (toGroups.empty() || !isOne(to[j]))
      return false;
    toGroups.back().push_back(j);
  }
  // Inside a group the source's dims must follow each other in the same order.
  SmallVector<std::pair<int64_t, size_t>> order; // first dim of the source, group
  for (auto [g, group] : llvm::enumerate(fromGroups)) {
    for (size_t k = 1; k < group.size(); ++k)
      if (p[group[k]] != p[group[k - 1]] + 1)
        return false;
    order.emplace_back(p[group[0]], g);
  }
  llvm::sort(order);
  SmallVector<int64_t> dimsOfNew; // dims of the old result in the new order
  for (auto [first, g] : order)
    llvm::append_range(dimsOfNew, toGroups[g]);
  if (isIdentity(dimsOfNew))
    return false; // would have kept the order of elements
  Value shape = reorder(op.getShape(), dimsOfNew);
  Operation *created = clone(op, {source, shape}, permuted(result, dimsOfNew));
  Dims moved;
  for (int64_t dim : dimsOfNew)
    moved.push_back(to[dim]);
  scope.setDims(created->getResult(0), moved);
  replaceTransposed(op, created, inverse(dimsOfNew));
  return true;
}

bool Sweep::sink(Operation *op) {
  if (isElementwise(op))
    return sinkElementwise(op);
  TransposeOp t = op->getNumOperands() ? transposeOf(op->getOperand(0)) : TransposeOp();
  if (!t)
    return false;
  Value source = t.getInput();
  Permutation p(t.getPermutation());
  int64_t rank = p.size();
  auto type = typeOf(op->getResult(0));
  SmallVector<Value> operands(op->getOperands());
  operands[0] = source;
  /// The operation with some attribute's axis in the source's order.
  auto withAxis = [&](auto typed) {
    auto created = cast<decltype(typed)>(clone(op, operands, permuted(type, inverse(p))));
    created.setAxis(p[created.getAxis()]);
    replaceTransposed(op, created, p);
    return true;
  };
  auto withScales = [&](auto typed) {
    if (typed.getBlockSize() != 0 || typeOf(typed.getScale()).getRank() > 1)
      return false;
    return withAxis(typed);
  };
  Permutation inv = inverse(p);
  return TypeSwitch<Operation *, bool>(op)
      .Case([&](TransposeOp transposed) {
        Value composed = transpose(op->getOperand(0), transposed.getPermutation());
        replace(op, composed);
        return true;
      })
      .Case([&](ReduceOp reduce) { return sinkReduce(reduce, source, p); })
      .Case([&](ReshapeOp reshape) { return sinkReshape(reshape, source, p); })
      .Case<SoftmaxOp, LogSoftmaxOp, BatchNormOp, ScanOp>(withAxis)
      .Case<QuantizeOp, DequantizeOp>(withScales)
      .Case([&](SliceOp slice) {
        SmallVector<int64_t> axes = llvm::map_to_vector(slice.getAxes(), [&](int64_t axis) { return p[axis]; });
        Operation *created = clone(op, operands, permuted(type, inv));
        cast<SliceOp>(created).setAxes(axes);
        replaceTransposed(op, created, p);
        return true;
      })
      .Case([&](PadOp pad) {
        Permutation order(inv);
        for (int64_t dim : inv)
          order.push_back(rank + dim);
        operands[1] = reorder(pad.getPads(), order);
        replaceTransposed(op, clone(op, operands, permuted(type, inv)), p);
        return true;
      })
      .Case([&](ResizeOp resize) {
        operands[1] = reorder(resize.getScales(), inv);
        operands[2] = reorder(resize.getSizes(), inv);
        replaceTransposed(op, clone(op, operands, permuted(type, inv)), p);
        return true;
      })
      .Case([&](TileOp tile) {
        operands[1] = reorder(tile.getRepeats(), inv);
        replaceTransposed(op, clone(op, operands, permuted(type, inv)), p);
        return true;
      })
      .Case([&](ArgReduceOp arg) {
        if (!arg.getKeepDims())
          return false;
        return withAxis(arg);
      })
      .Case([&](ShapeOfOp shapeOf) {
        auto created = ShapeOfOp::create(b, op->getLoc(), type, source);
        replace(op, reorder(created, p));
        return true;
      })
      .Default([](Operation *) { return false; });
}

//===-- Sweep -------------------------------------------------------------===//

void Sweep::visit(Operation *op) {
  for (Region &region : op->getRegions())
    for (Block &nested : region) {
      Sweep inner(nested, prefersChannelsLast);
      changed |= inner.run();
    }
  if (!isa<GraphOpInterface>(op))
    return;
  b.setInsertionPoint(op);
  SmallVector<Dims> inferred;
  if (succeeded(cast<GraphOpInterface>(op).inferShapes(scope, inferred)))
    for (auto [result, dims] : llvm::zip_equal(op->getResults(), inferred)) {
      for (auto [dim, declared] : llvm::zip_equal(dims, typeOf(result).getShape()))
        if (!ShapedType::isDynamic(declared))
          dim = scope.constant(declared);
      scope.setDims(result, dims);
    }
  if (op->getNumResults() != 1 || isConstantExpression(op->getResult(0)))
    return;
  TypeSwitch<Operation *>(op)
      .Case<ConvOp, ConvTransposeOp, MaxPoolOp, AvgPoolOp>([&](auto window) {
        if (!prefersChannelsLast || prefersChannelsLast(op))
          toChannelsLast(window);
        else
          (void)sink(op);
      })
      .Default([&](Operation *) { (void)sink(op); });
}

bool Sweep::run() {
  SmallVector<Operation *> ops;
  for (Operation &op : block)
    ops.push_back(&op);
  for (Operation *op : ops)
    visit(op);
  for (Operation *op : llvm::reverse(dead))
    if (op->use_empty())
      op->erase();
  // Transposes (and what was made for a refusal) that nobody reads.
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
    if (isOpTriviallyDead(&op))
      op.erase();
  return changed;
}

namespace {
struct AssignLayoutPass : impl::AssignLayoutPassBase<AssignLayoutPass> {
  using AssignLayoutPassBase::AssignLayoutPassBase;
  explicit AssignLayoutPass(LayoutPreference prefers) : prefers(std::move(prefers)) {}

  void runOnOperation() override {
    if (!channelsLast || getOperation().isExternal())
      return;
    // Each sweep carries transposes all the way down; more are needed only where a later one frees an earlier.
    for (unsigned i = 0; i < 4; ++i)
      if (!Sweep(getOperation().getBody().front(), prefers).run())
        return;
  }

  LayoutPreference prefers;
};
} // namespace

std::unique_ptr<Pass> createAssignLayoutPass(LayoutPreference prefersChannelsLast) {
  return std::make_unique<AssignLayoutPass>(std::move(prefersChannelsLast));
}

} // namespace mlir::aic
