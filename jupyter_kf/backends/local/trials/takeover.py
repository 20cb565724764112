"""A new run continues an old study: with its journal and its trials, which the old one keeps.

Files are linked where the disk can: both runs replace files, and never write into them. The
journal, which is appended to, is copied, and last, so that half a takeover begins again.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from jupyter_kf.backends.local.trials import flock
from jupyter_kf.blobs import explained, write_atomic
from jupyter_kf.errors import TuneError
from jupyter_kf.layout import RunFolder


def take_over(old: Path, new: RunFolder) -> None:
    """Copies a study that no longer runs into a new run folder; nothing when that was done.

    Raises:
        TuneError: kf-2511 there is nothing to continue, kf-2527 it still runs.
    """
    if new.journal.exists():
        return
    before = RunFolder(old)
    if not before.journal.exists():
        raise TuneError(
            2511,
            f"there is no study {old.name} to resume",
            cause=f"{before.journal} is missing",
            fix="`%kf runs` lists the studies; leave --resume out to begin a new one",
        )
    with explained(new.path), open(before.journal, "r+b") as journal:
        flock.hold(journal.fileno(), before.journal)
        if before.trials.is_dir():
            shutil.copytree(
                before.trials, new.trials, copy_function=_link_or_copy, dirs_exist_ok=True
            )
        write_atomic(new.journal, journal.read(), durable=True)


def _link_or_copy(source: str, target: str) -> None:
    if os.path.lexists(target):
        return
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
