"""The local back end keeps the contract of all back ends."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path
from typing import ClassVar

import pytest

from jupyter_kf.backends.base import Backend, Ref
from jupyter_kf.backends.contract import PROGRAM, BackendContract, Submit
from jupyter_kf.backends.local.backend import LocalBackend
from jupyter_kf.names import new_run_id
from jupyter_kf.specs import TrainSpec


def submit(backend: Backend, store: Path, source: str, **fields: object) -> Ref:
    """Starts a program as a train run, in a folder as the store makes it."""
    kill_after = fields.pop("grace_s", 1.0)
    # Its own among all sessions of this machine: processes are found, and ended, by it.
    run_id = new_run_id("program")
    folder = store / "runs" / run_id
    folder.mkdir(parents=True)
    (folder / "spec.json").write_text(json.dumps({"id": run_id, "kind": "train"}))
    plan = backend.plan(TrainSpec.of(name="program", **fields), run_id)
    task = dict(plan.objects[0])
    task["argv"] = [sys.executable, "-c", PROGRAM, str(folder), source]
    task["grace_s"] = kill_after
    return backend.submit(dataclasses.replace(plan, objects=(task,)), folder)


class TestLocal(BackendContract):
    """On processes of this machine."""

    impossible: ClassVar = {"image": "some/image", "queue": "team", "volumes": ("claim:/data",)}

    @pytest.fixture
    def backend(self, store_dir: Path) -> Backend:
        return LocalBackend(store_dir)

    @pytest.fixture
    def submit_program(self, backend: Backend, store_dir: Path) -> Submit:
        return lambda source, **fields: submit(backend, store_dir, source, **fields)
