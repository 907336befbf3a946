// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- aic-import-fuzzer.cpp - libFuzzer target for the ONNX importer -----===//
//
// Whatever the bytes are, the import ends with a module or one diagnostic. Most
// mutations are of the message and not of its bytes: they leave a model whose
// operators, operands, attributes, types and numbers do not fit each other.
//
//===----------------------------------------------------------------------===//
#include "aic/Import/ONNX/Import.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include <cstdlib>
#include <onnx-ml.pb.h>
#include <random>

using namespace mlir;

extern "C" size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t maxSize);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  // Types, attributes and weights of a context live as long as it does.
  static std::unique_ptr<MLIRContext> context;
  static unsigned runs = 0;
  if (runs++ % 1000 == 0)
    context = std::make_unique<MLIRContext>(MLIRContext::Threading::DISABLED);
  unsigned errors = 0;
  ScopedDiagnosticHandler handler(context.get(), [&](Diagnostic &diagnostic) {
    errors += diagnostic.getSeverity() == DiagnosticSeverity::Error;
    return success();
  });
  bool isImported = bool(aic::importONNXBytes({reinterpret_cast<const char *>(data), size}, "", context.get()));
  if (errors != (isImported ? 0 : 1))
    std::abort();
  return 0;
}

namespace {

using Strings = std::vector<std::string>;

/// Makes one change to a model. What it puts there are parts of this model and of those it has seen before.
class Mutator {
public:
  Mutator(onnx::ModelProto &model, std::minstd_rand &random) : model(model), random(random) {
    visit(*model.mutable_graph());
  }

  void mutate() {
    switch (below(6)) {
    case 0:
    case 1:
      return nodes.empty() ? void() : mutateNode(*pick(nodes));
    case 2:
      return nodes.empty() ? void() : mutateAttributes(*pick(nodes));
    case 3:
      return tensors.empty() ? void() : mutateTensor(*pick(tensors));
    case 4:
      return inputs.empty() ? void() : mutateInput(*pick(inputs));
    default:
      return mutateGraph(*pick(graphs));
    }
  }

private:
  unsigned below(size_t end) { return end == 0 ? 0 : unsigned(random() % end); }
  template <typename List> auto pick(List &list) -> decltype(list[0]) { return list[below(std::size(list))]; }

  int64_t number() {
    static constexpr int64_t kSmall[] = {-3, -2, -1, 0, 1, 2, 3, 4, 8, 65};
    static constexpr int64_t kLarge[] = {INT8_MAX, INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN, 1LL << 40, 1LL << 20};
    return below(4) ? pick(kSmall) : pick(kLarge);
  }

  void visit(onnx::GraphProto &graph) {
    graphs.push_back(&graph);
    for (onnx::NodeProto &node : *graph.mutable_node()) {
      nodes.push_back(&node);
      names.insert(names.end(), node.output().begin(), node.output().end());
      if (seenTypes.size() < 4096)
        seenTypes.push_back(node.op_type());
      for (onnx::AttributeProto &attribute : *node.mutable_attribute()) {
        if (attribute.has_g())
          visit(*attribute.mutable_g());
        if (attribute.has_t())
          tensors.push_back(attribute.mutable_t());
        if (seenAttributes.size() < 4096 && attribute.ByteSizeLong() < 100)
          seenAttributes.push_back(attribute);
      }
    }
    for (onnx::TensorProto &tensor : *graph.mutable_initializer()) {
      tensors.push_back(&tensor);
      names.push_back(tensor.name());
    }
    for (onnx::ValueInfoProto &input : *graph.mutable_input()) {
      inputs.push_back(&input);
      names.push_back(input.name());
    }
  }

  void mutateNode(onnx::NodeProto &node) {
    switch (below(5)) {
    case 0:
      return node.set_op_type(pick(seenTypes));
    case 1:
      if (node.input_size())
        return node.set_input(below(node.input_size()), below(4) ? pick(names) : "");
      [[fallthrough]];
    case 2:
      return node.add_input(pick(names));
    case 3:
      return node.input_size() ? node.mutable_input()->RemoveLast() : void();
    default:
      return node.add_output("out" + std::to_string(below(100)));
    }
  }

  void mutateAttributes(onnx::NodeProto &node) {
    unsigned count = node.attribute_size();
    if (count == 0 || below(4) == 0) {
      if (!seenAttributes.empty())
        *node.add_attribute() = pick(seenAttributes);
      return;
    }
    onnx::AttributeProto &attribute = *node.mutable_attribute(below(count));
    if (below(6) == 0)
      return node.mutable_attribute()->DeleteSubrange(below(count), 1);
    if (attribute.ints_size() && below(2))
      return attribute.set_ints(below(attribute.ints_size()), number());
    if (attribute.ints_size() || below(8) == 0)
      return below(2) ? attribute.add_ints(number()) : attribute.clear_ints();
    if (attribute.has_f())
      return attribute.set_f(below(2) ? float(number()) : std::numeric_limits<float>::quiet_NaN());
    attribute.set_i(number());
  }

