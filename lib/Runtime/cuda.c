/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Models whose tensors are in the memory of a CUDA device.
   A call is a series of entries in one stream. What it needs of memory (an arena, copies of the caller's inputs and
   outputs) is one `work` of the handle's, whose event says when the device is done with it: the next call, maybe on
   another stream, waits for that on the device and not on the host. */
#define _GNU_SOURCE
#include "aicrt.h"
#include "cuda_driver.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Functions of aic_host_cuda. */
enum { TABLE_FUNCTIONS, TABLE_WEIGHTS, TABLE_HEADER };
enum { FUNCTION_NAME, FUNCTION_BLOCK, FUNCTION_SHARED = 4, FUNCTION_SIZE };
enum { DEFAULT_SHARED = 48 << 10 }; /* a function has to ask for more */

struct buffer {
  cu_address at;
  int64_t bytes;
  int64_t used; /* of an output: what this call made */
};

struct work {
  struct work *next;
  cu_event done;
  int is_pending; /* `done` was recorded */
  struct buffer arena;
  struct buffer copies[]; /* of the inputs, then of the outputs */
};

struct device {
  const struct aicrt_cuda *cu;
  int number;
  int is_primary; /* the context is the device's own, retained */
  int has_pools;
  cu_context context;
  cu_module module;
  cu_function *functions;
  cu_address weights;
  pthread_mutex_t lock;
  struct work *works;
};

static const int64_t *function_info(int64_t number) { return aic_host_cuda + TABLE_HEADER + FUNCTION_SIZE * number; }
static const char *function_name(int64_t number) { return aic_host_strings + function_info(number)[FUNCTION_NAME]; }

/*===-- Errors --------------------------------------------------------------===*/

__attribute__((format(printf, 4, 5))) static aic_status fail(char *error, size_t bytes, aic_status status,
                                                             const char *format, ...) {
  if (error && bytes) {
    va_list args;
    va_start(args, format);
    vsnprintf(error, bytes, format, args);
    va_end(args);
  }
  return status;
}

/* "CUDA_ERROR_X: what it means" */
static const char *explain(const struct aicrt_cuda *cu, cu_result result, char *text, size_t bytes) {
  const char *name = NULL, *meaning = NULL;
  cu->error_name(result, &name);
  cu->error_text(result, &meaning);
  if (name)
    snprintf(text, bytes, "%s%s%s", name, meaning ? ": " : "", meaning ? meaning : "");
  else
    snprintf(text, bytes, "error %d of the driver", (int)result);
  return text;
}

/* An input or an output in a message. */
static const char *port_text(int64_t port, char *text, size_t bytes) {
  int is_input = port < aic_host_io[AICRT_IO_INPUTS];
  snprintf(text, bytes, "%s '%s'", is_input ? "input" : "output", aicrt_port_name(port));
  return text;
}

static aic_status status_of(cu_result result) {
  return result == CU_OUT_OF_MEMORY ? AIC_OUT_OF_MEMORY : AIC_DEVICE_ERROR;
}

/* Of a call: fails it. */
static void check(aicrt_call *call, cu_result result, const char *what) {
  char text[512];
  const struct device *device = call->device;
  if (result)
    aicrt_fail(call, status_of(result), "%s: %s", what, explain(device->cu, result, text, sizeof(text)));
}

/* What the device did since the last wait may have failed, too. */
static void wait_for(aicrt_call *call) {
  const struct device *device = call->device;
  char what[256];
  cu_result result = device->cu->stream_wait(call->options.stream);
  if (!result)
    return;
  snprintf(what, sizeof(what), call->kernel ? "kernel '%s' or one before it" : "the device%s",
           call->kernel ? call->kernel : "");
  check(call, result, what);
}

/*===-- Handles -------------------------------------------------------------===*/

