// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- NPUDialect.cpp - Types, attributes and declarations of programs ----===//
#include "aic/Dialect/NPU/IR/NPUOps.h"
#include "aic/NPU/Machine.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::npu;

#include "aic/Dialect/NPU/IR/NPUDialect.cpp.inc"
#include "aic/Dialect/NPU/IR/NPUEnums.cpp.inc"
#define GET_TYPEDEF_CLASSES
#include "aic/Dialect/NPU/IR/NPUTypes.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "aic/Dialect/NPU/IR/NPUAttributes.cpp.inc"

void NPUDialect::initialize() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "aic/Dialect/NPU/IR/NPUTypes.cpp.inc"
      >();
  addAttributes<
#define GET_ATTRDEF_LIST
#include "aic/Dialect/NPU/IR/NPUAttributes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "aic/Dialect/NPU/IR/NPUOps.cpp.inc"
      >();
}

//===-- Machine -------------------------------------------------------------===//

static bool readMachine(StringRef text, ::aic::npu::Machine &machine, std::string &error) {
  if (text.ltrim().starts_with("{"))
    return ::aic::npu::parseMachine(std::string_view(text.data(), text.size()), machine, error);
  std::vector<std::string> shipped = ::aic::npu::shippedMachines();
  if (llvm::is_contained(shipped, text))
    return ::aic::npu::loadMachine(text.str(), machine, error);
  error = "expected " + llvm::join(shipped, ", ") + " or the text of a machine, got '" + text.str() + "'";
  return false;
}

LogicalResult MachineAttr::verify(function_ref<InFlightDiagnostic()> emitError, StringRef text) {
  ::aic::npu::Machine machine;
  std::string error;
  return readMachine(text, machine, error) ? success() : LogicalResult(emitError() << error); // machine_c1
}

::aic::npu::Machine MachineAttr::load() const {
  ::aic::npu::Machine machine;
  std::string error;
  readMachine(getText(), machine, error);
  return machine;
}

//===-- Declarations --------------------------------------------------------===//

LogicalResult UnitOp::verify() {
  Block &body = getBody().front();
  auto yield = dyn_cast_or_null<YieldOp>(body.empty() ? nullptr : &body.back());
  if (!yield || TypeRange(body.getArgumentTypes()) != getInputs().getTypes() ||
      yield.getOperandTypes() != getOutputs().getTypes()) // unit_c1
    return emitOpError() << "expected a region with the types of the operands and results";
  return success();
}

void UnitOp::inlineBody() {
  Block &block = getBody().front();
  Operation *yield = block.getTerminator();
  for (auto [argument, value] : llvm::zip_equal(block.getArguments(), getInputs()))
    argument.replaceAllUsesWith(value);
  (*this)->replaceAllUsesWith(yield->getOperands());
  yield->erase();
  (*this)->getBlock()->getOperations().splice(Block::iterator(*this), block.getOperations());
  erase();
}

LogicalResult SegmentOp::verify() {
  if (getBytes() <= 0) // segment_c1
    return emitOpError() << "expected a positive size, got " << getBytes();
  bool constant = getKind() == SegmentKind::constants;
  if (constant != bool(getData())) // segment_c2
    return emitOpError() << (constant ? "expected data" : "expected no data: it is not a const segment");
  if (!constant)
    return success();
  auto type = dyn_cast<RankedTensorType>(getData()->getShapedType());
  if (!type || !type.getElementType().isInteger(8) || type.getNumElements() != getBytes())
    return emitOpError() << "expected data of type tensor<" << getBytes() << "xi8>, got " << getData()->getShapedType();
  return success();
}

LogicalResult BufferOp::verify() {
  if (getBytes() <= 0) // buffer_c1
    return emitOpError() << "expected a positive size, got " << getBytes();
  if (!getAddress())
    return success();
  int64_t address = *getAddress(), granule = ::aic::npu::kGranuleBytes; // buffer_c2
  if (address < 0 || address % granule)
    return emitOpError() << "expected an address that is a multiple of " << granule << ", got " << address;
  return success();
}

/// What C2 of a buffer needs of the machine is checked by npu-allocate and again by the encoder.

LogicalResult SyncOp::canonicalize(SyncOp op, PatternRewriter &rewriter) {
  // A wait without a semaphore and a signal without one do nothing.
  if (op.getWait() || op.getSignal())
    return rewriter.notifyMatchFailure(op, "expected neither a wait nor a signal");
  rewriter.eraseOp(op);
  return success();
}

#define GET_OP_CLASSES
#include "aic/Dialect/NPU/IR/NPUOps.cpp.inc"
