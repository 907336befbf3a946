/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* A driver for tests of the host code: kernels are C functions, device memory is host memory behind addresses that
   nobody but this file can follow. Streams are as lazy as they may be: nothing happens before somebody waits for it.
   Any function can be told to fail; what is not given back is counted. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define API __attribute__((visibility("default")))
typedef uint64_t address;
typedef int32_t result;
enum { MAX = 4096, BAD_VALUE = 1, NO_DEVICE = 100, BAD_IMAGE = 218, NOT_FOUND = 500, BAD_ADDRESS = 700 };
#define HIDDEN ((address)1 << 62)

/*===-- What tests see ------------------------------------------------------===*/

static int devices = 1, capability = 80, pools = 1, refused;
static long live; /* objects that exist */
static struct { char name[40]; long calls, fail_at; result code; } functions[64];
static result sticky;

static int find(const char *name) {
  int i = 0;
  while (functions[i].name[0] && strcmp(functions[i].name, name))
    ++i;
  snprintf(functions[i].name, sizeof(functions[i].name), "%s", name);
  return i;
}
API long test_calls(const char *name) { return functions[find(name)].calls; }
API long test_live(void) { return live; }
/* The nth call from now fails with `code`; 0: none. */
API void test_fail(const char *name, long nth, result code) {
  int i = find(name);
  functions[i].fail_at = nth ? functions[i].calls + nth : 0;
  functions[i].code = code;
}
API void test_set(const char *what, int value) {
  *(!strcmp(what, "devices") ? &devices : !strcmp(what, "capability") ? &capability : !strcmp(what, "pools") ? &pools : &refused) = value;
}
static result enter(const char *name) {
  int i = find(name);
  return ++functions[i].calls == functions[i].fail_at ? functions[i].code : sticky;
}
/* What gives something back works after an error, too. */
static result leave(const char *name) {
  result before = sticky;
  sticky = 0;
  result r = enter(name);
  sticky = before;
  return r;
}
#define ENTER(name)                                                                                                    \
  do {                                                                                                                 \
    result r_ = enter(name);                                                                                           \
    if (r_)                                                                                                            \
      return r_;                                                                                                       \
  } while (0)

/*===-- Memory and streams --------------------------------------------------===*/

static struct { char *at; size_t bytes; int freed; } blocks[MAX];
static int num_blocks;

/* Host memory behind [at, at + bytes) or null. */
static char *follow(address at, size_t bytes) {
  char *p = (char *)(uintptr_t)(at - HIDDEN);
  for (int i = 0; i < num_blocks; ++i)
    if (!blocks[i].freed && p >= blocks[i].at && p + bytes <= blocks[i].at + blocks[i].bytes)
      return p;
  return NULL;
}
static result allocate(address *at, size_t bytes) {
  if (!bytes || num_blocks == MAX)
    return BAD_VALUE;
  char *memory = aligned_alloc(256, (bytes + 255) / 256 * 256);
  memset(memory, 0xA5, bytes);
  blocks[num_blocks].at = memory, blocks[num_blocks].freed = 0, blocks[num_blocks++].bytes = bytes;
  *at = (uintptr_t)memory + HIDDEN;
  ++live;
  return 0;
}
static result give_back(address at) {
  for (int i = 0; i < num_blocks; ++i)
    if (!blocks[i].freed && blocks[i].at == (char *)(uintptr_t)(at - HIDDEN)) {
      memset(blocks[i].at, 0xDD, blocks[i].bytes); /* and not reused: late users are found */
      blocks[i].freed = 1;
      --live;
      return 0;
    }
  return BAD_VALUE;
}

struct event { struct stream *stream; long position; };
struct kernel { const char *name; int parameters; void (*run)(uint64_t *p, int64_t thread, int64_t threads); };
struct op {
  enum { UPLOAD, DOWNLOAD, COPY, SET8, SET32, LAUNCH, WAIT, FREE } kind;
  address to, from;
  size_t bytes;
  uint64_t parameters[8];
  const struct kernel *kernel;
  int64_t threads;
  struct event event;
};
struct stream { struct op ops[MAX]; long done, count; };
static struct stream default_stream;

