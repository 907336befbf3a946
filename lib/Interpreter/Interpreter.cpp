// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Interpreter.cpp - Graph-level functions, evaluated op by op --------===//
//
// Every value is a view and, if it was computed, the tensor that owns its memory.
// Scalars are views of rank 0. Each block knows after which operation a value of its
// own is used for the last time.
//
//===----------------------------------------------------------------------===//
#include "aic/Interpreter/Interpreter.h"
#include "aic/Dialect/AIC/IR/AICOps.h"
#include "aic/Dialect/AIC/IR/EvalBridge.h"
#include "aic/Eval/Movement.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::aic;
namespace eval = ::aic::eval;

namespace {

/// A value at run time. `owner` is empty where somebody else keeps the memory: inputs and constants.
struct Slot {
  eval::View view;
  eval::Tensor owner;

  Slot() = default;
  Slot(const eval::Tensor &tensor) : view(tensor), owner(tensor) {}
  Slot(const eval::View &view, eval::Tensor owner = {}) : view(view), owner(std::move(owner)) {}
};
using Slots = SmallVector<Slot>;

/// A scalar as a tensor of rank 0.
Slot scalarSlot(int64_t value, Type type) {
  eval::Tensor tensor(toDType(type).value_or(eval::DType::I64), {});
  std::memcpy(tensor.data(), &value, tensor.bytes()); // little endian
  return tensor;
}

int64_t scalar(const Slot &slot) { return eval::integers(slot.view).front(); }

/// One activation of a function.
class Frame {
public:
  Frame(const InterpretOptions &options, unsigned depth) : options(options), depth(depth) {}

  /// Runs a block with the given arguments; `yielded` are the operands of its terminator.
  LogicalResult run(Block &block, ArrayRef<Slot> arguments, Slots &yielded);

private:
  LogicalResult run(Operation &op);
  LogicalResult runGraphOp(GraphOpInterface op, ArrayRef<Slot> operands, Slots &results);
  LogicalResult runReshape(ReshapeOp op, ArrayRef<Slot> operands, Slots &results);
  LogicalResult runConstant(arith::ConstantOp op, Slots &results);
  LogicalResult runExtract(tensor::ExtractOp op, ArrayRef<Slot> operands, Slots &results);
  LogicalResult runFor(scf::ForOp op, ArrayRef<Slot> operands, Slots &results);
  LogicalResult runWhile(scf::WhileOp op, ArrayRef<Slot> operands, Slots &results);
  LogicalResult runCall(func::CallOp op, ArrayRef<Slot> operands, Slots &results);
  FailureOr<int64_t> runArith(Operation *op, ArrayRef<Slot> operands);

  using Deaths = DenseMap<Operation *, SmallVector<Value, 2>>;
  const Deaths &deathsOf(Block &block);

  const InterpretOptions &options;
  unsigned depth;
  DenseMap<Value, Slot> values;
  DenseMap<Block *, std::unique_ptr<Deaths>> deaths;
};

} // namespace

//===-- Lifetimes -----------------------------------------------------------===//

/// For each operation of a block the block's values that nobody uses after it.
const Frame::Deaths &Frame::deathsOf(Block &block) {
  std::unique_ptr<Deaths> &known = deaths[&block];
  if (known)
    return *known;
  known = std::make_unique<Deaths>();
  DenseSet<Value> seen;
  for (Operation &op : llvm::reverse(block)) {
    SmallVector<Value, 2> &dying = (*known)[&op];
    auto use = [&](Value value) {
      if (value.getParentBlock() == &block && seen.insert(value).second)
        dying.push_back(value);
    };
    llvm::for_each(op.getResults(), use); // never used
    op.walk([&](Operation *inner) { llvm::for_each(inner->getOperands(), use); });
  }
  return *known;
}

//===-- Blocks and operations -----------------------------------------------===//

LogicalResult Frame::run(Block &block, ArrayRef<Slot> arguments, Slots &yielded) {
  for (auto [argument, slot] : llvm::zip_equal(block.getArguments(), arguments))
    values[argument] = slot;
  const Deaths &dying = deathsOf(block);
  for (Operation &op : block) {
    if (op.hasTrait<OpTrait::IsTerminator>())
      yielded = llvm::map_to_vector(op.getOperands(), [&](Value value) { return values.lookup(value); });
    else if (failed(run(op)))
      return failure();
    for (Value value : dying.find(&op)->second)
      values.erase(value);
  }
  return success();
}

