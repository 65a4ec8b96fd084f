"""What a test file must not leave on the host: processes, mounts, cgroups, network interfaces and
files of containers that are gone; and what it must not take: the host's mounts and devices.

Other work on the machine goes on meanwhile, so each kind counts only what can be told to be this
test's: descendants, mounts below its directory or the engine's default ones, cgroups named after the
engine that hold no foreign process, interfaces with the engine's names.
"""

import os
import re
import stat
import subprocess
import time

import processes

# The kernel lets processes, network namespaces and cgroups go a little later.
PATIENCE_S = float(os.environ.get("TEST_PATIENCE_S", "4")) * processes.SLOWNESS
CGROUP = re.compile(r"^ambit-([0-9a-f]{64}|peers-[0-9]+)$")
OWN_PLACES = ("/run/ambit", "/var/lib/ambit")


def mount_points():
    with open("/proc/self/mountinfo", encoding="utf-8", errors="replace") as file:
        return [line.split()[4] for line in file]


def cgroups():
    """Those of containers: the engine's word and an id; and those of tests/peers/sandbox."""
    found = set()
    for top, names, _ in os.walk("/sys/fs/cgroup"):
        found.update(os.path.join(top, name) for name in names if CGROUP.match(name))
    return found


def interfaces():
    return {n for n in os.listdir("/sys/class/net") if n.startswith(("ambit", "amb-", "veth"))}


def damaged_devices():
    """A test as root can replace what every program of the host relies on."""
    wanted = {"null": (1, 3), "zero": (1, 5), "full": (1, 7), "random": (1, 8), "urandom": (1, 9), "tty": (5, 0)}
    for name, numbers in wanted.items():
        try:
            status = os.stat(f"/dev/{name}")
            found = (os.major(status.st_rdev), os.minor(status.st_rdev))
            if not stat.S_ISCHR(status.st_mode) or found != numbers or status.st_mode & 0o666 != 0o666:
                yield f"/dev/{name} is {stat.filemode(status.st_mode)} {found}"
        except OSError as error:
            yield f"/dev/{name}: {error.strerror}"


def foreign(cgroup, own):
    """Does the cgroup, or one below it, hold a process that no test of ours started?"""
    for top, _, _ in os.walk(cgroup):
        try:
            with open(os.path.join(top, "cgroup.procs"), encoding="utf-8") as file:
                if any(int(pid) not in own for pid in file.read().split()):
                    return True
        except (OSError, ValueError):
            pass
    return False


class Snapshot:
    def __init__(self, directory):
        self.directory = directory
        self.mounts = set(mount_points())
        self.cgroups = cgroups()
        self.interfaces = interfaces()

    def new_mounts(self):
        places = (self.directory, *OWN_PLACES)
        return [m for m in mount_points() if m not in self.mounts and m.startswith(places)]

    def lost_mounts(self):
        """Of the host's own: on a host with shared mounts a container's umount can reach them. Those
        of tests beside this one come and go."""
        tests = os.path.join(os.path.dirname(self.directory), "ambit-")
        now = set(mount_points())
        return [m for m in sorted(self.mounts - now) if not m.startswith((tests, *OWN_PLACES))]

    def new_cgroups(self):
        own = set(processes.descendants())
        return [c for c in sorted(cgroups() - self.cgroups) if not foreign(c, own)]

    def files(self):
        """Containers and half-written files in the test's own store and state."""
        found = []
        for top, directories, files in os.walk(self.directory):
            if os.path.basename(top) in ("containers", "oci") and not top.endswith("/.config/containers"):
                found += [os.path.join(top, name) for name in directories]
                directories.clear()
            if os.path.basename(top) == "rootfs":
                directories.clear()
            found += [os.path.join(top, name) for name in files if name.startswith(".tmp-")]
        return found

    def leaks(self):
        lines = [f"process: {text}" for text in processes.leftovers(PATIENCE_S)]
        deadline = time.monotonic() + PATIENCE_S
        while True:
            mounts, groups = self.new_mounts(), self.new_cgroups()
            links = sorted(interfaces() - self.interfaces)
            if not (mounts or groups or links) or time.monotonic() > deadline:
                break
            time.sleep(0.1)
        self.clean(mounts, groups)
        lines += [f"host's device: {d}" for d in damaged_devices()]
        lines += [f"host's mount is gone: {m}" for m in self.lost_mounts()]
        lines += [f"mount: {m}" for m in mounts] + [f"cgroup: {c}" for c in groups]
        return lines + [f"interface: {i}" for i in links] + [f"file: {f}" for f in self.files()]

    def clean(self, mounts, groups):
        """So that one test's leak does not become another one's failure."""
        processes.kill_descendants()
        for mount in sorted(mounts, key=len, reverse=True):
            if mount.startswith(self.directory):
                subprocess.run(["umount", "-l", mount], check=False, stderr=subprocess.DEVNULL)
        for group in sorted(groups, key=len, reverse=True):
            try:
                os.rmdir(group)
            except OSError:
                pass
