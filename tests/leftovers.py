"""The processes that a test session or a bench started, known by their runtime folder."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import psutil


def started_under(session: Path) -> Iterator[tuple[psutil.Process, Path]]:
    """Living processes whose JUPYTER_KF_RUNTIME_DIR is below `session`, and that folder.

    Only those: another session's processes, and this one, are never among them.
    """
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            folder = Path(process.environ().get("JUPYTER_KF_RUNTIME_DIR", "/"))
            ended = process.status() == psutil.STATUS_ZOMBIE
            if session in folder.parents and process.pid != os.getpid() and not ended:
                yield process, folder


def end_all(session: Path) -> None:
    """Ends them politely, then for sure."""
    ours = [process for process, _ in started_under(session)]
    for process in ours:
        with contextlib.suppress(psutil.Error):
            process.terminate()
    psutil.wait_procs(ours, timeout=10)
    for process, _ in started_under(session):
        with contextlib.suppress(psutil.Error):
            process.kill()
