/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* Whether this CPU (and the system's saved state) has the instruction sets that a model was compiled for. */
#include "aicrt.h"

#include <cpuid.h>
#include <string.h>

enum { EAX, EBX, ECX, EDX };
enum { NONE, YMM, ZMM, TILE }; /* register state that the system must save */

static const struct feature {
  const char *name;
  uint32_t leaf, subleaf;
  uint8_t word, bit, state;
} features[] = {
    {"sse3", 1, 0, ECX, 0, NONE},
    {"pclmul", 1, 0, ECX, 1, NONE},
    {"ssse3", 1, 0, ECX, 9, NONE},
    {"fma", 1, 0, ECX, 12, YMM},
    {"sse4.1", 1, 0, ECX, 19, NONE},
    {"sse4.2", 1, 0, ECX, 20, NONE},
    {"movbe", 1, 0, ECX, 22, NONE},
    {"popcnt", 1, 0, ECX, 23, NONE},
    {"aes", 1, 0, ECX, 25, NONE},
    {"avx", 1, 0, ECX, 28, YMM},
    {"f16c", 1, 0, ECX, 29, YMM},
    {"lzcnt", 0x80000001u, 0, ECX, 5, NONE},
    {"bmi", 7, 0, EBX, 3, NONE},
    {"avx2", 7, 0, EBX, 5, YMM},
    {"bmi2", 7, 0, EBX, 8, NONE},
    {"avx512f", 7, 0, EBX, 16, ZMM},
    {"avx512dq", 7, 0, EBX, 17, ZMM},
    {"adx", 7, 0, EBX, 19, NONE},
    {"avx512ifma", 7, 0, EBX, 21, ZMM},
    {"avx512cd", 7, 0, EBX, 28, ZMM},
    {"sha", 7, 0, EBX, 29, NONE},
    {"avx512bw", 7, 0, EBX, 30, ZMM},
    {"avx512vl", 7, 0, EBX, 31, ZMM},
    {"avx512vbmi", 7, 0, ECX, 1, ZMM},
    {"avx512vbmi2", 7, 0, ECX, 6, ZMM},
    {"gfni", 7, 0, ECX, 8, NONE},
    {"vaes", 7, 0, ECX, 9, YMM},
    {"vpclmulqdq", 7, 0, ECX, 10, YMM},
    {"avx512vnni", 7, 0, ECX, 11, ZMM},
    {"avx512bitalg", 7, 0, ECX, 12, ZMM},
    {"avx512vpopcntdq", 7, 0, ECX, 14, ZMM},
    {"avx512vp2intersect", 7, 0, EDX, 8, ZMM},
    {"amx-bf16", 7, 0, EDX, 22, TILE},
    {"avx512fp16", 7, 0, EDX, 23, ZMM},
    {"amx-tile", 7, 0, EDX, 24, TILE},
    {"amx-int8", 7, 0, EDX, 25, TILE},
    {"avxvnni", 7, 1, EAX, 4, YMM},
    {"avx512bf16", 7, 1, EAX, 5, ZMM},
    {"amx-fp16", 7, 1, EAX, 21, TILE},
    {"avxifma", 7, 1, EAX, 23, YMM},
    {"avxvnniint8", 7, 1, EDX, 4, YMM},
    {"avxneconvert", 7, 1, EDX, 5, YMM},
    {"amx-complex", 7, 1, EDX, 8, TILE},
    {"avxvnniint16", 7, 1, EDX, 10, YMM},
};

static uint64_t saved_state(void) {
  uint32_t r[4], low, high;
  if (!__get_cpuid(1, &r[EAX], &r[EBX], &r[ECX], &r[EDX]) || !(r[ECX] >> 27 & 1))
    return 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (uint64_t)high << 32 | low;
}

static int has(const struct feature *f, uint64_t state) {
  static const uint64_t needed[] = {0, 0x6, 0xe6, 0x60006};
  uint32_t r[4];
  if ((state & needed[f->state]) != needed[f->state] ||
      !__get_cpuid_count(f->leaf, f->subleaf, &r[EAX], &r[EBX], &r[ECX], &r[EDX]))
    return 0;
  return r[f->word] >> f->bit & 1;
}

/* The first name of the comma-separated list that this CPU does not have, copied to `name`; NULL if it has all. Names
   that are not in the table do not select instructions. */
const char *aicrt_missing_feature(const char *list, char *name, size_t size) {
  uint64_t state = saved_state();
  while (*list) {
    size_t length = strcspn(list, ",");
    for (size_t i = 0; i < sizeof(features) / sizeof(*features); ++i)
      if (strlen(features[i].name) == length && !strncmp(features[i].name, list, length) && !has(&features[i], state)) {
        size_t n = length < size - 1 ? length : size - 1;
        memcpy(name, list, n);
        name[n] = 0;
        return name;
      }
    list += length + (list[length] == ',');
  }
  return NULL;
}
