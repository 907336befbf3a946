# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""pip installs the package from the checkout into a new virtual environment."""
import os
import subprocess
import sys

import numpy
from conftest import ROOT


def test_pip_install(tmp_path):
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    python = str(venv / "bin" / "python")
    clean = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    subprocess.run([python, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--disable-pip-version-check",
                    str(ROOT / "python")], check=True, env=clean, timeout=300)
    # numpy is taken from the environment of the tests: nothing is downloaded here.
    code = f"import sys; sys.path.append({os.path.dirname(os.path.dirname(numpy.__file__))!r}); import aic; print(aic.__file__)"
    done = subprocess.run([python, "-c", code], text=True, capture_output=True, env=clean, timeout=120, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(venv))
    # The drivers without a chip come with it, and are found there.
    (tmp_path / "relu.mlir").write_text("func.func @main(%x: tensor<8xf32>) -> tensor<8xf32> {\n"
                                        "  %0 = aic.relu %x : (tensor<8xf32>) -> tensor<8xf32>\n  return %0 : tensor<8xf32>\n}\n")
    code = f"import sys; sys.path.append({os.path.dirname(os.path.dirname(numpy.__file__))!r})\n" + """
import aic, numpy
for target in "npu", "nvidia":
    model = aic.compile("relu.mlir", target=target)
    print(target, model.device_name, model(numpy.array([-1, 1] * 4, "f4")).sum())
"""
    for name in "AIC_LIBNPU", "AIC_LIBCUDA":
        clean.pop(name, None)
    done = subprocess.run([python, "-c", code], text=True, capture_output=True, env=clean, timeout=120, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("npu  4.0\nnvidia ") and done.stdout.endswith(" 4.0\n"), done.stdout
