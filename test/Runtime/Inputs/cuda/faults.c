/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Lets every function of the driver fail once, at every call: a status, a message, nothing left behind, and the next
   handle works. Needs the driver beside this file. */
#include "api.h"
#include "scale.h"
#include "steps.h"

#include <stdbool.h>

enum { N = 40 };

static long calls(const char *name) { return ((long (*)(const char *))api("test_calls"))(name); }
static long live(void) { return ((long (*)(void))api("test_live"))(); }
static void fail(const char *name, long nth, int code) {
  ((void (*)(const char *, long, int))api("test_fail"))(name, nth, code);
}
static void set(const char *what, int value) { ((void (*)(const char *, int))api("test_set"))(what, value); }
static void reset(void) { ((void (*)(void))api("test_reset"))(); }

static char error[1024];
static void *stream, *memory[8];
static int32_t x_of_steps[8] = {1, -1, 1, 1}, v_of_steps[8] = {30, 30};

static int run_scale(aic_model *model, int on_device, int n) {
  static float x[4 * N], y[4 * N], z[N], again[4 * N];
  int64_t dims[2] = {n, 4};
  aic_tensor in = {on_device ? memory[0] : x, dims, 0, 2, AIC_FLOAT};
  aic_tensor out[3] = {{on_device ? memory[1] : y, NULL, sizeof(y), 2, AIC_FLOAT},
                       {on_device ? memory[2] : z, NULL, sizeof(z), 1, AIC_FLOAT},
                       {on_device ? memory[3] : again, NULL, sizeof(again), 2, AIC_FLOAT}};
  aic_run_options options = {.struct_size = sizeof(options),
                             .memory = on_device,
                             .stream = on_device ? stream : NULL,
                             .error = error,
                             .error_bytes = sizeof(error)};
  return scale_run(model, &in, 1, out, 3, &options);
}

static int run_steps(aic_model *model, int on_device) {
  static int32_t r[3][8];
  int64_t n = 4, m = 2, picked = 0;
  aic_tensor in[2] = {{on_device ? memory[6] : x_of_steps, &n, 0, 1, AIC_INT32},
                      {on_device ? memory[7] : v_of_steps, &m, 0, 1, AIC_INT32}};
  aic_tensor out[4] = {{on_device ? memory[2] : r[0], NULL, 32, 1, AIC_INT32},
                       {on_device ? memory[3] : r[1], NULL, 32, 1, AIC_INT32},
                       {on_device ? memory[4] : &picked, NULL, 8, 0, AIC_INT64},
                       {on_device ? memory[5] : r[2], NULL, 32, 2, AIC_INT32}};
  aic_run_options options = {.struct_size = sizeof(options),
                             .memory = on_device,
                             .stream = on_device ? stream : NULL,
                             .error = error,
                             .error_bytes = sizeof(error)};
  int status = steps_run(model, in, 2, out, 4, &options);
  CHECK(status || on_device || (r[0][2] == 1 && r[1][1] == 120 && picked == 4077 && r[2][1] == -1));
  return status;
}

/* The first status that is not AIC_OK. */
static int all(void) {
  aic_model *model = NULL;
  int status = scale_create(NULL, &model, error, sizeof(error));
  if (!status)
    status = run_scale(model, 0, N - 10);
  if (!status)
    status = run_scale(model, 1, N); /* a larger arena */
  if (!status)
    status = run_scale(model, 0, N);
  scale_destroy(model);
  if (status)
    return status;
  if (!(status = steps_create(NULL, &model, error, sizeof(error))))
    status = run_steps(model, 0);
  if (!status)
    status = run_steps(model, 1);
  steps_destroy(model);
  return status;
}

static void refused(int want, const char *text) {
  long before = live();
  error[0] = 0;
  int got = all();
  printf("%d %s\n", got, error);
  CHECK(got == want && strstr(error, text) && live() == before);
  reset();
  error[0] = 0;
}

/* Returns how many objects are left where giving back failed. */
static long every_function(void) {
  static const struct {
    const char *name;
    bool tolerated, gives_back;
  } functions[] = {{"cuInit", false, false},
                   {"cuDeviceGetCount", false, false},
                   {"cuDeviceGet", false, false},
                   {"cuDeviceGetAttribute", true, false},
                   {"cuDevicePrimaryCtxRetain", false, false},
                   {"cuDevicePrimaryCtxRelease_v2", true, true},
                   {"cuCtxGetCurrent", true, false},
                   {"cuCtxPushCurrent_v2", true, true},
                   {"cuCtxPopCurrent_v2", true, true},
                   {"cuModuleLoadDataEx", false, false},
                   {"cuModuleUnload", true, true},
                   {"cuModuleGetFunction", false, false},
                   {"cuLaunchKernel", false, false},
                   {"cuMemAlloc_v2", false, false},
                   {"cuMemFree_v2", true, true},
                   {"cuMemcpyHtoDAsync_v2", false, false},
                   {"cuMemcpyDtoHAsync_v2", false, false},
                   {"cuMemcpyDtoDAsync_v2", false, false},
                   {"cuMemsetD32Async", false, false},
                   {"cuStreamSynchronize", false, false},
                   {"cuStreamWaitEvent", false, false},
                   {"cuEventCreate", false, false},
                   {"cuEventDestroy_v2", true, true},
                   {"cuEventRecord", true, false},
                   {"cuEventSynchronize", true, false},
                   {"cuMemAllocAsync", false, false},
                   {"cuMemFreeAsync", true, true},
                   {"a kernel", false, false}};
  int faults = 0;
  long lost = 0;
  for (size_t f = 0; f < sizeof(functions) / sizeof(*functions); ++f) {
    const char *name = functions[f].name;
    long before = calls(name);
    CHECK(!all());
    long count = calls(name) - before;
    if (!count)
      printf("%s: never called\n", name);
    CHECK(count > 0);
    for (long nth = 1; nth <= count; ++nth, ++faults) {
      long objects = live();
      error[0] = 0;
      fail(name, nth, 719);
      int status = all();
      fail(name, 0, 0);
      int later = 0; /* what a call put into a stream may fail after it, and memory is given back there */
      for (int i = 0; i < 2; ++i)
        later |= CALL("cuStreamSynchronize", (void *), i ? stream : NULL);
      if (!functions[f].gives_back && live() != objects)
        printf("%s, call %ld: %ld objects are left\n", name, nth, live() - objects);
      CHECK(functions[f].gives_back || live() == objects);
      lost += live() - objects;
      if (!status && !later && !functions[f].tolerated)
        printf("%s, call %ld: no status\n", name, nth);
      CHECK(status || later || functions[f].tolerated);
      CHECK(!status || ((status == AIC_UNSUPPORTED_DEVICE || status == AIC_DEVICE_ERROR) &&
                        strstr(error, "CUDA_ERROR_LAUNCH_FAILED")));
      reset();
      wait_for(stream);
    }
  }
  CHECK(!all());
  printf("%d faults\n", faults);
  return lost;
}

