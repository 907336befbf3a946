/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Runs scale.so and steps.so on whatever driver AIC_LIBCUDA names. */
#include "api.h"
#include "scale.h"
#include "steps.h"

enum { N = 37 };

static void expect_scale(const float *x, const float *y, const float *z, const float *again, int n) {
  for (int i = 0; i < n; ++i) {
    float sum = 0;
    for (int j = 0; j < 4; ++j) {
      volatile float w = (float)(j + 1), once = x[4 * i + j] * w, a = once + w, second = a * w;
      CHECK(y[4 * i + j] == second + w && again[4 * i + j] == x[4 * i + j]);
      sum += y[4 * i + j];
    }
    CHECK(z[i] == sum);
  }
}

static int launches[8];
static void profile(void *user, int32_t launch, int64_t begin, int64_t end) {
  CHECK(user == launches && launch >= 0 && launch < 8 && end >= begin);
  ++launches[launch];
}

static void *allocated[4];
static void *allocate(void *user, int32_t output, int64_t bytes, const int64_t *dims, int32_t rank) {
  (void)dims, (void)rank;
  return allocated[output] = user ? device_memory((size_t)bytes + 64) : malloc((size_t)bytes);
}

static void refused(aic_model *model, const aic_tensor *in, aic_tensor *out, aic_run_options options, aic_status want,
                    const char *text) {
  char error[512] = "";
  options.error = error, options.error_bytes = sizeof(error);
  aic_status got = scale_run(model, in, 1, out, 3, &options);
  printf("%d %s\n", (int)got, error);
  CHECK(got == want && strstr(error, text));
}

/* Everything in the caller's memory. */
static void on_host(aic_model *model) {
  static float x[4 * N], y[4 * N], z[N], again[4 * N];
  for (int i = 0; i < 4 * N; ++i)
    x[i] = (float)(i % 11) - 5;
  int64_t dims[2] = {N, 4}, ydims[2] = {0, 0}, bytes = 0;
  aic_tensor in = {x, dims, sizeof(x), 2, AIC_FLOAT};
  aic_tensor out[3] = {{y, ydims, sizeof(y), 2, AIC_FLOAT},
                       {z, NULL, sizeof(z), 1, AIC_FLOAT},
                       {again, NULL, sizeof(again), 2, AIC_FLOAT}};
  aic_run_options options = {.struct_size = sizeof(options)};
  options.profile = profile, options.user = launches;
  CHECK(!scale_run(model, &in, 1, out, 3, &options) && ydims[0] == N && ydims[1] == 4);
  CHECK(launches[0] == 1 && launches[1] == 1 && launches[2] == 2 && !launches[3]);
  expect_scale(x, y, z, again, N);
  CHECK(!scale_query(model, &in, 1, NULL, 0, &bytes, NULL, 0) && bytes >= (int64_t)sizeof(y));
  dims[0] = 0; /* nothing to do, no memory to do it in */
  aic_tensor empty = {NULL, dims, 0, 2, AIC_FLOAT};
  CHECK(!scale_run(model, &empty, 1, out, 3, NULL) && ydims[0] == 0);
  dims[0] = N;
  aic_run_options plain = {.struct_size = sizeof(plain)};
  in.bytes = 16;
  refused(model, &in, out, plain, AIC_INVALID_ARGUMENT, "input 'x': expected 592 bytes, got 16");
  in.bytes = 0, out[1].bytes = 4;
  refused(model, &in, out, plain, AIC_INVALID_ARGUMENT, "output 'z': expected 148 bytes of aligned memory, got 4");
  static float many[2000];
  in.data = many, dims[0] = 500;
  refused(model, &in, out, plain, AIC_CHECK_FAILED, "node 'Guard': expected any extent but 500");
  refused(model, &in, out, (aic_run_options){.struct_size = sizeof(plain), .memory = 2}, AIC_INVALID_ARGUMENT,
          "expected AIC_MEMORY_HOST or AIC_MEMORY_DEVICE as the memory of a call, got 2");
}

struct tensors {
  float x[4 * N], y[4 * N], z[N], again[4 * N];
  int64_t dims[2];
  char *dx, *dy, *dz, *dagain;
  aic_tensor in, out[3];
};

static void place(struct tensors *t, int n, int seed, void *stream) {
  for (int i = 0; i < 4 * n; ++i)
    t->x[i] = (float)((i * seed) % 13) - 6;
  t->dims[0] = n, t->dims[1] = 4;
  t->dx = device_memory(16 * N + 64), t->dy = device_memory(16 * N + 64), t->dz = device_memory(4 * N + 64),
  t->dagain = device_memory(16 * N + 64);
  put(t->dx, t->x, sizeof(t->x), stream);
  t->in = (aic_tensor){t->dx, t->dims, 0, 2, AIC_FLOAT};
  t->out[0] = (aic_tensor){t->dy, NULL, sizeof(t->y), 2, AIC_FLOAT};
  t->out[1] = (aic_tensor){t->dz, NULL, sizeof(t->z), 1, AIC_FLOAT};
  t->out[2] = (aic_tensor){t->dagain, NULL, sizeof(t->again), 2, AIC_FLOAT};
}

static void fetch(struct tensors *t, int n, void *stream) {
  size_t rows = (size_t)n * sizeof(float); /* what was never written may not be read */
  get(t->y, t->dy, 4 * rows, stream), get(t->z, t->dz, rows, stream), get(t->again, t->dagain, 4 * rows, stream);
  wait_for(stream);
  expect_scale(t->x, t->y, t->z, t->again, n);
  device_free(t->dx), device_free(t->dy), device_free(t->dz), device_free(t->dagain);
}

