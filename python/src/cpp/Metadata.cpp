// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Metadata.cpp - What an ONNX file says of itself --------------------===//
//
// Names, versions, the declared inputs and outputs, and the files that hold
// weights. Nothing is checked here that the importer checks.
//
//===----------------------------------------------------------------------===//
#include "Bindings.h"
#include "onnx-ml.pb.h"
#include <fcntl.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <set>
#include <unistd.h>

namespace py = pybind11;

namespace aic::python {

static bool parse(::onnx::ModelProto &model, google::protobuf::io::ZeroCopyInputStream &stream) {
  google::protobuf::io::CodedInputStream coded(&stream);
  coded.SetTotalBytesLimit(INT32_MAX);
  return model.ParseFromCodedStream(&coded) && coded.ConsumedEntireMessage() && model.has_graph();
}

static void collectExternal(const ::onnx::TensorProto &tensor, std::set<std::string> &files) {
  for (const auto &entry : tensor.external_data())
    if (entry.key() == "location")
      files.insert(entry.value());
}

// Weights may also be attributes, and lie in the graphs of branches and loops.
static void collectExternal(const ::onnx::GraphProto &graph, std::set<std::string> &files, int depth = 0) {
  for (const auto &tensor : graph.initializer())
    collectExternal(tensor, files);
  if (depth > 64)
    return;
  for (const auto &node : graph.node()) {
    for (const auto &attribute : node.attribute()) {
      collectExternal(attribute.t(), files);
      for (const auto &tensor : attribute.tensors())
        collectExternal(tensor, files);
      if (attribute.has_g())
        collectExternal(attribute.g(), files, depth + 1);
      for (const auto &inner : attribute.graphs())
        collectExternal(inner, files, depth + 1);
    }
  }
}

static py::object textOf(const std::string &bytes) {
  PyObject *text = PyUnicode_DecodeUTF8(bytes.data(), static_cast<Py_ssize_t>(bytes.size()), "replace");
  return py::reinterpret_steal<py::object>(text);
}

static const char *typeName(int type) {
  static const char *names[] = {"",       "float",  "uint8",     "int8",       "uint16",  "int16",
                                "int32",  "int64",  "string",    "bool",       "float16", "double",
                                "uint32", "uint64", "complex64", "complex128", "bfloat16"};
  return type > 0 && type < static_cast<int>(std::size(names)) ? names[type] : "";
}

template <typename Values> static py::list describe(const Values &values, const std::set<std::string> &initialisers) {
  py::list result;
  for (const auto &value : values) {
    if (initialisers.count(value.name()))
      continue;
    const auto &tensor = value.type().tensor_type();
    std::string type = typeName(tensor.elem_type());
    py::object shape = py::none();
    if (tensor.has_shape()) {
      py::list dims;
      for (const auto &dim : tensor.shape().dim()) {
        if (dim.has_dim_value() && dim.dim_value() >= 0)
          dims.append(py::int_(dim.dim_value()));
        else if (dim.has_dim_param() && !dim.dim_param().empty())
          dims.append(textOf(dim.dim_param()));
        else
          dims.append(py::none());
      }
      shape = dims;
    }
    result.append(py::make_tuple(textOf(value.name()), type.empty() ? "" : "tensor(" + type + ")", shape));
  }
  return result;
}

static py::dict metadata(const py::object &source) {
  ::onnx::ModelProto model;
  bool ok;
  std::string name = "model";
  if (py::isinstance<py::bytes>(source)) {
    std::string_view bytes = py::cast<py::bytes>(source);
    py::gil_scoped_release release;
    google::protobuf::io::ArrayInputStream stream(bytes.data(), static_cast<int>(bytes.size()));
    ok = bytes.size() <= INT32_MAX && parse(model, stream);
  } else {
    name = py::cast<std::string>(source);
    int file = ::open(name.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0)
      raise("CompileError", name + ": cannot open the file");
    py::gil_scoped_release release;
    google::protobuf::io::FileInputStream stream(file);
    ok = parse(model, stream);
    ::close(file);
  }
  if (!ok)
    raise("CompileError", name + ": expected an ONNX model, got a file that is damaged or of another kind");

  std::set<std::string> external, initialisers;
  collectExternal(model.graph(), external);
  for (const auto &tensor : model.graph().initializer())
    initialisers.insert(tensor.name());
  py::dict result, properties;
  for (const auto &entry : model.metadata_props())
    properties[textOf(entry.key())] = textOf(entry.value());
  result["producer_name"] = textOf(model.producer_name());
  result["domain"] = textOf(model.domain());
  result["description"] = textOf(model.doc_string());
  result["graph_name"] = textOf(model.graph().name());
  result["graph_description"] = textOf(model.graph().doc_string());
  result["model_version"] = model.has_model_version() ? model.model_version() : INT64_MAX;
  result["metadata"] = properties;
  result["inputs"] = describe(model.graph().input(), initialisers);
  result["outputs"] = describe(model.graph().output(), {});
  py::list files;
  for (const std::string &file : external)
    files.append(textOf(file));
  result["external"] = files;
  return result;
}

void bindMetadata(py::module_ &m) {
  m.def("onnx_metadata", &metadata, py::arg("source"),
        "What an ONNX model (a path or bytes) says of itself: names, versions, inputs, outputs, external files");
}

} // namespace aic::python
