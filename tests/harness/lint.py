"""The checks of `make lint`, one test each. A row is a name, the tool it needs, and what to run."""

import glob
import hashlib
import os
import re
import shutil
import subprocess

import processes
from results import Result

TIMEOUT_S = 300
CORE = "build/core"
CPPCHECK_CACHE = "build/cppcheck"


def c_files(*patterns):
    text = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "--", *patterns],
                          check=True, stdout=subprocess.PIPE, text=True).stdout
    return [path for path in text.split() if os.path.exists(path)]


def shell_files():
    def is_shell(path):
        with open(path, "rb") as file:
            first = file.readline()
        return first.startswith((b"#!/bin/sh", b"#!/bin/bash", b"#!/usr/bin/env bash",
                                 b"#!/usr/bin/env bats"))
    found = c_files("*.sh", "*.bats", "*.bash", "build-aux/*", "tests/*", ".ci/*", "images/*")
    return sorted({path for path in found if path.endswith(".bash") or is_shell(path)})


def house(script, build):
    builds = [b for b in (build, CORE) if os.path.exists(f"{b}/compile_commands.json")]
    return [f"build-aux/{script}", *(word for b in builds for word in ("--build", b))]


class Check:
    def __init__(self, name, tool, command):
        self.name = "lint/" + name
        self.tool = tool
        self.command = command

    def run(self):
        if not shutil.which(self.tool):
            yield Result(self.name, "skipped", f"{self.tool} is not installed")
            return
        output, status = processes.run(self.command, TIMEOUT_S)
        lines = [line for line in output.splitlines() if line.strip()]
        yield Result(self.name, "passed" if status == 0 else "failed", details=lines[-60:])


def with_headers(path, texts):
    """The file and every header of ours that it includes, directly or not; `texts` gets their content."""
    found, todo = set(), [path]
    while todo:
        name = todo.pop()
        if name in found:
            continue
        if name not in texts:
            with open(name, encoding="utf-8") as file:
                texts[name] = file.read()
        found.add(name)
        named = (f"src/{include}" for include in re.findall(r'^#include "([^"]+)"', texts[name], re.MULTILINE))
        todo += [include for include in named if os.path.exists(include)]
    return found


class Tidy:
    """clang-tidy, file by file; what it found nothing in is remembered in build/lint/ until the file,
    a header it includes or the configuration changes."""

    name = "lint/clang-tidy"

    def __init__(self, build):
        self.build = build

    def stamps(self):
        with open(".clang-tidy", "rb") as file:
            shared = file.read()
        texts = {}
        for path in c_files("src/*.c"):
            key = hashlib.sha256(shared + path.encode())
            for name in sorted(with_headers(path, texts)):
                key.update(texts[name].encode())
            yield path, f"build/lint/{key.hexdigest()}"

    def run(self):
        if not shutil.which("clang-tidy"):
            yield Result(self.name, "skipped", "clang-tidy is not installed")
            return
        os.makedirs("build/lint", exist_ok=True)
        todo = {path: stamp for path, stamp in self.stamps() if not os.path.exists(stamp)}
        script = 'clang-tidy -p "$1" --quiet "$2" 2>/dev/null && touch "$3"'
        words = "\0".join(word for path, stamp in todo.items() for word in (path, stamp))
        command = ["xargs", "-0", "-P", str(os.cpu_count()), "-n", "2", "sh", "-c", script, "sh", self.build]
        done = subprocess.run(command, input=words, stdout=subprocess.PIPE, text=True, check=False)
        # The findings only: a path through the code that explains one is 50 lines.
        lines = [line for line in done.stdout.splitlines() if " error: " in line]
        yield Result(self.name, "passed" if done.returncode == 0 or not todo else "failed", details=lines)


def checks(build):
    os.makedirs(CPPCHECK_CACHE, exist_ok=True)
    yield Check("layers", "objdump", house("check-layers", build))
    yield Check("rails", "ctags", house("check-rails", build))
    yield Check("format", "clang-format", ["build-aux/check-format"])
    yield Check("shellcheck", "shellcheck", ["shellcheck", "-x", "-S", "warning", "-e", "SC3045,SC2154,SC2034", *shell_files()])
    yield Check("python", "python3", ["python3", "-m", "py_compile", *glob.glob("tests/harness/*.py"),
                                      "tests/run", "tests/vm/machine", "tests/vm/extract-vmlinux", "build-aux/check-layers", "build-aux/check-rails"])
    yield Check("cppcheck", "cppcheck",
                ["cppcheck", "-q", f"--cppcheck-build-dir={CPPCHECK_CACHE}", "--enable=warning,performance,portability", "--inline-suppr",
                 "--suppress=arrayIndexThenCheck", "--std=c11", "-j2", "-I", "src", "-D_GNU_SOURCE", "-D__x86_64__", "--error-exitcode=1", "src"])
    yield Tidy(build)
    yield Check("self-test", "bats", ["bats", "tests/lint"])
