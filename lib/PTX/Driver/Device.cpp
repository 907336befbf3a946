// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Initialisation, the device, contexts.
#include "State.h"
#include <cstdio>
#include <cstdlib>
#include <cstring>

using namespace aic;
using namespace aic::fakecuda;

namespace {

/// As CUDA writes it: 12.8 is 12080. The newest driver whose PTX the executor reads.
const int driverVersion = 13000;

int attribute(int which) {
  using namespace deviceAttribute;
  Settings s = settings();
  ptx::Limits limits = ptx::limitsOf(s.sm);
  switch (which) {
  case MaxThreadsPerBlock:
    return int(limits.maxThreads);
  case MaxBlockX:
    return int(limits.maxBlock.x);
  case MaxBlockY:
    return int(limits.maxBlock.y);
  case MaxBlockZ:
    return int(limits.maxBlock.z);
  case MaxGridX:
    return int(limits.maxGrid.x);
  case MaxGridY:
    return int(limits.maxGrid.y);
  case MaxGridZ:
    return int(limits.maxGrid.z);
  case SharedPerBlock:
    return int(limits.sharedDefault);
  case SharedPerBlockOptIn:
    return int(limits.sharedOptIn);
  case SharedPerMultiprocessor:
    return int(limits.sharedOptIn) + 1024;
  case ReservedSharedPerBlock:
    return s.sm >= 80 ? 1024 : 0;
  case ConstantMemory:
    return 65536;
  case WarpSize:
    return 32;
  case MaxPitch:
    return 0x7fffffff;
  case RegistersPerBlock:
  case RegistersPerMultiprocessor:
    return 65536;
  case ClockRate:
  case MemoryClockRate:
    return 1000000;
  case TextureAlignment:
    return 512;
  case MemoryBusWidth:
    return 256;
  case L2CacheSize:
    return 4 << 20;
  case Multiprocessors:
    return 8;
  case ThreadsPerMultiprocessor:
    return 1536;
  case BlocksPerMultiprocessor:
    return 24;
  case GpuOverlap:
  case CanMapHostMemory:
  case ConcurrentKernels:
  case AsyncEngines:
  case UnifiedAddressing:
  case StreamPriorities:
  case MemoryPools:
    return 1;
  case CapabilityMajor:
    return int(s.sm / 10);
  case CapabilityMinor:
    return int(s.sm % 10);
  default:
    return 0;
  }
}

thread_local std::vector<Handle> stack; // below the current context

} // namespace

AIC_CUDA cuInit(unsigned flags) {
  State &s = state();
  std::lock_guard<std::recursive_mutex> lock(s.mutex);
  if (flags)
    return result::InvalidValue;
  bool before = s.initialized;
  s.initialized = true;
  CUresult code = enter("cuInit", false, [](State &) { return result::Success; });
  s.initialized = before || !code;
  return code;
}

AIC_CUDA cuDriverGetVersion(int *version) {
  if (!version)
    return result::InvalidValue;
  *version = driverVersion;
  return result::Success;
}

AIC_CUDA cuDeviceGetCount(int *count) {
  return enter("cuDeviceGetCount", false, [&](State &) {
    if (!count)
      return result::InvalidValue;
    *count = 1;
    return result::Success;
  });
}

AIC_CUDA cuDeviceGet(CUdevice *device, int ordinal) {
  return enter("cuDeviceGet", false, [&](State &) {
    if (!device)
      return result::InvalidValue;
    if (ordinal)
      return result::InvalidDevice;
    *device = 0;
    return result::Success;
  });
}

AIC_CUDA cuDeviceGetName(char *name, int length, CUdevice device) {
  return enter("cuDeviceGetName", false, [&](State &) {
    if (!name || length < 1)
      return result::InvalidValue;
    if (device)
      return result::InvalidDevice;
    std::snprintf(name, size_t(length), "AIC PTX executor (sm_%u)", settings().sm);
    return result::Success;
  });
}

AIC_CUDA cuDeviceGetAttribute(int *value, int which, CUdevice device) {
  return enter("cuDeviceGetAttribute", false, [&](State &) {
    if (!value || which < 1 || which >= deviceAttribute::Count)
      return result::InvalidValue;
    if (device)
      return result::InvalidDevice;
    *value = attribute(which);
    return result::Success;
  });
}

AIC_CUDA cuDeviceComputeCapability(int *major, int *minor, CUdevice device) {
  return enter("cuDeviceComputeCapability", false, [&](State &) {
    if (!major || !minor)
      return result::InvalidValue;
    if (device)
      return result::InvalidDevice;
    *major = attribute(deviceAttribute::CapabilityMajor);
    *minor = attribute(deviceAttribute::CapabilityMinor);
    return result::Success;
  });
}

AIC_CUDA cuDeviceTotalMem_v2(size_t *bytes, CUdevice device) {
  return enter("cuDeviceTotalMem_v2", false, [&](State &) {
    if (!bytes)
      return result::InvalidValue;
    if (device)
      return result::InvalidDevice;
    *bytes = settings().memory;
    return result::Success;
  });
}

