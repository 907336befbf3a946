// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- FormRows.cpp - Reductions along rows and what is made of them ------===//
//
// Softmax, layer and RMS norms and reductions over the innermost dimensions, as steps of a unit "elementwise" (see
// FormElementwise.cpp) in f32, whatever the element type of operand and result: RSUM, RMAX and RMIN give one element
// for each row, which later steps meet as a column.
//
//===----------------------------------------------------------------------===//
#include "FormUnits.h"

namespace mlir::npu {

namespace {
/// Registers of steps start here until the number of operands is known.
constexpr int64_t firstStep = 1000;

class Rows {
public:
  Rows(Operation *root) : unit(root, "elementwise"), root(root) {}

  int64_t input(Value value, int64_t mode) {
    modes.push_back(mode);
    return unit.operand(value);
  }
  int64_t constant(Value value) {
    modes.push_back(1);
    return unit.constant(constantOf(value));
  }
  int64_t step(StringRef op, int64_t a, int64_t b = -1) { return add(op, a, b, std::nullopt); }
  int64_t stepWith(StringRef op, int64_t a, float imm) { return add(op, a, -1, imm); }

  UnitOp finish(int64_t outer, int64_t inner) {
    // The last step has the result's type.
    OpBuilder &b = unit.builder();
    hw::DType result = *toMachineType(typeOf(root->getResult(0)).getElementType());
    steps.back().set("type", b.getI64IntegerAttr(int64_t(result)));
    SmallVector<Attribute> list;
    for (NamedAttrList &entry : steps) {
      for (StringRef key : {"a", "b"})
        if (auto reg = dyn_cast_or_null<IntegerAttr>(entry.get(key)); reg && reg.getInt() >= firstStep)
          entry.set(key, b.getI64IntegerAttr(reg.getInt() - firstStep + int64_t(modes.size())));
      list.push_back(entry.getDictionary(b.getContext()));
    }
    unit.set("inner", inner)
        .set("outer", outer)
        .set("modes", modes)
        .set("steps", b.getArrayAttr(list))
        .set("reads_constants", 1);
    return unit.finish();
  }

private:
  int64_t add(StringRef op, int64_t a, int64_t b, std::optional<float> imm) {
    OpBuilder &builder = unit.builder();
    NamedAttrList entry;
    entry.set("op", builder.getStringAttr(op));
    entry.set("type", builder.getI64IntegerAttr(int64_t(hw::DType::f32)));
    entry.set("a", builder.getI64IntegerAttr(a));
    if (b >= 0)
      entry.set("b", builder.getI64IntegerAttr(b));
    if (imm)
      entry.set("imm", builder.getF32FloatAttr(*imm));
    steps.push_back(entry);
    return firstStep + int64_t(steps.size()) - 1;
  }

