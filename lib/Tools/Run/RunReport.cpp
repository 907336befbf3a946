// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "RunReport.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>

using namespace llvm;

namespace mlir::aic::tools {

using ::aic::eval::View;
using ::aic::tools::valueAt;

void printInfo(const Runner &runner, bool asJson) {
  std::string text = runner.manifest();
  if (asJson && !text.empty()) {
    outs() << text << "\n";
    return;
  }
  for (const RunnerPort &port : runner.inputs())
    outs() << "input   " << port.name << "  " << port.describe() << "\n";
  for (const RunnerPort &port : runner.outputs())
    outs() << "output  " << port.name << "  " << port.describe() << "\n";
  Expected<json::Value> manifest = json::parse(text);
  if (!manifest) {
    consumeError(manifest.takeError());
    return;
  }
  const json::Object *object = manifest->getAsObject();
  if (!object)
    return;
  // Everything that is one value; lists are counted. The parser keeps no order: sorted by name.
  std::vector<std::pair<std::string, std::string>> lines;
  for (const auto &[key, value] : *object) {
    std::string line;
    raw_string_ostream os(line);
    if (std::optional<StringRef> string = value.getAsString())
      os << *string;
    else if (const json::Array *array = value.getAsArray())
      os << array->size();
    else
      os << value;
    if (key != "inputs" && key != "outputs")
      lines.emplace_back(key.str(), line);
  }
  llvm::sort(lines);
  for (const auto &[key, line] : lines)
    outs() << left_justify(key, 20) << line << "\n";
}

void printTensor(StringRef name, const View &view) {
  outs() << name << "  " << ::aic::tools::describe(view);
  int64_t size = view.size();
  double minimum = INFINITY, maximum = -INFINITY;
  int64_t strange = 0;
  for (int64_t i = 0; i < size; ++i) {
    double value = valueAt(view, i);
    if (std::isnan(value)) {
      ++strange;
      continue;
    }
    minimum = std::min(minimum, value);
    maximum = std::max(maximum, value);
  }
  if (minimum <= maximum)
    outs() << format("  range %g..%g", minimum, maximum);
  if (strange > 0)
    outs() << "  NaN " << strange;
  constexpr int64_t shown = 6;
  outs() << "  [";
  for (int64_t i = 0; i < std::min(size, shown); ++i)
    outs() << (i ? ", " : "") << format("%g", valueAt(view, i));
  outs() << (size > shown ? ", ...]\n" : "]\n");
}

bool printComparison(StringRef name, const View &got, const View &expected, ::aic::tools::Tolerance tolerance) {
  ::aic::tools::Comparison result = ::aic::tools::compare(got, expected, tolerance);
  outs() << name << "  ";
  if (!result.mismatch.empty()) {
    outs() << "DIFFERS  " << result.mismatch << "\n";
    return false;
  }
  outs() << (result.equal() ? "equal" : "DIFFERS")
         << format("  largest error %g of %g", result.maxError, result.maxMagnitude);
  if (!result.equal())
    outs() << "  " << result.wrong << " of " << result.elements << " elements"
           << format(", at %lld expected %g, got %g", static_cast<long long>(result.firstWrong), result.expected,
                     result.got);
  outs() << "\n";
  return result.equal();
}

void printTimes(std::vector<double> milliseconds) {
  llvm::sort(milliseconds);
  outs() << format("%zu calls: minimum %.3f ms, median %.3f ms\n", milliseconds.size(), milliseconds.front(),
                   milliseconds[milliseconds.size() / 2]);
}

namespace {
/// What the manifest says of a launch: the kernel, the nodes it stands for and, where known, its work.
struct Launch {
  std::string kernel = "?", nodes;
  std::optional<double> flops, bytes;
};
} // namespace

static std::vector<Launch> launchesOf(StringRef manifest) {
  std::vector<Launch> launches;
  Expected<json::Value> value = json::parse(manifest);
  if (!value) {
    consumeError(value.takeError());
    return launches;
  }
  const json::Object *object = value->getAsObject();
  const json::Array *array = object ? object->getArray("launches") : nullptr;
  for (const json::Value &entry : array ? *array : json::Array()) {
    Launch &launch = launches.emplace_back();
    const json::Object *fields = entry.getAsObject();
    if (!fields)
      continue;
    SmallVector<StringRef> names;
    if (const json::Array *nodes = fields->getArray("nodes"))
      for (const json::Value &node : *nodes)
        names.push_back(node.getAsString().value_or(""));
    launch.kernel = fields->getString("kernel").value_or("?").str();
    launch.nodes = llvm::join(names, ", ");
    launch.flops = fields->getNumber("flops");
    launch.bytes = fields->getNumber("bytes");
  }
  return launches;
}

/// Work per time in 10^9 per second, or a dash.
static std::string rate(std::optional<double> work, double milliseconds) {
  std::string text = "-";
  if (work && milliseconds > 0)
    raw_string_ostream(text = "") << format("%.1f", *work / milliseconds * 1e-6);
  return text;
}

void printProfile(StringRef manifest, ArrayRef<KernelTime> profile, ArrayRef<double> milliseconds) {
  std::vector<Launch> launches = launchesOf(manifest);
  struct Row {
    int64_t launch;
    double total = 0;
    int64_t count = 0;
  };
  MapVector<int64_t, Row> rows;
  double sum = 0;
  for (const KernelTime &time : profile) {
    Row &row = rows[time.launch];
    row.launch = time.launch;
    row.total += time.nanoseconds * 1e-6;
    ++row.count;
    sum += time.nanoseconds * 1e-6;
  }
  SmallVector<Row> sorted = llvm::to_vector(llvm::make_second_range(rows));
  llvm::stable_sort(sorted, [](const Row &a, const Row &b) { return a.total > b.total; });
  double calls = std::max<size_t>(milliseconds.size(), 1), whole = 0;
  for (double time : milliseconds)
    whole += time;
  outs() << "       ms      %  runs  GFLOP/s     GB/s  kernel    nodes\n";
  for (const Row &row : sorted) {
    bool known = row.launch >= 0 && static_cast<size_t>(row.launch) < launches.size();
    Launch launch = known ? launches[row.launch] : Launch();
    double once = row.total / static_cast<double>(row.count);
    outs() << format("%9.3f %6.1f %5.0f ", row.total / calls, 100 * row.total / std::max(sum, 1e-12), row.count / calls)
           << right_justify(rate(launch.flops, once), 8) << " " << right_justify(rate(launch.bytes, once), 8) << "  "
           << left_justify(launch.kernel, 8) << "  " << launch.nodes << "\n";
  }
  outs() << format("%9.3f  in %zu kernels, %.3f ms outside of them\n", sum / calls, sorted.size(),
                   (whole - sum) / calls);
}

} // namespace mlir::aic::tools
