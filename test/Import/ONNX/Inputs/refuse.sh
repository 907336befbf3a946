#!/bin/bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# usage: refuse.sh TOOL FOLDER   imports every model of a folder; one that is taken, or crashes the tool, is an error
export LC_ALL=C
for model in "$2"/*.onnx; do
  name=$(basename "$model" .onnx)
  [ "$name" = external-ok ] && continue
  echo "== $name:"
  "$1" --import-onnx "$model" -o "$2/out.mlir" 2>&1
  code=$?
  [ $code -ge 1 ] && [ $code -lt 128 ] || { echo "expected a failure, got status $code"; exit 1; }
  [ -e "$2/out.mlir" ] && { echo "expected no output file"; exit 1; }
done
exit 0
