// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Check.cpp - aic-check ----------------------------------------------===//
//
// Three places can refuse an operation: the importer (it lists what it does
// not take), the stages before the target decides (their errors are collected),
// and the target itself.
//
//===----------------------------------------------------------------------===//
#include "aic/Dialect/AIC/IR/NodeNames.h"
#include "aic/Dialect/AIC/Transforms/Flops.h"
#include "aic/Dialect/AIC/Transforms/Passes.h"
#include "aic/Driver/Driver.h"
#include "aic/Import/ONNX/Import.h"
#include "aic/Tools/CommandLine.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace mlir::aic::tools {

namespace {

constexpr const char *overview =
    R"(aic-check - what of a model a target does not take

  aic-check [options] MODEL

Lists every operator and attribute of MODEL (.onnx, .mlir, .mlirbc) that cannot be compiled, all at once: how often it
occurs, in which nodes, why, and its share of the model's arithmetic. Nothing is compiled to code or written.

EXAMPLES
  aic-check model.onnx
  aic-check model.onnx --target=x86 --json
  aic-check model.onnx --target=npu:edge-256
  aic-check model.onnx --dim N=1,H=640,W=640      shares with these extents

EXIT STATUS
  0: the target takes all of it. 1: it does not. 2: an error.
)";

struct Options {
  cl::OptionCategory group{"Options"};
  cl::opt<std::string> model{cl::Positional, cl::Required, cl::desc("MODEL"), cl::cat(group)};
  cl::opt<std::string> target{"target", cl::cat(group), cl::init("x86"), cl::value_desc("name[:chip]"),
                              cl::desc("What it would be compiled for (x86). npu: tells what stays on the host")};
  cl::list<std::string> dims{"dim", cl::cat(group), cl::value_desc("NAME=N,NAME=MIN..MAX:MULTIPLE"),
                             cl::desc("Fix or bound extents by name (\"N\") or place (\"x:0\")")};
  cl::opt<bool> json{"json", cl::cat(group), cl::desc("Print the result as JSON")};
};

/// One line of the answer: what is refused for one reason.
struct Refusal {
  std::string name, reason;
  std::vector<std::string> nodes;
  double flops = 0;
  bool flopsKnown = true;
};

class CheckTool {
public:
  explicit CheckTool(const Options &options) : options(options), context(makeRegistry()) {}
  int run();

private:
  static DialectRegistry makeRegistry() {
    DialectRegistry registry;
    registerCompilerDialects(registry);
    return registry;
  }
  LogicalResult load();
  void countGraph();
  /// To the stage at which the target can tell.
  void lower();
  void refuse(StringRef name, StringRef reason, StringRef node, double flops);
  void printText();
  void printJson();

  const Options &options;
  const TargetBackend *target = nullptr;
  TargetPipelineOptions pipeline;
  MLIRContext context;
  OwningOpRef<ModuleOp> module;
  std::vector<Refusal> refusals;
  StringMap<double> flopsOfNode;
  double flops = 0;
  size_t nodes = 0;
};

LogicalResult CheckTool::load() {
  std::string error;
  if (sys::path::extension(options.model) != ".onnx") {
    CompileOptions compile;
    for (const std::string &dims : options.dims)
      if (error = parseDims(dims, compile.dims); !error.empty())
        return printError("--dim: " + error), failure();
    module = loadModel(context, options.model, compile);
    return success(module.get() != nullptr);
  }
  ONNXImportOptions import;
  std::vector<UnsupportedOp> unsupported;
  import.unsupported = &unsupported;
  for (const std::string &dims : options.dims)
    if (error = parseDims(dims, import.dims); !error.empty())
      return printError("--dim: " + error), failure();
  module = importONNXFile(options.model, &context, import);
  for (const UnsupportedOp &op : unsupported) {
    Refusal &refusal = refusals.emplace_back();
    refusal.name = op.domain.empty() ? op.type : op.domain + "." + op.type;
    refusal.reason = op.reason;
    refusal.nodes = op.nodes;
    refusal.flopsKnown = false;
    nodes += op.nodes.size();
  }
  return success(module.get() != nullptr);
}

void CheckTool::countGraph() {
  // Extents that --dim fixed reach the operations by this.
  PassManager pm(&context);
  pm.addNestedPass<func::FuncOp>(createInferShapesPass());
  {
    ScopedDiagnosticHandler ignore(&context, [](Diagnostic &) { return success(); });
    (void)pm.run(*module);
  }
  StringSet<> names;
  module->walk([&](Operation *op) {
    double count = countFlops(op);
    flops += count;
    if (isa<ModuleOp, func::FuncOp, arith::ConstantOp>(op) || op->hasTrait<OpTrait::IsTerminator>())
      return;
    for (StringRef node : getNodeNames(op)) {
      names.insert(node);
      flopsOfNode[node] += count;
    }
  });
  nodes += names.size();
}

