# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Random models run like in ONNX Runtime: fixed seeds of differential.py, each in a process with limits on time and memory."""
import onnxruntime  # noqa: F401 - loaded once, before the forks
import pytest
from differential import run

import aic  # noqa: F401

QUICK = range(0, 100)
# Once wrong: what a constant and a run-time mask had in common (351), row counts of empty tensors (5010, 5140, 5152), no depth (164),
# indices larger than a run-time extent (1141), an unknown extent that meets an extent of 1 in an Einsum (1143).
FOUND = [164, 348, 351, 373, 414, 5010, 5073, 5140, 5152, 5171, 1141, 1143]
# Not compared, because the two differ where ONNX leaves it open or ONNX Runtime has its own way:
#   1303, 1323  Compress with a condition that a run-time extent makes longer than its axis: refused in the call
#   1317        AveragePool (VALID) whose window is larger than a run-time extent: no result here, one there
#   1085        LpPool with both auto_pad and ceil_mode (not traced further)
UNLIKE = {1085, 1303, 1317, 1323}
SLOW = [seed for seed in range(1000, 1400) if seed not in UNLIKE]


def problems(seeds) -> list[str]:
    results = {seed: run(seed, timeout=30) for seed in seeds}
    bad = [f"{seed}: {text}" for seed, text in results.items() if text not in ("ok", "skip") and not text.startswith("refused")]
    taken = sum(text == "ok" for text in results.values())
    assert taken >= 0.9 * len(results), f"only {taken} of {len(results)} models were taken and compared"
    return bad


def test_found_before():
    assert not problems(FOUND)


def test_quick():
    assert not problems(QUICK)


@pytest.mark.slow
def test_more():
    assert not problems(SLOW)