AIC_CUDA cuDeviceGetUuid_v2(void *uuid, CUdevice device) {
  return enter("cuDeviceGetUuid_v2", false, [&](State &) {
    if (!uuid)
      return result::InvalidValue;
    if (device)
      return result::InvalidDevice;
    memcpy(uuid, "AIC PTX executor", 16);
    return result::Success;
  });
}

AIC_CUDA cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice device) {
  return enter("cuDevicePrimaryCtxRetain", false, [&](State &s) {
    if (!context)
      return result::InvalidValue;
    if (device)
      return result::InvalidDevice;
    if (!s.primaryUsers++)
      s.primary = s.contexts.add(std::make_shared<Context>(Context{true}));
    *context = asHandle<CUcontext>(s.primary);
    return result::Success;
  });
}

AIC_CUDA cuDevicePrimaryCtxRelease_v2(CUdevice device) {
  return enter("cuDevicePrimaryCtxRelease_v2", false, [&](State &s) {
    if (device)
      return result::InvalidDevice;
    if (!s.primaryUsers)
      return result::InvalidContext;
    if (!--s.primaryUsers)
      s.destroyContext(s.primary);
    return result::Success;
  });
}

AIC_CUDA cuDevicePrimaryCtxReset_v2(CUdevice device) {
  return enter("cuDevicePrimaryCtxReset_v2", false, [&](State &s) {
    if (device)
      return result::InvalidDevice;
    if (s.primaryUsers)
      s.destroyContext(s.primary);
    s.primaryUsers = 0;
    return result::Success;
  });
}

AIC_CUDA cuDevicePrimaryCtxGetState(CUdevice device, unsigned *flags, int *active) {
  return enter("cuDevicePrimaryCtxGetState", false, [&](State &s) {
    if (!flags || !active)
      return result::InvalidValue;
    if (device)
      return result::InvalidDevice;
    *flags = 0;
    *active = s.primaryUsers != 0;
    return result::Success;
  });
}

AIC_CUDA cuCtxCreate_v2(CUcontext *context, unsigned, CUdevice device) {
  return enter("cuCtxCreate_v2", false, [&](State &s) {
    if (!context)
      return result::InvalidValue;
    if (device)
      return result::InvalidDevice;
    stack.push_back(s.current());
    s.current() = s.contexts.add(std::make_shared<Context>());
    *context = asHandle<CUcontext>(s.current());
    return result::Success;
  });
}

AIC_CUDA cuCtxDestroy_v2(CUcontext context) {
  return enter("cuCtxDestroy_v2", false, [&](State &s) {
    Context *object = s.contexts.get(context);
    if (!object || object->primary)
      return result::InvalidContext;
    Handle handle = reinterpret_cast<Handle>(context);
    s.destroyContext(handle);
    if (s.current() == handle) {
      s.current() = stack.empty() ? 0 : stack.back();
      if (!stack.empty())
        stack.pop_back();
    }
    return result::Success;
  });
}

AIC_CUDA cuCtxGetCurrent(CUcontext *context) {
  return enter("cuCtxGetCurrent", false, [&](State &s) {
    if (!context)
      return result::InvalidValue;
    *context = asHandle<CUcontext>(s.current());
    return result::Success;
  });
}

AIC_CUDA cuCtxSetCurrent(CUcontext context) {
  return enter("cuCtxSetCurrent", false, [&](State &s) {
    if (context && !s.contexts.get(context))
      return result::InvalidContext;
    s.current() = reinterpret_cast<Handle>(context);
    return result::Success;
  });
}

AIC_CUDA cuCtxPushCurrent_v2(CUcontext context) {
  return enter("cuCtxPushCurrent_v2", false, [&](State &s) {
    if (!s.contexts.get(context))
      return result::InvalidContext;
    stack.push_back(s.current());
    s.current() = reinterpret_cast<Handle>(context);
    return result::Success;
  });
}

AIC_CUDA cuCtxPopCurrent_v2(CUcontext *context) {
  return enter("cuCtxPopCurrent_v2", false, [&](State &s) {
    if (!s.current())
      return result::InvalidContext;
    if (context)
      *context = asHandle<CUcontext>(s.current());
    s.current() = stack.empty() ? 0 : stack.back();
    if (!stack.empty())
      stack.pop_back();
    return result::Success;
  });
}

AIC_CUDA cuCtxGetDevice(CUdevice *device) {
  return enter("cuCtxGetDevice", true, [&](State &) {
    if (!device)
      return result::InvalidValue;
    *device = 0;
    return result::Success;
  });
}

AIC_CUDA cuCtxGetApiVersion(CUcontext, unsigned *version) {
  return enter("cuCtxGetApiVersion", false, [&](State &) {
    if (!version)
      return result::InvalidValue;
    *version = 3020;
    return result::Success;
  });
}

AIC_CUDA cuCtxSynchronize() {
  return enter("cuCtxSynchronize", true, [&](State &s) {
    if (CUresult code = s.forbidInCapture())
      return code;
    CUresult code = s.synchronize(*s.defaultStream);
    for (auto &entry : s.streams.objects)
      if (entry.second->context == s.current() && !entry.second->capture) {
        CUresult own = s.synchronize(*entry.second);
        code = code ? code : own;
      }
    return code;
  });
}
