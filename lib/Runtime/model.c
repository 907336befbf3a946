/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The exported functions of a model: checks, arenas, the call. */
#define _GNU_SOURCE
#include "aicrt.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* An arena that waits for the next call; the header keeps the memory behind it aligned. */
struct arena {
  struct arena *next;
  int64_t bytes;
  char padding[48];
};

struct aic_model {
  int32_t threads;
  aicrt_pool *pool;
  pthread_mutex_t lock;
  struct arena *arenas;
  void *device;
};

/*===-- Messages ------------------------------------------------------------===*/

struct message {
  char *text;
  size_t size;
};

static aic_status fail(struct message m, aic_status status, const char *format, ...) {
  if (m.text && m.size) {
    va_list args;
    va_start(args, format);
    vsnprintf(m.text, m.size, format, args);
    va_end(args);
  }
  return status;
}

/*===-- The IO table --------------------------------------------------------===*/

struct tensor_info {
  int64_t dtype, rank;
  const char *name;
  const int64_t *dims;
};

static const char *string(int64_t offset) { return aic_host_strings + offset; }
static const int64_t *first_tensor(void) { return aic_host_io + AICRT_IO_HEADER + 4 * aic_host_io[AICRT_IO_SYMBOLS]; }

static struct tensor_info read_info(const int64_t **at) {
  const int64_t *p = *at;
  struct tensor_info info = {p[0], p[1], string(p[2]), p + 3};
  *at = p + 3 + p[1];
  return info;
}

const char *aicrt_port_name(int64_t port) {
  const int64_t *at = first_tensor();
  struct tensor_info info = read_info(&at);
  while (port-- > 0)
    info = read_info(&at);
  return info.name;
}

static const int64_t *first_output(void) {
  const int64_t *at = first_tensor();
  for (int64_t i = 0; i < aic_host_io[AICRT_IO_INPUTS]; ++i)
    read_info(&at);
  return at;
}

static const char *const dtype_names[] = {"bool",   "int8",   "int16",   "int32",    "int64", "uint8", "uint16",
                                          "uint32", "uint64", "float16", "bfloat16", "float", "double"};
static const int8_t dtype_sizes[] = {1, 1, 2, 4, 8, 1, 2, 4, 8, 2, 2, 4, 8};

static const char *dtype_name(int32_t dtype) {
  return dtype >= 0 && dtype <= AIC_DOUBLE ? dtype_names[dtype] : "an unknown type";
}

/*===-- Checks --------------------------------------------------------------===*/

static aic_status check_count(struct message m, const char *what, size_t got, int64_t expected) {
  if ((int64_t)got == expected)
    return AIC_OK;
  return fail(m, AIC_INVALID_ARGUMENT, "expected %lld %s, got %zu", (long long)expected, what, got);
}

static aic_status check_extent(struct message m, const struct tensor_info *info, int64_t d, int64_t got,
                               int64_t *symbols) {
  int64_t want = info->dims[d];
  if (want >= 0) {
    if (got == want)
      return AIC_OK;
    return fail(m, AIC_INVALID_ARGUMENT, "input '%s': expected extent %lld in dimension %lld, got %lld", info->name,
                (long long)want, (long long)d, (long long)got);
  }
  const int64_t *symbol = aic_host_io + AICRT_IO_HEADER + 4 * (-1 - want);
  const char *name = string(symbol[0]);
  if (got < symbol[1] || (symbol[2] >= 0 && got > symbol[2])) {
    if (symbol[2] < 0)
      return fail(m, AIC_INVALID_ARGUMENT,
                  "input '%s': expected an extent of at least %lld in dimension %lld (%s), got %lld", info->name,
                  (long long)symbol[1], (long long)d, name, (long long)got);
    return fail(m, AIC_INVALID_ARGUMENT,
                "input '%s': expected an extent of %lld to %lld in dimension %lld (%s), got %lld", info->name,
                (long long)symbol[1], (long long)symbol[2], (long long)d, name, (long long)got);
  }
  if (got % symbol[3])
    return fail(m, AIC_INVALID_ARGUMENT, "input '%s': expected a multiple of %lld in dimension %lld (%s), got %lld",
                info->name, (long long)symbol[3], (long long)d, name, (long long)got);
  int64_t *known = symbols + (-1 - want);
  if (*known >= 0 && *known != got)
    return fail(m, AIC_INVALID_ARGUMENT,
                "input '%s': expected extent %lld in dimension %lld, as '%s' elsewhere, got %lld", info->name,
                (long long)*known, (long long)d, name, (long long)got);
  *known = got;
  return AIC_OK;
}

