# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes models that must be refused.  usage: bad.py OUT_DIR"""
import pathlib
import sys

import numpy as np
import onnx
from onnx import TensorProto as T
from onnx import helper, numpy_helper

out = pathlib.Path(sys.argv[1])
out.mkdir(parents=True, exist_ok=True)


def value(name, shape=("N", 4), element=T.FLOAT):
    return helper.make_tensor_value_info(name, element, shape)


def model(nodes, weights=(), inputs=None, outputs=None, opset=17, functions=(), domains=()):
    graph = helper.make_graph(list(nodes), "bad", inputs or [value("x")], outputs or [value("y", None)], list(weights))
    opsets = [helper.make_opsetid("", opset)] + [helper.make_opsetid(d, 1) for d in domains]
    return helper.make_model(graph, opset_imports=opsets, ir_version=9, functions=list(functions))


def save(name, m):
    (out / f"{name}.onnx").write_bytes(m.SerializeToString())


def node(kind, ins, outs, name="", **attributes):
    return helper.make_node(kind, ins.split(), outs.split(), name=name, **attributes)


relu = node("Relu", "x", "y", "act")
weight = numpy_helper.from_array(np.arange(8, dtype=np.float32).reshape(2, 4), "w")
good = model([node("MatMul", "x w", "y", "mm")], [numpy_helper.from_array(np.zeros((4, 256), np.float32), "w")])

