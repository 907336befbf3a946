/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Calls one handle from eight threads. "race": all write to one output. "short": the input is shorter than it says. */
#include "scale.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 8, CALLS = 200, ROWS = 33 };

static aic_model *model;
static int race;
static float shared[ROWS * 4];

static void *call(void *argument) {
  float *x = calloc(ROWS * 4, sizeof(float)), *own = malloc(sizeof(shared)), z[ROWS], again[ROWS * 4];
  float *y = race ? shared : own;
  int64_t dims[2];
  intptr_t wrong = 0, number = (intptr_t)argument;
  for (int i = 0; i < ROWS * 4; ++i)
    x[i] = (float)number;
  for (int n = 0; n < CALLS; ++n) {
    wrong += scale_call(model, x, ROWS, y, sizeof(shared), dims, z, sizeof(z), dims, again, sizeof(again), dims, NULL);
    wrong += !race && y[1] != (float)((2 * number + 2) * 2 + 2);
  }
  free(x);
  free(own);
  return (void *)wrong;
}

static int callShort(void) {
  float *x = calloc(ROWS * 4 - 1, sizeof(float)), y[ROWS * 4], z[ROWS], again[ROWS * 4];
  int64_t dims[2];
  return scale_call(model, x, ROWS, y, sizeof(y), dims, z, sizeof(z), dims, again, sizeof(again), dims, NULL);
}

int main(int argc, char **argv) {
  aic_create_options create = {sizeof(create), 2};
  if (scale_create(&create, &model, NULL, 0))
    return 1;
  if (argc > 1 && !strcmp(argv[1], "short"))
    return callShort();
  race = argc > 1;
  pthread_t threads[THREADS];
  for (intptr_t i = 0; i < THREADS; ++i)
    pthread_create(&threads[i], NULL, call, (void *)i);
  intptr_t wrong = 0;
  for (int i = 0; i < THREADS; ++i) {
    void *result;
    pthread_join(threads[i], &result);
    wrong += (intptr_t)result;
  }
  scale_destroy(model);
  if (wrong)
    return 2;
  printf("%d threads, %d calls\n", THREADS, THREADS * CALLS);
  return 0;
}
