// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Kernel launches on the executor, and tensor maps.
#include "Launches.h"
#include "aic/PTX/TensorMap.h"
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>

using namespace aic;
using namespace aic::fakecuda;

namespace {

/// Packs what the caller gave into the kernel's parameter block.
CUresult packParams(State &s, const ptx::Kernel &kernel, void **params, void **extra, std::vector<uint8_t> &block) {
  block.assign(kernel.paramBytes, 0);
  if (params && extra)
    return s.fail(result::InvalidValue, "'" + kernel.name + "': expected kernelParams or extra, got both");
  if (extra) {
    const void *data = nullptr;
    const size_t *bytes = nullptr;
    for (; *extra != launchParamEnd; extra += 2) {
      if (*extra == launchParamPointer)
        data = extra[1];
      else if (*extra == launchParamBytes)
        bytes = static_cast<const size_t *>(extra[1]);
      else
        return result::InvalidValue;
    }
    size_t given = data && bytes ? *bytes : 0;
    if (given < block.size())
      return s.fail(result::InvalidValue, "'" + kernel.name + "': expected " + std::to_string(block.size()) +
                                              " bytes of parameters, got " + std::to_string(given));
    if (!block.empty())
      memcpy(block.data(), data, block.size());
    return result::Success;
  }
  if (kernel.params.empty())
    return result::Success;
  if (!params)
    return s.fail(result::InvalidValue,
                  "'" + kernel.name + "': expected " + std::to_string(kernel.params.size()) + " parameters, got none");
  for (size_t i = 0; i < kernel.params.size(); ++i) {
    if (!params[i])
      return s.fail(result::InvalidValue, "'" + kernel.name + "': parameter " + std::to_string(i) + " is null");
    memcpy(block.data() + kernel.params[i].offset, params[i], kernel.params[i].size);
  }
  return result::Success;
}

std::string dims(const ptx::Dim3 &d) {
  return std::to_string(d.x) + "x" + std::to_string(d.y) + "x" + std::to_string(d.z);
}

void appendCounters(State &s, const Settings &settings, const Function &function, const ptx::LaunchConfig &config,
                    const ptx::LaunchResult &outcome) {
  std::string json = outcome.counters.json(*function.module->program, *function.kernel);
  std::replace(json.begin(), json.end(), '\n', ' ');
  auto array = [](const ptx::Dim3 &d) {
    return "[" + std::to_string(d.x) + ", " + std::to_string(d.y) + ", " + std::to_string(d.z) + "]";
  };
  json = "{\"block\": " + array(config.block) + ", \"errors\": " + std::to_string(outcome.errors.size()) +
         ", \"grid\": " + array(config.grid) + ", \"launch\": " + std::to_string(s.launches) + "," + json.substr(1);
  FILE *file = std::fopen(settings.counters.c_str(), "a");
  if (!file) {
    s.say("AIC_FAKECUDA_COUNTERS: cannot write '" + settings.counters + "'");
    return;
  }
  std::fprintf(file, "%s\n", json.c_str());
  std::fclose(file);
}

CUresult execute(State &s, const Launch &launch) {
  const Function &function = *launch.function;
  const ptx::LaunchConfig &config = launch.config;
  const ptx::Program &program = *function.module->program;
  Settings chosen = settings();
  ptx::Options options = chosen.check == Settings::None ? ptx::Options::unchecked() : ptx::Options();
  options.globalRaces = chosen.check == Settings::All;
  options.seed = chosen.seed;
  options.counters = !chosen.counters.empty();
  options.maxSteps = chosen.steps;
  options.namePointers = true;
  auto start = std::chrono::steady_clock::now();
  ptx::LaunchResult outcome = !chosen.mutate.empty()
                                  ? runSwept(s, launch, options, chosen.mutate)
                                  : ptx::launch(program, *function.kernel, config, launch.params.data(),
                                                launch.params.size(), s.memory, options);
  double ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  ++s.launches;
  s.steps += outcome.steps;
  s.findings += outcome.errors.size();
  if (chosen.log)
    std::fprintf(stderr, "aic-fakecuda: launch %llu: %s grid %s block %s: %s, %llu warp instructions, %.2f ms\n",
                 (unsigned long long)s.launches, function.kernel->name.c_str(), dims(config.grid).c_str(),
                 dims(config.block).c_str(), outcome.ok() ? "ok" : "FAILED", (unsigned long long)outcome.steps, ms);
  if (options.counters)
    appendCounters(s, chosen, function, config, outcome);
  if (outcome.ok())
    return result::Success;
  std::string all;
  for (const ptx::Error &error : outcome.errors) {
    std::string text = "'" + function.kernel->name + "': " + ptx::formatError(program, error);
    s.say(text);
    all += (all.empty() ? "" : "\n") + text;
  }
  s.lastError = all;
  return result::LaunchFailed;
}

CUresult launchKernel(State &s, CUfunction handle, ptx::Dim3 grid, ptx::Dim3 block, unsigned sharedBytes,
                      CUstream stream, void **params, void **extra) {
  auto function = s.functions.share(handle);
  if (!function || !s.stream(stream))
    return result::InvalidHandle;
  const ptx::Kernel &kernel = *function->kernel;
  ptx::LaunchConfig config;
  config.grid = grid;
  config.block = block;
  config.dynamicShared = sharedBytes;
  config.sm = settings().sm;
  ptx::Limits limits = ptx::limitsOf(config.sm);
  config.sharedLimit = function->dynamicShared > 0
                           ? std::max(limits.sharedDefault, kernel.staticShared + uint32_t(function->dynamicShared))
                           : limits.sharedDefault;
  if (std::string problem = ptx::launchProblem(*function->module->program, kernel, config); !problem.empty())
    return s.fail(result::InvalidValue, "'" + kernel.name + "': " + problem);
  Launch launch{function, config, {}};
  if (CUresult code = packParams(s, kernel, params, extra, launch.params))
    return code;
  return s.submit(stream, [&s, launch] { return execute(s, launch); });
}

} // namespace

