# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Whole models in 8 bits: how much is lost, and that the compiled code and the interpreter give the same levels."""
import models as M
import numpy as np
import onnx
import pytest
import text_lines
from conftest import isolated

pytestmark = pytest.mark.slow


def path_of(name: str) -> str:
    path = M.MODELS / f"{name}.onnx"
    if not path.exists():
        pytest.skip(f"{name}.onnx is not there: utils/prepare_models.py")
    return str(path)


def with_outputs(path: str, names: list[str]) -> bytes:
    """The model with the results of these nodes as further outputs."""
    model = onnx.load(path)
    wanted, known = set(names), {o.name for o in model.graph.output}
    for node in model.graph.node:
        if node.name in wanted and node.output[0] not in known:
            model.graph.output.append(onnx.helper.make_empty_tensor_value_info(node.output[0]))
            model.graph.output[-1].type.tensor_type.elem_type = onnx.TensorProto.FLOAT
    return model.SerializeToString()


def check_levels(name: str, floor: float) -> str:
    import aic

    samples = {"x": M.normal(3, 3, 224, 224, seed=7)}
    module, report = aic.quantize(path_of(name), samples)
    errors = [f"{layer['name']}: {layer['snr_alone_db']} dB alone" for layer in report.layers
              if layer["snr_alone_db"] is not None and layer["snr_alone_db"] < 30]
    if report.kept or any(db < floor for db in report["outputs"].values()):
        errors.append(f"{report['outputs']} dB at the outputs, {report.kept} in fp16")
    # Again with the result of every layer as an output: dequantised levels are equal as their levels are.
    model = with_outputs(path_of(name), [layer["name"].split("#")[0] for layer in report.layers])
    module, again = aic.quantize(model, samples)
    if [l["scale"] for l in again.layers] != [l["scale"] for l in report.layers]:
        errors.append("other scales with more outputs")
    x = M.normal(1, 3, 224, 224, seed=8)
    compiled = aic.compile(module)
    got = compiled.run([x])
    want = aic.Module.from_onnx(module.bytecode()).run("aic-graph-pipeline").interpret(x)
    if len(got) < len(report.layers) * 0.9:
        errors.append(f"expected the results of {len(report.layers)} layers, got {len(got)}")
    for info, a, b in zip(compiled.outputs, got, want):
        if not np.array_equal(a, b):
            errors.append(f"{info.name}: {(a != b).sum()} of {a.size} levels differ, by {np.abs(a - b).max()}")
    return "\n".join(errors)


@pytest.mark.parametrize(("name", "floor"), [("mobilenetv2", 18), ("resnet18", 30)])
def test_levels(name, floor):
    path_of(name)
    bad = isolated(lambda: check_levels(name, floor))
    assert not bad, bad


def recognise() -> str:
    """Character accuracy of the recognition model in 8 bits, no layer in fp16, against that in f32."""
    import aic

    path, dims = path_of("ppocr4_rec"), {"x:0": 1, "x:2": 48, "x:3": 320}
    characters = text_lines.alphabet(path)
    truth, pictures = text_lines.lines(1, 50, 320)
    _, samples = text_lines.lines(1000, 24, 320)
    real = aic.compile(path, dims=dims)
    small = aic.compile(path, dims=dims, quantize={"x": samples})
    texts = [[text_lines.read(model(p[None])[0], characters) for p in pictures] for model in (real, small)]
    scores = [text_lines.accuracy(found, truth) for found in texts]
    same = text_lines.accuracy(texts[1], texts[0])
    print(f"recognition: f32 {scores[0]:.4f}, int8 {scores[1]:.4f} of the truth, {same:.4f} of f32's; "
          f"{small.quantization.fp16_share:.1%} of the MACs in fp16; {small.quantization['outputs']}")
    ok = scores[0] > 0.95 and scores[1] >= 0.98 * scores[0] and same >= 0.98 and small.quantization.fp16_share <= 0.2
    return "" if ok else f"accuracy {scores}, {same} of f32's, fp16 {small.quantization.fp16_share}"


def direct() -> str:
    """Which way up lines are."""
    import aic

    path, dims = path_of("ppocr_cls"), {"x:0": 1, "x:2": 48, "x:3": 192}
    _, pictures = text_lines.lines(2, 50, 192, turn=True)
    _, samples = text_lines.lines(2000, 24, 192, turn=True)
    real = aic.compile(path, dims=dims)
    small = aic.compile(path, dims=dims, quantize={"x": samples})
    want, got = ([int(model(p[None])[0].argmax()) for p in pictures] for model in (real, small))
    right = sum(w == i % 2 for i, w in enumerate(want))
    same = sum(a == b for a, b in zip(want, got))
    print(f"direction: f32 {right} of 50 right, int8 {same} the same; {small.quantization['outputs']}")
    return "" if right >= 45 and same >= 49 and small.quantization.fp16_share <= 0.2 else f"{right} right, {same} the same"


@pytest.mark.parametrize("work", [recognise, direct], ids=["recognition", "direction"])
def test_text(work):
    path_of("ppocr4_rec")
    bad = isolated(work)
    assert not bad, bad
