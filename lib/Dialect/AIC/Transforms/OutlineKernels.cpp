// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- OutlineKernels.cpp - A group becomes a function and a call ---------===//
//
// Arguments are what the group reads from outside, then one destination for each
// result. Scalars and uniform small constants are cloned into the kernel, so are
// the tensor.empty of intermediates, whose extents are those of arguments where
// possible. A new kernel that equals an older one but for locations is dropped.
//
//===----------------------------------------------------------------------===//
#include "aic/Dialect/AIC/Transforms/DimResolver.h"
#include "aic/Dialect/AIC/Transforms/KernelAnalysis.h"
#include "aic/Dialect/AIC/Transforms/KernelGroups.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/OperationSupport.h"
#include "llvm/ADT/Hashing.h"

namespace mlir::aic {
namespace {

/// A value that an emitter writes as an immediate.
bool isUniformConstant(Value v) {
  auto constant = v.getDefiningOp<arith::ConstantOp>();
  if (!constant || !isa<RankedTensorType>(v.getType()))
    return constant != nullptr;
  auto elements = dyn_cast<DenseElementsAttr>(constant.getValue());
  return elements && elements.isSplat();
}

/// Whether a scalar is made by a few operations from constants and indices, so that a kernel rather makes it again.
bool isShortArithmetic(Value v, unsigned depth = 8) {
  Operation *def = v.getDefiningOp();
  if (v.getType().isIndex() || isUniformConstant(v))
    return true;
  return depth && def && isa<arith::ArithDialect>(def->getDialect()) &&
         llvm::all_of(def->getOperands(), [&](Value operand) { return isShortArithmetic(operand, depth - 1); });
}

/// The body of a kernel while it is filled.
class KernelBody {
public:
  KernelBody(const KernelGroup &group, ArrayRef<Value> destinations) : group(group), destinations(destinations) {
    inside.insert(group.operations.begin(), group.operations.end());
    collect();
  }
  SetVector<Value> inputs;    // what the kernel takes
  SmallVector<Value> scalars; // ... and scalars that it takes in tensors of rank 0
  void fill(func::FuncOp kernel);

private:
  void collect();
  void collect(Value v);
  void collectArithmetic(Operation *op);
  bool isDestinationOf(OpOperand &operand, Value &result);
  Value extent(OpBuilder &b, Value size);