AIC_CUDA cuLaunchKernel(CUfunction function, unsigned gridX, unsigned gridY, unsigned gridZ, unsigned blockX,
                        unsigned blockY, unsigned blockZ, unsigned sharedBytes, CUstream stream, void **params,
                        void **extra) {
  return enter("cuLaunchKernel", true, [&](State &s) {
    return launchKernel(s, function, {gridX, gridY, gridZ}, {blockX, blockY, blockZ}, sharedBytes, stream, params,
                        extra);
  });
}

AIC_CUDA cuLaunchKernelEx(const CUlaunchConfig *c, CUfunction function, void **params, void **extra) {
  return enter("cuLaunchKernelEx", true, [&](State &s) -> CUresult {
    if (!c)
      return result::InvalidValue;
    if (c->numAttrs)
      return s.fail(result::NotSupported, "cuLaunchKernelEx: launch attributes are not supported");
    return launchKernel(s, function, {c->gridDimX, c->gridDimY, c->gridDimZ},
                        {c->blockDimX, c->blockDimY, c->blockDimZ}, c->sharedMemBytes, c->hStream, params, extra);
  });
}

AIC_CUDA cuOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, CUfunction handle, int threads, size_t sharedBytes) {
  return enter("cuOccupancyMaxActiveBlocksPerMultiprocessor", true, [&](State &s) {
    Function *function = s.functions.get(handle);
    if (!function)
      return result::InvalidHandle;
    if (!blocks || threads < 1)
      return result::InvalidValue;
    size_t perBlock = function->kernel->staticShared + sharedBytes + 1024;
    size_t shared = ptx::limitsOf(settings().sm).sharedOptIn + 1024;
    *blocks = threads > 1024 ? 0 : int(std::min<size_t>({24, size_t(1536 / threads), shared / perBlock}));
    return result::Success;
  });
}

AIC_CUDA cuTensorMapEncodeTiled(void *target, int type, uint32_t rank, void *address, const uint64_t *extents,
                                const uint64_t *strides, const uint32_t *box, const uint32_t *elementStrides,
                                int interleave, int swizzle, int, int fill) {
  return enter("cuTensorMapEncodeTiled", false, [&](State &s) -> CUresult {
    static const uint8_t sizes[] = {1, 2, 4, 4, 8, 8, 2, 4, 8, 2, 4, 4, 4};
    const char *problem = nullptr;
    if (!target || !address || !extents || !box || !elementStrides || (rank > 1 && !strides))
      problem = "expected no null pointer";
    else if (reinterpret_cast<uintptr_t>(target) % 64)
      problem = "expected the map at a multiple of 64 bytes";
    else if (type < 0 || type >= int(sizeof sizes))
      problem = "unknown element type";
    else if (rank < 1 || rank > 5)
      problem = "expected a rank from 1 to 5";
    else if (interleave)
      problem = "interleaved layouts are not supported";
    else if (swizzle < 0 || swizzle > 3)
      problem = "unknown swizzle";
    ptx::TensorMap map;
    if (!problem) {
      map.base = reinterpret_cast<uintptr_t>(address);
      map.rank = uint8_t(rank);
      map.elementSize = sizes[type];
      map.swizzle = uint8_t(swizzle);
      map.nanFill = fill == 1;
      for (unsigned d = 0; d < rank && !problem; ++d) {
        if (!extents[d] || extents[d] > 0xffffffffull)
          problem = "expected extents from 1 to 2^32-1";
        else if (!box[d] || box[d] > 256)
          problem = "expected box extents from 1 to 256";
        else if (!elementStrides[d] || elementStrides[d] > 8)
          problem = "expected element strides from 1 to 8";
        map.dims[d] = uint32_t(extents[d]);
        map.box[d] = box[d];
        map.elementStrides[d] = uint8_t(elementStrides[d]);
        if (d + 1 < rank)
          map.strides[d] = strides[d];
      }
    }
    if (!problem)
      problem = ptx::checkTensorMap(map);
    if (problem)
      return s.fail(result::InvalidValue, std::string("cuTensorMapEncodeTiled: ") + problem);
    memcpy(target, &map, sizeof map);
    return result::Success;
  });
}
