// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- FormMovement.cpp - Elements to other places, unchanged -------------===//
//
// transpose, slice, concat, pad, tile, broadcast, nearest resize and gathers by constant indices become boxes
// (CopyUnit.h); a movement that keeps the order of all elements, above all a reshape, is an alias. Along each dimension
// a result's index comes from one of the input's by a table; tables of equal steps, or of equal repetitions, are loops.
//
//===----------------------------------------------------------------------===//
#include "CopyUnit.h"
#include "FormUnits.h"
#include "aic/Dialect/AIC/IR/EvalBridge.h"
#include "aic/Eval/Movement.h"
#include "aic/Eval/Resize.h"
#include "llvm/ADT/TypeSwitch.h"

namespace mlir::npu {
namespace eval = ::aic::eval;

namespace {
/// A piece of a dimension of the result: where it starts, and the loops (strides count places of the dimension).
struct Segment {
  int64_t source = 0, destination = 0;
  SmallVector<Run, 2> loops;
};

class Movement {
public:
  Movement(Operation *root)
      : root(root), result(typeOf(root->getResult(0))), strides(eval::rowMajor(result.getShape().vec())) {}
  FormResult form(const hw::Machine &machine);

private:
  bool match();
  bool fail(const Twine &why) {
    reason = why.str();
    return false;
  }
  std::vector<int64_t> numbers(Value value) { return eval::integers(constantOf(value)); }
  eval::View viewOf(Value value) { return eval::View(eval::DType::I8, typeOf(value).getShape().vec(), &origin); }

  /// One box: the result's elements are those of a view of an operand.
  bool addView(Value input, const eval::View &view, int64_t offset = 0);
  /// Boxes from a table for each dimension of the result; `shape` is the input's.
  bool addTables(Value input, ArrayRef<int64_t> shape, ArrayRef<std::vector<int64_t>> tables,
                 ArrayRef<int64_t> at = {});
  void addFill(SmallVector<int64_t> first, SmallVector<int64_t> extents);
  bool pad(aic::PadOp op);
  bool tile(aic::TileOp op);
  bool concat(aic::ConcatOp op);
  bool resize(aic::ResizeOp op);
  bool gather(aic::GatherOp op);
  int64_t numberOf(Value input);