/* Checks types and extents of the inputs; fills the symbols. With `sizes` also their data; fills the sizes in bytes. */
static aic_status check_inputs(struct message m, const aic_tensor *inputs, size_t count, int64_t *symbols,
                               int64_t *sizes) {
  aic_status status = check_count(m, "inputs", count, aic_host_io[AICRT_IO_INPUTS]);
  if (status)
    return status;
  for (int64_t s = 0; s < aic_host_io[AICRT_IO_SYMBOLS]; ++s)
    symbols[s] = -1;
  const int64_t *at = first_tensor();
  for (size_t i = 0; i < count; ++i) {
    struct tensor_info info = read_info(&at);
    const aic_tensor *t = &inputs[i];
    if (t->dtype != info.dtype)
      return fail(m, AIC_INVALID_ARGUMENT, "input '%s': expected elements of type %s, got %s", info.name,
                  dtype_name((int32_t)info.dtype), dtype_name(t->dtype));
    if (t->rank != info.rank)
      return fail(m, AIC_INVALID_ARGUMENT, "input '%s': expected rank %lld, got %d", info.name, (long long)info.rank,
                  t->rank);
    if (info.rank && !t->dims)
      return fail(m, AIC_INVALID_ARGUMENT, "input '%s': expected dims, got NULL", info.name);
    int64_t size = dtype_sizes[info.dtype];
    int overflow = 0, empty = 0;
    for (int64_t d = 0; d < info.rank; ++d) {
      if (t->dims[d] < 0)
        return fail(m, AIC_INVALID_ARGUMENT, "input '%s': expected an extent of at least 0 in dimension %lld, got %lld",
                    info.name, (long long)d, (long long)t->dims[d]);
      if ((status = check_extent(m, &info, d, t->dims[d], symbols)))
        return status;
      empty |= t->dims[d] == 0;
      overflow |= __builtin_mul_overflow(size, t->dims[d], &size);
    }
    if (!empty && (overflow || size > (int64_t)1 << 47))
      return fail(m, AIC_INVALID_ARGUMENT, "input '%s': expected at most 2^47 bytes", info.name);
    if (sizes)
      sizes[i] = empty ? 0 : size;
    if (!sizes || empty)
      continue;
    if (!t->data || (uintptr_t)t->data % (uintptr_t)dtype_sizes[info.dtype])
      return fail(m, AIC_INVALID_ARGUMENT, "input '%s': expected data aligned to its elements, got %s", info.name,
                  t->data ? "an odd address" : "NULL");
    if (t->bytes && t->bytes < size)
      return fail(m, AIC_INVALID_ARGUMENT, "input '%s': expected %lld bytes, got %lld", info.name, (long long)size,
                  (long long)t->bytes);
  }
  return AIC_OK;
}

static aic_status check_outputs(struct message m, const aic_tensor *outputs, size_t count) {
  aic_status status = check_count(m, "outputs", count, aic_host_io[AICRT_IO_OUTPUTS]);
  const int64_t *at = first_output();
  for (size_t i = 0; !status && i < count; ++i) {
    struct tensor_info info = read_info(&at);
    if (outputs[i].dtype != info.dtype)
      status = fail(m, AIC_INVALID_ARGUMENT, "output '%s': expected elements of type %s, got %s", info.name,
                    dtype_name((int32_t)info.dtype), dtype_name(outputs[i].dtype));
    else if (outputs[i].rank != info.rank)
      status = fail(m, AIC_INVALID_ARGUMENT, "output '%s': expected rank %lld, got %d", info.name, (long long)info.rank,
                    outputs[i].rank);
  }
  return status;
}

