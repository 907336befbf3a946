; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
; y[64, 64] = x[64, 64] * w[64, 64]^T in i8, four tiles of 16 rows, double buffered
.machine edge-256
.program gemm
.equ K, 64
.equ N, 64
.equ M, 16
.segment x kind=input bytes=4 * M * K
.segment w kind=const
  .fill N * K, 1
.segment y kind=output bytes=4 * M * N
.io x kind=input dtype=i8 dims=[4 * M, K] layout="row-major" segment=x bytes=4 * M * K
.io y kind=output dtype=i8 dims=[4 * M, N] layout="row-major" segment=y bytes=4 * M * N
.sem free  producer=MV consumer=LD init=2 ; a slot of L1 may be overwritten
.sem full  producer=LD consumer=MV        ; a slot of L1 holds a tile
.sem taken producer=MX consumer=MV init=1 ; A0 may be overwritten
.sem ready producer=MV consumer=MX        ; A0 holds a tile
.sem drain producer=FX consumer=MX init=1 ; C0 may be overwritten
.sem sum   producer=MX consumer=FX        ; C0 holds a tile
.sem room  producer=ST consumer=FX init=1 ; the result in VB may be overwritten
.sem done  producer=FX consumer=ST        ; VB holds a result

LD src=w[0], dst=L1[0], n0=N * K, n1=1, n2=1, n3=1 sig full
LDB dst=B0[0], src=L1[0], h=1, w=N, c=K, pix_stride=K, row_stride=K, kh=1, kw=1, sh=1, sw=1, dh=1, dw=1, ow=N,
    m_len=N, k_len=K wait full
LOOP trip=4, ar0=AR1, inc0=M * K, wrap0=2, ar1=AR2, inc1=M * K
  LD src=x[AR2], dst=L1[0x1000+AR1], n0=M * K, n1=1, n2=1, n3=1 wait free sig full
  MV.SWAIT wait taken
  LDA dst=A0[0], src=L1[0x1000+AR1], h=1, w=M, c=K, pix_stride=K, row_stride=K, kh=1, kw=1, sh=1, sw=1, dh=1, dw=1,
      ow=M, m_len=M, k_len=K wait full sig free
  MV.SSIG sig ready
  MX.SWAIT wait drain
  MMA a=A0[0], b=B0[0], c=C0[0], m=M, n=N, k=K wait ready sig taken
  MX.SSIG sig sum
  FX.SWAIT wait room
  FXOUT c=C0[0], dst=VB[0], m=M, n=N, dst_stride=N, acc=i32, out=i8, qmode=scalar, scale=0.015625 wait sum sig drain
  FX.SSIG sig done
  ST src=VB[0], dst=y[AR2], n0=M * N, n1=1, n2=1, n3=1 wait done sig room
ENDLOOP
HALT
