"""The one wait loop, and the one place that asks backends what runs do."""

from __future__ import annotations

import contextlib
import itertools
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from jupyter_kf import locks
from jupyter_kf.backends import registry
from jupyter_kf.backends.base import Backend, Observation, Ref
from jupyter_kf.blobs import read_json
from jupyter_kf.errors import BackendError, KfError, NotFound, StoreError
from jupyter_kf.records import Run, State
from jupyter_kf.store import Store
from jupyter_kf.store.runs import damage_named

_FIRST_DELAY_S, _LONGEST_DELAY_S = 0.01, 0.25
_SUBMIT_GRACE_S = 30.0  # until the submitter has locked its spec.json, or where it can't
_SUBMITTED = Observation(State.PENDING, "being submitted")

Look = Callable[[Run], None] | None


class Watcher:
    """Turns what backends see into records, and ends into results.

    Args:
        store: where the runs are.
        backend: the backend of new runs; runs of others are asked of theirs.
    """

    def __init__(self, store: Store, backend: Backend) -> None:
        self._store = store
        self._backends = {backend.name: backend}

    def backend_of(self, name: str) -> Backend:
        """The backend that a run was submitted to."""
        if name not in self._backends:
            self._backends[name] = registry.get(name, store_root=self._store.root)
        return self._backends[name]

    def ref(self, run_id: str) -> Ref:
        """Where a run lives.

        Raises:
            StoreError: kf-3022, what says so is damaged.
        """
        folder = self._store.runs.folder(run_id)
        with damage_named(folder):
            fields: dict[str, Any] | None = read_json(folder.ref)
            if fields is not None:
                return Ref(fields["run_id"], fields["backend"], fields["where"])
        return Ref(run_id, self._store.runs.read(run_id).backend)

    def observe(self, run_ids: Iterable[str]) -> dict[str, Observation]:
        """What backends see of these runs, one call for each backend; ends are written down.

        Each is asked for by itself: one that was deleted, has no spec.json yet or is damaged is
        left out, and of a backend that can't be asked each run is told why, so that one odd run
        hides no other.
        """
        by_backend: dict[str, list[Ref]] = {}
        seen: dict[str, Observation] = {}
        for run_id in filter(self._store.runs.is_run, run_ids):
            with contextlib.suppress(NotFound, StoreError):
                if self._being_submitted(run_id):
                    seen[run_id] = _SUBMITTED
                else:
                    ref = self.ref(run_id)
                    by_backend.setdefault(ref.backend, []).append(ref)
        for name, refs in by_backend.items():
            try:
                seen.update(self._ask(name, refs))
            except KfError as error:
                unknown = Observation(State.PENDING, f"nobody can tell how it is: {error.what}")
                seen.update({ref.run_id: unknown for ref in refs})
        return seen

    def _ask(self, name: str, refs: Sequence[Ref]) -> Mapping[str, Observation]:
        """What one backend sees of its runs; ends are written down, where the disk takes them."""
        found = self.backend_of(name).observe(refs)
        for run_id, observation in found.items():
            with contextlib.suppress(StoreError, OSError):  # a full disk hides no run
                self._store.runs.settle(run_id, observation)
        return found

    def run(self, run_id: str) -> Run:
        """A run as it is now.

        Raises:
            NotFound: kf-1105.
            StoreError: kf-3022, it is damaged.
            BackendError: its backend can't be asked.
        """
        run = self._store.runs.read(run_id)
        if run.state.ended:
            return run
        if self._being_submitted(run_id):
            return self._store.runs.read(run_id, _SUBMITTED)
        ref = self.ref(run_id)
        return self._store.runs.read(run_id, self._ask(ref.backend, [ref]).get(run_id))

    def runs(self) -> list[Run]:
        """All runs, the newest first."""
        ended, open_ids = self._store.runs.listing()
        if open_ids:
            ended += self.some(open_ids)
        return sorted(ended, key=lambda run: (run.created_s, run.id), reverse=True)

    def some(self, run_ids: Iterable[str]) -> list[Run]:
        """These runs as they are now, in one call of each backend, but for missing and damaged."""
        found: list[Run] = []
        for run_id, observation in self.observe(run_ids).items():
            with contextlib.suppress(NotFound, StoreError):
                found.append(self._store.runs.read(run_id, observation))
        return found

    def wait(self, run_id: str, timeout_s: float | None = None, on_look: Look = None) -> Run:
        """Returns when the run has ended, or, an endpoint, when it is ready.

        Args:
            on_look: is given the run each time it was looked at.

        Raises:
            BackendError: kf-2041, it has not come to that in time; the run goes on.
        """
        begun, delay_s = time.monotonic(), _FIRST_DELAY_S
        while True:
            run = self.run(run_id)
            if on_look:
                on_look(run)
            if run.state.ended or run.state is State.READY:
                return run
            if timeout_s is not None and time.monotonic() - begun > timeout_s:
                raise BackendError(
                    2041,
                    f"run {run_id} is still {run.state} after {timeout_s:g} s",
                    cause=run.reason or "it has not ended yet",
                    fix=f"it goes on: `%kf logs {run_id}`, or `%kf cancel {run_id}`",
                )
            time.sleep(delay_s)
            delay_s = min(delay_s * 1.3, _LONGEST_DELAY_S)

    def logs(self, run_id: str, follow: bool = False, tail: int | None = None) -> Iterator[str]:
        """The run's output, line by line; from so many lines before its present end on."""
        ref = self.ref(run_id)
        backend = self.backend_of(ref.backend)
        if tail is None:
            return backend.logs(ref, follow)
        if not follow:
            return iter(deque(backend.logs(ref), maxlen=tail))
        there = sum(1 for _ in backend.logs(ref))
        return itertools.islice(backend.logs(ref, follow), max(0, there - tail), None)

    def cancel(self, run_id: str) -> Run:
        """Ends a run with everything it started."""
        ref = self.ref(run_id)
        self.backend_of(ref.backend).cancel(ref)
        return self.run(run_id)

    def _being_submitted(self, run_id: str) -> bool:
        """Whether its submitter is still writing the folder: no backend has heard of it."""
        folder = self._store.runs.folder(run_id)
        if folder.ref.exists() or folder.result.exists():
            return False
        with contextlib.suppress(OSError):  # somebody else's store, a read-only one
            if locks.held(folder.spec):
                return True
        with contextlib.suppress(FileNotFoundError):  # deleted just now
            return time.time() - folder.spec.stat().st_mtime < _SUBMIT_GRACE_S
        return False
