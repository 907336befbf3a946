// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Lowering.h - State of one function's conversion --------------------===//
//
// The old function stays as it is while a new one is written beside it: what
// the graph says about a value (its symbolic dims, the signedness of its
// elements) is asked of the old value, code is made of new ones.
//
//===----------------------------------------------------------------------===//
#ifndef AIC_LIB_CONVERSION_AICTOLINALG_LOWERING_H
#define AIC_LIB_CONVERSION_AICTOLINALG_LOWERING_H

#include "aic/Dialect/AIC/IR/AICOps.h"
#include "aic/Dialect/AIC/IR/ShapeScope.h"
#include "mlir/Dialect/Utils/StructuredOpsUtils.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/BitVector.h"
#include <functional>
#include <set>

namespace mlir::aic::lowering {

using Extents = SmallVector<OpFoldResult>;
using Body = llvm::function_ref<SmallVector<Value>(OpBuilder &, Location, ValueRange)>;
using ScalarBody = llvm::function_ref<Value(OpBuilder &, Location, ValueRange)>;
/// A dimension of iteration of a generic: d(i).
constexpr utils::IteratorType kParallel = utils::IteratorType::parallel;
constexpr utils::IteratorType kReduction = utils::IteratorType::reduction;

class Lowering {
public:
  explicit Lowering(MLIRContext *context) : b(context), scope(context) { scope.collectRequirements(&open); }

  OpBuilder b;
  ShapeScope scope;

  //===-- Values ----------------------------------------------------------===//

  /// The new value of an old one.
  Value get(Value old) const { return values.lookup(old); }
  bool isMapped(Value old) const { return values.contains(old); }
  /// Says what has become of an old value, and makes its extents known to later expressions.
  void set(Value old, Value value);
  /// The dims of an old value.
  Dims dims(Value old) { return Dims(scope.dims(old)); }
  Dims dims(Value old, ArrayRef<int64_t> which);
  /// The new type of an old value: signless, with every extent that is a number.
  RankedTensorType type(Value old);
  bool isUnsigned(Value old) const { return getElementTypeOrSelf(old.getType()).isUnsignedInteger(); }
  /// The constant that an old value is.
  DenseElementsAttr constant(Value old) const;
  /// Makes the (refined) type of `value` the one declared.
  Value cast(Location loc, Value value, Type type);

  //===-- Extents ---------------------------------------------------------===//

  /// A number or an index value for an expression, if all its symbols are known by now.
  std::optional<OpFoldResult> number(Location loc, AffineExpr expr);
  /// The extent of an old value that is converted already.
  OpFoldResult extent(Location loc, Value old, int64_t dim);
  Extents extents(Location loc, Value old);
  /// The extents of a value that is about to be made; `fallback` computes one that its expression does not tell.
  Extents resultExtents(Location loc, Value old, llvm::function_ref<OpFoldResult(int64_t)> fallback = nullptr);
  /// The extent of a new value.
  OpFoldResult dim(Location loc, Value tensor, int64_t dim);
  Extents shape(Location loc, Value tensor);
  /// Element i of an old integer tensor as a number: by its expression or read at run time.
  OpFoldResult element(Location loc, Value old, int64_t i);
  Value index(Location loc, OpFoldResult number);
  Value index(Location loc, int64_t number) { return index(loc, b.getIndexAttr(number)); }
  OpFoldResult num(int64_t number) { return b.getIndexAttr(number); }
  /// Arithmetic on extents, folded where both are numbers.
  OpFoldResult add(Location loc, OpFoldResult x, OpFoldResult y);
  OpFoldResult sub(Location loc, OpFoldResult x, OpFoldResult y);
  OpFoldResult mul(Location loc, OpFoldResult x, OpFoldResult y);
  OpFoldResult floorDiv(Location loc, OpFoldResult x, OpFoldResult y);
  OpFoldResult ceilDiv(Location loc, OpFoldResult x, OpFoldResult y);
  OpFoldResult min(Location loc, OpFoldResult x, OpFoldResult y);
  OpFoldResult max(Location loc, OpFoldResult x, OpFoldResult y);
  /// The extent of two dims that broadcast: the one that is not 1.
  OpFoldResult broadcastExtent(Location loc, OpFoldResult x, OpFoldResult y);

  //===-- Requirements ----------------------------------------------------===//

  /// Asserts what the scope requires, as far as the numbers are known by now; the rest waits. What holds here already
  /// is not asserted again.
  void assertRequirements(Location loc);
  /// What still waits.
  SmallVector<Requirement> open;
  /// A run-time check whose error names the node.
  void check(Location loc, Value holds, const Twine &text);
  /// What is asserted or computed between these is not known behind.
  void enterRegion();
  void leaveRegion();

  //===-- Tensors ---------------------------------------------------------===//

  Value empty(Location loc, ArrayRef<OpFoldResult> extents, Type element);
  Value filled(Location loc, ArrayRef<OpFoldResult> extents, Value scalar);
  Value filled(Location loc, ArrayRef<OpFoldResult> extents, TypedAttr scalar);
  /// linalg.generic on tensors. `maps` are those of ins, then outs; the body yields one value per out.
  SmallVector<Value> generic(Location loc, ValueRange ins, ValueRange outs, ArrayRef<AffineMap> maps,
                             ArrayRef<utils::IteratorType> iterators, Body body);
  Value generic(Location loc, ValueRange ins, Value out, ArrayRef<AffineMap> maps,
                ArrayRef<utils::IteratorType> iterators, ScalarBody body);
  /// A generic with parallel dims only whose result has the extents and all dims in order; ins' maps only.
  Value pointwise(Location loc, ValueRange ins, ArrayRef<AffineMap> inMaps, ArrayRef<OpFoldResult> extents,
                  Type element, ScalarBody body);
  /// Old operands broadcast to the old result (or `element`), one scalar at a time.
  Value elementwise(Location loc, ValueRange oldOperands, Value oldResult, ScalarBody body, Type element = nullptr);
  /// A copy of the value broadcast to the dims (the last `dims.size()` ones line up).
  Value broadcastTo(Location loc, Value value, ArrayRef<AffineExpr> from, ArrayRef<AffineExpr> to,
                    ArrayRef<OpFoldResult> extents);

