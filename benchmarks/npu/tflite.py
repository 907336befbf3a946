# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""ResNet-50 and bert_gemm as int8 TFLite files with random weights: what Vela reads. The tables are those of Vela's package."""
from __future__ import annotations

import importlib
import pathlib
from typing import Any, Callable

import flatbuffers
import numpy as np

INT32, INT8 = 2, 9
SAME, VALID = 0, 1
RELU = 1


class Flat:
    """Writes tables by the names of the schema's fields."""

    def __init__(self):
        self.builder = flatbuffers.Builder(1 << 20)

    def table(self, kind: str, **fields: Any) -> int:
        module = importlib.import_module(f"ethosu.vela.tflite.{kind}")
        module.Start(self.builder)
        for name, value in fields.items():
            if value is not None:
                getattr(module, f"Add{name}")(self.builder, value)
        return module.End(self.builder)

    def vector(self, values: list[Any], width: int, prepend: Callable[[Any], None]) -> int:
        self.builder.StartVector(width, len(values), width)
        for value in reversed(values):
            prepend(value)
        return self.builder.EndVector()

    def ints(self, values) -> int:
        return self.vector([int(v) for v in values], 4, self.builder.PrependInt32)

    def tables(self, values: list[int]) -> int:
        return self.vector(values, 4, self.builder.PrependUOffsetTRelative)


