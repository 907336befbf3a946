// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ProgramBuilder.h"
#include "aic/Dialect/AIC/IR/AICOps.h"
#include "aic/Dialect/AIC/IR/EvalBridge.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Matchers.h"
#include "llvm/Support/MathExtras.h"

namespace mlir::npu {

std::optional<hw::DType> toMachineType(Type element) {
  if (element.isF32())
    return hw::DType::f32;
  if (element.isF16())
    return hw::DType::f16;
  if (element.isBF16())
    return hw::DType::bf16;
  auto integer = dyn_cast<IntegerType>(element);
  if (!integer)
    return std::nullopt;
  switch (integer.getWidth()) {
  case 1:
    return hw::DType::u8;
  case 8:
    return integer.isUnsigned() ? hw::DType::u8 : hw::DType::i8;
  case 16:
    return integer.isUnsigned() ? std::nullopt : std::optional(hw::DType::i16);
  case 32:
    return integer.isUnsigned() ? std::nullopt : std::optional(hw::DType::i32);
  default:
    return std::nullopt;
  }
}

int64_t byteCount(RankedTensorType type) {
  int64_t width = type.getElementType().isIndex() ? 64 : std::max(8u, type.getElementTypeBitWidth());
  return type.getNumElements() * (width / 8);
}

::aic::eval::Tensor constantOf(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op)
    return {};
  Attribute attr;
  if (matchPattern(value, m_Constant(&attr))) {
    auto elements = dyn_cast<ElementsAttr>(attr);
    if (!elements)
      return {};
    FailureOr<::aic::eval::Tensor> tensor = aic::toTensor(elements);
    return succeeded(tensor) ? *tensor : ::aic::eval::Tensor();
  }
  if (!isa<aic::TransposeOp, aic::ReshapeOp, aic::CastOp>(op))
    return {};
  std::vector<::aic::eval::Tensor> operands, results;
  SmallVector<::aic::eval::View> views;
  for (Value operand : op->getOperands()) {
    operands.push_back(constantOf(operand));
    if (!operands.back().data())
      return {};
  }
  for (const ::aic::eval::Tensor &operand : operands)
    views.push_back(operand.view());
  if (!cast<aic::GraphOpInterface>(op).evaluate(views, results).empty())
    return {};
  return results.front();
}

ProgramBuilder::ProgramBuilder(ProgramOp program, const hw::Machine &machine)
    : machine(machine), b(OpBuilder::atBlockEnd(&program.getBody().front())), loc(program.getLoc()), program(program),
      declarations(b) {}

//===-- Memory ----------------------------------------------------------------===//

Value ProgramBuilder::buffer(Space space, int64_t bytes, StringRef name) {
  auto type = BufferType::get(b.getContext(), space);
  return BufferOp::create(b, loc, type, b.getI64IntegerAttr(int64_t(llvm::alignTo(bytes, hw::kGranuleBytes))),
                          IntegerAttr(), name.empty() ? StringAttr() : b.getStringAttr(name));
}

std::vector<Value> ProgramBuilder::slots(Space space, int64_t bytes, unsigned count, StringRef name) {
  std::vector<Value> result;
  for (unsigned i = 0; i != count; ++i)
    result.push_back(buffer(space, bytes, name));
  return result;
}

Place ProgramBuilder::constant(ArrayRef<char> bytes) {
  constants.resize(llvm::alignTo(constants.size(), 64));
  Place place{"constants", int64_t(constants.size())};
  constants.insert(constants.end(), bytes.begin(), bytes.end());
  return place;
}

void ProgramBuilder::takeBack(const Mark &mark) {
  Block &block = program.getBody().front();
  while (!block.empty() && &block.back() != mark.last)
    block.back().erase();
  constants.resize(mark.constants);
}

