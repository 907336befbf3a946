# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""aic.compile, aic.Module and what they raise."""
import threading

import numpy as np
import onnx
import pytest
from conftest import expected, isolated, linear_model
from onnx import TensorProto, helper

import aic


def test_compile_and_call(linear):
    model = aic.compile(linear)
    assert [str(i) for i in model.inputs] == ["x: f32[N, 4]"]
    assert [o.name for o in model.outputs] == ["y"]
    for n in (1, 2, 7):
        x = np.random.default_rng(n).standard_normal((n, 4)).astype(np.float32)
        np.testing.assert_allclose(model(x), expected(x), rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(model(x=x.tolist()), expected(x), rtol=1e-5, atol=1e-6)


def test_bytes_and_fixed_dims():
    model = aic.compile(linear_model().SerializeToString(), dims={"N": 2})
    assert model.inputs[0].shape == (2, 4)
    with pytest.raises(aic.RunError, match="expected extent 2 of dim 0, got 3"):
        model(np.zeros((3, 4), np.float32))


def test_keeps_the_library_where_asked(linear, tmp_path):
    aic.compile(linear, output=tmp_path / "out.so", header=True)
    assert (tmp_path / "out.so").exists() and (tmp_path / "out.h").exists()
    model = aic.load(tmp_path / "out.so")
    assert model.manifest
    x = np.ones((1, 4), np.float32)
    np.testing.assert_allclose(model(x), expected(x), rtol=1e-5)


def test_replaced_library_is_loaded_anew(linear, tmp_path):
    first = aic.compile(linear, output=tmp_path / "out.so")
    second = aic.compile(linear, dims={"N": 3}, output=tmp_path / "out.so")
    assert first.inputs[0].shape == ("N", 4) and second.inputs[0].shape == (3, 4)
    x = np.ones((3, 4), np.float32)
    np.testing.assert_allclose(second(x), expected(x), rtol=1e-5)
    np.testing.assert_allclose(first(x[:1]), expected(x[:1]), rtol=1e-5)
    third = aic.load(tmp_path / "out.so")  # the same file again, after its time stamp changed
    (tmp_path / "out.so").touch()
    assert aic.load(tmp_path / "out.so").inputs[0].shape == third.inputs[0].shape == (3, 4)


def test_library_written_over_while_loaded(linear, tmp_path):
    """Writing into a mapped file changes what is mapped: the second load says so instead of running a mixture."""
    path, other = tmp_path / "out.so", tmp_path / "other.so"
    aic.compile_to(linear, path)
    aic.compile_to(linear, other, dims={"N": 3})

    kept = []

    def load_both():  # in a process that ends without a call into what is no longer there
        kept.append(aic.load(path))
        path.write_bytes(other.read_bytes())
        try:
            return f"loaded {aic.load(path)} beside {kept}"
        except aic.LoadError as e:
            return str(e)

    assert "out.so': expected the library that this process has loaded from the file, got another" in isolated(load_both)
    assert aic.load(path).inputs[0].shape == (3, 4)


def test_files_that_cannot_be_loaded(tmp_path):
    with pytest.raises(aic.LoadError, match="gone.so': No such file"):
        aic.load(tmp_path / "gone.so")
    with pytest.raises(aic.LoadError, match="Is a directory"):
        aic.load(tmp_path)


def test_inputs_need_not_be_dense(linear):
    model, x = aic.compile(linear), np.random.default_rng(0).standard_normal((4, 6)).astype(np.float32).T
    np.testing.assert_allclose(model(x), expected(x), rtol=1e-5, atol=1e-6)


def test_wrong_inputs(linear):
    model = aic.compile(linear)
    for bad, message in ((np.zeros((1, 4)), "float32, got float64"), (np.zeros(4, np.float32), "rank 2, got 1"),
                         (np.zeros((1, 5), np.float32), "extent 4 of dim 1, got 5")):
        with pytest.raises(aic.RunError, match=message):
            model(bad)
    with pytest.raises(aic.RunError, match="got none for"):
        model()
    with pytest.raises(aic.RunError, match="got 'z'"):
        model(z=1)


def test_output_outlives_the_model(linear):
    x = np.ones((2, 4), np.float32)
    y = aic.compile(linear)(x)
    np.testing.assert_allclose(y, expected(x), rtol=1e-5)


def test_threads_call_at_once(linear):
    model, bad = aic.compile(linear), []

    def work(seed: int) -> None:
        rng = np.random.default_rng(seed)
        for _ in range(50):
            x = rng.standard_normal((int(rng.integers(1, 9)), 4)).astype(np.float32)
            if not np.allclose(model(x), expected(x), atol=1e-5):
                bad.append(x)

    workers = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for w in workers:
        w.start()
    for w in workers:
        w.join()
    assert not bad


def test_unsupported_operator_is_named():
    node = helper.make_node("NoSuchOperator", ["x"], ["y"], name="the_node")
    value = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [1]) for n in "xy"]
    model = helper.make_model(helper.make_graph([node], "g", value[:1], value[1:]),
                              opset_imports=[helper.make_opsetid("", 17)])
    with pytest.raises(aic.CompileError, match="NoSuchOperator") as caught:
        aic.compile(model.SerializeToString())
    assert any(d.severity == "error" for d in caught.value.diagnostics)
    assert "the_node" in str(caught.value)


