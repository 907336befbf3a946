# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Models of one or more operators for the NPU, and how to run them there: compiled with AIC_LIBNPU against the interpreter."""
from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import onnx
from conftest import ROOT
from onnx import TensorProto, helper, numpy_helper

BIN = ROOT / "build" / "bin"
LIBRARY = ROOT / "build" / "lib" / "libaicnpu.so"
TYPES = {"i8": (np.int8, TensorProto.INT8), "u8": (np.uint8, TensorProto.UINT8), "f16": (np.float16, TensorProto.FLOAT16),
         "f32": (np.float32, TensorProto.FLOAT), "i64": (np.int64, TensorProto.INT64), "i32": (np.int32, TensorProto.INT32),
         "bool": (np.bool_, TensorProto.BOOL), "f64": (np.float64, TensorProto.DOUBLE), "i16": (np.int16, TensorProto.INT16)}


class Graph:
    """Branches side by side in one model: compiling is what costs."""

    def __init__(self, seed: int):
        self.rng = np.random.default_rng(seed)
        self.nodes, self.weights, self.inputs, self.outputs, self.feeds = [], [], [], [], {}

    def name(self) -> str:
        return f"v{len(self.nodes) + len(self.weights) + len(self.inputs)}"

    def constant(self, values) -> str:
        self.weights.append(numpy_helper.from_array(np.asarray(values), name := self.name()))
        return name

    def input(self, shape, kind: str) -> str:
        dtype, number = TYPES[kind]
        name = f"x{len(self.inputs)}"
        self.inputs.append(helper.make_tensor_value_info(name, number, shape))
        if np.dtype(dtype).kind == "f":
            values = self.rng.standard_normal(shape) * 2
        elif kind == "bool":
            values = self.rng.integers(0, 2, shape)
        else:
            info = np.iinfo(dtype)
            values = self.rng.integers(max(info.min, -2**20), min(int(info.max) + 1, 2**20), shape)
        self.feeds[name] = values.astype(dtype)
        return name

    def node(self, op: str, inputs: list[str], **attributes) -> str:
        name = self.name()
        self.nodes.append(helper.make_node(op, inputs, [name], name=name, **attributes))
        return name

    def scale(self, low=0.01, high=0.1) -> np.float32:
        return np.float32(self.rng.uniform(low, high))

    def zero(self, kind: str):
        info = np.iinfo(TYPES[kind][0])
        return TYPES[kind][0](self.rng.choice([0, info.min, info.max, self.rng.integers(info.min, info.max)]))

    def dequantize(self, x: str, kind: str, scale=None, zero=None) -> str:
        return self.node("DequantizeLinear", [x, self.constant(scale or self.scale()), self.constant(self.zero(kind) if zero is None else zero)])

    def quantize(self, x: str, kind: str, scale=None, zero=None) -> str:
        return self.node("QuantizeLinear", [x, self.constant(scale or self.scale()), self.constant(self.zero(kind) if zero is None else zero)])

    def output(self, value: str) -> None:
        self.outputs.append(helper.make_empty_tensor_value_info(value))

    def model(self) -> onnx.ModelProto:
        graph = helper.make_graph(self.nodes, "branches", self.inputs, self.outputs, self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)], ir_version=9)
        inferred = {v.name: v for v in onnx.shape_inference.infer_shapes(model, strict_mode=True).graph.value_info}
        inferred |= {v.name: v for v in onnx.shape_inference.infer_shapes(model).graph.output}
        for place, value in enumerate(self.outputs):
            graph.output[place].CopyFrom(inferred[value.name])
        model.graph.CopyFrom(graph)
        return model


def call(*command, **variables) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=300, env=os.environ | variables)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def check(graph: Graph, folder: pathlib.Path, machine: str = "edge-256", exact: bool = True) -> str:
    """The NPU gives what the interpreter does with the integer graph. Returns the units as text."""
    model, mlir, library = folder / "m.onnx", folder / "m.mlirbc", folder / "m.so"
    onnx.save(graph.model(), model)
    np.savez(folder / "in.npz", **graph.feeds)
    call(BIN / "aic-translate", "--import-onnx", model, "-o", mlir)
    (folder / "g.mlir").write_text(call(BIN / "aic-opt", "--aic-graph-pipeline", "--npu-demote", mlir))
    units = call(BIN / "aic-opt", f"--aic-to-npu-units=machine={machine}", mlir)
    call(BIN / "aic-run", "--interpret", folder / "g.mlir", "--input", folder / "in.npz", "--save", folder / "want.npz")
    call(BIN / "aic-compile", model, "--target=npu", f"--machine={machine}", "-o", library)
    call(BIN / "aic-run", library, "--input", folder / "in.npz", "--save", folder / "got.npz", AIC_LIBNPU=str(LIBRARY))
    want, got = np.load(folder / "want.npz"), np.load(folder / "got.npz")
    assert sorted(want) == sorted(got)
    for name in want:
        assert want[name].shape == got[name].shape and want[name].dtype == got[name].dtype
        if exact:
            wrong = np.count_nonzero(want[name].view(np.uint8) != got[name].view(np.uint8)) if want[name].ndim else int(want[name] != got[name])
            assert not wrong, f"{name}: {wrong} of {want[name].size} differ, machine {machine}"
        else:
            np.testing.assert_allclose(want[name].astype(float), got[name].astype(float), rtol=4e-3, atol=4e-3, err_msg=name)
    return units


def odd_machines(folder: pathlib.Path, *names: str) -> list[str]:
    call(sys.executable, ROOT / "utils" / "npu_odd_machines.py", folder)
    paths = [folder / f"odd-{name}.json" for name in names]
    for path in paths:
        assert json.loads(path.read_text())["spaces"]
    return [str(path) for path in paths]
