/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* A driver for tests of the host code: kernels are C functions, device memory is host memory behind addresses that
   nobody but this file can follow. Streams are as lazy as they may be: nothing happens before somebody waits for it.
   Any function can be told to fail; what is not given back is counted. */
#include "driver_streams.h"

static char contexts[8]; /* of the devices */
static char *current[16];
static int depth;
API result cuInit(unsigned flags) {
  ENTER("cuInit");
  return flags ? BAD_VALUE : devices ? 0 : NO_DEVICE;
}
API result cuDeviceGetCount(int *n) {
  ENTER("cuDeviceGetCount");
  *n = devices;
  return 0;
}
API result cuDeviceGet(int *d, int n) {
  ENTER("cuDeviceGet");
  *d = n;
  return 0;
}
API result cuDeviceGetName(char *s, int n, int d) {
  snprintf(s, (size_t)n, "test device %d", d);
  return enter("cuDeviceGetName");
}
API result cuDeviceGetAttribute(int *v, int a, int d) {
  ENTER("cuDeviceGetAttribute");
  *v = a == 75 ? capability / 10 : a == 76 ? capability % 10 : a == 115 ? pools : d;
  return 0;
}
API result cuDevicePrimaryCtxRetain(void **c, int d) {
  ENTER("cuDevicePrimaryCtxRetain");
  *c = &contexts[d];
  ++live;
  return 0;
}
API result cuDevicePrimaryCtxRelease_v2(int d) {
  --live;
  return leave("cuDevicePrimaryCtxRelease_v2") + 0 * d;
}
API result cuCtxGetCurrent(void **c) {
  ENTER("cuCtxGetCurrent");
  *c = depth ? current[depth - 1] : NULL;
  return 0;
}
API result cuCtxGetDevice(int *d) {
  ENTER("cuCtxGetDevice");
  *d = depth ? (int)(current[depth - 1] - contexts) : -1;
  return 0;
}
API result cuCtxPushCurrent_v2(void *c) {
  result r = leave("cuCtxPushCurrent_v2");
  if (r)
    return r;
  current[depth++] = c;
  ++live;
  return c ? 0 : BAD_VALUE;
}
API result cuCtxPopCurrent_v2(void **c) {
  result r = leave("cuCtxPopCurrent_v2");
  *c = current[--depth];
  --live;
  return r;
}
API result cuModuleLoadDataEx(void **m, const void *text, unsigned n, int *options, void **values) {
  ENTER("cuModuleLoadDataEx");
  for (unsigned i = 0; i + 1 < n && refused; ++i)
    if (options[i] == 5 && options[i + 1] == 6)
      snprintf(values[i], (size_t)(uintptr_t)values[i + 1],
               "ptxas test.ptx, line 7; error: an opcode nobody knows\nsecond line\n");
  if (refused || !strstr(text, ".entry"))
    return BAD_IMAGE;
  *m = (void *)(uintptr_t)text;
  ++live;
  return 0;
}
API result cuModuleUnload(void *m) {
  --live;
  return leave("cuModuleUnload") + (m ? 0 : BAD_VALUE);
}
API result cuModuleGetFunction(void **f, void *m, const char *name) {
  ENTER("cuModuleGetFunction");
  char entry[80];
  snprintf(entry, sizeof(entry), ".entry %s(", name);
  *f = NULL;
  for (size_t i = 0; i < sizeof(kernels) / sizeof(*kernels); ++i)
    if (!strcmp(kernels[i].name, name) && strstr(m, entry))
      *f = (void *)(uintptr_t)&kernels[i];
  return *f ? 0 : NOT_FOUND;
}
API result cuFuncSetAttribute(void *f, int a, int v) {
  ENTER("cuFuncSetAttribute");
  return f && a == 8 && v > 0 ? 0 : BAD_VALUE;
}
API result cuLaunchKernel(void *f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
                          unsigned shared, void *s, void **parameters, void **extra) {
  ENTER("cuLaunchKernel");
  struct op op = {.kind = LAUNCH, .kernel = f, .threads = (int64_t)gx * gy * gz * bx * by * bz};
  for (int i = 0; i < op.kernel->parameters; ++i)
    memcpy(&op.parameters[i], parameters[i], 8);
  return extra || shared || !op.threads ? BAD_VALUE : push(s, op);
}
API result cuMemAlloc_v2(address *a, size_t n) {
  ENTER("cuMemAlloc_v2");
  return allocate(a, n);
}
API result cuMemFree_v2(address a) {
  result r = leave("cuMemFree_v2");
  return r ? r : give_back(a);
}
API result cuMemAllocAsync(address *a, size_t n, void *s) {
  (void)s;
  ENTER("cuMemAllocAsync");
  return allocate(a, n);
}
API result cuMemFreeAsync(address a, void *s) {
  result r = leave("cuMemFreeAsync");
  return r ? r : sticky ? give_back(a) : push(s, (struct op){.kind = FREE, .to = a});
}
API result cuMemcpyHtoDAsync_v2(address to, const void *from, size_t n, void *s) {
  ENTER("cuMemcpyHtoDAsync_v2");
  return push(s, (struct op){.kind = UPLOAD, .to = to, .from = (uintptr_t)from, .bytes = n});
}
API result cuMemcpyDtoHAsync_v2(void *to, address from, size_t n, void *s) {
  ENTER("cuMemcpyDtoHAsync_v2");
  return push(s, (struct op){.kind = DOWNLOAD, .to = (uintptr_t)to, .from = from, .bytes = n});
}
API result cuMemcpyDtoDAsync_v2(address to, address from, size_t n, void *s) {
  ENTER("cuMemcpyDtoDAsync_v2");
  return push(s, (struct op){.kind = COPY, .to = to, .from = from, .bytes = n});
}
API result cuMemsetD8Async(address to, unsigned char v, size_t n, void *s) {
  ENTER("cuMemsetD8Async");
  return push(s, (struct op){.kind = SET8, .to = to, .from = v, .bytes = n});
}
API result cuMemsetD32Async(address to, unsigned v, size_t n, void *s) {
  ENTER("cuMemsetD32Async");
  return to % 4 ? BAD_VALUE : push(s, (struct op){.kind = SET32, .to = to, .from = v, .bytes = 4 * n});
}
API result cuStreamCreate(void **s, unsigned flags) {
  (void)flags;
  *s = calloc(1, sizeof(struct stream));
  ++live;
  return 0;
}
API result cuStreamDestroy_v2(void *s) {
  drain(s, ((struct stream *)s)->count);
  --live;
  return sticky;
} /* its memory: for late events */
API result cuStreamSynchronize(void *s) {
  struct stream *stream = s ? s : &default_stream;
  drain(stream, stream->count); /* whatever it tells */
  return enter("cuStreamSynchronize");
}
API result cuStreamWaitEvent(void *s, void *e, unsigned flags) {
  ENTER("cuStreamWaitEvent");
  return flags ? BAD_VALUE : push(s, (struct op){.kind = WAIT, .event = *(struct event *)e});
}
API result cuEventCreate(void **e, unsigned flags) {
  ENTER("cuEventCreate");
  *e = calloc(1, sizeof(struct event));
  ++live;
  return flags == 2 ? 0 : BAD_VALUE;
}
API result cuEventDestroy_v2(void *e) {
  free(e);
  --live;
  return leave("cuEventDestroy_v2");
}
API result cuEventRecord(void *e, void *s) {
  ENTER("cuEventRecord");
  struct stream *stream = s ? s : &default_stream;
  *(struct event *)e = (struct event){stream, stream->count};
  return 0;
}
API result cuEventSynchronize(void *e) {
  struct event *event = e;
  if (event->stream)
    drain(event->stream, event->position);
  return enter("cuEventSynchronize");
}
API result cuGetErrorName(result r, const char **s) {
  *s = r == BAD_IMAGE     ? "CUDA_ERROR_INVALID_PTX"
       : r == 2           ? "CUDA_ERROR_OUT_OF_MEMORY"
       : r == 719         ? "CUDA_ERROR_LAUNCH_FAILED"
       : r == BAD_ADDRESS ? "CUDA_ERROR_ILLEGAL_ADDRESS"
                          : "CUDA_ERROR_TEST";
  return 0;
}
API result cuGetErrorString(result r, const char **s) {
  *s = r == 719 ? "unspecified launch failure" : "told to fail";
  return 0;
}
