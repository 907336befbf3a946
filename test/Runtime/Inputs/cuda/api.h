/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What the programs of these tests take from the driver, and what they check with. */
#ifndef TEST_CUDA_API_H
#define TEST_CUDA_API_H

#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                                               \
  do {                                                                                                                 \
    if (!(condition)) {                                                                                                \
      printf("%s:%d: %s\n", __FILE__, __LINE__, #condition);                                                           \
      exit(1);                                                                                                         \
    }                                                                                                                  \
  } while (0)

typedef uint64_t device_address;

/* A function of the driver that the model uses, too. */
static inline void *api(const char *name) {
  static void *library;
  if (!library)
    library = dlopen(getenv("AIC_LIBCUDA"), RTLD_NOW);
  void *found = library ? dlsym(library, name) : NULL;
  if (!found)
    printf("no '%s': %s\n", name, dlerror()), exit(1);
  return found;
}
#define CALL(name, types, ...) ((int(*) types)api(name))(__VA_ARGS__)

static inline void *device_memory(size_t bytes) {
  device_address at = 0;
  CHECK(!CALL("cuMemAlloc_v2", (device_address *, size_t), &at, bytes));
  return (void *)(uintptr_t)at;
}
static inline void device_free(void *at) { CHECK(!CALL("cuMemFree_v2", (device_address), (uintptr_t)at)); }
static inline void put(void *to, const void *from, size_t bytes, void *stream) {
  CHECK(!CALL("cuMemcpyHtoDAsync_v2", (device_address, const void *, size_t, void *), (uintptr_t)to, from, bytes,
              stream));
}
static inline void get(void *to, const void *from, size_t bytes, void *stream) {
  CHECK(!CALL("cuMemcpyDtoHAsync_v2", (void *, device_address, size_t, void *), to, (uintptr_t)from, bytes, stream));
}
static inline void wait_for(void *stream) { CHECK(!CALL("cuStreamSynchronize", (void *), stream)); }
static inline void *new_stream(void) {
  void *stream = NULL;
  CHECK(!CALL("cuStreamCreate", (void **, unsigned), &stream, 1));
  return stream;
}
static inline void end_stream(void *stream) { CHECK(!CALL("cuStreamDestroy_v2", (void *), stream)); }
/* Makes the first device's context the thread's. */
static inline void enter_context(void) {
  void *context = NULL;
  CHECK(!CALL("cuInit", (unsigned), 0));
  CHECK(!CALL("cuDevicePrimaryCtxRetain", (void **, int), &context, 0));
  CHECK(!CALL("cuCtxPushCurrent_v2", (void *), context));
}

#endif /* TEST_CUDA_API_H */
