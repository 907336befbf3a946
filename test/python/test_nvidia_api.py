# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""aic.compile(target="nvidia"), what it says of its device, and the settings of the PTX executor."""
from __future__ import annotations

import os

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

import aic

pytestmark = pytest.mark.usefixtures("on_executor")


def layer(rows: int | str = 20) -> bytes:
    """softmax(relu(x @ w)), rows x 32 by 32 x 24."""
    w = numpy_helper.from_array(np.random.default_rng(1).standard_normal((32, 24)).astype(np.float32), "w")
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["m"], name="product"), helper.make_node("Relu", ["m"], ["r"], name="relu"),
         helper.make_node("Softmax", ["r"], ["y"], name="softmax")],
        "layer", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [rows, 32])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [rows, 24])], [w])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9).SerializeToString()


def data(rows: int = 20) -> np.ndarray:
    return np.random.default_rng(2).standard_normal((rows, 32)).astype(np.float32)


@pytest.mark.parametrize("arch", ["sm_80", "sm_86", "sm_89", "sm_90a", "sm_120"])
def test_every_arch(arch):
    model = aic.compile(layer(), target="nvidia", arch=arch)
    assert model.device == "executor"
    assert "libaicfakecuda.so" in model.device_name
    target = model.manifest["target"]
    assert target["backend"] == "nvidia" and target["arch"] == arch
    assert target["ptx_target"] in (arch, arch.removesuffix("a"))
    np.testing.assert_allclose(model(data()), aic.compile(layer())(data()), rtol=1e-5, atol=1e-6)


def test_other_targets_have_no_device():
    model = aic.compile(layer())
    assert model.device == "" and model.device_name == ""
    assert "driver" not in model.manifest["target"]


def test_arch_behind_the_target_and_in_a_file(tmp_path):
    aic.compile_to(layer(), tmp_path / "m.ptx", target="nvidia:sm_86")
    text = (tmp_path / "m.ptx").read_text()
    assert ".target sm_86" in text and ".entry" in text
    assert sorted(p.name for p in tmp_path.iterdir()) == ["m.ptx"]


def test_unknown_arch():
    with pytest.raises(aic.CompileError, match=r"expected an NVIDIA chip out of \[sm_80, .*\], got 'sm_1'"):
        aic.compile(layer(), target="nvidia", arch="sm_1")
    with pytest.raises(aic.CompileError, match=r"expected a target backend out of \[x86, npu, nvidia\], got 'abacus'"):
        aic.compile(layer(), target="abacus")


def test_dynamic_extents():
    model, reference = aic.compile(layer("N"), target="nvidia"), aic.compile(layer("N"))
    for rows in (1, 7, 33):
        np.testing.assert_allclose(model(data(rows)), reference(data(rows)), rtol=1e-5, atol=1e-6)


def test_session():
    options = aic.SessionOptions()
    options.add_session_config_entry("aic.target", "nvidia:sm_80")
    session = aic.InferenceSession(layer(), options)
    (y,) = session.run(None, {"x": data()})
    np.testing.assert_allclose(y, aic.compile(layer())(data()), rtol=1e-5, atol=1e-6)


def test_executor_counts_and_restores(monkeypatch):
    monkeypatch.setenv("AIC_FAKECUDA_SEED", "5")
    model = aic.compile(layer(), target="nvidia")
    results = []
    for seed in (0, 1, 2):
        with aic.executor(seed=seed, counters=True) as run:
            assert os.environ["AIC_FAKECUDA_SEED"] == str(seed)
            results.append(model(data()))
        launches = sum(len(launch["functions"]) for launch in model.manifest["launches"])
        assert run.launches == launches == len(run.counters) > 0
        assert run.instructions > 0 and run.findings == 0
        assert {c["kernel"] for c in run.counters} >= {"k0"} and run.counters[0]["total"]["globalRequests"] > 0
    assert all(np.array_equal(results[0], y) for y in results)
    assert os.environ["AIC_FAKECUDA_SEED"] == "5" and "AIC_FAKECUDA_COUNTERS" not in os.environ
    with aic.executor(checks="none") as run:
        model(data())
    assert run.counters == [] and run.launches > 0
    with pytest.raises(ValueError, match="expected checks out of"), aic.executor(checks="some"):
        pass


def test_chip_that_is_too_old():
    with aic.executor(sm=80), pytest.raises((aic.LoadError, aic.RunError), match="sm_90"):
        aic.compile(layer(), target="nvidia", arch="sm_90a")(data())
