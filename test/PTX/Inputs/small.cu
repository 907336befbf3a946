// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Device code without the CUDA headers: what of it the tests need is declared here.
#define __global__ __attribute__((global))
#define __shared__ __attribute__((shared))
#define __device__ __attribute__((device))
#define tidx __nvvm_read_ptx_sreg_tid_x()
#define ctax __nvvm_read_ptx_sreg_ctaid_x()
#define ntx __nvvm_read_ptx_sreg_ntid_x()
__device__ __attribute__((noinline)) float poly(float x, int n) {
  float r = 0;
  for (int i = 0; i < n; i++)
    r = r * x + i;
  return r;
}
struct P {
  int a;
  float b[3];
};
extern "C" __global__ void reduce(const float *x, float *y, int n) {
  __shared__ float s[256];
  int t = tidx;
  float v = 0;
  for (int i = ctax * ntx + t; i < n; i += 256 * 4)
    v += x[i];
  s[t] = v;
  __nvvm_bar_sync(0);
  for (int k = 128; k > 0; k >>= 1) {
    if (t < k)
      s[t] += s[t + k];
    __nvvm_bar_sync(0);
  }
  if (t == 255) // not the one that wrote it: the last barrier counts
    y[ctax] = s[0];
}
extern "C" __global__ void misc(const int *x, long long *y, double *z, P p, int n) {
  int i = ctax * ntx + tidx;
  if (i >= n)
    return;
  int v = x[i];
  int d = v ? 1000 / v : -1;
  unsigned long long u = (unsigned long long)v * 0x123456789abcdefull;
  y[i] = d + (long long)(u >> (v & 31)) + __builtin_popcount(v) + __builtin_clz(v | 1) + (v % 7);
  float loc[16];
  for (int k = 0; k < 16; k++)
    loc[k] = k * p.b[k % 3];
  z[i] = poly(loc[v & 15], p.a) + (double)v / 3.0;
}
extern "C" __global__ void sw(const int *x, int *y, int n) {
  int i = ctax * ntx + tidx;
  if (i >= n)
    return;
  int v = x[i], r;
  switch (v & 7) {
  case 0:
    r = v * 3;
    break;
  case 1:
    r = v ^ 55;
    break;
  case 2:
    r = v - 9;
    break;
  case 3:
    r = ~v;
    break;
  case 4:
    r = v << 3;
    break;
  case 5:
    r = v >> 2;
    break;
  case 6:
    r = v * v;
    break;
  default:
    r = 7;
  }
  y[i] = r;
  if (r & 1)
    __nvvm_atom_add_gen_i(y + n, r);
}
extern "C" __global__ void hist(const unsigned char *x, int *y, int n) {
  __shared__ int h[16];
  if (tidx < 16)
    h[tidx] = 0;
  __nvvm_bar_sync(0);
  for (int i = tidx; i < n; i += ntx)
    __nvvm_atom_add_gen_i(&h[x[i] & 15], 1);
  __nvvm_bar_sync(0);
  if (tidx < 16)
    y[tidx] = h[tidx];
}
