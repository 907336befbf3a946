// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Streams, events, graphs. Work runs when it is submitted: every order that a program may rely on holds, those that it
// must not rely on hold too. A captured stream records instead, in the order of submission, which is one of the orders
// that the graph allows.
#include "State.h"
#include <chrono>
#include <thread>

using namespace aic;
using namespace aic::fakecuda;

static double now() {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

AIC_CUDA cuStreamCreateWithPriority(CUstream *stream, unsigned flags, int) {
  return enter("cuStreamCreate", true, [&](State &s) {
    if (!stream || flags > 1)
      return result::InvalidValue;
    auto object = std::make_shared<Stream>();
    object->context = s.current();
    object->flags = flags;
    *stream = asHandle<CUstream>(s.streams.add(std::move(object)));
    return result::Success;
  });
}

AIC_CUDA cuStreamCreate(CUstream *stream, unsigned flags) { return cuStreamCreateWithPriority(stream, flags, 0); }

AIC_CUDA cuStreamDestroy_v2(CUstream stream) {
  return enter("cuStreamDestroy_v2", true, [&](State &s) {
    Stream *object = s.streams.get(stream);
    if (!object)
      return result::InvalidHandle;
    if (object->capture)
      object->capture->invalid = true;
    s.streams.erase(stream);
    return result::Success;
  });
}

AIC_CUDA cuStreamSynchronize(CUstream stream) {
  return enter("cuStreamSynchronize", true, [&](State &s) {
    auto object = s.stream(stream);
    return object ? s.synchronize(*object) : int(result::InvalidHandle);
  });
}

AIC_CUDA cuStreamQuery(CUstream stream) {
  return enter("cuStreamQuery", true, [&](State &s) {
    auto object = s.stream(stream);
    return object ? s.synchronize(*object) : int(result::InvalidHandle);
  });
}

AIC_CUDA cuStreamGetCtx(CUstream stream, CUcontext *context) {
  return enter("cuStreamGetCtx", true, [&](State &s) {
    auto object = s.stream(stream);
    if (!object)
      return result::InvalidHandle;
    if (!context)
      return result::InvalidValue;
    *context = asHandle<CUcontext>(object->context ? object->context : s.current());
    return result::Success;
  });
}

AIC_CUDA cuStreamGetFlags(CUstream stream, unsigned *flags) {
  return enter("cuStreamGetFlags", true, [&](State &s) {
    auto object = s.stream(stream);
    if (!object)
      return result::InvalidHandle;
    if (!flags)
      return result::InvalidValue;
    *flags = object->flags;
    return result::Success;
  });
}

AIC_CUDA cuStreamWaitEvent(CUstream stream, CUevent event, unsigned flags) {
  return enter("cuStreamWaitEvent", true, [&](State &s) {
    auto object = s.stream(stream);
    Event *waited = s.events.get(event);
    if (!object || !waited)
      return result::InvalidHandle;
    if (flags > 1)
      return result::InvalidValue;
    if (waited->capture && s.activeCaptures.count(waited->capture)) {
      if (object->capture && object->capture != waited->capture) {
        object->capture->invalid = waited->capture->invalid = true;
        return result::CaptureMerge;
      }
      if (object == s.defaultStream)
        return result::CaptureImplicit;
      if (!object->capture) { // the wait forks the capture onto this stream
        object->capture = waited->capture;
        object->capture->unjoined.insert(reinterpret_cast<Handle>(stream));
      } else { // what the event covers is joined
        waited->capture->unjoined.erase(waited->stream);
      }
      return result::Success;
    }
    if (object->capture) {
      object->capture->invalid = true;
      return result::CaptureIsolation;
    }
    return result::Success;
  });
}

AIC_CUDA cuLaunchHostFunc(CUstream stream, CUhostFn function, void *data) {
  return enter("cuLaunchHostFunc", true, [&](State &s) -> CUresult {
    if (!function)
      return result::InvalidValue;
    return s.submit(stream, [function, data] {
      function(data);
      return result::Success;
    });
  });
}

AIC_CUDA cuEventCreate(CUevent *event, unsigned flags) {
  return enter("cuEventCreate", true, [&](State &s) {
    if (!event)
      return result::InvalidValue;
    auto object = std::make_shared<Event>();
    object->context = s.current();
    object->flags = flags;
    *event = asHandle<CUevent>(s.events.add(std::move(object)));
    return result::Success;
  });
}

AIC_CUDA cuEventDestroy_v2(CUevent event) {
  return enter("cuEventDestroy_v2", true,
               [&](State &s) { return s.events.erase(event) ? result::Success : result::InvalidHandle; });
}

AIC_CUDA cuEventRecord(CUevent event, CUstream stream) {
  return enter("cuEventRecord", true, [&](State &s) {
    auto object = s.stream(stream);
    auto recorded = s.events.share(event);
    if (!object || !recorded)
      return result::InvalidHandle;
    recorded->capture = object->capture;
    recorded->stream = reinterpret_cast<Handle>(stream);
    recorded->recorded = true;
    recorded->milliseconds = now();
    return result::Success;
  });
}

AIC_CUDA cuEventQuery(CUevent event) {
  return enter("cuEventQuery", true, [&](State &s) {
    Event *object = s.events.get(event);
    if (!object)
      return result::InvalidHandle;
    return object->capture ? result::CapturedEvent : result::Success;
  });
}

AIC_CUDA cuEventSynchronize(CUevent event) {
  return enter("cuEventSynchronize", true, [&](State &s) {
    Event *object = s.events.get(event);
    if (!object)
      return int(result::InvalidHandle);
    if (object->capture)
      return int(result::CapturedEvent);
    auto stream = s.stream(asHandle<CUstream>(object->stream));
    return object->recorded && stream ? s.synchronize(*stream) : int(result::Success);
  });
}

AIC_CUDA cuEventElapsedTime(float *milliseconds, CUevent start, CUevent end) {
  return enter("cuEventElapsedTime", true, [&](State &s) {
    Event *first = s.events.get(start), *second = s.events.get(end);
    if (!milliseconds)
      return result::InvalidValue;
    if (!first || !second || !first->recorded || !second->recorded ||
        (first->flags | second->flags) & event::DisableTiming)
      return result::InvalidHandle;
    if (first->capture || second->capture)
      return result::CapturedEvent;
    *milliseconds = float(second->milliseconds - first->milliseconds);
    return result::Success;
  });
}

AIC_CUDA cuEventElapsedTime_v2(float *milliseconds, CUevent start, CUevent end) {
  return cuEventElapsedTime(milliseconds, start, end);
}

AIC_CUDA cuStreamBeginCapture_v2(CUstream stream, int mode) {
  return enter("cuStreamBeginCapture_v2", true, [&](State &s) {
    Stream *object = s.streams.get(stream);
    if (!object)
      return reinterpret_cast<Handle>(stream) <= 2 ? result::CaptureUnsupported : result::InvalidHandle;
    if (mode < 0 || mode > 2)
      return result::InvalidValue;
    if (object->capture)
      return result::CaptureUnmatched;
    object->capture = std::make_shared<Capture>();
    object->capture->origin = reinterpret_cast<Handle>(stream);
    object->capture->mode = mode;
    object->capture->thread = std::hash<std::thread::id>()(std::this_thread::get_id());
    s.activeCaptures.insert(object->capture);
    ++s.captures;
    return result::Success;
  });
}

AIC_CUDA cuStreamEndCapture(CUstream stream, CUgraph *graph) {
  return enter("cuStreamEndCapture", true, [&](State &s) {
    Stream *object = s.streams.get(stream);
    if (!object)
      return result::InvalidHandle;
    if (!graph)
      return result::InvalidValue;
    auto capture = object->capture;
    *graph = nullptr;
    if (!capture)
      return result::NotPermitted;
    if (capture->origin != reinterpret_cast<Handle>(stream))
      return result::CaptureUnmatched;
    if (capture->mode != 2 && capture->thread != std::hash<std::thread::id>()(std::this_thread::get_id()))
      return result::CaptureWrongThread;
    for (auto &entry : s.streams.objects)
      if (entry.second->capture == capture)
        entry.second->capture = nullptr;
    s.activeCaptures.erase(capture);
    --s.captures;
    if (capture->invalid)
      return result::CaptureInvalidated;
    if (!capture->unjoined.empty())
      return result::CaptureUnjoined;
    *graph = asHandle<CUgraph>(s.graphs.add(capture->graph));
    return result::Success;
  });
}

AIC_CUDA cuStreamIsCapturing(CUstream stream, int *status) {
  return enter("cuStreamIsCapturing", true, [&](State &s) {
    auto object = s.stream(stream);
    if (!object)
      return result::InvalidHandle;
    if (!status)
      return result::InvalidValue;
    *status = !object->capture ? 0 : object->capture->invalid ? 2 : 1;
    return result::Success;
  });
}

AIC_CUDA cuThreadExchangeStreamCaptureMode(int *mode) {
  static thread_local int current = 0;
  if (!mode || *mode < 0 || *mode > 2)
    return result::InvalidValue;
  std::swap(current, *mode);
  return result::Success;
}

static CUresult instantiate(const char *name, CUgraphExec *executable, CUgraph graph) {
  return enter(name, true, [&](State &s) {
    if (!executable)
      return result::InvalidValue;
    auto object = s.graphs.share(graph);
    if (!object)
      return result::InvalidValue;
    *executable = asHandle<CUgraphExec>(s.executables.add(std::move(object)));
    return result::Success;
  });
}

AIC_CUDA cuGraphInstantiateWithFlags(CUgraphExec *executable, CUgraph graph, unsigned long long) {
  return instantiate("cuGraphInstantiateWithFlags", executable, graph);
}

AIC_CUDA cuGraphInstantiate_v2(CUgraphExec *executable, CUgraph graph, CUgraphNode *node, char *log, size_t bytes) {
  if (node)
    *node = nullptr;
  if (log && bytes)
    *log = 0;
  return instantiate("cuGraphInstantiate_v2", executable, graph);
}

AIC_CUDA cuGraphLaunch(CUgraphExec executable, CUstream stream) {
  return enter("cuGraphLaunch", true, [&](State &s) -> CUresult {
    auto object = s.executables.share(executable);
    if (!object)
      return result::InvalidValue;
    return s.submit(stream, [object] {
      for (const Work &work : object->work)
        if (CUresult code = work())
          return code;
      return int(result::Success);
    });
  });
}

AIC_CUDA cuGraphUpload(CUgraphExec executable, CUstream stream) {
  return enter("cuGraphUpload", true, [&](State &s) {
    return s.executables.get(executable) && s.stream(stream) ? result::Success : result::InvalidValue;
  });
}

AIC_CUDA cuGraphGetNodes(CUgraph graph, CUgraphNode *nodes, size_t *count) {
  return enter("cuGraphGetNodes", true, [&](State &s) {
    Graph *object = s.graphs.get(graph);
    if (!object || !count)
      return result::InvalidValue;
    for (size_t i = 0; nodes && i < *count; ++i)
      nodes[i] = i < object->work.size() ? reinterpret_cast<CUgraphNode>(&object->work[i]) : nullptr;
    *count = nodes ? std::min(*count, object->work.size()) : object->work.size();
    return result::Success;
  });
}

AIC_CUDA cuGraphDestroy(CUgraph graph) {
  return enter("cuGraphDestroy", false,
               [&](State &s) { return s.graphs.erase(graph) ? result::Success : result::InvalidValue; });
}

AIC_CUDA cuGraphExecDestroy(CUgraphExec executable) {
  return enter("cuGraphExecDestroy", false,
               [&](State &s) { return s.executables.erase(executable) ? result::Success : result::InvalidValue; });
}
