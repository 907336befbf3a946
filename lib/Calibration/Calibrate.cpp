// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Calibrate.cpp - From a float model and samples to an 8-bit one -----===//
//
// Three passes over samples with the reference interpreter: the ranges of the
// float model's values; every layer quantised alone, on the float model's values
// (in one module with it); the quantised model beside the float one.
//
//===----------------------------------------------------------------------===//
#include "Internal.h"
#include "aic/Dialect/AIC/IR/AICOps.h"
#include "aic/Dialect/AIC/Transforms/Quantize.h"
#include "aic/Interpreter/Interpreter.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

#include <cmath>

namespace mlir::aic {

namespace eval = ::aic::eval;

namespace {

/// Signal and noise of one tensor over all samples.
struct Ratio {
  double signal = 0, noise = 0;

  /// What the readers of a layer cannot tell apart is no error.
  void add(const eval::Tensor &want, const eval::Tensor &got, const QuantizedLayer *layer = nullptr) {
    const float *x = want.as<float>(), *y = got.as<float>();
    double low = -INFINITY, high = INFINITY;
    if (layer && layer->narrowed) {
      low = (-128.0 - layer->params->zero) * double(layer->params->scale);
      high = (127.0 - layer->params->zero) * double(layer->params->scale);
    }
    for (int64_t i = 0, e = std::min(want.size(), got.size()); i < e; ++i) {
      double value = std::clamp(double(x[i]), low, high), error = value - double(y[i]);
      signal += value * value;
      noise += error * error;
    }
  }
  /// Nothing where there is no error at all.
  std::optional<double> decibels() const {
    if (noise == 0)
      return std::nullopt;
    return std::clamp(10 * std::log10(std::max(signal, 1e-300) / noise), -200.0, 200.0);
  }
};

bool isReal(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getElementType().isF32();
}

class Calibration {
public:
  Calibration(ModuleOp module, const CalibrationOptions &options, CalibrationReport &report)
      : module(module), options(options), report(report) {}

  LogicalResult run(ArrayRef<CalibrationSet> sets, function_ref<void(OpPassManager &)> prepare);

private:
  LogicalResult checkModel();
  LogicalResult findRanges();
  LogicalResult measureAlone();
  LogicalResult quantize();
  LogicalResult measureModel(func::FuncOp real, ArrayRef<Value> realResults, ArrayRef<QuantizedLayer> layers);
  QuantizeConfig config() const {
    QuantizeConfig config;
    for (const std::string &name : keep)
      config.keep.insert(name);
    return config;
  }
  /// A copy of @main in a module of its own, with where values went.
  OwningOpRef<ModuleOp> copyOf(func::FuncOp func, IRMapping &mapping, func::FuncOp &copy);
  ValueRanges rangesIn(IRMapping &mapping) const;
  /// The samples that layers are measured on, evenly spread.
  std::vector<size_t> measured() const;
  void tell(StringRef what, size_t done, size_t all) const {
    if (options.progress)
      options.progress(what, done, all);
  }
  LogicalResult interpretSample(func::FuncOp func, size_t sample, const InterpretOptions &how,
                                std::vector<eval::Tensor> *results = nullptr);

