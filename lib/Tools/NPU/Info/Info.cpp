//===- Info.cpp - aic-npu-info ----------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "aic/Tools/NPU/Info.h"
#include "aic/NPU/Container/Layout.h"
#include "aic/NPU/Hash.h"
#include "aic/Tools/NPU/CommandLine.h"
#include "aic/Tools/TensorFile.h"

#include <algorithm>
#include <cinttypes>
#include <cstdio>

using namespace aic::npu;
using namespace aic::npu::tools;

static const char kManual[] = R"(NAME
  aic-npu-info - check and describe programs and machines of the NPU

SYNOPSIS
  aic-npu-info [OPTIONS] FILE...

DESCRIPTION
  Checks each FILE: a program (.npub, docs/NPU/Container.md), or a machine (a shipped one's name or a JSON file,
  docs/NPU/Machines.md), and prints what is in it. Goes on behind a bad file.

EXAMPLES
  aic-npu-info model.npub
  aic-npu-info --machine=edge-256 --strip=small.npub model.npub
  aic-npu-info --json edge-512             the machine's canonical text, whose SHA-256 names it in programs
)";

namespace {

class Text {
public:
  template <typename... Args> void line(const char *format, Args... args) {
    int size = std::snprintf(nullptr, 0, format, args...);
    size_t old = text.size();
    text.resize(old + size + 1);
    std::snprintf(text.data() + old, size + 1, format, args...);
    text.back() = '\n';
  }
  std::string text;
};

/// A name of the model, fit for a line of text.
std::string quoted(const std::string &name) {
  std::string text = "'";
  for (char c : name)
    text += static_cast<unsigned char>(c) < 32 || c == 127 ? '?' : c;
  return text + "'";
}

const char *nameOf(SegmentKind kind) {
  static const char *const names[] = {"CONST", "INPUT", "OUTPUT", "SCRATCH", "STATE", "PERSIST"};
  return names[static_cast<size_t>(kind)];
}

std::string describe(const Machine &machine) {
  Text out;
  out.line("machine '%s', sha256 %s", machine.name.c_str(), hex(machine.sha256.data(), 32).c_str());
  out.line("  %u core%s at %g MHz, MX %u x %u x %u (M x K x N, 8 bits; %u for 16 bits), VX %u bytes a cycle",
           machine.cores, machine.cores == 1 ? "" : "s", machine.clockHz / 1e6, machine.mx.m, machine.mx.kInt8,
           machine.mx.n, machine.mx.kF16, machine.vx.bytesPerCycle);
  for (unsigned i = 0; i < kSpaces; ++i)
    out.line("  %s %" PRIu64 " bytes", aic::npu::nameOf(static_cast<Space>(i)), machine.spaces[i].bytes);
  out.line("  DRAM %g bytes a cycle, latency %u to read, %u to write; %u semaphores up to %u",
           machine.dram.bytesPerCycle, machine.dram.readLatency, machine.dram.writeLatency, machine.semaphores,
           machine.semaphoreMax);
  return out.text;
}

std::string describe(const Npub &npub, std::string_view bytes) {
  const Program &program = npub.program;
  Text out;
  out.line("program %s for machine '%s', sha256 %s", quoted(program.name).c_str(), npub.machine.name.c_str(),
           hex(npub.machine.sha256.data(), 32).c_str());
  out.line("  %zu instructions, %zu semaphores, %u launch arguments, %zu operations with debug information",
           program.code.size(), program.semaphores.size(), program.argumentCount, program.debugOps.size());
  for (size_t i = 0; i < program.segments.size(); ++i)
    out.line("  segment %zu %s %s, %" PRIu64 " bytes", i, nameOf(program.segments[i].kind),
             quoted(program.segments[i].name).c_str(), program.segments[i].bytes);
  for (const IOTensor &tensor : program.io) {
    std::string shape;
    for (int64_t extent : tensor.dims)
      shape += (shape.empty() ? "" : ", ") + std::to_string(extent);
    std::string quant;
    if (tensor.scale != 0)
      quant = ", scale " + std::to_string(tensor.scale) + ", zero point " + std::to_string(tensor.zeroPoint);
    out.line("  %s %s %s[%s]%s, segment %u + %" PRIu64, tensor.isOutput ? "output" : "input",
             quoted(tensor.name).c_str(), tensor.dtype.c_str(), shape.c_str(), quant.c_str(), tensor.segment,
             tensor.offset);
  }
  for (const auto &[key, value] : program.buildInfo)
    out.line("  %s: %s", quoted(key).c_str(), quoted(value).c_str());
  for (const SectionSummary &section : sectionsOf(bytes))
    out.line("  section %-12s %10" PRIu64 " bytes at %" PRIu64, quoted(section.name).c_str(), section.size,
             section.offset);
  return out.text;
}

struct Settings {
  bool isJson = false, isQuiet = false;
  std::string strip;
  ReadOptions read;
};

/// Describes one file. False with the reason.
bool inspect(const std::string &path, const Settings &settings, std::string &out, std::string &error) {
  std::vector<std::string> shipped = shippedMachines();
  std::string bytes;
  bool isMachine = std::find(shipped.begin(), shipped.end(), path) != shipped.end();
  if (!isMachine) {
    if (!readInput(path, bytes, error))
      return false;
    size_t start = bytes.find_first_not_of(" \t\r\n");
    isMachine = start != std::string::npos && bytes[start] == '{';
  }
  Npub npub;
  Diagnosis diagnosis;
  if (isMachine ? !(bytes.empty() ? loadMachine(path, npub.machine, error) : parseMachine(bytes, npub.machine, error))
                : !readNpub(bytes, npub, diagnosis, settings.read)) {
    error = path + ": " + (isMachine ? error : diagnosis.text);
    return false;
  }
  if (!settings.strip.empty()) {
    std::string stripped;
    if (isMachine) {
      error = path + ": expected a program to strip, got a machine";
      return false;
    }
    return stripNpub(bytes, stripped, error) && writeOutput(settings.strip, stripped, error);
  }
  if (settings.isQuiet)
    return true;
  if (settings.isJson)
    out = npub.machine.canonicalJson + '\n';
  else
    out = path + ": " + (isMachine ? describe(npub.machine) : describe(npub, bytes));
  return true;
}

} // namespace

int aic::npu::tools::infoMain(int argc, char **argv) {
  CommandLine line("aic-npu-info", kManual);
  std::vector<std::string> inputs;
  std::string machineName, error;
  Settings settings;
  line.inputs("a program or a machine", inputs, 1, size_t(1) << 20);
  line.value("--machine", "NAME", "refuse programs for another machine than this one (name or JSON file)", machineName);
  line.value("--strip", "FILE", "write the program to FILE without its debug sections", settings.strip);
  line.flag("--json", "print only the machine's canonical text", settings.isJson);
  line.flag("--quiet", "only check", settings.isQuiet);
  int status = 0;
  if (!line.parse(argc, argv, status))
    return status;
  if (!settings.strip.empty() && inputs.size() > 1)
    return line.error("expected one program with --strip, got " + std::to_string(inputs.size()));
  if (error = ::aic::tools::expectOtherFile(settings.strip, inputs); !error.empty())
    return line.error(error);
  Machine machine;
  if (!machineName.empty() && !loadMachine(machineName, machine, error))
    return line.error(error);
  settings.read.machine = machineName.empty() ? nullptr : &machine;
  for (const std::string &input : inputs) {
    std::string out;
    if (!inspect(input, settings, out, error) || (!out.empty() && !writeOutput("-", out, error)))
      status = line.error(error);
  }
  return status;
}
