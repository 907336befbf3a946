/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/*===- aic_npu.h - The driver of the NPU: plain C ---------------------------===
 *
 * What a compiled model calls to run its programs on the chip. This project's implementation, libaicnpu.so, is the
 * simulator; a chip's driver has the same interface. Models load it with dlopen: $AIC_LIBNPU, else libaicnpu.so.
 *
 *===----------------------------------------------------------------------===*/
#ifndef AIC_NPU_DRIVER_AIC_NPU_H
#define AIC_NPU_DRIVER_AIC_NPU_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define AIC_NPU_DRIVER_ABI 1

typedef struct aic_npu_options {
  size_t size;   /* of this struct, as the caller knows it */
  int32_t timed; /* 0: in program order; 1: with the machine's timing and the hazard detector */
  uint64_t jitter; /* timed: perturbs every duration, 0 for none */
  uint64_t *cycles; /* timed: receives the cycles, or null */
} aic_npu_options;

/* Runs the program of a .npub container once. `buffers` holds its inputs, then its outputs, in the order of the
 * container's IO section. 0: done; else `error` (if not null) gets a line that says why. Several threads may call. The
 * container is checked on its first use; its bytes must stay as long as it is used. */
int32_t aic_npu_run(const void *npub, size_t bytes, void *const *buffers, size_t count, const aic_npu_options *options,
                    char *error, size_t error_bytes);

/* Simulator only. From now on, programs that this thread runs without options of their own run with timing and the
 * hazard detector, and `report` gets each one's report as JSON (docs/NPU/Simulator.md), until `report` is null. */
typedef void (*aic_npu_report)(void *user, const char *json);
void aic_npu_observe(uint64_t jitter, aic_npu_report report, void *user);

#ifdef __cplusplus
}
#endif

#endif /* AIC_NPU_DRIVER_AIC_NPU_H */
