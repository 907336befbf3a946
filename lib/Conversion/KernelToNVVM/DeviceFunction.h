// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- DeviceFunction.h - One function of the GPU that is being written ---===//
#ifndef AIC_LIB_CONVERSION_KERNELTONVVM_DEVICEFUNCTION_H
#define AIC_LIB_CONVERSION_KERNELTONVVM_DEVICEFUNCTION_H

#include "aic/Conversion/KernelLoops/KernelFrame.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include <array>

namespace mlir::aic {

/// One entry of `nvidia.launches`. The symbols of `grid` (three results) are the extents of the frame, in order.
struct Launch {
  std::string function;
  AffineMap grid;
  std::array<int64_t, 3> block = {1, 1, 1};
};

/// A function of the device level: frame, values and what threads need. Erases the function unless it is finished.
class DeviceFunction {
public:
  DeviceFunction(func::FuncOp source, StringRef name, bool withWorkers = false);
  ~DeviceFunction();

  /// The index of this thread in its block, of this block in the grid; dimension 0 is x.
  Value threadId(unsigned dimension = 0);
  Value blockId(unsigned dimension = 0);
  void barrier();
  /// `count` elements in the shared memory of the block.
  Value shared(int64_t count, Type element);

  /// An extent as an expression of the symbols of Launch::grid; null if the host cannot compute it as such.
  AffineExpr gridExpr(const LinearIndex &extent);

  /// Closes the function and says how it is launched. Blocks are made along x unless `y` and `z` are given; a null
  /// expression is a failure of the caller.
  Launch finish(std::array<int64_t, 3> block, AffineExpr x, AffineExpr y = {}, AffineExpr z = {});

  OpBuilder b;
  Location loc;
  ValueEmitter values;
  KernelFrame frame;

private:
  AffineExpr gridExpr(Value v);
  bool finished = false;
};

/// Emitters: each writes the device functions of `kernel` in front of it, the first one called like the kernel, further
/// ones with a number behind, and returns their launches. On failure nothing is left behind but a diagnostic, which the
/// caller turns into the reason of a fallback.
using Launches = SmallVector<Launch, 1>;

/// What the results of a kernel need that no one plan computes is written part after part. `emit` writes part `part` as
/// a function of that name; nullopt if there are no more.
using EmitPart = llvm::function_ref<FailureOr<std::optional<Launch>>(StringRef name, unsigned part)>;
FailureOr<Launches> emitParts(func::FuncOp kernel, EmitPart emit);
/// The plan of part `part` of `outputs`; nullopt if there are no more.
FailureOr<std::optional<KernelPlan>> planPart(func::FuncOp kernel, SmallVector<Output, 1> outputs, unsigned part,
                                              ValueEmitter &values);

/// One thread for each element (or few neighbours) of the results, with the reductions that the element needs as loops
/// of the thread: elementwise chains, movement, pooling, depthwise windows.
FailureOr<Launches> emitDirect(func::FuncOp kernel);
/// The same where an operand's neighbours in memory are not the result's: both sides of a tile through shared memory.
/// Fails without a diagnostic where there is no such operand.
FailureOr<Launches> emitTransposed(func::FuncOp kernel);
/// A warp or a block for each point at which reductions are read, its threads along the reduced dims: softmax, norms,
/// reductions.
FailureOr<Launches> emitRows(func::FuncOp kernel);
/// A tile of the result for each block, operands staged through shared memory, registers blocked: matmul, convolution.
FailureOr<Launches> emitContraction(func::FuncOp kernel);
/// Scalar loops as on x86 with one lane, whose iterations are shared out to threads: takes every kernel.
FailureOr<Launches> emitFallback(func::FuncOp kernel);

} // namespace mlir::aic

#endif // AIC_LIB_CONVERSION_KERNELTONVVM_DEVICEFUNCTION_H
