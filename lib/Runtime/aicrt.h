/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* What the compiler's host code and the runtime know of each other (docs/Runtime.md, "Inside model.so"). */
#ifndef AICRT_H
#define AICRT_H

#include "aic/Runtime/aic_model.h"

#include <setjmp.h>

#define AICRT_EXPORT __attribute__((visibility("default")))

typedef void (*aicrt_kernel)(void *const *buffers, const int64_t *dims, int64_t worker, int64_t workers);
typedef struct aicrt_call aicrt_call;
typedef struct aicrt_pool aicrt_pool;

/* Emitted by the compiler.
   aic_host_io: header, symbols, inputs, outputs
     header  = inputs, outputs, symbols, heap slots, threads, offset of the feature list in aic_host_strings
     symbol  = offset of the name, minimum, maximum (-1: none), multiple
     tensor  = dtype, rank, offset of the name, rank extents: a number, or -1 - symbol (output: any negative number) */
extern const int64_t aic_host_io[];
extern const char aic_host_strings[];
extern const char aic_host_manifest[];
extern const int64_t aic_host_manifest_size;
/* Writes the extents of all outputs one after the other, -1 where data decides; returns the size of the arena. */
int64_t aic_host_shapes(const int64_t *symbols, int64_t *output_dims);
void aic_host_run(aicrt_call *call, void *const *inputs, const int64_t *symbols);
/* The constants; this function keeps the host code free of 64-bit offsets. */
const char *aic_host_weights(void);
/* Null if the model runs on the host. */
extern const struct aicrt_device *const aic_host_device;
/* Models for CUDA only.
   aic_host_cuda: functions, bytes of the constants, then for each function the offset of its name in aic_host_strings,
   its block's three extents and the bytes of its dynamic shared memory
   aic_host_ptx: the terminated text of all functions */
extern const int64_t aic_host_cuda[];
extern const char aic_host_ptx[];
extern const int64_t aic_host_ptx_size;

enum {
  AICRT_IO_INPUTS,
  AICRT_IO_OUTPUTS,
  AICRT_IO_SYMBOLS,
  AICRT_IO_HEAP,
  AICRT_IO_THREADS,
  AICRT_IO_FEATURES,
  AICRT_IO_HEADER
};

/* Called by the host code. The ones that can fail do not return then. */
/* `shares`: how many threads the work is worth; below 2 the caller does it alone. */
void aicrt_launch(aicrt_call *call, aicrt_kernel kernel, void *const *buffers, const int64_t *dims, int64_t launch,
                  int64_t shares);
/* Runs a program of the NPU: its container, then its inputs and outputs. */
void aicrt_npu(aicrt_call *call, const void *npub, int64_t bytes, void *const *buffers, int64_t count, int64_t launch);
/* Called once, after the checks that need the inputs' extents only. */
void *aicrt_arena(aicrt_call *call, int64_t bytes);
/* Memory for an output of these extents. */
void *aicrt_output(aicrt_call *call, int64_t output, const int64_t *dims, int64_t bytes);
/* At least `bytes` of memory that lives until the call ends or the slot is reserved again. */
void *aicrt_reserve(aicrt_call *call, int64_t slot, int64_t bytes);
void aicrt_check(aicrt_call *call, int8_t holds, const char *message);
void aicrt_copy(void *to, const void *from, int64_t bytes);

/* The same for a model whose tensors are in the memory of a CUDA device; `function` counts aic_host_cuda's. */
void *aicrt_cuda_arena(aicrt_call *call, int64_t bytes);
void *aicrt_cuda_weights(aicrt_call *call);
void *aicrt_cuda_output(aicrt_call *call, int64_t output, const int64_t *dims, int64_t bytes);
void *aicrt_cuda_reserve(aicrt_call *call, int64_t slot, int64_t bytes);
void aicrt_cuda_copy(aicrt_call *call, void *to, const void *from, int64_t bytes);
/* Waits for the value. */
void aicrt_cuda_read(aicrt_call *call, void *to_host, const void *from_device, int64_t bytes);
/* The bytes may change as soon as this returns. */
void aicrt_cuda_write(aicrt_call *call, void *to_device, const void *from_host, int64_t bytes);
/* A kernel's parameters are its buffers and then its dims. A grid with an extent of 0 is no launch. */
void aicrt_cuda_launch(aicrt_call *call, int64_t function, void *const *buffers, int64_t num_buffers,
                       const int64_t *dims, int64_t num_dims, int64_t launch, int64_t grid_x, int64_t grid_y,
                       int64_t grid_z);

/* Between the runtime's own files. */
struct aicrt_slot {
  void *memory;
  int64_t bytes;
};
struct aicrt_call {
  jmp_buf escape;
  aic_model *model;
  aic_tensor *outputs;
  aic_run_options options;
  struct aicrt_slot *heap;
  struct arena *arena; /* taken from the model */
  aic_status status;
  /* Of a model for a device: its own of the handle and of this call. */
  void *device, *work;
  const char *kernel; /* the last one that was launched */
  int32_t is_entered; /* the device is the thread's current one */
};
/* What a model for a device does in place of the host. */
struct aicrt_device {
  aic_status (*create)(const aic_create_options *options, void **device, char *error, size_t error_bytes);
  void (*destroy)(void *device);
  /* Sets what the host code takes for its inputs; `sizes` are their bytes. Ends the call if it fails. */
  void (*begin)(aicrt_call *call, const aic_tensor *inputs, const int64_t *sizes, size_t count, void **data);
  /* Also after a failure. */
  aic_status (*end)(aicrt_call *call);
};
extern const struct aicrt_device aicrt_cuda_device;

/* The name of an input, or of an output after all inputs. */
const char *aicrt_port_name(int64_t port);
/* Ends the call. */
__attribute__((noreturn, format(printf, 3, 4))) void aicrt_fail(aicrt_call *call, aic_status status, const char *format,
                                                                ...);
int32_t aicrt_npu_run(const void *npub, int64_t bytes, void *const *buffers, int64_t count, char *error,
                      size_t error_bytes);
const char *aicrt_missing_feature(const char *features, char *name, size_t size);
aicrt_pool *aicrt_pool_create(int32_t threads);
void aicrt_pool_destroy(aicrt_pool *pool);
/* Runs the kernel on up to `threads` threads; alone if another call has the pool. */
void aicrt_pool_run(aicrt_pool *pool, int32_t threads, aicrt_kernel kernel, void *const *buffers, const int64_t *dims);

#endif /* AICRT_H */
