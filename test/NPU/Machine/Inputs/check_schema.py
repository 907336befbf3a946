# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compares docs/NPU/machine.schema.json with what the tools take: check_schema.py SOURCE AIC-NPU-INFO WORKDIR

Both take every shipped and every odd machine. Each key of one of them is taken away, renamed and set to other values;
what the schema rejects the tools reject, and what only the tools reject breaks a rule that no schema can say."""
import copy
import json
import pathlib
import subprocess
import sys

import jsonschema

source, tool, work = pathlib.Path(sys.argv[1]), sys.argv[2], pathlib.Path(sys.argv[3])
sys.path.insert(0, str(source / "utils"))
import npu_odd_machines  # noqa: E402

VALUES = [None, True, -1, 0, 1.0, 1.5, 3, 33, 48, 96, 4097, 2**20 + 32, 2**60, 1e30, 1e-9, "", "NaN", "L1", "VB", "DRAM",
          "FX", "a b", {}, ["L1", "VB"], ["L1", "L1"], ["A0", "B0"], ["L1", 1], {"bytes": 32}]
# Rules beyond a schema.
BEYOND = ("expected a multiple of the alignment", "expected the same as f16", "expected each way once")


def places(value, path=()):
    """The path of every value inside a document."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield (*path, key)
        yield from places(child, (*path, key))


def changed(machine, path, change):
    machine = copy.deepcopy(machine)
    parent = machine
    for key in path[:-1]:
        parent = parent[key]
    change(parent, path[-1])
    return machine


def variants(machine):
    yield machine
    for path in places(machine):
        yield changed(machine, path, lambda parent, key: parent.pop(key))
        for value in VALUES:
            yield changed(machine, path, lambda parent, key: parent.__setitem__(key, copy.deepcopy(value)))
        if isinstance(path[-1], str):
            yield changed(machine, path, lambda parent, key: parent.__setitem__(key + "x", parent[key]))
            yield changed(machine, path, lambda parent, key: parent.__setitem__(key + "x", parent.pop(key)))


def main():
    schema = json.loads((source / "docs/NPU/machine.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    shipped = [json.loads(file.read_text()) for file in sorted((source / "lib/NPU/Machine/machines").glob("*.json"))]
    odd = list(npu_odd_machines.machines())
    assert len(shipped) == 4 and len(odd) == 20 and len({json.dumps(m) for m in shipped + odd}) == 24
    for machine in shipped + odd:
        validator.validate(machine)
    # The one with every key.
    tested = [*variants(next(m for m in shipped if m["l2"])), *shipped, *odd]
    work.mkdir(parents=True, exist_ok=True)
    names = []
    for number, machine in enumerate(tested):
        names.append(f"{number}.json")
        (work / names[-1]).write_text(json.dumps(machine))
    done = subprocess.run([tool, "--quiet", *names], cwd=work, capture_output=True, text=True)
    errors = {}
    for line in done.stderr.splitlines():
        _, _, file, message = line.split(": ", 3)
        assert file not in errors, line
        errors[file] = message
    wrong, rejected, beyond = [], 0, 0
    for name, machine in zip(names, tested):
        valid, error = validator.is_valid(machine), errors.get(name)
        rejected += error is not None
        if valid and error:
            beyond += 1
            if not any(rule in error for rule in BEYOND):
                wrong.append(f"{name}: the schema takes it, the tools say {error}")
        elif not valid and not error:
            wrong.append(f"{name}: the tools take it, the schema says {next(validator.iter_errors(machine)).message}")
        elif error and "expected " not in error:
            wrong.append(f"{name}: {error}")
    for line in wrong[:20]:
        print(line)
    print(f"{len(tested)} machines, {rejected} rejected, {beyond} of them by rules beyond the schema, {len(wrong)} wrong")
    sys.exit(bool(wrong) or done.returncode != 1 or rejected < len(tested) // 2 or not beyond)


main()