static int64_t output_extents(void) {
  const int64_t *at = first_output();
  int64_t extents = 0;
  for (int64_t i = 0; i < aic_host_io[AICRT_IO_OUTPUTS]; ++i)
    extents += read_info(&at).rank;
  return extents;
}

/*===-- Handles -------------------------------------------------------------===*/

AICRT_EXPORT int32_t aic_model_abi_version(void) { return AIC_MODEL_ABI_VERSION; }

AICRT_EXPORT const char *aic_model_manifest(size_t *bytes) {
  *bytes = (size_t)aic_host_manifest_size;
  return aic_host_manifest;
}

AICRT_EXPORT aic_status aic_model_create(const aic_create_options *options, aic_model **model, char *error,
                                         size_t error_bytes) {
  struct message m = {error, error_bytes};
  char name[64];
  *model = NULL;
  if (aicrt_missing_feature(string(aic_host_io[AICRT_IO_FEATURES]), name, sizeof(name)))
    return fail(m, AIC_UNSUPPORTED_CPU, "the model was compiled for a CPU with '%s', which this one lacks", name);
  aic_create_options given = {0};
  if (options) /* an older caller's struct is shorter */
    memcpy(&given, options, options->struct_size < sizeof(given) ? options->struct_size : sizeof(given));
  int32_t threads = given.threads;
  if (threads < 0 || threads > 4096)
    return fail(m, AIC_INVALID_ARGUMENT, "expected 0 to 4096 threads, got %d", threads);
  if (!threads)
    threads = (int32_t)aic_host_io[AICRT_IO_THREADS];
  if (aic_host_device)
    threads = 1; /* it has its own */
  aic_model *made = calloc(1, sizeof(aic_model));
  if (!made)
    return fail(m, AIC_OUT_OF_MEMORY, "out of memory");
  made->threads = threads;
  pthread_mutex_init(&made->lock, NULL);
  if (threads > 1 && !(made->pool = aicrt_pool_create(threads))) {
    pthread_mutex_destroy(&made->lock);
    free(made);
    return fail(m, AIC_OUT_OF_MEMORY, "cannot start %d threads", threads);
  }
  aic_status status = aic_host_device ? aic_host_device->create(&given, &made->device, error, error_bytes) : AIC_OK;
  if (status) {
    aicrt_pool_destroy(made->pool);
    pthread_mutex_destroy(&made->lock);
    free(made);
    return status;
  }
  *model = made;
  return AIC_OK;
}

AICRT_EXPORT void aic_model_destroy(aic_model *model) {
  if (!model)
    return;
  if (aic_host_device)
    aic_host_device->destroy(model->device);
  aicrt_pool_destroy(model->pool);
  for (struct arena *a = model->arenas, *next; a; a = next) {
    next = a->next;
    free(a);
  }
  pthread_mutex_destroy(&model->lock);
  free(model);
}

AICRT_EXPORT aic_status aic_model_query(const aic_model *model, const aic_tensor *inputs, size_t num_inputs,
                                        aic_tensor *outputs, size_t num_outputs, int64_t *arena_bytes, char *error,
                                        size_t error_bytes) {
  struct message m = {error, error_bytes};
  int64_t symbols[aic_host_io[AICRT_IO_SYMBOLS] + 1], extents[output_extents() + 1];
  (void)model;
  aic_status status = check_inputs(m, inputs, num_inputs, symbols, NULL);
  if (!status && outputs)
    status = check_count(m, "outputs", num_outputs, aic_host_io[AICRT_IO_OUTPUTS]);
  if (status)
    return status;
  int64_t bytes = aic_host_shapes(symbols, extents), *from = extents;
  if (arena_bytes)
    *arena_bytes = bytes;
  const int64_t *at = first_output();
  for (size_t i = 0; outputs && i < num_outputs; ++i) {
    struct tensor_info info = read_info(&at);
    if (outputs[i].dims)
      memcpy(outputs[i].dims, from, sizeof(int64_t) * (size_t)info.rank);
    from += info.rank;
  }
  return AIC_OK;
}