data = good.SerializeToString()
(out / "truncated.onnx").write_bytes(data[: len(data) // 2])
(out / "magic.onnx").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(64))
(out / "empty.onnx").write_bytes(b"")
save("nograph", onnx.ModelProto(ir_version=9))
save("opset-new", model([relu], opset=29))
save("opset-old", model([relu], opset=6))
newer = model([relu])
newer.ir_version = 99
save("ir", newer)

save("cycle", model([node("Add", "x b", "a", "first"), node("Relu", "a", "b", "second"), node("Relu", "b", "y")]))
branch = helper.make_graph([node("Neg", "x", "b")], "branch", [], [helper.make_empty_tensor_value_info("b")])
save("condition", model([node("If", "both", "y", "choose", then_branch=branch, else_branch=branch)],
                        [numpy_helper.from_array(np.ones(2, bool), "both")]))
save("dangling", model([node("Add", "x nowhere", "y", "sum")]))
save("twice", model([node("Relu", "x", "y", "one"), node("Abs", "x", "y", "two")]))
save("twice-weight", model([node("Add", "x w", "y")], [weight, weight]))
save("twice-input", model([relu], inputs=[value("x"), value("x")]))
save("no-output", model([node("Relu", "x", "z")]))
save("dim-negative", model([relu], inputs=[value("x", [-2, 4])]))
save("dim-huge", model([relu], inputs=[value("x", [2**62, 4])]))
save("dim-product", model([relu], inputs=[value("x", [2**35, 2**35])]))
save("result-huge", model([node("Expand", "x shape", "y", "grow")], [numpy_helper.from_array(np.array([2**62, 4]), "shape")],
                          inputs=[value("x", [1, 4])]))
save("shape", model([node("Add", "x w", "y", "sum")], [numpy_helper.from_array(np.zeros(3, np.float32), "w")]))
save("types", model([node("Add", "x w", "y", "sum")], [numpy_helper.from_array(np.zeros(4, np.int64), "w")]))
save("declared", model([relu], outputs=[value("y", None, T.INT64)]))
save("few", model([node("Add", "x", "y", "sum")]))
save("many", model([node("Relu", "x x", "y", "act")]))
save("axis", model([node("Softmax", "x", "y", "soft", axis=2)]))
save("window", model([node("AveragePool", "x", "y", "pool", kernel_shape=[-(2**63)], auto_pad="SAME_UPPER", strides=[2])],
                     inputs=[value("x", (1, 1, "N"))]))
save("reduce-type", model([node("ReduceLogSum", "x axes", "y", "sum", keepdims=0)], opset=18,
                          inputs=[value("x", [3, 2, 2], T.BOOL), value("axes", [2], T.INT64)]))
save("rank", model([node("Resize", "x  scales", "y", "grow")], [numpy_helper.from_array(np.float32(2), "scales")]))

raw = onnx.TensorProto(name="w", data_type=T.FLOAT, dims=[2, 4], raw_data=bytes(31))
save("raw", model([node("Add", "x w", "y")], [raw]))
typed = onnx.TensorProto(name="w", data_type=T.FLOAT, dims=[2, 4], float_data=[1.0] * 7)
save("typed", model([node("Add", "x w", "y")], [typed]))
negative = onnx.TensorProto(name="w", data_type=T.FLOAT, dims=[-2, 4], raw_data=bytes(32))
save("weight-negative", model([node("Add", "x w", "y")], [negative]))
huge = onnx.TensorProto(name="w", data_type=T.FLOAT, dims=[2**62, 2**62], raw_data=bytes(32))
save("weight-huge", model([node("Add", "x w", "y")], [huge]))


def external(name, **entries):
    t = onnx.TensorProto(name="w", data_type=T.FLOAT, dims=[2, 4], data_location=T.EXTERNAL)
    for key, text in entries.items():
        t.external_data.add(key=key, value=str(text))
    save(name, model([node("Add", "x w", "y")], [t]))


(out / "weights.bin").write_bytes(np.arange(10, dtype=np.float32).tobytes())
external("external-ok", location="weights.bin", offset=8, length=32)
external("external-missing", location="nothing.bin")
external("external-outside", location="../weights.bin")
external("external-absolute", location="/etc/passwd")
external("external-short", location="weights.bin", offset=16)
external("external-length", location="weights.bin", length=16)
external("external-offset", location="weights.bin", offset=2**63 + 5)
if not (out / "link.bin").is_symlink():
    (out / "link.bin").symlink_to("/etc/passwd")
external("external-link", location="link.bin")

bad = node("Softmax", "x", "y", "soft", axis=1)
bad.attribute[0].type = onnx.AttributeProto.FLOAT
save("attribute-type", model([bad]))
bad = node("Softmax", "x", "y", "soft")
bad.attribute.add(name="axis")
save("attribute-unknown-type", model([bad]))
bad = node("Softmax", "x", "y", "soft", axis=1)
bad.attribute.append(bad.attribute[0])
save("attribute-twice", model([bad]))
save("attribute-name", model([node("Relu", "x", "y", "act", slope=1.0)]))

save("operators", model([node("Foo", "x", "a", "f0"), node("Foo", "a", "b", "f1", domain="my.ops"), node("Foo", "b", "c", "f2", domain="my.ops"),
                         node("Relu", "c", "d"), node("Resize", "d  s", "e", "up", coordinate_transformation_mode="tf_crop_and_resize"),
                         node("GridSample2", "x", "y")], [numpy_helper.from_array(np.ones(2, np.float32), "s")], domains=["my.ops"]))
save("domain", model([node("Foo", "x", "y", "f0", domain="other.ops")]))
save("sparse-type", model([relu], inputs=[value("x", [4], T.FLOAT8E4M3FN)]))

recursive = helper.make_function("my.ops", "Again", ["a"], ["b"], [helper.make_node("Again", ["a"], ["b"], domain="my.ops")],
                                 [helper.make_opsetid("", 17), helper.make_opsetid("my.ops", 1)])
save("recursive", model([node("Again", "x", "y", "call", domain="my.ops")], functions=[recursive], domains=["my.ops"]))



def field(number, payload):
    size, length = len(payload), b""
    while True:
        length += bytes([size & 127 | (128 if size > 127 else 0)])
        size >>= 7
        if not size:
            return bytes([number << 3 | 2]) + length + payload


# Graphs in graphs, deeper than any reader should follow; no library writes them.
deep = b""
for _ in range(2000):
    attribute = field(1, b"then_branch") + bytes([20 << 3 & 127 | 128, 1, 5]) + field(6, deep)
    deep = field(1, field(4, b"If") + field(5, attribute))
(out / "deep.onnx").write_bytes(bytes([8, 9]) + field(7, deep))
