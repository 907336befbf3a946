// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a kernel is made of beyond scalar operations: calls, structs, local arrays, variables of the module, atomics,
// warps that exchange values. Each kernel reads n words of `x` and writes n words of `y`; nvptx_programs.py says what.
typedef unsigned u32;
typedef unsigned long long u64;
typedef int i32;
typedef u32 u32x4 __attribute__((ext_vector_type(4)));
#define GLOBAL extern "C" __attribute__((global))
#define DEVICE __attribute__((device, noinline))
#define SHARED __attribute__((shared))
#define CONSTANT __attribute__((constant))
#define ALL 0xffffffffu

DEVICE u32 index() {
  return __nvvm_read_ptx_sreg_ctaid_x() * __nvvm_read_ptx_sreg_ntid_x() + __nvvm_read_ptx_sreg_tid_x();
}

// Structs by value, in both directions, larger than a register
struct Mixed {
  char a;
  double b;
  short c[3];
  u32 d;
};
DEVICE Mixed twist(Mixed m, u64 k, float f) {
  return {char(m.a + 1), m.b * f, {short(m.c[2] + k), m.c[0], short(m.c[1] * 2)}, m.d ^ u32(k >> 32)};
}
GLOBAL void structs(const u32 *x, u32 *y, u32 n) {
  u32 i = index();
  if (i >= n)
    return;
  Mixed m = {char(x[i]), double(x[i] & 1023), {short(x[i]), short(x[i] >> 8), short(i)}, x[i]};
  for (u32 k = 0; k < (x[i] & 3) + 1; ++k)
    m = twist(m, u64(k) << 32 | i, 0.5f);
  y[i] = u32(m.a) + u32(m.b * 16) * 3 + u32(m.c[0]) * 5 + u32(m.c[1]) * 7 + u32(m.c[2]) * 11 + m.d;
}

// Arrays in local memory, of several types, their addresses passed on
DEVICE void sort(unsigned char *values, int count) {
  for (int a = 1; a < count; ++a)
    for (int b = a; b > 0 && values[b - 1] > values[b]; --b) {
      unsigned char t = values[b];
      values[b] = values[b - 1];
      values[b - 1] = t;
    }
}
GLOBAL void locals(const u32 *x, u32 *y, u32 n) {
  u32 i = index();
  if (i >= n)
    return;
  unsigned char bytes[8];
  u64 longs[5];
  short shorts[4];
  for (int k = 0; k < 8; ++k)
    bytes[k] = (unsigned char)((x[i] >> k * 4) * 37);
  sort(bytes, 8);
  for (int k = 0; k < 5; ++k)
    longs[(k + x[i]) % 5] = bytes[k] * 0x100000001ull * (k + 1);
  for (int k = 0; k < 4; ++k)
    shorts[(k ^ x[i]) & 3] = short(bytes[7 - k] << 7);
  u64 sum = 0;
  for (int k = 0; k < 5; ++k)
    sum = sum * 31 + longs[k];
  for (int k = 0; k < 4; ++k)
    sum = sum * 17 + shorts[k];
  y[i] = u32(sum) ^ u32(sum >> 32);
}

// Variables of the module
CONSTANT u32 table[8] = {3, 1, 4, 1, 5, 9, 2, 6};
__attribute__((device)) u32 counter = 100;
__attribute__((device)) const char text[] = "executor";
__attribute__((device)) const u32 *pointers[2] = {&table[2], &table[5]};
__attribute__((device)) u64 big[2048];
GLOBAL void variables(const u32 *x, u32 *y, u32 n) {
  u32 i = index();
  if (i >= n)
    return;
  big[i] = x[i];
  y[i] = table[x[i] & 7] + text[x[i] >> 3 & 7] * 256 + pointers[x[i] >> 6 & 1][x[i] >> 7 & 1] * 65536 +
         __atomic_fetch_add(&counter, 0, __ATOMIC_RELAXED) + u32(big[i] >> 32);
}

// A dense switch, loops with exits
DEVICE u32 step(u32 v, u32 op) {
  switch (op) {
  case 0:
    return v + 1;
  case 1:
    return v * 3;
  case 2:
    return v ^ 0x5555;
  case 3:
    return v >> 1;
  case 4:
    return ~v;
  case 5:
    return v << 3;
  case 6:
    return v / 7;
  case 7:
    return v % 1001;
  case 8:
    return v * v;
  default:
    return 0;
  }
}
GLOBAL void machine(const u32 *x, u32 *y, u32 n) {
  u32 i = index();
  if (i >= n)
    return;
  u32 v = x[i], k = 0;
  while (v > 4 && k < 40) {
    v = step(v, (v ^ k) % 10);
    if (v == 77)
      break;
    ++k;
    if (v & 64)
      continue;
    v += k;
  }
  y[i] = v * 64 + k;
}

