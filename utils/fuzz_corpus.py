#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes the inputs that the fuzzer of the ONNX importer starts from: small models, one of each kind of node.

usage: fuzz_corpus.py FOLDER     models of the ONNX node tests, as they are and with constants for what they read as
                                 shapes, axes and the like, and models with functions, subgraphs and damaged parts
"""
import pathlib
import sys
import warnings

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

MOST_BYTES = 4096
F32, I64 = TensorProto.FLOAT, TensorProto.INT64


def node_tests():
    """Models and the arrays of their first data set."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from onnx.backend.test.case.node import collect_testcases

        for test in collect_testcases(None):
            if test.model and "_expanded" not in test.name:
                yield test.name, test.model, (test.data_sets[0][0] if test.data_sets else [])


def with_constants(model, arrays, every):
    """The model with its integer inputs (or every input) as initializers; None if that changes nothing."""
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    kept, constants = [], []
    for value, array in zip(changed.graph.input, arrays):
        is_constant = isinstance(array, np.ndarray) and array.dtype.kind in "iufb" and array.size <= 64
        if is_constant and (every or (array.dtype.kind == "i" and array.size <= 16)):
            constants.append(numpy_helper.from_array(array, value.name))
        else:
            kept.append(value)
    if not constants:
        return None
    del changed.graph.input[:]
    changed.graph.input.extend(kept)
    changed.graph.initializer.extend(constants)
    return changed


def with_open_dims(model):
    """The model with names for the extents of its inputs."""
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    for value in changed.graph.input:
        for axis, dim in enumerate(value.type.tensor_type.shape.dim):
            dim.dim_param = "NCHWDE"[axis % 6]
    return changed


def value(name, dims, element=F32):
    return helper.make_tensor_value_info(name, element, dims)


def model(nodes, inputs, outputs, initializers=(), functions=(), opset=21):
    graph = helper.make_graph(nodes, "g", inputs, outputs, list(initializers))
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("own", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=9, functions=list(functions))


def own_models():
    node = helper.make_node
    numbers = [numpy_helper.from_array(np.array(v, np.int64), n) for n, v in
               [("one", [1]), ("zero", [0]), ("last", [-1]), ("two", 2), ("shape", [0, -1]), ("open", [2, -1])]]
    x = [value("x", ["N", 4, "H"])]
    shapes = [node("Shape", ["x"], ["s"]), node("Gather", ["s", "two"], ["h"]), node("Mul", ["h", "two"], ["d"]),
              node("Unsqueeze", ["d", "zero"], ["v"]), node("Concat", ["v", "last"], ["t"], axis=0)]
    yield "shapes", model(shapes + [node("Reshape", ["x", "t"], ["y"])], x, [value("y", None)], numbers)
    yield "expand", model(shapes + [node("Expand", ["x", "s"], ["e"]), node("Tile", ["e", "s"], ["y"])], x,
                          [value("y", None)], numbers)
    yield "slice", model([node("Slice", ["x", "zero", "last", "two_", "one"], ["y"])], x, [value("y", None)],
                         numbers + [numpy_helper.from_array(np.array([2], np.int64), "two_")])
    function = helper.make_function("own", "Twice", ["a"], ["c"], [
        node("Add", ["a", "a"], ["b"]), node("LeakyRelu", ["b"], ["c"])], [helper.make_opsetid("", 21)], ["alpha"])
    function.node[1].attribute.add(name="alpha", ref_attr_name="alpha", type=onnx.AttributeProto.FLOAT)
    yield "function", model([node("Twice", ["x"], ["y"], domain="own", alpha=0.5)], x, [value("y", None)],
                            functions=[function])
    branch = [helper.make_graph([node(op, ["x"], [op])], op, [], [value(op, None)]) for op in ("Relu", "Neg")]
    condition = numpy_helper.from_array(np.array(True), "condition")
    yield "if", model([node("If", ["c"], ["y"], then_branch=branch[0], else_branch=branch[1])],
                      x + [value("c", [], TensorProto.BOOL)], [value("y", None)])
    yield "known_if", model([node("If", ["condition"], ["y"], then_branch=branch[0], else_branch=branch[1])], x,
                            [value("y", None)], [condition])
    body = helper.make_graph([node("Identity", ["go"], ["on"]), node("Add", ["state", "x"], ["next"])], "body",
                             [value("i", [], I64), value("go", [], TensorProto.BOOL), value("state", ["N", 4, "H"])],
                             [value("on", [], TensorProto.BOOL), value("next", None), value("next", None)])
    yield "loop", model([node("Loop", ["two", "", "x"], ["y", "z"], body=body)], x,
                        [value("y", None), value("z", None)], numbers)
    outside = TensorProto(name="w", data_type=F32, dims=[2], data_location=TensorProto.EXTERNAL)
    outside.external_data.add(key="location", value="weights.bin")
    yield "external", model([node("Add", ["x", "w"], ["y"])], [value("x", [2])], [value("y", [2])], [outside])
    sparse = model([node("Relu", ["x"], ["y"])], x, [value("y", None)])
    sparse.graph.sparse_initializer.add().values.name = "sparse"
    yield "sparse", sparse
    yield "cycle", model([node("Add", ["x", "b"], ["a"]), node("Relu", ["a"], ["b"])], x, [value("b", None)])
    for element in range(1, 24):
        typed = TensorProto(name="w", data_type=element, dims=[2], raw_data=bytes(range(16)))
        yield f"element_{element}", model([node("Cast", ["w"], ["y"], to=(element + 1) % 24)], [], [value("y", None)],
                                          [typed])


def main() -> None:
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)

    def write(name, proto):
        if proto is not None and proto.ByteSize() <= MOST_BYTES:
            (folder / f"{name}.onnx").write_bytes(proto.SerializeToString())

    for name, proto in own_models():
        write(name, proto)
    for name, proto, arrays in node_tests():
        del proto.graph.value_info[:]
        write(name, proto)
        write(name + ".const", with_constants(proto, arrays, every=False))
        write(name + ".all", with_constants(proto, arrays, every=True))
        write(name + ".open", with_open_dims(proto))
    print(f"{len(list(folder.iterdir()))} models in {folder.name}")


if __name__ == "__main__":
    main()
