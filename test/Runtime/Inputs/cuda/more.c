/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Calls that become a graph, calls of several threads. On a driver that knows both. */
#include "api.h"
#include "scale.h"

#include <pthread.h>

enum { N = 21, THREADS = 4, CALLS = 8 };

static void expect_rows(const float *x, const float *y, const float *z) {
  for (int i = 0; i < N; ++i) {
    float sum = 0;
    for (int j = 0; j < 4; ++j) {
      float w = (float)(j + 1); /* small whole numbers: exact however they are added */
      CHECK(y[4 * i + j] == (x[4 * i + j] * w + w) * w + w);
      sum += y[4 * i + j];
    }
    CHECK(z[i] == sum);
  }
}

/* A call is captured once and launched with other inputs; its arena is the caller's, so nothing of it is the handle's.
 */
static void capture(aic_model *model) {
  float x[4 * N], y[4 * N], z[N];
  int64_t dims[2] = {N, 4};
  void *stream = new_stream(), *graph = NULL, *executable = NULL;
  char *memory = device_memory(4 * sizeof(x) + 4096);
  aic_tensor in = {memory, dims, 0, 2, AIC_FLOAT};
  aic_tensor out[3] = {{memory + 512, NULL, sizeof(y), 2, AIC_FLOAT},
                       {memory + 1024, NULL, sizeof(z), 1, AIC_FLOAT},
                       {memory + 1536, NULL, sizeof(x), 2, AIC_FLOAT}};
  aic_run_options options = {.struct_size = sizeof(options), .memory = AIC_MEMORY_DEVICE, .stream = stream};
  options.arena_bytes = scale_arena_size(model, &in, 1);
  CHECK(options.arena_bytes > 0 && options.arena_bytes <= 2048);
  options.arena = memory + 2048;
  CHECK(!CALL("cuStreamBeginCapture_v2", (void *, int), stream, 0));
  CHECK(!scale_run(model, &in, 1, out, 3, &options));
  CHECK(!CALL("cuStreamEndCapture", (void *, void **), stream, &graph));
  CHECK(!CALL("cuGraphInstantiateWithFlags", (void **, void *, unsigned long long), &executable, graph, 0));
  for (int run = 1; run < 4; ++run) {
    for (int i = 0; i < 4 * N; ++i)
      x[i] = (float)(i * run % 7);
    put(memory, x, sizeof(x), stream);
    CHECK(!CALL("cuGraphLaunch", (void *, void *), executable, stream));
    get(y, memory + 512, sizeof(y), stream), get(z, memory + 1024, sizeof(z), stream);
    wait_for(stream);
    expect_rows(x, y, z);
  }
  CHECK(!CALL("cuGraphExecDestroy", (void *), executable) && !CALL("cuGraphDestroy", (void *), graph));
  device_free(memory), end_stream(stream);
}

static aic_model *shared;
static void *worker(void *argument) {
  float x[4 * N], y[4 * N], z[N], again[4 * N];
  int64_t dims[2] = {N, 4};
  int seed = *(int *)argument;
  void *stream = NULL;
  if (seed % 2)
    enter_context(), stream = new_stream();
  aic_tensor in = {x, dims, sizeof(x), 2, AIC_FLOAT};
  aic_tensor out[3] = {{y, NULL, sizeof(y), 2, AIC_FLOAT},
                       {z, NULL, sizeof(z), 1, AIC_FLOAT},
                       {again, NULL, sizeof(again), 2, AIC_FLOAT}};
  aic_run_options options = {.struct_size = sizeof(options), .stream = stream};
  for (int run = 0; run < CALLS; ++run) {
    for (int i = 0; i < 4 * N; ++i)
      x[i] = (float)((i * seed + run) % 9);
    CHECK(!scale_run(shared, &in, 1, out, 3, &options));
    expect_rows(x, y, z);
  }
  if (stream)
    end_stream(stream);
  return NULL;
}

int main(void) {
  pthread_t threads[THREADS];
  int seeds[THREADS];
  char error[512] = "";
  CHECK(!scale_create(NULL, &shared, error, sizeof(error)));
  for (int i = 0; i < THREADS; ++i) {
    seeds[i] = i + 1;
    CHECK(!pthread_create(&threads[i], NULL, worker, &seeds[i]));
  }
  for (int i = 0; i < THREADS; ++i)
    pthread_join(threads[i], NULL);
  enter_context();
  capture(shared);
  scale_destroy(shared);
  puts("all well");
  return 0;
}
