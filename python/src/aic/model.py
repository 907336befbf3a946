# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Modules of IR, and compiled models as callables."""
from __future__ import annotations

import json
import os
import pathlib
import re
import tempfile
from typing import Any, Mapping, Sequence

import numpy as np

from . import _aic
from ._types import ValueInfo, numpy_dtype
from .errors import RunError
from .npu import Simulation
from .quantization import Quantization, Report, Samples

PathOrBytes = str | os.PathLike | bytes
ModelSource = "PathOrBytes | Module"
Dims = Mapping[str, int | str | tuple] | str | None


def dims_option(dims: Dims) -> str:
    """{'N': 1, 'H': (32, 960, 32), 'W': '32..960:32'} as the tools write it: 'N=1,H=32..960:32,W=32..960:32'."""
    if dims is None or isinstance(dims, str):
        return dims or ""
    parts = []
    for name, value in dims.items():
        if isinstance(value, tuple):
            if len(value) not in (2, 3):
                raise ValueError(f"expected (minimum, maximum[, multiple]) for dim '{name}', got {value}")
            value = f"{value[0]}..{value[1]}" + (f":{value[2]}" if len(value) == 3 else "")
        parts.append(f"{name}={value}")
    return ",".join(parts)


class Module:
    """A module of IR, at any level."""

    def __init__(self, impl: _aic.Module):
        self._impl = impl

    @staticmethod
    def from_onnx(model: PathOrBytes, dims: Dims = None) -> Module:
        """Imports a model: the graph level. Weights are mapped, not copied into the IR."""
        source = model if isinstance(model, bytes) else os.fspath(model)
        return Module(_aic.import_onnx(source, dims_option(dims)))

    @staticmethod
    def parse(text: str) -> Module:
        """Reads IR as text."""
        return Module(_aic.parse_module(text))

    def text(self, weights: bool = False, locations: bool = False) -> str:
        """The IR as text, large weights elided unless asked for."""
        return self._impl.text(weights, locations)

    __str__ = text

    def bytecode(self) -> bytes:
        """The IR with its weights, as `compile` and every tool read it (a file that ends in .mlirbc)."""
        return self._impl.bytecode()

    def run(self, pipeline: str) -> Module:
        """Runs a pass pipeline in place, e.g. 'aic-infer-shapes,cse' or 'builtin.module(func.func(aic-infer-shapes),cse)'."""
        self._impl.run(pipeline)
        return self

    def interpret(self, *inputs: Any) -> list[np.ndarray]:
        """Evaluates a module of the graph level op by op: the slow oracle."""
        return self._impl.interpret([np.asarray(x, order="C") for x in inputs])


def passes() -> dict[str, str]:
    """Every registered pass and pipeline with its one-line description."""
    found = re.findall(r"^  --([\w-]+) +- +(.*)$", _aic.describe_passes(), re.MULTILINE)
    return {name: text.strip() for name, text in found}


def to_contiguous(value: Any, want: np.dtype) -> np.ndarray:
    """`value` as a dense row-major array of this machine's byte order, aligned to its elements. What is one already is not
    copied; Python lists take the wanted type."""
    array = value if isinstance(value, np.ndarray | np.generic) else np.asarray(value, dtype=want)
    array = np.asarray(array, order="C")
    if array.flags.aligned and array.dtype.isnative:
        return array
    return array.astype(array.dtype.newbyteorder("="), order="C")


def check_input(info: ValueInfo, array: np.ndarray) -> None:
    """Raises a RunError that names the input unless the array is what the model takes."""
    if array.dtype != info.numpy_dtype:
        raise RunError(f"input '{info.name}': expected element type {info.numpy_dtype}, got {array.dtype}")
    if array.ndim != len(info.shape):
        raise RunError(f"input '{info.name}': expected rank {len(info.shape)}, got {array.ndim}")
    for axis, (want, got) in enumerate(zip(info.shape, array.shape)):
        if isinstance(want, int) and want != got:
            raise RunError(f"input '{info.name}': expected extent {want} of dim {axis}, got {got}")


