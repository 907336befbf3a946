# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A drop-in for the common part of onnxruntime.InferenceSession: compiled on first use, kept in the cache on disk."""
from __future__ import annotations

import enum
import logging
import os
import pathlib
from typing import Any, Iterable, Mapping, Sequence

import numpy as np

from . import _aic, cache
from ._types import ValueInfo, from_onnx_type, numpy_dtype, onnx_type, type_of_array
from .errors import CompileError, Error, RunError
from .model import Model, compile_to, to_contiguous

PROVIDER = "CPUExecutionProvider"
_log = logging.getLogger("aic")


class Fail(Error):
    """What onnxruntime calls Fail; its kinds follow."""


class InvalidArgument(Fail):
    """An input that the model does not take."""


class NoSuchFile(Fail):
    """A path without a model."""


class InvalidProtobuf(Fail):
    """A file that is no ONNX model."""


class InvalidGraph(Fail):
    """A model that breaks the rules of ONNX."""


class NotImplemented(Fail):  # noqa: A001 - the name that programs catch
    """A model with what AIC does not support."""


class RuntimeException(Fail):
    """A run-time check of the model failed."""


class ExecutionMode(enum.IntEnum):
    ORT_SEQUENTIAL = 0
    ORT_PARALLEL = 1


class ExecutionOrder(enum.IntEnum):
    DEFAULT = 0
    PRIORITY_BASED = 1
    MEMORY_EFFICIENT = 2


class GraphOptimizationLevel(enum.IntEnum):
    ORT_DISABLE_ALL = 0
    ORT_ENABLE_BASIC = 1
    ORT_ENABLE_EXTENDED = 2
    ORT_ENABLE_LAYOUT = 3
    ORT_ENABLE_ALL = 99


class SessionOptions:
    """Threads and dims are honoured; the rest is kept so that programs can set and read it."""

    def __init__(self) -> None:
        self.intra_op_num_threads = 0
        self.inter_op_num_threads = 0
        self.graph_optimization_level = GraphOptimizationLevel.ORT_ENABLE_ALL
        self.execution_mode = ExecutionMode.ORT_SEQUENTIAL
        self.execution_order = ExecutionOrder.DEFAULT
        self.enable_cpu_mem_arena = True
        self.enable_mem_pattern = True
        self.enable_mem_reuse = True
        self.enable_profiling = False
        self.log_severity_level = -1
        self.log_verbosity_level = 0
        self.logid = ""
        self.optimized_model_filepath = ""
        self.profile_file_prefix = "aic_profile_"
        self.use_deterministic_compute = False
        self.use_per_session_threads = True
        self._entries: dict[str, str] = {}
        self._dims: dict[str, int] = {}

    def add_session_config_entry(self, key: str, value: str) -> None:
        self._entries[key] = value

    def get_session_config_entry(self, key: str) -> str:
        if key not in self._entries:
            raise RuntimeError(f"expected a session configuration entry, got '{key}'")
        return self._entries[key]

    def add_free_dimension_override_by_name(self, name: str, value: int) -> None:
        self._dims[name] = int(value)

    def add_free_dimension_override_by_denotation(self, denotation: str, value: int) -> None:
        _log.info("dim denotations are not used: '%s' stays dynamic", denotation)

    def register_custom_ops_library(self, path: str) -> None:
        raise NotImplemented(f"custom operators need onnxruntime, cannot load '{path}'")

    def threads(self) -> int:
        asked = self.intra_op_num_threads
        return asked if asked > 0 else len(os.sched_getaffinity(0))


class RunOptions:
    """Accepted by run(); nothing in it changes what AIC does but the thread count, which AIC adds."""

    def __init__(self) -> None:
        self.log_severity_level = -1
        self.log_verbosity_level = 0
        self.logid = ""
        self.only_execute_path_to_fetches = False
        self.terminate = False
        self.training_mode = False
        self.threads = 0
        self._entries: dict[str, str] = {}

    def add_run_config_entry(self, key: str, value: str) -> None:
        self._entries[key] = value

    def get_run_config_entry(self, key: str) -> str:
        return self._entries[key]


class NodeArg:
    """An input or output: its name, its type as 'tensor(float)', its dims as ints, names, or None."""

    def __init__(self, name: str, type: str, shape: Sequence[int | str | None]):
        self.name, self.type, self.shape = name, type, list(shape)

    def __repr__(self) -> str:
        return f"NodeArg(name={self.name!r}, type={self.type!r}, shape={self.shape})"

    __str__ = __repr__


class ModelMetadata:
    """What the model's file says of itself."""

    def __init__(self, meta: Mapping[str, Any]):
        self.producer_name: str = meta["producer_name"]
        self.graph_name: str = meta["graph_name"]
        self.domain: str = meta["domain"]
        self.description: str = meta["description"]
        self.graph_description: str = meta["graph_description"]
        self.version: int = meta["model_version"]
        self.custom_metadata_map: dict[str, str] = dict(meta["metadata"])


