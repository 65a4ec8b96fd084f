"""The fault lane: test files run with programs that find one system call missing (ENOSYS, as on an older
kernel) or refused (EPERM, as by a filter around us). Every test passes by another way, or what it
tried was refused in words that name the call. What has another way must pass.

A test that fails after such words counts as passed here, and is counted again as refused at the end:
the lane shows that the words come, and that nothing is left behind. It does not where one of our own
messages has the error without the words, or where it was not over in time. Tests that never began
because their setup_file was refused are not counted.
"""

import errno
import glob
import itertools
import os
import re
import shutil
import tempfile

import bats
from results import Result

# A call -> what must be said where it is missing; None: there is another way, tests must pass.
CALLS = {
    "openat2": None,
    "clone3": None,
    "pidfd_open": None,
    "close_range": None,
    "fsopen": "fsopen",
    "open_tree": "open_tree",
    "move_mount": "move_mount",
    "mount_setattr": "mount_setattr",
}
ERRORS = ("ENOSYS", "EPERM")
# Files whose tests go on with what earlier ones of them made: the words may have come there.
CHAINED = ("registry.bats", "registry_platforms.bats")
# One of our own lines that ends in the error: what refused must be in it.
OURS = re.compile(r"^(ambit[a-z -]*: |time=\"[^\"]+\" level=(error|fatal) )")
# What Tally counts of them at the end.
REFUSED = "refused in words that name the call"
# Not all of them on all: about a minute.
SHORT = {"ENOSYS": "oci_lifecycle", "EPERM": "oci_exec"}


class File(bats.File):
    def __init__(self, path, call, error):
        super().__init__(path, prefix=f"faults/{call}={error}/")
        self.words = CALLS.get(call)
        self.error = os.strerror(getattr(errno, error, 0))
        self.env = {
            "FAULT": f"{call}={error}",
            "FAULT_PROGRAMS": os.path.abspath("build/bin"),
            "FAULT_DENY": os.path.abspath("build/host/tests/deny/deny"),
        }

    def run(self):
        place = tempfile.mkdtemp(prefix="ambit-fault.", dir=bats.PLACE)
        os.chmod(place, 0o755)
        for name in os.listdir(self.env["FAULT_PROGRAMS"]):
            os.symlink(os.path.abspath("tests/deny/faulty"), os.path.join(place, name))
        log = os.path.join(place, "log")
        os.mkdir(log)
        os.chmod(log, 0o1777)  # tests call programs as ordinary users
        self.env.update(PROGRAMS=place, FAULT_LOG=log if self.words else "")
        begun, refused = True, False
        for result in super().run():
            begun = begun and result.name != "setup_file failed"
            if result.name == "runs" and refused:
                continue
            judged = self.judged(result, log, begun)
            refused = refused or not begun and judged.reason == REFUSED
            yield judged
        shutil.rmtree(place)

    def judged(self, result, log, begun):
        if result.outcome != "failed" or not self.words or result.name == "ends in time" or \
                (result.name == "runs" and begun):
            return result
        if result.name == "leaves nothing behind":
            # A test that broke off could not stop the programs it had written in itself.
            left = [line for line in result.details if not re.match(r"process: \d+ python3 - ", line)]
            return Result(result.name, "failed" if left else "passed", details=left)
        numbers = range(result.number, result.number + 1)
        if not begun or result.name.startswith("teardown"):
            numbers = range(1000)
        elif os.path.basename(self.path) in CHAINED:
            numbers = range(1, result.number + 1)
        files = [file for file in glob.glob(f"{log}/*") if int(os.path.basename(file).split(".")[0]) in numbers]
        said = "".join(open(file, encoding="utf-8", errors="replace").read() for file in files)
        # A finding is said on standard output, which the test shows (lib.bash, show).
        shown = itertools.dropwhile(lambda line: not line.startswith(" output: "), result.details)
        said += "".join(itertools.takewhile(lambda line: not line.startswith(" errors: "), shown))
        unclear = [line for line in said.splitlines()
                   if OURS.match(line) and self.error in line and not re.search(self.words, line)]
        if re.search(self.words, said) and not unclear:
            return Result(result.name, "passed", REFUSED)
        result.details += [f"unclear: {line}" for line in unclear]
        return result


def of_lane(long_too, denied):
    for call, error in denied or itertools.product(CALLS, ERRORS):
        if long_too:
            paths = [file.path for file in bats.of_suite("integration", False) if file.faulty]
        else:
            name = "oci_exec" if CALLS[call] else SHORT[error]
            paths = [f"tests/integration/{name}.bats"]
        for path in paths:
            yield File(path, call, error)