static void drain(struct stream *s, long until);
static result run(struct op *op) {
  char *to = op->kind == DOWNLOAD ? (char *)(uintptr_t)op->to : follow(op->to, op->bytes);
  const char *from = op->kind == UPLOAD ? (const char *)(uintptr_t)op->from : follow(op->from, op->bytes);
  if (op->kind <= SET32 && (!to || (op->kind <= COPY && !from)))
    return BAD_ADDRESS;
  if (op->kind <= COPY)
    memmove(to, from, op->bytes);
  for (size_t i = 0; (op->kind == SET8 || op->kind == SET32) && i < op->bytes; ++i)
    to[i] = (char)(op->from >> (op->kind == SET32 ? 8 * (i % 4) : 0));
  if (op->kind == LAUNCH)
    ENTER("a kernel");
  for (int64_t i = 0; op->kind == LAUNCH && i < op->threads; ++i)
    op->kernel->run(op->parameters, i, op->threads);
  if (op->kind == WAIT && op->event.stream)
    drain(op->event.stream, op->event.position);
  return op->kind == FREE ? give_back(op->to) : 0;
}
static void drain(struct stream *s, long until) {
  while (s->done < until) {
    struct op *op = &s->ops[s->done++ % MAX];
    if (!sticky || op->kind == FREE)
      sticky = sticky | run(op);
  }
}
static result push(void *stream, struct op op) {
  struct stream *s = stream ? stream : &default_stream;
  if (s->count - s->done == MAX)
    return BAD_VALUE;
  s->ops[s->count++ % MAX] = op;
  return 0;
}

/* A new context, so to say: after an error, and when nothing is left of the old one. */
API void test_reset(void) {
  sticky = 0;
  for (; num_blocks && blocks[num_blocks - 1].freed; --num_blocks)
    free(blocks[num_blocks - 1].at);
}

/*===-- Kernels of the tests ------------------------------------------------===*/

#define F(i, type) ((type *)(void *)follow(p[i], sizeof(type)))
static void affine(uint64_t *p, int64_t i, int64_t n) {
  if (i < 4 * (int64_t)p[3] && n)
    F(2, float)[i] = F(0, float)[i] * F(1, float)[i % 4] + F(1, float)[i % 4];
}
static void zero_rows(uint64_t *p, int64_t i, int64_t n) {
  if (i < (int64_t)p[2] && n)
    F(1, float)[i] = 0;
}
static void add_rows(uint64_t *p, int64_t i, int64_t n) {
  for (int j = 0; i < (int64_t)p[2] && j < 4 && n; ++j)
    F(1, float)[i] += F(0, float)[4 * i + j];
}
static void count(uint64_t *p, int64_t i, int64_t n) {
  *F(1, int64_t) = 0;
  for (int64_t j = i; j < (int64_t)p[2] && n; ++j)
    *F(1, int64_t) += F(0, int32_t)[j] > 0;
}
static void fill(uint64_t *p, int64_t i, int64_t n) {
  for (int64_t j = 0, c = i; j < (int64_t)p[2] && n; ++j)
    if (F(0, int32_t)[j] > 0)
      F(1, int32_t)[c++] = F(0, int32_t)[j];
}
static void twice(uint64_t *p, int64_t i, int64_t n) {
  if (i < (int64_t)p[2] && n)
    F(1, int32_t)[i] = 2 * F(0, int32_t)[i];
}
static void below(uint64_t *p, int64_t i, int64_t n) {
  *F(1, int8_t) = 1;
  for (int64_t j = i; j < (int64_t)p[2] && n; ++j)
    if (F(0, int32_t)[j] > (int64_t)p[3])
      *F(1, int8_t) = 0;
}
static void pick(uint64_t *p, int64_t i, int64_t n) {
  *F(1, int64_t) = F(0, int64_t)[0] * 1000 + F(0, int64_t)[1] * 10 + F(0, int64_t)[2] + i * n;
}
static const struct kernel kernels[] = {{"affine", 5, affine}, {"zero_rows", 4, zero_rows}, {"add_rows", 4, add_rows},
                                        {"count", 3, count},   {"fill", 4, fill},           {"twice", 4, twice},
                                        {"below", 4, below},   {"pick", 2, pick}};

/*===-- The interface -------------------------------------------------------===*/