/* The caller's context where it fits, else the primary one of the device that was asked for. */
static void choose(int64_t device, long retained, int want) {
  long before = calls("cuDevicePrimaryCtxRetain"), objects = live();
  aic_model *model = NULL;
  aic_create_options options = {.struct_size = sizeof(options), .device = device};
  CHECK(scale_create(&options, &model, error, sizeof(error)) == want &&
        calls("cuDevicePrimaryCtxRetain") == before + retained);
  CHECK(want || !run_scale(model, 0, N));
  scale_destroy(model);
  CHECK(live() == objects);
}

static void contexts(void) {
  set("devices", 2);
  choose(0, 1, AIC_OK), choose(1, 1, AIC_OK);
  choose(2, 0, AIC_UNSUPPORTED_DEVICE), choose(-1, 0, AIC_UNSUPPORTED_DEVICE);
  enter_context(); /* of device 0 */
  choose(0, 0, AIC_OK), choose(1, 1, AIC_OK);
  void *context = NULL;
  CHECK(!CALL("cuCtxPopCurrent_v2", (void **), &context) && !CALL("cuDevicePrimaryCtxRelease_v2", (int), 0));
  set("devices", 1);
}

int main(void) {
  long nothing = live();
  stream = new_stream();
  for (int i = 0; i < 8; ++i)
    memory[i] = device_memory(16 * N);
  put(memory[6], x_of_steps, sizeof(x_of_steps), stream), put(memory[7], v_of_steps, sizeof(v_of_steps), stream);
  wait_for(stream);
  CHECK(!all());

  set("devices", 0);
  refused(AIC_UNSUPPORTED_DEVICE, "expected a CUDA device, got none");
  set("devices", 1);
  set("capability", 75);
  refused(AIC_UNSUPPORTED_DEVICE, "the model was compiled for sm_80, which takes a device of compute capability 8.0 or "
                                  "later, got 7.5 (test device 0)");
  set("capability", 120);
  CHECK(!all());
  set("refused", 1);
  refused(AIC_UNSUPPORTED_DEVICE, "the driver does not take the model's code: CUDA_ERROR_INVALID_PTX: told to "
                                  "fail\nptxas test.ptx, line 7; error: an opcode nobody knows\nsecond line");
  set("refused", 0);
  fail("cuMemAlloc_v2", 1, 2);
  refused(AIC_OUT_OF_MEMORY, "the model's 16 bytes of constants: CUDA_ERROR_OUT_OF_MEMORY");
  fail("cuMemAlloc_v2", 2, 2);
  refused(AIC_OUT_OF_MEMORY, "out of device memory: input 'x' needs 480 bytes");
  fail("cuMemAllocAsync", 1, 2);
  refused(AIC_OUT_OF_MEMORY, "out of device memory: a value inside the model needs 8 bytes");
  fail("cuLaunchKernel", 2, 719);
  refused(AIC_DEVICE_ERROR, "kernel 'affine': CUDA_ERROR_LAUNCH_FAILED: unspecified launch failure");
  fail("a kernel", 1, 719);
  refused(AIC_DEVICE_ERROR, "kernel 'add_rows' or one before it: CUDA_ERROR_LAUNCH_FAILED: unspecified launch failure");

  /* Nothing waits while no value is read. */
  aic_model *model = NULL;
  CHECK(!scale_create(NULL, &model, NULL, 0));
  CHECK(!run_scale(model, 1, N));
  long waits = calls("cuStreamSynchronize") + calls("cuEventSynchronize"), launched = calls("a kernel"),
       allocated = calls("cuMemAlloc_v2");
  CHECK(!run_scale(model, 1, N) && !run_scale(model, 1, N - 7));
  CHECK(calls("cuStreamSynchronize") + calls("cuEventSynchronize") == waits && calls("a kernel") == launched &&
        calls("cuMemAlloc_v2") == allocated);
  wait_for(stream);
  CHECK(calls("a kernel") == launched + 12);
  scale_destroy(model);
  reset();

  contexts();
  nothing += every_function();
  set("pools", 0);
  CHECK(!all());
  end_stream(stream);
  for (int i = 0; i < 8; ++i)
    device_free(memory[i]);
  CHECK(live() == nothing);
  puts("all well");
  return 0;
}
