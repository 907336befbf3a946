# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""embed.py MODEL.mlir TEXT.ptx: the model with the text in the place of @PTX@."""
import sys

model, text = (open(path, encoding="utf-8").read() for path in sys.argv[1:3])
print(model.replace("@PTX@", text.replace("\\", "\\5C").replace('"', "\\22").replace("\n", "\\0A").replace("\t", "\\09")))
