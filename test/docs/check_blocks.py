# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks the marked code blocks of a page: check_blocks.py PAGE.md WORKDIR

  ```sh tested          runs in WORKDIR (bash -e), with all blocks of the page one after another in one folder
  ```text output        lines that the last sh block printed, in this order; `...` in a line stands for anything
  ```mlir tested        goes through aic-opt
  ```LANGUAGE from=PATH stands in that file of the repository, line by line; a line `...` skips some"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def blocks(text):
    for match in re.finditer(r"^```(\w+)([^\n]*)\n(.*?)^```$", text, re.M | re.S):
        yield text[: match.start()].count("\n") + 1, match[1], match[2].strip(), match[3]


def run(code, folder):
    done = subprocess.run(["bash", "-eo", "pipefail", "-c", code], cwd=folder, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=100)
    return done.returncode, done.stdout


def check_output(expected, output):
    """The first expected line that is not there, or None."""
    lines = iter(output.splitlines())
    for line in expected.splitlines():
        words = (re.escape(part.strip()) for part in line.split("..."))
        # Any amount of blanks is one.
        pattern = re.compile(".*".join(re.sub(r"(\\ )+", r"\\s+", word) for word in words))
        if line.strip() not in ("", "...") and not any(pattern.search(got) for got in lines):
            return line
    return None


def check_source(snippet, path):
    """The first line of a snippet that does not follow in the file, or None."""
    source = [line.strip() for line in (ROOT / path).read_text().splitlines()]
    wanted = [line.strip() for line in snippet.splitlines() if line.strip()]
    at, near = 0, False
    for line in wanted:
        if line == "...":
            near = False
            continue
        window = source[at:]
        if near:
            while window and not window[0]:
                at, window = at + 1, window[1:]
            window = window[:1]
        if line not in window:
            return line
        at, near = at + window.index(line) + 1, True
    return None


def main():
    page, folder = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    output, checked = "", 0
    for line, language, mark, code in blocks(page.read_text()):
        place = f"{page.name}:{line}"
        if language == "sh" and mark == "tested":
            status, output = run(code, folder)
            if status:
                sys.exit(f"{place}: expected exit status 0, got {status}\n{output}")
        elif language == "text" and mark == "output":
            if (missing := check_output(code, output)) is not None:
                sys.exit(f"{place}: expected the line\n  {missing}\nin\n{output}")
        elif language == "mlir" and mark == "tested":
            (folder / "block.mlir").write_text(code)
            status, text = run("aic-opt -verify-roundtrip block.mlir", folder)
            if status:
                sys.exit(f"{place}: aic-opt does not take it\n{text}")
        elif mark.startswith("from="):
            if (missing := check_source(code, mark[5:])) is not None:
                sys.exit(f"{place}: expected the line\n  {missing}\nin {mark[5:]}")
        else:
            continue
        checked += 1
    print(f"{page.name}: {checked} blocks checked")


main()
