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

/// Carries `initial` through `body` as long as `goesOn` (a truth value of rank 0) holds; types stay as they are.
SmallVector<Value> whileLoop(Node &n, ArrayRef<Value> initial, function_ref<Value(ArrayRef<Value>)> goesOn,
                             function_ref<SmallVector<Value>(ArrayRef<Value>)> body);

/// The discrete Fourier transform along dimension `axis` of [..., 1] (real numbers) or [..., 2] (complex ones), over
/// `length` numbers (zeros where there are fewer), as a product with the matrix of the transform. With `isHere` (a truth
/// value) false it is the identity; the result is complex then.
Value fourier(Node &n, Value x, int64_t axis, Extent length, bool isInverse, bool isOneSided, Value isHere = {});

/// All elements in order, smallest first, and their positions: of equal ones in the order they had.
std::pair<Value, Value> sortAscending(Node &n, Value vector);
/// The k largest or smallest elements along `axis` in order, and their positions.
std::pair<Value, Value> topK(Node &n, Value x, Value k, int64_t axis, bool isLargest);

/// The importer's way to divide i64 vectors towards plus infinity (both positive).
inline Extent ceilDiv(Node &n, Extent x, int64_t y) { return n.over(n.plus(x, Extent(y - 1)), Extent(y)); }

} // namespace mlir::aic::onnx_import

#endif // AIC_LIB_IMPORT_ONNX_FAMILIES_H
