/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
#include "one.h"
#include "two.h"

#include <stdio.h>

int main(void) {
  float x[4] = {0, 0, 0, 0}, y[4], z[1], again[4];
  int64_t dims[2];
  aic_model *one, *two;
  if (one_create(NULL, &one, NULL, 0) || two_create(NULL, &two, NULL, 0))
    return 1;
  x[0] = x[1] = x[2] = x[3] = 0;
  if (one_call(one, x, 1, y, sizeof(y), dims, z, sizeof(z), dims, again, sizeof(again), dims, NULL))
    return 2;
  printf("one %g %g %g %g, ", y[0], y[1], y[2], y[3]);
  if (two_call(two, x, 1, y, sizeof(y), dims, z, sizeof(z), dims, again, sizeof(again), dims, NULL))
    return 3;
  printf("two %g %g %g %g\n", y[0], y[1], y[2], y[3]);
  one_destroy(one);
  two_destroy(two);
  return 0;
}