void CheckTool::refuse(StringRef name, StringRef reason, StringRef node, double count) {
  auto found = llvm::find_if(refusals, [&](const Refusal &r) { return r.name == name && r.reason == reason; });
  Refusal &refusal = found == refusals.end() ? refusals.emplace_back() : *found;
  refusal.name = name.str();
  refusal.reason = reason.str();
  if (node.empty() || llvm::is_contained(refusal.nodes, node))
    return;
  refusal.nodes.push_back(node.str());
  refusal.flops += count;
}

/// The node that a location names first.
StringRef nodeOf(Location location) {
  if (auto name = dyn_cast<NameLoc>(location))
    return name.getName().getValue();
  if (auto fused = dyn_cast<FusedLoc>(location))
    for (Location part : fused.getLocations())
      if (StringRef name = nodeOf(part); !name.empty())
        return name;
  return "";
}

void CheckTool::lower() {
  ScopedDiagnosticHandler collect(&context, [&](Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() != DiagnosticSeverity::Error)
      return success();
    // "'aic.conv' op expected ..." is what an operation says of itself.
    std::string text = diagnostic.str();
    StringRef name = "model", reason = text;
    if (reason.consume_front("'")) {
      std::tie(name, reason) = reason.split("'");
      reason.consume_front(" op");
      reason = reason.ltrim(": ");
    }
    StringRef node = nodeOf(diagnostic.getLocation());
    refuse(name, reason, node, flopsOfNode.lookup(node));
    return success();
  });
  PassManager pm(&context);
  buildStages(pm, *target, pipeline, "", target->getCheckStage());
  if (failed(pm.run(*module)))
    module = nullptr;
}

void CheckTool::printText() {
  if (refusals.empty()) {
    outs() << options.model << ": " << options.target << " takes all of it ("
           << format("%zu nodes, %.3g GFLOP)\n", nodes, flops * 1e-9);
    return;
  }
  // A node may be several operations, refused for several reasons.
  StringSet<> refused;
  double share = 0;
  for (const Refusal &refusal : refusals) {
    refused.insert_range(refusal.nodes);
    share += refusal.flops;
  }
  outs() << options.model << ": " << options.target << " does not take " << refused.size() << " of " << nodes
         << " nodes";
  if (flops > 0 && share > 0)
    outs() << format(", %.1f %% of the FLOPs that are known", 100 * share / flops);
  outs() << "\n";
  for (const Refusal &refusal : refusals) {
    outs() << "\n"
           << refusal.name << ": " << refusal.reason << "\n  " << refusal.nodes.size()
           << (refusal.nodes.size() == 1 ? " node, " : " nodes, ");
    if (refusal.flopsKnown)
      outs() << format("%.1f %% of the FLOPs", 100 * refusal.flops / std::max(flops, 1.0));
    else
      outs() << "FLOPs not known";
    outs() << "\n  " << llvm::join(refusal.nodes, ", ") << "\n";
  }
}

void CheckTool::printJson() {
  json::Array list;
  for (const Refusal &refusal : refusals) {
    json::Object entry{{"operator", refusal.name},
                       {"reason", refusal.reason},
                       {"count", static_cast<int64_t>(refusal.nodes.size())},
                       {"nodes", json::Array(refusal.nodes)}};
    entry["flops"] = refusal.flopsKnown ? json::Value(refusal.flops) : json::Value(nullptr);
    entry["share"] = refusal.flopsKnown ? json::Value(refusal.flops / std::max(flops, 1.0)) : json::Value(nullptr);
    list.push_back(std::move(entry));
  }
  json::Object result{{"model", options.model.getValue()},
                      {"target", options.target.getValue()},
                      {"supported", refusals.empty()},
                      {"nodes", static_cast<int64_t>(nodes)},
                      {"flops", flops},
                      {"unsupported", std::move(list)}};
  outs() << formatv("{0:2}", json::Value(std::move(result))) << "\n";
}

int CheckTool::run() {
  PrintDiagnostics diagnostics(context, options.model);
  CompileOptions compile;
  compile.target = options.target;
  {
    PrintDiagnostics print(context, "--target");
    target = readTarget(context, compile, pipeline, [&] { return emitError(UnknownLoc::get(&context)); });
  }
  if (!target || failed(load()))
    return exitError;
  countGraph();
  lower();
  if (module)
    target->explain(*module, [&](Operation *op, StringRef reason) {
      SmallVector<StringRef> names = getNodeNames(op);
      StringRef node = names.empty() ? "" : names.front();
      // What the target's types add (casts, say) is none of the model's arithmetic.
      double &left = flopsOfNode[node], count = std::min(countFlopsWithin(op), left);
      left -= count;
      refuse(op->getName().getStringRef(), reason, node, count);
    });
  options.json ? printJson() : printText();
  return refusals.empty() ? exitSuccess : exitDifferent;
}

} // namespace

int checkMain(int argc, char **argv) {
  removeLibraryOptions();
  Options options;
  if (failed(parseCommandLine(argc, argv, overview)))
    return exitError;
  return flushOutput(CheckTool(options).run());
}

} // namespace mlir::aic::tools
