# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The cache on disk: hits, damage, limits, several processes."""
import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from conftest import environment, expected

import aic
from aic import cache

X = np.ones((1, 4), np.float32)


def entries(folder):
    return sorted(folder.glob("*.so"))


class Maker:
    """Writes a known text and counts how often it was asked."""

    def __init__(self, text=b"library"):
        self.text, self.calls = text, 0

    def __call__(self, path):
        self.calls += 1
        path.write_bytes(self.text)


def read(path):
    return path.read_bytes()


def test_made_once(cache_folder):
    make = Maker()
    for _ in range(3):
        assert cache.get("k", make, read).startswith(b"library")
    assert make.calls == 1 and len(entries(cache_folder)) == 1
    assert sorted(p.name for p in cache_folder.iterdir()) == ["k.so"]


@pytest.mark.parametrize("damage", [
    lambda p: p.write_bytes(p.read_bytes()[:-1]), lambda p: p.write_bytes(b""), lambda p: p.write_bytes(b"x" * 500),
    lambda p: p.write_bytes(b"L" + p.read_bytes()[1:]), lambda p: p.write_bytes(p.read_bytes() + b"more"),
])
def test_damaged_entry_is_made_again(cache_folder, damage):
    make = Maker()
    cache.get("k", make, read)
    damage(cache_folder / "k.so")
    assert cache.get("k", make, read).startswith(b"library")
    assert make.calls == 2


def test_failure_leaves_nothing(cache_folder):
    def fail(path):
        path.write_bytes(b"half")
        raise aic.CompileError("no")

    with pytest.raises(aic.CompileError):
        cache.get("k", fail, read)
    assert not entries(cache_folder) and not list(cache_folder.glob("new-*"))
    assert cache.get("k", Maker(), read)


def test_limit_evicts_the_oldest(cache_folder, monkeypatch):
    monkeypatch.setenv("AIC_CACHE_LIMIT", "3K")
    for i, key in enumerate("abc"):
        cache.get(key, Maker(b"x" * 900), read)
        os.utime(cache_folder / f"{key}.so", (i, i))
    cache.get("a", Maker(), read)  # used: now the newest
    cache.get("d", Maker(b"x" * 900), read)
    assert [p.stem for p in entries(cache_folder)] == ["a", "c", "d"]
    monkeypatch.setenv("AIC_CACHE_LIMIT", "lots")
    with pytest.raises(ValueError, match="AIC_CACHE_LIMIT"):
        cache.limit()


def test_folder_that_cannot_be_written(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("AIC_CACHE_DIR", str(tmp_path / "file" / "cache"))
    assert cache.get("k", Maker(), read) == b"library"


def test_key_depends_on_everything(tmp_path):
    a, w = tmp_path / "a.onnx", tmp_path / "w.bin"
    a.write_bytes(b"model")
    w.write_bytes(b"weights")
    keys = {cache.key_of(a, [], {}), cache.key_of(a, ["w.bin"], {}), cache.key_of(a, [], {"dims": "N=1"}),
            cache.key_of(b"other", [], {})}
    w.write_bytes(b"changed")
    keys.add(cache.key_of(a, ["w.bin"], {}))
    assert len(keys) == 5
    assert cache.key_of(a, [], {}) == cache.key_of(b"model", [], {})


def test_session_compiles_once(linear, cache_folder, monkeypatch):
    aic.InferenceSession(linear)
    assert len(entries(cache_folder)) == 1
    monkeypatch.setattr("aic.session.compile_to", lambda *_: pytest.fail("compiled again"))
    np.testing.assert_allclose(aic.InferenceSession(linear).run(None, {"x": X})[0], expected(X), rtol=1e-5)


def test_session_survives_a_damaged_entry(linear, cache_folder):
    aic.InferenceSession(linear)
    (entry,) = entries(cache_folder)
    entry.write_bytes(entry.read_bytes()[: entry.stat().st_size // 2])
    np.testing.assert_allclose(aic.InferenceSession(linear).run(None, {"x": X})[0], expected(X), rtol=1e-5)


def test_several_processes(tmp_path, cache_folder):
    """Six processes want one key at once: one of them makes it."""
    program = tmp_path / "worker.py"
    program.write_text(textwrap.dedent("""
        import os, pathlib, sys, time
        from aic import cache
        def make(path):
            time.sleep(0.5)
            path.write_bytes(b"library")
            with open(sys.argv[1], "a") as log:
                log.write("made\\n")
        print(cache.get("k", make, lambda p: p.read_bytes())[:7].decode())
    """))
    log = tmp_path / "log"
    workers = [subprocess.Popen([sys.executable, str(program), str(log)], stdout=subprocess.PIPE, env=environment())
               for _ in range(6)]
    assert [w.communicate(timeout=120)[0].strip() for w in workers] == [b"library"] * 6
    assert log.read_text() == "made\n"
    assert [p.name for p in cache_folder.iterdir()] == ["k.so"]
