# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The compile cache: libraries on disk, named by what they were compiled from.

An entry is the library followed by a seal (a magic word and the SHA-256 of all before it; a loader ignores what follows an
ELF file). An entry appears by renaming a finished file, so readers need no lock; writers of one key take turns by a lock
file, so that a model is compiled once however many processes want it. The least recently used entries go when the cache
outgrows its limit. A folder that is full, read-only or gone is no error: models are then compiled for this once.

AIC_CACHE_DIR names the folder (default: aic below XDG_CACHE_HOME or ~/.cache), AIC_CACHE_LIMIT its size in bytes, with an
optional K, M or G (default 8G).
"""
from __future__ import annotations

import contextlib
import fcntl
import functools
import hashlib
import json
import os
import pathlib
import shutil
import tempfile
import time
from typing import Any, Callable, Iterator

from . import _aic
from .errors import CompileError, LoadError

_MAGIC = b"AICSEAL1"
_SEAL = len(_MAGIC) + 32
_ABANDONED = 24 * 3600.0  # seconds


def folder() -> pathlib.Path:
    if place := os.environ.get("AIC_CACHE_DIR"):
        return pathlib.Path(place)
    return pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "aic"


def limit() -> int:
    text = os.environ.get("AIC_CACHE_LIMIT", "8G").strip()
    unit = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}.get(text[-1:].upper(), 1)
    try:
        return int(text if unit == 1 else text[:-1]) * unit
    except ValueError:
        raise ValueError(f"expected a size like 500M in AIC_CACHE_LIMIT, got '{text}'") from None


@functools.cache
def machine() -> str:
    """What the compiler reads of the host: the CPU, its features and caches."""
    sizes = []
    for index in sorted(pathlib.Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        with contextlib.suppress(OSError):
            sizes.append("/".join((index / part).read_text().strip() for part in ("level", "type", "size")))
    return f"{_aic.host_cpu()} caches {' '.join(sizes)}"


def _digest(path: os.PathLike | str) -> bytes:
    with open(path, "rb") as f:
        return hashlib.file_digest(f, "sha256").digest()


def key_of(model: bytes | str | os.PathLike, external: list[str], options: dict[str, Any]) -> str:
    """The name of an entry: of the model's bytes, of those of its external files and of all that steers the compiler."""
    h = hashlib.sha256(b"aic-cache-1")
    h.update(hashlib.sha256(model).digest() if isinstance(model, bytes) else _digest(model))
    base = None if isinstance(model, bytes) else pathlib.Path(model).parent
    for name in sorted(external):
        h.update(name.encode() + b"\0")
        if base is not None and (base / name).is_file():
            h.update(_digest(base / name))
    h.update(json.dumps(options, sort_keys=True, default=str).encode())
    return h.hexdigest()


def _sealed(path: pathlib.Path) -> bool:
    """Is this a whole entry that we wrote?"""
    try:
        with open(path, "rb") as f:
            status = os.fstat(f.fileno())
            body = status.st_size - _SEAL
            if body <= 0 or status.st_uid != os.getuid():
                return False
            h = hashlib.sha256()
            while body:
                block = f.read(min(body, 1 << 22))
                if not block:
                    return False
                h.update(block)
                body -= len(block)
            return f.read() == _MAGIC + h.digest()
    except OSError:
        return False


def _seal(path: pathlib.Path) -> None:
    digest = _digest(path)
    with open(path, "ab") as f:
        f.write(_MAGIC + digest)
        f.flush()
        os.fsync(f.fileno())


@contextlib.contextmanager
def _locked(path: pathlib.Path) -> Iterator[None]:
    """Holds the lock file `path`, which the holder may delete: the lock counts only while the file has this name."""
    while True:
        f = open(path, "a")
        try:
            fcntl.flock(f, fcntl.LOCK_EX)
            is_ours = False
            with contextlib.suppress(FileNotFoundError):
                is_ours = os.stat(path).st_ino == os.fstat(f.fileno()).st_ino
            if is_ours:
                try:
                    yield
                finally:
                    path.unlink(missing_ok=True)
                return
        finally:
            f.close()


def _evict(root: pathlib.Path, keep: pathlib.Path) -> None:
    for place in root.glob("new-*"):  # of a process that was killed at its work
        with contextlib.suppress(OSError):
            if time.time() - place.stat().st_mtime > _ABANDONED:
                shutil.rmtree(place, ignore_errors=True)
    entries = []
    for path in root.glob("*.so"):
        with contextlib.suppress(OSError):
            status = path.stat()
            entries.append((path != keep, status.st_mtime, status.st_size, path))
    total, bound = sum(e[2] for e in entries), limit()
    for is_other, _, size, path in sorted(entries, key=lambda e: e[1]):
        if total <= bound:
            return
        if is_other:
            with contextlib.suppress(OSError):
                path.unlink()
                total -= size


class _Unwritable(Exception):
    """The cache's folder takes nothing: it is full, read-only or not ours."""


def _use(entry: pathlib.Path, use: Callable[[pathlib.Path], Any]) -> list[Any]:
    """What `use` makes of a whole entry, in a list; an empty one if there is no such entry."""
    if not _sealed(entry):
        return []
    with contextlib.suppress(OSError):
        os.utime(entry)
    try:
        return [use(entry)]
    except (OSError, LoadError):
        if entry.exists():
            raise
        return []  # evicted since


def _make(root: pathlib.Path, entry: pathlib.Path, compile_to: Callable[[pathlib.Path], None],
          use: Callable[[pathlib.Path], Any]) -> Any:
    """`use` of an entry that is made, here or by another process that is faster."""
    try:
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        place = pathlib.Path(tempfile.mkdtemp(prefix="new-", dir=root))
    except OSError as e:
        raise _Unwritable from e
    made = place / "model.so"
    try:
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(_locked(entry.with_suffix(".lock")))
            except OSError as e:
                raise _Unwritable from e
            if found := _use(entry, use):
                return found[0]
            try:
                compile_to(made)
            except CompileError as e:
                if "cannot write" in str(e):
                    raise _Unwritable from e
                raise
            # From here on there is a library: what goes wrong with the cache is no reason to fail.
            with contextlib.suppress(OSError):
                _seal(made)
                result = use(made)
                os.replace(made, entry)
                _evict(root, entry)
                return result
            return use(made)
    finally:
        made.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            os.rmdir(place)


def get(key: str, compile_to: Callable[[pathlib.Path], None], use: Callable[[pathlib.Path], Any]) -> Any:
    """`use` of the library of `key`, which `compile_to` writes to the path it is given if it is not there or damaged.

    Where the cache's folder cannot be written, the library is made in a temporary folder and gone after `use`.
    """
    limit()  # a mistake in it is told before the work
    root = folder()
    entry = root / f"{key}.so"
    if found := _use(entry, use):
        return found[0]
    try:
        return _make(root, entry, compile_to, use)
    except _Unwritable:
        with tempfile.TemporaryDirectory(prefix="aic-") as place:
            path = pathlib.Path(place) / "model.so"
            compile_to(path)
            return use(path)
