"""The six verbs on this machine: each run has a supervisor of its own; nothing is kept in memory.

Any process of any kernel can observe, cancel or read any run: all it needs is the run folder.
May import `base`, `specs`, `records`, `layout`, `blobs`, `errors`, `worker.zipapp`.
"""

from __future__ import annotations

import contextlib
import json
import marshal
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from jupyter_kf.backends.base import Observation, Plan, Ref, Resources, refuse_unsupported
from jupyter_kf.backends.local import ending, liveness, logs, planning, processes
from jupyter_kf.backends.local.liveness import Life
from jupyter_kf.backends.local.machine import Machine
from jupyter_kf.blobs import explained, read_json, write_json
from jupyter_kf.errors import BackendError, KfError, NotFound
from jupyter_kf.layout import (
    SCRATCH,
    RunFolder,
    lock_path,
    runtime_dir,
    scratch_path,
    working_dir,
)
from jupyter_kf.records import State
from jupyter_kf.specs import JobSpec

CANCEL_PATIENCE_S = 30.0
_BOOT = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from jupyter_kf.backends.local.supervisor import main; main(sys.argv[2], int(sys.argv[3]))"
)
_PACKAGES = str(Path(__file__).parents[3])  # where jupyter_kf is imported from
_guards: list[subprocess.Popen[bytes]] = []  # of runs submitted from here; reaped when they end


class LocalBackend:
    """Runs as processes of this machine.

    Args:
        store_root: the store's folder.
        machine: its facts; read from this machine, when first needed, if not given.
    """

    name = "local"
    never = frozenset(planning.ELSEWHERE)

    def __init__(self, store_root: str | Path, machine: Machine | None = None) -> None:
        self._root = Path(store_root).absolute()
        self._machine = machine
        self._ticks: tuple[int, int] | None = None

    @cached_property
    def machine(self) -> Machine:
        """This machine's facts, read once."""
        return self._machine or Machine.read()

    def plan(self, spec: JobSpec, run_id: str) -> Plan:
        """What `submit` would start. Pure."""
        return planning.make_plan(spec, run_id, self.machine, self._root / "runs" / run_id)

    def submit(self, plan: Plan, folder: Path) -> Ref:
        """Starts a supervisor and returns; the working folder and environment are the caller's.

        Raises:
            BackendError: kf-2040 unsupported, kf-2011 no locks here, kf-2012 submitted before.
            StoreError: the run folder can't be written.
        """
        _reap()
        refuse_unsupported(plan)
        run = RunFolder(folder)
        lock = liveness.take_lock(run.id)
        try:
            if run.ref.exists() or run.result.exists():
                raise liveness.already_submitted(run.id)
            task = dict(plan.objects[0])
            task["argv"] = [
                self._worker() if part == planning.WORKER else part for part in task["argv"]
            ]
            task["cwd"] = str(working_dir())
            task["env"] = {**task["env"], SCRATCH: str(scratch_path(run.id))}
            task["files"] = _files(run)
            told = _write_private(run.process, task)
            ref = Ref(run.id, self.name, {**liveness.here(self.machine), "folder": str(run.path)})
            write_json(
                run.ref, {"run_id": ref.run_id, "backend": self.name, "where": dict(ref.where)}
            )
            _launch(run, lock, told)
        finally:
            os.close(lock)
        return ref

    def observe(self, refs: Sequence[Ref]) -> Mapping[str, Observation]:
        """All at once. Whoever finds a run's supervisor dead ends what is left of the run."""
        _reap()
        return {ref.run_id: self._observe(ref) for ref in refs}

    def logs(self, ref: Ref, follow: bool = False) -> Iterator[str]:
        """Output lines from the first on; with `follow` until the run has ended.

        Raises:
            NotFound: kf-1130, there is no such run in this store.
        """
        run = self._folder(ref)
        if not run.path.is_dir():
            raise NotFound(
                1130,
                f"run {ref.run_id} has no log",
                cause=f"{run.path} is missing",
                fix="`%kf runs` lists the runs of this store",
            )
        return logs.lines(run.log, (lambda: self._observe(ref).state.ended) if follow else None)

    def cancel(self, ref: Ref) -> None:
        """Ends a run with all its processes; returns when that is proven.

        Raises:
            BackendError: kf-2009, it could not be proven.
        """
        run = self._folder(ref)
        if not run.path.is_dir() or run.result.exists():
            return
        with explained(run.cancel):
            run.cancel.touch()
        until = time.monotonic() + CANCEL_PATIENCE_S
        told: set[int] = set()
        delay_s = 0.002
        while not self._observe(ref).state.ended or liveness.is_locked(run.id):
            if time.monotonic() > until:
                raise self._unproven(ref)
            if ref.where.get("room") == self.machine.room:
                _tell(run, told)
            time.sleep(delay_s)
            delay_s = min(0.1, delay_s * 1.5)
        _reap()

    def delete(self, ref: Ref) -> None:
        """Cancels, and removes the run's lock; the folder is the store's."""
        self.cancel(ref)
        lock_path(ref.run_id).unlink(missing_ok=True)

    def resources(self) -> Resources:
        """What this machine has, who uses it, and who waits for it."""
        from jupyter_kf.backends.local import usage

        told, self._ticks = usage.measure(self.machine, self._root, self._ticks)
        return told

    def _observe(self, ref: Ref) -> Observation:
        run = self._folder(ref)
        ended = _read_result(run)
        if ended:
            return ended
        if not run.ref.exists():
            why = "it was never started" if run.path.is_dir() else "no such run is in this store"
            return Observation(State.LOST, why)
        life = liveness.look(run, ref.where, self.machine)
        if life is Life.ALIVE:
            return _living(run)
        ended = _read_result(run)  # it may have ended between the two looks
        if ended:
            return ended
        why = {
            Life.DEAD: "its supervisor was killed",
            Life.REBOOTED: "its machine was restarted, or lost power, while it ran",
            Life.SILENT: f"{ref.where.get('host')} has given no sign of life for two minutes",
        }[life]
        with contextlib.suppress(KfError, OSError):  # a full or read-only store: the next will
            ending.bury(run, why)
        return _read_result(run) or Observation(State.LOST, why)

    def _folder(self, ref: Ref) -> RunFolder:
        where = ref.where.get("folder")
        folder = self._root / "runs" / ref.run_id
        return RunFolder(where if where and not folder.is_dir() else folder)

    def _worker(self) -> str:
        from jupyter_kf.worker import zipapp

        return str(zipapp.ensure(self._root))

    def _unproven(self, ref: Ref) -> BackendError:
        host = ref.where.get("host")
        if host != self.machine.host:
            cause = f"it runs on {host}, which has not answered; the request is in its folder"
            fix = f"wait until {host} is back, or cancel it there"
        else:
            cause = "its supervisor did not end it in time"
            fix = "`%kf doctor` shows its processes"
        return BackendError(
            2009, f"run {ref.run_id} could not be proven ended", cause=cause, fix=fix
        )


