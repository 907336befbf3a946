// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Fallback.cpp - Scalar loops, shared out to threads -----------------===//
//
// The kernel emitter of x86, with one lane, writes loops of which a worker takes its share. A thread is a worker.
//
//===----------------------------------------------------------------------===//
#include "DeviceFunction.h"
#include "aic/Conversion/KernelToVector/KernelEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

namespace mlir::aic {

FailureOr<Launches> emitFallback(func::FuncOp kernel) {
  // Operations with loops of their own belong to one thread.
  bool isSerial = findStructuredOp(kernel) != nullptr;
  int64_t block = isSerial ? 1 : 64, blocks = isSerial ? 1 : 16;
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
  Value index = constant(0);
  if (!isSerial) {
    Value first = arith::MulIOp::create(b, loc, gpu::BlockIdOp::create(b, loc, gpu::Dimension::x), constant(block));
    index = arith::AddIOp::create(b, loc, first, gpu::ThreadIdOp::create(b, loc, gpu::Dimension::x));
  }
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
