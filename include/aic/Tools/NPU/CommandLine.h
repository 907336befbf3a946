//===- CommandLine.h - Manners of the NPU's tools ------------------*- C++ -*-===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The command lines of tools that need neither LLVM nor MLIR. Options are written --name=value or --name value; -o, of
// one letter, stands before its value. `-` is standard input or output. Errors are one line on standard error.
//
//===----------------------------------------------------------------------===//

#ifndef AIC_TOOLS_NPU_COMMANDLINE_H
#define AIC_TOOLS_NPU_COMMANDLINE_H

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace aic::npu::tools {

class CommandLine {
public:
  /// `manual` is what --help prints: a page with the sections NAME, SYNOPSIS, DESCRIPTION and so on; the options are
  /// added to its end.
  CommandLine(std::string tool, std::string manual) : tool(std::move(tool)), manual(std::move(manual)) {}

  /// `name` as it is written ("-o", "--machine"). A value has a placeholder for the manual, a flag none.
  void value(const std::string &name, const std::string &placeholder, const std::string &help, std::string &target);
  void flag(const std::string &name, const std::string &help, bool &target);
  /// An option that may be given again and again.
  void values(const std::string &name, const std::string &placeholder, const std::string &help,
              std::vector<std::string> &target);
  /// The files; `what` is how a message calls them ("an assembly file").
  void inputs(const std::string &what, std::vector<std::string> &target, size_t least = 1, size_t most = 1);

  /// True: go on. False: leave with `status`, after --help, --version or a mistake.
  bool parse(int argc, char **argv, int &status) const;
  /// Prints `tool: error: text`. Returns 1, the exit status.
  int error(const std::string &text) const;

private:
  struct Option {
    std::string name, placeholder, help;
    std::string *value;
    bool *flag;
    std::vector<std::string> *list = nullptr;
  };
  void printManual() const;

  std::string tool, manual, inputName;
  std::vector<Option> options;
  std::vector<std::string> *files = nullptr;
  size_t least = 0, most = 0;
};

/// A whole file, or standard input for `-`.
bool readInput(const std::string &path, std::string &text, std::string &error);
/// Whole or not at all; to standard output for `-`.
bool writeOutput(const std::string &path, std::string_view bytes, std::string &error);

int assemblerMain(int argc, char **argv);
int disassemblerMain(int argc, char **argv);

} // namespace aic::npu::tools

#endif // AIC_TOOLS_NPU_COMMANDLINE_H
