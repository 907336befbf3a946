//===- Verifier.cpp - aic-npu-verify --------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Arguments.h"
#include "aic/NPU/Container/Container.h"
#include "aic/NPU/Verify/SyncVerifier.h"
#include "aic/Tools/NPU/CommandLine.h"
#include "aic/Tools/NPU/Verify.h"

#include <cinttypes>
#include <cstdio>

using namespace aic::npu;
using namespace aic::npu::tools;

static const char kManual[] = R"(NAME
  aic-npu-verify - prove that a program's synchronisation is right

SYNOPSIS
  aic-npu-verify [OPTIONS] FILE.npub...

DESCRIPTION
  Proves that every order in which the queues may run gives the result of the sequential run: no two instructions touch
  the same byte, one of them writing, unless queues and semaphores order them; no run stops before its end; no semaphore
  goes beyond the machine's maximum; at the end the semaphores have their initial counts. What cannot be proven is
  refused, with both instructions, the operations of the model that they work for, and a legal run that breaks it.

EXAMPLES
  aic-npu-verify gemm.npub
  aic-npu-verify --arguments=128,7 decoder.npub
)";

int aic::npu::tools::verifierMain(int argc, char **argv) {
  CommandLine line("aic-npu-verify", kManual);
  std::vector<std::string> inputs;
  std::string arguments, longest;
  VerifyOptions options;
  bool noBalance = false, quiet = false;
  line.inputs(".npub files", inputs, 1, SIZE_MAX);
  line.value("--arguments", "N,N,...", "the launch arguments, where loops or addresses need them", arguments);
  line.value("--max-instructions", "N", "refuse programs that dispatch more (default: 4000000)", longest);
  line.flag("--no-balance", "take any counts of the semaphores at the end", noBalance);
  line.flag("--quiet", "say nothing of a program that passes", quiet);
  int status = 0;
  if (!line.parse(argc, argv, status))
    return status;
  std::string error;
  if (!parseIntegers("--arguments", arguments, options.arguments, error))
    return line.error(error);
  std::vector<int64_t> bound;
  if (!parseIntegers("--max-instructions", longest, bound, error))
    return line.error(error);
  if (!bound.empty())
    options.maxInstructions = static_cast<uint64_t>(bound[0]);
  options.checkBalance = !noBalance;
  for (const std::string &input : inputs) {
    MappedFile file;
    Npub npub;
    ReadOptions reading;
    reading.copyConstants = false;
    if (!loadNpub(input, file, npub, error, reading)) {
      status = line.error(error);
      continue;
    }
    VerifyResult result = verify(npub.program, npub.machine, options);
    if (!result.ok()) {
      status = line.error(input + ": the program is not proven");
      std::fputs(result.str().c_str(), stdout);
    } else if (!quiet) {
      std::printf("%s: proven, %" PRIu64 " instructions, %zu semaphores, %" PRIu64 " pairs of accesses compared\n",
                  input.c_str(), result.dispatched, npub.program.semaphores.size(), result.comparedPairs);
    }
  }
  return status;
}
