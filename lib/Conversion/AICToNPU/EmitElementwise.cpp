// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- EmitElementwise.cpp - Steps on chunks of rows in VB ----------------===//
//
// The tensor is cut into chunks of whole rows, or of parts of a row where a row does not fit and nothing is reduced
// along it. Chunks of operands and results are double-buffered; results of steps share buffers by lifetime. A step that
// reduces rows, or works on such results alone, gives one element for each row (a column).
//
//===----------------------------------------------------------------------===//
#include "ProgramBuilder.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"

namespace mlir::npu {

namespace {
enum Mode { Whole, Row, Column, Single, Table };

struct Step {
  Opcode op;
  hw::DType type;
  int64_t a = -1, b = -1, c = -1, round = 0, zero = 0, compare = 0;
  float imm = 0;
  bool hasImmediate = false;
  bool reduces() const { return op == Opcode::RSUM || op == Opcode::RMAX || op == Opcode::RMIN; }
};

Opcode opcodeOf(StringRef name) {
  for (unsigned i = 0; i != 256; ++i)
    if (const hw::OpcodeInfo *info = hw::infoOf(uint8_t(i)); info && name == info->mnemonic)
      return Opcode(i);
  return Opcode::TRAP;
}

/// How a unit is cut.
class Chunks {
public:
  explicit Chunks(UnitOp unit);
  /// Chooses rows and columns of a chunk; false if not even a granule fits.
  bool choose(const hw::Machine &machine);

protected:
  int64_t modeOf(int64_t reg) const {
    return reg < operands ? modes[reg] : isColumn[reg - operands] ? int64_t(Column) : int64_t(Whole);
  }
  int64_t bytesOf(int64_t reg) const { return int64_t(hw::bytesOf(types[reg])); }
  /// Bytes of all buffers for a chunk, each a multiple of `align`.
  int64_t vectorBytes(int64_t rows, int64_t columns, uint64_t align) const;

  int64_t operands = 0, inner = 1, outer = 1, chunkRows = 1, chunkColumns = 1;
  ArrayRef<int64_t> modes;
  SmallVector<Step> steps;
  SmallVector<hw::DType> types; // by register
  SmallVector<bool> isColumn;   // by step: one element for each row
  bool hasReduction = false;
  SmallVector<int> temporaryOf;     // by step: its buffer, -1 for the result
  SmallVector<int64_t> temporaries; // widest element of each buffer
};

class Emitter : Chunks {
public:
  Emitter(ProgramBuilder &p, UnitOp unit) : Chunks(unit), p(p), unit(unit) {}
  LogicalResult run(std::string &reason);

private:
  void chunk(int64_t row, int64_t rows, int64_t column, int64_t columns, unsigned turn);
  void emitStep(const Step &step, int64_t target, int64_t rows, int64_t columns);

