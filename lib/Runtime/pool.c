/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* A parallel loop: persistent workers that wait for the next job by spinning shortly, then on a futex. Condition
   variables are not used: an unversioned reference binds to glibc's old ones. */
#define _GNU_SOURCE
#include "aicrt.h"

#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

struct worker {
  aicrt_pool *pool;
  pthread_t thread;
  int32_t number;
};

struct aicrt_pool {
  int32_t count;           /* workers beside the caller */
  _Atomic uint32_t epoch;  /* one up for each job, and at the end */
  _Atomic uint32_t behind; /* workers that have not finished this epoch */
  _Atomic uint32_t busy;
  int stop;
  aicrt_kernel kernel;
  void *const *buffers;
  const int64_t *dims;
  int32_t threads;
  struct worker workers[];
};

static void wait_while(_Atomic uint32_t *word, uint32_t value) {
  for (int spin = 0; spin < 4000; ++spin) {
    if (atomic_load_explicit(word, memory_order_acquire) != value)
      return;
    __builtin_ia32_pause();
  }
  while (atomic_load_explicit(word, memory_order_acquire) == value)
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

static void wake(_Atomic uint32_t *word, int count) { syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0); }

static void *work(void *argument) {
  struct worker *self = argument;
  aicrt_pool *pool = self->pool;
  for (uint32_t seen = 0;;) {
    wait_while(&pool->epoch, seen);
    ++seen;
    if (pool->stop)
      return NULL;
    if (self->number < pool->threads)
      pool->kernel(pool->buffers, pool->dims, self->number, pool->threads);
    if (atomic_fetch_sub_explicit(&pool->behind, 1, memory_order_acq_rel) == 1)
      wake(&pool->behind, 1);
  }
}

static void begin(aicrt_pool *pool) {
  atomic_store_explicit(&pool->behind, (uint32_t)pool->count, memory_order_relaxed);
  atomic_fetch_add_explicit(&pool->epoch, 1, memory_order_release);
  wake(&pool->epoch, pool->count);
}

aicrt_pool *aicrt_pool_create(int32_t threads) {
  aicrt_pool *pool = calloc(1, sizeof(aicrt_pool) + sizeof(struct worker) * (size_t)threads);
  if (!pool)
    return NULL;
  for (int32_t i = 1; i < threads; ++i) {
    struct worker *w = &pool->workers[pool->count];
    w->pool = pool, w->number = i;
    if (pthread_create(&w->thread, NULL, work, w)) {
      aicrt_pool_destroy(pool);
      return NULL;
    }
    ++pool->count;
  }
  return pool;
}

void aicrt_pool_destroy(aicrt_pool *pool) {
  if (!pool)
    return;
  pool->stop = 1;
  begin(pool);
  for (int32_t i = 0; i < pool->count; ++i)
    pthread_join(pool->workers[i].thread, NULL);
  free(pool);
}

void aicrt_pool_run(aicrt_pool *pool, int32_t threads, aicrt_kernel kernel, void *const *buffers, const int64_t *dims) {
  uint32_t idle = 0;
  if (threads <= 1 || !pool ||
      !atomic_compare_exchange_strong_explicit(&pool->busy, &idle, 1, memory_order_acquire, memory_order_relaxed)) {
    kernel(buffers, dims, 0, 1);
    return;
  }
  pool->kernel = kernel, pool->buffers = buffers, pool->dims = dims, pool->threads = threads;
  begin(pool);
  kernel(buffers, dims, 0, threads);
  for (uint32_t left; (left = atomic_load_explicit(&pool->behind, memory_order_acquire));)
    wait_while(&pool->behind, left);
  atomic_store_explicit(&pool->busy, 0, memory_order_release);
}
