"""What happened: the nouns that every face shows, as plain frozen facts.

A record is a snapshot. Its verbs (`wait`, `cancel`, `logs`, ...) go back through the client that
made it and return fresh records. Standard library only; rendering is `display`'s.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, Protocol

from jupyter_kf.errors import KfError
from jupyter_kf.names import versioned


class State(enum.StrEnum):
    """The one closed set of states, for jobs, trials, studies and endpoints alike."""

    PENDING = "PENDING"  # accepted; not running yet, `reason` says why
    RUNNING = "RUNNING"  # its process runs
    READY = "READY"  # an endpoint that proved itself and takes traffic
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"  # `error` says what, cause, fix
    CANCELLED = "CANCELLED"
    LOST = "LOST"  # its machine or supervisor vanished without a word

    @property
    def ended(self) -> bool:
        """Whether nothing more can happen."""
        return self in _ENDED


def state_word(kind: str, state: State) -> str:
    """A state as people are told it: an endpoint that somebody ended was stopped."""
    return "STOPPED" if kind == "serve" and state is State.CANCELLED else str(state)


_ENDED = frozenset({State.SUCCEEDED, State.FAILED, State.CANCELLED, State.LOST})


class Verbs(Protocol):
    """What a record needs of the client that made it."""

    def wait(self, run: str, timeout_s: float | None = None) -> Run: ...
    def run(self, run: str) -> Run: ...
    def cancel(self, run: str) -> Run: ...
    def logs(self, run: str, follow: bool = False) -> Iterator[str]: ...
    def predict(self, name: str, rows: Any) -> Any: ...


@dataclass(frozen=True)
class Metric:
    """One value reported by a run."""

    name: str
    value: float
    step: int | None
    at_s: float  # Unix time


@dataclass(frozen=True)
class Origin:
    """The notebook that a run was started from, as its kernel knew it then.

    Attributes:
        notebook: its path; it is of the kernel's start, so a notebook renamed since has another.
        cell: id of the cell; empty when the front end did not say.
        kernel: id of the kernel, by which a Jupyter server knows the notebook's present path;
            empty when it is not known.
    """

    notebook: str
    cell: str = ""
    kernel: str = ""


@dataclass(frozen=True)
class Run:
    """One run of a job: of a train, transform, tune, serve or batch spec.

    Attributes:
        reason: why it is in this state, one plain sentence; empty when there is nothing to say.
        created_s, started_s, ended_s: Unix time in seconds; None when it has not come to that.
        progress: share done, 0 to 1; None when the job does not say.
        remaining_s: the job's own estimate, or one from its progress.
        metrics: the last finite value of each reported metric.
        outputs: what it left behind: ``model``, ``transform`` digests, artefact names, counts.
        error: the first error, when it failed.
        usage: cpu_s, wall_s, max_rss_bytes of the ended job.
        origin: the notebook it was started from; None of a console, a script or a request.
    """

    id: str
    kind: str
    name: str
    state: State
    backend: str = "local"
    reason: str = ""
    created_s: float = 0.0
    started_s: float | None = None
    ended_s: float | None = None
    progress: float | None = None
    remaining_s: float | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    spec: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)
    error: KfError | None = None
    usage: Mapping[str, float] = field(default_factory=dict)
    origin: Origin | None = None
    _verbs: Verbs | None = field(default=None, repr=False, compare=False)

    @property
    def verbs(self) -> Verbs:
        """The client this record came from."""
        assert self._verbs is not None, "a record made without a client has no verbs"
        return self._verbs

    def refresh(self) -> Run:
        """This run as it is now."""
        return self.verbs.run(self.id)

    def wait(self, timeout_s: float | None = None) -> Run:
        """Returns once the run has ended (an endpoint: is ready), whatever its end."""
        return self.verbs.wait(self.id, timeout_s)

    def cancel(self) -> Run:
        """Ends it and everything it started."""
        return self.verbs.cancel(self.id)

    def logs(self, follow: bool = False) -> Iterator[str]:
        """Its output, line by line; with `follow` until it ends."""
        return self.verbs.logs(self.id, follow)


class RunList(list[Run]):
    """Runs, the newest first; a list that shows itself as a table.

    Attributes:
        total: how many there are, when these are the first of more.
    """

    total: int | None = None

    def first(self, n: int) -> RunList:
        """The newest `n`, which know of how many they are."""
        found = RunList(self[:n])
        found.total = len(self)
        return found


@dataclass(frozen=True)
class Named:
    """A name of the store: what it stands for now.

    Attributes:
        n: its newest version.
        says: what one wants to know of it in a list: rows and columns, metrics, state.
    """

    kind: str
    name: str
    n: int
    digest: str
    created_s: float
    says: str = ""

    @property
    def ref(self) -> str:
        """What means its newest version: ``name@3``."""
        return versioned(self.name, self.n)


class NameList(list[Named]):
    """What has a name; a list that shows itself as a table."""


@dataclass(frozen=True)
class Trial:
    """One attempt of a study; `model` is the digest of what it left, "" for nothing."""

    number: int
    state: State
    params: Mapping[str, Any]
    values: tuple[float, ...] | None = None  # one per objective, in the study's order
    run_id: str = ""
    reason: str = ""  # "pruned at step 3: below the median"
    duration_s: float | None = None
    model: str = ""


@dataclass(frozen=True)
class Study:
    """A search: its run, its trials and the best of them (several when objectives conflict).

    `total` is how many trials there will be: a small grid has fewer than were asked for.
    """

    run: Run
    metrics: tuple[str, ...]
    maximize: tuple[bool, ...]
    trials: tuple[Trial, ...] = ()
    best: tuple[Trial, ...] = ()
    total: int = 0

    def wait(self, timeout_s: float | None = None) -> Run:
        """Returns once the search has ended."""
        return self.run.wait(timeout_s)

    def cancel(self) -> Run:
        """Ends the search; finished trials stay."""
        return self.run.cancel()


@dataclass(frozen=True)
class Version:
    """One version of a named thing: `n` counts from 1, `digest` is its manifest."""

    kind: str
    name: str
    n: int
    digest: str
    created_s: float
    note: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Dataset:
    """A snapshot of rows, or of a folder of files."""

    name: str
    version: int
    digest: str
    manifest: Mapping[str, Any]
    profile: Mapping[str, Any] | None = None

    @property
    def ref(self) -> str:
        """What means this version: ``name@3``."""
        return versioned(self.name, self.version)


@dataclass(frozen=True)
class Transform:
    """A certified transform. Calling it on a frame prepares the frame as training did."""

    name: str
    version: int
    digest: str
    manifest: Mapping[str, Any]
    certificate: Mapping[str, Any]
    _loaded: Any = field(default=None, repr=False, compare=False)

    @property
    def ref(self) -> str:
        """What means this version: ``name@3``."""
        return versioned(self.name, self.version)

    def __call__(self, frame: Any) -> Any:
        """The prepared rows, in the stored schema's columns and order."""
        return self._loaded.transform(frame)


