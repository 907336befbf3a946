# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Functions of vectors, written out, and of single numbers, which are libm's: both against numpy in f64 over the whole
range of their arguments."""
import aic
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

ROOM = {"float32": 4e-6, "float64": 1e-13, "float16": 2e-3}  # of the value
FUNCTIONS = {
    "Sin": np.sin, "Cos": np.cos, "Tan": np.tan, "Sinh": np.sinh, "Cosh": np.cosh, "Asinh": np.arcsinh,
    "Acosh": np.arccosh, "Atanh": np.arctanh, "Tanh": np.tanh, "Exp": np.exp,
}


def arguments(dtype):
    rng = np.random.default_rng(3)
    special = [0.0, -0.0, 1.0, -1.0, 2.0, -2.0, 0.5, -0.5, np.inf, -np.inf, np.nan, 1e5, -99999.0, 1e8, -1e20, 3e38]
    wide = np.exp(rng.uniform(-60, 60, 400)) * rng.choice([-1, 1], 400)
    with np.errstate(over="ignore"):
        return np.concatenate([special, wide, rng.uniform(-10, 10, 400)]).astype(dtype)


def compiled(tmp_path, nodes, names, dtype, outputs):
    element = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    values = [helper.make_tensor_value_info(n, element, ["N"]) for n in names]
    graph = helper.make_graph(nodes, "g", values, [helper.make_tensor_value_info(o, element, None) for o in outputs])
    path = tmp_path / "model.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 22)], ir_version=10), path)
    return aic.compile(path)


def check(got, want, dtype, what):
    with np.errstate(all="ignore"):
        rounded = want.astype(dtype).astype(np.float64)
        room = ROOM[dtype] * abs(rounded) + float(np.finfo(dtype).tiny)
        got = got.astype(np.float64)
        right = (got == rounded) | (np.isnan(got) & np.isnan(rounded)) | (abs(got - rounded) <= room)
    wrong = np.flatnonzero(~right)
    assert not wrong.size, f"{what}: at {wrong[:5]} expected {rounded[wrong[:5]]}, got {got[wrong[:5]]}"


@pytest.mark.parametrize("dtype", ROOM)
def test_functions(tmp_path, dtype):
    outputs = [f"y{f}" for f in FUNCTIONS]
    model = compiled(tmp_path, [helper.make_node(f, ["x"], [f"y{f}"]) for f in FUNCTIONS], ["x"], dtype, outputs)
    x = arguments(dtype)
    with np.errstate(all="ignore"):
        wanted = [function(x.astype(np.float64)) for function in FUNCTIONS.values()]
    for name, want, got, single in zip(FUNCTIONS, wanted, model(x), model(x[40:41])):
        check(got, want, dtype, name)
        check(single, want[40:41], dtype, f"{name} of one number")


@pytest.mark.parametrize("dtype", ROOM)
def test_power(tmp_path, dtype):
    model = compiled(tmp_path, [helper.make_node("Pow", ["x", "y"], ["z"])], ["x", "y"], dtype, ["z"])
    special = np.array([0, -0.0, 1, -1, 2, -2, 3, -3, 0.5, -0.5, 2.5, np.inf, -np.inf, np.nan, 1e30, 16777217.0])
    rng = np.random.default_rng(4)
    with np.errstate(over="ignore"):
        x = np.concatenate([np.repeat(special, special.size), rng.uniform(-9, 9, 500)]).astype(dtype)
        y = np.concatenate([np.tile(special, special.size), rng.integers(-8, 9, 500)]).astype(dtype)
    with np.errstate(all="ignore"):
        want = np.power(x.astype(np.float64), y.astype(np.float64))
    check(model(x, y), want, dtype, "Pow")
    check(model(x[-1:], y[-1:]), want[-1:], dtype, "Pow of one number")


def test_error_function_of_doubles(tmp_path):
    """MLIR has an approximation in f32 alone."""
    import math
    model = compiled(tmp_path, [helper.make_node("Erf", ["x"], ["y"])], ["x"], "float64", ["y"])
    x = np.linspace(-5, 5, 101)
    check(model(x), np.vectorize(math.erf)(x), "float64", "Erf")
