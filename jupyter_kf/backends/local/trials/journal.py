"""Optuna's journal file with one writer, which holds a lock that no crash leaves behind.

The format is `optuna.storages.journal.JournalFileBackend`'s, and Optuna's own tools can read the
file. Its locks (a symbolic link or an exclusive file) survive `kill -9` and then cost 30 s;
`flock` ends with its process, and Linux carries it over NFS. With one writer nothing needs to be
read again, so an operation costs one write, and the disk is waited for once per ended trial.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from optuna.storages.journal import BaseJournalBackend

from jupyter_kf.backends.local.trials import flock
from jupyter_kf.blobs import explained
from jupyter_kf.errors import TuneError


class OwnedJournal(BaseJournalBackend):
    """A journal that only this process writes.

    Args:
        path: created when missing; a last line that a crash tore off is removed.

    Raises:
        TuneError: kf-2526 the file is damaged, kf-2527 another process holds it.
    """

    def __init__(self, path: Path) -> None:
        with explained(path):
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            flock.hold(self._file, path)
        except BaseException:
            os.close(self._file)
            raise
        self._path = path
        self._unread = self._mend()
        self._read = 0  # how many logs were handed out and let go

    def read_logs(self, log_number_from: int) -> Iterable[dict[str, Any]]:
        """The logs from that number on; Optuna never asks for the same one twice."""
        fresh = self._unread[log_number_from - self._read :]
        self._read += len(self._unread)
        self._unread = []
        return fresh

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Writes whole lines in one step; they survive this process, and after `sync` the power."""
        lines = [json.dumps(log, separators=(",", ":")) for log in logs]
        with explained(self._path):
            data = "".join(line + "\n" for line in lines).encode()
            size = os.fstat(self._file).st_size
            try:
                if os.write(self._file, data) != len(data):
                    raise OSError(errno.ENOSPC, "only a part could be written")
            except OSError:
                os.ftruncate(self._file, size)
                raise
        self._unread += [json.loads(line) for line in lines]

    def sync(self) -> None:
        """Waits until the disk has everything."""
        with explained(self._path):
            os.fsync(self._file)

    def close(self) -> None:
        """Lets the file and its lock go."""
        os.close(self._file)

    def _mend(self) -> list[dict[str, Any]]:
        data = self._path.read_bytes()
        logs, good = [], 0
        lines = data.splitlines(keepends=True)
        for at, line in enumerate(lines):
            log = _parsed(line)
            if log is None:
                if any(_parsed(later) is not None for later in lines[at + 1 :]):
                    raise _damaged(self._path, at + 1)
                break
            logs.append(log)
            good += len(line)
        if good < len(data):
            os.ftruncate(self._file, good)
        return logs


def _parsed(line: bytes) -> dict[str, Any] | None:
    if line.endswith(b"\n"):
        with contextlib.suppress(ValueError):
            log = json.loads(line)
            if isinstance(log, dict):
                return log
    return None


def _damaged(path: Path, line: int) -> TuneError:
    return TuneError(
        2526,
        f"the journal of study {path.parent.name} is damaged",
        cause=f"line {line} of {path} can't be read, though later lines can",
        fix="restore the file from a backup, or remove that line and resume the study",
    )
