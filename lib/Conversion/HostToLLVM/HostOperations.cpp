// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- HostOperations.cpp - Memory, calls and reads of the host code ------===//
#include "HostPlan.h"
#include "aic/Dialect/AIC/IR/NodeNames.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/DialectResourceBlobManager.h"

namespace mlir::aic {

//===-- Memory --------------------------------------------------------------===//

/// The offset of a constant in the weight section.
FailureOr<int64_t> HostPlan::weight(Value v) {
  auto pack = v.getDefiningOp<PackOp>();
  auto c = (pack ? pack.getInput() : v).getDefiningOp<arith::ConstantOp>();
  auto value = c ? dyn_cast<ElementsAttr>(c.getValue()) : ElementsAttr();
  if (!value)
    return emitError(v.getLoc(), "expected a constant tensor");
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(value); resource && !resource.getRawHandle().getBlob())
    return emitError(v.getLoc(), "expected data for the resource '") << resource.getRawHandle().getKey() << "'";
  Builder b(v.getContext());
  NamedAttrList entry;
  if (pack) {
    entry.set("packed", TypeAttr::get(pack.getType()));
    entry.set("permutation", pack.getPermutationAttr());
    entry.set("group", pack.getGroupAttr());
  }
  Attribute layout = entry.getDictionary(v.getContext());
  auto [it, isNew] = weightOffsets.try_emplace({value, layout}, weightBytes);
  if (!isNew)
    return it->second;
  auto type = cast<RankedTensorType>(v.getType());
  int64_t size = type.getNumElements() * elementBytes(type.getElementType());
  entry.set("value", value);
  entry.set("offset", b.getI64IntegerAttr(weightBytes));
  entry.set("bytes", b.getI64IntegerAttr(size));
  weightList.push_back(entry.getDictionary(v.getContext()));
  weightBytes = llvm::alignTo(weightBytes + size, kAlign);
  return it->second;
}

Value HostPlan::output(Emission &e, unsigned number, Value returned) {
  for (auto [d, extent] : llvm::enumerate(SmallVector<Value>(e.dims.find(returned)->second)))
    LLVM::StoreOp::create(e.b, loc, toI64(e, extent), slot(e, e.extents, i64, d));
  return call(e, onDevice ? "aicrt_cuda_output" : "aicrt_output", ptr,
              {e.call, constant(e, number), e.extents, toI64(e, bytes(e, returned))});
}

/// Memory for a value that is about to be written.
Value HostPlan::allocate(Emission &e, Value r) {
  Memory m = memory.lookup(r);
  Value &p = e.pointers[r];
  if (m.kind == Memory::Output) {
    p = output(e, m.number, returnedView[r]);
  } else if (m.kind == Memory::Slot) {
    p = at(e, e.arena, toI64(e, e.slotOffsets[m.number]));
  } else if (m.kind == Memory::Heap) {
    p = reserve(e, m.number, toI64(e, bytes(e, r)));
  }
  return p;
}

FailureOr<Value> HostPlan::pointer(Emission &e, Value v) {
  Value r = root(v);
  if (Value known = e.pointers.lookup(r))
    return known;
  if (auto arg = dyn_cast<BlockArgument>(r))
    return e.pointers[r] = LLVM::LoadOp::create(e.b, loc, ptr, slot(e, e.inputs, ptr, arg.getArgNumber())).getResult();
  if (r.getDefiningOp<tensor::EmptyOp>() && memory.contains(r))
    return allocate(e, r);
  FailureOr<int64_t> offset = weight(r);
  if (failed(offset))
    return failure();
  return at(e, e.weights, constant(e, *offset));
}

//===-- Operations ----------------------------------------------------------===//

Value HostPlan::call(Emission &e, StringRef name, Type result, ValueRange operands) {
  LLVM::LLVMFuncOp function = declare(name, result, SmallVector<Type>(operands.getTypes()));
  auto made = LLVM::CallOp::create(e.b, loc, function, operands);
  return made.getNumResults() ? made.getResult() : Value();
}

void HostPlan::copy(Emission &e, Value to, Value from, Value bytes) {
  if (onDevice)
    call(e, "aicrt_cuda_copy", none(), {e.call, to, from, bytes});
  else
    call(e, "aicrt_copy", none(), {to, from, bytes});
}

Value HostPlan::string(Emission &e, StringRef text) {
  Value base = LLVM::AddressOfOp::create(e.b, loc, ptr, "aic_host_strings");
  return at(e, base, constant(e, io.string(text)));
}

