// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Bindings.h - The parts of the Python module _aic -------------------===//
#ifndef AIC_PYTHON_BINDINGS_H
#define AIC_PYTHON_BINDINGS_H

#include "aic/Eval/Tensor.h"
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

namespace aic::python {

/// Library: a compiled model, loaded. No MLIR.
void bindLibrary(pybind11::module_ &m);
/// Module, import, passes, compile. Includes MLIR.
void bindCompiler(pybind11::module_ &m);
/// onnx_metadata: what a model's file says of itself.
void bindMetadata(pybind11::module_ &m);

/// Throws aic.errors.`name`.
[[noreturn]] void raise(const char *name, const std::string &message, pybind11::object diagnostics = pybind11::none());

/// A view of a dense array, which must outlive it. The numpy type is `type`'s, or one of its size without a name in C.
eval::View viewOf(const pybind11::array &array, eval::DType type);
/// The element type of an array; throws a TypeError for one that AIC does not have.
eval::DType typeOf(const pybind11::array &array);
/// An array of numpy type `dtype` that shares (and keeps) the tensor's memory.
pybind11::array arrayOf(eval::Tensor tensor, const pybind11::dtype &dtype);
/// numpy's type; ml_dtypes' for bf16.
pybind11::dtype dtypeOf(eval::DType type);

} // namespace aic::python

#endif // AIC_PYTHON_BINDINGS_H
