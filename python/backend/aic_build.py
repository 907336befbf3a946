# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The build backend of the package (PEP 517 and 660), without dependencies.

The compiled module is the one CMake makes: what the checkout's build/ holds is taken as it is; where there is none,
utils/build.sh makes it first.
"""
from __future__ import annotations

import base64
import hashlib
import pathlib
import subprocess
import sysconfig
import tarfile
import tomllib
import zipfile

PYTHON = pathlib.Path(__file__).resolve().parent.parent
ROOT = PYTHON.parent
PROJECT = tomllib.loads((PYTHON / "pyproject.toml").read_text())["project"]
NAME, VERSION = PROJECT["name"], PROJECT["version"]


def _module() -> pathlib.Path:
    """The compiled module for the interpreter that asks."""
    path = ROOT / "build" / "python" / "aic" / f"_aic{sysconfig.get_config_var('EXT_SUFFIX')}"
    if not path.exists():
        subprocess.run([str(ROOT / "utils" / "build.sh"), "_aic"], check=True)
    if not path.exists():
        found = [p.name for p in path.parent.glob("_aic*.so")]
        raise SystemExit(f"error: expected {path.name}, which matches this Python, got {found or 'no module'} in build/")
    return path


def _drivers() -> list[pathlib.Path]:
    """What models for the NPU and for GPUs run on where there is no such chip. They lie beside the module."""
    paths = [ROOT / "build" / "lib" / f"lib{name}.so" for name in ("aicnpu", "aicfakecuda")]
    for path in paths:
        if not path.exists():
            subprocess.run([str(ROOT / "utils" / "build.sh"), path.stem.removeprefix("lib")], check=True)
    return paths


def _metadata() -> str:
    lines = ["Metadata-Version: 2.1", f"Name: {NAME}", f"Version: {VERSION}", f"Summary: {PROJECT['description']}",
             f"Requires-Python: {PROJECT['requires-python']}"]
    lines += [f"Requires-Dist: {d}" for d in PROJECT["dependencies"]]
    for extra, needs in PROJECT["optional-dependencies"].items():
        lines += [f"Provides-Extra: {extra}"] + [f'Requires-Dist: {d} ; extra == "{extra}"' for d in needs]
    return "\n".join(lines) + "\n"


def _wheel(folder: str, files: dict[str, bytes]) -> str:
    version = sysconfig.get_config_var("py_version_nodot")
    tag = f"cp{version}-cp{version}-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"
    name, info = f"{NAME}-{VERSION}-{tag}.whl", f"{NAME}-{VERSION}.dist-info"
    files = files | {
        f"{info}/METADATA": _metadata().encode(),
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: aic\nRoot-Is-Purelib: false\nTag: {tag}\n".encode(),
    }
    record = []
    with zipfile.ZipFile(pathlib.Path(folder) / name, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            archive.writestr(path, content)
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            record.append(f"{path},sha256={digest},{len(content)}")
        archive.writestr(f"{info}/RECORD", "\n".join([*record, f"{info}/RECORD,,", ""]))
    return name


def build_wheel(wheel_directory: str, config_settings=None, metadata_directory=None) -> str:
    module, source = _module(), PYTHON / "src"
    files = {str(p.relative_to(source)): p.read_bytes() for p in sorted(source.glob("aic/**/*.py"))}
    return _wheel(wheel_directory, files | {f"aic/{p.name}": p.read_bytes() for p in (module, *_drivers())})


def build_editable(wheel_directory: str, config_settings=None, metadata_directory=None) -> str:
    return _wheel(wheel_directory, {"aic-editable.pth": f"{_module().parent.parent}\n".encode()})


def build_sdist(sdist_directory: str, config_settings=None) -> str:
    """The Python part only: the rest of the checkout is needed to build."""
    stem = f"{NAME}-{VERSION}"
    with tarfile.open(pathlib.Path(sdist_directory) / f"{stem}.tar.gz", "w:gz") as archive:
        for part in ("pyproject.toml", "README.md", "backend", "src"):
            archive.add(PYTHON / part, f"{stem}/{part}")
    return f"{stem}.tar.gz"
