"""Integration and security tests: .bats files, each with a directory of its own, a time limit and
a check that it left nothing behind.

Comments in a file's head that mean something here: `# timeout: SECONDS` (120 without it), `# long`
(run by check-all only), `# not sanitized: WHY` (left out of the suite asan) and `# not faulty: WHY`
(left out of the suite faults).
"""

import glob
import os
import re
import shutil
import subprocess
import tempfile

import leaks
import processes
import tap
from results import Result

TIMEOUT_S = 120
# On a real disk: overlay needs one, and people's stores are on one.
PLACE = os.environ.get("AMBIT_TEST_TMPDIR", "/var/tmp")


class File:
    def __init__(self, path, prefix="", env=None):
        self.path = path
        self.name = prefix + re.sub(r"^tests/", "", path)
        self.env = env or {}
        with open(path, encoding="utf-8") as file:
            head = file.read(2000)
        limit = re.search(r"^# timeout: (\d+)", head, re.MULTILINE)
        self.timeout_s = (int(limit.group(1)) if limit else TIMEOUT_S) * processes.SLOWNESS
        self.long = bool(re.search(r"^# long\b", head, re.MULTILINE))
        self.sanitized = not re.search(r"^# not sanitized: \S", head, re.MULTILINE)
        self.faulty = not re.search(r"^# not faulty: \S", head, re.MULTILINE)

    def run(self):
        if not shutil.which("bats"):
            yield Result("bats", "failed", details=["bats is missing: make packages"])
            return
        directory = tempfile.mkdtemp(prefix="ambit-test.", dir=PLACE)
        os.chmod(directory, 0o711)  # a container's mapped root must be able to walk through
        before = leaks.Snapshot(directory)
        output, status = processes.run(["bats", "--formatter", "tap", self.path], self.timeout_s,
                                       dict(self.env, AMBIT_TEST_DIR=directory))
        results, planned = tap.parse(output)
        yield from results
        if status is None:
            yield Result("ends in time", "failed",
                         details=[f"not after {self.timeout_s:.0f} s", *output.splitlines()[-10:]])
        elif not planned or len(results) < planned or \
                (status != 0 and not any(r.outcome == "failed" for r in results)):
            yield Result("runs", "failed", details=output.splitlines()[-20:])
        left = before.leaks()
        outcome = "failed" if left else "passed"
        yield Result("leaves nothing behind", outcome, details=left)
        subprocess.run(["rm", "-rf", "--one-file-system", directory], check=False)


def of_suite(suite, long_too, **options):
    files = [File(path, **options) for path in sorted(glob.glob(f"tests/{suite}/*.bats"))]
    return [file for file in files if long_too or not file.long]


def of_asan(long_too):
    """The same files with the programs of the sanitizers' build, which are slower and larger; without
    those that measure."""
    env = {"PROGRAMS": os.path.abspath("build/asan/bin"), "SANITIZED": "1"}
    files = [file for suite in ("integration", "security")
             for file in of_suite(suite, long_too, prefix="asan/", env=env) if file.sanitized]
    for file in files:
        file.timeout_s *= 3
    return files
