// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the driver on the executor knows: handles, memory, captures. One device, one lock. Handles are numbers that are
// never used twice, so that a stale or invented one is told from a live one and never followed.
#ifndef AIC_PTX_DRIVER_STATE_H
#define AIC_PTX_DRIVER_STATE_H

#include "Abi.h"
#include "aic/PTX/Executor.h"
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>

namespace aic::fakecuda {

using Handle = uintptr_t;

template <class T> class Table {
public:
  explicit Table(Handle &counter) : counter(counter) {}
  Handle add(std::shared_ptr<T> object) {
    counter += 16;
    objects[counter] = std::move(object);
    return counter;
  }
  template <class P> T *get(P handle) const {
    auto found = objects.find(reinterpret_cast<Handle>(handle));
    return found == objects.end() ? nullptr : found->second.get();
  }
  template <class P> std::shared_ptr<T> share(P handle) const {
    auto found = objects.find(reinterpret_cast<Handle>(handle));
    return found == objects.end() ? nullptr : found->second;
  }
  template <class P> bool erase(P handle) { return objects.erase(reinterpret_cast<Handle>(handle)) != 0; }
  std::map<Handle, std::shared_ptr<T>> objects;

private:
  Handle &counter;
};

struct Context {
  bool primary = false;
};

struct Module {
  Handle context = 0;
  std::unique_ptr<ptx::Program> program;
  std::map<std::string, Handle> functions; // by kernel name: what was handed out
};

struct Function {
  std::shared_ptr<Module> module;
  const ptx::Kernel *kernel = nullptr;
  int dynamicShared = -1; // CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES; -1 until it is set
};

/// What a stream does: called when the work is due, which is at once or when a graph is launched.
using Work = std::function<CUresult()>;

struct Graph {
  std::vector<Work> work;
  std::vector<uint64_t> allocations; // made while it was captured; they live as long as it
  ~Graph();
};

struct Capture {
  std::shared_ptr<Graph> graph = std::make_shared<Graph>();
  Handle origin = 0;
  int mode = 0; // 0 global, 1 thread-local, 2 relaxed
  uint64_t thread = 0;
  bool invalid = false;
  std::set<Handle> unjoined; // forked streams whose last work nobody of the origin waits for
};

struct Stream {
  Handle context = 0;
  unsigned flags = 0;
  std::shared_ptr<Capture> capture;
  CUresult pending = 0; // of work that failed; told at the next synchronisation (AIC_FAKECUDA_LATE)
};

struct Event {
  Handle context = 0;
  unsigned flags = 0;
  bool recorded = false;
  double milliseconds = 0;
  std::shared_ptr<Capture> capture; // recorded while its stream was captured
  Handle stream = 0;                // that recorded it
};

/// The environment as it is now; a program may change it between two calls.
struct Settings {
  enum Check { All, Fast, None } check = All;
  uint64_t seed = 0;
  unsigned sm = 120;
  bool anyTarget = true; // no AIC_FAKECUDA_SM: the executor passes for any chip
  uint64_t memory = 0, steps = 0;
  std::string counters, mutate;
  bool log = false, late = false;
};
Settings settings();

class State {
public:
  State();
  std::recursive_mutex mutex;
  bool initialized = false;
  Handle counter = 0x1000;
  ptx::Memory memory;
  std::map<uint64_t, Handle> allocations; // device address -> context
  std::map<void *, size_t> hostAllocations;
  Table<Context> contexts{counter};
  Table<Module> modules{counter};
  Table<Function> functions{counter};
  Table<Stream> streams{counter};
  Table<Event> events{counter};
  Table<Graph> graphs{counter};
  Table<Graph> executables{counter};
  Handle primary = 0;
  unsigned primaryUsers = 0;
  std::shared_ptr<Stream> defaultStream = std::make_shared<Stream>();
  unsigned captures = 0; // in progress
  std::set<std::shared_ptr<Capture>> activeCaptures;
  uint64_t serial = 0, launches = 0, steps = 0, findings = 0, peakBytes = 0;
  unsigned printed = 0; // lines of findings
  std::string lastError;

  /// The context that is current on the calling thread; 0 if none is.
  static Handle &current();
  CUresult checkContext() const;
  /// Null if `stream` is no stream. 0, 1 and 2 are the default streams.
  std::shared_ptr<Stream> stream(CUstream stream);
  void destroyContext(Handle context);

  /// Says on stderr what is wrong (a limited number of times), keeps it for aic_fakecuda_last_error.
  void say(const std::string &text);
  CUresult fail(CUresult code, const std::string &text);

  /// Runs `work` in the stream's order: now, or later if the stream is captured.
  CUresult submit(CUstream stream, Work work);
  /// What a call that captures forbid returns while one is in progress.
  CUresult forbidInCapture();
  CUresult synchronize(Stream &stream);

  // MemoryApi.cpp
  CUresult allocate(uint64_t *address, size_t bytes);
  CUresult release(uint64_t address);
  /// Copies; a null host pointer means that the side is device memory.
  CUresult copy(void *toHost, uint64_t to, const void *fromHost, uint64_t from, size_t bytes);
};

/// Never destroyed: programs call the driver from their own destructors.
State &state();

/// Entry of every function of the interface: takes the lock, injects faults, checks that the driver is initialised and,
/// with `needsContext`, that a context is current.
CUresult enter(const char *name, bool needsContext, const std::function<CUresult(State &)> &body);

template <class H> H asHandle(Handle handle) { return reinterpret_cast<H>(handle); }

const char *resultName(CUresult code);
const char *resultText(CUresult code);

} // namespace aic::fakecuda

#define AIC_CUDA extern "C" __attribute__((visibility("default"))) CUresult

#endif // AIC_PTX_DRIVER_STATE_H
