// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- ContractionTile.h - An operand's tile in shared memory -------------===//
//
// A tile holds `extent` rows (or columns) of an operand for two times `depth` steps of the reduction: one half is read
// while the other one is filled. Step k stands in line k; the positions of a line are swizzled by k if threads write
// several lines at once, so that neither writing nor reading meets a bank twice.
//
//===----------------------------------------------------------------------===//
#ifndef AIC_LIB_CONVERSION_KERNELTONVVM_CONTRACTIONTILE_H
#define AIC_LIB_CONVERSION_KERNELTONVVM_CONTRACTIONTILE_H

#include "Contraction.h"
#include "DeviceFunction.h"

namespace mlir::aic {

/// Sizes of the tile of a block and of the part of it that a thread computes; powers of two.
struct ContractionSizes {
  int64_t rows = 64, columns = 64, depth = 16;
  int64_t threadRows = 4, threadColumns = 4;
  int64_t threads() const { return (rows / threadRows) * (columns / threadColumns); }
};

/// Numbers made of the bits of  piece * threads + thread.  What the thread contributes is computed once.
class ThreadBits {
public:
  ThreadBits(DeviceFunction &device, int64_t threads);
  /// The number in the bits [low, low + width).
  LinearIndex field(unsigned low, unsigned width, int64_t piece = 0);
  unsigned total() const { return log; }
  Value thread;

private:
  DeviceFunction &device;
  unsigned log;
  Operation *last;
  llvm::DenseMap<std::pair<unsigned, unsigned>, Value> known;
};

/// Indices along `set` of place `flat` in it.
SmallVector<LinearIndex> decompose(const LinearIndex &flat, const LoopSet &set, ValueEmitter &values);
/// The last place at or before `x` from which `width` elements lie within `extent`; `x` itself if it is `inside`.
LinearIndex clampTo(const LinearIndex &x, const LinearIndex &extent, int64_t width, bool inside, ValueEmitter &values);

class OperandTile {
public:
  /// `extent`: rows (columns) of the tile.
  OperandTile(const Contraction &c, const ContractionSide &side, int64_t extent, int64_t depth, ThreadBits &bits,
              DeviceFunction &device);

  static int64_t sharedBytes(const ContractionSide &side, int64_t extent, int64_t depth);

  /// Says where the tile lies: `first` row (column), `point` of the batch over the dims of the plan.
  void place(const LinearIndex &first, ArrayRef<LaneValue> point);
  /// Reads this thread's part at `step` of the depth from memory into registers.
  FailureOr<SmallVector<Value>> load(const LinearIndex &step, bool inside);
  /// Writes it to the half of the tile that begins at `line`.
  void store(ArrayRef<Value> pieces, const LinearIndex &line);
  /// Reads the elements `count` of a thread whose first is `position`, in runs `stride` apart, at step `k` of a half.
  SmallVector<Value> read(const LinearIndex &line, const LinearIndex &k, const LinearIndex &position, int64_t count,
                          int64_t stride);
  /// Elements that a thread reads at once.
  int64_t run(int64_t count) const { return std::min<int64_t>({count, 4, 16 / bytes()}); }

private:
  struct Piece {
    LinearIndex k, position; // within the tile
    SmallVector<LaneValue> point;
  };
  static int64_t bytes(const ContractionSide &side) { return side.elementType().getIntOrFloatBitWidth() / 8; }
  int64_t bytes() const { return bytes(side); }
  LinearIndex address(const LinearIndex &line, const LinearIndex &k, const LinearIndex &position);

  const Contraction &c;
  const ContractionSide &side;
  int64_t extent, width;
  int64_t lineLength, lanesAlong = 1, shift = 0;
  int64_t numPieces = 1;
  ValueEmitter &values;
  OpBuilder &b;
  Location loc;
  Value memory, writes; // writes: whether this thread has a piece; null if all have
  SmallVector<Piece, 0> pieces;
};

} // namespace mlir::aic

#endif // AIC_LIB_CONVERSION_KERNELTONVVM_CONTRACTIONTILE_H
