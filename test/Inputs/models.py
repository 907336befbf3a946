# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Small ONNX models for the tests of the tools: models.py KIND OUT.onnx (or OUT.pb, OUT.npy, ...)."""

import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

F32 = TensorProto.FLOAT


def value(name, dims, element=F32):
    return helper.make_tensor_value_info(name, element, dims)


def model(nodes, inputs, outputs, initializers=(), opset=17):
    graph = helper.make_graph(nodes, "g", inputs, outputs, list(initializers))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def weights(name, *dims):
    count = int(np.prod(dims))
    return numpy_helper.from_array(((np.arange(count) % 7 - 3) / 4).astype(np.float32).reshape(dims), name)


def mlp(rows=2):
    """y = relu(x w + b) with a value `h` in the middle."""
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["m"], name="first"),
        helper.make_node("Add", ["m", "b"], ["h"], name="bias"),
        helper.make_node("Relu", ["h"], ["y"], name="last"),
    ]
    return model(nodes, [value("x", [rows, 4])], [value("y", [rows, 3])], [weights("w", 4, 3), weights("b", 3)])


def aliases():
    """Values with more than one name, and the second result of a node."""
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["m"], name="first"),
        helper.make_node("Identity", ["m"], ["same"], name="alias"),
        helper.make_node("TopK", ["same", "k"], ["v", "index"], name="best"),
        helper.make_node("Relu", ["v"], ["y"], name="last"),
    ]
    count = numpy_helper.from_array(np.array([2], dtype=np.int64), "k")
    return model(nodes, [value("x", [2, 4])], [value("y", [2, 2])], [weights("w", 4, 3), count])


def unsupported():
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["m"], name="first"),
        helper.make_node("NoSuchOp", ["m"], ["n"], name="strange one"),
        helper.make_node("NoSuchOp", ["n"], ["o"], name="strange two"),
        helper.make_node("Relu", ["m"], ["y"], name="last"),
    ]
    return model(nodes, [value("x", [2, 4])], [value("y", [2, 3]), value("o", [2, 3])], [weights("w", 4, 3)])


def cyclic():
    nodes = [
        helper.make_node("Add", ["x", "b"], ["a"], name="one"),
        helper.make_node("Relu", ["a"], ["b"], name="two"),
    ]
    return model(nodes, [value("x", [2])], [value("b", [2])])


def missing_initializer():
    return model([helper.make_node("Add", ["x", "w"], ["y"], name="sum")], [value("x", [2])], [value("y", [2])])


def external():
    proto = mlp()
    tensor = proto.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="weights.bin")
    return proto


def short_raw_data():
    proto = mlp()
    proto.graph.initializer[0].raw_data = proto.graph.initializer[0].raw_data[:-4]
    return proto


def absurd_dim():
    return model([helper.make_node("Relu", ["x"], ["y"], name="r")], [value("x", [2**62, 4])], [value("y", [2**62, 4])])


def future_opset():
    return model([helper.make_node("Relu", ["x"], ["y"], name="r")], [value("x", [2])], [value("y", [2])], opset=99)


def array(kind):
    x = (np.arange(8, dtype=np.float32).reshape(2, 4) - 3) / 2
    proto = mlp()
    w, b = (numpy_helper.to_array(t) for t in proto.graph.initializer)
    h = x @ w + b
    return {"x": x, "h": h, "y": np.maximum(h, 0), "wrong-y": np.maximum(h, 0) + 1, "wrong-type": x.astype(np.float64),
            "wrong-shape": x[:, :3].copy()}[kind]


def main():
    kind, path = sys.argv[1:]
    if kind.startswith("array:"):
        data = array(kind[6:])
        name = kind[6:].split("-")[-1]
        if path.endswith(".npz"):
            np.savez(path, **{name: data})
        elif path.endswith(".pb"):
            with open(path, "wb") as file:
                file.write(numpy_helper.from_array(data, name).SerializeToString())
        else:
            np.save(path, data)
        return
    data = {"mlp": mlp, "aliases": aliases, "dynamic": lambda: mlp("N"), "unsupported": unsupported, "cyclic": cyclic,
            "missing-initializer": missing_initializer, "external": external, "short-raw-data": short_raw_data,
            "absurd-dim": absurd_dim, "future-opset": future_opset,
            "truncated": mlp}[kind]().SerializeToString()
    with open(path, "wb") as file:
        file.write(data[: len(data) // 2] if kind == "truncated" else data)


main()
