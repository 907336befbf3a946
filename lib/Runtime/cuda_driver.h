/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The part of NVIDIA's driver interface that models use, in own declarations: no CUDA headers, no CUDA library at link
   time. Handles are plain pointers, device addresses plain numbers. */
#ifndef AICRT_CUDA_DRIVER_H
#define AICRT_CUDA_DRIVER_H

#include <stddef.h>
#include <stdint.h>

typedef int32_t cu_result;
typedef void *cu_context, *cu_module, *cu_function, *cu_stream, *cu_event;
typedef uint64_t cu_address;

enum {
  CU_OUT_OF_MEMORY = 2,
  CU_NO_DEVICE = 100,
  CU_ATTRIBUTE_MAJOR = 75, /* of the compute capability */
  CU_ATTRIBUTE_MINOR = 76,
  CU_ATTRIBUTE_MEMORY_POOLS = 115,
  CU_JIT_ERROR_LOG = 5,
  CU_JIT_ERROR_LOG_BYTES = 6,
  CU_FUNCTION_DYNAMIC_SHARED = 8,
  CU_EVENT_WITHOUT_TIME = 2
};

/* Field, name in the library, parameters. */
#define AICRT_CUDA_FUNCTIONS(X)                                                                                        \
  X(init, "cuInit", (unsigned flags))                                                                                  \
  X(device_count, "cuDeviceGetCount", (int *count))                                                                    \
  X(device_get, "cuDeviceGet", (int *device, int number))                                                              \
  X(device_name, "cuDeviceGetName", (char *name, int bytes, int device))                                               \
  X(device_attribute, "cuDeviceGetAttribute", (int *value, int attribute, int device))                                 \
  X(primary_retain, "cuDevicePrimaryCtxRetain", (cu_context * context, int device))                                    \
  X(primary_release, "cuDevicePrimaryCtxRelease_v2", (int device))                                                     \
  X(context_current, "cuCtxGetCurrent", (cu_context * context))                                                        \
  X(context_device, "cuCtxGetDevice", (int *device))                                                                   \
  X(context_push, "cuCtxPushCurrent_v2", (cu_context context))                                                         \
  X(context_pop, "cuCtxPopCurrent_v2", (cu_context * context))                                                         \
  X(module_load, "cuModuleLoadDataEx",                                                                                 \
    (cu_module * module, const void *image, unsigned count, int *options, void **values))                              \
  X(module_unload, "cuModuleUnload", (cu_module module))                                                               \
  X(module_function, "cuModuleGetFunction", (cu_function * function, cu_module module, const char *name))              \
  X(function_set, "cuFuncSetAttribute", (cu_function function, int attribute, int value))                              \
  X(launch, "cuLaunchKernel",                                                                                          \
    (cu_function function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,               \
     unsigned shared, cu_stream stream, void **parameters, void **extra))                                              \
  X(alloc, "cuMemAlloc_v2", (cu_address * address, size_t bytes))                                                      \
  X(free, "cuMemFree_v2", (cu_address address))                                                                        \
  X(upload, "cuMemcpyHtoDAsync_v2", (cu_address to, const void *from, size_t bytes, cu_stream stream))                 \
  X(download, "cuMemcpyDtoHAsync_v2", (void *to, cu_address from, size_t bytes, cu_stream stream))                     \
  X(copy, "cuMemcpyDtoDAsync_v2", (cu_address to, cu_address from, size_t bytes, cu_stream stream))                    \
  X(set_bytes, "cuMemsetD8Async", (cu_address to, unsigned char value, size_t count, cu_stream stream))                \
  X(set_words, "cuMemsetD32Async", (cu_address to, unsigned value, size_t count, cu_stream stream))                    \
  X(stream_wait, "cuStreamSynchronize", (cu_stream stream))                                                            \
  X(stream_wait_event, "cuStreamWaitEvent", (cu_stream stream, cu_event event, unsigned flags))                        \
  X(event_create, "cuEventCreate", (cu_event * event, unsigned flags))                                                 \
  X(event_destroy, "cuEventDestroy_v2", (cu_event event))                                                              \
  X(event_record, "cuEventRecord", (cu_event event, cu_stream stream))                                                 \
  X(event_wait, "cuEventSynchronize", (cu_event event))                                                                \
  X(error_name, "cuGetErrorName", (cu_result error, const char **text))                                                \
  X(error_text, "cuGetErrorString", (cu_result error, const char **text))

/* The same, for what old drivers lack: null then. */
#define AICRT_CUDA_OPTIONAL_FUNCTIONS(X)                                                                               \
  X(pool_alloc, "cuMemAllocAsync", (cu_address * address, size_t bytes, cu_stream stream))                             \
  X(pool_free, "cuMemFreeAsync", (cu_address address, cu_stream stream))

struct aicrt_cuda {
#define AICRT_FIELD(field, name, parameters) cu_result(*field) parameters;
  AICRT_CUDA_FUNCTIONS(AICRT_FIELD)
  AICRT_CUDA_OPTIONAL_FUNCTIONS(AICRT_FIELD)
#undef AICRT_FIELD
};

/* The driver, loaded on the first use and kept; null and a message if there is none. */
const struct aicrt_cuda *aicrt_cuda_driver(char *error, size_t error_bytes);

#endif /* AICRT_CUDA_DRIVER_H */
