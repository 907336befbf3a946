# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Whole models and ONNX's node tests on the NPU: bit for bit what x86 and the evaluator give for the same integer graph."""
import pathlib
import sys

import models as M
import numpy as np
import onnx
import pytest
import text_lines
from conftest import ROOT, isolated
from onnx import TensorProto, helper, numpy_helper

sys.path.append(str(ROOT / "test" / "python" / "backend"))
TAKEN = ROOT / "test" / "python" / "backend" / "npu_taken.txt"
QUANTISED = "quantizelinear|qlinear|convinteger|matmulinteger|basic_convinteger"


def path_of(name: str) -> str:
    path = M.MODELS / f"{name}.onnx"
    if not path.exists():
        pytest.skip(f"{name}.onnx is not there: utils/prepare_models.py")
    return str(path)


def interpret(model, *arrays):
    import aic

    return aic.Module.from_onnx(model).run("aic-graph-pipeline").interpret(*arrays)


def check_model(name: str, size: int, share: float) -> str:
    """`share`: of the MACs that the NPU must compute."""
    import aic

    dims = {"N": 1, "H": size, "W": size}
    module, _ = aic.quantize(path_of(name), {"x": M.normal(2, 3, size, size, seed=7)}, dims=dims)
    x = M.normal(1, 3, size, size, seed=8)
    want = aic.compile(module)(x)
    model = aic.compile(module, target="npu")
    timed = model.simulate(x)
    macs = sum(p.data["total"]["useful_macs"] for p in timed.programs)
    errors = [f"{what}: {np.count_nonzero(got != want)} of {want.size} differ"
              for what, got in (("sequential", model(x)), ("timed", timed.outputs)) if not np.array_equal(got, want)]
    if macs < share:
        errors.append(f"{macs:,} MACs on the NPU, expected {share:,.0f}")
    print(f"{name}: {len(timed.programs)} programs, {timed.cycles:,} cycles, {timed.utilisation:.1%}")
    return "\n".join(errors)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "size", "macs"), [("mobilenetv2", 224, 2.9e8), ("resnet18", 224, 1.8e9), ("resnet50", 224, 4.0e9)])
def test_model(name, size, macs):
    path_of(name)
    bad = isolated(lambda: check_model(name, size, macs))
    assert not bad, bad


