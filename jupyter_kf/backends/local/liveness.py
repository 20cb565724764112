"""Is anybody still looking after a run? The kernel's word where it can be had, files elsewhere.

On the machine of the run its lock tells: supervisors hold it, and the kernel lets go of it when
they die. From another machine that shares the store, or when the lock's file is gone, the
heartbeat tells, by the file system's own clock. May import `layout`, `locks`, `errors`.
"""

from __future__ import annotations

import contextlib
import enum
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyter_kf import locks
from jupyter_kf.backends.local.machine import Machine
from jupyter_kf.errors import BackendError
from jupyter_kf.layout import RunFolder, lock_path

STALE_S = 120.0  # eight missed beats


class Life(enum.Enum):
    """What can be said of a run without a result."""

    ALIVE = "alive"
    DEAD = "dead"  # proven, on this machine
    REBOOTED = "its machine was restarted"
    SILENT = "no sign of life"


def take_lock(run_id: str) -> int:
    """The run's lock, as a descriptor for its supervisor to inherit.

    Raises:
        BackendError: kf-2011 no locks on this file system, kf-2012 the run has a supervisor.
    """
    path = lock_path(run_id)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    reason = "the file system there has no locks"
    try:
        if locks.claim(descriptor):
            return descriptor
    except BlockingIOError:
        os.close(descriptor)
        raise already_submitted(run_id) from None
    except OSError as error:
        reason = str(error.strerror)
    os.close(descriptor)
    raise BackendError(
        2011,
        f"files in {path.parent} can't be locked",
        cause=reason,
        fix="point JUPYTER_KF_RUNTIME_DIR at a folder on a disk of this machine",
    )


def already_submitted(run_id: str) -> BackendError:
    """kf-2012."""
    return BackendError(
        2012,
        f"run {run_id} was submitted before",
        cause="its folder says where it runs",
        fix="make a new run from its cell",
    )


def here(machine: Machine) -> dict[str, str]:
    """What a ref says of where its run is."""
    return {"host": machine.host, "boot_id": machine.boot_id, "room": machine.room}


def look(folder: RunFolder, where: Mapping[str, Any], machine: Machine) -> Life:
    """Whether a run is looked after."""
    told = {key: str(where.get(key, "")) for key in ("host", "boot_id", "room")}
    if told == here(machine):
        locked = is_locked(folder.id)
        if locked is not None:
            return Life.ALIVE if locked else Life.DEAD
    elif told["host"] == machine.host and told["boot_id"] != machine.boot_id:
        beat_s = _last_beat_s(folder)
        if machine.booted_s and beat_s < machine.booted_s:
            return Life.REBOOTED
    return Life.SILENT if _silence_s(folder) > STALE_S else Life.ALIVE


def is_locked(run_id: str) -> bool | None:
    """Whether somebody holds a run's lock; None when there is no lock."""
    return locks.held(lock_path(run_id))


def _last_beat_s(folder: RunFolder) -> float:
    beats = [0.0]
    for path in (folder.heartbeat, folder.ref):
        with contextlib.suppress(OSError):
            beats.append(path.stat().st_mtime)
    return max(beats)


def _silence_s(folder: RunFolder) -> float:
    return _now_s(folder.path) - _last_beat_s(folder)


def _now_s(folder: Path) -> float:
    """The time by the clock that stamps files there; machines may differ by minutes."""
    probe = folder / f".clock.{os.getpid()}.{os.urandom(4).hex()}"
    try:
        probe.touch()
        return probe.stat().st_mtime
    except OSError:
        return 0.0  # a store that can't be written can't tell; nothing is declared lost then
    finally:
        with contextlib.suppress(OSError):
            probe.unlink(missing_ok=True)
