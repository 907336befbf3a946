# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Scans, selections and scatters on x86: any number of workers gives the same result."""
from __future__ import annotations

import numpy as np
import pytest

import aic
from test_nvptx_structured import scan, scatter_elements, scatter_nd, top_k

# More elements than one worker's grain, in one dim or spread over all of them.
GRAPHS = {"scan": scan((90, 4099), 0), "scan of rows": scan((5, 3, 11000), 2, True), "one line": scan((60000,), 0),
          "top_k": top_k((700, 60), 1, 50, True), "scatter_elements": scatter_elements((96, 1030), (50, 700), 0, "replace"),
          "rows of scatter_elements": scatter_elements((96, 1030), (50, 700), 1, "add"), "scatter_nd": scatter_nd((40, 3000), (90,), 1, "add"),
          "tuples": scatter_nd((300, 300), (500,), 2, "replace")}


@pytest.mark.parametrize("name", GRAPHS)
def test_workers(tmp_path, name):
    graph = GRAPHS[name]
    arguments = ", ".join(f'%x{i}: {graph.type_of(i)} {{aic.name = "x{i}"}}' for i in range(len(graph.inputs)))
    types = {f"x{i}": graph.type_of(i) for i in range(len(graph.inputs))}
    y = graph.type_of(-1)
    text = f'func.func @main({arguments}) -> ({y} {{aic.name = "y"}}) {{\n{graph.body.format(y=y, **types)}\nreturn %y : {y}\n}}\n'
    path = tmp_path / "model.so"
    aic.compile_to(aic.Module.parse(text), path)
    for threads in (1, 2, 3):
        np.testing.assert_array_equal(aic.load(path, threads=threads).run(graph.inputs)[0], graph.expected)
