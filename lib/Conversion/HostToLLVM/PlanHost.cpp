// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- PlanHost.cpp - @main as host code with planned buffers -------------===//
//
// @main is walked twice for each function that is emitted. The first walk (`query`) emits what follows from the inputs'
// extents alone: index arithmetic, extents of every value, checks. After it the arena is laid out. The second walk
// emits the rest in order: reads of elements, launches, copies. Only values whose extents the first walk knows live in
// the arena; the others are reserved when they are made.
//
// Memory belongs to roots: arguments, constants, results of calls, shape tensors. Reshapes and casts are other names of
// their root.
//
//===----------------------------------------------------------------------===//
#include "HostInterface.h"
#include "LowerHost.h"
#include "SlotPlan.h"
#include "aic/Conversion/HostToLLVM/HostToLLVM.h"
#include "aic/Dialect/AIC/IR/AICOps.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"

namespace mlir::aic {
#define GEN_PASS_DEF_PLANHOSTPASS
#include "aic/Conversion/HostToLLVM/HostToLLVM.h.inc"

namespace {
constexpr int64_t kAlign = 64;
/// What a `?` counts when slots are chosen; the real sizes are computed at run time.
constexpr int64_t kNominalExtent = 128;

int64_t elementBytes(Type type) {
  if (isa<IndexType>(type))
    return 8;
  return llvm::divideCeil(type.getIntOrFloatBitWidth(), 8);
}

RankedTensorType tensorType(Value v) { return dyn_cast<RankedTensorType>(v.getType()); }

bool isView(Operation *op) {
  return isa_and_nonnull<tensor::CollapseShapeOp, tensor::ExpandShapeOp, tensor::CastOp, tensor::ReshapeOp>(op);
}

bool isDestination(OpOperand &use) {
  auto call = dyn_cast<func::CallOp>(use.getOwner());
  return call && use.getOperandNumber() + call.getNumResults() >= call.getNumOperands();
}

Value destinationOf(OpResult result) {
  Operation *call = result.getOwner();
  return call->getOperand(call->getNumOperands() - call->getNumResults() + result.getResultNumber());
}

/// Where the bytes of a root are.
struct Memory {
  enum Kind { None, Argument, Constant, Slot, Heap, Output } kind = None;
  unsigned number = 0;
};

/// The state while one function is emitted.
struct Emission {
  explicit Emission(MLIRContext *context) : b(context) {}
  OpBuilder b;
  IRMapping scalars;                        // index values of @main that are emitted
  DenseMap<Value, SmallVector<Value>> dims; // of tensors; absent: not known yet
  DenseMap<Value, Value> pointers;          // of roots
  DenseMap<std::pair<Value, Value>, Value> products;
  DenseMap<int64_t, Value> constants;
  Operation *lastConstant = nullptr;
  Value call, inputs, arena, weights, buffers, extents; // run only
  SmallVector<Value> slotOffsets;
  DenseSet<Operation *> checked; // asserts that the first walk emitted
  bool query = true;
};

class HostPlan {
public:
  HostPlan(ModuleOp module, func::FuncOp main, HostInterface io)
      : module(module), main(main), io(std::move(io)), builder(module.getContext()), loc(main.getLoc()),
        ptr(LLVM::LLVMPointerType::get(module.getContext())), i64(builder.getI64Type()) {}
  LogicalResult run(int64_t threads, StringRef features);

private:
  // Analysis.
  LogicalResult checkSupported();
  void findOutputs();
  void assignMemory(Emission &known);
  bool needsMemory(Value root);
  Value root(Value v);

  // Extents and scalars.
  LogicalResult emitKnown(Emission &e, Operation &op);
  std::optional<Value> element(Emission &e, Value tensor, int64_t number);
  void setDims(Emission &e, Value v, ArrayRef<Value> dynamic);
  LogicalResult setReshapeDims(Emission &e, tensor::ReshapeOp op);
  void setCollapseDims(Emission &e, tensor::CollapseShapeOp op);
  Value product(Emission &e, Value a, Value b);
  Value count(Emission &e, Value tensor);
  Value bytes(Emission &e, Value tensor);
  Value index(Emission &e, int64_t i);

