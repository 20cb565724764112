"""kill -9 of whatever takes part in a run, at random moments: nothing lost, no orphan.

``JUPYTER_KF_FAULT_ROUNDS`` says how many rounds (25; `make faults` runs 500), and
``JUPYTER_KF_FAULT_SEED`` repeats those of a printed seed.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from jupyter_kf.backends.base import Ref
from jupyter_kf.backends.contract import PROGRAM
from jupyter_kf.backends.local import liveness
from jupyter_kf.backends.local.backend import LocalBackend
from jupyter_kf.layout import RunFolder
from jupyter_kf.names import new_run_id
from jupyter_kf.records import State
from jupyter_kf.specs import TrainSpec

ROUNDS = int(os.environ.get("JUPYTER_KF_FAULT_ROUNDS", "25"))
SEED = int(os.environ.get("JUPYTER_KF_FAULT_SEED", "0")) or random.SystemRandom().randrange(
    1, 10**9
)
VICTIMS = ("nobody", "submitter", "supervisor", "guard", "both", "worker", "child", "all")

# Starts a child in its group and one in a session of its own, works a moment, and is done.
WORKS = """
import subprocess, time
subprocess.Popen(["sleep", "0.4"])
subprocess.Popen(["sleep", "0.4"], start_new_session=True)
print("begun", flush=True)
time.sleep(0.15)
outputs["done"] = True
"""


class Round:
    """One run, and what is done to it."""

    def __init__(self, store: Path, chance: random.Random) -> None:
        self.store, self.chance = store, chance
        self.victim = chance.choice(VICTIMS)
        self.after_start = chance.random() < 0.6
        self.delay_s = chance.uniform(0, 0.4 if self.after_start else 0.1)
        # Its own among all sessions of this machine: processes are found, and killed, by it.
        self.folder = RunFolder(store / "runs" / new_run_id("fault"))
        self.folder.path.mkdir(parents=True)
        self.hit: list[int] = []
        self.kernel = 0  # pid of the process that submits
        self.had_supervisor = False  # beside its guard, when it was hit
        self.kernel_died_early = False  # before the run was seen to have begun

    def __str__(self) -> str:
        since = "the start" if self.after_start else "submit"
        return f"{self.folder.id}: {self.victim} {self.delay_s:.3f} s after {since}, hit {self.hit}"

    def start(self) -> None:
        """Forks a kernel of its own that submits the run."""
        self.kernel = os.fork()
        if self.kernel:
            return
        try:
            backend = LocalBackend(self.store)
            plan = backend.plan(TrainSpec.of(name="fault"), self.folder.id)
            argv = [sys.executable, "-c", PROGRAM, str(self.folder.path), WORKS]
            task = {**plan.objects[0], "argv": argv, "grace_s": 0.3}
            backend.submit(dataclasses.replace(plan, objects=(task,)), self.folder.path)
            time.sleep(600)
        finally:
            os._exit(1)

    def strike(self) -> None:
        """Kills the victim, if it is there at that moment."""
        if self.after_start:
            _until(self.folder.heartbeat.exists, self)
        time.sleep(self.delay_s)
        beat = _json(self.folder.heartbeat)
        keepers = [p.pid for p in _left(self.folder.id) if "JUPYTER_KF_RUN" not in _environ(p)]
        keepers.sort(reverse=True)  # the supervisor, then its guard
        worker = [beat["group"]] if beat.get("group") else []
        chosen = {
            "nobody": [],
            "submitter": [self.kernel],
            "supervisor": keepers[:1],
            "guard": keepers[-1:],
            "both": self.chance.sample(keepers, len(keepers)),
            "worker": worker,
            "child": _children(worker),
            "all": [self.kernel, *keepers, *worker],
        }[self.victim]
        if self.kernel not in chosen and self.chance.random() < 0.5:
            chosen.append(self.kernel)  # it is gone as well, and was not what ended the run
        for pid in chosen:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                self.hit.append(pid)
        self.had_supervisor = bool(beat)
        self.kernel_died_early = self.kernel in self.hit and not beat

    def bury_kernel(self) -> None:
        """Ends the submitting process, too."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.kernel, signal.SIGKILL)
        os.waitpid(self.kernel, 0)

    def check(self) -> None:
        """The run ended in a closed state, whole, with nothing left of it."""
        backend = LocalBackend(self.store)
        if self.kernel not in self.hit:
            _until(self.folder.ref.exists, self)
        told = _json(self.folder.ref)
        if told:
            ref = Ref(**told)
            _until(lambda: backend.observe([ref])[ref.run_id].state.ended, self)
            result = json.loads(self.folder.result.read_bytes())
            assert result["state"] in self.allowed(), f"{self}: {result}"
            assert backend.observe([ref])[ref.run_id].state is State(result["state"])
        _until(lambda: not _left(self.folder.id), self)
        # A killed submitter lets go of the lock when it is gone, a moment after the signal.
        _until(lambda: not liveness.is_locked(self.folder.id), f"{self}: its lock")

    def allowed(self) -> set[str]:
        """The ends that fit what was done; an early kill of the submitter may prevent the start."""
        ends = {"SUCCEEDED"}
        if self.kernel_died_early:
            ends.add("LOST")
        if set(self.hit) - {self.kernel} and not (self.victim == "guard" and self.had_supervisor):
            ends |= _ENDS_BY[self.victim]
        return ends


_ENDS_BY = {
    "guard": {"LOST"},  # when it was hit before there was a supervisor beside it
    "child": set(),
    "worker": {"FAILED"},
    "supervisor": {"LOST"},
    "both": {"LOST"},
    "all": {"LOST", "FAILED"},
}


def _json(path: Path) -> dict[str, Any]:
    return json.loads(path.read_bytes()) if path.exists() else {}


def _children(pids: list[int]) -> list[int]:
    try:
        return [child.pid for pid in pids for child in psutil.Process(pid).children()][:1]
    except psutil.Error:
        return []


def _environ(process: psutil.Process) -> dict[str, str]:
    with contextlib.suppress(psutil.Error):
        return process.environ()
    return {}


def _left(run_id: str) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        env = _environ(process)
        if run_id in (env.get("JUPYTER_KF_RUN"), env.get("JUPYTER_KF_SUPERVISOR")):
            with contextlib.suppress(psutil.Error):
                if process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
    return found


def _until(holds: Callable[[], Any], what: object) -> None:
    stop = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < stop, f"{what}: waited a minute"
        time.sleep(0.005)


@pytest.mark.timeout(60 + 10 * ROUNDS)
def test_kill_minus_nine_loses_nothing_and_leaves_no_orphan(store_dir, monkeypatch):
    """One core, so that a lease that is not given back stops the next round."""
    monkeypatch.setenv("JUPYTER_KF_CORES", "1")
    print(f"JUPYTER_KF_FAULT_SEED={SEED} rounds={ROUNDS}")
    chance = random.Random(SEED)
    ends: dict[str, int] = {}
    for number in range(ROUNDS):
        one = Round(store_dir, chance)
        one.start()
        try:
            one.strike()
            one.check()
        except BaseException:
            print(f"JUPYTER_KF_FAULT_SEED={SEED} failed in round {number}: {one}")
            raise
        finally:
            one.bury_kernel()
        end = f"{one.victim}: {_json(one.folder.result).get('state', 'not submitted')}"
        ends[end] = ends.get(end, 0) + 1
    print("\n".join(f"{count:4} {end}" for end, count in sorted(ends.items())))
