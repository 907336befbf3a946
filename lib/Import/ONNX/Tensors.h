// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Tensors.h - ONNX tensors to evaluation tensors ---------------------===//
#ifndef AIC_LIB_IMPORT_ONNX_TENSORS_H
#define AIC_LIB_IMPORT_ONNX_TENSORS_H

#include "aic/Eval/Tensor.h"
#include "onnx-ml.pb.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/FileSystem.h"
#include <memory>
#include <optional>
#include <string>

namespace mlir::aic::onnx_import {

/// No tensor of a model may have more elements than this.
inline constexpr int64_t kMaxElements = int64_t(1) << 40;

/// The element type, or nullopt for those that AIC does not have.
std::optional<::aic::eval::DType> toDType(int64_t dataType);
/// ONNX's name of a data type, or its number.
std::string dataTypeName(int64_t dataType);
/// The number of elements; nullopt if an extent is negative or there are more than kMaxElements.
std::optional<int64_t> countElements(llvm::ArrayRef<int64_t> shape);

/// Reads tensors of a model. Their memory is moved out of the message, or mapped where it is in another file.
class TensorReader {
public:
  /// `folder` holds the files of external data; empty: there are none.
  explicit TensorReader(llvm::StringRef folder) : folder(folder) {}

  struct Result {
    std::optional<::aic::eval::Tensor> tensor;
    std::string error;          ///< why there is no tensor
    bool isUnsupported = false; ///< the tensor is valid, but not for AIC
  };
  Result read(::onnx::TensorProto &proto);

private:
  struct Bytes {
    char *data = nullptr;
    size_t size = 0;
    std::shared_ptr<void> keeper;
  };
  std::string readExternal(const ::onnx::TensorProto &proto, size_t expected, Bytes &bytes);

  std::string folder;
  llvm::StringMap<std::shared_ptr<llvm::sys::fs::mapped_file_region>> files;
};

} // namespace mlir::aic::onnx_import

#endif // AIC_LIB_IMPORT_ONNX_TENSORS_H
