"""Who dies with whom? Parents and children of this machine's processes, as Linux has them.

Elsewhere these calls do nothing, and closed sockets tell the children instead.
Standard library only.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_libc = ctypes.CDLL(None) if sys.platform.startswith("linux") else None

_STARTS = frozenset(
    {"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.system"}
)

TRIAL = "JUPYTER_KF_TRIAL"
"""Environment variable that marks a trial's processes with its number."""


def die_with(parent: int) -> None:
    """SIGKILL for this process as soon as `parent` is gone; at once when it already is."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def adopt_orphans() -> None:
    """Processes whose parents end below this one become its children, so they can be ended."""
    if _libc is not None:
        _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def watch_forks(seen: list[bool]) -> None:
    """Puts an entry into `seen` when this process starts another one, from now on."""

    def hook(event: str, _args: object) -> None:
        if event in _STARTS and not seen:
            seen.append(True)

    sys.addaudithook(hook)


def end_orphans(trial: int, known: set[int]) -> None:
    """Ends what an ended trial left running, except processes marked as another trial's."""
    for pid in _children() - known:
        if _mark(pid) in (None, str(trial)):
            end(pid)


def end(pid: int) -> None:
    """SIGKILL, if it still is there."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)


def _children() -> set[int]:
    """Living children of this process; empty where there is no /proc."""
    me, found = os.getpid(), set()
    with contextlib.suppress(OSError):
        for entry in os.scandir("/proc"):
            if entry.name.isdigit() and _parent(entry.name) == me:
                found.add(int(entry.name))
    return found


def _parent(pid: str) -> int | None:
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return None
    return int(fields[1])


def _mark(pid: int) -> str | None:
    try:
        variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return None
    start = TRIAL.encode() + b"="
    return next((v.removeprefix(start).decode() for v in variables if v.startswith(start)), None)