/* Tensors on the device; two streams in flight share the handle and its arena; an arena of the caller's. */
static void on_device(aic_model *model) {
  static struct tensors first, second, third;
  void *a = new_stream(), *b = new_stream();
  place(&first, N, 3, a), place(&second, N - 5, 5, b), place(&third, N, 7, b);
  aic_run_options options = {.struct_size = sizeof(options), .memory = AIC_MEMORY_DEVICE, .stream = a};
  CHECK(!scale_run(model, &first.in, 1, first.out, 3, &options));
  options.stream = b;
  CHECK(!scale_run(model, &second.in, 1, second.out, 3, &options));
  options.arena_bytes = scale_arena_size(model, &third.in, 1);
  char *arena = options.arena = device_memory((size_t)options.arena_bytes + 64);
  CHECK(!scale_run(model, &third.in, 1, third.out, 3, &options));
  --options.arena_bytes;
  refused(model, &third.in, third.out, options, AIC_INVALID_ARGUMENT, "expected an arena of");
  ++options.arena_bytes, options.arena = arena + 32;
  refused(model, &third.in, third.out, options, AIC_INVALID_ARGUMENT, "aligned to 64");
  options.arena = NULL;
  third.in.data = third.dx + 4;
  refused(model, &third.in, third.out, options, AIC_INVALID_ARGUMENT,
          "input 'x': expected device memory aligned to 16 bytes");
  third.in.data = third.dx, third.out[1].data = third.dz + 8;
  refused(model, &third.in, third.out, options, AIC_INVALID_ARGUMENT,
          "output 'z': expected device memory aligned to 16 bytes");
  third.out[1].data = third.dz;
  CHECK(!scale_run(model, &third.in, 1, third.out, 3, &options));
  fetch(&third, N, b), fetch(&second, N - 5, b), fetch(&first, N, a);
  device_free(arena), end_stream(a), end_stream(b);
}

/* Values that the host reads; outputs from the allocator. */
static void steps(int memory) {
  char error[512] = "";
  aic_model *model = NULL;
  int status = steps_create(NULL, &model, error, sizeof(error));
  if (status)
    printf("%d %s\n", status, error);
  CHECK(!status);
  int32_t x[5] = {3, -1, 4, 0, 5}, v[3] = {1, 2, 3}, positive[5] = {0}, doubled[3] = {0}, square[5] = {0};
  int64_t n = 5, m = 3, picked = 0, pdims = 0, sdims[2] = {0, 0};
  void *stream = memory ? new_stream() : NULL;
  aic_tensor in[2] = {{x, &n, sizeof(x), 1, AIC_INT32}, {v, &m, sizeof(v), 1, AIC_INT32}};
  aic_tensor out[4] = {{NULL, &pdims, 0, 1, AIC_INT32},
                       {NULL, NULL, 0, 1, AIC_INT32},
                       {NULL, NULL, 0, 0, AIC_INT64},
                       {NULL, sdims, 0, 2, AIC_INT32}};
  if (memory) {
    in[0].data = device_memory(64), in[1].data = device_memory(64);
    put(in[0].data, x, sizeof(x), stream), put(in[1].data, v, sizeof(v), stream);
  }
  aic_run_options options = {.struct_size = sizeof(options),
                             .memory = memory,
                             .stream = stream,
                             .allocate = allocate,
                             .user = stream,
                             .error = error,
                             .error_bytes = sizeof(error)};
  for (int again = 0; again < 2; ++again) {
    for (int i = 0; i < 4; ++i)
      out[i].data = NULL;
    status = steps_run(model, in, 2, out, 4, &options);
    if (status)
      printf("%d %s\n", status, error);
    CHECK(!status && pdims == 3 && sdims[0] == 1 && sdims[1] == 5);
    void *to[4] = {positive, doubled, &picked, square};
    size_t bytes[4] = {12, 12, 8, 20};
    for (int i = 0; i < 4; ++i) {
      CHECK(out[i].data == allocated[i] && out[i].bytes == (int64_t)bytes[i]);
      memset(to[i], 0, bytes[i]);
      if (memory)
        get(to[i], allocated[i], bytes[i], stream), wait_for(stream), device_free(allocated[i]);
      else
        memcpy(to[i], allocated[i], bytes[i]), free(allocated[i]);
    }
    CHECK(positive[0] == 3 && positive[1] == 4 && positive[2] == 5);
    CHECK(doubled[0] == 64 && doubled[1] == 128 && doubled[2] == 192);
    CHECK(picked == 5077 && !memcmp(square, x, sizeof(x)));
  }
  steps_destroy(model);
  if (memory)
    device_free(in[0].data), device_free(in[1].data), end_stream(stream);
}

int main(int argc, char **argv) {
  char error[512] = "";
  aic_model *model = NULL;
  if (argc > 1) /* the caller has a context of its own */
    enter_context();
  (void)argv;
  aic_create_options options = {.struct_size = sizeof(options), .device = 99};
  CHECK(scale_create(&options, &model, error, sizeof(error)) == AIC_UNSUPPORTED_DEVICE && !model);
  printf("%s\n", error);
  CHECK(strstr(error, "expected a device from 0 to ") && strstr(error, "got 99"));
  options =
      (aic_create_options){.struct_size = offsetof(aic_create_options, device), .reserved = -1}; /* an older caller's */
  int status = scale_create(&options, &model, error, sizeof(error));
  if (status)
    printf("%d %s\n", status, error);
  CHECK(!status);
  on_host(model);
  steps(AIC_MEMORY_HOST);
  if (argc == 1)
    enter_context(); /* for its own calls */
  on_device(model);
  steps(AIC_MEMORY_DEVICE);
  scale_destroy(model);
  puts("all well");
  return 0;
}
