// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- RowShape.cpp - How threads stand on the rows of a kernel -----------===//
#include "RowShape.h"
#include "aic/Conversion/KernelLoops/ReductionEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"
#include "llvm/Support/MathExtras.h"
#include <numeric>

namespace mlir::aic {
namespace {

constexpr int64_t kWarp = 32, kMaxThreads = 1024, kBlock = 128;
/// Threads that keep a chip busy, and those that are more than it can hold.
constexpr int64_t kEnoughThreads = 1 << 14, kManyThreads = 1 << 18;
/// Elements that a lane keeps in registers.
constexpr int64_t kElements = 32;
constexpr int64_t kVectorBytes = 16;
constexpr int64_t kSector = 32; // bytes that memory moves at least
/// Rows of a plane, if there are few planes: more blocks are then worth more than whole sectors.
constexpr int64_t kFewRows = 64;
constexpr int64_t kEnoughPlanes = 64;

class Chooser {
public:
  Chooser(func::FuncOp kernel, const KernelPlan &plan, ValueEmitter &values)
      : kernel(kernel), plan(plan), values(values), context(kernel.getContext()) {}
  FailureOr<RowShape> run();

private:
  /// The reads of one stage, and the dim of the traced space that neighbouring lanes of a row walk (if there is one).
  struct Stage {
    std::unique_ptr<AccessTrace> trace;
    std::optional<unsigned> dim;
    std::optional<int64_t> inner, total; // extents of that dim's group and of the whole line
  };

  Stage makeStage();
  bool lieBehind(const AccessTrace &trace, unsigned a, unsigned b, const LinearIndex &extent) const;
  void traceRoot(const Root &root);
  void traceOutputs();
  int costOf(const Stage &stage, unsigned dim) const;
  bool isBetterAcross() const;
  bool isWide(RankedTensorType type, ArrayRef<AffineExpr> indices, unsigned dim, int64_t width) const;
  bool isWide(const Access &access, unsigned dim, int64_t width) const;
  int64_t chooseWidth() const;
  void placeAlong(std::optional<int64_t> points, std::optional<int64_t> length);
  void placeAcross(std::optional<int64_t> points, std::optional<int64_t> length);
  bool placePlane(std::optional<int64_t> points, std::optional<int64_t> length);

