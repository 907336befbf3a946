// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Node.h - What a handler sees of one ONNX node ----------------------===//
//
// A handler reads operands and attributes and builds operations. The first
// error sticks: after it every reader returns a default, every builder a null
// value, and the importer drops what was built. So a handler is written as if
// nothing could go wrong; it only must not look into a value that may be null
// (the readers of types here take null).
//
//===----------------------------------------------------------------------===//
#ifndef AIC_LIB_IMPORT_ONNX_NODE_H
#define AIC_LIB_IMPORT_ONNX_NODE_H

#include "aic/Dialect/AIC/IR/AICOps.h"
#include "aic/Eval/Tensor.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "onnx-ml.pb.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

namespace mlir::aic::onnx_import {

using Ints = SmallVector<int64_t>;
class GraphImporter;
struct Scope;

/// One extent of a shape that is being put together: a number, or a vector of one i64.
struct Extent {
  Extent(int64_t number) : number(number) {}
  Extent(Value vector) : vector(vector) {}
  std::optional<int64_t> number;
  Value vector;
};

class Node {
public:
  Node(GraphImporter &graph, Scope &names, ::onnx::NodeProto &proto, StringRef name, int64_t opset);

  //===-- The node --------------------------------------------------------===//
  GraphImporter &graph;
  Scope &names;
  ::onnx::NodeProto &proto;
  std::string name;
  const int64_t opset;
  OpBuilder &b;
  ShapeScope &scope;
  Location loc;
  SmallVector<Value> operands; ///< null where left out
  SmallVector<Value> results;

  StringRef type() const { return proto.op_type(); }
  bool failed() const { return hasFailed; }
  /// The model is wrong: the import stops.
  void error(const Twine &message);
  /// The model may be right but is not taken: all of these are reported together.
  void unsupported(const Twine &reason);
  /// A part of the node has failed, and has said so.
  bool poison() {
    hasFailed = true;
    return false;
  }

  //===-- Operands and results --------------------------------------------===//
  unsigned numInputs() const { return proto.input_size(); }
  unsigned numOutputs() const { return proto.output_size(); }
  bool has(unsigned i) const { return i < numInputs() && !proto.input(i).empty(); }
  bool wants(unsigned i) const { return i < numOutputs() && !proto.output(i).empty(); }
  /// Operand i, which must be there.
  Value in(unsigned i = 0);
  /// Operand i or null.
  Value optional(unsigned i) { return has(i) ? in(i) : Value(); }
  SmallVector<Value> inputs();
  void out(Value value) { out(0, value); }
  void out(unsigned i, Value value);

  //===-- Attributes ------------------------------------------------------===//
  const ::onnx::AttributeProto *attribute(StringRef name, ::onnx::AttributeProto::AttributeType type);
  bool hasAttribute(StringRef name);
  int64_t getInt(StringRef name, int64_t otherwise);
  int64_t requireInt(StringRef name);
  bool getBool(StringRef name, bool otherwise) { return getInt(name, otherwise) != 0; }
  double getFloat(StringRef name, double otherwise);
  std::string getString(StringRef name, StringRef otherwise);
  std::optional<Ints> getInts(StringRef name);
  std::optional<SmallVector<std::string>> getStrings(StringRef name);
  ::onnx::GraphProto *getGraph(StringRef name);
  void ignore(StringRef name) { used.insert(name); }
  /// An axis in [0, rank) from an attribute; `limit` is rank, or rank + 1 where the axis may lie behind the last.
  int64_t getAxis(StringRef name, int64_t otherwise, int64_t limit);
  int64_t checkAxis(int64_t axis, int64_t limit, const Twine &what = "axis");
  /// The element type that an attribute names; `otherwise` where it is absent.
  Type getElementType(StringRef name, Type otherwise);
  Type elementType(int64_t dataType);
  /// Fails over attributes that the handler has not looked at.
  void checkAttributes();

