// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Library.cpp - Compiled models on numpy arrays ----------------------===//
//
// Inputs are read where they lie; outputs are arrays that own the memory that
// the model wrote to. The interpreter lock is not held while a model runs.
//
//===----------------------------------------------------------------------===//
#include "Bindings.h"
#include "aic/Runtime/Model.h"
#include <pybind11/stl.h>

namespace py = pybind11;

namespace aic::python {

void raise(const char *name, const std::string &message, py::object diagnostics) {
  py::object type = py::module_::import("aic.errors").attr(name);
  py::object error = diagnostics.is_none() ? type(message) : type(message, diagnostics);
  PyErr_SetObject(type.ptr(), error.ptr());
  throw py::error_already_set();
}

eval::View viewOf(const py::array &array, eval::DType type) {
  if (!(array.flags() & py::array::c_style))
    throw py::value_error("expected a dense row-major array");
  if (static_cast<size_t>(array.itemsize()) != eval::byteSize(type))
    throw py::type_error("expected an array of " + std::string(eval::name(type)));
  eval::Shape shape(array.shape(), array.shape() + array.ndim());
  return eval::View(type, std::move(shape), const_cast<void *>(array.data()));
}

eval::DType typeOf(const py::array &array) {
  std::string name = py::str(array.dtype().attr("name"));
  static const std::pair<const char *, eval::DType> types[] = {
      {"bool", eval::DType::I1},     {"int8", eval::DType::I8},       {"int16", eval::DType::I16},
      {"int32", eval::DType::I32},   {"int64", eval::DType::I64},     {"uint8", eval::DType::U8},
      {"uint16", eval::DType::U16},  {"uint32", eval::DType::U32},    {"uint64", eval::DType::U64},
      {"float16", eval::DType::F16}, {"bfloat16", eval::DType::BF16}, {"float32", eval::DType::F32},
      {"float64", eval::DType::F64}};
  for (auto [known, type] : types)
    if (name == known)
      return type;
  throw py::type_error("expected numbers or truth values, got an array of " + name);
}

py::dtype dtypeOf(eval::DType type) {
  return py::reinterpret_borrow<py::dtype>(py::module_::import("aic._types").attr("numpy_dtype")(eval::name(type)));
}

py::array arrayOf(eval::Tensor tensor, const py::dtype &dtype) {
  auto *owned = new eval::Tensor(std::move(tensor));
  py::capsule keeper(owned, [](void *p) { delete static_cast<eval::Tensor *>(p); });
  std::vector<py::ssize_t> shape(owned->shape().begin(), owned->shape().end());
  return py::array(dtype, shape, owned->data(), keeper);
}

namespace {
class Library {
public:
  explicit Library(const std::string &path, int threads) {
    std::string error;
    {
      py::gil_scoped_release release;
      model = Model::load(path, threads, error);
    }
    if (!model)
      raise("LoadError", error);
  }

  static py::list ports(const std::vector<Port> &ports) {
    py::list result;
    for (const Port &port : ports) {
      py::tuple dims(port.dims.size());
      for (size_t i = 0; i < port.dims.size(); ++i) {
        if (port.dims[i] >= 0)
          dims[i] = port.dims[i];
        else if (i < port.symbols.size() && !port.symbols[i].empty())
          dims[i] = port.symbols[i];
        else
          dims[i] = py::none();
      }
      result.append(py::make_tuple(port.name, eval::name(port.type), dims));
    }
    return result;
  }

  py::list run(const py::list &arrays, const py::list &types, int threads) const {
    const std::vector<Port> &ports = model->inputs();
    if (arrays.size() != ports.size())
      throw py::value_error("expected " + std::to_string(ports.size()) + " arrays");
    std::vector<eval::View> inputs;
    for (size_t i = 0; i < ports.size(); ++i)
      inputs.push_back(viewOf(py::cast<py::array>(arrays[i]), ports[i].type));
    std::vector<eval::Tensor> outputs;
    RunOptions options;
    options.threads = threads;
    std::string error;
    {
      py::gil_scoped_release release;
      error = model->run(inputs, outputs, options);
    }
    if (!error.empty())
      raise("RunError", error);
    py::list result;
    for (size_t i = 0; i < outputs.size(); ++i)
      result.append(arrayOf(std::move(outputs[i]), py::reinterpret_borrow<py::dtype>(types[i])));
    return result;
  }

  std::unique_ptr<Model> model;
};
} // namespace

void bindLibrary(py::module_ &m) {
  py::class_<Library>(m, "Library", "A compiled model, loaded; its threads are those of one call at most")
      .def(py::init<const std::string &, int>(), py::arg("path"), py::arg("threads"))
      .def("inputs", [](const Library &l) { return Library::ports(l.model->inputs()); })
      .def("outputs", [](const Library &l) { return Library::ports(l.model->outputs()); })
      .def("manifest", [](const Library &l) { return l.model->manifest(); })
      .def("device", [](const Library &l) { return l.model->device(); })
      .def("device_name", [](const Library &l) { return l.model->deviceName(); })
      .def("run", &Library::run, py::arg("arrays"), py::arg("types"), py::arg("threads"));
  m.def(
      "read_manifest",
      [](const std::string &path) {
        std::string error, text = Model::readManifest(path, error);
        if (!error.empty())
          raise("LoadError", error);
        return text;
      },
      "The manifest of a library that is not loaded");
}

} // namespace aic::python
