// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Indexing.h - Reads and writes at computed positions ----------------===//
//
// Indices are i32 or i64; a negative one counts from the end, one out of range is an
// error. Every function returns an error text, or the empty string.
//
//===----------------------------------------------------------------------===//
#ifndef AIC_EVAL_INDEXING_H
#define AIC_EVAL_INDEXING_H

#include "aic/Eval/Tensor.h"

namespace aic::eval {

enum class ScatterKind { Replace, Add, Mul, Max, Min };

/// The input itself if it is dense, else a dense copy that `storage` owns.
std::string denseView(const View &input, Tensor &storage, View &result);

std::string gather(const View &input, const View &indices, int64_t axis, Tensor &result);
std::string gatherElements(const View &input, const View &indices, int64_t axis, Tensor &result);
std::string gatherND(const View &input, const View &indices, int64_t batchDims, Tensor &result);
std::string scatterElements(ScatterKind kind, const View &input, const View &indices, const View &updates, int64_t axis,
                            Tensor &result);
std::string scatterND(ScatterKind kind, const View &input, const View &indices, const View &updates, Tensor &result);
/// i64, one row per dimension and one column per element that is not zero.
std::string nonZero(const View &input, Tensor &result);

} // namespace aic::eval

#endif // AIC_EVAL_INDEXING_H