void ProgramBuilder::finish() {
  if (constants.empty())
    return;
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(&program.getBody().front());
  auto type = RankedTensorType::get({int64_t(constants.size())}, b.getI8Type());
  AsmResourceBlob blob =
      HeapAsmResourceBlob::allocateAndCopyInferAlign(ArrayRef<char>(constants.data(), constants.size()));
  auto data = DenseResourceElementsAttr::get(type, "npu_constants", std::move(blob));
  SegmentOp::create(b, program.getLoc(), "constants", SegmentKind::constants, int64_t(constants.size()), data,
                    DictionaryAttr());
}

//===-- Transfers ---------------------------------------------------------------===//

void ProgramBuilder::transfer(SmallVector<Run> runs, int64_t element,
                              function_ref<void(int64_t, int64_t, ArrayRef<Run>, unsigned)> emit) {
  // Outermost first. Drop extents of 1, merge what is contiguous in both.
  SmallVector<Run> merged;
  for (const Run &run : runs) {
    if (run.extent == 1)
      continue;
    if (!merged.empty() && merged.back().source == run.source * run.extent &&
        merged.back().destination == run.destination * run.extent) {
      merged.back() = {merged.back().extent * run.extent, run.source, run.destination};
      continue;
    }
    merged.push_back(run);
  }
  // The innermost run is contiguous, or of single elements.
  if (merged.empty() || merged.back().source != element || merged.back().destination != element)
    merged.push_back({1, element, element});
  // Larger elements where sizes and strides allow: longer runs fit the fields.
  int64_t bytes = merged.back().extent * element;
  unsigned log2 = 3;
  while (log2 > 0 && bytes % (int64_t(1) << log2))
    --log2;
  int64_t unit = int64_t(1) << log2;
  SmallVector<Run> inner{merged.back()};
  merged.pop_back();
  int64_t count = bytes / unit;
  // Cut extents beyond 16 bits in two loops; the remainder is moved on its own.
  constexpr int64_t kMax = 65535;
  auto recurse = [&](auto &self, SmallVector<Run> outer, int64_t n0, int64_t source, int64_t destination) -> void {
    if (n0 > kMax) {
      int64_t chunk = int64_t(1) << 15, whole = n0 / chunk;
      SmallVector<Run> more(outer);
      more.push_back({whole, chunk * unit, chunk * unit});
      self(self, more, chunk, source, destination);
      if (n0 % chunk)
        self(self, outer, n0 % chunk, source + whole * chunk * unit, destination + whole * chunk * unit);
      return;
    }
    for (unsigned i = 0; i != outer.size(); ++i)
      if (outer[i].extent > kMax) {
        int64_t chunk = int64_t(1) << 15, whole = outer[i].extent / chunk, rest = outer[i].extent % chunk;
        SmallVector<Run> more(outer);
        more[i] = {chunk, outer[i].source, outer[i].destination};
        more.insert(more.begin() + i, {whole, chunk * outer[i].source, chunk * outer[i].destination});
        self(self, more, n0, source, destination);
        if (rest) {
          more.assign(outer.begin(), outer.end());
          more[i].extent = rest;
          self(self, more, n0, source + whole * chunk * outer[i].source,
               destination + whole * chunk * outer[i].destination);
        }
        return;
      }
    // Beyond three outer loops the outermost is written out.
    if (outer.size() > 3) {
      Run first = outer.front();
      SmallVector<Run> rest(llvm::drop_begin(outer));
      for (int64_t i = 0; i != first.extent; ++i)
        self(self, rest, n0, source + i * first.source, destination + i * first.destination);
      return;
    }
    SmallVector<Run> shape{{n0, unit, unit}};
    for (const Run &run : llvm::reverse(outer))
      shape.push_back(run);
    while (shape.size() < 4)
      shape.push_back({1, 0, 0});
    emit(source, destination, shape, log2);
  };
  recurse(recurse, merged, count, 0, 0);
}

