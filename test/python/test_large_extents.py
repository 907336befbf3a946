# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Extents whose product is no number of 64 bits: the call is refused, wherever the value would live. Wrapped, these sizes are 0 or negative."""
from __future__ import annotations

import numpy as np
import pytest
from conftest import isolated
from onnx import parser

import aic

LARGE = 1 << 32
ROW = np.zeros(1 << 16, np.float32)
EXPANDED = """g (float[1] x, int64[2] s) => (float[] y, int64[] i) {
    one = Constant <value: tensor = int64[1] {1}> ()
    [n_expand] e = Expand (x, s)
    [n_top] y, i = TopK <axis = 1> (e, one) }"""
CASES = {
    "inside": (EXPANDED, {"x": ROW[:1], "s": np.array([LARGE, LARGE])}),
    "negative": (EXPANDED, {"x": ROW[:1], "s": np.array([LARGE, LARGE >> 3])}),
    "arena": ("""g (float[a,1,1,1] x, float[1,b,1,1] y, float[1,1,c,1] z, float[1,1,1,d] w) => (float[] v, int64[] i) {
        one = Constant <value: tensor = int64[1] {1}> ()
        p = Add (x, y)
        q = Add (p, z)
        [n_sum] r = Add (q, w)
        [n_top] v, i = TopK <axis = 1> (r, one) }""", {n: ROW.reshape([-1 if i == k else 1 for i in range(4)]) for k, n in enumerate("xyzw")}),
}


def refusal(text: str, feed: dict[str, np.ndarray]) -> str:
    model = aic.compile(parser.parse_model('<ir_version: 9, opset_import: ["": 18]>\n' + text).SerializeToString())
    try:
        model(**feed)
    except (aic.Error, MemoryError, ValueError) as e:
        return f"{type(e).__name__}: {e}"
    return "no error"


@pytest.mark.parametrize("name", CASES)
def test_product_beyond_64_bits(name):
    got = isolated(lambda: refusal(*CASES[name]), 60)
    assert "memory" in got, got
