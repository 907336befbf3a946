// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- PrepareDevice.cpp - Pointers, memories and registers of the device -===//
//
// The conversions to the LLVM dialect know neither the gpu dialect nor its address spaces. What is special about a GPU
// is rewritten here, on memrefs with numbered memory spaces; the rest of the way is the same as on a CPU.
//
//===----------------------------------------------------------------------===//
#include "aic/Target/NVPTX/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

namespace mlir::aic {
#define GEN_PASS_DEF_GPUPREPAREDEVICEPASS
#include "aic/Target/NVPTX/Passes.h.inc"

namespace {
constexpr StringLiteral kBlockAttr = "nvidia.block";
constexpr unsigned kGlobal = 1, kShared = 3;
constexpr int64_t kSharedAlignment = 16; // of the widest access
constexpr int64_t kGridLimit[3] = {(int64_t(1) << 31) - 1, 65535, 65535};

MemRefType inSpace(MemRefType type, Attribute space) {
  return MemRefType::get(type.getShape(), type.getElementType(), type.getLayout(), space);
}

class Preparation {
public:
  Preparation(func::FuncOp function, DenseI64ArrayAttr block, SymbolTable &symbols)
      : function(function), block(block.asArrayRef()), symbols(symbols), b(function.getContext()) {}

  LogicalResult run() {
    return success(succeeded(verify()) && succeeded(flattenArguments()) && succeeded(placeAllocas()) &&
                   succeeded(lowerOperations()));
  }

private:
  LogicalResult verify();
  LogicalResult flattenArguments();
  LogicalResult placeAllocas();
  /// Gives `value` and what is made of it the memory space.
  LogicalResult setSpace(Value value, Attribute space);
  LogicalResult lowerOperations();

  Value toIndex(Location loc, Value id) { return arith::IndexCastUIOp::create(b, loc, b.getIndexType(), id); }
  template <typename OpX, typename OpY, typename OpZ>
  Value readRegister(Location loc, gpu::Dimension d, int64_t from, ArrayRef<int64_t> limits);
  void lowerShuffle(gpu::ShuffleOp op);
  Value shuffleWord(gpu::ShuffleOp op, Value word, Value clamp, Value mask, Value *valid);

