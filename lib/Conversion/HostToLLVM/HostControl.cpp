// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- HostControl.cpp - Control flow of the host code --------------------===//
//
// Results and carried values of tensor type become a pointer and their `?` extents. What a branch yields and what a
// loop carries is copied into memory of its own: a region's values are overwritten when it runs again.
//
//===----------------------------------------------------------------------===//
#include "HostPlan.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

namespace mlir::aic {

SmallVector<Type> HostPlan::carriedTypes(TypeRange types) {
  SmallVector<Type> result;
  for (Type type : types) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    result.push_back(tensor ? ptr : type);
    if (tensor)
      result.append(tensor.getNumDynamicDims(), IndexType::get(type.getContext()));
  }
  return result;
}

/// Gives values of @main what `carried` holds for them.
void HostPlan::bindCarried(Emission &e, ValueRange values, ValueRange carried) {
  for (Value v : values) {
    auto type = tensorType(v);
    if (!type) {
      e.scalars.map(v, carried.front());
      carried = carried.drop_front();
      continue;
    }
    e.pointers[v] = carried.front();
    setDims(e, v, SmallVector<Value>(carried.slice(1, type.getNumDynamicDims())));
    carried = carried.drop_front(1 + type.getNumDynamicDims());
  }
}

SmallVector<unsigned> HostPlan::newHeapSlots(size_t count) {
  SmallVector<unsigned> result;
  for (size_t i = 0; i < count; ++i)
    result.push_back(heapSlots++);
  return result;
}

/// Copies a tensor into a heap slot, or passes a scalar on.
LogicalResult HostPlan::copyTo(Emission &e, unsigned heapSlot, Value v, SmallVectorImpl<Value> &carried) {
  auto type = tensorType(v);
  if (!type) {
    Value scalar = e.scalars.lookupOrNull(v);
    carried.push_back(scalar);
    return scalar ? success() : emitError(v.getLoc(), "expected a value that the host can compute");
  }
  auto known = e.dims.find(v);
  if (known == e.dims.end())
    return emitError(v.getLoc(), "expected extents that the host can compute");
  SmallVector<Value> extents = known->second;
  FailureOr<Value> from = pointer(e, v);
  if (failed(from))
    return failure();
  Value size = toI64(e, bytes(e, v)), to = reserve(e, heapSlot, size);
  copy(e, to, *from, size);
  carried.push_back(to);
  for (auto [d, extent] : llvm::enumerate(extents))
    if (type.isDynamicDim(d))
      carried.push_back(extent);
  return success();
}

Value HostPlan::reserve(Emission &e, unsigned heapSlot, Value bytes) {
  return call(e, onDevice ? "aicrt_cuda_reserve" : "aicrt_reserve", ptr, {e.call, constant(e, heapSlot), bytes});
}

/// Copies values into the slots. A value may lie in a slot that another one is copied to: all are first copied away.
LogicalResult HostPlan::carry(Emission &e, ValueRange values, SmallVectorImpl<Value> &carried,
                              ArrayRef<unsigned> slots) {
  SmallVector<unsigned> away = newHeapSlots(values.size());
  SmallVector<Value> staged;
  for (auto [v, slot] : llvm::zip_equal(values, away))
    if (failed(copyTo(e, slot, v, staged)))
      return failure();
  size_t next = 0;
  for (auto [v, slot] : llvm::zip_equal(values, slots)) {
    auto type = tensorType(v);
    Value from = staged[next];
    carried.push_back(from);
    if (type) {
      Value size = toI64(e, bytes(e, v)), to = reserve(e, slot, size);
      copy(e, to, from, size);
      carried.back() = to;
      carried.append(staged.begin() + next + 1, staged.begin() + next + 1 + type.getNumDynamicDims());
    }
    next += type ? 1 + type.getNumDynamicDims() : 1;
  }
  return success();
}

/// Emits the operations of a region, then what `finish` makes of its terminator. What is remembered of values does not
/// leave the region.
LogicalResult HostPlan::emitRegion(Emission &e, Block &from, Block &to, ValueRange arguments,
                                   function_ref<LogicalResult()> finish) {
  OpBuilder::InsertionGuard guard(e.b);
  e.b.setInsertionPointToEnd(&to);
  auto pointers = e.pointers;
  auto products = e.products, boundedProducts = e.boundedProducts;
  auto read = e.read;
  bindCarried(e, from.getArguments(), arguments);
  for (Operation &op : from.without_terminator())
    if (failed(emitOp(e, op)))
      return failure();
  LogicalResult result = finish();
  e.pointers = std::move(pointers);
  e.products = std::move(products);
  e.boundedProducts = std::move(boundedProducts);
  e.read = std::move(read);
  return result;
}

LogicalResult HostPlan::emitIf(Emission &e, scf::IfOp op) {
  Value condition = e.scalars.lookupOrNull(op.getCondition());
  if (!condition)
    return op.emitError("expected a condition that the host can compute");
  auto made = scf::IfOp::create(e.b, loc, carriedTypes(op.getResultTypes()), condition, /*addThenBlock=*/true,
                                /*addElseBlock=*/true);
  SmallVector<unsigned> slots = newHeapSlots(op.getNumResults());
  auto branch = [&](Region &from, Region &to) -> LogicalResult {
    if (from.empty()) {
      return success(); // the builder made its terminator
    }
    to.front().clear();
    return emitRegion(e, from.front(), to.front(), {}, [&]() -> LogicalResult {
      SmallVector<Value> carried;
      for (auto [v, slot] : llvm::zip_equal(from.front().getTerminator()->getOperands(), slots))
        if (failed(copyTo(e, slot, v, carried)))
          return failure();
      scf::YieldOp::create(e.b, loc, carried);
      return success();
    });
  };
  if (failed(branch(op.getThenRegion(), made.getThenRegion())) ||
      failed(branch(op.getElseRegion(), made.getElseRegion())))
    return failure();
  bindCarried(e, op.getResults(), made.getResults());
  return success();
}

