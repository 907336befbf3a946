// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- QuantizePlan.cpp - Which operations are one quantised layer --------===//
//
// Every operation is one of
//
//   product    conv, conv_transpose, matmul, with a constant bias behind
//   pool       avg_pool, mean, sum
//   pair       add, sub, mul, maximum, minimum of two tensors
//   pointwise  of one tensor and numbers
//   move       its elements are those of an operand: shares that one's scale
//   concat
//   other      stays float
//
// Pointwise operations that come from one value and meet again are one function
// of it (x * sigmoid(x) is, and so is any chain), which int8 hardware reads from a
// table. The value that all of them come from is their root. A value that
// something else uses too is quantised by itself, so a root of what follows.
//
// A function that only clamps is no layer: it joins the layer before.
//
//===----------------------------------------------------------------------===//
#include "aic/Dialect/AIC/IR/AICOps.h"
#include "aic/Dialect/AIC/IR/EvalBridge.h"
#include "aic/Dialect/AIC/Transforms/Quantize.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/SetVector.h"

namespace mlir::aic {

namespace eval = ::aic::eval;

ElementsAttr constantOf(Value value) {
  auto constant = value.getDefiningOp<arith::ConstantOp>();
  return constant ? dyn_cast<ElementsAttr>(constant.getValue()) : ElementsAttr();
}

bool isSplatConstant(Value value) {
  ElementsAttr attr = constantOf(value);
  return attr && (attr.isSplat() || attr.getNumElements() == 1);
}

static bool isReal(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getElementType().isF32();
}

std::optional<unsigned> movedOperand(Operation *op) {
  if (auto pad = dyn_cast<PadOp>(op))
    if (pad.getMode() == PadMode::constant && !isSplatConstant(pad.getValue()))
      return std::nullopt;
  if (auto resize = dyn_cast<ResizeOp>(op))
    if (resize.getMode() != ResizeMode::nearest)
      return std::nullopt;
  if (auto reduce = dyn_cast<ReduceOp>(op))
    if (reduce.getKind() != ReduceKind::max && reduce.getKind() != ReduceKind::min)
      return std::nullopt;
  if (isa<ReshapeOp, TransposeOp, SliceOp, BroadcastOp, TileOp, GatherOp, GatherElementsOp, GatherNDOp, PadOp, ResizeOp,
          ReduceOp, MaxPoolOp, tensor::CastOp>(op) &&
      isReal(op->getOperand(0)) && !constantOf(op->getOperand(0)))
    return 0;
  return std::nullopt;
}

namespace {

RankedTensorType typeOf(Value value) { return dyn_cast<RankedTensorType>(value.getType()); }

bool makesOneReal(Operation &op) { return op.getNumResults() == 1 && isReal(op.getResult(0)); }

bool isUnary(Operation *op) {
  return isa<AbsOp, NegOp, SignOp, ReluOp, ExpOp, LogOp, SqrtOp, RsqrtOp, ErfOp, SigmoidOp, TanhOp, SinOp, CosOp, TanOp,
             AsinOp, AcosOp, AtanOp, SinhOp, CoshOp, AsinhOp, AcoshOp, AtanhOp, FloorOp, CeilOp, RoundOp>(op);
}

bool isBinary(Operation *op) { return isa<AddOp, SubOp, MulOp, DivOp, PowOp, MaximumOp, MinimumOp>(op); }

/// Whether the operation may be a layer of two tensors.
bool isPair(Operation *op) { return isa<AddOp, SubOp, MulOp, MaximumOp, MinimumOp>(op); }

bool isProduct(Operation *op) {
  if (isa<ConvOp, ConvTransposeOp>(op))
    return constantOf(op->getOperand(1)) && (op->getNumOperands() < 3 || constantOf(op->getOperand(2)));
  auto matmul = dyn_cast<MatmulOp>(op);
  if (!matmul || (constantOf(matmul.getLhs()) && constantOf(matmul.getRhs())))
    return false;
  return typeOf(matmul.getLhs()).getRank() > 1 && typeOf(matmul.getRhs()).getRank() > 1;
}

bool isPool(Operation *op) {
  auto reduce = dyn_cast<ReduceOp>(op);
  return isa<AvgPoolOp>(op) ||
         (reduce && (reduce.getKind() == ReduceKind::mean || reduce.getKind() == ReduceKind::sum) &&
          !constantOf(reduce.getInput()));
}

/// x --> max(x, c), min(x, c): what the saturation of a quantisation can do.
bool isClamp(Operation *op) { return isa<ReluOp, MaximumOp, MinimumOp>(op); }

class Planner {
public:
  explicit Planner(Block &block) : block(block) {}
  QuantPlan run();

private:
  void classify();
  void markNorms();
  void markApplication(Value deviation);
  void attachBias(Operation *op);
  bool isPointwise(Operation *op) const;
  /// The value that a pointwise operation's result comes from, given the roots of its operands; null: several.
  Value commonRoot(Operation *op) const;
  void findRoots();
  bool isExposed(Value value) const;
  void addFunctions();
  void addLayer(QuantLayer layer) {
    plan.layerOf[layer.result] = plan.layers.size();
    plan.inside.insert(layer.body.begin(), layer.body.end());
    plan.layers.push_back(std::move(layer));
  }
  SmallVector<Operation *> functionBody(Value result) const;
  bool takeClamps(QuantLayer &layer);

