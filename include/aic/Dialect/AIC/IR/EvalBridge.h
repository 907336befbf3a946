// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- EvalBridge.h - Between MLIR attributes and evaluation tensors ------===//
#ifndef AIC_DIALECT_AIC_IR_EVALBRIDGE_H
#define AIC_DIALECT_AIC_IR_EVALBRIDGE_H

#include "aic/Eval/Tensor.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include <optional>

namespace mlir::aic {

/// Constants of more bytes than this are dense_resource blobs.
inline constexpr size_t kMaxInlineBytes = 4096;

/// The evaluation type of a graph element type (`index` is i64); nullopt for any other type.
std::optional<::aic::eval::DType> toDType(Type element);
Type toElementType(MLIRContext *context, ::aic::eval::DType type);

/// A view of a constant. It points into the attribute's memory where the layout allows (dense: the context keeps it
/// alive, dense_resource: the blob), else into `storage`. A splat has strides 0. Fails for another attribute, element
/// type or a blob that is absent or of the wrong size.
FailureOr<::aic::eval::View> toView(ElementsAttr attr, ::aic::eval::Tensor &storage);
/// The same as a dense tensor. Shares the attribute's memory where possible (see toView).
FailureOr<::aic::eval::Tensor> toTensor(ElementsAttr attr);

/// A constant with the tensor's elements: a splat if all bits are equal, inline up to kMaxInlineBytes, else a
/// dense_resource blob that shares the tensor's memory and keeps it alive. `name` is made unique. The element type is
/// the tensor's.
ElementsAttr toAttr(MLIRContext *context, const ::aic::eval::Tensor &tensor, StringRef name = "aic");

/// Replaces a blob by an empty one, which frees its memory. Only for an attribute that no operation uses any more.
void releaseBlob(DenseResourceElementsAttr attr);

} // namespace mlir::aic

#endif // AIC_DIALECT_AIC_IR_EVALBRIDGE_H
