// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Control.cpp - If, Loop and Scan ------------------------------------===//
//
// A branch or loop that is decided at import disappears. What is left is
// scf.if and scf.while over tensors; conditions are read with tensor.extract,
// and tensor.cast gives the values on both sides of an edge one type.
//
//===----------------------------------------------------------------------===//
#include "Families.h"
#include "Graph.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace mlir::aic::onnx_import {
namespace {

/// Loops of at most so many nodes are unrolled.
constexpr int64_t kMaxUnrolled = 4096;

Value toScalar(Node &n, Value v) { return n.rank(v) == 0 ? v : n.reshape(v, ArrayRef<int64_t>()); }

/// The one element of a condition, as i1.
Value extract(Node &n, Value condition) {
  if (n.failed())
    return {};
  if (!n.elem(condition).isInteger(1)) {
    n.error("expected a condition of truth values");
    return {};
  }
  auto type = cast<RankedTensorType>(condition.getType());
  if (type.hasStaticShape() && type.getNumElements() != 1) {
    n.error("expected a condition of one element, got " + Twine(type.getNumElements()));
    return {};
  }
  condition = toScalar(n, condition);
  return n.failed() ? Value() : tensor::ExtractOp::create(n.b, n.loc, condition, ValueRange()).getResult();
}

/// The type that holds both: extents that differ are unknown. Null if ranks or element types differ.
RankedTensorType join(Type x, Type y) {
  auto a = cast<RankedTensorType>(x), b = cast<RankedTensorType>(y);
  if (a.getElementType() != b.getElementType() || a.getRank() != b.getRank())
    return {};
  SmallVector<int64_t> shape;
  for (auto [p, q] : llvm::zip(a.getShape(), b.getShape()))
    shape.push_back(p == q ? p : ShapedType::kDynamic);
  return RankedTensorType::get(shape, a.getElementType());
}

Value castTo(Node &n, Value v, Type type) {
  return v.getType() == type ? v : tensor::CastOp::create(n.b, n.loc, type, v).getResult();
}

/// Imports a graph with its inputs bound. False after an error, or where a result is not supported.
bool importBody(Node &n, ::onnx::GraphProto &graph, ArrayRef<Value> inputs, SmallVectorImpl<Value> &outputs) {
  Scope body = n.graph.enter(n.names, n.name);
  if (graph.input_size() != int(inputs.size())) {
    n.error("expected " + Twine(inputs.size()) + " inputs of its graph, got " + Twine(graph.input_size()));
    return false;
  }
  for (auto [i, input] : llvm::enumerate(graph.input()))
    if (!n.graph.define(body, input.name(), inputs[i], "graph '" + graph.name() + "'"))
      return n.poison();
  if (failed(n.graph.importSubgraph(body, graph, outputs)))
    return n.poison();
  for (Value output : outputs)
    if (!output)
      return n.poison();
  return true;
}

void ifOperator(Node &n) {
  ::onnx::GraphProto *graphs[2] = {n.getGraph("then_branch"), n.getGraph("else_branch")};
  if (n.failed())
    return;
  SmallVector<Value> results[2];
  if (std::optional<Ints> known = n.ints(n.in()); known && known->size() == 1) {
    if (importBody(n, *graphs[(*known)[0] ? 0 : 1], {}, results[0]))
      for (auto [i, value] : llvm::enumerate(results[0]))
        n.out(unsigned(i), value);
    return;
  }
  Value condition = extract(n, n.in());
  Region *regions[2];
  OpBuilder::InsertionGuard guard(n.b);
  OpBuilder::InsertPoint here = n.b.saveInsertionPoint();
  for (int i = 0; i < 2; ++i) {
    regions[i] = n.graph.newRegion();
    n.b.setInsertionPointToEnd(&regions[i]->front());
    if (!n.failed())
      importBody(n, *graphs[i], {}, results[i]);
  }
  if (n.failed())
    return;
  if (results[0].size() != results[1].size() || results[0].size() < n.numOutputs())
    return n.error("expected " + Twine(n.numOutputs()) + " results of both branches");
  SmallVector<Type> types;
  for (auto [x, y] : llvm::zip(results[0], results[1])) {
    types.push_back(join(x.getType(), y.getType()));
    if (!types.back())
      return n.unsupported("branches whose results differ in rank or element type");
  }
  for (int i = 0; i < 2; ++i) {
    n.b.setInsertionPointToEnd(&regions[i]->front());
    SmallVector<Value> yields;
    for (auto [value, type] : llvm::zip(results[i], types))
      yields.push_back(castTo(n, value, type));
    scf::YieldOp::create(n.b, n.loc, yields);
  }
  n.b.restoreInsertionPoint(here);
  auto op = scf::IfOp::create(n.b, n.loc, TypeRange(types), condition, false, false);
  op.getThenRegion().takeBody(*regions[0]);
  op.getElseRegion().takeBody(*regions[1]);
  for (unsigned i = 0; i < n.numOutputs(); ++i)
    n.out(i, op.getResult(i));
}

/// Whether a loop's body always goes on: its condition is a constant, or its input handed through.
bool alwaysContinues(const ::onnx::GraphProto &body) {
  if (body.output_size() < 1 || body.input_size() < 2)
    return false;
  std::string name = body.output(0).name();
  for (int i = body.node_size() - 1; i >= 0; --i) {
    const ::onnx::NodeProto &node = body.node(i);
    if (node.output_size() != 1 || node.output(0) != name)
      continue;
    if (node.op_type() == "Identity" && node.input_size() == 1)
      name = node.input(0);
    else if (node.op_type() == "Constant" && node.attribute_size() == 1 && node.attribute(0).has_t()) {
      const ::onnx::TensorProto &t = node.attribute(0).t();
      return t.data_type() == ::onnx::TensorProto::BOOL &&
             ((t.raw_data().size() == 1 && t.raw_data()[0]) || (t.int32_data_size() == 1 && t.int32_data(0)));
    } else
      return false;
  }
  return name == body.input(1).name();
}

/// Runs a body with known trip count in line.
void unroll(Node &n, ::onnx::GraphProto &body, int64_t trips, SmallVector<Value> carried) {
  size_t count = carried.size(), scans = size_t(body.output_size()) - 1 - count;
  SmallVector<SmallVector<Value>> collected(scans);
  for (int64_t i = 0; i < trips; ++i) {
    ::onnx::GraphProto copy = body;
    SmallVector<Value> inputs{n.index(i), n.scalar(n.b.getI1Type(), 1)}, outputs;
    inputs.append(carried);
    if (!importBody(n, copy, inputs, outputs))
      return;
    carried.assign(outputs.begin() + 1, outputs.begin() + 1 + count);
    for (size_t j = 0; j < scans; ++j)
      collected[j].push_back(n.unsqueeze(outputs[1 + count + j], {0}));
  }
  for (size_t i = 0; i < count; ++i)
    n.out(unsigned(i), carried[i]);
  for (size_t j = 0; j < scans; ++j)
    if (n.wants(unsigned(count + j)))
      n.out(unsigned(count + j), n.concat(collected[j], 0));
}

/// What a loop has collected with one more row. The first one says which extents rows have that are not known before.
Value collect(Node &n, Value iteration, Value collected, Value row) {
  auto rowType = cast<RankedTensorType>(row.getType());
  if (rowType.hasStaticShape())
    return n.concat({collected, n.unsqueeze(row, {0})}, 0);
  Type type = collected.getType();
  Value isFirst = extract(n, n.compare(Predicate::eq, iteration, n.index(0)));
  OpBuilder::InsertionGuard guard(n.b);
  Region *first = n.graph.newRegion(), *others = n.graph.newRegion();
  n.b.setInsertionPointToEnd(&first->front());
  Value start = n.unsqueeze(row, {0});
  if (n.failed())
    return {};
  scf::YieldOp::create(n.b, n.loc, castTo(n, start, type));
  n.b.setInsertionPointToEnd(&others->front());
  // The reshape checks that the row is of the size of those before.
  Value shape = n.slice(n.shapeOf(collected), 0, 1, rowType.getRank() + 1);
  Value grown = n.concat({collected, n.unsqueeze(n.reshape(row, shape), {0})}, 0);
  if (n.failed())
    return {};
  scf::YieldOp::create(n.b, n.loc, castTo(n, grown, type));
  n.b.setInsertionPointToEnd(iteration.getParentBlock());
  auto op = scf::IfOp::create(n.b, n.loc, TypeRange(type), isFirst, false, false);
  op.getThenRegion().takeBody(*first);
  op.getElseRegion().takeBody(*others);
  return op.getResult(0);
}

/// What a body makes of its inputs. False after an error.
using Body = function_ref<bool(ArrayRef<Value> inputs, SmallVectorImpl<Value> &outputs)>;

/// A loop that run time counts: at most `limit` steps, as long as the condition holds. The body takes the step's
/// number, the condition and what is carried, and gives the condition, what is carried and one row for each of `scans`
/// collections. Returns what is carried at the end and the collections, or nothing after an error.
SmallVector<Value> iterate(Node &n, Value limit, Value start, ArrayRef<Value> carried, size_t scans, Body body) {
  size_t count = carried.size();
  // State: iteration, condition, what is carried, and what is collected so far.
  SmallVector<Value> initial{n.index(0), start ? toScalar(n, start) : n.scalar(n.b.getI1Type(), 1)};
  initial.append(carried.begin(), carried.end());
  SmallVector<Type> types;
  for (Value value : initial) {
    if (!value)
      return {};
    types.push_back(value.getType());
  }
  OpBuilder::InsertionGuard guard(n.b);
  OpBuilder::InsertPoint here = n.b.saveInsertionPoint();
  Region *region = nullptr;
  SmallVector<Value> outputs;
  for (;;) {
    // Import with the types so far; where the body gives others, take what they have in common and start again.
    region = n.graph.newRegion();
    Block &block = region->front();
    for (Type type : types)
      block.addArgument(type, n.loc);
    n.b.setInsertionPointToEnd(&block);
    SmallVector<Value> arguments(block.getArguments().begin(), block.getArguments().begin() + 2 + count);
    outputs.clear();
    if (!body(arguments, outputs))
      return {};
    outputs[0] = toScalar(n, outputs[0]);
    if (!n.elem(outputs[0]).isInteger(1)) {
      n.error("expected a condition of truth values from its graph");
      return {};
    }
    bool isStable = true;
    for (size_t i = 0; i < count; ++i) {
      Type joined = join(types[2 + i], outputs[1 + i].getType());
      if (!joined) {
        n.unsupported("values whose rank or element type changes in the loop");
        return {};
      }
      isStable &= joined == types[2 + i];
      types[2 + i] = joined;
    }
    if (isStable)
      break;
  }
  // Collections grow by one row in each iteration.
  for (size_t j = 0; j < scans; ++j) {
    auto row = cast<RankedTensorType>(outputs[1 + count + j].getType());
    Ints shape{ShapedType::kDynamic}, none{0};
    shape.append(row.getShape().begin(), row.getShape().end());
    for (int64_t extent : row.getShape())
      none.push_back(ShapedType::isDynamic(extent) ? 0 : extent);
    n.b.restoreInsertionPoint(here);
    initial.push_back(n.broadcast(n.scalar(row.getElementType(), 0), n.vector(none)));
    types.push_back(RankedTensorType::get(shape, row.getElementType()));
    Value collected = region->front().addArgument(types.back(), n.loc);
    n.b.setInsertionPointToEnd(&region->front());
    outputs[1 + count + j] = collect(n, region->front().getArgument(0), collected, outputs[1 + count + j]);
  }
  if (n.failed())
    return {};
  n.b.setInsertionPointToEnd(&region->front());
  SmallVector<Value> yields{n.add(region->front().getArgument(0), n.index(1))};
  for (auto [value, type] : llvm::zip(outputs, ArrayRef(types).drop_front()))
    yields.push_back(castTo(n, value, type));
  scf::YieldOp::create(n.b, n.loc, yields);

  n.b.restoreInsertionPoint(here);
  for (auto [value, type] : llvm::zip(initial, types))
    value = castTo(n, value, type);
  auto op = scf::WhileOp::create(n.b, n.loc, TypeRange(types), initial);
  Block *before = n.b.createBlock(&op.getBefore(), {}, types, SmallVector<Location>(types.size(), n.loc));
  Value goesOn = before->getArgument(1);
  if (limit)
    goesOn = n.binary<AndOp>(goesOn, n.compare(Predicate::lt, before->getArgument(0), limit));
  Value condition = extract(n, goesOn);
  if (n.failed())
    return {};
  scf::ConditionOp::create(n.b, n.loc, condition, before->getArguments());
  op.getAfter().takeBody(*region);
  return SmallVector<Value>(op.getResults().drop_front(2));
}

void loop(Node &n) {
  ::onnx::GraphProto *body = n.getGraph("body");
  if (n.failed())
    return;
  Value limit = n.has(0) ? toScalar(n, n.cast(n.in(0), n.b.getI64Type())) : Value(), start = n.optional(1);
  SmallVector<Value> carried;
  for (unsigned i = 2; i < n.numInputs(); ++i)
    carried.push_back(n.in(i));
  size_t count = carried.size();
  if (n.failed())
    return;
  if (size_t(body->output_size()) < 1 + count || size_t(body->output_size()) < 1 + n.numOutputs())
    return n.error("expected " + Twine(1 + std::max<size_t>(count, n.numOutputs())) + " outputs of its graph, got " +
                   Twine(body->output_size()));
  size_t scans = size_t(body->output_size()) - 1 - count;
  std::optional<Ints> trips = limit ? n.ints(limit) : std::nullopt,
                      first = start ? n.ints(start) : std::optional<Ints>(Ints{1});
  if (trips && first && first->size() == 1 && (*first)[0] && alwaysContinues(*body)) {
    int64_t number = std::max<int64_t>((*trips)[0], 0);
    if (number <= kMaxUnrolled && number * std::max(body->node_size(), 1) <= kMaxUnrolled && (number || !scans))
      return unroll(n, *body, number, carried);
  }

  SmallVector<Value> ends =
      iterate(n, limit, start, carried, scans, [&](ArrayRef<Value> inputs, SmallVectorImpl<Value> &outputs) {
        ::onnx::GraphProto copy = *body;
        return importBody(n, copy, inputs, outputs);
      });
  for (unsigned i = 0; i < n.numOutputs() && i < ends.size(); ++i)
    n.out(i, ends[i]);
}

/// A loop over the places of its inputs along an axis, unrolled if these are few.
void scan(Node &n) {
  ::onnx::GraphProto *body = n.getGraph("body");
  int64_t sequences = n.requireInt("num_scan_inputs");
  if (n.opset < 9)
    return n.unsupported("the form of opset 8");
  if (n.failed() || sequences < 1 || sequences > n.numInputs() || body->output_size() < n.numInputs() - sequences)
    return n.error("expected scan inputs and as many states as its graph takes");
  int64_t states = n.numInputs() - sequences;
  size_t results = size_t(body->output_size() - states);
  Ints inputAxes = n.getInts("scan_input_axes").value_or(Ints(size_t(sequences), 0));
  Ints inputDirections = n.getInts("scan_input_directions").value_or(Ints(size_t(sequences), 0));
  Ints outputAxes = n.getInts("scan_output_axes").value_or(Ints(results, 0));
  Ints outputDirections = n.getInts("scan_output_directions").value_or(Ints(results, 0));
  if (int64_t(inputAxes.size()) != sequences || int64_t(inputDirections.size()) != sequences ||
      outputAxes.size() != results || outputDirections.size() != results)
    return n.error("expected one axis and direction for each scan input and output");
  SmallVector<Value> values = n.inputs();
  int64_t steps = ShapedType::kDynamic;
  for (int64_t i = 0; i < sequences && !n.failed(); ++i) {
    inputAxes[size_t(i)] = n.checkAxis(inputAxes[size_t(i)], n.rank(values[size_t(states + i)]), "scan_input_axes");
    int64_t extent = n.dim(values[size_t(states + i)], inputAxes[size_t(i)]);
    if (!ShapedType::isDynamic(steps) && !ShapedType::isDynamic(extent) && steps != extent)
      return n.error("expected scan inputs of one length, got " + Twine(steps) + " and " + Twine(extent));
    if (ShapedType::isDynamic(steps))
      steps = extent;
  }
  if (n.failed())
    return;
  if (ShapedType::isDynamic(steps) || steps > kMaxUnrolled || steps * std::max(body->node_size(), 1) > kMaxUnrolled ||
      steps == 0) {
    Extent count = n.extent(values[size_t(states)], inputAxes[0]);
    Value length = n.toScalar(count), last = n.sub(length, n.index(1));
    for (int64_t i = 1; i < sequences; ++i) {
      // The reshape checks that the sequences are of one length.
      Value &sequence = values[size_t(states + i)];
      SmallVector<Extent> shape;
      for (int64_t d = 0; d < n.rank(sequence); ++d)
        shape.push_back(d == inputAxes[size_t(i)] ? count : n.extent(sequence, d));
      sequence = n.reshape(sequence, shape);
    }
    auto step = [&](ArrayRef<Value> inputs, SmallVectorImpl<Value> &outputs) {
      SmallVector<Value> given(inputs.drop_front(2));
      for (int64_t i = 0; i < sequences; ++i) {
        Value place = inputDirections[size_t(i)] ? n.sub(last, inputs[0]) : inputs[0];
        given.push_back(n.gather(values[size_t(states + i)], place, inputAxes[size_t(i)]));
      }
      ::onnx::GraphProto copy = *body;
      if (n.failed() || !importBody(n, copy, given, outputs))
        return false;
      outputs.insert(outputs.begin(), inputs[1]);
      return true;
    };
    SmallVector<Value> ends = iterate(n, length, {}, ArrayRef(values).take_front(size_t(states)), results, step);
    if (n.failed() || ends.empty())
      return;
    for (int64_t i = 0; i < states; ++i)
      n.out(unsigned(i), ends[size_t(i)]);
    for (size_t j = 0; j < results; ++j) {
      Value rows = ends[size_t(states) + j];
      if (outputDirections[j])
        rows = n.slice(rows, 0, -1, std::numeric_limits<int64_t>::min(), -1);
      int64_t axis = n.checkAxis(outputAxes[j], n.rank(rows), "scan_output_axes");
      Ints order;
      for (int64_t d = 1; d < n.rank(rows); ++d)
        order.push_back(d);
      order.insert(order.begin() + axis, 0);
      n.out(unsigned(states) + unsigned(j), axis == 0 ? rows : n.transpose(rows, order));
    }
    return;
  }
  SmallVector<Value> state(values.begin(), values.begin() + states);
  SmallVector<SmallVector<Value>> collected(results);
  for (int64_t t = 0; t < steps; ++t) {
    SmallVector<Value> inputs = state, outputs;
    for (int64_t i = 0; i < sequences; ++i) {
      int64_t axis = inputAxes[size_t(i)], place = inputDirections[size_t(i)] ? steps - 1 - t : t;
      inputs.push_back(n.squeeze(n.slice(values[size_t(states + i)], axis, place, place + 1), {axis}));
    }
    ::onnx::GraphProto copy = *body;
    if (n.failed() || !importBody(n, copy, inputs, outputs))
      return;
    state.assign(outputs.begin(), outputs.begin() + states);
    for (size_t j = 0; j < results; ++j)
      collected[j].push_back(outputs[size_t(states) + j]);
  }
  for (int64_t i = 0; i < states; ++i)
    n.out(unsigned(i), state[size_t(i)]);
  for (size_t j = 0; j < results; ++j) {
    int64_t axis = n.checkAxis(outputAxes[j], n.rank(collected[j][0]) + 1, "scan_output_axes");
    for (Value &value : collected[j])
      value = n.unsqueeze(value, {axis});
    if (outputDirections[j])
      std::reverse(collected[j].begin(), collected[j].end());
    n.out(unsigned(states) + unsigned(j), n.concat(collected[j], axis));
  }
}

} // namespace