  Operation *root;
  RankedTensorType result;
  eval::Shape strides;
  SmallVector<Box> boxes;
  SmallVector<Value> inputs;
  int64_t fillBits = 0;
  std::string reason;
  char origin = 0; // views point here; their offsets count bytes, which are elements
};
} // namespace

static std::vector<int64_t> iota(int64_t first, int64_t count) {
  std::vector<int64_t> result(static_cast<size_t>(count));
  for (int64_t i = 0; i != count; ++i)
    result[size_t(i)] = first + i;
  return result;
}

/// Maximal runs of equal steps from place `begin` to `end`.
static SmallVector<Segment> runsOf(ArrayRef<int64_t> table, int64_t begin, int64_t end) {
  SmallVector<Segment> result;
  for (int64_t x = begin; x < end;) {
    int64_t step = x + 1 < end ? table[size_t(x + 1)] - table[size_t(x)] : 1, last = x + 1;
    while (last < end && table[size_t(last)] - table[size_t(last - 1)] == step)
      ++last;
    result.push_back({table[size_t(x)], x, {{last - x, step, 1}}});
    x = last;
  }
  return result;
}

static SmallVector<Segment> segmentsOf(ArrayRef<int64_t> table) {
  int64_t n = int64_t(table.size());
  SmallVector<Segment> best = runsOf(table, 0, n);
  // A pattern that returns after `period` places, shifted by the same number each time.
  for (int64_t period = 2; period <= n / 2 && period <= 64 && best.size() > 1; ++period) {
    int64_t times = n / period, shift = table[size_t(period)] - table[0];
    bool isPeriodic = true;
    for (int64_t x = 0; x + period < times * period && isPeriodic; ++x)
      isPeriodic = table[size_t(x + period)] - table[size_t(x)] == shift;
    if (!isPeriodic)
      continue;
    SmallVector<Segment> found = runsOf(table, 0, period);
    for (Segment &segment : found)
      segment.loops.insert(segment.loops.begin(), Run{times, shift, period});
    found.append(runsOf(table, times * period, n));
    if (found.size() < best.size())
      best = std::move(found);
  }
  return best;
}

int64_t Movement::numberOf(Value input) {
  auto *place = llvm::find(inputs, input);
  if (place == inputs.end()) {
    inputs.push_back(input);
    return int64_t(inputs.size()) - 1;
  }
  return place - inputs.begin();
}

bool Movement::addView(Value input, const eval::View &view, int64_t offset) {
  Box box{numberOf(input), static_cast<const char *>(view.data) - &origin, offset, {}};
  for (size_t d = 0; d != view.shape.size(); ++d)
    box.loops.push_back({view.shape[d], view.strides[d], strides[d]});
  boxes.push_back(std::move(box));
  return true;
}

bool Movement::addTables(Value input, ArrayRef<int64_t> shape, ArrayRef<std::vector<int64_t>> tables,
                         ArrayRef<int64_t> at) {
  eval::Shape own = eval::rowMajor(shape.vec());
  SmallVector<Box> all{Box{numberOf(input), 0, 0, {}}};
  // The result's strides, where `tables` may split its dimensions otherwise.
  std::vector<int64_t> extents;
  for (const auto &table : tables)
    extents.push_back(int64_t(table.size()));
  eval::Shape to = at.empty() ? eval::rowMajor(extents) : strides;
  for (size_t d = 0; d != tables.size(); ++d) {
    SmallVector<Box> next;
    for (const Segment &segment : segmentsOf(tables[d]))
      for (Box box : all) {
        box.source += segment.source * own[d];
        box.destination += (segment.destination + (at.empty() ? 0 : at[d])) * to[d];
        for (const Run &run : segment.loops)
          box.loops.push_back({run.extent, run.source * own[d], run.destination * to[d]});
        next.push_back(std::move(box));
      }
    all = std::move(next);
    if (all.size() > 4096)
      return fail("a movement in too many pieces");
  }
  boxes.append(all);
  return true;
}

void Movement::addFill(SmallVector<int64_t> first, SmallVector<int64_t> extents) {
  Box box;
  for (size_t d = 0; d != extents.size(); ++d) {
    if (extents[d] <= 0)
      return;
    box.destination += first[d] * strides[d];
    box.loops.push_back({extents[d], 0, strides[d]});
  }
  boxes.push_back(std::move(box));
}

bool Movement::pad(aic::PadOp op) {
  ArrayRef<int64_t> shape = typeOf(op.getInput()).getShape(), to = result.getShape();
  std::vector<int64_t> pads = numbers(op.getPads());
  size_t rank = shape.size();
  SmallVector<std::vector<int64_t>> tables;
  SmallVector<int64_t> at(rank, 0);
  if (op.getMode() != aic::PadMode::constant) {
    for (size_t d = 0; d != rank; ++d) {
      std::vector<int64_t> places = iota(0, shape[d]);
      int64_t none = 0;
      eval::Tensor table;
      std::string error = eval::pad(eval::View(eval::DType::I64, {shape[d]}, places.data()), {pads[d], pads[rank + d]},
                                    eval::View(eval::DType::I64, {}, &none), eval::PadMode(op.getMode()), table);
      if (!error.empty())
        return fail(error);
      tables.emplace_back(table.as<int64_t>(), table.as<int64_t>() + table.size());
    }
    return addTables(op.getInput(), shape, tables);
  }
  eval::Tensor value = constantOf(op.getValue());
  if (!value.data() || value.size() != 1)
    return fail("padding by a value that is not constant");
  std::memcpy(&fillBits, value.data(), std::min<size_t>(value.bytes(), 8));
  if (value.bytes() == 8 && int32_t(fillBits) != int32_t(fillBits >> 32))
    return fail("padding by a number of 64 bits");
  // What is kept, and the slabs before and after it along each dimension.
  SmallVector<int64_t> first(rank, 0), extents(to);
  for (size_t d = 0; d != rank; ++d) {
    int64_t begin = std::max<int64_t>(-pads[d], 0), end = std::min(shape[d], shape[d] + pads[rank + d]);
    // Removing more than there is leaves padding alone.
    int64_t kept = std::max<int64_t>(end - begin, 0), before = std::clamp<int64_t>(pads[d], 0, to[d]),
            after = to[d] - before - kept;
    if (kept == 0 || after < 0)
      return fail("padding that removes all elements");
    SmallVector<int64_t> slab(extents), start(first);
    slab[d] = before;
    start[d] = 0;
    addFill(start, slab);
    slab[d] = after;
    start[d] = before + kept;
    addFill(start, slab);
    first[d] = at[d] = before;
    extents[d] = kept;
    tables.push_back(iota(begin, kept));
  }
  return addTables(op.getInput(), shape, tables, at);
}

bool Movement::tile(aic::TileOp op) {
  ArrayRef<int64_t> shape = typeOf(op.getInput()).getShape();
  eval::Shape own = eval::rowMajor(shape.vec());
  Box box{numberOf(op.getInput()), 0, 0, {}};
  for (size_t d = 0; d != shape.size(); ++d) {
    box.loops.push_back({result.getDimSize(d) / shape[d], 0, shape[d] * strides[d]});
    box.loops.push_back({shape[d], own[d], strides[d]});
  }
  boxes.push_back(std::move(box));
  return true;
}

bool Movement::concat(aic::ConcatOp op) {
  int64_t axis = op.getAxis(), at = 0;
  for (Value input : op.getInputs()) {
    addView(input, viewOf(input), at * strides[size_t(axis)]);
    at += typeOf(input).getDimSize(axis);
  }
  return true;
}

bool Movement::resize(aic::ResizeOp op) {
  if (op.getMode() != aic::ResizeMode::nearest)
    return fail("an interpolation between neighbours");
  eval::Tensor scales = constantOf(op.getScales());
  eval::ResizeOptions options;
  options.coordinates = static_cast<eval::CoordinateMode>(op.getCoordinates());
  options.nearest = static_cast<eval::NearestMode>(op.getNearest());
  ArrayRef<int64_t> shape = typeOf(op.getInput()).getShape();
  if (scales.size() != int64_t(shape.size()))
    return fail("scales that are not constant");
  SmallVector<std::vector<int64_t>> tables;
  for (size_t d = 0; d != shape.size(); ++d) {
    float scale = scales.as<float>()[d];
    bool isCopy = eval::isResizeCopy(shape[d], result.getDimSize(d), scale);
    tables.push_back(isCopy ? iota(0, shape[d])
                            : eval::resizeTable(shape[d], result.getDimSize(d), scale, options).indices);
  }
  return addTables(op.getInput(), shape, tables);
}

bool Movement::gather(aic::GatherOp op) {
  ArrayRef<int64_t> shape = typeOf(op.getInput()).getShape();
  SmallVector<std::vector<int64_t>> tables;
  for (int64_t d = 0; d != int64_t(shape.size()); ++d) {
    if (d != int64_t(op.getAxis())) {
      tables.push_back(iota(0, shape[d]));
      continue;
    }
    tables.push_back(numbers(op.getIndices()));
    for (int64_t &index : tables.back()) {
      if (index < -shape[d] || index >= shape[d])
        return fail("an index out of range");
      index += index < 0 ? shape[d] : 0;
    }
  }
  return addTables(op.getInput(), shape, tables);
}

bool Movement::match() {
  return llvm::TypeSwitch<Operation *, bool>(root)
      .Case([&](aic::ReshapeOp op) {
        eval::View view = viewOf(op.getInput());
        boxes.push_back({numberOf(op.getInput()), 0, 0, {{view.size(), 1, 1}}});
        return true;
      })
      .Case([&](aic::TransposeOp op) {
        return addView(op.getInput(), eval::transposeView(viewOf(op.getInput()), op.getPermutation().vec()));
      })
      .Case([&](aic::BroadcastOp op) {
        eval::View view;
        std::string error = eval::broadcastView(viewOf(op.getInput()), result.getShape().vec(), view);
        return error.empty() ? addView(op.getInput(), view) : fail(error);
      })
      .Case([&](aic::SliceOp op) {
        eval::View view;
        std::string error = eval::sliceView(viewOf(op.getInput()), numbers(op.getStarts()), numbers(op.getEnds()),
                                            numbers(op.getSteps()), op.getAxes().vec(), view);
        return error.empty() ? addView(op.getInput(), view) : fail(error);
      })
      .Case([&](aic::ConcatOp op) { return concat(op); })
      .Case([&](aic::PadOp op) { return pad(op); })
      .Case([&](aic::TileOp op) { return tile(op); })
      .Case([&](aic::ResizeOp op) { return resize(op); })
      .Case([&](aic::GatherOp op) { return gather(op); })
      .Default(false);
}

FormResult Movement::form(const hw::Machine &machine) {
  int64_t bytes = result.getElementType().isIndex() ? 8 : std::max(8u, result.getElementTypeBitWidth()) / 8;
  if (bytes != 1 && bytes != 2 && bytes != 4 && bytes != 8)
    return FormResult::refuse("elements of a size that transfers do not have");
  // Shapes, places and indices are known; data may be a constant among other operands.
  for (auto [i, operand] : llvm::enumerate(root->getOperands()))
    if (!isa<aic::ConcatOp>(root) && i > 0 && !constantOf(operand).data())
      return FormResult::refuse("a movement to places that are not constant");
  if (!match())
    return FormResult::refuse(reason);
  int64_t instructions = 0;
  for (Box &box : boxes) {
    box.normalise();
    instructions += planBox(box, bytes, machine).instructions;
  }
  if (instructions > maxFormedInstructions)
    return FormResult::refuse("a movement in too many pieces");
  const Box &first = boxes.front();
  bool isAlias = boxes.size() == 1 && first.operand >= 0 && first.source == 0 && first.loops.size() == 1 &&
                 first.loops[0].source == 1 && first.loops[0].destination == 1 &&
                 typeOf(inputs[0]).getNumElements() == result.getNumElements() && !constantOf(inputs[0]).data();
  UnitMatch unit(root, isAlias ? "alias" : "copy");
  if (isAlias) {
    (void)unit.operand(inputs[0]);
    return {unit.finish(), ""};
  }
  for (Value input : inputs) {
    eval::Tensor constant = constantOf(input);
    constant.data() ? (void)unit.constant(constant) : (void)unit.operand(input);
  }
  unit.set("element", bytes).set("fill", fillBits).set("boxes", packBoxes(boxes)).set("reads_constants", 1);
  return {unit.finish(), ""};
}

FormResult formMovement(Operation *root, const hw::Machine &machine) {
  if (!isa<aic::ReshapeOp, aic::TransposeOp, aic::BroadcastOp, aic::SliceOp, aic::ConcatOp, aic::PadOp, aic::TileOp,
           aic::ResizeOp>(root)) {
    auto gather = dyn_cast<aic::GatherOp>(root);
    if (!gather || !constantOf(gather.getIndices()).data() || constantOf(gather.getInput()).data())
      return {};
  }
  return Movement(root).form(machine);
}

//===-- What is worth it ----------------------------------------------------------===//

static bool isMovement(Operation *op) {
  auto unit = dyn_cast_if_present<UnitOp>(op);
  return unit && (unit.getKind() == "copy" || unit.getKind() == "alias");
}

void dropLoneMovements(Block &block) {
  // Groups of movements that hang together; those that meet no other unit are the host's.
  llvm::SetVector<Operation *> seen;
  SmallVector<UnitOp> lone;
  for (auto start : block.getOps<UnitOp>()) {
    if (!isMovement(start) || seen.contains(start))
      continue;
    SmallVector<Operation *> work{start};
    SmallVector<UnitOp> group;
    bool isUseful = false;
    while (!work.empty()) {
      Operation *op = work.pop_back_val();
      if (!isMovement(op)) {
        isUseful |= isa_and_present<UnitOp>(op);
        continue;
      }
      if (!seen.insert(op))
        continue;
      group.push_back(cast<UnitOp>(op));
      for (Value operand : op->getOperands())
        work.push_back(operand.getDefiningOp());
      llvm::append_range(work, op->getUsers());
    }
    if (!isUseful)
      lone.append(group);
  }
  for (UnitOp unit : lone) {
    Block &body = unit.getBody().front();
    for (Operation &op : body.without_terminator())
      if (!op.hasTrait<OpTrait::ConstantLike>())
        op.setAttr("npu.reason", StringAttr::get(op.getContext(), "a movement beside work of the host only"));
    Operation *yield = body.getTerminator();
    for (auto [argument, value] : llvm::zip_equal(body.getArguments(), unit.getInputs()))
      argument.replaceAllUsesWith(value);
    unit->replaceAllUsesWith(yield->getOperands());
    yield->erase();
    unit->getBlock()->getOperations().splice(Block::iterator(unit), body.getOperations());
    unit.erase();
  }
}

} // namespace mlir::npu
