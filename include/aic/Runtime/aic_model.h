/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The C interface of every library that aic-compile writes (docs/Runtime.md). C99; this text opens each model.h. */
#ifndef AIC_MODEL_H
#define AIC_MODEL_H

#include <stddef.h>
#include <stdint.h>

#define AIC_MODEL_ABI_VERSION 1

#ifdef __cplusplus
extern "C" {
#endif

/* What a call returns. Everything but AIC_OK comes with a message. */
typedef int32_t aic_status;
enum {
  AIC_OK = 0,
  AIC_INVALID_ARGUMENT = 1, /* a tensor, an option or an arena that does not fit the model */
  AIC_UNSUPPORTED_CPU = 2,  /* this CPU lacks an instruction set that the model was compiled for */
  AIC_OUT_OF_MEMORY = 3,
  AIC_CHECK_FAILED = 4,       /* a run-time check of the model's own: extents or values that its operations refuse */
  AIC_UNSUPPORTED_DEVICE = 5, /* no driver, no such device, or one that does not take the model's code */
  AIC_DEVICE_ERROR = 6        /* the device failed: a launch, a copy; the message has the driver's name for it */
};

/* Element types. Booleans are bytes of 0 and 1; half and bfloat16 are their bits. */
enum {
  AIC_BOOL = 0,
  AIC_INT8 = 1,
  AIC_INT16 = 2,
  AIC_INT32 = 3,
  AIC_INT64 = 4,
  AIC_UINT8 = 5,
  AIC_UINT16 = 6,
  AIC_UINT32 = 7,
  AIC_UINT64 = 8,
  AIC_FLOAT16 = 9,
  AIC_BFLOAT16 = 10,
  AIC_FLOAT = 11,
  AIC_DOUBLE = 12
};

/* Where inputs, outputs and the arena of a call are. Only models for a device know the second one: the call then puts
   its work on the caller's stream and returns; it waits only for values that decide what comes next. */
enum { AIC_MEMORY_HOST = 0, AIC_MEMORY_DEVICE = 1 };

/* A dense row-major tensor in the caller's memory. */
typedef struct aic_tensor {
  void *data;    /* output: NULL asks for aic_run_options.allocate, and is replaced by what that returned */
  int64_t *dims; /* `rank` extents; output: written by the call; may be NULL for an output or with rank 0 */
  int64_t bytes; /* memory behind `data`; input: 0 means enough */
  int32_t rank;
  int32_t dtype;
} aic_tensor;

typedef struct aic_model aic_model;

typedef struct aic_create_options {
  size_t struct_size; /* sizeof(aic_create_options) */
  int32_t threads;    /* that one call may use; 0: what the model was compiled for */
  int32_t reserved;   /* padding of older versions: not read */
  int64_t device;     /* models for a device: its number; 0: that of the caller's context, or else the first */
} aic_create_options;

/* Set struct_size to sizeof(aic_run_options) and what you do not use to 0. */
typedef struct aic_run_options {
  size_t struct_size;
  void *arena;         /* 64-byte aligned scratch memory for this call; NULL: the handle keeps some */
  int64_t arena_bytes; /* at least aic_model_arena_size */
  int32_t threads;     /* at most the handle's; 0: the handle's */
  int32_t memory;      /* AIC_MEMORY_HOST or AIC_MEMORY_DEVICE; device memory is aligned to 16, the arena to 64 */
  void *user;          /* first argument of the callbacks */
  /* Memory for output number `output`, or NULL to give up. It belongs to the caller. */
  void *(*allocate)(void *user, int32_t output, int64_t bytes, const int64_t *dims, int32_t rank);
  /* After each kernel: its number in the manifest's "launches", and the times of a monotonic clock. */
  void (*profile)(void *user, int32_t launch, int64_t begin_ns, int64_t end_ns);
  char *error; /* receives a message, always terminated */
  size_t error_bytes;
  void *stream; /* models for a device: the CUstream to work on, of the handle's context; NULL: the default one */
} aic_run_options;

int32_t aic_model_abi_version(void);
/* A JSON text (docs/Runtime.md) without terminator. */
const char *aic_model_manifest(size_t *bytes);
/* `options` and `error` may be NULL. */
aic_status aic_model_create(const aic_create_options *options, aic_model **model, char *error, size_t error_bytes);
/* No call may be under way. */
void aic_model_destroy(aic_model *model);
/* The dims of the outputs (-1 where only a run knows) and the size of the arena for these inputs. Only dims, rank and
   dtype of the inputs are read; `outputs` (only dims is used) and `arena_bytes` may be NULL. */
aic_status aic_model_query(const aic_model *model, const aic_tensor *inputs, size_t num_inputs, aic_tensor *outputs,
                           size_t num_outputs, int64_t *arena_bytes, char *error, size_t error_bytes);
/* -1 if the inputs do not fit the model. */
int64_t aic_model_arena_size(const aic_model *model, const aic_tensor *inputs, size_t num_inputs);
/* Several threads may run one model at a time. Outputs must not overlap inputs or each other. */
aic_status aic_model_run(aic_model *model, const aic_tensor *inputs, size_t num_inputs, aic_tensor *outputs,
                         size_t num_outputs, const aic_run_options *options);

#ifdef __cplusplus
}
#endif

#endif /* AIC_MODEL_H */
