// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "State.h"
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <thread>
#include <unistd.h>

namespace aic::fakecuda {

State &state() {
  static State *instance = new State();
  return *instance;
}

State::State() = default;

Graph::~Graph() {
  for (uint64_t address : allocations)
    if (state().allocations.count(address)) // else its context is gone
      state().release(address);
}

static uint64_t number(const char *name, uint64_t otherwise) {
  const char *text = getenv(name);
  if (!text || !*text)
    return otherwise;
  char *end;
  uint64_t value = strtoull(text, &end, 0);
  if (!*end)
    return value;
  state().say(std::string(name) + ": expected a number, got '" + text + "'");
  return otherwise;
}

static bool knownChip(unsigned sm) {
  for (unsigned known : {70, 72, 75, 80, 86, 87, 88, 89, 90, 100, 101, 103, 110, 120, 121})
    if (sm == known)
      return true;
  return false;
}

Settings settings() {
  Settings s;
  if (const char *check = getenv("AIC_FAKECUDA_CHECK")) {
    if (!strcmp(check, "fast"))
      s.check = Settings::Fast;
    else if (!strcmp(check, "none"))
      s.check = Settings::None;
    else if (*check && strcmp(check, "all"))
      state().say(std::string("AIC_FAKECUDA_CHECK: expected all, fast or none, got '") + check + "'");
  }
  s.seed = number("AIC_FAKECUDA_SEED", 0);
  if (uint64_t sm = number("AIC_FAKECUDA_SM", 0)) {
    if (knownChip(unsigned(sm)))
      s.sm = unsigned(sm), s.anyTarget = false;
    else
      state().say("AIC_FAKECUDA_SM: expected a compute capability such as 80, got " + std::to_string(sm));
  }
  // Half of the machine's: what is allocated is filled, so that it is really used.
  uint64_t machine = uint64_t(sysconf(_SC_PHYS_PAGES)) * uint64_t(sysconf(_SC_PAGE_SIZE)) / 2;
  s.memory = number("AIC_FAKECUDA_MEMORY", machine);
  s.steps = number("AIC_FAKECUDA_STEPS", 4'000'000'000ull); // a minute or two: a kernel that runs longer hangs
  if (const char *counters = getenv("AIC_FAKECUDA_COUNTERS"))
    s.counters = counters;
  if (const char *mutate = getenv("AIC_FAKECUDA_MUTATE"))
    s.mutate = mutate;
  s.log = number("AIC_FAKECUDA_LOG", 0) != 0;
  s.late = number("AIC_FAKECUDA_LATE", 0) != 0;
  return s;
}

Handle &State::current() {
  static thread_local Handle context = 0;
  return context;
}

CUresult State::checkContext() const {
  if (!current())
    return result::InvalidContext;
  return contexts.objects.count(current()) ? result::Success : result::ContextIsDestroyed;
}

std::shared_ptr<Stream> State::stream(CUstream stream) {
  if (reinterpret_cast<Handle>(stream) <= 2)
    return defaultStream;
  return streams.share(stream);
}

void State::destroyContext(Handle context) {
  auto drop = [&](auto &table) {
    for (auto it = table.objects.begin(); it != table.objects.end();)
      it = it->second->context == context ? table.objects.erase(it) : std::next(it);
  };
  for (auto &entry : modules.objects)
    if (entry.second->context == context)
      for (auto &function : entry.second->functions)
        functions.erase(reinterpret_cast<void *>(function.second));
  drop(modules);
  drop(streams);
  drop(events);
  for (auto it = allocations.begin(); it != allocations.end();) {
    if (it->second == context) {
      memory.free(it->first);
      it = allocations.erase(it);
    } else {
      ++it;
    }
  }
  defaultStream = std::make_shared<Stream>();
  contexts.erase(reinterpret_cast<void *>(context));
}

void State::say(const std::string &text) {
  const unsigned most = 200;
  lastError = text;
  if (printed < most)
    fprintf(stderr, "aic-fakecuda: %s\n", text.c_str());
  if (++printed == most)
    fprintf(stderr, "aic-fakecuda: further messages are not shown\n");
}

CUresult State::fail(CUresult code, const std::string &text) {
  say(text);
  return code;
}

static uint64_t threadNumber() { return std::hash<std::thread::id>()(std::this_thread::get_id()); }

CUresult State::submit(CUstream handle, Work work) {
  std::shared_ptr<Stream> to = stream(handle);
  if (!to)
    return result::InvalidHandle;
  if (to == defaultStream && captures) {
    // The legacy stream waits for all others, which a captured one cannot be waited for.
    for (const auto &capture : activeCaptures)
      capture->invalid = true;
    return result::CaptureImplicit;
  }
  if (to->capture) {
    if (to->capture->invalid)
      return result::CaptureInvalidated;
    if (reinterpret_cast<Handle>(handle) != to->capture->origin)
      to->capture->unjoined.insert(reinterpret_cast<Handle>(handle));
    to->capture->graph->work.push_back(std::move(work));
    return result::Success;
  }
  CUresult code = work();
  if (code == result::LaunchFailed && settings().late) {
    to->pending = code;
    return result::Success;
  }
  return code;
}

CUresult State::forbidInCapture() {
  CUresult code = result::Success;
  for (const auto &capture : activeCaptures)
    if (capture->mode == 0 || (capture->mode == 1 && capture->thread == threadNumber())) {
      capture->invalid = true;
      code = result::CaptureUnsupported;
    }
  return code;
}

CUresult State::synchronize(Stream &stream) {
  if (stream.capture) {
    stream.capture->invalid = true;
    return result::CaptureUnsupported;
  }
  CUresult code = stream.pending;
  stream.pending = result::Success;
  return code;
}

/// AIC_FAKECUDA_FAIL=NAME=CODE[@N]: the N-th call of NAME (every call without @N) returns CODE.
static CUresult injected(const char *name) {
  const char *text = getenv("AIC_FAKECUDA_FAIL");
  if (!text || !*text)
    return result::Success;
  static std::map<std::string, uint64_t> calls; // under the lock of the state
  static std::string last;
  if (last != text) {
    calls.clear();
    last = text;
  }
  const char *equals = strchr(text, '=');
  size_t length = strlen(name);
  if (!equals || size_t(equals - text) != length || strncmp(text, name, length))
    return result::Success;
  char *end;
  long code = strtol(equals + 1, &end, 10);
  if (*end == '@' && ++calls[name] != strtoull(end + 1, nullptr, 10))
    return result::Success;
  return CUresult(code);
}

CUresult enter(const char *name, bool needsContext, const std::function<CUresult(State &)> &body) {
  State &s = state();
  std::lock_guard<std::recursive_mutex> lock(s.mutex);
  try {
    if (CUresult code = injected(name))
      return code;
    if (!s.initialized)
      return result::NotInitialized;
    if (needsContext)
      if (CUresult code = s.checkContext())
        return code;
    return body(s);
  } catch (const std::bad_alloc &) {
    return result::OutOfMemory;
  }
}

} // namespace aic::fakecuda

using namespace aic::fakecuda;

/// The last finding or misuse, worded as on stderr; empty if there was none. Valid until the thread asks again.
extern "C" __attribute__((visibility("default"))) const char *aic_fakecuda_last_error(void) {
  static thread_local std::string text;
  State &s = state();
  std::lock_guard<std::recursive_mutex> lock(s.mutex);
  text = s.lastError;
  return text.c_str();
}

extern "C" __attribute__((visibility("default"))) void aic_fakecuda_clear_error(void) {
  State &s = state();
  std::lock_guard<std::recursive_mutex> lock(s.mutex);
  s.lastError.clear();
  s.printed = 0;
}

/// Launches, warp instructions, findings, live and most bytes of device memory; the first `count` of these.
extern "C" __attribute__((visibility("default"))) void aic_fakecuda_stats(uint64_t *values, size_t count) {
  State &s = state();
  std::lock_guard<std::recursive_mutex> lock(s.mutex);
  const uint64_t all[] = {s.launches, s.steps, s.findings, s.memory.liveBytes(), s.peakBytes};
  for (size_t i = 0; i < count; ++i)
    values[i] = i < sizeof all / sizeof *all ? all[i] : 0;
}
