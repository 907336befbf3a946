// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Report.cpp - aic-translate --report --------------------------------===//
#include "Report.h"
#include "Levels.h"
#include "aic/Dialect/AIC/IR/AICOps.h"
#include "aic/Dialect/AIC/IR/NodeNames.h"
#include "aic/Dialect/AIC/Transforms/Flops.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Remark/RemarkStreamer.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace mlir::aic::tools {

namespace {

struct KernelRow {
  std::string name, kind, fallback;
  double flops = 0; ///< of all calls
  double bytes = 0; ///< of all calls; 0 where extents are not known
  int64_t calls = 0;
  std::vector<KernelLaunch> launches; ///< of one call, where kernels are launched on a device
  SetVector<StringRef> nodes;
};

class Report {
public:
  Report(ModuleOp module, const TargetBackend &backend, const TargetPipelineOptions &options)
      : module(module), backend(backend), options(options) {}
  LogicalResult run();
  void print(raw_ostream &os);
  void printJson(raw_ostream &os);

private:
  void readKernels();
  void readTiles();
  double total();
  int64_t launches();

  ModuleOp module;
  const TargetBackend &backend;
  const TargetPipelineOptions &options;
  MapVector<StringRef, KernelRow> rows;
  BumpPtrAllocator allocator;
  StringSaver saver{allocator};
  MapVector<StringRef, SetVector<StringRef>> remarks; ///< the nodes that each is about
  std::string machine;
};

void Report::readKernels() {
  if (auto target = module->getAttrOfType<TargetAttr>(TargetAttr::attributeName))
    machine = (target.getBackend() + " " + target.getChip()).str();
  for (auto kernel : module.getOps<func::FuncOp>()) {
    if (!kernel->hasAttr("aic.kernel"))
      continue;
    StringRef name = saver.save(kernel.getName());
    KernelRow &row = rows[name];
    row.name = name.str();
    auto config = kernel->getAttrOfType<LoweringConfigAttr>(LoweringConfigAttr::attributeName);
    row.kind = config ? stringifyKernelClass(config.getKernelClass()).str() : "";
    row.flops = countFlopsWithin(kernel);
    if (auto bytes = kernel->getAttrOfType<IntegerAttr>("aic.bytes"))
      row.bytes = static_cast<double>(bytes.getInt());
  }
  module->walk([&](func::CallOp call) {
    auto found = rows.find(call.getCallee());
    if (found == rows.end())
      return;
    ++found->second.calls;
    for (StringRef node : getNodeNames(call))
      found->second.nodes.insert(saver.save(node));
  });
  for (auto &[name, row] : rows) {
    row.flops *= static_cast<double>(std::max<int64_t>(row.calls, 1));
    row.bytes *= static_cast<double>(std::max<int64_t>(row.calls, 1));
  }
}

void Report::readTiles() {
  for (auto kernel : module.getOps<func::FuncOp>())
    if (auto found = rows.find(kernel.getName()); found != rows.end())
      found->second.launches = backend.getLaunches(kernel);
  module->walk([&](func::FuncOp kernel) {
    auto found = rows.find(kernel.getName());
    if (Attribute reason = kernel->getAttr("aic.scalar_fallback"); reason && found != rows.end()) {
      auto text = dyn_cast<StringAttr>(reason);
      found->second.fallback = text ? text.str() : "scalar loops";
    }
  });
}

double Report::total() {
  double sum = 0;
  for (auto &[name, row] : rows)
    sum += row.flops;
  return sum;
}

/// Of all calls.
int64_t Report::launches() {
  int64_t sum = 0;
  for (auto &[name, row] : rows)
    sum += row.calls * int64_t(row.launches.size());
  return sum;
}

/// `4,1,1`, or expressions of the kernel's extents.
static std::string extentsOf(AffineMap grid) {
  std::string text;
  raw_string_ostream os(text);
  llvm::interleave(grid.getResults(), os, [&](AffineExpr extent) { os << extent; }, ",");
  return text;
}

/// The remark engine prints `[Missed] kernel | Category:aic-fusion | Remark="...", Remark="..."`: the category and the
/// text of it.
static std::string readable(StringRef text) {
  auto [head, parts] = text.split(" | Remark=");
  if (parts.empty())
    return text.str();
  std::string result = head.split("Category:").second.str() + ": ";
  for (StringRef part : llvm::split(parts, ", Remark="))
    result += part.trim('"');
  return result;
}

LogicalResult Report::run() {
  MLIRContext *context = module.getContext();
  remark::RemarkCategories all{".*", ".*", ".*", ".*", ".*"};
  (void)remark::enableOptimizationRemarks(*context, nullptr, std::make_unique<remark::RemarkEmittingPolicyAll>(), all,
                                          /*printAsEmitRemarks=*/true);
  ScopedDiagnosticHandler collect(context, [&](Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() != DiagnosticSeverity::Remark)
      return failure();
    SetVector<StringRef> &nodes = remarks[saver.save(readable(diagnostic.str()))];
    for (StringRef node : getNodeNames(diagnostic.getLocation()))
      nodes.insert(saver.save(node));
    return success();
  });
  if (failed(lowerTo(module, "kernels", backend, options)))
    return failure();
  readKernels();
  if (failed(lowerTo(module, "tiles", backend, options)))
    return failure();
  readTiles();
  return success();
}