// Values exchanged in a warp
GLOBAL void warps(const u32 *x, u32 *y, u32 n) {
  u32 i = index();
  u32 v = x[i], lane = i & 31;
  u32 r = __nvvm_shfl_sync_down_i32(ALL, v, 3, 31);
  r = r * 3 + __nvvm_shfl_sync_up_i32(ALL, v, 5, 0);
  r = r * 3 + __nvvm_shfl_sync_bfly_i32(ALL, v, 9, 31);
  r = r * 3 + __nvvm_shfl_sync_idx_i32(ALL, v, v & 31, 31);
  r = r * 3 + __nvvm_shfl_sync_idx_i32(ALL, v, lane >> 2, 31 | 24 << 8); // in groups of 8
  r = r * 3 + __nvvm_vote_ballot_sync(ALL, v & 1);
  r = r * 3 + __nvvm_vote_any_sync(ALL, v == 12345) * 2 + __nvvm_vote_all_sync(ALL, v < 0xffff0000);
  if (lane < 20)
    r ^= __nvvm_vote_ballot_sync(0xfffff, v & 2);
  r = r * 3 + __nvvm_match_any_sync_i32(ALL, v % 5);
  y[i] = r;
}

// Reductions in shared memory, with barriers that count and barriers of some warps
GLOBAL void blocks(const u32 *x, u32 *y, u32 n) {
  SHARED u32 sums[128];
  SHARED u64 wide[4];
  u32 t = __nvvm_read_ptx_sreg_tid_x(), i = index();
  sums[t] = x[i];
  if (t < 4)
    wide[t] = t;
  u32 odd = __nvvm_bar0_popc(x[i] & 1);
  for (u32 k = 64; k; k >>= 1) {
    u32 other = t < k ? sums[t + k] : 0;
    __syncthreads();
    if (t < k)
      sums[t] += other;
    __syncthreads();
  }
  u32 first = sums[0];
  if (t >= 64)
    __nvvm_barrier_sync_cnt(1, 64);
  u32 any = __nvvm_bar0_or(x[i] == 3), all = __nvvm_bar0_and(x[i] != 5);
  __atomic_fetch_add(&wide[t & 3], (u64)x[i] << 20, __ATOMIC_RELAXED);
  __syncthreads();
  y[i] = first + odd * 3 + any * 5 + all * 7 + u32(wide[t & 3] >> 16);
}

// Atomics of every kind; y[0..15] are their targets
GLOBAL void atomics(const u32 *x, u32 *y, u32 n) {
  u32 i = index();
  if (i >= n)
    return;
  i32 s = i32(x[i]);
  __atomic_fetch_add(&y[0], x[i], __ATOMIC_RELAXED);
  __nvvm_atom_max_gen_ui(&y[1], x[i]);
  __nvvm_atom_min_gen_ui(&y[2], x[i]);
  __nvvm_atom_max_gen_i((i32 *)&y[3], s);
  __nvvm_atom_min_gen_i((i32 *)&y[4], s);
  __atomic_fetch_and(&y[5], x[i] | 0xff, __ATOMIC_RELAXED);
  __atomic_fetch_or(&y[6], x[i] & 0xff00, __ATOMIC_ACQ_REL);
  __atomic_fetch_xor(&y[7], x[i], __ATOMIC_SEQ_CST);
  __nvvm_atom_inc_gen_ui(&y[8], 999);
  __nvvm_atom_dec_gen_ui(&y[9], 999);
  __nvvm_atom_add_gen_f((float *)&y[10], float(x[i] & 255));
  u32 old = __atomic_load_n(&y[11], __ATOMIC_RELAXED), seen; // a loop on compare and swap: the largest remainder
  do {
    seen = old;
    u32 next = x[i] % 12345 > seen ? x[i] % 12345 : seen;
    old = __nvvm_atom_cas_gen_i((i32 *)&y[11], seen, next);
  } while (old != seen);
  __atomic_fetch_add((u64 *)&y[12], u64(x[i]) << 8, __ATOMIC_RELAXED);
  __atomic_fetch_sub(&y[14], x[i], __ATOMIC_RELAXED);
}

// Wide loads and stores, 128-bit integers, pointers that are generic
GLOBAL void wide(const u32x4 *__restrict x, u32x4 *__restrict y, u32 n) {
  u32 i = index();
  if (i * 4 >= n)
    return;
  u32x4 v = x[i];
  unsigned __int128 a = __builtin_bit_cast(unsigned __int128, v), b = a * (a | 1) + (a >> 37);
  SHARED u32x4 tile[32];
  u32x4 *place = (i & 1) ? &tile[i & 31] : &y[i];
  *place = __builtin_bit_cast(u32x4, b);
  u32x4 w = *place;
  y[i] = w.wzyx + v;
}

// Everything of a launch that a kernel can ask for
GLOBAL void places(const u32 *x, u32 *y, u32 n) {
  u32 tx = __nvvm_read_ptx_sreg_tid_x(), ty = __nvvm_read_ptx_sreg_tid_y(), tz = __nvvm_read_ptx_sreg_tid_z();
  u32 bx = __nvvm_read_ptx_sreg_ntid_x(), by = __nvvm_read_ptx_sreg_ntid_y(), bz = __nvvm_read_ptx_sreg_ntid_z();
  u32 cx = __nvvm_read_ptx_sreg_ctaid_x(), cy = __nvvm_read_ptx_sreg_ctaid_y(), cz = __nvvm_read_ptx_sreg_ctaid_z();
  u32 gx = __nvvm_read_ptx_sreg_nctaid_x(), gy = __nvvm_read_ptx_sreg_nctaid_y();
  u32 block = (cz * gy + cy) * gx + cx, thread = (tz * by + ty) * bx + tx;
  u32 lane = __nvvm_read_ptx_sreg_laneid();
  y[block * bx * by * bz + thread] =
      thread * 64 + lane + (__nvvm_read_ptx_sreg_lanemask_lt() == (1u << lane) - 1) * 1000000;
}
