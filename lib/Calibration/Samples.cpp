// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Internal.h"
#include "aic/Dialect/AIC/IR/EvalBridge.h"
#include "llvm/ADT/StringExtras.h"

#include <cmath>

namespace mlir::aic {

namespace eval = ::aic::eval;

namespace {

struct Port {
  std::string name;
  RankedTensorType type;
};

std::string describe(const eval::View &view) {
  std::string text = std::string(eval::name(view.type)) + "[";
  for (auto [i, extent] : llvm::enumerate(view.shape))
    text += (i ? ", " : "") + std::to_string(extent);
  return text + "]";
}

/// What an array may look like: `f32[n, 3, ?, ?]`.
std::string describe(const Port &port) {
  std::string text;
  llvm::raw_string_ostream(text) << port.type.getElementType() << "[n";
  for (auto [i, extent] : llvm::enumerate(port.type.getShape()))
    if (i)
      text += ", " + (ShapedType::isDynamic(extent) ? "?" : std::to_string(extent));
  return text + "]";
}

/// Whether all numbers are numbers; else the index of the first that is none.
std::optional<int64_t> firstNotFinite(const eval::Tensor &tensor) {
  if (tensor.type() != eval::DType::F32)
    return std::nullopt;
  for (int64_t i = 0; i < tensor.size(); ++i)
    if (!std::isfinite(tensor.as<float>()[i]))
      return i;
  return std::nullopt;
}

/// The samples in an array, as views of it.
LogicalResult cut(func::FuncOp main, const Port &port, const eval::Tensor &tensor, std::vector<eval::View> &views) {
  auto wrong = [&] {
    return emitError(main.getLoc()) << "calibration data for input '" << port.name << "': expected " << describe(port)
                                    << ", got " << describe(tensor.view());
  };
  std::optional<eval::DType> type = toDType(port.type.getElementType());
  int64_t rank = port.type.getRank(), given = tensor.shape().size();
  if (!type || tensor.type() != *type || (given != rank && given != rank + 1))
    return wrong();
  eval::Shape shape = tensor.shape();
  int64_t count = 1;
  if (given == rank + 1) {
    count = shape.front();
    shape.erase(shape.begin());
  } else if (rank > 0) {
    int64_t batch = port.type.isDynamicDim(0) ? 1 : port.type.getDimSize(0);
    if (batch == 0 || shape[0] % batch)
      return wrong();
    count = shape[0] / batch;
    shape[0] = batch;
  }
  if (failed(verifyCompatibleShape(shape, port.type.getShape())))
    return wrong();
  if (count == 0)
    return emitError(main.getLoc()) << "calibration data for input '" << port.name
                                    << "': expected at least one sample, got " << describe(tensor.view());
  size_t bytes = eval::numElements(shape) * eval::byteSize(*type);
  if (std::optional<int64_t> index = firstNotFinite(tensor))
    return emitError(main.getLoc()) << "calibration data for input '" << port.name << "': expected finite numbers, got "
                                    << (std::isnan(tensor.as<float>()[*index]) ? "nan" : "infinity") << " in sample "
                                    << *index / std::max<int64_t>(1, eval::numElements(shape));
  for (int64_t i = 0; i < count; ++i)
    views.push_back(eval::View(*type, shape, tensor.as<char>() + i * int64_t(bytes)));
  return success();
}
} // namespace

LogicalResult cutSamples(func::FuncOp main, ArrayRef<CalibrationSet> sets, Samples &samples) {
  std::vector<Port> ports;
  for (BlockArgument argument : main.getArguments()) {
    auto name = main.getArgAttrOfType<StringAttr>(argument.getArgNumber(), "aic.name");
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    if (!type)
      return emitError(main.getLoc()) << "expected inputs that are tensors, got " << argument.getType();
    ports.push_back({name ? name.str() : "arg" + std::to_string(argument.getArgNumber()), type});
  }
  for (const CalibrationSet &set : sets) {
    std::vector<std::vector<eval::View>> columns;
    size_t count = 1;
    for (const Port &port : ports) {
      auto found = llvm::find_if(set, [&](const auto &entry) { return entry.first == port.name; });
      if (found == set.end()) {
        std::vector<std::string> names;
        for (const auto &entry : set)
          names.push_back("'" + entry.first + "'");
        return emitError(main.getLoc()) << "calibration data: expected an array for input '" << port.name << "', got "
                                        << (names.empty() ? "none" : llvm::join(names, ", "));
      }
      if (failed(cut(main, port, found->second, columns.emplace_back())))
        return failure();
      count = std::max(count, columns.back().size());
    }
    for (auto [port, column] : llvm::zip(ports, columns))
      if (column.size() != 1 && column.size() != count)
        return emitError(main.getLoc()) << "calibration data for input '" << port.name << "': expected " << count
                                        << " samples as for the other inputs, got " << column.size();
    for (size_t i = 0; i < count; ++i) {
      auto &sample = samples.emplace_back();
      for (const auto &column : columns)
        sample.push_back(column[column.size() == 1 ? 0 : i]);
    }
  }
  if (samples.empty())
    return emitError(main.getLoc()) << "calibration data: expected at least one sample, got none";
  return success();
}

} // namespace mlir::aic
