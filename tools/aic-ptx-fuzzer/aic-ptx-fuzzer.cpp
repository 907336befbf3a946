// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// libFuzzer target for the PTX executor: whatever the text is, loading ends with a program or with messages; what
// loads is launched on a block of 64 threads and may report anything, but neither crashes nor hangs.
#include "aic/PTX/Executor.h"
#include <cstdlib>
#include <cstring>

using namespace aic::ptx;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  Memory memory;
  std::vector<Diagnostic> messages;
  std::unique_ptr<Program> program =
      Program::load({reinterpret_cast<const char *>(data), size}, "fuzz.ptx", memory, messages);
  if (bool(program) != messages.empty())
    abort();
  if (!program)
    return 0;
  uint64_t buffer = memory.allocate(4096, "buffer");
  memory.fill(buffer, 1, 4096);
  for (const Kernel &kernel : program->kernels()) {
    std::vector<uint8_t> params(kernel.paramBytes);
    for (const Param &param : kernel.params)
      if (param.size == 8)
        memcpy(params.data() + param.offset, &buffer, 8);
    Options options;
    options.maxSteps = 20000;
    options.globalRaces = options.counters = true;
    options.seed = size;
    options.asyncMode = AsyncMode(size % 3);
    LaunchConfig config;
    config.block = kernel.requiredThreads.x ? kernel.requiredThreads : Dim3{64, 1, 1};
    config.dynamicShared = 1024;
    LaunchResult result = launch(*program, kernel, config, params.data(), params.size(), memory, options);
    for (const Error &error : result.errors)
      (void)formatError(*program, error);
    (void)result.counters.json(*program, kernel);
  }
  return 0;
}
