//===- Assembler.cpp - aic-npu-as -----------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "aic/NPU/Container/Container.h"
#include "aic/NPU/ISA/Assembly.h"
#include "aic/Tools/NPU/CommandLine.h"
#include "aic/Tools/TensorFile.h"

#include <cstdio>

using namespace aic::npu;
using namespace aic::npu::tools;

static const char kManual[] = R"(NAME
  aic-npu-as - assemble a program for the NPU

SYNOPSIS
  aic-npu-as [OPTIONS] FILE.s

DESCRIPTION
  Writes the program of FILE.s (- for standard input) as a .npub file, after every check that a reader of the file
  makes. The language is described in docs/NPU/ISA.md; aic-npu-dis writes it.

EXAMPLES
  aic-npu-as gemm.s                    writes gemm.npub
  aic-npu-as gemm.s -o g.npub --machine=edge-512
)";

/// `.machine` or --machine: a machine's JSON text, name or path.
static bool findMachine(const std::string &text, Machine &machine, std::string &error) {
  if (text.empty()) {
    error = "expected a machine, with .machine in the text or with --machine, got none";
    return false;
  }
  return text[0] == '{' ? parseMachine(text, machine, error) : loadMachine(text, machine, error);
}

/// `:12` for a defect that starts with "instruction N", where instruction N stands in line 12.
static std::string lineOf(const std::string &defect, const std::vector<unsigned> &lines) {
  unsigned number = 0;
  bool hasLine = std::sscanf(defect.c_str(), "instruction %u", &number) == 1 && number < lines.size();
  return hasLine ? ":" + std::to_string(lines[number]) : "";
}

static std::string defaultOutput(const std::string &input) {
  if (input == "-")
    return "-";
  size_t dot = input.rfind('.'), slash = input.rfind('/');
  bool hasSuffix = dot != std::string::npos && dot > 0 && (slash == std::string::npos || dot > slash + 1);
  return (hasSuffix ? input.substr(0, dot) : input) + ".npub";
}

int aic::npu::tools::assemblerMain(int argc, char **argv) {
  CommandLine line("aic-npu-as", kManual);
  std::vector<std::string> inputs;
  std::string output, machineName, text, error, bytes;
  line.inputs("one assembly file", inputs);
  line.value("-o", "FILE", "the file to write (default: FILE.npub; - for standard output)", output);
  line.value("--machine", "NAME", "assemble for this machine (name or JSON file) whatever .machine says", machineName);
  int status = 0;
  if (!line.parse(argc, argv, status))
    return status;
  const std::string &input = inputs[0], name = input == "-" ? "<stdin>" : input;
  if (output.empty())
    output = defaultOutput(input);
  if (error = ::aic::tools::expectOtherFile(output, inputs); output != "-" && !error.empty())
    return line.error(error);
  if (!readInput(input, text, error))
    return line.error(error);
  Program program;
  std::string named;
  std::vector<unsigned> lines;
  if (!assemble(text, name, program, named, error, &lines))
    return line.error(error);
  Machine machine;
  if (!findMachine(machineName.empty() ? named : machineName, machine, error))
    return line.error(name + ": " + error);
  Diagnosis diagnosis;
  if (!checkCode(program, machine, diagnosis))
    return line.error(name + lineOf(diagnosis.text, lines) + ": " + diagnosis.text);
  if (!writeNpub(program, machine, bytes, error))
    return line.error(name + ": " + error);
  if (!writeOutput(output, bytes, error))
    return line.error(error);
  return 0;
}
