# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""test/ mirrors lib/: every pass described in include/aic/<folder> is run by a test under test/<folder>, every tool in
tools/ has a folder under test/Tools, and no test stands in a folder that lib/ does not have."""

import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
errors = []
for td in sorted(root.glob("include/aic/**/*.td")):
    folder = td.parent.relative_to(root / "include/aic")
    texts = [test.read_text() for kind in ("*.mlir", "*.test") for test in (root / "test" / folder).rglob(kind)]
    for flag in re.findall(r'^def \w+ : Pass<"([^"]+)"', td.read_text(), re.M):
        if not any(re.search(r"RUN:.*" + re.escape(flag) + r"\b", text) for text in texts):
            errors.append(f"expected a test of --{flag} under test/{folder}")
for tool in sorted((root / "tools").glob("aic-*")):
    if "fuzzer" not in tool.name and not list((root / "test/Tools" / tool.name).glob("*")):
        errors.append(f"expected tests of {tool.name} under test/Tools/{tool.name}")
for test in sorted(root.glob("test/**/*.mlir")):
    folder = test.parent.relative_to(root / "test")
    top = folder.parts[0] if folder.parts else ""
    if top not in ("docs", "Tools", "Inputs") and "Inputs" not in folder.parts and not (root / "lib" / folder).is_dir():
        errors.append(f"expected a folder lib/{folder} for {test.relative_to(root)}")
print("\n".join(errors) or "test/ mirrors lib/")
sys.exit(bool(errors))
