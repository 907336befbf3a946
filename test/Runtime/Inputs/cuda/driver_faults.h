/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Which function of the driver fails when, and how much is not given back. */
#ifndef TEST_CUDA_FAULTS_H
#define TEST_CUDA_FAULTS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define API __attribute__((visibility("default")))
typedef uint64_t address;
typedef int32_t result;
enum { MAX = 4096, BAD_VALUE = 1, NO_DEVICE = 100, BAD_IMAGE = 218, NOT_FOUND = 500, BAD_ADDRESS = 700 };

static int devices = 1, capability = 80, pools = 1, refused;
static long live; /* objects that exist */
static struct {
  char name[40];
  long calls, fail_at;
  result code;
} functions[64];
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
  *(!strcmp(what, "devices")      ? &devices
    : !strcmp(what, "capability") ? &capability
    : !strcmp(what, "pools")      ? &pools
                                  : &refused) = value;
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

#endif /* TEST_CUDA_FAULTS_H */
