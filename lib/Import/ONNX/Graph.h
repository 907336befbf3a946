// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Graph.h - The walk over a model's nodes ----------------------------===//
#ifndef AIC_LIB_IMPORT_ONNX_GRAPH_H
#define AIC_LIB_IMPORT_ONNX_GRAPH_H

#include "Node.h"
#include "Tensors.h"
#include "aic/Import/ONNX/Import.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

namespace mlir::aic::onnx_import {

/// The names that one graph, subgraph or function body defines.
struct Scope {
  Scope *parent = nullptr;                             ///< what a subgraph sees of the graph around it
  llvm::StringMap<Value> values;                       ///< null: depends on something that is not supported
  llvm::StringMap<::onnx::TensorProto *> initializers; ///< those not used so far
  llvm::StringMap<unsigned> producers;                 ///< all results of nodes, by the node's position
  std::map<std::string, int64_t> opsets;
  const llvm::StringMap<const ::onnx::AttributeProto *> *attributes = nullptr; ///< of the function call
  llvm::StringSet<> absent; ///< inputs of a function that the call leaves out
  std::string prefix;       ///< of node names
  unsigned depth = 0;
  Scope *caller = nullptr; ///< of a function's body
  const ::onnx::FunctionProto *function = nullptr;
};

class GraphImporter {
public:
  GraphImporter(::onnx::ModelProto &model, StringRef file, StringRef folder, MLIRContext *context,
                const ONNXImportOptions &options);
  ~GraphImporter();

  OwningOpRef<ModuleOp> run();

  /// The model is wrong. Only the first call says so.
  void fail(const Twine &message);
  bool hasFailed() const { return failed; }
  void addUnsupported(StringRef domain, StringRef type, const Twine &reason, StringRef node);
  /// What operations said about themselves since the last call.
  std::string takeCaptured();

  /// A value by its name, null if it is (or was made) unusable; `error` says why if it does not exist.
  Value lookup(Scope &names, StringRef name, std::string &error);
  bool define(Scope &names, StringRef name, Value value, StringRef what);
  /// A constant near the start of the function; equal ones are one operation.
  Value constant(Attribute elements, StringRef name = {});
  Value constant(::onnx::TensorProto &proto, const Twine &what, StringRef name = {});

  /// Imports the nodes of a subgraph whose inputs are already defined, and returns the values of its outputs (null
  /// where they are not supported). Fails after an error.
  LogicalResult importSubgraph(Scope &names, ::onnx::GraphProto &graph, SmallVectorImpl<Value> &outputs);
  Scope enter(Scope &around, StringRef prefix);

  /// A region with one block. What is dropped lives on until the end: values are keys of what is known about them.
  Region *newRegion();

  OpBuilder builder;
  ShapeScope shapes;
  TensorReader reader;
  const ONNXImportOptions &options;

private:
  void importNodes(Scope &names, google::protobuf::RepeatedPtrField<::onnx::NodeProto> &nodes);
  void importNode(Scope &names, ::onnx::NodeProto &node, unsigned position);
  void importCall(Node &node, ::onnx::FunctionProto &function);
  bool declareGraph(Scope &names, ::onnx::GraphProto &graph);
  bool declareArguments(Scope &names, ::onnx::GraphProto &graph);
  std::optional<DimBounds> boundsOf(const ::onnx::TensorShapeProto::Dimension &dim, StringRef input, unsigned axis);
  bool readOpsets(const google::protobuf::RepeatedPtrField<::onnx::OperatorSetIdProto> &imports, Scope &names);
  void reportUnsupported();

  ::onnx::ModelProto &model;
  std::string file;
  bool failed = false;
  std::string captured;
  std::optional<ScopedDiagnosticHandler> handler;
  bool capturing = false;
  Operation *lastConstant = nullptr;
  Block *entry = nullptr;
  llvm::DenseMap<Attribute, Value> constants;
  SmallVector<DictionaryAttr> argumentAttributes;
  llvm::StringMap<AffineExpr> dimSymbols;
  llvm::SetVector<StringRef> dimNames;
  std::map<std::string, bool> usedDims;
  std::map<std::string, ::onnx::FunctionProto *> functions;
  std::vector<UnsupportedOp> unsupported;
  OwningOpRef<ModuleOp> module;
  std::vector<std::unique_ptr<Region>> regions;
  uint64_t nodesImported = 0;
};

/// How messages call a node: its name, its first result, or its place.
std::string nodeName(const ::onnx::NodeProto &node, unsigned position, StringRef prefix);

} // namespace mlir::aic::onnx_import

#endif // AIC_LIB_IMPORT_ONNX_GRAPH_H