  func::FuncOp kernel;
  const KernelPlan &plan;
  ValueEmitter &values;
  MLIRContext *context;
  llvm::DenseSet<Value> leaves;
  unsigned numDims = 0;
  SmallVector<Stage> stages; // the roots', then that of the outputs
  RowShape shape;
};

Chooser::Stage Chooser::makeStage() {
  Stage stage;
  stage.trace = std::make_unique<AccessTrace>(leaves, numDims);
  return stage;
}

/// Whether going on in `b` past its end is going on in `a`, for every read.
bool Chooser::lieBehind(const AccessTrace &trace, unsigned a, unsigned b, const LinearIndex &extent) const {
  if (trace.opaque[a] || trace.opaque[b])
    return false;
  AffineExpr da = getAffineDimExpr(a, context), db = getAffineDimExpr(b, context);
  for (const Access &access : trace.accesses) {
    int uses = 0;
    bool adjacent = false;
    auto shape = cast<RankedTensorType>(access.tensor.getType()).getShape();
    AffineExpr before;
    for (auto [i, expr] : llvm::enumerate(access.indices)) {
      if (shape[i] == 1 && !access.throughView)
        continue;
      if (!expr) {
        before = {};
        continue;
      }
      uses += expr.isFunctionOfDim(a) || expr.isFunctionOfDim(b);
      if (before == da && expr == db && before)
        adjacent = extent.asConstant() ? shape[i] == *extent.asConstant()
                                       : !access.throughView && ShapedType::isDynamic(shape[i]);
      before = expr;
    }
    if (uses && !(adjacent && uses == 2))
      return false;
  }
  return true;
}

void Chooser::traceRoot(const Root &root) {
  Stage stage = makeStage();
  stage.trace->visitOperands(root.op, root.loops, /*throughView=*/false);
  SmallVector<unsigned> reductions;
  linalg::LinalgOp(root.op).getReductionDims(reductions);
  ReducedLine &line = shape.reduced[root.op];
  std::optional<unsigned> last;
  for (unsigned loop : reductions) {
    LinearIndex extent = loopExtent(root.op, loop, values);
    if (extent.asConstant() == 1)
      continue;
    unsigned dim = cast<AffineDimExpr>(root.loops[loop]).getPosition();
    if (last && lieBehind(*stage.trace, *last, dim, extent)) {
      line.carriers.back() = loop;
      line.extents.back() = *values.index.mul(line.extents.back(), extent);
    } else {
      line.carriers.push_back(loop);
      line.extents.push_back(extent);
    }
    last = dim;
  }
  stage.dim = last;
  stage.total = 1;
  for (const LinearIndex &extent : line.extents) {
    stage.inner = extent.asConstant();
    stage.total = stage.total && stage.inner ? std::optional<int64_t>(*stage.total * *stage.inner) : std::nullopt;
  }
  stages.push_back(std::move(stage));
}

void Chooser::traceOutputs() {
  Stage stage = makeStage();
  for (const Output &output : plan.outputs)
    stage.trace->visit(output.inner, output.index);
  stage.total = 1;
  for (unsigned g : shape.freeGroups) {
    stage.dim = plan.groups[g].carrier();
    stage.inner = plan.groups[g].extent.asConstant();
    stage.total = stage.total && stage.inner ? std::optional<int64_t>(*stage.total * *stage.inner) : std::nullopt;
  }
  stages.push_back(std::move(stage));
}

/// The number of reads whose address does not move by one element or none along `dim`.
int Chooser::costOf(const Stage &stage, unsigned dim) const {
  return llvm::count_if(stage.trace->accesses, [&](const Access &access) {
    if (access.tensor.getDefiningOp<linalg::LinalgOp>())
      return false; // in registers
    for (auto [i, expr] : llvm::enumerate(access.indices)) {
      auto step = coefficientOf(expr, dim);
      bool isLast = i == access.innermost();
      if (!expr ? stage.trace->opaque[dim] : (!step || (*step != 0 && !(isLast && *step == 1))))
        return true;
    }
    return false;
  });
}

/// Whether neighbouring elements in memory belong to neighbouring rows.
bool Chooser::isBetterAcross() const {
  if (shape.rowGroups.empty())
    return false;
  unsigned dim = plan.groups[shape.rowGroups.back()].carrier();
  int along = 0, across = 0;
  for (const Stage &stage : ArrayRef(stages).drop_back())
    if (stage.dim)
      along += costOf(stage, *stage.dim), across += costOf(stage, dim);
  return plan.roots.empty() || across < along;
}

/// Whether vectors of `width` elements along `dim` are whole and aligned at these indices of a dense tensor; null ones
/// are looked up, and what is looked up is one row.
bool Chooser::isWide(RankedTensorType type, ArrayRef<AffineExpr> indices, unsigned dim, int64_t width) const {
  if (indices.empty() || indices.back() != getAffineDimExpr(dim, context) ||
      width * byteSize(type.getElementType()) > kVectorBytes)
    return false;
  for (AffineExpr expr : indices.drop_back())
    if (expr && expr.isFunctionOfDim(dim))
      return false;
  // Dims that are walked with the last one belong to the same line; its extent is a multiple already.
  int64_t line = 1;
  for (int64_t d = type.getRank(); d-- > 0 && line % width;) {
    if (type.isDynamicDim(d))
      return false;
    line *= type.getDimSize(d);
  }
  return line % width == 0;
}

/// The same for a read, or that it does not move along `dim`.
bool Chooser::isWide(const Access &access, unsigned dim, int64_t width) const {
  if (access.tensor.getDefiningOp<linalg::LinalgOp>())
    return true;
  if (llvm::all_of(access.indices, [&](AffineExpr e) { return e && !e.isFunctionOfDim(dim); }))
    return true;
  return isWide(cast<RankedTensorType>(access.tensor.getType()), access.indices, dim, width);
}

int64_t Chooser::chooseWidth() const {
  if (shape.across)
    return 1;
  auto fits = [&](int64_t width) {
    for (const Stage &stage : stages) {
      if (!stage.dim && &stage == &stages.back())
        continue; // nothing behind the reductions is walked
      if (!stage.dim || !stage.total || *stage.inner % width || stage.trace->opaque[*stage.dim] ||
          !llvm::all_of(stage.trace->accesses, [&](const Access &a) { return isWide(a, *stage.dim, width); }))
        return false;
    }
    unsigned free = shape.freeGroups.empty() ? ~0u : plan.groups[shape.freeGroups.back()].carrier();
    for (const Output &output : plan.outputs) {
      auto type = cast<RankedTensorType>(output.inner.getType());
      if (free == ~0u || llvm::none_of(output.index, [&](AffineExpr e) { return e.isFunctionOfDim(free); }))
        continue;
      if (!output.fills || !isWide(type, output.index, free, width))
        return false;
    }
    return true;
  };
  for (int64_t width : {4, 2})
    if (fits(width))
      return width;
  return 1;
}

/// Lanes of a row are neighbours. Enough of them that a row fits their registers, more where there are few rows.
void Chooser::placeAlong(std::optional<int64_t> points, std::optional<int64_t> length) {
  if (!length) {
    shape.lanes = points && *points < kEnoughThreads / kMaxThreads ? kMaxThreads : kBlock;
    return;
  }
  int64_t steps = std::max<int64_t>(1, llvm::divideCeil(*length, shape.width));
  int64_t &lanes = shape.lanes, limit = shape.width > 1 ? kElements / shape.width : kElements / 2;
  lanes = std::min<int64_t>(llvm::PowerOf2Ceil(steps), kWarp);
  while (lanes < kMaxThreads &&
         (steps > lanes * limit || (points && *points * lanes < kEnoughThreads && steps >= 4 * lanes)))
    lanes *= 2;
  if (lanes > kWarp)
    return;
  shape.rows = kBlock / lanes;
  if (points)
    shape.rows = std::min<int64_t>(shape.rows, llvm::PowerOf2Ceil(std::max<int64_t>(1, *points)));
  shape.rows = std::max(shape.rows, kWarp / lanes);
}

/// Neighbours belong to neighbouring rows; several of them share a row where it is long or rows are few.
void Chooser::placeAcross(std::optional<int64_t> points, std::optional<int64_t> length) {
  int64_t &rows = shape.rows, &lanes = shape.lanes;
  rows = points ? std::min<int64_t>(kWarp, llvm::PowerOf2Ceil(std::max<int64_t>(1, *points))) : kWarp;
  int64_t most = plan.roots.empty() ? 1 : kMaxThreads / rows, wanted = points ? *points : kEnoughThreads;
  if (length)
    most = std::min<int64_t>(most, llvm::bit_floor(std::max<uint64_t>(1, *length / 4)));
  while (lanes < most && (wanted * lanes < kEnoughThreads || (rows * lanes < kBlock && wanted * lanes < kManyThreads)))
    lanes *= 2;
  while (rows * lanes < (lanes == 1 && (!points || *points > rows) ? kBlock : kWarp))
    rows *= 2;
}

/// Rows between two steps that do not fill sectors: a block takes all of them, its neighbours go on to the next step as
/// memory does. Whole sectors are then left out at the ends of the plane only.
bool Chooser::placePlane(std::optional<int64_t> points, std::optional<int64_t> length) {
  auto inner = plan.groups[shape.rowGroups.back()].extent.asConstant();
  if (plan.roots.empty() || !inner || !length || *inner < 2)
    return false;
  int64_t sector = kSector;
  linalg::LinalgOp first = plan.roots.front().op;
  for (Value input : first.getDpsInputs())
    sector = std::min(sector, kSector / byteSize(getElementTypeOrSelf(input.getType())));
  if (*inner % sector == 0 || (*inner > kFewRows && (!points || *points / *inner < kEnoughPlanes)))
    return false;
  // Each step begins where a sector may.
  bool isPower = llvm::isPowerOf2_64(*inner);
  int64_t by = isPower ? std::max<int64_t>(sector, kWarp / *inner) : sector;
  int64_t most = std::min({*length, kMaxThreads / *inner, isPower ? kMaxThreads : std::max(kWarp, by)});
  if (most < by)
    return false;
  int64_t lanes = by;
  auto next = [&] { return isPower ? 2 * lanes : lanes + by; };
  while (next() <= most && (*inner * lanes < kBlock || *length > lanes * kElements / 2))
    lanes = next();
  shape.rows = *inner, shape.lanes = lanes;
  return true;
}

FailureOr<RowShape> Chooser::run() {
  for (BlockArgument arg : kernel.getArguments())
    leaves.insert(arg);
  numDims = plan.rank;
  for (const Root &root : plan.roots) {
    for (Value result : root.op->getResults())
      leaves.insert(result);
    for (AffineExpr loop : root.loops)
      if (auto d = dyn_cast<AffineDimExpr>(loop))
        numDims = std::max(numDims, d.getPosition() + 1);
  }
  std::optional<int64_t> points = 1;
  for (auto [g, group] : llvm::enumerate(plan.groups)) {
    (group.shared ? shape.rowGroups : shape.freeGroups).push_back(g);
    if (auto extent = group.extent.asConstant(); group.shared)
      points = points && extent ? std::optional<int64_t>(*points * *extent) : std::nullopt;
  }
  if (auto inner = llvm::find(shape.rowGroups, unsigned(plan.vectorGroup)); inner != shape.rowGroups.end())
    std::rotate(inner, inner + 1, shape.rowGroups.end());
  for (const Root &root : plan.roots)
    traceRoot(root);
  traceOutputs();
  shape.across = isBetterAcross();
  shape.width = chooseWidth();
  std::optional<int64_t> length = 1;
  for (const Stage &stage : stages)
    length = length && stage.total ? std::optional<int64_t>(std::max(*length, *stage.total)) : std::nullopt;
  if (shape.across && !placePlane(points, length))
    placeAcross(points, length);
  else if (!shape.across)
    placeAlong(points, length);
  if (shape.across && shape.lanes == 1 && shape.freeGroups.empty() && !plan.roots.empty())
    return kernel.emitError("expected reduced elements to be neighbours, or few results");
  return shape;
}

/// The largest power of two up to `limit` that is known to divide `v`.
int64_t knownFactor(Value v, int64_t limit) {
  APInt known;
  if (matchPattern(v, m_ConstantInt(&known)))
    return known.isZero() ? limit : std::min<int64_t>(limit, int64_t(1) << known.countr_zero());
  Operation *def = v.getDefiningOp();
  if (isa_and_nonnull<arith::AddIOp, arith::SubIOp>(def))
    return std::min(knownFactor(def->getOperand(0), limit), knownFactor(def->getOperand(1), limit));
  if (isa_and_nonnull<arith::MulIOp>(def))
    return std::min(limit, knownFactor(def->getOperand(0), limit) * knownFactor(def->getOperand(1), limit));
  return 1;
}

} // namespace

int64_t byteSize(Type element) { return element.isIndex() ? 8 : llvm::divideCeil(element.getIntOrFloatBitWidth(), 8); }

FailureOr<RowShape> RowShape::choose(func::FuncOp kernel, const KernelPlan &plan, ValueEmitter &values) {
  return Chooser(kernel, plan, values).run();
}

void alignVectors(func::FuncOp function) {
  auto note = [](Operation *op, VectorType type, Value offset) {
    int64_t bytes = byteSize(type.getElementType());
    int64_t alignment = std::min(knownFactor(offset, kVectorBytes) * bytes, kVectorBytes);
    alignment = std::min<int64_t>(alignment, llvm::PowerOf2Ceil(type.getNumElements() * bytes));
    op->setAttr("alignment", IntegerAttr::get(IntegerType::get(op->getContext(), 64), alignment));
  };
  function.walk([&](Operation *op) {
    if (auto load = dyn_cast<vector::LoadOp>(op))
      note(op, load.getVectorType(), load.getIndices().front());
    else if (auto store = dyn_cast<vector::StoreOp>(op))
      note(op, store.getVectorType(), store.getIndices().front());
  });
}

} // namespace mlir::aic
