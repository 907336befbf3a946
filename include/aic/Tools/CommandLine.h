// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- CommandLine.h - Manners that every tool shares ---------------------===//
#ifndef AIC_TOOLS_COMMANDLINE_H
#define AIC_TOOLS_COMMANDLINE_H

#include "mlir/IR/Diagnostics.h"
#include "mlir/Support/LLVM.h"
#include "llvm/ADT/StringRef.h"
#include <string>
#include <vector>

namespace mlir {
class DialectRegistry;
namespace aic::tools {

/// Exit status of a tool: all well, the answer is "no" (a check failed), an error.
enum ExitCode { exitSuccess = 0, exitDifferent = 1, exitError = 2 };

/// Keeps the options that LLVM's libraries registered out of `--help`; they still work. Called before a tool makes its
/// own.
void hideLibraryOptions();
/// Forgets the options that LLVM's libraries registered, so that a tool may use their names.
void removeLibraryOptions();

/// Parses the command line with the options that exist. Prints to stderr and fails on a mistake; `--help` and
/// `--version` exit.
LogicalResult parseCommandLine(int argc, char **argv, llvm::StringRef overview);

/// Takes the program's name from its path; parseCommandLine does so too.
void setToolName(llvm::StringRef path);
/// `aic-run: error: text` on stderr.
void printError(llvm::StringRef text);
/// The name of the program, for messages.
llvm::StringRef toolName();

/// Fails, with an error that names the option, if `output` is one of the files that are read.
LogicalResult expectOtherFile(llvm::StringRef option, llvm::StringRef output, const std::vector<std::string> &inputs);

/// Writes to a file (whole or not at all) or, for "-", to standard output; prints an error and fails if it cannot.
LogicalResult writeOutput(llvm::StringRef path, llvm::StringRef content);

/// Standard output is buffered: flushes it and turns a failure (a full disk) into an error. Returns the exit status.
int flushOutput(int status);

/// Prints a context's diagnostics while it lives, as `aic-run: error: file: node 'x': text`.
class PrintDiagnostics : public ScopedDiagnosticHandler {
public:
  /// `file` is named where the location does not.
  PrintDiagnostics(MLIRContext &context, llvm::StringRef file);

private:
  std::string file;
};

// The tools themselves.
int runMain(int argc, char **argv);
int checkMain(int argc, char **argv);
int translateMain(int argc, char **argv);
int optMain(int argc, char **argv, llvm::StringRef overview, DialectRegistry &registry);

} // namespace aic::tools
} // namespace mlir

#endif // AIC_TOOLS_COMMANDLINE_H
