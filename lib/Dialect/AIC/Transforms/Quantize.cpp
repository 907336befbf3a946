// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Quantize.cpp - Float graphs to explicit 8-bit graphs ---------------===//
//
// Walks the block once. Every float value may have an 8-bit version, an f16 one
// and a new f32 one, made when something asks for it. A layer asks for what it
// computes on, and leaves the version it makes; what stays float asks for f32.
// Operations that move elements are repeated on the version that is asked for,
// so they cost no quantisation.
//
//===----------------------------------------------------------------------===//
#include "aic/Dialect/AIC/Transforms/Quantize.h"
#include "QuantizeWeights.h"
#include "aic/Dialect/AIC/IR/AICOps.h"
#include "aic/Dialect/AIC/IR/EvalBridge.h"
#include "aic/Dialect/AIC/Transforms/Passes.h"
#include "aic/Eval/Elementwise.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include <cmath>

namespace mlir::aic {
#define GEN_PASS_DEF_QUANTIZEPASS
#include "aic/Dialect/AIC/Transforms/Passes.h.inc"

namespace eval = ::aic::eval;

QuantParams chooseParams(ValueBounds range) {
  // In f32: the scale of the graph is the one that the zero point was chosen for.
  double low = std::min(range.low, 0.0), high = std::max(range.high, 0.0);
  QuantParams params;
  if (high - low < 1e-30)
    return params; // nothing but zeros: any scale will do
  params.scale = float((high - low) / 255.0);
  params.zero = int8_t(std::clamp(std::nearbyint(-128.0 - low / double(params.scale)), -128.0, 127.0));
  return params;
}

namespace {

struct Quantized {
  Value value;
  QuantParams params;
};

class Rewriter {
public:
  Rewriter(func::FuncOp func, const ValueRanges &ranges, const QuantizeConfig &config,
           std::vector<QuantizedLayer> &layers)
      : func(func), block(func.getBody().front()), ranges(ranges), config(config), layers(layers), b(func.getContext()),
        names(valueNames(func)), plan(planLayers(block)) {}

  LogicalResult run();

private:
  LogicalResult chooseHalf();
  void unifyConcats();
  void narrowFunctions();

  FailureOr<QuantParams> paramsOf(Value value);
  FailureOr<Quantized> quantOf(Value value);
  /// The f32 version of a value: the dequantised one, if a layer made it.
  Value realOf(Value value);
  Value halfOf(Value value);

  LogicalResult rewrite(QuantLayer &layer);
  LogicalResult rewriteHalf(QuantLayer &layer);
  LogicalResult rewriteConcat(QuantLayer &layer);
  FailureOr<Value> rewriteProduct(QuantLayer &layer);
  FailureOr<Value> operandOf(Value value);
  LogicalResult finish(QuantLayer &layer, Value real);
  void rewriteOther(Operation &op);

  Operation *cloneAs(Operation *op, IRMapping &mapping, Type element);
  Value constant(const eval::Tensor &tensor, Location loc, StringRef name);
  Value scaleOf(QuantParams params, Location loc);
  Value zeroOf(QuantParams params, Location loc);
  Value quantize(Value real, QuantParams params, Location loc);
  Value dequantize(Quantized quant, Location loc);
  Value castTo(Value value, Type element);
  double macsOf(const QuantLayer &layer);

