// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- VerifyNVVM.cpp - The gate before NVPTX code generation -------------===//
#include "aic/Target/NVPTX/EmitPTX.h"
#include "aic/Target/NVPTX/NVPTXMachineModel.h"
#include "aic/Target/NVPTX/Passes.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Interfaces/DataLayoutInterfaces.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"

namespace mlir::aic {
#define GEN_PASS_DEF_GPUVERIFYNVVMPASS
#include "aic/Target/NVPTX/Passes.h.inc"

namespace {
constexpr int64_t kHighestPTX = 90; // that LLVM writes
constexpr unsigned kShared = 3;

struct Instruction {
  StringLiteral name, types;
  int64_t sm, ptx;
  bool archSpecific;
};

constexpr Instruction instructions[] = {
#define AIC_NVVM(name, types, sm, ptx, arch) {name, types, sm, ptx, arch},
#include "Instructions.def"
#undef AIC_NVVM
};

const Instruction *findInstruction(StringRef name) {
  static const llvm::StringMap<const Instruction *> byName = [] {
    llvm::StringMap<const Instruction *> map;
    for (const Instruction &instruction : instructions)
      map[instruction.name] = &instruction;
    return map;
  }();
  return byName.lookup(name);
}

/// The element of vectors and of arrays, the first field of structures.
Type elementOf(Type type) {
  while (true) {
    if (auto vector = dyn_cast<VectorType>(type))
      type = vector.getElementType();
    else if (auto array = dyn_cast<LLVM::LLVMArrayType>(type))
      type = array.getElementType();
    else if (auto fields = dyn_cast<LLVM::LLVMStructType>(type); fields && !fields.getBody().empty())
      type = fields.getBody().front();
    else
      return type;
  }
}

unsigned spaceOf(Value pointer) {
  auto type = dyn_cast<LLVM::LLVMPointerType>(pointer.getType());
  return type ? type.getAddressSpace() : 0;
}

bool isKernel(LLVM::LLVMFuncOp function) { return function->hasAttr(NVVM::NVVMDialect::getKernelFuncAttrName()); }

bool isDeviceType(Type type) {
  type = elementOf(type);
  if (auto integer = dyn_cast<IntegerType>(type))
    return integer.getWidth() <= 128;
  return isa<Float16Type, BFloat16Type, Float32Type, Float64Type, LLVM::LLVMPointerType, LLVM::LLVMVoidType,
             LLVM::LLVMFunctionType>(type);
}

class Gate {
public:
  Gate(TargetAttr target) : target(target), model(NVPTXMachineModel::read(target)) {}

  LogicalResult check(ModuleOp module);

  PTXNeeds needs;

private:
  LogicalResult checkEntry(LLVM::LLVMFuncOp entry);
  LogicalResult checkOperation(Operation *op);
  LogicalResult checkCall(LLVM::CallOp call);
  LogicalResult checkShared();
  InFlightDiagnostic error(Operation *op) {
    auto function = dyn_cast<LLVM::LLVMFuncOp>(op);
    if (!function)
      function = op->getParentOfType<LLVM::LLVMFuncOp>();
    InFlightDiagnostic diagnostic = op->emitError();
    if (function)
      diagnostic << "kernel '" << function.getName() << "': ";
    return diagnostic;
  }

