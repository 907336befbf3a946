# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes models from ONNX's textual form.  usage: text.py IN.txt... (each becomes IN.onnx)"""
import pathlib
import sys

import onnx
import onnx.parser

for name in sys.argv[1:]:
    path = pathlib.Path(name)
    onnx.save(onnx.parser.parse_model(path.read_text()), path.with_suffix(".onnx"))