  const KernelGroup &group;
  ArrayRef<Value> destinations;
  llvm::SmallPtrSet<Operation *, 16> inside;
  SetVector<Operation *> constants;
  SetVector<Value> sizes; // of intermediates, and other indices
  SetVector<Operation *> arithmetic;
  llvm::DenseMap<DimKey, std::pair<Value, int64_t>> extents;
  IRMapping map;
};

void KernelBody::collect(Value v) {
  Operation *def = v.getDefiningOp();
  if (def && inside.contains(def))
    return;
  for (Operation *op = def ? def->getParentOp() : v.getParentRegion()->getParentOp(); op; op = op->getParentOp())
    if (inside.contains(op))
      return; // made in the body of a member
  if (isUniformConstant(v)) {
    constants.insert(def);
    return;
  }
  if (def && isa<tensor::EmptyOp>(def)) {
    for (Value size : def->getOperands())
      if (isUniformConstant(size))
        constants.insert(size.getDefiningOp());
      else
        sizes.insert(size);
    return;
  }
  if (isa<TensorType>(v.getType()))
    inputs.insert(v);
  else if (v.getType().isIndex())
    sizes.insert(v);
  else if (isShortArithmetic(v))
    collectArithmetic(def);
  else if (!llvm::is_contained(scalars, v))
    scalars.push_back(v);
}

/// Collects scalar arithmetic of the host, operands first.
void KernelBody::collectArithmetic(Operation *op) {
  if (arithmetic.contains(op))
    return;
  for (Value operand : op->getOperands())
    collect(operand);
  arithmetic.insert(op);
}

DimKey keyOfSize(Value size) {
  if (auto dim = size.getDefiningOp<tensor::DimOp>(); dim && dim.getConstantIndex())
    return getDimKey(dim.getSource(), *dim.getConstantIndex());
  return {size.getAsOpaquePointer(), -1};
}

void KernelBody::collect() {
  for (Operation *op : group.operations)
    op->walk([&](Operation *nested) {
      bool heavy = isHeavy(classifyLoop(nested));
      for (Value v : nested->getOperands())
        if (heavy && isa<RankedTensorType>(v.getType()) && v.getDefiningOp<arith::ConstantOp>())
          inputs.insert(v); // a weight
        else
          collect(v);
    });
  // Extents that some argument has anyway; the others are arguments themselves.
  auto note = [&](Value tensor, Value key) {
    auto type = dyn_cast<RankedTensorType>(tensor.getType());
    for (int64_t dim = 0; type && dim < type.getRank(); ++dim)
      if (type.isDynamicDim(dim))
        extents.try_emplace(getDimKey(tensor, dim), key, dim);
  };
  for (Value v : inputs)
    note(v, v);
  for (Value v : destinations)
    note(v, v);
  for (Value size : sizes)
    if (!extents.contains(keyOfSize(size)))
      inputs.insert(size);
}

/// The extent of an intermediate, inside the kernel.
Value KernelBody::extent(OpBuilder &b, Value size) {
  if (map.contains(size))
    return map.lookup(size);
  auto [tensor, dim] = extents.at(keyOfSize(size));
  Value inner = tensor::DimOp::create(b, size.getLoc(), map.lookup(tensor), dim);
  map.map(size, inner);
  return inner;
}

void KernelBody::fill(func::FuncOp kernel) {
  Block *body = kernel.addEntryBlock();
  OpBuilder b = OpBuilder::atBlockBegin(body);
  auto arguments = body->getArguments();
  for (auto [outer, inner] : llvm::zip(inputs, arguments))
    map.map(outer, inner);
  auto taken = arguments.drop_front(inputs.size());
  for (auto [outer, inner] : llvm::zip(destinations, taken.take_back(destinations.size())))
    map.map(outer, inner);
  for (Operation *constant : constants)
    b.clone(*constant, map);
  for (Value size : sizes)
    extent(b, size);
  for (Operation *op : arithmetic)
    b.clone(*op, map);
  for (auto [outer, inner] : llvm::zip(scalars, taken))
    map.map(outer, tensor::ExtractOp::create(b, outer.getLoc(), inner, ValueRange()).getResult());

  llvm::DenseMap<Value, Value> destinationOf;
  for (auto [result, destination] : llvm::zip(group.results, destinations))
    destinationOf[result] = map.lookup(destination);
  for (Operation *op : group.operations) {
    // tensor.empty of an intermediate is made anew; a result is written to its destination.
    SmallVector<std::pair<Value, Value>> replaced;
    auto dps = dyn_cast<DestinationStyleOpInterface>(op);
    for (OpOperand &operand : op->getOpOperands()) {
      auto empty = operand.get().getDefiningOp<tensor::EmptyOp>();
      if (!empty)
        continue;
      Value result;
      if (dps && dps.isDpsInit(&operand)) {
        result = dps.getTiedOpResult(&operand);
        // A fill starts the reduction that follows it.
        if (isa<linalg::FillOp>(op) && !destinationOf.count(result) && result.hasOneUse())
          if (auto user = dyn_cast<DestinationStyleOpInterface>(*result.user_begin());
              user && inside.contains(user) && user.isDpsInit(&*result.use_begin()))
            result = user.getTiedOpResult(&*result.use_begin());
      }
      Value inner = destinationOf.lookup(result);
      if (!inner) {
        SmallVector<Value> dynamic;
        for (Value size : empty.getDynamicSizes())
          dynamic.push_back(extent(b, size));
        inner = tensor::EmptyOp::create(b, empty.getLoc(), empty.getType(), dynamic);
      }
      replaced.push_back({operand.get(), inner});
    }
    // Two results can share one tensor.empty outside, so operands are set after cloning.
    Operation *copy = b.clone(*op, map);
    unsigned next = 0;
    for (OpOperand &operand : copy->getOpOperands())
      if (op->getOperand(operand.getOperandNumber()).getDefiningOp<tensor::EmptyOp>())
        operand.set(replaced[next++].second);
  }
  SmallVector<Value> returned;
  for (Value result : group.results)
    returned.push_back(map.lookup(result));
  func::ReturnOp::create(b, kernel.getLoc(), returned);
}

/// A hash of everything but names and locations.
size_t hashKernel(func::FuncOp kernel) {
  llvm::hash_code hash = llvm::hash_value(kernel.getFunctionType().getAsOpaquePointer());
  llvm::DenseMap<Value, unsigned> numbers;
  auto number = [&](Value v) { return numbers.try_emplace(v, numbers.size()).first->second; };
  kernel.getBody().walk<WalkOrder::PreOrder>([&](Operation *op) {
    hash = llvm::hash_combine(hash, op->getName(), op->getDiscardableAttrDictionary(), op->hashProperties(),
                              llvm::hash_combine_range(op->result_type_begin(), op->result_type_end()));
    for (Region &region : op->getRegions())
      for (Value argument : region.getArguments())
        hash = llvm::hash_combine(hash, number(argument));
    for (Value v : op->getOperands())
      hash = llvm::hash_combine(hash, number(v));
    for (Value v : op->getResults())
      number(v);
  });
  return hash;
}

/// The location of the call: the models' nodes that it computes.
Location fuseLocations(ArrayRef<Operation *> operations) {
  SetVector<Location> locations;
  for (Operation *op : operations)
    if (!isa<UnknownLoc>(op->getLoc()))
      locations.insert(op->getLoc());
  return FusedLoc::get(operations.front()->getContext(), locations.getArrayRef());
}

} // namespace

func::FuncOp KernelOutliner::findEqual(func::FuncOp kernel) {
  SmallVector<func::FuncOp, 1> &bucket = byHash[hashKernel(kernel)];
  for (func::FuncOp other : bucket)
    if (other.getFunctionType() == kernel.getFunctionType() &&
        OperationEquivalence::isRegionEquivalentTo(&other.getBody(), &kernel.getBody(),
                                                   OperationEquivalence::IgnoreLocations))
      return other;
  bucket.push_back(kernel);
  return kernel;
}

LogicalResult KernelOutliner::outline(const KernelGroup &group) {
  Operation *last = group.operations.back();
  for (Operation *op : group.operations)
    if (isa<linalg::GenericOp>(op))
      for (OpOperand &init : cast<linalg::GenericOp>(op).getDpsInitsMutable())
        if (cast<linalg::GenericOp>(op).payloadUsesValueFromOperand(&init) &&
            !init.get().getDefiningOp<linalg::FillOp>())
          return op->emitError("expected a reduction to start from linalg.fill");
  OpBuilder host(last);
  Location loc = fuseLocations(group.operations);
  SmallVector<Value> destinations;
  for (Value result : group.results) {
    if (!isa<RankedTensorType>(result.getType()))
      return last->emitError() << "expected a kernel to give ranked tensors, got " << result.getType();
    destinations.push_back(createEmptyLike(host, loc, result));
  }
  KernelBody body(group, destinations);
  SmallVector<Value> arguments(body.inputs.begin(), body.inputs.end());
  for (Value scalar : body.scalars)
    arguments.push_back(
        tensor::FromElementsOp::create(host, loc, RankedTensorType::get({}, scalar.getType()), scalar).getResult());
  llvm::append_range(arguments, destinations);

  auto type = host.getFunctionType(ValueRange(arguments).getTypes(), ValueRange(group.results).getTypes());
  while (symbols.lookup(("k" + Twine(count)).str()))
    ++count;
  auto kernel = func::FuncOp::create(loc, ("k" + Twine(count)).str(), type);
  kernel.setPrivate();
  kernel->setAttr("aic.kernel", host.getUnitAttr());
  body.fill(kernel);
  func::FuncOp callee = findEqual(kernel);
  if (callee == kernel) {
    symbols.insert(kernel, module.getBody()->end());
    ++count;
  } else {
    kernel.erase();
  }
  auto call = func::CallOp::create(host, loc, callee, arguments);
  for (auto [result, replacement] : llvm::zip(SmallVector<Value>(group.results), call.getResults()))
    result.replaceAllUsesWith(replacement);
  for (Operation *op : llvm::reverse(group.operations))
    op->erase();
  return success();
}

} // namespace mlir::aic
