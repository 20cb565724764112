"""One process at a time holds a study's journal."""

from __future__ import annotations

from pathlib import Path

from jupyter_kf import locks
from jupyter_kf.errors import TuneError


def hold(descriptor: int, journal: Path) -> None:
    """Locks an open journal until it is closed or its process ends.

    Where the file system knows no locks, the supervisor's lock of the run has to be enough.

    Raises:
        TuneError: kf-2527, another process holds it.
    """
    study = journal.parent.name
    try:
        locks.claim(descriptor)
    except BlockingIOError:
        raise TuneError(
            2527,
            f"study {study} is still being searched",
            cause="another process holds its journal",
            fix=f"wait for it, or end it first: `%kf cancel {study}`",
        ) from None
