# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What goes wrong, as exceptions."""
from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Diagnostic:
    """One message of the compiler. `location` is the model's file, node or IR place; notes are diagnostics below it."""

    severity: str
    message: str
    location: str = ""

    def __str__(self) -> str:
        where = f"{self.location}: " if self.location else ""
        return f"{where}{self.severity}: {self.message}"


class Error(Exception):
    """The base of all that this package raises itself."""


class CompileError(Error):
    """A model was refused. `diagnostics` holds every message, notes and warnings included."""

    def __init__(self, summary: str, diagnostics: list | tuple = ()):
        self.diagnostics = [d if isinstance(d, Diagnostic) else Diagnostic(*d) for d in diagnostics]
        lines = [str(d) for d in self.diagnostics]
        super().__init__("\n".join(lines) if lines else summary)
        self.summary = summary


class RunError(Error):
    """A compiled model refused a call: a wrong input, a failed check, no memory. Nothing was computed."""


class LoadError(Error):
    """A file is no compiled model, or was compiled for another kind of processor."""
