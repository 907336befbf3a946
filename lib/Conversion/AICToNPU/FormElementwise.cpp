// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- FormElementwise.cpp - Trees of pointwise operations ----------------===//
//
// Unit "elementwise": the root and the pointwise producers that nothing else reads. The shape is [outer, inner]; an
// operand's mode says how it meets it: 0 whole, 1 [inner], the same for each row, 2 [outer], one element for each row,
// 3 one element, 4 a table of 256 elements. Registers are the operands, then the results of the steps; the last step
// makes the unit's result. A step is {op, type, a, b, c, imm, round, zero, cmp}: b = -1 with `imm` is an immediate.
//
//===----------------------------------------------------------------------===//
#include "FormUnits.h"
#include "aic/Dialect/AIC/IR/EvalBridge.h"
#include "aic/Eval/Elementwise.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

namespace mlir::npu {
namespace eval = ::aic::eval;

namespace {
enum Mode { Whole, Row, Column, Single, Table };

/// A register or an immediate.
struct Operand {
  int reg = -1;
  float imm = 0;
  bool isImmediate() const { return reg < 0; }
};

class Tree {
public:
  Tree(Operation *root)
      : root(root), shape(typeOf(root->getResult(0)).getShape()), unit(root, "elementwise"),
        elements(typeOf(root->getResult(0)).getNumElements()) {}

  FormResult form();
  /// After a failure: what could not be met as it is, and who reads it. Whole, it could.
  Value blocked;
  SmallVector<Operation *> seen;

private:
  using Maybe = std::optional<Operand>;
  struct Step {
    StringRef op;
    hw::DType type;
    Operand a, b, c;
    int64_t round = int64_t(hw::Round::rint), zero = 0, compare = 0;
  };

  Maybe visit(Value value);
  Maybe visitOperation(Operation *op);
  Maybe leaf(Value value);
  Maybe fail(const Twine &why) {
    if (reason.empty())
      reason = why.str();
    return std::nullopt;
  }
  Maybe add(Step step) {
    steps.push_back(step);
    return Operand{firstStep + int(steps.size()) - 1};
  }
  Maybe binary(StringRef name, Operation *op, bool commutes);
  Maybe unary(StringRef name, Operation *op, hw::DType type);
  Maybe cast(aic::CastOp op);
  Maybe dequantize(aic::DequantizeOp op);
  Maybe quantize(aic::QuantizeOp op);
  Maybe lookup(aic::GatherOp op);
  Maybe compare(aic::CompareOp op);
  Maybe select(aic::SelectOp op);
  Maybe power(aic::PowOp op);
  Maybe table(const eval::Tensor &values, Value input, hw::DType type);
  /// A constant of one element, where an immediate cannot stand.
  Operand single(double value, hw::DType type);
  hw::DType typeOfResult(Operation *op) { return *toMachineType(typeOf(op->getResult(0)).getElementType()); }