LogicalResult Frame::run(Operation &op) {
  Slots operands = llvm::map_to_vector(op.getOperands(), [&](Value value) { return values.lookup(value); });
  Slots results;
  LogicalResult status = TypeSwitch<Operation *, LogicalResult>(&op)
                             .Case([&](ReshapeOp reshape) { return runReshape(reshape, operands, results); })
                             .Case([&](GraphOpInterface graph) { return runGraphOp(graph, operands, results); })
                             .Case([&](arith::ConstantOp constant) { return runConstant(constant, results); })
                             .Case([&](func::CallOp call) { return runCall(call, operands, results); })
                             .Case([&](scf::IfOp branch) {
                               Region &region = scalar(operands[0]) ? branch.getThenRegion() : branch.getElseRegion();
                               return region.empty() ? success() : run(region.front(), {}, results);
                             })
                             .Case([&](scf::ForOp loop) { return runFor(loop, operands, results); })
                             .Case([&](scf::WhileOp loop) { return runWhile(loop, operands, results); })
                             .Case([&](tensor::ExtractOp extract) { return runExtract(extract, operands, results); })
                             .Case([&](tensor::CastOp) {
                               results.push_back(operands[0]);
                               return success();
                             })
                             .Case([&](tensor::DimOp dim) -> LogicalResult {
                               int64_t index = scalar(operands[1]);
                               if (index < 0 || index >= operands[0].view.rank())
                                 return dim.emitOpError("expected a dimension in [0, ")
                                        << operands[0].view.rank() << "), got " << index;
                               results.push_back(scalarSlot(operands[0].view.shape[index], dim.getType()));
                               return success();
                             })
                             .Case([&](tensor::FromElementsOp elements) {
                               ArrayRef<int64_t> shape = elements.getType().getShape();
                               eval::Tensor tensor(operands[0].view.type, eval::Shape(shape.begin(), shape.end()));
                               size_t bytes = eval::byteSize(tensor.type());
                               for (auto [i, element] : llvm::enumerate(operands))
                                 std::memcpy(tensor.as<char>() + i * bytes, element.view.data, bytes);
                               results.push_back(tensor);
                               return success();
                             })
                             .Default([&](Operation *other) -> LogicalResult {
                               FailureOr<int64_t> result = runArith(other, operands);
                               if (succeeded(result))
                                 results.push_back(scalarSlot(*result, other->getResult(0).getType()));
                               return result;
                             });
  if (failed(status))
    return failure();
  for (auto [result, slot] : llvm::zip_equal(op.getResults(), results))
    values[result] = slot;
  return success();
}

/// Whether a tensor has the type that the program says.
static bool fits(Type type, const eval::View &view) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && toDType(tensor.getElementType()) == view.type &&
         succeeded(verifyCompatibleShape(tensor.getShape(), view.shape));
}

LogicalResult Frame::runGraphOp(GraphOpInterface op, ArrayRef<Slot> operands, Slots &results) {
  SmallVector<eval::View> views = llvm::map_to_vector(operands, [](const Slot &slot) { return slot.view; });
  std::vector<eval::Tensor> tensors;
  if (std::string error = op.evaluate(views, tensors); !error.empty())
    return op->emitOpError(error);
  if (tensors.size() != op->getNumResults())
    return op->emitOpError("expected ") << op->getNumResults() << " results, got " << tensors.size();
  for (auto [result, tensor] : llvm::zip_equal(op->getResults(), tensors))
    if (!fits(result.getType(), tensor))
      return op->emitOpError("expected result ") << result.getResultNumber() << " to be " << result.getType()
                                                 << ", got " << eval::describe(tensor.type(), tensor.shape());
  if (options.observe)
    options.observe(op, tensors);
  results.assign(tensors.begin(), tensors.end());
  return success();
}

/// Shares the memory of a computed input instead of copying it.
LogicalResult Frame::runReshape(ReshapeOp op, ArrayRef<Slot> operands, Slots &results) {
  const Slot &input = operands[0];
  eval::Shape shape;
  if (!input.owner.data() || !input.view.isDense() || input.view.data != input.owner.data() ||
      !eval::reshapedExtents(input.view.shape, eval::integers(operands[1].view), op.getCopyZeros(), shape).empty())
    return runGraphOp(cast<GraphOpInterface>(*op), operands, results);
  eval::Tensor tensor(input.view.type, shape, input.view.data, std::make_shared<eval::Tensor>(input.owner));
  if (!fits(op.getType(), tensor))
    return op->emitOpError("expected result 0 to be ")
           << op.getType() << ", got " << eval::describe(tensor.type(), tensor.shape());
  if (options.observe)
    options.observe(op, tensor);
  results.push_back(tensor);
  return success();
}

