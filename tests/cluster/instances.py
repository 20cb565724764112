"""Which clusters run on this machine, whose are they, and how do they end?

A cluster is a state folder. It is owned by one process (pytest, or nobody after `up`) and ends
in one of three ways, all through the same `end`: its owner ends it; its guard, a small process that
waits for the owner's death, ends it; or the next start finds a folder whose owner is gone.
"""

import fcntl
import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from tests.cluster import paths
from tests.cluster.journal import Identity, Journal
from tests.cluster.processes import plain_environment


def create(*, kept: bool = False) -> Path:
    """A new state folder, after sweeping what dead owners left.

    Args:
        kept: the cluster outlives this process (`up`), until `down` ends it.
    """
    sweep()
    state = paths.states() / secrets.token_hex(4)
    unowned = state.with_name(f".{state.name}")
    unowned.mkdir(mode=0o700)
    owner = None if kept else asdict(Identity.of(os.getpid()))
    (unowned / "owner.json").write_text(json.dumps({"owner": owner}))
    unowned.rename(state)
    if not kept:
        _start_guard(state)
    return state


def end(state: Path) -> None:
    """Undo everything the cluster did and remove its folder. Safe to call twice, or at once
    from owner and guard: one works, the other waits and finds nothing."""
    with _only_one(state) as first:
        if first:
            Journal(state).undo()
            shutil.rmtree(state, ignore_errors=True)
    _lock_file(state).unlink(missing_ok=True)


def sweep() -> list[Path]:
    """End every cluster whose owner is gone; returns their folders."""
    left = [state for state in running() if _orphaned(state)]
    for state in left:
        end(state)
    return left


def running() -> list[Path]:
    """All state folders, of live owners, dead owners and `up` alike."""
    return sorted(path for path in paths.states().glob("[!.]*") if path.is_dir())


def kept() -> list[Path]:
    """The clusters that `up` started."""
    return [state for state in running() if _owner(state) is None and not _orphaned(state)]


def guard(state: Path) -> None:
    """Wait until the owner has ended, then end the cluster. The body of the guard process."""
    owner = _owner(state)
    if owner is not None:
        owner.wait(None)
        end(state)


def _start_guard(state: Path) -> None:
    """Its own session: an interrupt at the terminal must not end the one who cleans up."""
    subprocess.Popen(
        [sys.executable, "-m", "tests.cluster", "guard", str(state)],
        cwd=paths.CLONE,
        env=plain_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _owner(state: Path) -> Identity | None:
    try:
        said = json.loads((state / "owner.json").read_text())["owner"]
    except (OSError, ValueError):
        return None
    return Identity(**said) if said else None


def _orphaned(state: Path) -> bool:
    """A folder without owner.json is one whose removal was cut short: it is made with it."""
    if not (state / "owner.json").exists():
        return True
    owner = _owner(state)
    return owner is not None and not owner.alive()


def _lock_file(state: Path) -> Path:
    return state.with_suffix(".end")


@contextmanager
def _only_one(state: Path) -> Iterator[bool]:
    """Hold the cluster's lock; yields False when the cluster is gone already."""
    with _lock_file(state).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield state.exists()
