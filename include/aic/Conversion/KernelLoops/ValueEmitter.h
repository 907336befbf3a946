// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- ValueEmitter.h - Elements of tensors as scalars and vectors --------===//
//
// Computes an element of a tensor at given indices, for one point or for all
// lanes of a vector at once: tensors in memory are loaded, results of parallel
// operations are recomputed from their operands. A value that is the same in all
// lanes stays a scalar; an index that is linear in the lane stays linear, so
// that a load knows whether it is one element, a contiguous vector or a gather.
//
//===----------------------------------------------------------------------===//
#ifndef AIC_CONVERSION_KERNELLOOPS_VALUEEMITTER_H
#define AIC_CONVERSION_KERNELLOOPS_VALUEEMITTER_H

#include "aic/Conversion/KernelLoops/LinearIndex.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include <map>

namespace mlir::aic {

/// One number per lane.
struct LaneValue {
  enum Kind { Absent, Linear, Scalar, Vector } kind = Absent;
  LinearIndex linear; // Linear: of index type
  Value value;        // Scalar, Vector

  LaneValue() = default;
  LaneValue(LinearIndex x) : kind(Linear), linear(std::move(x)) {}
  static LaneValue scalar(Value v) { return make(Scalar, v); }
  static LaneValue vector(Value v) { return make(Vector, v); }
  bool isUniform() const { return kind == Scalar || (kind == Linear && linear.isUniform()); }
  explicit operator bool() const { return kind != Absent; }

private:
  static LaneValue make(Kind kind, Value v) {
    LaneValue result;
    result.kind = kind, result.value = v;
    return result;
  }
};

/// A dense tensor in memory.
struct Buffer {
  Value memory; // memref<?xT>; i8 for i1
  Type element;
  SmallVector<LinearIndex> sizes, strides;
};

/// The lanes of the vectors being emitted. With a mask, only the first `valid` lanes exist.
struct Lanes {
  int64_t count = 1;
  Value mask;  // vector<count x i1>
  Value valid; // index
};

class ValueEmitter {
public:
  using Memo = std::map<std::vector<int64_t>, LaneValue>;

  ValueEmitter(OpBuilder &b, Location loc) : b(b), loc(loc), index(b, loc) {}

  /// The element of `tensor` at `indices`; absent after an error.
  LaneValue read(Value tensor, ArrayRef<LaneValue> indices);
  /// The values that the body of `op` yields at the loop indices `ivs`, with `acc` as its output arguments (may be
  /// empty: read from the outputs).
  FailureOr<SmallVector<LaneValue>> evaluate(linalg::LinalgOp op, ArrayRef<LaneValue> ivs, ArrayRef<LaneValue> acc);
  /// `paddedTail`: memory past the last lane may be read.
  LaneValue load(const Buffer &buffer, ArrayRef<LaneValue> indices, bool paddedTail);
  LogicalResult store(const Buffer &buffer, ArrayRef<LaneValue> indices, const LaneValue &value);
  /// Declares what `tensor` is at `indices`, in the current region.
  void remember(Value tensor, ArrayRef<LaneValue> indices, LaneValue value) { memo[key(tensor, indices)] = value; }

  FailureOr<SmallVector<LaneValue>> apply(AffineMap map, ArrayRef<LaneValue> ivs) { return apply(map.getResults(), ivs); }
  FailureOr<SmallVector<LaneValue>> apply(ArrayRef<AffineExpr> exprs, ArrayRef<LaneValue> ivs);
  FailureOr<LaneValue> apply(AffineExpr expr, ArrayRef<LaneValue> ivs);
  /// The value as a vector of all lanes (a scalar if there is one lane).
  Value broadcast(const LaneValue &value, Type element);
  /// The value in lane 0.
  Value scalar(const LaneValue &value);
  Type vectorOf(Type element) const { return lanes.count > 1 ? VectorType::get({lanes.count}, element) : element; }
  /// The extents of a tensor in or around the kernel.
  LinearIndex extent(Value tensor, int64_t dim);
  /// An index-typed value from outside of bodies (argument, constant, dim, affine.apply).
  FailureOr<LinearIndex> hostIndex(Value v);
  /// A scalar from outside of bodies: a constant, an element of a tensor, or arithmetic of them.
  LaneValue hostScalar(Value v);

  OpBuilder &b;
  Location loc;
  IndexBuilder index;
  Lanes lanes;
  llvm::DenseMap<Value, Buffer> buffers;
  llvm::DenseMap<Value, LinearIndex> indexArguments;
  Memo memo;

private:
  static std::vector<int64_t> key(Value tensor, ArrayRef<LaneValue> indices);
  LaneValue readUncached(Value tensor, ArrayRef<LaneValue> indices);
  /// `otherwise`, without a read, unless the condition, the same for all lanes, holds.
  LaneValue readIf(Value condition, Value tensor, ArrayRef<LaneValue> indices, Value otherwise);
  LaneValue readPadded(tensor::PadOp pad, ArrayRef<LaneValue> indices);
  LaneValue readConcat(tensor::ConcatOp concat, ArrayRef<LaneValue> indices);
  LaneValue readReshaped(Value source, ArrayRef<ReassociationIndices> groups, bool collapse, Value tensor, ArrayRef<LaneValue> indices);
  LaneValue loadAt(const Buffer &buffer, const LaneValue &offset, bool paddedTail);
  FailureOr<LaneValue> offsetOf(const Buffer &buffer, ArrayRef<LaneValue> indices);
  LaneValue evaluateValue(Value v, linalg::LinalgOp op, ArrayRef<LaneValue> ivs, llvm::DenseMap<Value, LaneValue> &known);
  LaneValue evaluateOp(Operation *def, linalg::LinalgOp op, ArrayRef<LaneValue> ivs, llvm::DenseMap<Value, LaneValue> &known);
  LaneValue elementwise(Operation *def, ArrayRef<LaneValue> operands);
  LaneValue fusedMultiplyAdd(Operation *add, linalg::LinalgOp op, ArrayRef<LaneValue> ivs, llvm::DenseMap<Value, LaneValue> &known);
  LaneValue addIndices(const LaneValue &x, const LaneValue &y);
  LaneValue scaleIndex(const LaneValue &x, const LinearIndex &factor);
  Value toVector(const LaneValue &index);
};

} // namespace mlir::aic

#endif // AIC_CONVERSION_KERNELLOOPS_VALUEEMITTER_H