static InstructionSpec &setShape(InstructionSpec &spec, ArrayRef<Run> runs, unsigned log2) {
  return spec.set(Field::log2elem, int64_t(log2))
      .set(Field::n0, runs[0].extent)
      .set(Field::n1, runs[1].extent)
      .set(Field::n2, runs[2].extent)
      .set(Field::n3, runs[3].extent)
      .set(Field::ss1, runs[1].source)
      .set(Field::ss2, runs[2].source)
      .set(Field::ss3, runs[3].source)
      .set(Field::ds1, runs[1].destination)
      .set(Field::ds2, runs[2].destination)
      .set(Field::ds3, runs[3].destination);
}

void ProgramBuilder::load(const Place &from, Value to, int64_t toOffset, ArrayRef<Run> runs, int64_t element,
                          ArrayRef<int32_t> tile) {
  transfer(
      SmallVector<Run>(runs), element, [&](int64_t source, int64_t destination, ArrayRef<Run> shape, unsigned log2) {
        InstructionSpec spec(Opcode::LD);
        spec.set(Field::src, from.segment, from.offset + source).set(Field::dst, to, toOffset + destination).tile(tile);
        emit(setShape(spec, shape, log2));
      });
}

void ProgramBuilder::store(Value from, int64_t fromOffset, const Place &to, ArrayRef<Run> runs, int64_t element,
                           ArrayRef<int32_t> tile) {
  transfer(
      SmallVector<Run>(runs), element, [&](int64_t source, int64_t destination, ArrayRef<Run> shape, unsigned log2) {
        InstructionSpec spec(Opcode::ST);
        spec.set(Field::src, from, fromOffset + source).set(Field::dst, to.segment, to.offset + destination).tile(tile);
        emit(setShape(spec, shape, log2));
      });
}

void ProgramBuilder::copy(Value from, int64_t fromOffset, Value to, int64_t toOffset, ArrayRef<Run> runs,
                          int64_t element) {
  transfer(SmallVector<Run>(runs), element,
           [&](int64_t source, int64_t destination, ArrayRef<Run> shape, unsigned log2) {
             InstructionSpec spec(Opcode::CP);
             spec.set(Field::src, from, fromOffset + source).set(Field::dst, to, toOffset + destination);
             emit(setShape(spec, shape, log2));
           });
}

//===-- Constants ---------------------------------------------------------------===//

std::vector<char> columnRecords(UnitOp unit, int64_t first, int64_t count) {
  bool hasScale = param(unit, "has_scale"), hasBias = param(unit, "has_bias");
  if (!hasScale && !hasBias)
    return {};
  ::aic::eval::Tensor scale = hasScale ? constantOf(unit.getInputs()[2]) : ::aic::eval::Tensor(),
                      bias = hasBias ? constantOf(unit.getInputs()[2 + unsigned(hasScale)]) : ::aic::eval::Tensor();
  std::vector<char> records(size_t(count) * 8);
  for (int64_t i = 0; i != count; ++i) {
    float factor = hasScale ? scale.as<float>()[scale.size() == 1 ? 0 : first + i] : 1.0f;
    std::memcpy(&records[size_t(i) * 8], &factor, 4);
    if (hasBias)
      std::memcpy(&records[size_t(i) * 8 + 4], static_cast<const char *>(bias.data()) + (first + i) * 4, 4);
  }
  return records;
}

//===-- Parameters --------------------------------------------------------------===//

int64_t param(UnitOp unit, StringRef name, int64_t otherwise) {
  auto attr = unit.getParams().getAs<IntegerAttr>(name);
  return attr ? attr.getInt() : otherwise;
}
float paramF32(UnitOp unit, StringRef name, float otherwise) {
  auto attr = unit.getParams().getAs<FloatAttr>(name);
  return attr ? attr.getValue().convertToFloat() : otherwise;
}
ArrayRef<int64_t> paramList(UnitOp unit, StringRef name) {
  auto attr = unit.getParams().getAs<DenseI64ArrayAttr>(name);
  return attr ? attr.asArrayRef() : ArrayRef<int64_t>();
}

} // namespace mlir::npu
