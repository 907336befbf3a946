// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Node.h"
#include "Graph.h"
#include "aic/Dialect/AIC/IR/EvalBridge.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/Twine.h"
#include <cmath>

using namespace llvm;
using ::onnx::AttributeProto;

namespace mlir::aic::onnx_import {

Node::Node(GraphImporter &graph, Scope &names, ::onnx::NodeProto &proto, StringRef name, int64_t opset)
    : graph(graph), names(names), proto(proto), name(name), opset(opset), b(graph.builder), scope(graph.shapes),
      loc(NameLoc::get(b.getStringAttr(name))) {}

void Node::error(const Twine &message) {
  if (!std::exchange(hasFailed, true))
    graph.fail("node '" + name + "' (" + type() + "): " + message);
}

void Node::unsupported(const Twine &reason) {
  if (!std::exchange(hasFailed, true))
    graph.addUnsupported(proto.domain(), type(), reason, name);
}

bool Node::finish(Operation *op, LogicalResult fits) {
  auto isSmall = [](Value result) {
    ArrayRef<int64_t> shape = mlir::cast<RankedTensorType>(result.getType()).getShape();
    return countElements(to_vector(make_filter_range(shape, [](int64_t d) { return !ShapedType::isDynamic(d); })))
        .has_value();
  };
  bool isInferred = succeeded(fits) && succeeded(inferResultTypes(op, scope));
  if (isInferred && !all_of(op->getResults(), isSmall)) {
    error("expected a result of at most 2^40 elements");
  } else if (isInferred && succeeded(op->getName().verifyInvariants(op))) {
    return true;
  } else {
    std::string problem = graph.takeCaptured();
    llvm::raw_string_ostream os(problem);
    if (problem.empty())
      os << "cannot be expressed";
    if (isInferred || fits.failed()) // about types, but the text does not say which
      llvm::interleaveComma(op->getOperands(), os << ", got ", [&](Value operand) { os << elem(operand); });
    error(problem);
  }
  op->erase();
  return false;
}

static constexpr int64_t kMaxRank = 64;

//===-- Operands and results ------------------------------------------------===//

Value Node::in(unsigned i) {
  if (!has(i)) {
    error("expected operand " + Twine(i));
    return {};
  }
  return operands[i];
}

SmallVector<Value> Node::inputs() {
  SmallVector<Value> values;
  for (unsigned i = 0; i < numInputs(); ++i)
    values.push_back(in(i));
  return values;
}

void Node::out(unsigned i, Value value) {
  if (i < results.size())
    results[i] = value;
}

//===-- Attributes ----------------------------------------------------------===//

const AttributeProto *Node::attribute(StringRef name, AttributeProto::AttributeType type) {
  used.insert(name);
  for (const AttributeProto &attribute : proto.attribute()) {
    if (attribute.name() != name)
      continue;
    if (attribute.has_type() && attribute.type() != AttributeProto::UNDEFINED && attribute.type() != type) {
      error("attribute '" + name + "': expected " + AttributeProto::AttributeType_Name(type) + ", got " +
            AttributeProto::AttributeType_Name(attribute.type()));
      return nullptr;
    }
    return &attribute;
  }
  return nullptr;
}

bool Node::hasAttribute(StringRef name) {
  return any_of(proto.attribute(), [&](const AttributeProto &attribute) { return attribute.name() == name; });
}

int64_t Node::getInt(StringRef name, int64_t otherwise) {
  const AttributeProto *attr = attribute(name, AttributeProto::INT);
  return attr ? attr->i() : otherwise;
}

int64_t Node::requireInt(StringRef name) {
  if (!hasAttribute(name))
    error("expected attribute '" + name + "'");
  return getInt(name, 0);
}

double Node::getFloat(StringRef name, double otherwise) {
  const AttributeProto *attr = attribute(name, AttributeProto::FLOAT);
  return attr ? double(attr->f()) : otherwise;
}

std::string Node::getString(StringRef name, StringRef otherwise) {
  const AttributeProto *attr = attribute(name, AttributeProto::STRING);
  return attr ? attr->s() : otherwise.str();
}

std::optional<Ints> Node::getInts(StringRef name) {
  const AttributeProto *attr = attribute(name, AttributeProto::INTS);
  if (!attr)
    return std::nullopt;
  return Ints(attr->ints().begin(), attr->ints().end());
}

std::optional<SmallVector<std::string>> Node::getStrings(StringRef name) {
  const AttributeProto *attr = attribute(name, AttributeProto::STRINGS);
  if (!attr)
    return std::nullopt;
  return SmallVector<std::string>(attr->strings().begin(), attr->strings().end());
}

::onnx::GraphProto *Node::getGraph(StringRef name) {
  const AttributeProto *attr = attribute(name, AttributeProto::GRAPH);
  if (!attr) {
    error("expected attribute '" + name + "'");
    return nullptr;
  }
  return const_cast<AttributeProto *>(attr)->mutable_g();
}

int64_t Node::checkAxis(int64_t axis, int64_t limit, const Twine &what) {
  if (axis >= -limit && axis < limit)
    return axis < 0 ? axis + limit : axis;
  error("expected " + what + " between " + Twine(-limit) + " and " + Twine(limit - 1) + ", got " + Twine(axis));
  return 0;
}

int64_t Node::getAxis(StringRef name, int64_t otherwise, int64_t limit) {
  return checkAxis(getInt(name, otherwise), limit, name);
}

Type Node::elementType(int64_t dataType) {
  std::optional<::aic::eval::DType> type = toDType(dataType);
  if (!type)
    unsupported("element type " + dataTypeName(dataType));
  return toElementType(b.getContext(), type.value_or(::aic::eval::DType::F32));
}

Type Node::getElementType(StringRef name, Type otherwise) {
  int64_t dataType = getInt(name, 0);
  return dataType == 0 ? otherwise : elementType(dataType);
}

void Node::checkAttributes() {
  for (const AttributeProto &attribute : proto.attribute())
    if (!used.contains(attribute.name()))
      unsupported("attribute '" + attribute.name() + "'");
}

//===-- Types and contents --------------------------------------------------===//

Type Node::elem(Value v) { return v ? mlir::cast<RankedTensorType>(v.getType()).getElementType() : b.getF32Type(); }

int64_t Node::rank(Value v) { return v ? mlir::cast<RankedTensorType>(v.getType()).getRank() : 0; }

int64_t Node::dim(Value v, int64_t axis) {
  if (!v || axis < 0 || axis >= rank(v))
    return ShapedType::kDynamic;
  return mlir::cast<RankedTensorType>(v.getType()).getDimSize(unsigned(axis));
}

bool Node::isStatic(Value v) { return v && mlir::cast<RankedTensorType>(v.getType()).hasStaticShape(); }

std::optional<Ints> Node::ints(Value v) {
  if (!v || !elem(v).isIntOrIndex())
    return std::nullopt;
  if (std::optional<Dims> elements = scope.elements(v)) {
    Ints result;
    for (AffineExpr element : *elements) {
      std::optional<int64_t> number = constantDim(element);
      if (!number)
        return std::nullopt;
      result.push_back(*number);
    }
    return result;
  }
  DenseIntElementsAttr attr;
  if (!matchPattern(v, m_Constant(&attr)))
    return std::nullopt;
  Ints result;
  for (const APInt &value : attr.getValues<APInt>())
    result.push_back(isUnsigned(v) ? int64_t(value.getZExtValue()) : value.getSExtValue());
  return result;
}

Ints Node::requireInts(Value v, const Twine &what) {
  std::optional<Ints> values = ints(v);
  if (!values)
    unsupported(what + " that are not constant");
  return values.value_or(Ints());
}

std::optional<SmallVector<double>> Node::floats(Value v) {
  DenseFPElementsAttr attr;
  if (!v || !matchPattern(v, m_Constant(&attr)))
    return std::nullopt;
  SmallVector<double> result;
  for (APFloat value : attr.getValues<APFloat>()) {
    bool isExact;
    value.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &isExact);
    result.push_back(value.convertToDouble());
  }
  return result;
}

