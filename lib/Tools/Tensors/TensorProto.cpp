// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- TensorProto.cpp - Tensors in ONNX's protobuf files -----------------===//
#include "aic/Tools/TensorFile.h"
#include "onnx-ml.pb.h"

#include <cstring>
#include <new>
#include <optional>

namespace aic::tools {

using eval::DType;
using Proto = onnx::TensorProto;

static std::optional<DType> elementType(int type) {
  switch (type) {
  case Proto::BOOL:
    return DType::I1;
  case Proto::INT8:
    return DType::I8;
  case Proto::INT16:
    return DType::I16;
  case Proto::INT32:
    return DType::I32;
  case Proto::INT64:
    return DType::I64;
  case Proto::UINT8:
    return DType::U8;
  case Proto::UINT16:
    return DType::U16;
  case Proto::UINT32:
    return DType::U32;
  case Proto::UINT64:
    return DType::U64;
  case Proto::FLOAT16:
    return DType::F16;
  case Proto::BFLOAT16:
    return DType::BF16;
  case Proto::FLOAT:
    return DType::F32;
  case Proto::DOUBLE:
    return DType::F64;
  default:
    return std::nullopt;
  }
}

/// Copies a typed field; false if it has another number of entries.
template <typename T, typename Field> static bool copy(const Field &field, const eval::View &view) {
  if (field.size() != view.size())
    return false;
  T *out = view.as<T>();
  for (auto value : field)
    *out++ = static_cast<T>(value);
  return true;
}

/// Which typed field holds an element type is the format's definition: small ones are in int32_data.
static bool copyTyped(const Proto &proto, const eval::View &view) {
  switch (view.type) {
  case DType::I1:
  case DType::U8:
    return copy<uint8_t>(proto.int32_data(), view);
  case DType::I8:
    return copy<int8_t>(proto.int32_data(), view);
  case DType::I16:
    return copy<int16_t>(proto.int32_data(), view);
  case DType::U16:
  case DType::F16:
  case DType::BF16:
    return copy<uint16_t>(proto.int32_data(), view);
  case DType::I32:
    return copy<int32_t>(proto.int32_data(), view);
  case DType::I64:
    return copy<int64_t>(proto.int64_data(), view);
  case DType::U32:
    return copy<uint32_t>(proto.uint64_data(), view);
  case DType::U64:
    return copy<uint64_t>(proto.uint64_data(), view);
  case DType::F32:
    return copy<float>(proto.float_data(), view);
  case DType::F64:
    return copy<double>(proto.double_data(), view);
  }
  return false;
}

std::string parseTensorProto(std::string_view bytes, NamedTensor &result) {
  Proto proto;
  if (bytes.empty() || !proto.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return "expected a TensorProto, got a truncated file or other content";
  std::optional<DType> type = elementType(proto.data_type());
  if (!type)
    return "expected a boolean, integer or floating-point TensorProto, got element type " +
           std::to_string(proto.data_type());
  if (proto.data_location() == Proto::EXTERNAL)
    return "expected a TensorProto that holds its data, got a reference to an external file";
  eval::Shape shape(proto.dims().begin(), proto.dims().end());
  int64_t elements = 1;
  for (int64_t extent : shape) {
    if (extent < 0 || (extent > 0 && elements > (int64_t(1) << 60) / extent))
      return "expected extents from 0 to 2^60, got " + std::to_string(extent);
    elements *= extent;
  }
  uint64_t size = static_cast<uint64_t>(elements) * eval::byteSize(*type);
  // Every entry of a typed field takes a byte or more, so a false claim never costs memory.
  if (proto.has_raw_data() ? proto.raw_data().size() != size : static_cast<uint64_t>(elements) > bytes.size())
    return "expected " + std::to_string(size) + " bytes of data, got " + std::to_string(proto.raw_data().size());
  result.first = proto.name();
  try {
    result.second = eval::Tensor(*type, shape);
  } catch (const std::bad_alloc &) {
    return "not enough memory for " + std::to_string(size) + " bytes";
  }
  if (proto.has_raw_data()) {
    if (size > 0)
      std::memcpy(result.second.data(), proto.raw_data().data(), size);
  } else if (!copyTyped(proto, result.second)) {
    return "expected " + std::to_string(elements) + " elements in the TensorProto's field";
  }
  return "";
}

} // namespace aic::tools
