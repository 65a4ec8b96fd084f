"""What the attacks on ambit-oci share: a bundle whose configuration is a dict, the runtime, and a
look at the host before and after. They are programs of their own because each tries hundreds of
containers, and a process of jq for each would take longer than the containers."""

import copy
import json
import os
import shutil
import subprocess
import sys


class Runtime:
    def __init__(self, program, root):
        self.command = [program, "--root", root]

    def __call__(self, *words, **options):
        """The finished process, with its output as text. Its standard streams are files of its own,
        so that a container that lives on holds nothing of ours."""
        return subprocess.run([*self.command, *words], stdin=subprocess.DEVNULL, timeout=60, text=True,
                              errors="replace", capture_output=True, check=False, **options)

    def detached(self, *words, stderr):
        """The same with what it says on stderr, a file; its text is in the answer."""
        result = subprocess.run([*self.command, *words], stdin=subprocess.DEVNULL, timeout=60,
                                stdout=subprocess.DEVNULL, stderr=stderr, check=False)
        stderr.seek(0)
        result.stdout, result.stderr = "", stderr.read()
        return result

    def background(self, *words):
        """For a container that lives on: its output goes nowhere."""
        return subprocess.run([*self.command, *words], stdin=subprocess.DEVNULL, timeout=60,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode


class Bundle:
    def __init__(self, path, runtime, init):
        self.path, self.init = path, init
        self.rootfs = os.path.join(path, "rootfs")
        os.makedirs(path, exist_ok=True)
        self.fresh()
        if os.path.exists(self.file):
            os.remove(self.file)
        runtime("spec", "--bundle", path)
        with open(self.file, encoding="utf-8") as file:
            self.config = json.load(file)
        self.config["process"]["terminal"] = False
        # Another test on this machine may have containers of the same names.
        self.config["linux"]["cgroupsPath"] = f"/attack-{os.getpid()}-{os.path.basename(path)}"
        self.config["process"]["args"] = ["/init", "pause"]

    @property
    def file(self):
        return os.path.join(self.path, "config.json")

    def fresh(self):
        """A new rootfs with nothing but the test program and the usual directories."""
        shutil.rmtree(self.rootfs, ignore_errors=True)
        for name in ("proc", "sys", "dev", "tmp", "etc", "run"):
            os.makedirs(os.path.join(self.rootfs, name))
        shutil.copy(self.init, os.path.join(self.rootfs, "init"))

    def write(self, change=None):
        """The configuration, with change(dict) applied to a copy of it."""
        config = copy.deepcopy(self.config)
        if change:
            change(config)
        with open(self.file, "w", encoding="utf-8") as file:
            json.dump(config, file)
        return config


def fingerprint(tree):
    """Everything in a tree that making, writing or mounting would change, and the host's mounts."""
    seen = {}
    for directory, names, files in os.walk(tree):
        for name in [".", *names, *files]:
            path = os.path.join(directory, name)
            st = os.lstat(path)
            seen[path] = (st.st_ino, st.st_dev, st.st_mode, st.st_uid, st.st_gid, st.st_size, st.st_mtime_ns,
                          st.st_rdev)
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        seen["mounts"] = sum(os.fsencode(tree) in os.fsencode(line) for line in file)
    return seen


class Report:
    """Says what went wrong and counts; the exit status is 1 if something did."""

    def __init__(self):
        self.tried = self.failed = 0

    def expect(self, fine, what, result=None):
        self.tried += 1
        if fine:
            return
        self.failed += 1
        print("HOLE:", what)
        if result is not None:
            print("  status", result.returncode, "out", result.stdout[-300:], "err", result.stderr[-300:])

    def end(self, least):
        print(f"{self.tried} attacks, {self.failed} came through")
        sys.exit(self.failed > 0 or self.tried < least)
