"""The Test Anything Protocol as bats and cmocka speak it."""

import re

from results import Result

LINE = re.compile(r"^(not )?ok (\d+)\b\s*(?:- )?(.*)$")
PLAN = re.compile(r"^1\.\.(\d+)")
SKIP = re.compile(r"(.*?)# skip\b[:\s]*(.*)", re.IGNORECASE)


def parse(text):
    """Returns (results, planned) of a run's output; planned is None without a plan line."""
    results, planned, said = [], None, ""
    for line in text.splitlines():
        plan, match = PLAN.match(line), LINE.match(line)
        if plan and planned is None:
            planned = int(plan.group(1))
        elif match:
            results.append(result_of(match, said))
            results[-1].number = int(match.group(2))
            said = ""
        elif line.startswith("#") and results:
            results[-1].details.append(line[1:].strip("\n"))
        elif line.startswith("SKIP: "):
            said = line[len("SKIP: "):]  # cmocka's skip() takes no reason: the test printed it
    return results, planned


def result_of(match, said):
    failed, rest = bool(match.group(1)), match.group(3)
    skip = SKIP.match(rest)
    if not skip:
        return Result(rest.strip(), "failed" if failed else "passed")
    before, after = skip.group(1).strip(), skip.group(2).strip()
    # bats: "name # skip reason"; cmocka: "# SKIP name", and "not ok" although nothing failed
    return Result(before, "skipped", after) if before else Result(after, "skipped", said)
