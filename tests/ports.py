"""A port for a program that a test starts a moment later, and that nobody else takes meanwhile.

Below those that the kernel gives to clients and to whoever asks for any port: between the choice
and the program's start, one of these could be taken. A lock on a file of the port's name keeps
other test sessions of this machine away from it, for as long as the process that chose it lives.
"""

from __future__ import annotations

import fcntl
import os
import random
import socket
import tempfile
from pathlib import Path

FIRST, LAST = 20_000, 30_000
_held: list[int] = []


def free_port(host: str = "127.0.0.1") -> int:
    """A port on which nobody listens, and which no other test of this machine is given.

    Raises:
        RuntimeError: there is none.
    """
    folder = Path(tempfile.gettempdir()) / f"jupyter-kf-ports-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    for port in random.SystemRandom().sample(range(FIRST, LAST), 200):
        if _reserved(folder / str(port)):
            with socket.socket() as probe:
                try:
                    probe.bind((host, port))
                except OSError:
                    continue
            return port
    raise RuntimeError(f"no free port between {FIRST} and {LAST}")


def _reserved(path: Path) -> bool:
    """Whether the port is this process's from now on."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return False
    _held.append(descriptor)  # a file is small, and a session chooses a few hundred ports
    return True
