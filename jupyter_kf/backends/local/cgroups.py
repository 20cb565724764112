"""Can the kernel hold a run to its limits, and did it?

One control group per process of a run, below the group this machine lets us use: version 2 where
a folder was delegated to us, version 1 where its hierarchies are writable. Groups are removed
when the run has ended. Standard library only.

Source: kernel documentation, admin-guide/cgroup-v2 and admin-guide/cgroup-v1/memory.
"""

from __future__ import annotations

import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PERIOD_US = 100_000


def find(mounts: str = "/proc/self/mounts", own: str = "/proc/self/cgroup") -> dict[str, Any]:
    """``{"memory": folder, "cpu": folder}`` in which groups can be made; {} when there are none.

    The folders come with their version, as ``{"memory": [2, "/sys/fs/cgroup/..."]}``.
    """
    try:
        with open(mounts) as stream:
            mounted = [line.split()[:4] for line in stream]
        with open(own) as stream:
            groups = [line.rstrip("\n").split(":", 2) for line in stream]
    except OSError:
        return {}
    usable: dict[str, Any] = {}
    for _, where, kind, options in mounted:
        if kind == "cgroup2":
            path = next((g[2] for g in groups if g[0] == "0"), "/")
            for controller in ("memory", "cpu"):
                folder = _delegated(where, path, controller)
                if folder and controller not in usable:
                    usable[controller] = [2, folder]
        elif kind == "cgroup":
            for controller in {"memory", "cpu"} & set(options.split(",")):
                path = next((g[2] for g in groups if controller in g[1].split(",")), "/")
                folder = where + path.rstrip("/")
                if os.access(folder, os.W_OK):
                    usable[controller] = [1, folder]
    return usable


def _delegated(where: str, path: str, controller: str) -> str | None:
    """The nearest group above us that is writable and hands the controller down."""
    while True:
        folder = where + path.rstrip("/")
        if os.access(folder, os.W_OK) and controller in _read(folder, "cgroup.subtree_control"):
            return folder
        if path in ("", "/"):
            return None
        path = os.path.dirname(path)


def create(
    usable: dict[str, Any], name: str, memory_bytes: int | None, cpu: float | None
) -> list[str]:
    """Makes the groups that hold one process to its limits; returns their folders.

    Raises:
        OSError: the kernel refused; what was made is removed.
    """
    made: list[str] = []
    try:
        if memory_bytes is not None and "memory" in usable:
            version, base = usable["memory"]
            folder = _make(base, name, made)
            if version == 2:
                _write(folder, "memory.max", memory_bytes)
                _try(folder, "memory.swap.max", 0)
                _try(folder, "memory.oom.group", 1)
            else:
                _write(folder, "memory.limit_in_bytes", memory_bytes)
                _try(folder, "memory.memsw.limit_in_bytes", memory_bytes)
        if cpu is not None and "cpu" in usable:
            version, base = usable["cpu"]
            folder = _make(base, name, made)
            quota_us = max(1000, int(cpu * PERIOD_US))
            if version == 2:
                _write(folder, "cpu.max", f"{quota_us} {PERIOD_US}")
            else:
                _write(folder, "cpu.cfs_quota_us", quota_us)
    except OSError:
        remove(made)
        raise
    return made


def enter(folders: list[str]) -> None:
    """Moves the calling process into its groups."""
    for folder in folders:
        _write(folder, "cgroup.procs", os.getpid())


def oom_kills(folders: list[str]) -> int:
    """How many processes the kernel killed in these groups for want of memory."""
    return sum(
        _counter(folder, file, "oom_kill")
        for folder in folders
        for file in ("memory.events", "memory.oom_control")
    )


class MachineKills:
    """Did the kernel end a process because the whole machine was out of memory?

    The kernel counts such kills, but tells only its log whom it took, and the count includes
    whatever ran into the limit of a group of its own. So a kill is taken for the run's when it
    is recent and the run was large: the kernel takes whoever holds most.
    """

    RECENT_S = 10.0  # to give back a large process's memory takes the kernel seconds
    LARGE = 1 / 20  # of the machine's memory

    def __init__(self, proc: str = "/proc") -> None:
        self._proc = proc
        self._before = self._since = self._count()
        self._due = time.monotonic() + self.RECENT_S

    def look(self) -> None:
        """Called now and then while the run lasts, so that old kills are forgotten."""
        if time.monotonic() >= self._due:
            self._before, self._since = self._since, self._count()
            self._due = time.monotonic() + self.RECENT_S

    def took(self, peak_bytes: float, machine_bytes: float) -> bool:
        """Whether a run that held this much at most, and was killed just now, was taken."""
        return self._count() > self._before and peak_bytes >= self.LARGE * machine_bytes

    def _count(self) -> int:
        return _counter(self._proc, "vmstat", "oom_kill")


def peak_bytes(folders: list[str]) -> int:
    """The most memory the groups ever held; 0 when the kernel does not tell."""
    peaks = [
        int(text)
        for folder in folders
        for file in ("memory.peak", "memory.max_usage_in_bytes")
        if (text := _read(folder, file).strip()).isdigit()
    ]
    return sum(peaks)


def remove(folders: list[str]) -> None:
    """Removes the groups; one that is still being emptied gets a moment."""
    for folder in folders:
        for attempt in range(50):
            try:
                os.rmdir(folder)
            except FileNotFoundError:
                break
            except OSError:
                time.sleep(0.001 * attempt)
            else:
                break


def _make(base: str, name: str, made: list[str]) -> str:
    folder = os.path.join(base, name)
    if folder not in made:
        os.mkdir(folder)
        made.append(folder)
    return folder


def _counter(folder: str, file: str, key: str) -> int:
    for line in _read(folder, file).splitlines():
        name, _, value = line.partition(" ")
        if name == key and value.strip().isdigit():
            return int(value)
    return 0


def _read(folder: str, file: str) -> str:
    try:
        with open(os.path.join(folder, file)) as stream:
            return stream.read()
    except OSError:
        return ""


def _write(folder: str, file: str, value: object) -> None:
    with open(os.path.join(folder, file), "w") as stream:
        stream.write(str(value))


def _try(folder: str, file: str, value: object) -> None:
    try:
        _write(folder, file, value)
    except OSError:
        pass  # swap accounting and group kills are not in every kernel