class OrtValue:
    """A tensor in this process's memory."""

    def __init__(self, array: np.ndarray):
        self._array = array

    @staticmethod
    def ortvalue_from_numpy(array: Any, device_type: str = "cpu", device_id: int = 0) -> OrtValue:
        return OrtValue(np.asarray(array, order="C"))

    def numpy(self) -> np.ndarray:
        return self._array

    def shape(self) -> list[int]:
        return list(self._array.shape)

    def data_type(self) -> str:
        return type_of_array(self._array)

    def device_name(self) -> str:
        return "cpu"

    def data_ptr(self) -> int:
        return self._array.ctypes.data

    def is_tensor(self) -> bool:
        return True

    def has_value(self) -> bool:
        return True


class IOBinding:
    """Inputs and outputs bound by name before a run; everything is in the CPU's memory."""

    def __init__(self, session: InferenceSession):
        self._session = session
        self._inputs: dict[str, np.ndarray] = {}
        self._outputs: dict[str, np.ndarray | None] = {}
        self._results: list[np.ndarray] = []

    def bind_cpu_input(self, name: str, array: Any) -> None:
        self._inputs[name] = np.asarray(array)

    def bind_ortvalue_input(self, name: str, value: OrtValue) -> None:
        self._inputs[name] = value.numpy()

    def bind_output(self, name: str, *_: Any, **__: Any) -> None:
        self._outputs[name] = None

    def bind_ortvalue_output(self, name: str, value: OrtValue) -> None:
        self._outputs[name] = value.numpy()

    def copy_outputs_to_cpu(self) -> list[np.ndarray]:
        return list(self._results)

    def get_outputs(self) -> list[OrtValue]:
        return [OrtValue(r) for r in self._results]

    def clear_binding_inputs(self) -> None:
        self._inputs.clear()

    def clear_binding_outputs(self) -> None:
        self._outputs.clear()

    def run(self, options: RunOptions | None = None) -> None:
        self._results = self._session.run(list(self._outputs) or None, self._inputs, options)
        for i, place in enumerate(self._outputs.values()):
            if place is not None:
                np.copyto(place, self._results[i])
                self._results[i] = place


def _providers(providers: Iterable[Any] | None, options: Iterable[Any] | None) -> list[str]:
    """The names asked for. Anything but the CPU is noted: AIC compiles for the processor it runs on."""
    names = [p[0] if isinstance(p, tuple) else str(p) for p in providers or ()]
    other = [n for n in names if n != PROVIDER]
    if other:
        _log.warning("execution providers %s are not AIC's to use: the model is compiled for the CPU", other)
    return [PROVIDER]