  //===-- Types and contents; null gives f32, rank 0, unknown -------------===//
  Type elem(Value v);
  static int64_t rank(Value v);
  bool isFloat(Value v) { return isa<FloatType>(elem(v)); }
  bool isUnsigned(Value v) { return elem(v).isUnsignedInteger(); }
  /// The extent, or ShapedType::kDynamic.
  static int64_t dim(Value v, int64_t axis);
  bool isStatic(Value v);
  /// The elements of an integer tensor where they are known.
  std::optional<Ints> ints(Value v);
  /// The same; the operand `what` must be known.
  Ints requireInts(Value v, const Twine &what);
  std::optional<SmallVector<double>> floats(Value v);
  std::optional<double> scalarOf(Value v);
  void expectRank(Value v, int64_t atLeast, int64_t atMost, const Twine &what);

  //===-- Builders --------------------------------------------------------===//
  template <typename OpT, typename... Args> Value make(Type element, Args &&...args) {
    if (hasFailed)
      return {};
    // Some results have rank 1 by definition, none has rank 0.
    auto any = RankedTensorType::get(ShapedType::kDynamic, element);
    auto op = OpT::create(b, loc, any, std::forward<Args>(args)...);
    return finish(op, op.verifyInvariantsImpl()) ? Value(op->getResult(0)) : Value();
  }
  /// Gives a new operation its types and verifies it. `fits`: its operands are what its definition asks for, which is
  /// what inferShapes relies on. If something is wrong, that becomes the node's error and the operation is erased.
  bool finish(Operation *op, LogicalResult fits);
  Value constant(const ::aic::eval::Tensor &tensor);
  Value constant(Attribute elements);
  /// A tensor of rank 0.
  Value scalar(Type element, double value);
  Value scalarLike(Value v, double value) { return scalar(elem(v), value); }
  /// A vector of i64.
  Value vector(ArrayRef<int64_t> values);
  Value index(int64_t value);

  template <typename OpT> Value unary(Value x) { return make<OpT>(elem(x), x); }
  template <typename OpT> Value binary(Value x, Value y) { return make<OpT>(elem(x), x, y); }
  Value add(Value x, Value y) { return binary<AddOp>(x, y); }
  Value sub(Value x, Value y) { return binary<SubOp>(x, y); }
  Value mul(Value x, Value y) { return binary<MulOp>(x, y); }
  Value div(Value x, Value y) { return binary<DivOp>(x, y); }
  Value add(Value x, double y) { return y == 0 ? x : add(x, scalarLike(x, y)); }
  Value sub(Value x, double y) { return y == 0 ? x : sub(x, scalarLike(x, y)); }
  Value mul(Value x, double y) { return y == 1 ? x : mul(x, scalarLike(x, y)); }
  Value div(Value x, double y) { return y == 1 ? x : div(x, scalarLike(x, y)); }
  Value maximum(Value x, Value y) { return binary<MaximumOp>(x, y); }
  Value minimum(Value x, Value y) { return binary<MinimumOp>(x, y); }
  Value exp(Value x) { return unary<ExpOp>(x); }
  Value compare(Predicate predicate, Value x, Value y) { return make<CompareOp>(b.getI1Type(), predicate, x, y); }
  Value select(Value condition, Value x, Value y) { return make<SelectOp>(elem(x), condition, x, y); }
  Value cast(Value x, Type element);
  Value matmul(Value x, Value y) { return binary<MatmulOp>(x, y); }
  Value reduce(ReduceKind kind, Value x, ArrayRef<int64_t> axes, bool keep);
  Value transpose(Value x, ArrayRef<int64_t> permutation);
  Value concat(ArrayRef<Value> values, int64_t axis);
  Value gather(Value x, Value indices, int64_t axis) { return make<GatherOp>(elem(x), x, indices, uint64_t(axis)); }
  Value softmax(Value x, int64_t axis) { return make<SoftmaxOp>(elem(x), x, uint64_t(axis)); }
  /// x[begin:end:step] along one dimension.
  Value slice(Value x, int64_t axis, int64_t begin, int64_t end, int64_t step = 1);
  Value slice(Value x, int64_t axis, Value begin, Value end);
  Value broadcast(Value x, Value shape) { return make<BroadcastOp>(elem(x), x, shapeOperand(shape, "the shape")); }
  Value pad(Value x, Value pads, Value value, PadMode mode) {
    return make<PadOp>(elem(x), x, shapeOperand(pads, "the pads"), value, mode);
  }
  /// v if it is a vector of i64.
  Value shapeOperand(Value v, const Twine &what);
  /// 0, 1, ... limit - 1 as i64.
  Value iota(Value limit);

