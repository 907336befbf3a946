# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The models of the benchmarks against ONNX Runtime, each through one artifact with dynamic dims: an error is at most 1e-4
of the output's magnitude and 1e-3 of what the output changes between two inputs."""
import gc

import models as M
import numpy as np
import pytest

import aic

ort = pytest.importorskip("onnxruntime")
ONCE = {c.file: c for c in reversed(M.CASES)}


@pytest.mark.parametrize("file", sorted(ONCE))
def test_accuracy(file):
    case = ONCE[file]
    if not case.path.exists():
        pytest.skip(f"{case.path.name} is not there: utils/prepare_models.py")
    model = aic.compile(case.path)
    options = ort.SessionOptions()
    options.intra_op_num_threads = 2
    session = ort.InferenceSession(str(case.path), options, providers=["CPUExecutionProvider"])

    def ours(feed):
        return model.run([np.ascontiguousarray(feed[i.name]) for i in model.inputs])

    def theirs(feed):
        return session.run(None, feed)

    found = M.llama_errors(ours, theirs) if file == "llama" else M.errors_of(case, ours, theirs)
    bad = [f"{shape}: {error}" for shape, error in found if not error.ok]
    del model, session
    gc.collect()
    assert not bad, "\n".join(bad)