class Net:
    """A small network of the kinds of layers that CNNs have, in f32."""

    def __init__(self, seed: int = 1):
        self.random, self.nodes, self.weights = np.random.default_rng(seed), [], []

    def constant(self, *shape: int) -> str:
        values = self.random.normal(0, 1 / np.sqrt(max(1, np.prod(shape[1:]))), shape).astype(np.float32)
        self.weights.append(numpy_helper.from_array(values, name := f"w{len(self.weights)}"))
        return name

    def op(self, kind: str, *inputs: str, **attributes) -> str:
        name = f"{kind.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        return name

    def conv(self, x: str, i: int, o: int, kernel: int, stride: int = 1, group: int = 1) -> str:
        pad = kernel // 2
        return self.op("Conv", x, self.constant(o, i // group, kernel, kernel), self.constant(o), strides=[stride] * 2, pads=[pad] * 4,
                       group=group)

    def model(self) -> bytes:
        x = self.op("Relu", self.conv("x", 3, 16, 3, 2))
        y = self.op("Clip", self.conv(x, 16, 16, 3, group=16), self.scalar(0.0), self.scalar(6.0))
        x = self.op("Relu", self.op("Add", self.conv(y, 16, 16, 1), x))
        x = self.op("HardSwish", self.conv(self.op("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2]), 16, 40, 3))
        x = self.op("Flatten", self.op("GlobalAveragePool", x))
        x = self.op("Gemm", x, self.constant(10, 40), self.constant(10), transB=1)
        graph = helper.make_graph(self.nodes, "net", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 32, 32])],
                                  [helper.make_tensor_value_info(x, TensorProto.FLOAT, [1, 10])], self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
        onnx.checker.check_model(model)
        return model.SerializeToString()

    def scalar(self, value: float) -> str:
        self.weights.append(numpy_helper.from_array(np.float32(value), name := f"w{len(self.weights)}"))
        return name


def check_orders() -> str:
    """What the program means, its timed run and ten perturbed ones are one result: the evaluator's."""
    import aic

    module, _ = aic.quantize(Net().model(), {"x": M.normal(4, 3, 32, 32, seed=7)})
    x = M.normal(1, 3, 32, 32, seed=8)
    want, = interpret(module.bytecode(), x)
    model = aic.compile(module, target="npu")
    found = {"sequential": model(x), "x86": aic.compile(module)(x)}
    cycles = set()
    for seed in range(11):
        run = model.simulate(x, jitter=seed)
        found[f"jitter {seed}"] = run.outputs
        cycles.add(run.cycles)
    errors = [f"{what}: {np.count_nonzero(got != want)} of {want.size} differ" for what, got in found.items() if not np.array_equal(got, want)]
    if len(cycles) < 9:
        errors.append(f"expected other cycles for other seeds, got {sorted(cycles)}")
    return "\n".join(errors)


def test_orders():
    bad = isolated(check_orders)
    assert not bad, bad


def node_test(test) -> tuple[bool, str]:
    """Whether the NPU takes any of it, and what is wrong."""
    import aic
    import runner
    from aic.model import to_contiguous

    source = test.model.SerializeToString()
    try:
        model = aic.compile(source, target="npu")
    except aic.Error:
        return False, ""  # refused as for x86: test_nodes.py looks at those
    taken, errors = False, []
    shapes = [tuple(d.dim_value for d in i.type.tensor_type.shape.dim) for i in test.model.graph.input]
    for inputs, _ in test.data_sets:
        arrays = [to_contiguous(v, i.numpy_dtype) for v, i in zip(map(runner.array_of, inputs), model.inputs, strict=True)]
        # The evaluator takes no [1] for a scalar.
        arrays = [a.reshape(()) if a.shape == (1,) and shape == () else a for a, shape in zip(arrays, shapes)]
        run = model.simulate(*arrays)
        outputs = run.outputs if isinstance(run.outputs, tuple) else (run.outputs,)
        taken |= bool(run.programs)
        for got, want in zip(outputs, interpret(source, *arrays), strict=True):
            if got.dtype != want.dtype or got.tobytes() != want.tobytes():
                errors.append(f"{test.name}: {got.ravel()[:8]}, expected {want.ravel()[:8]}")
    return taken, "\n".join(errors) if taken else ""


def check_nodes() -> str:
    import runner

    taken, errors = [], []
    for test in runner.node_tests(QUANTISED):
        if test.name in runner.listed():
            here, bad = node_test(test)
            taken += [test.name] * here
            errors += [bad] * bool(bad)
    want = set(TAKEN.read_text().split())
    errors += [f"taken, but not in npu_taken.txt: {name}" for name in taken if name not in want]
    errors += [f"in npu_taken.txt, but not taken: {name}" for name in sorted(want - set(taken))]
    return "\n".join(errors)


def test_nodes():
    """Every node test with quantised values that the NPU takes gives the evaluator's bits; npu_taken.txt lists them."""
    bad = isolated(check_nodes)
    assert not bad, bad


def check_layers(folder: pathlib.Path) -> str:
    """Layers that ONNX Runtime quantised, on its own inputs with its optimisations off."""
    import aic
    from onnxruntime import quantization
    from test_quantize_onnx import Layers

    class Reader(quantization.CalibrationDataReader):
        def __init__(self):
            self.feeds = iter([{"x": M.normal(1, 3, 32, 32, seed=i)} for i in range(4)])

        def get_next(self):
            return next(self.feeds, None)

    (folder / "net.onnx").write_bytes(Net().model())
    quantization.quantize_static(str(folder / "net.onnx"), str(folder / "qdq.onnx"), Reader(), quant_format=quantization.QuantFormat.QDQ,
                                 per_channel=True, activation_type=quantization.QuantType.QInt8, weight_type=quantization.QuantType.QInt8)
    layers = Layers(onnx.load(folder / "qdq.onnx"), TensorProto.INT8)
    elements = different = largest = programs = 0
    for seed in range(9, 12):
        values = layers.run(M.normal(1, 3, 32, 32, seed=seed))
        for level in layers.levels:
            model, inputs = layers.cut(level, values)
            run = aic.compile(model, target="npu").simulate(*[values[v] for v in inputs])
            error = np.abs(run.outputs.astype(int) - values[level].astype(int))
            programs += len(run.programs)
            elements, different, largest = elements + error.size, different + int((error > 0).sum()), max(largest, int(error.max()))
    print(f"{len(layers.levels)} layers, {programs} programs, {different} of {elements} levels differ, by {largest} at most")
    ok = largest <= 1 and different <= 1e-4 * elements and len(layers.levels) >= 8 and programs >= 3 * (len(layers.levels) - 2)
    return "" if ok else f"{different} of {elements} levels differ, by {largest}; {programs} programs for {len(layers.levels)} layers"


def test_layers(tmp_path):
    pytest.importorskip("onnxruntime.quantization")
    bad = isolated(lambda: check_layers(tmp_path))
    assert not bad, bad


def on_both(name: str, width: int, turn: bool):
    """The model in 8 bits compiled for the NPU and in f32 for x86, samples apart from the lines that are read."""
    import aic

    path, dims = path_of(name), {"x:0": 1, "x:2": 48, "x:3": width}
    _, samples = text_lines.lines(2000 if turn else 1000, 24, width, turn=turn)
    truth, pictures = text_lines.lines(2 if turn else 1, 50, width, turn=turn)
    module, report = aic.quantize(path, {"x": samples}, dims=dims)
    real, host, npu = aic.compile(path, dims=dims), aic.compile(module), aic.compile(module, target="npu")
    run = npu.simulate(pictures[:1])
    print(f"{name}: {run.cycles:,} cycles, {run.utilisation:.1%}, {len(run.programs)} programs; {report.fp16_share:.1%} of the MACs "
          f"in fp16: {[layer['name'] for layer in report.layers if layer['name'] in report.kept]}; {report['outputs']}")
    want, same, got = ([model(p[None]) for p in pictures] for model in (real, host, npu))
    different = sum(not np.array_equal(a, b) for a, b in zip(same, got))
    return truth, want, got, report, different, sum(p.data["total"]["useful_macs"] for p in run.programs)


def recognise() -> str:
    characters = text_lines.alphabet(path_of("ppocr4_rec"))
    truth, want, got, report, different, macs = on_both("ppocr4_rec", 320, False)
    real, small = ([text_lines.read(scores[0], characters) for scores in answers] for answers in (want, got))
    scores = [text_lines.accuracy(texts, truth) for texts in (real, small)]
    print(f"recognition: f32 {scores[0]:.4f}, NPU {scores[1]:.4f} of the truth; {different} of 50 lines not bit for bit x86's; {macs:,} MACs")
    ok = scores[0] > 0.95 and scores[1] >= 0.98 * scores[0] and report.fp16_share <= 0.2 and macs > 0
    return "" if ok else f"accuracy {scores}, fp16 {report.fp16_share}, {macs} MACs on the NPU"


def direct() -> str:
    _, want, got, report, different, macs = on_both("ppocr_cls", 192, True)
    want, got = ([int(scores[0].argmax()) for scores in answers] for answers in (want, got))
    right = [sum(w == i % 2 for i, w in enumerate(answers)) for answers in (want, got)]
    print(f"direction: f32 {right[0]} of 50 right, NPU {right[1]}; {different} of 50 lines not bit for bit x86's; {macs:,} MACs")
    ok = right[0] >= 45 and right[1] >= 0.98 * right[0] and report.fp16_share <= 0.2 and macs > 0
    return "" if ok else f"{right} right, fp16 {report.fp16_share}, {macs} MACs on the NPU"


@pytest.mark.slow
@pytest.mark.parametrize("work", [recognise, direct], ids=["recognition", "direction"])
def test_text(work):
    path_of("ppocr4_rec")
    bad = isolated(work, timeout=900)
    assert not bad, bad