class InferenceSession:
    """Takes a path or the bytes of an ONNX model."""

    def __init__(self, path_or_bytes: str | os.PathLike | bytes, sess_options: SessionOptions | None = None,
                 providers: Sequence[Any] | None = None, provider_options: Sequence[Any] | None = None, **kwargs: Any):
        if not isinstance(path_or_bytes, str | os.PathLike | bytes):
            raise TypeError(f"expected the path or the bytes of a model, got {type(path_or_bytes).__name__}")
        for name in kwargs:
            _log.info("session argument '%s' is not used", name)
        self._options = sess_options if sess_options is not None else SessionOptions()
        self._active_providers = _providers(providers, provider_options)
        self._provider_options = list(provider_options or ())
        self._source = path_or_bytes if isinstance(path_or_bytes, bytes) else os.fspath(path_or_bytes)
        if isinstance(self._source, str) and not os.path.isfile(self._source):
            why = "a folder is no model" if os.path.isdir(self._source) else "the file does not exist"
            raise NoSuchFile(f"load model from {self._source} failed: {why}")
        try:
            meta = _aic.onnx_metadata(self._source)
        except CompileError as e:
            raise InvalidProtobuf(str(e)) from e
        self._meta = ModelMetadata(meta)
        names = {d for _, _, shape in meta["inputs"] for d in shape or () if isinstance(d, str)}
        self._overrides = {n: v for n, v in self._options._dims.items() if n in names}
        if other := self._options._dims.keys() - names:
            _log.info("dims %s are not the model's", sorted(other))
        self._model = self._compiled(meta)
        # The model's own names of dims, but for those that were fixed.
        dims = {**self._overrides, **_fixed(self._dims())}
        self._inputs = [_node_arg(i, meta["inputs"], dims) for i in self._model.inputs]
        self._outputs = [_node_arg(o, meta["outputs"], dims) for o in self._model.outputs]
        self._index = {info.name: k for k, info in enumerate(self._model.outputs)}

    def _dims(self) -> str:
        parts = [self._options._entries.get("aic.dims", "")]
        parts += [f"{n}={v}" for n, v in self._overrides.items()]
        return ",".join(p for p in parts if p)

    def _compiled(self, meta: Mapping[str, Any]) -> Model:
        target = self._options._entries.get("aic.target", "x86")
        options = {"target": f"{target} {cache.machine()}", "dims": self._dims(), "build": _aic.build_id()}
        if isinstance(self._source, bytes):  # the path matters no further than its folder and name
            options["name"] = ""
        else:
            options["name"] = pathlib.Path(self._source).stem
        key = cache.key_of(self._source, meta["external"], options)
        threads = self._options.threads()
        try:
            return cache.get(key, lambda path: compile_to(self._source, path, target, self._dims()),
                             lambda path: Model(path, threads))
        except CompileError as e:
            raise NotImplemented(str(e)) from e

    def get_inputs(self) -> list[NodeArg]:
        return list(self._inputs)

    def get_outputs(self) -> list[NodeArg]:
        return list(self._outputs)

    def get_overridable_initializers(self) -> list[NodeArg]:
        return []

    def get_modelmeta(self) -> ModelMetadata:
        return self._meta

    def get_session_options(self) -> SessionOptions:
        return self._options

    def get_providers(self) -> list[str]:
        return list(self._active_providers)

    def get_provider_options(self) -> dict[str, dict[str, str]]:
        return {p: {} for p in self._active_providers}

    def set_providers(self, providers: Sequence[Any] | None = None, provider_options: Sequence[Any] | None = None) -> None:
        self._active_providers = _providers(providers, provider_options)

    def enable_fallback(self) -> None:
        """There is nothing to fall back to."""

    disable_fallback = enable_fallback

    def end_profiling(self) -> str:
        return ""

    def get_profiling_start_time_ns(self) -> int:
        return 0

    def run(self, output_names: Sequence[str] | None, input_feed: Mapping[str, Any],
            run_options: RunOptions | None = None) -> list[np.ndarray]:
        if not isinstance(input_feed, Mapping):
            raise TypeError(f"expected a dict of inputs by name, got {type(input_feed).__name__}")
        if isinstance(output_names, str):
            raise TypeError(f"expected a list of output names, got '{output_names}'")
        missing = [i.name for i in self._inputs if i.name not in input_feed]
        if missing:
            raise ValueError(f"required inputs {missing} are missing from the input feed {list(input_feed)}")
        known = {i.name for i in self._inputs}
        for name in input_feed:
            if name not in known:
                raise InvalidArgument(f"expected an input of {sorted(known)}, got '{name}'")
        for name in output_names or ():
            if name not in self._index:
                raise InvalidArgument(f"expected an output of {list(self._index)}, got '{name}'")
        arrays = [self._convert(info, input_feed[info.name]) for info in self._model.inputs]
        threads = getattr(run_options, "threads", 0) or None
        try:
            results = self._model.run(arrays, threads)
        except RunError as e:
            raise RuntimeException(str(e)) from e
        return results if not output_names else [results[self._index[n]] for n in output_names]

    def _convert(self, info: ValueInfo, value: Any) -> np.ndarray:
        if isinstance(value, OrtValue):
            value = value.numpy()
        try:
            array = to_contiguous(value, info.numpy_dtype)
        except (TypeError, ValueError) as e:
            raise InvalidArgument(f"input '{info.name}': expected numbers in a regular shape: {e}") from e
        if array.dtype != info.numpy_dtype:
            raise InvalidArgument(f"input '{info.name}': unexpected data type, expected {onnx_type(info.dtype)}, "
                                  f"got {type_of_array(array)}")
        if array.ndim != len(info.shape):
            raise InvalidArgument(f"input '{info.name}': invalid rank, expected {len(info.shape)}, got {array.ndim}")
        wrong = [f"index {k}: expected {want}, got {got}" for k, (want, got) in enumerate(zip(info.shape, array.shape))
                 if isinstance(want, int) and want != got]
        if wrong:
            raise InvalidArgument(f"input '{info.name}': invalid dimensions, {'; '.join(wrong)}")
        return array

    def run_with_ort_values(self, output_names: Sequence[str] | None, input_dict: Mapping[str, OrtValue],
                            run_options: RunOptions | None = None) -> list[OrtValue]:
        return [OrtValue(a) for a in self.run(output_names, input_dict, run_options)]

    def io_binding(self) -> IOBinding:
        return IOBinding(self)

    def run_with_iobinding(self, iobinding: IOBinding, run_options: RunOptions | None = None) -> None:
        iobinding.run(run_options)


def _fixed(dims: str) -> dict[str, int]:
    """The dims of an option that are single numbers."""
    pairs = (part.partition("=") for part in dims.split(",") if part)
    return {name: int(value) for name, _, value in pairs if value.isdigit()}


def _node_arg(info: ValueInfo, declared: Iterable[tuple], dims: Mapping[str, int]) -> NodeArg:
    """The model's own description of a value; what the compiler found where the model says nothing."""
    for name, type_name, shape in declared:
        if name == info.name and type_name and shape is not None:
            return NodeArg(name, type_name, [dims.get(d, d) if isinstance(d, str) else d for d in shape])
    return NodeArg(info.name, onnx_type(info.dtype), info.shape)


def dtype_of(arg: NodeArg) -> np.dtype:
    """numpy's type of a NodeArg."""
    return numpy_dtype(from_onnx_type(arg.type))