class Model:
    """A compiled model, loaded. Calls may come from several threads at once."""

    def __init__(self, path: str | os.PathLike, threads: int = 1, quantization: Report | None = None):
        self.path = pathlib.Path(path)
        self.quantization = quantization
        self._library = _aic.Library(os.fspath(path), threads)
        self.threads = threads
        self.inputs = tuple(ValueInfo(n, t, tuple(s)) for n, t, s in self._library.inputs())
        self.outputs = tuple(ValueInfo(n, t, tuple(s)) for n, t, s in self._library.outputs())

    @property
    def manifest(self) -> dict[str, Any]:
        """What the artifact says of itself: compiler, target, model hash, ABI."""
        return json.loads(self._library.manifest())

    @property
    def device(self) -> str:
        """What a model for a GPU runs on: "driver", NVIDIA's, or "executor", AIC's of PTX, where there is no such driver or
        no device (see aic.executor); "" for other models."""
        return self._library.device()

    @property
    def device_name(self) -> str:
        """The device's name and the file that is its driver; "" for models that need none."""
        return self._library.device_name()

    def run(self, arrays: Sequence[np.ndarray], threads: int | None = None) -> list[np.ndarray]:
        """Calls the model on arrays that are dense and of the right types (checked), in the order of `inputs`."""
        if len(arrays) != len(self.inputs):
            raise RunError(f"expected {len(self.inputs)} inputs, got {len(arrays)}")
        for info, array in zip(self.inputs, arrays):
            check_input(info, array)
        types = [numpy_dtype(o.dtype) for o in self.outputs]
        return self._library.run(list(arrays), types, self.threads if threads is None else threads)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Inputs in order or by name, anything numpy converts; one output is returned as it is, several as a tuple."""
        names = [i.name for i in self.inputs]
        given = dict(zip(names, args))
        if len(args) > len(names):
            raise RunError(f"expected at most {len(names)} inputs, got {len(args)}")
        for name, value in kwargs.items():
            if name not in names:
                raise RunError(f"expected an input of {names}, got '{name}'")
            if name in given:
                raise RunError(f"input '{name}' is given twice")
            given[name] = value
        missing = [n for n in names if n not in given]
        if missing:
            raise RunError(f"expected inputs {names}, got none for {missing}")
        results = self.run([to_contiguous(given[i.name], i.numpy_dtype) for i in self.inputs])
        return results[0] if len(results) == 1 else tuple(results)

    def simulate(self, *args: Any, jitter: int = 0, **kwargs: Any) -> "Simulation":
        """Calls a model for the NPU with the machine's timing and the hazard detector; `jitter` (a seed) perturbs every
        duration. The outputs are those of a plain call, bit for bit."""
        from .npu import observe

        with observe(jitter) as programs:
            outputs = self(*args, **kwargs)
        return Simulation(outputs, tuple(programs))

    def __repr__(self) -> str:
        return f"<aic.Model ({', '.join(map(str, self.inputs))}) -> ({', '.join(map(str, self.outputs))})>"


def compile_to(model: ModelSource, output: str | os.PathLike, target: str = "x86", dims: Dims = None, *, name: str = "",
               cpu: str = "host", features: str = "", header: bool = False, quantize: Samples | Quantization | None = None,
               machine: str = "edge-256", arch: str = "sm_80") -> Report | None:
    """Compiles a model into the library `output` (and a C header beside it). Raises CompileError; then no file is left.

    `target` is "x86", "npu" or "nvidia"; `machine`, for the NPU, is the name of a shipped machine or a machine file, and
    `arch` that of a GPU, which "nvidia:sm_90a" names as well. An `output` that ends with .npub or .ptx is the program alone.
    With `quantize` (samples, see aic.Quantization) in 8 bits; the report about that is returned.
    """
    report = None
    if quantize is not None:
        if not name and not isinstance(model, bytes | Module):
            name = re.sub(r"\W|^(?=\d)", "_", pathlib.Path(model).stem, flags=re.ASCII)
        model, report = quantize_model(model, quantize, dims=dims, cpu=cpu, features=features)
        dims = None
    if isinstance(model, Module):
        model = model.bytecode()
    source = model if isinstance(model, bytes) else os.fspath(model)
    _aic.compile(source, os.fspath(output), target, dims_option(dims), name, cpu, features, header, os.fspath(machine),
                 arch)
    return report


def compile(model: ModelSource, target: str = "x86", dims: Dims = None, threads: int = 1,
            output: str | os.PathLike | None = None, **options: Any) -> Model:
    """Compiles an ONNX model (a path or its bytes) or a module and loads it. The library is kept only where `output`
    says so.

    `dims` fixes or bounds dynamic dims by name, `threads` is what one call may use, `options` are those of compile_to.
    """
    if output is not None:
        report = compile_to(model, output, target, dims, **options)
        return Model(output, threads, report)
    with tempfile.TemporaryDirectory(prefix="aic-") as folder:
        path = pathlib.Path(folder) / "model.so"
        report = compile_to(model, path, target, dims, **options)
        return Model(path, threads, report)  # the mapping outlives the file


def quantize_model(model: ModelSource, quantize: Samples | Quantization, *, dims: Dims = None, cpu: str = "host",
                   features: str = "") -> tuple[Module, Report]:
    """A model in 8 bits, as a module for `compile`, and what that did to each layer (aic.quantize)."""
    how = quantize if isinstance(quantize, Quantization) else Quantization(quantize)
    module = Module.from_onnx(model.bytecode() if isinstance(model, Module) else model, dims)  # a copy
    json_text, table = module._impl.quantize(how.sets(), how.percentile, list(how.keep), how.min_snr, how.show(), cpu,
                                             features)
    return module, Report(json.loads(json_text), table)


def load(path: str | os.PathLike, threads: int = 1) -> Model:
    """Loads a library that `compile` or aic-compile wrote."""
    return Model(path, threads)
