#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Adds up the JUnit files of a folder and prints the closing line of a test run.

usage: count_tests.py FOLDER STATUS     STATUS: non-zero if a runner failed; exits non-zero then or if a test failed
"""
import pathlib
import sys
import xml.etree.ElementTree as ET

EXPECTED = ("lit", "pytest")


def main() -> None:
    folder, status = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    passed = failed = skipped = 0
    for path in sorted(folder.glob("*.xml")):
        try:
            cases = list(ET.parse(path).getroot().iter("testcase"))
        except ET.ParseError:
            print(f"error: {path.name}: expected a test report, got a damaged file", file=sys.stderr)
            failed += 1
            continue
        for case in cases:
            kinds = {child.tag for child in case}
            if kinds & {"failure", "error"}:
                failed += 1
            elif "skipped" in kinds or case.get("status") == "notrun":
                skipped += 1
            else:
                passed += 1
    for name in EXPECTED:
        if not (folder / f"{name}.xml").exists():
            print(f"error: {name} left no report: it was stopped or did not start", file=sys.stderr)
            failed += 1
    if status and not failed:
        print("error: a test runner failed without a failed test", file=sys.stderr)
        failed += 1
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    sys.exit(1 if failed or not passed else 0)


if __name__ == "__main__":
    main()