AICRT_EXPORT int64_t aic_model_arena_size(const aic_model *model, const aic_tensor *inputs, size_t num_inputs) {
  int64_t bytes;
  return aic_model_query(model, inputs, num_inputs, NULL, 0, &bytes, NULL, 0) ? -1 : bytes;
}

/*===-- Arenas --------------------------------------------------------------===*/

static struct arena *take_arena(aic_model *model, int64_t bytes) {
  pthread_mutex_lock(&model->lock);
  struct arena *found = model->arenas;
  if (found)
    model->arenas = found->next;
  pthread_mutex_unlock(&model->lock);
  if (found && found->bytes >= bytes)
    return found;
  free(found);
  found = aligned_alloc(64, sizeof(struct arena) + (size_t)(bytes + 63) / 64 * 64);
  if (found)
    found->bytes = bytes;
  return found;
}

static void keep_arena(aic_model *model, struct arena *arena) {
  pthread_mutex_lock(&model->lock);
  arena->next = model->arenas;
  model->arenas = arena;
  pthread_mutex_unlock(&model->lock);
}

/*===-- The call ------------------------------------------------------------===*/

static struct message call_message(aicrt_call *call) {
  return (struct message){call->options.error, call->options.error_bytes};
}

void aicrt_fail(aicrt_call *call, aic_status status, const char *format, ...) {
  if (call->options.error && call->options.error_bytes) {
    va_list args;
    va_start(args, format);
    vsnprintf(call->options.error, call->options.error_bytes, format, args);
    va_end(args);
  }
  call->status = status;
  longjmp(call->escape, 1);
}

static int64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void aicrt_launch(aicrt_call *call, aicrt_kernel kernel, void *const *buffers, const int64_t *dims, int64_t launch,
                  int64_t shares) {
  int64_t begin = call->options.profile ? now() : 0;
  int32_t threads = shares < call->options.threads ? (int32_t)shares : call->options.threads;
  aicrt_pool_run(call->model->pool, threads, kernel, buffers, dims);
  if (call->options.profile)
    call->options.profile(call->options.user, (int32_t)launch, begin, now());
}

void *aicrt_arena(aicrt_call *call, int64_t bytes) {
  if (call->options.arena) {
    if (call->options.arena_bytes < bytes || (uintptr_t)call->options.arena % 64)
      aicrt_fail(call, AIC_INVALID_ARGUMENT, "expected an arena of %lld bytes, aligned to 64, got %lld at %p",
                 (long long)bytes, (long long)call->options.arena_bytes, call->options.arena);
    return call->options.arena;
  }
  if (bytes < 0 || bytes > (int64_t)1 << 47 || !(call->arena = take_arena(call->model, bytes)))
    aicrt_fail(call, AIC_OUT_OF_MEMORY, "out of memory: the arena needs %lld bytes", (long long)bytes);
  return call->arena + 1;
}

void *aicrt_output(aicrt_call *call, int64_t output, const int64_t *dims, int64_t bytes) {
  aic_tensor *t = &call->outputs[output];
  const int64_t *at = first_output();
  struct tensor_info info = read_info(&at);
  for (int64_t i = 0; i < output; ++i)
    info = read_info(&at);
  if (t->dims && info.rank)
    memcpy(t->dims, dims, sizeof(int64_t) * (size_t)info.rank);
  if (!t->data && call->options.allocate) {
    t->data = call->options.allocate(call->options.user, (int32_t)output, bytes, dims, (int32_t)info.rank);
    if (!t->data && bytes)
      aicrt_fail(call, AIC_OUT_OF_MEMORY, "output '%s': the allocator gave no memory for %lld bytes", info.name,
                 (long long)bytes);
    t->bytes = bytes;
  }
  if (t->bytes < bytes || (!t->data && bytes) || (uintptr_t)t->data % (uintptr_t)dtype_sizes[info.dtype])
    aicrt_fail(call, AIC_INVALID_ARGUMENT, "output '%s': expected %lld bytes of aligned memory, got %lld", info.name,
               (long long)bytes, (long long)(t->data ? t->bytes : 0));
  return t->data;
}