  TargetAttr target;
  NVPTXMachineModel model;
  ModuleOp module;
};

LogicalResult Gate::checkEntry(LLVM::LLVMFuncOp entry) {
  int64_t threads = 1;
  for (StringRef name : {NVVM::NVVMDialect::getReqntidAttrName(), NVVM::NVVMDialect::getMaxntidAttrName()})
    if (auto block = entry->getAttrOfType<DenseI32ArrayAttr>(name)) {
      int64_t product = 1;
      for (int64_t extent : block.asArrayRef())
        product *= extent;
      threads = std::max(threads, product);
    }
  if (threads > model.threadsPerBlock)
    return error(entry) << "expected at most " << model.threadsPerBlock << " threads in a block of '"
                        << target.getChip() << "', got " << threads;
  for (Type type : entry.getArgumentTypes())
    if (!type.isInteger(64) && !isa<LLVM::LLVMPointerType>(type))
      return error(entry) << "expected pointers and i64 as parameters, got " << type;
  return success();
}

LogicalResult Gate::checkCall(LLVM::CallOp call) {
  auto callee = call.getCallee();
  if (!callee)
    return error(call) << "expected a direct call";
  auto function = SymbolTable::lookupNearestSymbolFrom<LLVM::LLVMFuncOp>(call, call.getCalleeAttr().getAttr());
  if (!function || function.isExternal())
    return error(call) << "expected a call of a function with a body, got '" << *callee << "'"
                       << (callee->starts_with("__nv_") ? ", which is in no library of AIC's" : "");
  return success();
}

LogicalResult Gate::checkOperation(Operation *op) {
  if (isa<ModuleOp>(op))
    return success();
  if (isa<UnrealizedConversionCastOp>(op))
    return error(op) << "expected no '" << op->getName() << "', got one from " << op->getOperandTypes() << " to "
                     << op->getResultTypes();
  StringRef name = op->getName().getStringRef();
  if (auto call = dyn_cast<LLVM::CallIntrinsicOp>(op))
    name = call.getIntrin();
  const Instruction *known = findInstruction(name);
  if (!known)
    return error(op) << "expected an operation that NVPTX code generation takes, got '" << name << "'";
  for (Type type : llvm::concat<const Type>(op->getOperandTypes(), op->getResultTypes()))
    if (!isDeviceType(type))
      return error(op) << "expected types of the device for '" << name << "', got " << type;
  if (known->types != "*") {
    Type type = elementOf(op->getNumOperands() ? op->getOperand(0).getType() : op->getResult(0).getType());
    // The accumulator of an ordered reduction comes first; both have one element type.
    std::string spelling;
    llvm::raw_string_ostream(spelling) << type;
    SmallVector<StringRef> types;
    known->types.split(types, ' ');
    if (!llvm::is_contained(types, spelling))
      return error(op) << "expected '" << name << "' on one of [" << llvm::join(types, ", ") << "], got " << spelling;
  }
  if (known->sm > model.sm || (known->archSpecific && known->sm != model.sm))
    return error(op) << "expected an operation that '" << target.getChip() << "' has, got '" << name
                     << "', which needs sm_" << known->sm << (known->archSpecific ? "a" : "");
  if (known->ptx > kHighestPTX)
    return error(op) << "expected an operation of PTX ISA " << kHighestPTX << " (times 10) or below, got '" << name
                     << "', which needs " << known->ptx;
  needs.sm = std::max(needs.sm, known->sm);
  needs.ptx = std::max(needs.ptx, known->ptx);
  needs.archSpecific |= known->archSpecific;
  if (auto call = dyn_cast<LLVM::CallOp>(op))
    return checkCall(call);
  if (auto cast = dyn_cast<LLVM::AddrSpaceCastOp>(op)) {
    unsigned from = spaceOf(cast.getArg()), to = spaceOf(cast.getResult());
    if (from && to && from != to)
      return error(op) << "expected a cast from or to generic memory, got one from " << from << " to " << to;
  }
  if (auto alloca = dyn_cast<LLVM::AllocaOp>(op); alloca && !matchPattern(alloca.getArraySize(), m_Constant()))
    return error(op) << "expected a fixed size of thread-private memory";
  if (auto function = dyn_cast<LLVM::LLVMFuncOp>(op); function && isKernel(function))
    return checkEntry(function);
  return success();
}

LogicalResult Gate::check(ModuleOp m) {
  module = m;
  WalkResult result = module.walk([&](Operation *op) { return WalkResult(checkOperation(op)); });
  if (result.wasInterrupted())
    return failure();
  return checkShared();
}

/// An entry pays for the variables that it and what it calls use; calls of shared memory are not worth following.
LogicalResult Gate::checkShared() {
  DataLayout layout(module);
  SymbolTable symbols(module);
  for (auto function : module.getOps<LLVM::LLVMFuncOp>()) {
    llvm::SetVector<LLVM::GlobalOp> used;
    function.walk([&](LLVM::AddressOfOp address) {
      if (auto global = symbols.lookup<LLVM::GlobalOp>(address.getGlobalName()))
        if (global.getAddrSpace() == kShared && global.getLinkage() != LLVM::Linkage::External)
          used.insert(global);
    });
    int64_t bytes = 0;
    for (LLVM::GlobalOp global : used) {
      bytes = llvm::alignTo(bytes, std::max<int64_t>(1, global.getAlignment().value_or(1)));
      bytes += int64_t(layout.getTypeSize(global.getType()).getFixedValue());
    }
    if (bytes > model.sharedPerBlock)
      return error(function) << "expected at most " << model.sharedPerBlock << " bytes of static shared memory on '"
                             << target.getChip() << "', got " << bytes;
  }
  return success();
}

TargetAttr targetOf(ModuleOp module) {
  for (Operation *op = module; op; op = op->getParentOp())
    if (auto target = op->getAttrOfType<TargetAttr>(TargetAttr::attributeName))
      return target;
  return {};
}

struct GPUVerifyNVVM final : impl::GPUVerifyNVVMPassBase<GPUVerifyNVVM> {
  void runOnOperation() override {
    TargetAttr target = targetOf(getOperation());
    if (!target) {
      getOperation().emitError("expected an attribute 'aic.target'; aic-attach-target sets it");
      return signalPassFailure();
    }
    if (failed(verifyNVVM(getOperation(), target)))
      signalPassFailure();
    markAllAnalysesPreserved();
  }
};
} // namespace

FailureOr<PTXNeeds> verifyNVVM(ModuleOp module, TargetAttr target) {
  if (failed(NVPTXMachineModel::verify(target, [&] { return module.emitError(); })))
    return failure();
  Gate gate(target);
  if (failed(gate.check(module)))
    return failure();
  return gate.needs;
}

} // namespace mlir::aic
