"""Unit and root tests: cmocka programs, listed by meson with their time limits. The suite asan is both
from a build with sanitizers."""

import json
import os

import processes
import tap
from results import Result

DETAILS_MAX = 40  # lines of a crashed program's output


ASAN_BUILD = "build/asan"
# The first finding ends the program, so that it fails; leaks are looked for at the end.
ASAN_ENV = {"ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0",
            "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1"}


class Program:
    def __init__(self, row, prefix="", env=None):
        self.suite = row["suite"][0].split(":")[-1]
        self.name = f"{prefix}{self.suite}/{row['name']}"
        self.row = row
        self.env = dict(row["env"], CMOCKA_MESSAGE_OUTPUT="TAP", **(env or {}))
        self.timeout_s = row["timeout"] * processes.SLOWNESS

    def run(self):
        env = self.env
        output, status = processes.run(self.row["cmd"], self.timeout_s, env)
        results, planned = tap.parse(output)
        yield from results
        if status is None:
            yield Result("ends in time", "failed", details=[f"not after {self.timeout_s:.0f} s"])
        elif planned is None:
            yield self.whole(output, status)
        elif len(results) < planned or (status != 0 and not any(r.outcome == "failed" for r in results)):
            yield Result("ends well", "failed", details=[f"exit status {status}",
                                                         *output.splitlines()[-DETAILS_MAX:]])
        left = processes.leftovers()
        if left:
            processes.kill_descendants()
            yield Result("leaves nothing behind", "failed", details=left)

    def whole(self, output, status):
        """A program without TAP is one test; 77 is automake's word for skipped."""
        lines = output.splitlines()
        if status == 77:
            return Result(self.row["name"], "skipped", lines[-1] if lines else "")
        outcome = "passed" if status == 0 else "failed"
        return Result(self.row["name"], outcome, details=lines[-DETAILS_MAX:])


def all_of(build, **options):
    if not os.path.exists(f"{build}/build.ninja"):
        raise SystemExit(f"tests/run: {build} is not built: make test-programs")
    # What `meson introspect --tests` prints, without meson: the VM has none.
    with open(f"{build}/meson-info/intro-tests.json", encoding="utf-8") as file:
        return [Program(row, **options) for row in json.load(file)]


def of_suite(build, suite):
    if suite == "asan":
        return all_of(ASAN_BUILD, prefix="asan/", env=ASAN_ENV)
    return [program for program in all_of(build) if program.suite == suite]


def named(build, name):
    found = [p for p in all_of(build) if name in (p.name, p.row["name"])]
    if not found:
        raise SystemExit(f"tests/run: no suite, test program or .bats file is called '{name}'")
    return found