void *aicrt_reserve(aicrt_call *call, int64_t slot, int64_t bytes) {
  struct aicrt_slot *s = &call->heap[slot];
  if (s->bytes < bytes || !s->memory) {
    free(s->memory);
    s->memory = bytes < (int64_t)1 << 47 && bytes >= 0 ? aligned_alloc(64, (size_t)(bytes / 64 + 1) * 64) : NULL;
    s->bytes = bytes;
  }
  if (!s->memory)
    aicrt_fail(call, AIC_OUT_OF_MEMORY, "out of memory: a value inside the model needs %lld bytes", (long long)bytes);
  return s->memory;
}

void aicrt_npu(aicrt_call *call, const void *npub, int64_t bytes, void *const *buffers, int64_t count, int64_t launch) {
  char text[512] = "";
  int64_t begin = call->options.profile ? now() : 0;
  if (aicrt_npu_run(npub, bytes, buffers, count, text, sizeof(text)))
    aicrt_fail(call, AIC_CHECK_FAILED, "NPU: %s", text);
  if (call->options.profile)
    call->options.profile(call->options.user, (int32_t)launch, begin, now());
}

void aicrt_check(aicrt_call *call, int8_t holds, const char *text) {
  if (!holds)
    aicrt_fail(call, AIC_CHECK_FAILED, "%s", text);
}

void aicrt_copy(void *to, const void *from, int64_t bytes) {
  if (bytes)
    memcpy(to, from, (size_t)bytes);
}

/* Apart from its caller, so that no variable of that lives across setjmp. */
static void guarded_run(aicrt_call *call, const aic_tensor *inputs, size_t num_inputs, const int64_t *sizes,
                        void **data, const int64_t *symbols) {
  if (setjmp(call->escape))
    return;
  if (aic_host_device)
    aic_host_device->begin(call, inputs, sizes, num_inputs, data);
  aic_host_run(call, data, symbols);
}

AICRT_EXPORT aic_status aic_model_run(aic_model *model, const aic_tensor *inputs, size_t num_inputs,
                                      aic_tensor *outputs, size_t num_outputs, const aic_run_options *options) {
  aicrt_call call = {.model = model, .outputs = outputs};
  if (options) /* an older caller's struct is shorter */
    memcpy(&call.options, options,
           options->struct_size < sizeof(call.options) ? options->struct_size : sizeof(call.options));
  struct message m = call_message(&call);
  if (!model)
    return fail(m, AIC_INVALID_ARGUMENT, "expected a model, got NULL");
  if (call.options.threads <= 0 || call.options.threads > model->threads)
    call.options.threads = model->threads;
  if (call.options.memory < AIC_MEMORY_HOST ||
      call.options.memory > (aic_host_device ? AIC_MEMORY_DEVICE : AIC_MEMORY_HOST))
    return fail(m, AIC_INVALID_ARGUMENT, "expected %s as the memory of a call, got %d",
                aic_host_device ? "AIC_MEMORY_HOST or AIC_MEMORY_DEVICE" : "AIC_MEMORY_HOST", call.options.memory);
  int64_t symbols[aic_host_io[AICRT_IO_SYMBOLS] + 1], sizes[aic_host_io[AICRT_IO_INPUTS] + 1];
  aic_status status = check_inputs(m, inputs, num_inputs, symbols, sizes);
  if (!status)
    status = check_outputs(m, outputs, num_outputs);
  if (status)
    return status;

  int64_t heap = aic_host_io[AICRT_IO_HEAP];
  struct aicrt_slot slots[heap + 1];
  memset(slots, 0, sizeof(struct aicrt_slot) * (size_t)(heap + 1));
  call.heap = slots;
  call.device = model->device;
  void *data[num_inputs + 1];
  for (size_t i = 0; i < num_inputs; ++i)
    data[i] = inputs[i].data;
  guarded_run(&call, inputs, num_inputs, sizes, data, symbols);
  if (aic_host_device)
    return aic_host_device->end(&call);
  for (int64_t i = 0; i < heap; ++i)
    free(slots[i].memory);
  if (call.arena)
    keep_arena(model, call.arena);
  return call.status;
}