  func::FuncOp function;
  ArrayRef<int64_t> block;
  SymbolTable &symbols;
  OpBuilder b;
};

LogicalResult Preparation::verify() {
  if (block.size() != 3 || llvm::any_of(block, [](int64_t n) { return n < 1; }))
    return function.emitError("expected three positive extents as ") << kBlockAttr << ", got " << block;
  if (function.getNumResults() || function.isDeclaration())
    return function.emitError("expected a device function with a body and without results");
  bool scalarsBegan = false;
  for (Type type : function.getArgumentTypes()) {
    auto memref = dyn_cast<MemRefType>(type);
    if (memref ? scalarsBegan || !memref.getLayout().isIdentity() || memref.getMemorySpace() || memref.getRank() > 1
               : !type.isIndex())
      return function.emitError(
                 "expected memrefs of one dim, then index values as arguments of a device function, got ")
             << type;
    scalarsBegan |= !memref;
  }
  return success();
}

LogicalResult Preparation::flattenArguments() {
  b.setInsertionPointToStart(&function.front());
  Location loc = function.getLoc();
  Attribute global = b.getI64IntegerAttr(kGlobal);
  for (BlockArgument arg : function.getArguments()) {
    auto type = dyn_cast<MemRefType>(arg.getType());
    if (!type)
      break;
    arg.setType(MemRefType::get({}, type.getElementType(), MemRefLayoutAttrInterface(), global));
    if (!type.getRank()) {
      if (failed(setSpace(arg, global)))
        return failure();
      continue;
    }
    // Nothing may compare with the extent of an unbounded view; half of the range cannot overflow.
    OpFoldResult size = b.getIndexAttr(type.getDimSize(0));
    if (type.isDynamicDim(0))
      size = arith::ConstantIndexOp::create(b, loc, int64_t(1) << 62).getResult();
    auto view = memref::ReinterpretCastOp::create(b, loc, inSpace(type, global), arg, b.getIndexAttr(0), {size},
                                                  {b.getIndexAttr(1)});
    arg.replaceAllUsesExcept(view, view);
    if (failed(setSpace(view, global)))
      return failure();
  }
  function.setFunctionType(b.getFunctionType(function.front().getArgumentTypes(), {}));
  return success();
}

LogicalResult Preparation::setSpace(Value root, Attribute space) {
  SmallVector<Value> open{root};
  while (!open.empty()) {
    Value value = open.pop_back_val();
    auto type = cast<MemRefType>(value.getType());
    if (type.getMemorySpace() != space)
      value.setType(inSpace(type, space));
    for (Operation *user : value.getUsers()) {
      if (!isa<ViewLikeOpInterface, arith::SelectOp, memref::ExtractStridedMetadataOp>(user)) {
        // Loads and stores end the walk; others would need the new type in a region or a callee.
        if (isa<RegionBranchOpInterface, RegionBranchTerminatorOpInterface, CallOpInterface>(user))
          return user->emitError("expected memrefs of a device function in views, loads and stores only");
        continue;
      }
      for (Value result : user->getResults())
        if (auto of = dyn_cast<MemRefType>(result.getType()); of && of.getMemorySpace() != space)
          open.push_back(result);
    }
  }
  return success();
}

LogicalResult Preparation::placeAllocas() {
  SmallVector<memref::AllocaOp> allocas;
  function.walk([&](memref::AllocaOp op) { allocas.push_back(op); });
  for (memref::AllocaOp op : allocas) {
    MemRefType type = op.getType();
    if (!type.hasStaticShape())
      return op.emitError("expected a fixed size of memory in a device function, got ") << type;
    auto named = dyn_cast_or_null<gpu::AddressSpaceAttr>(type.getMemorySpace());
    if (!named || named.getValue() == gpu::AddressSpace::Private) {
      if (named && failed(setSpace(op, Attribute())))
        return failure();
      if (type.getMemorySpace() && !named)
        return op.emitError("expected workgroup or private memory, got ") << type;
      op->moveBefore(&function.front(), function.front().begin());
      continue;
    }
    if (named.getValue() != gpu::AddressSpace::Workgroup)
      return op.emitError("expected workgroup or private memory, got ") << type;
    Attribute space = b.getI64IntegerAttr(kShared);
    MemRefType shared = inSpace(type, space);
    b.setInsertionPoint(function);
    int64_t alignment = std::max<int64_t>(kSharedAlignment, op.getAlignment().value_or(0));
    auto global = memref::GlobalOp::create(b, op.getLoc(), "shared0", b.getStringAttr("private"), shared,
                                           b.getUnitAttr(), /*constant=*/false, b.getI64IntegerAttr(alignment));
    symbols.insert(global); // makes the name unique
    b.setInsertionPoint(op);
    auto get = memref::GetGlobalOp::create(b, op.getLoc(), shared, global.getSymName());
    op.replaceAllUsesWith(get.getResult());
    op.erase();
    if (failed(setSpace(get, space)))
      return failure();
  }
  return success();
}

template <typename OpX, typename OpY, typename OpZ>
Value Preparation::readRegister(Location loc, gpu::Dimension d, int64_t from, ArrayRef<int64_t> limits) {
  unsigned i = unsigned(d);
  Type i32 = b.getI32Type();
  // The upper bound is exclusive.
  auto range = LLVM::ConstantRangeAttr::get(b.getContext(), APInt(32, from), APInt(32, limits[i] + from));
  if (d == gpu::Dimension::x)
    return toIndex(loc, OpX::create(b, loc, i32, range));
  if (d == gpu::Dimension::y)
    return toIndex(loc, OpY::create(b, loc, i32, range));
  return toIndex(loc, OpZ::create(b, loc, i32, range));
}

Value Preparation::shuffleWord(gpu::ShuffleOp op, Value word, Value clamp, Value mask, Value *valid) {
  Location loc = op.getLoc();
  NVVM::ShflKind kind = op.getMode() == gpu::ShuffleMode::XOR    ? NVVM::ShflKind::bfly
                        : op.getMode() == gpu::ShuffleMode::UP   ? NVVM::ShflKind::up
                        : op.getMode() == gpu::ShuffleMode::DOWN ? NVVM::ShflKind::down
                                                                 : NVVM::ShflKind::idx;
  Type type = word.getType();
  if (!valid)
    return NVVM::ShflOp::create(b, loc, type, mask, word, op.getOffset(), clamp, kind, UnitAttr());
  auto pair = LLVM::LLVMStructType::getLiteral(b.getContext(), {type, b.getI1Type()});
  Value both = NVVM::ShflOp::create(b, loc, pair, mask, word, op.getOffset(), clamp, kind, b.getUnitAttr());
  *valid = LLVM::ExtractValueOp::create(b, loc, both, 1);
  return LLVM::ExtractValueOp::create(b, loc, both, 0);
}

/// Values of other widths than 32 bits travel in one or two words.
void Preparation::lowerShuffle(gpu::ShuffleOp op) {
  Location loc = op.getLoc();
  Type i32 = b.getI32Type(), type = op.getType(0);
  auto constant = [&](uint32_t n) -> Value {
    return arith::ConstantOp::create(b, loc, b.getIntegerAttr(i32, APInt(32, n)));
  };
  // A segment of `width` lanes; the clamp is its last lane, or for `up` its first one.
  Value clamp = arith::ShLIOp::create(b, loc, arith::SubIOp::create(b, loc, constant(32), op.getWidth()), constant(8));
  if (op.getMode() != gpu::ShuffleMode::UP)
    clamp = arith::OrIOp::create(b, loc, clamp, constant(31));
  Value mask = constant(0xffffffffu), valid, result, value = op.getValue();
  Value *wanted = op.getValid().use_empty() ? nullptr : &valid;
  unsigned width = type.getIntOrFloatBitWidth();
  if (width == 32) {
    result = shuffleWord(op, value, clamp, mask, wanted);
  } else {
    Type bits = b.getIntegerType(width);
    if (isa<FloatType>(type))
      value = arith::BitcastOp::create(b, loc, bits, value);
    if (width < 32) {
      Value word = arith::ExtUIOp::create(b, loc, i32, value);
      result = arith::TruncIOp::create(b, loc, bits, shuffleWord(op, word, clamp, mask, wanted));
    } else {
      Value upper = arith::ConstantOp::create(b, loc, b.getI64IntegerAttr(32));
      Value low = shuffleWord(op, arith::TruncIOp::create(b, loc, i32, value), clamp, mask, wanted);
      Value high = arith::TruncIOp::create(b, loc, i32, arith::ShRUIOp::create(b, loc, value, upper));
      high = arith::ExtUIOp::create(b, loc, bits, shuffleWord(op, high, clamp, mask, nullptr));
      result = arith::OrIOp::create(b, loc, arith::ExtUIOp::create(b, loc, bits, low),
                                    arith::ShLIOp::create(b, loc, high, upper));
    }
    if (isa<FloatType>(type))
      result = arith::BitcastOp::create(b, loc, type, result);
  }
  op.getShuffleResult().replaceAllUsesWith(result);
  if (valid)
    op.getValid().replaceAllUsesWith(valid);
}

LogicalResult Preparation::lowerOperations() {
  SmallVector<Operation *> ops;
  function.walk([&](Operation *op) {
    if (isa<gpu::GPUDialect>(op->getDialect()))
      ops.push_back(op);
  });
  for (Operation *op : ops) {
    b.setInsertionPoint(op);
    Location loc = op->getLoc();
    Value result;
    if (auto id = dyn_cast<gpu::ThreadIdOp>(op)) {
      result = readRegister<NVVM::ThreadIdXOp, NVVM::ThreadIdYOp, NVVM::ThreadIdZOp>(loc, id.getDimension(), 0, block);
    } else if (auto id = dyn_cast<gpu::BlockIdOp>(op)) {
      result =
          readRegister<NVVM::BlockIdXOp, NVVM::BlockIdYOp, NVVM::BlockIdZOp>(loc, id.getDimension(), 0, kGridLimit);
    } else if (auto dim = dyn_cast<gpu::GridDimOp>(op)) {
      result =
          readRegister<NVVM::GridDimXOp, NVVM::GridDimYOp, NVVM::GridDimZOp>(loc, dim.getDimension(), 1, kGridLimit);
    } else if (auto dim = dyn_cast<gpu::BlockDimOp>(op)) {
      result = arith::ConstantIndexOp::create(b, loc, block[unsigned(dim.getDimension())]);
    } else if (isa<gpu::SubgroupSizeOp>(op)) {
      result = arith::ConstantIndexOp::create(b, loc, 32);
    } else if (isa<gpu::LaneIdOp>(op)) {
      auto range = LLVM::ConstantRangeAttr::get(b.getContext(), APInt(32, 0), APInt(32, 32));
      result = toIndex(loc, NVVM::LaneIdOp::create(b, loc, b.getI32Type(), range));
    } else if (isa<gpu::BarrierOp>(op)) {
      NVVM::Barrier0Op::create(b, loc);
    } else if (auto shuffle = dyn_cast<gpu::ShuffleOp>(op)) {
      Type type = shuffle.getType(0);
      if (!type.isIntOrFloat() || type.getIntOrFloatBitWidth() > 64)
        return op->emitError("expected a scalar of at most 64 bits to shuffle, got ") << type;
      lowerShuffle(shuffle);
    } else {
      return op->emitError("expected thread and block ids, barriers and shuffles of the gpu dialect, got '")
             << op->getName() << "'";
    }
    if (result)
      op->getResult(0).replaceAllUsesWith(result);
    op->erase();
  }
  return success();
}

struct GPUPrepareDevice final : impl::GPUPrepareDevicePassBase<GPUPrepareDevice> {
  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    for (auto function : llvm::to_vector(getOperation().getOps<func::FuncOp>()))
      if (auto block = function->getAttrOfType<DenseI64ArrayAttr>(kBlockAttr))
        if (failed(Preparation(function, block, symbols).run()))
          return signalPassFailure();
  }
};
} // namespace
} // namespace mlir::aic