void HostPlan::emitCheck(Emission &e, Value condition, StringRef message) {
  if (matchPattern(condition, m_One()))
    return;
  Type i8 = e.b.getI8Type();
  LLVM::LLVMFuncOp check = declare("aicrt_check", none(), {ptr, i8, ptr});
  Value holds = arith::ExtUIOp::create(e.b, loc, i8, condition);
  LLVM::CallOp::create(e.b, loc, check, ValueRange{e.call, holds, string(e, message)});
}

/// A view whose extents are not what its source holds would be read past its end.
void HostPlan::emitViewCheck(Emission &e, Operation &op) {
  if (isa<tensor::CollapseShapeOp>(op))
    return;
  Value from = count(e, op.getOperand(0)), to = count(e, op.getResult(0));
  if (from == to)
    return;
  std::optional<int64_t> x = getConstantIntValue(from), y = getConstantIntValue(to);
  if (x && y && *x == *y)
    return;
  SmallVector<StringRef> names = getNodeNames(&op);
  std::string text = names.empty() ? "" : "node '" + names.front().str() + "': ";
  text += "expected a shape with as many elements as the tensor has";
  Value same = arith::CmpIOp::create(e.b, loc, arith::CmpIPredicate::eq, from, to);
  emitCheck(e, same, text);
}

LogicalResult HostPlan::emitExtract(Emission &e, tensor::ExtractOp op) {
  FailureOr<Value> base = pointer(e, op.getTensor());
  auto extents = e.dims.find(op.getTensor());
  if (failed(base) || extents == e.dims.end())
    return failed(base) ? failure() : op.emitError("expected extents that the host can compute");
  Value offset = index(e, 0);
  for (auto [i, extent] : llvm::zip_equal(op.getIndices(), SmallVector<Value>(extents->second))) {
    Value position = e.scalars.lookupOrNull(i);
    if (!position)
      return op.emitError("expected an index that the host can compute");
    offset = arith::AddIOp::create(e.b, loc, arith::MulIOp::create(e.b, loc, offset, extent), position);
  }
  Type type = tensorType(op.getTensor()).getElementType();
  Type stored = isa<FloatType>(type) ? type : e.b.getIntegerType(elementBytes(type) * 8);
  FailureOr<Value> where = readable(e, op.getTensor(), *base, toI64(e, offset), stored);
  if (failed(where))
    return failure();
  Value v = LLVM::LoadOp::create(e.b, loc, stored, *where);
  if (isa<IndexType>(type))
    v = arith::IndexCastOp::create(e.b, loc, type, v);
  else if (stored != type)
    v = arith::TruncIOp::create(e.b, loc, type, v);
  e.scalars.map(op.getResult(), v);
  return success();
}

LogicalResult HostPlan::emitFromElements(Emission &e, tensor::FromElementsOp op) {
  if (!memory.contains(op.getResult()))
    return success();
  Value target = allocate(e, op.getResult()), base = onDevice ? e.scratch : target;
  for (auto [i, element] : llvm::enumerate(op.getElements())) {
    Value v = e.scalars.lookupOrNull(element);
    if (!v)
      return op.emitError("expected elements that the host can compute");
    Type type = v.getType(), stored = isa<FloatType>(type) ? type : e.b.getIntegerType(elementBytes(type) * 8);
    if (isa<IndexType>(type))
      v = toI64(e, v);
    else if (type != stored)
      v = arith::ExtUIOp::create(e.b, loc, stored, v);
    LLVM::StoreOp::create(e.b, loc, v, slot(e, base, stored, i));
  }
  if (onDevice)
    call(e, "aicrt_cuda_write", none(), {e.call, target, base, toI64(e, bytes(e, op.getResult()))});
  return success();
}

/// The workers that a call is worth: one for each `grain` elements of its results (docs/Levels.md). Without a config
/// all that the handle has.
Value HostPlan::shares(Emission &e, func::CallOp call) {
  func::FuncOp declaration = kernels.lookup(call.getCallee());
  auto config = declaration ? declaration->getAttrOfType<LoweringConfigAttr>(LoweringConfigAttr::attributeName)
                            : LoweringConfigAttr();
  int64_t grain = config ? config.getNumber("grain", 0) : 0;
  if (grain <= 0)
    return constant(e, std::numeric_limits<int32_t>::max());
  Value elements;
  for (Value r : call.getResults()) {
    Value more = count(e, r);
    elements = elements ? arith::AddIOp::create(e.b, loc, elements, more).getResult() : more;
  }
  if (std::optional<int64_t> known = elements ? getConstantIntValue(elements) : std::nullopt)
    return constant(e, *known / grain);
  if (!elements)
    return constant(e, 1);
  return toI64(e, arith::DivUIOp::create(e.b, loc, elements, index(e, grain)));
}

