; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
; Two slots of L1 in rotation between LD and MV.
.machine edge-256
.program slots
.segment x kind=input bytes=8 * 1024
.sem free producer=MV consumer=LD init=2
.sem full producer=LD consumer=MV
LOOP trip=8, ar0=AR1, inc0=1024, wrap0=2, ar1=AR2, inc1=1024
  LD src=x[AR2], dst=L1[AR1], n0=1024, n1=1, n2=1, n3=1 wait free sig full
  LDA dst=A0[0], src=L1[AR1], h=1, w=16, c=64, pix_stride=64, row_stride=64, kh=1, kw=1, sh=1, sw=1, dh=1, dw=1, ow=16, m_len=16, k_len=64 wait full sig free
ENDLOOP
HALT
