/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Programs for the NPU: handed to its driver, which is loaded on the first use and kept. */
#include "aic/NPU/Driver/aic_npu.h"
#include "aicrt.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

typedef int32_t (*run_function)(const void *, size_t, void *const *, size_t, const aic_npu_options *, char *, size_t);

static run_function find_driver(char *error, size_t error_bytes) {
  static _Atomic(run_function) known;
  run_function run = atomic_load(&known);
  if (run)
    return run;
  const char *path = getenv("AIC_LIBNPU");
  if (!path || !*path)
    path = "libaicnpu.so";
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  run = library ? (run_function)dlsym(library, "aic_npu_run") : NULL;
  if (!run) {
    snprintf(error, error_bytes, "expected the NPU's driver '%s' (AIC_LIBNPU names another): %s", path, dlerror());
    return NULL;
  }
  atomic_store(&known, run);
  return run;
}

int32_t aicrt_npu_run(const void *npub, int64_t bytes, void *const *buffers, int64_t count, char *error, size_t error_bytes) {
  run_function run = find_driver(error, error_bytes);
  return run ? run(npub, (size_t)bytes, buffers, (size_t)count, NULL, error, error_bytes) : 1;
}