  ModuleOp module;
  const CalibrationOptions &options;
  CalibrationReport &report;
  func::FuncOp main;
  Samples samples;
  ValueRanges ranges;
  std::vector<std::string> keep;
  std::vector<std::pair<std::string, std::optional<double>>> alone; // by the layer's name
};

LogicalResult Calibration::interpretSample(func::FuncOp func, size_t sample, const InterpretOptions &how,
                                           std::vector<eval::Tensor> *results) {
  FailureOr<std::vector<eval::Tensor>> got = interpret(func, samples[sample], how);
  if (failed(got))
    return failure();
  if (results)
    *results = std::move(*got);
  return success();
}

std::vector<size_t> Calibration::measured() const {
  size_t count = std::min(std::max<size_t>(options.measured, 1), samples.size());
  std::vector<size_t> list;
  for (size_t i = 0; i < count; ++i)
    list.push_back(i * samples.size() / count);
  return list;
}

LogicalResult Calibration::checkModel() {
  main = module.lookupSymbol<func::FuncOp>("main");
  if (!main || main.isExternal() || !main.getBody().hasOneBlock())
    return emitError(module.getLoc(), "expected a function @main with one block");
  WalkResult walk = main.walk([](Operation *op) {
    if (!isa<QuantizeOp, DequantizeOp>(op))
      return WalkResult::advance();
    emitError(op->getLoc(), "expected a float model to quantise, got one that has ") << op->getName();
    return WalkResult::interrupt();
  });
  return failure(walk.wasInterrupted());
}

LogicalResult Calibration::findRanges() {
  llvm::MapVector<Value, std::string> names = valueNames(main);
  llvm::MapVector<Value, Histogram> histograms;
  for (auto &[value, name] : names)
    if (isReal(value))
      histograms.insert({value, Histogram()});
  Operation *bad = nullptr;
  size_t sample = 0;
  bool bins = options.percentile < 100;
  InterpretOptions how;
  how.observe = [&](Operation *op, ArrayRef<eval::Tensor> tensors) {
    for (auto [result, tensor] : llvm::zip(op->getResults(), tensors))
      if (auto it = histograms.find(result); it != histograms.end() && !it->second.add(tensor, bins) && !bad)
        bad = op;
  };
  for (; sample < samples.size(); ++sample) {
    tell("ranges", sample, samples.size());
    for (auto [argument, view] : llvm::zip(main.getArguments(), samples[sample]))
      if (auto it = histograms.find(argument); it != histograms.end())
        it->second.add(eval::Tensor(view.type, view.shape, view.data, nullptr), bins);
    if (failed(interpretSample(main, sample, how)))
      return failure();
    if (bad)
      return emitError(bad->getLoc(), "expected finite numbers, got nan or infinity in calibration sample ") << sample;
  }
  tell("ranges", samples.size(), samples.size());
  for (auto &[value, histogram] : histograms) {
    if (histogram.empty())
      continue;
    auto [low, high] = histogram.range(options.percentile);
    ranges[value] = {low, high};
    report.ranges.push_back({names.lookup(value), {low, high}});
  }
  return success();
}

OwningOpRef<ModuleOp> Calibration::copyOf(func::FuncOp func, IRMapping &mapping, func::FuncOp &copy) {
  OwningOpRef<ModuleOp> other = ModuleOp::create(module.getLoc());
  for (Operation &op : *module.getBody()) // callees, too
    if (&op != func)
      other->push_back(op.clone());
  copy = cast<func::FuncOp>(func->clone(mapping));
  other->push_back(copy);
  return other;
}

ValueRanges Calibration::rangesIn(IRMapping &mapping) const {
  ValueRanges result;
  for (auto &[value, range] : ranges)
    if (Value copy = mapping.lookupOrNull(value))
      result[copy] = range;
  return result;
}

/// Every layer on the float model's values: what it does by itself.
LogicalResult Calibration::measureAlone() {
  IRMapping mapping;
  func::FuncOp copy;
  OwningOpRef<ModuleOp> other = copyOf(main, mapping, copy);
  QuantizeConfig isolated = config();
  isolated.isolate = true;
  std::vector<QuantizedLayer> layers;
  if (failed(quantizeFunction(copy, rangesIn(mapping), isolated, layers)))
    return failure();
  llvm::DenseMap<Value, eval::Tensor> reals;
  llvm::DenseMap<Value, size_t> layerOf;
  std::vector<Ratio> ratios(layers.size());
  for (auto [i, layer] : llvm::enumerate(layers)) {
    reals[layer.real];
    layerOf[layer.result] = i;
  }
  InterpretOptions how;
  how.observe = [&](Operation *op, ArrayRef<eval::Tensor> tensors) {
    for (auto [result, tensor] : llvm::zip(op->getResults(), tensors)) {
      if (auto it = reals.find(result); it != reals.end())
        it->second = tensor;
      if (auto it = layerOf.find(result); it != layerOf.end()) {
        ratios[it->second].add(reals[layers[it->second].real], tensor, &layers[it->second]);
        reals[layers[it->second].real] = {};
      }
    }
  };
  std::vector<size_t> list = measured();
  for (auto [i, sample] : llvm::enumerate(list)) {
    tell("layers", i, list.size());
    if (failed(interpretSample(copy, sample, how)))
      return failure();
  }
  tell("layers", list.size(), list.size());
  for (auto [layer, ratio] : llvm::zip(layers, ratios))
    alone.push_back({layer.name, ratio.decibels()});
  return success();
}

LogicalResult Calibration::quantize() {
  IRMapping mapping;
  func::FuncOp real;
  OwningOpRef<ModuleOp> other = copyOf(main, mapping, real);
  // Layers by the name of their result: the same in the copy.
  llvm::StringMap<Value> realValues;
  for (auto &[value, name] : valueNames(real))
    realValues[name] = value;
  std::vector<QuantizedLayer> layers;
  if (failed(quantizeFunction(main, ranges, config(), layers)))
    return failure();
  std::vector<Value> realResults;
  for (auto [i, layer] : llvm::enumerate(layers)) {
    realResults.push_back(realValues.lookup(layer.name));
    report.layers.push_back({layer.name, layer.kind, layer.half, 0, layer.params ? layer.params->scale : 0,
                             layer.params ? layer.params->zero : 0, alone[i].second, std::nullopt});
  }
  return measureModel(real, realResults, layers);
}

LogicalResult Calibration::measureModel(func::FuncOp real, ArrayRef<Value> realResults,
                                        ArrayRef<QuantizedLayer> layers) {
  llvm::DenseMap<Value, size_t> realOf, layerOf;
  for (size_t i = 0; i < layers.size(); ++i) {
    realOf[realResults[i]] = i;
    layerOf[layers[i].result] = i;
  }
  std::vector<eval::Tensor> wanted(layers.size());
  std::vector<Ratio> ratios(layers.size()), outputs(main.getNumResults());
  InterpretOptions watchReal, watch;
  watchReal.observe = [&](Operation *op, ArrayRef<eval::Tensor> tensors) {
    for (auto [result, tensor] : llvm::zip(op->getResults(), tensors))
      if (auto it = realOf.find(result); it != realOf.end())
        wanted[it->second] = tensor;
  };
  watch.observe = [&](Operation *op, ArrayRef<eval::Tensor> tensors) {
    for (auto [result, tensor] : llvm::zip(op->getResults(), tensors))
      if (auto it = layerOf.find(result); it != layerOf.end()) {
        size_t i = it->second;
        ratios[i].add(wanted[i], tensor, &layers[i]);
        report.layers[i].macs = layers[i].macsPerElement * double(tensor.size());
      }
  };
  std::vector<size_t> list = measured();
  for (auto [i, sample] : llvm::enumerate(list)) {
    tell("model", i, list.size());
    std::vector<eval::Tensor> want, got;
    if (failed(interpretSample(real, sample, watchReal, &want)) || failed(interpretSample(main, sample, watch, &got)))
      return failure();
    for (size_t k = 0; k < outputs.size(); ++k)
      if (want[k].type() == eval::DType::F32 && got[k].type() == eval::DType::F32)
        outputs[k].add(want[k], got[k]);
  }
  tell("model", list.size(), list.size());
  for (size_t i = 0; i < layers.size(); ++i)
    report.layers[i].model = ratios[i].decibels();
  for (size_t k = 0; k < outputs.size(); ++k) {
    auto name = main.getResultAttrOfType<StringAttr>(k, "aic.name");
    report.outputs.push_back({name ? name.str() : "result" + std::to_string(k), outputs[k].decibels()});
  }
  return success();
}

LogicalResult Calibration::run(ArrayRef<CalibrationSet> sets, function_ref<void(OpPassManager &)> prepare) {
  if (failed(checkModel()))
    return failure();
  PassManager pm(module.getContext());
  prepare(pm);
  if (failed(pm.run(module)))
    return failure();
  main = module.lookupSymbol<func::FuncOp>("main");
  if (failed(cutSamples(main, sets, samples)) || failed(findRanges()))
    return failure();
  report.samples = samples.size();
  report.percentile = options.percentile;
  keep = options.keep;
  if (failed(measureAlone()))
    return failure();
  if (options.minSnr)
    for (auto &[name, snr] : alone)
      if (snr && *snr < *options.minSnr)
        keep.push_back(name);
  if (failed(quantize()))
    return failure();
  PassManager clean(module.getContext());
  clean.addPass(createCanonicalizerPass());
  clean.addPass(createCSEPass());
  return clean.run(module);
}

} // namespace

LogicalResult calibrate(ModuleOp module, ArrayRef<CalibrationSet> sets, const CalibrationOptions &options,
                        function_ref<void(OpPassManager &)> prepare, CalibrationReport &report) {
  return Calibration(module, options, report).run(sets, prepare);
}

} // namespace mlir::aic