  ProgramBuilder &p;
  UnitOp unit;
  SmallVector<std::vector<Value>> buffers; // by register: slots
  std::vector<Value> shared, results;
};
} // namespace

int64_t Chunks::vectorBytes(int64_t rows, int64_t columns, uint64_t align) const {
  auto granules = [&](int64_t bytes) { return int64_t(llvm::alignTo(uint64_t(bytes), align)); };
  int64_t bytes = 0;
  for (int64_t i = 0; i != operands; ++i) {
    switch (modes[i]) {
    case Whole:
      bytes += 2 * granules(rows * columns * bytesOf(i));
      break;
    case Row:
      bytes += (columns == inner ? 1 : 2) * granules(columns * bytesOf(i));
      break;
    case Column:
      bytes += 2 * granules(rows * bytesOf(i));
      break;
    case Single:
      bytes += granules(1);
      break;
    case Table:
      bytes += granules(256 * bytesOf(i));
      break;
    }
  }
  for (int64_t width : temporaries)
    bytes += granules(rows * columns * width);
  for (size_t i = 0; i + 1 < steps.size(); ++i)
    if (isColumn[i])
      bytes += granules(rows * bytesOf(operands + int64_t(i)));
  return bytes + 2 * granules(rows * (isColumn.back() ? 1 : columns) * bytesOf(types.size() - 1));
}

bool Chunks::choose(const hw::Machine &machine) {
  int64_t limit = int64_t(machine.space(hw::Space::VB).bytes);
  uint64_t align = std::max(machine.space(hw::Space::VB).align, hw::kGranuleBytes);
  // Without broadcasts the tensor is one row; cut it as it fits.
  chunkColumns = hasReduction ? inner : std::min<int64_t>(inner, 32768);
  chunkRows = 1;
  while (!hasReduction && chunkColumns > 32 && vectorBytes(1, chunkColumns, align) > limit)
    chunkColumns = std::max<int64_t>(32, (chunkColumns / 2 + 31) / 32 * 32);
  if (vectorBytes(1, chunkColumns, align) > limit || chunkColumns > 65535)
    return false;
  if (chunkColumns == inner)
    while (chunkRows * 2 <= std::min<int64_t>(outer, 4095) && vectorBytes(chunkRows * 2, inner, align) <= limit)
      chunkRows *= 2;
  if (chunkColumns == inner && outer <= 4095 && vectorBytes(outer, inner, align) <= limit)
    chunkRows = outer;
  return true;
}

void Emitter::emitStep(const Step &step, int64_t target, int64_t rows, int64_t columns) {
  bool column = isColumn[target - operands];
  bool flat = !step.reduces(); // every operand is whole: one long repetition
  for (int64_t reg : {step.a, step.b, step.c})
    flat &= reg < 0 || modeOf(reg) == Whole || modeOf(reg) == Table || modeOf(reg) == Single;
  int64_t len = columns, rep = rows;
  if (flat && rows * columns <= 65535)
    len = rows * columns, rep = 1;
  if (column && !step.reduces())
    len = rows, rep = 1;
  InstructionSpec spec(step.op);
  auto set = [&](Field address, Field stride, Field broadcast, int64_t reg) {
    const std::vector<Value> &slots = buffers[reg];
    spec.set(address, slots.front());
    int64_t mode = modeOf(reg);
    if (mode == Whole && rep > 1)
      spec.set(stride, columns * bytesOf(reg));
    if (mode == Column && !column)
      spec.set(stride, bytesOf(reg)).set(broadcast, 1);
    if (mode == Single)
      spec.set(broadcast, 1);
  };
  spec.set(Field::dst, buffers[target].front())
      .set(Field::ddt, int64_t(step.type))
      .set(Field::len, len)
      .set(Field::rep, rep);
  if (rep > 1)
    spec.set(Field::dst_stride, (column ? 1 : columns) * int64_t(hw::bytesOf(step.type)));
  set(Field::s0, Field::s0_stride, Field::s0_bcast, step.a);
  spec.set(Field::s0dt, int64_t(types[step.a]));
  if (step.b >= 0) {
    set(Field::s1, Field::s1_stride, Field::s1_bcast, step.b);
    spec.set(Field::s1dt, int64_t(types[step.b]));
  } else if (step.hasImmediate) {
    spec.setF32(Field::s1, step.imm).set(Field::s1_imm, 1);
    spec.set(Field::s1dt, int64_t(types[step.a]));
  }
  if (step.c >= 0)
    set(Field::s2, Field::s2_stride, Field::s2_bcast, step.c);
  if (step.compare)
    spec.set(Field::cmp, step.compare);
  spec.set(Field::round, step.round).set(Field::zp, step.zero);
  p.emit(spec);
}

void Emitter::chunk(int64_t row, int64_t rows, int64_t column, int64_t columns, unsigned turn) {
  SmallVector<std::vector<Value>> all = buffers;
  for (int64_t i = 0; i != operands; ++i) {
    int64_t e = bytesOf(i);
    Place from = p.placeOf(unit.getInputs()[i]);
    if (buffers[i].size() > 1)
      buffers[i] = {buffers[i][turn % buffers[i].size()]};
    switch (modes[i]) {
    case Whole:
      from.offset += (row * inner + column) * e;
      p.load(from, buffers[i].front(), 0, {{rows, inner * e, columns * e}, {columns, e, e}}, e,
             {int32_t(row), int32_t(column), 0, 0});
      break;
    case Row:
      if (columns == inner && (row || turn))
        break; // still there
      from.offset += column * e;
      p.load(from, buffers[i].front(), columns * e);
      break;
    case Column:
      from.offset += row * e;
      p.load(from, buffers[i].front(), rows * e);
      break;
    default:
      break;
    }
  }
  int64_t result = int64_t(types.size()) - 1;
  buffers[result] = {results[turn % results.size()]};
  for (auto [i, step] : llvm::enumerate(steps))
    emitStep(step, operands + int64_t(i), rows, columns);
  int64_t e = bytesOf(result);
  Place to = p.placeOf(unit.getOutputs()[0]);
  if (isColumn.back()) {
    to.offset += row * e;
    p.store(buffers[result].front(), to, rows * e);
    buffers = all;
    return;
  }
  to.offset += (row * inner + column) * e;
  p.store(buffers[result].front(), 0, to, {{rows, columns * e, inner * e}, {columns, e, e}}, e,
          {int32_t(row), int32_t(column), 0, 0});
  buffers = all;
}

Chunks::Chunks(UnitOp unit) {
  operands = int64_t(unit.getInputs().size());
  inner = param(unit, "inner"), outer = param(unit, "outer");
  modes = paramList(unit, "modes");
  for (Value value : unit.getInputs())
    types.push_back(*toMachineType(cast<RankedTensorType>(value.getType()).getElementType()));
  for (Attribute attr : unit.getParams().getAs<ArrayAttr>("steps")) {
    auto entry = cast<DictionaryAttr>(attr);
    auto get = [&](StringRef name, int64_t otherwise) {
      auto value = entry.getAs<IntegerAttr>(name);
      return value ? value.getInt() : otherwise;
    };
    Step step{opcodeOf(entry.getAs<StringAttr>("op").getValue()), hw::DType(get("type", 0))};
    step.a = get("a", -1), step.b = get("b", -1), step.c = get("c", -1), step.compare = get("cmp", 0),
    step.round = get("round", 0), step.zero = get("zero", 0);
    if (auto imm = entry.getAs<FloatAttr>("imm")) {
      step.imm = imm.getValue().convertToFloat();
      step.hasImmediate = true;
    }
    steps.push_back(step);
    types.push_back(step.type);
  }
  for (const Step &step : steps) {
    bool column = step.reduces();
    if (!column) {
      column = true;
      for (int64_t reg : {step.a, step.b, step.c})
        column &= reg < 0 || modeOf(reg) == Column || modeOf(reg) == Single;
      column &= step.a >= 0 && modeOf(step.a) == Column;
    }
    isColumn.push_back(column);
    hasReduction |= step.reduces();
  }
  // Buffers of steps: reused after the last reader. In-place would be legal too, but ties the engine to one order.
  SmallVector<size_t> lastUse(steps.size(), 0);
  for (auto [i, step] : llvm::enumerate(steps))
    for (int64_t reg : {step.a, step.b, step.c})
      if (reg >= operands)
        lastUse[reg - operands] = i;
  SmallVector<size_t> freeAfter;
  for (auto [i, step] : llvm::enumerate(steps)) {
    if (i + 1 == steps.size() || isColumn[i]) {
      temporaryOf.push_back(-1);
      continue;
    }
    int chosen = -1;
    for (auto [t, until] : llvm::enumerate(freeAfter))
      if (until < i && chosen < 0)
        chosen = int(t);
    if (chosen < 0) {
      chosen = int(freeAfter.size());
      freeAfter.push_back(0);
      temporaries.push_back(0);
    }
    freeAfter[chosen] = lastUse[i];
    temporaries[chosen] = std::max(temporaries[chosen], int64_t(hw::bytesOf(step.type)));
    temporaryOf.push_back(chosen);
  }
  if (outer > 1 && !hasReduction &&
      llvm::all_of(modes, [](int64_t m) { return m == Whole || m == Single || m == Table; }))
    inner *= outer, outer = 1;
}

LogicalResult Emitter::run(std::string &reason) {
  if (!choose(p.machine)) {
    reason =
        "no chunk of it fits the machine's " + std::to_string(p.machine.space(hw::Space::VB).bytes) + " bytes of VB";
    return failure();
  }

  buffers.resize(types.size());
  for (int64_t i = 0; i != operands; ++i) {
    int64_t e = bytesOf(i);
    Value input = unit.getInputs()[i];
    switch (modes[i]) {
    case Whole:
      buffers[i] = p.slots(Space::VB, chunkRows * chunkColumns * e, 2, "x");
      break;
    case Row:
      buffers[i] = p.slots(Space::VB, chunkColumns * e, chunkColumns == inner ? 1 : 2, "row");
      break;
    case Column:
      buffers[i] = p.slots(Space::VB, chunkRows * e, 2, "column");
      break;
    case Single:
    case Table: {
      int64_t bytes = (modes[i] == Table ? 256 : 1) * e;
      buffers[i] = p.slots(Space::VB, bytes, 1, "table");
      p.load(p.placeOf(input), buffers[i].front(), bytes);
      break;
    }
    }
  }
  for (int64_t width : temporaries)
    shared.push_back(p.buffer(Space::VB, chunkRows * chunkColumns * width, "step"));
  for (auto [i, t] : llvm::enumerate(temporaryOf))
    if (t >= 0)
      buffers[operands + i] = {shared[t]};
    else if (isColumn[i] && i + 1 != steps.size())
      buffers[operands + i] = {p.buffer(Space::VB, chunkRows * bytesOf(operands + int64_t(i)), "column")};
  results =
      p.slots(Space::VB, chunkRows * (isColumn.back() ? 1 : chunkColumns) * bytesOf(int64_t(types.size()) - 1), 2, "y");
  buffers.back() = results;
  unsigned turn = 0;
  for (int64_t row = 0; row < outer; row += chunkRows)
    for (int64_t column = 0; column < inner; column += chunkColumns)
      chunk(row, std::min(chunkRows, outer - row), column, std::min(chunkColumns, inner - column), turn++);
  return success();
}

bool fitsElementwise(UnitOp unit, const hw::Machine &machine) { return Chunks(unit).choose(machine); }

LogicalResult emitElementwise(ProgramBuilder &p, UnitOp unit, std::string &reason) {
  return Emitter(p, unit).run(reason);
}

} // namespace mlir::npu
