"""Starting test programs so that nothing they leave behind gets out of sight.

The harness is a subreaper: whatever a test starts and abandons becomes its child, whatever program
it executes and whatever session it makes. So "what is left" is simply "which descendants are left".
"""

import ctypes
import os
import signal
import subprocess
import tempfile
import time

PR_SET_CHILD_SUBREAPER = 36
# How much slower than an ordinary machine this one is: every time limit is longer by it (tests/vm).
SLOWNESS = float(os.environ.get("TEST_SLOWNESS", "1"))


def adopt_orphans():
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def parents():
    """pid -> parent pid of everything that runs."""
    table = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as stat:
                    table[int(name)] = int(stat.read().rpartition(")")[2].split()[1])
            except (OSError, IndexError):
                pass  # it ended meanwhile
    return table


def descendants():
    table = parents()
    found, level = [], [os.getpid()]
    while level:
        level = [pid for pid, parent in table.items() if parent in level]
        found += level
    return found


def describe(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            words = file.read().replace(b"\0", b" ").decode(errors="replace").strip()
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            state = file.read().rpartition(")")[2].split()[0]
    except OSError:
        return None
    return None if state == "Z" else f"{pid} {words}"


def reap():
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def leftovers(patience_s=3):
    """What still runs of a finished test, after it had time to end."""
    deadline = time.monotonic() + patience_s
    while True:
        reap()
        left = [text for text in map(describe, descendants()) if text]
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.05)


def kill_descendants():
    for _ in range(20):
        left = descendants()
        if not left:
            return
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        time.sleep(0.05)
        reap()


def reap_others(process):
    """Bury orphans while a test runs, as the host's init would: its containers must not stay zombies."""
    while True:
        ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if ended is None or ended.si_pid == process.pid:
            return
        os.waitpid(ended.si_pid, os.WNOHANG)


def run(command, timeout_s, env=None):
    """Returns (output, exit status); the status is None when the time ran out. The output goes to a
    file: what a test leaves running would keep a pipe open."""
    full = dict(os.environ, **(env or {}))
    deadline = time.monotonic() + timeout_s
    with tempfile.TemporaryFile() as output:
        with subprocess.Popen(command, env=full, stdin=subprocess.DEVNULL, stdout=output,
                              stderr=subprocess.STDOUT, start_new_session=True) as process:
            while process.poll() is None and time.monotonic() < deadline:
                reap_others(process)
                time.sleep(0.01)
            status = process.returncode
            if status is None:
                kill_descendants()
        output.seek(0)
        return output.read().decode(errors="replace"), status
