// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Fallback.cpp - Scalar loops, shared out to threads -----------------===//
//
// The kernel emitter of x86, with one lane, writes loops of which a worker takes its share. A thread is a worker.
// Operations with loops of their own share what is independent; one that needs a barrier between its parts is two
// functions.
//
//===----------------------------------------------------------------------===//
#include "DeviceFunction.h"
#include "aic/Conversion/KernelToVector/KernelEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

namespace mlir::aic {

namespace {
constexpr int64_t kBlock = 64, kBlocks = 64;

/// A scan, selection or scatter.
FailureOr<Launch> emitPart(Operation *op, func::FuncOp kernel, StringRef name, StructuredPart part) {
  DeviceFunction device(kernel, name);
  OpBuilder &b = device.b;
  auto constant = [&](int64_t x) { return arith::ConstantIndexOp::create(b, device.loc, x); };
  Value first = arith::MulIOp::create(b, device.loc, device.blockId(), constant(kBlock));
  device.frame.worker = arith::AddIOp::create(b, device.loc, first, device.threadId());
  device.frame.workers = constant(kBlock * kBlocks);
  device.frame.interleaved = true;
  if (failed(emitStructuredOp(op, kernel, device.frame, device.values, part)))
    return failure();
  return device.finish({kBlock, 1, 1}, b.getAffineConstantExpr(kBlocks));
}

FailureOr<Launches> emitStructured(Operation *op, func::FuncOp kernel) {
  std::string name = kernel.getName().str();
  bool isSplit = hasTwoParts(op);
  FailureOr<Launch> begin = emitPart(op, kernel, name, isSplit ? StructuredPart::begin : StructuredPart::all);
  if (failed(begin) || !isSplit)
    return failed(begin) ? FailureOr<Launches>(failure()) : Launches{*begin};
  FailureOr<Launch> end = emitPart(op, kernel, name + "_1", StructuredPart::end);
  if (failed(end))
    return failure();
  return Launches{*begin, *end};
}
} // namespace

FailureOr<Launches> emitFallback(func::FuncOp kernel) {
  if (Operation *structured = findStructuredOp(kernel))
    return emitStructured(structured, kernel);
  int64_t block = kBlock, blocks = 16;
  TileSizes scalar;
  scalar.lanes = scalar.rows = scalar.columns = scalar.unroll = 1;
  func::FuncOp function = emitKernel(kernel, scalar);
  if (!function)
    return failure();
  Block &entry = function.front();
  unsigned worker = entry.getNumArguments() - 2;
  OpBuilder b = OpBuilder::atBlockBegin(&entry);
  Location loc = function.getLoc();
  auto constant = [&](int64_t x) { return arith::ConstantIndexOp::create(b, loc, x); };
  Value first = arith::MulIOp::create(b, loc, gpu::BlockIdOp::create(b, loc, gpu::Dimension::x), constant(block));
  Value index = arith::AddIOp::create(b, loc, first, gpu::ThreadIdOp::create(b, loc, gpu::Dimension::x));
  entry.getArgument(worker).replaceAllUsesWith(index);
  entry.getArgument(worker + 1).replaceAllUsesWith(constant(block * blocks));
  entry.eraseArguments(worker, 2);
  function.setFunctionType(b.getFunctionType(entry.getArgumentTypes(), {}));
  function->setAttr("nvidia.block", b.getDenseI64ArrayAttr({block, 1, 1}));
  unsigned extents = llvm::count_if(entry.getArgumentTypes(), [](Type t) { return t.isIndex(); });
  AffineExpr one = b.getAffineConstantExpr(1);
  AffineMap grid = AffineMap::get(0, extents, {b.getAffineConstantExpr(blocks), one, one}, b.getContext());
  return Launches{{function.getName().str(), grid, {block, 1, 1}}};
}

} // namespace mlir::aic