  // Functions.
  LLVM::LLVMFuncOp begin(Emission &e, StringRef name, Type result, ArrayRef<Type> args, unsigned symbolsArg);
  LogicalResult emitQuery(Emission &e);
  void emitOffsets(Emission &e);
  LogicalResult emitShapes();
  LogicalResult emitRun();
  LogicalResult emitOp(Emission &e, Operation &op);
  LogicalResult emitCall(Emission &e, func::CallOp call);
  LogicalResult emitExtract(Emission &e, tensor::ExtractOp op);
  LogicalResult emitFromElements(Emission &e, tensor::FromElementsOp op);
  LogicalResult emitReturn(Emission &e, func::ReturnOp op);
  void emitViewCheck(Emission &e, Operation &op);
  void emitCheck(Emission &e, Value condition, StringRef message);
  FailureOr<Value> pointer(Emission &e, Value v);
  Value allocate(Emission &e, Value root);
  Value output(Emission &e, unsigned number, Value returned);

  // LLVM.
  Value constant(Emission &e, int64_t i) { return LLVM::ConstantOp::create(e.b, loc, i64, i); }
  Value at(Emission &e, Value base, Value offset) {
    return LLVM::GEPOp::create(e.b, loc, ptr, e.b.getI8Type(), base, ValueRange{offset});
  }
  Value slot(Emission &e, Value base, Type element, int64_t i) {
    return i ? LLVM::GEPOp::create(e.b, loc, ptr, element, base, ArrayRef<LLVM::GEPArg>{int32_t(i)}).getResult() : base;
  }
  Value toI64(Emission &e, Value v) {
    return v.getType() == i64 ? v : arith::IndexCastOp::create(e.b, loc, i64, v).getResult();
  }
  Value string(Emission &e, StringRef text);
  LLVM::LLVMFuncOp declare(StringRef name, Type result, ArrayRef<Type> args);
  FailureOr<int64_t> weight(Value v);
  void defineGlobals(int64_t threads, StringRef features);

  ModuleOp module;
  func::FuncOp main;
  HostInterface io;
  OpBuilder builder;
  Location loc;
  Type ptr, i64;

