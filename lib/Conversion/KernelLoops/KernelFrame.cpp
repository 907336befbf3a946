// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- KernelFrame.cpp - The function that a kernel's loops go into -------===//
#include "aic/Conversion/KernelLoops/KernelFrame.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace mlir::aic {

KernelFrame KernelFrame::create(func::FuncOp source, StringRef name, bool withWorkers, ValueEmitter &values) {
  KernelFrame frame;
  OpBuilder &b = values.b;
  Location loc = source.getLoc();
  SmallVector<Type> inputs;
  auto isTensor = [](Type t) { return isa<RankedTensorType>(t); };
  for (Type t : source.getArgumentTypes())
    if (isTensor(t)) {
      Type element = cast<RankedTensorType>(t).getElementType();
      inputs.push_back(MemRefType::get({ShapedType::kDynamic}, element.isInteger(1) ? b.getI8Type() : element));
    }
  size_t firstIndex = inputs.size();
  for (Type t : source.getArgumentTypes())
    inputs.append(isTensor(t) ? cast<RankedTensorType>(t).getNumDynamicDims() : 1, b.getIndexType());
  size_t numIndices = inputs.size() - firstIndex;
  inputs.append(withWorkers ? 2 : 0, b.getIndexType());

  b.setInsertionPoint(source);
  frame.function = func::FuncOp::create(b, loc, name, b.getFunctionType(inputs, {}));
  frame.function.setPrivate();
  for (NamedAttribute attr : source->getDiscardableAttrs())
    frame.function->setDiscardableAttr(attr.getName(), attr.getValue());
  Block *entry = frame.function.addEntryBlock();
  b.setInsertionPointToStart(entry);
  llvm::append_range(frame.extents, entry->getArguments().slice(firstIndex, numIndices));
  unsigned nextMemory = 0, nextIndex = firstIndex;
  for (BlockArgument arg : source.getArguments()) {
    auto type = dyn_cast<RankedTensorType>(arg.getType());
    if (!type) {
      values.indexArguments[arg] = values.index.atom(entry->getArgument(nextIndex++));
      continue;
    }
    Buffer buffer;
    buffer.memory = entry->getArgument(nextMemory++);
    buffer.element = type.getElementType();
    for (int64_t d : type.getShape())
      buffer.sizes.push_back(ShapedType::isDynamic(d) ? values.index.atom(entry->getArgument(nextIndex++))
                                                      : LinearIndex(d));
    buffer.strides.resize(type.getRank());
    LinearIndex stride(1);
    for (int64_t d = type.getRank(); d-- > 0;) {
      buffer.strides[d] = stride;
      if (d)
        stride = *values.index.mul(stride, buffer.sizes[d]);
    }
    values.buffers[arg] = buffer;
    frame.tensors.push_back(buffer);
  }
  if (withWorkers) {
    frame.worker = entry->getArgument(entry->getNumArguments() - 2);
    frame.workers = entry->getArgument(entry->getNumArguments() - 1);
  }
  return frame;
}

SmallVector<Output, 1> collectOutputs(func::FuncOp source, const KernelFrame &frame, ValueEmitter &values) {
  SmallVector<Output, 1> outputs;
  for (auto [i, value] : llvm::enumerate(source.front().getTerminator()->getOperands())) {
    const Buffer &destination = frame.destination(source, i);
    SmallVector<LinearIndex> low(destination.sizes.size(), LinearIndex(0));
    auto concat = value.getDefiningOp<tensor::ConcatOp>();
    if (!concat) {
      outputs.push_back({value, destination, low, {}, /*fills=*/true});
      continue;
    }
    for (Value part : concat.getInputs()) {
      outputs.push_back({part, destination, low, {}, /*fills=*/false});
      low[concat.getDim()] = values.index.add(low[concat.getDim()], values.extent(part, concat.getDim()));
    }
  }
  return outputs;
}

LogicalResult storeOutput(const Output &output, ArrayRef<LaneValue> point, ValueEmitter &values) {
  FailureOr<SmallVector<LaneValue>> index = values.apply(output.index, point);
  if (failed(index))
    return failure();
  LaneValue value = values.read(output.inner, *index);
  for (auto [i, low] : llvm::zip_equal(*index, output.low))
    i = i.kind == LaneValue::Linear ? LaneValue(values.index.add(i.linear, low)) : i;
  return value ? values.store(output.destination, *index, value) : failure();
}

} // namespace mlir::aic
