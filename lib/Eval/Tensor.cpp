// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Eval/Tensor.h"

#include <cstdlib>
#include <new>

namespace aic::eval {

size_t byteSize(DType type) {
  switch (type) {
  case DType::I1:
  case DType::I8:
  case DType::U8:
    return 1;
  case DType::I16:
  case DType::U16:
  case DType::F16:
  case DType::BF16:
    return 2;
  case DType::I32:
  case DType::U32:
  case DType::F32:
    return 4;
  case DType::I64:
  case DType::U64:
  case DType::F64:
    return 8;
  }
  return 0;
}

const char *name(DType type) {
  static const char *const names[] = {"i1",   "i8",   "i16", "i32",  "i64", "ui8", "ui16",
                                      "ui32", "ui64", "f16", "bf16", "f32", "f64"};
  return names[static_cast<size_t>(type)];
}

int64_t numElements(const Shape &shape) {
  int64_t n = 1;
  for (int64_t extent : shape)
    n *= extent;
  return n;
}

Shape rowMajor(const Shape &shape) {
  Shape strides(shape.size());
  int64_t stride = 1;
  for (size_t d = shape.size(); d-- > 0; stride *= shape[d])
    strides[d] = stride;
  return strides;
}

Tensor::Tensor(DType type, Shape shape) {
  constexpr size_t alignment = 64;
  size_t bytes = static_cast<size_t>(numElements(shape)) * byteSize(type);
  void *memory = std::aligned_alloc(alignment, (bytes + alignment) / alignment * alignment);
  if (!memory)
    throw std::bad_alloc();
  storage.reset(memory, std::free);
  window = View(type, std::move(shape), memory);
}

} // namespace aic::eval