static void destroy(void *handle) {
  struct device *device = handle;
  const struct aicrt_cuda *cu = device->cu;
  /* The context may be gone with all that was in it. */
  int is_alive = device->context && !cu->context_push(device->context);
  for (struct work *work = device->works, *next; work; work = next) {
    next = work->next;
    if (is_alive) {
      if (work->is_pending)
        cu->event_wait(work->done);
      for (int64_t i = -1; i < aic_host_io[AICRT_IO_INPUTS] + aic_host_io[AICRT_IO_OUTPUTS]; ++i) {
        const struct buffer *buffer = i < 0 ? &work->arena : &work->copies[i];
        if (buffer->at)
          cu->free(buffer->at);
      }
      cu->event_destroy(work->done);
    }
    free(work);
  }
  if (is_alive && device->weights)
    cu->free(device->weights);
  if (is_alive && device->module)
    cu->module_unload(device->module);
  if (is_alive)
    cu->context_pop(&(cu_context){NULL});
  if (device->is_primary)
    cu->primary_release(device->number);
  pthread_mutex_destroy(&device->lock);
  free(device->functions);
  free(device);
}

struct message {
  char *text;
  size_t size;
};

/* The caller's context if it has one and names no other device, else the primary one of the device. */
static aic_status choose_context(struct device *device, int64_t wanted, struct message m) {
  const struct aicrt_cuda *cu = device->cu;
  char text[512];
  int count = 0, current = 0;
  cu_context context = NULL;
  cu_result result = cu->init(0);
  if (!result)
    result = cu->device_count(&count);
  if (result && result != CU_NO_DEVICE)
    return fail(m.text, m.size, AIC_UNSUPPORTED_DEVICE, "expected a CUDA device: %s",
                explain(cu, result, text, sizeof(text)));
  if (!count)
    return fail(m.text, m.size, AIC_UNSUPPORTED_DEVICE, "expected a CUDA device, got none");
  if (wanted < 0 || wanted >= count)
    return fail(m.text, m.size, AIC_UNSUPPORTED_DEVICE, "expected a device from 0 to %d, got %lld", count - 1,
                (long long)wanted);
  if (!cu->context_current(&context) && context && !cu->context_device(&current) && (!wanted || wanted == current)) {
    device->number = current;
    device->context = context;
    return AIC_OK;
  }
  result = cu->device_get(&device->number, (int)wanted);
  if (!result)
    result = cu->primary_retain(&device->context, device->number);
  if (result)
    return fail(m.text, m.size, result == CU_OUT_OF_MEMORY ? AIC_OUT_OF_MEMORY : AIC_UNSUPPORTED_DEVICE,
                "CUDA device %d: %s", (int)wanted, explain(cu, result, text, sizeof(text)));
  device->is_primary = 1;
  return AIC_OK;
}

/* Whether the device runs code for the text's ".target sm_<number>[a|f]". */
static aic_status check_target(const struct device *device, struct message m) {
  const struct aicrt_cuda *cu = device->cu;
  const char *at = strstr(aic_host_ptx, ".target");
  int major = 0, minor = 0, length = 0, needed = 0;
  char kind = 0, name[256] = "";
  if (!at || sscanf(at, ".target sm_%d%n%c", &needed, &length, &kind) < 1 || !needed)
    return AIC_OK; /* the driver has a message for such text */
  if (cu->device_attribute(&major, CU_ATTRIBUTE_MAJOR, device->number) ||
      cu->device_attribute(&minor, CU_ATTRIBUTE_MINOR, device->number))
    return AIC_OK;
  int got = 10 * major + minor;
  if (got == needed || (got > needed && kind != 'a' && (kind != 'f' || got / 10 == needed / 10)))
    return AIC_OK;
  cu->device_name(name, sizeof(name), device->number);
  return fail(m.text, m.size, AIC_UNSUPPORTED_DEVICE,
              "the model was compiled for %.*s, which takes a device of compute capability %d.%d%s, got %d.%d (%s)",
              length + (kind == 'a' || kind == 'f') - 8, at + 8, needed / 10, needed % 10,
              kind == 'a'   ? ""
              : kind == 'f' ? " or later of the same family"
                            : " or later",
              major, minor, name);
}

/* The first lines of what the driver's compiler said. */
static void shorten(char *log) {
  size_t lines = 0, end = 0;
  for (size_t i = 0; log[i] && lines < 6 && i < 1000; ++i) {
    lines += log[i] == '\n';
    end = i + 1;
  }
  while (end && (log[end - 1] == '\n' || log[end - 1] == ' '))
    --end;
  log[end] = 0;
}

