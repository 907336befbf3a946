// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Dialect/NPU/Transforms/Export.h"
#include "aic/NPU/Machine.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/DialectResourceBlobManager.h"

namespace mlir::npu {
namespace hw = ::aic::npu;

static std::string dtypeName(Type element) {
  if (element.isF32())
    return "f32";
  if (element.isF16())
    return "f16";
  if (element.isBF16())
    return "bf16";
  std::string prefix = element.isUnsignedInteger() ? "u" : "i";
  return prefix + std::to_string(element.getIntOrFloatBitWidth());
}

/// Names of model's nodes in a location, the first of them.
static std::string nodeOf(Location loc) {
  std::string name;
  loc->walk([&](Location l) {
    auto named = dyn_cast<NameLoc>(l);
    if (!named)
      return WalkResult::advance();
    name = named.getName().str();
    return WalkResult::interrupt();
  });
  return name;
}

static std::vector<uint8_t> bytesOf(ElementsAttr data) {
  ArrayRef<char> raw;
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(data)) {
    if (AsmResourceBlob *blob = resource.getRawHandle().getBlob())
      raw = blob->getData();
  } else if (auto dense = dyn_cast<DenseElementsAttr>(data)) {
    if (dense.isSplat())
      return std::vector<uint8_t>(size_t(data.getNumElements()), uint8_t(dense.getSplatValue<APInt>().getZExtValue()));
    raw = dense.getRawData();
  }
  return std::vector<uint8_t>(raw.begin(), raw.end());
}

FailureOr<hw::Program> exportProgram(ProgramOp op, bool withData) {
  hw::Program program;
  program.name = op.getSymName().str();
  llvm::StringMap<unsigned> segments;
  hw::DebugLine line;
  for (Operation &inner : op.getBody().front()) {
    if (auto segment = dyn_cast<SegmentOp>(inner)) {
      segments[segment.getSymName()] = unsigned(program.segments.size());
      hw::Segment s;
      static constexpr hw::SegmentKind kinds[] = {hw::SegmentKind::Const, hw::SegmentKind::Input,
                                                  hw::SegmentKind::Output, hw::SegmentKind::Scratch};
      s.kind = kinds[unsigned(segment.getKind())];
      s.name = segment.getSymName().str();
      s.bytes = segment.getBytes();
      if (segment.getData() && withData)
        s.data = bytesOf(*segment.getData());
      if (auto io = segment.getIo()) {
        hw::IOTensor tensor;
        auto type = cast<RankedTensorType>(io->getAs<TypeAttr>("type").getValue());
        auto name = io->getAs<StringAttr>("name");
        tensor.name = name ? name.str() : s.name;
        tensor.isOutput = s.kind == hw::SegmentKind::Output;
        tensor.dtype = dtypeName(type.getElementType());
        tensor.dims.assign(type.getShape().begin(), type.getShape().end());
        tensor.layout = "row-major";
        tensor.segment = unsigned(program.segments.size());
        tensor.bytes = s.bytes;
        program.io.push_back(tensor);
      }
      program.segments.push_back(std::move(s));
    } else if (auto semaphore = dyn_cast<SemaphoreOp>(inner)) {
      program.semaphores.push_back({unsigned(semaphore.getId()), "", hw::Engine(semaphore.getProducer()),
                                    hw::Engine(semaphore.getConsumer()), unsigned(semaphore.getInitial())});
    } else if (auto mark = dyn_cast<MarkOp>(inner)) {
      hw::DebugOp debug;
      debug.node = nodeOf(mark.getLoc());
      debug.opType = mark.getOpType().str();
      llvm::raw_string_ostream os(debug.location);
      mark.getLoc().print(os);
      if (debug.location.size() > 200)
        debug.location.resize(200);
      debug.macs = uint64_t(mark.getMacs());
      debug.bytes = uint64_t(mark.getTraffic());
      line = {};
      line.op = uint32_t(program.debugOps.size());
      hw::Instruction inst = hw::make(hw::Opcode::MARK);
      inst.set(hw::Field::id, int64_t(program.debugOps.size()));
      program.debugOps.push_back(std::move(debug));
      program.code.push_back(inst);
      program.debugLines.push_back(line);
    } else if (InstructionOp inst = InstructionOp::get(&inner)) {
      for (Value buffer : inner.getOperands())
        if (auto declared = buffer.getDefiningOp<BufferOp>(); !declared || !declared.getAddress())
          return inner.emitOpError("expected buffers with addresses (npu-allocate)");
      program.code.push_back(inst.resolve([&](StringRef name) { return segments.lookup(name); }));
      hw::DebugLine own = line;
      if (auto tile = inner.getAttrOfType<DenseI32ArrayAttr>("tile"))
        for (auto [i, x] : llvm::enumerate(tile.asArrayRef().take_front(4)))
          own.tile[i] = x;
      program.debugLines.push_back(own);
    }
  }
  if (program.debugOps.empty())
    program.debugLines.clear();
  return program;
}

} // namespace mlir::npu
