"""Which processes belong to a run, and how is it proven that none is left?

A run's processes are those that carry its id in their environment, and all descendants of its
supervisor, whatever session, group or environment they made for themselves. Another run that was
submitted from inside is not part of it. Signals go through a pidfd, so that a number that was
given to somebody else meanwhile is never hit. Standard library only; /proc where there is one,
`ps` elsewhere (macOS), which sees descendants and groups but no environments.
"""

from __future__ import annotations

import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from collections.abc import Callable, Iterable
else:
    import _signal as signal  # without enum, which would double the time to the start

RUN = "JUPYTER_KF_RUN"  # in the environment of all that a run started
SUPERVISOR = "JUPYTER_KF_SUPERVISOR"  # in a supervisor's own: the run it watches
HAS_PROC = os.path.exists("/proc/self/stat")
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Process:
    """One line of the process table. `start` is in clock ticks since boot; rss in bytes."""

    __slots__ = ("group", "parent", "pid", "rss", "start", "state")

    def __init__(self, pid: int, parent: int, group: int, state: str) -> None:
        self.pid, self.parent, self.group, self.state = pid, parent, group, state
        self.start = 0
        self.rss = 0


def table() -> dict[int, Process]:
    """All processes that can be seen, by pid."""
    if not HAS_PROC:
        return _table_of_ps()
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            process = _read_stat(int(name))
            if process:
                found[process.pid] = process
    return found


def start_of(pid: int) -> int | None:
    """When a process started; None when there is no such process, or it is a zombie."""
    if not HAS_PROC:
        return 0 if pid in _table_of_ps() else None
    process = _read_stat(pid)
    return None if process is None or process.state in "ZX" else process.start


def members(
    run_id: str, *, under: Iterable[int] = (), group: int | None = None
) -> dict[int, Process]:
    """The living processes of a run, apart from this one, by pid.

    Args:
        under: supervisors whose descendants belong to the run.
        group: process group of the run, where environments can't be read.
    """
    everybody = table()
    mine = _descendants(everybody, set(under))
    if HAS_PROC:
        wanted = f"{RUN}={run_id}".encode()
        mine |= {pid for pid in everybody if pid not in mine and wanted in _environment(pid)}
    elif group:
        mine |= {process.pid for process in everybody.values() if process.group == group}
    mine.discard(os.getpid())
    return {pid: everybody[pid] for pid in mine if everybody[pid].state not in "ZX"}


def resident_bytes(processes: Iterable[Process]) -> int:
    """Memory that they occupy together; pages that they share count once where the kernel tells."""
    total = 0
    for process in processes:
        try:
            with open(f"/proc/{process.pid}/smaps_rollup", "rb") as stream:
                total += next(
                    int(line.split()[1]) * 1024 for line in stream if line.startswith(b"Pss:")
                )
        except (OSError, StopIteration, ValueError):
            total += process.rss
    return total


def send(process: Process, number: int) -> None:
    """Signals this very process; nothing when it has ended."""
    try:
        if not hasattr(os, "pidfd_open"):
            os.kill(process.pid, number)
            return
        handle = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return
    except OSError:  # a kernel before 5.3
        _kill_quietly(process.pid, number)
        return
    try:
        if start_of(process.pid) == process.start:
            signal.pidfd_send_signal(handle, number)
    except ProcessLookupError:
        pass
    finally:
        os.close(handle)


def end(
    find: Callable[[], dict[int, Process]],
    *,
    grace_s: float,
    patience_s: float = 10.0,
    between: Callable[[float], None] = time.sleep,
) -> list[int]:
    """Ends all that `find` finds, gently and then not; returns the pids that could not be ended.

    Args:
        grace_s: from SIGTERM to SIGKILL; 0 kills at once.
        patience_s: how long SIGKILL is repeated, for those that are being born or can't be
            interrupted.
        between: waits for the given seconds; a supervisor reaps and relays meanwhile.
    """
    begun = time.monotonic()
    told: set[int] = set()
    delay_s = 0.002
    while alive := find():
        waited_s = time.monotonic() - begun
        if waited_s > grace_s + patience_s:
            return sorted(alive)
        for process in alive.values():
            if waited_s >= grace_s:
                send(process, signal.SIGKILL)
            elif process.pid not in told:
                told.add(process.pid)
                send(process, signal.SIGTERM)
        between(delay_s)
        delay_s = min(0.1, delay_s * 1.5)
    return []


def _descendants(everybody: dict[int, Process], roots: set[int]) -> set[int]:
    children: dict[int, list[int]] = {}
    for process in everybody.values():
        children.setdefault(process.parent, []).append(process.pid)
    found: set[int] = set()
    waiting = [pid for root in roots for pid in children.get(root, [])]
    while waiting:
        pid = waiting.pop()
        if pid in found or pid in roots or _is_supervisor(pid):
            continue
        found.add(pid)
        waiting.extend(children.get(pid, []))
    return found


def _is_supervisor(pid: int) -> bool:
    return any(entry.startswith(SUPERVISOR.encode() + b"=") for entry in _environment(pid))


def _environment(pid: int) -> list[bytes]:
    try:
        with open(f"/proc/{pid}/environ", "rb") as stream:
            return stream.read().split(b"\0")
    except OSError:  # ended, or somebody else's
        return []


def _read_stat(pid: int) -> Process | None:
    try:
        with open(f"/proc/{pid}/stat", "rb") as stream:
            # the name, in brackets, may hold anything; proc(5) numbers fields from 1
            fields = stream.read().rpartition(b")")[2].split()
    except OSError:
        return None
    process = Process(pid, int(fields[1]), int(fields[2]), fields[0].decode())
    process.start = int(fields[19])
    process.rss = int(fields[21]) * _PAGE
    return process


def _table_of_ps() -> dict[int, Process]:
    import subprocess

    command = ["/bin/ps", "-axo", "pid=,ppid=,pgid=,state=,rss="]
    text = subprocess.run(command, capture_output=True, text=True, check=False).stdout  # noqa: S603
    found = {}
    for line in text.splitlines():
        pid, parent, group, state, kib = line.split()
        process = Process(int(pid), int(parent), int(group), state[0])
        process.rss = int(kib) * 1024
        found[process.pid] = process
    return found


def _kill_quietly(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass
