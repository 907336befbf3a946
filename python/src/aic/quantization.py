# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What is said of a quantisation, and what is learnt from it."""
from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import Any, Callable, Mapping, Sequence

import numpy as np

#: Arrays by the inputs' names with the samples along the first dim, an .npz file of such, or several of either.
Samples = Mapping[str, np.ndarray] | str | os.PathLike | Sequence["Mapping[str, np.ndarray] | str | os.PathLike"]


def read_set(given: Any) -> list[tuple[str, np.ndarray]]:
    """One set of samples as the compiler takes it."""
    if isinstance(given, str | os.PathLike):
        with np.load(given) as arrays:
            given = {name: arrays[name] for name in arrays.files}
    if not isinstance(given, Mapping):
        raise TypeError(f"expected arrays by the inputs' names or the path of an .npz file as samples, got {type(given).__name__}")
    return [(str(name), np.ascontiguousarray(array)) for name, array in given.items()]


@dataclass(frozen=True)
class Quantization:
    """Samples, and how they are used.

    `percentile`: percent of a value's elements that its range holds. `keep`: names of nodes whose layers are computed in
    fp16. `min_snr`: layers that alone have a smaller ratio of signal to noise, in dB, are computed in fp16. `progress`:
    shown on stderr.
    """

    samples: Samples
    percentile: float = 100.0
    keep: Sequence[str] = ()
    min_snr: float | None = None
    progress: bool = False

    def __post_init__(self) -> None:
        if not 50 < self.percentile <= 100:
            raise ValueError(f"expected a percentile above 50 and up to 100, got {self.percentile}")
        if isinstance(self.keep, str):
            raise TypeError(f"expected a list of names to keep, got '{self.keep}'")

    def sets(self) -> list[list[tuple[str, np.ndarray]]]:
        several = isinstance(self.samples, Sequence) and not isinstance(self.samples, str)
        return [read_set(given) for given in (self.samples if several else [self.samples])]

    def show(self) -> Callable[[str, int, int], None] | None:
        if not self.progress:
            return None
        return lambda what, done, of: print(f"\rquantise: {what} {done}/{of}", end="\n" if done == of else "", file=sys.stderr,
                                            flush=True)


class Report(Mapping[str, Any]):
    """The report of a quantisation: the entries of its JSON form; str() is the table."""

    def __init__(self, entries: dict[str, Any], table: str):
        self._entries, self._table = entries, table

    def __getitem__(self, key: str) -> Any:
        return self._entries[key]

    def __iter__(self):  # noqa: ANN204
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __str__(self) -> str:
        return self._table

    @property
    def layers(self) -> list[dict[str, Any]]:
        return self._entries["layers"]

    @property
    def kept(self) -> list[str]:
        """Names of the layers in fp16."""
        return [layer["name"] for layer in self.layers if layer["type"] == "fp16"]

    @property
    def fp16_share(self) -> float:
        """Their share of the multiply-adds."""
        return self._entries["fp16_share"]
