// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// AIC_FAKECUDA_MUTATE: behind a launch without findings every synchronisation of its kernel is broken in turn, from the
// same memory, and a line says what showed it. What a program launches is so the test of what its kernels synchronise.
#include "Launches.h"
#include <algorithm>
#include <cstdio>
#include <cstring>

namespace aic::fakecuda {

namespace {

/// What a kernel can reach: the allocations that its parameters point into.
struct Snapshot {
  struct Part {
    ptx::Allocation *entry;
    std::vector<uint8_t> bytes;
    std::vector<uint64_t> written;
  };
  std::vector<Part> parts;

  void add(ptx::Allocation *entry) {
    for (const Part &part : parts)
      if (part.entry == entry)
        return;
    parts.push_back({entry, std::vector<uint8_t>(entry->host, entry->host + entry->size), entry->written});
  }
  void restore() const {
    for (const Part &part : parts) {
      memcpy(part.entry->host, part.bytes.data(), part.bytes.size());
      part.entry->written = part.written;
    }
  }
  bool same() const {
    for (const Part &part : parts)
      if (memcmp(part.entry->host, part.bytes.data(), part.bytes.size()))
        return false;
    return true;
  }
};

Snapshot takeSnapshot(State &s, const Launch &launch) {
  Snapshot snapshot;
  for (const ptx::Param &param : launch.function->kernel->params) {
    uint64_t value;
    if (param.size != 8)
      continue;
    memcpy(&value, launch.params.data() + param.offset, 8);
    ptx::Allocation *entry = s.memory.find(value);
    if (entry && entry->live && !entry->readOnly)
      snapshot.add(entry);
  }
  return snapshot;
}

std::string quoted(const std::string &text) {
  std::string result;
  for (char c : text) {
    if (c == '"' || c == '\\')
      result += '\\';
    result += (unsigned char)c < 0x20 ? ' ' : c;
  }
  return result;
}

} // namespace

ptx::LaunchResult runSwept(State &s, const Launch &launch, const ptx::Options &chosen, const std::string &fileName) {
  const ptx::Program &program = *launch.function->module->program;
  const ptx::Kernel &kernel = *launch.function->kernel;
  auto run = [&](const ptx::Options &options) {
    return ptx::launch(program, kernel, launch.config, launch.params.data(), launch.params.size(), s.memory, options);
  };
  std::vector<ptx::Synchronisation> list = ptx::synchronisations(program, kernel);
  if (list.empty())
    return run(chosen);
  Snapshot before = takeSnapshot(s, launch);
  ptx::LaunchResult clean = run(chosen);
  if (!clean.ok())
    return clean;
  Snapshot after = takeSnapshot(s, launch);
  FILE *file = std::fopen(fileName.c_str(), "a");
  if (!file) {
    s.say("AIC_FAKECUDA_MUTATE: cannot write '" + fileName + "'");
    return clean;
  }
  ptx::Options options = chosen;
  options.maxSteps = clean.steps * 10 + 100000; // a mutant may hang
  options.counters = false;
  for (size_t number = 0; number < list.size(); ++number) {
    std::string found;
    options.mutation = int(number);
    for (ptx::AsyncMode mode : {chosen.asyncMode, ptx::AsyncMode::Early}) {
      options.asyncMode = mode;
      before.restore();
      ptx::LaunchResult result = run(options);
      if (!result.ok())
        found = result.errors.front().kind + " at line " + std::to_string(result.errors.front().line);
      else if (!after.same())
        found = "wrong result";
      if (!found.empty())
        break;
    }
    std::fprintf(file,
                 "{\"effect\": \"%s\", \"found\": \"%s\", \"kernel\": \"%s\", \"launch\": %llu, \"line\": %u, "
                 "\"opcode\": \"%s\", \"program\": \"%s\"}\n",
                 quoted(list[number].effect).c_str(), quoted(found).c_str(), quoted(kernel.name).c_str(),
                 (unsigned long long)s.launches + 1, list[number].line, quoted(list[number].opcode).c_str(),
                 quoted(program.name()).c_str());
  }
  std::fclose(file);
  after.restore();
  return clean;
}

} // namespace aic::fakecuda
