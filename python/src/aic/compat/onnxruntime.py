# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A stand-in for the package onnxruntime that runs models compiled by AIC.

    python -m aic.compat.onnxruntime SCRIPT [ARG...]     an unmodified program on AIC
    python -m aic.compat.onnxruntime -m MODULE [ARG...]

or, in a program, before anything imports onnxruntime:

    from aic.compat.onnxruntime import install
    install()
"""
from __future__ import annotations

import importlib.machinery
import os
import runpy
import sys
import types
from typing import Any

import aic
from aic.session import (PROVIDER, ExecutionMode, ExecutionOrder, Fail, GraphOptimizationLevel, InferenceSession,
                         InvalidArgument, InvalidGraph, InvalidProtobuf, IOBinding, ModelMetadata, NodeArg, NoSuchFile,
                         NotImplemented, OrtValue, RunOptions, RuntimeException, SessionOptions)

#: The version of the interface this follows, for programs that look.
__version__ = "1.31.1"
SessionIOBinding = IOBinding


def get_available_providers() -> list[str]:
    return [PROVIDER]


get_all_providers = get_available_providers


def get_device() -> str:
    return "CPU"


def get_version_string() -> str:
    return __version__


def get_build_info() -> str:
    return f"AIC {aic.__version__}"


def disable_telemetry_events() -> None:
    """There is no telemetry."""


enable_telemetry_events = disable_telemetry_events


def _ignored(*_: Any, **__: Any) -> None:
    """Takes and does nothing: logging levels, seeds, preloading."""


set_default_logger_severity = set_default_logger_verbosity = set_seed = preload_dlls = _ignored
set_global_thread_pool_sizes = print_debug_info = _ignored

_NAMES = ("ExecutionMode ExecutionOrder GraphOptimizationLevel InferenceSession IOBinding ModelMetadata NodeArg OrtValue "
          "RunOptions SessionIOBinding SessionOptions disable_telemetry_events enable_telemetry_events get_all_providers "
          "get_available_providers get_build_info get_device get_version_string preload_dlls print_debug_info "
          "set_default_logger_severity set_default_logger_verbosity set_global_thread_pool_sizes set_seed").split()
_ERRORS = (Fail, InvalidArgument, InvalidGraph, InvalidProtobuf, NoSuchFile, NotImplemented, RuntimeException)


def _module(name: str, package: bool) -> types.ModuleType:
    module = types.ModuleType(name, __doc__)
    module.__spec__ = importlib.machinery.ModuleSpec(name, None, is_package=package)
    module.__file__ = __file__
    if package:
        module.__path__ = []
    return module


def install() -> types.ModuleType:
    """Puts the stand-in into sys.modules['onnxruntime'] and returns it."""
    here = sys.modules[__name__]
    present = sys.modules.get("onnxruntime")
    if present is not None and getattr(present, "__aic__", False):
        return present
    if present is not None:
        raise ImportError("onnxruntime is imported already: install the stand-in first")
    top, capi = _module("onnxruntime", True), _module("onnxruntime.capi", True)
    state = _module("onnxruntime.capi.onnxruntime_pybind11_state", False)
    for name in _NAMES:
        setattr(top, name, getattr(here, name))
        setattr(state, name, getattr(here, name))
    for error in _ERRORS:
        setattr(state, error.__name__, error)
    top.__version__ = __version__
    top.__aic__ = True
    top.capi = capi
    sys.modules["onnxruntime"] = top
    sys.modules["onnxruntime.capi"] = capi
    # Programs take the errors from any of these.
    for name in ("onnxruntime_pybind11_state", "_pybind_state", "onnxruntime_inference_collection"):
        setattr(capi, name, state)
        sys.modules[f"onnxruntime.capi.{name}"] = state
    return top


def main() -> None:
    arguments = sys.argv[1:]
    if not arguments or arguments[0] in ("-h", "--help"):
        print(__doc__)
        sys.exit(0 if arguments else 2)
    # As __main__ this file is a second copy: the stand-in comes from the one that programs import.
    from aic.compat import onnxruntime

    onnxruntime.install()
    if arguments[0] == "-m":
        if len(arguments) < 2:
            sys.exit("error: expected a module after -m")
        sys.argv = arguments[1:]
        sys.path.insert(0, os.getcwd())
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = arguments
        sys.path.insert(0, os.path.dirname(os.path.abspath(arguments[0])))
        runpy.run_path(arguments[0], run_name="__main__")


if __name__ == "__main__":
    main()
