"""Answers about runs: lists, pages, streams and events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from jupyter_kf.client.compare import Comparison
from jupyter_kf.client.lineage import Node
from jupyter_kf.records import Metric, Run, State
from jupyter_kf.server.answers.moment import At, Brief


@dataclass(frozen=True)
class RunRow:
    """A run as lists show it."""

    id: str
    kind: str
    name: str
    state: State
    reason: str
    created_s: float
    started_s: float | None
    ended_s: float | None
    progress: float | None
    remaining_s: float | None
    metrics: Mapping[str, float]
    error: Brief | None
    backend: str


@dataclass(frozen=True)
class RunPage(At):
    """Some of the runs that fit, the newest first; `counts` are of all that fit but for state."""

    total: int
    counts: Mapping[str, int]
    rows: tuple[RunRow, ...]


@dataclass(frozen=True)
class Input:
    """What travelled from the notebook, and what became of it: `kind` is how it was sent."""

    name: str
    kind: str
    bytes: int


@dataclass(frozen=True)
class Artefact:
    """A file that a run kept."""

    name: str
    bytes: int


@dataclass(frozen=True)
class Place:
    """A notebook as the server has it now, by its path from the server's root.

    It is not `there` when it was moved or deleted after its kernel had ended.
    """

    path: str
    cell: str
    there: bool


@dataclass(frozen=True)
class RunPaper(At):
    """All about one run: `code` is the cell's text, `notebook` where it was started from.

    `first_line` is the number of the code's first line in tracebacks: 2 below a magic's line.
    `things` are the dataset, transform and models that it used and made, by their names.
    """

    run: Run
    code: str | None
    first_line: int
    inputs: tuple[Input, ...]
    artefacts: tuple[Artefact, ...]
    log_bytes: int
    things: tuple[Node, ...]
    notebook: Place | None = None


@dataclass(frozen=True)
class MetricPage:
    """What a run reported; ask again after `next`, at once while there is `more`.

    Attributes:
        next: the byte of the file that comes after it.
        counts: of curves: so often each metric was reported. A point that was given no step has the
            number of its report, from 0.
    """

    next: int
    points: tuple[Metric, ...]
    more: bool = False
    counts: Mapping[str, int] | None = None


@dataclass(frozen=True)
class LogLines:
    """A piece of a log; `begin` is its first byte in the file, `offset` the one after it."""

    text: str
    offset: int
    begin: int


@dataclass(frozen=True)
class StreamEnd:
    """The last event of a stream; no state when the run was deleted meanwhile."""

    state: State | None


Thing = Literal["run", "study", "endpoint", "model", "transform", "dataset", "resources"]
Action = Literal["created", "changed", "ended", "deleted", "hello"]


@dataclass(frozen=True)
class Change(At):
    """An event on the server's bus: a thing that is not what it was.

    A gap in `seq`, or another `epoch`, means that changes were missed: fetch again. A run that was
    not deleted and comes without its row is to be asked for: some who hear this may not read runs.
    `hello` tells who came to listen the number of the last change, and has none of its own.
    """

    thing: Thing
    id: str
    action: Action
    row: RunRow | None = None


@dataclass(frozen=True)
class Meant(At):
    """What a name means: of which kind the thing is, and how its own route calls it."""

    thing: Thing
    id: str


@dataclass(frozen=True)
class Answered(At):
    """A run as it is after what was asked of it."""

    run: Run


@dataclass(frozen=True)
class Deleted(At):
    """The run that is no more."""

    id: str


@dataclass(frozen=True)
class ComparePaper(Comparison):
    """Runs side by side, with what they reported.

    Attributes:
        metrics_over_steps: of all that a run reported, its curves: of neighbours the lowest and
            the highest.
        more: so much was reported that it is not all read yet: ask again at once.
    """

    metrics_over_steps: Mapping[str, tuple[Metric, ...]]
    more: bool = False