std::optional<double> Node::scalarOf(Value v) {
  if (std::optional<SmallVector<double>> values = floats(v); values && values->size() == 1)
    return values->front();
  if (std::optional<Ints> values = ints(v); values && values->size() == 1)
    return double(values->front());
  return std::nullopt;
}

void Node::expectRank(Value v, int64_t atLeast, int64_t atMost, const Twine &what) {
  if (!v || (rank(v) >= atLeast && rank(v) <= atMost))
    return;
  if (atLeast == atMost)
    error("expected rank " + Twine(atLeast) + " of " + what + ", got " + Twine(rank(v)));
  else
    error("expected rank " + Twine(atLeast) + " to " + Twine(atMost) + " of " + what + ", got " + Twine(rank(v)));
}

//===-- Builders ------------------------------------------------------------===//

Value Node::constant(Attribute elements) { return hasFailed ? Value() : graph.constant(elements); }

Value Node::constant(const ::aic::eval::Tensor &tensor) {
  return hasFailed ? Value() : graph.constant(toAttr(b.getContext(), tensor, name));
}

Value Node::scalar(Type element, double value) {
  if (hasFailed)
    return {};
  Attribute attr;
  if (isa<FloatType>(element)) {
    attr = b.getFloatAttr(element, value);
  } else {
    // Saturated, so that infinities are the extremes; NaN is 0.
    APSInt integer(element.getIntOrFloatBitWidth(), element.isUnsignedInteger() || element.isInteger(1));
    bool isExact;
    APFloat(value).convertToInteger(integer, APFloat::rmTowardZero, &isExact);
    attr = b.getIntegerAttr(element, integer);
  }
  return graph.constant(DenseElementsAttr::get(RankedTensorType::get({}, element), attr));
}

