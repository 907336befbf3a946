// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- EmitCopy.cpp - Boxes of elements from DRAM to DRAM -----------------===//
//
// A piece of a box lies densely in L1, in the order of the destination, so that runs at the destination are as long as
// they get. Where elements that follow one another at the source do not at the destination, DRAM would move a burst for
// each: such pieces go through VB, where VX transposes them, or are loaded in the order of the source and arranged by
// MV within L1. The latter also repeats elements that are used several times.
//
//===----------------------------------------------------------------------===//
#include "CopyUnit.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>

namespace mlir::npu {

//===-- Boxes ---------------------------------------------------------------------===//

int64_t Box::elements() const {
  int64_t count = 1;
  for (const Run &run : loops)
    count *= run.extent;
  return count;
}

void Box::normalise() {
  llvm::erase_if(loops, [](const Run &run) { return run.extent == 1; });
  llvm::stable_sort(loops, [](const Run &x, const Run &y) { return x.destination > y.destination; });
  SmallVector<Run> merged;
  for (const Run &run : loops) {
    if (!merged.empty() && merged.back().source == run.source * run.extent &&
        merged.back().destination == run.destination * run.extent)
      merged.back() = {merged.back().extent * run.extent, run.source, run.destination};
    else
      merged.push_back(run);
  }
  if (merged.empty())
    merged.push_back({1, 1, 1});
  loops = std::move(merged);
}

SmallVector<int64_t> packBoxes(ArrayRef<Box> boxes) {
  SmallVector<int64_t> result;
  for (const Box &box : boxes) {
    result.append({box.operand, box.source, box.destination, int64_t(box.loops.size())});
    for (const Run &run : box.loops)
      result.append({run.extent, run.source, run.destination});
  }
  return result;
}

SmallVector<Box> unpackBoxes(ArrayRef<int64_t> numbers) {
  SmallVector<Box> result;
  while (numbers.size() >= 4) {
    Box box{numbers[0], numbers[1], numbers[2], {}};
    int64_t count = std::min<int64_t>(numbers[3], int64_t(numbers.size() - 4) / 3);
    for (int64_t i = 0; i != count; ++i)
      box.loops.push_back({numbers[4 + 3 * i], numbers[5 + 3 * i], numbers[6 + 3 * i]});
    numbers = numbers.drop_front(4 + 3 * count);
    result.push_back(std::move(box));
  }
  return result;
}

static int64_t pieceCount(const Box &box, const BoxPlan &plan) {
  int64_t count = 1;
  for (auto [run, piece] : llvm::zip_equal(box.loops, plan.pieces))
    count *= llvm::divideCeil(run.extent, piece);
  return count;
}

/// The loops that move at the source, innermost first.
static SmallVector<unsigned> sourceOrder(const Box &box) {
  SmallVector<unsigned> order;
  for (unsigned i = unsigned(box.loops.size()); i-- > 0;)
    if (box.loops[i].source != 0)
      order.push_back(i);
  llvm::stable_sort(order, [&](unsigned x, unsigned y) { return box.loops[x].source < box.loops[y].source; });
  return order;
}

BoxPlan planBox(const Box &box, int64_t element, const hw::Machine &machine) {
  BoxPlan plan;
  plan.pieces.assign(box.loops.size(), 1);
  int last = int(box.loops.size()) - 1;
  const Run &along = box.loops[last];
  int64_t granule = hw::kGranuleBytes;
  for (int i = 0; i != last; ++i)
    if (box.operand >= 0 && box.loops[i].source == 1 && along.destination == 1 && along.source != 1 && element <= 4 &&
        box.loops[i].extent * along.extent * element >= 8 * granule)
      plan.transposed = i;
  // Two slots for rows and two for columns.
  int64_t align = std::max<int64_t>(machine.space(hw::Space::VB).align, granule);
  int64_t limit = (int64_t(machine.space(hw::Space::VB).bytes) / 4 / align * align) / element;
  if (limit == 0)
    plan.transposed = -1;
  if (plan.transposed >= 0) {
    // Rows of a elements at the source, b of them: b rows of the source become a rows of b elements.
    int64_t across = box.loops[plan.transposed].extent, down = along.extent;
    int64_t side = std::max<int64_t>(1, int64_t(std::sqrt(double(limit))));
    int64_t a = std::min(across, side), b = std::min<int64_t>({down, limit / a, 4095});
    a = std::min<int64_t>({across, limit / b, 4095});
    // Whole granules, unless that is the end of a row.
    int64_t step = granule / element;
    if (a < across && a > step)
      a = a / step * step;
    if (b < down && b > step)
      b = b / step * step;
    plan.pieces[plan.transposed] = a;
    plan.pieces[last] = b;
    plan.slotElements = a * b;
    plan.instructions = 3 * pieceCount(box, plan);
    return plan;
  }
  // A transfer has four loops, one of them for single elements if neighbours are apart.
  auto cut = [&](int64_t share) {
    int64_t limit = std::max<int64_t>(int64_t(machine.space(hw::Space::L1).bytes) / share / 64 * 64 / element, 1);
    plan.pieces.assign(box.loops.size(), 1);
    plan.slotElements = 1;
    int taken = along.source == 1 && along.destination == 1 ? 0 : 1;
    for (int i = last; i >= 0 && taken < 4; --i, ++taken) {
      plan.pieces[i] = std::min(box.loops[i].extent, std::max<int64_t>(limit / plan.slotElements, 1));
      plan.slotElements *= plan.pieces[i];
      if (plan.pieces[i] != box.loops[i].extent)
        break;
    }
  };
  cut(8);
  if (box.operand >= 0 && machine.path(hw::Engine::MV, hw::Space::L1, hw::Space::L1)) {
    // What DRAM moves for a piece, with a burst lost to each run.
    int64_t burst = std::max(machine.dram.burst, 1u), run = 1, distinct = 1;
    for (unsigned i : sourceOrder(box)) {
      if (box.loops[i].source == run)
        run *= plan.pieces[i];
      distinct *= plan.pieces[i];
    }
    int64_t plainRun = along.source == 1 ? plan.pieces[last] : 1;
    auto traffic = [&](int64_t elements, int64_t length) { return elements / length * (length * element + burst); };
    bool forwards = llvm::all_of(box.loops, [](const Run &loop) { return loop.source >= 0; });
    plan.staged = forwards && traffic(plan.slotElements, plainRun) > 2 * traffic(distinct, run);
  }
  if (!plan.staged)
    cut(4);
  plan.instructions = (plan.staged ? 3 : 2) * pieceCount(box, plan);
  return plan;
}

//===-- Emission ------------------------------------------------------------------===//

namespace {
class Emitter {
public:
  Emitter(ProgramBuilder &p, UnitOp unit)
      : p(p), unit(unit), e(param(unit, "element", 1)), to(p.placeOf(unit.getOutputs()[0])) {}
  LogicalResult run(std::string &reason);

private:
  void fill(const Box &box);
  void copy(const Box &box, const BoxPlan &plan);
  void transpose(const Box &box, const BoxPlan &plan);
  /// Calls f with the offsets and the extents of each piece.
  void forPieces(const Box &box, const BoxPlan &plan,
                 function_ref<void(int64_t source, int64_t destination, ArrayRef<int64_t> extents)> f);
  Place place(Place base, int64_t elements) const { return {base.segment, base.offset + elements * e}; }