  Block &block;
  QuantPlan plan;
  llvm::DenseSet<Operation *> real;   // stays float
  llvm::DenseMap<Value, Value> roots; // of results of pointwise operations
  llvm::DenseSet<Value> forced;       // pointwise results that are roots of what follows
  llvm::DenseMap<Operation *, QuantLayer> anchors;
};

/// Whether an operation squares its (first) operand.
bool isSquare(Operation *op) { return isa<PowOp>(op) || (isa<MulOp>(op) && op->getOperand(0) == op->getOperand(1)); }

bool isMean(Operation *op) {
  auto reduce = dyn_cast_or_null<ReduceOp>(op);
  return reduce && (reduce.getKind() == ReduceKind::mean || reduce.getKind() == ReduceKind::sum);
}

/// Whether a value is a mean: a sum or mean along dims, perhaps times a number, in another shape.
bool isStatistic(Value value) {
  Operation *op = value.getDefiningOp();
  while (op && !isMean(op)) {
    bool scales = isa<MulOp, DivOp>(op) && constantOf(op->getOperand(1));
    if (!scales && !isa<ReshapeOp, BroadcastOp, tensor::CastOp>(op))
      return false;
    op = op->getOperand(0).getDefiningOp();
  }
  return op;
}

/// x - mean(x)
bool isDifference(Operation *op) { return isa_and_nonnull<SubOp>(op) && isStatistic(op->getOperand(1)); }

/// The statistics of a normalisation: a square root of a mean of squares. Squares need more than 8 bits, so everything
/// from the difference to the mean up to the division stays float, and the gain and the offset behind it.
void Planner::markNorms() {
  for (Operation &op : block) {
    if (!isa<SqrtOp, RsqrtOp>(op) || !isReal(op.getResult(0)))
      continue;
    // From the root up to the means: sqrt(mean(d * d) + epsilon), sqrt(max(mean(x * x) - mean(x) * mean(x), 0)).
    llvm::SetVector<Operation *> slice;
    slice.insert(&op);
    bool hasSquares = false;
    for (unsigned i = 0; i < slice.size() && slice.size() < 32; ++i) {
      Operation *part = slice[i];
      auto add = [&](Value value) {
        Operation *def = value.getDefiningOp();
        if (def && def->getBlock() == &block && makesOneReal(*def))
          slice.insert(def);
      };
      Operation *source = part->getOperand(0).getDefiningOp();
      if (isMean(part)) { // of squares, or of what is normalised, which is no part of this
        if (source && isSquare(source)) {
          hasSquares = true;
          add(part->getOperand(0));
        }
      } else if (isDifference(part)) {
        add(part->getOperand(1));
      } else if (isSquare(part)) {
        if (isStatistic(part->getOperand(0)) || isDifference(source))
          add(part->getOperand(0));
      } else {
        for (Value operand : part->getOperands())
          if (Operation *def = operand.getDefiningOp();
              def && (isMean(def) || isBinary(def) || isa<ReshapeOp, BroadcastOp, tensor::CastOp>(def)))
            add(operand);
      }
    }
    if (!hasSquares)
      continue;
    real.insert(slice.begin(), slice.end());
    markApplication(op.getResult(0));
  }
}

/// From the deviation to the end of the normalisation: constants, the difference that it is applied to, constants.
void Planner::markApplication(Value value) {
  bool isApplied = false;
  for (unsigned step = 0; step < 6; ++step) {
    Operation *next = nullptr;
    for (Operation *user : value.getUsers()) {
      bool withConstant = llvm::any_of(user->getOperands(), [](Value v) { return bool(constantOf(v)); });
      bool applies = !isApplied && isa<MulOp, DivOp>(user);
      if (user->getBlock() != &block || !(applies || (withConstant && isa<MulOp, AddOp, DivOp, MaximumOp>(user))))
        continue;
      if (next)
        return; // used twice: only what is sure
      next = user;
    }
    if (!next || (isApplied && !value.hasOneUse()))
      return;
    real.insert(next);
    for (Value operand : next->getOperands())
      if (Operation *def = operand.getDefiningOp(); def && operand != value && !constantOf(operand)) {
        isApplied = true;
        if (isDifference(def))
          real.insert(def);
      }
    value = next->getResult(0);
  }
}

bool Planner::isPointwise(Operation *op) const {
  if (op->getBlock() != &block || !makesOneReal(*op) || real.contains(op) || anchors.contains(op) ||
      plan.inside.contains(op))
    return false;
  return isUnary(op) || isBinary(op);
}

Value Planner::commonRoot(Operation *op) const {
  Value root;
  for (Value operand : op->getOperands()) {
    if (isSplatConstant(operand))
      continue;
    auto it = roots.find(operand);
    Value from = it == roots.end() || forced.contains(operand) ? operand : it->second;
    if (constantOf(operand) || (root && root != from))
      return Value();
    root = from;
  }
  // Numbers must not change the shape.
  if (!root || typeOf(root).getShape() != typeOf(op->getResult(0)).getShape())
    return Value();
  for (Value operand : op->getOperands())
    if (isSplatConstant(operand) && typeOf(operand).getNumElements() != 1 && !typeOf(root).hasStaticShape())
      return Value();
  return root;
}

/// Whether a pointwise result is used by something that is not in the same function.
bool Planner::isExposed(Value value) const {
  Value root = roots.lookup(value);
  return value.use_empty() || llvm::any_of(value.getUsers(), [&](Operation *user) {
           return !isPointwise(user) || roots.lookup(user->getResult(0)) != root;
         });
}

void Planner::findRoots() {
  for (bool changed = true; changed;) {
    changed = false;
    roots.clear();
    for (Operation &op : block)
      if (isPointwise(&op))
        if (Value root = commonRoot(&op))
          roots[op.getResult(0)] = root;
    for (Operation &op : block) {
      Value value = op.getNumResults() == 1 ? op.getResult(0) : Value();
      if (!value || !roots.contains(value) || forced.contains(value) || !isExposed(value))
        continue;
      // Only matters where something else of the function reads it.
      bool read = llvm::any_of(
          value.getUsers(), [&](Operation *user) { return isPointwise(user) && roots.contains(user->getResult(0)); });
      if (read)
        changed |= forced.insert(value).second;
      if (changed)
        break; // roots behind it move
    }
  }
}

/// The operations between a function's root and its result, in order.
SmallVector<Operation *> Planner::functionBody(Value result) const {
  Value root = roots.lookup(result);
  llvm::SetVector<Operation *> body;
  SmallVector<Value> work{result};
  while (!work.empty()) {
    Value value = work.pop_back_val();
    if (value == root || constantOf(value) || !body.insert(value.getDefiningOp()))
      continue;
    llvm::append_range(work, value.getDefiningOp()->getOperands());
  }
  SmallVector<Operation *> sorted = body.takeVector();
  llvm::sort(sorted, [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
  return sorted;
}

/// product + constant: the constant is the bias, if it has one number per feature.
void Planner::attachBias(Operation *op) {
  QuantLayer &layer = anchors[op];
  auto matmul = dyn_cast<MatmulOp>(op);
  Value result = op->getResult(0);
  if (!matmul || !result.hasOneUse() || (!constantOf(matmul.getRhs()) && !constantOf(matmul.getLhs())))
    return;
  auto add = dyn_cast<AddOp>(*result.getUsers().begin());
  if (!add || add.getType() != result.getType() || add->getBlock() != &block)
    return;
  Value bias = add.getLhs() == result ? add.getRhs() : add.getLhs();
  ElementsAttr constant = constantOf(bias);
  if (!constant)
    return;
  // The features are the columns of a constant right operand, or the rows of a constant left one.
  unsigned fromLast = constantOf(matmul.getRhs()) ? 0 : 1;
  ArrayRef<int64_t> shape = constant.getShapedType().getShape();
  int64_t rank = shape.size(), features = typeOf(result).getShape()[typeOf(result).getRank() - 1 - fromLast];
  for (int64_t i = 0; i < rank; ++i)
    if (shape[i] != 1 && (i != rank - 1 - fromLast || shape[i] != features))
      return;
  layer.bias = add;
  layer.body.push_back(add);
  layer.result = add.getResult();
  plan.inside.insert(add);
}

void Planner::classify() {
  for (Operation &op : block) {
    if (!makesOneReal(op) || real.contains(&op) || plan.inside.contains(&op))
      continue;
    std::optional<LayerKind> kind;
    if (isProduct(&op))
      kind = LayerKind::Product;
    else if (isPool(&op))
      kind = LayerKind::Pool;
    else if (isa<ConcatOp>(op) && !llvm::all_of(op.getOperands(), [](Value v) { return bool(constantOf(v)); }))
      kind = LayerKind::Concat;
    else if (std::optional<unsigned> operand = movedOperand(&op))
      plan.moves[&op] = *operand;
    if (!kind)
      continue;
    anchors[&op] = QuantLayer{*kind, &op, {}, {&op}, nullptr, op.getResult(0), {}, false};
    if (*kind == LayerKind::Product)
      attachBias(&op);
  }
}

/// Takes the clamps behind a layer into it, if nothing else reads what they clamp.
bool Planner::takeClamps(QuantLayer &layer) {
  bool taken = false;
  while (layer.result.hasOneUse()) {
    Operation *user = *layer.result.getUsers().begin();
    if (!isPointwise(user) || !isClamp(user) || roots.lookup(user->getResult(0)) == Value() ||
        user->getResult(0).getType() != layer.result.getType())
      break;
    // Only as far as the function is nothing but clamps.
    if (!forced.contains(user->getResult(0)) && !isExposed(user->getResult(0))) {
      Operation *next = user->getResult(0).hasOneUse() ? *user->getResult(0).getUsers().begin() : nullptr;
      if (!next || !isClamp(next))
        break;
    }
    layer.body.push_back(user);
    layer.result = user->getResult(0);
    plan.inside.insert(user);
    taken = true;
  }
  return taken;
}

QuantPlan Planner::run() {
  markNorms();
  classify();
  findRoots();
  // Pairs: pointwise operations of two tensors.
  for (Operation &op : block) {
    if (!isPointwise(&op) || roots.contains(op.getResult(0)) || !isPair(&op))
      continue;
    if (!llvm::all_of(op.getOperands(), isReal))
      continue;
    anchors[&op] = QuantLayer{LayerKind::Pair, &op, {}, {&op}, nullptr, op.getResult(0), {}, false};
  }
  for (Operation &op : block) {
    if (auto it = anchors.find(&op); it != anchors.end() && it->second.kind != LayerKind::Concat)
      takeClamps(it->second);
  }
  findRoots(); // what was taken is a root now
  for (Operation &op : block) {
    if (auto it = anchors.find(&op); it != anchors.end()) {
      addLayer(it->second);
    } else if (isPointwise(&op) && roots.contains(op.getResult(0)) && isExposed(op.getResult(0))) {
      Value result = op.getResult(0);
      addLayer(QuantLayer{
          LayerKind::Function, nullptr, roots.lookup(result), functionBody(result), nullptr, result, {}, false});
    }
  }
  return std::move(plan);
}

} // namespace

QuantPlan planLayers(Block &block) { return Planner(block).run(); }

//===-- Names ---------------------------------------------------------------===//

static void collectNames(Location location, llvm::SmallSetVector<StringRef, 4> &names) {
  if (auto name = dyn_cast<NameLoc>(location)) {
    names.insert(name.getName().getValue());
  } else if (auto fused = dyn_cast<FusedLoc>(location)) {
    for (Location part : fused.getLocations())
      collectNames(part, names);
  }
}

SmallVector<StringRef> locationNames(Location location) {
  llvm::SmallSetVector<StringRef, 4> names;
  collectNames(location, names);
  return llvm::to_vector(names.getArrayRef());
}

llvm::MapVector<Value, std::string> valueNames(func::FuncOp func) {
  llvm::MapVector<Value, std::string> result;
  llvm::StringMap<unsigned> seen;
  auto add = [&](Value value, std::string name) {
    unsigned count = ++seen[name];
    result[value] = count == 1 ? name : name + "#" + std::to_string(count);
  };
  for (BlockArgument argument : func.getArguments()) {
    auto name = func.getArgAttrOfType<StringAttr>(argument.getArgNumber(), "aic.name");
    add(argument, name ? name.str() : "arg" + std::to_string(argument.getArgNumber()));
  }
  for (Operation &op : func.getBody().front()) {
    if (isa<arith::ConstantOp>(op))
      continue;
    SmallVector<StringRef> names = locationNames(op.getLoc());
    std::string name = names.empty() ? op.getName().stripDialect().str() : names.back().str();
    for (OpResult value : op.getResults())
      add(value, value.getResultNumber() ? name + ":" + std::to_string(value.getResultNumber()) : name);
  }
  return result;
}

//===-- Functions -----------------------------------------------------------===//

FailureOr<eval::Tensor> evaluateFunction(ArrayRef<Operation *> body, Value root, Value result,
                                         const eval::Tensor &points) {
  llvm::DenseMap<Value, eval::Tensor> known;
  known[root] = points;
  for (Operation *op : body) {
    SmallVector<eval::View> operands;
    std::vector<eval::Tensor> storage(op->getNumOperands()), results;
    for (auto [i, operand] : llvm::enumerate(op->getOperands())) {
      if (auto it = known.find(operand); it != known.end()) {
        operands.push_back(it->second.view());
        continue;
      }
      ElementsAttr constant = constantOf(operand);
      FailureOr<eval::View> view = constant ? toView(constant, storage[i]) : FailureOr<eval::View>(failure());
      if (failed(view))
        return failure();
      operands.push_back(eval::View(view->type, {}, view->data)); // one number
    }
    if (!cast<GraphOpInterface>(op).evaluate(operands, results).empty() || results.size() != 1)
      return failure();
    known[op->getResult(0)] = results.front();
  }
  auto it = known.find(result);
  if (it == known.end())
    return failure();
  return it->second;
}

} // namespace mlir::aic
