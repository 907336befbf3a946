// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- ProgramBuilder.h - What emitters of units write with ---------------===//
#ifndef AIC_LIB_CONVERSION_AICTONPU_PROGRAMBUILDER_H
#define AIC_LIB_CONVERSION_AICTONPU_PROGRAMBUILDER_H

#include "aic/Dialect/NPU/IR/NPUOps.h"
#include "aic/Eval/Tensor.h"
#include "aic/NPU/Machine.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/MapVector.h"

namespace mlir::npu {
namespace hw = ::aic::npu;
using hw::Field;
using hw::Opcode;

/// Where a tensor lies in DRAM, row-major and dense.
struct Place {
  std::string segment;
  int64_t offset = 0;
};

/// One loop of a transfer: extent and strides in bytes.
struct Run {
  int64_t extent = 1, source = 0, destination = 0;
};

/// The type of the machine for a builtin element type; i1 is a byte.
std::optional<hw::DType> toMachineType(Type element);
/// Bytes of a tensor as it lies in DRAM.
int64_t byteCount(RankedTensorType type);
/// The dense elements of a constant (arith.constant, maybe behind transposes and reshapes of `aic`), or an empty
/// tensor.
::aic::eval::Tensor constantOf(Value value);

class ProgramBuilder {
public:
  ProgramBuilder(ProgramOp program, const hw::Machine &machine);

  /// Its memories are what tiles may fill: those of the chip, or less after tiles that could not be allocated.
  hw::Machine machine;
  OpBuilder b;
  Location loc;

  //===-- Memory ------------------------------------------------------------===//
  Value buffer(Space space, int64_t bytes, StringRef name = "");
  std::vector<Value> slots(Space space, int64_t bytes, unsigned count, StringRef name = "");
  /// Appends to the program's constants, aligned to 64 bytes.
  Place constant(ArrayRef<char> bytes);
  Place constant(const void *bytes, size_t size) {
    return constant(ArrayRef<char>(static_cast<const char *>(bytes), size));
  }
  void bind(Value tensor, Place place) { places[tensor] = std::move(place); }
  Place placeOf(Value tensor) const { return places.lookup(tensor); }
  bool isBound(Value tensor) const { return places.contains(tensor); }

  //===-- Instructions --------------------------------------------------------===//
  Operation *emit(const InstructionSpec &spec) { return spec.create(b, loc); }
  /// Transfers of any shape: runs are merged, and split to what one instruction takes. The innermost run comes last and
  /// moves `element` bytes at a time; its strides must equal `element`, or it becomes a run of single elements.
  void load(const Place &from, Value to, int64_t toOffset, ArrayRef<Run> runs, int64_t element,
            ArrayRef<int32_t> tile = {});
  void store(Value from, int64_t fromOffset, const Place &to, ArrayRef<Run> runs, int64_t element,
             ArrayRef<int32_t> tile = {});
  /// Between local memories.
  void copy(Value from, int64_t fromOffset, Value to, int64_t toOffset, ArrayRef<Run> runs, int64_t element);
  /// `bytes` contiguous bytes.
  void load(const Place &from, Value to, int64_t bytes) { load(from, to, 0, {{bytes, 1, 1}}, 1); }
  void store(Value from, const Place &to, int64_t bytes) { store(from, 0, to, {{bytes, 1, 1}}, 1); }

  //===-- Taking back ---------------------------------------------------------===//
  struct Mark {
    Operation *last;
    size_t constants;
  };
  Mark mark() {
    Block &block = program.getBody().front();
    return {block.empty() ? nullptr : &block.back(), constants.size()};
  }
  iterator_range<Block::iterator> since(const Mark &mark) {
    Block &block = program.getBody().front();
    return {mark.last ? std::next(Block::iterator(mark.last)) : block.begin(), block.end()};
  }
  /// Erases what was written since.
  void takeBack(const Mark &mark);

  /// Writes the const segment. Called once, after the last constant.
  void finish();

private:
  /// Calls `emit` for each instruction that a transfer needs, with offsets of source and destination.
  void transfer(SmallVector<Run> runs, int64_t element,
                function_ref<void(int64_t source, int64_t destination, ArrayRef<Run> runs, unsigned log2)> emit);

  ProgramOp program;
  OpBuilder declarations;
  std::vector<char> constants;
  llvm::DenseMap<Value, Place> places;
};

//===-- Emitters: one per kind of unit ---------------------------------------===//
//
// Each chooses tiles for the memories of `p.machine` and writes the unit's instructions; without tiles that fit it
// fails with the reason. It may be called again for smaller memories, and keeps no state.

LogicalResult emitConvolution(ProgramBuilder &p, UnitOp unit, std::string &reason);
LogicalResult emitMatmul(ProgramBuilder &p, UnitOp unit, std::string &reason);
LogicalResult emitWindow(ProgramBuilder &p, UnitOp unit, std::string &reason);
LogicalResult emitElementwise(ProgramBuilder &p, UnitOp unit, std::string &reason);
LogicalResult emitCopy(ProgramBuilder &p, UnitOp unit, std::string &reason);

/// Whether a unit "elementwise" has a chunk that fits the vector buffer.
bool fitsElementwise(UnitOp unit, const hw::Machine &machine);

/// What FX and windows read for columns [first, first + count) of a sum's results: records of a scale in f32 and a bias
/// of 32 bits. The unit's third operand is the scale if it has_scale, the next one the bias if it has_bias; empty if
/// neither.
std::vector<char> columnRecords(UnitOp unit, int64_t first, int64_t count);

/// Reads of a unit's parameters.
int64_t param(UnitOp unit, StringRef name, int64_t otherwise = 0);
float paramF32(UnitOp unit, StringRef name, float otherwise = 0);
ArrayRef<int64_t> paramList(UnitOp unit, StringRef name);

} // namespace mlir::npu

#endif // AIC_LIB_CONVERSION_AICTONPU_PROGRAMBUILDER_H