  //===-- Shapes ----------------------------------------------------------===//
  Value shapeOf(Value x) { return make<ShapeOfOp>(b.getI64Type(), x); }
  Extent extent(Value x, int64_t axis);
  /// The product of the extents in [begin, end).
  Extent extents(Value x, int64_t begin, int64_t end);
  Extent plus(Extent x, Extent y) { return combine<AddOp>(x, y); }
  Extent minus(Extent x, Extent y) { return combine<SubOp>(x, y); }
  Extent times(Extent x, Extent y) { return combine<MulOp>(x, y); }
  Extent over(Extent x, Extent y) { return combine<DivOp>(x, y); }
  Extent atLeast(Extent x, int64_t y) { return combine<MaximumOp>(x, Extent(y)); }
  Extent atMost(Extent x, Extent y) { return combine<MinimumOp>(x, y); }
  Value toVector(Extent x) { return x.number ? vector(*x.number) : x.vector; }
  Value toScalar(Extent x);
  Value toVector(ArrayRef<Extent> extents);
  Value reshape(Value x, Value shape, bool copyZeros = false);
  Value reshape(Value x, ArrayRef<int64_t> shape) { return reshape(x, vector(shape)); }
  Value reshape(Value x, ArrayRef<Extent> shape) { return reshape(x, toVector(shape)); }
  /// The dims of x, some left out and some of extent 1 put in: entries are axes of x, or -1 for a new one.
  Value rearrange(Value x, ArrayRef<int64_t> axes);
  Value squeeze(Value x, ArrayRef<int64_t> axes);
  Value unsqueeze(Value x, ArrayRef<int64_t> axes);
  /// A vector over dimension `axis` of a tensor of this rank, ready to be broadcast.
  Value alongAxis(Value vector, int64_t axis, int64_t rank);

private:
  Extent combineExtents(Extent x, Extent y, function_ref<int64_t(int64_t, int64_t)> fold,
                        function_ref<Value(Value, Value)> build);
  template <typename OpT> Extent combine(Extent x, Extent y) {
    return combineExtents(
        x, y,
        [](int64_t p, int64_t q) -> int64_t {
          if constexpr (std::is_same_v<OpT, AddOp>)
            return int64_t(uint64_t(p) + uint64_t(q));
          else if constexpr (std::is_same_v<OpT, SubOp>)
            return int64_t(uint64_t(p) - uint64_t(q));
          else if constexpr (std::is_same_v<OpT, MulOp>)
            return int64_t(uint64_t(p) * uint64_t(q));
          else if constexpr (std::is_same_v<OpT, DivOp>)
            return q == 0 ? 0 : p / q;
          else if constexpr (std::is_same_v<OpT, MinimumOp>)
            return std::min(p, q);
          else
            return std::max(p, q);
        },
        [this](Value p, Value q) { return binary<OpT>(p, q); });
  }

  bool hasFailed = false;
  llvm::StringSet<> used;
};

//===-- The table of handlers -----------------------------------------------===//

using Handler = void (*)(Node &);
struct HandlerEntry {
  Handler handler = nullptr;
  unsigned minInputs = 1;
  unsigned maxInputs = 1;
  int64_t since = 1; ///< first opset that has the operator
};

class HandlerTable {
public:
  static constexpr unsigned kVariadic = ~0u;
  HandlerTable();
  const HandlerEntry *find(StringRef domain, StringRef type) const;
  void add(StringRef type, unsigned minInputs, unsigned maxInputs, Handler handler, int64_t since = 1) {
    entries[type] = {handler, minInputs, maxInputs, since};
  }

private:
  llvm::StringMap<HandlerEntry> entries;
};

void addAttention(HandlerTable &table);
void addContraction(HandlerTable &table);
void addControl(HandlerTable &table);
void addElementwise(HandlerTable &table);
void addIndexing(HandlerTable &table);
void addMovement(HandlerTable &table);
void addNormalization(HandlerTable &table);
void addQuantization(HandlerTable &table);
void addRecurrent(HandlerTable &table);
void addReduction(HandlerTable &table);
void addResample(HandlerTable &table);
void addSelection(HandlerTable &table);
void addSignal(HandlerTable &table);
void addWindow(HandlerTable &table);

} // namespace mlir::aic::onnx_import

#endif // AIC_LIB_IMPORT_ONNX_NODE_H