SmallVector<Value> whileLoop(Node &n, ArrayRef<Value> initial, function_ref<Value(ArrayRef<Value>)> goesOn,
                             function_ref<SmallVector<Value>(ArrayRef<Value>)> body) {
  SmallVector<Value> results(initial.size());
  if (n.failed())
    return results;
  SmallVector<Type> types;
  for (Value value : initial)
    types.push_back(value.getType());
  Region *test = n.graph.newRegion(), *step = n.graph.newRegion();
  auto arguments = [&](Region *region) {
    n.b.setInsertionPointToEnd(&region->front());
    SmallVector<Value> values;
    for (Type type : types)
      values.push_back(region->front().addArgument(type, n.loc));
    return values;
  };
  OpBuilder::InsertionGuard guard(n.b);
  OpBuilder::InsertPoint here = n.b.saveInsertionPoint();
  SmallVector<Value> before = arguments(test);
  Value condition = extract(n, goesOn(before));
  if (n.failed())
    return results;
  scf::ConditionOp::create(n.b, n.loc, condition, before);
  SmallVector<Value> next = body(arguments(step));
  if (n.failed())
    return results;
  for (auto [value, type] : llvm::zip_equal(next, types))
    value = castTo(n, value, type);
  scf::YieldOp::create(n.b, n.loc, next);
  n.b.restoreInsertionPoint(here);
  auto op = scf::WhileOp::create(n.b, n.loc, TypeRange(types), initial);
  op.getBefore().takeBody(*test);
  op.getAfter().takeBody(*step);
  llvm::copy(op.getResults(), results.begin());
  return results;
}

void addControl(HandlerTable &table) {
  table.add("If", 1, 1, ifOperator);
  table.add("Loop", 0, HandlerTable::kVariadic, loop);
  table.add("Scan", 1, HandlerTable::kVariadic, scan);
}

} // namespace mlir::aic::onnx_import
