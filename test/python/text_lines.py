# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Rendered lines of text as PP-OCR's pipeline cuts them out, and how its answers are read and judged."""
from __future__ import annotations

import numpy as np

WORDS = ("the quick brown fox jumps over lazy dog invoice total platform seat gate compiled model kernel tensor vector "
         "scale river mountain paper yellow window coffee 2024 17:45 1,234.56 EUR B42 99% HELLO World Zebra Quartz").split()


def line(rng: np.random.Generator, width: int, height: int, turned: bool = False) -> tuple[str, np.ndarray]:
    """Words on a plain ground, f32 [3, height, width] in -1..1, padded with 0 on the right."""
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.load_default(height * 0.66)
    text = ""
    while font.getlength(more := f"{text} {WORDS[rng.integers(len(WORDS))]}".strip()) <= width - 14:
        text = more
    ground, ink = (tuple(int(v) for v in rng.integers(*limits, 3)) for limits in ((190, 256), (0, 90)))
    picture = Image.new("RGB", (int(font.getlength(text)) + 12, height), ground)
    ImageDraw.Draw(picture).text((6, 3), text, fill=ink, font=font)
    if turned:
        picture = picture.rotate(180)
    result = np.zeros((3, height, width), np.float32)
    result[:, :, :picture.width] = ((np.asarray(picture, np.float32) / 255 - 0.5) / 0.5).transpose(2, 0, 1)
    return text, result


def lines(seed: int, count: int, width: int, height: int = 48, turn: bool = False) -> tuple[list[str], np.ndarray]:
    """Every second line upside down if `turn`."""
    rng = np.random.default_rng(seed)
    made = [line(rng, width, height, turn and i % 2 == 1) for i in range(count)]
    return [text for text, _ in made], np.stack([picture for _, picture in made])


def alphabet(path: str) -> list[str]:
    """The characters of a recognition model: blank, those in its file, space."""
    import onnx

    properties = {p.key: p.value for p in onnx.load(path).metadata_props}
    return ["", *properties["character"].splitlines(), " "]


def read(scores: np.ndarray, characters: list[str]) -> str:
    """The text of [steps, characters]: the best of each step, repetitions and blanks left out."""
    best = scores.argmax(-1)
    return "".join(characters[b] for i, b in enumerate(best) if b and (i == 0 or b != best[i - 1]))


def distance(a: str, b: str) -> int:
    """Levenshtein's."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a):
        diagonal, row[0] = row[0], i + 1
        for j, y in enumerate(b):
            diagonal, row[j + 1] = row[j + 1], min(row[j + 1] + 1, row[j] + 1, diagonal + (x != y))
    return row[-1]


def accuracy(found: list[str], wanted: list[str]) -> float:
    """Share of the characters that are right. Blanks do not count: the models put them at the ends as they please."""
    pairs = [("".join(a.split()), "".join(b.split())) for a, b in zip(found, wanted)]
    return 1 - sum(distance(a, b) for a, b in pairs) / sum(len(b) for _, b in pairs)
