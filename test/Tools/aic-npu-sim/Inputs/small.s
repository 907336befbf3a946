; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
; y[40, 16] = x[40, 32] * w[16, 32]^T in i8, five tiles of 8 rows, two slots in L1; small enough for every odd machine
.program small
.equ K, 32
.equ N, 16
.equ M, 8
.segment x kind=input bytes=5 * M * K
.segment w kind=input bytes=N * K
.segment y kind=output bytes=5 * M * N
.io x kind=input dtype=i8 dims=[5 * M, K] layout="row-major" segment=x bytes=5 * M * K
.io w kind=input dtype=i8 dims=[N, K] layout="row-major" segment=w bytes=N * K
.io y kind=output dtype=i8 dims=[5 * M, N] layout="row-major" segment=y bytes=5 * M * N
.sem free  producer=MV consumer=LD init=2
.sem full  producer=LD consumer=MV
.sem taken producer=MX consumer=MV init=1
.sem ready producer=MV consumer=MX
.sem drain producer=FX consumer=MX init=1
.sem sum   producer=MX consumer=FX
.sem room  producer=ST consumer=FX init=1
.sem done  producer=FX consumer=ST

LD src=w[0], dst=L1[0], n0=N * K, n1=1, n2=1, n3=1 sig full
LDB dst=B0[0], src=L1[0], h=1, w=N, c=K, pix_stride=K, row_stride=K, kh=1, kw=1, sh=1, sw=1, dh=1, dw=1, ow=N,
    m_len=N, k_len=K wait full
LOOP trip=5, ar0=AR1, inc0=M * K, wrap0=2, ar1=AR2, inc1=M * K
  LD src=x[AR2], dst=L1[0x400+AR1], n0=M * K, n1=1, n2=1, n3=1 wait free sig full
  MV.SWAIT wait taken
  LDA dst=A0[0], src=L1[0x400+AR1], h=1, w=M, c=K, pix_stride=K, row_stride=K, kh=1, kw=1, sh=1, sw=1, dh=1, dw=1,
      ow=M, m_len=M, k_len=K wait full sig free
  MV.SSIG sig ready
  MX.SWAIT wait drain
  MMA a=A0[0], b=B0[0], c=C0[0], m=M, n=N, k=K wait ready sig taken
  MX.SSIG sig sum
  FX.SWAIT wait room
  FXOUT c=C0[0], dst=L1[0x800], m=M, n=N, dst_stride=N, acc=i32, out=i8, qmode=scalar,
      scale=0.00390625 wait sum sig drain
  FX.SSIG sig done
  ST src=L1[0x800], dst=y[AR3], n0=M * N, n1=1, n2=1, n3=1 wait done sig room
  ADDA ar=AR3, from=AR3, value=M * N
ENDLOOP
HALT