  DenseMap<Value, Value> rootOf;
  DenseMap<Value, Memory> memory;
  DenseMap<Value, Value> returnedView; // of roots that are outputs
  struct SlotSize {
    int64_t bytes = 0;
    SmallVector<Value> dynamic;
  };
  std::vector<SlotSize> slots;
  unsigned heapSlots = 0;
  DenseMap<std::pair<Attribute, Attribute>, int64_t> weightOffsets;
  SmallVector<Attribute> weightList, launches;
  int64_t weightBytes = 0;
  llvm::StringMap<LLVM::LLVMFuncOp> declared;
  llvm::StringMap<func::FuncOp> kernels;
};

//===-- Analysis ------------------------------------------------------------===//

LogicalResult HostPlan::checkSupported() {
  for (Operation &op : main.front()) {
    bool hasTensors = llvm::any_of(op.getOperandTypes(), llvm::IsaPred<TensorType>) ||
                      llvm::any_of(op.getResultTypes(), llvm::IsaPred<TensorType>);
    bool known = isView(&op) || isa<func::CallOp, func::ReturnOp, tensor::EmptyOp, tensor::DimOp, tensor::ExtractOp,
                                    tensor::FromElementsOp, arith::ConstantOp, PackOp, cf::AssertOp>(op);
    if (!known && (hasTensors || op.getNumRegions() || !isMemoryEffectFree(&op)))
      return op.emitError("expected kernel calls, views and shape arithmetic in '@main', got '") << op.getName() << "'";
    for (Type type : op.getResultTypes())
      if (isa<TensorType>(type) && !isa<RankedTensorType>(type))
        return op.emitError("expected ranked tensors in '@main', got ") << type;
    if (auto dim = dyn_cast<tensor::DimOp>(op); dim && !dim.getConstantIndex())
      return op.emitError("expected a constant as the number of a dimension");
  }
  return success();
}

Value HostPlan::root(Value v) {
  Value &known = rootOf[v];
  if (known)
    return known;
  Value r = v;
  while (isView(r.getDefiningOp())) {
    r = r.getDefiningOp()->getOperand(0);
    if (Value further = rootOf.lookup(r))
      r = further;
  }
  return rootOf[v] = r;
}

/// Kernels write results straight into outputs. The first return of a value decides; others are copies.
void HostPlan::findOutputs() {
  for (OpOperand &use : main.front().getTerminator()->getOpOperands()) {
    Value r = root(use.get());
    if (r.getDefiningOp<func::CallOp>() && returnedView.try_emplace(r, use.get()).second)
      memory[r] = {Memory::Output, use.getOperandNumber()};
  }
}

/// Shape tensors are usually looked at by the host only.
bool HostPlan::needsMemory(Value r) {
  SmallVector<Value> names{r};
  while (!names.empty()) {
    Value v = names.pop_back_val();
    for (OpOperand &use : v.getUses()) {
      Operation *user = use.getOwner();
      if (auto reshape = dyn_cast<tensor::ReshapeOp>(user); reshape && use.getOperandNumber() == 1)
        continue;
      if (isa<tensor::DimOp>(user) || isDestination(use))
        continue;
      if (isView(user))
        names.push_back(user->getResult(0));
      else if (auto extract = dyn_cast<tensor::ExtractOp>(user);
               !extract || llvm::any_of(extract.getIndices(), [](Value i) { return !matchPattern(i, m_Constant()); }))
        return true;
    }
  }
  return false;
}

void HostPlan::assignMemory(Emission &known) {
  DenseMap<Value, int64_t> lastUse;
  int64_t position = 0;
  for (Operation &op : main.front()) {
    for (Value v : op.getOperands())
      if (tensorType(v))
        lastUse[root(v)] = position;
    ++position;
  }
  std::vector<::aic::Tenant> tenants;
  SmallVector<Value> owners;
  position = -1;
  for (Operation &op : main.front()) {
    ++position;
    for (OpResult r : op.getResults()) {
      auto type = tensorType(r);
      if (!type || isView(&op) || isa<arith::ConstantOp, PackOp>(op))
        continue;
      if (auto it = memory.find(r); it != memory.end()) {
        // The output's own extents are needed when the kernel is launched.
        if (returnedView[r] == r || known.dims.contains(returnedView[r]))
          continue;
        memory.erase(it);
      }
      if (!isa<func::CallOp>(op) && !needsMemory(r))
        continue;
      if (!known.dims.contains(r)) {
        memory[r] = {Memory::Heap, heapSlots++};
        continue;
      }
      int64_t estimate = elementBytes(type.getElementType());
      for (int64_t extent : type.getShape())
        estimate *= ShapedType::isDynamic(extent) ? kNominalExtent : extent;
      tenants.push_back({position, lastUse.lookup(r), std::max<int64_t>(estimate, 1)});
      owners.push_back(r);
    }
  }
  std::vector<unsigned> chosen = ::aic::assignSlots(tenants);
  for (auto [owner, number] : llvm::zip_equal(owners, chosen)) {
    if (number >= slots.size())
      slots.resize(number + 1);
    memory[owner] = {Memory::Slot, number};
    auto type = tensorType(owner);
    if (type.hasStaticShape())
      slots[number].bytes = std::max<int64_t>(
          slots[number].bytes, llvm::alignTo(type.getNumElements() * elementBytes(type.getElementType()), kAlign));
    else
      slots[number].dynamic.push_back(owner);
  }
}

//===-- Extents and scalars -------------------------------------------------===//

/// Constants stand at the start of the function, each once.
Value HostPlan::index(Emission &e, int64_t i) {
  Value &known = e.constants[i];
  if (known)
    return known;
  OpBuilder::InsertionGuard guard(e.b);
  if (e.lastConstant)
    e.b.setInsertionPointAfter(e.lastConstant);
  else
    e.b.setInsertionPointToStart(&e.b.getInsertionBlock()->getParent()->front());
  known = arith::ConstantIndexOp::create(e.b, loc, i);
  e.lastConstant = known.getDefiningOp();
  return known;
}

Value HostPlan::product(Emission &e, Value a, Value b) {
  std::optional<int64_t> x = getConstantIntValue(a), y = getConstantIntValue(b);
  if (x && y)
    return index(e, *x * *y);
  if (x == 1)
    return b;
  if (y == 1)
    return a;
  Value &known = e.products[{a, b}];
  if (!known)
    known = arith::MulIOp::create(e.b, loc, a, b);
  return known;
}

Value HostPlan::count(Emission &e, Value tensor) {
  Value fixed = index(e, 1), total;
  for (Value extent : e.dims.find(tensor)->second) {
    if (getConstantIntValue(extent))
      fixed = product(e, fixed, extent);
    else
      total = total ? product(e, total, extent) : extent;
  }
  return total ? product(e, total, fixed) : fixed;
}

Value HostPlan::bytes(Emission &e, Value tensor) {
  return product(e, count(e, tensor), index(e, elementBytes(tensorType(tensor).getElementType())));
}

/// `dynamic`: the `?` extents in order.
void HostPlan::setDims(Emission &e, Value v, ArrayRef<Value> dynamic) {
  SmallVector<Value> result;
  for (int64_t extent : tensorType(v).getShape()) {
    if (!ShapedType::isDynamic(extent)) {
      result.push_back(index(e, extent));
      continue;
    }
    result.push_back(dynamic.front());
    dynamic = dynamic.drop_front();
  }
  e.dims[v] = std::move(result);
}

/// An element of an integer tensor as an index, if the host knows it; in the second walk it is read from memory.
std::optional<Value> HostPlan::element(Emission &e, Value tensor, int64_t number) {
  Value r = root(tensor);
  DenseIntElementsAttr attr;
  if (matchPattern(r, m_Constant(&attr)))
    return index(e, attr.getValues<APInt>()[number].getSExtValue());
  if (auto made = r.getDefiningOp<tensor::FromElementsOp>()) {
    Value v = e.scalars.lookupOrNull(made.getElements()[number]);
    if (!v)
      return std::nullopt;
    return isa<IndexType>(v.getType()) ? v : arith::IndexCastOp::create(e.b, loc, e.b.getIndexType(), v).getResult();
  }
  if (e.query)
    return std::nullopt;
  FailureOr<Value> base = pointer(e, tensor);
  if (failed(base))
    return std::nullopt;
  Type type = tensorType(tensor).getElementType();
  Type stored = e.b.getIntegerType(elementBytes(type) * 8);
  Value v = LLVM::LoadOp::create(e.b, loc, stored, slot(e, *base, stored, number));
  return arith::IndexCastOp::create(e.b, loc, e.b.getIndexType(), v).getResult();
}

LogicalResult HostPlan::setReshapeDims(Emission &e, tensor::ReshapeOp op) {
  SmallVector<Value> dynamic;
  for (auto [d, extent] : llvm::enumerate(cast<RankedTensorType>(op.getType()).getShape())) {
    if (!ShapedType::isDynamic(extent))
      continue;
    std::optional<Value> v = element(e, op.getShape(), d);
    if (!v && e.query)
      return success();
    if (!v)
      return op.emitError("expected a shape that the host can compute");
    dynamic.push_back(*v);
  }
  setDims(e, op, dynamic);
  return success();
}

void HostPlan::setCollapseDims(Emission &e, tensor::CollapseShapeOp op) {
  auto source = e.dims.find(op.getSrc());
  if (source == e.dims.end())
    return;
  SmallVector<Value> from = source->second, dynamic;
  for (auto [d, group] : llvm::enumerate(op.getReassociationIndices())) {
    if (!op.getResultType().isDynamicDim(d))
      continue;
    Value extent = index(e, 1);
    for (int64_t g : group)
      extent = product(e, extent, from[g]);
    dynamic.push_back(extent);
  }
  setDims(e, op, dynamic);
}

/// Emits scalar operations and finds extents, as far as the operands are known. Both walks.
LogicalResult HostPlan::emitKnown(Emission &e, Operation &op) {
  auto mapAll = [&](ValueRange values, SmallVectorImpl<Value> &mapped) {
    for (Value v : values)
      mapped.push_back(e.scalars.lookupOrNull(v));
    return !llvm::is_contained(mapped, Value());
  };
  SmallVector<Value> dynamic;
  if (llvm::all_of(op.getResults(), [&](Value r) { return e.dims.contains(r) || e.scalars.contains(r); }))
    return success();
  if (auto empty = dyn_cast<tensor::EmptyOp>(op)) {
    if (mapAll(empty.getDynamicSizes(), dynamic))
      setDims(e, empty, dynamic);
  } else if (auto call = dyn_cast<func::CallOp>(op)) {
    for (OpResult r : call.getResults())
      if (auto known = e.dims.find(destinationOf(r)); known != e.dims.end()) {
        SmallVector<Value> copy = known->second;
        e.dims[r] = std::move(copy);
      }
  } else if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op)) {
    if (mapAll(expand.getOutputShape(), dynamic))
      setDims(e, expand, dynamic);
  } else if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op)) {
    setCollapseDims(e, collapse);
  } else if (auto reshape = dyn_cast<tensor::ReshapeOp>(op)) {
    return setReshapeDims(e, reshape);
  } else if (isa<tensor::CastOp>(op)) {
    Value result = op.getResult(0);
    if (auto known = e.dims.find(op.getOperand(0)); known != e.dims.end()) {
      for (auto [d, extent] : llvm::enumerate(SmallVector<Value>(known->second)))
        if (tensorType(result).isDynamicDim(d))
          dynamic.push_back(extent);
      setDims(e, result, dynamic);
    }
  } else if (auto dim = dyn_cast<tensor::DimOp>(op)) {
    if (auto known = e.dims.find(dim.getSource());
        known != e.dims.end() && *dim.getConstantIndex() < int64_t(known->second.size()))
      e.scalars.map(dim.getResult(), known->second[*dim.getConstantIndex()]);
  } else if (auto extract = dyn_cast<tensor::ExtractOp>(op)) {
    if (auto made = root(extract.getTensor()).getDefiningOp<tensor::FromElementsOp>();
        made && extract.getTensor() == made.getResult() && tensorType(made.getResult()).getRank() <= 1) {
      std::optional<int64_t> number =
          extract.getIndices().empty() ? 0 : getConstantIntValue(extract.getIndices().front());
      if (number && *number >= 0 && *number < int64_t(made.getElements().size()))
        if (Value v = e.scalars.lookupOrNull(made.getElements()[*number]))
          e.scalars.map(extract.getResult(), v);
    }
  } else if (op.getNumResults() && llvm::all_of(op.getResultTypes(), llvm::IsaPred<RankedTensorType>)) {
    for (Value r : op.getResults())
      if (tensorType(r).hasStaticShape())
        setDims(e, r, {});
  } else if (op.getNumResults() && mapAll(op.getOperands(), dynamic)) {
    if (auto c = dyn_cast<arith::ConstantIndexOp>(op))
      e.scalars.map(c.getResult(), index(e, c.value()));
    else
      e.b.clone(op, e.scalars)->setLoc(loc);
  }
  return success();
}