  UnitMatch unit;
  Operation *root;
  SmallVector<NamedAttrList> steps;
  SmallVector<int64_t> modes;
};

/// Extents before and from `axis` on; nothing if the dimensions behind `axis` are more than `axis` itself allows.
std::pair<int64_t, int64_t> split(RankedTensorType type, int64_t axis) {
  int64_t outer = 1, inner = 1;
  for (auto [d, extent] : llvm::enumerate(type.getShape()))
    (int64_t(d) < axis ? outer : inner) *= extent;
  return {outer, inner};
}

/// Bytes of VB that a row takes, with every buffer of the widest chain of steps.
bool fits(const hw::Machine &machine, int64_t inner, int64_t elementBytes) {
  int64_t row = inner * (4 * elementBytes + 3 * 4 + 2 * 4);
  return row + 4096 <= int64_t(machine.space(hw::Space::VB).bytes) && inner <= 65535;
}

bool isFloat(Type element) { return element.isF16() || element.isF32() || element.isBF16(); }
} // namespace

/// A softmax along another dimension: transposed, and back.
static FormResult formTurned(Operation *root, int64_t axis, const hw::Machine &machine) {
  RankedTensorType type = typeOf(root->getOperand(0));
  SmallVector<int64_t> order, shape;
  for (int64_t d = 0; d != type.getRank(); ++d)
    order.push_back(d);
  std::swap(order[axis], order.back()); // its own inverse
  for (int64_t d : order)
    shape.push_back(type.getDimSize(d));
  OpBuilder b(root);
  auto turned = aic::TransposeOp::create(b, root->getLoc(), type.clone(shape), root->getOperand(0), order);
  Operation *rows = b.clone(*root);
  rows->setOperand(0, turned);
  rows->getResult(0).setType(typeOf(root->getResult(0)).clone(shape));
  rows->setAttr("axis", b.getI64IntegerAttr(type.getRank() - 1));
  auto back = aic::TransposeOp::create(b, root->getLoc(), root->getResult(0).getType(), rows->getResult(0), order);
  root->replaceAllUsesWith(back);
  root->erase();
  (void)formMovement(back, machine);
  FormResult result = formRows(rows, machine);
  (void)formMovement(turned, machine);
  return result;
}

FormResult formRows(Operation *root, const hw::Machine &machine) {
  auto reduce = dyn_cast<aic::ReduceOp>(root);
  if (!isa<aic::SoftmaxOp, aic::LogSoftmaxOp, aic::LayerNormOp, aic::RMSNormOp>(root) && !reduce)
    return {};
  Value x = root->getOperand(0);
  RankedTensorType type = typeOf(x);
  bool isExtreme = reduce && (reduce.getKind() == aic::ReduceKind::max || reduce.getKind() == aic::ReduceKind::min);
  if (!isFloat(type.getElementType()) && !(isExtreme && type.getElementType().isInteger(8)))
    return FormResult::refuse("a reduction of elements that are not floats");
  int64_t axis = type.getRank();
  if (auto softmax = dyn_cast<aic::SoftmaxOp>(root))
    axis = int64_t(softmax.getAxis());
  if (auto softmax = dyn_cast<aic::LogSoftmaxOp>(root))
    axis = int64_t(softmax.getAxis());
  if (auto norm = dyn_cast<aic::LayerNormOp>(root))
    axis = int64_t(norm.getAxis());
  if (auto norm = dyn_cast<aic::RMSNormOp>(root))
    axis = int64_t(norm.getAxis());
  bool isSoftmax = isa<aic::SoftmaxOp, aic::LogSoftmaxOp>(root);
  if (reduce) {
    ArrayRef<int64_t> axes = reduce.getAxes();
    axis = axes.empty() ? type.getRank() : axes.front();
    for (auto [i, a] : llvm::enumerate(axes))
      if (a != axis + int64_t(i))
        return FormResult::refuse("a reduction along dimensions that are not the innermost");
    if (axes.empty() || axes.back() != type.getRank() - 1)
      return FormResult::refuse("a reduction along dimensions that are not the innermost");
  }
  auto [outer, inner] = split(type, axis);
  if (isSoftmax)
    inner = type.getDimSize(axis);
  if (!fits(machine, inner, int64_t(type.getElementTypeBitWidth() / 8)))
    return FormResult::refuse("rows of " + Twine(inner) + " elements do not fit the vector buffer");

  if (isSoftmax && axis != type.getRank() - 1)
    return formTurned(root, axis, machine);
  Rows rows(root);
  int64_t in = rows.input(x, 0);
  float share = 1.0f / float(inner);
  if (isSoftmax) {
    int64_t shifted = rows.step("SUB", in, rows.step("RMAX", in));
    int64_t power = rows.step("EXP", shifted), sum = rows.step("RSUM", power);
    if (isa<aic::SoftmaxOp>(root))
      rows.step("DIV", power, sum);
    else
      rows.step("SUB", shifted, rows.step("LOG", sum));
    return {rows.finish(outer, inner), ""};
  }
  if (reduce) {
    switch (reduce.getKind()) {
    case aic::ReduceKind::sum:
      rows.step("RSUM", in);
      break;
    case aic::ReduceKind::mean:
      rows.stepWith("DIV", rows.step("RSUM", in), float(inner));
      break;
    case aic::ReduceKind::max:
      rows.step("RMAX", in);
      break;
    case aic::ReduceKind::min:
      rows.step("RMIN", in);
      break;
    default:
      return FormResult::refuse("a reduction of a kind that the vector unit does not have");
    }
    return {rows.finish(outer, inner), ""};
  }
  auto scaleOf = [&](Value value) -> std::optional<int64_t> {
    if (typeOf(value).getNumElements() != inner || !constantOf(value).data())
      return std::nullopt;
    return rows.constant(value);
  };
  auto layer = dyn_cast<aic::LayerNormOp>(root);
  Value scale = layer ? layer.getScale() : cast<aic::RMSNormOp>(root).getScale(),
        bias = layer ? layer.getBias() : Value();
  std::optional<int64_t> factor, offset;
  if (scale && !(factor = scaleOf(scale)))
    return FormResult::refuse("a norm whose scale is not one constant for each element of a row");
  if (bias && !(offset = scaleOf(bias)))
    return FormResult::refuse("a norm whose bias is not one constant for each element of a row");
  double epsilon =
      layer ? layer.getEpsilon().convertToDouble() : cast<aic::RMSNormOp>(root).getEpsilon().convertToDouble();
  int64_t centred = in;
  if (layer)
    centred = rows.step("SUB", in, rows.stepWith("MUL", rows.step("RSUM", in), share));
  int64_t square = rows.step("RSUM", rows.step("MUL", centred, centred));
  int64_t deviation = rows.step("RSQRT", rows.stepWith("ADD", rows.stepWith("MUL", square, share), float(epsilon)));
  int64_t y = rows.step("MUL", centred, deviation);
  if (factor)
    y = rows.step("MUL", y, *factor);
  if (offset)
    y = rows.step("ADD", y, *offset);
  return {rows.finish(outer, inner), ""};
}

} // namespace mlir::npu
