// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- QuantizeRanges.cpp - Ranges from attributes and files --------------===//
#include "aic/Dialect/AIC/Transforms/Quantize.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"

#include <cmath>

namespace mlir::aic {

static bool isRange(double low, double high) { return std::isfinite(low) && std::isfinite(high) && low <= high; }

LogicalResult readRanges(func::FuncOp func, StringRef path, ValueRanges &ranges) {
  auto fail = [&](const Twine &text) { return emitError(func.getLoc()) << "'" << path << "': " << text; };
  auto file = llvm::MemoryBuffer::getFile(path, /*IsText=*/true);
  if (!file)
    return emitError(func.getLoc()) << "cannot read '" << path << "': " << file.getError().message();
  llvm::Expected<llvm::json::Value> parsed = llvm::json::parse((*file)->getBuffer());
  if (!parsed)
    return fail("expected JSON, got " + llvm::toString(parsed.takeError()));
  const llvm::json::Object *root = parsed->getAsObject();
  const llvm::json::Object *entries = root ? root->getObject("ranges") : nullptr;
  if (!entries)
    return fail("expected an object 'ranges'");
  llvm::StringMap<Value> values;
  for (auto &[value, name] : valueNames(func))
    values[name] = value;
  for (const auto &[key, entry] : *entries) {
    const llvm::json::Array *pair = entry.getAsArray();
    std::optional<double> low, high;
    if (pair && pair->size() == 2) {
      low = (*pair)[0].getAsNumber();
      high = (*pair)[1].getAsNumber();
    }
    if (!low || !high || !isRange(*low, *high))
      return fail("expected [low, high] as the range of '" + Twine(StringRef(key)) + "'");
    if (auto it = values.find(StringRef(key)); it != values.end())
      ranges[it->second] = {*low, *high};
  }
  return success();
}

LogicalResult readRangeAttributes(func::FuncOp func, ValueRanges &ranges) {
  constexpr StringLiteral name = "aic.range";
  auto read = [&](Attribute attr, ArrayRef<Value> values, Location loc) -> LogicalResult {
    if (!attr)
      return success();
    auto numbers = dyn_cast<DenseF64ArrayAttr>(attr);
    if (!numbers || numbers.size() != int64_t(2 * values.size()))
      return emitError(loc, "expected array<f64: low, high> for each result as 'aic.range', got ") << attr;
    for (auto [i, value] : llvm::enumerate(values)) {
      if (!isRange(numbers[2 * i], numbers[2 * i + 1]))
        return emitError(loc, "expected a range from low to high as 'aic.range', got ") << attr;
      ranges[value] = {numbers[2 * i], numbers[2 * i + 1]};
    }
    return success();
  };
  for (BlockArgument argument : func.getArguments())
    if (failed(read(func.getArgAttr(argument.getArgNumber(), name), Value(argument), func.getLoc())))
      return failure();
  for (Operation &op : func.getBody().front()) {
    if (failed(read(op.getAttr(name), llvm::to_vector_of<Value>(op.getResults()), op.getLoc())))
      return failure();
    op.removeAttr(name);
  }
  for (unsigned i = 0; i < func.getNumArguments(); ++i)
    func.removeArgAttr(i, name);
  return success();
}

} // namespace mlir::aic
