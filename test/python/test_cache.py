# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The cache on disk: hits, damage, limits, several processes."""
import errno
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


def test_evicted_while_it_was_opened(cache_folder):
    make = Maker()
    cache.get("k", make, read)

    def late(path):
        if make.calls == 1:
            path.unlink()
        return read(path)

    assert cache.get("k", make, late).startswith(b"library")
    assert make.calls == 2


def test_leftovers_of_killed_processes(cache_folder):
    old, young = cache_folder / "new-old", cache_folder / "new-young"
    for place in (old, young):
        place.mkdir(parents=True)
        (place / "model.so").write_bytes(b"half")
    os.utime(old, (1, 1))
    (cache_folder / "k.lock").touch()
    assert cache.get("k", Maker(), read).startswith(b"library")
    assert sorted(p.name for p in cache_folder.iterdir()) == ["k.so", "new-young"]


class FullMaker(Maker):
    """There is no room in the cache's folder, but elsewhere."""

    def __init__(self, folder, error):
        super().__init__()
        self.folder, self.error = folder, error

    def __call__(self, path):
        if self.folder in path.parents:
            path.write_bytes(b"half")
            raise self.error
        super().__call__(path)


def test_full_folder(cache_folder):
    make = FullMaker(cache_folder, aic.CompileError("cannot write 'model.so': No space left on device"))
    assert cache.get("k", make, read) == b"library"
    assert make.calls == 1 and list(cache_folder.iterdir()) == []


def test_room_for_the_library_but_not_for_its_seal(cache_folder, monkeypatch):
    def no_room(path):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(cache, "_seal", no_room)
    make = Maker()
    assert cache.get("k", make, read) == b"library"
    assert make.calls == 1 and list(cache_folder.iterdir()) == []


@pytest.fixture
def small_disk(tmp_path):
    """A file system that holds less than a library."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(place)], capture_output=True)
    if mounted.returncode:
        pytest.skip("needs the right to mount a file system")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_session_on_a_full_disk(linear, small_disk, monkeypatch):
    monkeypatch.setenv("AIC_CACHE_DIR", str(small_disk / "cache"))
    np.testing.assert_allclose(aic.InferenceSession(linear).run(None, {"x": X})[0], expected(X), rtol=1e-5)
    assert [p for p in small_disk.rglob("*") if p.is_file()] == []


def test_session_on_a_read_only_disk(linear, small_disk, monkeypatch):
    subprocess.run(["mount", "-o", "remount,size=16m", str(small_disk)], check=True)
    monkeypatch.setenv("AIC_CACHE_DIR", str(small_disk / "cache"))
    aic.InferenceSession(linear)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with monkeypatch.context() as m:
        m.setattr("aic.session.compile_to", lambda *_: pytest.fail("compiled again"))
        np.testing.assert_allclose(aic.InferenceSession(linear).run(None, {"x": X})[0], expected(X), rtol=1e-5)
    options = aic.SessionOptions()
    options.add_free_dimension_override_by_name("N", 1)  # an entry that is not there
    np.testing.assert_allclose(aic.InferenceSession(linear, options).run(None, {"x": X})[0], expected(X), rtol=1e-5)


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


@pytest.mark.parametrize("place", [0, 16, 0.3, 0.6, 0.9, -40, -1])
def test_session_survives_one_flipped_bit(linear, cache_folder, place):
    aic.InferenceSession(linear)
    (entry,) = entries(cache_folder)
    data = bytearray(entry.read_bytes())
    data[int(place * len(data)) if isinstance(place, float) else place] ^= 4
    damaged = entry.with_suffix(".new")
    damaged.write_bytes(data)
    damaged.replace(entry)
    np.testing.assert_allclose(aic.InferenceSession(linear).run(None, {"x": X})[0], expected(X), rtol=1e-5)
    assert entry.read_bytes() != bytes(data)


def test_sessions_in_several_processes(linear, cache_folder):
    """Real compilations of one model at once; one of them is killed."""
    program = ("import sys, numpy as np, aic\n"
               "print(aic.InferenceSession(sys.argv[1]).run(None, {'x': np.ones((1, 4), np.float32)})[0].tolist())")
    command = [sys.executable, "-c", program, str(linear)]
    workers = [subprocess.Popen(command, stdout=subprocess.PIPE, env=environment()) for _ in range(4)]
    workers.pop(0).kill()
    for worker in workers:
        out = worker.communicate(timeout=120)[0]
        assert worker.returncode == 0
        np.testing.assert_allclose(eval(out), expected(X), rtol=1e-5)
    assert len(entries(cache_folder)) == 1


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
