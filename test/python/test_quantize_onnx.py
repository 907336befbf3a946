# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Models that ONNX Runtime's quantiser made: every layer on ONNX Runtime's own inputs (its optimisations off) gives its
levels, but where a number is as good as half way between two: AIC multiplies by one factor where ONNX Runtime rounds thrice."""
import models as M
import numpy as np
import onnx
import pytest
from conftest import isolated
from onnx import TensorProto, helper

quantization = pytest.importorskip("onnxruntime.quantization")
pytestmark = pytest.mark.slow


class Reader(quantization.CalibrationDataReader):
    def __init__(self):
        self.feeds = iter([{"x": M.normal(1, 3, 224, 224, seed=i)} for i in range(2)])

    def get_next(self):
        return next(self.feeds, None)


def quantise(name: str, folder, activations: str) -> onnx.ModelProto:
    from onnxruntime.quantization.shape_inference import quant_pre_process

    quant_pre_process(str(M.MODELS / f"{name}.onnx"), str(folder / "prepared.onnx"), skip_symbolic_shape=True)
    quantization.quantize_static(str(folder / "prepared.onnx"), str(folder / "qdq.onnx"), Reader(),
                                 quant_format=quantization.QuantFormat.QDQ, per_channel=True,
                                 activation_type=quantization.QuantType.from_string(activations),
                                 weight_type=quantization.QuantType.QInt8)
    return onnx.load(folder / "qdq.onnx")


class Layers:
    """A QDQ model cut at its quantised tensors."""

    def __init__(self, model: onnx.ModelProto, kind: int):
        self.model, self.kind = model, kind
        self.makers = {name: node for node in model.graph.node for name in node.output}
        self.weights = {w.name: w for w in model.graph.initializer}
        self.levels = [n.output[0] for n in model.graph.node if n.op_type == "QuantizeLinear" and n.input[0] not in self.weights]

    def run(self, x: np.ndarray) -> dict[str, np.ndarray]:
        """The levels that ONNX Runtime computes, operation by operation."""
        import onnxruntime as ort

        whole = onnx.ModelProto()
        whole.CopyFrom(self.model)
        whole.graph.output.extend(helper.make_tensor_value_info(v, self.kind, None) for v in self.levels)
        options = ort.SessionOptions()
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
        session = ort.InferenceSession(whole.SerializeToString(), options)
        return {"x": x, **dict(zip((o.name for o in session.get_outputs()), session.run(None, {"x": x})))}

    def cut(self, level: str, values: dict[str, np.ndarray]) -> tuple[bytes, list[str]]:
        """The layer that makes `level` as a model, and the tensors it starts from."""
        nodes, inputs, done = [], [], set()

        def collect(name: str) -> None:
            if name in done or name in self.weights:
                return
            done.add(name)
            if name in values and name != level:
                inputs.append(name)
                return
            for source in self.makers[name].input:
                collect(source)
            nodes.append(self.makers[name])

        collect(level)
        info = [helper.make_tensor_value_info(v, helper.np_dtype_to_tensor_dtype(values[v].dtype), values[v].shape)
                for v in inputs]
        used = {v for node in nodes for v in node.input}
        graph = helper.make_graph(nodes, "layer", info, [helper.make_tensor_value_info(level, self.kind, values[level].shape)],
                                  [w for w in self.weights.values() if w.name in used])
        model = helper.make_model(graph, opset_imports=self.model.opset_import, ir_version=self.model.ir_version)
        return model.SerializeToString(), inputs


def check(name: str, folder, activations: str) -> str:
    import aic

    kind = TensorProto.INT8 if activations == "QInt8" else TensorProto.UINT8
    layers = Layers(quantise(name, folder, activations), kind)
    values = layers.run(M.normal(1, 3, 224, 224, seed=9))
    elements = different = largest = 0
    for level in layers.levels:
        model, inputs = layers.cut(level, values)
        got = aic.compile(model).run([values[v] for v in inputs])[0]
        error = np.abs(got.astype(int) - values[level].astype(int))
        elements, different, largest = elements + error.size, different + int((error > 0).sum()), max(largest, int(error.max()))
    print(f"{name}, {activations}: {len(layers.levels)} layers, {different} of {elements} levels differ, by {largest} at most")
    # Nothing stays float in the middle of the graph that AIC makes of it.
    text = aic.Module.from_onnx(layers.model.SerializeToString()).run("aic-graph-pipeline").text()
    floats = [line for line in text.splitlines() if "aic.max_pool" in line and "xf32" in line]
    ok = largest <= 1 and different <= 1e-4 * elements and len(layers.levels) > 20 and not floats
    return "" if ok else f"{different} of {elements} levels differ, by {largest}; {floats}"


@pytest.mark.parametrize(("name", "activations"), [("resnet18", "QInt8"), ("mobilenetv2", "QUInt8")])
def test_layers(name, activations, tmp_path):
    if not (M.MODELS / f"{name}.onnx").exists():
        pytest.skip(f"{name}.onnx is not there: utils/prepare_models.py")
    bad = isolated(lambda: check(name, tmp_path, activations))
    assert not bad, bad
