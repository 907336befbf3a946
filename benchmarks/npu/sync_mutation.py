# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Breaks the synchronisation of compiled kernels in every single place and counts who notices.

sync_mutation.py [--build BUILD] [--limit N] [--seeds N] [--only NAME,...] [--machine NAME] [--save FILE.json]

Every kernel is a small quantised ONNX model that aic-compile --target=npu makes programs of. aic-npu-mutate deletes each
wait and each signal alone, a signal with the wait that takes its token, changes each initial count by one and moves each
wait one instruction later; the verifier and timed runs of the simulator look at each mutant. Fails if fewer than 99 % of
the mutants that are not equivalent are flagged, or if the simulator flags what the verifier accepts."""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Graph:
    """A model in the form of the ONNX quantisers: dequantise, compute, quantise."""

    def __init__(self, **inputs):
        self.nodes, self.constants, self.count = [], [], 0
        self.inputs, self.shapes = inputs, dict(inputs)
        self.random = np.random.default_rng(0)

    def constant(self, array):
        self.count += 1
        self.constants.append(numpy_helper.from_array(np.asarray(array), f"c{self.count}"))
        return f"c{self.count}"

    def op(self, kind, *inputs, **attributes):
        self.count += 1
        name = f"v{self.count}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name=f"{kind}{self.count}", **attributes))
        return name

    def quantise(self, x, scale, zero=0):
        return self.op("QuantizeLinear", x, self.constant(np.float32(scale)), self.constant(np.int8(zero)))

    def dequantise(self, x, scale, zero=0):
        return self.op("DequantizeLinear", x, self.constant(np.float32(scale)), self.constant(np.int8(zero)))

    def between(self, x, scale, zero=0):
        return self.dequantise(self.quantise(x, scale, zero), scale, zero)

    def weights(self, x_scale, *shape):
        """Weights with a scale for each first index, and the bias of their sums."""
        scales = self.random.uniform(0.001, 0.01, shape[0]).astype(np.float32)
        none = lambda kind: self.constant(np.zeros(shape[0], kind))
        values = self.constant(self.random.integers(-127, 128, shape).astype(np.int8))
        sums = self.constant(self.random.integers(-2000, 2000, shape[0]).astype(np.int32))
        return (self.op("DequantizeLinear", values, self.constant(scales), none(np.int8), axis=0),
                self.op("DequantizeLinear", sums, self.constant((x_scale * scales).astype(np.float32)), none(np.int32), axis=0))

    def convolution(self, x, x_scale, channels, filters, kernel, stride=1, pad=None, dilation=1, group=1):
        pad = kernel // 2 * dilation if pad is None else pad
        w, b = self.weights(x_scale, filters, channels // group, kernel, kernel)
        return self.op("Conv", x, w, b, kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=[pad] * 4,
                       dilations=[dilation] * 2, group=group)

    def clip(self, x, low=0, high=6):
        return self.op("Clip", x, self.constant(np.float32(low)), self.constant(np.float32(high)))

    def model(self, y):
        def value(name, shape=None):
            return helper.make_tensor_value_info(name, TensorProto.INT8, shape)
        graph = helper.make_graph(self.nodes, "g", [value(n, s) for n, s in self.inputs.items()], [value(y)], self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        return onnx.shape_inference.infer_shapes(model, strict_mode=True)


def convolution(channels, filters, size, kernel, act=None, **options):
    g = Graph(x=[1, channels, size, size])
    y = g.convolution(g.dequantise("x", 0.05, 3), 0.05, channels, filters, kernel, **options)
    y = g.op("Relu", y) if act == "relu" else g.clip(y) if act == "clip" else y
    return g.model(g.quantise(y, 0.1, -5))


def gemm(m, k, n):
    g = Graph(x=[m, k])
    w, b = g.weights(0.05, n, k)
    return g.model(g.quantise(g.op("Gemm", g.dequantise("x", 0.05, 3), w, b, transB=1), 0.2, 1))


def matmul(batch, m, k, n):
    g = Graph(a=[batch, m, k], b=[batch, k, n])
    return g.model(g.quantise(g.op("MatMul", g.dequantise("a", 0.05), g.dequantise("b", 0.03)), 0.3))


def binary(kind):
    g = Graph(a=[1, 64, 28, 28], b=[1, 64, 28, 28])
    return g.model(g.quantise(g.op(kind, g.dequantise("a", 0.05, 2), g.dequantise("b", 0.03, -4)), 0.1, 3))


def unary(kind, shape=(1, 64, 28, 28), scale=0.05, zero=0, **attributes):
    g = Graph(a=list(shape))
    return g.model(g.quantise(g.op(kind, g.dequantise("a", 0.05, 2), **attributes), scale, zero))


def residual(channels, size):
    g = Graph(x=[1, channels, size, size])
    x = g.dequantise("x", 0.05, 3)
    y = g.between(g.op("Relu", g.convolution(x, 0.05, channels, channels, 3)), 0.08, -128)
    y = g.between(g.convolution(y, 0.08, channels, channels, 3), 0.1, 1)
    return g.model(g.quantise(g.op("Relu", g.op("Add", y, x)), 0.1, -128))


def inverted(channels, wide, size):
    g = Graph(x=[1, channels, size, size])
    x = g.dequantise("x", 0.05, 3)
    y = g.between(g.clip(g.convolution(x, 0.05, channels, wide, 1)), 0.0235, -128)
    y = g.between(g.clip(g.convolution(y, 0.0235, wide, wide, 3, group=wide)), 0.0235, -128)
    y = g.between(g.convolution(y, 0.0235, wide, channels, 1), 0.1)
    return g.model(g.quantise(g.op("Add", y, x), 0.1))


KERNELS = {
    "conv3x3": lambda: convolution(32, 64, 28, 3),
    "conv1x1": lambda: convolution(64, 128, 28, 1, act="relu"),
    "conv3x3_stride2": lambda: convolution(16, 32, 56, 3, act="clip", stride=2),
    "conv7x7_stride2": lambda: convolution(3, 64, 112, 7, stride=2, pad=3),
    "conv3x3_dilated": lambda: convolution(16, 32, 28, 3, dilation=2),
    "conv3x3_grouped": lambda: convolution(64, 64, 14, 3, group=4),
    "depthwise": lambda: convolution(64, 64, 28, 3, group=64),
    "depthwise_stride2": lambda: convolution(64, 64, 28, 3, act="clip", stride=2, group=64),
    "gemm": lambda: gemm(64, 512, 256),
    "gemm_vector": lambda: gemm(1, 2048, 1000),
    "matmul_batched": lambda: matmul(4, 64, 64, 48),
    "add": lambda: binary("Add"),
    "sub": lambda: binary("Sub"),
    "mul": lambda: binary("Mul"),
    "relu": lambda: unary("Relu"),
    "hard_swish": lambda: unary("HardSwish"),
    "sigmoid": lambda: unary("Sigmoid"),
    "tanh": lambda: unary("Tanh"),
    "max_pool": lambda: unary("MaxPool", kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4),
    "average_pool": lambda: unary("AveragePool", kernel_shape=[2, 2], strides=[2, 2]),
    "global_average_pool": lambda: unary("GlobalAveragePool"),
    "softmax": lambda: unary("Softmax", shape=(4, 64, 128), scale=1 / 256, zero=-128, axis=-1),
    "residual_block": lambda: residual(64, 28),
    "inverted_block": lambda: inverted(24, 96, 28),
}


def programs(name, machine, folder):
    """The .npub files of a kernel: what of it runs on the NPU."""
    model, dump = folder / f"{name}.onnx", folder / name
    onnx.save(KERNELS[name](), str(model))
    dump.mkdir()
    done = subprocess.run(["aic-compile", "--target=npu", f"--machine={machine}", f"--dump={dump}", str(model), "-o",
                           str(folder / f"{name}.so")], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{name}: {done.stderr}")
    return sorted(dump.glob("*.npub"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build", help="build folder with the tools")
    parser.add_argument("--limit", type=int, default=0, help="mutants of each kind and program (default: all)")
    parser.add_argument("--seeds", type=int, default=3, help="timed runs of each mutant")
    parser.add_argument("--only", help="names of kernels")
    parser.add_argument("--machine", default="edge-256")
    parser.add_argument("--save", type=pathlib.Path, help="write the numbers")
    args = parser.parse_args()
    os.environ["PATH"] = f"{args.build / 'bin'}{os.pathsep}{os.environ['PATH']}"
    names = args.only.split(",") if args.only else list(KERNELS)

    result, missed = {"machine": args.machine, "limit": args.limit, "seeds": args.seeds, "kernels": {}}, 0
    with tempfile.TemporaryDirectory() as name:
        folder, files = pathlib.Path(name), []
        for kernel in names:
            found = programs(kernel, args.machine, folder)
            print(f"{kernel}: {len(found)} programs", flush=True)
            files += found
        report = folder / "report.json"
        done = subprocess.run(["aic-npu-mutate", f"--limit={args.limit}", f"--seeds={args.seeds}", f"--json={report}",
                               "--least=99", *map(str, files)], stdout=subprocess.PIPE, text=True)
        if not report.exists():
            sys.exit(done.returncode or 1)
        print(done.stdout[done.stdout.rfind("all programs"):])
        numbers = json.loads(report.read_text())
    for program in numbers["programs"]:
        path = pathlib.Path(program.pop("program"))
        result["kernels"].setdefault(path.parent.name, []).append({"program": path.name, **program})
        missed += len(program["missed_by_verifier"])
    result["kinds"], result["total"] = numbers["sum"]["kinds"], numbers["sum"]["total"]
    if args.save:
        args.save.write_text(json.dumps(result, indent=1) + "\n")
    print(f"{len(result['kernels'])} kernels, {result['total']['percent']:.2f} % flagged, {missed} missed by the verifier")
    sys.exit(done.returncode or bool(missed))


main()
