"""Small real programs as runs of this machine."""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from jupyter_kf.backends.base import Observation, Ref
from jupyter_kf.backends.contract import PROGRAM
from jupyter_kf.backends.local.backend import LocalBackend
from jupyter_kf.layout import RunFolder
from jupyter_kf.names import new_run_id
from jupyter_kf.specs import TrainSpec

PATIENCE_S = 60.0


class Jobs:
    """Starts programs and looks at what became of them."""

    def __init__(self, store: Path) -> None:
        self.store = store
        self.backend = LocalBackend(store)

    def submit(self, source: str, *, change: dict[str, Any] | None = None, **fields: Any) -> Ref:
        """Starts a program; `change` replaces parts of process.json."""
        # Its own among all sessions of this machine: processes are found, and ended, by it.
        run_id = new_run_id("program")
        folder = self.store / "runs" / run_id
        folder.mkdir(parents=True)
        (folder / "spec.json").write_text(json.dumps({"id": run_id, "kind": "train"}))
        plan = self.backend.plan(TrainSpec.of(name="program", **fields), run_id)
        task = {**plan.objects[0], "grace_s": 0.3, **(change or {})}
        if "argv" not in (change or {}):
            task["argv"] = [sys.executable, "-c", PROGRAM, str(folder), source]
        return self.backend.submit(dataclasses.replace(plan, objects=(task,)), folder)

    def folder(self, ref: Ref) -> RunFolder:
        return RunFolder(self.store / "runs" / ref.run_id)

    def seen(self, ref: Ref) -> Observation:
        return self.backend.observe([ref])[ref.run_id]

    def end(self, ref: Ref) -> Observation:
        self.until(lambda: self.seen(ref).state.ended)
        return self.seen(ref)

    def result(self, ref: Ref) -> dict[str, Any]:
        self.end(ref)
        return json.loads(self.folder(ref).result.read_text())

    def lines(self, ref: Ref) -> list[str]:
        return list(self.backend.logs(ref, follow=True))

    def begun(self, ref: Ref, line: str = "begun") -> None:
        assert next(iter(self.backend.logs(ref, follow=True))) == line

    def keepers(self, ref: Ref) -> tuple[int, int]:
        """Pids of a running run's supervisor and guard."""
        self.until(lambda: self.folder(ref).heartbeat.exists())
        (supervisor, _), (guard, _) = json.loads(self.folder(ref).heartbeat.read_text())["pids"]
        return supervisor, guard

    def processes(self, ref: Ref) -> list[psutil.Process]:
        """Living processes that carry the run's id in their environment."""
        found = []
        for process in psutil.process_iter():
            try:
                ended = process.status() == psutil.STATUS_ZOMBIE
                if process.environ().get("JUPYTER_KF_RUN") == ref.run_id and not ended:
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def until(self, holds: Callable[[], Any]) -> None:
        """Returns when it holds; fails when that takes too long."""
        stop = time.monotonic() + PATIENCE_S
        while not holds():
            assert time.monotonic() < stop, f"waited {PATIENCE_S} s"
            time.sleep(0.01)


@pytest.fixture
def jobs(store_dir: Path) -> Jobs:
    return Jobs(store_dir)


def alive(pid: int) -> bool:
    """Whether a process lives; zombies don't."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def is_alive() -> Callable[[int], bool]:
    return alive
