# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Quantisation from Python and from the shell: samples, options, reports, and what is refused."""
import json
import os
import subprocess

import numpy as np
import onnx
import pytest
from conftest import ROOT, environment
from onnx import TensorProto, helper, numpy_helper

import aic

AIC_COMPILE = os.environ.get("AIC_COMPILE", str(ROOT / "build" / "bin" / "aic-compile"))


def small_model() -> bytes:
    """relu(conv(x)) + x through a mean and a product, with two inputs."""
    rng = np.random.default_rng(1)
    w = numpy_helper.from_array(rng.standard_normal((3, 3, 3, 3)).astype(np.float32), "w")
    v = numpy_helper.from_array(rng.standard_normal((3, 5)).astype(np.float32), "v")
    nodes = [helper.make_node("Conv", ["x", "w"], ["c"], name="conv", pads=[1, 1, 1, 1]),
             helper.make_node("Relu", ["c"], ["r"], name="relu"),
             helper.make_node("Add", ["r", "x"], ["s"], name="sum"),
             helper.make_node("GlobalAveragePool", ["s"], ["p"], name="pool"),
             helper.make_node("Flatten", ["p"], ["f"], name="flat"),
             helper.make_node("MatMul", ["f", "v"], ["m"], name="product"),
             helper.make_node("Mul", ["m", "gain"], ["y"], name="scaled")]
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 3, 8, 8]),
              helper.make_tensor_value_info("gain", TensorProto.FLOAT, ["N", 5])]
    graph = helper.make_graph(nodes, "small", inputs, [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 5])], [w, v])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9).SerializeToString()


