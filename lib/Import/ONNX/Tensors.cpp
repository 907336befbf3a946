// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Tensors.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Path.h"
#include <cstring>

using namespace llvm;
using ::aic::eval::DType;
using ::aic::eval::Tensor;
using ::onnx::TensorProto;

namespace mlir::aic::onnx_import {

std::optional<DType> toDType(int64_t dataType) {
  switch (dataType) {
  case TensorProto::BOOL:
    return DType::I1;
  case TensorProto::INT8:
    return DType::I8;
  case TensorProto::INT16:
    return DType::I16;
  case TensorProto::INT32:
    return DType::I32;
  case TensorProto::INT64:
    return DType::I64;
  case TensorProto::UINT8:
    return DType::U8;
  case TensorProto::UINT16:
    return DType::U16;
  case TensorProto::UINT32:
    return DType::U32;
  case TensorProto::UINT64:
    return DType::U64;
  case TensorProto::FLOAT16:
    return DType::F16;
  case TensorProto::BFLOAT16:
    return DType::BF16;
  case TensorProto::FLOAT:
    return DType::F32;
  case TensorProto::DOUBLE:
    return DType::F64;
  default:
    return std::nullopt;
  }
}

std::string dataTypeName(int64_t dataType) {
  if (TensorProto::DataType_IsValid(int(dataType)) && int(dataType) == dataType)
    return StringRef(TensorProto::DataType_Name(TensorProto::DataType(dataType))).lower();
  return "type " + std::to_string(dataType);
}

std::optional<int64_t> countElements(ArrayRef<int64_t> shape) {
  int64_t count = 1;
  bool empty = false;
  for (int64_t extent : shape) {
    if (extent < 0 || extent > kMaxElements)
      return std::nullopt;
    empty |= extent == 0;
  }
  if (empty)
    return 0;
  for (int64_t extent : shape)
    if (__builtin_mul_overflow(count, extent, &count) || count > kMaxElements)
      return std::nullopt;
  return count;
}

static std::string shapeText(const TensorProto &proto) {
  return "[" + join(map_range(proto.dims(), [](int64_t d) { return std::to_string(d); }), ", ") + "]";
}

/// The part of a message's file that lies outside: location, offset and length.
std::string TensorReader::readExternal(const TensorProto &proto, size_t expected, Bytes &bytes) {
  StringRef location;
  uint64_t offset = 0, length = expected;
  for (const auto &entry : proto.external_data()) {
    StringRef value = entry.value();
    if (entry.key() == "location")
      location = value;
    else if (entry.key() == "offset" && value.getAsInteger(10, offset))
      return ("expected a number as offset of its external data, got '" + value + "'").str();
    else if (entry.key() == "length" && value.getAsInteger(10, length))
      return ("expected a number as length of its external data, got '" + value + "'").str();
  }
  if (location.empty())
    return "expected the location of its external data";
  if (folder.empty())
    return ("expected no external data in a model without a folder, got '" + location + "'").str();
  bool leaves = sys::path::is_absolute(location) || location.contains('\0');
  for (auto it = sys::path::begin(location), end = sys::path::end(location); it != end; ++it)
    leaves |= *it == "..";
  if (leaves)
    return ("expected external data inside the model's folder, got '" + location + "'").str();
  if (length != expected)
    return (Twine("expected ") + Twine(expected) + " bytes of external data, got " + Twine(length)).str();

  auto &region = files[location];
  if (!region) {
    SmallString<256> path(folder), realFolder, realPath;
    sys::path::append(path, location);
    if (std::error_code ec = sys::fs::real_path(path, realPath))
      return ("expected external data in '" + path + "': " + ec.message()).str();
    if (std::error_code ec = sys::fs::real_path(folder, realFolder))
      return ("expected the folder '" + folder + "': " + ec.message());
    if (!realFolder.ends_with("/"))
      realFolder += "/";
    if (!StringRef(realPath).starts_with(realFolder))
      return ("expected external data inside the model's folder, got '" + location + "', a link to another").str();
    sys::fs::file_status status;
    if (std::error_code ec = sys::fs::status(realPath, status))
      return ("expected external data in '" + path + "': " + ec.message()).str();
    if (status.type() != sys::fs::file_type::regular_file)
      return ("expected a file of external data, got '" + path + "'").str();
    Expected<sys::fs::file_t> file = sys::fs::openNativeFileForRead(realPath);
    if (!file)
      return "expected external data: " + toString(file.takeError());
    std::error_code ec;
    if (status.getSize() != 0)
      region = std::make_shared<sys::fs::mapped_file_region>(*file, sys::fs::mapped_file_region::readonly,
                                                             status.getSize(), 0, ec);
    else
      region = std::make_shared<sys::fs::mapped_file_region>();
    sys::fs::closeFile(*file);
    if (ec) {
      region = nullptr;
      return ("cannot map '" + path + "': " + ec.message()).str();
    }
  }
  uint64_t size = *region ? region->size() : 0;
  if (offset > size || expected > size - offset)
    return (Twine("expected ") + Twine(expected) + " bytes at " + Twine(offset) + " of '" + location +
            "', got a file of " + Twine(size) + " bytes")
        .str();
  if (expected)
    bytes = {const_cast<char *>(region->const_data()) + offset, expected, region};
  return {};
}

namespace {
/// Copies a typed field into a tensor, element by element.
template <typename To, typename Field> bool copyField(const Field &field, Tensor &tensor) {
  if (field.size() != tensor.size())
    return false;
  To *out = tensor.as<To>();
  for (auto value : field)
    *out++ = static_cast<To>(value);
  return true;
}
} // namespace

static bool copyTyped(const TensorProto &proto, Tensor &tensor, int64_t &found) {
  switch (tensor.type()) {
  case DType::F32:
    found = proto.float_data_size();
    return copyField<float>(proto.float_data(), tensor);
  case DType::F64:
    found = proto.double_data_size();
    return copyField<double>(proto.double_data(), tensor);
  case DType::I64:
    found = proto.int64_data_size();
    return copyField<int64_t>(proto.int64_data(), tensor);
  case DType::U64:
    found = proto.uint64_data_size();
    return copyField<uint64_t>(proto.uint64_data(), tensor);
  case DType::U32:
    found = proto.uint64_data_size();
    return copyField<uint32_t>(proto.uint64_data(), tensor);
  default:
    break;
  }
  found = proto.int32_data_size();
  switch (tensor.type()) {
  case DType::I32:
    return copyField<int32_t>(proto.int32_data(), tensor);
  case DType::I16:
  case DType::U16:
  case DType::F16:
  case DType::BF16:
    return copyField<uint16_t>(proto.int32_data(), tensor);
  case DType::I1:
    return copyField<bool>(proto.int32_data(), tensor);
  default:
    return copyField<uint8_t>(proto.int32_data(), tensor);
  }
}

TensorReader::Result TensorReader::read(TensorProto &proto) {
  Result result;
  std::optional<DType> type = toDType(proto.data_type());
  if (!type) {
    result.error = "element type " + dataTypeName(proto.data_type());
    result.isUnsupported = TensorProto::DataType_IsValid(proto.data_type()) && proto.data_type() != 0;
    if (!result.isUnsupported)
      result.error = "expected an element type, got " + dataTypeName(proto.data_type());
    return result;
  }
  if (proto.has_segment()) {
    result.error = "segmented data";
    result.isUnsupported = true;
    return result;
  }
  ::aic::eval::Shape shape(proto.dims().begin(), proto.dims().end());
  std::optional<int64_t> count = countElements(shape);
  if (!count) {
    result.error = "expected extents of at least 0 and at most 2^40 elements, got " + shapeText(proto);
    return result;
  }
  size_t expected = size_t(*count) * byteSize(*type);

  Bytes bytes;
  if (proto.data_location() == TensorProto::EXTERNAL) {
    result.error = readExternal(proto, expected, bytes);
    if (!result.error.empty())
      return result;
  } else if (proto.has_raw_data()) {
    if (proto.raw_data().size() != expected) {
      result.error = (Twine("expected ") + Twine(expected) + " bytes of raw data for " + shapeText(proto) + " " +
                      name(*type) + ", got " + Twine(proto.raw_data().size()))
                         .str();
      return result;
    }
    auto owner = std::make_shared<std::string>();
    owner->swap(*proto.mutable_raw_data());
    bytes = {owner->data(), owner->size(), owner};
  } else {
    // The message is in memory: if it holds too little, do not ask for the memory of a huge tensor.
    int64_t most = std::max({proto.float_data_size(), proto.double_data_size(), proto.int64_data_size(),
                             proto.uint64_data_size(), proto.int32_data_size()});
    int64_t found = most;
    if (*count <= most || *count == 0) {
      Tensor tensor(*type, shape);
      if (copyTyped(proto, tensor, found)) {
        result.tensor = std::move(tensor);
        return result;
      }
    }
    result.error = (Twine("expected ") + Twine(*count) + " elements for " + shapeText(proto) + " " + name(*type) +
                    ", got " + Twine(found))
                       .str();
    return result;
  }

  // Truth values must be 0 or 1, and elements lie at multiples of their size; otherwise they are copied.
  bool copies = reinterpret_cast<uintptr_t>(bytes.data) % byteSize(*type) != 0 || !bytes.data;
  if (*type == DType::I1)
    copies |= any_of(ArrayRef<char>(bytes.data, bytes.size), [](char c) { return c & ~1; });
  if (!copies) {
    result.tensor = Tensor(*type, std::move(shape), bytes.data, std::move(bytes.keeper));
    return result;
  }
  Tensor tensor(*type, std::move(shape));
  if (expected)
    std::memcpy(tensor.data(), bytes.data, expected);
  if (*type == DType::I1)
    for (size_t i = 0; i < expected; ++i)
      tensor.as<uint8_t>()[i] = tensor.as<uint8_t>()[i] != 0;
  result.tensor = std::move(tensor);
  return result;
}

} // namespace mlir::aic::onnx_import
