/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* NVIDIA's driver by dlopen. */
#include "cuda_driver.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static const struct {
  const char *name;
  size_t offset;
  int optional;
} functions[] = {
#define AICRT_REQUIRED(field, name, parameters) {name, offsetof(struct aicrt_cuda, field), 0},
#define AICRT_OPTIONAL(field, name, parameters) {name, offsetof(struct aicrt_cuda, field), 1},
    AICRT_CUDA_FUNCTIONS(AICRT_REQUIRED) AICRT_CUDA_OPTIONAL_FUNCTIONS(AICRT_OPTIONAL)};

const struct aicrt_cuda *aicrt_cuda_driver(char *error, size_t error_bytes) {
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  static struct aicrt_cuda driver;
  static int is_known;
  pthread_mutex_lock(&lock);
  if (!is_known) {
    const char *path = getenv("AIC_LIBCUDA");
    if (!path || !*path)
      path = "libcuda.so.1";
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library)
      snprintf(error, error_bytes, "expected NVIDIA's driver '%s' (AIC_LIBCUDA names another): %s", path, dlerror());
    is_known = library != NULL;
    for (size_t i = 0; is_known && i < sizeof(functions) / sizeof(*functions); ++i) {
      void *address = dlsym(library, functions[i].name);
      *(void **)((char *)&driver + functions[i].offset) = address;
      if (address || functions[i].optional)
        continue;
      snprintf(error, error_bytes, "expected a driver with '%s', got '%s' without it", functions[i].name, path);
      is_known = 0;
      dlclose(library);
    }
  }
  const struct aicrt_cuda *found = is_known ? &driver : NULL;
  pthread_mutex_unlock(&lock);
  return found;
}