def _living(run: RunFolder) -> Observation:
    beat = _quiet_json(run.heartbeat)
    started_s = beat.get("started_s")
    if started_s is None and not run.started.exists():
        return Observation(State.PENDING, _quiet_json(run.queue).get("reason", ""))
    state = State.READY if run.ready.exists() else State.RUNNING
    return Observation(state, started_s=started_s)


def _read_result(run: RunFolder) -> Observation | None:
    result = _quiet_json(run.result)
    if not result:
        return None
    return Observation(
        State(result["state"]),
        result.get("reason") or "",
        result.get("started_s"),
        result.get("ended_s"),
    )


def _quiet_json(path: Path) -> dict[str, Any]:
    try:
        return read_json(path) or {}
    except (OSError, ValueError):
        return {}


def _files(run: RunFolder) -> dict[str, str]:
    """The paths that a supervisor needs before it has time to import `layout`."""
    return {
        "log": str(run.log),
        "queued": str(run.queue),
        "cancel": str(run.cancel),
        "heartbeat": str(run.heartbeat),
        "reserve": str(run.reserve),
        "lock": str(lock_path(run.id)),
        "queue": str(runtime_dir() / "queue"),
    }


def _write_private(path: Path, task: Mapping[str, Any]) -> dict[str, Any]:
    """process.json, for its owner's eyes: --env may hold secrets. Returns what it says."""
    text = json.dumps(task, indent=1)
    with explained(path):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with open(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
    told: dict[str, Any] = json.loads(text)
    return told


def _launch(run: RunFolder, lock: int, told: dict[str, Any]) -> None:
    """Starts the supervisor, in a session of its own, holding the lock, with what it shall do."""
    env = {k: v for k, v in os.environ.items() if k != processes.RUN}
    env[processes.SUPERVISOR] = run.id
    with explained(run.log), open(run.log, "ab") as log, tempfile.TemporaryFile() as task:
        task.write(marshal.dumps(told))
        task.seek(0)
        guard = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-I", "-S", "-c", _BOOT, _PACKAGES, str(run.path), str(lock)],
            stdin=task,
            stdout=log,
            stderr=log,
            env=env,
            pass_fds=[lock],
            start_new_session=True,
        )
    _guards.append(guard)


def _reap() -> None:
    """Lets go of the supervisors that were started from this process and have ended."""
    for guard in _guards.copy():
        if guard.poll() is not None:
            with contextlib.suppress(ValueError):
                _guards.remove(guard)


def _tell(run: RunFolder, told: set[int]) -> None:
    """Signals a run's supervisor to look at its cancel file."""
    for pid, start in _quiet_json(run.heartbeat).get("pids", [])[:1]:
        if pid not in told and start is not None and processes.start_of(pid) == start:
            told.add(pid)
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
