# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Settings of the PTX executor, on which models for GPUs run where there is none."""
from __future__ import annotations

import contextlib
import ctypes
import json
import os
import pathlib
import tempfile
from dataclasses import dataclass, field
from typing import Any, Iterator

from .errors import RunError


def _driver() -> ctypes.CDLL:
    # Loading a model may have set the variable, which os.environ does not see.
    getenv = ctypes.CDLL(None).getenv
    getenv.argtypes, getenv.restype = [ctypes.c_char_p], ctypes.c_char_p
    try:
        driver = ctypes.CDLL(os.fsdecode(getenv(b"AIC_LIBCUDA") or b"libaicfakecuda.so"))
        driver.aic_fakecuda_stats.argtypes = [ctypes.POINTER(ctypes.c_uint64), ctypes.c_size_t]
    except (OSError, AttributeError) as error:
        raise RunError(f"expected the PTX executor's driver (AIC_LIBCUDA names it): {error}") from None
    return driver


def _stats() -> list[int]:
    values = (ctypes.c_uint64 * 3)()
    _driver().aic_fakecuda_stats(values, 3)
    return list(values)


@dataclass
class Execution:
    """What ran inside a block `with aic.executor() as execution`, complete when the block ends."""

    launches: int = 0
    #: Warp instructions.
    instructions: int = 0
    #: Races, accesses out of bounds and other faults.
    findings: int = 0
    #: With `counters`: an entry for each launch, as docs/PTXExecutor.md describes them.
    counters: list[dict[str, Any]] = field(default_factory=list)


@contextlib.contextmanager
def executor(checks: str = "all", seed: int = 0, sm: int | None = None, counters: bool = False,
             log: bool = False) -> Iterator[Execution]:
    """Settings of the executor for the calls inside the block, by whichever thread.

    `checks` is "all", "fast" (memory, but no races) or "none"; `seed` picks another order of warps and blocks; `sm` is the
    compute capability to claim, like 80 (default: any that a model asks for); `counters` collects bank conflicts, memory
    sectors and instructions of each launch; `log` prints a line for each launch on stderr. A model on a real driver
    (Model.device) does not ask for any of this.
    """
    if checks not in ("all", "fast", "none"):
        raise ValueError(f"expected checks out of 'all', 'fast', 'none', got '{checks}'")
    settings = {"AIC_FAKECUDA_CHECK": checks, "AIC_FAKECUDA_SEED": str(int(seed)), "AIC_FAKECUDA_LOG": str(int(log))}
    if sm is not None:
        settings["AIC_FAKECUDA_SM"] = str(int(sm))
    result = Execution()
    with contextlib.ExitStack() as stack:
        if counters:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="aic-"))
            settings["AIC_FAKECUDA_COUNTERS"] = os.path.join(folder, "counters.json")
        before = {name: os.environ.get(name) for name in settings}
        os.environ.update(settings)
        # Before the first model is loaded there is no driver yet.
        start = [0, 0, 0]
        with contextlib.suppress(RunError):
            start = _stats()
        try:
            yield result
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value
            with contextlib.suppress(RunError):
                result.launches, result.instructions, result.findings = (b - a for a, b in zip(start, _stats()))
            if counters:
                path = pathlib.Path(settings["AIC_FAKECUDA_COUNTERS"])
                lines = path.read_text().splitlines() if path.exists() else []
                result.counters = [json.loads(line) for line in lines]
