// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The part of the CUDA driver's binary interface that the executor offers, in our own words: no CUDA header is needed
// to build it. Numbers and signatures are those of libcuda.so.1.
#ifndef AIC_PTX_DRIVER_ABI_H
#define AIC_PTX_DRIVER_ABI_H

#include <cstddef>
#include <cstdint>

extern "C" {
typedef int CUresult;
typedef int CUdevice;
typedef uint64_t CUdeviceptr;
typedef struct CUctx_st *CUcontext;
typedef struct CUmod_st *CUmodule;
typedef struct CUfunc_st *CUfunction;
typedef struct CUstream_st *CUstream;
typedef struct CUevent_st *CUevent;
typedef struct CUgraph_st *CUgraph;
typedef struct CUgraphExec_st *CUgraphExec;
typedef struct CUgraphNode_st *CUgraphNode;
typedef void (*CUhostFn)(void *);

struct CUlaunchConfig {
  unsigned gridDimX, gridDimY, gridDimZ, blockDimX, blockDimY, blockDimZ, sharedMemBytes;
  CUstream hStream;
  void *attrs;
  unsigned numAttrs;
};
}

namespace aic::fakecuda {

namespace result {
enum : int {
  Success = 0,
  InvalidValue = 1,
  OutOfMemory = 2,
  NotInitialized = 3,
  Deinitialized = 4,
  NoDevice = 100,
  InvalidDevice = 101,
  InvalidImage = 200,
  InvalidContext = 201,
  NoBinaryForGpu = 209,
  InvalidPtx = 218,
  UnsupportedPtxVersion = 222,
  InvalidHandle = 400,
  NotFound = 500,
  NotReady = 600,
  LaunchOutOfResources = 701,
  PrimaryContextActive = 708,
  ContextIsDestroyed = 709,
  LaunchFailed = 719,
  NotPermitted = 800,
  NotSupported = 801,
  CaptureUnsupported = 900,
  CaptureInvalidated = 901,
  CaptureMerge = 902,
  CaptureUnmatched = 903,
  CaptureUnjoined = 904,
  CaptureIsolation = 905,
  CaptureImplicit = 906,
  CapturedEvent = 907,
  CaptureWrongThread = 908,
  Unknown = 999
};
}

namespace deviceAttribute {
enum : int {
  MaxThreadsPerBlock = 1,
  MaxBlockX,
  MaxBlockY,
  MaxBlockZ,
  MaxGridX,
  MaxGridY,
  MaxGridZ,
  SharedPerBlock = 8,
  ConstantMemory = 9,
  WarpSize = 10,
  MaxPitch = 11,
  RegistersPerBlock = 12,
  ClockRate = 13,
  TextureAlignment = 14,
  GpuOverlap = 15,
  Multiprocessors = 16,
  Integrated = 18,
  CanMapHostMemory = 19,
  ConcurrentKernels = 31,
  MemoryClockRate = 36,
  MemoryBusWidth = 37,
  L2CacheSize = 38,
  ThreadsPerMultiprocessor = 39,
  AsyncEngines = 40,
  UnifiedAddressing = 41,
  CapabilityMajor = 75,
  CapabilityMinor = 76,
  StreamPriorities = 78,
  SharedPerMultiprocessor = 81,
  RegistersPerMultiprocessor = 82,
  ManagedMemory = 83,
  SharedPerBlockOptIn = 97,
  BlocksPerMultiprocessor = 106,
  ReservedSharedPerBlock = 111,
  MemoryPools = 115,
  Count = 160
};
}

namespace functionAttribute {
enum : int {
  MaxThreads = 0,
  SharedBytes,
  ConstBytes,
  LocalBytes,
  Registers,
  PtxVersion,
  BinaryVersion,
  CacheModeCA,
  MaxDynamicShared,
  Carveout,
  Count = 16
};
}

namespace jit {
enum : int { InfoLog = 3, InfoLogBytes = 4, ErrorLog = 5, ErrorLogBytes = 6 };
}

namespace pointerAttribute {
enum : int {
  Context = 1,
  MemoryType = 2,
  DevicePointer = 3,
  HostPointer = 4,
  IsManaged = 8,
  DeviceOrdinal = 9,
  RangeStart = 11,
  RangeBytes = 12,
  Mapped = 13
};
}

/// CU_LAUNCH_PARAM_*: keys of cuLaunchKernel's `extra`.
inline void *const launchParamEnd = nullptr;
inline void *const launchParamPointer = reinterpret_cast<void *>(1);
inline void *const launchParamBytes = reinterpret_cast<void *>(2);

namespace event {
enum : unsigned { DisableTiming = 2 };
}

} // namespace aic::fakecuda

#endif // AIC_PTX_DRIVER_ABI_H