LogicalResult Frame::runConstant(arith::ConstantOp op, Slots &results) {
  if (auto elements = dyn_cast<ElementsAttr>(op.getValue())) {
    eval::Tensor storage;
    FailureOr<eval::View> view = toView(elements, storage);
    if (failed(view))
      return op.emitOpError("expected a constant with its bytes, got ") << op.getType();
    results.push_back(Slot(*view, storage));
    return success();
  }
  if (auto number = dyn_cast<IntegerAttr>(op.getValue())) {
    APInt value = number.getValue();
    results.push_back(scalarSlot(value.getBitWidth() == 1 ? value.getZExtValue() : value.getSExtValue(), op.getType()));
    return success();
  }
  if (auto number = dyn_cast<FloatAttr>(op.getValue())) {
    results.push_back(scalarSlot(number.getValue().bitcastToAPInt().getZExtValue(), op.getType()));
    return success();
  }
  return op.emitOpError("expected a number or a tensor, got ") << op.getType();
}

LogicalResult Frame::runExtract(tensor::ExtractOp op, ArrayRef<Slot> operands, Slots &results) {
  const eval::View &view = operands[0].view;
  int64_t offset = 0;
  for (auto [d, index] : llvm::enumerate(operands.drop_front())) {
    int64_t position = scalar(index);
    if (position < 0 || position >= view.shape[d])
      return op.emitOpError("expected an index in [0, ") << view.shape[d] << "), got " << position;
    offset += position * view.strides[d];
  }
  eval::Tensor element(view.type, {});
  size_t bytes = eval::byteSize(view.type);
  std::memcpy(element.data(), view.as<char>() + offset * int64_t(bytes), bytes);
  results.push_back(element);
  return success();
}

/// The integer arithmetic of loop bounds and conditions.
FailureOr<int64_t> Frame::runArith(Operation *op, ArrayRef<Slot> operands) {
  bool isScalar = op->getNumResults() == 1 && op->getNumOperands() > 0 &&
                  llvm::all_of(op->getOperandTypes(), [](Type type) { return type.isIntOrIndex(); });
  auto unknown = [&]() -> FailureOr<int64_t> { return op->emitOpError("expected an operation of the graph level"); };
  if (!isScalar)
    return unknown();
  SmallVector<int64_t> n = llvm::map_to_vector(operands, scalar);
  return TypeSwitch<Operation *, FailureOr<int64_t>>(op)
      .Case<arith::AddIOp>([&](auto) { return int64_t(uint64_t(n[0]) + uint64_t(n[1])); })
      .Case<arith::SubIOp>([&](auto) { return int64_t(uint64_t(n[0]) - uint64_t(n[1])); })
      .Case<arith::MulIOp>([&](auto) { return int64_t(uint64_t(n[0]) * uint64_t(n[1])); })
      .Case<arith::AndIOp>([&](auto) { return n[0] & n[1]; })
      .Case<arith::OrIOp>([&](auto) { return n[0] | n[1]; })
      .Case<arith::XOrIOp>([&](auto) { return n[0] ^ n[1]; })
      .Case<arith::MaxSIOp>([&](auto) { return std::max(n[0], n[1]); })
      .Case<arith::MinSIOp>([&](auto) { return std::min(n[0], n[1]); })
      .Case<arith::SelectOp>([&](auto) { return n[0] ? n[1] : n[2]; })
      .Case<arith::IndexCastOp, arith::ExtSIOp, arith::TruncIOp>([&](auto) { return n[0]; })
      .Case<arith::ExtUIOp, arith::IndexCastUIOp>([&](auto cast) {
        unsigned width = cast.getIn().getType().isIndex() ? 64 : cast.getIn().getType().getIntOrFloatBitWidth();
        return width == 64 ? n[0] : n[0] & ((int64_t(1) << width) - 1);
      })
      .Case<arith::CmpIOp>([&](arith::CmpIOp compare) {
        unsigned width = compare.getLhs().getType().isIndex() ? 64 : compare.getLhs().getType().getIntOrFloatBitWidth();
        return int64_t(arith::applyCmpPredicate(compare.getPredicate(), APInt(64, n[0]).trunc(width),
                                                APInt(64, n[1]).trunc(width)));
      })
      .Default([&](Operation *) { return unknown(); });
}

//===-- Control flow --------------------------------------------------------===//