void Report::print(raw_ostream &os) {
  std::vector<KernelRow> sorted;
  llvm::append_range(sorted, llvm::make_second_range(rows));
  llvm::stable_sort(sorted, [](const KernelRow &a, const KernelRow &b) { return a.flops > b.flops; });
  int64_t calls = 0;
  double bytes = 0;
  for (const KernelRow &row : sorted)
    calls += row.calls, bytes += row.bytes;
  double sum = std::max(total(), 1.0);
  os << machine
     << format(": %zu kernels, %lld calls, %.4g GFLOP\n\n", sorted.size(), static_cast<long long>(calls),
               total() * 1e-9);
  bool onDevice = launches() > 0;
  os << "    GFLOP      %        MB  calls  kernel    class         " << (onDevice ? "launches  " : "") << "nodes\n";
  for (const KernelRow &row : sorted) {
    os << format("%9.4f %6.1f ", row.flops * 1e-9, 100 * row.flops / sum)
       << (row.bytes > 0 ? formatv("{0,9:F3}", row.bytes * 1e-6).str() : "        -")
       << format(" %6lld  ", static_cast<long long>(row.calls)) << left_justify(row.name, 8) << "  "
       << left_justify(row.fallback.empty() ? row.kind : row.kind + " scalar", 12) << "  ";
    if (onDevice)
      os << format("%8zu  ", row.launches.size());
    os << llvm::join(row.nodes, ", ") << "\n";
    for (const KernelLaunch &launch : row.launches)
      os << "           " << launch.function << "<<<(" << extentsOf(launch.grid) << "), ("
         << llvm::join(llvm::map_range(launch.block, [](int64_t n) { return std::to_string(n); }), ",") << ")>>>\n";
    if (onDevice && !row.fallback.empty())
      os << "           scalar: " << row.fallback << "\n";
  }
  if (onDevice)
    os << "total: " << launches() << " launches in " << calls << " calls of " << sorted.size() << " kernels"
       << format(", %.4g GFLOP, %.4g MB\n", total() * 1e-9, bytes * 1e-6);
  if (!remarks.empty())
    os << "\nRemarks\n";
  constexpr size_t shown = 8;
  for (auto &[remark, nodes] : remarks) {
    os << "  " << remark << "\n";
    ArrayRef<StringRef> names = nodes.getArrayRef();
    if (!names.empty())
      os << format("    %zu nodes: ", names.size()) << llvm::join(names.take_front(shown), ", ")
         << (names.size() > shown ? ", ..." : "") << "\n";
  }
}

void Report::printJson(raw_ostream &os) {
  json::Array kernels;
  double sum = std::max(total(), 1.0);
  for (auto &[name, row] : rows) {
    json::Array nodes;
    for (StringRef node : row.nodes)
      nodes.push_back(node);
    json::Object entry{{"kernel", row.name}, {"class", row.kind},        {"calls", row.calls},
                       {"flops", row.flops}, {"share", row.flops / sum}, {"nodes", std::move(nodes)}};
    entry["bytes"] = row.bytes > 0 ? json::Value(row.bytes) : json::Value(nullptr);
    entry["scalar_fallback"] = row.fallback.empty() ? json::Value(nullptr) : json::Value(row.fallback);
    json::Array launches;
    for (const KernelLaunch &launch : row.launches) {
      json::Array grid;
      for (AffineExpr extent : launch.grid.getResults()) {
        auto number = dyn_cast<AffineConstantExpr>(extent);
        grid.push_back(number ? json::Value(number.getValue()) : json::Value(nullptr));
      }
      launches.push_back(
          json::Object{{"function", launch.function}, {"grid", std::move(grid)}, {"block", json::Array(launch.block)}});
    }
    if (!launches.empty())
      entry["launches"] = std::move(launches);
    kernels.push_back(std::move(entry));
  }
  json::Array texts;
  for (auto &[remark, nodes] : remarks)
    texts.push_back(json::Object{{"text", remark}, {"nodes", json::Array(nodes.getArrayRef())}});
  json::Object result{
      {"machine", machine}, {"flops", total()}, {"kernels", std::move(kernels)}, {"remarks", std::move(texts)}};
  if (int64_t count = launches())
    result["launches"] = count;
  os << formatv("{0:2}", json::Value(std::move(result))) << "\n";
}

} // namespace

LogicalResult reportModule(ModuleOp module, const TargetBackend &backend, const TargetPipelineOptions &options,
                           bool json, std::string &text) {
  if (StringRef stage = backend.getReportStage(); !stage.empty()) {
    if (failed(lowerTo(module, stage, backend, options)))
      return failure();
    text += backend.report(module, json);
    return success();
  }
  Report report(module, backend, options);
  if (failed(report.run()))
    return failure();
  raw_string_ostream os(text);
  json ? report.printJson(os) : report.print(os);
  return success();
}

} // namespace mlir::aic::tools
