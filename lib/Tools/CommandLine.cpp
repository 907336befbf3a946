// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Tools/CommandLine.h"
#include "aic/Tools/TensorFile.h"
#include "mlir/IR/Location.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include <unistd.h>

using namespace llvm;

namespace mlir::aic::tools {

static std::string &storedName() {
  static std::string name = "aic";
  return name;
}

StringRef toolName() { return storedName(); }

void setToolName(StringRef path) { storedName() = sys::path::filename(path).str(); }

void hideLibraryOptions() {
  for (auto &[name, option] : cl::getRegisteredOptions())
    if (name != "help" && name != "version")
      option->setHiddenFlag(cl::ReallyHidden);
}

void removeLibraryOptions() { cl::ResetCommandLineParser(); }

/// The first of LLVM's lines about a command line, in our words.
static std::string describeMistake(StringRef text) {
  StringRef line = text.split('\n').first;
  line.consume_front((storedName() + ": ").c_str());
  if (line.consume_front("Unknown command line argument ") || line.consume_front("Unknown command line argument"))
    return ("expected a known option (--help lists them), got " + line.split(".  Try").first).str();
  if (line.starts_with("Not enough positional"))
    return "expected a model, got none (--help shows examples)";
  if (line.starts_with("Too many positional"))
    return "expected one model, got several files (--help shows examples)";
  return line.rtrim("!.").str();
}

LogicalResult parseCommandLine(int argc, char **argv, StringRef overview) {
  if (argc > 0)
    setToolName(argv[0]);
  cl::SetVersionPrinter([](raw_ostream &os) { os << storedName() << " " AIC_VERSION "\n"; });
  std::string text;
  raw_string_ostream os(text);
  if (cl::ParseCommandLineOptions(argc, argv, overview, &os))
    return success();
  // A value that cannot be read has been told already.
  if (!text.empty())
    printError(describeMistake(text));
  return failure();
}

void printError(StringRef text) { errs() << storedName() << ": error: " << text << "\n"; }

LogicalResult expectOtherFile(StringRef option, StringRef output, const std::vector<std::string> &inputs) {
  std::string error = ::aic::tools::expectOtherFile(output.str(), inputs);
  if (error.empty())
    return success();
  printError((option + ": " + error).str());
  return failure();
}

LogicalResult writeOutput(StringRef path, StringRef content) {
  std::string error = path == "-" ? ::aic::tools::writeDescriptor(STDOUT_FILENO, "standard output", content)
                                  : ::aic::tools::writeFile(path.str(), content);
  if (error.empty())
    return success();
  printError(error);
  return failure();
}

int flushOutput(int status) {
  outs().flush();
  if (!outs().has_error())
    return status;
  printError("cannot write standard output: " + outs().error().message());
  outs().clear_error();
  return exitError;
}

//===-- Diagnostics ---------------------------------------------------------===//

namespace {
/// What a location says: at most one place in a file and one node of a model.
struct Place {
  std::string file, node;
};
} // namespace

static void findPlace(Location location, Place &place) {
  if (auto file = dyn_cast<FileLineColLoc>(location)) {
    if (place.file.empty() && file.getLine() == 0)
      place.file = file.getFilename().str();
    else if (place.file.empty())
      place.file = (file.getFilename().getValue() + ":" + Twine(file.getLine()) + ":" + Twine(file.getColumn())).str();
  } else if (auto name = dyn_cast<NameLoc>(location)) {
    if (place.node.empty())
      place.node = name.getName().str();
    findPlace(name.getChildLoc(), place);
  } else if (auto fused = dyn_cast<FusedLoc>(location)) {
    for (Location part : fused.getLocations())
      findPlace(part, place);
  } else if (auto call = dyn_cast<CallSiteLoc>(location)) {
    findPlace(call.getCallee(), place);
  }
}

static StringRef nameOf(DiagnosticSeverity severity) {
  switch (severity) {
  case DiagnosticSeverity::Error:
    return "error";
  case DiagnosticSeverity::Warning:
    return "warning";
  case DiagnosticSeverity::Remark:
    return "remark";
  case DiagnosticSeverity::Note:
    return "note";
  }
  return "error";
}

static void print(Diagnostic &diagnostic, StringRef file) {
  Place place;
  findPlace(diagnostic.getLocation(), place);
  std::string text = diagnostic.str();
  errs() << toolName() << ": " << nameOf(diagnostic.getSeverity()) << ": ";
  // A message that names the file or the node itself is not made to say so twice.
  StringRef where = place.file.empty() ? file : StringRef(place.file);
  if (!where.empty() && !StringRef(text).contains(where))
    errs() << where << ": ";
  if (!place.node.empty() && !StringRef(text).contains("'" + place.node + "'"))
    errs() << "node '" << place.node << "': ";
  errs() << text << "\n";
  for (Diagnostic &note : diagnostic.getNotes())
    print(note, "");
}

PrintDiagnostics::PrintDiagnostics(MLIRContext &context, StringRef file)
    : ScopedDiagnosticHandler(&context), file(file.str()) {
  context.printOpOnDiagnostic(false);
  setHandler([this](Diagnostic &diagnostic) {
    print(diagnostic, this->file);
    return success();
  });
}

} // namespace mlir::aic::tools
