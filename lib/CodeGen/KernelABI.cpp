// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- KernelABI.cpp - The C interface of a compiled kernel ---------------===//
//
// void k(void *const *buffers, const int64_t *dims, int64_t worker, int64_t workers)
//
//===----------------------------------------------------------------------===//
#include "aic/CodeGen/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

namespace mlir::aic {
#define GEN_PASS_DEF_FLATTENKERNELSPASS
#define GEN_PASS_DEF_ADDKERNELENTRIESPASS
#include "aic/CodeGen/Passes.h.inc"

namespace {
constexpr StringLiteral kKernelAttr = "aic.kernel";

LogicalResult checkSignature(func::FuncOp kernel) {
  if (kernel.getNumResults())
    return kernel.emitError("expected a kernel without results, got ") << kernel.getFunctionType();
  bool scalarsBegan = false;
  for (Type type : kernel.getArgumentTypes()) {
    auto memref = dyn_cast<MemRefType>(type);
    if (memref ? scalarsBegan || !memref.getLayout().isIdentity() : !type.isIndex())
      return kernel.emitError("expected contiguous memrefs, then index values as arguments of a kernel, got ") << type;
    scalarsBegan |= !memref;
  }
  if (kernel.getNumArguments() < 2 || !kernel.getArgumentTypes().back().isIndex())
    return kernel.emitError("expected the worker and the number of workers as last arguments");
  return success();
}

struct FlattenKernels final : impl::FlattenKernelsPassBase<FlattenKernels> {
  void runOnOperation() override {
    for (auto kernel : getOperation().getOps<func::FuncOp>())
      if (kernel->hasAttr(kKernelAttr) && !kernel.isDeclaration() && failed(flatten(kernel)))
        return signalPassFailure();
  }

  static LogicalResult flatten(func::FuncOp kernel) {
    if (failed(checkSignature(kernel)))
      return failure();
    OpBuilder b = OpBuilder::atBlockBegin(&kernel.front());
    for (BlockArgument arg : kernel.getArguments()) {
      auto type = dyn_cast<MemRefType>(arg.getType());
      if (!type)
        break;
      arg.setType(MemRefType::get({}, type.getElementType()));
      // Nothing may compare with the extent of an unbounded view; half of the range cannot overflow.
      SmallVector<OpFoldResult> sizes, strides;
      for (int64_t extent : type.getShape())
        sizes.push_back(b.getIndexAttr(ShapedType::isDynamic(extent) ? int64_t(1) << 62 : extent));
      int64_t stride = 1;
      for (int64_t d = type.getRank(); d-- > 0; stride *= d ? type.getDimSize(d) : 1)
        strides.insert(strides.begin(), b.getIndexAttr(stride));
      if (type.getRank() > 1 && !type.hasStaticShape())
        return kernel.emitError("expected static extents or one dimension, got ") << type;
      // The view has the argument's own type again: its extent is a value.
      SmallVector<OpFoldResult> values;
      for (auto [extent, size] : llvm::zip_equal(type.getShape(), sizes))
        values.push_back(
            ShapedType::isDynamic(extent)
                ? OpFoldResult(arith::ConstantOp::create(b, kernel.getLoc(), cast<IntegerAttr>(cast<Attribute>(size)))
                                   .getResult())
                : size);
      auto view = memref::ReinterpretCastOp::create(b, kernel.getLoc(), type, arg, b.getIndexAttr(0), values, strides);
      arg.replaceAllUsesExcept(view, view);
    }
    kernel.setFunctionType(b.getFunctionType(kernel.front().getArgumentTypes(), {}));
    for (BlockArgument arg : kernel.getArguments())
      if (isa<MemRefType>(arg.getType()))
        kernel.setArgAttr(arg.getArgNumber(), LLVM::LLVMDialect::getNoAliasAttrName(), b.getUnitAttr());
    return success();
  }
};

struct AddKernelEntries final : impl::AddKernelEntriesPassBase<AddKernelEntries> {
  void runOnOperation() override {
    for (auto kernel : llvm::make_early_inc_range(getOperation().getOps<LLVM::LLVMFuncOp>()))
      if (kernel->hasAttr(kKernelAttr) && !kernel.isExternal())
        addEntry(kernel);
  }

  void addEntry(LLVM::LLVMFuncOp body) {
    OpBuilder b(body);
    Location loc = body.getLoc();
    Type ptr = LLVM::LLVMPointerType::get(b.getContext()), i64 = b.getI64Type();
    std::string name = body.getName().str();
    body.setName(name + ".body");
    body.setLinkage(LLVM::Linkage::Internal);
    body.setSymVisibility("private");
    body.setNoInline(true);
    body.setNoUnwind(true);
    auto entry = LLVM::LLVMFuncOp::create(
        b, loc, name, LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(b.getContext()), {ptr, ptr, i64, i64}));
    entry.setVisibility_(LLVM::Visibility::Hidden);
    entry.setNoUnwind(true);
    b.setInsertionPointToStart(entry.addEntryBlock(b));
    SmallVector<Value> args;
    int32_t pointers = 0, dims = 0;
    for (Type type : body.getArgumentTypes().drop_back(2)) {
      bool isPointer = isa<LLVM::LLVMPointerType>(type);
      int32_t &next = isPointer ? pointers : dims;
      Value from = LLVM::GEPOp::create(b, loc, ptr, isPointer ? ptr : i64, entry.getArgument(isPointer ? 0 : 1),
                                       ArrayRef<LLVM::GEPArg>{next++});
      args.push_back(LLVM::LoadOp::create(b, loc, isPointer ? ptr : i64, from));
    }
    args.push_back(entry.getArgument(2));
    args.push_back(entry.getArgument(3));
    LLVM::CallOp::create(b, loc, body, args);
    LLVM::ReturnOp::create(b, loc, ValueRange());
  }
};
} // namespace
} // namespace mlir::aic
