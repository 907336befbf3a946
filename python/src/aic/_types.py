# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Element types: their names in IR, in ONNX and in numpy."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: IR name -> (ONNX tensor type, numpy name, bytes of an element). Types numpy lacks come from ml_dtypes where it is there.
_ROWS = {
    "i1": ("bool", "bool", 1),
    "i8": ("int8", "int8", 1),
    "i16": ("int16", "int16", 2),
    "i32": ("int32", "int32", 4),
    "i64": ("int64", "int64", 8),
    "ui8": ("uint8", "uint8", 1),
    "ui16": ("uint16", "uint16", 2),
    "ui32": ("uint32", "uint32", 4),
    "ui64": ("uint64", "uint64", 8),
    "f16": ("float16", "float16", 2),
    "f32": ("float", "float32", 4),
    "f64": ("double", "float64", 8),
    "bf16": ("bfloat16", "bfloat16", 2),
    "f8E4M3FN": ("float8e4m3fn", "float8_e4m3fn", 1),
    "f8E4M3FNUZ": ("float8e4m3fnuz", "float8_e4m3fnuz", 1),
    "f8E5M2": ("float8e5m2", "float8_e5m2", 1),
    "f8E5M2FNUZ": ("float8e5m2fnuz", "float8_e5m2fnuz", 1),
}
_BY_ONNX = {onnx: ir for ir, (onnx, _, _) in _ROWS.items()}


def numpy_dtype(ir_name: str) -> np.dtype:
    """The numpy type of an element type, e.g. 'ui8' -> uint8."""
    if ir_name not in _ROWS:
        raise TypeError(f"expected an element type that numpy can hold, got '{ir_name}'")
    name = _ROWS[ir_name][1]
    try:
        return np.dtype(name)
    except TypeError:
        import ml_dtypes

        return np.dtype(getattr(ml_dtypes, name))


def onnx_type(ir_name: str) -> str:
    """The name of the type of such a tensor in ONNX, e.g. 'f32' -> 'tensor(float)'."""
    return f"tensor({_ROWS[ir_name][0] if ir_name in _ROWS else ir_name})"


def from_onnx_type(name: str) -> str:
    """The reverse of onnx_type."""
    inner = name[len("tensor("):-1] if name.startswith("tensor(") else name
    return _BY_ONNX.get(inner, inner)


def type_of_array(array: np.ndarray) -> str:
    """The ONNX name of an array's type, for messages."""
    for onnx, numpy_name, _ in _ROWS.values():
        if array.dtype.name == numpy_name:
            return f"tensor({onnx})"
    return f"tensor({array.dtype})"


@dataclass(frozen=True)
class ValueInfo:
    """An input or output of a model: a dim is an int, the name of a dynamic one, or None where it has no name."""

    name: str
    dtype: str
    shape: tuple[int | str | None, ...]

    @property
    def numpy_dtype(self) -> np.dtype:
        return numpy_dtype(self.dtype)

    def __str__(self) -> str:
        return f"{self.name}: {self.dtype}[{', '.join('?' if d is None else str(d) for d in self.shape)}]"