//===-- Functions -----------------------------------------------------------===//

LLVM::LLVMFuncOp HostPlan::declare(StringRef name, Type result, ArrayRef<Type> args) {
  LLVM::LLVMFuncOp &function = declared[name];
  if (!function) {
    builder.setInsertionPointToEnd(module.getBody());
    function = LLVM::LLVMFuncOp::create(builder, loc, name, LLVM::LLVMFunctionType::get(result, args));
    function.setVisibility_(LLVM::Visibility::Hidden);
  }
  return function;
}

LLVM::LLVMFuncOp HostPlan::begin(Emission &e, StringRef name, Type result, ArrayRef<Type> args, unsigned symbolsArg) {
  LLVM::LLVMFuncOp f = declare(name, result, args);
  e.b.setInsertionPointToStart(f.addEntryBlock(e.b));
  DenseMap<unsigned, Value> symbols;
  for (BlockArgument arg : main.getArguments()) {
    SmallVector<Value> dynamic;
    for (auto [d, extent] : llvm::enumerate(tensorType(arg).getShape())) {
      if (!ShapedType::isDynamic(extent))
        continue;
      unsigned symbol = io.symbol(arg.getArgNumber(), d);
      Value &v = symbols[symbol];
      if (!v) {
        Value raw = LLVM::LoadOp::create(e.b, loc, i64, slot(e, f.getArgument(symbolsArg), i64, symbol));
        v = arith::IndexCastOp::create(e.b, loc, e.b.getIndexType(), raw);
      }
      dynamic.push_back(v);
    }
    setDims(e, arg, dynamic);
  }
  return f;
}