def test_damaged_model():
    with pytest.raises(aic.CompileError):
        aic.compile(b"not a model")
    with pytest.raises(aic.CompileError):
        aic.compile("no/such/file.onnx")


def test_load_refuses_other_files(linear):
    with pytest.raises(aic.LoadError):
        aic.load(linear)


def test_module_text_and_pipeline(linear):
    module = aic.Module.from_onnx(linear)
    assert "@main" in str(module) and 'aic.name = "x"' in str(module)
    assert aic.Module.parse(str(module.run("canonicalize,cse")))
    for pipeline in ("aic-infer-shapes", "func.func(aic-infer-shapes),cse", "builtin.module(func.func(aic-infer-shapes))"):
        assert "tensor<?x3xf32>" in str(module.run(pipeline))
    with pytest.raises(aic.CompileError, match="no-such-pass"):
        module.run("no-such-pass")
    with pytest.raises(aic.CompileError) as caught:
        aic.Module.parse("func.func @f( {")
    assert caught.value.diagnostics[0].location


def test_interpreter_agrees(linear):
    x = np.random.default_rng(0).standard_normal((3, 4)).astype(np.float32)
    np.testing.assert_allclose(aic.Module.from_onnx(linear).interpret(x)[0], expected(x), rtol=1e-5, atol=1e-6)


def test_passes_are_listed():
    names = aic.passes()
    assert "canonicalize" in names and "convert-aic-to-linalg" in names and all(names.values())


def test_external_data(tmp_path):
    onnx.save(linear_model(external="w.bin"), tmp_path / "m.onnx")
    x = np.ones((1, 4), np.float32)
    np.testing.assert_allclose(aic.compile(tmp_path / "m.onnx")(x), expected(x), rtol=1e-5)


def test_onnx_backend():
    import aic.onnx_backend as backend

    assert backend.supports_device("CPU") and not backend.supports_device("CUDA")
    x = np.random.default_rng(0).standard_normal((2, 4)).astype(np.float32)
    model = linear_model()
    np.testing.assert_allclose(backend.prepare(model).run([x])[0], expected(x), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(backend.run_model(model, {"x": x}).y, expected(x), rtol=1e-5, atol=1e-6)
    node = helper.make_node("Mul", ["a", "b"], ["c"])
    np.testing.assert_allclose(backend.run_node(node, [x, x])[0], x * x)


def test_a_library_is_never_taken_for_another(tmp_path, linear):
    """The dynamic loader knows a library by all names that it was loaded by, those of descriptors that are closed too."""
    other = linear_model()
    other.graph.input[0].name = other.graph.node[0].input[0] = "other"
    aic.compile(linear, output=tmp_path / "one.so")
    aic.compile(other.SerializeToString(), output=tmp_path / "two.so")
    kept = aic.Model(tmp_path / "one.so")
    for _ in range(5):
        again = [aic.Model(tmp_path / "one.so") for _ in range(3)]
        assert [m.inputs[0].name for m in again] == ["x"] * 3
        del again
        assert aic.Model(tmp_path / "two.so").inputs[0].name == "other"
    assert kept.inputs[0].name == "x"
