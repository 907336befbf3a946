# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The models of the benchmarks against ONNX Runtime, each through one artifact with dynamic dims: an error is at most 1e-4
of the output's magnitude and 1e-3 of what the output changes between two inputs."""
import models as M
import pytest
from conftest import isolated

ONCE = {c.file: c for c in reversed(M.CASES)}


def check(case: M.Case) -> str:
    """The errors that are too large, one a line."""
    import onnxruntime as ort

    import aic

    model = aic.compile(case.path)
    options = ort.SessionOptions()
    options.intra_op_num_threads = 2
    session = ort.InferenceSession(str(case.path), options, providers=["CPUExecutionProvider"])

    def ours(feed: M.Feed) -> list:
        return model.run([feed[i.name] for i in model.inputs])

    def theirs(feed: M.Feed) -> list:
        return session.run(None, feed)

    found = M.llama_errors(ours, theirs) if case.file == "llama" else M.errors_of(case, ours, theirs)
    return "\n".join(f"{shape}: {error}" for shape, error in found if not error.ok)


@pytest.mark.parametrize("file", sorted(ONCE))
def test_accuracy(file):
    if not ONCE[file].path.exists():
        pytest.skip(f"{file}.onnx is not there: utils/prepare_models.py")
    bad = isolated(lambda: check(ONCE[file]))
    assert not bad, bad