LogicalResult HostPlan::emitQuery(Emission &e) {
  e.query = true;
  for (Operation &op : main.front()) {
    if (failed(emitKnown(e, op)))
      return failure();
    if (auto check = dyn_cast<cf::AssertOp>(op); check && e.call)
      if (Value condition = e.scalars.lookupOrNull(check.getArg())) {
        emitCheck(e, condition, check.getMsg());
        e.checked.insert(check);
      }
  }
  return success();
}

/// The offsets of all slots and, last, the size of the arena.
void HostPlan::emitOffsets(Emission &e) {
  Value sum = index(e, 0);
  for (SlotSize &s : slots) {
    e.slotOffsets.push_back(sum);
    Value size = index(e, s.bytes);
    llvm::SetVector<Value> needs;
    for (Value tenant : s.dynamic)
      needs.insert(bytes(e, tenant));
    for (Value need : needs)
      size = arith::MaxSIOp::create(e.b, loc, size, need);
    if (!needs.empty()) {
      size = arith::AddIOp::create(e.b, loc, size, index(e, kAlign - 1));
      size = arith::AndIOp::create(e.b, loc, size, index(e, -kAlign));
    }
    std::optional<int64_t> x = getConstantIntValue(sum), y = getConstantIntValue(size);
    sum = x && y ? index(e, *x + *y) : arith::AddIOp::create(e.b, loc, sum, size).getResult();
  }
  e.slotOffsets.push_back(sum);
}

