"""Disks that are full, read-only, or know no hard links: ends are written whole, or said."""

from __future__ import annotations

import dataclasses
import errno
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_kf.backends.base import Ref
from jupyter_kf.backends.contract import PROGRAM
from jupyter_kf.backends.local import ending, liveness
from jupyter_kf.backends.local.backend import LocalBackend
from jupyter_kf.errors import StoreError
from jupyter_kf.layout import RunFolder
from jupyter_kf.names import new_run_id
from jupyter_kf.records import State
from jupyter_kf.specs import TrainSpec

# Fills the disk of its run folder to the last byte.
FILLS = """
import os
with open(os.path.join(folder, "ballast"), "wb", 0) as out:
    size = 1 << 20
    while size:
        try:
            out.write(bytes(size))
        except OSError:
            size //= 2
"""


def run_on(backend: LocalBackend, store: Path, source: str) -> Ref:
    # Its own among all sessions of this machine: processes are found, and ended, by it.
    run_id = new_run_id("delay")
    folder = store / "runs" / run_id
    folder.mkdir(parents=True)
    plan = backend.plan(TrainSpec.of(name="delay"), run_id)
    argv = [sys.executable, "-c", PROGRAM, str(folder), source]
    task = {**plan.objects[0], "argv": argv, "grace_s": 0.3}
    return backend.submit(dataclasses.replace(plan, objects=(task,)), folder)


def until(holds: Callable[[], Any]) -> None:
    stop = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < stop, "waited a minute"
        time.sleep(0.01)


def fill(folder: Path) -> Path:
    """Takes all the space there is."""
    ballast = folder / "ballast"
    exec(FILLS, {"folder": str(folder)})
    return ballast


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 2 MiB."""
    where = tmp_path / "disk"
    where.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "small", str(where)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("NOT TESTED: a small disk can be mounted by root only")
    yield where
    subprocess.run(["umount", "--lazy", str(where)], check=True)


def test_a_full_disk_refuses_a_run_before_it_starts(disk):
    backend = LocalBackend(disk)
    (disk / "runs").mkdir()
    fill(disk)
    with pytest.raises(StoreError) as refusal:
        run_on(backend, disk, "")
    assert refusal.value.code == 3001
    (disk / "ballast").unlink()
    ref = run_on(backend, disk, "")
    until(lambda: backend.observe([ref])[ref.run_id].state is State.SUCCEEDED)


def test_a_run_that_fills_the_disk_has_a_whole_result_that_says_so(disk):
    backend = LocalBackend(disk)
    ref = run_on(backend, disk, FILLS)
    until(lambda: backend.observe([ref])[ref.run_id].state.ended)
    result = json.loads(RunFolder(disk / "runs" / ref.run_id).result.read_bytes())
    assert result["state"] == "FAILED"
    assert "disk that holds the run is full" in result["error"]["cause"]


def test_an_end_that_cannot_be_written_is_written_when_there_is_space(disk):
    backend = LocalBackend(disk)
    takes_the_reserve = "os.unlink(os.path.join(folder, '.reserve'))\n"
    waits = "import time\nwhile not os.path.exists(os.path.join(folder, '.reserve')): pass\n"
    ref = run_on(backend, disk, "import os\n" + waits + takes_the_reserve + FILLS)
    folder = RunFolder(disk / "runs" / ref.run_id)

    def job_has_ended() -> bool:
        group = (
            json.loads(folder.heartbeat.read_bytes())["group"] if folder.heartbeat.exists() else 0
        )
        return bool(group) and not Path(f"/proc/{group}").exists()

    until(job_has_ended)
    assert not backend.observe([ref])[ref.run_id].state.ended
    (folder.path / "ballast").unlink()
    until(lambda: backend.observe([ref])[ref.run_id].state is State.FAILED)


def test_a_read_only_store_refuses_runs_and_still_tells_of_the_old(disk):
    backend = LocalBackend(disk)
    done = run_on(backend, disk, "")
    until(lambda: backend.observe([done])[done.run_id].state is State.SUCCEEDED)
    dead = RunFolder(disk / "runs" / "dead-0000000001")
    dead.path.mkdir()
    dead.ref.write_text(json.dumps({"run_id": dead.id}))
    (disk / "runs" / "next-0000000001").mkdir()
    lost = Ref(dead.id, "local", done.where)
    os.close(liveness.take_lock(dead.id))
    read_only = ["mount", "-o", "remount,ro", str(disk)]
    until(lambda: subprocess.run(read_only, capture_output=True, check=False).returncode == 0)
    assert backend.observe([done])[done.run_id].state is State.SUCCEEDED
    assert backend.observe([lost])[dead.id].state is State.LOST
    plan = backend.plan(TrainSpec.of(name="next"), "next-0000000001")
    task = {**plan.objects[0], "argv": [sys.executable, "-c", ""]}
    with pytest.raises(StoreError) as refusal:
        backend.submit(
            dataclasses.replace(plan, objects=(task,)), disk / "runs" / "next-0000000001"
        )
    assert refusal.value.code == 3002


def test_without_hard_links_a_result_is_written_once_all_the_same(store_dir, monkeypatch):
    def no_links(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", no_links)
    folder = RunFolder(store_dir / "runs" / "delay-0000000001")
    folder.path.mkdir(parents=True)
    ending.bury(folder, "its supervisor was killed")
    first = folder.result.read_bytes()
    ending.bury(folder, "somebody else noticed as well")
    assert folder.result.read_bytes() == first
    assert json.loads(first)["state"] == "LOST"
    assert not list(folder.path.glob("*.tmp"))
