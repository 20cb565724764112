"""What a backend is: six verbs, a plan that can be read before anything starts, one state set.

Pure types; may import `records`, `specs`, `errors`. A backend is proven by `contract.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, cast

from jupyter_kf.errors import BackendError, NotFound
from jupyter_kf.records import State
from jupyter_kf.specs import JobSpec


@dataclass(frozen=True)
class Unsupported:
    """A field of the spec that this backend can't honour, and why, and what to do instead."""

    field: str
    reason: str
    fix: str


@dataclass(frozen=True)
class Plan:
    """What would be started. `submit` does just this and decides nothing more.

    Attributes:
        objects: what the backend would create, as plain data in its own terms: for processes
            ``{"argv", "env", "limits", ...}``, for Kubernetes the manifests.
        unsupported: a plan with any of these is shown and refused by `submit`.
        notes: what the user should know: a limit that is watched instead of enforced.
    """

    run_id: str
    backend: str
    kind: str
    spec: JobSpec
    objects: tuple[Mapping[str, Any], ...]
    unsupported: tuple[Unsupported, ...] = ()
    notes: tuple[str, ...] = ()


def refuse_unsupported(plan: Plan) -> None:
    """Raises what a plan only notes; every `submit` begins with it.

    Raises:
        BackendError: kf-2040, with every field that the backend can't honour.
    """
    if not plan.unsupported:
        return
    first, *more = plan.unsupported
    cause, fix = first.reason, first.fix
    if more:
        cause = "".join(f"\n  `{u.field}`: {u.reason}" for u in plan.unsupported)
        fix = "".join(f"\n  `{u.field}`: {u.fix}" for u in plan.unsupported)
    fields = ", ".join(f"`{u.field}`" for u in plan.unsupported)
    raise BackendError(
        2040, f"the {plan.backend} backend can't honour {fields}", cause=cause, fix=fix
    )


def unsupported(plan: Plan) -> list[BackendError]:
    """The same one by one, each about its field, for who asks before anything is submitted."""
    return [
        BackendError(
            2040,
            f"the {plan.backend} backend can't honour `{one.field}`",
            cause=one.reason,
            fix=one.fix,
        ).at(one.field)
        for one in plan.unsupported
    ]


@dataclass(frozen=True)
class Ref:
    """Where a submitted run lives; JSON in the run folder, so that any process finds it again."""

    run_id: str
    backend: str
    where: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Observation:
    """What a backend sees of a run now. Facts only; the store turns an end into a result."""

    state: State
    reason: str = ""
    started_s: float | None = None
    ended_s: float | None = None


@dataclass(frozen=True)
class Cpu:
    """Cores: how many runs may use, have been given, and the share of all that is busy now."""

    capacity: float
    used_by_runs: float
    busy_share: float | None


@dataclass(frozen=True)
class Memory:
    """Bytes: what runs may use, what is free now, and what runs have been given."""

    capacity_bytes: int
    free_bytes: int | None
    used_by_runs_bytes: int


@dataclass(frozen=True)
class Gpu:
    """One GPU, and the run that has it."""

    id: str
    free: bool
    run: str | None


@dataclass(frozen=True)
class WaitingRun:
    """A run that waits, and for what."""

    id: str
    reason: str


@dataclass(frozen=True)
class Queue:
    """Runs that run and wait; `slots` limits how many run at once."""

    running: int
    waiting: int
    slots: int | None
    waiting_runs: tuple[WaitingRun, ...]


@dataclass(frozen=True)
class Quota:
    """What one user or namespace may use at most, and uses: a cluster's, in its own names."""

    name: str
    limit: float
    used: float
    unit: str


@dataclass(frozen=True)
class Resources:
    """What a backend has, who uses it, and who waits for it.

    Attributes:
        quota: of a cluster's namespace; None where there is none.
    """

    backend: str
    cpu: Cpu
    memory: Memory
    gpus: tuple[Gpu, ...]
    queue: Queue
    quota: tuple[Quota, ...] | None = None


class Measured(Protocol):
    """A backend that can say what it has; asked like `observe`, all at once, and only looking."""

    def resources(self) -> Resources:
        """What there is and who uses it, now."""


class Choosy(Protocol):
    """A backend that refuses some fields of a spec whatever they say; no form offers them."""

    never: frozenset[str]


class Backend(Protocol):
    """One place where jobs run."""

    name: str

    def plan(self, spec: JobSpec, run_id: str) -> Plan:
        """What `submit` would start. Pure: no file, process or network is touched."""

    def submit(self, plan: Plan, folder: Path) -> Ref:
        """Starts it and returns; the run folder holds the job. Refuses an unsupported plan."""

    def observe(self, refs: Sequence[Ref]) -> Mapping[str, Observation]:
        """All at once, by run id. A run the backend has never heard of is LOST."""

    def logs(self, ref: Ref, follow: bool = False) -> Iterator[str]:
        """Output lines from the first on; with `follow` until the run has ended."""

    def cancel(self, ref: Ref) -> None:
        """Ends it with everything it started; returns when that is proven. Idempotent."""

    def delete(self, ref: Ref) -> None:
        """Cancels, then removes what the backend keeps of it (not the run folder). Idempotent."""


def resources_of(backend: Backend) -> Resources:
    """What a backend has, who uses it, and who waits.

    Raises:
        NotFound: kf-1145, the backend does not say.
    """
    if not hasattr(backend, "resources"):
        raise NotFound(
            1145,
            f"the {backend.name} backend does not say what it has",
            cause="it has no `resources`",
            fix="ask who runs it; jobs can be started all the same",
        )
    return cast(Measured, backend).resources()