LogicalResult HostPlan::emitShapes() {
  Emission e(module.getContext());
  LLVM::LLVMFuncOp f = begin(e, "aic_host_shapes", i64, {ptr, ptr}, 0);
  if (failed(emitQuery(e)))
    return failure();
  assignMemory(e);
  emitOffsets(e);
  int64_t next = 0;
  for (Value v : main.front().getTerminator()->getOperands()) {
    auto known = e.dims.find(v);
    for (auto [d, extent] : llvm::enumerate(tensorType(v).getShape())) {
      Value value = known != e.dims.end() ? known->second[d] : index(e, ShapedType::isDynamic(extent) ? -1 : extent);
      LLVM::StoreOp::create(e.b, loc, toI64(e, value), slot(e, f.getArgument(1), i64, next++));
    }
  }
  LLVM::ReturnOp::create(e.b, loc, toI64(e, e.slotOffsets.back()));
  return success();
}

LogicalResult HostPlan::emitRun() {
  Emission e(module.getContext());
  Type none = LLVM::LLVMVoidType::get(module.getContext());
  LLVM::LLVMFuncOp f = begin(e, "aic_host_run", none, {ptr, ptr, ptr}, 2);
  e.call = f.getArgument(0), e.inputs = f.getArgument(1);
  int64_t buffers = 1, extents = 1;
  for (Operation &op : main.front()) {
    int64_t numbers = 0;
    for (Value v : op.getOperands())
      numbers += tensorType(v) ? tensorType(v).getRank() : 1;
    buffers = std::max<int64_t>(buffers, op.getNumOperands());
    extents = std::max(extents, numbers);
  }
  e.buffers = LLVM::AllocaOp::create(e.b, loc, ptr, ptr, constant(e, buffers), 0);
  e.extents = LLVM::AllocaOp::create(e.b, loc, ptr, i64, constant(e, extents), 0);
  if (failed(emitQuery(e)))
    return failure();
  emitOffsets(e);
  e.query = false;
  e.arena = LLVM::CallOp::create(e.b, loc, declare("aicrt_arena", ptr, {ptr, i64}),
                                 ValueRange{e.call, toI64(e, e.slotOffsets.back())})
                .getResult();
  e.weights = LLVM::CallOp::create(e.b, loc, declare(kWeightsFunction, ptr, {}), ValueRange()).getResult();
  for (Operation &op : main.front())
    if (failed(emitOp(e, op)))
      return failure();
  LLVM::ReturnOp::create(e.b, loc, ValueRange());
  return success();
}

