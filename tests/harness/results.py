"""Results of tests, what is allowed to be skipped, and the count at the end."""

import collections
import fnmatch
import sys
from dataclasses import dataclass, field


@dataclass
class Result:
    name: str
    outcome: str  # passed, failed, skipped
    reason: str = ""  # of a skip; of a pass that is one for this reason
    details: list = field(default_factory=list)  # lines that explain a failure
    number: int = 0  # in its file; 0: of the harness


def shortened(lines, most=60):
    """The beginning and the end, where reasons stand."""
    if len(lines) <= most:
        return lines
    return [*lines[: most // 2], f"... {len(lines) - most} lines ...", *lines[-most // 2:]]


class SkipList:
    """tests/skips.list: rows `FILE | TEST | REASON`, each a shell pattern."""

    def __init__(self, path):
        self.rows = []
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                line = line.split("#")[0].strip()
                if line:
                    row = [part.strip() for part in line.split("|")]
                    if len(row) != 3:
                        sys.exit(f"{path}: not FILE | TEST | REASON: {line}")
                    self.rows.append(row)

    def allows(self, file, result):
        values = (file, result.name, result.reason)
        return any(all(fnmatch.fnmatchcase(v, p) for v, p in zip(values, row)) for row in self.rows)


class Tally:
    def __init__(self, skip_list, strict):
        self.skip_list = skip_list
        self.strict = strict
        self.passed = 0
        self.reasons = collections.Counter()  # of passes
        self.failures = []
        self.skips = []

    def add(self, file, results, seconds, verbose):
        counts = {"passed": 0, "failed": 0, "skipped": 0}
        for result in results:
            self.judge(file, result)
            counts[result.outcome] += 1
            if verbose or result.outcome == "failed":
                print(f"  {result.outcome}: {result.name}" + (f" ({result.reason})" if result.reason else ""))
            for line in shortened(result.details) if result.outcome == "failed" else []:
                print(f"    {line}")
        words = ", ".join(f"{n} {word}" for word, n in counts.items() if n) or "nothing to run"
        print(f"{file}: {words} ({seconds:.1f} s)", flush=True)

    def judge(self, file, result):
        if result.outcome == "skipped":
            listed = self.skip_list.allows(file, result)
            if not listed and self.strict:
                result.outcome = "failed"
                result.details.append("this skip is not in tests/skips.list")
            else:
                mark = "" if listed else "  [not in tests/skips.list: a failure in CI]"
                self.skips.append(f"{file}: {result.name}: {result.reason}{mark}")
        if result.outcome == "passed":
            self.passed += 1
            self.reasons.update(filter(None, [result.reason]))
        elif result.outcome == "failed":
            self.failures.append(f"{file}: {result.name}")

    def report(self):
        for title, lines in (("skipped", self.skips), ("failed", self.failures)):
            if lines:
                print(f"\n{title}:")
                for line in lines:
                    print(f"  {line}")
        for reason, count in self.reasons.items():
            print(f"\nof the passed, {count} were {reason}")
        print(f"\n{self.passed} passed, {len(self.failures)} failed, {len(self.skips)} skipped", flush=True)
        return 1 if self.failures or self.passed == 0 else 0