Value Node::index(int64_t value) {
  return constant(DenseElementsAttr::get(RankedTensorType::get({}, b.getI64Type()), value));
}

Value Node::vector(ArrayRef<int64_t> values) {
  return constant(DenseElementsAttr::get(RankedTensorType::get({int64_t(values.size())}, b.getI64Type()), values));
}

Value Node::cast(Value x, Type element) { return elem(x) == element ? x : make<CastOp>(element, x); }

Value Node::reduce(ReduceKind kind, Value x, ArrayRef<int64_t> axes, bool keep) {
  if (axes.empty() && kind != ReduceKind::mean)
    return x;
  return make<ReduceOp>(elem(x), kind, x, axes, keep);
}

Value Node::transpose(Value x, ArrayRef<int64_t> permutation) {
  if (hasFailed)
    return {};
  bool isIdentity = true;
  for (auto [i, axis] : enumerate(permutation))
    isIdentity &= int64_t(i) == axis;
  return isIdentity ? x : make<TransposeOp>(elem(x), x, permutation);
}

Value Node::concat(ArrayRef<Value> values, int64_t axis) {
  if (values.empty())
    error("expected at least one tensor to join, got none");
  if (hasFailed)
    return {};
  if (values.size() == 1)
    return values[0];
  return make<ConcatOp>(elem(values[0]), ValueRange(values), uint64_t(axis));
}

Value Node::slice(Value x, int64_t axis, int64_t begin, int64_t end, int64_t step) {
  if (hasFailed)
    return {};
  return make<SliceOp>(elem(x), x, vector(begin), vector(end), vector(step), ArrayRef<int64_t>(axis));
}

Value Node::slice(Value x, int64_t axis, Value begin, Value end) {
  if (hasFailed)
    return {};
  return make<SliceOp>(elem(x), x, begin, end, vector(1), ArrayRef<int64_t>(axis));
}

Value Node::iota(Value limit) { return make<RangeOp>(b.getI64Type(), index(0), limit, index(1)); }

//===-- Shapes --------------------------------------------------------------===//

Extent Node::extent(Value x, int64_t axis) {
  if (int64_t known = dim(x, axis); !ShapedType::isDynamic(known))
    return known;
  return slice(shapeOf(x), 0, axis, axis + 1);
}

