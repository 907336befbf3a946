// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- TensorFile.h - Tensors in npy and npz files ------------------------===//
//
// No LLVM, no MLIR. Functions return an error text, empty when all went well.
//
//===----------------------------------------------------------------------===//
#ifndef AIC_TOOLS_TENSORFILE_H
#define AIC_TOOLS_TENSORFILE_H

#include "aic/Eval/Tensor.h"
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aic::tools {

using NamedTensor = std::pair<std::string, eval::Tensor>;
using NamedTensors = std::vector<NamedTensor>;

/// The whole content of a regular file (or of what can be read like one).
std::string readFile(const std::string &path, std::string &content);

/// Writes all of it to an open file; `name` is for the message.
std::string writeDescriptor(int file, const std::string &name, std::string_view content);

/// Writes a file whole or not at all: the bytes go to a neighbour that takes the name at the end. A path that exists
/// and is no regular file (a device, a pipe) is written in place, and so is all under /dev.
std::string writeFile(const std::string &path, std::string_view content);

/// An error text if `output` is one of the files that are read, by whatever name: writing it would destroy that one.
std::string expectOtherFile(const std::string &output, const std::vector<std::string> &inputs);

/// The bytes of an npy file (format 1 to 3, any byte order, C or Fortran order) as a dense tensor. numpy has no bf16:
/// two-byte void ("V2", what ml_dtypes writes) is read and written for it.
std::string parseNpy(std::string_view bytes, eval::Tensor &tensor);
std::string formatNpy(const eval::View &view, std::string &bytes);

/// The bytes of an npz archive, stored or deflated, in the archive's order.
std::string parseNpz(std::string_view bytes, NamedTensors &tensors);
/// An uncompressed archive; the same tensors give the same bytes.
std::string formatNpz(const NamedTensors &tensors, std::string &bytes);

/// A serialized onnx.TensorProto with its name.
std::string parseTensorProto(std::string_view bytes, NamedTensor &tensor);

} // namespace aic::tools

#endif // AIC_TOOLS_TENSORFILE_H
