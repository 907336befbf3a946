// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- DTypeVisit.h - From a run-time element type to a C++ type ----------===//
#ifndef AIC_EVAL_DTYPEVISIT_H
#define AIC_EVAL_DTYPEVISIT_H

#include "aic/Eval/Tensor.h"

#include <cstring>

namespace aic::eval {

/// Storage of an f16; a float in every computation.
struct Half {
  uint16_t bits;
  Half() = default;
  explicit Half(float value) {
    _Float16 h = static_cast<_Float16>(value);
    std::memcpy(&bits, &h, sizeof bits);
  }
  operator float() const {
    _Float16 h;
    std::memcpy(&h, &bits, sizeof bits);
    return static_cast<float>(h);
  }
};

/// Storage of a bf16; a float in every computation.
struct BFloat16 {
  uint16_t bits;
  BFloat16() = default;
  explicit BFloat16(float value) {
    uint32_t b;
    std::memcpy(&b, &value, sizeof b);
    bool isNaN = (b & 0x7fffffffu) > 0x7f800000u;
    bits = static_cast<uint16_t>(isNaN ? b >> 16 | 0x40 : (b + 0x7fff + (b >> 16 & 1)) >> 16);
  }
  operator float() const {
    uint32_t b = static_cast<uint32_t>(bits) << 16;
    float value;
    std::memcpy(&value, &b, sizeof value);
    return value;
  }
};

template <typename T> struct TypeTag {
  using type = T;
};

/// Calls `visitor(TypeTag<T>())` with the storage type of `type`; I1 is a bool.
template <typename Visitor> auto visit(DType type, Visitor &&visitor) {
  switch (type) {
  case DType::I1:
    return visitor(TypeTag<bool>());
  case DType::I8:
    return visitor(TypeTag<int8_t>());
  case DType::I16:
    return visitor(TypeTag<int16_t>());
  case DType::I32:
    return visitor(TypeTag<int32_t>());
  case DType::I64:
    return visitor(TypeTag<int64_t>());
  case DType::U8:
    return visitor(TypeTag<uint8_t>());
  case DType::U16:
    return visitor(TypeTag<uint16_t>());
  case DType::U32:
    return visitor(TypeTag<uint32_t>());
  case DType::U64:
    return visitor(TypeTag<uint64_t>());
  case DType::F16:
    return visitor(TypeTag<Half>());
  case DType::BF16:
    return visitor(TypeTag<BFloat16>());
  case DType::F32:
    return visitor(TypeTag<float>());
  case DType::F64:
    break;
  }
  return visitor(TypeTag<double>());
}

} // namespace aic::eval

#endif // AIC_EVAL_DTYPEVISIT_H
