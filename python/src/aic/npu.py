# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the NPU's simulator tells of a run."""
from __future__ import annotations

import contextlib
import ctypes
import json
import os
from dataclasses import dataclass
from typing import Any, Iterator

from .errors import RunError


@dataclass(frozen=True)
class ProgramReport:
    """The report of one program: everything that aic-npu-sim --report=json prints is in `data`."""

    data: dict[str, Any]

    @property
    def cycles(self) -> int:
        return int(self.data["total"]["cycles"])

    @property
    def ops(self) -> list[dict[str, Any]]:
        """One entry per operation of the model: cycles, useful MACs, busy and stall cycles, DRAM bytes."""
        return self.data["ops"]

    def __repr__(self) -> str:
        return f"<aic.ProgramReport {self.data.get('program', '')}: {self.cycles} cycles>"


@dataclass(frozen=True)
class Simulation:
    """The outputs of a simulated call, and a report for each program that ran, in order."""

    outputs: Any
    programs: tuple[ProgramReport, ...]

    @property
    def cycles(self) -> int:
        """Of the NPU: the sum over programs, without the host's work in between."""
        return sum(program.cycles for program in self.programs)

    @property
    def utilisation(self) -> float:
        """Useful multiply-accumulates by what the matrix unit could do in these cycles."""
        macs = sum(p.data["total"]["useful_macs"] for p in self.programs)
        peak = sum(p.cycles * p.data["macs_per_cycle"] for p in self.programs)
        return macs / peak if peak else 0.0


_REPORT = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_char_p)




@contextlib.contextmanager
def observe(jitter: int = 0) -> Iterator[list[ProgramReport]]:
    """Collects the reports of programs that this thread runs inside the block."""
    # Loading a model may have set the variable, which os.environ does not see.
    getenv = ctypes.CDLL(None).getenv
    getenv.argtypes, getenv.restype = [ctypes.c_char_p], ctypes.c_char_p
    try:
        driver = ctypes.CDLL(os.fsdecode(getenv(b"AIC_LIBNPU") or b"libaicnpu.so"))
    except OSError as error:
        raise RunError(f"expected the NPU's driver (AIC_LIBNPU names it): {error}") from None
    reports: list[ProgramReport] = []
    callback = _REPORT(lambda _, text: reports.append(ProgramReport(json.loads(text))))
    driver.aic_npu_observe.argtypes = [ctypes.c_uint64, _REPORT, ctypes.c_void_p]
    driver.aic_npu_observe.restype = None
    driver.aic_npu_observe(jitter, callback, None)
    try:
        yield reports
    finally:
        driver.aic_npu_observe(0, _REPORT(), None)