@dataclass(frozen=True)
class Model:
    """What a training left behind, with the digest of the transform that prepares its rows."""

    name: str
    version: int
    digest: str
    manifest: Mapping[str, Any]
    metrics: Mapping[str, float] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    run: str = ""
    trial: int | None = None  # of that run, a study, when the model was promoted from it
    notes: tuple[str, ...] = ()  # what to know of it: that an older version was better

    @property
    def ref(self) -> str:
        """What means this version: ``name@3``."""
        return versioned(self.name, self.version)


@dataclass(frozen=True)
class Endpoint:
    """A name that answers predictions, and the versions behind it."""

    name: str
    state: State
    version: int
    model: str  # digest
    url: str
    run: Run
    parity: Mapping[str, Any] | None = None
    why: str = ""  # this model was chosen
    versions: tuple[Version, ...] = ()
    instead_of: int | None = None  # the version that died, whose traffic this one took
    _verbs: Verbs | None = field(default=None, repr=False, compare=False)

    def predict(self, rows: Any) -> Any:
        """Predictions for a frame, a dict or a list of dicts."""
        assert self._verbs is not None
        return self._verbs.predict(self.name, rows)


@dataclass(frozen=True)
class Check:
    """What a parity check found: `ok`, and what differs where."""

    subject: str
    ok: bool
    findings: tuple[Mapping[str, Any], ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)


def plain(thing: Any) -> Any:
    """A record as JSON-able values, for the CLI and REST; what begins with _ is left out.

    Numbers that JSON has not are the texts NaN, Infinity and -Infinity, as in metrics.jsonl.
    """
    if isinstance(thing, KfError):
        return thing.to_dict()
    if is_dataclass(thing):
        return {
            f.name: plain(getattr(thing, f.name))
            for f in fields(thing)
            if not f.name.startswith("_")
        }
    if isinstance(thing, Mapping):
        return {str(key): plain(value) for key, value in thing.items()}
    if isinstance(thing, list | tuple):
        return [plain(value) for value in thing]
    if isinstance(thing, float) and not math.isfinite(thing):
        return "NaN" if math.isnan(thing) else "Infinity" if thing > 0 else "-Infinity"
    return thing if isinstance(thing, str | int | float | bool | None) else str(thing)
