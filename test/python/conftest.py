# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Models and folders that the tests share."""
from __future__ import annotations

import os
import pathlib
import select
import signal
import sys
from typing import Callable

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "benchmarks"))


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "slow: takes minutes; left out with -m 'not slow', as utils/test.sh --quick does")


@pytest.fixture(autouse=True)
def cache_folder(tmp_path, monkeypatch) -> pathlib.Path:
    """Every test has a cache of its own."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("AIC_CACHE_DIR", str(folder))
    return folder


@pytest.fixture
def on_executor() -> None:
    """PTX runs on the executor, whatever the machine has: the variable decides for the process, at the first model loaded."""
    import aic

    library = pathlib.Path(aic.__file__).parent.parent.parent / "lib" / "libaicfakecuda.so"
    if "libaicfakecuda" not in os.environ.setdefault("AIC_LIBCUDA", str(library)):
        pytest.skip("AIC_LIBCUDA names another driver")


def weights() -> np.ndarray:
    return np.arange(12, dtype=np.float32).reshape(4, 3) / 10


def linear_model(opset: int = 17, external: str | None = None) -> onnx.ModelProto:
    """relu(x @ w + b) for x f32[N, 4]; metadata filled in. `external`: the file that holds w."""
    w, b = numpy_helper.from_array(weights(), "w"), numpy_helper.from_array(np.ones(3, np.float32), "b")
    nodes = [helper.make_node("MatMul", ["x", "w"], ["m"], name="product"),
             helper.make_node("Add", ["m", "b"], ["s"], name="sum"), helper.make_node("Relu", ["s"], ["y"], name="relu")]
    graph = helper.make_graph(nodes, "linear", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 4])],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 3])], [w, b])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], producer_name="aic tests", ir_version=9,
                              doc_string="a layer", model_version=7, domain="test")
    helper.set_model_props(model, {"character": "a\nb"})
    if external:
        onnx.external_data_helper.convert_model_to_external_data(model, location=external, size_threshold=1)
    return model


def expected(x: np.ndarray) -> np.ndarray:
    return np.maximum(x @ weights() + 1, 0)


@pytest.fixture
def linear(tmp_path) -> pathlib.Path:
    path = tmp_path / "linear.onnx"
    onnx.save(linear_model(), path)
    return path


@pytest.fixture
def python() -> list[str]:
    return [sys.executable]


def environment(**extra: str) -> dict[str, str]:
    return {**os.environ, **extra}


def isolated(work: Callable[[], str], timeout: float = 300.0) -> str:
    """What `work` returns, run in a forked process; a crash or a hang becomes a text that says so."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            text = work()
        except BaseException as e:  # noqa: BLE001 - the parent reports it
            text = f"{type(e).__name__}: {e}"
        os.write(writer, text.encode()[:60000] or b"\0")
        os._exit(0)
    os.close(writer)
    ready, _, _ = select.select([reader], [], [], timeout)
    if not ready:
        os.kill(pid, signal.SIGKILL)
    text = b"".join(iter(lambda: os.read(reader, 65536), b"")).decode()
    os.close(reader)
    _, status = os.waitpid(pid, 0)
    if not ready:
        return f"no end within {timeout:.0f} s"
    if not text:
        return f"the process died: {signal.Signals(os.WTERMSIG(status)).name if os.WIFSIGNALED(status) else status}"
    return text.strip("\0")
