# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The models that are measured: their files, inputs and shapes. Used by the benchmarks and by the accuracy tests."""
from __future__ import annotations

import pathlib
from dataclasses import dataclass, field
from typing import Callable, Iterator

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent
MODELS = ROOT / "build" / "models"
Feed = dict[str, np.ndarray]
LINES = ("The quick brown fox", "jumps over the lazy dog", "Invoice 2024-07-19", "Total: 1,234.56 EUR", "Gate B42 / Seat 17C",
         "compiled by AIC", "HELLO WORLD", "pack my box with jugs")


def text_picture(height: int, width: int, seed: int = 0) -> np.ndarray:
    """A picture with lines of text, f32 [3, height, width] in -1..1 as PP-OCR takes it."""
    from PIL import Image, ImageDraw, ImageFont

    rng = np.random.default_rng(seed)
    image = Image.new("RGB", (width, height), tuple(int(v) for v in rng.integers(200, 256, 3)))
    draw = ImageDraw.Draw(image)
    size = height * 0.7 if height < 64 else max(18.0, height / 16)
    font, y, k = ImageFont.load_default(size), 4.0 if height < 64 else size / 2, int(rng.integers(len(LINES)))
    while y + size * 0.8 < height:
        draw.text((size / 3, y), LINES[k % len(LINES)], fill=tuple(int(v) for v in rng.integers(0, 80, 3)), font=font)
        y, k = y + size * 1.7, k + 1
    return ((np.asarray(image, np.float32) / 255 - 0.5) / 0.5).transpose(2, 0, 1)


def text_batch(count: int, height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.ascontiguousarray(np.stack([text_picture(height, width, seed * 100 + i) for i in range(count)]))


def normal(*shape: int, seed: int) -> np.ndarray:
    return (np.random.default_rng(seed).standard_normal(shape) * 0.5).astype(np.float32)


def integers(high: int, *shape: int, seed: int, dtype: type = np.int64) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, high, shape, dtype=dtype)


def tokens(vocabulary: int, length: int = 128) -> Callable[[int], Feed]:
    return lambda seed: {"input_ids": integers(vocabulary, 1, length, seed=seed),
                         "attention_mask": np.ones((1, length), np.int64)}


def magika_feed(seed: int) -> Feed:
    """The start and the end of a file as magika takes them: of source code for odd seeds, of noise for even ones."""
    if seed % 2 == 0:
        return {"bytes": integers(257, 1, 2048, seed=seed, dtype=np.int32)}
    text = np.frombuffer(pathlib.Path(__file__).read_bytes(), np.uint8).astype(np.int32)
    return {"bytes": np.concatenate([text[:1024], text[-1024:]])[None]}


def llama_feed(new: int, past: int, seed: int) -> Feed:
    """Causal: a new token sees the cache and those before it."""
    visible = np.tril(np.ones((new, past + new), np.float32), past)
    feed = {"tokens": integers(4096, 1, new, seed=seed), "positions": np.arange(past, past + new, dtype=np.int64)[None],
            "mask": ((visible - 1) * 1e9)[None, None].astype(np.float32)}
    for i, name in enumerate(("k0_past", "v0_past", "k1_past", "v1_past")):
        feed[name] = normal(1, 2, past, 64, seed=seed + 10 * i)
    return feed


@dataclass(frozen=True)
class Case:
    """A model at one shape. `make` gives its inputs for a seed."""

    name: str
    file: str
    make: Callable[[int], Feed]
    #: the same model at these shapes must be right through one artifact with dynamic dims
    others: tuple[Callable[[int], Feed], ...] = ()
    #: dims stay dynamic in this case
    dynamic: bool = False

    @property
    def path(self) -> pathlib.Path:
        return MODELS / f"{self.file}.onnx"


def picture(*shapes: tuple[int, int, int]) -> list[Callable[[int], Feed]]:
    return [lambda seed, s=s: {"x": text_batch(*s, seed=seed)} for s in shapes]


DET, REC, CLS = (picture((1, 640, 640), (1, 320, 480), (1, 736, 1280)), picture((1, 48, 320), (6, 48, 480), (2, 48, 160)),
                 picture((1, 48, 192), (6, 48, 192), (3, 48, 192)))

