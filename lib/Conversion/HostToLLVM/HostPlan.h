// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- HostPlan.h - The state of planning the host code -------------------===//
//
// See PlanHost.cpp for the method. The parts: PlanHost.cpp (analysis, the two functions), HostExtents.cpp (extents and
// scalars), HostOperations.cpp (memory, calls, reads), HostControl.cpp (control flow), HostDevice.cpp (what is done
// otherwise if tensors are in the memory of a device: their pointers are addresses that the host cannot follow).
//
//===----------------------------------------------------------------------===//
#ifndef AIC_LIB_CONVERSION_HOSTTOLLVM_HOSTPLAN_H
#define AIC_LIB_CONVERSION_HOSTTOLLVM_HOSTPLAN_H

#include "HostInterface.h"
#include "aic/Dialect/AIC/IR/AICOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"

namespace mlir::aic {

constexpr int64_t kAlign = 64;
/// What the runtime does for models on CUDA devices.
constexpr StringLiteral kDeviceHooks = "aicrt_cuda_device";
/// The largest size that is computed: two of them still have a sum.
constexpr int64_t kMost = int64_t(1) << 61;
/// What a `?` counts when slots are chosen; the real sizes are computed at run time.
constexpr int64_t kNominalExtent = 128;

inline int64_t elementBytes(Type type) {
  if (isa<IndexType>(type))
    return 8;
  return llvm::divideCeil(type.getIntOrFloatBitWidth(), 8);
}

inline RankedTensorType tensorType(Value v) { return dyn_cast<RankedTensorType>(v.getType()); }

inline bool isView(Operation *op) {
  return isa_and_nonnull<tensor::CollapseShapeOp, tensor::ExpandShapeOp, tensor::CastOp, tensor::ReshapeOp>(op);
}

/// One of two tensors, by a condition that the host knows.
inline bool isTensorSelect(Operation *op) {
  auto select = dyn_cast<arith::SelectOp>(op);
  return select && isa<RankedTensorType>(select.getType()) && select.getCondition().getType().isInteger(1);
}

inline bool isDestination(OpOperand &use) {
  auto call = dyn_cast<func::CallOp>(use.getOwner());
  return call && use.getOperandNumber() + call.getNumResults() >= call.getNumOperands();
}

inline Value destinationOf(OpResult result) {
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
  DenseMap<std::pair<Value, Value>, Value> products, boundedProducts;
  DenseMap<int64_t, Value> constants;
  Operation *lastConstant = nullptr;
  Value call, inputs, arena, weights, buffers, extents; // run only
  Value scratch;                                        // of a device: bytes on their way from or to it
  DenseMap<Value, Value> read;                          // of a device: copies of roots that the host has read
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
  Value boundedProduct(Emission &e, Value a, Value b);
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
  Value shares(Emission &e, func::CallOp call);
  LogicalResult emitExtract(Emission &e, tensor::ExtractOp op);
  LogicalResult emitFromElements(Emission &e, tensor::FromElementsOp op);
  LogicalResult emitReturn(Emission &e, func::ReturnOp op);
  void emitViewCheck(Emission &e, Operation &op);
  void emitCheck(Emission &e, Value condition, StringRef message);
  FailureOr<Value> pointer(Emission &e, Value v);
  Value allocate(Emission &e, Value root);
  Value output(Emission &e, unsigned number, Value returned);

  // Control flow: HostControl.cpp.
  LogicalResult emitControl(Emission &e, Operation &op);
  LogicalResult emitIf(Emission &e, scf::IfOp op);
  LogicalResult emitWhile(Emission &e, scf::WhileOp op);
  LogicalResult emitFor(Emission &e, scf::ForOp op);
  LogicalResult emitSelect(Emission &e, arith::SelectOp op);
  LogicalResult emitRegion(Emission &e, Block &from, Block &to, ValueRange arguments,
                           function_ref<LogicalResult()> finish);
  SmallVector<Type> carriedTypes(TypeRange types);
  void bindCarried(Emission &e, ValueRange values, ValueRange carried);
  LogicalResult copyTo(Emission &e, unsigned heapSlot, Value v, SmallVectorImpl<Value> &carried);
  LogicalResult carry(Emission &e, ValueRange values, SmallVectorImpl<Value> &carried, ArrayRef<unsigned> slots);
  Value reserve(Emission &e, unsigned heapSlot, Value bytes);
  SmallVector<unsigned> newHeapSlots(size_t count);

  // Devices: HostDevice.cpp.
  LogicalResult checkDevice();
  LogicalResult emitLaunches(Emission &e, func::CallOp call, func::FuncOp declaration, int64_t buffers,
                             ArrayRef<Value> extents, NamedAttrList &entry);
  FailureOr<int64_t> deviceFunction(func::FuncOp declaration, DictionaryAttr launch);
  FailureOr<Value> readable(Emission &e, Value tensor, Value base, Value offset, Type stored);
  void emitScratch(Emission &e);
  void defineDeviceGlobals(function_ref<void(StringRef, Type, Attribute)> define);

  // LLVM.
  Type none() { return LLVM::LLVMVoidType::get(module.getContext()); }
  Value call(Emission &e, StringRef name, Type result, ValueRange operands);
  void copy(Emission &e, Value to, Value from, Value bytes);
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
  bool onDevice = false;
  SmallVector<SmallVector<int64_t>> deviceFunctions; // rows of aic_host_cuda
  llvm::StringMap<LLVM::LLVMFuncOp> declared;
  llvm::StringMap<func::FuncOp> kernels;
};

} // namespace mlir::aic

#endif // AIC_LIB_CONVERSION_HOSTTOLLVM_HOSTPLAN_H