def samples(count: int = 6, seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {"x": rng.standard_normal((count, 3, 8, 8)).astype(np.float32),
            "gain": rng.uniform(0.5, 1, (count, 5)).astype(np.float32)}


def decibels(want: np.ndarray, got: np.ndarray) -> float:
    return 10 * np.log10(float((want ** 2).sum()) / max(float(((want - got) ** 2).sum()), 1e-30))


def test_compile():
    given = samples()
    real, small = aic.compile(small_model()), aic.compile(small_model(), quantize=given)
    fresh = samples(seed=1)
    x, gain = fresh["x"] * 0.8, fresh["gain"]
    assert decibels(real(x, gain), small(x, gain)) > 25
    report = small.quantization
    assert [layer["kind"] for layer in report.layers] == ["conv", "add", "reduce", "matmul", "mul"]
    assert [layer["name"] for layer in report.layers] == ["relu", "sum", "pool", "product", "scaled"]
    assert report["samples"] == 6 and report.fp16_share == 0 and not report.kept
    assert report.layers[0]["macs"] == 3 * 8 * 8 * 27
    assert all(layer["snr_alone_db"] > 30 for layer in report.layers), str(report)
    assert "conv" in str(report) and "int8" in str(report)
    low, high = report["ranges"]["x"]
    assert low == given["x"].min() and high == given["x"].max()
    assert real.quantization is None


def test_exact():
    """The compiled model and the interpreter give the same levels."""
    module, _ = aic.quantize(small_model(), samples())
    fresh = samples(3, seed=5)
    want = aic.Module.from_onnx(module.bytecode()).run("aic-graph-pipeline").interpret(fresh["x"], fresh["gain"])
    assert np.array_equal(aic.compile(module)(fresh["x"], fresh["gain"]), want[0])
    # As it is written, step by step in f32, it differs by a level here and there at most.
    plain = module.interpret(fresh["x"], fresh["gain"])
    assert np.abs(plain[0] - want[0]).max() <= 1.01 * np.abs(np.diff(np.unique(want[0]))).min() * 2


def test_deterministic():
    texts = [aic.quantize(small_model(), samples())[0].bytecode() for _ in range(2)]
    assert texts[0] == texts[1]


def test_sets(tmp_path):
    """Files, lists of sets, samples along a dim of their own."""
    given = samples(4)
    np.savez(tmp_path / "a.npz", x=given["x"][:2], gain=given["gain"][:2])
    later = {"x": given["x"][2:, None], "gain": given["gain"][2:, None]}
    _, once = aic.quantize(small_model(), given)
    _, parts = aic.quantize(small_model(), [tmp_path / "a.npz", later])
    assert parts["samples"] == 4 and dict(parts)["ranges"] == dict(once)["ranges"]


def test_percentile():
    given = samples(8)
    given["x"][0, 0, 0, 0] = 1000
    _, all_of_it = aic.quantize(small_model(), given)
    _, most = aic.quantize(small_model(), aic.Quantization(given, percentile=99.8))
    assert all_of_it["ranges"]["x"][1] == 1000
    assert most["ranges"]["x"][1] < 10
    assert most["percentile"] == 99.8


def test_keep():
    module, report = aic.quantize(small_model(), aic.Quantization(samples(), keep=["conv"]))
    assert report.kept == ["relu"] and report.fp16_share > 0.9
    assert "tensor<?x8x8x3xf16>" in module.text()
    _, report = aic.quantize(small_model(), aic.Quantization(samples(), min_snr=200.0))
    assert len(report.kept) == len(report.layers)
    _, report = aic.quantize(small_model(), aic.Quantization(samples(), min_snr=-10.0))
    assert not report.kept


def test_progress(capfd):
    aic.quantize(small_model(), aic.Quantization(samples(), progress=True))
    assert "quantise: ranges 6/6" in capfd.readouterr().err


BAD = {
    "missing": (lambda s: s.pop("gain"), "expected an array for input 'gain', got 'x'"),
    "shape": (lambda s: s.update(x=s["x"][:, :, :, :, None, None]), "for input 'x': expected f32[n, 3, 8, 8]"),
    "channels": (lambda s: s.update(x=s["x"][:, :2]), "expected f32[n, 3, 8, 8], got f32[6, 2, 8, 8]"),
    "type": (lambda s: s.update(x=s["x"].astype(np.float64)), "got f64[6, 3, 8, 8]"),
    "nan": (lambda s: s["x"].__setitem__((2, 0, 0, 0), np.nan), "expected finite numbers, got nan in sample 2"),
    "infinity": (lambda s: s["gain"].__setitem__((5, 0), np.inf), "input 'gain': expected finite numbers, got infinity in sample 5"),
    "count": (lambda s: s.update(gain=s["gain"][:4]), "input 'gain': expected 6 samples as for the other inputs, got 4"),
    "none": (lambda s: s.update(x=s["x"][:0]), "input 'x': expected at least one sample"),
    "overflow": (lambda s: s.update(x=s["x"] * np.float32(5e37)), "expected finite numbers, got nan or infinity in calibration sample"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_samples(case, tmp_path):
    spoil, message = BAD[case]
    given = samples()
    spoil(given)
    with pytest.raises(aic.CompileError) as caught:
        aic.quantize(small_model(), given)
    assert message in str(caught.value), caught.value
    np.savez(tmp_path / "samples.npz", **given)
    (tmp_path / "model.onnx").write_bytes(small_model())
    done = compile_in(tmp_path, "--quantize=samples.npz")
    assert done.returncode == 2 and message in done.stderr, done.stderr
    assert not (tmp_path / "model.so").exists() and not (tmp_path / "report.json").exists()


def compile_in(folder, *options: str) -> subprocess.CompletedProcess:
    return subprocess.run([AIC_COMPILE, "model.onnx", "-o", "model.so", *options], cwd=folder, text=True, capture_output=True,
                          env=environment(), timeout=300)


def test_bad_options(tmp_path):
    with pytest.raises(aic.CompileError, match="expected the names of layers to keep, got 'nothing'"):
        aic.quantize(small_model(), aic.Quantization(samples(), keep=["nothing"]))
    with pytest.raises(ValueError, match="percentile"):
        aic.Quantization(samples(), percentile=0)
    with pytest.raises(TypeError, match="arrays by the inputs' names"):
        aic.quantize(small_model(), [1])
    module, _ = aic.quantize(small_model(), samples())
    with pytest.raises(aic.CompileError, match="expected a float model"):
        aic.quantize(module, samples())
    (tmp_path / "model.onnx").write_bytes(small_model())
    for options, message in ((["--quantize=none.npz"], "none.npz"), (["--quantize-keep=conv"], "expected --quantize=FILE.npz"),
                             (["--quantize=model.onnx"], "model.onnx"),
                             (["--quantize=none.npz", "--quantize-percentile=120"], "expected a number above 50")):
        done = compile_in(tmp_path, *options)
        assert done.returncode == 2 and message in done.stderr and not (tmp_path / "model.so").exists(), done.stderr


def test_shell(tmp_path):
    np.savez(tmp_path / "samples.npz", **samples())
    (tmp_path / "model.onnx").write_bytes(small_model())
    done = compile_in(tmp_path, "--quantize=samples.npz", "--quantize-keep=product", "--quantize-report=report.json",
                      "--quantize-report=report.txt", "--quantize-ir=model.mlirbc", "--quantize-percentile=99.99")
    assert done.returncode == 0, done.stderr
    assert "quantise: ranges" in done.stderr
    report = json.loads((tmp_path / "report.json").read_text())
    assert [layer["type"] for layer in report["layers"]] == ["int8", "int8", "int8", "fp16", "int8"]
    assert "output 'y'" in (tmp_path / "report.txt").read_text()
    fresh = samples(2, seed=3)
    one = aic.load(tmp_path / "model.so")(fresh["x"], fresh["gain"])
    two = aic.compile((tmp_path / "model.mlirbc").read_bytes())(fresh["x"], fresh["gain"])
    assert np.array_equal(one, two)
    # The report's ranges are those that the pass takes.
    float_graph = aic.Module.from_onnx(tmp_path / "model.onnx").run("aic-graph-pipeline")
    float_graph.run(f"aic-quantize{{ranges={tmp_path / 'report.json'} keep=product}},canonicalize,cse")
    assert np.array_equal(aic.compile(float_graph)(fresh["x"], fresh["gain"]), one)
