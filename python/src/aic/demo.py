# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Text read from a picture by models that AIC compiled.

    python -m aic.demo [--out FOLDER] [--threads N]

Draws a picture with lines of text, reads it with the unmodified pipeline of rapidocr-onnxruntime on AIC (in a process of
its own, where onnxruntime is AIC's stand-in), prints the lines, draws the boxes, and then gives every tensor that the
pipeline fed to a model to AIC and to ONNX Runtime: the largest difference of the outputs, and the times. It fails if a line
is read wrong, if an output is too far off, or if ONNX Runtime was loaded where AIC should have run.
"""
from __future__ import annotations

import argparse
import difflib
import json
import os
import pathlib
import re
import subprocess
import sys
import time
from typing import Any

import numpy as np

LINES = ("AIC compiles machine-learning models", "Text detection, direction and recognition",
         "The quick brown fox jumps over the lazy dog", "Invoice 2024-0719, total 1,234.56 EUR", "Platform 7 at 18:45")
#: The largest difference allowed, of the largest magnitude: where a character is between two, noise of 1e-7 becomes 5e-4.
TOLERANCE = 1e-3


def draw_text(path: pathlib.Path) -> None:
    """The picture that is read. The font is the one Pillow carries."""
    from PIL import Image, ImageDraw, ImageFont

    image = Image.new("RGB", (1000, 90 + 95 * len(LINES)), (250, 247, 240))
    draw = ImageDraw.Draw(image)
    draw.rectangle((20, 20, 979, image.height - 21), outline=(150, 160, 180), width=3)
    for i, line in enumerate(LINES):
        draw.text((60, 55 + 95 * i), line, fill=(25 + 30 * i, 40, 110 - 15 * i), font=ImageFont.load_default(34 + 4 * (i % 3)))
    image.save(path)


def draw_boxes(picture: pathlib.Path, found: list[Any], path: pathlib.Path) -> None:
    from PIL import Image, ImageDraw, ImageFont

    image = Image.open(picture).convert("RGB")
    draw = ImageDraw.Draw(image)
    for box, text, score in found:
        draw.polygon([tuple(p) for p in box], outline=(220, 30, 30), width=3)
        draw.text((box[0][0], box[0][1] - 20), f"{text[:24]}  {score:.2f}", fill=(220, 30, 30),
                  font=ImageFont.load_default(15))
    image.save(path)


class Recorder:
    """Notes what goes into each session of the pipeline and how long it takes."""

    def __init__(self, ort: Any):
        self.calls: list[tuple[str, np.ndarray]] = []
        self.models: dict[str, str] = {}
        original, recorder = ort.InferenceSession, self

        class Recording(original):  # type: ignore[misc, valid-type]
            def __init__(self, path: Any, *args: Any, **kwargs: Any):
                super().__init__(path, *args, **kwargs)
                self._name = pathlib.Path(path).stem
                recorder.models[self._name] = str(path)

            def run(self, names: Any, feed: dict[str, np.ndarray], *args: Any) -> Any:
                recorder.calls.extend((self._name, np.array(v)) for v in feed.values())
                return super().run(names, feed, *args)

        ort.InferenceSession = Recording


def loaded_libraries() -> list[str]:
    """Shared objects of ONNX Runtime that this process has mapped."""
    with open("/proc/self/maps") as maps:
        return sorted({line.split()[-1] for line in maps if re.search(r"onnxruntime[^/]*\.so", line)})


def read_picture(picture: pathlib.Path, record: pathlib.Path) -> None:
    """Runs the pipeline with whatever `onnxruntime` is in this process, and writes down what it did."""
    import onnxruntime

    recorder = Recorder(onnxruntime)
    from rapidocr_onnxruntime import RapidOCR

    start = time.perf_counter()
    engine = RapidOCR()
    loaded = time.perf_counter()
    found, _ = engine(str(picture))
    read = time.perf_counter()
    found = [(np.asarray(box).tolist(), text, float(score)) for box, text, score in found or []]
    np.savez(record.with_suffix(".npz"), **{str(i): array for i, (_, array) in enumerate(recorder.calls)})
    record.write_text(json.dumps({
        "stand_in": bool(getattr(onnxruntime, "__aic__", False)), "libraries": loaded_libraries(), "found": found,
        "models": recorder.models, "calls": [name for name, _ in recorder.calls], "load": loaded - start,
        "read": read - loaded}))


def child(modules: list[str], picture: pathlib.Path, record: pathlib.Path) -> dict[str, Any]:
    subprocess.run([sys.executable, *modules, "--read", str(picture), "--record", str(record)], check=True)
    return json.loads(record.read_text())


def fastest(call: Any, rounds: int) -> float:
    best = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - start)
    return best * 1e3


def compare(done: dict[str, Any], arrays: Any, threads: int) -> bool:
    """Every recorded input through both engines, in this process, taking turns."""
    import onnxruntime as ort

    import aic

    def open_session(module: Any, path: str) -> Any:
        options = module.SessionOptions()
        options.intra_op_num_threads = threads
        return module.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    sessions = {n: (open_session(aic, p), open_session(ort, p)) for n, p in done["models"].items()}
    rows: dict[tuple[str, str], list[float]] = {}
    for i, name in enumerate(done["calls"]):
        ours, theirs = sessions[name]
        feed = {ours.get_inputs()[0].name: arrays[str(i)]}
        got, want = ours.run(None, feed)[0], theirs.run(None, feed)[0]
        error = float(np.abs(got - want).max()) if got.shape == want.shape else float("inf")
        row = rows.setdefault((name, "x".join(map(str, arrays[str(i)].shape))), [0.0, 0.0, 1e9, 1e9])
        row[0], row[1] = max(row[0], error), max(row[1], float(np.abs(want).max()))
        for _ in range(5):
            row[2] = min(row[2], fastest(lambda: ours.run(None, feed), 1))
            row[3] = min(row[3], fastest(lambda: theirs.run(None, feed), 1))
    print(f"\n{'model':34} {'input':>15} {'max error':>10} {'AIC ms':>8} {'ONNX Runtime ms':>16}")
    for (name, shape), (error, _, ours, theirs) in sorted(rows.items()):
        print(f"{name:34} {shape:>15} {error:>10.1e} {ours:>8.2f} {theirs:>16.2f}")
    return all(error <= TOLERANCE * magnitude for error, magnitude, _, _ in rows.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("aic-demo"), help="folder of what is written")
    parser.add_argument("--threads", type=int, default=1, help="for both engines in the comparison (default 1)")
    parser.add_argument("--read", type=pathlib.Path, help=argparse.SUPPRESS)
    parser.add_argument("--record", type=pathlib.Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.read:
        read_picture(arguments.read, arguments.record)
        return
    out: pathlib.Path = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    picture, boxes = out / "picture.png", out / "boxes.png"
    draw_text(picture)
    print(f"reading {picture} with rapidocr-onnxruntime on AIC (the first time compiles three models)", flush=True)
    done = child(["-m", "aic.compat.onnxruntime", "-m", "aic.demo"], picture, out / "aic.json")
    print(f"models ready in {done['load']:.1f} s, picture read in {done['read']:.2f} s\n")
    draw_boxes(picture, done["found"], boxes)
    failures = []
    if not done["stand_in"] or done["libraries"]:
        failures.append(f"expected AIC to run the models, got ONNX Runtime: {done['libraries'] or 'not the stand-in'}")
    for box, text, score in done["found"]:
        print(f"  {score:.3f}  {text}")
    texts = ["".join(text.split()) for _, text, _ in done["found"]]
    for line in LINES:
        alike = max((difflib.SequenceMatcher(None, "".join(line.split()), t).ratio() for t in texts), default=0.0)
        if alike < 0.9:
            failures.append(f"expected to read '{line}', got {[t for _, t, _ in done['found']]}")
    theirs = child(["-m", "aic.demo"], picture, out / "onnxruntime.json")
    same = [t for _, t, _ in theirs["found"]] == [t for _, t, _ in done["found"]]
    print(f"\nONNX Runtime reads {'the same lines' if same else 'other lines'} in {theirs['read']:.2f} s "
          f"(models ready in {theirs['load']:.1f} s)")
    if not same:
        failures.append(f"expected ONNX Runtime's lines {[t for _, t, _ in theirs['found']]}")
    with np.load(out / "aic.npz") as arrays:
        if not compare(done, arrays, arguments.threads):
            failures.append(f"expected outputs within {TOLERANCE:g} of ONNX Runtime's")
    print(f"\nboxes drawn into {boxes}")
    if failures:
        sys.exit("".join(f"\nerror: {f}" for f in failures))


if __name__ == "__main__":
    main()