static aic_status load_functions(struct device *device, struct message m) {
  const struct aicrt_cuda *cu = device->cu;
  int64_t count = aic_host_cuda[TABLE_FUNCTIONS];
  char text[512], log[4096] = "";
  if (!count)
    return AIC_OK;
  aic_status status = check_target(device, m);
  if (status)
    return status;
  int options[] = {CU_JIT_ERROR_LOG, CU_JIT_ERROR_LOG_BYTES};
  void *values[] = {log, (void *)(uintptr_t)(sizeof(log) - 1)};
  cu_result result = cu->module_load(&device->module, aic_host_ptx, 2, options, values);
  if (result) {
    device->module = NULL;
    log[sizeof(log) - 1] = 0;
    shorten(log);
    return fail(m.text, m.size, result == CU_OUT_OF_MEMORY ? AIC_OUT_OF_MEMORY : AIC_UNSUPPORTED_DEVICE,
                "the driver does not take the model's code: %s%s%s", explain(cu, result, text, sizeof(text)),
                *log ? "\n" : "", log);
  }
  if (!(device->functions = calloc((size_t)count, sizeof(cu_function))))
    return fail(m.text, m.size, AIC_OUT_OF_MEMORY, "out of memory");
  for (int64_t i = 0; i < count; ++i) {
    int64_t shared = function_info(i)[FUNCTION_SHARED];
    result = cu->module_function(&device->functions[i], device->module, function_name(i));
    if (!result && shared > DEFAULT_SHARED)
      result = cu->function_set(device->functions[i], CU_FUNCTION_DYNAMIC_SHARED, (int)shared);
    if (result)
      return fail(m.text, m.size, AIC_UNSUPPORTED_DEVICE, "kernel '%s' with %lld bytes of dynamic shared memory: %s",
                  function_name(i), (long long)shared, explain(cu, result, text, sizeof(text)));
  }
  return AIC_OK;
}

static aic_status upload_weights(struct device *device, struct message m) {
  const struct aicrt_cuda *cu = device->cu;
  int64_t bytes = aic_host_cuda[TABLE_WEIGHTS];
  char text[512];
  if (!bytes)
    return AIC_OK;
  cu_result result = cu->alloc(&device->weights, (size_t)bytes);
  if (!result)
    result = cu->upload(device->weights, aic_host_weights(), (size_t)bytes, NULL);
  if (!result) /* calls may come on streams that do not wait for this one */
    result = cu->stream_wait(NULL);
  if (!result)
    return AIC_OK;
  return fail(m.text, m.size, status_of(result), "the model's %lld bytes of constants: %s", (long long)bytes,
              explain(cu, result, text, sizeof(text)));
}

static aic_status create(const aic_create_options *options, void **made, char *error, size_t error_bytes) {
  struct message m = {error, error_bytes};
  char text[512] = "";
  const struct aicrt_cuda *cu = aicrt_cuda_driver(text, sizeof(text));
  if (!cu)
    return fail(error, error_bytes, AIC_UNSUPPORTED_DEVICE, "%s", text);
  struct device *device = calloc(1, sizeof(struct device));
  if (!device)
    return fail(error, error_bytes, AIC_OUT_OF_MEMORY, "out of memory");
  device->cu = cu;
  pthread_mutex_init(&device->lock, NULL);
  aic_status status = choose_context(device, options->device, m);
  if (!status) {
    cu_result result = cu->context_push(device->context);
    if (result) {
      status = fail(error, error_bytes, status_of(result), "the context of CUDA device %d: %s", device->number,
                    explain(cu, result, text, sizeof(text)));
    } else {
      int has_pools = 0;
      cu->device_attribute(&has_pools, CU_ATTRIBUTE_MEMORY_POOLS, device->number);
      device->has_pools = has_pools && cu->pool_alloc && cu->pool_free;
      status = load_functions(device, m);
      if (!status)
        status = upload_weights(device, m);
      cu->context_pop(&(cu_context){NULL});
    }
  }
  if (status)
    destroy(device);
  else
    *made = device;
  return status;
}

