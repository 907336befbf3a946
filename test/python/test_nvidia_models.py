# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Whole models as PTX, by the same error rule as on x86 (test_models.py). Without a GPU they run on the executor: all checks
on, three seeds, inputs of a size that it can do."""
import os

import models as M
import numpy as np
import pytest
from conftest import isolated

SEEDS = (2, 3)  # beside that of all other runs


def tokens(length: int):
    return lambda seed: {"input_ids": M.integers(30522, 1, length, seed=seed), "attention_mask": np.ones((1, length), np.int64)}


CASES = [M.Case("ppocr_cls", "ppocr_cls", M.picture((1, 48, 192))[0], (M.picture((2, 48, 192))[0],)),
         M.Case("ppocr4_rec", "ppocr4_rec", M.picture((1, 48, 96))[0], (M.picture((2, 48, 40))[0],)),
         M.Case("minilm", "minilm", tokens(16), (tokens(7),)),
         M.Case("magika", "magika", M.magika_feed),
         M.Case("dlrm", "dlrm", lambda seed: {"dense": M.normal(8, 13, seed=seed), "idx": M.integers(1000, 8, 26, seed=seed)}),
         M.Case("resnet18", "resnet18", lambda seed: {"x": M.normal(1, 3, 64, 64, seed=seed)})]


def check(case: M.Case) -> str:
    """The errors that are too large, one a line."""
    import onnxruntime as ort

    import aic

    model = aic.compile(case.path, target="nvidia", arch="sm_80")
    options = ort.SessionOptions()
    options.intra_op_num_threads = 2
    session = ort.InferenceSession(str(case.path), options, providers=["CPUExecutionProvider"])
    ours = lambda feed: model.run([feed[i.name] for i in model.inputs])  # noqa: E731
    found = list(M.errors_of(case, ours, lambda feed: session.run(None, feed)))
    feed = case.make(1)
    want = session.run(None, feed)
    for seed in SEEDS:  # another order of warps and blocks each
        os.environ["AIC_FAKECUDA_SEED"] = str(seed)
        error = M.Error()
        for g, w in zip(ours(feed), want, strict=True):
            error.add(g, w, None)
        found.append((f"seed {seed}", error))
    return "\n".join(f"{what}: {error}" for what, error in found if not error.ok)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_accuracy(case):
    if not case.path.exists():
        pytest.skip(f"{case.file}.onnx is not there: utils/prepare_models.py")
    bad = isolated(lambda: check(case), 600)
    assert not bad, bad


@pytest.mark.parametrize("file,most", [("resnet50", 62), ("resnet18", 24), ("mobilenetv2", 56)])
def test_launches(file, most, tmp_path):
    """Bias, activation, residual and padding are in the kernels of the convolutions."""
    import aic

    path = M.MODELS / f"{file}.onnx"
    if not path.exists():
        pytest.skip(f"{file}.onnx is not there: utils/prepare_models.py")
    aic.compile_to(path, tmp_path / "m.so", target="nvidia", arch="sm_80")
    launches = aic.load(tmp_path / "m.so").manifest["launches"]
    count = sum(len(launch["functions"]) for launch in launches)
    assert 20 <= count <= most, f"expected at most {most} launches, got {count}"
