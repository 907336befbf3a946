// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Families.h - What handlers of one family lend to another -----------===//
#ifndef AIC_LIB_IMPORT_ONNX_FAMILIES_H
#define AIC_LIB_IMPORT_ONNX_FAMILIES_H

#include "Node.h"

namespace mlir::aic::onnx_import {

/// The convolution that the node's attributes describe. `bias` may be null.
Value convolution(Node &n, Value x, Value w, Value bias);

/// (x - mean) / sqrt(variance + epsilon) over the dimensions from `axis`; scale and bias may be null.
Value layerNorm(Node &n, Value x, Value scale, Value bias, int64_t axis, double epsilon);

/// 1 where the index along `axis` equals `positions` (broadcast against x without that axis), of i1.
Value oneHot(Node &n, Value positions, Value depth, int64_t axis);

/// The importer's way to divide i64 vectors towards plus infinity (both positive).
inline Extent ceilDiv(Node &n, Extent x, int64_t y) { return n.over(n.plus(x, Extent(y - 1)), Extent(y)); }

} // namespace mlir::aic::onnx_import

#endif // AIC_LIB_IMPORT_ONNX_FAMILIES_H