CASES = [
    Case("ppocr4_det", "ppocr4_det", DET[0], tuple(DET[1:])),
    Case("ppocr4_rec", "ppocr4_rec", REC[0], tuple(REC[1:])),
    Case("ppocr_cls", "ppocr_cls", CLS[0], tuple(CLS[1:])),
    Case("open_nsfw", "open_nsfw", lambda seed: {"input_0": normal(1, 224, 224, 3, seed=seed)}),
    Case("magika", "magika", magika_feed),
    Case("minilm", "minilm", tokens(30522)),
    Case("resnet18", "resnet18", lambda seed: {"x": normal(1, 3, 224, 224, seed=seed)}),
    Case("resnet50", "resnet50", lambda seed: {"x": normal(1, 3, 224, 224, seed=seed)}),
    Case("mobilenetv2", "mobilenetv2", lambda seed: {"x": normal(1, 3, 224, 224, seed=seed)}),
    Case("bert_base", "bert_base", tokens(30522)),
    Case("dlrm", "dlrm", lambda seed: {"dense": normal(128, 13, seed=seed), "idx": integers(1000, 128, 26, seed=seed)}),
    Case("bert_gemm", "bert_gemm", lambda seed: {"x": normal(128, 768, seed=seed)}),
    Case("llama_prefill", "llama", lambda seed: llama_feed(128, 0, seed)),
    Case("llama_decode", "llama", lambda seed: llama_feed(1, 128, seed)),
]
DYNAMIC = [Case(f"{c.name}_dynamic", c.file, c.make, dynamic=True) for c in CASES[:3]]


def select(names: str | None, cases: list[Case]) -> list[Case]:
    """The cases of a comma-separated list of names or files, all without one."""
    if not names:
        return cases
    wanted = names.split(",")
    unknown = [n for n in wanted if n not in {c.name for c in cases} | {c.file for c in cases}]
    if unknown:
        raise SystemExit(f"error: expected models of {', '.join(c.name for c in cases)}, got {', '.join(unknown)}")
    return [c for c in cases if c.name in wanted or c.file in wanted]


def fixed_dims(case: Case) -> str:
    """What --dim says to fix every dynamic dim of the model to the shapes of the case; "" where they stay dynamic."""
    if case.dynamic:
        return ""
    from aic import _aic

    feed, parts = case.make(0), {}
    for name, _, shape in _aic.onnx_metadata(str(case.path))["inputs"]:
        for axis, (declared, extent) in enumerate(zip(shape, feed[name].shape)):
            if not isinstance(declared, int):
                parts[declared if declared not in (None, "?") else f"{name}:{axis}"] = extent
    return ",".join(f"{k}={v}" for k, v in parts.items())


@dataclass
class Error:
    """How far outputs are from the reference, and what they are measured by. The worst output is kept."""

    absolute: float = 0.0
    of_magnitude: float = 0.0
    of_movement: float = 0.0
    shapes: list[str] = field(default_factory=list)

    def add(self, got: np.ndarray, want: np.ndarray, other: np.ndarray | None) -> None:
        """`other` is the reference for another input of the same shape: an error counts against the change between."""
        if got.shape != want.shape or got.dtype != want.dtype:
            self.shapes.append(f"expected {want.dtype}{list(want.shape)}, got {got.dtype}{list(got.shape)}")
            self.of_magnitude = self.of_movement = float("inf")
            return
        if not want.size:
            return
        difference = np.abs(got.astype(np.float64) - want.astype(np.float64))
        error = float("inf") if np.isnan(difference).any() else float(difference.max())
        self.absolute = max(self.absolute, error)
        self.of_magnitude = max(self.of_magnitude, error / max(float(np.abs(want).max()), 1e-30))
        if other is not None:
            moved = float(np.abs(want.astype(np.float64) - other.astype(np.float64)).max())
            self.of_movement = max(self.of_movement, error / max(moved, 1e-30))

    @property
    def ok(self) -> bool:
        return self.of_magnitude <= 1e-4 and self.of_movement <= 1e-3


Run = Callable[[Feed], list[np.ndarray]]


def errors_of(case: Case, aic: Run, reference: Run) -> Iterator[tuple[str, Error]]:
    """The errors at every shape of a case, each with two different inputs."""
    for make in (case.make, *case.others):
        first, second = make(1), make(2)
        want, other, error = reference(first), reference(second), Error()
        for got, w, o in zip(aic(first), want, other, strict=True):
            error.add(got, w, o)
        for got, w, o in zip(aic(second), other, want, strict=True):
            error.add(got, w, o)
        yield " ".join("x".join(map(str, v.shape)) for v in list(first.values())[:1]), error


def llama_errors(aic: Run, reference: Run, steps: int = 16) -> Iterator[tuple[str, Error]]:
    """Prefill, then single tokens on a growing cache, each engine on a cache of its own."""
    def attach(feed: Feed, outputs: list[np.ndarray]) -> Feed:
        return {**feed, **dict(zip(("k0_past", "v0_past", "k1_past", "v1_past"), outputs[1:]))}

    feed = llama_feed(128, 0, 1)
    got, want, moved = aic(feed), reference(feed), reference(llama_feed(128, 0, 2))
    error = Error()
    for g, w, m in zip(got, want, moved, strict=True):
        error.add(g, w, m)
    yield "prefill", error
    total = Error()
    for step in range(steps):
        feed, other = llama_feed(1, 128 + step, 100 + step), llama_feed(1, 128 + step, 200 + step)
        moved = reference(attach(other, want))
        got, want = aic(attach(feed, got)), reference(attach(feed, want))
        total.add(got[0], want[0], moved[0])
        for g, w in zip(got[1:], want[1:], strict=True):
            total.add(g, w, None)
    yield f"{steps} decode steps", total
