// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Dialect/AIC/IR/EvalBridge.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"

#include <cstring>

using namespace mlir;
using namespace mlir::aic;
namespace eval = ::aic::eval;
using eval::DType;

std::optional<DType> mlir::aic::toDType(Type element) {
  if (element.isF16())
    return DType::F16;
  if (element.isBF16())
    return DType::BF16;
  if (element.isF32())
    return DType::F32;
  if (element.isF64())
    return DType::F64;
  if (element.isIndex())
    return DType::I64;
  auto integer = dyn_cast<IntegerType>(element);
  if (!integer)
    return std::nullopt;
  bool isUnsigned = integer.isUnsigned();
  switch (integer.getWidth()) {
  case 1:
    return DType::I1;
  case 8:
    return isUnsigned ? DType::U8 : DType::I8;
  case 16:
    return isUnsigned ? DType::U16 : DType::I16;
  case 32:
    return isUnsigned ? DType::U32 : DType::I32;
  case 64:
    return isUnsigned ? DType::U64 : DType::I64;
  default:
    return std::nullopt;
  }
}

Type mlir::aic::toElementType(MLIRContext *context, DType type) {
  switch (type) {
  case DType::I1:
    return IntegerType::get(context, 1);
  case DType::F16:
    return Float16Type::get(context);
  case DType::BF16:
    return BFloat16Type::get(context);
  case DType::F32:
    return Float32Type::get(context);
  case DType::F64:
    return Float64Type::get(context);
  default:
    return IntegerType::get(context, 8 * eval::byteSize(type),
                            eval::isUnsigned(type) ? IntegerType::Unsigned : IntegerType::Signless);
  }
}

FailureOr<eval::View> mlir::aic::toView(ElementsAttr attr, eval::Tensor &storage) {
  ShapedType type = attr.getShapedType();
  std::optional<DType> dtype = toDType(type.getElementType());
  if (!dtype || !type.hasStaticShape())
    return failure();
  eval::Shape shape(type.getShape().begin(), type.getShape().end());

  auto viewOf = [&](ArrayRef<char> bytes) {
    eval::View view(*dtype, shape, const_cast<char *>(bytes.data()));
    size_t align = eval::byteSize(*dtype);
    if (reinterpret_cast<uintptr_t>(bytes.data()) % align == 0)
      return view;
    storage = eval::Tensor(*dtype, shape);
    std::memcpy(storage.data(), bytes.data(), storage.bytes());
    return storage.view();
  };

  if (auto resource = dyn_cast<DenseResourceElementsAttr>(attr)) {
    const AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    size_t wanted = static_cast<size_t>(eval::numElements(shape)) * eval::byteSize(*dtype);
    if (!blob || blob->getData().size() != wanted)
      return failure();
    return viewOf(blob->getData());
  }

  auto dense = dyn_cast<DenseIntOrFPElementsAttr>(attr);
  if (!dense)
    return failure();
  if (*dtype == DType::I1) { // bit-packed in the attribute
    if (dense.isSplat()) {
      storage = eval::Tensor(DType::I1, {1});
      *storage.as<uint8_t>() = dense.getSplatValue<bool>();
      eval::View view(DType::I1, shape, storage.data());
      view.strides.assign(shape.size(), 0);
      return view;
    }
    storage = eval::Tensor(DType::I1, shape);
    llvm::copy(dense.getValues<bool>(), storage.as<bool>());
    return storage.view();
  }
  if (!dense.isSplat())
    return viewOf(dense.getRawData());
  eval::View view(*dtype, shape, const_cast<char *>(dense.getRawData().data()));
  view.strides.assign(shape.size(), 0);
  return view;
}

FailureOr<eval::Tensor> mlir::aic::toTensor(ElementsAttr attr) {
  eval::Tensor storage;
  FailureOr<eval::View> view = toView(attr, storage);
  if (failed(view))
    return failure();
  if (view->isDense() || view->size() <= 1) {
    if (view->data == storage.data() && storage.shape() == view->shape)
      return storage;
    return eval::Tensor(view->type, view->shape, view->data, std::make_shared<eval::Tensor>(storage));
  }
  eval::Tensor dense(view->type, view->shape);
  size_t bytes = eval::byteSize(view->type);
  for (int64_t i = 0, e = dense.size(); i < e; ++i)
    std::memcpy(dense.as<char>() + i * bytes, view->data, bytes);
  return dense;
}

/// Whether all elements have the same bits.
static bool isSplat(const eval::Tensor &tensor) {
  size_t bytes = eval::byteSize(tensor.type());
  // Comparing a block with itself shifted by one element compares every element with its neighbour.
  return tensor.size() > 0 && !std::memcmp(tensor.data(), tensor.as<char>() + bytes, tensor.bytes() - bytes);
}

ElementsAttr mlir::aic::toAttr(MLIRContext *context, const eval::Tensor &tensor, StringRef name) {
  auto type = RankedTensorType::get(tensor.shape(), toElementType(context, tensor.type()));
  ArrayRef<char> bytes(tensor.as<char>(), tensor.bytes());
  bool splat = isSplat(tensor);
  if (splat || tensor.size() == 0 || bytes.size() <= kMaxInlineBytes) {
    if (tensor.type() == DType::I1) {
      ArrayRef<bool> values(tensor.as<bool>(), splat ? 1 : tensor.size());
      return DenseElementsAttr::get(type, values);
    }
    return DenseElementsAttr::getFromRawBuffer(type, splat ? bytes.take_front(eval::byteSize(tensor.type())) : bytes);
  }
  auto keeper = [tensor = tensor](void *, size_t, size_t) { (void)tensor; };
  return DenseResourceElementsAttr::get(
      type, DenseResourceElementsHandle::getManagerInterface(context).insert(
                name, AsmResourceBlob(bytes, 64, std::move(keeper), /*dataIsMutable=*/false)));
}

void mlir::aic::releaseBlob(DenseResourceElementsAttr attr) {
  if (DialectResourceBlobManager::BlobEntry *entry = attr.getRawHandle().getResource())
    entry->setBlob(AsmResourceBlob(ArrayRef<char>(), 64, {}, false));
}