  ProgramBuilder &p;
  UnitOp unit;
  int64_t e;
  Place to;
  std::vector<Value> slots, staged, left, right;
  Value filled;
  int64_t filledElements = 0;
  unsigned turn = 0;
};
} // namespace

void Emitter::forPieces(const Box &box, const BoxPlan &plan,
                        function_ref<void(int64_t, int64_t, ArrayRef<int64_t>)> f) {
  SmallVector<int64_t> at(box.loops.size(), 0), extents(box.loops.size());
  while (true) {
    int64_t source = box.source, destination = box.destination;
    for (auto [i, run] : llvm::enumerate(box.loops)) {
      source += at[i] * run.source;
      destination += at[i] * run.destination;
      extents[i] = std::min(plan.pieces[i], run.extent - at[i]);
    }
    f(source, destination, extents);
    size_t d = box.loops.size();
    while (d > 0) {
      at[d - 1] += plan.pieces[d - 1];
      if (at[d - 1] < box.loops[d - 1].extent)
        break;
      at[--d] = 0;
    }
    if (d == 0)
      return;
  }
}

void Emitter::copy(const Box &box, const BoxPlan &plan) {
  forPieces(box, plan, [&](int64_t source, int64_t destination, ArrayRef<int64_t> extents) {
    SmallVector<Run> in, out;
    int64_t dense = e;
    for (size_t i = box.loops.size(); i-- > 0;) {
      in.insert(in.begin(), {extents[i], box.loops[i].source * e, dense});
      out.insert(out.begin(), {extents[i], dense, box.loops[i].destination * e});
      dense *= extents[i];
    }
    Value slot = slots[turn % slots.size()];
    Place from = place(p.placeOf(unit.getInputs()[box.operand]), source);
    if (plan.staged) {
      Value raw = staged[turn % staged.size()];
      SmallVector<Run> load, arrange(in);
      int64_t packed = e;
      for (Run &run : arrange)
        run.source = 0;
      for (unsigned i : sourceOrder(box)) {
        load.insert(load.begin(), {extents[i], box.loops[i].source * e, packed});
        arrange[i].source = packed;
        packed *= extents[i];
      }
      p.load(from, raw, 0, load, e);
      p.copy(raw, 0, slot, 0, arrange, e);
    } else {
      p.load(from, slot, 0, in, e);
    }
    ++turn;
    p.store(slot, 0, place(to, destination), out, e);
  });
}

void Emitter::transpose(const Box &box, const BoxPlan &plan) {
  const Run &row = box.loops[plan.transposed], &column = box.loops.back();
  int64_t type = int64_t(e == 1 ? hw::DType::i8 : e == 2 ? hw::DType::i16 : hw::DType::i32);
  forPieces(box, plan, [&](int64_t source, int64_t destination, ArrayRef<int64_t> extents) {
    int64_t a = extents[plan.transposed], b = extents.back();
    Value from = left[turn % left.size()], result = right[turn % right.size()];
    ++turn;
    p.load(place(p.placeOf(unit.getInputs()[box.operand]), source), from, 0, {{b, column.source * e, a * e}, {a, e, e}},
           e);
    InstructionSpec spec(Opcode::TRANS);
    spec.set(Field::dst, result)
        .set(Field::s0, from)
        .set(Field::ddt, type)
        .set(Field::s0dt, type)
        .set(Field::len, a)
        .set(Field::rep, b);
    spec.set(Field::dst_stride, b * e).set(Field::s0_stride, a * e);
    p.emit(spec);
    p.store(result, 0, place(to, destination), {{a, b * e, row.destination * e}, {b, e, e}}, e);
  });
}

void Emitter::fill(const Box &box) {
  // Rows longer than the filled buffer are cut.
  Box cut = box;
  Run row = cut.loops.back();
  auto store = [&](int64_t destination, int64_t extent) {
    SmallVector<Run> out;
    for (const Run &run : ArrayRef(cut.loops).drop_back())
      out.push_back({run.extent, 0, run.destination * e});
    out.push_back({extent, row.destination == 1 ? e : 0, row.destination * e});
    // The loops beyond what an instruction has are written out.
    BoxPlan plan;
    plan.pieces.assign(cut.loops.size(), 1);
    int taken = row.destination == 1 ? 0 : 1;
    for (size_t i = cut.loops.size(); i-- > 0 && taken < 4; ++taken)
      plan.pieces[i] = cut.loops[i].extent;
    Box outer = cut;
    outer.loops.back().extent = extent;
    outer.destination = destination;
    plan.pieces.back() = extent;
    forPieces(outer, plan, [&](int64_t, int64_t at, ArrayRef<int64_t> extents) {
      SmallVector<Run> runs(out);
      for (auto [run, count] : llvm::zip_equal(runs, extents))
        run.extent = count;
      p.store(filled, 0, place(to, at), runs, e);
    });
  };
  int64_t piece = row.destination == 1 ? filledElements : row.extent;
  for (int64_t i = 0; i < row.extent; i += piece)
    store(cut.destination + i * row.destination, std::min(piece, row.extent - i));
}

LogicalResult Emitter::run(std::string &reason) {
  SmallVector<Box> boxes = unpackBoxes(paramList(unit, "boxes"));
  SmallVector<BoxPlan> plans;
  int64_t plain = 0, raw = 0, transposed = 0, longest = 0, instructions = 0;
  for (const Box &box : boxes) {
    plans.push_back(planBox(box, e, p.machine));
    instructions += plans.back().instructions;
    int64_t &most = box.operand < 0 ? longest : plans.back().transposed >= 0 ? transposed : plain;
    if (plans.back().staged)
      raw = std::max(raw, plans.back().slotElements);
    most = std::max(most, box.operand < 0 ? box.loops.back().extent : plans.back().slotElements);
  }
  if (instructions > maxCopyInstructions) {
    reason = "a movement in too many pieces";
    return failure();
  }
  if (plain)
    slots = p.slots(Space::L1, plain * e, 2, "piece");
  if (raw)
    staged = p.slots(Space::L1, raw * e, 2, "source");
  if (transposed) {
    left = p.slots(Space::VB, transposed * e, 2, "rows");
    right = p.slots(Space::VB, transposed * e, 2, "columns");
  }
  if (longest) {
    int64_t unit32 = std::min<int64_t>(e, 4);
    filledElements =
        std::min<int64_t>(longest, std::max<int64_t>(int64_t(p.machine.space(hw::Space::L1).bytes) / 16 / e, 1));
    filledElements = std::min<int64_t>(filledElements, 65535 / (e / unit32));
    filled = p.buffer(Space::L1, filledElements * e, "fill");
    InstructionSpec spec(Opcode::FILL, hw::Engine::MV);
    spec.set(Field::dst, filled)
        .set(Field::log2elem, int64_t(llvm::Log2_64(uint64_t(unit32))))
        .set(Field::n0, filledElements * (e / unit32));
    spec.set(Field::n1, 1).set(Field::n2, 1).set(Field::value, param(unit, "fill") & 0xffffffff);
    p.emit(spec);
  }
  for (auto [box, plan] : llvm::zip_equal(boxes, plans)) {
    if (box.operand < 0)
      fill(box);
    else if (plan.transposed >= 0)
      transpose(box, plan);
    else
      copy(box, plan);
  }
  return success();
}

LogicalResult emitCopy(ProgramBuilder &p, UnitOp unit, std::string &reason) { return Emitter(p, unit).run(reason); }

} // namespace mlir::npu
