# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The demo reads its picture, and notices when ONNX Runtime ran."""
import subprocess

import pytest
from conftest import environment

pytest.importorskip("rapidocr_onnxruntime")


def test_demo(python, tmp_path):
    done = subprocess.run([*python, "-m", "aic.demo", "--out", str(tmp_path)], text=True, capture_output=True,
                          env=environment(), timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "quick brown fox" in done.stdout and (tmp_path / "boxes.png").stat().st_size > 1000


def test_real_runtime_is_noticed(python, tmp_path):
    code = "import onnxruntime; from aic.demo import loaded_libraries; print(len(loaded_libraries()) > 0)"
    done = subprocess.run([*python, "-c", code], text=True, capture_output=True, env=environment(), timeout=120)
    assert done.stdout.strip() == "True", done.stderr