LogicalResult HostPlan::emitOp(Emission &e, Operation &op) {
  if (auto extract = dyn_cast<tensor::ExtractOp>(op)) {
    if (failed(emitKnown(e, op)))
      return failure();
    return e.scalars.contains(extract.getResult()) ? success() : emitExtract(e, extract);
  }
  if (auto check = dyn_cast<cf::AssertOp>(op)) {
    if (e.checked.contains(check))
      return success();
    Value condition = e.scalars.lookupOrNull(check.getArg());
    if (!condition)
      return op.emitError("expected a condition that the host can compute");
    emitCheck(e, condition, check.getMsg());
    return success();
  }
  if (failed(emitKnown(e, op)))
    return failure();
  for (Value r : op.getResults())
    if (!(tensorType(r) ? e.dims.contains(r) : e.scalars.contains(r)))
      return op.emitError("expected extents that the host can compute");
  if (isView(&op))
    emitViewCheck(e, op);
  if (auto call = dyn_cast<func::CallOp>(op))
    return emitCall(e, call);
  if (auto made = dyn_cast<tensor::FromElementsOp>(op))
    return emitFromElements(e, made);
  if (auto done = dyn_cast<func::ReturnOp>(op))
    return emitReturn(e, done);
  return success();
}

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
  LLVM::LLVMFuncOp get = declare("aicrt_output", ptr, {ptr, i64, ptr, i64});
  return LLVM::CallOp::create(e.b, loc, get,
                              ValueRange{e.call, constant(e, number), e.extents, toI64(e, bytes(e, returned))})
      .getResult();
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
    LLVM::LLVMFuncOp get = declare("aicrt_reserve", ptr, {ptr, i64, i64});
    p = LLVM::CallOp::create(e.b, loc, get, ValueRange{e.call, constant(e, m.number), toI64(e, bytes(e, r))})
            .getResult();
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

Value HostPlan::string(Emission &e, StringRef text) {
  Value base = LLVM::AddressOfOp::create(e.b, loc, ptr, "aic_host_strings");
  return at(e, base, constant(e, io.string(text)));
}

void HostPlan::emitCheck(Emission &e, Value condition, StringRef message) {
  if (matchPattern(condition, m_One()))
    return;
  Type i8 = e.b.getI8Type();
  LLVM::LLVMFuncOp check = declare("aicrt_check", LLVM::LLVMVoidType::get(module.getContext()), {ptr, i8, ptr});
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
  SmallVector<StringAttr> names = nodeNames(op.getLoc());
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
  Value where = LLVM::GEPOp::create(e.b, loc, ptr, stored, *base, ValueRange{toI64(e, offset)});
  Value v = LLVM::LoadOp::create(e.b, loc, stored, where);
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
  Value base = allocate(e, op.getResult());
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
  return success();
}