/*===-- Memory --------------------------------------------------------------===*/

/* The memory of this call; it is the call's from here on the device, too. */
static struct work *get_work(aicrt_call *call) {
  struct device *device = call->device;
  if (call->work)
    return call->work;
  pthread_mutex_lock(&device->lock);
  struct work *work = device->works;
  if (work)
    device->works = work->next;
  pthread_mutex_unlock(&device->lock);
  if (!work) {
    size_t ports = (size_t)(aic_host_io[AICRT_IO_INPUTS] + aic_host_io[AICRT_IO_OUTPUTS]);
    if (!(work = calloc(1, sizeof(struct work) + ports * sizeof(struct buffer))))
      aicrt_fail(call, AIC_OUT_OF_MEMORY, "out of memory");
    cu_result result = device->cu->event_create(&work->done, CU_EVENT_WITHOUT_TIME);
    if (result)
      free(work);
    check(call, result, "an event of the call");
  }
  call->work = work;
  for (int64_t i = 0; i < aic_host_io[AICRT_IO_OUTPUTS]; ++i)
    work->copies[aic_host_io[AICRT_IO_INPUTS] + i].used = 0;
  if (work->is_pending) {
    cu_result result = device->cu->stream_wait_event(call->options.stream, work->done, 0);
    if (result) /* this call will fail, and forget whom the memory belongs to */
      device->cu->event_wait(work->done);
    check(call, result, "the call before");
  }
  return work;
}

static void *grow(aicrt_call *call, struct buffer *buffer, int64_t bytes, const char *what) {
  const struct device *device = call->device;
  const struct work *work = call->work;
  if (buffer->bytes >= bytes)
    return (void *)(uintptr_t)buffer->at;
  if (buffer->at) { /* this call has not used it yet, the last one may still */
    if (work->is_pending)
      device->cu->event_wait(work->done);
    device->cu->free(buffer->at);
    *buffer = (struct buffer){0};
  }
  cu_result result = bytes > (int64_t)1 << 47 ? CU_OUT_OF_MEMORY : device->cu->alloc(&buffer->at, (size_t)bytes);
  if (result == CU_OUT_OF_MEMORY) {
    buffer->at = 0;
    aicrt_fail(call, AIC_OUT_OF_MEMORY, "out of device memory: %s needs %lld bytes", what, (long long)bytes);
  }
  check(call, result, what);
  buffer->bytes = bytes;
  return (void *)(uintptr_t)buffer->at;
}

void *aicrt_cuda_arena(aicrt_call *call, int64_t bytes) {
  /* Of a caller whose tensors are on the host the arena is, too: checked, and of no use. */
  void *given = call->options.arena ? aicrt_arena(call, bytes) : NULL;
  if (given && call->options.memory == AIC_MEMORY_DEVICE)
    return given;
  if (bytes < 0)
    aicrt_fail(call, AIC_OUT_OF_MEMORY, "out of device memory: the arena needs %lld bytes", (long long)bytes);
  return bytes ? grow(call, &get_work(call)->arena, bytes, "the arena") : NULL;
}

void *aicrt_cuda_weights(aicrt_call *call) { return (void *)(uintptr_t)((struct device *)call->device)->weights; }

void *aicrt_cuda_output(aicrt_call *call, int64_t output, const int64_t *dims, int64_t bytes) {
  void *data = aicrt_output(call, output, dims, bytes);
  int64_t port = aic_host_io[AICRT_IO_INPUTS] + output;
  if (call->options.memory == AIC_MEMORY_DEVICE) {
    if (bytes && (uintptr_t)data % 16)
      aicrt_fail(call, AIC_INVALID_ARGUMENT, "output '%s': expected device memory aligned to 16 bytes, got address %p",
                 aicrt_port_name(port), data);
    return data;
  }
  if (!bytes)
    return NULL;
  struct buffer *copy = &get_work(call)->copies[port];
  char text[128];
  data = grow(call, copy, bytes, port_text(port, text, sizeof(text)));
  copy->used = bytes;
  return data;
}

