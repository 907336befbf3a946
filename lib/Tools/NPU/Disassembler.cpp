//===- Disassembler.cpp - aic-npu-dis ---------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "aic/NPU/Container/Container.h"
#include "aic/NPU/ISA/Assembly.h"
#include "aic/Tools/NPU/CommandLine.h"
#include "aic/Tools/TensorFile.h"

#include <cinttypes>
#include <cstdio>

using namespace aic::npu;
using namespace aic::npu::tools;

static const char kManual[] = R"(NAME
  aic-npu-dis - print a program of the NPU as text

SYNOPSIS
  aic-npu-dis [OPTIONS] FILE.npub

DESCRIPTION
  Prints the program of FILE.npub in the language of aic-npu-as, which makes the same file of it again, byte for byte
  but for sections that this version does not know. Each instruction has its number; with debug information, .loc lines
  name the model's node and the tile that the instructions after them work for.

EXAMPLES
  aic-npu-dis gemm.npub
  aic-npu-dis --no-data resnet.npub -o resnet.s
)";

/// The name of a shipped machine, or the text of any other one.
static std::string nameOfMachine(const Machine &machine) {
  Machine shipped;
  std::string error;
  for (const std::string &name : shippedMachines())
    if (name == machine.name && loadMachine(name, shipped, error) && shipped.sha256 == machine.sha256)
      return name;
  return machine.canonicalJson;
}

static std::string sectionTable(std::string_view bytes) {
  std::string text = "section             type  flags      offset        size\n";
  char row[128];
  for (const SectionSummary &section : sectionsOf(bytes)) {
    std::snprintf(row, sizeof(row), "%-18.60s %5" PRIu32 "  %#5" PRIx32 "  %10" PRIu64 "  %10" PRIu64 "\n",
                  section.name.c_str(), section.type, section.flags, section.offset, section.size);
    text += row;
  }
  return text;
}

int aic::npu::tools::disassemblerMain(int argc, char **argv) {
  CommandLine line("aic-npu-dis", kManual);
  std::vector<std::string> inputs;
  std::string output = "-", error, bytes;
  bool noData = false, sections = false;
  line.inputs("one .npub file", inputs);
  line.value("-o", "FILE", "the file to write (default: standard output)", output);
  line.flag("--no-data", "leave the contents of constant segments out", noData);
  line.flag("--sections", "print the table of sections instead", sections);
  int status = 0;
  if (!line.parse(argc, argv, status))
    return status;
  const std::string &input = inputs[0];
  if (error = ::aic::tools::expectOtherFile(output, inputs); output != "-" && !error.empty())
    return line.error(error);
  if (!readInput(input, bytes, error))
    return line.error(error);
  Npub npub;
  Diagnosis diagnosis;
  if (!readNpub(bytes, npub, diagnosis))
    return line.error(input + ": " + diagnosis.text);
  std::string text = sections ? sectionTable(bytes) : disassemble(npub.program, {nameOfMachine(npub.machine), !noData});
  return writeOutput(output, text, error) ? 0 : line.error(error);
}