  //===-- Views -----------------------------------------------------------===//

  Value collapse(Location loc, Value value, ArrayRef<ReassociationIndices> groups);
  Value expand(Location loc, Value value, ArrayRef<ReassociationIndices> groups, ArrayRef<OpFoldResult> extents);
  /// The value without (with) some dims of extent 1. Looks through constants and the opposite view.
  Value dropUnits(Location loc, Value value, const llvm::BitVector &units);
  Value addUnits(Location loc, Value value, const llvm::BitVector &units);
  /// Row-major reshape from old dims `from` to `to`, as views.
  Value reshape(Location loc, Value value, ArrayRef<AffineExpr> from, ArrayRef<AffineExpr> to,
                ArrayRef<OpFoldResult> extents);
  /// Moves dims: dim i of the result is dim `permutation[i]`.
  Value transpose(Location loc, Value value, ArrayRef<int64_t> permutation);

  //===-- Maps ------------------------------------------------------------===//

  AffineExpr d(int64_t i) { return getAffineDimExpr(i, b.getContext()); }
  AffineMap map(int64_t rank, ArrayRef<AffineExpr> exprs) { return AffineMap::get(rank, 0, exprs, b.getContext()); }
  AffineMap map(int64_t rank, ArrayRef<int64_t> which);
  AffineMap identity(int64_t rank) { return AffineMap::getMultiDimIdentityMap(rank, b.getContext()); }

private:
  llvm::DenseMap<Value, Value> values;
  /// Where a symbol's number is found: dim `second` of tensor `first`, or `first` itself (an index) if it is -1.
  llvm::DenseMap<unsigned, std::pair<Value, int64_t>> roots;
  using Assertion = std::vector<std::tuple<int, const void *, const void *>>;
  SmallVector<std::set<Assertion>> asserted{1}; ///< region by region
  SmallVector<llvm::DenseMap<unsigned, std::pair<Value, int64_t>>> outerRoots;
  bool assertRequirement(Location loc, const Requirement &requirement);
  bool known(AffineExpr expr) const;
  Value materialise(Location loc, AffineExpr expr);

public:
  /// Makes an index the number of a symbol (no effect on any other expression, or one that has one).
  void root(AffineExpr expr, Value index);
};

//===-- Scalars -----------------------------------------------------------===//

/// f32 for the small floats, else the type itself: what arithmetic is done in.
Type computeType(Type element);
Type signless(Type element);
Value widen(OpBuilder &b, Location loc, Value value);
/// Converts between float types (both ways) or returns the value.
Value toFloat(OpBuilder &b, Location loc, Value value, Type element);
/// Any element to any other as aic.cast does.
Value castScalar(OpBuilder &b, Location loc, Value value, bool fromUnsigned, Type to, bool toUnsigned);
Value scalarConstant(OpBuilder &b, Location loc, Type element, double value);
/// The value that never wins: lowest (or highest) of the type.
TypedAttr extremeAttr(Builder &b, Type element, bool isUnsigned, bool lowest);
TypedAttr zeroAttr(Builder &b, Type element);
Value addScalar(OpBuilder &b, Location loc, Value x, Value y);
Value subScalar(OpBuilder &b, Location loc, Value x, Value y);
Value mulScalar(OpBuilder &b, Location loc, Value x, Value y);
Value divScalar(OpBuilder &b, Location loc, Value x, Value y, bool isUnsigned);
Value maxScalar(OpBuilder &b, Location loc, Value x, Value y, bool isUnsigned);
Value minScalar(OpBuilder &b, Location loc, Value x, Value y, bool isUnsigned);
/// The scalar meaning of an elementwise operation on numbers (small floats are widened already), or null.
Value emitScalar(OpBuilder &b, Location loc, Operation *op, ValueRange args, bool isUnsigned);
/// Index arithmetic in a body.
Value clampIndex(OpBuilder &b, Location loc, Value i, Value extent);

//===-- Operations ----------------------------------------------------------===//

/// Converters by operation name.
class Table {
public:
  using Converter = std::function<LogicalResult(Lowering &, Operation *)>;
  template <typename OpT> void add(LogicalResult (*convert)(Lowering &, OpT)) {
    converters[OpT::getOperationName()] = [convert](Lowering &l, Operation *op) { return convert(l, cast<OpT>(op)); };
  }
  template <typename... Ops> void addAll(LogicalResult (*convert)(Lowering &, Operation *)) {
    ((converters[Ops::getOperationName()] = convert), ...);
  }
  const Converter *find(Operation *op) const {
    auto it = converters.find(op->getName().getStringRef());
    return it == converters.end() ? nullptr : &it->second;
  }

private:
  llvm::StringMap<Converter> converters;
};

void addElementwise(Table &table);
void addContractions(Table &table);
void addConvolutions(Table &table);
void addPools(Table &table);
void addResize(Table &table);
void addReductions(Table &table);
void addNormalizations(Table &table);
void addMovement(Table &table);
void addIndexed(Table &table);

/// Dims that take a tensor from channels first to channels last, and back.
SmallVector<int64_t> toChannelsLast(int64_t rank);
SmallVector<int64_t> toChannelsFirst(int64_t rank);

} // namespace mlir::aic::lowering

#endif // AIC_LIB_CONVERSION_AICTOLINALG_LOWERING_H