LogicalResult HostPlan::emitWhile(Emission &e, scf::WhileOp op) {
  SmallVector<unsigned> slots = newHeapSlots(op.getInits().size()), outside = newHeapSlots(op.getNumResults());
  SmallVector<Value> initial;
  if (failed(carry(e, op.getInits(), initial, slots)))
    return failure();
  SmallVector<Type> carriedIn = carriedTypes(op.getInits().getTypes()), carriedOut = carriedTypes(op.getResultTypes());
  auto made = scf::WhileOp::create(e.b, loc, carriedOut, initial);
  auto addBlock = [&](Region &region, ArrayRef<Type> types) -> Block & {
    Block &block = region.emplaceBlock();
    block.addArguments(types, SmallVector<Location>(types.size(), loc));
    return block;
  };
  Block &before = addBlock(made.getBefore(), carriedIn), &after = addBlock(made.getAfter(), carriedOut);
  LogicalResult first = emitRegion(e, op.getBefore().front(), before, before.getArguments(), [&]() -> LogicalResult {
    scf::ConditionOp done = op.getConditionOp();
    Value condition = e.scalars.lookupOrNull(done.getCondition());
    if (!condition)
      return done.emitError("expected a condition that the host can compute");
    SmallVector<Value> carried;
    for (auto [v, slot] : llvm::zip_equal(done.getArgs(), outside))
      if (failed(copyTo(e, slot, v, carried)))
        return failure();
    scf::ConditionOp::create(e.b, loc, condition, carried);
    return success();
  });
  if (failed(first))
    return failure();
  LogicalResult second = emitRegion(e, op.getAfter().front(), after, after.getArguments(), [&]() -> LogicalResult {
    SmallVector<Value> carried;
    if (failed(carry(e, op.getYieldOp().getResults(), carried, slots)))
      return failure();
    scf::YieldOp::create(e.b, loc, carried);
    return success();
  });
  if (failed(second))
    return failure();
  bindCarried(e, op.getResults(), made.getResults());
  return success();
}

LogicalResult HostPlan::emitFor(Emission &e, scf::ForOp op) {
  SmallVector<unsigned> slots = newHeapSlots(op.getInitArgs().size());
  SmallVector<Value> initial, bounds;
  for (Value v : {op.getLowerBound(), op.getUpperBound(), op.getStep()})
    bounds.push_back(e.scalars.lookupOrNull(v));
  if (llvm::is_contained(bounds, Value()))
    return op.emitError("expected bounds that the host can compute");
  if (failed(carry(e, op.getInitArgs(), initial, slots)))
    return failure();
  auto made = scf::ForOp::create(e.b, loc, bounds[0], bounds[1], bounds[2], initial);
  made.getBody()->clear();
  LogicalResult body =
      emitRegion(e, *op.getBody(), *made.getBody(), made.getBody()->getArguments(), [&]() -> LogicalResult {
        SmallVector<Value> carried;
        if (failed(carry(e, op.getYieldedValues(), carried, slots)))
          return failure();
        scf::YieldOp::create(e.b, loc, carried);
        return success();
      });
  if (failed(body))
    return failure();
  bindCarried(e, op.getResults(), made.getResults());
  return success();
}

/// A branch that the canonicaliser folded: one of two tensors.
LogicalResult HostPlan::emitSelect(Emission &e, arith::SelectOp op) {
  Value condition = e.scalars.lookupOrNull(op.getCondition());
  FailureOr<Value> whenTrue = pointer(e, op.getTrueValue()), whenFalse = pointer(e, op.getFalseValue());
  if (failed(whenTrue) || failed(whenFalse))
    return failure();
  auto first = e.dims.find(op.getTrueValue()), second = e.dims.find(op.getFalseValue());
  if (!condition || first == e.dims.end() || second == e.dims.end())
    return op.emitError("expected a condition and extents that the host can compute");
  SmallVector<Value> dynamic;
  for (auto [d, a, b] : llvm::enumerate(SmallVector<Value>(first->second), SmallVector<Value>(second->second)))
    if (tensorType(op.getResult()).isDynamicDim(d))
      dynamic.push_back(arith::SelectOp::create(e.b, loc, condition, a, b));
  setDims(e, op.getResult(), dynamic);
  e.pointers[op.getResult()] = LLVM::SelectOp::create(e.b, loc, condition, *whenTrue, *whenFalse);
  // Whose memory it is, is known at run time only: it may be overwritten before the last use of this one.
  SmallVector<Value> carried;
  if (failed(copyTo(e, heapSlots++, op.getResult(), carried)))
    return failure();
  e.pointers[op.getResult()] = carried.front();
  return success();
}

LogicalResult HostPlan::emitControl(Emission &e, Operation &op) {
  if (auto branch = dyn_cast<scf::IfOp>(op))
    return emitIf(e, branch);
  if (auto loop = dyn_cast<scf::WhileOp>(op))
    return emitWhile(e, loop);
  if (auto loop = dyn_cast<scf::ForOp>(op))
    return emitFor(e, loop);
  return op.emitError("expected scf.if, scf.while or scf.for, got '") << op.getName() << "'";
}

} // namespace mlir::aic
