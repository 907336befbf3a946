# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The backend interface of the package onnx: aic.onnx_backend.prepare(model).run(inputs)."""
from __future__ import annotations

from typing import Any, Sequence

import numpy as np
import onnx
from onnx import helper
from onnx.backend.base import Backend, BackendRep, Device, DeviceType, namedtupledict

from .model import Model, compile, to_contiguous


class AICBackendRep(BackendRep):
    """A compiled model."""

    def __init__(self, model: Model):
        self.model = model

    def run(self, inputs: Any, **kwargs: Any) -> tuple[np.ndarray, ...]:
        values = list(inputs.values()) if isinstance(inputs, dict) else list(inputs)
        if isinstance(inputs, dict):
            values = [inputs[i.name] for i in self.model.inputs]
        arrays = [to_contiguous(v, i.numpy_dtype) for v, i in zip(values, self.model.inputs, strict=True)]
        results = self.model.run(arrays)
        return namedtupledict("Outputs", [o.name for o in self.model.outputs])(*results)


class AICBackend(Backend):
    """Compiles for the CPU."""

    @classmethod
    def is_compatible(cls, model: onnx.ModelProto, device: str = "CPU", **kwargs: Any) -> bool:
        return cls.supports_device(device)

    @classmethod
    def prepare(cls, model: onnx.ModelProto, device: str = "CPU", **kwargs: Any) -> AICBackendRep:
        if not cls.supports_device(device):
            raise ValueError(f"expected the device CPU, got '{device}'")
        return AICBackendRep(compile(model.SerializeToString(), **kwargs))

    @classmethod
    def run_model(cls, model: onnx.ModelProto, inputs: Any, device: str = "CPU", **kwargs: Any) -> tuple[Any, ...]:
        return cls.prepare(model, device, **kwargs).run(inputs)

    @classmethod
    def run_node(cls, node: onnx.NodeProto, inputs: Any, device: str = "CPU",
                 outputs_info: Sequence[tuple[np.dtype, tuple[int, ...]]] | None = None,
                 **kwargs: Any) -> tuple[np.ndarray, ...]:
        """Runs a single node on its inputs, by a model made around it."""
        names = [n for n in node.input if n]
        arrays = [np.asarray(inputs[n] if isinstance(inputs, dict) else v)
                  for n, v in zip(names, inputs, strict=True)]
        ins = [helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(a.dtype), a.shape)
               for n, a in zip(names, arrays)]
        outs = [helper.make_empty_tensor_value_info(n) for n in node.output if n]
        if outputs_info is not None:
            outs = [helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(np.dtype(t)), s)
                    for n, (t, s) in zip([o for o in node.output if o], outputs_info)]
        opset = kwargs.pop("opset_version", onnx.defs.onnx_opset_version())
        graph = helper.make_graph([node], node.op_type, ins, outs)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid(node.domain, opset)])
        if outputs_info is None:
            model = onnx.shape_inference.infer_shapes(model)
        return cls.run_model(model, arrays, device, **kwargs)

    @classmethod
    def supports_device(cls, device: str) -> bool:
        return Device(device).type == DeviceType.CPU


prepare = AICBackend.prepare
run_model = AICBackend.run_model
run_node = AICBackend.run_node
supports_device = AICBackend.supports_device
is_compatible = AICBackend.is_compatible
__all__ = ["AICBackend", "AICBackendRep", "is_compatible", "prepare", "run_model", "run_node",
           "supports_device"]
