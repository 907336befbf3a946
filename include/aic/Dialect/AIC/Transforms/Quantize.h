// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Quantize.h - Float graphs to explicit 8-bit graphs -----------------===//
//
// What aic-quantize, the calibration and the reports share. A layer is what is computed between two quantisations: a
// product with its bias and its clamp, a sum of two tensors, a function of one tensor, a mean. See
// docs/Quantization.md.
//
//===----------------------------------------------------------------------===//
#ifndef AIC_DIALECT_AIC_TRANSFORMS_QUANTIZE_H
#define AIC_DIALECT_AIC_TRANSFORMS_QUANTIZE_H

#include "aic/Eval/Tensor.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringSet.h"
#include <string>

namespace mlir::aic {

/// What a value was seen to be between.
struct ValueBounds {
  double low = 0, high = 0;
};
using ValueRanges = llvm::DenseMap<Value, ValueBounds>;

enum class LayerKind { Product, Pool, Pair, Function, Concat };

/// A part of the graph with quantised operands and one quantised result.
struct QuantLayer {
  LayerKind kind;
  Operation *anchor = nullptr;   ///< product, pool, pair, concat; null for a function
  Value root;                    ///< function: its only operand
  SmallVector<Operation *> body; ///< in order: the anchor, a bias, clamps; or the operations of the function
  Operation *bias = nullptr;     ///< the addition in the body that is a matmul's bias
  Value result;                  ///< in the float graph
  std::string name;              ///< of the result, see valueNames
  bool half = false;             ///< computed in f16
};

/// The layers of a function's block in order, and what stays between them.
struct QuantPlan {
  std::vector<QuantLayer> layers;
  llvm::DenseMap<Value, unsigned> layerOf;     ///< of a layer's result
  llvm::DenseSet<Operation *> inside;          ///< operations that are in a layer
  llvm::DenseMap<Operation *, unsigned> moves; ///< operations that only move elements of this operand
};

QuantPlan planLayers(Block &block);

/// The operand whose elements an operation of f32 only moves. A maximum is an element, too.
std::optional<unsigned> movedOperand(Operation *op);

/// The constant that a value is, or null.
ElementsAttr constantOf(Value value);
/// Whether a value is a constant of equal elements.
bool isSplatConstant(Value value);

/// A name for every tensor of the block that stays the same as long as the graph does: the argument's name, or that of
/// the node that made it; `:1` for a second result, `#2` for a name that was there before.
llvm::MapVector<Value, std::string> valueNames(func::FuncOp func);
/// All names of model's nodes in a location.
SmallVector<StringRef> locationNames(Location location);

/// Evaluates the operations of a function layer on other values of its operand.
FailureOr<::aic::eval::Tensor> evaluateFunction(ArrayRef<Operation *> body, Value root, Value result,
                                                const ::aic::eval::Tensor &points);

/// Scale and zero point of an i8 tensor.
struct QuantParams {
  float scale = 1;
  int8_t zero = 0;
  bool operator==(const QuantParams &other) const { return scale == other.scale && zero == other.zero; }
  bool operator!=(const QuantParams &other) const { return !(*this == other); }
};
/// The finest parameters that hold a range and 0 exactly.
QuantParams chooseParams(ValueBounds range);

struct QuantizeConfig {
  /// Names of nodes whose layers are computed in f16.
  llvm::StringSet<> keep;
  /// Every layer reads the float graph's values, which stay; for measuring layers one by one.
  bool isolate = false;
};

/// A layer after the rewrite.
struct QuantizedLayer {
  std::string name;
  std::string kind;                  ///< the operation: "conv", "add", ...
  Value real;                        ///< the float graph's result; only with `isolate`
  Value result;                      ///< the f32 result in the quantised graph
  std::optional<QuantParams> params; ///< of the result; absent in f16
  double macsPerElement = 0;         ///< multiply-adds for one element of the result
  bool half = false;
  bool narrowed = false; ///< the range leaves out what no reader can tell apart
};

/// Rewrites the function. An error names the value without a range.
LogicalResult quantizeFunction(func::FuncOp func, const ValueRanges &ranges, const QuantizeConfig &config,
                               std::vector<QuantizedLayer> &layers);

/// Reads `{"ranges": {"name": [low, high], ...}}`; names that the function does not have are ignored.
LogicalResult readRanges(func::FuncOp func, StringRef path, ValueRanges &ranges);
/// Reads `aic.range` of arguments and operations.
LogicalResult readRangeAttributes(func::FuncOp func, ValueRanges &ranges);

} // namespace mlir::aic

#endif // AIC_DIALECT_AIC_TRANSFORMS_QUANTIZE_H
