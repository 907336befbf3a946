// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- DeviceFunction.cpp - One function of the GPU that is being written -===//
#include "DeviceFunction.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

namespace mlir::aic {

DeviceFunction::DeviceFunction(func::FuncOp source, StringRef name, bool withWorkers)
    : b(source.getContext()), loc(source.getLoc()), values(b, loc),
      frame(KernelFrame::create(source, name, withWorkers, values)) {}

DeviceFunction::~DeviceFunction() {
  if (!finished)
    frame.function.erase();
}

static gpu::Dimension dimensionOf(unsigned d) { return static_cast<gpu::Dimension>(d); }

Value DeviceFunction::threadId(unsigned dimension) { return gpu::ThreadIdOp::create(b, loc, dimensionOf(dimension)); }
Value DeviceFunction::blockId(unsigned dimension) { return gpu::BlockIdOp::create(b, loc, dimensionOf(dimension)); }
void DeviceFunction::barrier() { gpu::BarrierOp::create(b, loc); }

Value DeviceFunction::shared(int64_t count, Type element) {
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(&frame.function.front());
  auto space = gpu::AddressSpaceAttr::get(b.getContext(), gpu::AddressSpace::Workgroup);
  return memref::AllocaOp::create(b, loc, MemRefType::get({count}, element, MemRefLayoutAttrInterface(), space));
}

AffineExpr DeviceFunction::gridExpr(Value v) {
  for (auto [i, extent] : llvm::enumerate(frame.extents))
    if (extent == v)
      return b.getAffineSymbolExpr(i);
  APInt known;
  if (matchPattern(v, m_ConstantInt(&known)))
    return b.getAffineConstantExpr(known.getSExtValue());
  Operation *def = v.getDefiningOp();
  if (!def || def->getNumOperands() != 2)
    return {};
  AffineExpr x = gridExpr(def->getOperand(0)), y = gridExpr(def->getOperand(1));
  if (!x || !y)
    return {};
  if (isa<arith::AddIOp>(def))
    return x + y;
  if (isa<arith::SubIOp>(def))
    return x - y;
  if (isa<arith::MulIOp>(def))
    return x * y;
  auto divisor = dyn_cast<AffineConstantExpr>(y);
  if (!divisor || divisor.getValue() <= 0)
    return {};
  if (isa<arith::DivUIOp, arith::FloorDivSIOp>(def))
    return x.floorDiv(divisor.getValue());
  if (isa<arith::CeilDivSIOp, arith::CeilDivUIOp>(def))
    return x.ceilDiv(divisor.getValue());
  return isa<arith::RemUIOp>(def) ? x % divisor.getValue() : AffineExpr();
}

AffineExpr DeviceFunction::gridExpr(const LinearIndex &extent) {
  if (!extent.isUniform())
    return {};
  AffineExpr sum = b.getAffineConstantExpr(extent.constant);
  for (auto [atom, coefficient] : extent.terms) {
    AffineExpr term = gridExpr(atom);
    if (!term)
      return {};
    sum = sum + term * coefficient;
  }
  return sum;
}

/// A power of two that divides `v`, at most 16.
static int64_t divisorOf(Value v, unsigned depth = 0) {
  constexpr int64_t most = 16;
  auto powerOf = [&](int64_t x) { return x ? std::min<int64_t>(most, x & -x) : most; };
  APInt known;
  if (matchPattern(v, m_ConstantInt(&known)))
    return powerOf(known.getSExtValue());
  if (depth > 12)
    return 1;
  auto operand = [&](unsigned i) { return divisorOf(v.getDefiningOp()->getOperand(i), depth + 1); };
  if (auto arg = dyn_cast<BlockArgument>(v)) {
    auto loop = dyn_cast<scf::ForOp>(arg.getOwner()->getParentOp());
    if (loop && arg == loop.getInductionVar())
      return std::min(divisorOf(loop.getLowerBound(), depth + 1), divisorOf(loop.getStep(), depth + 1));
    return 1;
  }
  Operation *def = v.getDefiningOp();
  if (isa<arith::MulIOp>(def))
    return std::min(most, operand(0) * operand(1));
  if (isa<arith::AddIOp, arith::SubIOp, arith::MinUIOp, arith::MaxUIOp, arith::MinSIOp, arith::MaxSIOp>(def))
    return std::min(operand(0), operand(1));
  if (isa<arith::SelectOp>(def))
    return std::min(operand(1), operand(2));
  if (isa<arith::IndexCastOp, arith::IndexCastUIOp>(def))
    return operand(0);
  return 1;
}

/// Vectors whose address is a multiple of their size say so: only those are one access of the machine.
static void alignVectors(func::FuncOp function) {
  function.walk([](Operation *op) {
    if (!isa<vector::LoadOp, vector::StoreOp>(op) || op->hasAttr("alignment"))
      return;
    auto load = dyn_cast<vector::LoadOp>(op);
    auto type = load ? load.getVectorType() : cast<vector::StoreOp>(op).getVectorType();
    Value index = load ? load.getIndices().front() : cast<vector::StoreOp>(op).getIndices().front();
    if (!type.getElementType().isIntOrFloat())
      return;
    int64_t bytes = llvm::divideCeil(type.getElementTypeBitWidth(), 8);
    int64_t alignment = std::min(divisorOf(index) * bytes, int64_t(llvm::PowerOf2Ceil(type.getNumElements() * bytes)));
    if (alignment > bytes)
      op->setAttr("alignment", Builder(op->getContext()).getI64IntegerAttr(alignment));
  });
}

FailureOr<Launches> emitParts(func::FuncOp kernel, EmitPart emit) {
  Launches launches;
  for (unsigned part = 0;; ++part) {
    std::string name = kernel.getName().str() + (part ? "_" + std::to_string(part) : "");
    FailureOr<std::optional<Launch>> launch = emit(name, part);
    if (succeeded(launch) && !*launch)
      return launches;
    if (succeeded(launch)) {
      launches.push_back(**launch);
      continue;
    }
    for (const Launch &done : launches)
      for (auto f : llvm::make_early_inc_range(kernel->getParentOfType<ModuleOp>().getOps<func::FuncOp>()))
        if (f != kernel && f.getName() == done.function)
          f.erase();
    return failure();
  }
}

FailureOr<std::optional<KernelPlan>> planPart(func::FuncOp kernel, SmallVector<Output, 1> outputs, unsigned part,
                                              ValueEmitter &values) {
  while (!outputs.empty()) {
    FailureOr<KernelPlan> plan = planKernel(kernel.front(), outputs, values);
    if (failed(plan))
      return failure();
    if (part-- == 0)
      return std::optional<KernelPlan>(std::move(*plan));
  }
  return std::optional<KernelPlan>();
}

Launch DeviceFunction::finish(std::array<int64_t, 3> block, AffineExpr x, AffineExpr y, AffineExpr z) {
  b.setInsertionPointToEnd(&frame.function.front());
  func::ReturnOp::create(b, loc);
  alignVectors(frame.function);
  frame.function->setAttr("nvidia.block", b.getDenseI64ArrayAttr(block));
  finished = true;
  AffineExpr one = b.getAffineConstantExpr(1);
  AffineMap grid = AffineMap::get(0, frame.extents.size(), {x ? x : one, y ? y : one, z ? z : one}, b.getContext());
  return {frame.function.getName().str(), simplifyAffineMap(grid), block};
}

} // namespace mlir::aic
