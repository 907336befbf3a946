// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Tensor.h - Typed views of memory, the currency of evaluation -------===//
//
// No MLIR here: constant folding, the reference interpreter, the importer's
// initialisers and the tests all speak this.
//
//===----------------------------------------------------------------------===//
#ifndef AIC_EVAL_TENSOR_H
#define AIC_EVAL_TENSOR_H

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace aic::eval {

/// Element types of graph tensors. I1 is stored as one byte, 0 or 1; F16 and BF16 as their bits.
enum class DType : uint8_t { I1, I8, I16, I32, I64, U8, U16, U32, U64, F16, BF16, F32, F64 };

/// Bytes of one element in memory.
size_t byteSize(DType type);
/// MLIR's spelling: "i1", "ui8", "bf16", ...
const char *name(DType type);
inline bool isFloat(DType type) { return type >= DType::F16; }
inline bool isUnsigned(DType type) { return type >= DType::U8 && type <= DType::U64; }

using Shape = std::vector<int64_t>;

/// Product of the extents; 1 for rank 0.
int64_t numElements(const Shape &shape);
/// Row-major strides in elements.
Shape rowMajor(const Shape &shape);

/// A strided window on memory that somebody else keeps alive. Strides count elements, not bytes.
struct View {
  DType type = DType::F32;
  Shape shape;
  Shape strides;
  void *data = nullptr;

  View() = default;
  /// A dense row-major view.
  View(DType type, Shape shape, void *data)
      : type(type), shape(std::move(shape)), data(data) {
    strides = rowMajor(this->shape);
  }

  int64_t rank() const { return static_cast<int64_t>(shape.size()); }
  int64_t size() const { return numElements(shape); }
  size_t bytes() const { return static_cast<size_t>(size()) * byteSize(type); }
  bool isDense() const { return strides == rowMajor(shape); }
  template <typename T> T *as() const { return static_cast<T *>(data); }
};

/// A dense tensor that owns its memory (64-byte aligned), or shares somebody's by a keeper.
class Tensor {
public:
  Tensor() = default;
  /// Uninitialised memory. Throws std::bad_alloc.
  Tensor(DType type, Shape shape);
  /// Memory that lives as long as `keeper`.
  Tensor(DType type, Shape shape, void *data, std::shared_ptr<void> keeper)
      : storage(std::move(keeper)), window(type, std::move(shape), data) {}

  const View &view() const { return window; }
  operator const View &() const { return window; }
  DType type() const { return window.type; }
  const Shape &shape() const { return window.shape; }
  int64_t size() const { return window.size(); }
  size_t bytes() const { return window.bytes(); }
  void *data() const { return window.data; }
  template <typename T> T *as() const { return window.as<T>(); }

private:
  std::shared_ptr<void> storage;
  View window;
};

} // namespace aic::eval

#endif // AIC_EVAL_TENSOR_H
