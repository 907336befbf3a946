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
#include "HostPlan.h"
#include "LowerHost.h"
#include "SlotPlan.h"
#include "aic/Conversion/HostToLLVM/HostToLLVM.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"

namespace mlir::aic {
#define GEN_PASS_DEF_PLANHOSTPASS
#include "aic/Conversion/HostToLLVM/HostToLLVM.h.inc"

//===-- Analysis ------------------------------------------------------------===//

LogicalResult HostPlan::checkSupported() {
  WalkResult result = main.walk([&](Operation *each) -> WalkResult {
    Operation &op = *each;
    if (isa<func::FuncOp, scf::IfOp, scf::WhileOp, scf::ForOp, scf::YieldOp, scf::ConditionOp>(op))
      return success();
    bool hasTensors = llvm::any_of(op.getOperandTypes(), llvm::IsaPred<TensorType>) ||
                      llvm::any_of(op.getResultTypes(), llvm::IsaPred<TensorType>);
    bool known = isView(&op) || isTensorSelect(&op) ||
                 isa<func::CallOp, func::ReturnOp, tensor::EmptyOp, tensor::DimOp, tensor::ExtractOp,
                     tensor::FromElementsOp, arith::ConstantOp, PackOp, cf::AssertOp>(op);
    if (!known && (hasTensors || op.getNumRegions() || !isMemoryEffectFree(&op)))
      return op.emitError("expected kernel calls, views and shape arithmetic in '@main', got '") << op.getName() << "'";
    for (Type type : op.getResultTypes())
      if (isa<TensorType>(type) && !isa<RankedTensorType>(type))
        return op.emitError("expected ranked tensors in '@main', got ") << type;
    if (auto dim = dyn_cast<tensor::DimOp>(op); dim && !dim.getConstantIndex())
      return op.emitError("expected a constant as the number of a dimension");
    return success();
  });
  return failure(result.wasInterrupted());
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
    op.walk([&](Operation *inner) {
      for (Value v : inner->getOperands())
        if (tensorType(v))
          lastUse[root(v)] = position;
      // What regions make lives outside the arena: it may be made many times.
      for (Value r : inner->getResults())
        if (inner != &op && tensorType(r) &&
            (isa<func::CallOp>(inner) || (isa<tensor::EmptyOp, tensor::FromElementsOp>(inner) && needsMemory(r))))
          memory[r] = {Memory::Heap, heapSlots++};
    });
    ++position;
  }
  std::vector<::aic::Tenant> tenants;
  SmallVector<Value> owners;
  position = -1;
  for (Operation &op : main.front()) {
    ++position;
    for (OpResult r : op.getResults()) {
      auto type = tensorType(r);
      if (!type || isView(&op) || op.getNumRegions() || isTensorSelect(&op) || isa<arith::ConstantOp, PackOp>(op))
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
    if (x && y)
      sum = index(e, *x + *y);
    else
      sum = arith::MinUIOp::create(e.b, loc, arith::AddIOp::create(e.b, loc, sum, size), index(e, kMost));
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
  main.walk([&](Operation *op) {
    int64_t numbers = 0;
    for (Value v : op->getOperands())
      numbers += tensorType(v) ? tensorType(v).getRank() : 1;
    buffers = std::max<int64_t>(buffers, op->getNumOperands());
    extents = std::max(extents, numbers);
  });
  e.buffers = LLVM::AllocaOp::create(e.b, loc, ptr, ptr, constant(e, buffers), 0);
  e.extents = LLVM::AllocaOp::create(e.b, loc, ptr, i64, constant(e, extents), 0);
  if (onDevice)
    emitScratch(e);
  if (failed(emitQuery(e)))
    return failure();
  emitOffsets(e);
  e.query = false;
  e.arena = call(e, onDevice ? "aicrt_cuda_arena" : "aicrt_arena", ptr, {e.call, toI64(e, e.slotOffsets.back())});
  e.weights = onDevice ? call(e, "aicrt_cuda_weights", ptr, {e.call}) : call(e, kWeightsFunction, ptr, {});
  for (Operation &op : main.front())
    if (failed(emitOp(e, op)))
      return failure();
  LLVM::ReturnOp::create(e.b, loc, ValueRange());
  return success();
}

LogicalResult HostPlan::emitOp(Emission &e, Operation &op) {
  if (op.getNumRegions())
    return emitControl(e, op);
  if (isTensorSelect(&op))
    return emitSelect(e, cast<arith::SelectOp>(op));
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

void HostPlan::defineGlobals(int64_t threads, StringRef features) {
  OpBuilder b(module.getContext());
  b.setInsertionPointToStart(module.getBody());
  auto define = [&](StringRef name, Type type, Attribute value) {
    auto global = LLVM::GlobalOp::create(b, loc, type, true, LLVM::Linkage::External, name, value);
    global.setVisibility_(LLVM::Visibility::Hidden);
  };
  if (onDevice)
    defineDeviceGlobals(define);
  SmallVector<int64_t> table = io.ioTable(heapSlots, threads, features);
  define("aic_host_io", LLVM::LLVMArrayType::get(i64, table.size()),
         DenseElementsAttr::get(RankedTensorType::get({int64_t(table.size())}, i64), ArrayRef<int64_t>(table)));
  StringRef strings = io.strings();
  define("aic_host_strings", LLVM::LLVMArrayType::get(b.getI8Type(), strings.size()), b.getStringAttr(strings));
  auto device = LLVM::GlobalOp::create(b, loc, ptr, true, LLVM::Linkage::External, "aic_host_device", Attribute());
  device.setVisibility_(LLVM::Visibility::Hidden);
  OpBuilder inside = OpBuilder::atBlockBegin(b.createBlock(&device.getInitializerRegion()));
  Value address = onDevice ? LLVM::AddressOfOp::create(inside, loc, ptr, kDeviceHooks).getResult()
                           : LLVM::ZeroOp::create(inside, loc, ptr).getResult();
  LLVM::ReturnOp::create(inside, loc, address);
}

LogicalResult HostPlan::run(int64_t threads, StringRef features) {
  if (failed(checkSupported()))
    return failure();
  for (auto function : module.getOps<func::FuncOp>())
    if (function.isDeclaration())
      kernels[function.getName()] = function;
  if (failed(checkDevice()))
    return failure();
  findOutputs();
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

namespace {
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
