// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "aic/Tools/CommandLine.h"
#include "aic/Tools/TensorFile.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace mlir::aic::tools {

static std::string &storedName() {
  static std::string name = "aic";
  return name;
}

StringRef toolName() { return storedName(); }

void hideLibraryOptions() {
  for (auto &[name, option] : cl::getRegisteredOptions())
    if (name != "help" && name != "version")
      option->setHiddenFlag(cl::ReallyHidden);
}

void removeLibraryOptions() { cl::ResetCommandLineParser(); }

LogicalResult parseCommandLine(int argc, char **argv, StringRef overview) {
  if (argc > 0)
    storedName() = sys::path::filename(argv[0]).str();
  cl::SetVersionPrinter([](raw_ostream &os) { os << storedName() << " " AIC_VERSION "\n"; });
  return success(cl::ParseCommandLineOptions(argc, argv, overview, &errs()));
}

void printError(StringRef text) { errs() << storedName() << ": error: " << text << "\n"; }

LogicalResult writeOutput(StringRef path, StringRef content) {
  std::string error = ::aic::tools::writeFile(path == "-" ? "/dev/stdout" : path.str(), content);
  if (error.empty())
    return success();
  printError(error);
  return failure();
}

} // namespace mlir::aic::tools