  Operation *root;
  ArrayRef<int64_t> shape;
  UnitMatch unit;
  int64_t elements, inner = 0, outer = 0; // inner 0: not yet decided
  SmallVector<Step> steps;
  SmallVector<int64_t> modes;
  SmallVector<Operation *> taken;                     // producers that the unit takes over
  SmallVector<std::pair<Value, eval::Tensor>> leaves; // a value or a constant
  // Registers of steps are numbered from here until the number of operands is known.
  static constexpr int firstStep = 1000;
  std::string reason;
};
} // namespace

static bool isPointwise(Operation *op) {
  return isa<aic::AddOp, aic::SubOp, aic::MulOp, aic::DivOp, aic::MaximumOp, aic::MinimumOp, aic::ReluOp, aic::CastOp,
             aic::DequantizeOp, aic::QuantizeOp, aic::NegOp, aic::AbsOp, aic::ExpOp, aic::LogOp, aic::SqrtOp,
             aic::RsqrtOp, aic::ErfOp, aic::SigmoidOp, aic::TanhOp, aic::CompareOp, aic::SelectOp, aic::PowOp>(op);
}

/// Whether a producer is the end of a unit of its own: a quantised layer, or a product with its scale and bias.
static bool endsUnit(Operation *op) {
  if (isa<aic::QuantizeOp>(op))
    return true;
  return llvm::any_of(op->getOperands(), [](Value value) {
    Operation *from = value.getDefiningOp();
    if (auto cast = dyn_cast_or_null<aic::CastOp>(from))
      from = cast.getInput().getDefiningOp();
    if (auto add = dyn_cast_or_null<aic::AddOp>(from))
      from = add.getLhs().getDefiningOp();
    return from && isa<aic::ConvOp, aic::MatmulOp>(from);
  });
}

/// table[cast(x)] with 256 entries, x of 8 bits.
static std::optional<std::pair<Value, eval::Tensor>> tableOf(Operation *op) {
  auto gather = dyn_cast<aic::GatherOp>(op);
  if (!gather || typeOf(gather.getInput()).getRank() != 1 || typeOf(gather.getInput()).getNumElements() != 256)
    return std::nullopt;
  eval::Tensor table = constantOf(gather.getInput());
  auto cast = gather.getIndices().getDefiningOp<aic::CastOp>();
  if (!table.data() || !cast || !typeOf(cast.getInput()).getElementType().isInteger(8))
    return std::nullopt;
  return std::pair(cast.getInput(), table);
}

static eval::DType evalTypeOf(hw::DType type) {
  switch (type) {
  case hw::DType::i8:
    return eval::DType::I8;
  case hw::DType::u8:
    return eval::DType::U8;
  case hw::DType::i16:
    return eval::DType::I16;
  case hw::DType::i32:
    return eval::DType::I32;
  case hw::DType::f16:
    return eval::DType::F16;
  case hw::DType::bf16:
    return eval::DType::BF16;
  case hw::DType::f32:
    return eval::DType::F32;
  }
  return eval::DType::F32;
}

Operand Tree::single(double value, hw::DType type) {
  eval::Tensor tensor(eval::DType::F64, {1});
  *tensor.as<double>() = value;
  leaves.push_back({Value(), eval::cast(tensor, evalTypeOf(type))});
  modes.push_back(Single);
  return Operand{int(leaves.size()) - 1};
}

Tree::Maybe Tree::leaf(Value value) {
  RankedTensorType type = typeOf(value);
  if (!toMachineType(type.getElementType()))
    return fail("elements of a type that the vector unit does not have");
  for (auto [i, known] : llvm::enumerate(leaves))
    if (known.first == value)
      return Operand{int(i)};
  int64_t mode = Whole, wanted = 0;
  if (type.getNumElements() == 1 && elements != 1) {
    mode = Single;
  } else if (type.getNumElements() != elements) {
    SmallVector<int64_t> own(shape.size() - type.getRank(), 1);
    llvm::append_range(own, type.getShape());
    // Leading ones, then equal extents: a row. Equal extents, then ones: a column.
    size_t i = 0;
    while (i != own.size() && own[i] == 1)
      ++i;
    bool isRow = true;
    int64_t product = 1;
    for (size_t d = i; d != own.size(); ++d) {
      isRow &= own[d] == shape[d];
      product *= shape[d];
    }
    if (isRow) {
      mode = Row, wanted = product;
    } else {
      size_t j = own.size();
      int64_t rest = 1;
      while (j > 0 && own[j - 1] == 1)
        rest *= shape[--j];
      for (size_t d = 0; d != j; ++d)
        if (own[d] != shape[d]) {
          blocked = value;
          return fail("operands that are broadcast along dimensions in the middle");
        }
      mode = Column, wanted = rest;
    }
    if (inner && inner != wanted) {
      blocked = value;
      return fail("operands that are broadcast along unlike dimensions");
    }
    inner = wanted;
  }
  leaves.push_back({value, {}});
  modes.push_back(mode);
  return Operand{int(leaves.size()) - 1};
}

Tree::Maybe Tree::visit(Value value) {
  if (std::optional<double> splat = splatOf(value)) {
    // An immediate is an f32; integers beyond 2^24 are not.
    if (std::abs(*splat) <= 16777216.0 || isa<FloatType>(typeOf(value).getElementType()))
      return Operand{-1, float(*splat)};
  }
  Operation *op = value.getDefiningOp();
  if (op && op != root && op->getBlock() == root->getBlock() && op->hasOneUse() && steps.size() < 24 &&
      typeOf(value).getShape() == shape && (isPointwise(op) || tableOf(op)) && !endsUnit(op)) {
    // A producer that has no steps of its own stays outside.
    SmallVector<Step> before = steps;
    SmallVector<int64_t> modesBefore = modes;
    auto leavesBefore = leaves;
    int64_t innerBefore = inner;
    size_t takenBefore = taken.size();
    std::string reasonBefore = reason;
    if (Maybe result = visitOperation(op)) {
      taken.push_back(op);
      return result;
    }
    steps = before, modes = modesBefore, leaves = leavesBefore, inner = innerBefore, reason = reasonBefore;
    taken.truncate(takenBefore);
  }
  return leaf(value);
}

Tree::Maybe Tree::binary(StringRef name, Operation *op, bool commutes) {
  hw::DType type = typeOfResult(op);
  Maybe a = visit(op->getOperand(0)), b = a ? visit(op->getOperand(1)) : std::nullopt;
  if (!a || !b)
    return std::nullopt;
  if (a->isImmediate() && commutes)
    std::swap(a, b);
  // The first operand of an instruction is in memory and whole.
  if (a->isImmediate())
    a = single(a->imm, type);
  // With an immediate the unit computes in f32, which does not hold all of i32.
  if (b->isImmediate() && type == hw::DType::i32)
    b = single(b->imm, type);
  return add({name, type, *a, *b, {}});
}

Tree::Maybe Tree::unary(StringRef name, Operation *op, hw::DType type) {
  Maybe a = visit(op->getOperand(0));
  if (!a)
    return a;
  if (a->isImmediate())
    return fail("a constant operand");
  return add({name, type, *a, {}, {}});
}

Tree::Maybe Tree::table(const eval::Tensor &values, Value input, hw::DType type) {
  Maybe a = visit(input);
  if (!a || a->isImmediate())
    return fail("a constant operand");
  leaves.push_back({Value(), values});
  modes.push_back(Table);
  return add({"LUT", type, *a, Operand{int(leaves.size()) - 1}, {}});
}

Tree::Maybe Tree::lookup(aic::GatherOp op) {
  auto [input, values] = *tableOf(op);
  std::optional<hw::DType> type = toMachineType(typeOf(op.getResult()).getElementType());
  if (!type || typeOf(input).getShape() != typeOf(op.getResult()).getShape())
    return fail("a table of a type that the vector unit does not have");
  // The table's negative indices count from its end: entry b is for the byte b.
  Operation *cast = op.getIndices().getDefiningOp();
  if (cast->hasOneUse())
    taken.push_back(cast);
  return table(values, input, *type);
}

Tree::Maybe Tree::cast(aic::CastOp op) {
  Type from = typeOf(op.getInput()).getElementType(), to = typeOf(op.getResult()).getElementType();
  if (!toMachineType(from))
    return fail("elements of a type that the vector unit does not have");
  bool narrows =
      isa<IntegerType>(from) && isa<IntegerType>(to) &&
      (to.getIntOrFloatBitWidth() < from.getIntOrFloatBitWidth() || from.isUnsignedInteger() != to.isUnsignedInteger());
  if (to.isInteger(1)) {
    Maybe a = visit(op.getInput());
    if (!a || a->isImmediate() || from.isInteger(32))
      return fail("a constant operand");
    return add({"CMP", hw::DType::u8, *a, Operand{-1, 0}, {}, int64_t(hw::Round::rint), 0, int64_t(hw::Compare::ne)});
  }
  if (!from.isInteger(1) && (narrows && to.getIntOrFloatBitWidth() <= from.getIntOrFloatBitWidth()))
    return fail("a conversion that wraps");
  Maybe a = visit(op.getInput());
  if (!a || a->isImmediate())
    return fail("a constant operand");
  Step step{"CAST", typeOfResult(op), *a, {}, {}};
  step.round = int64_t(hw::Round::trunc);
  return add(step);
}

Tree::Maybe Tree::dequantize(aic::DequantizeOp op) {
  std::optional<double> scale = splatOf(op.getScale()), zero = splatOf(op.getZeroPoint());
  auto input = typeOf(op.getInput());
  if (!scale || !zero || op.getBlockSize() || !typeOf(op.getResult()).getElementType().isF32())
    return fail("a dequantisation by several scales");
  if (input.getElementType().isInteger(8)) {
    eval::Tensor values(eval::DType::F32, {256});
    bool isUnsigned = input.getElementType().isUnsignedInteger();
    for (int i = 0; i != 256; ++i)
      values.as<float>()[i] = float((isUnsigned ? i : int(int8_t(i))) - int64_t(*zero)) * float(*scale);
    return table(values, op.getInput(), hw::DType::f32);
  }
  if (!input.getElementType().isInteger(32) || *zero != 0)
    return fail("a dequantisation of a wide integer");
  Maybe a = visit(op.getInput());
  if (!a || a->isImmediate())
    return fail("a constant operand");
  Maybe real = add({"CAST", hw::DType::f32, *a, {}, {}});
  return *scale == 1 ? real : add({"MUL", hw::DType::f32, *real, Operand{-1, float(*scale)}, {}});
}

Tree::Maybe Tree::quantize(aic::QuantizeOp op) {
  std::optional<double> scale = splatOf(op.getScale()), zero = splatOf(op.getZeroPoint());
  if (!scale || !zero || op.getBlockSize() || !typeOf(op.getInput()).getElementType().isF32() ||
      typeOf(op.getResult()).getElementTypeBitWidth() != 8)
    return fail("a quantisation by several scales or to more than 8 bits");
  Maybe a = visit(op.getInput());
  if (!a || a->isImmediate())
    return fail("a constant operand");
  Step step{*scale == 1 ? "CAST" : "DIV", typeOfResult(op), *a, Operand{-1, float(*scale)}, {}};
  step.zero = int64_t(*zero);
  return add(step);
}

Tree::Maybe Tree::compare(aic::CompareOp op) {
  std::optional<hw::DType> type = toMachineType(typeOf(op.getLhs()).getElementType());
  if (!type)
    return fail("elements of a type that the vector unit does not have");
  Maybe a = visit(op.getLhs()), b = a ? visit(op.getRhs()) : std::nullopt;
  if (!a || !b)
    return std::nullopt;
  if (a->isImmediate())
    a = single(a->imm, *type);
  if (b->isImmediate() && *type == hw::DType::i32)
    b = single(b->imm, *type);
  // The predicates have the numbers of the machine's.
  static_assert(int(aic::Predicate::eq) == int(hw::Compare::eq) && int(aic::Predicate::ge) == int(hw::Compare::ge));
  return add({"CMP", hw::DType::u8, *a, *b, {}, int64_t(hw::Round::rint), 0, int64_t(op.getPredicate())});
}

Tree::Maybe Tree::select(aic::SelectOp op) {
  hw::DType type = typeOfResult(op);
  Maybe condition = visit(op.getCondition()), a = condition ? visit(op.getLhs()) : std::nullopt,
        b = a ? visit(op.getRhs()) : std::nullopt;
  if (!condition || !a || !b)
    return std::nullopt;
  if (condition->isImmediate())
    return fail("a constant condition");
  // Both are of one type; only the first may be an immediate, and is an f32 then.
  if (a->isImmediate())
    a = single(a->imm, type);
  if (b->isImmediate())
    b = single(b->imm, type);
  return add({"SEL", type, *condition, *a, *b});
}

Tree::Maybe Tree::power(aic::PowOp op) {
  hw::DType type = typeOfResult(op);
  std::optional<double> exponent = splatOf(op.getRhs());
  if (!exponent || type < hw::DType::f16)
    return fail("a power whose exponent is not one constant");
  Maybe a = visit(op.getLhs());
  if (!a || a->isImmediate())
    return fail("a constant operand");
  if (*exponent == 2)
    return add({"MUL", type, *a, *a, {}});
  // Two roundings in f32 are as good as one where the result is an f16.
  if (*exponent == 3 && type == hw::DType::f16) {
    Maybe square = add({"MUL", hw::DType::f32, *a, *a, {}});
    return add({"MUL", type, *square, *a, {}});
  }
  if (*exponent == 0.5)
    return add({"SQRT", type, *a, {}, {}});
  if (*exponent == -0.5 && type == hw::DType::f16)
    return add({"RSQRT", type, *a, {}, {}});
  if (*exponent == -1)
    return add({"DIV", type, single(1, type), *a, {}});
  return fail("a power whose exponent is none of -1, -0.5, 0.5, 2 and 3");
}

Tree::Maybe Tree::visitOperation(Operation *op) {
  seen.push_back(op);
  if (!toMachineType(typeOf(op->getResult(0)).getElementType()))
    return fail("elements of a type that the vector unit does not have");
  hw::DType type = typeOfResult(op);
  bool isFloat = type >= hw::DType::f16;
  // Integers narrower than 32 bits would saturate where the graph wraps.
  bool wraps = !isFloat && type != hw::DType::i32;
  return TypeSwitch<Operation *, Maybe>(op)
      .Case([&](aic::AddOp) { return wraps ? fail("8-bit sums that wrap") : binary("ADD", op, true); })
      .Case([&](aic::SubOp) { return wraps ? fail("8-bit sums that wrap") : binary("SUB", op, false); })
      .Case([&](aic::MulOp) { return wraps ? fail("8-bit products that wrap") : binary("MUL", op, true); })
      .Case([&](aic::DivOp) { return isFloat ? binary("DIV", op, false) : fail("a division of integers"); })
      .Case([&](aic::MaximumOp) { return binary("MAX", op, true); })
      .Case([&](aic::MinimumOp) { return binary("MIN", op, true); })
      .Case([&](aic::ReluOp) -> Maybe {
        Maybe a = visit(op->getOperand(0));
        if (!a || a->isImmediate())
          return std::nullopt;
        return add({"MAX", type, *a, type == hw::DType::i32 ? single(0, type) : Operand{-1, 0}, {}});
      })
      .Case([&](aic::NegOp) -> Maybe {
        Maybe a = visit(op->getOperand(0));
        return a && isFloat && !a->isImmediate() ? add({"MUL", type, *a, Operand{-1, -1}, {}})
                                                 : fail("an integer negation");
      })
      .Case([&](aic::AbsOp) -> Maybe {
        Maybe a = visit(op->getOperand(0));
        if (!a || !isFloat || a->isImmediate())
          return fail("an integer magnitude");
        Maybe negative = add({"MUL", type, *a, Operand{-1, -1}, {}});
        return add({"MAX", type, *a, *negative, {}});
      })
      .Case([&](aic::ExpOp) { return unary("EXP", op, type); })
      .Case([&](aic::LogOp) { return unary("LOG", op, type); })
      .Case([&](aic::SqrtOp) { return unary("SQRT", op, type); })
      .Case([&](aic::RsqrtOp) { return unary("RSQRT", op, type); })
      .Case([&](aic::ErfOp) { return unary("ERF", op, type); })
      .Case([&](aic::SigmoidOp) { return unary("SIGMOID", op, type); })
      .Case([&](aic::TanhOp) { return unary("TANH", op, type); })
      .Case([&](aic::CastOp o) { return cast(o); })
      .Case([&](aic::DequantizeOp o) { return dequantize(o); })
      .Case([&](aic::QuantizeOp o) { return quantize(o); })
      .Case([&](aic::CompareOp o) { return compare(o); })
      .Case([&](aic::SelectOp o) { return select(o); })
      .Case([&](aic::PowOp o) { return power(o); })
      .Case([&](aic::GatherOp o) { return lookup(o); })
      .Default([&](Operation *) { return fail("no pointwise form"); });
}

FormResult Tree::form() {
  Maybe result = visitOperation(root);
  if (!result || result->reg < firstStep)
    return FormResult::refuse(reason);
  unit.takeAll(taken);
  outer = inner ? elements / inner : 1;
  if (!inner)
    inner = elements;
  unit.set("inner", inner).set("outer", outer).set("modes", modes);
  int operands = int(leaves.size());
  for (auto &[value, tensor] : leaves)
    value ? (void)unit.operand(value) : (void)unit.constant(tensor);
  OpBuilder &b = unit.builder();
  SmallVector<Attribute> list;
  auto number = [&](Operand o) {
    return b.getI64IntegerAttr(o.reg >= firstStep ? o.reg - firstStep + operands : o.reg);
  };
  for (const Step &step : steps) {
    NamedAttrList entry;
    entry.set("op", b.getStringAttr(step.op));
    entry.set("type", b.getI64IntegerAttr(int64_t(step.type)));
    entry.set("a", number(step.a));
    if (step.b.reg >= 0)
      entry.set("b", number(step.b));
    else if (step.op == "ADD" || step.op == "SUB" || step.op == "MUL" || step.op == "DIV" || step.op == "MAX" ||
             step.op == "MIN" || step.op == "CMP")
      entry.set("imm", b.getF32FloatAttr(step.b.imm));
    if (step.c.reg >= 0)
      entry.set("c", number(step.c));
    if (step.compare)
      entry.set("cmp", b.getI64IntegerAttr(step.compare));
    if (step.round)
      entry.set("round", b.getI64IntegerAttr(step.round));
    if (step.zero)
      entry.set("zero", b.getI64IntegerAttr(step.zero));
    list.push_back(entry.getDictionary(b.getContext()));
  }
  unit.set("steps", b.getArrayAttr(list)).set("reads_constants", 1);
  return {unit.finish(), ""};
}

FormResult formElementwise(Operation *root, const hw::Machine &machine) {
  if (!isPointwise(root) && !tableOf(root))
    return {};
  SmallVector<Operation *> copies;
  for (;;) {
    Tree tree(root);
    FormResult result = tree.form();
    if (result) {
      for (Operation *copy : copies)
        (void)formMovement(copy, machine);
      return result;
    }
    if (!tree.blocked || copies.size() == 16)
      return result;
    // Rows and columns are met as they are; anything else is repeated by a movement before.
    auto type = typeOf(root->getResult(0)).clone(typeOf(tree.blocked).getElementType());
    for (Operation *reader : tree.seen) {
      if (!llvm::is_contained(reader->getOperands(), tree.blocked))
        continue;
      OpBuilder b(reader);
      auto shape = arith::ConstantOp::create(b, reader->getLoc(), b.getI64TensorAttr(type.getShape()));
      auto whole = aic::BroadcastOp::create(b, reader->getLoc(), type, tree.blocked, shape);
      reader->replaceUsesOfWith(tree.blocked, whole);
      copies.push_back(whole);
    }
  }
}

} // namespace mlir::npu
