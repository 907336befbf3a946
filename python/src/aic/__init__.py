# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""AIC, a compiler of machine-learning models.

    model = aic.compile("model.onnx")          # to native code for this processor
    y = model(x)                               # numpy in, numpy out
    session = aic.InferenceSession("model.onnx")   # the interface of onnxruntime, compiled once, cached on disk
    gpu = aic.compile("model.onnx", target="nvidia", arch="sm_90a")   # gpu.device: "driver" or "executor"
    small = aic.compile("model.onnx", quantize={"x": samples})   # in 8 bits
    print(aic.Module.from_onnx("model.onnx"))  # the IR
"""
from __future__ import annotations

from . import _aic
from ._types import ValueInfo
from .errors import CompileError, Diagnostic, Error, LoadError, RunError
from .model import Model, Module, compile, compile_to, load, passes
from .model import quantize_model as quantize
from .npu import ProgramReport, Simulation
from .nvidia import executor
from .quantization import Quantization
from .session import InferenceSession, RunOptions, SessionOptions

__version__ = _aic.version()

__all__ = [
    "CompileError", "Diagnostic", "Error", "InferenceSession", "LoadError", "Model", "Module", "ProgramReport", "Quantization", "RunError", "RunOptions",
    "SessionOptions", "Simulation", "ValueInfo", "compile", "compile_to", "executor", "load", "passes", "quantize",
]