LogicalResult HostPlan::emitCall(Emission &e, func::CallOp call) {
  SmallVector<Value> buffers, extents;
  for (OpResult r : call.getResults()) {
    if (!tensorType(r))
      return call.emitError("expected kernels that return tensors, got ") << r.getType();
    Value target = allocate(e, r), destination = destinationOf(r);
    if (root(destination).getDefiningOp<tensor::EmptyOp>())
      continue;
    FailureOr<Value> start = pointer(e, destination); // the kernel updates a value that lives on
    if (failed(start))
      return failure();
    copy(e, target, *start, toI64(e, bytes(e, r)));
  }
  for (OpOperand &use : call->getOpOperands()) {
    Value v = use.get();
    if (auto type = tensorType(v)) {
      unsigned result = use.getOperandNumber() + call.getNumResults() - call.getNumOperands();
      FailureOr<Value> p = isDestination(use) ? e.pointers.lookup(call.getResult(result)) : pointer(e, v);
      if (failed(p))
        return failure();
      buffers.push_back(*p);
      for (auto [d, extent] : llvm::enumerate(e.dims.find(v)->second))
        if (type.isDynamicDim(d))
          extents.push_back(extent);
      continue;
    }
    Value scalar = e.scalars.lookupOrNull(v);
    if (!scalar || !isa<IndexType>(v.getType()))
      return call.emitError("expected tensors and index values as operands of a kernel, got ") << v.getType();
    extents.push_back(scalar);
  }
  for (auto [i, p] : llvm::enumerate(buffers))
    LLVM::StoreOp::create(e.b, loc, p, slot(e, e.buffers, ptr, i));
  for (auto [i, extent] : llvm::enumerate(extents))
    LLVM::StoreOp::create(e.b, loc, toI64(e, extent), slot(e, e.extents, i64, i));
  func::FuncOp declaration = kernels.lookup(call.getCallee());
  NamedAttrList entry;
  if (onDevice) {
    if (failed(emitLaunches(e, call, declaration, buffers.size(), extents, entry)))
      return failure();
  } else if (declaration && declaration->hasAttr("npu.kernel")) { // a program: its container, then its buffers
    LLVM::LLVMFuncOp launch = declare("aicrt_npu", none(), {ptr, ptr, i64, ptr, i64, i64});
    Value rest = at(e, e.buffers, constant(e, 8));
    LLVM::CallOp::create(e.b, loc, launch,
                         ValueRange{e.call, buffers.front(), toI64(e, bytes(e, call.getOperand(0))), rest,
                                    constant(e, int64_t(buffers.size()) - 1), constant(e, launches.size())});
  } else {
    LLVM::LLVMFuncOp kernel = declare(call.getCallee(), none(), {ptr, ptr, i64, i64});
    LLVM::LLVMFuncOp launch = declare("aicrt_launch", none(), {ptr, ptr, ptr, ptr, i64, i64});
    Value code = LLVM::AddressOfOp::create(e.b, loc, kernel);
    LLVM::CallOp::create(e.b, loc, launch,
                         ValueRange{e.call, code, e.buffers, e.extents, constant(e, launches.size()), shares(e, call)});
  }

  Builder b(module.getContext());
  entry.set("kernel", b.getStringAttr(call.getCallee()));
  SmallVector<Attribute> names;
  for (StringRef node : getNodeNames(call.getOperation()))
    names.push_back(b.getStringAttr(node));
  entry.set("nodes", b.getArrayAttr(names));
  for (StringRef key : {"flops", "bytes"})
    if (Attribute known = declaration ? declaration->getDiscardableAttr(("aic." + key).str()) : Attribute())
      entry.set(key, known);
  launches.push_back(entry.getDictionary(module.getContext()));
  return success();
}

LogicalResult HostPlan::emitReturn(Emission &e, func::ReturnOp op) {
  for (OpOperand &use : op->getOpOperands()) {
    Value v = use.get(), r = root(v);
    Memory m = memory.lookup(r);
    if (m.kind == Memory::Output && m.number == use.getOperandNumber())
      continue;
    FailureOr<Value> from = pointer(e, v);
    if (failed(from))
      return failure();
    Value to = output(e, use.getOperandNumber(), v);
    copy(e, to, *from, toI64(e, bytes(e, v)));
  }
  return success();
}

} // namespace mlir::aic