static cu_result release(aicrt_call *call, struct aicrt_slot *slot) {
  const struct device *device = call->device;
  cu_address at = (uintptr_t)slot->memory;
  *slot = (struct aicrt_slot){0};
  if (!at)
    return 0;
  if (device->has_pools)
    return device->cu->pool_free(at, call->options.stream);
  cu_result result = device->cu->stream_wait(call->options.stream), freed = device->cu->free(at);
  return result ? result : freed;
}

void *aicrt_cuda_reserve(aicrt_call *call, int64_t number, int64_t bytes) {
  const struct device *device = call->device;
  struct aicrt_slot *slot = &call->heap[number];
  if (slot->memory && slot->bytes >= bytes)
    return slot->memory;
  check(call, release(call, slot), "a value inside the model");
  cu_address at = 0;
  cu_result result = CU_OUT_OF_MEMORY;
  size_t size = (size_t)(bytes / 256 + 1) * 256;
  if (bytes >= 0 && bytes < (int64_t)1 << 47)
    result = device->has_pools ? device->cu->pool_alloc(&at, size, call->options.stream) : device->cu->alloc(&at, size);
  if (result == CU_OUT_OF_MEMORY)
    aicrt_fail(call, AIC_OUT_OF_MEMORY, "out of device memory: a value inside the model needs %lld bytes",
               (long long)bytes);
  check(call, result, "memory for a value inside the model");
  slot->bytes = bytes;
  return slot->memory = (void *)(uintptr_t)at;
}

/*===-- The call ------------------------------------------------------------===*/

static void begin(aicrt_call *call, const aic_tensor *inputs, const int64_t *sizes, size_t count, void **data) {
  const struct device *device = call->device;
  check(call, device->cu->context_push(device->context), "the model's context");
  call->is_entered = 1;
  for (size_t i = 0; i < count; ++i) {
    if (call->options.memory == AIC_MEMORY_DEVICE) {
      if (sizes[i] && (uintptr_t)inputs[i].data % 16)
        aicrt_fail(call, AIC_INVALID_ARGUMENT, "input '%s': expected device memory aligned to 16 bytes, got address %p",
                   aicrt_port_name((int64_t)i), inputs[i].data);
      continue;
    }
    data[i] = NULL;
    if (!sizes[i])
      continue;
    char text[128];
    port_text((int64_t)i, text, sizeof(text));
    data[i] = grow(call, &get_work(call)->copies[i], sizes[i], text);
    check(call, device->cu->upload((uintptr_t)data[i], inputs[i].data, (size_t)sizes[i], call->options.stream), text);
  }
}

static aic_status end(aicrt_call *call) {
  struct device *device = call->device;
  const struct aicrt_cuda *cu = device->cu;
  struct work *work = call->work;
  cu_stream stream = call->options.stream;
  char text[512];
  if (!call->is_entered)
    return call->status;
  cu_result result = 0;
  int is_host = call->options.memory == AIC_MEMORY_HOST;
  for (int64_t i = 0; is_host && work && !call->status && !result && i < aic_host_io[AICRT_IO_OUTPUTS]; ++i) {
    const struct buffer *copy = &work->copies[aic_host_io[AICRT_IO_INPUTS] + i];
    if (copy->used)
      result = cu->download(call->outputs[i].data, copy->at, (size_t)copy->used, stream);
  }
  for (int64_t i = 0; i < aic_host_io[AICRT_IO_HEAP]; ++i) {
    cu_result freed = release(call, &call->heap[i]);
    result = result ? result : freed;
  }
  cu_result last = 0;
  if (work && !is_host)
    last = cu->event_record(work->done, stream);
  if (work)
    work->is_pending = !is_host && !last;
  if (is_host || last) /* after a failure, too: the device may still read the caller's inputs */
    last = cu->stream_wait(stream);
  result = result ? result : last;
  if (result && !call->status)
    call->status = fail(call->options.error, call->options.error_bytes, status_of(result), "%s%s%s%s",
                        call->kernel ? "kernel '" : "", call->kernel ? call->kernel : "the call",
                        call->kernel ? "' or one before it: " : ": ", explain(cu, result, text, sizeof(text)));
  if (work) {
    pthread_mutex_lock(&device->lock);
    work->next = device->works;
    device->works = work;
    pthread_mutex_unlock(&device->lock);
  }
  cu->context_pop(&(cu_context){NULL});
  return call->status;
}