  func::FuncOp func;
  Block &block;
  const ValueRanges &ranges;
  const QuantizeConfig &config;
  std::vector<QuantizedLayer> &layers;
  OpBuilder b;
  llvm::MapVector<Value, std::string> names;
  QuantPlan plan;
  llvm::DenseSet<Value> narrowed;            // by narrowFunctions
  llvm::DenseMap<Value, QuantParams> wanted; // parameters that a value takes for its user's sake
  llvm::DenseMap<Value, Quantized> quants;
  llvm::DenseMap<Value, Value> reals, halves;
};

//===-- Parameters ----------------------------------------------------------===//

FailureOr<QuantParams> Rewriter::paramsOf(Value value) {
  if (auto it = wanted.find(value); it != wanted.end())
    return it->second;
  Operation *def = value.getDefiningOp();
  if (auto it = def ? plan.moves.find(def) : plan.moves.end(); it != plan.moves.end())
    return paramsOf(def->getOperand(it->second));
  auto range = ranges.find(value);
  if (range == ranges.end())
    return emitError(value.getLoc(), "expected a range of '") << names.lookup(value) << "', got none";
  QuantParams params = chooseParams(range->second);
  wanted[value] = params;
  return params;
}

/// What goes into a concat only is quantised as the concat is. From the last to the first: one may feed another.
void Rewriter::unifyConcats() {
  for (QuantLayer &layer : llvm::reverse(plan.layers)) {
    if (layer.kind != LayerKind::Concat || (!ranges.contains(layer.result) && !wanted.contains(layer.result)))
      continue;
    QuantParams params = *paramsOf(layer.result);
    for (Value value : layer.anchor->getOperands()) {
      while (value.hasOneUse() && value.getDefiningOp() && plan.moves.contains(value.getDefiningOp()))
        value = value.getDefiningOp()->getOperand(plan.moves.lookup(value.getDefiningOp()));
      if (value.hasOneUse() && !constantOf(value))
        wanted[value] = params;
    }
  }
}

/// A value that only functions read need not be told apart where they are flat: x * sigmoid(x) below -10, say. Flat is
/// what changes the results by less than a quarter of their step.
void Rewriter::narrowFunctions() {
  llvm::MapVector<Value, SmallVector<QuantLayer *>> readers;
  for (QuantLayer &layer : plan.layers)
    if (layer.kind == LayerKind::Function && !layer.half)
      readers[layer.root].push_back(&layer);
  for (auto &[root, functions] : readers) {
    auto range = ranges.find(root);
    if (range == ranges.end() || wanted.contains(root))
      continue;
    llvm::DenseSet<Operation *> bodies;
    for (QuantLayer *layer : functions)
      bodies.insert(layer->body.begin(), layer->body.end());
    if (!llvm::all_of(root.getUsers(), [&](Operation *user) { return bodies.contains(user); }))
      continue;
    constexpr int64_t kPoints = 2049;
    double low = range->second.low, high = range->second.high, step = (high - low) / (kPoints - 1);
    eval::Tensor points(eval::DType::F32, {kPoints});
    for (int64_t i = 0; i < kPoints; ++i)
      points.as<float>()[i] = float(low + step * double(i));
    int64_t first = kPoints - 1, last = 0;
    for (QuantLayer *layer : functions) {
      FailureOr<eval::Tensor> values = evaluateFunction(layer->body, root, layer->result, points);
      if (failed(values) || values->size() != kPoints || !ranges.contains(layer->result)) {
        first = 0;
        last = kPoints - 1;
        break;
      }
      FailureOr<QuantParams> params = paramsOf(layer->result);
      const float *y = values->as<float>();
      double slack = 0.25 * double(params->scale);
      int64_t i = 0, j = kPoints - 1;
      while (i + 1 < kPoints && std::abs(double(y[i + 1]) - y[0]) <= slack)
        ++i;
      while (j > 0 && std::abs(double(y[j - 1]) - y[kPoints - 1]) <= slack)
        --j;
      first = std::min(first, i);
      last = std::max(last, j);
    }
    if (first >= last || (first == 0 && last == kPoints - 1))
      continue;
    narrowed.insert(root);
    wanted[root] = chooseParams({low + step * double(first), low + step * double(last)});
  }
}

LogicalResult Rewriter::chooseHalf() {
  llvm::StringSet<> unknown = config.keep;
  for (QuantLayer &layer : plan.layers) {
    layer.name = names.lookup(layer.result);
    auto check = [&](StringRef name) {
      if (!config.keep.contains(name))
        return;
      layer.half |= layer.kind != LayerKind::Concat;
      unknown.erase(name);
    };
    check(layer.name);
    for (Operation *op : layer.body)
      for (StringRef name : locationNames(op->getLoc()))
        check(name);
  }
  if (unknown.empty())
    return success();
  SmallVector<StringRef> sorted(unknown.keys());
  llvm::sort(sorted);
  return emitError(func.getLoc(), "expected the names of layers to keep, got '") << sorted.front() << "'";
}

//===-- Building ------------------------------------------------------------===//

Value Rewriter::constant(const eval::Tensor &tensor, Location loc, StringRef name) {
  ElementsAttr attr = toAttr(b.getContext(), tensor, name);
  return arith::ConstantOp::create(b, loc, attr.getShapedType(), attr);
}

Value Rewriter::scaleOf(QuantParams params, Location loc) {
  auto type = RankedTensorType::get({}, b.getF32Type());
  return arith::ConstantOp::create(b, loc, DenseElementsAttr::get(type, b.getF32FloatAttr(params.scale)));
}

Value Rewriter::zeroOf(QuantParams params, Location loc) {
  auto type = RankedTensorType::get({}, b.getI8Type());
  return arith::ConstantOp::create(b, loc, DenseElementsAttr::get(type, b.getI8IntegerAttr(params.zero)));
}

Value Rewriter::quantize(Value real, QuantParams params, Location loc) {
  auto type = cast<RankedTensorType>(real.getType()).clone(b.getI8Type());
  return QuantizeOp::create(b, loc, type, real, scaleOf(params, loc), zeroOf(params, loc), 0, 0);
}

Value Rewriter::dequantize(Quantized quant, Location loc) {
  auto type = cast<RankedTensorType>(quant.value.getType()).clone(b.getF32Type());
  return DequantizeOp::create(b, loc, type, quant.value, scaleOf(quant.params, loc), zeroOf(quant.params, loc), 0, 0);
}

Value Rewriter::castTo(Value value, Type element) {
  auto type = cast<RankedTensorType>(value.getType());
  if (type.getElementType() == element)
    return value;
  if (ElementsAttr attr = constantOf(value))
    if (FailureOr<eval::Tensor> tensor = toTensor(attr); succeeded(tensor))
      return constant(eval::cast(*tensor, *toDType(element)), value.getLoc(), "half");
  return CastOp::create(b, value.getLoc(), type.clone(element), value);
}

/// The operation on mapped operands, with results of another element type.
Operation *Rewriter::cloneAs(Operation *op, IRMapping &mapping, Type element) {
  Operation *clone = b.clone(*op, mapping);
  for (OpResult result : clone->getResults())
    result.setType(cast<RankedTensorType>(result.getType()).clone(element));
  for (auto [from, to] : llvm::zip_equal(op->getResults(), clone->getResults()))
    mapping.map(from, to);
  return clone;
}

//===-- Versions of a value -------------------------------------------------===//

FailureOr<Quantized> Rewriter::quantOf(Value value) {
  if (auto it = quants.find(value); it != quants.end())
    return it->second;
  FailureOr<QuantParams> params = paramsOf(value);
  if (failed(params))
    return failure();
  Quantized result{Value(), *params};
  Operation *def = value.getDefiningOp();
  auto move = def && !config.isolate ? plan.moves.find(def) : plan.moves.end();
  if (move != plan.moves.end()) {
    FailureOr<Quantized> from = quantOf(def->getOperand(move->second));
    if (failed(from))
      return failure();
    IRMapping mapping;
    mapping.map(def->getOperand(move->second), from->value);
    if (auto pad = dyn_cast<PadOp>(def)) {
      FailureOr<eval::Tensor> number = toTensor(constantOf(pad.getValue()));
      eval::Tensor scale(eval::DType::F32, {}), zero(eval::DType::I8, {}), level;
      *scale.as<float>() = from->params.scale;
      *zero.as<int8_t>() = from->params.zero;
      if (failed(number) || !eval::quantize(*number, scale, zero, 0, 0, level).empty())
        return emitError(pad.getLoc(), "expected a constant to pad with");
      mapping.map(pad.getValue(), constant(level, pad.getLoc(), "pad"));
    }
    result = {cloneAs(def, mapping, b.getI8Type())->getResult(0), from->params};
  } else {
    result.value = quantize(config.isolate ? value : realOf(value), *params, value.getLoc());
  }
  if (!config.isolate || !def)
    quants[value] = result;
  return result;
}

Value Rewriter::realOf(Value value) {
  if (config.isolate)
    return value;
  if (auto it = reals.find(value); it != reals.end())
    return it->second;
  auto it = quants.find(value);
  Operation *def = value.getDefiningOp();
  auto move = def ? plan.moves.find(def) : plan.moves.end();
  if (move != plan.moves.end()) {
    Value source = def->getOperand(move->second);
    // Moved in the version that there is: 8 bits behind a layer, else f32.
    Value from = source;
    while (from.getDefiningOp() && plan.moves.contains(from.getDefiningOp()))
      from = from.getDefiningOp()->getOperand(plan.moves.lookup(from.getDefiningOp()));
    if (quants.contains(from) && plan.layerOf.contains(from)) {
      FailureOr<Quantized> quant = quantOf(value);
      if (succeeded(quant))
        return reals[value] = dequantize(*quant, value.getLoc());
    }
    Value real = realOf(source);
    if (real == source)
      return value;
    IRMapping mapping;
    mapping.map(source, real);
    return reals[value] = cloneAs(def, mapping, b.getF32Type())->getResult(0);
  }
  if (it != quants.end() && plan.layerOf.contains(value))
    return reals[value] = dequantize(it->second, value.getLoc());
  return value;
}

Value Rewriter::halfOf(Value value) {
  if (constantOf(value))
    return castTo(value, b.getF16Type());
  if (auto it = halves.find(value); it != halves.end())
    return it->second;
  Operation *def = value.getDefiningOp();
  auto move = def && !config.isolate ? plan.moves.find(def) : plan.moves.end();
  if (move != plan.moves.end() && halves.contains(def->getOperand(move->second))) {
    IRMapping mapping;
    mapping.map(def->getOperand(move->second), halfOf(def->getOperand(move->second)));
    if (auto pad = dyn_cast<PadOp>(def))
      mapping.map(pad.getValue(), castTo(pad.getValue(), b.getF16Type()));
    return halves[value] = cloneAs(def, mapping, b.getF16Type())->getResult(0);
  }
  return halves[value] = castTo(realOf(value), b.getF16Type());
}

//===-- Layers --------------------------------------------------------------===//

/// A layer's operand as it computes on it: dequantised. Constants are quantised here.
FailureOr<Value> Rewriter::operandOf(Value value) {
  ElementsAttr attr = constantOf(value);
  if (!attr) {
    FailureOr<Quantized> quant = quantOf(value);
    if (failed(quant))
      return failure();
    return dequantize(*quant, value.getLoc());
  }
  FailureOr<eval::Tensor> tensor = toTensor(attr);
  if (failed(tensor))
    return emitError(value.getLoc(), "expected a constant with its bytes");
  const float *x = tensor->as<float>();
  ValueBounds range;
  for (int64_t i = 0; i < tensor->size(); ++i)
    range = {std::min(range.low, double(x[i])), std::max(range.high, double(x[i]))};
  QuantParams params = chooseParams(range);
  eval::Tensor scale(eval::DType::F32, {}), zero(eval::DType::I8, {}), levels;
  *scale.as<float>() = params.scale;
  *zero.as<int8_t>() = params.zero;
  (void)eval::quantize(*tensor, scale, zero, 0, 0, levels);
  return dequantize({constant(levels, value.getLoc(), "levels"), params}, value.getLoc());
}

/// Activations dequantised from i8, weights from i8 with a scale for each feature, the bias from i32.
FailureOr<Value> Rewriter::rewriteProduct(QuantLayer &layer) {
  Operation *op = layer.anchor;
  Location loc = op->getLoc();
  unsigned weightOperand = constantOf(op->getOperand(1)) ? 1 : 0;
  IRMapping mapping;
  if (!constantOf(op->getOperand(weightOperand))) { // a product of two activations
    for (Value operand : op->getOperands()) {
      FailureOr<Value> real = operandOf(operand);
      if (failed(real))
        return failure();
      mapping.map(operand, *real);
    }
    return cloneAs(op, mapping, b.getF32Type())->getResult(0);
  }
  Value input = op->getOperand(1 - weightOperand);
  FailureOr<Quantized> quant = quantOf(input);
  if (failed(quant))
    return failure();
  Value bias = op->getNumOperands() > 2 ? op->getOperand(2) : Value();
  if (layer.bias)
    bias = layer.bias->getOperand(layer.bias->getOperand(0) == op->getResult(0) ? 1 : 0);
  FailureOr<QuantizedWeights> weights =
      quantizeWeights(op, weightOperand, quant->params.scale, bias ? constantOf(bias) : ElementsAttr());
  if (failed(weights))
    return emitError(loc, "expected weights with their bytes and no NaN or infinity among them");
  mapping.map(input, dequantize(*quant, input.getLoc()));
  auto real = [&](const eval::Tensor &levels, const eval::Tensor &scale, int64_t axis, StringRef name) -> Value {
    eval::Tensor zero(levels.type(), scale.shape());
    std::memset(zero.data(), 0, zero.bytes());
    Value value = constant(levels, loc, name);
    return DequantizeOp::create(b, loc, cast<RankedTensorType>(value.getType()).clone(b.getF32Type()), value,
                                constant(scale, loc, "scale"), constant(zero, loc, "zero"), uint64_t(axis), 0);
  };
  mapping.map(op->getOperand(weightOperand), real(weights->levels, weights->scale, weights->axis, "weights"));
  if (bias)
    mapping.map(bias, real(weights->bias, weights->biasScale, weights->biasAxis, "bias"));
  Value result = cloneAs(op, mapping, b.getF32Type())->getResult(0);
  if (layer.bias) // in this order always
    result = AddOp::create(b, layer.bias->getLoc(), layer.bias->getResult(0).getType(), result, mapping.lookup(bias));
  return result;
}

LogicalResult Rewriter::finish(QuantLayer &layer, Value real) {
  FailureOr<QuantParams> params = paramsOf(layer.result);
  if (failed(params))
    return failure();
  Quantized quant{quantize(real, *params, layer.result.getLoc()), *params};
  Value result = dequantize(quant, layer.result.getLoc());
  if (!config.isolate) {
    quants[layer.result] = quant;
    reals[layer.result] = result;
  }
  layers.push_back({layer.name, (layer.anchor ? layer.anchor->getName().stripDialect().str() : "function"),
                    layer.result, result, *params, macsOf(layer), false, narrowed.contains(layer.result)});
  return success();
}

LogicalResult Rewriter::rewriteHalf(QuantLayer &layer) {
  IRMapping mapping;
  Value last;
  for (Operation *op : layer.body) {
    for (Value operand : op->getOperands())
      if (!mapping.contains(operand))
        mapping.map(operand, halfOf(operand));
    last = cloneAs(op, mapping, b.getF16Type())->getResult(0);
  }
  Value result = castTo(last, b.getF32Type());
  if (!config.isolate) {
    halves[layer.result] = last;
    reals[layer.result] = result;
  }
  layers.push_back({layer.name, (layer.anchor ? layer.anchor->getName().stripDialect().str() : "function"),
                    layer.result, result, std::nullopt, macsOf(layer), true});
  return success();
}

/// Inputs in the scale of the result; those in another are quantised again.
LogicalResult Rewriter::rewriteConcat(QuantLayer &layer) {
  FailureOr<QuantParams> params = paramsOf(layer.result);
  if (failed(params))
    return failure();
  IRMapping mapping;
  for (Value operand : layer.anchor->getOperands()) {
    if (mapping.contains(operand))
      continue;
    if (constantOf(operand)) {
      mapping.map(operand, quantize(operand, *params, operand.getLoc()));
      continue;
    }
    FailureOr<Quantized> quant = quantOf(operand);
    if (failed(quant))
      return failure();
    Value value = quant->value;
    if (quant->params != *params)
      value = quantize(dequantize(*quant, operand.getLoc()), *params, layer.anchor->getLoc());
    mapping.map(operand, value);
  }
  Quantized quant{cloneAs(layer.anchor, mapping, b.getI8Type())->getResult(0), *params};
  Value result = dequantize(quant, layer.result.getLoc());
  if (!config.isolate) {
    quants[layer.result] = quant;
    reals[layer.result] = result;
  }
  layers.push_back({layer.name, "concat", layer.result, result, *params, 0, false});
  return success();
}

LogicalResult Rewriter::rewrite(QuantLayer &layer) {
  if (layer.half)
    return rewriteHalf(layer);
  if (layer.kind == LayerKind::Concat)
    return rewriteConcat(layer);
  IRMapping mapping;
  Value last;
  ArrayRef<Operation *> rest = layer.body;
  if (layer.kind == LayerKind::Product) {
    FailureOr<Value> product = rewriteProduct(layer);
    if (failed(product))
      return failure();
    last = *product;
    rest = rest.drop_front(layer.bias ? 2 : 1);
    mapping.map(layer.bias ? layer.bias->getResult(0) : layer.anchor->getResult(0), last);
  }
  for (Operation *op : rest) {
    for (Value operand : op->getOperands()) {
      if (mapping.contains(operand) || isSplatConstant(operand))
        continue;
      FailureOr<Value> real = operandOf(operand);
      if (failed(real))
        return failure();
      mapping.map(operand, *real);
    }
    last = cloneAs(op, mapping, b.getF32Type())->getResult(0);
  }
  return finish(layer, last);
}

/// Multiply-adds for one element of the result; an extent that is not known counts as one.
double Rewriter::macsOf(const QuantLayer &layer) {
  if (layer.kind != LayerKind::Product)
    return 0;
  auto extent = [](int64_t n) { return ShapedType::isDynamic(n) ? 1.0 : double(n); };
  Operation *op = layer.anchor;
  if (auto matmul = dyn_cast<MatmulOp>(op)) {
    double depth = extent(matmul.getLhs().getType().getShape().back());
    return depth > 1 ? depth : extent(matmul.getRhs().getType().getShape()[matmul.getRhs().getType().getRank() - 2]);
  }
  auto filter = cast<RankedTensorType>(op->getOperand(1).getType());
  auto output = cast<RankedTensorType>(op->getResult(0).getType());
  bool last = isa<ConvOp>(op) ? cast<ConvOp>(op).getChannelsLast() : cast<ConvTransposeOp>(op).getChannelsLast();
  if (isa<ConvOp>(op))
    return double(filter.getNumElements()) / extent(filter.getShape()[last ? filter.getRank() - 1 : 0]);
  auto conv = cast<ConvTransposeOp>(op);
  double strides = 1;
  for (int64_t stride : conv.getStrides())
    strides *= double(stride);
  return double(filter.getNumElements()) / extent(output.getShape()[last ? output.getRank() - 1 : 1]) / strides;
}

void Rewriter::rewriteOther(Operation &op) {
  if (config.isolate)
    return;
  op.walk([&](Operation *inner) {
    for (OpOperand &operand : inner->getOpOperands())
      if (isa<RankedTensorType>(operand.get().getType()) && names.count(operand.get()))
        operand.set(realOf(operand.get()));
  });
}

LogicalResult Rewriter::run() {
  if (failed(chooseHalf()))
    return failure();
  unifyConcats();
  narrowFunctions();
  SmallVector<Operation *> old;
  for (Operation &op : block)
    old.push_back(&op);
  for (Operation *op : old) {
    b.setInsertionPoint(op);
    auto layer = op->getNumResults() == 1 ? plan.layerOf.find(op->getResult(0)) : plan.layerOf.end();
    if (layer != plan.layerOf.end()) {
      b.setInsertionPointAfter(op);
      if (failed(rewrite(plan.layers[layer->second])))
        return failure();
    } else if (!plan.inside.contains(op) && !plan.moves.contains(op)) {
      rewriteOther(*op);
    }
  }
  if (config.isolate)
    return success();
  for (Operation *op : llvm::reverse(old))
    if (isOpTriviallyDead(op))
      op->erase();
  return success();
}

struct QuantizePass final : impl::QuantizePassBase<QuantizePass> {
  using QuantizePassBase::QuantizePassBase;

  void runOnOperation() override {
    auto main = getOperation().lookupSymbol<func::FuncOp>("main");
    if (!main || main.isExternal()) {
      getOperation().emitError("expected a function @main with a body");
      return signalPassFailure();
    }
    ValueRanges found;
    QuantizeConfig config;
    for (const std::string &name : keep)
      config.keep.insert(name);
    std::vector<QuantizedLayer> layers;
    if (failed(ranges.empty() ? readRangeAttributes(main, found) : readRanges(main, ranges, found)) ||
        failed(quantizeFunction(main, found, config, layers)))
      signalPassFailure();
  }
};

} // namespace

LogicalResult quantizeFunction(func::FuncOp func, const ValueRanges &ranges, const QuantizeConfig &config,
                               std::vector<QuantizedLayer> &layers) {
  return Rewriter(func, ranges, config, layers).run();
}

} // namespace mlir::aic