LogicalResult HostPlan::emitCall(Emission &e, func::CallOp call) {
  SmallVector<Value> buffers, extents;
  Type none = LLVM::LLVMVoidType::get(module.getContext());
  LLVM::LLVMFuncOp copy = declare("aicrt_copy", none, {ptr, ptr, i64});
  for (OpResult r : call.getResults()) {
    if (!tensorType(r))
      return call.emitError("expected kernels that return tensors, got ") << r.getType();
    Value target = allocate(e, r), destination = destinationOf(r);
    if (root(destination).getDefiningOp<tensor::EmptyOp>())
      continue;
    FailureOr<Value> start = pointer(e, destination); // the kernel updates a value that lives on
    if (failed(start))
      return failure();
    LLVM::CallOp::create(e.b, loc, copy, ValueRange{target, *start, toI64(e, bytes(e, r))});
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
  LLVM::LLVMFuncOp kernel = declare(call.getCallee(), none, {ptr, ptr, i64, i64});
  LLVM::LLVMFuncOp launch = declare("aicrt_launch", none, {ptr, ptr, ptr, ptr, i64});
  Value code = LLVM::AddressOfOp::create(e.b, loc, kernel);
  LLVM::CallOp::create(e.b, loc, launch, ValueRange{e.call, code, e.buffers, e.extents, constant(e, launches.size())});

  Builder b(module.getContext());
  NamedAttrList entry;
  entry.set("kernel", b.getStringAttr(call.getCallee()));
  SmallVector<Attribute> names;
  llvm::append_range(names, nodeNames(call.getLoc()));
  entry.set("nodes", b.getArrayAttr(names));
  func::FuncOp declaration = kernels.lookup(call.getCallee());
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
    LLVM::LLVMFuncOp copy = declare("aicrt_copy", LLVM::LLVMVoidType::get(module.getContext()), {ptr, ptr, i64});
    LLVM::CallOp::create(e.b, loc, copy, ValueRange{to, *from, toI64(e, bytes(e, v))});
  }
  return success();
}

void HostPlan::defineGlobals(int64_t threads, StringRef features) {
  SmallVector<int64_t> table = io.ioTable(heapSlots, threads, features);
  OpBuilder b(module.getContext());
  b.setInsertionPointToStart(module.getBody());
  auto define = [&](StringRef name, Type type, Attribute value) {
    auto global = LLVM::GlobalOp::create(b, loc, type, true, LLVM::Linkage::External, name, value);
    global.setVisibility_(LLVM::Visibility::Hidden);
  };
  define("aic_host_io", LLVM::LLVMArrayType::get(i64, table.size()),
         DenseElementsAttr::get(RankedTensorType::get({int64_t(table.size())}, i64), ArrayRef<int64_t>(table)));
  StringRef strings = io.strings();
  define("aic_host_strings", LLVM::LLVMArrayType::get(b.getI8Type(), strings.size()), b.getStringAttr(strings));
}

LogicalResult HostPlan::run(int64_t threads, StringRef features) {
  if (failed(checkSupported()))
    return failure();
  findOutputs();
  for (auto function : module.getOps<func::FuncOp>())
    if (function.isDeclaration())
      kernels[function.getName()] = function;
  if (failed(emitShapes()) || failed(emitRun()))
    return failure();
  for (auto function : llvm::make_early_inc_range(module.getOps<func::FuncOp>()))
    if (function.isDeclaration()) // the host code's own declaration takes its place
      function.erase();
  main.erase();
  defineGlobals(threads, features);
  NamedAttrList host(io.describe(module.getContext()));
  host.set("launches", builder.getArrayAttr(launches));
  module->setAttr(kHostInterfaceAttr, host.getDictionary(module.getContext()));
  module->setAttr(kHostWeightsAttr, builder.getArrayAttr(weightList));
  return lowerHostFunctions(module);
}

class PlanHost final : public impl::PlanHostPassBase<PlanHost> {
public:
  using PlanHostPassBase::PlanHostPassBase;
  void runOnOperation() override {
    auto main = getOperation().lookupSymbol<func::FuncOp>("main");
    if (!main || main.isDeclaration() || !main.getBody().hasOneBlock()) {
      getOperation().emitError("expected a function '@main' with one block");
      return signalPassFailure();
    }
    std::string required = features.empty() ? llvm::join(requiredFeatures(getOperation()), ",") : features.getValue();
    FailureOr<HostInterface> io = HostInterface::read(main);
    if (failed(io) || failed(HostPlan(getOperation(), main, std::move(*io)).run(threads, required)))
      signalPassFailure();
  }
};
} // namespace
} // namespace mlir::aic
