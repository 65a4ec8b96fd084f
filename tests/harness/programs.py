"""Unit and root tests: cmocka programs, listed by meson with their time limits."""

import json
import os
import subprocess

import processes
import tap
from results import Result

DETAILS_MAX = 40  # lines of a crashed program's output


class Program:
    def __init__(self, row):
        self.suite = row["suite"][0].split(":")[-1]
        self.name = f"{self.suite}/{row['name']}"
        self.row = row

    def run(self):
        env = dict(self.row["env"], CMOCKA_MESSAGE_OUTPUT="TAP")
        output, status = processes.run(self.row["cmd"], self.row["timeout"], env)
        results, planned = tap.parse(output)
        yield from results
        if status is None:
            yield Result("ends in time", "failed", details=[f"not after {self.row['timeout']} s"])
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


def all_of(build):
    if not os.path.exists(f"{build}/build.ninja"):
        raise SystemExit(f"tests/run: {build} is not built: make test-programs")
    text = subprocess.run(["meson", "introspect", "--tests", build], check=True,
                          stdout=subprocess.PIPE, text=True).stdout
    return [Program(row) for row in json.loads(text)]


def of_suite(build, suite):
    return [program for program in all_of(build) if program.suite == suite]


def named(build, name):
    found = [p for p in all_of(build) if name in (p.name, p.row["name"])]
    if not found:
        raise SystemExit(f"tests/run: no suite, test program or .bats file is called '{name}'")
    return found
