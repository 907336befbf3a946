// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef AIC_DIALECT_NPU_IR_NPUOPS_H
#define AIC_DIALECT_NPU_IR_NPUOPS_H

#include "aic/NPU/ISA/ISA.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace aic::npu {
struct Machine;
} // namespace aic::npu

#include "aic/Dialect/NPU/IR/NPUDialect.h.inc"
#include "aic/Dialect/NPU/IR/NPUEnums.h.inc"
#define GET_TYPEDEF_CLASSES
#include "aic/Dialect/NPU/IR/NPUTypes.h.inc"
#define GET_ATTRDEF_CLASSES
#include "aic/Dialect/NPU/IR/NPUAttributes.h.inc"
#define GET_OP_CLASSES
#include "aic/Dialect/NPU/IR/NPUOps.h.inc"

namespace mlir::npu {

/// Any operation that is an instruction, whatever its class.
class InstructionOp {
public:
  /// Null-like if `op` is not an instruction.
  static InstructionOp get(Operation *op);
  static InstructionOp create(OpBuilder &b, Location loc, ::aic::npu::Opcode opcode, ::aic::npu::Engine engine);

  explicit operator bool() const { return op; }
  Operation *getOperation() const { return op; }
  ::aic::npu::Opcode getOpcode() const;
  ::aic::npu::Engine getEngine() const;
  const ::aic::npu::OpcodeInfo &getInfo() const { return ::aic::npu::infoOf(getOpcode()); }
  /// The buffer of a local operand, null if the field has none.
  Value getBuffer(::aic::npu::Field field) const;
  FlatSymbolRefAttr getSegment() const;

  /// The instruction as encoded: buffers by their addresses (0 without), segments by `segmentIndex`.
  ::aic::npu::Instruction resolve(function_ref<unsigned(StringRef)> segmentIndex) const;

  int getWait() const;
  int getSignal() const;
  void setWait(int semaphore);
  void setSignal(int semaphore);

private:
  explicit InstructionOp(Operation *op) : op(op) {}
  Operation *op;
};

/// An instruction under construction, and how lowerings write programs.
struct InstructionSpec {
  explicit InstructionSpec(::aic::npu::Opcode opcode);
  InstructionSpec(::aic::npu::Opcode opcode, ::aic::npu::Engine engine);
  /// A number, an enumeration code or a boolean.
  InstructionSpec &set(::aic::npu::Field field, int64_t value);
  InstructionSpec &setF32(::aic::npu::Field field, float value);
  /// A local operand: `offset` bytes into `buffer`.
  InstructionSpec &set(::aic::npu::Field field, Value buffer, int64_t offset = 0);
  /// The operand in DRAM.
  InstructionSpec &set(::aic::npu::Field field, StringRef segment, int64_t offset);
  InstructionSpec &tile(ArrayRef<int32_t> coordinates);
  Operation *create(OpBuilder &b, Location loc) const;

  ::aic::npu::Opcode opcode;
  ::aic::npu::Engine engine;
  SmallVector<int64_t> fields;
  SmallVector<Value> buffers;
  SmallVector<int32_t> places, coordinates;
  std::string segment;
};

} // namespace mlir::npu

#endif // AIC_DIALECT_NPU_IR_NPUOPS_H