static char contexts[8]; /* of the devices */
static char *current[16];
static int depth;
API result cuInit(unsigned flags) { ENTER("cuInit"); return flags ? BAD_VALUE : devices ? 0 : NO_DEVICE; }
API result cuDeviceGetCount(int *n) { ENTER("cuDeviceGetCount"); *n = devices; return 0; }
API result cuDeviceGet(int *d, int n) { ENTER("cuDeviceGet"); *d = n; return 0; }
API result cuDeviceGetName(char *s, int n, int d) { snprintf(s, (size_t)n, "test device %d", d); return enter("cuDeviceGetName"); }
API result cuDeviceGetAttribute(int *v, int a, int d) {
  ENTER("cuDeviceGetAttribute");
  *v = a == 75 ? capability / 10 : a == 76 ? capability % 10 : a == 115 ? pools : d;
  return 0;
}
API result cuDevicePrimaryCtxRetain(void **c, int d) { ENTER("cuDevicePrimaryCtxRetain"); *c = &contexts[d]; ++live; return 0; }
API result cuDevicePrimaryCtxRelease_v2(int d) { --live; return leave("cuDevicePrimaryCtxRelease_v2") + 0 * d; }
API result cuCtxGetCurrent(void **c) { ENTER("cuCtxGetCurrent"); *c = depth ? current[depth - 1] : NULL; return 0; }
API result cuCtxGetDevice(int *d) { ENTER("cuCtxGetDevice"); *d = depth ? (int)(current[depth - 1] - contexts) : -1; return 0; }
API result cuCtxPushCurrent_v2(void *c) {
  result r = leave("cuCtxPushCurrent_v2");
  if (r)
    return r;
  current[depth++] = c;
  ++live;
  return c ? 0 : BAD_VALUE;
}
API result cuCtxPopCurrent_v2(void **c) { result r = leave("cuCtxPopCurrent_v2"); *c = current[--depth]; --live; return r; }
API result cuModuleLoadDataEx(void **m, const void *text, unsigned n, int *options, void **values) {
  ENTER("cuModuleLoadDataEx");
  for (unsigned i = 0; i + 1 < n && refused; ++i)
    if (options[i] == 5 && options[i + 1] == 6)
      snprintf(values[i], (size_t)(uintptr_t)values[i + 1], "ptxas test.ptx, line 7; error: an opcode nobody knows\nsecond line\n");
  if (refused || !strstr(text, ".entry"))
    return BAD_IMAGE;
  *m = (void *)(uintptr_t)text;
  ++live;
  return 0;
}
API result cuModuleUnload(void *m) { --live; return leave("cuModuleUnload") + (m ? 0 : BAD_VALUE); }
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
API result cuFuncSetAttribute(void *f, int a, int v) { ENTER("cuFuncSetAttribute"); return f && a == 8 && v > 0 ? 0 : BAD_VALUE; }
API result cuLaunchKernel(void *f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned shared,
                          void *s, void **parameters, void **extra) {
  ENTER("cuLaunchKernel");
  struct op op = {.kind = LAUNCH, .kernel = f, .threads = (int64_t)gx * gy * gz * bx * by * bz};
  for (int i = 0; i < op.kernel->parameters; ++i)
    memcpy(&op.parameters[i], parameters[i], 8);
  return extra || shared || !op.threads ? BAD_VALUE : push(s, op);
}
API result cuMemAlloc_v2(address *a, size_t n) { ENTER("cuMemAlloc_v2"); return allocate(a, n); }
API result cuMemFree_v2(address a) { result r = leave("cuMemFree_v2"); return r ? r : give_back(a); }
API result cuMemAllocAsync(address *a, size_t n, void *s) { (void)s; ENTER("cuMemAllocAsync"); return allocate(a, n); }
API result cuMemFreeAsync(address a, void *s) { result r = leave("cuMemFreeAsync"); return r ? r : sticky ? give_back(a) : push(s, (struct op){.kind = FREE, .to = a}); }
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
API result cuStreamCreate(void **s, unsigned flags) { (void)flags; *s = calloc(1, sizeof(struct stream)); ++live; return 0; }
API result cuStreamDestroy_v2(void *s) { drain(s, ((struct stream *)s)->count); --live; return sticky; } /* its memory: for late events */
API result cuStreamSynchronize(void *s) {
  struct stream *stream = s ? s : &default_stream;
  drain(stream, stream->count); /* whatever it tells */
  return enter("cuStreamSynchronize");
}
API result cuStreamWaitEvent(void *s, void *e, unsigned flags) {
  ENTER("cuStreamWaitEvent");
  return flags ? BAD_VALUE : push(s, (struct op){.kind = WAIT, .event = *(struct event *)e});
}
API result cuEventCreate(void **e, unsigned flags) { ENTER("cuEventCreate"); *e = calloc(1, sizeof(struct event)); ++live; return flags == 2 ? 0 : BAD_VALUE; }
API result cuEventDestroy_v2(void *e) { free(e); --live; return leave("cuEventDestroy_v2"); }
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
  *s = r == BAD_IMAGE ? "CUDA_ERROR_INVALID_PTX" : r == 2 ? "CUDA_ERROR_OUT_OF_MEMORY" : r == 719 ? "CUDA_ERROR_LAUNCH_FAILED" : r == BAD_ADDRESS ? "CUDA_ERROR_ILLEGAL_ADDRESS" : "CUDA_ERROR_TEST";
  return 0;
}
API result cuGetErrorString(result r, const char **s) { *s = r == 719 ? "unspecified launch failure" : "told to fail"; return 0; }
