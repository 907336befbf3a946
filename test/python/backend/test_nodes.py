# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The node tests of ONNX: those of passing.txt pass, no other does, and the rest end in a diagnostic."""
import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import runner  # noqa: E402


@pytest.fixture(scope="module")
def outcomes() -> dict[str, runner.Outcome]:
    tests = runner.node_tests()
    assert len(tests) == 1404
    return {o.name: o for o in runner.run(tests, jobs=min(2, len(os.sched_getaffinity(0))))}


def report(bad: list[runner.Outcome]) -> str:
    return "\n".join(f"{o.result} {o.name}: {o.message}" for o in bad[:40])


def test_listed_pass(outcomes):
    bad = [outcomes[n] for n in sorted(runner.listed()) if outcomes[n].result != "pass"]
    assert not bad, f"{len(bad)} listed tests do not pass:\n{report(bad)}"


def test_passing_are_listed(outcomes):
    known = runner.listed()
    bad = [o for o in outcomes.values() if o.result == "pass" and o.name not in known]
    assert not bad, f"{len(bad)} tests pass that passing.txt lacks (runner.py --update):\n{report(bad)}"


def test_rest_end_in_a_diagnostic(outcomes):
    bad = [o for o in outcomes.values() if o.result not in ("pass", "diagnostic", "close")]
    assert not bad, f"{len(bad)} tests end in neither a right answer nor a diagnostic:\n{report(bad)}"


def test_enough_pass(outcomes):
    assert sum(o.result == "pass" for o in outcomes.values()) >= 600
