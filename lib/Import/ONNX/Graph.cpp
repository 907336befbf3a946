// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Graph.h"
#include "aic/Dialect/AIC/IR/AICDialect.h"
#include "aic/Dialect/AIC/IR/EvalBridge.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Verifier.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;

namespace mlir::aic::onnx_import {

static constexpr int64_t kFirstOpset = 7, kLastOpset = 28, kLastIRVersion = 14;
/// Functions in functions could make a small file a huge graph.
static constexpr uint64_t kMaxNodes = 4'000'000;
static constexpr unsigned kMaxDepth = 64;

static const HandlerTable &handlers() {
  static const HandlerTable table;
  return table;
}

HandlerTable::HandlerTable() {
  addAttention(*this);
  addContraction(*this);
  addControl(*this);
  addElementwise(*this);
  addIndexing(*this);
  addMovement(*this);
  addNormalization(*this);
  addQuantization(*this);
  addRecurrent(*this);
  addReduction(*this);
  addResample(*this);
  addSelection(*this);
  addSignal(*this);
  addWindow(*this);
}

const HandlerEntry *HandlerTable::find(StringRef domain, StringRef type) const {
  if (!domain.empty() && domain != "ai.onnx")
    return nullptr;
  auto it = entries.find(type);
  return it == entries.end() ? nullptr : &it->second;
}

std::string nodeName(const ::onnx::NodeProto &node, unsigned position, StringRef prefix) {
  if (!node.name().empty())
    return (prefix + node.name()).str();
  for (const std::string &output : node.output())
    if (!output.empty())
      return (prefix + output).str();
  return (prefix + node.op_type() + "_" + Twine(position)).str();
}

static std::string functionKey(StringRef domain, StringRef name, StringRef overload) {
  return ((domain == "ai.onnx" ? "" : domain) + "\n" + name + "\n" + overload).str();
}

GraphImporter::GraphImporter(::onnx::ModelProto &model, StringRef file, StringRef folder, MLIRContext *context,
                             const ONNXImportOptions &options)
    : builder(context), shapes(context), reader(folder), options(options), model(model), file(file) {
  handler.emplace(context, [this](Diagnostic &diagnostic) -> LogicalResult {
    if (!capturing || diagnostic.getSeverity() != DiagnosticSeverity::Error)
      return failure();
    if (captured.empty()) {
      captured = diagnostic.str();
      // The node is named already; the operation it became does not help.
      StringRef text = captured;
      if (text.consume_front("'aic.")) {
        size_t end = text.find("' op ");
        if (end != StringRef::npos)
          captured = text.substr(end + 5).str();
      }
    }
    return success();
  });
}

GraphImporter::~GraphImporter() {
  for (auto &region : regions)
    region->dropAllReferences();
}

std::string GraphImporter::takeCaptured() { return std::exchange(captured, {}); }

void GraphImporter::fail(const Twine &message) {
  if (std::exchange(failed, true))
    return;
  bool wasCapturing = std::exchange(capturing, false);
  emitError(builder.getUnknownLoc()) << file << ": " << message;
  capturing = wasCapturing;
}

void GraphImporter::addUnsupported(StringRef domain, StringRef type, const Twine &reason, StringRef node) {
  if (domain == "ai.onnx")
    domain = "";
  std::string text = reason.str();
  for (UnsupportedOp &op : unsupported)
    if (op.domain == domain && op.type == type && op.reason == text)
      return op.nodes.push_back(node.str());
  unsupported.push_back({domain.str(), type.str(), text, {node.str()}});
}

void GraphImporter::reportUnsupported() {
  size_t count = 0;
  std::string list;
  raw_string_ostream os(list);
  for (const UnsupportedOp &op : unsupported) {
    count += op.nodes.size();
    os << "\n  " << (op.domain.empty() ? "" : op.domain + ".") << op.type << ": " << op.reason << " ("
       << op.nodes.size() << (op.nodes.size() == 1 ? " node: " : " nodes: ");
    ArrayRef<std::string> shown = ArrayRef(op.nodes).take_front(5);
    interleaveComma(shown, os, [&](const std::string &name) { os << "'" << name << "'"; });
    os << (shown.size() < op.nodes.size() ? ", ...)" : ")");
  }
  fail("expected supported operators, got " + Twine(count) +
       (count == 1 ? " node that is not:" : " nodes that are not:") + list);
}

//===-- Names ---------------------------------------------------------------===//

Value GraphImporter::lookup(Scope &names, StringRef name, std::string &error) {
  for (Scope *scope = &names; scope; scope = scope->parent) {
    if (auto it = scope->values.find(name); it != scope->values.end())
      return it->second;
    if (auto it = scope->initializers.find(name); it != scope->initializers.end()) {
      ::onnx::TensorProto *proto = it->second;
      scope->initializers.erase(it);
      return scope->values[name] = constant(*proto, "initializer '" + name + "'", name);
    }
  }
  if (names.producers.count(name))
    error = ("expected '" + name + "' to be computed before; the graph has a cycle or its nodes are not sorted").str();
  else
    error = ("expected an input, an initializer or the result of a node, got '" + name + "'").str();
  return {};
}

bool GraphImporter::define(Scope &names, StringRef name, Value value, StringRef what) {
  if (names.values.try_emplace(name, value).second && !names.initializers.count(name))
    return true;
  fail(what + ": expected a new name, got '" + name + "' twice");
  return false;
}

Value GraphImporter::constant(Attribute elements, StringRef name) {
  Value &known = constants[elements];
  if (known)
    return known;
  OpBuilder::InsertionGuard guard(builder);
  if (lastConstant)
    builder.setInsertionPointAfter(lastConstant);
  else
    builder.setInsertionPointToStart(entry);
  Location loc = name.empty() ? Location(builder.getUnknownLoc()) : NameLoc::get(builder.getStringAttr(name));
  lastConstant = arith::ConstantOp::create(builder, loc, cast<TypedAttr>(elements));
  return known = lastConstant->getResult(0);
}

Value GraphImporter::constant(::onnx::TensorProto &proto, const Twine &what, StringRef name) {
  TensorReader::Result result = reader.read(proto);
  if (result.tensor)
    return constant(toAttr(builder.getContext(), *result.tensor, name.empty() ? "aic" : name), name);
  if (result.isUnsupported)
    addUnsupported("", "Tensor", result.error, name.empty() ? StringRef(proto.name()) : name);
  else
    fail(what + ": " + result.error);
  return {};
}

//===-- Nodes ---------------------------------------------------------------===//

void GraphImporter::importNodes(Scope &names, google::protobuf::RepeatedPtrField<::onnx::NodeProto> &nodes) {
  for (int i = 0; i < nodes.size() && !failed; ++i)
    importNode(names, *nodes.Mutable(i), unsigned(i));
}

/// The node with the call's attributes in place of references, and without the operands that the call leaves out.
static void substitute(const Scope &names, ::onnx::NodeProto &node) {
  for (int i = 0; i < node.attribute_size();) {
    ::onnx::AttributeProto *attribute = node.mutable_attribute(i);
    if (!attribute->ref_attr_name().empty()) {
      auto it = names.attributes->find(attribute->ref_attr_name());
      if (it == names.attributes->end()) {
        node.mutable_attribute()->DeleteSubrange(i, 1);
        continue;
      }
      std::string name = attribute->name();
      *attribute = *it->second;
      attribute->set_name(name);
    }
    ++i;
  }
}

static bool isAbsent(const Scope &names, StringRef input) {
  for (const Scope *scope = &names; scope; scope = scope->parent)
    if (scope->absent.contains(input))
      return true;
  return false;
}

void GraphImporter::importNode(Scope &names, ::onnx::NodeProto &original, unsigned position) {
  std::string name = nodeName(original, position, names.prefix);
  auto failHere = [&](const Twine &message) { fail("node '" + name + "' (" + original.op_type() + "): " + message); };
  if (++nodesImported > kMaxNodes)
    return failHere("expected at most " + Twine(kMaxNodes) + " nodes, functions included");

  ::onnx::NodeProto copy;
  if (names.attributes) {
    copy = original;
    substitute(names, copy);
  }
  ::onnx::NodeProto &proto = names.attributes ? copy : original;

  StringSet<> attributeNames;
  for (const ::onnx::AttributeProto &attribute : proto.attribute()) {
    if (!attributeNames.insert(attribute.name()).second)
      return failHere("expected each attribute once, got '" + attribute.name() + "' twice");
    if (!attribute.has_type() && !attribute.has_i() && !attribute.has_f() && !attribute.has_s() && !attribute.has_t() &&
        !attribute.has_g() && !attribute.ints_size() && !attribute.floats_size() && !attribute.strings_size())
      return failHere("attribute '" + attribute.name() + "' has an unknown type");
  }

  bool isUsable = true;
  SmallVector<Value> operands;
  for (std::string &input : *proto.mutable_input()) {
    if (input.empty()) {
      operands.push_back({});
      continue;
    }
    std::string error;
    Value value = lookup(names, input, error);
    if (failed)
      return;
    if (!value && isAbsent(names, input)) {
      input.clear();
    } else if (!error.empty()) {
      return failHere(error);
    } else {
      isUsable &= bool(value);
    }
    operands.push_back(value);
  }

  StringRef domain = proto.domain();
  if (domain == "ai.onnx")
    domain = "";
  auto opset = names.opsets.find(domain.str());
  auto function = functions.find(functionKey(domain, proto.op_type(), proto.overload()));
  const HandlerEntry *entry = function == functions.end() ? handlers().find(domain, proto.op_type()) : nullptr;
  if (opset == names.opsets.end())
    return failHere("expected an opset of domain '" + domain + "', the model imports none");

  if (proto.output().empty())
    return; // nothing is asked of it

  Node node(*this, names, proto, name, opset->second);
  node.operands = std::move(operands);
  node.results.resize(proto.output_size());
  if (!entry && function == functions.end()) {
    isUsable = false; // was reported before
  } else if (entry && opset->second < entry->since) {
    if (isUsable)
      node.unsupported("operator of opset " + Twine(entry->since) + ", the model has " + Twine(opset->second));
  } else if (entry) {
    if (proto.input_size() > int64_t(entry->maxInputs))
      return failHere("expected at most " + Twine(entry->maxInputs) + " operands, got " + Twine(proto.input_size()));
    for (unsigned i = 0; i < entry->minInputs; ++i)
      if (!node.has(i))
        return failHere("expected at least " + Twine(entry->minInputs) + " operands, got " + Twine(proto.input_size()) +
                        (i < node.numInputs() ? " with an empty one" : ""));
  }

  if (isUsable && !node.failed()) {
    bool wasCapturing = std::exchange(capturing, true);
    if (entry) {
      entry->handler(node);
      node.checkAttributes();
    } else {
      importCall(node, *function->second);
    }
    capturing = wasCapturing;
  }
  if (failed)
    return;
  if (node.failed())
    isUsable = false;
  for (auto [i, output] : enumerate(proto.output())) {
    if (output.empty())
      continue;
    Value value = isUsable ? node.results[i] : Value();
    if (isUsable && !value && entry) {
      node.unsupported("result " + Twine(i));
      isUsable = false;
    }
    if (!define(names, output, value, "node '" + name + "' (" + proto.op_type() + ")"))
      return;
    // The value's own name is in the location of the operation that computes it.
    if (Operation *op = value ? value.getDefiningOp() : nullptr)
      if (auto loc = dyn_cast<NameLoc>(op->getLoc()); loc && loc == node.loc)
        op->setLoc(NameLoc::get(loc.getName(), NameLoc::get(builder.getStringAttr(output))));
  }
}

void GraphImporter::importCall(Node &node, ::onnx::FunctionProto &function) {
  if (node.names.depth + 1 > kMaxDepth)
    return node.error("expected functions at most " + Twine(kMaxDepth) + " deep");
  for (Scope *scope = &node.names; scope; scope = scope->parent ? scope->parent : scope->caller)
    if (scope->function == &function)
      return node.error("expected a function that does not call itself, got '" + function.name() + "'");
  Scope body;
  body.caller = &node.names;
  body.function = &function;
  body.depth = node.names.depth + 1;
  body.prefix = node.name + "/";
  if (!readOpsets(function.opset_import(), body))
    return;
  StringMap<const ::onnx::AttributeProto *> attributes;
  for (const ::onnx::AttributeProto &attribute : function.attribute_proto())
    attributes[attribute.name()] = &attribute;
  for (const ::onnx::AttributeProto &attribute : node.proto.attribute()) {
    attributes[attribute.name()] = &attribute;
    node.ignore(attribute.name());
  }
  body.attributes = &attributes;
  if (node.proto.input_size() > function.input_size() || node.proto.output_size() > function.output_size())
    return node.error("expected at most " + Twine(function.input_size()) + " operands and " +
                      Twine(function.output_size()) + " results of the function");
  for (auto [i, input] : enumerate(function.input())) {
    Value value = i < node.operands.size() ? node.operands[i] : Value();
    if (!value)
      body.absent.insert(input);
    if (!define(body, input, value, "function '" + function.name() + "'"))
      return;
  }
  for (auto [i, inner] : enumerate(function.node()))
    for (const std::string &output : inner.output())
      body.producers[output] = unsigned(i);
  bool wasCapturing = std::exchange(capturing, false);
  importNodes(body, *function.mutable_node());
  capturing = wasCapturing;
  for (auto [i, output] : enumerate(node.proto.output())) {
    if (failed || output.empty())
      continue;
    std::string error;
    node.results[i] = lookup(body, function.output(int(i)), error);
    if (!error.empty())
      node.error("function '" + function.name() + "': " + error);
  }
}

Scope GraphImporter::enter(Scope &around, StringRef prefix) {
  Scope names;
  names.parent = &around;
  names.opsets = around.opsets;
  names.attributes = around.attributes;
  names.prefix = (prefix + "/").str();
  names.depth = around.depth + 1;
  return names;
}

Region *GraphImporter::newRegion() {
  regions.push_back(std::make_unique<Region>());
  regions.back()->emplaceBlock();
  return regions.back().get();
}

LogicalResult GraphImporter::importSubgraph(Scope &names, ::onnx::GraphProto &graph, SmallVectorImpl<Value> &outputs) {
  if (names.depth > kMaxDepth) {
    fail("expected graphs at most " + Twine(kMaxDepth) + " deep");
    return failure();
  }
  bool wasCapturing = std::exchange(capturing, false);
  scope_exit restore([&] { capturing = wasCapturing; });
  if (!declareGraph(names, graph))
    return failure();
  importNodes(names, *graph.mutable_node());
  for (const ::onnx::ValueInfoProto &output : graph.output()) {
    if (failed)
      return failure();
    std::string error;
    outputs.push_back(lookup(names, output.name(), error));
    if (!error.empty())
      fail("output of graph '" + graph.name() + "': " + error);
  }
  return success(!failed);
}

//===-- The graph -----------------------------------------------------------===//

bool GraphImporter::readOpsets(const google::protobuf::RepeatedPtrField<::onnx::OperatorSetIdProto> &imports,
                               Scope &names) {
  for (const ::onnx::OperatorSetIdProto &import : imports) {
    std::string domain = import.domain() == "ai.onnx" ? "" : import.domain();
    if (domain.empty() && (import.version() < kFirstOpset || import.version() > kLastOpset)) {
      fail("expected an opset between " + Twine(kFirstOpset) + " and " + Twine(kLastOpset) + ", got " +
           Twine(import.version()));
      return false;
    }
    names.opsets[domain] = import.version();
  }
  return true;
}

/// Notes the operators that there is no handler for. `isCall` is told of every node.
static void scanNodes(GraphImporter &importer, const google::protobuf::RepeatedPtrField<::onnx::NodeProto> &nodes,
                      StringRef prefix, function_ref<bool(const ::onnx::NodeProto &)> isCall) {
  for (auto [i, node] : enumerate(nodes)) {
    std::string name = nodeName(node, unsigned(i), prefix);
    if (!isCall(node) && !handlers().find(node.domain(), node.op_type()))
      importer.addUnsupported(node.domain(), node.op_type(), "unknown operator", name);
    for (const ::onnx::AttributeProto &attribute : node.attribute())
      if (attribute.has_g())
        scanNodes(importer, attribute.g().node(), name + "/", isCall);
  }
}

bool GraphImporter::declareGraph(Scope &names, ::onnx::GraphProto &graph) {
  for (::onnx::TensorProto &tensor : *graph.mutable_initializer()) {
    if (tensor.name().empty()) {
      fail("expected a name of each initializer");
      return false;
    }
    if (!names.initializers.try_emplace(tensor.name(), &tensor).second) {
      fail("expected each initializer once, got '" + tensor.name() + "' twice");
      return false;
    }
  }
  for (const ::onnx::SparseTensorProto &tensor : graph.sparse_initializer()) {
    addUnsupported("", "Tensor", "sparse initializer", tensor.values().name());
    names.values[tensor.values().name()] = {};
  }
  for (auto [i, node] : enumerate(graph.node()))
    for (const std::string &output : node.output())
      if (!output.empty())
        names.producers[output] = unsigned(i);
  return true;
}

std::optional<DimBounds> GraphImporter::boundsOf(const ::onnx::TensorShapeProto::Dimension &dim, StringRef input,
                                                 unsigned axis) {
  for (const std::string &key : {(input + ":" + Twine(axis)).str(), dim.dim_param()}) {
    if (key.empty())
      continue;
    auto it = options.dims.find(key);
    if (it == options.dims.end())
      continue;
    usedDims[key] = true;
    return it->second;
  }
  return std::nullopt;
}

bool GraphImporter::declareArguments(Scope &names, ::onnx::GraphProto &graph) {
  StringSet<> seen;
  for (const ::onnx::ValueInfoProto &input : graph.input()) {
    std::string what = "input '" + input.name() + "'";
    if (input.name().empty() || !seen.insert(input.name()).second) {
      fail(input.name().empty() ? std::string("expected a name of each input") : what + ": expected each input once");
      return false;
    }
    if (names.initializers.count(input.name()) || names.values.count(input.name()))
      continue; // a constant; older models list those as inputs too
    const ::onnx::TypeProto &type = input.type();
    std::string reason;
    if (type.value_case() != ::onnx::TypeProto::kTensorType)
      reason = "an input that is no tensor";
    else if (!toDType(type.tensor_type().elem_type()))
      reason = "element type " + dataTypeName(type.tensor_type().elem_type());
    else if (!type.tensor_type().has_shape())
      reason = "an input of unknown rank";
    if (!reason.empty()) {
      addUnsupported("", "Input", reason, input.name());
      names.values[input.name()] = {};
      continue;
    }

    SmallVector<int64_t> shape;
    SmallVector<AffineExpr> dims;
    SmallVector<Attribute> dimLabels, bounds;
    bool isBounded = false;
    std::string text;
    for (auto [axis, dim] : enumerate(type.tensor_type().shape().dim())) {
      StringRef label = dim.dim_param();
      if (label == "?" || label == "-1")
        label = "";
      std::optional<int64_t> extent;
      if (dim.has_dim_value() && dim.dim_value() != -1)
        extent = dim.dim_value();
      if (std::optional<DimBounds> bound = boundsOf(dim, input.name(), unsigned(axis))) {
        if (extent && !bound->allows(*extent)) {
          fail(what + ": expected extent " + Twine(*extent) + " of dimension " + Twine(axis) + " in --dim, got " +
               Twine(bound->minimum) + (bound->isFixed() ? Twine() : ".." + Twine(bound->maximum)));
          return false;
        }
        if (bound->isFixed())
          extent = bound->minimum;
        isBounded |= !bound->isFixed() && !extent;
        bounds.push_back(extent ? builder.getArrayAttr({})
                                : builder.getI64ArrayAttr({bound->minimum, bound->maximum, bound->multiple}));
      } else {
        bounds.push_back(builder.getArrayAttr({}));
      }
      if (extent && (*extent < 0 || *extent > kMaxElements)) {
        fail(what + ": expected an extent between 0 and 2^40, or -1, got " + Twine(*extent));
        return false;
      }
      if (!extent && !label.empty())
        dimNames.insert(dim.dim_param());
      shape.push_back(extent.value_or(ShapedType::kDynamic));
      dimLabels.push_back(builder.getStringAttr(extent ? "" : label));
      if (extent)
        dims.push_back(shapes.constant(*extent));
      else if (label.empty())
        dims.push_back(shapes.unknown());
      else if (AffineExpr &symbol = dimSymbols[label])
        dims.push_back(symbol);
      else
        dims.push_back(symbol = shapes.unknown());
    }
    SmallVector<int64_t> known = to_vector(make_filter_range(shape, [](int64_t d) { return d >= 0; }));
    if (!countElements(known)) {
      fail(what + ": expected at most 2^40 elements");
      return false;
    }
    Type element = toElementType(builder.getContext(), *toDType(type.tensor_type().elem_type()));
    Value argument =
        entry->addArgument(RankedTensorType::get(shape, element), NameLoc::get(builder.getStringAttr(input.name())));
    shapes.setDims(argument, dims);
    SmallVector<NamedAttribute> attributes{builder.getNamedAttr("aic.name", builder.getStringAttr(input.name()))};
    attributes.push_back(builder.getNamedAttr("aic.dims", builder.getArrayAttr(dimLabels)));
    if (isBounded)
      attributes.push_back(builder.getNamedAttr("aic.bounds", builder.getArrayAttr(bounds)));
    argumentAttributes.push_back(builder.getDictionaryAttr(attributes));
    if (!define(names, input.name(), argument, what))
      return false;
  }
  for (const auto &[key, bounds] : options.dims)
    if (!usedDims[key]) {
      fail("expected a dimension of the model in --dim, got '" + key + "'" +
           (dimNames.empty() ? "" : "; it has " + join(dimNames, ", ")));
      return false;
    }
  return true;
}

OwningOpRef<ModuleOp> GraphImporter::run() {
  MLIRContext *context = builder.getContext();
  context->loadDialect<AICDialect, arith::ArithDialect, func::FuncDialect, scf::SCFDialect, tensor::TensorDialect>();
  Scope names;
  if (model.ir_version() < 3 || model.ir_version() > kLastIRVersion) {
    fail("expected an ONNX model of IR version 3 to " + Twine(kLastIRVersion) + ", got " + Twine(model.ir_version()));
    return {};
  }
  if (!model.has_graph()) {
    fail("expected a graph in the model");
    return {};
  }
  if (!readOpsets(model.opset_import(), names))
    return {};
  for (::onnx::FunctionProto &function : *model.mutable_functions()) {
    std::string key = functionKey(function.domain(), function.name(), function.overload());
    if (!functions.try_emplace(key, &function).second) {
      fail("expected each function once, got '" + function.domain() + "." + function.name() + "' twice");
      return {};
    }
  }
  // What no node calls may hold anything.
  SetVector<const ::onnx::FunctionProto *> called;
  auto isCall = [&](const ::onnx::NodeProto &node) {
    auto it = functions.find(functionKey(node.domain(), node.op_type(), node.overload()));
    return it != functions.end() && (called.insert(it->second), true);
  };
  ::onnx::GraphProto &graph = *model.mutable_graph();
  scanNodes(*this, graph.node(), "", isCall);
  for (size_t i = 0; i < called.size(); ++i)
    scanNodes(*this, called[i]->node(), called[i]->name() + "/", isCall);

  module = ModuleOp::create(builder.getUnknownLoc());
  module.get()->setAttr("aic.model_name", builder.getStringAttr(graph.name()));
  builder.setInsertionPointToStart(module->getBody());
  auto main = func::FuncOp::create(builder, builder.getUnknownLoc(), "main", builder.getFunctionType({}, {}));
  entry = main.addEntryBlock();
  builder.setInsertionPointToStart(entry);
  if (!declareGraph(names, graph) || !declareArguments(names, graph))
    return {};
  importNodes(names, *graph.mutable_node());

  SmallVector<Value> results;
  SmallVector<Attribute> resultAttributes;
  StringSet<> seen;
  for (const ::onnx::ValueInfoProto &output : graph.output()) {
    if (failed)
      return {};
    std::string error, what = "output '" + output.name() + "'";
    Value value = lookup(names, output.name(), error);
    if (!error.empty())
      fail(what + ": " + error);
    else if (!seen.insert(output.name()).second)
      fail(what + ": expected each output once");
    if (failed || !value)
      continue;
    auto type = cast<RankedTensorType>(value.getType());
    const ::onnx::TypeProto::Tensor &declared = output.type().tensor_type();
    std::optional<::aic::eval::DType> element = toDType(declared.elem_type());
    if (element && toElementType(context, *element) != type.getElementType()) {
      fail(what + ": expected element type " + dataTypeName(declared.elem_type()) + " as declared, got " +
           name(*mlir::aic::toDType(type.getElementType())));
      continue;
    }
    SmallVector<Attribute> dimLabels(type.getRank(), builder.getStringAttr(""));
    if (declared.has_shape() && declared.shape().dim_size() == type.getRank())
      for (auto [axis, dim] : enumerate(declared.shape().dim()))
        if (type.isDynamicDim(unsigned(axis)) && dim.dim_param() != "?" && dim.dim_param() != "-1")
          dimLabels[axis] = builder.getStringAttr(dim.dim_param());
    results.push_back(value);
    resultAttributes.push_back(
        builder.getDictionaryAttr({builder.getNamedAttr("aic.name", builder.getStringAttr(output.name())),
                                   builder.getNamedAttr("aic.dims", builder.getArrayAttr(dimLabels))}));
  }
  for (const std::string &extra : options.extraOutputs) {
    std::string ignored;
    Value value = seen.insert(extra).second ? lookup(names, extra, ignored) : Value();
    auto type = value ? dyn_cast<RankedTensorType>(value.getType()) : RankedTensorType();
    if (!type)
      continue;
    SmallVector<Attribute> dimLabels(type.getRank(), builder.getStringAttr(""));
    results.push_back(value);
    resultAttributes.push_back(
        builder.getDictionaryAttr({builder.getNamedAttr("aic.name", builder.getStringAttr(extra)),
                                   builder.getNamedAttr("aic.dims", builder.getArrayAttr(dimLabels))}));
  }
  if (failed)
    return {};
  builder.setInsertionPointToEnd(entry);
  func::ReturnOp::create(builder, builder.getUnknownLoc(), results);
  main.setFunctionType(builder.getFunctionType(entry->getArgumentTypes(), ValueRange(results).getTypes()));
  main.setAllArgAttrs(argumentAttributes);
  main.setAllResultAttrs(
      SmallVector<DictionaryAttr>(map_range(resultAttributes, [](Attribute a) { return cast<DictionaryAttr>(a); })));

  if (!unsupported.empty() && !options.unsupported) {
    reportUnsupported();
    return {};
  }
  if (options.unsupported)
    *options.unsupported = std::move(unsupported);
  capturing = true;
  bool isValid = succeeded(mlir::verify(*module));
  capturing = false;
  if (!isValid) {
    fail("expected a valid graph: " + takeCaptured());
    return {};
  }
  return std::move(module);
}

} // namespace mlir::aic::onnx_import