  /// Another type or shape, then as many bytes as it needs; or other bytes.
  void mutateTensor(onnx::TensorProto &tensor) {
    static constexpr unsigned kBytes[] = {0, 4, 1, 1, 2, 2, 4, 8, 0, 1, 2, 8, 4, 8, 8, 16, 2};
    if (below(3) == 0)
      tensor.set_data_type(1 + below(16));
    if (below(2))
      below(2) && tensor.dims_size() ? tensor.set_dims(below(tensor.dims_size()), number()) : tensor.add_dims(1);
    else if (below(2) && tensor.dims_size())
      tensor.mutable_dims()->RemoveLast();
    size_t size = kBytes[tensor.data_type() > 0 && tensor.data_type() <= 16 ? tensor.data_type() : 0];
    for (int64_t extent : tensor.dims())
      size = extent < 0 || extent > 64 ? 0 : std::min<size_t>(size * extent, 1 << 10);
    std::string bytes(size, 0);
    for (size_t i = 0; i + 8 <= size; i += 8)
      if (int64_t value = number(); below(4))
        std::memcpy(&bytes[i], &value, 8);
    tensor.clear_int32_data();
    tensor.clear_int64_data();
    tensor.clear_float_data();
    tensor.clear_double_data();
    tensor.clear_uint64_data();
    tensor.set_raw_data(bytes);
  }

  void mutateInput(onnx::ValueInfoProto &input) {
    onnx::TypeProto::Tensor &type = *input.mutable_type()->mutable_tensor_type();
    onnx::TensorShapeProto &shape = *type.mutable_shape();
    switch (below(4)) {
    case 0:
      return type.set_elem_type(1 + below(16));
    case 1:
      shape.add_dim()->set_dim_value(number());
      return;
    case 2:
      return shape.dim_size() ? shape.mutable_dim()->RemoveLast() : void();
    default:
      if (!shape.dim_size())
        return;
      onnx::TensorShapeProto::Dimension &dim = *shape.mutable_dim(below(shape.dim_size()));
      below(2) ? dim.set_dim_value(number()) : dim.set_dim_param("N");
    }
  }

  void mutateGraph(onnx::GraphProto &graph) {
    switch (below(4)) {
    case 0:
      return model.opset_import_size() ? model.mutable_opset_import(0)->set_version(7 + below(20)) : void();
    case 1: // another node after the last one
      if (graph.node_size()) {
        onnx::NodeProto &node = *graph.add_node();
        node = graph.node(below(graph.node_size() - 1));
        node.clear_output();
        node.add_output("new" + std::to_string(graph.node_size()));
        node.set_op_type(pick(seenTypes));
        if (node.input_size())
          node.set_input(0, pick(names));
        graph.add_output()->set_name(node.output(0));
      }
      return;
    case 2:
      return graph.node_size() > 1 ? graph.mutable_node()->DeleteSubrange(below(graph.node_size()), 1) : void();
    default:
      return graph.output_size() ? graph.mutable_output(0)->set_name(pick(names)) : void();
    }
  }

  onnx::ModelProto &model;
  std::minstd_rand &random;
  std::vector<onnx::GraphProto *> graphs;
  std::vector<onnx::NodeProto *> nodes;
  std::vector<onnx::TensorProto *> tensors;
  std::vector<onnx::ValueInfoProto *> inputs;
  Strings names = {""};
  static Strings seenTypes;
  static std::vector<onnx::AttributeProto> seenAttributes;
};

Strings Mutator::seenTypes = {"Add"};
std::vector<onnx::AttributeProto> Mutator::seenAttributes;

} // namespace

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t maxSize, unsigned seed) {
  onnx::ModelProto model;
  if (seed % 8 == 0 || !model.ParseFromArray(data, int(size)))
    return LLVMFuzzerMutate(data, size, maxSize);
  std::minstd_rand random(seed);
  for (unsigned i = 0, count = 1 + random() % 3; i < count; ++i)
    Mutator(model, random).mutate();
  size_t changed = model.ByteSizeLong();
  if (changed > maxSize)
    return LLVMFuzzerMutate(data, size, maxSize);
  model.SerializeToArray(data, int(changed));
  return changed;
}