LogicalResult Frame::runFor(scf::ForOp op, ArrayRef<Slot> operands, Slots &results) {
  int64_t lower = scalar(operands[0]), upper = scalar(operands[1]), step = scalar(operands[2]);
  if (step <= 0)
    return op.emitOpError("expected a step above 0, got ") << step;
  results.assign(operands.begin() + 3, operands.end());
  for (int64_t i = lower; i < upper; i += step) {
    Slots arguments{scalarSlot(i, op.getInductionVar().getType())}, yielded;
    arguments.append(results);
    results.clear(); // the body frees what it has used
    if (failed(run(*op.getBody(), arguments, yielded)))
      return failure();
    results = std::move(yielded);
    if (upper - i <= step)
      break;
  }
  return success();
}

LogicalResult Frame::runWhile(scf::WhileOp op, ArrayRef<Slot> operands, Slots &results) {
  Slots carried(operands), condition;
  while (true) {
    if (failed(run(*op.getBeforeBody(), carried, condition)))
      return failure();
    results.assign(condition.begin() + 1, condition.end());
    if (!scalar(condition[0]))
      return success();
    if (failed(run(*op.getAfterBody(), results, carried)))
      return failure();
  }
}

LogicalResult Frame::runCall(func::CallOp op, ArrayRef<Slot> operands, Slots &results) {
  auto callee = SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(op, op.getCalleeAttr());
  if (!callee || callee.isExternal())
    return op.emitOpError("expected a function with a body, got '") << op.getCallee() << "'";
  constexpr unsigned kMaxDepth = 100;
  if (depth >= kMaxDepth)
    return op.emitOpError("expected at most ") << kMaxDepth << " nested calls";
  Frame frame(options, depth + 1);
  return frame.run(callee.getBody().front(), operands, results);
}

//===-- Entry ---------------------------------------------------------------===//

static LogicalResult checkInputs(func::FuncOp func, ArrayRef<eval::View> inputs) {
  if (inputs.size() != func.getNumArguments())
    return emitError(func.getLoc(), "expected ") << func.getNumArguments() << " inputs, got " << inputs.size();
  llvm::StringMap<std::pair<int64_t, std::string>> named; // extent and where it was seen first
  for (auto [i, input] : llvm::enumerate(inputs)) {
    auto name = func.getArgAttrOfType<StringAttr>(i, "aic.name");
    std::string title = name ? ("'" + name.getValue() + "'").str() : std::to_string(i);
    if (!fits(func.getArgumentTypes()[i], input))
      return emitError(func.getLoc(), "expected input ")
             << title << " to be " << func.getArgumentTypes()[i] << ", got " << eval::describe(input.type, input.shape);
    auto dims = func.getArgAttrOfType<ArrayAttr>(i, "aic.dims");
    for (auto [d, attr] : llvm::enumerate(dims ? dims.getValue() : ArrayRef<Attribute>())) {
      auto dim = dyn_cast<StringAttr>(attr);
      if (!dim || dim.empty() || d >= input.shape.size())
        continue;
      auto [it, isNew] = named.try_emplace(dim.getValue(), input.shape[d], title);
      if (!isNew && it->second.first != input.shape[d])
        return emitError(func.getLoc(), "expected dimension ")
               << d << " of input " << title << " ('" << dim.getValue() << "') to be " << it->second.first
               << " as in input " << it->second.second << ", got " << input.shape[d];
    }
  }
  return success();
}

FailureOr<std::vector<eval::Tensor>> mlir::aic::interpret(func::FuncOp func, ArrayRef<eval::View> inputs,
                                                          const InterpretOptions &options) {
  if (func.isExternal() || !func.getBody().hasOneBlock())
    return emitError(func.getLoc(), "expected a function of one block");
  if (failed(checkInputs(func, inputs)))
    return failure();
  Slots arguments, yielded;
  for (const eval::View &input : inputs)
    arguments.push_back(Slot(input));
  Frame frame(options, 0);
  if (failed(frame.run(func.getBody().front(), arguments, yielded)))
    return failure();
  std::vector<eval::Tensor> results;
  for (Slot &slot : yielded) {
    bool isOwn = slot.owner.data() == slot.view.data && slot.owner.shape() == slot.view.shape && slot.view.isDense();
    if (isOwn && slot.owner.data()) {
      results.push_back(slot.owner);
      continue;
    }
    if (std::string error = eval::dense(slot.view, results.emplace_back()); !error.empty())
      return emitError(func.getLoc(), error);
  }
  return results;
}
