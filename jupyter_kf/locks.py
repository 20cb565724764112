"""Is a file held by a living process, and may this one hold it? The kernel's word (flock).

A lock goes with the last descriptor of the process that took it, however that ended, and Linux
carries it over NFS. What to do where a file system has none is the caller's to say. Standard
library only; imports nothing of ours.
"""

from __future__ import annotations

import errno
import fcntl
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)


def claim(descriptor: int) -> bool:
    """Holds an open file from now on, until the descriptor and its copies are closed.

    Returns:
        False where the file system has no locks: nothing is held, and nobody else can tell.

    Raises:
        BlockingIOError: another process holds it.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError as error:
        if error.errno in _NO_LOCKS:
            return False
        raise
    return True


def hold(path: str | Path) -> int:
    """Holds a file that is there until the descriptor is closed; nothing where there are no locks.

    Who only looks (`held`) has it for an instant; that is waited for.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)  # NFS locks what is open for writing
    try:  # noqa: SIM105 - contextlib is not worth its import at a run's start
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    except OSError:
        pass
    return descriptor


def held(path: str | Path) -> bool | None:
    """Whether a process holds a file; None when there is no such file."""
    try:
        probe = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(probe, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(probe)
    return False
