/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Links scale.so and goes through its interface. */
#include "scale.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                                               \
  do {                                                                                                                 \
    if (!(condition)) {                                                                                                \
      printf("line %d: %s\n", __LINE__, #condition);                                                                   \
      return 1;                                                                                                        \
    }                                                                                                                  \
  } while (0)

static int launches;
static void profile(void *user, int32_t launch, int64_t begin, int64_t end) {
  if (user == &launches && launch == launches && end >= begin)
    ++launches;
}

static void *allocated[3];
static void *allocate(void *user, int32_t output, int64_t bytes, const int64_t *dims, int32_t rank) {
  (void)user, (void)dims, (void)rank;
  return allocated[output] = malloc((size_t)bytes);
}

static int refused(aic_model *model, const aic_tensor *in, size_t count, aic_tensor *out, aic_status want, const char *text) {
  char error[256] = "";
  aic_run_options options = {sizeof(options)};
  options.error = error, options.error_bytes = sizeof(error);
  aic_status got = aic_model_run(model, in, count, out, 3, &options);
  printf("%d %s\n", (int)got, error);
  return got == want && strstr(error, text) != NULL;
}

int main(void) {
  enum { N = 7 };
  char error[256] = "";
  aic_model *model;
  aic_create_options create = {sizeof(create), 3};
  CHECK(scale_abi_version() == AIC_MODEL_ABI_VERSION);
  CHECK(scale_create(&create, &model, error, sizeof(error)) == AIC_OK);

  float x[N * 4], y[N * 4], z[N], again[N * 4];
  for (int i = 0; i < N * 4; ++i)
    x[i] = (float)(i % 5);
  int64_t ydims[2], zdims[1], adims[2];
  aic_run_options options = {sizeof(options)};
  options.user = &launches, options.profile = profile;
  CHECK(scale_call(model, x, N, y, sizeof(y), ydims, z, sizeof(z), zdims, again, sizeof(again), adims, &options) == AIC_OK);
  CHECK(launches == 3 && ydims[0] == N && ydims[1] == 4 && zdims[0] == N && adims[0] == N);
  for (int i = 0; i < N; ++i) {
    float sum = 0;
    for (int j = 0; j < 4; ++j) {
      float w = (float)(j + 1), want = (x[4 * i + j] * w + w) * w + w;
      CHECK(y[4 * i + j] == want && again[4 * i + j] == x[4 * i + j]);
      sum += want;
    }
    CHECK(fabsf(z[i] - sum) < 1e-4f);
  }

  int64_t dims[2] = {N, 4};
  aic_tensor in = {x, dims, sizeof(x), 2, AIC_FLOAT};
  aic_tensor out[3] = {{y, ydims, sizeof(y), 2, AIC_FLOAT}, {z, zdims, sizeof(z), 1, AIC_FLOAT}, {again, NULL, sizeof(again), 2, AIC_FLOAT}};

  /* An arena of the caller's, and one that is too small. */
  int64_t bytes = aic_model_arena_size(model, &in, 1);
  CHECK(bytes >= (int64_t)sizeof(y) && bytes < 4096);
  aic_run_options arena = {sizeof(arena)};
  arena.arena = aligned_alloc(64, (size_t)(bytes + 63) / 64 * 64), arena.arena_bytes = bytes, arena.threads = 1;
  CHECK(aic_model_run(model, &in, 1, out, 3, &arena) == AIC_OK);
  arena.arena_bytes = bytes - 1;
  CHECK(aic_model_run(model, &in, 1, out, 3, &arena) == AIC_INVALID_ARGUMENT);
  free(arena.arena);

  /* Dims of outputs without a run; outputs from the allocator. */
  ydims[0] = 0;
  CHECK(aic_model_query(model, &in, 1, out, 3, &bytes, error, sizeof(error)) == AIC_OK && ydims[0] == N);
  aic_tensor none[3] = {{NULL, NULL, 0, 2, AIC_FLOAT}, {NULL, NULL, 0, 1, AIC_FLOAT}, {NULL, NULL, 0, 2, AIC_FLOAT}};
  aic_run_options alloc = {sizeof(alloc)};
  alloc.allocate = allocate;
  CHECK(aic_model_run(model, &in, 1, none, 3, &alloc) == AIC_OK);
  CHECK(none[0].data == allocated[0] && !memcmp(none[0].data, y, sizeof(y)) && none[1].bytes == sizeof(z));
  for (int i = 0; i < 3; ++i)
    free(allocated[i]);

  /* An older caller: a struct that ends before `threads`. */
  aic_run_options older = {offsetof(aic_run_options, threads)};
  CHECK(aic_model_run(model, &in, 1, out, 3, &older) == AIC_OK);

  /* Memory of a device is no business of this model. */
  aic_run_options device = {sizeof(device)};
  device.memory = AIC_MEMORY_DEVICE, device.error = error, device.error_bytes = sizeof(error);
  CHECK(aic_model_run(model, &in, 1, out, 3, &device) == AIC_INVALID_ARGUMENT);
  CHECK(strstr(error, "expected AIC_MEMORY_HOST as the memory of a call, got 1"));

  /* What does not fit. */
  CHECK(refused(model, &in, 2, out, AIC_INVALID_ARGUMENT, "expected 1 inputs, got 2"));
  in.dtype = AIC_DOUBLE;
  CHECK(refused(model, &in, 1, out, AIC_INVALID_ARGUMENT, "input 'x': expected elements of type float, got double"));
  in.dtype = AIC_FLOAT, in.rank = 1;
  CHECK(refused(model, &in, 1, out, AIC_INVALID_ARGUMENT, "input 'x': expected rank 2, got 1"));
  in.rank = 2, dims[1] = 5;
  CHECK(refused(model, &in, 1, out, AIC_INVALID_ARGUMENT, "input 'x': expected extent 4 in dimension 1, got 5"));
  dims[1] = 4, dims[0] = 1001;
  CHECK(refused(model, &in, 1, out, AIC_INVALID_ARGUMENT, "expected an extent of 1 to 1000 in dimension 0 (N), got 1001"));
  dims[0] = -1;
  CHECK(refused(model, &in, 1, out, AIC_INVALID_ARGUMENT, "expected an extent of at least 0 in dimension 0, got -1"));
  dims[0] = N, in.data = (char *)x + 1;
  CHECK(refused(model, &in, 1, out, AIC_INVALID_ARGUMENT, "expected data aligned to its elements"));
  in.data = x, in.bytes = 16;
  CHECK(refused(model, &in, 1, out, AIC_INVALID_ARGUMENT, "input 'x': expected 112 bytes, got 16"));
  in.bytes = 0, out[1].bytes = 4;
  CHECK(refused(model, &in, 1, out, AIC_INVALID_ARGUMENT, "output 'z': expected 28 bytes of aligned memory, got 4"));
  static float many[2000];
  in.data = many, dims[0] = 500;
  CHECK(refused(model, &in, 1, out, AIC_CHECK_FAILED, "node 'Guard': expected any extent but 500"));

  size_t length;
  const char *manifest = scale_manifest(&length);
  CHECK(length > 2 && manifest[0] == '{' && manifest[length - 1] == '}');
  scale_destroy(model);
  puts("all well");
  return 0;
}