class Network:
    """Tensors are numbers, channels come last. Every scale is the same for all channels: Vela's time does not depend on it."""

    def __init__(self):
        self.random = np.random.default_rng(0)
        self.tensors: list[tuple[tuple[int, ...], int, int, float]] = []
        self.buffers: list[bytes] = [b""]
        self.operators: list[tuple[str, list[int], int, str, dict[str, Any]]] = []

    def tensor(self, shape, kind: int = INT8, scale: float = 0.05, data: np.ndarray | None = None) -> int:
        if data is not None:
            self.buffers.append(data.tobytes())
        self.tensors.append((tuple(shape), kind, len(self.buffers) - 1 if data is not None else 0, scale))
        return len(self.tensors) - 1

    def shape(self, tensor: int) -> tuple[int, ...]:
        return self.tensors[tensor][0]

    def op(self, code: str, inputs: list[int], shape, options: str, scale: float = 0.05, **fields: Any) -> int:
        result = self.tensor(shape, scale=scale)
        self.operators.append((code, inputs, result, options, fields))
        return result

    def parameters(self, *shape: int) -> list[int]:
        weights = np.clip(np.round(self.random.normal(0, 25, shape)), -127, 127).astype(np.int8)
        return [self.tensor(shape, scale=0.01, data=weights),
                self.tensor(shape[:1], INT32, 0.0005, np.zeros(shape[0], np.int32))]

    def conv(self, x: int, channels: int, kernel: int, stride: int = 1, relu: bool = True) -> int:
        n, h, w, c = self.shape(x)
        return self.op("CONV_2D", [x, *self.parameters(channels, kernel, kernel, c)], (n, -(-h // stride), -(-w // stride), channels),
                       "Conv2DOptions", Padding=SAME, StrideW=stride, StrideH=stride, FusedActivationFunction=RELU * relu)

    def pool(self, x: int, code: str, kernel: int, stride: int, padding: int) -> int:
        n, h, w, c = self.shape(x)
        out = [-(-d // stride) if padding == SAME else (d - kernel) // stride + 1 for d in (h, w)]
        return self.op(code, [x], (n, *out, c), "Pool2DOptions", Padding=padding, StrideW=stride, StrideH=stride, FilterWidth=kernel,
                       FilterHeight=kernel)

    def add(self, a: int, b: int, relu: bool) -> int:
        return self.op("ADD", [a, b], self.shape(a), "AddOptions", 0.06, FusedActivationFunction=RELU * relu)

    def dense(self, x: int, channels: int) -> int:
        rows, c = self.shape(x)
        return self.op("FULLY_CONNECTED", [x, *self.parameters(channels, c)], (rows, channels), "FullyConnectedOptions")

    def reshape(self, x: int, shape) -> int:
        wanted = self.tensor((len(shape),), INT32, data=np.array(shape, np.int32))
        return self.op("RESHAPE", [x, wanted], shape, "ReshapeOptions", NewShape=shape)

    def write(self, path: pathlib.Path, x: int, y: int) -> None:
        flat = Flat()
        builder = flat.builder
        from ethosu.vela.tflite.BuiltinOperator import BuiltinOperator
        from ethosu.vela.tflite.BuiltinOptions import BuiltinOptions

        buffers = [flat.table("Buffer", Data=builder.CreateNumpyVector(np.frombuffer(data, np.uint8)) if data else None)
                   for data in self.buffers]
        tensors = []
        for i, (shape, kind, buffer, scale) in enumerate(self.tensors):
            name, extents = builder.CreateString(f"t{i}"), flat.ints(shape)
            scales = flat.vector([scale], 4, builder.PrependFloat32)
            zeros = flat.vector([0], 8, builder.PrependInt64)
            quantisation = flat.table("QuantizationParameters", Scale=scales, ZeroPoint=zeros)
            tensors.append(flat.table("Tensor", Shape=extents, Type=kind, Buffer=buffer, Name=name, Quantization=quantisation))
        codes = sorted({code for code, *_ in self.operators})
        operators = []
        for code, inputs, result, kind, fields in self.operators:
            fields = {name: flat.ints(value) if isinstance(value, tuple) else value for name, value in fields.items()}
            options = flat.table(kind, **fields)
            takes, gives = flat.ints(inputs), flat.ints([result])
            operators.append(flat.table("Operator", OpcodeIndex=codes.index(code), Inputs=takes, Outputs=gives,
                                        BuiltinOptionsType=getattr(BuiltinOptions, kind), BuiltinOptions=options))
        numbers = [getattr(BuiltinOperator, code) for code in codes]
        opcodes = [flat.table("OperatorCode", DeprecatedBuiltinCode=n, Version=1, BuiltinCode=n) for n in numbers]
        parts = dict(Tensors=flat.tables(tensors), Inputs=flat.ints([x]), Outputs=flat.ints([y]), Operators=flat.tables(operators),
                     Name=builder.CreateString("main"))
        graph = flat.table("SubGraph", **parts)
        parts = dict(OperatorCodes=flat.tables(opcodes), Subgraphs=flat.tables([graph]), Buffers=flat.tables(buffers),
                     Description=builder.CreateString("random weights"))
        builder.Finish(flat.table("Model", Version=3, **parts), file_identifier=b"TFL3")
        path.write_bytes(bytes(builder.Output()))


def resnet50(path: pathlib.Path) -> None:
    net = Network()
    image = net.tensor((1, 224, 224, 3))
    x = net.pool(net.conv(image, 64, 7, 2), "MAX_POOL_2D", 3, 2, SAME)
    for stage, (blocks, width) in enumerate(zip((3, 4, 6, 3), (64, 128, 256, 512))):
        for block in range(blocks):
            stride = 2 if block == 0 and stage else 1
            short = net.conv(x, width * 4, 1, stride, relu=False) if block == 0 else x
            y = net.conv(net.conv(x, width, 1), width, 3, stride)
            x = net.add(net.conv(y, width * 4, 1, relu=False), short, relu=True)
    x = net.reshape(net.pool(x, "AVERAGE_POOL_2D", 7, 7, VALID), (1, 2048))
    net.write(path, image, net.dense(x, 1000))


def bert_gemm(path: pathlib.Path, rows: int = 128, layers: int = 2, width: int = 768, inner: int = 3072) -> None:
    """Products with constant weights as convolutions of one pixel over 16 columns: Vela's form of a matrix product."""
    net = Network()
    first = x = net.tensor((1, rows // 16, 16, width))
    for _ in range(layers):
        y = x
        for _ in range(4):
            y = net.conv(y, width, 1, relu=False)
        y = net.add(y, x, relu=False)
        x = net.add(net.conv(net.conv(y, inner, 1), width, 1, relu=False), y, relu=False)
    net.write(path, first, x)


NETWORKS = {"resnet50": resnet50, "bert_gemm": bert_gemm}