const struct aicrt_device aicrt_cuda_device = {create, destroy, begin, end};

/*===-- What the host code does ---------------------------------------------===*/

void aicrt_cuda_copy(aicrt_call *call, void *to, const void *from, int64_t bytes) {
  const struct device *device = call->device;
  if (bytes && to != from)
    check(call, device->cu->copy((uintptr_t)to, (uintptr_t)from, (size_t)bytes, call->options.stream),
          "a copy on the device");
}

void aicrt_cuda_read(aicrt_call *call, void *to_host, const void *from_device, int64_t bytes) {
  const struct device *device = call->device;
  check(call, device->cu->download(to_host, (uintptr_t)from_device, (size_t)bytes, call->options.stream),
        "a value from the device");
  wait_for(call);
}

/* Values that travel inside the commands: a copy could still read the host's bytes when they are others. */
void aicrt_cuda_write(aicrt_call *call, void *to_device, const void *from_host, int64_t bytes) {
  const struct aicrt_cuda *cu = ((struct device *)call->device)->cu;
  const char *from = from_host;
  cu_address to = (uintptr_t)to_device;
  for (int64_t at = 0; at < bytes;) {
    uint32_t word, other;
    int64_t count = 1;
    if (bytes - at < (int64_t)sizeof(word)) {
      check(call, cu->set_bytes(to + (uint64_t)at, (unsigned char)from[at], 1, call->options.stream),
            "a value to the device");
      ++at;
      continue;
    }
    memcpy(&word, from + at, sizeof(word));
    for (; bytes - at >= (int64_t)sizeof(word) * (count + 1); ++count) {
      memcpy(&other, from + at + (int64_t)sizeof(word) * count, sizeof(word));
      if (other != word)
        break;
    }
    check(call, cu->set_words(to + (uint64_t)at, word, (size_t)count, call->options.stream), "a value to the device");
    at += (int64_t)sizeof(word) * count;
  }
}

static int64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void aicrt_cuda_launch(aicrt_call *call, int64_t function, void *const *buffers, int64_t num_buffers,
                       const int64_t *dims, int64_t num_dims, int64_t launch, int64_t x, int64_t y, int64_t z) {
  const struct device *device = call->device;
  const int64_t *info = function_info(function), *block = info + FUNCTION_BLOCK;
  const char *name = function_name(function);
  char what[256];
  int64_t begin = 0;
  if (call->options.profile) {
    wait_for(call);
    begin = now();
  }
  if (x < 0 || y < 0 || z < 0 || x > INT32_MAX || y > UINT16_MAX || z > UINT16_MAX)
    aicrt_fail(call, AIC_DEVICE_ERROR,
               "kernel '%s': expected a grid of at most 2147483647 x 65535 x 65535 blocks, got %lld x %lld x %lld",
               name, (long long)x, (long long)y, (long long)z);
  if (x && y && z) {
    void *parameters[num_buffers + num_dims + 1];
    for (int64_t i = 0; i < num_buffers; ++i)
      parameters[i] = (void *)&buffers[i];
    for (int64_t i = 0; i < num_dims; ++i)
      parameters[num_buffers + i] = (void *)&dims[i];
    cu_result result = device->cu->launch(device->functions[function], (unsigned)x, (unsigned)y, (unsigned)z,
                                          (unsigned)block[0], (unsigned)block[1], (unsigned)block[2],
                                          (unsigned)info[FUNCTION_SHARED], call->options.stream, parameters, NULL);
    snprintf(what, sizeof(what), "kernel '%s'", name);
    check(call, result, what);
    call->kernel = name;
  }
  if (call->options.profile) {
    wait_for(call);
    call->options.profile(call->options.user, (int32_t)launch, begin, now());
  }
}
