"""What the checks share: the tree's C files, their layers, includes, objects, and the exceptions."""

import argparse
import json
import os
import re
import subprocess
import sys

# The house, bottom up (docs/architecture.md). A file may include its own folder and those of lower
# levels; folders of one level are siblings and do not know each other.
LEVELS = (("base",), ("linux", "spec"), ("runtime", "image", "net"), ("engine",), ("cmd",))
LEVEL_OF = {folder: level for level, folders in enumerate(LEVELS) for folder in folders}

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)
COMMENT_OR_STRING = re.compile(
    r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)


class Source:
    def __init__(self, top, path):
        self.path = path
        with open(os.path.join(top, path), encoding="utf-8") as file:
            self.text = file.read()
        parts = path.split("/")
        self.layer = parts[1] if parts[0] == "src" and len(parts) > 2 else None
        self.folder = os.path.dirname(path)
        self.noun = os.path.splitext(parts[-1])[0]
        self.is_header = path.endswith(".h")

    def lines(self):
        return self.text.count("\n")

    def code(self):
        """The text with comments and strings blanked out, lines and columns kept."""
        return COMMENT_OR_STRING.sub(lambda m: re.sub(r"[^\n]", " ", m.group(0)), self.text)

    def includes(self):
        """Paths below the top of the project's headers that this file includes."""
        for name in INCLUDE.findall(self.text):
            beside = os.path.normpath(os.path.join(self.folder, name))
            yield beside, os.path.normpath(os.path.join("src", name))


def sources(top, *folders):
    found = []
    for folder in folders:
        for where, directories, files in os.walk(os.path.join(top, folder)):
            directories.sort()
            found += [os.path.relpath(os.path.join(where, name), top)
                      for name in sorted(files) if name.endswith((".c", ".h"))]
    return [Source(top, path) for path in found]


def objects(build, top):
    """source path -> object file, of the sources in src/ that BUILD compiles."""
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
        rows = json.load(file)
    table = {}
    for row in rows:
        source = os.path.normpath(os.path.join(row["directory"], row["file"]))
        path = os.path.relpath(source, os.path.abspath(top))
        output = os.path.join(row["directory"], row["output"])
        if path.startswith("src/") and os.path.exists(output):
            table[path] = output
    return table


def symbols(object_file):
    """(name, section, is global) of each object and function that the object file defines."""
    text = subprocess.run(["objdump", "-t", object_file], check=True, stdout=subprocess.PIPE,
                          text=True).stdout
    for line in text.splitlines():
        match = re.match(r"^[0-9a-f]+ (.{7}) (\S+)\t[0-9a-f]+ (?:\.hidden )?(\S+)$", line)
        if match and match.group(1)[-1] in "FO" and not match.group(2).startswith("*"):
            yield match.group(3), match.group(2), match.group(1)[0] in "gu!"


class Exceptions:
    """build-aux/exceptions.list: rows `RULE FILE [NAME] [NUMBER]` that the rails still bear.

    A row that nothing needs any more is an error itself, and so is a number higher than what is
    there: the list only shrinks.
    """

    def __init__(self, path, rules):
        self.rows = {}
        self.used = set()
        if not os.path.exists(path):
            return
        with open(path, encoding="utf-8") as file:
            for line in file:
                words = line.split("#")[0].split()
                if words and words[0] in rules:
                    number = int(words.pop()) if words[-1].isdigit() else None
                    self.rows[tuple(words)] = number

    def allows(self, *key, value=None):
        if key not in self.rows:
            return False
        self.used.add(key)
        limit = self.rows[key]
        return limit is None or value is None or value <= limit

    def stale(self):
        return [f"exceptions.list: no longer needed: {' '.join(key)}"
                for key in self.rows if key not in self.used]


def arguments(description):
    parser = argparse.ArgumentParser(description=description)
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    parser.add_argument("--top", default=here, help="the tree to check")
    parser.add_argument("--build", action="append", default=[],
                        help="a build directory, for what only objects tell")
    return parser.parse_args()


def report(problems, summary):
    for problem in problems:
        print(problem)
    print(summary if not problems else f"{len(problems)} problems")
    sys.exit(1 if problems else 0)
