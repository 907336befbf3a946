# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs a command and fails if it takes more than SECONDS of processor time: cpu_time.py SECONDS COMMAND...

Processor time, and the best of three runs, so that other programs on the machine do not count.
"""

import resource
import subprocess
import sys

limit, times = float(sys.argv[1]), []
for _ in range(3):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    if subprocess.run(sys.argv[2:]).returncode:
        sys.exit(1)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    if times[-1] <= limit:
        sys.exit(0)
sys.exit(f"expected at most {limit} s of processor time, got " + ", ".join(f"{t:.2f} s" for t in times))
