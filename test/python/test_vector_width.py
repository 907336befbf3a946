# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Kernels that are planned for other vectors than this machine's: 16 lanes and 32 registers, as AVX-512 has, on any x86.

LLVM splits vectors that the machine lacks, so what the emitters write for wider machines (tiles, masks, tails, panels) runs
here. Only LLVM's selection of the instructions themselves is left to a machine that has them."""
from __future__ import annotations

import re

import numpy as np
import pytest

import aic
from aic.model import to_contiguous
from backend.runner import array_of, compare, node_tests

FAMILIES = r"conv_|convtranspose|matmul_|gemm_|softmax_|layer_normalization_2d|reduce_(sum|max|mean)_|averagepool_2d|maxpool_2d|instancenorm|transpose_|relu|add|where|gather_|concat_|resize_.*nearest|cumsum|topk"


def with_lanes(model: bytes, lanes: int, registers: int) -> aic.Module:
    """The model with a machine model written by hand."""
    text = aic.Module.from_onnx(model).text(weights=True)
    assert "dense_resource" not in text
    target = (f'#aic.target<"x86", chip = "x86-64-v3", features = "+avx2,+fma,+f16c", model = {{l1 = 32768 : i64, l2 = 524288 : i64, '
              f"l3 = 4194304 : i64, lanes = {lanes} : i64, registers = {registers} : i64, threads = 1 : i64, emulate = 1 : i64}}>")
    if "module attributes {" in text:
        text = re.sub(r"module attributes \{", f"module attributes {{aic.target = {target}, ", text, count=1)
    else:
        text = re.sub(r"\bmodule\b", f"module attributes {{aic.target = {target}}}", text, count=1)
    return aic.Module.parse(text)


def float_tests() -> list:
    tests = [t for t in node_tests(FAMILIES) if all(getattr(array_of(v), "dtype", None) == np.float32 for v in t.data_sets[0][1])]
    return tests[::max(1, len(tests) // 60)]


@pytest.mark.parametrize("lanes, registers", [(16, 32), (4, 16)])
def test_node_tests_at_other_widths(tmp_path, lanes, registers):
    ran, failures = 0, []
    for test in float_tests():
        path = tmp_path / f"{test.name}.so"
        try:
            aic.compile_to(with_lanes(test.model.SerializeToString(), lanes, registers), path)
            model = aic.load(path)
        except aic.Error:
            continue  # refusals are the backend test's affair
        for inputs, outputs in test.data_sets:
            results = model.run([to_contiguous(v, i.numpy_dtype) for v, i in zip(map(array_of, inputs), model.inputs)])
            ran += 1
            try:
                for got, want in zip(results, map(array_of, outputs), strict=True):
                    compare(got, want, test.rtol, test.atol)
            except AssertionError as error:
                failures.append(f"{test.name}: {str(error)[:200]}")
    assert not failures
    assert ran >= 40