Extent Node::extents(Value x, int64_t begin, int64_t end) {
  Extent product = 1;
  for (int64_t axis = begin; axis < end; ++axis)
    product = times(product, extent(x, axis));
  return product;
}

Extent Node::combineExtents(Extent x, Extent y, function_ref<int64_t(int64_t, int64_t)> fold,
                            function_ref<Value(Value, Value)> build) {
  if (x.number && y.number)
    return fold(*x.number, *y.number);
  return build(toVector(x), toVector(y));
}

Value Node::toScalar(Extent x) {
  if (x.number)
    return index(*x.number);
  return reshape(x.vector, ArrayRef<int64_t>());
}

Value Node::toVector(ArrayRef<Extent> extents) {
  if (all_of(extents, [](const Extent &e) { return e.number.has_value(); }))
    return vector(map_to_vector(extents, [](const Extent &e) { return *e.number; }));
  SmallVector<Value> parts;
  for (const Extent &extent : extents)
    parts.push_back(toVector(extent));
  return concat(parts, 0);
}

Value Node::shapeOperand(Value v, const Twine &what) {
  expectRank(v, 1, 1, what);
  if (v && !elem(v).isSignlessInteger(64))
    error("expected " + what + " to be int64");
  if (int64_t count = dim(v, 0); v && !ShapedType::isDynamic(count) && count > 2 * kMaxRank)
    error("expected tensors of at most " + Twine(kMaxRank) + " dimensions, got " + Twine(count) + " numbers as " +
          what);
  return v;
}

Value Node::reshape(Value x, Value shape, bool copyZeros) {
  return make<ReshapeOp>(elem(x), x, shapeOperand(shape, "the shape"), copyZeros);
}

Value Node::rearrange(Value x, ArrayRef<int64_t> axes) {
  if (hasFailed)
    return {};
  // A shape of numbers where possible: at most one unknown extent is not where it was.
  Ints shape;
  unsigned moved = 0;
  bool copyZeros = false, isEmpty = false;
  for (auto [i, axis] : enumerate(axes)) {
    int64_t extent = axis < 0 ? 1 : dim(x, axis);
    isEmpty |= extent == 0;
    if (!ShapedType::isDynamic(extent)) {
      shape.push_back(extent);
    } else if (int64_t(i) == axis) {
      shape.push_back(0);
      copyZeros = true;
    } else {
      shape.push_back(-1);
      ++moved;
    }
  }
  if (moved <= 1 && !isEmpty)
    return reshape(x, vector(shape), copyZeros);
  return reshape(x, map_to_vector(axes, [&](int64_t axis) { return axis < 0 ? Extent(1) : extent(x, axis); }));
}

Value Node::squeeze(Value x, ArrayRef<int64_t> axes) {
  if (hasFailed)
    return {};
  Ints kept;
  for (int64_t i = 0; i < rank(x); ++i)
    if (!is_contained(axes, i))
      kept.push_back(i);
    else if (int64_t extent = dim(x, i); extent != 1 && !ShapedType::isDynamic(extent))
      error("expected extent 1 of dimension " + Twine(i) + ", got " + Twine(extent));
  return rearrange(x, kept);
}

Value Node::unsqueeze(Value x, ArrayRef<int64_t> axes) {
  if (hasFailed)
    return {};
  Ints kept;
  for (int64_t i = 0, next = 0, end = rank(x) + int64_t(axes.size()); i < end; ++i)
    kept.push_back(is_contained(axes, i) ? -1 : next++);
  return rearrange(x, kept);
}

Value Node::alongAxis(Value vector, int64_t axis, int64_t rank) {
  if (axis < 0 || axis >= rank)
    error("expected a tensor of rank " + Twine(axis + 1) + " at least, got " + Twine(rank));
  if (hasFailed)
    return {};
  if (axis == rank - 1)
    return vector;
  Ints axes(size_t(rank - axis), -1);
  axes[0] = 0;
  return rearrange(vector, axes);
}

} // namespace mlir::aic::onnx_import
