/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Device memory, streams that do nothing before somebody waits, and the kernels of the tests. */
#ifndef TEST_CUDA_STREAMS_H
#define TEST_CUDA_STREAMS_H

#include "driver_faults.h"

#define HIDDEN ((address)1 << 62)

static struct {
  char *at;
  size_t bytes;
  int freed;
} blocks[MAX];
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

struct event {
  struct stream *stream;
  long position;
};
struct kernel {
  const char *name;
  int parameters;
  void (*run)(uint64_t *p, int64_t thread, int64_t threads);
};
struct op {
  enum { UPLOAD, DOWNLOAD, COPY, SET8, SET32, LAUNCH, WAIT, FREE } kind;
  address to, from;
  size_t bytes;
  uint64_t parameters[8];
  const struct kernel *kernel;
  int64_t threads;
  struct event event;
};
struct stream {
  struct op ops[MAX];
  long done, count;
};
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
static const struct kernel kernels[] = {
    {"affine", 5, affine}, {"zero_rows", 4, zero_rows}, {"add_rows", 4, add_rows}, {"count", 3, count},
    {"fill", 4, fill},     {"twice", 4, twice},         {"below", 4, below},       {"pick", 2, pick}};

#endif /* TEST_CUDA_STREAMS_H */
