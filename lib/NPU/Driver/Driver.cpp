// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===- Driver.cpp - The NPU's driver on the simulator ---------------------===//
#include "aic/NPU/Container/Container.h"
#include "aic/NPU/Driver/aic_npu.h"
#include "aic/NPU/Sim/Simulator.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>

namespace aic::npu {
namespace {
/// A container that was checked. Its constants stay where the caller has them.
struct Loaded {
  Npub npub;
};

int32_t fail(char *error, size_t bytes, const std::string &text) {
  if (error && bytes)
    std::snprintf(error, bytes, "%s", text.c_str());
  return 1;
}

/// Containers by address and file hash (their last 32 bytes), so that another one at the same place is seen.
std::shared_ptr<const Loaded> load(const uint8_t *data, size_t size, std::string &error) {
  using Key = std::pair<const uint8_t *, std::string>;
  static std::mutex mutex;
  static std::map<Key, std::shared_ptr<const Loaded>> known;
  if (size < 64) {
    error = "expected a .npub container, got " + std::to_string(size) + " bytes";
    return nullptr;
  }
  Key key(data, std::string(reinterpret_cast<const char *>(data) + size - 32, 32));
  std::lock_guard<std::mutex> lock(mutex);
  if (auto it = known.find(key); it != known.end())
    return it->second;
  auto loaded = std::make_shared<Loaded>();
  ReadOptions options;
  options.copyConstants = false;
  Diagnosis diagnosis;
  if (!readNpub({reinterpret_cast<const char *>(data), size}, loaded->npub, diagnosis, options)) {
    error = diagnosis.text;
    return nullptr;
  }
  if (known.size() > 256)
    known.clear();
  return known[key] = loaded;
}
/// What this thread wants to know of its runs.
struct Observer {
  uint64_t jitter = 0;
  aic_npu_report report = nullptr;
  void *user = nullptr;
};
thread_local Observer observer;
} // namespace
} // namespace aic::npu

extern "C" __attribute__((visibility("default"))) void aic_npu_observe(uint64_t jitter, aic_npu_report report,
                                                                       void *user) {
  aic::npu::observer = {jitter, report, user};
}

extern "C" __attribute__((visibility("default"))) int32_t aic_npu_run(const void *npub, size_t bytes,
                                                                      void *const *buffers, size_t count,
                                                                      const aic_npu_options *options, char *error,
                                                                      size_t error_bytes) {
  using namespace aic::npu;
  std::string text;
  std::shared_ptr<const Loaded> loaded = load(static_cast<const uint8_t *>(npub), bytes, text);
  if (!loaded)
    return fail(error, error_bytes, text);
  const Program &program = loaded->npub.program;
  if (program.io.size() != count)
    return fail(error, error_bytes,
                "expected " + std::to_string(program.io.size()) + " buffers, got " + std::to_string(count));
  std::vector<SegmentBinding> bindings(program.segments.size());
  for (size_t i = 0; i != count; ++i)
    bindings[program.io[i].segment] = {static_cast<uint8_t *>(buffers[i]),
                                       program.segments[program.io[i].segment].bytes};
  for (size_t i = 0; i != loaded->npub.constants.size(); ++i)
    if (std::string_view view = loaded->npub.constants[i]; !view.empty())
      bindings[i] = {reinterpret_cast<uint8_t *>(const_cast<char *>(view.data())), view.size()};
  RunOptions run;
  run.detect = false;
  uint64_t *cycles = nullptr;
  if (options && options->size >= offsetof(aic_npu_options, cycles) + sizeof(uint64_t *)) {
    run.mode = options->timed ? RunMode::Timed : RunMode::Sequential;
    run.detect = options->timed != 0;
    run.jitterSeed = options->jitter;
    cycles = options->cycles;
  } else if (observer.report) {
    run.mode = RunMode::Timed;
    run.detect = true;
    run.jitterSeed = observer.jitter;
  }
  RunResult result = aic::npu::run(program, loaded->npub.machine, bindings, run);
  if (!result.ok)
    return fail(error, error_bytes,
                result.diagnostics.empty() ? "the program failed" : result.diagnostics.front().message);
  if (!options && observer.report)
    observer.report(observer.user, formatJson(result.report).c_str());
  if (cycles)
    *cycles = result.report.total.cycles;
  return 0;
}
